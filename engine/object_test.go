package engine

import (
	"strings"
	"testing"

	"seqd/engine/acl"
	"seqd/protocol/sqlstate"
)

// put commits one object, and returns the error.
func (s *script) put(objects ...Object) error {
	s.t.Helper()
	tx := s.begin()
	for _, o := range objects {
		if err := tx.Put(o); err != nil {
			return err
		}
	}
	if r := s.commit(tx); r.Err != nil {
		return r.Err
	}
	return nil
}

func (s *script) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *script) next() OID {
	s.oid++
	return s.oid
}

func (s *script) wants(err error, code sqlstate.Code, text string) {
	s.t.Helper()
	if sqlstate.CodeOf(err) != code || !strings.Contains(err.Error(), text) {
		s.t.Errorf("%v, not %s %s", err, code, text)
	}
}

func (s *script) table(name string, columns ...string) *Table {
	t := &Table{OID: s.next(), Schema: PublicNamespace, Name: name, Owner: BootstrapSuperuser, Persistence: Permanent}
	for _, c := range columns {
		t.Columns = append(t.Columns, Column{Name: c, Type: 20, Typmod: -1})
	}
	return t
}

func (s *script) db() *Database {
	db, _ := s.store.Catalog().DatabaseByOID(PostgresDatabase)
	return db
}

// TestNamesOfEachClass: PostgreSQL's error for each, within a transaction and for
// the loser of a race.
func TestNamesOfEachClass(t *testing.T) {
	s := newScript(t)
	for _, tt := range []struct {
		make func(oid OID) Object
		code sqlstate.Code
		text string
	}{
		{func(oid OID) Object { return &Role{OID: oid, Name: "n"} }, sqlstate.DuplicateObject, `role "n" already exists`},
		{func(oid OID) Object { return &Schema{OID: oid, Name: "n", Owner: 10} }, sqlstate.DuplicateSchema, `schema "n" already exists`},
		{func(oid OID) Object { return &Table{OID: oid, Schema: PublicNamespace, Name: "n"} }, sqlstate.DuplicateTable, `relation "n" already exists`},
	} {
		a, b := s.begin(), s.begin()
		s.must(a.Put(tt.make(s.next())))
		s.wants(a.Put(tt.make(s.next())), tt.code, tt.text)
		s.must(b.Put(tt.make(s.next())))
		if r := s.commit(a); r.Err != nil {
			t.Fatal(r.Err)
		}
		s.wants(errorOf(s.commit(b)), tt.code, tt.text)
	}
	s.wants(s.begin().CreateSequence(NewSequence{OID: s.next(), Schema: PublicNamespace, Name: "n"}), sqlstate.DuplicateTable, `relation "n" already exists`)
	d, _ := s.store.Catalog().Database("postgres")
	info := d.DatabaseInfo
	info.Name = "template1"
	s.wants(s.put(&info), sqlstate.DuplicateDatabase, `database "template1" already exists`)
}

// TestOvertaken: who changes what another has changed meanwhile is refused.
func TestOvertaken(t *testing.T) {
	s := newScript(t)
	a, b := s.begin(), s.begin()
	for _, tx := range []*Tx{a, b} {
		public, _ := tx.Database().Schema("public")
		next := *public
		next.ACL = acl.ACL{}
		s.must(tx.Put(&next))
	}
	if r := s.commit(a); r.Err != nil {
		t.Fatal(r.Err)
	}
	s.wants(errorOf(s.commit(b)), sqlstate.SerializationFailure, "could not serialize")
}

// TestNothingDangles: two transactions that together would leave a reference to
// nothing behind; the second is refused, and the first stands.
func TestNothingDangles(t *testing.T) {
	type step func(s *script, tx *Tx)
	owned := func(s *script, tx *Tx) {
		table, _ := tx.Database().Relation(PublicNamespace, "t")
		d, _ := CreateOptions(nil)
		s.must(tx.CreateSequence(NewSequence{OID: s.next(), Schema: PublicNamespace, Name: "own", Owner: 10, Persistence: Permanent, Definition: d,
			OwnedBy: OwnedBy{Table: table.Key().OID, Column: 1}}))
	}
	drop := func(name string) step {
		return func(s *script, tx *Tx) {
			r, _ := tx.Database().Relation(PublicNamespace, name)
			s.must(tx.Drop(r.Key()))
		}
	}
	byDefault := func(s *script, tx *Tx) {
		r, _ := tx.Database().Relation(PublicNamespace, "t")
		next := r.(*Table).Clone()
		next.Columns[0].Default = &Default{OID: s.next(), Pieces: []string{"nextval(", ")"}, Sequences: []OID{find(tx, "s").OID}}
		s.must(tx.Put(next))
	}
	index := func(s *script, tx *Tx) {
		r, _ := tx.Database().Relation(PublicNamespace, "t")
		s.must(tx.Put(&Index{OID: s.next(), Schema: PublicNamespace, Name: "i", Table: r.Key().OID, Columns: []IndexColumn{{Number: 1}}}))
	}
	foreign := func(s *script, tx *Tx) {
		r, _ := tx.Database().Relation(PublicNamespace, "t")
		other := s.table("u", "a")
		other.Constraints = []Constraint{{OID: s.next(), Name: "f", Kind: ConstraintForeign, Columns: []int16{1}, References: r.Key().OID}}
		s.must(tx.Put(other))
	}
	inSchema := func(s *script, tx *Tx) {
		n, _ := tx.Database().Schema("n")
		table := s.table("x")
		table.Schema = n.OID
		s.must(tx.Put(table))
	}
	dropSchema := func(s *script, tx *Tx) {
		n, _ := tx.Database().Schema("n")
		s.must(tx.Drop(n.Key()))
	}
	byRole := func(s *script, tx *Tx) {
		r, _ := tx.Catalog().Role("r")
		table := s.table("x")
		table.ACL = acl.ACL{{Grantee: r.OID, Grantor: 10, Held: acl.Select}}
		s.must(tx.Put(table))
	}
	dropRole := func(s *script, tx *Tx) {
		r, _ := tx.Catalog().Role("r")
		s.must(tx.Drop(r.Key()))
	}
	comment := func(s *script, tx *Tx) {
		r, _ := tx.Database().Relation(PublicNamespace, "t")
		s.must(tx.Put(&Comment{Class: ClassRelation, OID: r.Key().OID, Column: 1, Text: "x"}))
	}
	for name, pair := range map[string][2]step{
		"sequence of a table":    {owned, drop("t")},
		"default":                {byDefault, drop("s")},
		"index":                  {index, drop("t")},
		"foreign key":            {foreign, drop("t")},
		"relation in a schema":   {inSchema, dropSchema},
		"role in an ACL":         {byRole, dropRole},
		"comment, table dropped": {drop("t"), comment},
	} {
		for _, swap := range []bool{false, true} {
			first, second := pair[0], pair[1]
			if swap {
				first, second = second, first
			}
			if name == "comment, table dropped" && swap {
				continue // the comment goes with the table
			}
			s := newScript(t)
			s.must(s.put(s.table("t", "a"), &Schema{OID: s.next(), Name: "n", Owner: 10}, &Role{OID: s.next(), Name: "r"}))
			tx := s.begin()
			s.create(tx, "s")
			s.commit(tx)
			a, b := s.begin(), s.begin()
			first(s, a)
			second(s, b)
			if r := s.commit(a); r.Err != nil {
				t.Fatalf("%s: %v", name, r.Err)
			}
			before := s.store.Catalog()
			r := s.commit(b)
			if code := sqlstate.CodeOf(errorOf(r)); code != sqlstate.SerializationFailure && code != sqlstate.UndefinedObject {
				t.Errorf("%s (other order: %v): %v", name, swap, r.Err)
			}
			if s.store.Catalog() != before {
				t.Errorf("%s: a refused commit changed the catalog", name)
			}
		}
	}
}

func errorOf(r Result) error {
	if r.Err == nil {
		return nil
	}
	return r.Err
}

// TestWhatGoesAlong: comments, memberships, settings and default privileges go with
// what they belong to, also if another transaction has just made them.
func TestWhatGoesAlong(t *testing.T) {
	s := newScript(t)
	table, role, schema := s.table("t", "a", "b"), &Role{OID: s.next(), Name: "r"}, &Schema{OID: s.next(), Name: "n", Owner: 10}
	s.must(s.put(table, role, schema))
	drop := s.begin()
	s.must(drop.Put(&Comment{Class: ClassRelation, OID: table.OID, Text: "in the transaction that drops it"}))
	for _, o := range []Object{table, role, schema} {
		s.must(drop.Drop(o.Key()))
	}
	s.must(s.put(
		&Comment{Class: ClassRelation, OID: table.OID, Column: 2, Text: "b"},
		&Comment{Class: ClassRole, OID: role.OID, Text: "r"},
		&SecurityLabel{Class: ClassRole, OID: role.OID, Provider: "p", Label: "l"},
		&Membership{Role: PgMonitor, Member: role.OID},
		&Setting{Role: role.OID, Config: []Parameter{{"a", "b"}}},
		&DefaultACL{OID: s.next(), Role: 10, Schema: schema.OID, Kind: 'S', ACL: acl.ACL{}},
	))
	count := func() (n int) {
		c := s.store.Catalog()
		c.Shared(func(Object) bool { n++; return true })
		s.db().Objects(func(Object) bool { n++; return true })
		return n
	}
	if r := s.commit(drop); r.Err != nil {
		t.Fatal(r.Err)
	}
	fresh := newScript(t)
	if n, want := count(), func() int { s = fresh; return count() }(); n != want {
		t.Errorf("%d objects are left, %d in a fresh cluster", n, want)
	}
}

func TestColumnTakesItsCommentAlong(t *testing.T) {
	s := newScript(t)
	table := s.table("t", "a", "b")
	s.must(s.put(table, &Comment{Class: ClassRelation, OID: table.OID, Column: 1, Text: "a"}, &Comment{Class: ClassRelation, OID: table.OID, Column: 2, Text: "b"}))
	next := table.Clone()
	next.Columns[0].Dropped = true
	s.must(s.put(next))
	if _, there := s.db().Comment(ClassRelation, table.OID, 1); there {
		t.Error("the comment on a dropped column is there")
	}
	if text, _ := s.db().Comment(ClassRelation, table.OID, 2); text != "b" {
		t.Error("the comment on the other column is gone")
	}
}

func TestMembershipCircle(t *testing.T) {
	s := newScript(t)
	a, b := &Role{OID: s.next(), Name: "a"}, &Role{OID: s.next(), Name: "b"}
	s.must(s.put(a, b))
	tx := s.begin()
	s.must(tx.Put(&Membership{Role: a.OID, Member: b.OID}))
	s.must(s.put(&Membership{Role: b.OID, Member: a.OID}))
	s.wants(errorOf(s.commit(tx)), sqlstate.InvalidGrantOperation, `role "a" is a member of role "b"`)
}

func TestDroppedAndMadeAgainInOneTransaction(t *testing.T) {
	s := newScript(t)
	c := &Comment{Class: ClassSchema, OID: PublicNamespace, Text: "new"}
	tx := s.begin()
	s.must(tx.Drop(c.Key()))
	s.must(tx.Put(c))
	if r := s.commit(tx); r.Err != nil {
		t.Fatal(r.Err)
	}
	if text, _ := s.db().Comment(ClassSchema, PublicNamespace, 0); text != "new" {
		t.Error(text)
	}
}

func TestTooLarge(t *testing.T) {
	s := newScript(t)
	s.wants(s.begin().Put(&Comment{Class: ClassSchema, OID: PublicNamespace, Text: strings.Repeat("x", maxObjectSize+1)}),
		sqlstate.ProgramLimitExceeded, "too large")
}

// A transaction may change a schema and then what it has made in it before.
func TestCommitOfASchemaAndItsRelations(t *testing.T) {
	s := newScript(t)
	tx := s.begin()
	d, err := CreateOptions(nil)
	s.must(err)
	s.must(tx.CreateSequence(NewSequence{OID: s.next(), Schema: PublicNamespace, Name: "s", Owner: 10, Persistence: Permanent, Definition: d}))
	public, _ := tx.Database().SchemaByOID(PublicNamespace)
	next := *public
	next.Owner = BootstrapSuperuser
	s.must(tx.Put(&next))
	if r := s.commit(tx); r.Err != nil {
		t.Fatal(r.Err)
	}
}
