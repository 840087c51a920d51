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
		"aclcontains": func(f *frame, _ *callExpr, a []value) (value, error) {
			for _, e := range a[0].Array().Elems {
				if holds, err := itemHolds(f.s, e.Text(), a[1].Text()); holds || err != nil {
					return pgtypes.NewBool(holds), err
				}
			}
			return pgtypes.NewBool(false), nil
		},
	})
	registerSets(map[string]setFunc{"aclexplode": aclExplode})
}

// itemHolds tells whether an item has all that another one has, of the same roles.
func itemHolds(s Session, item, part string) (bool, error) {
	a, err := parseACLItem(s, item)
	if err != nil {
		return false, err
	}
	b, err := parseACLItem(s, part)
	return err == nil && a.Grantee == b.Grantee && a.Grantor == b.Grantor && a.Held&b.Held == b.Held && a.Option&b.Option == b.Option, err
}

// inputACLItem is aclitem's input: the item as it is shown again.
func inputACLItem(s Session, text string) (value, error) {
	item, err := parseACLItem(s, text)
	if err != nil {
		return value{}, err
	}
	return pgtypes.NewText(formatACLItem(s, item)), nil
}

func badACLItem(format string, args ...any) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.InvalidTextRepresentation, format, args...)
}

// parseACLItem is aclparse: [group|user] grantee=privileges/grantor.
func parseACLItem(s Session, text string) (item acl.Item, err error) {
	grantee, rest, err := aclName(text)
	if err != nil {
		return item, err
	}
	if rest == "" || rest[0] != '=' { // it was a key word
		if grantee != "group" && grantee != "user" {
			return item, badACLItem(`unrecognized key word: "%s"`, grantee).WithHint(`ACL key word must be "group" or "user".`)
		}
		if grantee, rest, err = aclName(rest); err != nil {
			return item, err
		}
		if grantee == "" {
			return item, badACLItem("missing name").WithHint(`A name must follow the "group" or "user" key word.`)
		}
	}
	if rest == "" || rest[0] != '=' {
		return item, badACLItem(`missing "=" sign`)
	}
	if rest, err = aclModes(rest[1:], &item); err != nil {
		return item, err
	}
	if grantee != "" {
		if item.Grantee, err = aclRole(s, grantee); err != nil {
			return item, err
		}
	}
	if rest, err = aclGrantor(s, rest, &item); err != nil {
		return item, err
	}
	if strings.TrimLeft(rest, aclSpace) != "" {
		return item, badACLItem("extra garbage at the end of the ACL specification")
	}
	return item, nil
}

// aclModes reads the letters of an item.
func aclModes(s string, item *acl.Item) (rest string, err error) {
	var last acl.Privileges
	for ; s != "" && s[0] != '/' && (s[0] == '*' || s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z'); s = s[1:] {
		if s[0] == '*' {
			item.Option |= last
			continue
		}
		p, ok := acl.ParseLetter(s[0])
		if s[0] == 'R' {
			p, ok = acl.None, true // RULE, which there was once
		}
		if !ok {
			return s, badACLItem(`invalid mode character: must be one of "%s"`, "arwdDxtXUCTcsA")
		}
		item.Held, last = item.Held|p, p
	}
	return s, nil
}

// aclGrantor reads what is behind the slash. Without one the first superuser is meant.
func aclGrantor(s Session, text string, item *acl.Item) (rest string, err error) {
	if text == "" || text[0] != '/' {
		item.Grantor = engine.BootstrapSuperuser
		s.Notice(sqlstate.Warningf(sqlstate.InvalidGrantor, "defaulting grantor to user ID %d", engine.BootstrapSuperuser))
		return text, nil
	}
	name, rest, err := aclName(text[1:])
	if err != nil {
		return rest, err
	}
	if name == "" {
		return rest, badACLItem(`a name must follow the "/" sign`)
	}
	item.Grantor, err = aclRole(s, name)
	return rest, err
}

// aclSpace is what isspace takes for space.
const aclSpace = " \t\n\v\f\r"

// aclName is getid: a role's name or a key word, which may be quoted, with space around.
func aclName(s string) (name, rest string, err error) {
	s = strings.TrimLeft(s, aclSpace)
	var b strings.Builder
	quoted := false
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
			continue
		case !quoted && !(c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80):
			return b.String(), strings.TrimLeft(s[i:], aclSpace), nil
		}
		if b.Len() >= 63 {
			return "", "", sqlstate.New(sqlstate.NameTooLong, "identifier too long").WithDetail("Identifier must be less than 64 characters.")
		}
		b.WriteByte(c)
	}
	return b.String(), "", nil
}

func aclRole(s Session, name string) (engine.OID, error) {
	if oid, ok := roleOID(s, name); ok {
		return oid, nil
	}
	if v, err := pgtypes.ParseText(pgtypes.Oid, name); err == nil { // of a role that is gone
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
		return value{}, sqlstate.Errorf(sqlstate.InternalError, "unrecognized objtype abbreviation: %s", kind)
	}
	return syscat.ACL(f.s.Catalog(), acl.Default(acl.Kind(kind[0]), engine.OID(a[1].OID()))), nil
}

// makeACLItem is makeaclitem(grantee, grantor, privileges, grantable).
func makeACLItem(f *frame, _ *callExpr, a []value) (value, error) {
	item := acl.Item{Grantee: engine.OID(a[0].OID()), Grantor: engine.OID(a[1].OID())}
	p, ok := acl.ParsePrivilege(strings.ToUpper(a[2].Text()))
	if !ok {
		return value{}, sqlstate.Errorf(sqlstate.InvalidParameterValue, `unrecognized privilege type: "%s"`, a[2].Text())
	}
	item.Held = p
	if a[3].Bool() {
		item.Option = item.Held
	}
	return pgtypes.NewText(formatACLItem(f.s, item)), nil
}
