package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// row is a line of docs/compatibility.md.
type row struct {
	client  *client
	version string
	tried   []string
}

const tableHead = `# Clients

Made by ` + "`go test ./cmd/seqd/e2e/compat -rewrite`" + `; do not edit. Each client runs a small
program of its own (cmd/seqd/e2e/compat/testdata) against a real PostgreSQL 15 and against seqd:
connect, make a sequence, nextval in the driver's own ways (prepared statements and binary
results where it has them), currval, setval, errors with their SQLSTATE, a transaction that
rolls back, its look into the catalogs, its own facility for sequences and IDs. Equal: every
line that the program prints on seqd is the one that it prints on PostgreSQL. The version is the
one that was installed when the table was made.

Tables are declared and keep no rows on seqd, so no program writes any, and queries of tables
find none on both.

| client | version | what was tried | on seqd | notes |
|---|---|---|---|---|
`

func (r *row) String() string {
	return fmt.Sprintf("| %s | %s | %s | equal | %s |\n", r.client.name, r.version, strings.Join(r.tried, "; "), r.client.notes)
}

var versionCell = regexp.MustCompile(`(?m)^(\| [^|]* \|) [^|]* \|`)

// checkTable compares docs/compatibility.md with what was played; what version of a
// client is installed makes no difference.
func checkTable(t *testing.T, played []*row) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "docs", "compatibility.md")
	text := tableHead
	for i, r := range played {
		if r == nil {
			fmt.Fprintf(os.Stderr, "\n*** %s: docs/compatibility.md NOT CHECKED: %s was not played ***\n\n", t.Name(), clients[i].name)
			return
		}
		text += r.String()
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if versionCell.ReplaceAllString(string(have), "$1") != versionCell.ReplaceAllString(text, "$1") {
		t.Errorf("docs/compatibility.md is out of date: go test ./cmd/seqd/e2e/compat -rewrite\n%s", text)
	}
}
