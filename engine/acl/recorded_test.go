package acl

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

var rewrite = flag.Bool("rewrite", false, "record testdata from the PostgreSQL 15 at SEQD_PG_DSN, as its superuser")

const recordedFile = "testdata/grants.tsv"

// The roles of the recorded statements: b has a, c has b but does not inherit, d has
// both a and c; e has nothing. su is a superuser. Their OIDs here are 1 to 6.
var (
	roleNames   = []string{"acl_a", "acl_b", "acl_c", "acl_d", "acl_e", "acl_su"}
	memberships = map[OID][]OID{2: {1}, 3: {2}, 4: {1, 3}}
	inherits    = map[OID]bool{1: true, 2: true, 4: true, 5: true, 6: true}
)

type recordedRoles struct{}

func (recordedRoles) Superuser(r OID) bool { return r == 6 }
func (r recordedRoles) Inherits(m, role OID) bool {
	return r.Superuser(m) || slices.Contains(r.Inherited(m), role)
}
func (recordedRoles) Inherited(m OID) []OID {
	list := []OID{m}
	for i := 0; i < len(list); i++ {
		if !inherits[list[i]] {
			continue
		}
		for _, r := range memberships[list[i]] {
			if !slices.Contains(list, r) {
				list = append(list, r)
			}
		}
	}
	return list
}

func (recordedRoles) Everywhere(OID, Kind) Privileges { return None }

func roleName(oid OID) string { return roleNames[oid-1] }

// action is one recorded statement: who, and what.
type action struct {
	actor OID
	Grant
}

func (a action) columns() string {
	var who []string
	for _, g := range a.Grantees {
		who = append(who, fmt.Sprint(g))
	}
	return fmt.Sprintf("%d\t%s\t%d\t%t\t%t\t%t\t%t", a.actor, strings.Join(who, ","), a.Privileges, a.All, a.Revoke, a.Option, a.Cascade)
}

func (a action) sql() string {
	var privileges, who []string
	for p := range a.Privileges.Each {
		privileges = append(privileges, p.Name())
	}
	what := strings.Join(privileges, ", ")
	if a.All {
		what = "ALL"
	}
	for _, g := range a.Grantees {
		if g == Public {
			who = append(who, "PUBLIC")
			continue
		}
		who = append(who, roleName(g))
	}
	to := strings.Join(who, ", ")
	switch {
	case a.Revoke && a.Option:
		what = "REVOKE GRANT OPTION FOR " + what + " ON SEQUENCE acl_s FROM " + to
	case a.Revoke:
		what = "REVOKE " + what + " ON SEQUENCE acl_s FROM " + to
	default:
		what = "GRANT " + what + " ON SEQUENCE acl_s TO " + to
		if a.Option {
			what += " WITH GRANT OPTION"
		}
	}
	if a.Cascade {
		what += " CASCADE"
	}
	return what
}

func randomAction(rng *rand.Rand) action {
	a := action{actor: OID(1 + rng.IntN(6))}
	for range 1 + rng.IntN(2) {
		if g := OID(rng.IntN(6)); !slices.Contains(a.Grantees, g) {
			a.Grantees = append(a.Grantees, g)
		}
	}
	for a.Privileges == None {
		for p := range All(Sequence).Each {
			if rng.IntN(2) == 0 {
				a.Privileges |= p
			}
		}
	}
	a.All = a.Privileges == All(Sequence)
	a.Revoke, a.Option = rng.IntN(5) < 2, rng.IntN(2) == 0
	a.Cascade = a.Revoke && rng.IntN(2) == 0
	return a
}

func TestMain(m *testing.M) {
	flag.Parse()
	if *rewrite {
		if err := record(context.Background()); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// record plays random statements on a sequence of acl_a; every 20 statements begin
// with a new one.
func record(ctx context.Context) error {
	var warnings []string
	config, err := pgconn.ParseConfig(os.Getenv("SEQD_PG_DSN"))
	if err != nil {
		return err
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		// REVOKE on a relation revokes from each of its columns, too, and says so. That
		// is the statement's affair: columns have lists of their own.
		if !strings.Contains(n.Message, "for column") {
			warnings = append(warnings, n.Code+" "+n.Message)
		}
	}
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	run := func(sql string) (string, error) {
		results, err := c.Exec(ctx, sql).ReadAll()
		if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
			return "", err
		}
		return string(results[0].Rows[0][0]), nil
	}
	if _, err := run(`BEGIN; CREATE ROLE acl_a; CREATE ROLE acl_b IN ROLE acl_a; CREATE ROLE acl_c NOINHERIT IN ROLE acl_b;
		CREATE ROLE acl_d IN ROLE acl_a, acl_c; CREATE ROLE acl_e; CREATE ROLE acl_su SUPERUSER`); err != nil {
		return err
	}
	var out bytes.Buffer
	rng := rand.New(rand.NewPCG(15, 15))
	for i := range 3000 {
		if i%20 == 0 {
			if _, err := run(`DROP SEQUENCE IF EXISTS acl_s; CREATE SEQUENCE acl_s; ALTER SEQUENCE acl_s OWNER TO acl_a`); err != nil {
				return err
			}
			out.WriteString("new\n")
		}
		a := randomAction(rng)
		warnings = nil
		_, failed := run("SAVEPOINT x; SET LOCAL ROLE " + roleName(a.actor) + "; " + a.sql())
		said := strings.Join(warnings, "; ")
		if pg, ok := failed.(*pgconn.PgError); ok {
			said = pg.Code + " " + pg.Message
		}
		end := "RELEASE x; SET LOCAL ROLE NONE"
		if failed != nil {
			end = "ROLLBACK TO x; RELEASE x"
		}
		if _, err := run(end); err != nil {
			return err
		}
		list, err := run("SELECT COALESCE(relacl::text, 'NULL') FROM pg_class WHERE relname = 'acl_s'")
		if err != nil {
			return err
		}
		if !strings.Contains(said, "for column") {
			fmt.Fprintf(&out, "%s\t%s\t%s\n", a.columns(), list, said)
		}
	}
	return os.WriteFile(recordedFile, out.Bytes(), 0o644)
}

// TestRecordedGrants plays what PostgreSQL was asked, and compares the lists that
// came out of it, the warnings and the errors.
func TestRecordedGrants(t *testing.T) {
	text, err := os.ReadFile(recordedFile)
	if err != nil {
		t.Fatal(err)
	}
	var list ACL
	kinds := map[string]int{}
	for n, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if line == "new" {
			list = nil
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 9 {
			t.Fatalf("line %d: %q", n+1, line)
		}
		a := parseAction(t, f)
		next, outcome, err := list.Execute(recordedRoles{}, Sequence, 1, a.actor, a.Grant)
		said := ""
		if w := outcome.Warning(a.Grant, `"acl_s"`); w != nil {
			said = string(w.Code) + " " + w.Message
		}
		switch {
		case err != nil:
			said = codeAndMessage(err)
		case outcome == Denied:
			said = "42501 permission denied for sequence acl_s"
		default:
			list = next
		}
		if show(list) != f[7] || said != f[8] {
			t.Fatalf("line %d: %s as %s:\n got %s %s\nwant %s %s", n+1, a.sql(), roleName(a.actor), show(list), said, f[7], f[8])
		}
		code, _, _ := strings.Cut(said, " ")
		kinds[code]++
	}
	for _, code := range []string{"", "01007", "01006", "42501", "0LP01", "2BP01"} {
		if kinds[code] < 4 {
			t.Errorf("%q happened %d times only: the record shows too little", code, kinds[code])
		}
	}
}

func parseAction(t *testing.T, f []string) (a action) {
	t.Helper()
	for _, g := range strings.Split(f[1], ",") {
		var oid OID
		if _, err := fmt.Sscan(g, &oid); err != nil {
			t.Fatal(err)
		}
		a.Grantees = append(a.Grantees, oid)
	}
	if _, err := fmt.Sscan(f[0], &a.actor); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(strings.Join(f[2:7], " "), &a.Privileges, &a.All, &a.Revoke, &a.Option, &a.Cascade); err != nil {
		t.Fatal(err)
	}
	return a
}

func show(a ACL) string {
	if a == nil {
		return "NULL"
	}
	var items []string
	for _, i := range a {
		items = append(items, i.Format(roleName))
	}
	return "{" + strings.Join(items, ",") + "}"
}
