package query

import (
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query/syscat"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"acldefault_sql": aclDefault,
		"makeaclitem":    makeACLItem,
		"aclitem_eq": func(_ *frame, _ *callExpr, a []value) (value, error) {
			return pgtypes.NewBool(a[0].Text() == a[1].Text()), nil
		},
		"aclcontains": func(_ *frame, _ *callExpr, a []value) (value, error) {
			for _, e := range a[0].Array().Elems {
				if e.Text() == a[1].Text() {
					return pgtypes.NewBool(true), nil
				}
			}
			return pgtypes.NewBool(false), nil
		},
	})
	registerSets(map[string]setFunc{"aclexplode": aclExplode})
}

// parseACLItem is aclitem's input: grantee=privileges/grantor.
func parseACLItem(s Session, text string) (acl.Item, error) {
	item := acl.Item{Grantor: engine.BootstrapSuperuser}
	grantee, rest, err := aclName(text)
	if err != nil {
		return item, err
	}
	if rest == "" || rest[0] != '=' {
		return item, sqlstate.New(sqlstate.InvalidTextRepresentation, `missing "=" sign`)
	}
	if grantee != "" {
		if item.Grantee, err = aclRole(s, grantee); err != nil {
			return item, err
		}
	}
	for rest = rest[1:]; rest != "" && rest[0] != '/'; rest = rest[1:] {
		p, ok := acl.ParseLetter(rest[0])
		if !ok {
			return item, sqlstate.Errorf(sqlstate.InvalidTextRepresentation, `invalid mode character: must be one of "%s"`, "arwdDxtXUCTcsA")
		}
		item.Held |= p
		if len(rest) > 1 && rest[1] == '*' {
			item.Option |= p
			rest = rest[1:]
		}
	}
	if rest == "" {
		return item, nil
	}
	grantor, _, err := aclName(rest[1:])
	if err != nil {
		return item, err
	}
	if grantor == "" {
		return item, sqlstate.New(sqlstate.InvalidTextRepresentation, `a name must follow the "/" sign`)
	}
	item.Grantor, err = aclRole(s, grantor)
	return item, err
}

// aclName reads a role's name, which may be quoted.
func aclName(s string) (name, rest string, err error) {
	var b strings.Builder
	quoted := false
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"' && i+1 < len(s) && s[i+1] == '"' && quoted:
			b.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case quoted, c == '_', c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', c >= 0x80:
			b.WriteByte(c)
		default:
			return b.String(), s[i:], nil
		}
	}
	return b.String(), "", nil
}

func aclRole(s Session, name string) (engine.OID, error) {
	if oid, ok := roleOID(s, name); ok {
		return oid, nil
	}
	if v, err := pgtypes.ParseText(pgtypes.Oid, name); err == nil {
		return engine.OID(v.OID()), nil
	}
	return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `role "%s" does not exist`, name)
}

// formatACLItem is aclitem's output.
func formatACLItem(s Session, item acl.Item) string {
	return item.Format(func(role engine.OID) string {
		if name, ok := roleName(s, role); ok {
			return name
		}
		return pgtypes.TextOf(pgtypes.Oid, pgtypes.NewInt(int64(role)))
	})
}

// aclExplode is a row for each privilege of each item.
func aclExplode(f *frame, c *callExpr, a []value) (setIterator, error) {
	var rows [][]value
	for _, e := range a[0].Array().Elems {
		item, err := parseACLItem(f.s, e.Text())
		if err != nil {
			return nil, err
		}
		item.Held.Each(func(p acl.Privileges) bool {
			rows = append(rows, []value{pgtypes.NewInt(int64(item.Grantor)), pgtypes.NewInt(int64(item.Grantee)),
				pgtypes.NewText(p.Name()), pgtypes.NewBool(item.Option&p != 0)})
			return true
		})
	}
	return table(c, rows)
}

// aclDefault is acldefault(kind, owner).
func aclDefault(f *frame, _ *callExpr, a []value) (value, error) {
	kind := a[0].Text()
	if kind == "" || acl.All(acl.Kind(kind[0])) == acl.None {
		return value{}, sqlstate.Errorf(sqlstate.InternalError, "unrecognized object type abbreviation: %s", kind)
	}
	return syscat.ACL(f.s.Catalog(), acl.Default(acl.Kind(kind[0]), engine.OID(a[1].OID()))), nil
}

// makeACLItem is makeaclitem(grantee, grantor, privileges, grantable).
func makeACLItem(f *frame, _ *callExpr, a []value) (value, error) {
	item := acl.Item{Grantee: engine.OID(a[0].OID()), Grantor: engine.OID(a[1].OID())}
	want, err := parsePrivileges(a[2].Text(), ^acl.None)
	if err != nil {
		return value{}, err
	}
	for _, w := range want {
		item.Held |= w.privilege
	}
	if a[3].Bool() {
		item.Option = item.Held
	}
	return pgtypes.NewText(formatACLItem(f.s, item)), nil
}
