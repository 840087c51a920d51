package bench

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
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

// TestBenchDriver shows how far the driver is from being what is measured: it draws
// from a server with canned answers and from seqd in turn, on the same processors, and
// processor time is counted on both sides. It runs when SEQD_BENCH is 1.
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
	execute(t, seqd.DSN(), "CREATE SEQUENCE s")
	servers := [][]*pgconn.Config{config(t, "postgres://postgres@"+null.Addr()+"/postgres?sslmode=disable"), config(t, seqd.DSN())}
	pids := []int{null.PID(), seqd.PID()}
	fmt.Printf("\nvalues per second that the driver draws, from canned answers and from seqd, and microseconds of processor time a value, of the driver and of the server; medians of 5\n\n"+
		"%-42s %12s %12s %7s %10s %10s %10s %10s\n", "", "canned", "seqd", "times", "driver", "canned", "driver", "seqd")
	for _, load := range []drive.Load{
		{Clients: 1, Protocol: result.Simple, Depth: 1, Batch: 1},
		{Clients: 1, Protocol: result.Prepared, Depth: 1, Batch: 1},
		{Clients: 8, Protocol: result.Prepared, Depth: 1, Batch: 1},
		{Clients: 1, Protocol: result.Pipelined, Depth: 50, Batch: 1},
		{Clients: 8, Protocol: result.Pipelined, Depth: 50, Batch: 1},
		{Clients: 8, Protocol: result.Simple, Depth: 1, Batch: 1000},
	} {
		var rates, own, other [2][]float64
		for range 5 {
			for i, s := range servers {
				load.Servers, load.Sequence, load.Session = s, "s", result.Long
				rate, a, b := drawFor(t, load, pids[i])
				rates[i], own[i], other[i] = append(rates[i], rate), append(own[i], a), append(other[i], b)
			}
		}
		a, b := median(rates[0]), median(rates[1])
		fmt.Printf("%-10s %d clients, depth %3d, batch %4d %12.0f %12.0f %7.2f %10.2f %10.2f %10.2f %10.2f\n", load.Protocol, load.Clients, load.Depth, load.Batch, a, b, a/b,
			median(own[0]), median(other[0]), median(own[1]), median(other[1]))
	}
}

// drawFor draws for half a second. Costs are microseconds a value.
func drawFor(t *testing.T, load drive.Load, pid int) (rate, driver, server float64) {
	t.Helper()
	f, err := drive.Open(t.Context(), load)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, b := processorTime(t, os.Getpid()), processorTime(t, pid)
	tally := f.Run(t.Context(), 500*time.Millisecond)
	if tally.Failure != nil {
		t.Fatal(tally.Failure)
	}
	values := float64(tally.Values)
	return values / tally.Elapsed.Seconds(), (processorTime(t, os.Getpid()) - a) / values, (processorTime(t, pid) - b) / values
}

// processorTime is what a process has used, in microseconds.
func processorTime(t *testing.T, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) * 1e4 // ticks of a hundredth of a second
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
