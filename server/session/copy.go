package session

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// copySource is the relation that COPY names.
type copySource struct {
	name    string
	kind    byte // as in pg_class.relkind
	oid     engine.OID
	system  bool
	columns []string
}

// copyTable is COPY: PostgreSQL's DoCopy. There are rows in catalogs and in what
// queries give; a declared table has none, and takes none.
func (s *Session) copyTable(c *parser.CopyStmt) (result, error) {
	if err := s.refuseFile(c); err != nil {
		return result{}, err
	}
	src := &copySource{}
	var copied []string
	var err error
	if c.Relation != nil {
		if src, err = s.copied(*c.Relation); err != nil {
			return result{}, s.takeRowsBefore(c, err)
		}
		if copied, err = copiedColumns(src.columns, c.Columns, src.name); err != nil {
			return result{}, err
		}
		if err := s.mayCopy(src, c.From); err != nil {
			return result{}, err
		}
	}
	if c.From {
		return s.copyFrom(c, src, copied)
	}
	return s.copyTo(c, src, copied)
}

// refuseFile: files and programs of the server are out of reach, for all.
func (s *Session) refuseFile(c *parser.CopyStmt) error {
	if c.File == nil {
		return nil
	}
	const hint = "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone."
	role, words := engine.OID(4570), [2]string{"pg_write_server_files", "to a file"}
	switch {
	case c.Program:
		role, words = 4571, [2]string{"pg_execute_server_program", "to or from an external program"}
	case c.From:
		role, words = 4569, [2]string{"pg_read_server_files", "from a file"}
	}
	if !s.authority().Owns(s.currentRole().OID, role) {
		return sqlstate.Errorf(sqlstate.InsufficientPrivilege,
			"must be superuser or have privileges of the %s role to COPY %s", words[0], words[1]).WithHint(hint)
	}
	return sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve COPY %s", words[1]).WithHint(hint)
}

// copied finds the relation, as table_openrv does.
func (s *Session) copied(name parser.RangeVar) (*copySource, error) {
	if r, ok := query.SystemRelation(name.Schema, name.Name); ok {
		src := &copySource{name: r.Name, kind: r.Kind, oid: engine.OID(r.OID), system: true}
		for _, c := range r.Columns {
			src.columns = append(src.columns, c.Name)
		}
		return src, openable(src)
	}
	found, err := s.relationOf(name)
	if err != nil {
		return nil, err
	}
	_, plain := found.Where()
	src := &copySource{name: plain}
	switch r := found.(type) {
	case *engine.Table:
		src.kind, src.oid = 'r', r.OID
		for _, c := range r.Columns {
			if !c.Dropped {
				src.columns = append(src.columns, c.Name)
			}
		}
	case *engine.Sequence:
		src.kind, src.oid, src.columns = 'S', r.OID, []string{"last_value", "log_cnt", "is_called"}
	case *engine.Index:
		src.kind, src.oid = 'i', r.OID
	}
	return src, openable(src)
}

func openable(src *copySource) error {
	if src.kind != 'i' {
		return nil
	}
	return sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is an index", src.name)
}

// mayCopy looks at privileges on the user's own relations; what a query reads, the
// system's among them, the query itself checks.
func (s *Session) mayCopy(src *copySource, from bool) error {
	switch {
	case src.system && from && !s.currentRole().Superuser:
		return denied("permission denied for %s %s", map[byte]string{'r': "table", 'v': "view"}[src.kind], src.name)
	case src.system:
		return nil
	case from:
		return s.allow(src.oid, acl.Insert)
	}
	return s.allow(src.oid, acl.Select)
}

// notCopied is why a relation of this kind has no rows to copy.
func notCopied(src *copySource, from bool) error {
	direction, hint := "from", "Try the COPY (SELECT ...) TO variant."
	if from {
		direction, hint = "to", "To enable copying to a view, provide an INSTEAD OF INSERT trigger."
	}
	switch src.kind {
	case 'v':
		return sqlstate.Errorf(sqlstate.WrongObjectType, "cannot copy %s view \"%s\"", direction, src.name).WithHint("%s", hint)
	case 'S':
		return sqlstate.Errorf(sqlstate.WrongObjectType, "cannot copy %s sequence \"%s\"", direction, src.name)
	case 'r', 0:
		return nil
	}
	return sqlstate.Errorf(sqlstate.WrongObjectType, "cannot copy %s non-table relation \"%s\"", direction, src.name)
}
