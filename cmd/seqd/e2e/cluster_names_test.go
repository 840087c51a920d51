package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestClusterNames: what one node has created or altered, every other node knows
// the moment after.
func TestClusterNames(t *testing.T) {
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: clusterNodes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	var conns []*pgx.Conn
	for i := range c.Nodes {
		conn, err := pgx.Connect(t.Context(), c.DSN(i))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		conns = append(conns, conn)
	}
	rounds := 24 // every pair of nodes four times
	if testing.Short() {
		rounds = 12
	}
	wrong := map[string]int{}
	for n := range rounds {
		maker, user := n%clusterNodes, (n+1+n/clusterNodes%(clusterNodes-1))%clusterNodes
		where := fmt.Sprintf("made on %s, used on %s", seqdserver.NodeID(maker), seqdserver.NodeID(user))
		for _, step := range []struct {
			what, change, query string
			want                int64
		}{
			{"created", "CREATE SEQUENCE s%d", "SELECT nextval('s%d')", 1},
			{"named at run time", "CREATE SEQUENCE t%d", "SELECT nextval(n::text) FROM (VALUES ('t' || '%d')) v(n)", 1},
			{"cast at run time", "CREATE SEQUENCE u%d START 7", "SELECT nextval(concat('u', '%d')::regclass)", 7},
			{"set", "SELECT setval('s%d', 10)", "SELECT nextval('s%d')", 11},
			{"restarted", "ALTER SEQUENCE s%d RESTART WITH 20", "SELECT nextval('s%d')", 20},
			{"increment", "ALTER SEQUENCE s%d INCREMENT 5", "SELECT nextval('s%d')", 25},
			{"renamed", "ALTER SEQUENCE s%[1]d RENAME TO r%[1]d", "SELECT nextval('r%d')", 30},
			{"made anew", "DROP SEQUENCE r%[1]d; CREATE SEQUENCE r%[1]d START 50", "SELECT nextval('r%d')", 50},
		} {
			if _, err := conns[maker].Exec(t.Context(), fmt.Sprintf(step.change, n), pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Fatal(err)
			}
			var v int64
			err := conns[user].QueryRow(t.Context(), fmt.Sprintf(step.query, n), pgx.QueryExecModeSimpleProtocol).Scan(&v)
			if err != nil || v != step.want {
				key := step.what + ", " + where
				if wrong[key]++; wrong[key] == 1 {
					t.Errorf("round %d: %s: got %d, want %d: %v", n, key, v, step.want, err)
				}
			}
		}
	}
	for key, n := range wrong {
		t.Errorf("%d × %s", n, key)
	}
}
