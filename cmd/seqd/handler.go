package main

import (
	"context"
	"log/slog"

	"seqd/server"
	"seqd/server/session"
	"seqd/server/session/settings"
)

// handler runs a session for every client of the server.
type handler struct {
	backend    session.Backend
	statements *session.StatementCache
	logger     *slog.Logger
	settings   map[string]string
	defaults   []settings.Parameter
}

// Serve implements server.Handler.
func (h *handler) Serve(_ context.Context, c *server.Client) error {
	parameters := make([]settings.Parameter, len(c.Startup.Parameters))
	for i, p := range c.Startup.Parameters {
		parameters[i] = settings.Parameter(p)
	}
	s, err := session.New(session.Config{
		Backend: h.backend, Conn: c.Conn, Statements: h.statements, Logger: h.logger,
		PID: c.PID, Secret: c.Secret,
		User: c.Startup.User, Database: c.Startup.Database, Options: c.Startup.Options, Parameters: parameters,
		ServerSettings: h.settings, Defaults: h.defaults,
	})
	if err != nil {
		return err
	}
	c.OnCancel(s.Cancel)
	c.OnTerminate(s.Terminate)
	return s.Run()
}
