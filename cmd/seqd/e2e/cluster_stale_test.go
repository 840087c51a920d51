package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestCutOffNode: what a node says that has lost the others. Sequences need the leader;
// the catalog is shown with a warning, or not at all if that is wanted.
func TestCutOffNode(t *testing.T) {
	c := startVoters(t)
	var notices []*pgconn.Notice
	config, err := pgx.ParseConfig(c.DSN(1))
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n) }
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	run := func(sql, code string) {
		t.Helper()
		start := time.Now()
		_, err := conn.Exec(t.Context(), sql)
		var answer *pgconn.PgError
		got := ""
		if errors.As(err, &answer) {
			got = answer.Code
		}
		if got != code || (err == nil) != (code == "") {
			t.Errorf("%s: %v after %v, want %q", sql, err, time.Since(start), code)
		}
	}
	run("CREATE SEQUENCE s", "")
	run("SET seqd.max_staleness = 0", "")
	run("SELECT 's'::regclass", "")
	if len(notices) > 0 {
		t.Errorf("warned of %s", notices[0].Message)
	}
	for _, i := range []int{0, 2} {
		if err := c.Kill9(i); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(6 * time.Second)
	run("SELECT 1", "")
	run("SELECT 's'::regclass", "57P03")
	run("SELECT nextval('s')", "57P03")
	run("RESET seqd.max_staleness", "")
	run("SELECT 's'::regclass", "")
	run("SELECT 's'::regclass", "")
	if len(notices) != 1 || notices[0].Code != "01000" || notices[0].Severity != "WARNING" || !strings.Contains(notices[0].Detail, "heard from the leader") {
		t.Errorf("%d notices: %+v", len(notices), notices)
	}
	for _, i := range []int{0, 2} {
		if err := c.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(seqdserver.StartTimeout); ; time.Sleep(50 * time.Millisecond) {
		_, err := conn.Exec(t.Context(), "SELECT nextval('s')")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	run("SET seqd.max_staleness = 0", "")
	run("SELECT 's'::regclass", "")
	if len(notices) != 1 {
		t.Errorf("%+v", notices[1:])
	}
}
