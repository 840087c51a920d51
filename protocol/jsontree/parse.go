package jsontree

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// maxDepth bounds nesting, where PostgreSQL's stack would end.
const maxDepth = 5000

type tokenKind byte

const (
	endToken tokenKind = iota
	stringToken
	numberToken
	trueToken
	falseToken
	nullToken
	punctuation
)

// parser reads a text token by token.
type parser struct {
	src        string
	start, end int // of the token in hand
	kind       tokenKind
	text       string // a string's characters
	// decode tells that strings are wanted: \u0000 and halves of surrogate pairs
	// can't be then.
	decode bool
	depth  int
}

// Parse reads a text. With decode it refuses what can't be a text's characters, as
// jsonb does and the functions that take strings out.
func Parse(src string, decode bool) (*Node, error) {
	p := &parser{src: src, decode: decode}
	if err := p.next(); err != nil {
		return nil, err
	}
	n, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.kind != endToken {
		return nil, p.expected("end of input")
	}
	return n, nil
}

func (p *parser) is(c byte) bool { return p.kind == punctuation && p.src[p.start] == c }

func (p *parser) value() (*Node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, sqlstate.New(sqlstate.StatementTooComplex, "stack depth limit exceeded").
			WithHint("Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.")
	}
	defer func() { p.depth-- }()
	n := &Node{Raw: p.src[p.start:p.end], Text: p.src[p.start:p.end]}
	start := p.start
	switch {
	case p.is('{'):
		n.Kind = Object
		if err := p.object(n); err != nil {
			return nil, err
		}
		n.Raw = p.src[start:p.end]
	case p.is('['):
		n.Kind = Array
		if err := p.array(n); err != nil {
			return nil, err
		}
		n.Raw = p.src[start:p.end]
	case p.kind == stringToken:
		n.Kind, n.Text = String, p.text
	case p.kind == numberToken:
		n.Kind = Number
	case p.kind == trueToken, p.kind == falseToken:
		n.Kind = Bool
	case p.kind == nullToken:
		n.Kind = Null
	default:
		return nil, p.expected("JSON value")
	}
	return n, p.next()
}

// array reads from the bracket to the one that closes it, which stays in hand.
func (p *parser) array(n *Node) error {
	if err := p.next(); err != nil {
		return err
	}
	if p.is(']') {
		return nil
	}
	for {
		if p.kind == punctuation && !p.is('[') && !p.is('{') && len(n.Items) == 0 {
			return p.expected(`array element or "]"`)
		}
		item, err := p.value()
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
		if p.is(']') {
			return nil
		}
		if !p.is(',') {
			return p.expected(`"," or "]"`)
		}
		if err := p.next(); err != nil {
			return err
		}
	}
}

func (p *parser) object(n *Node) error {
	if err := p.next(); err != nil {
		return err
	}
	if p.is('}') {
		return nil
	}
	for {
		if p.kind != stringToken {
			if len(n.Keys) == 0 {
				return p.expected(`string or "}"`)
			}
			return p.expected("string")
		}
		key := p.text
		if err := p.next(); err != nil {
			return err
		}
		if !p.is(':') {
			return p.expected(`":"`)
		}
		if err := p.next(); err != nil {
			return err
		}
		item, err := p.value()
		if err != nil {
			return err
		}
		n.Keys, n.Items = append(n.Keys, key), append(n.Items, item)
		if p.is('}') {
			return nil
		}
		if !p.is(',') {
			return p.expected(`"," or "}"`)
		}
		if err := p.next(); err != nil {
			return err
		}
	}
}

// next takes the next token in hand.
func (p *parser) next() error {
	i := p.end
	for i < len(p.src) && strings.IndexByte(" \t\n\r", p.src[i]) >= 0 {
		i++
	}
	p.start, p.end = i, i
	if i == len(p.src) {
		p.kind = endToken
		return nil
	}
	switch c := p.src[i]; {
	case strings.IndexByte("{}[],:", c) >= 0:
		p.kind, p.end = punctuation, i+1
		return nil
	case c == '"':
		p.kind = stringToken
		return p.string()
	case c == '-' || c >= '0' && c <= '9':
		p.kind = numberToken
		return p.number()
	default:
		return p.word()
	}
}

// inWord is JSON_ALPHANUMERIC_CHAR.
func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= utf8.RuneSelf
}

func (p *parser) word() error {
	for p.end < len(p.src) && inWord(p.src[p.end]) {
		p.end++
	}
	switch p.src[p.start:p.end] {
	case "true":
		p.kind = trueToken
	case "false":
		p.kind = falseToken
	case "null":
		p.kind = nullToken
	case "":
		p.end++
		return p.invalidToken()
	default:
		return p.invalidToken()
	}
	return nil
}

func (p *parser) digits(i int) (int, bool) {
	start := i
	for i < len(p.src) && p.src[i] >= '0' && p.src[i] <= '9' {
		i++
	}
	return i, i > start
}

func (p *parser) number() error {
	i, ok := p.start, true
	if p.src[i] == '-' {
		i++
	}
	if i < len(p.src) && p.src[i] == '0' {
		i++
	} else {
		i, ok = p.digits(i)
	}
	if ok && i < len(p.src) && p.src[i] == '.' {
		i, ok = p.digits(i + 1)
	}
	if ok && i < len(p.src) && (p.src[i] == 'e' || p.src[i] == 'E') {
		if i++; i < len(p.src) && (p.src[i] == '+' || p.src[i] == '-') {
			i++
		}
		i, ok = p.digits(i)
	}
	for p.end = i; p.end < len(p.src) && inWord(p.src[p.end]); p.end++ {
		ok = false
	}
	if !ok {
		return p.invalidToken()
	}
	return nil
}

// string reads a string and its escapes.
func (p *parser) string() error {
	var b strings.Builder
	high := rune(0) // of a surrogate pair
	i := p.start + 1
	for {
		if i >= len(p.src) {
			p.end = i
			return p.invalidToken()
		}
		c := p.src[i]
		if high != 0 && c != '\\' {
			p.end = i + 1
			return p.wrong("Unicode low surrogate must follow a high surrogate.")
		}
		switch {
		case c == '"':
			p.end, p.text = i+1, b.String()
			return nil
		case c < ' ':
			p.end = i
			return p.wrong(fmt.Sprintf("Character with value 0x%02x must be escaped.", c))
		case c != '\\':
			b.WriteByte(c)
			i++
			continue
		}
		if i++; i >= len(p.src) {
			p.end = i
			return p.invalidToken()
		}
		if p.src[i] != 'u' {
			if high != 0 {
				p.end = i
				return p.wrong("Unicode low surrogate must follow a high surrogate.")
			}
			at := strings.IndexByte(`"\/bfnrt`, p.src[i])
			if at < 0 {
				_, size := utf8.DecodeRuneInString(p.src[i:])
				p.end = i + size
				return p.wrong(`Escape sequence "\` + p.src[i:p.end] + `" is invalid.`)
			}
			b.WriteByte("\"\\/\b\f\n\r\t"[at])
			i++
			continue
		}
		var r rune
		for k := 1; k <= 4; k++ {
			if i+k >= len(p.src) {
				p.end = len(p.src)
				return p.invalidToken()
			}
			d := strings.IndexByte("0123456789abcdef", p.src[i+k]|0x20)
			if d < 0 || p.src[i+k] < '0' {
				_, size := utf8.DecodeRuneInString(p.src[i+k:])
				p.end = i + k + size
				return p.wrong(`"\u" must be followed by four hexadecimal digits.`)
			}
			r = r<<4 | rune(d)
		}
		i += 5
		if err := p.codePoint(&b, r, &high, i); err != nil {
			return err
		}
	}
}

// codePoint adds the character of a \u escape that ends before at.
func (p *parser) codePoint(b *strings.Builder, r rune, high *rune, at int) error {
	if !p.decode {
		*high = 0
		b.WriteRune(r)
		return nil
	}
	p.end = at
	switch {
	case r >= 0xd800 && r < 0xdc00:
		if *high != 0 {
			return p.wrong("Unicode high surrogate must not follow a high surrogate.")
		}
		*high = r
		return nil
	case r >= 0xdc00 && r < 0xe000:
		if *high == 0 {
			return p.wrong("Unicode low surrogate must follow a high surrogate.")
		}
		b.WriteRune(0x10000 + (*high&0x3ff)<<10 + r&0x3ff)
		*high = 0
		return nil
	case *high != 0:
		return p.wrong("Unicode low surrogate must follow a high surrogate.")
	case r == 0:
		e := p.wrong(`\u0000 cannot be converted to text.`)
		e.Code, e.Message = sqlstate.UntranslatableCharacter, "unsupported Unicode escape sequence"
		return e
	}
	b.WriteRune(r)
	return nil
}

func (p *parser) invalidToken() error {
	return p.wrong(`Token "` + p.src[p.start:p.end] + `" is invalid.`)
}

// expected is the error for a token that can't come here.
func (p *parser) expected(what string) error {
	if p.kind == endToken {
		return p.wrong("The input string ended unexpectedly.")
	}
	return p.wrong("Expected " + what + `, but found "` + p.src[p.start:p.end] + `".`)
}

// wrong is the error at the token's end, with the text around it (report_json_context).
func (p *parser) wrong(detail string) *sqlstate.Error {
	e := sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type json").WithDetail("%s", detail)
	end := min(p.end, len(p.src))
	line := strings.Count(p.src[:end], "\n") + 1
	lineStart := strings.LastIndexByte(p.src[:end], '\n') + 1
	start := lineStart
	for end-start >= 50 {
		_, size := utf8.DecodeRuneInString(p.src[start:])
		start += size
	}
	if start-lineStart <= 3 {
		start = lineStart
	}
	prefix, suffix := "", ""
	if start > lineStart {
		prefix = "..."
	}
	if p.kind != endToken && end < len(p.src) && p.src[end] != '\n' && p.src[end] != '\r' {
		suffix = "..."
	}
	e.Where = fmt.Sprintf("JSON data, line %d: %s%s%s", line, prefix, p.src[start:end], suffix)
	return e
}
