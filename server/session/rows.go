package session

import (
	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/pgtypes"
)

// rowWriter turns values into DataRow messages without allocating per row.
type rowWriter struct {
	buf    []byte
	values [][]byte
	tag    []byte
	row    pgproto3.DataRow
}

// writer is the session's.
func (s *Session) writer() *rowWriter {
	if s.out == nil {
		s.out = new(rowWriter)
	}
	return s.out
}

// maxScratch is how much a session keeps of a buffer that a large row grew.
const maxScratch = 64 << 10

func (w *rowWriter) send(c Conn, p *portal, style *pgtypes.Style, row []pgtypes.Value) error {
	if cap(w.buf) == 0 || cap(w.buf) > maxScratch {
		w.buf = make([]byte, 0, 64) // never nil: an empty text is no NULL
	}
	w.buf = w.buf[:0]
	w.values = w.values[:0]
	ends := 0
	for i, v := range row {
		if v.IsNull() {
			w.values = append(w.values, nil)
			continue
		}
		column := p.stmt.columns[i]
		var err error
		if p.format(i) == pgproto3.BinaryFormat {
			w.buf, err = pgtypes.AppendBinary(w.buf, column.Type, v)
		} else {
			w.buf = style.AppendText(w.buf, column.Type, v)
		}
		if err != nil {
			return err
		}
		// Should a later column make buf move, this slice still sees the old array,
		// which nobody writes to any more.
		w.values = append(w.values, w.buf[ends:len(w.buf):len(w.buf)])
		ends = len(w.buf)
	}
	w.row.Values = w.values
	c.Send(&w.row)
	return nil
}

// oneRow is the result of SELECT nextval('s'), …
type oneRow struct {
	session *Session
	oids    []engine.OID // of the columns
	done    bool
	// What a single column needs lies here.
	first [1]engine.OID
	row   [1]pgtypes.Value
}

// Next implements query.Rows.
func (r *oneRow) Next() ([]pgtypes.Value, error) {
	if r.done {
		return nil, nil
	}
	row := r.row[:0]
	for _, oid := range r.oids {
		v, err := r.session.nextval(oid)
		if err != nil {
			return nil, err
		}
		row = append(row, pgtypes.NewInt(v))
	}
	r.done = true
	return row, nil
}

// Close implements query.Rows.
func (r *oneRow) Close() {}

// fixedRows are rows that are known already: SHOW, EXPLAIN.
type fixedRows struct{ rows [][]pgtypes.Value }

var _ query.Rows = (*fixedRows)(nil)

// Next implements query.Rows.
func (r *fixedRows) Next() ([]pgtypes.Value, error) {
	if len(r.rows) == 0 {
		return nil, nil
	}
	row := r.rows[0]
	r.rows = r.rows[1:]
	return row, nil
}

// Close implements query.Rows.
func (r *fixedRows) Close() {}

func textRow(values ...string) []pgtypes.Value {
	row := make([]pgtypes.Value, len(values))
	for i, v := range values {
		row[i] = pgtypes.NewText(v)
	}
	return row
}
