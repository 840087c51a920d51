// Package target gives the end-to-end tests a fresh server for every case, either
// PostgreSQL or seqd, so that a case can be played on both.
package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
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

// renew makes the database postgres as new. Dropping what a case has created is
// ten times faster than a new database, so that comes first; if anything is left
// behind (or altered), the database is made anew.
func (p *Postgres) renew() error {
	ctx := context.Background()
	if p.admin == nil {
		var err error
		if p.admin, err = pgconn.Connect(ctx, p.Server.DSN("template1")); err != nil {
			return err
		}
	}
	now, err := p.horizon(ctx)
	if err != nil || now == p.pristine {
		return err // a case that used no transaction id has changed nothing
	}
	clean, err := p.sweep(ctx)
	if err != nil {
		return err
	}
	if !clean {
		for _, sql := range []string{"DROP DATABASE IF EXISTS postgres WITH (FORCE)", "CREATE DATABASE postgres TEMPLATE template0"} {
			if _, err := column(ctx, p.admin, sql); err != nil {
				return err
			}
		}
		roles, err := column(ctx, p.admin, "SELECT 'DROP ROLE ' || quote_ident(rolname) FROM pg_roles WHERE oid >= 16384")
		if err != nil {
			return err
		}
		for _, sql := range roles {
			if _, err := column(ctx, p.admin, sql); err != nil {
				return err
			}
		}
	}
	p.pristine, err = p.horizon(ctx)
	return err
}

func (p *Postgres) horizon(ctx context.Context) (string, error) {
	rows, err := column(ctx, p.admin, "SELECT pg_snapshot_xmax(pg_current_snapshot())")
	if err != nil {
		return "", err
	}
	return rows[0], nil
}

// sweepSQL lists the statements that drop what users have created in schemas.
const sweepSQL = `
SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_'
UNION ALL
(SELECT format('DROP %s IF EXISTS public.%I CASCADE', CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('S', 'r', 'v', 'p')
ORDER BY relkind = 'S') -- sequences of identity columns go with their tables`

// leftSQL counts what differs from a new database; 16384 is the first object id
// that is not PostgreSQL's own.
const leftSQL = `
SELECT (SELECT count(*) FROM pg_class WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_type WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_proc WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_namespace WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_authid WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_extension WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_operator WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_cast WHERE oid >= 16384)
     + (SELECT count(*) FROM pg_default_acl)
     + (SELECT count(*) FROM pg_db_role_setting)
     + (SELECT count(*) FROM pg_namespace WHERE nspname = 'public' AND oid <> 2200)
     + (SELECT count(*) FROM pg_namespace WHERE oid = 2200 AND nspacl::text <> '{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}')
     + (SELECT 1 - count(*) FROM pg_namespace WHERE oid = 2200 AND nspname = 'public')
     + (SELECT count(*) FROM pg_database WHERE datname = current_database() AND (datacl IS NOT NULL OR datconnlimit <> -1))`

// sweep drops what is in the database postgres and tells whether it is as new.
func (p *Postgres) sweep(ctx context.Context) (clean bool, err error) {
	conn, err := pgconn.Connect(ctx, p.Server.DSN("postgres"))
	if err != nil {
		return false, nil // a case may have dropped it
	}
	defer conn.Close(ctx)
	drops, err := column(ctx, conn, sweepSQL)
	if err != nil {
		return false, err
	}
	if _, err := column(ctx, conn, strings.Join(drops, ";")); err != nil {
		return false, err
	}
	left, err := column(ctx, conn, leftSQL)
	if err != nil {
		return false, err
	}
	return left[0] == "0", nil
}

// column runs statements and returns the first column of the last one's rows.
func column(ctx context.Context, conn *pgconn.PgConn, sql string) ([]string, error) {
	res, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	var out []string
	if len(res) > 0 {
		for _, row := range res[len(res)-1].Rows {
			out = append(out, string(row[0]))
		}
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
