package codec

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
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
	"seqd/engine/acl"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/lease"
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
	holder := lease.Record{Holder: "node-a", Boot: "b", Term: 3, Millis: 1500}
	seq := engine.Sequence{OID: 16384, Schema: 2200, Name: "Größe \"x\"", Owner: 10, Persistence: engine.Unlogged, Params: params, Version: 77}
	ordered := seq
	ordered.Order = engine.OrderNode
	owned := seq
	owned.ACL = acl.ACL{{Grantee: 16385, Grantor: 10, Held: acl.Usage | acl.Select, Option: acl.Usage}, {Grantor: 10, Held: acl.Select}}
	owned.OwnedBy = engine.OwnedBy{Table: 16386, Column: 3, Identity: true}
	return map[string]Entry{
		"reserve": {Term: 3, Command: &engine.Reserve{Items: []engine.ReserveItem{{ID: id, Epoch: 9, Count: 33}, {ID: id, Epoch: 1 << 60, Count: 1<<64 - 1}}}},
		"release": {Term: 3, Command: &engine.Release{Items: []engine.ReleaseItem{{ID: id, Epoch: 9, State: state}, {ID: id}}}},
		"setval":  {Term: 1<<64 - 1, Request: Request{Gateway: 4, Counter: 5}, Command: &engine.SetVal{ID: id, State: state}},
		"commit": {Term: 3, Request: Request{Counter: 1}, Command: &engine.Commit{Database: 5, Writes: []engine.Write{
			&engine.PutSequence{Sequence: seq, Expect: 70, Position: &state, ExpectSerial: 71},
			&engine.PutSequence{Sequence: seq, Expect: 70},
			&engine.DropSequence{OID: 16385, Expect: 72},
		}}},
		"order":   {Term: 3, Command: &engine.Commit{Database: 5, Writes: []engine.Write{&engine.PutSequence{Sequence: ordered, Expect: 70}}}},
		"retry":   {Term: 3, Request: Request{Gateway: 1<<64 - 1, Counter: 7, AckBelow: 6}, Command: &engine.SetVal{ID: id, State: state}},
		"lease":   {Term: 3, Lease: &Lease{Record: holder, Asked: 1 << 50}},
		"leased":  {Term: 3, Lease: &Lease{Record: holder, Asked: 1 << 50}, Command: &engine.Reserve{Items: []engine.ReserveItem{{ID: id, Epoch: 9, Count: 33}}}},
		"member":  {Term: 3, Member: &PutMember{Member: Member{ID: "a", Address: "[::1]:5434", Version: 2, Voter: true}, Gone: true}},
		"skipall": {Term: 3, Request: Request{Gateway: 4, Counter: 5}, Command: &engine.SkipAll{Steps: 1<<64 - 1}},
		"format":  {Term: 3, Format: 2},
		"objects": {Term: 3, Command: &engine.Commit{Database: 5, Writes: append(everyObject(),
			&engine.Drop{Key: engine.Key{Class: engine.ClassSecurityLabel, OID: 16384, Second: 1259, Sub: -1, Provider: "p"}, Expect: 72},
			&engine.PutSequence{Sequence: owned, Expect: 70},
		)}},
		"create-database": {Term: 3, Command: &engine.CreateDatabase{Database: *someDatabase(), Template: 1,
			Exact: []engine.ReleaseItem{{ID: id, Epoch: 9, State: state}}}},
		"drop-database": {Term: 3, Command: &engine.DropDatabase{OID: 16399, Expect: 88}},
	}
}

// TestGoldenEntries: the bytes of every format stay what they are, and stay readable.
func TestGoldenEntries(t *testing.T) {
	for name, e := range goldenEntries() {
		path := filepath.Join("testdata", fmt.Sprintf("entry-v%d-%s.hex", FormatOf(e), name))
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
		g.Objects = true
		for range 200 {
			e := Entry{Term: seed, Request: Request{Gateway: seed, Counter: seed / 2}, Command: g.Next()}
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
		{"lease of nobody", seal(1, typeLease, 0x08, 0x03, 0x22, 0), "is impossible"},
		{"lease that lacks one", seal(1, typeLease, 0x08, 0x03), "malformed"},
		{"member without an ID", seal(1, typeMember, 0x08, 0x03), "without an ID"},
		{"newer format", seal(3, typeReserve), "format version 3, this program knows up to 2"},
		{"newer type in an older format", seal(1, typeSkipAll, 0x08, 0x03), "malformed"},
		{"newer format of the cluster", seal(2, typeFormat, 0x08, 0x03, 0x1a, 2, 0x08, 3), "the cluster has format version 3, this program knows up to 2"},
		{"no format of the cluster", seal(2, typeFormat, 0x08, 0x03), "malformed"},
		{"unknown type", seal(1, 0x70, 0x08, 0x03), "type 112: unknown type"},
		{"unknown type that may be skipped", seal(1, 0xf0, 0x08, 0x03), ""},
		{"unknown field", seal(1, typeReserve, 0x28, 0x01), "field 5: unknown field"},
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
	g.Objects = seed%2 == 1 // goes with someCluster, which has format 2
	for range entries {
		g.Next()
	}
	return g.Store(), Header{Index: uint64(entries), Term: 2, Cluster: "golden"}
}

// someCluster has every field set, and results of every shape.
func someCluster() *Cluster {
	id := engine.SequenceID{Database: 5, Sequence: 16384}
	return &Cluster{
		Format: 2, Largest: 1 << 63,
		Lease:   lease.Record{Holder: "a", Boot: "b", Term: 3, Millis: 1500},
		Members: []Member{{ID: "a", Address: "127.0.0.1:1", Version: 2, Voter: true}, {ID: "b", Address: "127.0.0.1:2"}},
		Gateways: []Gateway{
			{ID: 1, Used: 9},
			{ID: 7, Used: 20, Below: 3, Results: []Outcome{
				{Counter: 3, Result: engine.Result{Err: &sqlstate.Error{Severity: "ERROR", Code: sqlstate.UndefinedTable, Message: "m",
					Detail: "d", Hint: "h", Where: "w", Position: 4}}},
				{Counter: 5, Result: engine.Result{Effects: []engine.Effect{
					{Kind: engine.EffectReset, ID: id, Epoch: 12, State: sequence.State{LastValue: -3, LogCount: 1, IsCalled: true}},
					{Kind: engine.EffectReserved, ID: id, Epoch: 12, Block: sequence.Block{First: -1, Last: -9, Increment: -2}},
				}}},
				{Counter: 1 << 63},
			}},
		},
	}
}

func write(t testing.TB, h Header, s *engine.Store, c *Cluster) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSnapshot(&b, h, s, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSnapshotsRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		s, h := someStore(seed, int(seed)*20)
		c := &Cluster{}
		if seed%2 == 1 {
			c = someCluster()
		}
		b := write(t, h, s, c)
		back, restored, cluster, err := ReadSnapshot(bytes.NewReader(b))
		if err != nil || back != h {
			t.Fatalf("header %+v, %v", back, err)
		}
		if !reflect.DeepEqual(cluster, c) {
			t.Fatalf("%+v\nwas read as %+v", c, cluster)
		}
		if !bytes.Equal(write(t, h, restored, cluster), b) {
			t.Fatal("the restored store gives other bytes")
		}
	}
}

// TestClusterRecordsInDisorder: what no FSM writes is refused.
func TestClusterRecordsInDisorder(t *testing.T) {
	s, h := someStore(1, 10)
	for name, change := range map[string]func(*Cluster){
		"members":            func(c *Cluster) { c.Members[0], c.Members[1] = c.Members[1], c.Members[0] },
		"gateways":           func(c *Cluster) { c.Gateways[0].ID = 7 },
		"results":            func(c *Cluster) { c.Gateways[1].Results[0].Counter = 6 },
		"forgotten result":   func(c *Cluster) { c.Gateways[1].Below = 4 },
		"lease beyond a day": func(c *Cluster) { c.Lease.Millis = maxLease + 1 },
	} {
		c := someCluster()
		change(c)
		if _, _, _, err := ReadSnapshot(bytes.NewReader(write(t, h, s, c))); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

// TestGoldenSnapshots: snapshots that this and earlier programs wrote are read, and
// say what they said.
func TestGoldenSnapshots(t *testing.T) {
	for version := 1; version <= SnapshotVersion; version++ {
		name := filepath.Join("testdata", fmt.Sprintf("snapshot-v%d", version))
		if *rewrite && version == SnapshotVersion {
			s, h := someStore(1, 300)
			if err := os.WriteFile(name+".bin", write(t, h, s, someCluster()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(name + ".bin")
		if err != nil {
			t.Fatal(err)
		}
		h, s, c, err := ReadSnapshot(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if version == SnapshotVersion && !bytes.Equal(write(t, h, s, c), b) {
			t.Error("what was read is written differently now")
		}
		said := describe(h, s)
		if version > 1 {
			said += describeCluster(c)
		} else if !reflect.DeepEqual(c, &Cluster{}) {
			t.Errorf("version 1 knows no %+v", c)
		}
		if *rewrite {
			if err := os.WriteFile(name+".txt", []byte(said), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if said != string(text) {
			t.Errorf("the snapshot says now:\n%s", said)
		}
	}
}

func describeCluster(c *Cluster) string {
	var b strings.Builder
	fmt.Fprintf(&b, "lease %+v\n", c.Lease)
	for _, m := range c.Members {
		fmt.Fprintf(&b, "member %+v\n", m)
	}
	for _, g := range c.Gateways {
		fmt.Fprintf(&b, "gateway %d used %d below %d\n", g.ID, g.Used, g.Below)
		for _, o := range g.Results {
			fmt.Fprintf(&b, "%d: %v %+v\n", o.Counter, o.Result.Err, o.Result.Effects)
		}
	}
	if c.Format != 0 {
		fmt.Fprintf(&b, "format %d largest reservation %d\n", c.Format, c.Largest)
	}
	return b.String()
}

// describe is a store for people to read.
func describe(h Header, s *engine.Store) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v next OID %d\n", h, s.Catalog().NextOID())
	say := func(o engine.Object) bool {
		text, err := json.Marshal(o)
		fmt.Fprintf(&b, "%T %s\n", o, text)
		return err == nil
	}
	s.Catalog().Shared(say)
	for db := range s.Catalog().Databases {
		say(&db.DatabaseInfo)
		db.Objects(say)
	}
	for id, pos := range s.Positions {
		fmt.Fprintf(&b, "%+v %+v\n", id, pos)
	}
	return b.String()
}

func TestDamagedSnapshots(t *testing.T) {
	s, h := someStore(3, 30)
	b := write(t, h, s, someCluster())
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1 << (i % 8)
		if _, _, _, err := ReadSnapshot(bytes.NewReader(c)); err == nil {
			t.Errorf("byte %d was changed unnoticed", i)
		}
		if _, _, _, err := ReadSnapshot(bytes.NewReader(b[:i])); err == nil {
			t.Errorf("cut to %d bytes unnoticed", i)
		}
	}
	if _, _, _, err := ReadSnapshot(bytes.NewReader(append(bytes.Clone(b), 0))); err == nil {
		t.Error("trailing data unnoticed")
	}
	newer := bytes.Clone(b)
	newer[len(snapshotMagic)] = SnapshotVersion + 1
	var version *VersionError
	if _, _, _, err := ReadSnapshot(bytes.NewReader(newer)); !errors.As(err, &version) {
		t.Errorf("a newer format: %v", err)
	}
}
