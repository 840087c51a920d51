// Package changes tells in words what a commit changed, for the audit log: which
// objects, and of each what it was and what it is now. It looks at the catalog before
// and after, not at statements, so that no way of changing something escapes it.
package changes

import (
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/server/audit"
)

// Change is one line of the audit log.
type Change struct {
	Kind audit.Kind
	audit.Change
}

// Transaction is what there is to know of a transaction at its commit.
type Transaction struct {
	Before, After *engine.Catalog
	Database      engine.OID
	Commit        *engine.Commit
	// Positions are where sequences exactly stood that it gave a new position.
	Positions map[engine.OID]sequence.State
}

// Of lists what a transaction changed, in the order in which it did.
func Of(t *Transaction) []Change {
	before, after := namesIn(t.Before, t.Database), namesIn(t.After, t.Database)
	var list []Change
	for _, w := range t.Commit.Writes {
		key := engine.KeyOf(w)
		was, is := before.object(key), after.object(key)
		switch {
		case was == nil && is == nil:
		case was == nil:
			list = append(list, created(after, is))
		case is == nil:
			list = append(list, dropped(before, was))
		default:
			list = append(list, t.altered(before, after, was, is, w)...)
		}
	}
	return list
}

func created(n names, is engine.Object) Change {
	fields := n.fields(is)
	return Change{kindOf(is), audit.Change{Action: "CREATE", Object: n.describe(is), New: text(fields)}}
}

func dropped(n names, was engine.Object) Change {
	return Change{kindOf(was), audit.Change{Action: "DROP", Object: n.describe(was), Old: text(n.fields(was))}}
}

// altered is up to three changes: of who may do what, of the rest, and a move backwards.
// Something may have changed that no field shows; then there is still a line.
func (t *Transaction) altered(before, after names, was, is engine.Object, w engine.Write) (list []Change) {
	oldFields, newFields := before.fields(was), after.fields(is)
	put, rewritten := w.(*engine.PutSequence)
	rewritten = rewritten && put.Position != nil
	var stood sequence.State
	if rewritten {
		stood = t.Positions[put.Sequence.OID]
		oldFields, newFields = append(oldFields, position(stood)...), append(newFields, position(*put.Position)...)
	}
	if passwordChanged(was, is) {
		i := slices.IndexFunc(newFields, func(f field) bool { return f.name == "password" })
		newFields[i].value = "changed"
	}
	var rights, rest [2][]field
	for _, name := range fieldNames(oldFields, newFields) {
		o, n := find(oldFields, name), find(newFields, name)
		if o.value == n.value {
			continue
		}
		to := &rest
		if o.right || n.right || kindOf(is) == audit.PrivilegeChange {
			to = &rights
		}
		to[0], to[1] = append(to[0], o), append(to[1], n)
	}
	line := func(kind audit.Kind, f [2][]field) {
		list = append(list, Change{kind, audit.Change{Action: "ALTER", Object: before.describe(was), Old: text(f[0]), New: text(f[1])}})
	}
	if len(rights[0]) > 0 {
		line(audit.PrivilegeChange, rights)
	}
	if len(rest[0]) > 0 || len(rights[0]) == 0 {
		line(kindOf(is), rest)
	}
	if rewritten {
		if moved, ok := MovedBack(put.Sequence.Params, stood, *put.Position); ok {
			moved.Action, moved.Object = "ALTER", before.describe(was)
			list = append(list, moved)
		}
	}
	return list
}

// kindOf tells what making, dropping and changing an object is.
func kindOf(o engine.Object) audit.Kind {
	switch o.(type) {
	case *engine.Role, *engine.Membership, *engine.DefaultACL:
		return audit.PrivilegeChange
	}
	return audit.Definition
}

// MovedBack is a move of a sequence to where it was before: values that it has given
// may come again.
func MovedBack(p sequence.Params, was, is sequence.State) (Change, bool) {
	back := is.LastValue < was.LastValue
	if p.Increment < 0 {
		back = is.LastValue > was.LastValue
	}
	if !back && (is.LastValue != was.LastValue || is.IsCalled || !was.IsCalled) {
		return Change{}, false
	}
	return Change{Kind: audit.MovedBack, Change: audit.Change{Old: text(position(was)), New: text(position(is))}}, true
}

// SetTo is a move of a sequence from nobody knows where.
func SetTo(is sequence.State) Change {
	return Change{Kind: audit.MovedBack, Change: audit.Change{Old: "unknown", New: text(position(is))}}
}

// Describe is what an object of a database is and how it is called.
func Describe(c *engine.Catalog, database engine.OID, o engine.Object) string {
	return namesIn(c, database).describe(o)
}

// OfDatabase is a database that was made or dropped.
func OfDatabase(action string, c *engine.Catalog, info *engine.DatabaseInfo) Change {
	change := created(names{catalog: c}, info)
	if change.Action = action; action == "DROP" {
		change.Old, change.New = change.New, ""
	}
	return change
}

func position(s sequence.State) []field {
	return []field{number("last_value", s.LastValue), yesNo("is_called", s.IsCalled)}
}

// text is name=value of each, separated by spaces; values with spaces are in braces or
// quotes already.
func text(fields []field) string {
	var b strings.Builder
	for _, f := range fields {
		if f.name == "" || f.value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.name + "=" + f.value)
	}
	return b.String()
}
