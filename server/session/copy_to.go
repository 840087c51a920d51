package session

import (
	"encoding/binary"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// copyTo is COPY TO STDOUT: the rows of a query, a message each.
func (s *Session) copyTo(c *parser.CopyStmt, src *copySource, copied []string) (result, error) {
	if err := notCopied(src, false); err != nil {
		return result{}, err
	}
	f, err := readCopyOptions(c)
	if err != nil {
		return result{}, err
	}
	stmt, err := s.copiedQuery(c, copied)
	if err != nil {
		return result{}, err
	}
	columns := make([]string, len(stmt.columns))
	for i, column := range stmt.columns {
		columns[i] = column.Name
	}
	if src.columns == nil {
		src.columns, copied = columns, columns
	}
	if err := f.checkForced(src.columns, copied, src.name); err != nil {
		return result{}, err
	}
	s.tx.queried = true
	rows, err := stmt.plan.Open(evaluator{s}, nil)
	if err != nil {
		return result{}, err
	}
	defer rows.Close()
	out := copyWriter{s: s, format: f, columns: stmt.columns}
	n, err := out.write(rows)
	return result{tag: "COPY", counted: true, moved: n}, err
}

// copiedQuery is the query that COPY runs: its own, or one for the columns of a table.
func (s *Session) copiedQuery(c *parser.CopyStmt, copied []string) (*prepared, error) {
	if c.Relation != nil {
		from := *c.Relation
		from.Only = true
		q := &parser.SelectStmt{From: []parser.TableRef{&from}}
		for _, name := range copied {
			q.Targets = append(q.Targets, parser.ResTarget{Expr: &parser.ColumnRef{Fields: []string{name}}})
		}
		return s.analyze(q, "", nil)
	}
	switch q := c.Query.(type) {
	case *parser.UnservedStmt:
		if q.Tag == "MERGE" {
			return nil, copyUnsupported("MERGE not supported in COPY")
		}
		return nil, s.refuse(q)
	case *parser.SelectStmt:
		if q.Into != nil {
			return nil, copyUnsupported("COPY (SELECT INTO) is not supported")
		}
	}
	return s.analyze(c.Query, "", nil)
}

// copyWriter makes CopyData messages of rows.
type copyWriter struct {
	s       *Session
	format  copyFormat
	columns []query.Column
	buf     []byte
	field   []byte
}

func (w *copyWriter) write(rows query.Rows) (n uint64, err error) {
	code := byte(0)
	if w.format.binary {
		code = 1
		w.buf = append(w.buf, "PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000"...)
	}
	codes := make([]uint16, len(w.columns))
	for i := range codes {
		codes[i] = uint16(code)
	}
	w.s.conn.Send(&pgproto3.CopyOutResponse{OverallFormat: code, ColumnFormatCodes: codes})
	if w.format.header {
		for i, c := range w.columns {
			w.separate(i)
			if w.format.csv {
				w.appendCSV([]byte(c.Name), false, len(w.columns) == 1)
			} else {
				w.appendText([]byte(c.Name))
			}
		}
		w.endLine()
	}
	for {
		row, err := rows.Next()
		if err != nil {
			return n, err
		}
		if row == nil {
			break
		}
		if err := w.row(row); err != nil {
			return n, err
		}
		if w.s.conn.Err() != nil {
			return n, sqlstate.Fatalf(sqlstate.ConnectionFailure, "connection to client lost")
		}
		n++
	}
	if w.format.binary {
		w.buf = binary.BigEndian.AppendUint16(w.buf, 0xffff)
		w.send()
	}
	w.s.conn.Send(&pgproto3.CopyDone{})
	return n, nil
}

func (w *copyWriter) row(row []pgtypes.Value) error {
	if w.format.binary {
		return w.binaryRow(row)
	}
	for i, v := range row {
		w.separate(i)
		if v.IsNull() {
			w.buf = append(w.buf, w.format.null...)
			continue
		}
		w.field = w.s.inForce().style.AppendText(w.field[:0], w.columns[i].Type, v)
		if w.format.csv {
			w.appendCSV(w.field, w.format.quoted[i], len(row) == 1)
		} else {
			w.appendText(w.field)
		}
	}
	w.endLine()
	return nil
}

func (w *copyWriter) binaryRow(row []pgtypes.Value) (err error) {
	w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(len(row)))
	for i, v := range row {
		if v.IsNull() {
			w.buf = binary.BigEndian.AppendUint32(w.buf, 0xffffffff)
			continue
		}
		if w.field, err = pgtypes.AppendBinary(w.field[:0], w.columns[i].Type, v); err != nil {
			return err
		}
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(len(w.field)))
		w.buf = append(w.buf, w.field...)
	}
	w.send()
	return nil
}

func (w *copyWriter) separate(i int) {
	if i > 0 {
		w.buf = append(w.buf, w.format.delim...)
	}
}

func (w *copyWriter) endLine() {
	w.buf = append(w.buf, '\n')
	w.send()
}

func (w *copyWriter) send() {
	w.s.conn.Send(&pgproto3.CopyData{Data: w.buf})
	w.buf = w.buf[:0]
}

// appendText is CopyAttributeOutText.
func (w *copyWriter) appendText(field []byte) {
	for _, c := range field {
		switch i := strings.IndexByte("\b\f\n\r\t\v", c); {
		case i >= 0:
			w.buf = append(w.buf, '\\', `bfnrtv`[i])
		case c == '\\', c == w.format.delim[0]:
			w.buf = append(w.buf, '\\', c)
		default:
			w.buf = append(w.buf, c)
		}
	}
}

// appendCSV is CopyAttributeOutCSV. A line that reads \. would end the data.
func (w *copyWriter) appendCSV(field []byte, quoted, alone bool) {
	f := &w.format
	text := string(field)
	if !quoted && text != f.null && (!alone || text != `\.`) && !strings.ContainsAny(text, f.delim+f.quote+"\r\n") {
		w.buf = append(w.buf, field...)
		return
	}
	w.buf = append(w.buf, f.quote...)
	for _, c := range field {
		if c == f.quote[0] || c == f.escape[0] {
			w.buf = append(w.buf, f.escape...)
		}
		w.buf = append(w.buf, c)
	}
	w.buf = append(w.buf, f.quote...)
}
