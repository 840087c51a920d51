package changes

import (
	"fmt"
	"strconv"

	"seqd/engine"
	"seqd/protocol/parser"
)

// names finds what objects are called at one moment.
type names struct {
	catalog *engine.Catalog
	db      *engine.Database
}

func namesIn(c *engine.Catalog, database engine.OID) names {
	db, _ := c.DatabaseByOID(database)
	return names{c, db}
}

func (n names) object(k engine.Key) engine.Object { return n.catalog.Object(n.db, k) }

// roleName is a role's name as it is; one that is gone is a number, as in an aclitem.
func (n names) roleName(oid engine.OID) string {
	if r, ok := n.catalog.RoleByOID(oid); ok {
		return r.Name
	}
	return strconv.FormatUint(uint64(oid), 10)
}

func (n names) role(oid engine.OID) string { return parser.QuoteIdent(n.roleName(oid)) }

func (n names) schema(oid engine.OID) string {
	if s, ok := n.db.SchemaByOID(oid); ok {
		return parser.QuoteIdent(s.Name)
	}
	return strconv.FormatUint(uint64(oid), 10)
}

func (n names) column(o engine.OwnedBy) string {
	t, ok := n.db.TableByOID(o.Table)
	if !ok {
		return "none"
	}
	name := n.relation(t)
	if c := t.ColumnAt(o.Column); c != nil {
		name += "." + parser.QuoteIdent(c.Name)
	}
	return name
}

func (n names) relation(r engine.Relation) string {
	schema, name := r.Where()
	return n.schema(schema) + "." + parser.QuoteIdent(name)
}

var relationKinds = map[engine.RelationKind]string{engine.KindSequence: "sequence", engine.KindTable: "table", engine.KindIndex: "index"}

// describe is what an object is and how it is called.
func (n names) describe(o engine.Object) string {
	switch o := o.(type) {
	case *engine.Role:
		return "role " + parser.QuoteIdent(o.Name)
	case *engine.Membership:
		return "membership of " + n.role(o.Member) + " in " + n.role(o.Role)
	case *engine.DefaultACL:
		return n.defaultACL(o)
	case *engine.Setting:
		return n.setting(o)
	case *engine.DatabaseInfo:
		return "database " + parser.QuoteIdent(o.Name)
	case *engine.Schema:
		return "schema " + parser.QuoteIdent(o.Name)
	case engine.Relation:
		return relationKinds[o.Kind()] + " " + n.relation(o)
	case *engine.Comment:
		return "comment on " + n.about(o.Class, o.OID, o.Column)
	case *engine.SecurityLabel:
		return "security label on " + n.about(o.Class, o.OID, o.Column)
	}
	return fmt.Sprintf("%T", o)
}

func (n names) defaultACL(d *engine.DefaultACL) string {
	kinds := map[byte]string{'r': "tables", 'S': "sequences", 'f': "functions", 'T': "types", 'n': "schemas"}
	text := "default privileges of " + n.role(d.Role) + " on " + kinds[d.Kind]
	if d.Schema != engine.InvalidOID {
		text += " in schema " + n.schema(d.Schema)
	}
	return text
}

func (n names) setting(s *engine.Setting) string {
	text := "settings of "
	if s.Role == engine.InvalidOID {
		text += "all roles"
	} else {
		text += "role " + n.role(s.Role)
	}
	if db, ok := n.catalog.DatabaseByOID(s.Database); ok {
		text += " in database " + parser.QuoteIdent(db.Name)
	}
	return text
}

// about is what a comment or a label is on.
func (n names) about(class engine.Class, oid engine.OID, column int32) string {
	o := n.object(engine.Key{Class: class, OID: oid})
	if o == nil {
		return fmt.Sprintf("object %d of catalog %d", oid, class)
	}
	text := n.describe(o)
	if t, ok := o.(*engine.Table); ok && column > 0 {
		if c := t.ColumnAt(int16(column)); c != nil {
			text = "column " + parser.QuoteIdent(c.Name) + " of " + text
		}
	}
	return text
}
