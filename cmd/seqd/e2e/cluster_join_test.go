package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestJoinRunningNode has nodes that were started alone join a cluster while they run.
func TestJoinRunningNode(t *testing.T) {
	c := startVoters(t)
	conn, err := pgx.Connect(t.Context(), c.DSN(0))
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "CREATE SEQUENCE s")
	must(t, err)
	for _, tt := range []struct {
		name, data, role string
		flags            []string
	}{
		{"on disk", t.TempDir(), "voter", nil},
		{"ephemeral, to read", "", "non-voter", []string{"--non-voter"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			alone, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: 1, DataDir: tt.data, Args: []string{"--node-id", "late-" + tt.role}})
			must(t, err)
			defer alone.Close()
			join := func(to string) error {
				_, err := alone.Command(0, append([]string{"join", to}, tt.flags...)...)
				return err
			}
			if err := join(alone.Peer(0)); err == nil || !strings.Contains(err.Error(), "this very node") {
				t.Errorf("with itself: %v", err)
			}
			if err := join("127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "can't be asked") {
				t.Errorf("with nobody: %v", err)
			}
			must(t, join(c.Peer(1)))
			// Its clients find what the cluster has, at the address they know.
			late, err := pgx.Connect(t.Context(), alone.DSN(0))
			must(t, err)
			defer late.Close(context.Background())
			var here, there int64
			must(t, conn.QueryRow(t.Context(), "SELECT nextval('s')").Scan(&here))
			must(t, late.QueryRow(t.Context(), "SELECT nextval('s')").Scan(&there))
			if there != here+1 {
				t.Errorf("%d, and on the node that joined %d", here, there)
			}
			must(t, awaitStatus(c, 0, "late-"+tt.role, tt.role))
			if err := join(c.Peer(2)); err == nil || !strings.Contains(err.Error(), "others already") {
				t.Errorf("once more: %v", err)
			}
			_, err = c.Command(0, "remove", "late-"+tt.role)
			must(t, err)
		})
	}
}

// TestJoinRefusesToLoseSequences: also when they have been dropped since, for a value
// may be somewhere.
func TestJoinRefusesToLoseSequences(t *testing.T) {
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: 1})
	must(t, err)
	defer c.Close()
	alone, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: 1})
	must(t, err)
	defer alone.Close()
	conn, err := pgx.Connect(t.Context(), alone.DSN(0))
	must(t, err)
	defer conn.Close(context.Background())
	for _, sql := range []string{"CREATE SEQUENCE mine", "DROP SEQUENCE mine"} {
		_, err = conn.Exec(t.Context(), sql)
		must(t, err)
		if _, err := alone.Command(0, "join", c.Peer(0)); err == nil || !strings.Contains(err.Error(), "objects of its own") {
			t.Errorf("after %s: %v", sql, err)
		}
	}
	_, err = conn.Exec(t.Context(), "CREATE SEQUENCE mine")
	must(t, err)
}
