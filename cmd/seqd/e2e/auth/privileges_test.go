package auth

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"seqd/cmd/seqd/e2e/pgserver"
)

// object is a sequence of the matrix, and how its privileges came to be.
type object struct {
	schema, name string
	setup        []string
}

func (o object) qualified() string { return o.schema + "." + o.name }

// matrixSetup makes the roles and schemas. grp is granted to, in several ways at once;
// own owns the sequences.
var matrixSetup = []string{
	"CREATE ROLE own; CREATE ROLE grp; CREATE ROLE direct; CREATE ROLE other; CREATE ROLE stranger; CREATE ROLE su SUPERUSER",
	"CREATE ROLE inh IN ROLE grp; CREATE ROLE noinh NOINHERIT IN ROLE grp",
	// Chains: the middle one passes on what it inherits, or nothing.
	"CREATE ROLE mid IN ROLE grp; CREATE ROLE midno NOINHERIT IN ROLE grp",
	"CREATE ROLE chain IN ROLE mid; CREATE ROLE chainno IN ROLE midno",
	"CREATE ROLE likeown IN ROLE own; CREATE ROLE likeownno NOINHERIT IN ROLE own",
	"CREATE ROLE reader IN ROLE pg_read_all_data; CREATE ROLE writer IN ROLE pg_write_all_data; CREATE ROLE watcher IN ROLE pg_monitor",
	"CREATE ROLE adm CREATEROLE CREATEDB BYPASSRLS REPLICATION",
	"CREATE SCHEMA pub AUTHORIZATION own; GRANT USAGE ON SCHEMA pub TO PUBLIC",
	"CREATE SCHEMA hid AUTHORIZATION own; GRANT USAGE ON SCHEMA hid TO direct",
}

// matrixActors are who tries: session user and role.
var matrixActors = []struct{ session, role string }{
	{"su", ""}, {"own", ""}, {"direct", ""}, {"stranger", ""}, {"inh", ""}, {"noinh", ""}, {"noinh", "grp"}, {"chain", ""},
	{"chainno", ""}, {"chainno", "grp"}, {"likeown", ""}, {"likeownno", ""}, {"likeownno", "own"}, {"reader", ""}, {"writer", ""},
	{"watcher", ""}, {"adm", ""}, {"su", "stranger"}, {"stranger", "grp"},
}

// matrixActions are what is tried. $q is the sequence's qualified name, $n the bare one,
// $s the schema. What changes something does so in a transaction that is rolled back.
var matrixActions = []string{
	"SELECT nextval('$q')",
	"SELECT nextval('$n')", // by the search path, which passes schemas by that may not be used
	"SELECT currval('$q')",
	"SELECT lastval()",
	"SELECT setval('$q', 7)",
	"SELECT setval('$q', 9, false)",
	"SELECT * FROM $q",
	"SELECT log_cnt FROM $n LIMIT 0",
	"SELECT pg_sequence_last_value('$q')",
	"SELECT pg_sequence_parameters('$q')",
	"SELECT has_sequence_privilege('$q', 'USAGE'), has_sequence_privilege('$q', 'SELECT, UPDATE'), has_sequence_privilege('$q', 'SELECT WITH GRANT OPTION'), has_table_privilege('$q', 'UPDATE'), has_table_privilege('$q', 'INSERT, RULE'), has_sequence_privilege('direct', '$q', 'USAGE'), has_schema_privilege('$s', 'USAGE')",
	"SELECT * FROM pg_sequences WHERE schemaname = '$s' AND sequencename = '$n'",
	"SELECT sequence_name, data_type, start_value FROM information_schema.sequences WHERE sequence_name = '$n'",
	"BEGIN; ALTER SEQUENCE $q INCREMENT 2",
	"BEGIN; ALTER SEQUENCE $q OWNER TO direct",
	"BEGIN; ALTER SEQUENCE $n RENAME TO x",
	"BEGIN; ALTER SEQUENCE $q SET SCHEMA pub",
	"BEGIN; COMMENT ON SEQUENCE $q IS 'c'",
	"BEGIN; DROP SEQUENCE $q",
	"BEGIN; TRUNCATE $q",
	"BEGIN; GRANT USAGE, SELECT ON SEQUENCE $q TO other; SELECT relacl FROM pg_class WHERE relname = '$n'",
	"BEGIN; GRANT ALL ON $q TO other WITH GRANT OPTION; SELECT relacl FROM pg_class WHERE relname = '$n'",
	"BEGIN; REVOKE SELECT ON SEQUENCE $q FROM PUBLIC, direct CASCADE; SELECT relacl FROM pg_class WHERE relname = '$n'",
	"BEGIN; REVOKE GRANT OPTION FOR USAGE, UPDATE ON SEQUENCE $q FROM grp; SELECT relacl FROM pg_class WHERE relname = '$n'",
}

// matrixObjects are sequences with every set of privileges for a role itself, a group,
// PUBLIC and the owner, with and without grant options, by GRANT and by default
// privileges, in a schema that may be used and in one that may not.
func matrixObjects() (list []object) {
	privileges := []string{"USAGE", "SELECT", "UPDATE"}
	for set := range 8 {
		var held []string
		for bit, p := range privileges {
			if set&(1<<bit) != 0 {
				held = append(held, p)
			}
		}
		grant := strings.Join(held, ", ")
		for _, schema := range []string{"pub", "hid"} {
			add := func(kind string, setup ...string) {
				if few := schema == "hid" || !slices.Contains([]string{"none", "direct", "grp", "public"}, kind); few &&
					(!slices.Contains([]int{0, 1, 2, 4, 7}, set) || schema == "hid" && slices.Contains([]string{"direct", "owner", "option", "onward"}, kind)) {
					return // shows nothing that others do not
				}
				o := object{schema: schema, name: fmt.Sprintf("s%d_%s_%s", set, kind, schema)}
				for _, sql := range setup {
					o.setup = append(o.setup, strings.NewReplacer("$q", o.qualified(), "$g", grant, "$s", schema).Replace(sql))
				}
				list = append(list, o)
			}
			const make = "CREATE SEQUENCE $q CACHE 1; ALTER SEQUENCE $q OWNER TO own"
			if set == 0 {
				add("none", make)
				continue
			}
			add("direct", make, "GRANT $g ON SEQUENCE $q TO direct")
			add("grp", make, "GRANT $g ON SEQUENCE $q TO grp")
			add("public", make, "GRANT $g ON SEQUENCE $q TO PUBLIC")
			add("owner", make, "REVOKE $g ON SEQUENCE $q FROM own")
			add("option", make, "GRANT $g ON SEQUENCE $q TO direct, grp WITH GRANT OPTION")
			add("onward", make, "GRANT $g ON SEQUENCE $q TO grp WITH GRANT OPTION",
				"SET ROLE grp; GRANT $g ON SEQUENCE $q TO direct, PUBLIC; RESET ROLE")
			add("default", "ALTER DEFAULT PRIVILEGES FOR ROLE own GRANT $g ON SEQUENCES TO grp",
				"ALTER DEFAULT PRIVILEGES FOR ROLE own IN SCHEMA $s GRANT $g ON SEQUENCES TO direct WITH GRANT OPTION",
				"SET ROLE own; CREATE SEQUENCE $q; RESET ROLE",
				"ALTER DEFAULT PRIVILEGES FOR ROLE own REVOKE ALL ON SEQUENCES FROM grp",
				"ALTER DEFAULT PRIVILEGES FOR ROLE own IN SCHEMA $s REVOKE ALL ON SEQUENCES FROM direct")
		}
	}
	return list
}

// matrixQueries is the whole matrix as one session.
func matrixQueries(objects []object) (queries []string, cells int) {
	queries = append(queries, matrixSetup...)
	queries = append(queries, "GRANT CREATE ON SCHEMA pub TO direct", "SET search_path = hid, pub")
	for _, o := range objects {
		queries = append(queries, o.setup...)
	}
	for _, o := range objects {
		queries = append(queries, fmt.Sprintf("SELECT nextval('%s')", o.qualified())) // for currval and lastval
		for _, actor := range matrixActors {
			queries = append(queries, "SET SESSION AUTHORIZATION "+actor.session)
			if actor.role != "" {
				queries = append(queries, "SET ROLE "+actor.role)
			}
			for _, action := range matrixActions {
				cells++
				queries = append(queries, strings.NewReplacer("$q", o.qualified(), "$n", o.name, "$s", o.schema).Replace(action))
				if strings.HasPrefix(action, "BEGIN") {
					queries = append(queries, "ROLLBACK")
				}
			}
			queries = append(queries, "RESET SESSION AUTHORIZATION")
		}
	}
	return queries, cells
}

// TestPrivilegeMatrix: who may do what with sequences, cell by cell as in PostgreSQL:
// results, errors, warnings and resulting lists to the letter.
func TestPrivilegeMatrix(t *testing.T) {
	objects := matrixObjects()
	if testing.Short() {
		objects = slices.DeleteFunc(objects, func(o object) bool { return !strings.Contains(o.name, "5") && !strings.Contains(o.name, "none") })
	}
	queries, cells := matrixQueries(objects)
	pg := pgserver.ForTest(t, pgserver.Options{})
	seqd := startLogged(t, "--log-level", "warn")
	var want, got []string
	var both sync.WaitGroup
	both.Go(func() { want = pipeline(t, pg.Addr(), queries) })
	both.Go(func() { got = pipeline(t, seqd.Addr(), queries) })
	both.Wait()
	refused, differ := 0, 0
	actor := ""
	for i, q := range queries {
		if strings.Contains(q, "SET SESSION AUTHORIZATION") {
			actor = strings.TrimPrefix(q, "SET SESSION AUTHORIZATION ")
		} else if strings.HasPrefix(q, "SET ROLE") {
			actor += " as " + strings.TrimPrefix(q, "SET ROLE ")
		}
		if strings.Contains(want[i], "42501") {
			refused++
		}
		if got[i] != want[i] {
			if differ++; differ <= 20 {
				t.Errorf("%s: %s\n      seqd: %s\nPostgreSQL: %s", actor, q, got[i], want[i])
			}
		}
	}
	t.Logf("%d cells (%d sequences, %d roles, %d statements), %d of the answers are refusals, %d differ", cells, len(objects),
		len(matrixActors), len(matrixActions), refused, differ)
	if refused < cells/10 || refused > cells*9/10 {
		t.Errorf("%d of %d answers are refusals: the matrix shows little", refused, cells)
	}
}
