package engine

import (
	"slices"

	"seqd/engine/acl"
)

// Access answers questions about roles as a session in one database sees them; it
// implements acl.Roles. It holds no state of its own: make one where it is needed.
type Access struct {
	Catalog *Catalog
	// Database matters for pg_database_owner, whose only member is the database's
	// owner; nil: nobody is.
	Database *Database
}

// Superuser tells whether a role is a superuser.
func (a Access) Superuser(role OID) bool {
	r, ok := a.Catalog.RoleByOID(role)
	return ok && r.Superuser
}

// Inherits tells whether member has the privileges of role: it is role, a superuser,
// or a member by roles all of which have INHERIT (has_privs_of_role).
func (a Access) Inherits(member, role OID) bool {
	return member == role || a.Superuser(member) || slices.Contains(a.Inherited(member), role)
}

// Inherited are the roles whose privileges member has, itself first.
func (a Access) Inherited(member OID) []OID { return a.closure(member, true, nil) }

// IsMember tells whether member may SET ROLE to role: it is role, a superuser, or a
// member directly or through others, INHERIT or not (is_member_of_role).
func (a Access) IsMember(member, role OID) bool {
	return a.Superuser(member) || a.IsMemberNotSuper(member, role)
}

// IsMemberNotSuper is IsMember, but superusers are members of what they were made
// members of (is_member_of_role_nosuper): against circles of memberships.
func (a Access) IsMemberNotSuper(member, role OID) bool {
	return member == role || slices.Contains(a.closure(member, false, nil), role)
}

// IsAdmin tells whether member may grant role to others (is_admin_of_role).
func (a Access) IsAdmin(member, role OID) bool {
	if a.Superuser(member) {
		return true
	}
	if member == role {
		return false // nobody has the admin option on itself
	}
	admin := false
	a.closure(member, false, func(m *Membership) { admin = admin || (m.Role == role && m.Admin) })
	return admin
}

// closure is all roles that member is a member of, in the order of a search in
// breadth. Roles without INHERIT pass nothing on if inherit is set. each, if not nil,
// sees every grant on the way.
func (a Access) closure(member OID, inherit bool, each func(*Membership)) []OID {
	list := []OID{member}
	add := func(role OID) {
		if !slices.Contains(list, role) {
			list = append(list, role)
		}
	}
	for i := 0; i < len(list); i++ {
		at := list[i]
		if r, ok := a.Catalog.RoleByOID(at); inherit && (!ok || !r.Inherit) {
			continue
		}
		a.Catalog.RolesOf(at, func(m *Membership) bool {
			if each != nil {
				each(m)
			}
			add(m.Role)
			return true
		})
		if a.Database != nil && a.Database.Owner == at {
			add(PgDatabaseOwner)
		}
	}
	return list
}

// Has is which of the privileges a role has on an object with an owner and a list.
// Superusers have them all.
func (a Access) Has(role OID, kind acl.Kind, owner OID, list acl.ACL, want acl.Privileges) acl.Privileges {
	if a.Superuser(role) {
		return want
	}
	have := list.Or(kind, owner).Has(a, role, want)
	if have == want {
		return have
	}
	return have | want&a.Everywhere(role, kind)
}

// Everywhere is what members of pg_read_all_data and pg_write_all_data may do with all
// objects of a kind, granted or not (pg_class_aclmask, pg_namespace_aclmask).
func (a Access) Everywhere(role OID, kind acl.Kind) (have acl.Privileges) {
	reads, writes := acl.Privileges(acl.Select), acl.Insert|acl.Update|acl.Delete
	switch kind {
	case acl.Relation, acl.Column:
	case acl.Sequence:
		writes = acl.Update
	case acl.Schema:
		reads, writes = acl.Usage, acl.Usage
	default:
		return acl.None
	}
	for _, r := range a.Inherited(role) {
		switch r {
		case PgReadAllData:
			have |= reads
		case PgWriteAllData:
			have |= writes
		}
	}
	return have
}

// Owns tells whether a role may do what only an owner may.
func (a Access) Owns(role, owner OID) bool { return a.Inherits(role, owner) }
