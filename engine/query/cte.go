package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// cte is a WITH item. It runs when it is read first, as far as it is read.
type cte struct {
	name  string
	q     *query
	cols  []string
	index int
	refs  int
	// shared: its rows are kept for several readers, or for one that reads twice.
	shared bool
}

// queries visits the item's queries.
func (c *cte) queries(visit func(*query)) { visit(c.q) }

// with1 analyses WITH; each item sees those before it.
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
		if w.Recursive && refersTo(stmt, c.Name) {
			return unsupported("WITH RECURSIVE with a query that refers to itself", c.Pos)
		}
		q, err := s.a.query(stmt, s.level)
		if err != nil {
			return err
		}
		item := &cte{name: c.Name, q: q, index: len(s.ctes)}
		if len(c.Columns) > len(q.cols) {
			return sqlstate.Errorf(sqlstate.InvalidColumnReference, `WITH query "%s" has %d columns available but %d columns specified`,
				c.Name, len(q.cols), len(c.Columns)).At(int(c.Pos))
		}
		for i, col := range q.cols {
			name := col.Name
			if i < len(c.Columns) {
				name = c.Columns[i]
			}
			item.cols = append(item.cols, name)
		}
		s.ctes = append(s.ctes, item)
	}
	return nil
}

// refersTo tells whether a statement reads from a name without a schema.
func refersTo(stmt *parser.SelectStmt, name string) bool {
	if stmt == nil {
		return false
	}
	var inRef func(parser.TableRef) bool
	inRef = func(t parser.TableRef) bool {
		switch n := t.(type) {
		case *parser.RangeVar:
			return n.Schema == "" && n.Name == name
		case *parser.JoinExpr:
			return inRef(n.Left) || inRef(n.Right)
		case *parser.RangeSubselect:
			return refersTo(n.Query, name)
		}
		return false
	}
	for _, t := range stmt.From {
		if inRef(t) {
			return true
		}
	}
	return refersTo(stmt.Left, name) || refersTo(stmt.Right, name)
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
			c.refs++
			c.shared = c.shared || c.refs > 1 || lvl > 0
			s.referCTE(lvl)
			src := &cteSource{cte: c, level: lvl, slot: s.newSlots(len(c.cols)), alias: n.Name}
			r := &relation{name: n.Name}
			for i, name := range c.cols {
				r.columns = append(r.columns, relColumn{name: name, typ: c.q.cols[i].Type, typmod: c.q.cols[i].Typmod, slot: src.slot + i})
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
