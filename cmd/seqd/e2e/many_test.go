package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// rss is the memory that a process has, in bytes, as Linux counts it; elsewhere 0.
func rss(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	_, line, ok := strings.Cut(string(status), "VmRSS:")
	var kilobytes int64
	if _, scanErr := fmt.Sscan(line, &kilobytes); err != nil || !ok || scanErr != nil {
		t.Fatalf("%v, %v, %s", err, scanErr, status)
	}
	return kilobytes << 10
}

// drawMany draws n values with one statement, and returns how long it took and the most
// memory (RSS, bytes) that the server had meanwhile.
func drawMany(t *testing.T, dsn string, pid, n int) (time.Duration, int64) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	start, rows, peak := time.Now(), 0, int64(0)
	rr := conn.ExecParams(t.Context(), fmt.Sprintf("SELECT nextval('s') FROM generate_series(1, %d)", n), nil, nil, nil, nil)
	for rr.NextRow() {
		if rows++; rows%100_000 == 1 {
			peak = max(peak, rss(t, pid))
		}
	}
	if _, err := rr.Close(); err != nil || rows != n {
		t.Fatalf("%d of %d rows, %v", rows, n, err)
	}
	return time.Since(start), peak
}

// TestStreams: one statement that draws many values needs no memory for them.
func TestStreams(t *testing.T) {
	const few, many = 50_000, 1_000_000
	s := freshSeqd(t, seqdserver.Options{})
	exec1(t, s.DSN(), "CREATE SEQUENCE s")
	_, before := drawMany(t, s.DSN(), s.PID(), few)
	_, after := drawMany(t, s.DSN(), s.PID(), many)
	// A value takes 8 bytes at the very least: kept, they would show.
	if grown := after - before; grown > many*8 {
		t.Errorf("drawing %d values took %d bytes", many, grown)
	}
	if got := exec1(t, s.DSN(), "SELECT last_value FROM s"); got != fmt.Sprint(few+many) {
		t.Errorf("last_value is %s", got)
	}
}

// manySequences makes n sequences called seq_0000000 and so on.
func manySequences(t *testing.T, dsn string, n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	const batch = 1000
	for i := 0; i < n; i += batch {
		var b strings.Builder
		for j := i; j < min(i+batch, n); j++ {
			fmt.Fprintf(&b, "CREATE SEQUENCE seq_%07d;", j)
		}
		if _, err := conn.PgConn().Exec(t.Context(), b.String()).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
}

// askedOfMany are questions, by name: what psql and drivers ask of many sequences.
var askedOfMany = [][2]string{
	{`\ds`, `\ds`},
	{`\ds, a hundred of them`, `\ds seq_00500*`},
	{`\d of one`, `\d seq_0050000`},
	{"by name, pg_sequences", "SELECT * FROM pg_sequences WHERE schemaname = 'public' AND sequencename = 'seq_0050000'"},
	{"by name, regclass", "SELECT 'seq_0050000'::regclass::oid"},
	{"by oid, pg_class", "SELECT relname FROM pg_class WHERE oid = 'seq_0050000'::regclass"},
	{"count of pg_sequences", "SELECT count(*) FROM pg_sequences"},
}

// TestBenchMany prints how long questions about many sequences take, of seqd and of
// PostgreSQL 15 with as many, in turn, and on seqd with a million; and ten million
// values from one statement. It runs when SEQD_BENCH is 1.
func TestBenchMany(t *testing.T) {
	number, yes := benching()
	if !yes {
		return
	}
	count, million, rounds := number("BENCH_SEQUENCES", 100_000), number("BENCH_MILLION", 1_000_000), number("BENCH_ROUNDS", 3)
	pg := pgserver.ForTest(t, pgserver.Options{Fsync: true, Settings: map[string]string{"max_locks_per_transaction": fmt.Sprint(count / 100)}})
	seqd, large := freshSeqd(t, seqdserver.Options{DataDir: t.TempDir()}), freshSeqd(t, seqdserver.Options{})
	manySequences(t, pg.DSN("postgres"), count)
	manySequences(t, seqd.DSN(), count)
	manySequences(t, large.DSN(), million)

	fmt.Printf("milliseconds, medians of %d; psql's own start is in them\n\n%-28s %12s %12s %7s   %s\n", rounds,
		fmt.Sprintf("%d sequences", count), "seqd", "PostgreSQL", "ratio", fmt.Sprintf("seqd with %d", million))
	psql := program(t, "psql")
	for _, q := range askedOfMany {
		ask := func(addr string) float64 {
			start := time.Now()
			out := clientRun(t, addr, psql, "-X", "-q", "-d", "postgres", "-o", os.DevNull, "-c", q[1])
			if out != "" {
				t.Fatalf("%s: %s", q[1], out)
			}
			return float64(time.Since(start).Microseconds()) / 1000
		}
		printMany(q[0], rounds, func() float64 { return ask(seqd.Addr()) }, func() float64 { return ask(pg.Addr()) },
			func() float64 { return ask(large.Addr()) })
	}
	dump := program(t, "pg_dump")
	dumpOf := func(addr string) float64 {
		start := time.Now()
		if out := clientRun(t, addr, dump, "-f", filepath.Join(t.TempDir(), "dump"), "postgres"); out != "" {
			t.Fatal(out)
		}
		return float64(time.Since(start).Microseconds()) / 1000
	}
	printMany("pg_dump", 1, func() float64 { return dumpOf(seqd.Addr()) }, func() float64 { return dumpOf(pg.Addr()) }, nil)

	const values = 10_000_000
	exec1(t, seqd.DSN(), "CREATE SEQUENCE s")
	exec1(t, pg.DSN("postgres"), "CREATE SEQUENCE s")
	_, before := drawMany(t, seqd.DSN(), seqd.PID(), 1000)
	took, peak := drawMany(t, seqd.DSN(), seqd.PID(), values)
	other, _ := drawMany(t, pg.DSN("postgres"), seqd.PID(), values)
	fmt.Printf("\nSELECT nextval('s') FROM generate_series(1, %d): seqd %.1f s (RSS %d MB before, %d MB at most), PostgreSQL %.1f s\n",
		values, took.Seconds(), before>>20, peak>>20, other.Seconds())
}

func printMany(name string, rounds int, seqd, pg, large func() float64) {
	var a, b, c []float64
	for range rounds {
		a, b = append(a, seqd()), append(b, pg())
		if large != nil {
			c = append(c, large())
		}
	}
	last := ""
	if large != nil {
		last = fmt.Sprintf("%8.0f", median(c))
	}
	fmt.Printf("%-28s %12.0f %12.0f %7.2f   %s\n", name, median(a), median(b), median(b)/median(a), last)
}
