package acl

import (
	"errors"
	"testing"

	"seqd/protocol/sqlstate"
)

func codeAndMessage(err error) string {
	var e *sqlstate.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	return string(e.Code) + " " + e.Message
}

// TestDefault: acldefault() of PostgreSQL 15 with owner acl_a (1).
func TestDefault(t *testing.T) {
	for kind, want := range map[Kind]string{
		Column: "{}", Relation: "{acl_a=arwdDxt/acl_a}", Sequence: "{acl_a=rwU/acl_a}", Database: "{=Tc/acl_a,acl_a=CTc/acl_a}",
		Function: "{=X/acl_a,acl_a=X/acl_a}", Language: "{=U/acl_a,acl_a=U/acl_a}", Large: "{acl_a=rw/acl_a}", Schema: "{acl_a=UC/acl_a}",
		Param: "{acl_a=sA/acl_a}", Space: "{acl_a=C/acl_a}", Wrapper: "{acl_a=U/acl_a}", Server: "{acl_a=U/acl_a}", Type: "{=U/acl_a,acl_a=U/acl_a}",
	} {
		if got := show(Default(kind, 1)); got != want {
			t.Errorf("%c: %s, not %s", kind, got, want)
		}
	}
	if len(kinds) != 13 {
		t.Error("a kind is not in the table above")
	}
}

// TestFormat: quoting as in aclitemout.
func TestFormat(t *testing.T) {
	for name, want := range map[string]string{
		"a_1": "a_1=r*w/a_1", "A": "A=r*w/A", "a b": `"a b"=r*w/"a b"`, `q"`: `"q"""=r*w/"q"""`, "é": `"é"=r*w/"é"`,
	} {
		i := Item{Grantee: 1, Grantor: 1, Held: Select | Update, Option: Select}
		if got := i.Format(func(OID) string { return name }); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

// TestNewOwner: what ALTER … OWNER TO makes of a list (PostgreSQL's aclnewowner).
func TestNewOwner(t *testing.T) {
	a := ACL{{1, 1, Usage | Select, None}, {2, 1, Select, Select}, {3, 2, Select, None}}
	if got := show(a.NewOwner(1, 2)); got != "{acl_b=r*U/acl_b,acl_c=r/acl_b}" {
		t.Error(got)
	}
	if ACL(nil).NewOwner(1, 2) != nil {
		t.Error("the default is not the default any more")
	}
}

func TestWithout(t *testing.T) {
	a := ACL{{1, 1, Usage, None}, {2, 1, Usage, Usage}, {3, 2, Usage, Usage}, {4, 3, Usage, None}, {5, 1, Usage, None}}
	got, err := a.Without(recordedRoles{}, 1, 2)
	if err != nil || show(got) != "{acl_a=U/acl_a,acl_e=U/acl_a}" {
		t.Error(show(got), err)
	}
}

func TestPrivilegeNames(t *testing.T) {
	all := Privileges(0)
	for k := range kinds {
		all |= All(k)
	}
	for p := range all.Each {
		if back, ok := ParsePrivilege(p.Name()); !ok || back != p || p.Count() != 1 {
			t.Errorf("%s is read as %d", p.Name(), back)
		}
	}
	if p, ok := ParsePrivilege("TEMP"); !ok || p != Temporary {
		t.Error("TEMP")
	}
	if _, ok := ParsePrivilege("RULE"); ok {
		t.Error("RULE")
	}
}
