package query

import (
	"seqd/protocol/pgtypes"
)

// relationSource reads a virtual relation: all of it, or what has a key.
type relationSource struct {
	rel         Relation
	slot, width int
	system      int // the slots of systemAttributes
	name, alias string

	// key, if it is set, is what an indexed column equals.
	key *lookupKey
	// filter is what rows must satisfy; AND.
	filter []expr
	// used are the columns that anybody reads, all if it is nil.
	used []int
	// usedSystem tells whether anybody reads a system column.
	unusedSystem bool
}

// lookupKey is an indexed column and the value to look up, or with any an array of
// values.
type lookupKey struct {
	column int
	e      expr
	any    bool
}

type relationIterator struct {
	src   *relationSource
	f     *frame
	scan  Scan
	keys  []value // further keys to look up
	whole []value // a row as the relation gives it, if not all columns are used
}

func (src *relationSource) open(f *frame) (tableIterator, error) {
	it := &relationIterator{src: src, f: f}
	if src.used != nil {
		it.whole = make([]value, src.width)
	}
	if src.key == nil {
		var err error
		it.scan, err = src.rel.Scan(f.s)
		return it, err
	}
	v, err := src.key.e.eval(f)
	if err != nil || v.IsNull() {
		return it, err
	}
	it.keys = []value{v}
	if src.key.any {
		it.keys = distinctKeys(src.key.e.typ(), v.Array().Elems)
	}
	return it, nil
}

// distinctKeys are the values of an array, each once and no NULL.
func distinctKeys(array pgtypes.OID, list []value) []value {
	seen := map[string]bool{}
	var out []value
	for _, v := range list {
		if key := string(pgtypes.AppendKey(nil, pgtypes.ElemOf(array), v)); !v.IsNull() && !seen[key] {
			seen[key] = true
			out = append(out, v)
		}
	}
	return out
}

func (it *relationIterator) next() (bool, error) {
	src := it.src
	for {
		if it.scan == nil {
			if len(it.keys) == 0 {
				return false, nil
			}
			var err error
			if it.scan, err = src.rel.Lookup(it.f.s, src.key.column, it.keys[0]); err != nil {
				return false, err
			}
			it.keys = it.keys[1:]
		}
		ok, err := it.read()
		if err != nil {
			return false, err
		}
		if !ok {
			it.scan = nil
			continue
		}
		if err := it.f.tick(); err != nil {
			return false, err
		}
		if ok, err = passes(it.f, src.filter); ok || err != nil {
			return ok, err
		}
	}
}

// read puts the next row into the frame.
func (it *relationIterator) read() (bool, error) {
	src, row := it.src, it.f.row
	into := row[src.slot : src.slot+src.width]
	if it.whole != nil {
		into = it.whole
	}
	ok, err := it.scan.Next(into)
	if !ok || err != nil {
		return false, err
	}
	for _, c := range src.used {
		row[src.slot+c] = into[c]
	}
	if !src.unusedSystem {
		row[src.system] = pgtypes.NewInt(int64(src.rel.OID()))
		for i := 1; i < len(systemAttributes); i++ {
			row[src.system+i] = systemAttributes[i].v
		}
	}
	return true, nil
}

// passes tells whether all conditions are true.
func passes(f *frame, conds []expr) (bool, error) {
	for _, c := range conds {
		if v, err := c.eval(f); err != nil || !v.Bool() {
			return false, err
		}
	}
	return true, nil
}

func (it *relationIterator) close() {}

func (src *relationSource) walk(visit func(*expr), _ func(*query)) {
	if src.key != nil {
		visit(&src.key.e)
	}
	visitAll(src.filter, visit)
}

func (src *relationSource) span(add func(slot, n int)) {
	if src.used == nil {
		add(src.slot, src.width)
	}
	for _, c := range src.used {
		add(src.slot+c, 1)
	}
	if !src.unusedSystem {
		add(src.system, len(systemAttributes))
	}
}

// filterSource lets through what satisfies its conditions.
type filterSource struct {
	in    source
	conds []expr
}

type filterIterator struct {
	tableIterator
	f     *frame
	conds []expr
}

func (src *filterSource) open(f *frame) (tableIterator, error) {
	in, err := src.in.open(f)
	return &filterIterator{tableIterator: in, f: f, conds: src.conds}, err
}

func (it *filterIterator) next() (bool, error) {
	for {
		if ok, err := it.tableIterator.next(); !ok || err != nil {
			return false, err
		}
		if ok, err := passes(it.f, it.conds); ok || err != nil {
			return ok, err
		}
		if err := it.f.tick(); err != nil {
			return false, err
		}
	}
}

func (src *filterSource) walk(visit func(*expr), sub func(*query)) {
	src.in.walk(visit, sub)
	visitAll(src.conds, visit)
}

func (src *filterSource) span(add func(slot, n int)) { src.in.span(add) }
