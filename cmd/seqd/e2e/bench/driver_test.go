package bench

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/e2e/nullserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

func config(t *testing.T, dsn string) []*pgconn.Config {
	t.Helper()
	c, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return []*pgconn.Config{c}
}

// TestBenchDriver shows by how much the driver outruns seqd: it draws from a server
// with canned answers and from seqd in turn, on the same processors. It runs when
// SEQD_BENCH is 1.
func TestBenchDriver(t *testing.T) {
	if os.Getenv("SEQD_BENCH") != "1" {
		return
	}
	null, err := nullserver.Start(nullserver.Raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(null.Stop)
	seqd, err := seqdserver.Start(seqdserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = seqd.Close() })
	servers := [][]*pgconn.Config{config(t, "postgres://postgres@"+null.Addr()+"/postgres?sslmode=disable"), config(t, seqd.DSN())}
	execute(t, seqd.DSN(), "CREATE SEQUENCE s")
	fmt.Printf("\nvalues per second that the driver draws, from canned answers and from seqd; medians of 5\n\n")
	for _, load := range []drive.Load{
		{Clients: 1, Protocol: result.Simple, Depth: 1, Batch: 1},
		{Clients: 1, Protocol: result.Prepared, Depth: 1, Batch: 1},
		{Clients: 8, Protocol: result.Prepared, Depth: 1, Batch: 1},
		{Clients: 1, Protocol: result.Pipelined, Depth: 50, Batch: 1},
		{Clients: 8, Protocol: result.Pipelined, Depth: 50, Batch: 1},
		{Clients: 8, Protocol: result.Simple, Depth: 1, Batch: 1000},
	} {
		var rates [2][]float64
		for range 5 {
			for i, s := range servers {
				load.Servers, load.Sequence, load.Session = s, "s", result.Long
				f, err := drive.Open(t.Context(), load)
				if err != nil {
					t.Fatal(err)
				}
				tally := f.Run(t.Context(), 500*time.Millisecond)
				f.Close()
				if tally.Failure != nil {
					t.Fatal(tally.Failure)
				}
				rates[i] = append(rates[i], float64(tally.Values)/tally.Elapsed.Seconds())
			}
		}
		a, b := median(rates[0]), median(rates[1])
		fmt.Printf("%-10s %d clients, depth %3d, batch %4d: %10.0f %10.0f  %.2f times\n", load.Protocol, load.Clients, load.Depth, load.Batch, a, b, a/b)
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
