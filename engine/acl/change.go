package acl

import (
	"slices"

	"seqd/protocol/sqlstate"
)

// Roles is what this package has to know of roles.
type Roles interface {
	// Inherits tells whether member has the privileges of role: it is role, is a
	// superuser, or comes to it through memberships of roles that inherit.
	Inherits(member, role OID) bool
	Superuser(role OID) bool
	// Inherited are the roles whose privileges member has, member first, the others
	// in the order of a search in breadth.
	Inherited(member OID) []OID
	// Everywhere are the privileges that a role has on every object of a kind, whatever
	// its list says: by pg_read_all_data and pg_write_all_data.
	Everywhere(role OID, kind Kind) Privileges
}

// Change is one GRANT or REVOKE of a list: privileges of one grantee by one grantor.
type Change struct {
	Grantee, Grantor OID
	Privileges       Privileges
	// Revoke takes away instead of giving.
	Revoke bool
	// Option: GRANT … WITH GRANT OPTION, or REVOKE GRANT OPTION FOR, which leaves the
	// privilege itself. (A REVOKE of the privilege takes the option along.)
	Option bool
	// Cascade revokes what the grantee passed on; without it that is an error.
	Cascade bool
}

// Apply returns the list after a change. The list is the real one, not nil.
func (a ACL) Apply(roles Roles, owner OID, c Change) (ACL, error) {
	item := Item{Grantee: c.Grantee, Grantor: c.Grantor}
	if !c.Revoke || !c.Option {
		item.Held = c.Privileges
	}
	if c.Revoke || c.Option {
		item.Option = c.Privileges
	}
	return a.update(roles, owner, item, c.Revoke, c.Cascade)
}

// update is PostgreSQL's aclupdate: an item found is changed in its place, a new one
// stands at the end, one without privileges goes.
func (a ACL) update(roles Roles, owner OID, mod Item, revoke, cascade bool) (ACL, error) {
	if !revoke && mod.Option != None {
		if err := a.refuseCircle(roles, owner, mod); err != nil {
			return nil, err
		}
	}
	next := append(make(ACL, 0, len(a)+1), a...)
	i := slices.IndexFunc(next, func(x Item) bool { return x.Grantee == mod.Grantee && x.Grantor == mod.Grantor })
	if i < 0 {
		i = len(next)
		next = append(next, Item{Grantee: mod.Grantee, Grantor: mod.Grantor})
	}
	before := next[i].Option
	if revoke {
		next[i].Held &^= mod.Held
		next[i].Option &^= mod.Option
	} else {
		next[i].Held |= mod.Held
		next[i].Option |= mod.Option
	}
	lost := before &^ next[i].Option
	if next[i].Held == None && next[i].Option == None {
		next = slices.Delete(next, i, i+1)
	}
	if lost == None {
		return next, nil
	}
	return next.abandon(roles, owner, mod.Grantee, lost, cascade)
}

// abandon revokes what a role granted by an option that it has lost (recursive_revoke).
func (a ACL) abandon(roles Roles, owner, grantee OID, lost Privileges, cascade bool) (ACL, error) {
	if grantee == owner {
		return a, nil // whose options nobody can take
	}
	// It may hold the option from another grantor still.
	lost &^= a.options(roles, owner, grantee, lost)
	for lost != None {
		i := slices.IndexFunc(a, func(x Item) bool { return x.Grantor == grantee && x.Held&lost != 0 })
		if i < 0 {
			break
		}
		if !cascade {
			return nil, sqlstate.New(sqlstate.DependentObjectsStillExist, "dependent privileges exist").
				WithHint("Use CASCADE to revoke them too.")
		}
		var err error
		if a, err = a.update(roles, owner, Item{Grantee: a[i].Grantee, Grantor: grantee, Held: lost, Option: lost}, true, true); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// refuseCircle refuses a grant option that comes back to who it comes from: a circle
// would keep itself alive after the grant that began it is gone.
func (a ACL) refuseCircle(roles Roles, owner OID, mod Item) error {
	if mod.Grantor == owner {
		return nil
	}
	// What has the grantor without the grantee?
	without := slices.Clone(a)
	for {
		i := slices.IndexFunc(without, func(x Item) bool { return x.Grantee == mod.Grantee && x.Option != None })
		if i < 0 {
			break
		}
		var err error
		if without, err = without.update(roles, owner, without[i], true, true); err != nil {
			return err
		}
	}
	if mod.Option&^without.options(roles, owner, mod.Grantor, mod.Option) != None {
		return sqlstate.New(sqlstate.InvalidGrantOperation, "grant options cannot be granted back to your own grantor")
	}
	return nil
}

// NewOwner is the list after a change of the owner (aclnewowner): the new one takes
// the old one's place as grantee and grantor.
func (a ACL) NewOwner(old, owner OID) ACL {
	if a == nil {
		return nil
	}
	next := make(ACL, 0, len(a))
	for _, i := range a {
		if i.Grantee == old {
			i.Grantee = owner
		}
		if i.Grantor == old {
			i.Grantor = owner
		}
		same := slices.IndexFunc(next, func(x Item) bool { return x.Grantee == i.Grantee && x.Grantor == i.Grantor })
		if same < 0 {
			next = append(next, i)
			continue
		}
		next[same].Held |= i.Held
		next[same].Option |= i.Option
	}
	return next
}

// Without is the list without anything that a role granted or was granted (DROP OWNED).
func (a ACL) Without(roles Roles, owner, role OID) (ACL, error) {
	for a != nil {
		i := slices.IndexFunc(a, func(x Item) bool { return x.Grantee == role || x.Grantor == role })
		if i < 0 {
			break
		}
		next, err := a.update(roles, owner, a[i], true, true)
		if err != nil {
			return nil, err
		}
		a = next
	}
	return a, nil
}
