package query

import (
	"slices"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// cte is a WITH item. It runs when it is read first, as far as it is read.
type cte struct {
	name    string
	q       *query // nil while it is under analysis
	columns []string
	cols    []relColumn
	index   int
	refs    int
	// shared: its rows are kept for several readers, or for one that reads twice.
	shared bool
	// union: WITH RECURSIVE, and the query is a UNION. Once its first part is
	// analysed (started), the second may refer to the item (self).
	union, started, self bool
	pos                  parser.Pos
}

// queries visits the item's queries.
func (c *cte) queries(visit func(*query)) { visit(c.q) }

// with1 analyses WITH; each item sees those before it, and with RECURSIVE itself.
func (s *scope) with1(w *parser.WithClause) error {
	for _, c := range w.CTEs {
		for _, have := range s.ctes {
			if have.name == c.Name {
				return sqlstate.Errorf(sqlstate.DuplicateAlias, `WITH query name "%s" specified more than once`, c.Name).At(int(c.Pos))
			}
		}
		stmt, ok := c.Query.(*parser.SelectStmt)
		if !ok {
			return unsupported("a data-modifying statement in WITH", c.Pos)
		}
		if c.Search || c.Cycle {
			return unsupported("SEARCH and CYCLE", c.Pos)
		}
		item := &cte{name: c.Name, columns: c.Columns, index: len(s.ctes), pos: c.Pos}
		if w.Recursive {
			if item.union = stmt.Op == parser.SetOpUnion; item.union {
				if s.a.recursing == nil {
					s.a.recursing = map[*parser.SelectStmt]*cte{}
				}
				s.a.recursing[stmt] = item
			}
			s.ctes = append(s.ctes, item)
		}
		q, err := s.a.query(stmt, s.level)
		if err != nil {
			return err
		}
		if !w.Recursive {
			s.ctes = append(s.ctes, item)
		}
		if item.q = q; item.self {
			q.recursive = item
		}
		if err := item.setColumns(columnsOf(q, 0)); err != nil {
			return err
		}
	}
	return nil
}

// setColumns names the item's columns.
func (c *cte) setColumns(cols []relColumn) error {
	if len(c.columns) > len(cols) {
		return sqlstate.Errorf(sqlstate.InvalidColumnReference, `WITH query "%s" has %d columns available but %d columns specified`,
			c.name, len(cols), len(c.columns)).At(int(c.pos))
	}
	c.cols = cols
	for i := range cols {
		cols[i].tableOID, cols[i].attnum = 0, 0
		if i < len(c.columns) {
			cols[i].name = c.columns[i]
		}
	}
	return nil
}

// refer notes a reference; one from within is allowed only in the second part of a
// UNION.
func (c *cte) refer() error {
	c.refs++
	switch {
	case c.q != nil:
		return nil
	case !c.union:
		return sqlstate.Errorf(sqlstate.InvalidRecursion,
			`recursive query "%s" does not have the form non-recursive-term UNION [ALL] recursive-term`, c.name).At(int(c.pos))
	case !c.started:
		return sqlstate.Errorf(sqlstate.InvalidRecursion,
			`recursive reference to query "%s" must not appear within its non-recursive term`, c.name)
	case c.self:
		return sqlstate.Errorf(sqlstate.InvalidRecursion, `recursive reference to query "%s" must not appear more than once`, c.name)
	}
	c.self = true
	c.refs-- // reading its own rows is not reading the item
	return nil
}

// startRecursion gives the item the columns of its first part, for the second.
func (c *cte) startRecursion(left *query) error {
	c.started = true
	return c.setColumns(columnsOf(left, 0))
}

// checkRecursion: the second part must not change the columns' types.
func (c *cte) checkRecursion(i int, left expr, typ pgtypes.OID) error {
	if !c.self || c.cols[i].typ == typ {
		return nil
	}
	return sqlstate.Errorf(sqlstate.DatatypeMismatch, `recursive query "%s" column %d has type %s in non-recursive term but type %s overall`,
		c.name, i+1, pgtypes.Format(c.cols[i].typ), pgtypes.Format(typ)).
		WithHint("Cast the output of the non-recursive term to the correct type.").At(int(left.pos()))
}

// cteRef finds a WITH item of this level or one further out.
func (s *scope) cteRef(n *parser.RangeVar) (source, *relation, error) {
	lvl := 0
	for l := s.level; l != nil; l = l.parent {
		for i := len(l.ctes) - 1; i >= 0; i-- {
			c := l.ctes[i]
			if c.name != n.Name {
				continue
			}
			if err := c.refer(); err != nil {
				if e := sqlstate.From(err); e.Position == 0 {
					err = e.At(int(n.Pos))
				}
				return nil, nil, err
			}
			c.shared = c.shared || c.refs > 1 || lvl > 0
			s.referCTE(lvl)
			src := &cteSource{cte: c, level: lvl, slot: s.newSlots(len(c.cols)), alias: n.Name, work: c.q == nil}
			r := &relation{name: n.Name, columns: slices.Clone(c.cols)}
			for i := range r.columns {
				r.columns[i].slot = src.slot + i
			}
			if err := s.alias(r, n.Alias, n.Pos); err != nil {
				return nil, nil, err
			}
			src.alias = r.name
			return src, r, nil
		}
		lvl++
	}
	return nil, nil, nil
}

// cteState is a WITH item in execution: the rows read so far.
type cteState struct {
	it   rowIterator
	rows [][]value
	done bool
}

// row is the i-th row, nil beyond the end.
func (st *cteState) row(f *frame, i int, width int) ([]value, error) {
	for i >= len(st.rows) {
		if st.done {
			return nil, nil
		}
		row, err := st.it.next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			st.done = true
			st.it.close()
			return nil, nil
		}
		st.rows = append(st.rows, append([]value(nil), row[:width]...))
		if err := f.tick(); err != nil {
			return nil, err
		}
	}
	return st.rows[i], nil
}

// cteSource reads a WITH item in FROM.
type cteSource struct {
	cte   *cte
	level int
	slot  int
	alias string
	work  bool // reads the last round's rows of a recursion that is under way
}

type cteIterator struct {
	src   *cteSource
	f     *frame
	state *cteState
	it    rowIterator // reads directly if nobody else does
	at    int
}

func (src *cteSource) open(f *frame) (tableIterator, error) {
	def := f.up(src.level)
	it := &cteIterator{src: src, f: f}
	if src.work {
		it.state = &cteState{rows: def.working[src.cte.index], done: true}
		return it, nil
	}
	if !src.cte.shared {
		var err error
		it.it, err = src.cte.q.open(f.run, def, nil)
		return it, err
	}
	if def.ctes == nil {
		def.ctes = make([]*cteState, src.cte.index+1)
	}
	for len(def.ctes) <= src.cte.index {
		def.ctes = append(def.ctes, nil)
	}
	if def.ctes[src.cte.index] == nil {
		rows, err := src.cte.q.open(f.run, def, nil)
		if err != nil {
			return nil, err
		}
		def.ctes[src.cte.index] = &cteState{it: rows}
	}
	it.state = def.ctes[src.cte.index]
	return it, nil
}

func (it *cteIterator) next() (bool, error) {
	var row []value
	var err error
	if it.it != nil {
		row, err = it.it.next()
	} else {
		row, err = it.state.row(it.f, it.at, len(it.src.cte.cols))
		it.at++
	}
	if row == nil || err != nil {
		return false, err
	}
	copy(it.f.row[it.src.slot:], row[:len(it.src.cte.cols)])
	return true, nil
}

func (it *cteIterator) close() {
	if it.it != nil {
		it.it.close()
	}
}

func (src *cteSource) walk(func(*expr), func(*query)) {}
func (src *cteSource) span(add func(slot, n int))     { add(src.slot, len(src.cte.cols)) }
