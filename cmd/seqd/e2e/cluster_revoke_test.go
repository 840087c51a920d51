package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestClusterRevoke: what is revoked on one node is refused on another at once, in the
// middle of a block that a session has cached there; what is granted again goes on with
// the block (P7).
func TestClusterRevoke(t *testing.T) {
	c := startVoters(t)
	connect := func(node int, user string) *pgconn.PgConn {
		config, err := pgconn.ParseConfig(c.DSN(node))
		if err != nil {
			t.Fatal(err)
		}
		config.User = user
		conn, err := pgconn.ConnectConfig(t.Context(), config)
		for deadline := time.Now().Add(30 * time.Second); err != nil; conn, err = pgconn.ConnectConfig(t.Context(), config) {
			if time.Now().After(deadline) { // a new role takes a moment to get to the other nodes
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	do := func(conn *pgconn.PgConn, sql string) string {
		t.Helper()
		results, err := conn.Exec(t.Context(), sql).ReadAll()
		var e *pgconn.PgError
		switch {
		case errors.As(err, &e):
			return e.Code + " " + e.Message
		case err != nil:
			t.Fatal(err)
		case len(results[0].Rows) == 0:
			return ""
		}
		return string(results[0].Rows[0][0])
	}
	admin := connect(0, "postgres")
	do(admin, "CREATE ROLE joe LOGIN; CREATE ROLE grp; CREATE ROLE member LOGIN IN ROLE grp; CREATE SEQUENCE s CACHE 100; CREATE SEQUENCE one; GRANT USAGE ON SEQUENCE s, one TO joe, grp")
	for _, user := range []string{"joe", "member"} {
		revoke, grant := "REVOKE ALL ON SEQUENCE s FROM joe", "GRANT UPDATE ON SEQUENCE s TO joe"
		if user == "member" {
			revoke, grant = "REVOKE grp FROM member", "GRANT grp TO member"
		}
		sessions := []*pgconn.PgConn{connect(0, user), connect(1, user), connect(2, user)}
		next := make([]int, len(sessions))
		for i, session := range sessions {
			if _, err := fmt.Sscan(do(session, "SELECT nextval('s')"), &next[i]); err != nil {
				t.Fatal(err)
			}
		}
		for round := range 5 {
			for i, session := range sessions {
				next[i]++
				if got := do(session, "SELECT nextval('s')"); got != fmt.Sprint(next[i]) {
					t.Fatalf("%s on node %d, round %d: %s, the block goes on with %d", user, i, round, got, next[i])
				}
			}
			do(admin, revoke)
			for i, session := range sessions { // acknowledged: not one value more
				if got := do(session, "SELECT nextval('s')"); got != "42501 permission denied for sequence s" {
					t.Errorf("%s on node %d, round %d: %s after %s", user, i, round, got, revoke)
				}
			}
			do(admin, grant)
			for i, session := range sessions { // a grant may take a moment to get there
				for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
					if got := do(session, "SELECT has_sequence_privilege('s', 'USAGE, UPDATE')"); got == "t" {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("%s on node %d never gets its right back", user, i)
					}
				}
			}
		}
	}
}
