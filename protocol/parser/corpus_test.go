package parser

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/protocol/sqlstate"
)

// The corpus says of each statement whether PostgreSQL 15 parses it, and if not,
// with what error. Expectations are recorded from a server, never from seqd:
//
//	SEQD_PG_DSN=postgres://… go test ./protocol/parser -run TestSyntaxCorpus -rewrite
//
// A case is some lines of SQL (or one line of a Go string, for characters that
// would not show), then "=> ok" or "=> SQLSTATE @position message", then maybe
// HINT and NOTICE lines. Lines that start with "#" before the SQL are comment. A
// line "!! …" after the outcome is a deliberate difference of seqd, with what seqd
// answers instead of PostgreSQL.

var rewrite = flag.Bool("rewrite", false, "record the outcomes of testdata/syntax*.txt from the server at SEQD_PG_DSN")

type syntaxCase struct {
	comment []string
	sql     string
	quoted  bool // written as a Go string
	want    string
	differs string // what seqd answers on purpose
	line    int
}

func readCorpus(t testing.TB, path string) []syntaxCase {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []syntaxCase
	line := 1
	for _, block := range strings.Split(strings.TrimRight(string(data), "\n"), "\n\n") {
		c := syntaxCase{line: line}
		var sql, want []string
		for _, l := range strings.Split(block, "\n") {
			switch {
			case strings.HasPrefix(l, "!! "):
				c.differs = strings.TrimPrefix(l, "!! ")
			case want != nil || strings.HasPrefix(l, "=> "):
				want = append(want, l)
			case sql == nil && strings.HasPrefix(l, "# "):
				c.comment = append(c.comment, l)
			default:
				sql = append(sql, l)
			}
		}
		line += strings.Count(block, "\n") + 2
		if sql == nil {
			cases = append(cases, c)
			continue
		}
		c.sql = strings.Join(sql, "\n")
		if text, err := strconv.Unquote(c.sql); err == nil && c.sql[0] == '"' {
			c.sql, c.quoted = text, true
		}
		c.want = strings.TrimPrefix(strings.Join(want, "\n"), "=> ")
		cases = append(cases, c)
	}
	return cases
}

// outcome is what a case's "=>" lines say of an error and notices.
func outcome(err *sqlstate.Error, notices []string) string {
	s := "ok"
	if err != nil {
		s = fmt.Sprintf("%s @%d %s", err.Code, err.Position, visible(err.Message))
		if err.Hint != "" {
			s += "\nHINT " + err.Hint
		}
	}
	for _, n := range notices {
		s += "\nNOTICE " + n
	}
	return s
}

// visible writes line breaks, control characters and broken UTF-8 as \xNN.
func visible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || r < ' ' {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func ourOutcome(sql string) string {
	r, err := Parse(sql)
	var notices []string
	for _, n := range r.Notices {
		notices = append(notices, fmt.Sprintf("%s %s", n.Code, n.Message))
	}
	if err == nil {
		return outcome(nil, notices)
	}
	return outcome(sqlstate.From(err), notices)
}

func TestSyntaxCorpus(t *testing.T) {
	files, _ := filepath.Glob("testdata/syntax*.txt")
	if len(files) == 0 {
		t.Fatal("no corpus")
	}
	n := 0
	for _, f := range files {
		cases := readCorpus(t, f)
		if *rewrite {
			recordCorpus(t, f, cases)
		}
		for _, c := range cases {
			if c.sql == "" {
				continue
			}
			n++
			want := c.want
			if c.differs != "" {
				want = c.differs
			}
			if got := ourOutcome(c.sql); got != want {
				t.Errorf("%s:%d: %s\n got %s\nwant %s", f, c.line, c.sql, got, want)
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d cases: is the corpus whole?", n)
	}
}

// recordCorpus asks PostgreSQL and writes the file anew.
func recordCorpus(t *testing.T, path string, cases []syntaxCase) {
	t.Helper()
	pg := newOracle(t)
	var b strings.Builder
	for i, c := range cases {
		if i > 0 {
			b.WriteString("\n")
		}
		for _, l := range c.comment {
			b.WriteString(l + "\n")
		}
		if c.sql == "" {
			continue
		}
		cases[i].want = pg.outcome(t, c.sql)
		sql := c.sql
		if c.quoted {
			sql = strconv.Quote(sql)
		}
		b.WriteString(sql + "\n=> " + cases[i].want + "\n")
		if c.differs != "" {
			b.WriteString("!! " + c.differs + "\n")
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// oracle asks a PostgreSQL 15 what its parser alone says.
type oracle struct {
	conn    *pgconn.PgConn
	notices []string
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	config, err := pgconn.ParseConfig(os.Getenv("SEQD_PG_DSN"))
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		o.notices = append(o.notices, fmt.Sprintf("%s %s", n.Code, n.Message))
	}
	if o.conn, err = pgconn.ConnectConfig(context.Background(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.conn.Close(context.Background()) })
	if v := o.conn.ParameterStatus("server_version"); !strings.HasPrefix(v, "15.") {
		t.Fatalf("the server is %s, not PostgreSQL 15", v)
	}
	return o
}

// twoMore makes the message one of several statements, which a Parse message must
// not be: PostgreSQL says so after its parser and before anything else.
const twoMore = "SELECT 1;SELECT 2;"

func (o *oracle) outcome(t *testing.T, sql string) string {
	t.Helper()
	o.notices = nil
	_, err := o.conn.Prepare(context.Background(), "", twoMore+sql, nil)
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v, want an error", sql, err)
	}
	if e.Message == "cannot insert multiple commands into a prepared statement" {
		return outcome(nil, o.notices)
	}
	pos := int(e.Position)
	if pos > 0 {
		pos -= utf8.RuneCountInString(twoMore)
	}
	return outcome(&sqlstate.Error{Code: sqlstate.Code(e.Code), Message: e.Message, Hint: e.Hint, Position: pos}, o.notices)
}
