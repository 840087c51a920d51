package pgserver

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestStartCrashRestartStop(t *testing.T) {
	s := ForTest(t, Options{})
	ctx := t.Context()
	one := func(sql string) string {
		t.Helper()
		conn, err := pgconn.Connect(ctx, s.DSN("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		res, err := conn.Exec(ctx, sql).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		last := res[len(res)-1]
		if len(last.Rows) == 0 {
			return last.CommandTag.String()
		}
		return string(last.Rows[0][0])
	}
	if got := one("SHOW server_version_num"); got[:2] != "15" {
		t.Errorf("server_version_num = %s", got)
	}
	if got := one("SHOW fsync"); got != "off" {
		t.Errorf("fsync = %s", got)
	}
	if got := one("CREATE SEQUENCE s; SELECT nextval('s')"); got != "1" {
		t.Errorf("nextval = %s", got)
	}
	if err := s.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	// What PostgreSQL has pre-logged is skipped: proof that this was no clean stop.
	if got := one("SELECT nextval('s')"); got != "34" {
		t.Errorf("nextval after a crash = %s, want 34", got)
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := one("SELECT nextval('s')"); got != "35" {
		t.Errorf("nextval after a clean stop = %s, want 35", got)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("folder left behind: %v", err)
	}
}
