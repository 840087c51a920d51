package syscat

import (
	"cmp"
	"slices"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/pgtypes"
)

// ACL is a list as aclitem[], NULL for the default.
func ACL(c *engine.Catalog, list acl.ACL) value {
	if list == nil {
		return null
	}
	elems := make([]value, len(list))
	for i, item := range list {
		elems[i] = text(item.Format(func(role engine.OID) string {
			if r, ok := c.RoleByOID(role); ok {
				return r.Name
			}
			return pgtypes.TextOf(pgtypes.Oid, oid(role))
		}))
	}
	if len(elems) == 0 { // PostgreSQL makes these with a dimension, which psql 18 asks for
		return pgtypes.NewArray(&pgtypes.Array{Elem: pgtypes.AclItem, Dims: []pgtypes.Dim{{Lower: 1}}})
	}
	return pgtypes.List(pgtypes.AclItem, elems)
}

func schemas(env Env, list []*engine.Schema) Rows {
	return each(list, func(row []value, s *engine.Schema) {
		copy(row, []value{oid(s.OID), text(s.Name), oid(s.Owner), ACL(env.Catalog(), s.ACL)})
	})
}

// firstRoles are the predefined roles that initdb makes before those of lower OIDs, and
// lastRoles those that it makes behind greater ones.
var (
	firstRoles = []engine.OID{engine.BootstrapSuperuser, engine.PgDatabaseOwner, engine.PgReadAllData, engine.PgWriteAllData}
	lastRoles  = []engine.OID{engine.PgSignalBackend, engine.PgCheckpoint}
)

// inInitdbOrder puts roles into the order in which PostgreSQL finds them in pg_authid:
// queries that do not sort show it (psql's \du, with the roles that a role is in).
func inInitdbOrder[T any](list []T, role func(T) engine.OID) []T {
	rank := func(oid engine.OID) int {
		switch i := slices.Index(lastRoles, oid); {
		case oid >= engine.FirstNormalObjectID:
			return len(firstRoles) + 1 + len(lastRoles)
		case i >= 0:
			return len(firstRoles) + 1 + i
		}
		if i := slices.Index(firstRoles, oid); i >= 0 {
			return i
		}
		return len(firstRoles)
	}
	slices.SortStableFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(rank(role(a)), rank(role(b))), cmp.Compare(role(a), role(b)))
	})
	return list
}

func roleOID(r *engine.Role) engine.OID { return r.OID }

func roleRow(row []value, r *engine.Role) {
	password := null
	if r.Password != "" {
		password = text(r.Password)
	}
	copy(row, []value{
		oid(r.OID), text(r.Name), flag(r.Superuser), flag(r.Inherit), flag(r.CreateRole), flag(r.CreateDB), flag(r.CanLogin),
		flag(r.Replication), flag(r.BypassRLS), num(int64(r.ConnectionLimit)), password, timeValue(r.ValidUntil),
	})
}

// timeValue is a time, which may be infinite, as timestamptz.
func timeValue(t engine.Time) value {
	if !t.Set {
		return null
	}
	return num(t.Micros) // both count from 2000
}

func memberRow(row []value, m *engine.Membership) {
	copy(row, []value{oid(m.Role), oid(m.Member), oid(m.Grantor), flag(m.Admin)})
}

// utf8 is the encoding's number, PG_UTF8.
const utf8 = 6

func databases(env Env, list []*engine.Database) Rows {
	return each(list, func(row []value, d *engine.Database) {
		copy(row, []value{
			oid(d.OID), text(d.Name), oid(d.Owner), num(utf8), char('c'), flag(d.IsTemplate), flag(d.AllowConnections),
			num(int64(d.ConnectionLimit)), num(717), num(1), num(defaultTablespace), text("C"), text("C"), null, null, ACL(env.Catalog(), d.ACL),
		})
	})
}

func settingRow(row []value, s *engine.Setting) {
	var list []value
	for _, p := range s.Config {
		list = append(list, text(p.Name+"="+p.Value))
	}
	copy(row, []value{oid(s.Database), oid(s.Role), pgtypes.List(pgtypes.Text, list)})
}

func defaultACLRows(env Env) Rows {
	return each(collect(env.Database().DefaultACLs), func(row []value, d *engine.DefaultACL) {
		copy(row, []value{oid(d.OID), oid(d.Role), oid(d.Schema), char(d.Kind), ACL(env.Catalog(), d.ACL)})
	})
}

func commentRow(row []value, c *engine.Comment) {
	copy(row, []value{oid(c.OID), oid(engine.OID(c.Class)), num(int64(c.Column)), text(c.Text)})
}

// commentsOf are the comments about an object of any class, its columns included.
func commentsOf(env Env, key value) Rows {
	var list []*engine.Comment
	for _, class := range []engine.Class{engine.ClassRelation, engine.ClassSchema, engine.ClassConstraint, engine.ClassDefault} {
		env.Database().CommentsAbout(class, keyOID(key), func(c *engine.Comment) bool {
			list = append(list, c)
			return true
		})
	}
	return each(list, commentRow)
}

func sharedCommentRow(row []value, c *engine.Comment) {
	copy(row, []value{oid(c.OID), oid(engine.OID(c.Class)), text(c.Text)})
}

// securityLabels are the labels of a database, and what seqd says as the provider of
// one: the order of a sequence, where it is not the default.
func securityLabels(env Env) []*engine.SecurityLabel {
	list := collect(env.Database().SecurityLabels)
	for seq := range env.Database().Sequences {
		if seq.Order != engine.OrderStrict {
			list = append(list, &engine.SecurityLabel{Class: engine.ClassRelation, OID: seq.OID,
				Provider: "seqd", Label: "order=" + seq.Order.String()})
		}
	}
	return list
}

func labelRow(row []value, l *engine.SecurityLabel) {
	copy(row, []value{oid(l.OID), oid(engine.OID(l.Class)), num(int64(l.Column)), text(l.Provider), text(l.Label)})
}

func sharedLabelRow(row []value, l *engine.SecurityLabel) {
	copy(row, []value{oid(l.OID), oid(engine.OID(l.Class)), text(l.Provider), text(l.Label)})
}

// sharedDependRows say which roles stand where: as owners (o) and in ACLs (a).
// PostgreSQL leaves out those that can't be dropped.
func sharedDependRows(env Env) Rows {
	var rows [][]value
	add := func(database, class, object, owner engine.OID, list acl.ACL) {
		entry := func(role engine.OID, kind byte) {
			if role >= engine.FirstNormalObjectID {
				rows = append(rows, []value{oid(database), oid(class), oid(object), num(0), num(authidCatalog), oid(role), char(kind)})
			}
		}
		entry(owner, 'o')
		seen := map[engine.OID]bool{owner: true}
		list.Roles(func(role engine.OID) bool {
			if !seen[role] {
				seen[role] = true
				entry(role, 'a')
			}
			return true
		})
	}
	db := env.Database()
	db.Schemas(func(s *engine.Schema) bool { add(db.OID, namespaceCatalog, s.OID, s.Owner, s.ACL); return true })
	db.Sequences(func(s *engine.Sequence) bool { add(db.OID, classCatalog, s.OID, s.Owner, s.ACL); return true })
	db.Tables(func(t *engine.Table) bool { add(db.OID, classCatalog, t.OID, t.Owner, t.ACL); return true })
	db.DefaultACLs(func(d *engine.DefaultACL) bool {
		add(db.OID, engine.OID(engine.ClassDefaultACL), d.OID, d.Role, d.ACL)
		return true
	})
	env.Catalog().Databases(func(d *engine.Database) bool { add(0, databaseCatalog, d.OID, d.Owner, d.ACL); return true })
	return each(rows, fillRow)
}
