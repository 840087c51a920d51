package builtin

import (
	"embed"
	"strings"
	"sync"

	"seqd/protocol/pgtypes"
)

// recorded holds the rows of system catalogs as PostgreSQL 15 has them after
// initdb, a file per catalog in COPY's text format. Columns of reg… types are
// numbers there, and expression trees are the text that pg_get_expr makes of them.
//
//go:embed recorded/*.tsv
var recorded embed.FS

// null marks a NULL among the fields of a line: no text holds it.
const null = "\x00"

// lines calls row with the fields of each line of a file; a file that is not
// there has none.
func lines(name string, row func(fields []string)) {
	data, err := recorded.ReadFile("recorded/" + name + ".tsv")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i := range f {
			if f[i] == `\N` {
				f[i] = null
			} else if strings.IndexByte(f[i], '\\') >= 0 {
				f[i] = unescape(f[i])
			}
		}
		row(f)
	}
}

// unescape reads COPY's backslash sequences.
var unescaper = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r", `\b`, "\b", `\f`, "\f", `\v`, "\v")

func unescape(s string) string { return unescaper.Replace(s) }

// Rows are the recorded rows of a relation, read once. They are shared: nobody
// writes them.
func (r *Relation) Rows() [][]pgtypes.Value {
	r.load.Do(func() {
		name := r.Name
		if r.Schema != "pg_catalog" {
			name = r.Schema + "." + name
		}
		lines(name, func(f []string) {
			row := make([]pgtypes.Value, len(f))
			for i, text := range f {
				if text != null {
					row[i] = r.Columns[i].parse(text)
				}
			}
			r.rows = append(r.rows, row)
		})
	})
	return r.rows
}

// parse reads a recorded value.
func (c *Column) parse(text string) pgtypes.Value {
	if pgtypes.IsReg(c.Type) {
		oid := num(text)
		name := ""
		if f, ok := FunctionByOID(oid); ok && c.Type == pgtypes.Regproc {
			name = f.DisplayName()
		}
		return pgtypes.NewReg(oid, name)
	}
	switch c.Type {
	case pgNodeTree, pgtypes.AnyArray:
		return pgtypes.NewText(text)
	}
	v, err := pgtypes.ParseText(c.Type, text)
	if err != nil {
		panic("builtin: " + c.Name + ": " + err.Error())
	}
	return v
}

// pgNodeTree is the type of stored expressions.
const pgNodeTree = 194

type lazyRows struct {
	load sync.Once
	rows [][]pgtypes.Value
}
