package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/perf/benchfmt"

	"seqd/cmd/seqd/bench/result"
)

var rewrite = flag.Bool("rewrite", false, "write what is shown into testdata; look at the difference before it is committed")

// golden compares with a file that people have looked at.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s", name, got)
	}
}

func shownBy(t *testing.T, f func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		file  string
		width int
	}{{"table-80.txt", 0}, {"table-180.txt", 180}} {
		got := shownBy(t, func(w io.Writer) error { return Table(w, made(), tt.width) })
		golden(t, tt.file, got)
		for line := range strings.Lines(got) {
			if n := text.StringWidth(strings.TrimRight(line, "\n")); n > max(tt.width, 80) {
				t.Errorf("%s: %d columns: %s", tt.file, n, line)
			}
		}
	}
}

// What there is little of, or nothing, is shown all the same.
func TestTableOfLittle(t *testing.T) {
	for name, change := range map[string]func(*result.Run){
		"nothing":    func(r *result.Run) { *r = result.Run{} },
		"no samples": func(r *result.Run) { r.Samples = nil },
		"one target": func(r *result.Run) { r.Targets, r.Samples = r.Targets[:1], nil },
		"one sample": func(r *result.Run) { r.Samples = r.Samples[:1] },
		"no answers": func(r *result.Run) {
			for i := range r.Samples {
				s := &r.Samples[i]
				s.Values, s.Statements, s.Latency = 0, 0, result.NewLatency()
			}
		},
		"no time": func(r *result.Run) {
			for i := range r.Samples {
				r.Samples[i].Seconds = 0
			}
		},
		"first target dead": func(r *result.Run) {
			kept := r.Samples[:0]
			for _, s := range r.Samples {
				if s.Target != 0 {
					kept = append(kept, s)
				}
			}
			r.Samples = kept
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := made()
			change(r)
			got := shownBy(t, func(w io.Writer) error { return Table(w, r, 80) })
			if strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
				t.Errorf("a number that is none:\n%s", got)
			}
			for _, f := range []func(io.Writer, *result.Run) error{CSV, Benchstat} {
				if got := shownBy(t, func(w io.Writer) error { return f(w, r) }); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
					t.Errorf("a number that is none:\n%s", got)
				}
			}
			shownBy(t, func(w io.Writer) error { return Compare(w, Named{"a", r}, Named{"b", made()}, 80) })
		})
	}
}

func TestCell(t *testing.T) {
	latency := func(times ...time.Duration) *result.Latency {
		l := result.NewLatency()
		for _, d := range times {
			l.Record(d, 1)
		}
		return l
	}
	sample := func(target, round int, values int64) result.Sample {
		return result.Sample{Target: target, Round: round, Values: values, Drawn: values + 1000, Seconds: 2, Latency: latency(time.Millisecond)}
	}
	r := &result.Run{Targets: []result.Target{{Name: "a"}, {Name: "b"}},
		Points:  []result.Point{{Cache: 1, Clients: 1, Protocol: result.Simple, Depth: 1, Batch: 1, Session: result.Long}},
		Samples: []result.Sample{sample(0, 1, 1000), sample(0, 2, 2000), sample(0, 3, 4000), sample(1, 1, 3000), sample(1, 2, 4000), sample(1, 3, 4000)}}
	b := &r.Samples[5]
	b.Latency = latency(time.Second)
	b.ServerCPUSeconds, b.LogRecords, b.LogSyncs = pointer(0.5), pointer(int64(8)), pointer(int64(2))
	b.SessionEnds, b.Discards, b.OutOfOrder = 2, 8, 1100
	b.Lost = result.Lost{SessionEnd: pointer(int64(10)), Discard: pointer(int64(30)), Kill: pointer(int64(500))}
	b.Errors = []result.Error{{SQLState: "2200H", Message: "m", Count: 2}}
	r.Samples[4].Errors = []result.Error{{Message: "m", Count: 1}, {SQLState: "2200H", Message: "m", Count: 3}}

	v := newView(r)
	c := v.at(1, 0)
	for _, tt := range []struct {
		what      string
		got, want float64
	}{
		{"median", c.rate.median, 2000}, {"low", c.rate.low, 1500}, {"spread", c.rate.spread(), 0.25},
		{"ratio", c.ratio.ratio, math.Sqrt(2 * math.Sqrt(3))}, // of 3, 2 and 1, not 2000/1000
		{"cpu", c.cpu, 125}, {"records", c.records, 1.6}, {"syncs", c.syncs, 0.4}, // only where they were measured
		{"lost", c.lost, 8}, {"per end", c.perEnd, 5}, {"per discard", c.perDiscard, 3.75}, {"per loss", c.perLoss, 4},
		{"per kill", c.perKill, 500}, {"order", c.outOfOrder, 0.1}, {"failures", float64(c.failures), 6},
		{"kinds of errors", float64(len(c.errors)), 2}, {"statements", float64(c.latency.TotalCount()), 3},
		{"own ratio", v.at(0, 0).ratio.ratio, 1},
	} {
		if math.Abs(tt.got-tt.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", tt.what, tt.got, tt.want)
		}
	}
	if a := v.at(0, 0); known(a.cpu) || known(a.perKill) || known(a.lost) {
		t.Errorf("known without a measurement: %+v", a)
	}
}

// A run on a busy machine says so.
func TestRestless(t *testing.T) {
	r := made()
	const said = "something else used the machine"
	if got := shownBy(t, func(w io.Writer) error { return Table(w, r, 200) }); strings.Contains(got, said) {
		t.Error(got)
	}
	for i := range r.Samples {
		if s := &r.Samples[i]; s.Round == 1 {
			s.Values /= 2
		}
	}
	if got := shownBy(t, func(w io.Writer) error { return Table(w, r, 200) }); !strings.Contains(got, said) {
		t.Error(got)
	}
}

func TestNumbers(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct{ got, want string }{
		{whole(102712.6), "102,713"}, {whole(nan), "–"},
		{digits(0), "0"}, {digits(1234.4), "1,234"}, {digits(99.96), "100"}, {digits(12.34), "12.3"}, {digits(9.996), "10.0"},
		{digits(1.234), "1.23"}, {digits(0.1234), "0.123"}, {digits(0.00002), "2e-05"}, {digits(math.Inf(1)), "–"},
		{brief(2), "2"}, {brief(0.25), "0.25"}, {brief(100), "100"},
		{percent(0.0345), "3.5%"}, {percent(0.345), "34%"}, {percent(0.0001), "<0.1%"}, {percent(0), "0%"}, {percent(nan), "–"},
		{ratio(1.278), "1.28×"}, {ratio(nan), "–"},
		{duration(43100 * time.Nanosecond), "43.1µs"}, {duration(1720 * time.Microsecond), "1.72ms"}, {duration(250 * time.Millisecond), "250ms"},
		{duration(12 * time.Second), "12.0s"},
		{short(500), "500"}, {short(20000), "20k"}, {short(1.5e6), "1.5M"}, {short(2e9), "2G"},
		{plural(1, "client"), "1 client"}, {plural(2000, "client"), "2,000 clients"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestCSV(t *testing.T) {
	r := made()
	r.Targets[0].Name = `a "name", with; all` + "\n that CSV needs"
	rows, err := csv.NewReader(strings.NewReader(shownBy(t, func(w io.Writer) error { return CSV(w, r) }))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(r.Samples)+1 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, s := range r.Samples {
		get := func(name string) string {
			for j, c := range csvColumns {
				if c.name == name {
					return rows[i+1][j]
				}
			}
			t.Fatalf("no column %s", name)
			return ""
		}
		values, _ := strconv.ParseInt(get("values"), 10, 64)
		rate, _ := strconv.ParseFloat(get("values_per_second"), 64)
		p99, _ := strconv.ParseFloat(get("latency_p99"), 64)
		if get("target") != r.Targets[s.Target].Name || values != s.Values || math.Abs(rate-s.ValuesPerSecond()) > rate*1e-6 ||
			math.Abs(p99-s.Latency.Quantile(0.99).Seconds()) > p99*1e-6 || (get("server_cpu_seconds") == "") != (s.ServerCPUSeconds == nil) ||
			(get("lost_kill") == "") != (s.Lost.Kill == nil) {
			t.Fatalf("row %d: %v", i, rows[i+1])
		}
	}
}

// Read back by the package that benchstat reads with.
func TestBenchstat(t *testing.T) {
	r := made()
	r.Targets[1].Name = "pg 15/8 cores-4"
	r.Machine.Model = "Example\n3000  at\t2.5 GHz"
	in := benchfmt.NewReader(strings.NewReader(shownBy(t, func(w io.Writer) error { return Benchstat(w, r) })), "run.txt")
	i := 0
	better := map[string]string{}
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Fatal(rec)
		case *benchfmt.UnitMetadata:
			better[rec.Unit] = rec.Value
		case *benchfmt.Result:
			s := &r.Samples[i]
			i++
			base, parts := rec.Name.Parts()
			if string(base) != "Nextval" || len(parts) != 8 || rec.GetConfig("cpu") != "Example 3000 at 2.5 GHz" {
				t.Fatalf("%s %v", rec.Name, rec.Config)
			}
			if want := []string{"/target=seqd", "/target=pg_15_8_cores-4", "/target=pgbouncer"}[s.Target]; string(parts[0]) != want {
				t.Fatalf("%s, want %s", parts[0], want)
			}
			for _, m := range metrics {
				want, measured := m.of(s)
				got, ok := rec.Value(m.unit)
				if ok != measured || math.Abs(got-want) > 1e-6*want {
					t.Fatalf("%s: %s %v, want %v", rec.Name, m.unit, got, want)
				}
				if better[m.unit] != m.better {
					t.Fatalf("%s: %q is better", m.unit, better[m.unit])
				}
			}
		}
	}
	if err := in.Err(); err != nil || i != len(r.Samples) {
		t.Fatalf("%d of %d results: %v", i, len(r.Samples), err)
	}
}

func TestCompare(t *testing.T) {
	old, new := made(), made()
	for i := range new.Samples {
		s := &new.Samples[i]
		switch s.Target {
		case 0: // the same
		case 1:
			s.Values, s.Statements = s.Values*3/2, s.Statements*3/2
		case 2:
			s.Values, s.Statements = s.Values/2, s.Statements/2
		}
	}
	new.Targets[1].Version = "15.19"
	new.Points[0].Clients = 3
	new.Machine.CPUs = 4
	new.Interrupted = true
	got := shownBy(t, func(w io.Writer) error { return Compare(w, Named{"x/old.json", old}, Named{"y/new.json", new}, 0) })
	golden(t, "compare.txt", got)
	for _, want := range []string{
		"+50.00% better (p=0.008 n=5)", // five against five, all larger: 2/252
		"~ (p=0.100 n=3)",              // half as many, but three rounds can't show it
		"need >= 4 samples", "The machines differ", "Only in old.json: 1 point", "PostgreSQL 15.19 in new.json", "new.json was interrupted"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	other := made()
	for i := range other.Targets {
		other.Targets[i].Name += " of yesterday"
	}
	got = shownBy(t, func(w io.Writer) error { return Compare(w, Named{"a/run.json", old}, Named{"b/run.json", other}, 0) })
	if !strings.Contains(got, "nothing to compare") || !strings.Contains(got, "Only in b/run.json: target seqd of yesterday.") {
		t.Error(got)
	}
}

// With six rounds and more there are confidence intervals.
func TestCompareConfidence(t *testing.T) {
	r := made()
	for i := range 5 * len(r.Points) * 2 {
		s := r.Samples[i]
		s.Round += 5
		r.Samples = append(r.Samples, s)
	}
	got := shownBy(t, func(w io.Writer) error { return Compare(w, Named{"a", r}, Named{"b", r}, 0) })
	if !strings.Contains(got, " ± 2%") || !strings.Contains(got, "the same") {
		t.Error(got)
	}
}

func TestKnee(t *testing.T) {
	for _, tt := range []struct {
		name    string
		medians []float64
		rounds  [][]float64
		want    knee
	}{
		{"none", nil, nil, knee{at: -1, low: -1, high: -1}},
		{"no answers", []float64{0, 0}, [][]float64{{0}, {0}}, knee{at: -1, low: -1, high: -1}},
		{"flat", []float64{100, 101, 99}, nil, knee{}},
		{"just under", []float64{89.9, 100}, nil, knee{at: 1, low: 1, high: 1, open: true}},
		{"just there", []float64{90, 100}, nil, knee{}},
		{"a bend", []float64{10, 50, 91, 95, 100}, nil, knee{at: 2, low: 2, high: 2}},
		{"best in the middle", []float64{10, 100, 60}, nil, knee{at: 1, low: 1, high: 1}},
		{"climbing", []float64{1, 2, 4, 8}, nil, knee{at: 3, low: 3, high: 3, open: true}},
		{"one point", []float64{5}, nil, knee{}},
		{"rounds differ", []float64{80, 91, 100}, [][]float64{{95, 80, 70}, {91, 85, 91}, {100, 100, 100}}, knee{at: 1, low: 0, high: 2}},
		{"a round not whole", []float64{80, 91, 100}, [][]float64{{80, 95}, {91, 91}, {100}}, knee{at: 1, low: 1, high: 1}},
	} {
		rounds := tt.rounds
		if rounds == nil {
			for _, m := range tt.medians {
				rounds = append(rounds, []float64{m})
			}
		}
		if got := kneeOf(tt.medians, rounds); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// The labels of columns and sentences for points of every kind.
func TestAxes(t *testing.T) {
	a := result.Point{Cache: 1, Clients: 1, Protocol: result.Pipelined, Depth: 50, Batch: 1, Session: result.Long}
	b := result.Point{Cache: 2048, Clients: 8, Protocol: result.Simple, Depth: 1, Batch: 20, Session: result.Reconnect, Every: 1}
	if got := said(a, allAxes); got != "CACHE 1, 1 client, 1 value a statement, pipelined 50 statements, one long session a client" {
		t.Error(got)
	}
	if got := said(b, allAxes); got != "CACHE 2,048, 8 clients, 20 values a statement, simple statements, a new session every 1 statement on average" {
		t.Error(got)
	}
	split := axesOf([]result.Point{a, b})
	if len(split.varying) != 5 || len(split.fixed) != 0 {
		t.Errorf("%+v", split)
	}
	// What changes least is the outer column.
	list := []result.Point{a, a, a, a}
	list[1].Cache, list[2].Clients, list[3].Clients, list[3].Cache = 2, 2, 2, 2
	if split = axesOf(list); split.varying[0].id != "clients" || split.varying[1].id != "cache" || len(split.fixed) != 3 {
		t.Errorf("%+v", split)
	}
}

// A disk that is full, a pipe that is closed: it is said.
func TestWritersThatFail(t *testing.T) {
	full := failing{}
	for name, f := range map[string]func() error{
		"table":     func() error { return Table(full, made(), 80) },
		"csv":       func() error { return CSV(full, made()) },
		"benchstat": func() error { return Benchstat(full, made()) },
		"compare":   func() error { return Compare(full, Named{"a", made()}, Named{"b", made()}, 80) },
	} {
		if err := f(); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
