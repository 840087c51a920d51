package query

import (
	"seqd/protocol/parser"
)

// joinSource joins two FROM items by a nested loop. The right side is read once
// and kept, unless it reads the left side's row (LATERAL).
type joinSource struct {
	left, right source
	kind        parser.JoinType
	on          expr
	merged      []usingColumn
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
	for i := range src.merged {
		visit(&src.merged[i].left)
		visit(&src.merged[i].right)
	}
}

func (src *joinSource) isLateral() bool { return src.left.isLateral() || src.right.isLateral() }

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
	var out []value
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

type joinIterator struct {
	src         *joinSource
	f           *frame
	left        tableIterator
	leftS       spans
	rightS      spans
	lateral     bool
	right       tableIterator // the pass over the right side that is under way
	kept        [][]value     // the right side's rows so far
	keptAll     bool
	hit         []bool // RIGHT and FULL: which kept rows found a partner
	at          int
	onLeft      bool // a left row is in place
	matched     bool
	unmatchedAt int // where the pass over unmatched right rows is, -1 before it
}

func (src *joinSource) open(f *frame) (tableIterator, error) {
	it := &joinIterator{src: src, f: f, lateral: src.right.isLateral(), unmatchedAt: -1}
	it.leftS, it.rightS = spansOf(src.left), spansOf(src.right)
	var err error
	it.left, err = src.left.open(f)
	return it, err
}

func (it *joinIterator) next() (bool, error) {
	outerLeft := it.src.kind == parser.JoinLeft || it.src.kind == parser.JoinFull
	for it.unmatchedAt < 0 {
		if !it.onLeft {
			ok, err := it.left.next()
			if err != nil {
				return false, err
			}
			if !ok {
				it.unmatchedAt = 0
				break
			}
			it.onLeft, it.matched, it.at = true, false, 0
			if it.lateral {
				if it.right, err = it.src.right.open(it.f); err != nil {
					return false, err
				}
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
		if it.hit != nil {
			it.hit[it.at-1] = true
		}
		return true, it.merge()
	}
	return it.unmatched()
}

// nextRight moves to the next row of the right side for the current left row.
func (it *joinIterator) nextRight() (bool, error) {
	if err := it.f.tick(); err != nil {
		return false, err
	}
	if it.lateral {
		return it.right.next()
	}
	if it.at < len(it.kept) {
		it.rightS.restore(it.f.row, it.kept[it.at])
		it.at++
		return true, nil
	}
	if it.keptAll {
		return false, nil
	}
	if it.right == nil {
		var err error
		if it.right, err = it.src.right.open(it.f); err != nil {
			return false, err
		}
	}
	ok, err := it.right.next()
	if err != nil {
		return false, err
	}
	if !ok {
		it.keptAll = true
		return false, nil
	}
	it.kept = append(it.kept, it.rightS.save(it.f.row))
	if it.src.kind == parser.JoinRight || it.src.kind == parser.JoinFull {
		it.hit = append(it.hit, false)
	}
	it.at++
	return true, nil
}

// unmatched yields the right rows without a partner, for RIGHT and FULL joins.
func (it *joinIterator) unmatched() (bool, error) {
	if it.src.kind != parser.JoinRight && it.src.kind != parser.JoinFull {
		return false, nil
	}
	it.at = len(it.kept)
	for !it.keptAll { // no left row at all: nobody read the right side
		if _, err := it.nextRight(); err != nil {
			return false, err
		}
	}
	for it.unmatchedAt < len(it.kept) {
		i := it.unmatchedAt
		it.unmatchedAt++
		if !it.hit[i] {
			it.leftS.clear(it.f.row)
			it.rightS.restore(it.f.row, it.kept[i])
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
	if it.right != nil {
		it.right.close()
	}
}
