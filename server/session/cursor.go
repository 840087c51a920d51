package session

import (
	"slices"

	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// cursor is what DECLARE made. Rows that it has passed are kept for going back, so
// that it shows them again as it has shown them. (PostgreSQL may compute them anew.)
type cursor struct {
	name   string
	text   string // the whole DECLARE
	made   int64
	stmt   *prepared
	binary bool
	hold   bool // outlives the transaction that declared it
	scroll bool // may go back
	serial int  // declared before or after a savepoint
	failed bool

	source query.Rows // nil: all rows have been read
	rows   [][]pgtypes.Value
	passed int // rows that were read and not kept: all before rows[0]

	// at is the row that the cursor is on, counted from 1; 0 is before the first.
	at    int
	atEnd bool // behind the last row, which is at
}

// maxKept bounds the values that a cursor keeps, and those that one FETCH returns.
const maxKept = 2_000_000

func errNoCursor(name string) error {
	return sqlstate.Errorf(sqlstate.InvalidCursorName, "cursor \"%s\" does not exist", name)
}

// planDeclare analyses a cursor's query.
func (s *Session) planDeclare(p *prepared, d *parser.DeclareCursorStmt) error {
	o := d.Options
	switch {
	case o.Scroll && o.NoScroll:
		return sqlstate.New(sqlstate.InvalidCursorDefinition, "cannot specify both SCROLL and NO SCROLL")
	case o.Asensitive && o.Insensitive:
		return sqlstate.New(sqlstate.InvalidCursorDefinition, "cannot specify both ASENSITIVE and INSENSITIVE")
	}
	inner, err := s.analyze(d.Query, d.Text, p.declared)
	if err != nil {
		return err
	}
	p.inner, p.params = inner, inner.params
	return nil
}

// declare is DECLARE CURSOR.
func (s *Session) declare(p *portal, d *parser.DeclareCursorStmt) (string, error) {
	if !d.Options.Hold && !s.tx.inBlock() {
		return "", sqlstate.New(sqlstate.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")
	}
	if _, taken := s.cursors[d.Name]; taken || s.portals[d.Name] != nil {
		return "", sqlstate.Errorf(sqlstate.DuplicateCursor, "cursor \"%s\" already exists", d.Name)
	}
	if len(s.cursors) >= maxPrepared {
		return "", sqlstate.Errorf(sqlstate.ConfigurationLimitExceeded, "too many cursors in one session (%d)", maxPrepared)
	}
	inner := p.stmt.inner
	if err := s.revalidate(inner); err != nil {
		return "", err
	}
	s.tx.queried = true
	rows, err := inner.plan.Open(evaluator{s}, p.args)
	if err != nil {
		return "", err
	}
	s.tx.cursors++
	c := &cursor{
		name: d.Name, text: p.stmt.text, made: s.directory.clock.Load(), stmt: inner, source: rows, serial: s.tx.cursors,
		binary: d.Options.Binary, hold: d.Options.Hold,
		scroll: d.Options.Scroll || !d.Options.NoScroll && inner.plan.ScansBackward(),
	}
	if s.cursors == nil {
		s.cursors = map[string]*cursor{}
	}
	s.cursors[d.Name] = c
	return "DECLARE CURSOR", nil
}

// planFetch says which rows FETCH gives, if the cursor exists by then.
func (s *Session) planFetch(p *prepared, f *parser.FetchStmt) {
	if f.Move {
		return
	}
	if c := s.cursors[f.Cursor]; c != nil {
		p.columns = c.stmt.columns
	} else if named := s.portals[f.Cursor]; named != nil {
		p.columns = named.stmt.columns
	}
}

// fetchStmt is FETCH and MOVE: PostgreSQL's PortalRunFetch.
func (s *Session) fetchStmt(p *portal, f *parser.FetchStmt) (result, error) {
	c, err := s.cursor(f.Cursor)
	if err != nil {
		return result{}, err
	}
	if c.failed {
		return result{}, sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, "portal \"%s\" cannot be run", c.name)
	}
	if !f.Move && !sameColumns(p.stmt.columns, c.stmt.columns) {
		return result{}, sqlstate.New(sqlstate.FeatureNotSupported, "cached plan must not change result type")
	}
	if c.binary && p.formats == nil {
		p.formats = []int16{1}
	}
	out := &fetched{move: f.Move, width: max(1, len(c.stmt.columns))}
	if err := c.fetch(f.Direction, f.Count, out); err != nil {
		c.failed = true
		return result{}, err
	}
	if f.Move {
		return result{tag: "MOVE", counted: true, moved: uint64(out.count)}, nil
	}
	return result{tag: "FETCH", counted: true, rows: &fixedRows{out.rows}}, nil
}

// fetched is what a FETCH has found.
type fetched struct {
	move  bool
	rows  [][]pgtypes.Value
	count int64
	width int
}

func (o *fetched) add(row []pgtypes.Value) error {
	o.count++
	if o.move {
		return nil
	}
	if len(o.rows)*o.width >= maxKept {
		return sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "too many rows in one FETCH (%d)", len(o.rows)).
			WithHint("FETCH them in portions.")
	}
	o.rows = append(o.rows, row)
	return nil
}

// fetch goes where a FETCH asks to, and adds the rows it is about to out.
func (c *cursor) fetch(d parser.FetchDirection, n int64, out *fetched) error {
	switch d {
	case parser.FetchAbsolute:
		return c.fetchAbsolute(n, out)
	case parser.FetchRelative:
		switch {
		case n > 0:
			return c.skipThenFetch(true, n-1, true, out)
		case n < 0:
			return c.skipThenFetch(false, -n-1, false, out)
		}
		d = parser.FetchForward
	}
	forward := d == parser.FetchForward
	if n < 0 {
		forward, n = !forward, -n
	}
	if n == 0 {
		return c.fetchCurrent(out)
	}
	if !forward && n == parser.FetchAll && out.move {
		out.count = int64(c.at)
		if c.at > 0 && !c.atEnd {
			out.count--
		}
		return c.rewind()
	}
	return c.run(forward, n, out)
}

func (c *cursor) fetchAbsolute(n int64, out *fetched) error {
	switch {
	case n == 0:
		return c.rewind()
	case n < 0:
		if err := c.run(true, parser.FetchAll, nil); err != nil {
			return err
		}
		return c.skipThenFetch(false, -n-1, false, out)
	case n-1 <= int64(c.at)/2: // PostgreSQL goes by the shorter way, which shows where there is no way back
		if err := c.rewind(); err != nil {
			return err
		}
		return c.skipThenFetch(true, n-1, true, out)
	}
	at := int64(c.at)
	if c.atEnd {
		at++
	}
	if n <= at {
		return c.skipThenFetch(false, at-n+1, true, out)
	}
	return c.skipThenFetch(true, n-at-1, true, out)
}

func (c *cursor) skipThenFetch(skipForward bool, skip int64, forward bool, out *fetched) error {
	if skip > 0 {
		if err := c.run(skipForward, skip, nil); err != nil {
			return err
		}
	}
	return c.run(forward, 1, out)
}

// fetchCurrent is FETCH 0: the row that the cursor is on, again.
func (c *cursor) fetchCurrent(out *fetched) error {
	if c.at == 0 || c.atEnd {
		return nil
	}
	if out.move {
		out.count = 1
		return nil
	}
	return c.skipThenFetch(false, 1, true, out)
}

func (c *cursor) rewind() error {
	if c.at == 0 && !c.atEnd {
		return nil
	}
	if !c.scroll {
		return errForwardOnly()
	}
	c.at, c.atEnd = 0, false
	return nil
}

func errForwardOnly() error {
	return sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "cursor can only scan forward").
		WithHint("Declare it with SCROLL option to enable backward scan.")
}

// run moves by n rows, all of which go to out: PostgreSQL's PortalRunSelect.
func (c *cursor) run(forward bool, n int64, out *fetched) error {
	if !forward && !c.scroll {
		return errForwardOnly()
	}
	for ; n > 0; n-- {
		row, err := c.step(forward)
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		if out != nil {
			if err := out.add(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// step moves by a row and returns it, nil at the end it goes to.
func (c *cursor) step(forward bool) ([]pgtypes.Value, error) {
	if !forward {
		switch {
		case c.atEnd && c.at > 0:
			c.atEnd = false
		case c.at <= 1:
			c.at, c.atEnd = 0, false
			return nil, nil
		default:
			c.at--
		}
		return c.rows[c.at-1-c.passed], nil
	}
	if c.atEnd {
		return nil, nil
	}
	if c.at-c.passed == len(c.rows) {
		row, err := c.read()
		if err != nil {
			return nil, err
		}
		if row == nil {
			c.atEnd = true
			return nil, nil
		}
		if !c.scroll && !c.held() {
			c.at++
			c.passed++
			return row, nil
		}
	}
	c.at++
	return c.rows[c.at-1-c.passed], nil
}

// held tells whether rows were read ahead, at the end of a transaction.
func (c *cursor) held() bool { return len(c.rows) > 0 }

// read takes a row of the query, and keeps it if the cursor may go back.
func (c *cursor) read() ([]pgtypes.Value, error) {
	if c.source == nil {
		return nil, nil
	}
	row, err := c.source.Next()
	if err != nil {
		return nil, err
	}
	if row == nil {
		c.close()
		return nil, nil
	}
	if row = slices.Clone(row); row == nil {
		row = []pgtypes.Value{} // a row without columns
	}
	if c.scroll {
		if len(c.rows)*max(1, len(row)) >= maxKept {
			// From here on it goes forward only.
			c.scroll, c.passed, c.rows = false, c.passed+len(c.rows), nil
			return row, nil
		}
		c.rows = append(c.rows, row)
	}
	return row, nil
}

func (c *cursor) close() {
	if c.source != nil {
		c.source.Close()
		c.source = nil
	}
}

// persist reads what is left, since the transaction that it is read in ends.
func (c *cursor) persist() error {
	for c.source != nil {
		row, err := c.read()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		if !c.scroll {
			c.rows = append(c.rows, row)
		}
		if len(c.rows)*max(1, len(row)) >= maxKept {
			return sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "too many rows in cursor \"%s\" to keep them after the transaction (%d)", c.name, len(c.rows))
		}
	}
	return nil
}

// closeCursor is CLOSE.
func (s *Session) closeCursor(name string) (string, error) {
	if name == "" {
		for name := range s.cursors {
			s.dropCursor(name)
		}
		for name := range s.portals {
			if name != "" {
				s.dropPortal(name)
			}
		}
		return "CLOSE CURSOR ALL", nil
	}
	if s.cursors[name] == nil && s.portals[name] == nil {
		return "", errNoCursor(name)
	}
	s.dropCursor(name)
	s.dropPortal(name)
	return "CLOSE CURSOR", nil
}

func (s *Session) dropCursor(name string) {
	if c := s.cursors[name]; c != nil {
		c.close()
		delete(s.cursors, name)
	}
}

// persistCursors makes those WITH HOLD ready for the end of the transaction, before
// it commits: what goes wrong then undoes it.
func (s *Session) persistCursors() error {
	for _, c := range s.cursors {
		if c.hold && c.serial > 0 {
			if err := c.persist(); err != nil {
				return s.explain(err)
			}
		}
	}
	return nil
}

// endCursors closes what does not outlive the transaction.
func (s *Session) endCursors(committed bool) {
	for name, c := range s.cursors {
		switch {
		case c.serial == 0: // of an earlier transaction
		case committed && c.hold:
			c.serial = 0
		default:
			s.dropCursor(name)
		}
	}
}

// rollbackCursors closes those that were declared after a savepoint.
func (s *Session) rollbackCursors(serial int) {
	for name, c := range s.cursors {
		if c.serial > serial {
			s.dropCursor(name)
		}
	}
}
