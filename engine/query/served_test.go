package query

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
)

// unservedFunctions is how many functions of pg_proc that a user can call answer 0A000.
// It may only fall: lower it when a function is added. What they are about is in
// docs/differences.md.
const unservedFunctions = 1081

// slack is how many may be added before the bound must follow.
const slack = 25

// internalTypes are those of functions that only the server itself calls.
var internalTypes = []string{"internal", "trigger", "event_trigger", "language_handler", "fdw_handler", "index_am_handler", "table_am_handler", "tsm_handler"}

// TestUnservedFunctions keeps count of what is missing, so that gaps are seen.
func TestUnservedFunctions(t *testing.T) {
	groups := map[string][]string{}
	n := 0
	for _, fn := range builtin.AllFunctions() {
		if fn.Kind != 'f' || fn.Schema != "pg_catalog" || internal(fn) || serves(fn) {
			continue
		}
		n++
		group := groupOf(fn)
		groups[group] = append(groups[group], fn.Name)
	}
	if n > unservedFunctions {
		t.Errorf("%d functions are not served, %d were", n, unservedFunctions)
	}
	if n < unservedFunctions-slack {
		t.Errorf("only %d functions are not served: lower the bound of %d", n, unservedFunctions)
	}
	var lines []string
	for group, names := range groups {
		slices.Sort(names)
		lines = append(lines, fmt.Sprintf("%4d %s: %s", len(names), group, strings.Join(slices.Compact(names), " ")))
	}
	slices.Sort(lines)
	t.Log("not served:\n" + strings.Join(lines, "\n"))
}

func internal(fn *builtin.Function) bool {
	for _, typ := range append(slices.Clone(fn.Args), fn.Result) {
		if slices.Contains(internalTypes, pgtypes.Format(typ)) {
			return true
		}
	}
	return slices.Contains(fn.Args, pgtypes.Cstring) || fn.Result == pgtypes.Cstring
}

// serves tells whether bind finds an implementation, but for those in SQL, which may call
// others.
func serves(fn *builtin.Function) bool {
	if fn.Body != "" {
		return true
	}
	return (&analyzer{}).bind(&callExpr{fn: fn}) == nil
}

// groupOf is the first type without functions that such a function has to do with, or
// the first word of its name.
func groupOf(fn *builtin.Function) string {
	for _, typ := range append(slices.Clone(fn.Args), fn.Result) {
		switch name := strings.TrimSuffix(pgtypes.Format(typ), "[]"); name {
		case "point", "lseg", "path", "box", "polygon", "line", "circle":
			return "geometric types"
		case "tsvector", "tsquery", "regconfig", "regdictionary":
			return "text search"
		case "inet", "cidr", "macaddr", "macaddr8":
			return "network types"
		case "anyrange", "anymultirange":
			return "ranges"
		case "jsonpath", "json", "jsonb":
			return "json"
		case "xml", "money", "bytea", "bit", "bit varying":
			return name
		}
		if strings.Contains(pgtypes.Format(typ), "range") {
			return "ranges"
		}
	}
	for _, prefix := range []string{"pg_", "lo_", "binary_upgrade", "hash", "bt", "brin", "gin", "gist", "spg", "be_lo"} {
		if strings.HasPrefix(fn.Name, prefix) {
			return prefix + "*"
		}
	}
	return "others"
}
