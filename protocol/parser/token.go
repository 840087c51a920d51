package parser

// kind is the kind of a token: a single character's code, one of the constants
// below, or a key word.
type kind uint16

// Kinds of tokens that are neither a single character nor a key word. The names
// on the right are gram.y's.
const (
	tokEOF    kind = 0
	tokIdent  kind = 256 + iota // IDENT
	tokString                   // SCONST
	tokBit                      // BCONST, XCONST
	tokInt                      // ICONST: fits int4
	tokFloat                    // FCONST: any other number
	tokParam                    // PARAM
	tokOp                       // Op
	tokTypecast
	tokDotDot
	tokColonEquals
	tokEqualsGreater
	tokLessEquals
	tokGreaterEquals
	tokNotEquals
	// What base_yylex makes of NOT, NULLS and WITH by looking at the next word, to
	// keep the grammar LALR(1). Error positions depend on it.
	tokNotLA
	tokNullsLA
	tokWithLA

	firstKeyword kind = 300
)

// token is one lexical element. text is what the parser needs of it: the folded
// name of an identifier or key word, the value of a string, the digits of a
// number, the characters of an operator.
type token struct {
	kind       kind
	start, end int // byte offsets in the message
	pos        Pos // of start
	text       string
	unicode    bool // U&…, escapes not yet resolved
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isIdentStart and isIdentCont take every byte of a multi-byte character for a
// letter, as scan.l does.
func isIdentStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isIdentCont(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }

func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isOpChar(c byte) bool {
	switch c {
	case '~', '!', '@', '#', '^', '&', '|', '`', '?', '+', '-', '*', '/', '%', '<', '>', '=':
		return true
	}
	return false
}

// isSelfChar tells the characters that are tokens of their own.
func isSelfChar(c byte) bool {
	switch c {
	case ',', '(', ')', '[', ']', '.', ';', ':', '+', '-', '*', '/', '%', '^', '<', '>', '=':
		return true
	}
	return false
}
