package engine

import (
	"math/bits"
	"slices"
)

// dense is a table keyed by OIDs, for what there is a million of. OIDs are given out
// one after the other, so that most of a run of them are there: the entries of a run
// lie side by side and cost no more than their values. It forks as a table does.
type dense[V any] struct {
	runs  table[OID, *run[V]] // key: OID / runLength
	count int
	owner *owner // nil: nothing was written yet
}

// owner tells who may write a node in place: a fork has one of its own, and copies
// what others own. It has a size, since pointers to what has none may be equal.
type owner struct{ _ byte }

const runLength = 64

// run is the entries whose OIDs differ in the last six bits alone.
type run[V any] struct {
	owner *owner
	there uint64 // bit i: the OID that ends in i has an entry
	items []V    // those there, in the order of their OIDs
}

func split(oid OID) (key OID, bit uint) { return oid / runLength, uint(oid % runLength) }

// at is the index of an entry, or where it would be.
func (r *run[V]) at(bit uint) (i int, found bool) {
	return bits.OnesCount64(r.there & (1<<bit - 1)), r.there>>bit&1 == 1
}

// fork is table.fork.
func (t *dense[V]) fork() dense[V] { return dense[V]{runs: t.runs.fork(), count: t.count} }

func (t *dense[V]) get(oid OID) (v V, ok bool) {
	key, bit := split(oid)
	r, ok := t.runs.get(key)
	if !ok {
		return v, false
	}
	i, ok := r.at(bit)
	if !ok {
		return v, false
	}
	return r.items[i], true
}

func (t *dense[V]) put(oid OID, v V) {
	key, bit := split(oid)
	r := t.own(key)
	i, found := r.at(bit)
	if found {
		r.items[i] = v
		return
	}
	r.items = slices.Insert(r.items, i, v)
	r.there |= 1 << bit
	t.count++
}

// own returns the run of a key, which may be written.
func (t *dense[V]) own(key OID) *run[V] {
	if t.owner == nil {
		t.owner = &owner{}
	}
	r, ok := t.runs.get(key)
	switch {
	case !ok:
		r = &run[V]{owner: t.owner}
	case r.owner != t.owner:
		r = &run[V]{owner: t.owner, there: r.there, items: slices.Clone(r.items)}
	default:
		return r
	}
	t.runs.put(key, r)
	return r
}

func (t *dense[V]) delete(oid OID) {
	key, bit := split(oid)
	r, ok := t.runs.get(key)
	if !ok {
		return
	}
	i, found := r.at(bit)
	if !found {
		return
	}
	t.count--
	if len(r.items) == 1 {
		t.runs.delete(key)
		return
	}
	r = t.own(key)
	r.items = slices.Delete(r.items, i, i+1)
	r.there &^= 1 << bit
}

func (t *dense[V]) len() int { return t.count }

// all yields the entries in the order of their OIDs. The table is not written meanwhile.
func (t *dense[V]) all(yield func(OID, V) bool) {
	t.runs.all(func(key OID, r *run[V]) bool {
		for rest, i := r.there, 0; rest != 0; rest, i = rest&(rest-1), i+1 {
			if !yield(key*runLength+OID(bits.TrailingZeros64(rest)), r.items[i]) {
				return false
			}
		}
		return true
	})
}
