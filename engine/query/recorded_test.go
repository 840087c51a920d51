package query

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/protocol/sqlstate"
)

var rewrite = flag.Bool("rewrite", false, "record expectations from the PostgreSQL 15 at SEQD_PG_DSN")

// TestRecorded compares with what a real PostgreSQL 15 said. A file holds
// statements, each followed by its result: names and type OIDs of the columns and
// the rows, or SQLSTATE, position, message, detail and hint. A statement that is
// to differ, or is not served, is preceded by "# differs: why" and has seqd's own
// result after "seqd:".
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			entries := readRecorded(t, file)
			if *rewrite {
				record(t, file, entries)
				return
			}
			f := newFakeSession()
			for _, e := range entries {
				want := e.want
				if e.differs != "" {
					want = e.seqd
				}
				if got := f.outcome(e.sql); got != want {
					t.Errorf("%s:%d: %s\n got: %s\nwant: %s", file, e.line, e.sql, indent(got), indent(want))
				}
			}
		})
	}
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n      ") }

// outcome runs a statement and renders its result or error.
func (f *fakeSession) outcome(sql string) string {
	out, err := f.run(sql, 1000)
	if err == nil {
		return out
	}
	e := sqlstate.From(err)
	return renderError(string(e.Code), e.Position, e.Message, e.Detail, e.Hint)
}

func renderError(code string, position int, message, detail, hint string) string {
	s := fmt.Sprintf("! %s %d %s", code, position, message)
	if detail != "" {
		s += "\nDETAIL: " + detail
	}
	if hint != "" {
		s += "\nHINT: " + hint
	}
	return s
}

type recordedEntry struct {
	line         int
	comments     []string
	sql          string
	want         string
	differs      string
	seqd         string
	blanksBefore bool
}

// readRecorded parses a file: a statement starts at the margin, results are indented.
func readRecorded(t *testing.T, file string) []recordedEntry {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []recordedEntry
	var next recordedEntry
	own := false
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		switch {
		case line == "":
			next.blanksBefore = true
		case strings.HasPrefix(line, "#"):
			if d, ok := strings.CutPrefix(line, "# differs: "); ok {
				next.differs = d
			} else {
				next.comments = append(next.comments, line)
			}
		case line == "seqd:":
			own = true
		case strings.HasPrefix(line, "  "):
			e := &list[len(list)-1]
			to := &e.want
			if own {
				to = &e.seqd
			}
			if *to != "" {
				*to += "\n"
			}
			*to += strings.TrimPrefix(line, "  ")
		default:
			next.line, next.sql = i+1, line
			list = append(list, next)
			next, own = recordedEntry{}, false
		}
	}
	return list
}

// record writes the file anew with the server's results.
func record(t *testing.T, file string, entries []recordedEntry) {
	dsn := os.Getenv("SEQD_PG_DSN")
	if dsn == "" {
		t.Fatal("-rewrite needs SEQD_PG_DSN")
	}
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	for _, s := range []string{
		"DROP SEQUENCE IF EXISTS s", `DROP SEQUENCE IF EXISTS "Weird Name"`, "DROP SEQUENCE IF EXISTS small",
		"CREATE SEQUENCE s", `CREATE SEQUENCE "Weird Name"`, "CREATE SEQUENCE small MAXVALUE 3", "SET timezone = 'UTC'", "SET seqd.x = 'y'",
	} {
		if _, err := c.Exec(ctx, s).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	for _, e := range entries {
		if e.blanksBefore {
			b.WriteByte('\n')
		}
		for _, c := range e.comments {
			b.WriteString(c + "\n")
		}
		if e.differs != "" {
			b.WriteString("# differs: " + e.differs + "\n")
		}
		b.WriteString(e.sql + "\n  " + strings.ReplaceAll(serverOutcome(ctx, c, e.sql), "\n", "\n  ") + "\n")
		if e.seqd != "" {
			b.WriteString("seqd:\n  " + strings.ReplaceAll(e.seqd, "\n", "\n  ") + "\n")
		}
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func serverOutcome(ctx context.Context, c *pgconn.PgConn, sql string) string {
	reader := c.ExecParams(ctx, sql, nil, nil, nil, nil)
	var fields []pgconn.FieldDescription
	var rows [][]*string
	for reader.NextRow() {
		row := make([]*string, len(reader.Values()))
		for i, v := range reader.Values() {
			if v != nil {
				text := string(v)
				row[i] = &text
			}
		}
		rows = append(rows, row)
	}
	fields = append(fields, reader.FieldDescriptions()...)
	if _, err := reader.Close(); err != nil {
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			return "! " + err.Error()
		}
		return renderError(e.Code, int(e.Position), e.Message, e.Detail, e.Hint)
	}
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s:%d", f.Name, f.DataTypeOID)
		if f.TypeModifier >= 0 {
			fmt.Fprintf(&b, "/%d", f.TypeModifier)
		}
	}
	for _, row := range rows {
		b.WriteString("\n")
		for i, v := range row {
			if i > 0 {
				b.WriteByte('\t')
			}
			if v == nil {
				b.WriteString(`\N`)
			} else {
				b.WriteString(strings.ReplaceAll(*v, "\n", `\n`))
			}
		}
	}
	return b.String()
}
