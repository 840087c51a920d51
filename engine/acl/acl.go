// Package acl is PostgreSQL's access control lists: what privileges there are, how
// GRANT and REVOKE change a list, who may grant, and who has a privilege. It is
// arithmetic on lists; the objects that carry them and the roles stand in engine.
//
// A nil ACL means the default of the object's kind (Default), which is not the
// same as an empty one, under which nobody but the owner's grant options is left.
package acl

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// OID identifies an object of the catalog (engine.OID is this type).
type OID uint32

// Public is the grantee PUBLIC.
const Public OID = 0

// Privileges is a set of privileges, in PostgreSQL's bit order (AclMode).
type Privileges uint16

// Privileges.
const (
	Insert Privileges = 1 << iota
	Select
	Update
	Delete
	Truncate
	References
	Trigger
	Execute
	Usage
	Create
	Temporary
	Connect
	Set
	AlterSystem

	None Privileges = 0
)

// letters stand for the privileges in an aclitem, in bit order.
const letters = "arwdDxtXUCTcsA"

// names are the privileges' names in SQL, in bit order.
var names = [...]string{"INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER",
	"EXECUTE", "USAGE", "CREATE", "TEMPORARY", "CONNECT", "SET", "ALTER SYSTEM"}

// Count is how many privileges the set holds.
func (p Privileges) Count() int { return bits.OnesCount16(uint16(p)) }

// Name is the SQL name of the set's only member.
func (p Privileges) Name() string {
	if p == 0 || int(p) >= 1<<len(names) {
		return "?"
	}
	return names[bits.TrailingZeros16(uint16(p))]
}

// Each yields the members of a set in bit order, each as a set of one.
func (p Privileges) Each(yield func(Privileges) bool) {
	for rest := p; rest != 0; rest &= rest - 1 {
		if !yield(rest & -rest) {
			return
		}
	}
}

// ParsePrivilege reads a privilege's name in upper case; TEMP is TEMPORARY.
func ParsePrivilege(name string) (Privileges, bool) {
	if name == "TEMP" {
		name = "TEMPORARY"
	}
	i := slices.Index(names[:], name)
	if i < 0 {
		return None, false
	}
	return 1 << i, true
}

// Kind is a kind of object, by the letter that acldefault() and pg_default_acl use
// (columns and databases, which pg_default_acl has not, by acldefault's).
type Kind byte

// Kinds.
const (
	Column   Kind = 'c'
	Relation Kind = 'r'
	Sequence Kind = 's' // pg_default_acl writes it 'S'
	Database Kind = 'd'
	Function Kind = 'f'
	Language Kind = 'l'
	Large    Kind = 'L'
	Schema   Kind = 'n'
	Param    Kind = 'p'
	Space    Kind = 't'
	Wrapper  Kind = 'F'
	Server   Kind = 'S'
	Type     Kind = 'T'
)

// kinds says what there is to grant on a kind of object, and what PUBLIC has of it
// from the start.
var kinds = map[Kind]struct{ all, public Privileges }{
	Column:   {all: Insert | Select | Update | References},
	Relation: {all: Insert | Select | Update | Delete | Truncate | References | Trigger},
	Sequence: {all: Usage | Select | Update},
	Database: {all: Create | Temporary | Connect, public: Temporary | Connect},
	Function: {all: Execute, public: Execute},
	Language: {all: Usage, public: Usage},
	Large:    {all: Select | Update},
	Schema:   {all: Usage | Create},
	Param:    {all: Set | AlterSystem},
	Space:    {all: Create},
	Wrapper:  {all: Usage},
	Server:   {all: Usage},
	Type:     {all: Usage, public: Usage},
}

// All is what can be granted on a kind of object: ALL PRIVILEGES.
func All(k Kind) Privileges { return kinds[k].all }

// Item is what one role granted another.
type Item struct {
	Grantee OID // Public: PUBLIC
	Grantor OID
	// Held are the privileges, Option those of them that Grantee may grant on.
	Held, Option Privileges
}

// ACL is the list of an object; see the package comment for nil. It is a value:
// nothing here changes a list that it is given.
type ACL []Item

// Default is the list that nil stands for (acldefault). The owner's grant options
// do not show: they need no grant.
func Default(k Kind, owner OID) ACL {
	a := ACL{}
	if public := kinds[k].public; public != None {
		a = append(a, Item{Grantee: Public, Grantor: owner, Held: public})
	}
	if k == Column {
		return a // what a column has comes from its table
	}
	return append(a, Item{Grantee: owner, Grantor: owner, Held: kinds[k].all})
}

// Or is the list, or the default in place of nil.
func (a ACL) Or(k Kind, owner OID) ACL {
	if a == nil {
		return Default(k, owner)
	}
	return a
}

// Roles yields the roles that the list mentions, some more than once; PUBLIC is none.
func (a ACL) Roles(yield func(OID) bool) {
	for _, i := range a {
		if i.Grantee != Public && !yield(i.Grantee) || i.Grantor != i.Grantee && !yield(i.Grantor) {
			return
		}
	}
}

// Sorted is the same list by grantee and grantor, as default privileges are kept.
func (a ACL) Sorted() ACL {
	next := slices.Clone(a)
	slices.SortStableFunc(next, func(x, y Item) int {
		return cmp.Or(cmp.Compare(x.Grantee, y.Grantee), cmp.Compare(x.Grantor, y.Grantor))
	})
	return next
}

// Equal tells whether two lists are the same, in order and all.
func (a ACL) Equal(b ACL) bool {
	return (a == nil) == (b == nil) && slices.Equal(a, b)
}

// Format is the text of an item, as aclitem's output: grantee=privileges/grantor. A
// role without a name is shown by its number.
func (i Item) Format(name func(OID) string) string {
	var b strings.Builder
	if i.Grantee != Public {
		b.WriteString(quote(name(i.Grantee)))
	}
	b.WriteByte('=')
	for bit := range len(letters) {
		if p := Privileges(1) << bit; i.Held&p != 0 {
			b.WriteByte(letters[bit])
			if i.Option&p != 0 {
				b.WriteByte('*')
			}
		}
	}
	b.WriteByte('/')
	b.WriteString(quote(name(i.Grantor)))
	return b.String()
}

// quote puts a role's name in double quotes where aclitem's input needs them.
func quote(name string) string {
	for _, c := range []byte(name) {
		if c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			continue
		}
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// ParseLetter reads a privilege's letter in an aclitem.
func ParseLetter(c byte) (Privileges, bool) {
	i := strings.IndexByte(letters, c)
	if i < 0 {
		return None, false
	}
	return 1 << i, true
}
