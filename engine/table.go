package engine

import (
	"cmp"

	"github.com/tidwall/btree"
)

// table is an ordered map that forks in constant time: a fork and its origin
// share their nodes until one of them writes.
type table[K cmp.Ordered, V any] struct{ m btree.Map[K, V] }

// fork returns an independent copy. The receiver is only read, so any number of
// goroutines may fork one published table at once; in return a table that has
// been published is never written again (its owner goes on with a fork).
func (t *table[K, V]) fork() table[K, V] {
	local := t.m
	return table[K, V]{*local.Copy()}
}

func (t *table[K, V]) get(k K) (V, bool) { return t.m.Get(k) }
func (t *table[K, V]) put(k K, v V)      { t.m.Set(k, v) }

func (t *table[K, V]) delete(k K) { t.m.Delete(k) }
func (t *table[K, V]) len() int   { return t.m.Len() }

// all yields the entries in key order: the only order in which state may be
// walked under Apply or into a snapshot.
func (t *table[K, V]) all(yield func(K, V) bool) { t.m.Scan(yield) }

// from yields the entries from key k on, in key order.
func (t *table[K, V]) from(k K, yield func(K, V) bool) { t.m.Ascend(k, yield) }
