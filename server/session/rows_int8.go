package session

import (
	"encoding/binary"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine"
	"seqd/protocol/pgtypes"
)

// seriesRows are the rows of SELECT nextval('s') FROM generate_series(…).
type seriesRows struct {
	session *Session
	oid     engine.OID
	count   uint64 // how many there are
	left    uint64
	row     [1]pgtypes.Value
}

// Next implements query.Rows.
func (r *seriesRows) Next() ([]pgtypes.Value, error) {
	if r.left == 0 {
		return nil, nil
	}
	v, err := r.session.nextval(r.oid)
	if err != nil {
		return nil, err
	}
	r.left--
	r.row[0] = pgtypes.NewInt(v)
	return r.row[:], nil
}

// Close implements query.Rows.
func (r *seriesRows) Close() {}

// seriesTogether is how many values are taken at a time: few enough that they fit what
// the output has room for beyond the size at which it is written.
const seriesTogether = 512

// send writes rows straight into the output, at most limit of them (0: all), and
// returns how many. Values are taken for no more rows than are sent.
func (r *seriesRows) send(p *portal, limit uint32) (sent uint64, err error) {
	s := r.session
	most := r.left
	if limit > 0 {
		most = min(most, uint64(limit))
	}
	for sent < most {
		if cause := s.interrupt.pending(); cause != nil {
			return sent, cause
		}
		values, err := s.nextvals(r.oid, min(most-sent, seriesTogether))
		if err != nil {
			return sent, s.explain(err)
		}
		n := values.Count()
		s.conn.SetOutput(appendInt8Rows(s.conn.Output(int(n)*int8RowMax), values, p))
		if s.conn.Err() != nil {
			return sent, errNobodyReads()
		}
		sent += n
		r.left -= n
	}
	return sent, nil
}

// appendInt8Row adds a DataRow of values of type int8.
func appendInt8Row(b []byte, values []int64, p *portal) []byte {
	start := len(b)
	b = append(b, 'D', 0, 0, 0, 0, byte(len(values)>>8), byte(len(values)))
	for i, v := range values {
		b = appendInt8(b, v, p.format(i))
	}
	binary.BigEndian.PutUint32(b[start+1:], uint32(len(b)-start-1))
	return b
}

// appendInt8 adds a column of type int8, its length first.
func appendInt8(b []byte, v int64, format int16) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 8)
	if format == pgproto3.BinaryFormat {
		return binary.BigEndian.AppendUint64(b, uint64(v))
	}
	b = strconv.AppendInt(b, v, 10)
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}
