package codec

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"seqd/engine"
	"seqd/engine/sequence"
)

// sequences is a store with n sequences.
func sequences(t testing.TB, n int) *engine.Store {
	t.Helper()
	const database, schema, first = 1000, 1001, 2000
	r := engine.NewRestore(engine.OID(first + n))
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.Shared(&engine.DatabaseInfo{OID: database, Name: "d", Owner: engine.BootstrapSuperuser}))
	must(r.In(database, &engine.Schema{OID: schema, Name: "public"}))
	p := sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: 1 << 62, Cache: 1}
	for i := range n {
		oid := engine.OID(first + i)
		must(r.In(database, &engine.Sequence{OID: oid, Schema: schema, Name: fmt.Sprint("s", i), Persistence: engine.Permanent, Params: p}))
		must(r.Position(engine.SequenceID{Database: database, Sequence: oid}, engine.Position{State: sequence.State{LastValue: 1}, Epoch: 1, Serial: 2}))
	}
	s, err := r.Store()
	must(err)
	return s
}

// A snapshot that made garbage for each sequence would have it collected while clients
// wait: of a million that is half a gigabyte.
func TestSnapshotAllocatesNothingPerSequence(t *testing.T) {
	cost := func(n int) float64 {
		s := sequences(t, n)
		return testing.AllocsPerRun(5, func() {
			if err := WriteSnapshot(io.Discard, Header{}, s, &Cluster{Format: formatRecord}); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := cost(10), cost(2000)
	if many > few+100 {
		t.Errorf("%v allocations with 10 sequences, %v with 2,000", few, many)
	}
}

// The first record that is not taken is named, however many follow before that is known.
func TestFeedNamesTheFirstBadRecord(t *testing.T) {
	for _, bad := range []uint64{0, 1, feedBatch - 1, feedBatch, 5000, 9999} {
		const n = 10_000
		r := engine.NewRestore(n + 10)
		if err := r.Shared(&engine.DatabaseInfo{OID: 1, Name: "d"}); err != nil {
			t.Fatal(err)
		}
		var f feed
		told := false
		for f.record = range uint64(n) {
			x := fed{database: 1, object: &engine.Schema{OID: engine.OID(10 + f.record), Name: fmt.Sprint(f.record)}}
			if f.record >= bad {
				x = fed{id: engine.SequenceID{Database: 1, Sequence: 5}}
			}
			if err := f.put(r, x); err != nil {
				told = true
				break
			}
		}
		err := f.end()
		if want := fmt.Sprintf("snapshot record %d: position of sequence 5, which is not there", bad); err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
		if bad < n/2 && !told {
			t.Errorf("%d: all was read to the end", bad)
		}
	}
}

func BenchmarkWriteSnapshot(b *testing.B) {
	const n = 100_000
	s := sequences(b, n)
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteSnapshot(io.Discard, Header{}, s, &Cluster{Format: formatRecord}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/sequence")
}

func BenchmarkReadSnapshot(b *testing.B) {
	const n = 100_000
	var out bytes.Buffer
	if err := WriteSnapshot(&out, Header{}, sequences(b, n), &Cluster{Format: formatRecord}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := ReadSnapshot(bytes.NewReader(out.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/sequence")
}
