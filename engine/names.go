package engine

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// names is the relations of a database in the order of schema and name (as bytes). It
// holds OIDs alone: the names are read from the relations, which a finder gives. So
// a relation enters it after it is there by its OID, and leaves it before. It forks as
// a table does.
type names struct {
	// pages are the OIDs in order, by a lower bound of what each holds. The first one's
	// is "", so that every name has a page.
	pages table[string, *page]
	owner *owner
}

// page is some relations that follow one another.
type page struct {
	owner *owner
	list  []OID
}

const pageLength = 128

// finder returns a relation by its OID.
type finder func(OID) (Relation, bool)

func (n *names) fork() names { return names{pages: n.pages.fork()} }

// page returns the page that a name belongs to, and its key.
func (n *names) page(name string) (key string, p *page) {
	n.pages.m.Descend(name, func(k string, at *page) bool {
		key, p = k, at
		return false
	})
	return key, p
}

// search returns where in the page a relation is, or would be.
func (p *page) search(by finder, schema OID, name string) (int, bool) {
	return slices.BinarySearchFunc(p.list, name, func(oid OID, _ string) int {
		r, _ := by(oid)
		s, other := r.Where()
		return cmp.Or(cmp.Compare(s, schema), strings.Compare(other, name))
	})
}

func (n *names) get(by finder, schema OID, name string) (Relation, bool) {
	_, p := n.page(relationName(schema, name))
	if p == nil {
		return nil, false
	}
	i, found := p.search(by, schema, name)
	if !found {
		return nil, false
	}
	return by(p.list[i])
}

// put adds a relation whose name is free.
func (n *names) put(by finder, r Relation) {
	schema, name := r.Where()
	full, oid := relationName(schema, name), r.Key().OID
	key, p := n.own(full)
	i, _ := p.search(by, schema, name)
	switch {
	case len(p.list) < pageLength:
		p.list = slices.Insert(p.list, i, oid)
	case i == pageLength: // who adds in order fills the pages
		n.pages.put(full, &page{owner: n.owner, list: []OID{oid}})
	default:
		const half = pageLength / 2
		middle, _ := by(p.list[half])
		left, right := slices.Clone(p.list[:half]), slices.Clone(p.list[half:])
		if i <= half {
			left = slices.Insert(left, i, oid)
		} else {
			right = slices.Insert(right, i-half, oid)
		}
		schema, name := middle.Where()
		n.pages.put(key, &page{owner: n.owner, list: left})
		n.pages.put(relationName(schema, name), &page{owner: n.owner, list: right})
	}
}

// own returns the page that a name belongs to, which may be written, and its key.
func (n *names) own(name string) (string, *page) {
	if n.owner == nil {
		n.owner = &owner{}
	}
	key, p := n.page(name)
	switch {
	case p == nil:
		p = &page{owner: n.owner}
	case p.owner != n.owner:
		p = &page{owner: n.owner, list: slices.Clone(p.list)}
	default:
		return key, p
	}
	n.pages.put(key, p)
	return key, p
}

// delete takes out a relation that is there.
func (n *names) delete(by finder, r Relation) {
	schema, name := r.Where()
	key, p := n.own(relationName(schema, name))
	i, found := p.search(by, schema, name)
	if !found {
		return
	}
	p.list = slices.Delete(p.list, i, i+1)
	if len(p.list) == 0 && key != "" {
		n.pages.delete(key)
	}
}

// in yields the relations of a schema in order.
func (n *names) in(by finder, schema OID, yield func(Relation) bool) {
	key, p := n.page(relationName(schema, ""))
	if p == nil {
		return
	}
	skip, _ := p.search(by, schema, "")
	n.pages.from(key, func(_ string, p *page) bool {
		rest := p.list[skip:]
		skip = 0 // in the pages behind the first one
		for _, oid := range rest {
			r, _ := by(oid)
			if s, _ := r.Where(); s != schema || !yield(r) {
				return false
			}
		}
		return true
	})
}

// relationName orders relations by schema and then by name.
func relationName(schema OID, name string) string {
	b := make([]byte, 4, 4+len(name))
	binary.BigEndian.PutUint32(b, uint32(schema))
	return string(append(b, name...))
}
