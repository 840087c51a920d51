package changes

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"seqd/engine"
	"seqd/engine/acl"
)

// field is one property of an object.
type field struct {
	name, value string
	right       bool // it says who may do what
}

func yesNo(name string, v bool) field   { return field{name: name, value: strconv.FormatBool(v)} }
func number(name string, v int64) field { return field{name: name, value: strconv.FormatInt(v, 10)} }
func quoted(name, v string) field       { return field{name: name, value: strconv.Quote(v)} }
func (n names) acl(a acl.ACL) field     { return n.columnACL("acl", a) }
func (n names) owner(oid engine.OID) field {
	return field{name: "owner", value: n.role(oid), right: true}
}

func find(fields []field, name string) field {
	if i := slices.IndexFunc(fields, func(f field) bool { return f.name == name }); i >= 0 {
		return fields[i]
	}
	return field{}
}

// fieldNames are the names of both, in order.
func fieldNames(a, b []field) (list []string) {
	for _, f := range slices.Concat(a, b) {
		if !slices.Contains(list, f.name) {
			list = append(list, f.name)
		}
	}
	return list
}

func (n names) columnACL(name string, a acl.ACL) field {
	if a == nil {
		return field{name: name, value: "default", right: true}
	}
	items := make([]string, len(a))
	for i, item := range a {
		items[i] = item.Format(n.roleName)
	}
	return field{name: name, value: "{" + strings.Join(items, ",") + "}", right: true}
}

// fields are the properties of an object that a change is told of.
func (n names) fields(o engine.Object) []field {
	switch o := o.(type) {
	case *engine.Role:
		return roleFields(o)
	case *engine.Membership:
		return []field{yesNo("admin", o.Admin), {name: "grantor", value: n.role(o.Grantor)}}
	case *engine.DefaultACL:
		return []field{n.acl(o.ACL)}
	case *engine.Setting:
		return settingFields(o)
	case *engine.DatabaseInfo:
		return []field{quoted("name", o.Name), n.owner(o.Owner), n.acl(o.ACL), yesNo("allow_connections", o.AllowConnections),
			number("connection_limit", int64(o.ConnectionLimit)), yesNo("is_template", o.IsTemplate)}
	case *engine.Schema:
		return []field{quoted("name", o.Name), n.owner(o.Owner), n.acl(o.ACL)}
	case *engine.Sequence:
		return n.sequenceFields(o)
	case *engine.Table:
		return n.tableFields(o)
	case *engine.Index:
		return []field{quoted("name", o.Name), yesNo("unique", o.Unique)}
	case *engine.Comment:
		return []field{quoted("text", o.Text)}
	case *engine.SecurityLabel:
		return []field{quoted("label", o.Label)}
	}
	return nil
}

func roleFields(r *engine.Role) []field {
	fields := []field{quoted("name", r.Name)}
	for _, attribute := range []struct {
		name string
		has  bool
	}{
		{"superuser", r.Superuser}, {"inherit", r.Inherit}, {"createrole", r.CreateRole}, {"createdb", r.CreateDB},
		{"login", r.CanLogin}, {"replication", r.Replication}, {"bypassrls", r.BypassRLS},
	} {
		fields = append(fields, yesNo(attribute.name, attribute.has))
	}
	password := "none"
	if r.Password != "" {
		password = "set" // no more than that
	}
	return append(fields, number("connection_limit", int64(r.ConnectionLimit)), field{name: "password", value: password},
		field{name: "valid_until", value: moment(r.ValidUntil)})
}

// passwordChanged tells whether a role has another password than before.
func passwordChanged(was, is engine.Object) bool {
	before, ok := was.(*engine.Role)
	after, ok2 := is.(*engine.Role)
	return ok && ok2 && before.Password != "" && after.Password != "" && before.Password != after.Password
}

func moment(t engine.Time) string {
	switch t {
	case engine.NoTime:
		return "none"
	case engine.Infinity:
		return "infinity"
	case engine.MinusInfinity:
		return "-infinity"
	}
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	return time.UnixMicro(epoch.UnixMicro() + t.Micros).UTC().Format(time.RFC3339Nano)
}

func settingFields(s *engine.Setting) (fields []field) {
	for _, p := range s.Config {
		fields = append(fields, quoted(p.Name, p.Value))
	}
	return fields
}

func (n names) sequenceFields(s *engine.Sequence) []field {
	p := &s.Params
	return []field{quoted("name", s.Name), {name: "schema", value: n.schema(s.Schema)}, n.owner(s.Owner), n.acl(s.ACL),
		{name: "type", value: p.Type.String()}, number("increment", p.Increment), number("minvalue", p.Min), number("maxvalue", p.Max),
		number("start", p.Start), number("cache", p.Cache), yesNo("cycle", p.Cycle),
		{name: "persistence", value: string(s.Persistence)}, {name: "owned_by", value: n.column(s.OwnedBy)}, {name: "order", value: s.Order.String()}}
}

func (n names) tableFields(t *engine.Table) []field {
	var columns, constraints []string
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped {
			columns = append(columns, c.Name)
		}
	}
	for i := range t.Constraints {
		constraints = append(constraints, t.Constraints[i].Name)
	}
	fields := []field{quoted("name", t.Name), {name: "schema", value: n.schema(t.Schema)}, n.owner(t.Owner), n.acl(t.ACL),
		quoted("columns", strings.Join(columns, ", ")), quoted("constraints", strings.Join(constraints, ", ")),
		{name: "persistence", value: string(t.Persistence)}}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.ACL != nil && !c.Dropped {
			fields = append(fields, n.columnACL("acl("+c.Name+")", c.ACL))
		}
	}
	return fields
}
