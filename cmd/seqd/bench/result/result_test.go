package result

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func pointer[T any](v T) *T { return &v }

// full has every field set, so that a field that is not carried shows.
func full() *Run {
	l := NewLatency()
	l.Record(3*time.Microsecond, 10)
	l.Record(20*time.Millisecond, 1)
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	return &Run{
		Format: Format, Seqd: "0.1.0", Started: at, Finished: at.Add(time.Minute), Command: []string{"pg=host=127.0.0.1"},
		Settings:    Settings{Preset: "cache", Rounds: 3, SecondsPerCell: 1, WarmupSeconds: 0.1, Kill: true},
		Machine:     Machine{CPUs: 2, Model: "m", MemoryBytes: 1 << 34, Kernel: "6", OS: "linux/amd64", Go: "go1.26"},
		Interrupted: true,
		Targets: []Target{{Name: "seqd", DSN: "d", Kind: "seqd", Version: "0.1.0", Local: true, Own: true, Nodes: 3, PrelogMax: pointer(uint64(0)),
			CPUUnknown: "a", LogUnknown: "b", Problem: "c"}},
		Points: []Point{{Cache: 10, Clients: 2, Protocol: Pipelined, Depth: 50, Batch: 7, Session: Discard, Every: 100}},
		Samples: []Sample{{Round: 1, Values: 11, Drawn: 12, Statements: 11, Seconds: 2, Latency: l, ServerCPUSeconds: pointer(0.5), DriverCPUSeconds: 0.25,
			LogRecords: pointer(int64(4)), LogSyncs: pointer(int64(3)), SessionEnds: 2, Discards: 5, OutOfOrder: 1,
			Lost:   Lost{SessionEnd: pointer(int64(1)), Discard: pointer(int64(2)), Kill: pointer(int64(4))},
			Errors: []Error{{SQLState: "2200H", Message: "m", Count: 2}}}},
	}
}

func TestEveryFieldIsCarried(t *testing.T) {
	want := full()
	var unset func(path string, v reflect.Value)
	unset = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[Latency]() {
				return
			}
			for i := range v.NumField() {
				unset(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice:
			unset(path+"[0]", v.Index(0))
		default:
			if v.IsZero() && path != "Run.Samples[0].Target" && path != "Run.Samples[0].Point" {
				t.Errorf("%s is not set by the test", path)
			}
		}
	}
	unset("Run", reflect.ValueOf(*want))
	name := filepath.Join(t.TempDir(), "run.json")
	for range 2 { // over an older one too
		if err := Save(name, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	a, b := want.Samples[0].Latency, got.Samples[0].Latency
	if !a.Equals(b.Histogram) || b.TotalCount() != 11 || b.Quantile(0.5) < 3*time.Microsecond || b.Slowest() < 20*time.Millisecond {
		t.Errorf("latency: %v %v", b.Quantile(0.5), b.Slowest())
	}
	got.Samples[0].Latency = a
	if !reflect.DeepEqual(want, got) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if left, _ := filepath.Glob(name + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDamagedFiles(t *testing.T) {
	var whole bytes.Buffer
	if err := Write(&whole, full()); err != nil {
		t.Fatal(err)
	}
	change := func(old, new string) string {
		if !strings.Contains(whole.String(), old) {
			t.Fatalf("no %q in the file", old)
		}
		return strings.Replace(whole.String(), old, new, 1)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "not a whole saved run"},
		{"cut off", whole.String()[:whole.Len()/2], "not a whole saved run"},
		{"something else", `{"a": 1}`, "no format number"},
		{"a list", `[1]`, "not a whole saved run"},
		{"newer", `{"format": 99, "new": true}`, "format 99, this seqd knows up to 1"},
		{"unknown field", change(`"round": 1`, `"round": 1, "colour": 2`), `unknown field "colour"`},
		{"no such target", change(`"target": 0`, `"target": 7`), "target 7"},
		{"no such point", change(`"point": 0`, `"point": -1`), "point -1"},
		{"histogram", change(`"latency": "`, `"latency": "AAAA`), "damaged"},
		{"more values than drawn", change(`"drawn": 12`, `"drawn": 2`), "counts that can't be"},
		{"zero clients", change(`"clients": 2`, `"clients": 0`), "point 0"},
	} {
		_, err := Read(strings.NewReader(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if errors.Is(err, ErrNewer) != (tt.name == "newer") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	without := full()
	without.Samples[0].Latency = nil
	if err := Write(&whole, without); err == nil || !strings.Contains(err.Error(), "no latency histogram") {
		t.Error(err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Whatever a bit that fell over makes of a file: it is refused, or it is a run.
func TestFallenBits(t *testing.T) {
	var whole bytes.Buffer
	if err := Write(&whole, full()); err != nil {
		t.Fatal(err)
	}
	for i := range whole.Len() {
		text := bytes.Clone(whole.Bytes())
		text[i] ^= 1 << (i % 7)
		if r, err := Read(bytes.NewReader(text)); err == nil {
			if err := Write(&bytes.Buffer{}, r); err != nil {
				t.Errorf("byte %d: read, but not to be written: %v", i, err)
			}
		}
	}
}

func TestRecordBounds(t *testing.T) {
	l := NewLatency()
	l.Record(0, 1)
	l.Record(time.Hour, 1)
	l.Record(-time.Second, 1)
	if l.TotalCount() != 3 || l.Slowest() < 59*time.Second {
		t.Errorf("%d %v", l.TotalCount(), l.Slowest())
	}
	if n := testing.AllocsPerRun(100, func() { l.Record(time.Millisecond, 3) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPointInWords(t *testing.T) {
	for want, p := range map[string]Point{
		"cache 1, 1 client, simple": {Cache: 1, Clients: 1, Protocol: Simple, Depth: 1, Batch: 1, Session: Long},
		"cache 20, 8 clients, pipelined 50 deep, 3 values a statement, discard every 7": {Cache: 20, Clients: 8, Protocol: Pipelined, Depth: 50, Batch: 3, Session: Discard, Every: 7},
	} {
		if p.String() != want {
			t.Errorf("%s, want %s", p, want)
		}
	}
}
