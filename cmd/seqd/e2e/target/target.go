// Package target gives the end-to-end tests a fresh server for every case, either
// PostgreSQL or seqd, so that a case can be played on both.
package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// Env is a fresh server with one empty database named postgres.
type Env interface {
	Addr() string
	Crash() error
	Restart() error
	Close() error
	// Log is the server's own output, for the report of a failure.
	Log() string
}

// Target hands out fresh servers.
type Target interface {
	// Fresh returns one; onDisk if it must survive Crash and Restart.
	Fresh(onDisk bool) (Env, error)
	Close() error
}

// Postgres is one PostgreSQL whose database postgres is made anew for every case.
// One case at a time: a checkpoint, which dropping a database needs, changes
// log_cnt in all of them.
type Postgres struct {
	Server *pgserver.Server

	mu       sync.Mutex
	admin    *pgconn.PgConn
	pristine string // transaction horizon right after the last CREATE DATABASE
}

// NewPostgres starts a PostgreSQL; the error is pgserver.ErrNotFound if there is none.
func NewPostgres() (*Postgres, error) {
	s, err := pgserver.Start(pgserver.Options{})
	if err != nil {
		return nil, err
	}
	return &Postgres{Server: s}, nil
}

// Fresh implements Target. The next Fresh waits until this Env is closed.
func (p *Postgres) Fresh(bool) (Env, error) {
	p.mu.Lock()
	if err := p.renew(); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	return pgEnv{p}, nil
}

// Close ends the server.
func (p *Postgres) Close() error { return p.Server.Stop() }

func (p *Postgres) renew() error {
	ctx := context.Background()
	if p.admin == nil {
		var err error
		if p.admin, err = pgconn.Connect(ctx, p.Server.DSN("template1")); err != nil {
			return err
		}
	}
	// A case that used no transaction id has changed nothing.
	now, err := p.horizon(ctx)
	if err != nil || now == p.pristine {
		return err
	}
	for _, sql := range []string{"DROP DATABASE IF EXISTS postgres WITH (FORCE)", "CREATE DATABASE postgres TEMPLATE template0"} {
		if _, err := p.admin.Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	if err := p.dropRoles(ctx); err != nil {
		return err
	}
	p.pristine, err = p.horizon(ctx)
	return err
}

func (p *Postgres) horizon(ctx context.Context) (string, error) {
	rows, err := p.column(ctx, "SELECT pg_snapshot_xmax(pg_current_snapshot())")
	if err != nil {
		return "", err
	}
	return rows[0], nil
}

// dropRoles drops what a case leaves outside its database.
func (p *Postgres) dropRoles(ctx context.Context) error {
	roles, err := p.column(ctx, "SELECT quote_ident(rolname) FROM pg_roles WHERE oid >= 16384")
	if err != nil {
		return err
	}
	for _, r := range roles {
		if _, err := p.admin.Exec(ctx, "DROP ROLE "+r).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Postgres) column(ctx context.Context, sql string) ([]string, error) {
	res, err := p.admin.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, row := range res[0].Rows {
		out = append(out, string(row[0]))
	}
	return out, nil
}

type pgEnv struct{ p *Postgres }

func (e pgEnv) Addr() string { return e.p.Server.Addr() }
func (e pgEnv) Log() string  { return e.p.Server.Log() }

func (e pgEnv) Close() error {
	e.p.mu.Unlock()
	return nil
}

func (e pgEnv) Crash() error {
	e.p.forgetAdmin()
	return errors.Join(e.p.Server.Crash(), e.p.Server.Restart())
}

func (e pgEnv) Restart() error {
	e.p.forgetAdmin()
	return errors.Join(e.p.Server.Shutdown(), e.p.Server.Restart())
}

func (p *Postgres) forgetAdmin() {
	if p.admin != nil {
		_ = p.admin.Close(context.Background())
	}
	p.admin, p.pristine = nil, ""
}

// Seqd starts a seqd for every case.
type Seqd struct {
	// Args are further flags for each.
	Args []string
}

// NewSeqd finds or builds the binary.
func NewSeqd(args ...string) (*Seqd, error) {
	if _, err := seqdserver.Binary(); err != nil {
		return nil, err
	}
	return &Seqd{Args: args}, nil
}

// Fresh implements Target.
func (t *Seqd) Fresh(onDisk bool) (Env, error) {
	opts := seqdserver.Options{Args: t.Args}
	if onDisk {
		dir, err := os.MkdirTemp("", "seqd-data-")
		if err != nil {
			return nil, err
		}
		opts.DataDir = dir
	}
	s, err := seqdserver.Start(opts)
	if err != nil {
		os.RemoveAll(opts.DataDir)
		return nil, err
	}
	return &seqdEnv{Server: s, dir: opts.DataDir}, nil
}

// Close implements Target; nothing outlives an Env.
func (t *Seqd) Close() error { return nil }

type seqdEnv struct {
	*seqdserver.Server
	dir string
}

func (e *seqdEnv) Log() string    { return e.Tail() }
func (e *seqdEnv) Crash() error   { return errors.Join(e.Kill9(), e.Server.Restart()) }
func (e *seqdEnv) Restart() error { return errors.Join(e.Stop(), e.Server.Restart()) }

// Close kills the server. A server that had ended by itself is an error: no case may do that.
func (e *seqdEnv) Close() error {
	var died error
	select {
	case <-e.Done():
		died = fmt.Errorf("seqd ended by itself\n%s", e.Tail())
	default:
	}
	err := e.Server.Close()
	if e.dir != "" {
		err = errors.Join(err, os.RemoveAll(e.dir))
	}
	return errors.Join(died, err)
}
