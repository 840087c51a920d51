package main

import (
	"context"
	"log/slog"

	"seqd/engine"
	"seqd/raftfsm/node"
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
		ServerSettings: h.settings,
	})
	if err != nil {
		return err
	}
	c.OnCancel(s.Cancel)
	c.OnTerminate(s.Terminate)
	return s.Run()
}

// backend is the node as sessions see it. Only the handle's type has to be
// spelled out: the node knows nothing of sessions.
type backend struct{ *node.Node }

var _ session.Backend = backend{}

// Sequence implements session.Backend.
func (b backend) Sequence(id engine.SequenceID) session.Sequence {
	if seq := b.Node.Sequence(id); seq != nil {
		return seq
	}
	return nil
}
