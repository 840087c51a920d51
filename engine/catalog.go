package engine

// Catalog is all definitions of a cluster at one moment. A published Catalog is
// immutable: readers share it without locks, and equality of pointers tells that
// nothing a plan resolved has changed.
type Catalog struct {
	nextOID       OID
	roles         table[OID, *Role]
	roleNames     table[string, OID]
	memberships   table[uint64, *Membership] // by role and member
	memberOf      pairs                      // member, role
	settings      table[uint64, *Setting]    // by database and role
	databases     table[OID, *Database]
	databaseNames table[string, OID]
	notes         notes           // about what is shared
	mentions      table[OID, int] // of roles by databases, see Database.mentions
}

// fork returns a copy that may be written without the original changing.
func (c *Catalog) fork() *Catalog {
	return &Catalog{
		nextOID:       c.nextOID,
		roles:         c.roles.fork(),
		roleNames:     c.roleNames.fork(),
		memberships:   c.memberships.fork(),
		memberOf:      c.memberOf.fork(),
		settings:      c.settings.fork(),
		databases:     c.databases.fork(),
		databaseNames: c.databaseNames.fork(),
		notes:         c.notes.fork(),
		mentions:      c.mentions.fork(),
	}
}

// NextOID is the least OID never yet given to a committed object.
func (c *Catalog) NextOID() OID { return c.nextOID }

// Database returns the database called name.
func (c *Catalog) Database(name string) (*Database, bool) {
	oid, ok := c.databaseNames.get(name)
	if !ok {
		return nil, false
	}
	return c.databases.get(oid)
}

// DatabaseByOID returns a database.
func (c *Catalog) DatabaseByOID(oid OID) (*Database, bool) { return c.databases.get(oid) }

// Databases yields all databases in OID order.
func (c *Catalog) Databases(yield func(*Database) bool) {
	c.databases.all(func(_ OID, d *Database) bool { return yield(d) })
}

// Role returns the role called name.
func (c *Catalog) Role(name string) (*Role, bool) {
	oid, ok := c.roleNames.get(name)
	if !ok {
		return nil, false
	}
	return c.roles.get(oid)
}

// RoleByOID returns a role.
func (c *Catalog) RoleByOID(oid OID) (*Role, bool) { return c.roles.get(oid) }

// Roles yields all roles in OID order.
func (c *Catalog) Roles(yield func(*Role) bool) {
	c.roles.all(func(_ OID, r *Role) bool { return yield(r) })
}

// Membership returns the grant of a role to a member.
func (c *Catalog) Membership(role, member OID) (*Membership, bool) {
	return c.memberships.get(pair(role, member))
}

// Memberships yields all grants of roles, by role and member.
func (c *Catalog) Memberships(yield func(*Membership) bool) {
	c.memberships.all(func(_ uint64, m *Membership) bool { return yield(m) })
}

// MembersOf yields the grants of a role by member.
func (c *Catalog) MembersOf(role OID, yield func(*Membership) bool) {
	c.memberships.from(pair(role, 0), func(_ uint64, m *Membership) bool { return m.Role == role && yield(m) })
}

// RolesOf yields the grants to a member by role.
func (c *Catalog) RolesOf(member OID, yield func(*Membership) bool) {
	c.memberOf.of(member, func(role OID) bool {
		m, _ := c.memberships.get(pair(role, member))
		return yield(m)
	})
}

// Setting returns the settings of a role in a database; 0 is all of them.
func (c *Catalog) Setting(database, role OID) (*Setting, bool) {
	return c.settings.get(pair(database, role))
}

// Settings yields all settings by database and role.
func (c *Catalog) Settings(yield func(*Setting) bool) {
	c.settings.all(func(_ uint64, s *Setting) bool { return yield(s) })
}

// Comment is what COMMENT ON said about something shared: a role, a database.
func (c *Catalog) Comment(class Class, oid OID) (string, bool) { return c.notes.comment(class, oid, 0) }

// Comments yields all comments about what is shared.
func (c *Catalog) Comments(yield func(*Comment) bool) { c.notes.comments(yield) }

// SecurityLabels yields all labels of what is shared.
func (c *Catalog) SecurityLabels(yield func(*SecurityLabel) bool) { c.notes.labels(yield) }

// Mentions tells how often a role stands in the cluster as owner or in an ACL, by
// database; InvalidOID stands for the databases themselves.
func (c *Catalog) Mentions(role OID, yield func(database OID, n int) bool) {
	if n, ok := c.mentions.get(role); ok && !yield(InvalidOID, n) {
		return
	}
	c.databases.all(func(oid OID, d *Database) bool {
		n := d.Mentions(role)
		return n == 0 || yield(oid, n)
	})
}

// sawOID keeps nextOID above every OID that was ever committed.
func (c *Catalog) sawOID(oid OID) {
	if oid >= c.nextOID && oid < FirstTemporaryOID {
		c.nextOID = oid + 1
	}
}
