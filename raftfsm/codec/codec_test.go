package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/raftfsm/logtest"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew: only with a new format version")

func encode(t testing.TB, e Entry) []byte {
	t.Helper()
	b, err := EncodeEntry(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goldenEntries is one entry of each type with every field set.
func goldenEntries() map[string]Entry {
	id := engine.SequenceID{Database: 5, Sequence: 16384}
	state := sequence.State{LastValue: -9223372036854775808, LogCount: 32, IsCalled: true}
	params := sequence.Params{Type: sequence.BigInt, Start: 7, Increment: -3, Min: -9223372036854775808, Max: 100, Cache: 20, Cycle: true}
	seq := engine.Sequence{OID: 16384, Schema: 2200, Name: "Größe \"x\"", Owner: 10, Persistence: engine.Unlogged, Params: params, Version: 77}
	return map[string]Entry{
		"reserve": {Term: 3, Command: &engine.Reserve{Items: []engine.ReserveItem{{ID: id, Epoch: 9, Count: 33}, {ID: id, Epoch: 1 << 60, Count: 1<<64 - 1}}}},
		"release": {Term: 3, Command: &engine.Release{Items: []engine.ReleaseItem{{ID: id, Epoch: 9, State: state}, {ID: id}}}},
		"setval":  {Term: 1<<64 - 1, Request: RequestID{Gateway: 4, Counter: 5}, Command: &engine.SetVal{ID: id, State: state}},
		"commit": {Term: 3, Request: RequestID{Counter: 1}, Command: &engine.Commit{Database: 5, Writes: []engine.Write{
			&engine.PutSequence{Sequence: seq, Expect: 70, Position: &state, ExpectSerial: 71},
			&engine.PutSequence{Sequence: seq, Expect: 70},
			&engine.DropSequence{OID: 16385, Expect: 72},
		}}},
	}
}

// TestGoldenEntries: the bytes of format 1 stay what they are, and stay readable.
func TestGoldenEntries(t *testing.T) {
	for name, e := range goldenEntries() {
		path := filepath.Join("testdata", fmt.Sprintf("entry-v%d-%s.hex", EntryVersion, name))
		got := encode(t, e)
		if *rewrite {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(got)+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: bytes changed:\n got %x\nwant %x", name, got, want)
		}
		back, err := DecodeEntry(want)
		if err != nil || !reflect.DeepEqual(back, e) {
			t.Errorf("%s: read as %+v, %v", name, back, err)
		}
	}
}

func TestEntriesRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		g := logtest.New(seed)
		for range 200 {
			e := Entry{Term: seed, Request: RequestID{Gateway: seed, Counter: seed / 2}, Command: g.Next()}
			b := encode(t, e)
			back, err := DecodeEntry(b)
			if err != nil || !reflect.DeepEqual(back, e) {
				t.Fatalf("%+v\nwas read as %+v, %v", e.Command, back.Command, err)
			}
			if !bytes.Equal(encode(t, back), b) {
				t.Fatal("equal entries, other bytes")
			}
		}
	}
}

// TestEveryBitCounts: no changed or missing byte of an entry goes unnoticed.
func TestEveryBitCounts(t *testing.T) {
	for name, e := range goldenEntries() {
		b := encode(t, e)
		for i := range len(b) * 8 {
			c := bytes.Clone(b)
			c[i/8] ^= 1 << (i % 8)
			if _, err := DecodeEntry(c); err == nil {
				t.Errorf("%s: bit %d was changed unnoticed", name, i)
			}
		}
		for n := range b {
			if _, err := DecodeEntry(b[:n]); err == nil {
				t.Errorf("%s: cut to %d bytes unnoticed", name, n)
			}
		}
	}
}

// seal gives a hand-made entry its checksum.
func seal(b ...byte) []byte {
	sum := crc32.Checksum(b, castagnoli)
	return append(b, byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
}

func TestUnknownEntries(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want string // "": may be skipped
	}{
		{"newer format", seal(2, typeReserve), "format version 2, this program knows up to 1"},
		{"unknown type", seal(1, 0x70, 0x08, 0x03), "type 112: unknown type"},
		{"unknown type that may be skipped", seal(1, 0xf0, 0x08, 0x03), ""},
		{"unknown field", seal(1, typeReserve, 0x20, 0x01), "field 4: unknown field"},
		{"field that may be skipped", seal(1, typeReserve, 0xc2, 0x3e, 0x00), ""}, // field 1000
		{"wrong wire type", seal(1, typeReserve, 0x0d, 1, 2, 3, 4), "field 1: malformed"},
		{"huge length", seal(1, typeReserve, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f), "malformed"},
		{"increment 0", seal(1, typeCommit, 0x1a, 8, 0x12, 6, 0x0a, 4, 0x0a, 2, 0x08, 1), "is unknown"},
	} {
		e, err := DecodeEntry(tt.b)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: read as %+v, %v", tt.name, e, err)
		}
	}
	var version *VersionError
	if _, err := DecodeEntry(seal(9, 1)); !errors.As(err, &version) || version.Have != 9 {
		t.Errorf("version 9: %v", err)
	}
}

// someStore is what a random log leads to.
func someStore(seed uint64, entries int) (*engine.Store, Header) {
	g := logtest.New(seed)
	for range entries {
		g.Next()
	}
	return g.Store(), Header{Index: uint64(entries), Term: 2, Cluster: "golden"}
}

func write(t testing.TB, h Header, s *engine.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSnapshot(&b, h, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSnapshotsRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		s, h := someStore(seed, int(seed)*20)
		b := write(t, h, s)
		back, restored, err := ReadSnapshot(bytes.NewReader(b))
		if err != nil || back != h {
			t.Fatalf("header %+v, %v", back, err)
		}
		if !bytes.Equal(write(t, h, restored), b) {
			t.Fatal("the restored store gives other bytes")
		}
	}
}

// TestGoldenSnapshot: a snapshot that an earlier program wrote is read, and says
// what it said.
func TestGoldenSnapshot(t *testing.T) {
	path := filepath.Join("testdata", "snapshot-v1.bin")
	s, h := someStore(1, 300)
	got := write(t, h, s)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	back, restored, err := ReadSnapshot(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(write(t, back, restored), want) {
		t.Error("what was read is written differently now")
	}
	text, err := os.ReadFile(filepath.Join("testdata", "snapshot-v1.txt"))
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	said := describe(back, restored)
	if *rewrite {
		if err := os.WriteFile(filepath.Join("testdata", "snapshot-v1.txt"), []byte(said), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if said != string(text) {
		t.Errorf("the snapshot says now:\n%s", said)
	}
}

// describe is a store for people to read.
func describe(h Header, s *engine.Store) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v next OID %d\n", h, s.Catalog().NextOID())
	for r := range s.Catalog().Roles {
		fmt.Fprintf(&b, "%+v\n", *r)
	}
	for db := range s.Catalog().Databases {
		fmt.Fprintf(&b, "database %d %s %d\n", db.OID, db.Name, db.Owner)
		for x := range db.Schemas {
			fmt.Fprintf(&b, "%+v\n", *x)
		}
		for x := range db.Sequences {
			fmt.Fprintf(&b, "%+v\n", *x)
		}
	}
	for id, pos := range s.Positions {
		fmt.Fprintf(&b, "%+v %+v\n", id, pos)
	}
	return b.String()
}

func TestDamagedSnapshots(t *testing.T) {
	s, h := someStore(3, 30)
	b := write(t, h, s)
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1 << (i % 8)
		if _, _, err := ReadSnapshot(bytes.NewReader(c)); err == nil {
			t.Errorf("byte %d was changed unnoticed", i)
		}
		if _, _, err := ReadSnapshot(bytes.NewReader(b[:i])); err == nil {
			t.Errorf("cut to %d bytes unnoticed", i)
		}
	}
	if _, _, err := ReadSnapshot(bytes.NewReader(append(bytes.Clone(b), 0))); err == nil {
		t.Error("trailing data unnoticed")
	}
	newer := bytes.Clone(b)
	newer[len(snapshotMagic)] = SnapshotVersion + 1
	var version *VersionError
	if _, _, err := ReadSnapshot(bytes.NewReader(newer)); !errors.As(err, &version) {
		t.Errorf("a newer format: %v", err)
	}
}
