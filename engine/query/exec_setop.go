package query

import (
	"seqd/protocol/parser"
)

// setOpRows is UNION, INTERSECT and EXCEPT over two queries; it fills the slots
// that ORDER BY and the result read.
type setOpRows struct {
	q           *query
	f           *frame
	left, right rowIterator
	onRight     bool
	counts      map[string]int // rows of the right side; of both for UNION
	key         []byte
}

func (q *query) openSetOp(f *frame) (tableIterator, error) {
	left, err := q.left.open(f.run, f, nil)
	if err != nil {
		return nil, err
	}
	if q.recursive != nil {
		return &recursiveRows{setOpRows: setOpRows{q: q, f: f, left: left, right: emptyRows{}, counts: map[string]int{}}}, nil
	}
	right, err := q.right.open(f.run, f, nil)
	if err != nil {
		left.close()
		return nil, err
	}
	return &setOpRows{q: q, f: f, left: left, right: right}, nil
}

func (it *setOpRows) keyOf(row []value) string {
	it.key = rowKey(it.key[:0], it.q.left.cols, row)
	return string(it.key)
}

func (it *setOpRows) emit(row []value) (bool, error) {
	copy(it.f.row, row[:len(it.q.left.cols)])
	return true, it.f.tick()
}

func (it *setOpRows) next() (bool, error) {
	if it.q.op == parser.SetOpUnion {
		return it.union()
	}
	if it.counts == nil {
		it.counts = map[string]int{}
		for {
			row, err := it.right.next()
			if err != nil {
				return false, err
			}
			if row == nil {
				break
			}
			it.counts[it.keyOf(row)]++
			if err := it.f.tick(); err != nil {
				return false, err
			}
		}
	}
	intersect := it.q.op == parser.SetOpIntersect
	for {
		row, err := it.left.next()
		if row == nil || err != nil {
			return false, err
		}
		k := it.keyOf(row)
		n := it.counts[k]
		switch {
		case it.q.all:
			it.counts[k] = max(n-1, 0)
		case intersect:
			it.counts[k] = 0 // once only
		default:
			it.counts[k] = 1 // once only
		}
		if n > 0 == intersect {
			return it.emit(row)
		}
		if err := it.f.tick(); err != nil {
			return false, err
		}
	}
}

func (it *setOpRows) union() (bool, error) {
	if it.counts == nil {
		it.counts = map[string]int{}
	}
	for {
		in := it.left
		if it.onRight {
			in = it.right
		}
		row, err := in.next()
		if err != nil {
			return false, err
		}
		if row == nil {
			if it.onRight {
				return false, nil
			}
			it.onRight = true
			continue
		}
		if !it.q.all {
			k := it.keyOf(row)
			if it.counts[k] > 0 {
				continue
			}
			it.counts[k] = 1
		}
		return it.emit(row)
	}
}

func (it *setOpRows) close() {
	it.left.close()
	it.right.close()
}

// recursiveRows is WITH RECURSIVE: the rows of the first part, then those that the
// second part makes of the rows of the round before, until a round makes none.
type recursiveRows struct {
	setOpRows
	round [][]value // rows of this round
}

func (it *recursiveRows) next() (bool, error) {
	for {
		in := it.left
		if it.onRight {
			in = it.right
		}
		row, err := in.next()
		if err != nil {
			return false, err
		}
		if row == nil {
			if more, err := it.nextRound(); !more || err != nil {
				return false, err
			}
			continue
		}
		if !it.q.all {
			k := it.keyOf(row)
			if it.counts[k] > 0 {
				continue
			}
			it.counts[k] = 1
		}
		it.round = append(it.round, append([]value(nil), row[:len(it.q.left.cols)]...))
		return it.emit(row)
	}
}

// nextRound starts the second part over the rows of the round that has ended.
func (it *recursiveRows) nextRound() (bool, error) {
	if len(it.round) == 0 {
		return false, nil
	}
	def := it.f.outer // where the WITH item stands
	if def.working == nil {
		def.working = map[int][][]value{}
	}
	def.working[it.q.recursive.index] = it.round
	it.round, it.onRight = nil, true
	it.right.close()
	var err error
	it.right, err = it.q.right.open(it.f.run, it.f, nil)
	return err == nil, err
}
