package session

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine/query"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// In PostgreSQL cursors and portals are one: what DECLARE has made can be described
// and executed by messages (psycopg 3 describes its cursors so), and FETCH and MOVE
// go on with what Bind has made (as asyncpg does).

// cursorRows are the rows of a cursor from where it is on.
type cursorRows struct{ *cursor }

// Next implements query.Rows.
func (r cursorRows) Next() ([]pgtypes.Value, error) {
	row, err := r.step(true)
	if err != nil {
		r.failed = true
	}
	return row, err
}

// Close implements query.Rows.
func (r cursorRows) Close() { r.close() }

// cursor finds what FETCH or MOVE name.
func (s *Session) cursor(name string) (*cursor, error) {
	if c := s.cursors[name]; c != nil {
		return c, nil
	}
	p := s.portals[name]
	if p == nil {
		return nil, errNoCursor(name)
	}
	if p.cursor != nil {
		return p.cursor, nil
	}
	if p.stmt.columns == nil {
		return nil, sqlstate.New(sqlstate.InternalError, "unsupported portal strategy")
	}
	if !p.started {
		if err := s.open(p); err != nil {
			return nil, err
		}
	}
	p.cursor = &cursor{name: name, stmt: p.stmt, source: p.rows, at: p.sent, passed: p.sent, atEnd: p.rows == nil}
	if p.rows != nil {
		p.rows = cursorRows{p.cursor}
	}
	return p.cursor, nil
}

// cursorPortal is a declared cursor as a portal that messages name.
func (s *Session) cursorPortal(c *cursor) (*portal, error) {
	if c.failed {
		return nil, sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, "portal \"%s\" cannot be run", c.name)
	}
	return &portal{name: c.name, stmt: c.stmt, started: true, rows: cursorRows{c}, tag: "SELECT", counted: true}, nil
}

// describeCursor answers a Describe that names what DECLARE has made.
func (s *Session) describeCursor(c *cursor) error {
	if err := s.refuseRowsIfFailed(c.stmt); err != nil {
		return err
	}
	s.describeRows(c.stmt, func(int) int16 { return pgproto3.TextFormat })
	return nil
}

// executeCursor answers an Execute that names what DECLARE has made.
func (s *Session) executeCursor(c *cursor, m *pgproto3.Execute) error {
	if err := s.refuseIfFailed(c.stmt.stmt); err != nil {
		return err
	}
	s.start()
	s.activity.begin(c.text)
	p, err := s.cursorPortal(c)
	if err != nil {
		return err
	}
	return s.execute(p, m.MaxRows)
}

// openCursors are the session's cursors and portals, in name order.
func (s *Session) openCursors() []query.Cursor {
	var list []query.Cursor
	for _, c := range s.cursors {
		list = append(list, query.Cursor{Name: c.name, Text: c.text, Hold: c.hold, Binary: c.binary, Scrollable: c.scroll, Time: c.made})
	}
	for _, p := range s.portals {
		if p.made != 0 {
			list = append(list, query.Cursor{Name: p.name, Text: p.stmt.text, Time: p.made})
		}
	}
	slices.SortFunc(list, func(a, b query.Cursor) int { return strings.Compare(a.Name, b.Name) })
	return list
}
