package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// joinSource joins two FROM items. The right side is read once and kept, by its
// keys if there are some, unless it reads the left side's row.
type joinSource struct {
	left, right source
	kind        parser.JoinType
	on          expr
	merged      []usingColumn
	// keys are equalities of both sides that a hash table serves; on has the rest.
	keys   []joinKey
	origin []expr // what the keys were written as
	// lateral: the right side reads the left side's row, and is opened for each.
	lateral bool
}

// joinKey is an equality between an expression over the left side and one over
// the right side. Both are hashed as typ.
type joinKey struct {
	left, right expr
	typ         pgtypes.OID
}

// usingColumn is a column that USING merged.
type usingColumn struct {
	slot        int
	left, right expr
}

func (src *joinSource) walk(visit func(*expr), sub func(*query)) {
	src.left.walk(visit, sub)
	src.right.walk(visit, sub)
	if src.on != nil {
		visit(&src.on)
	}
	for i := range src.keys {
		visit(&src.keys[i].left)
		visit(&src.keys[i].right)
	}
	for i := range src.merged {
		visit(&src.merged[i].left)
		visit(&src.merged[i].right)
	}
}

func (src *joinSource) span(add func(slot, n int)) {
	src.left.span(add)
	src.right.span(add)
	for _, m := range src.merged {
		add(m.slot, 1)
	}
}

// spans are the slots of a source, to be saved, put back or set to NULL.
type spans []struct{ slot, n int }

func spansOf(src source) spans {
	var s spans
	src.span(func(slot, n int) { s = append(s, struct{ slot, n int }{slot, n}) })
	return s
}

func (s spans) save(row []value) []value {
	n := 0
	for _, p := range s {
		n += p.n
	}
	out := make([]value, 0, n)
	for _, p := range s {
		out = append(out, row[p.slot:p.slot+p.n]...)
	}
	return out
}

func (s spans) restore(row, saved []value) {
	for _, p := range s {
		copy(row[p.slot:p.slot+p.n], saved[:p.n])
		saved = saved[p.n:]
	}
}

func (s spans) clear(row []value) {
	for _, p := range s {
		clear(row[p.slot : p.slot+p.n])
	}
}

// keptRows is the right side of a join that is read once.
type keptRows struct {
	in    tableIterator
	rows  [][]value
	all   bool
	hit   []bool             // RIGHT and FULL: which rows found a partner
	byKey map[string][]int32 // of a join with keys
}

type joinIterator struct {
	src         *joinSource
	f           *frame
	left        tableIterator
	leftS       spans
	rightS      spans
	right       tableIterator // lateral: the pass for the left row
	kept        keptRows
	at          int     // how many right rows the left row has seen
	partners    []int32 // with keys: the rows that the left row may match
	buf         []byte
	onLeft      bool // a left row is in place
	matched     bool
	unmatchedAt int // where the pass over unmatched right rows is, -1 before it
}

func (src *joinSource) open(f *frame) (tableIterator, error) {
	it := &joinIterator{src: src, f: f, unmatchedAt: -1}
	it.leftS, it.rightS = spansOf(src.left), spansOf(src.right)
	var err error
	it.left, err = src.left.open(f)
	return it, err
}

func (it *joinIterator) next() (bool, error) {
	outerLeft := it.src.kind == parser.JoinLeft || it.src.kind == parser.JoinFull
	for it.unmatchedAt < 0 {
		if !it.onLeft {
			ok, err := it.nextLeft()
			if err != nil {
				return false, err
			}
			if !ok {
				it.unmatchedAt = 0
				break
			}
		}
		ok, err := it.nextRight()
		if err != nil {
			return false, err
		}
		if !ok {
			it.onLeft = false
			if outerLeft && !it.matched {
				it.rightS.clear(it.f.row)
				return true, it.merge()
			}
			continue
		}
		if it.src.on != nil {
			v, err := it.src.on.eval(it.f)
			if err != nil {
				return false, err
			}
			if !v.Bool() {
				continue
			}
		}
		it.matched = true
		it.markHit()
		return true, it.merge()
	}
	return it.unmatched()
}

// nextLeft moves the left side on and starts the right side for its row.
func (it *joinIterator) nextLeft() (bool, error) {
	ok, err := it.left.next()
	if !ok || err != nil {
		return false, err
	}
	it.onLeft, it.matched, it.at = true, false, 0
	switch {
	case it.src.lateral:
		if it.right != nil {
			it.right.close()
		}
		it.right, err = it.src.right.open(it.f)
	case it.src.keys != nil:
		err = it.probe()
	}
	return true, err
}

// probe finds the rows that match the left row's keys; a NULL matches none.
func (it *joinIterator) probe() error {
	if err := it.keepAll(); err != nil {
		return err
	}
	it.partners = nil
	if len(it.kept.rows) == 0 {
		return nil
	}
	key, ok, err := it.key(func(k *joinKey) expr { return k.left })
	if err == nil && ok {
		it.partners = it.kept.byKey[string(key)]
	}
	return err
}

// key is the hash key of one side's row; false with a NULL in it.
func (it *joinIterator) key(side func(*joinKey) expr) ([]byte, bool, error) {
	it.buf = it.buf[:0]
	for i := range it.src.keys {
		k := &it.src.keys[i]
		v, err := side(k).eval(it.f)
		if err != nil || v.IsNull() {
			return nil, false, err
		}
		it.buf = pgtypes.AppendKey(it.buf, k.typ, v)
	}
	return it.buf, true, nil
}

// nextRight moves to the next row of the right side for the current left row.
func (it *joinIterator) nextRight() (bool, error) {
	if err := it.f.tick(); err != nil {
		return false, err
	}
	if it.src.lateral {
		return it.right.next()
	}
	if it.src.keys != nil {
		if it.at == len(it.partners) {
			return false, nil
		}
		it.rightS.restore(it.f.row, it.kept.rows[it.partners[it.at]])
		it.at++
		return true, nil
	}
	if it.at < len(it.kept.rows) {
		it.rightS.restore(it.f.row, it.kept.rows[it.at])
		it.at++
		return true, nil
	}
	ok, err := it.keepNext()
	if ok {
		it.at++
	}
	return ok, err
}

// keepNext reads one more row of the right side; it is in the frame then.
func (it *joinIterator) keepNext() (bool, error) {
	k := &it.kept
	if k.all {
		return false, nil
	}
	if k.in == nil {
		var err error
		if k.in, err = it.src.right.open(it.f); err != nil {
			return false, err
		}
	}
	ok, err := k.in.next()
	if err != nil {
		return false, err
	}
	if !ok {
		k.all = true
		return false, nil
	}
	k.rows = append(k.rows, it.rightS.save(it.f.row))
	if it.src.kind == parser.JoinRight || it.src.kind == parser.JoinFull {
		k.hit = append(k.hit, false)
	}
	return true, it.f.tick()
}

// keepAll reads the right side to its end, and files its rows by their keys.
func (it *joinIterator) keepAll() error {
	k := &it.kept
	if k.all {
		return nil
	}
	if it.src.keys != nil {
		k.byKey = map[string][]int32{}
	}
	for {
		ok, err := it.keepNext()
		if !ok || err != nil {
			return err
		}
		if it.src.keys == nil {
			continue
		}
		key, ok, err := it.key(func(k *joinKey) expr { return k.right })
		if err != nil {
			return err
		}
		if ok {
			k.byKey[string(key)] = append(k.byKey[string(key)], int32(len(k.rows)-1))
		}
	}
}

// markHit notes that the current right row has a partner.
func (it *joinIterator) markHit() {
	switch {
	case it.kept.hit == nil:
	case it.src.keys != nil:
		it.kept.hit[it.partners[it.at-1]] = true
	default:
		it.kept.hit[it.at-1] = true
	}
}

// unmatched yields the right rows without a partner, for RIGHT and FULL joins.
func (it *joinIterator) unmatched() (bool, error) {
	if it.src.kind != parser.JoinRight && it.src.kind != parser.JoinFull {
		return false, nil
	}
	if err := it.keepAll(); err != nil { // no left row at all: nobody read the right side
		return false, err
	}
	for it.unmatchedAt < len(it.kept.rows) {
		i := it.unmatchedAt
		it.unmatchedAt++
		if !it.kept.hit[i] {
			it.leftS.clear(it.f.row)
			it.rightS.restore(it.f.row, it.kept.rows[i])
			return true, it.merge()
		}
	}
	return false, nil
}

// merge computes the columns that USING merged: the left one, or the right one
// where there is no left row.
func (it *joinIterator) merge() error {
	for _, m := range it.src.merged {
		v, err := m.left.eval(it.f)
		if err == nil && v.IsNull() {
			v, err = m.right.eval(it.f)
		}
		if err != nil {
			return err
		}
		it.f.row[m.slot] = v
	}
	return nil
}

func (it *joinIterator) close() {
	it.left.close()
	for _, in := range []tableIterator{it.right, it.kept.in} {
		if in != nil {
			in.close()
		}
	}
}
