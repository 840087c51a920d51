package query

import (
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// windowCall is a window function over the rows of a level.
type windowCall struct {
	fn     *builtin.Function
	agg    *aggExpr // an aggregate used as a window function
	args   []expr
	filter expr
	spec   *windowSpec
}

// windowSpec is a window: how rows are divided and ordered, and which of them a
// function sees.
type windowSpec struct {
	partition []expr
	order     []sortKey
	mode      string // ROWS, RANGE, GROUPS
	start     windowBound
	end       windowBound
	exclude   string
}

// windowBound is an end of a frame; offset is nil for UNBOUNDED and CURRENT ROW.
type windowBound struct {
	unbounded, following bool
	offset               expr
}

// exprs visits a window's expressions.
func (w *windowSpec) exprs(visit func(*expr)) {
	visitAll(w.partition, visit)
	for i := range w.order {
		visit(&w.order[i].e)
	}
	for _, b := range []*windowBound{&w.start, &w.end} {
		if b.offset != nil {
			visit(&b.offset)
		}
	}
}

// same tells whether two windows order the rows alike.
func (w *windowSpec) sameOrder(o *windowSpec) bool {
	if len(w.partition) != len(o.partition) || len(w.order) != len(o.order) {
		return false
	}
	for i := range w.partition {
		if !sameExpr(w.partition[i], o.partition[i]) {
			return false
		}
	}
	for i, k := range w.order {
		if p := o.order[i]; !sameExpr(k.e, p.e) || k.desc != p.desc || k.nullsFirst != p.nullsFirst {
			return false
		}
	}
	return true
}

func hasWindow(e expr) bool {
	return anyExpr(e, func(e expr) bool { _, ok := e.(*windowExpr); return ok })
}

// windowFunction analyses a call with OVER (transformWindowFuncCall).
func (s *scope) windowFunction(c *parser.FuncCall, fn *builtin.Function, args []expr, filter expr, result pgtypes.OID) (expr, error) {
	at := int(c.Pos)
	switch s.kind {
	case kindTarget, kindOrderBy, kindDistinctOn:
	case kindAggregate, kindFilter:
		return nil, sqlstate.New(sqlstate.GroupingError, "aggregate function calls cannot contain window function calls").At(at)
	case kindWindowArgs:
		return nil, sqlstate.New(sqlstate.WindowingError, "window function calls cannot be nested").At(at)
	default:
		return nil, sqlstate.Errorf(sqlstate.WindowingError, "window functions are not allowed in %s", s.kind.clause()).At(at)
	}
	call := &windowCall{fn: fn, args: args, filter: filter}
	switch {
	case c.Distinct:
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "DISTINCT is not implemented for window functions").At(at)
	case c.WithinGroup:
		return nil, unsupported("WITHIN GROUP", c.Pos)
	case fn.Kind == 'a' && len(c.OrderBy) > 0:
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "aggregate ORDER BY is not implemented for window functions").At(at)
	case fn.Kind == 'w' && filter != nil:
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "FILTER is not implemented for non-aggregate window functions").At(at)
	case fn.Kind == 'a':
		impl, ok := aggregates[fn.Name]
		if !ok {
			return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "aggregate function %s is not supported", fn.Name).At(at)
		}
		call.agg = &aggExpr{info: typed(result, c.Pos), fn: fn, args: args, star: c.Star, impl: impl}
	case windowFunctions[fn.Source] == nil:
		return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "window function %s is not supported", fn.Name).At(at)
	}
	var err error
	if call.spec, err = s.windowSpec(c.Over); err != nil {
		return nil, err
	}
	s.wins = append(s.wins, call)
	return &windowExpr{info: typed(result, c.Pos), slot: len(s.wins) - 1, call: call}, nil
}

// windowSpec analyses OVER: a name, or a definition that may build on a named one.
func (s *scope) windowSpec(d *parser.WindowDef) (*windowSpec, error) {
	if d.Name != "" && d.RefName == "" && d.PartitionBy == nil && d.OrderBy == nil && d.Frame == nil {
		named, err := s.namedWindow(d.Name, d.Pos)
		if err != nil {
			return nil, err
		}
		return s.defineWindow(named)
	}
	return s.defineWindow(d)
}

func (s *scope) namedWindow(name string, at parser.Pos) (*parser.WindowDef, error) {
	for i := range s.windowDefs {
		if s.windowDefs[i].Name == name {
			return &s.windowDefs[i], nil
		}
	}
	return nil, sqlstate.Errorf(sqlstate.UndefinedObject, `window "%s" does not exist`, name).At(int(at))
}

// defineWindow is transformWindowDefinitions for one window.
func (s *scope) defineWindow(d *parser.WindowDef) (*windowSpec, error) {
	w := &windowSpec{mode: "RANGE", start: windowBound{unbounded: true}}
	partition, order := d.PartitionBy, d.OrderBy
	if d.RefName != "" {
		base, err := s.namedWindow(d.RefName, d.Pos)
		if err != nil {
			return nil, err
		}
		refuse := func(format string) error {
			return sqlstate.Errorf(sqlstate.WindowingError, format, d.RefName).At(int(d.Pos))
		}
		switch {
		case partition != nil:
			return nil, refuse(`cannot override PARTITION BY clause of window "%s"`)
		case order != nil && base.OrderBy != nil:
			return nil, refuse(`cannot override ORDER BY clause of window "%s"`)
		case base.Frame != nil:
			return nil, refuse(`cannot copy window "%s" because it has a frame clause`)
		}
		partition = base.PartitionBy
		if order == nil {
			order = base.OrderBy
		}
	}
	in := s.with(kindWindow)
	var err error
	if w.partition, err = in.exprs(partition); err != nil {
		return nil, err
	}
	if err := in.resolveUnknowns(w.partition); err != nil {
		return nil, err
	}
	for _, sb := range order {
		e, err := in.exprs([]parser.Expr{sb.Expr})
		if err != nil {
			return nil, err
		}
		if err := in.resolveUnknowns(e); err != nil {
			return nil, err
		}
		k, err := in.sortKey(sb, e[0])
		if err != nil {
			return nil, err
		}
		w.order = append(w.order, k)
	}
	return w, s.windowFrame(w, d.Frame)
}

// windowFrame analyses a frame clause.
func (s *scope) windowFrame(w *windowSpec, f *parser.WindowFrame) error {
	if f == nil {
		return nil
	}
	w.mode, w.exclude = f.Mode, f.Exclude
	if f.Mode == "GROUPS" && len(w.order) == 0 {
		return sqlstate.New(sqlstate.WindowingError, "GROUPS mode requires an ORDER BY clause")
	}
	bound := func(b parser.FrameBound) (windowBound, error) {
		out := windowBound{unbounded: b.Unbounded, following: b.Following}
		if b.Offset == nil {
			return out, nil
		}
		if f.Mode == "RANGE" && (len(w.order) != 1 || !isInteger(w.order[0].typ)) {
			if len(w.order) != 1 {
				return out, sqlstate.New(sqlstate.WindowingError, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
			}
			return out, unsupported("RANGE with an offset over "+pgtypes.Format(w.order[0].typ), b.Offset.Location())
		}
		e, err := s.with(kindWindow).expr(b.Offset)
		if err == nil {
			out.offset, err = s.a.toType(e, pgtypes.Int8, f.Mode)
		}
		return out, err
	}
	var err error
	if w.start, err = bound(f.Start); err == nil {
		w.end, err = bound(f.End)
	}
	return err
}

func isInteger(t pgtypes.OID) bool {
	return t == pgtypes.Int2 || t == pgtypes.Int4 || t == pgtypes.Int8
}
