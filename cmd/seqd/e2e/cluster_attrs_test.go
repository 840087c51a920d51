package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestTargetSessionAttrs: what libpq (psql) and pgx find with target_session_attrs in
// a list of all nodes, whichever stands first.
func TestTargetSessionAttrs(t *testing.T) {
	c := startVoters(t)
	ports := make([]string, len(c.Nodes))
	for i := range c.Nodes {
		config, err := pgx.ParseConfig(c.DSN(i))
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = fmt.Sprint(config.Port)
	}
	told, err := pgconn.Connect(t.Context(), c.DSN(0))
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close(context.Background())
	for _, leader := range []int{0, 2} {
		if leader != 0 {
			if _, err := c.Command(1, "transfer", seqdserver.NodeID(leader)); err != nil {
				t.Fatal(err)
			}
			awaitRole(t, c, leader)
		}
		checkTargets(t, ports, leader)
	}
	// node1 led when the session began, and told it so; now it tells of the change.
	if got := told.ParameterStatus("in_hot_standby"); got != "off" {
		t.Errorf("the leader called itself in_hot_standby = %q", got)
	}
	if _, err := told.Exec(t.Context(), "SELECT nextval('there_is_none')").ReadAll(); err == nil {
		t.Error("no error")
	}
	if got := told.ParameterStatus("in_hot_standby"); got != "on" {
		t.Errorf("after the hand-over in_hot_standby is %q", got)
	}
}

// awaitRole waits until every node knows who leads.
func awaitRole(t *testing.T, c *seqdserver.Cluster, leader int) {
	t.Helper()
	for deadline := time.Now().Add(seqdserver.StartTimeout); ; time.Sleep(10 * time.Millisecond) {
		right := 0
		for i := range c.Nodes {
			conn, err := pgx.Connect(t.Context(), c.DSN(i))
			if err != nil {
				t.Fatal(err)
			}
			var standby bool
			err = conn.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&standby)
			_ = conn.Close(t.Context())
			if err == nil && standby == (i != leader) {
				right++
			}
		}
		if right == len(c.Nodes) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not lead\n%s", seqdserver.NodeID(leader), c.Tail())
		}
	}
}

func checkTargets(t *testing.T, ports []string, leader int) {
	any := slices.Clone(ports)
	followers := slices.Delete(slices.Clone(ports), leader, leader+1)
	for _, target := range []struct {
		attrs, options string
		want           []string // of the ports in the order tried, the first of these; none: an error
	}{
		{"any", "", any},
		{"read-write", "", any},
		{"primary", "", ports[leader : leader+1]},
		{"standby", "", followers},
		{"prefer-standby", "", followers},
		{"read-only", "", nil},
		{"read-only", "-c default_transaction_read_only=on", any},
		{"read-write", "-c default_transaction_read_only=on", nil},
	} {
		for turn := range ports {
			order := append(slices.Clone(ports[turn:]), ports[:turn]...)
			i := slices.IndexFunc(order, func(p string) bool { return slices.Contains(target.want, p) })
			want := "none"
			if i >= 0 {
				want = order[i]
			}
			host := strings.TrimSuffix(strings.Repeat("127.0.0.1,", len(order)), ",")
			dsn := fmt.Sprintf("host=%s port=%s user=postgres dbname=postgres sslmode=disable target_session_attrs=%s options='%s'",
				host, strings.Join(order, ","), target.attrs, target.options)
			for client, ask := range map[string]func(context.Context, string) string{"psql": askPsql, "pgx": askPgx} {
				if got := ask(t.Context(), dsn); got != want {
					t.Errorf("%s, %s %s, %s leads, in the order %v: got %s, want %s", client, target.attrs, target.options, ports[leader], order, got, want)
				}
			}
		}
	}
}

// askPsql is the port of the server that psql finds.
func askPsql(ctx context.Context, dsn string) string {
	out, err := exec.CommandContext(ctx, "psql", "-XAt", dsn, "-c", "SHOW port").CombinedOutput()
	switch text := strings.TrimSpace(string(out)); {
	case err == nil:
		return text
	case strings.Contains(text, "read-only"): // "session is [not] read-only"
		return "none"
	default:
		return text
	}
}

func askPgx(ctx context.Context, dsn string) string {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "none"
	}
	defer conn.Close(ctx)
	var port string
	if err := conn.QueryRow(ctx, "SHOW port").Scan(&port); err != nil {
		return err.Error()
	}
	return port
}
