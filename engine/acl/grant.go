package acl

import "seqd/protocol/sqlstate"

// Grant is a GRANT or REVOKE as it was written.
type Grant struct {
	Grantees   []OID
	Privileges Privileges
	// All: ALL PRIVILEGES, of which it is no news that some can't be granted.
	All     bool
	Revoke  bool
	Option  bool // WITH GRANT OPTION, GRANT OPTION FOR
	Cascade bool
}

// Outcome tells how much of a Grant the one who asked could do.
type Outcome byte

// Outcomes.
const (
	Whole   Outcome = iota
	Part            // PostgreSQL warns that not all privileges were granted
	Nothing         // PostgreSQL warns that no privileges were granted
	Denied          // nothing happened: 42501
)

// Execute does a GRANT or REVOKE on an object, as actor or whom actor may act for. a
// is what the object has, nil too; the result is never nil without an error.
func (a ACL) Execute(roles Roles, kind Kind, owner, actor OID, g Grant) (ACL, Outcome, error) {
	list := a.Or(kind, owner)
	next, outcome, err := list.execute(roles, kind, list, owner, actor, g)
	if outcome == Denied {
		next = a
	}
	return next, outcome, err
}

// ExecuteOnColumn is Execute for a column of a relation: who may grant there says the
// relation's list, too. A column without grants has none.
func (a ACL) ExecuteOnColumn(roles Roles, kind Kind, relation ACL, owner, actor OID, g Grant) (ACL, Outcome, error) {
	rights := append(append(ACL{}, relation.Or(kind, owner)...), a...)
	g.All = g.Privileges == All(Column) // PostgreSQL takes it for that, however it was written
	next, outcome, err := a.execute(roles, Column, rights, owner, actor, g)
	if len(next) == 0 {
		next = nil
	}
	return next, outcome, err
}

// execute changes a list; rights is the one that tells who may.
func (a ACL) execute(roles Roles, kind Kind, rights ACL, owner, actor OID, g Grant) (ACL, Outcome, error) {
	grantor, can := rights.BestGrantor(roles, owner, actor, g.Privileges)
	if can == None && !roles.Superuser(grantor) && roles.Everywhere(grantor, kind) == None &&
		rights.Has(roles, grantor, All(kind)) == None && rights.Options(roles, owner, grantor, All(kind)) == None {
		return a, Denied, nil
	}
	list := a
	outcome := Whole
	switch {
	case can == None:
		outcome = Nothing
	case !g.All && can != g.Privileges:
		outcome = Part
	}
	for _, grantee := range g.Grantees {
		if !g.Revoke && g.Option && grantee == Public {
			return nil, outcome, sqlstate.New(sqlstate.InvalidGrantOperation, "grant options can only be granted to roles")
		}
		var err error
		list, err = list.Apply(roles, owner, Change{Grantee: grantee, Grantor: grantor, Privileges: can,
			Revoke: g.Revoke, Option: g.Option, Cascade: g.Cascade})
		if err != nil {
			return nil, outcome, err
		}
	}
	return list, outcome, nil
}

// Warning is what PostgreSQL says about a Grant that was not done as a whole, nil
// otherwise. about is the object's name in quotes, or more.
func (o Outcome) Warning(g Grant, about string) *sqlstate.Error {
	code, verb := sqlstate.PrivilegeNotGranted, "were granted"
	if g.Revoke {
		code, verb = sqlstate.PrivilegeNotRevoked, "could be revoked"
	}
	switch o {
	case Part:
		return sqlstate.Warningf(code, "not all privileges %s for %s", verb, about)
	case Nothing:
		return sqlstate.Warningf(code, "no privileges %s for %s", verb, about)
	}
	return nil
}
