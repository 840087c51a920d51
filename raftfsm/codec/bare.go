package codec

import (
	"errors"

	"seqd/engine"
)

// errNotBare says that a cluster of format 1 holds what that format can't say. The
// leader proposes no such thing.
var errNotBare = errors.New("the catalog holds what a snapshot of version 2 can't")

// bareCatalog writes a catalog as version 2 has it: the sequences of database
// postgres, and the four other objects that the first release knew, as it knew them.
func (w *recordWriter) bareCatalog(c *engine.Catalog) {
	w.record(tagRole, func(b []byte) []byte {
		return appendRole(b, &engine.Role{OID: engine.BootstrapSuperuser, Name: "postgres", Superuser: true, CanLogin: true})
	})
	w.record(tagDatabase, func(b []byte) []byte {
		return appendDatabase(b, &engine.DatabaseInfo{OID: engine.PostgresDatabase, Name: "postgres", Owner: engine.BootstrapSuperuser})
	})
	for _, s := range []engine.Schema{{OID: engine.PgCatalogNamespace, Name: "pg_catalog"}, {OID: engine.PublicNamespace, Name: "public"}} {
		s.Owner = engine.BootstrapSuperuser
		w.record(tagSchema, func(b []byte) []byte {
			return appendSchema(appendUint(b, 1, uint64(engine.PostgresDatabase)), &s)
		})
	}
	if count(c) != count(engine.NewCatalog()) {
		w.fail(errNotBare)
	}
	for db := range c.Databases {
		for seq := range db.Sequences {
			if db.OID != engine.PostgresDatabase || formatOfWrite(&engine.PutSequence{Sequence: *seq}) > 1 {
				w.fail(errNotBare)
			}
			w.record(tagSequence, func(b []byte) []byte {
				b = appendUint(b, 1, uint64(db.OID))
				return appendMessage(b, 2, func(b []byte) []byte { return appendSequence(b, seq) })
			})
		}
	}
}

// count is how many objects a catalog holds, sequences aside.
func count(c *engine.Catalog) (n int) {
	one := func(o engine.Object) bool {
		if _, seq := o.(*engine.Sequence); !seq {
			n++
		}
		return true
	}
	c.Shared(one)
	for db := range c.Databases {
		n++
		db.Objects(one)
	}
	return n
}

func (w *recordWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
