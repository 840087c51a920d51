package settings

import (
	"slices"
	"strings"
)

// entries are values by key, in order. They are never changed, so that many may hold
// the same: what is in force, what a rollback goes back to.
type entries []entry

// entry is a value and where it comes from, in the words of pg_settings.source.
type entry struct{ key, value, source string }

func (e entries) find(key string) (int, bool) {
	return slices.BinarySearchFunc(e, key, func(e entry, key string) int { return strings.Compare(e.key, key) })
}

func (e entries) get(key string) (entry, bool) {
	i, ok := e.find(key)
	if !ok {
		return entry{}, false
	}
	return e[i], true
}

// with has a value added or replaced.
func (e entries) with(n entry) entries {
	i, ok := e.find(n.key)
	rest := e[i:]
	if ok {
		rest = e[i+1:]
	}
	return slices.Concat(e[:i], entries{n}, rest)
}

// without has no value of that key.
func (e entries) without(key string) entries {
	i, ok := e.find(key)
	if !ok {
		return e
	}
	return slices.Concat(e[:i], e[i+1:])
}

// changed is with, or without if there is no value.
func (e entries) changed(key string, value *entry) entries {
	if value == nil {
		return e.without(key)
	}
	return e.with(*value)
}
