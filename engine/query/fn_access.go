package query

import (
	"slices"
	"strings"
	"sync"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// object is something with an owner and privileges, as has_…_privilege sees it.
type object struct {
	owner engine.OID
	list  acl.ACL
	ok    bool
}

// privilegeKind is one family of has_…_privilege functions.
type privilegeKind struct {
	name string // in the functions' names
	kind acl.Kind
	all  acl.Privileges
	// byName finds an object by its name, or says that there is none.
	byName func(s Session, name string) (engine.OID, error)
	of     func(s Session, oid engine.OID) object
}

var privilegeKinds = []privilegeKind{
	{"table", acl.Relation, acl.All(acl.Relation), func(s Session, n string) (engine.OID, error) { return resolveClass(s, n) }, relationObject},
	{anyColumnKind, acl.Relation, acl.All(acl.Column), func(s Session, n string) (engine.OID, error) { return resolveClass(s, n) }, relationObject},
	{"sequence", acl.Sequence, acl.All(acl.Sequence), sequenceByName, relationObject},
	{"schema", acl.Schema, acl.All(acl.Schema), func(s Session, n string) (engine.OID, error) {
		oid, ok := schemaByName(s, n)
		if !ok {
			return 0, sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, n)
		}
		return oid, nil
	}, func(s Session, oid engine.OID) object {
		n, ok := s.Database().SchemaByOID(oid)
		if !ok {
			return object{}
		}
		return object{n.Owner, n.ACL, true}
	}},
	{"database", acl.Database, acl.All(acl.Database), func(s Session, n string) (engine.OID, error) {
		d, ok := s.Catalog().Database(n)
		if !ok {
			return 0, sqlstate.Errorf(sqlstate.InvalidCatalogName, `database "%s" does not exist`, n)
		}
		return d.OID, nil
	}, func(s Session, oid engine.OID) object {
		d, ok := s.Catalog().DatabaseByOID(oid)
		if !ok {
			return object{}
		}
		return object{d.Owner, d.ACL, true}
	}},
	{"function", acl.Function, acl.All(acl.Function), func(s Session, n string) (engine.OID, error) {
		oid, err := resolveProcedure(s, n)
		return engine.OID(oid), err
	}, recordedObject("pg_proc", "proacl")},
	{"language", acl.Language, acl.All(acl.Language), namedIn("pg_language", "language"), recordedObject("pg_language", "lanacl")},
	{"tablespace", acl.Space, acl.All(acl.Space), namedIn("pg_tablespace", "tablespace"), recordedObject("pg_tablespace", "spcacl")},
	{"type", acl.Type, acl.All(acl.Type), func(s Session, n string) (engine.OID, error) {
		oid, err := resolveTypeText(s, n)
		return engine.OID(oid), err
	}, recordedObject("pg_type", "typacl")},
	{"server", acl.Server, acl.All(acl.Server), namedIn("pg_foreign_server", "server"), recordedObject("pg_foreign_server", "srvacl")},
	{"foreign_data_wrapper", acl.Wrapper, acl.All(acl.Wrapper), namedIn("pg_foreign_data_wrapper", "foreign-data wrapper"),
		recordedObject("pg_foreign_data_wrapper", "fdwacl")},
}

// anyColumnKind is has_any_column_privilege, which looks at a table and its columns.
const anyColumnKind = "any_column"

func init() {
	forms := map[string]envFunc{}
	for _, k := range privilegeKinds {
		// In this order: user by name or OID, object by name or OID.
		for _, form := range []string{"name_name", "name_id", "id_name", "id_id", "name", "id"} {
			forms["has_"+k.name+"_privilege_"+form] = k.function(form)
		}
	}
	for _, form := range []string{"name_name", "name_id", "id_name", "id_id", "name", "id"} {
		forms["pg_has_role_"+form] = hasRole(form)
	}
	for _, user := range []string{"name_", "id_", ""} {
		for _, form := range []string{"name_name", "name_attnum", "id_name", "id_attnum"} {
			forms["has_column_privilege_"+user+form] = columnPrivilege(user + form)
		}
	}
	forms["has_parameter_privilege_name"] = parameterPrivilege
	forms["has_parameter_privilege_name_name"] = parameterPrivilege
	forms["has_parameter_privilege_id_name"] = parameterPrivilege
	register(forms)
}

// me is the role whose privileges count where none is named.
func me(s Session) engine.OID {
	oid, _ := roleOID(s, s.CurrentUser())
	return oid
}

// userArgument is a role by name or OID; "public" is everybody.
func userArgument(s Session, byName bool, v value) (engine.OID, error) {
	if !byName {
		return engine.OID(v.OID()), nil
	}
	if v.Text() == "public" {
		return acl.Public, nil
	}
	oid, ok := roleOID(s, v.Text())
	if !ok {
		return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `role "%s" does not exist`, v.Text())
	}
	return oid, nil
}

// function is one form of the family.
func (k *privilegeKind) function(form string) envFunc {
	kind := *k
	return func(f *frame, _ *callExpr, args []value) (value, error) {
		user, rest := me(f.s), form
		if first, second, two := strings.Cut(form, "_"); two {
			var err error
			if user, err = userArgument(f.s, first == "name", args[0]); err != nil {
				return value{}, err
			}
			rest, args = second, args[1:]
		}
		oid := engine.OID(args[0].OID())
		if rest == "name" {
			var err error
			if oid, err = kind.byName(f.s, args[0].Text()); err != nil {
				return value{}, err
			}
		}
		want, err := parsePrivileges(args[1].Text(), kind.all)
		if err != nil {
			return value{}, err
		}
		o := kind.of(f.s, oid)
		if !o.ok {
			return value{}, nil
		}
		if kind.kind == acl.Sequence {
			if _, ok := f.s.Database().SequenceByOID(oid); !ok {
				return value{}, notSequence(f.s, oid)
			}
		}
		if kind.name == anyColumnKind {
			return pgtypes.NewBool(anyColumn(f.s, user, oid, o, want)), nil
		}
		return pgtypes.NewBool(hasOne(f.s, user, kind.kind, o, want)), nil
	}
}

// wanted is one alternative of a list of privileges.
type wanted struct {
	privilege acl.Privileges
	option    bool
}

// parsePrivileges is convert_any_priv_string: a list, of which one is enough.
func parsePrivileges(text string, all acl.Privileges) ([]wanted, error) {
	var out []wanted
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		name, option := strings.CutSuffix(strings.ToUpper(part), " WITH GRANT OPTION")
		p, ok := acl.ParsePrivilege(name)
		if name == "RULE" && all == acl.All(acl.Relation) {
			p, ok = acl.None, true // there was one once; nobody has it
		}
		if !ok || p&^all != 0 {
			return nil, sqlstate.Errorf(sqlstate.InvalidParameterValue, `unrecognized privilege type: "%s"`, part)
		}
		out = append(out, wanted{p, option})
	}
	return out, nil
}

// hasOne tells whether a role has one of the privileges.
func hasOne(s Session, user engine.OID, kind acl.Kind, o object, want []wanted) bool {
	access := engine.Access{Catalog: s.Catalog(), Database: s.Database()}
	for _, w := range want {
		if !w.option {
			if access.Has(user, kind, o.owner, o.list, w.privilege) != 0 {
				return true
			}
			continue
		}
		if access.Superuser(user) && w.privilege != 0 || o.list.Or(kind, o.owner).Options(access, o.owner, user, w.privilege) != 0 {
			return true
		}
	}
	return false
}

// relationObject is a relation's owner and list; for a system catalog the recorded ones.
func relationObject(s Session, oid engine.OID) object {
	if r, ok := s.Database().RelationByOID(oid); ok {
		switch r := r.(type) {
		case *engine.Sequence:
			return object{r.Owner, r.ACL.Or(acl.Sequence, r.Owner), true} // for has_table_privilege, too
		case *engine.Table:
			return object{r.Owner, r.ACL, true}
		case *engine.Index:
			if t, ok := s.Database().TableByOID(r.Table); ok {
				return object{t.Owner, nil, true}
			}
		}
	}
	return recordedObject("pg_class", "relacl")(s, oid)
}

func sequenceByName(s Session, name string) (engine.OID, error) {
	oid, err := resolveClass(s, name)
	if err != nil {
		return 0, err
	}
	if _, ok := s.Database().SequenceByOID(oid); !ok {
		return 0, notSequence(s, oid)
	}
	return oid, nil
}

func notSequence(s Session, oid engine.OID) error {
	_, bare, _ := relationByOID(s, oid)
	return sqlstate.Errorf(sqlstate.WrongObjectType, `"%s" is not a sequence`, bare)
}

// namedIn finds an object of a recorded catalog.
func namedIn(catalog, what string) func(Session, string) (engine.OID, error) {
	return func(_ Session, name string) (engine.OID, error) {
		oid, ok := simpleOID(catalog, name)
		if !ok {
			return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `%s "%s" does not exist`, what, name)
		}
		return engine.OID(oid), nil
	}
}

// Recorded tells whether a catalog of what initdb makes has an object of a name.
func Recorded(catalog, name string) bool {
	_, ok := simpleOID(catalog, name)
	return ok
}

// recordedObject is an object of initdb's: the bootstrap superuser owns it.
func recordedObject(catalog, column string) func(Session, engine.OID) object {
	return func(s Session, oid engine.OID) object {
		r, row := recordedRow(catalog, "oid", uint32(oid))
		if row == nil {
			return object{}
		}
		o := object{owner: engine.BootstrapSuperuser, ok: true}
		if v := row[r.ColumnAt(column)]; !v.IsNull() {
			o.list = acl.ACL{}
			for _, e := range v.Array().Elems {
				if item, err := parseACLItem(s, e.Text()); err == nil {
					o.list = append(o.list, item)
				}
			}
		}
		return o
	}
}

// hasRole is pg_has_role: MEMBER or USAGE, with ADMIN OPTION.
func hasRole(form string) envFunc {
	return func(f *frame, _ *callExpr, args []value) (value, error) {
		member, rest := me(f.s), form
		var err error
		if first, second, two := strings.Cut(form, "_"); two {
			if member, err = userArgument(f.s, first == "name", args[0]); err != nil {
				return value{}, err
			}
			rest, args = second, args[1:]
		}
		role, err := userArgument(f.s, rest == "name", args[0])
		if err != nil {
			return value{}, err
		}
		access := engine.Access{Catalog: f.s.Catalog(), Database: f.s.Database()}
		for _, part := range strings.Split(args[1].Text(), ",") {
			part = strings.TrimSpace(part)
			switch strings.ToUpper(part) {
			case "USAGE":
				if access.Inherits(member, role) {
					return pgtypes.NewBool(true), nil
				}
			case "MEMBER":
				if access.IsMember(member, role) {
					return pgtypes.NewBool(true), nil
				}
			case "USAGE WITH GRANT OPTION", "USAGE WITH ADMIN OPTION", "MEMBER WITH GRANT OPTION", "MEMBER WITH ADMIN OPTION":
				if access.IsAdmin(member, role) {
					return pgtypes.NewBool(true), nil
				}
			default:
				return value{}, sqlstate.Errorf(sqlstate.InvalidParameterValue, `unrecognized privilege type: "%s"`, part)
			}
		}
		return pgtypes.NewBool(false), nil
	}
}

// columnPrivilege is has_column_privilege: what the column or its table has.
func columnPrivilege(form string) envFunc {
	parts := strings.Split(form, "_")
	return func(f *frame, _ *callExpr, args []value) (value, error) {
		user, parts := me(f.s), parts
		var err error
		if len(parts) == 3 {
			if user, err = userArgument(f.s, parts[0] == "name", args[0]); err != nil {
				return value{}, err
			}
			parts, args = parts[1:], args[1:]
		}
		oid := engine.OID(args[0].OID())
		if parts[0] == "name" {
			if oid, err = resolveClass(f.s, args[0].Text()); err != nil {
				return value{}, err
			}
		}
		o := relationObject(f.s, oid)
		if !o.ok {
			return value{}, nil
		}
		column, known := columnObject(f.s, oid, o.owner, args[1], parts[1] == "name")
		if !known {
			if parts[1] != "name" || droppedColumn(f.s, oid, args[1].Text()) {
				return value{}, nil
			}
			_, name, _ := relationByOID(f.s, oid)
			return value{}, sqlstate.Errorf(sqlstate.UndefinedColumn, `column "%s" of relation "%s" does not exist`, args[1].Text(), name)
		}
		want, err := parsePrivileges(args[2].Text(), acl.All(acl.Column))
		if err != nil {
			return value{}, err
		}
		ok := hasOne(f.s, user, acl.Relation, o, want) || column.list != nil && hasOne(f.s, user, acl.Column, column, want)
		return pgtypes.NewBool(ok), nil
	}
}

// droppedColumn tells whether a name is that of a column which is not there any more.
func droppedColumn(s Session, relation engine.OID, name string) bool {
	t, ok := s.Database().TableByOID(relation)
	return ok && slices.ContainsFunc(t.Columns, func(c engine.Column) bool { return c.Dropped && c.Name == name })
}

// columnObject finds a column by name or number.
func columnObject(s Session, relation, owner engine.OID, v value, byName bool) (object, bool) {
	if slices.ContainsFunc(systemAttributes, func(c systemAttribute) bool {
		return byName && c.name == v.Text() || !byName && int64(c.attnum) == v.Int()
	}) {
		return object{owner: owner, ok: true}, true
	}
	t, ok := s.Database().TableByOID(relation)
	if !ok {
		names := columnNames(s, relation)
		if byName {
			return object{owner: owner, ok: true}, slices.Contains(names, v.Text())
		}
		return object{owner: owner, ok: true}, v.Int() >= 1 && v.Int() <= int64(len(names))
	}
	c := t.ColumnAt(int16(v.Int()))
	if byName {
		c, _ = t.Column(v.Text())
	}
	if c == nil || c.Dropped {
		return object{}, false
	}
	return object{owner, c.ACL, true}, true
}

// columnNames are the columns of a sequence or of a system catalog.
func columnNames(s Session, relation engine.OID) []string {
	var out []string
	if _, ok := s.Database().SequenceByOID(relation); ok {
		return []string{"last_value", "log_cnt", "is_called"}
	}
	if r, ok := builtin.RelationByOID(uint32(relation)); ok {
		for _, c := range r.Columns {
			out = append(out, c.Name)
		}
	}
	return out
}

// parameterPrivilege: nobody was granted a setting, so superusers alone have it.
func parameterPrivilege(f *frame, c *callExpr, args []value) (value, error) {
	user := me(f.s)
	if len(args) == 3 {
		var err error
		if user, err = userArgument(f.s, c.fn.Args[0] == pgtypes.Name, args[0]); err != nil {
			return value{}, err
		}
		args = args[1:]
	}
	if _, err := parsePrivileges(args[1].Text(), acl.All(acl.Param)); err != nil {
		return value{}, err
	}
	return pgtypes.NewBool(engine.Access{Catalog: f.s.Catalog()}.Superuser(user)), nil
}

// read is a relation that a statement reads; source is nil for a view.
type read struct {
	relation engine.OID
	source   *relationSource
}

// mayRead refuses relations that the current user may not read, pg_authid
// with its passwords above all.
func mayRead(s Session, reads []read) error {
	for _, r := range reads {
		oid := r.relation
		if _, ok := s.Database().RelationByOID(oid); ok {
			if err := s.Allow(oid, acl.Select); err != nil && !mayReadColumns(s, r) {
				return err
			}
			continue
		}
		o := relationObject(s, oid)
		if hasOne(s, me(s), acl.Relation, o, []wanted{{privilege: acl.Select}}) {
			continue
		}
		what := "table"
		r, ok := builtin.RelationByOID(uint32(oid))
		if ok && r.Kind == 'v' {
			what = "view"
		}
		_, name, _ := relationByOID(s, oid)
		return sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied for %s %s", what, name)
	}
	return nil
}

// mayReadColumns tells whether the current user may read all columns of a table that a
// statement uses; if it uses none, as count(*) does, any of them.
func mayReadColumns(s Session, r read) bool {
	t, ok := s.Database().TableByOID(r.relation)
	if !ok || r.source.used == nil || !r.source.unusedSystem {
		return false
	}
	access, user := engine.Access{Catalog: s.Catalog(), Database: s.Database()}, me(s)
	may := func(c *engine.Column) bool {
		return c != nil && c.ACL != nil && access.Has(user, acl.Column, t.Owner, c.ACL, acl.Select) != 0
	}
	columns := r.source.rel.Columns()
	for _, c := range r.source.used {
		if !may(t.ColumnAt(columns[c].Attnum)) {
			return false
		}
	}
	return len(r.source.used) > 0 || slices.ContainsFunc(t.Columns, func(c engine.Column) bool { return !c.Dropped && may(&c) })
}

// restricted are the functions that initdb keeps from PUBLIC.
var restricted = sync.OnceValue(func() map[uint32]bool {
	set := map[uint32]bool{}
	procedures, _ := builtin.FindRelation("", "pg_proc")
	oid, list := procedures.ColumnAt("oid"), procedures.ColumnAt("proacl")
	for _, row := range procedures.Rows() {
		if !row[list].IsNull() {
			set[row[oid].OID()] = true
		}
	}
	return set
})

// mayExecute refuses functions that the current user may not call.
func mayExecute(s Session, functions []uint32) error {
	for _, oid := range functions {
		o := recordedObject("pg_proc", "proacl")(s, engine.OID(oid))
		if !hasOne(s, me(s), acl.Function, o, []wanted{{privilege: acl.Execute}}) {
			f, _ := builtin.FunctionByOID(oid)
			return sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied for function %s", f.Name)
		}
	}
	return nil
}

// anyColumn is has_any_column_privilege: what the table has, or one of its columns.
func anyColumn(s Session, user engine.OID, oid engine.OID, o object, want []wanted) bool {
	if hasOne(s, user, acl.Relation, o, want) {
		return true
	}
	t, ok := s.Database().TableByOID(oid)
	return ok && slices.ContainsFunc(t.Columns, func(c engine.Column) bool {
		return c.ACL != nil && !c.Dropped && hasOne(s, user, acl.Column, object{o.owner, c.ACL, true}, want)
	})
}
