package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// benching tells whether SEQD_BENCH is 1, and returns the number of an environment
// variable.
func benching() (number func(env string, otherwise int) int, yes bool) {
	return func(env string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(env)); err == nil && n > 0 {
			return n
		}
		return otherwise
	}, os.Getenv("SEQD_BENCH") == "1"
}

// TestBenchCluster compares three nodes, by way of the leader, a follower and all,
// with a single node and PostgreSQL 15: rates, latencies, and what it costs the log.
func TestBenchCluster(t *testing.T) {
	number, yes := benching()
	if !yes {
		return
	}
	rounds, seconds := number("BENCH_ROUNDS", 3), number("BENCH_SECONDS", 3)
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: clusterNodes, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.AwaitVoters(); err != nil {
		t.Fatal(err)
	}
	leader, err := c.Leader()
	if err != nil {
		t.Fatal(err)
	}
	follower := (leader + 1) % clusterNodes
	single := freshSeqd(t, seqdserver.Options{DataDir: t.TempDir()})
	pg := pgserver.ForTest(t, pgserver.Options{Fsync: true})
	for _, dsn := range []string{c.DSN(leader), single.DSN(), pg.DSN("postgres")} {
		exec1(t, dsn, "CREATE SEQUENCE s")
	}
	exec1(t, c.DSN(follower), "DROP SEQUENCE IF EXISTS there_is_none") // it has caught up after that

	all := make([]string, clusterNodes)
	for i := range all {
		all[i] = c.Nodes[i].Addr()
	}
	ways := []struct {
		name  string
		addrs []string
		dsn   string
	}{
		{"leader", all[leader : leader+1], c.DSN(leader)},
		{"follower", all[follower : follower+1], c.DSN(follower)},
		{"all three", all, ""},
		{"single node", []string{single.Addr()}, single.DSN()},
		{"PostgreSQL", []string{pg.Addr()}, pg.DSN("postgres")},
	}
	one := script(t, "SELECT nextval('s');\n")
	pipeline := script(t, "\\startpipeline\n"+strings.Repeat("SELECT nextval('s');\n", 50)+"\\endpipeline\n")
	fmt.Printf("\nnextval per second on one sequence, CACHE 1, %d nodes, single node and PostgreSQL %s in turn, %d rounds of %d s; medians\n\n", clusterNodes, pg.Version, rounds, seconds)
	fmt.Printf("%-22s", "")
	for _, w := range ways {
		fmt.Printf(" %12s", w.name)
	}
	fmt.Println("  entries per 10^6 values (follower)")
	for _, tt := range []struct {
		name, script string
		clients      int
		values       float64
	}{{"prepared, 1 client", one, 1, 1}, {"prepared, 9 clients", one, 9, 1}, {"pipelined, 9 clients", pipeline, 9, 50}} {
		rates := make([][]float64, len(ways))
		var entries []float64
		for range rounds {
			for i, w := range ways {
				before := committed(t, c, leader)
				rate := together(t, w.addrs, tt.clients, seconds, tt.script) * tt.values
				rates[i] = append(rates[i], rate)
				if w.name == "follower" {
					entries = append(entries, float64(committed(t, c, leader)-before)/(rate*float64(seconds))*1e6)
				}
			}
		}
		fmt.Printf("%-22s", tt.name)
		for i := range ways {
			fmt.Printf(" %12.0f", median(rates[i]))
		}
		fmt.Printf("  %.0f\n", median(entries))
	}
	fmt.Printf("\nlatency of nextval, prepared, one after the other\n\n%-22s %10s %10s %10s %10s\n", "", "1: p50", "p99", "8: p50", "p99")
	for _, w := range ways {
		if w.dsn == "" {
			continue
		}
		a50, a99 := latency(t, w.dsn, 1, time.Duration(seconds)*time.Second)
		b50, b99 := latency(t, w.dsn, 8, time.Duration(seconds)*time.Second)
		fmt.Printf("%-22s %10v %10v %10v %10v\n", w.name, a50, a99, b50, b99)
	}
}

// together runs pgbench against all addresses at once, with that many clients in all,
// and returns the transactions per second.
func together(t *testing.T, addrs []string, clients, seconds int, script string) (sum float64) {
	outs := make([]string, len(addrs))
	var wg sync.WaitGroup
	for i, addr := range addrs {
		n := strconv.Itoa(max(1, clients/len(addrs)))
		wg.Go(func() {
			outs[i] = pgbench(t, addr, "-M", "prepared", "-c", n, "-T", strconv.Itoa(seconds), "-f", script)
		})
	}
	wg.Wait()
	for _, out := range outs {
		m := tps.FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("pgbench says:\n%s", out)
		}
		f, _ := strconv.ParseFloat(m[1], 64)
		sum += f
	}
	return sum
}

var committedLine = regexp.MustCompile(`(?m)^committed: +([0-9]+)`)

// committed is how many entries the log has.
func committed(t *testing.T, c *seqdserver.Cluster, node int) int64 {
	t.Helper()
	out, err := c.Command(node, "status")
	m := committedLine.FindStringSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("%v: %s", err, out)
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	return n
}

// latency lets clients draw for a while.
func latency(t *testing.T, dsn string, clients int, d time.Duration) (p50, p99 time.Duration) {
	times := make([][]time.Duration, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			conn, err := pgx.Connect(context.Background(), dsn)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.Background())
			var v int64
			for end := time.Now().Add(d); time.Now().Before(end); {
				began := time.Now()
				if err := conn.QueryRow(context.Background(), "SELECT nextval('s')").Scan(&v); err != nil {
					t.Error(err)
					return
				}
				times[i] = append(times[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	if len(all) == 0 {
		t.Fatal("no values")
	}
	return all[len(all)/2].Round(time.Microsecond), all[len(all)*99/100].Round(time.Microsecond)
}

// TestBenchFaults measures how long a leader's end and a hand-over take, 50 times each
// ($CLUSTER_ROUNDS).
func TestBenchFaults(t *testing.T) {
	if _, yes := benching(); !yes {
		return
	}
	x := newFaultTest(t)
	fmt.Printf("\ntimes without service on the other nodes, eight clients drawing all the time\n\n")
	x.play(t, clusterRounds(50), slices.DeleteFunc(slices.Clone(faults), func(f fault) bool {
		return f.name != "kill -9 leader" && !f.planned
	}))
}
