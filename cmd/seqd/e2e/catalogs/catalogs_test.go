package catalogs

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/pgserver"
)

var rewrite = flag.Bool("rewrite", false, "record the catalogs from PostgreSQL 15")

const folder = "../../../../engine/query/builtin/recorded"

// unrecorded are catalogs whose rows are the server's own: objects of users,
// statistics, or texts that nobody reads.
var unrecorded = map[string]bool{
	"pg_statistic": true, "pg_database": true, "pg_sequence": true, "pg_shdepend": true, "pg_default_acl": true,
	"pg_largeobject": true,
	// These the engine has itself, after initdb.
	"pg_authid": true, "pg_auth_members": true, "pg_namespace": true, "pg_shdescription": true,
}

// TestCatalogs compares each recorded file with the server.
func TestCatalogs(t *testing.T) {
	pg := pgserver.ForTest(t, pgserver.Options{Settings: map[string]string{"autovacuum": "off"}})
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, pg.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "SET timezone = 'UTC'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"views.tsv": viewsQuery}
	for _, row := range query(t, c, catalogsQuery) {
		if !unrecorded[row[1]] {
			files[row[0]+"."+row[1]+".tsv"] = selectOf(row[0], row[1], row[2], row[3])
		}
	}
	for name, sql := range files {
		var b bytes.Buffer
		if _, err := c.CopyTo(ctx, &b, "COPY ("+sql+") TO STDOUT"); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, sql)
		}
		compare(t, strings.TrimPrefix(name, "pg_catalog."), b.Bytes())
	}
	have, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range have {
		if files[f.Name()] == "" && files["pg_catalog."+f.Name()] == "" {
			t.Errorf("%s belongs to no catalog", f.Name())
		}
	}
}

// compare checks a file, or writes it. A catalog without rows has none.
func compare(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(folder, name)
	if *rewrite {
		os.Remove(path)
		if len(want) > 0 {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil && len(want) > 0 {
		t.Error(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what PostgreSQL has; make generate records it", name)
	}
}

func query(t *testing.T, c *pgconn.PgConn, sql string) (rows [][]string) {
	t.Helper()
	r := c.ExecParams(context.Background(), sql, nil, nil, nil, nil).Read()
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, row := range r.Rows {
		var texts []string
		for _, v := range row {
			texts = append(texts, string(v))
		}
		rows = append(rows, texts)
	}
	return rows
}

// catalogsQuery lists the tables: schema, name, their columns with types, and the
// order of their rows.
const catalogsQuery = `SELECT n.nspname, c.relname,
 (SELECT string_agg(attname || ' ' || atttypid::regtype, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
 COALESCE((SELECT string_agg(attname, ', ' ORDER BY array_position(i.indkey::int2[], attnum))
   FROM pg_index i JOIN pg_attribute a ON attrelid = c.oid AND attnum = ANY (i.indkey) WHERE indrelid = c.oid AND indisprimary),
  (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0))
 FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind = 'r' AND nspname IN ('pg_catalog', 'information_schema') ORDER BY c.oid`

// viewsQuery gives the views' definitions, plain and pretty.
const viewsQuery = `SELECT c.oid, pg_get_viewdef(c.oid), pg_get_viewdef(c.oid, true) FROM pg_class c WHERE relkind = 'v' AND c.oid < 16384 ORDER BY 1`

// selectOf reads a catalog in a form that can be loaded without a server: reg…
// columns as numbers, expression trees as their text, and without what differs
// from one cluster to the next.
func selectOf(schema, name, columns, order string) string {
	var list []string
	oid := ""
	for _, col := range strings.Split(columns, ",") {
		col, typ, _ := strings.Cut(col, " ")
		expr := col
		switch {
		case col == "oid":
			oid = "oid"
		case name == "pg_rewrite" && typ == "pg_node_tree":
			expr = "''"
		case col == "prosqlbody":
			expr = "pg_get_function_sqlbody(oid)"
		case typ == "pg_node_tree":
			expr = "pg_get_expr(" + col + ", 0)"
		case strings.HasPrefix(typ, "reg"):
			expr = col + "::oid"
		case varying[col] != "":
			expr = varying[col]
		}
		list = append(list, expr)
	}
	where := ""
	if oid != "" {
		where = " WHERE oid < 16384"
	}
	switch name {
	case "pg_collation": // those of the operating system and of ICU follow
		where = " WHERE oid < 12000 OR collname = 'ucs_basic'"
	case "pg_description":
		where = " WHERE (classoid <> 'pg_collation'::regclass OR objoid < 12000) AND classoid <> 'pg_namespace'::regclass"
	}
	return fmt.Sprintf("SELECT %s FROM %s.%s%s ORDER BY %s", strings.Join(list, ", "), schema, name, where, order)
}

// varying are columns that initdb, VACUUM and the platform fill as they like.
var varying = map[string]string{
	"relpages": "0", "reltuples": "-1", "relallvisible": "0", "relfrozenxid": "CASE WHEN relfrozenxid = '0' THEN 0 ELSE 717 END",
	"relminmxid":   "CASE WHEN relminmxid = '0' THEN 0 ELSE 1 END",
	"indcheckxmin": "false",
}
