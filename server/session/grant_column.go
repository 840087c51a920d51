package session

import (
	"fmt"
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// sequenceColumns are those of every sequence.
var sequenceColumns = []string{"last_value", "log_cnt", "is_called"}

// grantColumn is a column for which a GRANT or REVOKE says something.
type grantColumn struct {
	name       string
	at         int // of a table's own column; -1: nothing is kept
	privileges acl.Privileges
}

// grantColumns are all columns of a relation, in the order of their numbers.
func (s *Session) grantColumns(t grantTarget) []grantColumn {
	var list []grantColumn
	add := func(name string, at int) { list = append(list, grantColumn{name: name, at: at}) }
	for _, name := range systemColumns { // of whose grants nothing is kept
		add(name, -1)
	}
	if t.kind == acl.Sequence {
		for _, name := range sequenceColumns {
			add(name, -1)
		}
		return list
	}
	table, _ := s.db().TableByOID(t.oid)
	for i := range table.Columns {
		if c := &table.Columns[i]; !c.Dropped {
			add(c.Name, i)
		}
	}
	return list
}

// grantOnColumns does what a GRANT or REVOKE on relations says of columns. A REVOKE on
// the whole relation takes the same privileges on each of its columns, too.
func (s *Session) grantOnColumns(t grantTarget, g *parser.GrantStmt, want wantedPrivileges, grantees []engine.OID) error {
	columns := s.grantColumns(t)
	if g.Revoke {
		for i := range columns {
			columns[i].privileges = want.on(t.kind) & acl.All(acl.Column)
		}
	}
	for _, p := range want.columns {
		if err := s.namedColumns(t, columns, p); err != nil {
			return err
		}
	}
	lists := map[int]acl.ACL{}
	for _, c := range columns {
		if c.privileges == acl.None {
			continue
		}
		next, err := s.grantOnColumn(t, c, g, grantees)
		if err != nil {
			return err
		}
		if c.at >= 0 {
			lists[c.at] = next
		} else if len(next) > 0 {
			return unserved(fmt.Sprintf("privileges on column \"%s\" of %s \"%s\"", c.name, t.what, t.name))
		}
	}
	return s.putColumnLists(t, lists)
}

// namedColumns adds the privileges of one item of the statement's list to its columns.
func (s *Session) namedColumns(t grantTarget, columns []grantColumn, p parser.Privilege) error {
	privileges := acl.All(acl.Column)
	if p.Name != "" {
		one, ok := acl.ParsePrivilege(strings.ToUpper(p.Name))
		if !ok {
			return sqlstate.Errorf(sqlstate.SyntaxError, "unrecognized privilege type \"%s\"", p.Name)
		}
		if privileges = one; one&acl.All(acl.Column) == 0 {
			return sqlstate.Errorf(sqlstate.InvalidGrantOperation, "invalid privilege type %s for column", one.Name())
		}
	}
	if t.kind == acl.Sequence && privileges&^acl.Select != 0 {
		s.notice(sqlstate.Warningf(sqlstate.InvalidGrantOperation, "sequence \"%s\" only supports SELECT column privileges", t.name))
		privileges &= acl.Select
	}
	for _, name := range p.Columns {
		i := slices.IndexFunc(columns, func(c grantColumn) bool { return c.name == name })
		if i < 0 {
			return sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, t.name)
		}
		columns[i].privileges |= privileges
	}
	return nil
}

// grantOnColumn is the new list of one column (ExecGrant_Attribute).
func (s *Session) grantOnColumn(t grantTarget, c grantColumn, g *parser.GrantStmt, grantees []engine.OID) (acl.ACL, error) {
	var list acl.ACL
	if c.at >= 0 {
		table, _ := s.db().TableByOID(t.oid)
		list = table.Columns[c.at].ACL
	}
	do := acl.Grant{Grantees: grantees, Privileges: c.privileges, Revoke: g.Revoke, Option: g.GrantOption, Cascade: bool(g.Behavior)}
	next, outcome, err := list.ExecuteOnColumn(s.authority(), t.kind, t.list, t.owner, s.currentRole().OID, do)
	if err != nil {
		return nil, err
	}
	about := fmt.Sprintf("column \"%s\" of relation \"%s\"", c.name, t.name)
	if outcome == acl.Denied {
		return nil, denied("permission denied for %s", about)
	}
	do.All = c.privileges == acl.All(acl.Column)
	if w := outcome.Warning(do, about); w != nil {
		s.notice(w)
	}
	return next, nil
}

// putColumnLists changes the lists of a table's columns, if they are others.
func (s *Session) putColumnLists(t grantTarget, lists map[int]acl.ACL) error {
	table, ok := s.db().TableByOID(t.oid)
	if !ok {
		return nil // a sequence
	}
	next, changed := table.Clone(), false
	for i, list := range lists {
		changed = changed || !list.Equal(next.Columns[i].ACL)
		next.Columns[i].ACL = list
	}
	if !changed {
		return nil
	}
	return s.changes().Put(next)
}
