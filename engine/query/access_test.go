package query

import (
	"testing"

	"seqd/protocol/sqlstate"
)

// plainUser is a session of a role that nobody granted anything.
type plainUser struct{ *fakeSession }

func (plainUser) CurrentUser() string { return "pg_monitor" }

// TestCatalogsThatNotEverybodyReads: passwords are for superusers; what views show
// of the same table is for all.
func TestCatalogsThatNotEverybodyReads(t *testing.T) {
	f := plainUser{newFakeSession()}
	open := func(sql string) error {
		stmt, err := parseSelect(sql)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Analyze(stmt, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = plan.Open(f, nil)
		return err
	}
	for _, sql := range []string{"SELECT rolpassword FROM pg_authid", "SELECT 1 FROM pg_shadow",
		"SELECT (SELECT count(*) FROM pg_authid) FROM pg_class", "WITH a AS (SELECT * FROM pg_authid) SELECT * FROM a"} {
		if err := open(sql); sqlstate.CodeOf(err) != sqlstate.InsufficientPrivilege {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{"SELECT rolname FROM pg_roles", "SELECT * FROM pg_class", "SELECT * FROM pg_user", "SELECT * FROM information_schema.sequences"} {
		if err := open(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := mayRead(newFakeSession(), []read{{relation: 1260}}); err != nil {
		t.Errorf("a superuser: %v", err)
	}
}
