package changes

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/sequence"
)

const (
	joe = engine.FirstNormalObjectID + iota
	ann
	orders
	items
)

// world is a catalog with a role joe, a sequence orders at 41 and a table items.
func world(t *testing.T) *engine.Store {
	t.Helper()
	store := engine.NewStore()
	tx := engine.Begin(store.Catalog(), engine.PostgresDatabase)
	put(t, tx, &engine.Role{OID: joe, Name: "joe", Inherit: true, ConnectionLimit: -1, Password: "SCRAM-SHA-256$4096:first"})
	put(t, tx, &engine.Role{OID: ann, Name: "an\nn", ConnectionLimit: -1})
	put(t, tx, &engine.Table{OID: items, Schema: engine.PublicNamespace, Name: "items", Owner: joe, Persistence: engine.Permanent,
		Columns: []engine.Column{{Name: "id", Typmod: -1}}})
	params := sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: math.MaxInt64, Cache: 1}
	err := tx.CreateSequence(engine.NewSequence{OID: orders, Schema: engine.PublicNamespace, Name: "orders", Owner: joe,
		Persistence: engine.Permanent, Definition: engine.Definition{Params: params, State: sequence.State{LastValue: 41, IsCalled: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if r := store.Apply(1, tx.Commit()); r.Err != nil {
		t.Fatal(r.Err)
	}
	return store
}

func put(t *testing.T, tx *engine.Tx, o engine.Object) {
	t.Helper()
	if err := tx.Put(o); err != nil {
		t.Fatal(err)
	}
}

// TestOf: what a transaction did, in words.
func TestOf(t *testing.T) {
	role := func(tx *engine.Tx, change func(*engine.Role)) *engine.Role {
		r, _ := tx.Catalog().RoleByOID(joe)
		next := *r
		change(&next)
		return &next
	}
	seq := func(tx *engine.Tx) *engine.Sequence {
		s, _ := tx.Database().SequenceByOID(orders)
		return s
	}
	rewrite := func(t *testing.T, tx *engine.Tx, increment int64, at sequence.State) {
		s := *seq(tx)
		s.Params.Increment = increment
		if err := tx.AlterSequence(&s, engine.Definition{Params: s.Params, State: at}, engine.Position{Serial: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		do   func(*testing.T, *engine.Tx)
		want []string // kind, action, object, old and new
	}{
		{"nothing", func(*testing.T, *engine.Tx) {}, nil},
		{"a password", func(t *testing.T, tx *engine.Tx) {
			put(t, tx, role(tx, func(r *engine.Role) { r.Password = "SCRAM-SHA-256$4096:second" }))
		}, []string{"privilege change|ALTER|role joe|password=set|password=changed"}},
		{"no password any more", func(t *testing.T, tx *engine.Tx) {
			put(t, tx, role(tx, func(r *engine.Role) { r.Password, r.Superuser = "", true }))
		}, []string{"privilege change|ALTER|role joe|superuser=false password=set|superuser=true password=none"}},
		{"VALID UNTIL", func(t *testing.T, tx *engine.Tx) {
			put(t, tx, role(tx, func(r *engine.Role) { r.ValidUntil = engine.Time{Set: true, Micros: 86400e6} }))
		}, []string{"privilege change|ALTER|role joe|valid_until=none|valid_until=2000-01-02T00:00:00Z"}},
		{"a member", func(t *testing.T, tx *engine.Tx) {
			put(t, tx, &engine.Membership{Role: joe, Member: ann, Grantor: engine.BootstrapSuperuser})
		}, []string{`privilege change|CREATE|membership of "an` + "\n" + `n" in joe||admin=false grantor=postgres`}},
		{"GRANT", func(t *testing.T, tx *engine.Tx) {
			next := *seq(tx)
			next.ACL = acl.ACL{{Grantee: ann, Grantor: joe, Held: acl.Usage, Option: acl.Usage}}
			put(t, tx, &next)
		}, []string{"privilege change|ALTER|sequence public.orders|acl=default|acl={\"an\nn\"=U*/joe}"}},
		{"an owner and a name", func(t *testing.T, tx *engine.Tx) {
			next := *seq(tx)
			next.Owner, next.Name = ann, `o"o`
			put(t, tx, &next)
		}, []string{
			"privilege change|ALTER|sequence public.orders|owner=joe|owner=\"an\nn\"",
			`definition|ALTER|sequence public.orders|name="orders"|name="o\"o"`,
		}},
		{"RESTART", func(t *testing.T, tx *engine.Tx) { rewrite(t, tx, 1, sequence.State{LastValue: 1}) }, []string{
			"definition|ALTER|sequence public.orders|last_value=41 is_called=true|last_value=1 is_called=false",
			"sequence moved back|ALTER|sequence public.orders|last_value=41 is_called=true|last_value=1 is_called=false",
		}},
		{"INCREMENT", func(t *testing.T, tx *engine.Tx) { rewrite(t, tx, 3, sequence.State{LastValue: 41, IsCalled: true}) },
			[]string{"definition|ALTER|sequence public.orders|increment=1|increment=3"}},
		{"a column's list", func(t *testing.T, tx *engine.Tx) {
			table, _ := tx.Database().TableByOID(items)
			next := table.Clone()
			next.Columns[0].ACL = acl.ACL{{Grantee: acl.Public, Grantor: joe, Held: acl.Select}}
			put(t, tx, next)
		}, []string{"privilege change|ALTER|table public.items||acl(id)={=r/joe}"}},
		{"a comment", func(t *testing.T, tx *engine.Tx) {
			put(t, tx, &engine.Comment{Class: engine.ClassRelation, OID: items, Column: 1, Text: "a\nb"})
		}, []string{`definition|CREATE|comment on column id of table public.items||text="a\nb"`}},
		{"a dropped table", func(t *testing.T, tx *engine.Tx) {
			if err := tx.Drop(engine.RelationKey(items)); err != nil {
				t.Fatal(err)
			}
		}, []string{`definition|DROP|table public.items|name="items" schema=public owner=joe acl=default columns="id" constraints="" persistence=p|`}},
		{"made and dropped", func(t *testing.T, tx *engine.Tx) {
			put(t, tx, &engine.Schema{OID: items + 1, Name: "x", Owner: joe})
			if err := tx.Drop(engine.Key{Class: engine.ClassSchema, OID: items + 1}); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tx := engine.Begin(world(t).Catalog(), engine.PostgresDatabase)
			tt.do(t, tx)
			commit := tx.Commit()
			if commit == nil {
				commit = &engine.Commit{}
			}
			var got []string
			for _, c := range Of(&Transaction{Before: tx.Base(), After: tx.Catalog(), Database: engine.PostgresDatabase, Commit: commit,
				Positions: map[engine.OID]sequence.State{orders: {LastValue: 41, IsCalled: true}}}) {
				got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s", c.Kind, c.Action, c.Object, c.Old, c.New))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestMovedBack(t *testing.T) {
	at := func(v int64, called bool) sequence.State { return sequence.State{LastValue: v, IsCalled: called} }
	for _, tt := range []struct {
		increment int64
		was, is   sequence.State
		want      bool
	}{
		{1, at(5, true), at(6, true), false},
		{1, at(5, true), at(5, true), false},
		{1, at(5, true), at(5, false), true},
		{1, at(5, false), at(5, true), false},
		{1, at(5, true), at(4, true), true},
		{-1, at(5, true), at(4, true), false},
		{-1, at(5, true), at(6, true), true},
		{-1, at(5, true), at(5, false), true},
		{1, at(math.MaxInt64, true), at(math.MinInt64, true), true},
		{-1, at(math.MinInt64, true), at(math.MaxInt64, true), true},
	} {
		if _, got := MovedBack(sequence.Params{Increment: tt.increment}, tt.was, tt.is); got != tt.want {
			t.Errorf("increment %d, %v to %v: %t", tt.increment, tt.was, tt.is, got)
		}
	}
}
