package pgtypes

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// AppendBinary appends the value as the type's send function writes it. A type
// without one is 42883, as PostgreSQL says.
func AppendBinary(dst []byte, typ OID, v Value) ([]byte, error) {
	be := binary.BigEndian
	switch typ {
	case Int8, Timestamp, Timestamptz, Time, XID8:
		return be.AppendUint64(dst, uint64(v.num)), nil
	case Int4, Oid, XID, CID, Date:
		return be.AppendUint32(dst, uint32(v.num)), nil
	case Int2:
		return be.AppendUint16(dst, uint16(v.num)), nil
	case Bool:
		return append(dst, byte(v.num&1)), nil
	case Float8:
		return be.AppendUint64(dst, uint64(v.num)), nil
	case Float4:
		return be.AppendUint32(dst, math.Float32bits(float32(v.Float()))), nil
	case Char:
		if v.str == "" {
			return append(dst, 0), nil
		}
		return append(dst, v.str...), nil
	case Numeric:
		return appendNumericBinary(dst, v.Numeric()), nil
	case JSONB:
		return append(append(dst, 1), v.str...), nil
	case Interval:
		i := v.Interval()
		dst = be.AppendUint64(dst, uint64(i.Micros))
		dst = be.AppendUint32(dst, uint32(i.Days))
		return be.AppendUint32(dst, uint32(i.Months)), nil
	case Timetz:
		t := v.Timetz()
		dst = be.AppendUint64(dst, uint64(t.Micros))
		return be.AppendUint32(dst, uint32(t.Zone)), nil
	case Record:
		return appendRecordBinary(dst, v.Record())
	case AclItem:
		return nil, sqlstate.Errorf(sqlstate.UndefinedFunction, "no binary output function available for type %s", Format(typ))
	case Void:
		return dst, nil
	}
	if IsReg(typ) {
		return be.AppendUint32(dst, uint32(v.num)), nil
	}
	if a := v.Array(); a != nil {
		return appendArrayBinary(dst, a)
	}
	return append(dst, v.str...), nil
}

func appendSized(dst []byte, typ OID, v Value) ([]byte, error) {
	if v.IsNull() {
		return binary.BigEndian.AppendUint32(dst, math.MaxUint32), nil
	}
	at := len(dst)
	dst, err := AppendBinary(append(dst, 0, 0, 0, 0), typ, v)
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst, nil
}

func appendArrayBinary(dst []byte, a *Array) ([]byte, error) {
	be := binary.BigEndian
	hasNull := uint32(0)
	for _, e := range a.Elems {
		if e.IsNull() {
			hasNull = 1
			break
		}
	}
	dst = be.AppendUint32(dst, uint32(len(a.Dims)))
	dst = be.AppendUint32(dst, hasNull)
	dst = be.AppendUint32(dst, a.Elem)
	for _, d := range a.Dims {
		dst = be.AppendUint32(dst, uint32(d.Len))
		dst = be.AppendUint32(dst, uint32(d.Lower))
	}
	var err error
	for _, e := range a.Elems {
		if dst, err = appendSized(dst, a.Elem, e); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendRecordBinary(dst []byte, r *RecordValue) ([]byte, error) {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Fields)))
	var err error
	for i, v := range r.Fields {
		dst = binary.BigEndian.AppendUint32(dst, r.Types[i])
		if dst, err = appendSized(dst, r.Types[i], v); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// ErrBinaryLength says that a binary value has bytes left over: the session
// reports it as "incorrect binary data format in bind parameter N".
var ErrBinaryLength = sqlstate.New(sqlstate.InvalidBinaryRepresentation, "incorrect binary data format")

func tooShort() error {
	return sqlstate.New(sqlstate.ProtocolViolation, "insufficient data left in message")
}

// ParseBinary is the type's receive function: 08P01 if bytes are missing,
// ErrBinaryLength if too many, 22P03 or the type's own error if they make no sense.
func ParseBinary(typ OID, b []byte) (Value, error) {
	be := binary.BigEndian
	if n := fixedSize(typ); n > 0 {
		if len(b) < n {
			return Null(), tooShort()
		}
		if len(b) > n {
			return Null(), ErrBinaryLength
		}
	}
	switch typ {
	case Int8, XID8, Float8:
		return NewInt(int64(be.Uint64(b))), nil
	case Timestamp, Timestamptz:
		us := int64(be.Uint64(b))
		if us != TimestampInfinity && us != TimestampNegInfinity && !TimestampInRange(us) {
			return Null(), sqlstate.New(sqlstate.DatetimeFieldOverflow, "timestamp out of range")
		}
		return NewInt(us), nil
	case Time:
		us := int64(be.Uint64(b))
		if us < 0 || us > MicrosPerDay {
			return Null(), sqlstate.New(sqlstate.DatetimeFieldOverflow, "time out of range")
		}
		return NewInt(us), nil
	case Date:
		d := int64(int32(be.Uint32(b)))
		if d != DateInfinity && d != DateNegInfinity && !DateInRange(d) {
			return Null(), sqlstate.New(sqlstate.DatetimeFieldOverflow, "date out of range")
		}
		return NewInt(d), nil
	case Int4:
		return NewInt(int64(int32(be.Uint32(b)))), nil
	case Oid, XID, CID:
		return NewInt(int64(be.Uint32(b))), nil
	case Int2:
		return NewInt(int64(int16(be.Uint16(b)))), nil
	case Bool:
		return NewBool(b[0] != 0), nil
	case Float4:
		return NewFloat(float64(math.Float32frombits(be.Uint32(b)))), nil
	case Interval:
		return NewInterval(IntervalValue{Micros: int64(be.Uint64(b)), Days: int32(be.Uint32(b[8:])), Months: int32(be.Uint32(b[12:]))}), nil
	case Timetz:
		return NewTimetz(TimetzValue{Micros: int64(be.Uint64(b)), Zone: int32(be.Uint32(b[8:]))}), nil
	case UUID, Bytea:
		return NewBytes(b), nil
	case Char:
		if b[0] == 0 {
			return NewText(""), nil
		}
		return NewText(clipChar(string(b))), nil
	case Numeric:
		return parseNumericBinary(b)
	}
	return parseBinaryRest(typ, b)
}

func parseBinaryRest(typ OID, b []byte) (Value, error) {
	switch typ {
	case Text, Varchar, BPChar, Unknown, Name, JSON, XML, Cstring, Refcursor:
		s, err := validText(b)
		if err != nil {
			return Null(), err
		}
		if typ == Name && len(s) > 63 {
			return Null(), sqlstate.New(sqlstate.NameTooLong, "identifier too long").
				WithDetail("Identifier must be less than %d characters.", 64)
		}
		if typ == JSON {
			return parseJSON(s)
		}
		return NewText(s), nil
	case JSONB:
		return parseJSONBBinary(b)
	case Void:
		return NewText(""), nil
	case Record:
		return Null(), sqlstate.New(sqlstate.FeatureNotSupported, "input of anonymous composite types is not implemented")
	}
	if IsReg(typ) {
		return NewReg(binary.BigEndian.Uint32(b), ""), nil
	}
	if e := ElemOf(typ); e != 0 {
		return parseArrayBinary(e, b)
	}
	return Null(), sqlstate.Errorf(sqlstate.UndefinedFunction, "no binary input function available for type %s", Format(typ))
}

// fixedSize is the length that the receive function reads, 0 if it varies.
func fixedSize(typ OID) int {
	switch typ {
	case Int8, XID8, Float8, Timestamp, Timestamptz, Time:
		return 8
	case Int4, Oid, XID, CID, Date, Float4:
		return 4
	case Int2:
		return 2
	case Bool, Char:
		return 1
	case Interval, UUID:
		return 16
	case Timetz:
		return 12
	}
	if IsReg(typ) {
		return 4
	}
	return 0
}

// validText is what pg_verifymbstr lets through.
func validText(b []byte) (string, error) {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			return "", InvalidUTF8(b[i:])
		}
		i += n
	}
	return string(b), nil
}

// InvalidUTF8 is report_invalid_encoding: as many bytes as the first one announces.
func InvalidUTF8(b []byte) error {
	n := 1
	switch c := b[0]; {
	case c >= 0xf0 && c < 0xf8:
		n = 4
	case c >= 0xe0 && c < 0xf0:
		n = 3
	case c >= 0xc0 && c < 0xe0:
		n = 2
	}
	msg := `invalid byte sequence for encoding "UTF8":`
	for i := 0; i < n && i < len(b); i++ {
		msg += " 0x" + string("0123456789abcdef"[b[i]>>4]) + string("0123456789abcdef"[b[i]&15])
	}
	return sqlstate.New(sqlstate.CharacterNotInRepertoire, msg)
}

// parseArrayBinary is array_recv.
func parseArrayBinary(elem OID, b []byte) (Value, error) {
	be := binary.BigEndian
	if len(b) < 12 {
		return Null(), tooShort()
	}
	ndim, flags, sent := int32(be.Uint32(b)), be.Uint32(b[4:]), be.Uint32(b[8:])
	b = b[12:]
	switch {
	case ndim < 0:
		return Null(), sqlstate.Errorf(sqlstate.InvalidBinaryRepresentation, "invalid number of dimensions: %d", ndim)
	case ndim > MaxDims:
		return Null(), sqlstate.Errorf(sqlstate.ProgramLimitExceeded,
			"number of array dimensions (%d) exceeds the maximum allowed (%d)", ndim, MaxDims)
	case flags > 1:
		return Null(), sqlstate.New(sqlstate.InvalidBinaryRepresentation, "invalid array flags")
	case sent != elem:
		return Null(), sqlstate.Errorf(sqlstate.DatatypeMismatch, "binary data has array element type %d (%s) instead of expected %d (%s)",
			sent, Format(sent), elem, Format(elem))
	}
	a := &Array{Elem: elem}
	count := int64(1)
	for range ndim {
		if len(b) < 8 {
			return Null(), tooShort()
		}
		d := Dim{Len: int32(be.Uint32(b)), Lower: int32(be.Uint32(b[4:]))}
		b = b[8:]
		count *= int64(d.Len)
		// Each element takes four bytes at least: what is left bounds the count.
		if d.Len < 0 || count > int64(len(b)) {
			return Null(), tooShort()
		}
		a.Dims = append(a.Dims, d)
	}
	if ndim == 0 || count == 0 {
		a.Dims = nil
		if len(b) > 0 {
			return Null(), ErrBinaryLength
		}
		return NewArray(a), nil
	}
	for range count {
		v, rest, err := parseSized(elem, b)
		if err != nil {
			return Null(), err
		}
		a.Elems, b = append(a.Elems, v), rest
	}
	if len(b) > 0 {
		return Null(), ErrBinaryLength
	}
	return NewArray(a), nil
}

func parseSized(elem OID, b []byte) (Value, []byte, error) {
	if len(b) < 4 {
		return Null(), nil, tooShort()
	}
	n := int32(binary.BigEndian.Uint32(b))
	b = b[4:]
	if n == -1 {
		return Null(), b, nil
	}
	if n < 0 || int(n) > len(b) {
		return Null(), nil, tooShort()
	}
	v, err := ParseBinary(elem, b[:n])
	return v, b[n:], err
}
