package pgtypes

import (
	"strconv"
	"strings"

	"seqd/protocol/sqlstate"
)

// MaxDims is how many dimensions an array may have.
const MaxDims = 6

func appendVector(dst []byte, a *Array) []byte {
	for i, e := range a.Elems {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendInt(dst, e.num, 10)
	}
	return dst
}

func parseVector(elem OID, s string) (Value, error) {
	a := &Array{Elem: elem}
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(spaces, r) }) {
		v, err := ParseText(elem, f)
		if err != nil {
			return Null(), err
		}
		a.Elems = append(a.Elems, v)
	}
	a.Dims = []Dim{{Len: int32(len(a.Elems)), Lower: 0}} // one dimension, also if it is empty
	return NewArray(a), nil
}

// appendArray is array_out.
func (s *Style) appendArray(dst []byte, a *Array) []byte {
	if len(a.Dims) == 0 {
		return append(dst, "{}"...)
	}
	for _, d := range a.Dims {
		if d.Lower != 1 {
			for _, d := range a.Dims {
				dst = append(dst, '[')
				dst = strconv.AppendInt(dst, int64(d.Lower), 10)
				dst = append(dst, ':')
				dst = strconv.AppendInt(dst, int64(d.Lower)+int64(d.Len)-1, 10)
				dst = append(dst, ']')
			}
			dst = append(dst, '=')
			break
		}
	}
	at := 0
	return s.appendDim(dst, a, a.Dims, &at)
}

func (s *Style) appendDim(dst []byte, a *Array, dims []Dim, at *int) []byte {
	dst = append(dst, '{')
	for i := range int(dims[0].Len) {
		if i > 0 {
			dst = append(dst, ',')
		}
		if len(dims) > 1 {
			dst = s.appendDim(dst, a, dims[1:], at)
			continue
		}
		v := a.Elems[*at]
		*at++
		if v.IsNull() {
			dst = append(dst, "NULL"...)
			continue
		}
		dst = appendQuoted(dst, s.TextOf(a.Elem, v))
	}
	return append(dst, '}')
}

func appendQuoted(dst []byte, s string) []byte {
	if s != "" && !strings.EqualFold(s, "null") && !strings.ContainsAny(s, "{},\"\\ \t\n\v\f\r") {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

// appendRecord is record_out.
func (s *Style) appendRecord(dst []byte, r *RecordValue) []byte {
	dst = append(dst, '(')
	for i, v := range r.Fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.IsNull() {
			continue
		}
		text := s.TextOf(r.Types[i], v)
		if text != "" && !strings.ContainsAny(text, "(),\"\\ \t\n\v\f\r") {
			dst = append(dst, text...)
			continue
		}
		dst = append(dst, '"')
		for j := 0; j < len(text); j++ {
			if text[j] == '"' || text[j] == '\\' {
				dst = append(dst, text[j])
			}
			dst = append(dst, text[j])
		}
		dst = append(dst, '"')
	}
	return append(dst, ')')
}

// arrayReader is array_in: a recursive reader of {…} with quoting.
type arrayReader struct {
	src   string
	off   int
	elem  OID
	parse func(string) (Value, error)
	elems []Value
	lens  []int32 // length of each depth, -1 while unknown
}

// ParseArrayWith reads an array literal, with parse reading the elements.
func ParseArrayWith(elem OID, s string, parse func(string) (Value, error)) (Value, error) {
	r := &arrayReader{src: s, elem: elem, parse: parse}
	lowers, err := r.bounds()
	if err != nil {
		return Null(), err
	}
	if err := r.level(0); err != nil {
		return Null(), err
	}
	r.space()
	if r.off < len(r.src) {
		return Null(), r.malformed("Junk after closing right brace.")
	}
	a := &Array{Elem: elem, Elems: r.elems}
	if len(r.elems) == 0 {
		if len(r.lens) > 1 {
			return Null(), r.malformed(`Unexpected "}" character.`)
		}
		return NewArray(a), nil
	}
	if lowers != nil && len(lowers) != len(r.lens) {
		return Null(), r.malformed("Specified array dimensions do not match array contents.")
	}
	for i, n := range r.lens {
		d := Dim{Len: n, Lower: 1}
		if lowers != nil {
			if lowers[i].Len != n {
				return Null(), r.malformed("Specified array dimensions do not match array contents.")
			}
			d.Lower = lowers[i].Lower
		}
		a.Dims = append(a.Dims, d)
	}
	return NewArray(a), nil
}

func (st *Style) parseArray(elem OID, s string) (Value, error) {
	return ParseArrayWith(elem, s, func(t string) (Value, error) { return st.ParseText(elem, t) })
}

func (r *arrayReader) malformed(detail string) error {
	return sqlstate.Errorf(sqlstate.InvalidTextRepresentation, `malformed array literal: "%s"`, r.src).WithDetail("%s", detail)
}

func (r *arrayReader) space() {
	for r.off < len(r.src) && strings.IndexByte(spaces, r.src[r.off]) >= 0 {
		r.off++
	}
}

func (r *arrayReader) peek() byte {
	if r.off < len(r.src) {
		return r.src[r.off]
	}
	return 0
}

// bounds reads [l:u][l:u]= if it is there.
func (r *arrayReader) bounds() ([]Dim, error) {
	r.space()
	if r.peek() != '[' {
		if r.peek() != '{' {
			return nil, r.malformed(`Array value must start with "{" or dimension information.`)
		}
		return nil, nil
	}
	var dims []Dim
	for r.peek() == '[' {
		end := strings.IndexByte(r.src[r.off:], ']')
		if end < 0 {
			return nil, r.malformed(`Missing "]" after array dimensions.`)
		}
		spec := r.src[r.off+1 : r.off+end]
		r.off += end + 1
		lo, hi, ok := strings.Cut(spec, ":")
		if !ok {
			lo, hi = "1", spec
		}
		l, err1 := strconv.ParseInt(lo, 10, 32)
		h, err2 := strconv.ParseInt(hi, 10, 32)
		if err1 != nil || err2 != nil {
			return nil, r.malformed(`"[" must introduce explicitly-specified array dimensions.`)
		}
		if h < l {
			return nil, sqlstate.New(sqlstate.ArraySubscriptError, "upper bound cannot be less than lower bound")
		}
		dims = append(dims, Dim{Len: int32(h - l + 1), Lower: int32(l)})
		if len(dims) > MaxDims {
			return nil, sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", len(dims), MaxDims)
		}
		r.space()
	}
	if r.peek() != '=' {
		return nil, r.malformed(`Missing "=" after array dimensions.`)
	}
	r.off++
	r.space()
	if r.peek() != '{' {
		return nil, r.malformed(`Array contents must start with "{".`)
	}
	return dims, nil
}

// level reads one {…}; off is at its brace.
func (r *arrayReader) level(depth int) error {
	if depth >= MaxDims {
		return sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", depth+1, MaxDims)
	}
	if depth == len(r.lens) {
		if len(r.elems) > 0 {
			return r.ragged()
		}
		r.lens = append(r.lens, -1)
	}
	r.off++
	count := int32(0)
	for {
		r.space()
		switch c := r.peek(); {
		case c == 0 && r.off >= len(r.src):
			return r.malformed("Unexpected end of input.")
		case c == '}' && count == 0:
			r.off++
			return r.closed(depth, 0)
		case c == '{':
			if err := r.level(depth + 1); err != nil {
				return err
			}
		default:
			if depth+1 != len(r.lens) {
				return r.ragged()
			}
			if err := r.item(); err != nil {
				return err
			}
		}
		count++
		r.space()
		switch r.peek() {
		case ',':
			r.off++
			r.space()
			if r.peek() == '}' {
				return r.malformed(`Unexpected "}" character.`)
			}
		case '}':
			r.off++
			return r.closed(depth, count)
		case 0:
			return r.malformed("Unexpected end of input.")
		default:
			return r.malformed("Unexpected array element.")
		}
	}
}

func (r *arrayReader) ragged() error {
	return r.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
}

func (r *arrayReader) closed(depth int, count int32) error {
	if r.lens[depth] >= 0 && r.lens[depth] != count {
		return r.ragged()
	}
	r.lens[depth] = count
	return nil
}

// item reads one element, quoted or not.
func (r *arrayReader) item() error {
	var b strings.Builder
	quoted := false
	end := 0 // length up to the last character that is not trailing space
	for r.off < len(r.src) {
		c := r.src[r.off]
		switch {
		case c == '"':
			if quoted || b.Len() > 0 {
				return r.malformed("Unexpected array element.")
			}
			quoted = true
			if err := r.quotedItem(&b); err != nil {
				return err
			}
			end = b.Len()
			continue
		case c == '\\':
			if r.off+1 >= len(r.src) {
				return r.malformed("Unexpected end of input.")
			}
			b.WriteByte(r.src[r.off+1])
			r.off += 2
			end = b.Len()
			continue
		case c == '{':
			return r.malformed(`Unexpected "{" character.`)
		case c == ',' || c == '}':
			return r.store(b.String()[:end], quoted)
		case strings.IndexByte(spaces, c) >= 0:
			if !quoted {
				b.WriteByte(c)
			}
		default:
			if quoted {
				return r.malformed("Unexpected array element.")
			}
			b.WriteByte(c)
			end = b.Len()
		}
		r.off++
	}
	return r.malformed("Unexpected end of input.")
}

func (r *arrayReader) quotedItem(b *strings.Builder) error {
	for r.off++; r.off < len(r.src); r.off++ {
		switch c := r.src[r.off]; c {
		case '"':
			r.off++
			return nil
		case '\\':
			r.off++
			if r.off >= len(r.src) {
				return r.malformed("Unexpected end of input.")
			}
			b.WriteByte(r.src[r.off])
		default:
			b.WriteByte(c)
		}
	}
	return r.malformed("Unexpected end of input.")
}

func (r *arrayReader) store(s string, quoted bool) error {
	if !quoted && strings.EqualFold(s, "null") {
		r.elems = append(r.elems, Null())
		return nil
	}
	if !quoted && s == "" {
		return r.malformed(`Unexpected "` + string(r.peek()) + `" character.`)
	}
	v, err := r.parse(s)
	if err != nil {
		return err
	}
	r.elems = append(r.elems, v)
	return nil
}
