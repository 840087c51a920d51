package acl

// Has is which of the privileges role has under the list: granted to it, to PUBLIC
// or to a role whose privileges it has (aclmask). That superusers have all is for
// the caller to know, since it goes for what has no list, too.
func (a ACL) Has(roles Roles, role OID, want Privileges) (have Privileges) {
	for _, i := range a {
		if i.Grantee == Public || i.Grantee == role {
			have |= i.Held & want
		}
	}
	for _, i := range a {
		if i.Held&want&^have != 0 && i.Grantee != Public && roles.Inherits(role, i.Grantee) {
			have |= i.Held & want
		}
	}
	return have
}

// Options is for which of the privileges role has the grant option.
func (a ACL) Options(roles Roles, owner, role OID, want Privileges) Privileges {
	return a.options(roles, owner, role, want)
}

type inheritance interface{ Inherits(member, role OID) bool }

// direct is how roles look where memberships do not count.
type direct struct{}

func (direct) Inherits(member, role OID) bool { return member == role }

func (a ACL) options(roles inheritance, owner, role OID, want Privileges) (have Privileges) {
	if roles.Inherits(role, owner) {
		return want // the owner has them without a grant
	}
	for _, i := range a {
		if i.Option&want&^have != 0 && i.Grantee != Public && roles.Inherits(role, i.Grantee) {
			have |= i.Option & want
		}
	}
	return have
}

// BestGrantor is as whom role grants the privileges, and for which of them it can
// (select_best_grantor): as the owner if it has the owner's privileges, else as that
// of the roles it has the privileges of that can grant the most.
func (a ACL) BestGrantor(roles Roles, owner, role OID, want Privileges) (grantor OID, can Privileges) {
	if role == owner || roles.Superuser(role) {
		return owner, want
	}
	grantor = role
	for _, r := range roles.Inherited(role) {
		have := a.options(direct{}, owner, r, want)
		if have == want {
			return r, have
		}
		if have.Count() > can.Count() {
			grantor, can = r, have
		}
	}
	return grantor, can
}
