package pgtypes

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/protocol/sqlstate"
)

var rewrite = flag.Bool("rewrite", false, "record expectations from the PostgreSQL 15 at SEQD_PG_DSN")

const typesQuery = `SELECT oid, typname, typlen, typtype, typcategory, typispreferred, typelem, typarray, typdelim, typbyval, typalign, typstorage,
 (typsubscript = 'array_subscript_handler'::regproc AND typlen = -1), format_type(oid, NULL), typnamespace::regnamespace, typbasetype, typtypmod, typrelid
 FROM pg_type WHERE oid < 16384 ORDER BY oid`

func connect(t *testing.T) *pgconn.PgConn {
	t.Helper()
	dsn := os.Getenv("SEQD_PG_DSN")
	if dsn == "" {
		t.Fatal("-rewrite needs SEQD_PG_DSN")
	}
	c, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	if _, err := c.Exec(context.Background(), "SET timezone = 'UTC'; SET bytea_output = 'hex'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTypesTable: the recorded pg_type is whole and consistent.
func TestTypesTable(t *testing.T) {
	if *rewrite {
		r := connect(t).ExecParams(context.Background(), typesQuery, nil, nil, nil, nil).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		var b bytes.Buffer
		for _, row := range r.Rows {
			b.Write(bytes.Join(row, []byte("\t")))
			b.WriteByte('\n')
		}
		if err := os.WriteFile("types.tsv", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, typ := range Types() {
		if typ.Array != 0 {
			arr, ok := TypeByOID(typ.Array)
			if !ok || arr.Elem != typ.OID || !arr.IsArray {
				t.Errorf("%s: array type %d does not lead back", typ.Name, typ.Array)
			}
		}
		if byName, ok := TypeByName(typ.Name); typ.Schema == "pg_catalog" && (!ok || byName != typ) {
			t.Errorf("%s is not found by its name", typ.Name)
		}
	}
	for name, oid := range map[string]OID{"int8": Int8, "numeric": Numeric, "_text": TextArray, "regclass": Regclass, "timestamptz": Timestamptz, "void": Void} {
		if typ, ok := TypeByName(name); !ok || typ.OID != oid {
			t.Errorf("%s: %+v, want OID %d", name, typ, oid)
		}
	}
}

// TestRecordedValues reads each literal as its type, writes it as text and in
// binary, reads the binary back, and compares with what a PostgreSQL 15 did:
// type, literal (Go syntax), then either output and binary in hex, or the error.
func TestRecordedValues(t *testing.T) {
	const file = "testdata/values.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c *pgconn.PgConn
	var out strings.Builder
	if *rewrite {
		c = connect(t)
	}
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		if line == "" || line[0] == '#' {
			out.WriteString(line + "\n")
			continue
		}
		f := strings.Split(line, "\t")
		literal, err := strconv.Unquote(f[1])
		typ, ok := TypeByName(f[0])
		if err != nil || !ok {
			t.Fatalf("%s:%d: %v, type %s", file, i+1, err, f[0])
		}
		if *rewrite {
			out.WriteString(f[0] + "\t" + f[1] + "\t" + onServer(c, typ, literal) + "\n")
			continue
		}
		if got, want := here(t, typ, literal), strings.Join(f[2:], "\t"); got != want {
			t.Errorf("%s:%d: %s %s\n got %s\nwant %s", file, i+1, f[0], f[1], got, want)
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func onServer(c *pgconn.PgConn, typ *Type, literal string) string {
	query := func(format int16) ([]byte, error) {
		r := c.ExecParams(context.Background(), "SELECT $1", [][]byte{[]byte(literal)}, []uint32{typ.OID}, nil, []int16{format}).Read()
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Rows[0][0], nil
	}
	text, err := query(0)
	if err != nil {
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			return err.Error()
		}
		return "! " + e.Code + " " + strconv.Quote(e.Message)
	}
	binary, err := query(1)
	if err != nil {
		return err.Error()
	}
	return strconv.Quote(string(text)) + "\t" + hex.EncodeToString(binary)
}

func here(t *testing.T, typ *Type, literal string) string {
	t.Helper()
	v, err := ParseText(typ.OID, literal)
	if err != nil {
		e := sqlstate.From(err)
		return "! " + string(e.Code) + " " + strconv.Quote(e.Message)
	}
	text := string(AppendText(nil, typ.OID, v))
	binary, err := AppendBinary(nil, typ.OID, v)
	if err != nil {
		return err.Error()
	}
	back, err := ParseBinary(typ.OID, binary)
	if err != nil {
		t.Errorf("%s %q: reading the binary form back: %v", typ.Name, literal, err)
	} else if again := string(AppendText(nil, typ.OID, back)); again != text {
		t.Errorf("%s %q: text %q, through binary %q", typ.Name, literal, text, again)
	}
	return strconv.Quote(text) + "\t" + hex.EncodeToString(binary)
}
