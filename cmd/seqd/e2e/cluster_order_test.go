package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestOrderNode: with order "node" values are new on every node, and what voids them
// voids them everywhere before it is answered.
func TestOrderNode(t *testing.T) {
	c := startVoters(t)
	var conns []*pgx.Conn
	for i := range c.Nodes {
		conn, err := pgx.Connect(t.Context(), c.DSN(i))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		conns = append(conns, conn)
	}
	run := func(node int, sql string) {
		t.Helper()
		if _, err := conns[node].Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	next := func(node int) (v int64) {
		t.Helper()
		if err := conns[node].QueryRow(t.Context(), "SELECT nextval('s')").Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	run(1, "CREATE SEQUENCE s")
	run(1, "SECURITY LABEL FOR seqd ON SEQUENCE s IS 'order=node'")
	far := false
	for round := range int64(20) {
		base := (round + 1) * 1_000_000
		for range 40 { // so that all nodes have values in stock
			for node := range conns {
				next(node)
			}
		}
		changes := []string{fmt.Sprintf("SELECT setval('s', %d)", base), fmt.Sprintf("ALTER SEQUENCE s RESTART %d", base+1),
			fmt.Sprintf("DROP SEQUENCE s; CREATE SEQUENCE s START %d; SECURITY LABEL FOR seqd ON SEQUENCE s IS 'order=node'", base+1)}
		run(int(round)%3, changes[int(round/3)%3])
		seen := map[int64]bool{}
		last := make([]int64, len(conns))
		for range 100 {
			for node := range conns {
				v := next(node)
				if seen[v] || v <= last[node] || v <= base || v > base+100_000 {
					t.Fatalf("round %d: node%d gave %d after %d; set to %d; there before: %v", round, node+1, v, last[node], base, seen[v])
				}
				seen[v], last[node] = true, v
				far = far || v > base+300
			}
		}
	}
	if !far {
		t.Error("no value came out of order: no node has handed out values by itself")
	}
	run(2, "SECURITY LABEL FOR seqd ON SEQUENCE s IS NULL")
	last := int64(0)
	for i := range 100 {
		v := next(i % 3)
		if v <= last || (i > 0 && v != last+1) {
			t.Fatalf("strict again, node%d gave %d after %d", i%3+1, v, last)
		}
		last = v
	}
}

// TestBenchOrders shows what the order costs through the leader and through a follower.
// It runs when SEQD_BENCH is 1.
func TestBenchOrders(t *testing.T) {
	if _, yes := benching(); !yes {
		return
	}
	c := startVoters(t)
	dsns := []string{c.DSN(0), c.DSN(1)}
	exec1(t, dsns[0], "CREATE SEQUENCE strict; CREATE SEQUENCE pernode; SECURITY LABEL FOR seqd ON SEQUENCE pernode IS 'order=node'")
	for i, dsn := range dsns {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		for _, clients := range []string{"1", "16"} {
			line := fmt.Sprintf("nextval/s through %s, %s clients:", []string{"the leader", "a follower"}[i], clients)
			for _, s := range []string{"strict", "pernode"} {
				out := pgbench(t, fmt.Sprintf("%s:%d", config.Host, config.Port), "-M", "prepared", "-c", clients, "-j", "2", "-T", "3",
					"-f", script(t, "SELECT nextval('"+s+"');"))
				if m := tps.FindStringSubmatch(out); m != nil && !strings.Contains(out, "aborted") {
					line += fmt.Sprintf(" %s %s", s, m[1])
				} else {
					t.Errorf("pgbench says:\n%s", out)
				}
			}
			t.Log(line)
		}
	}
}
