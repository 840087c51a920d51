package scalar

import (
	"fmt"
	"strings"
)

// numberWriter puts digits into a format (NUM_processor).
type numberWriter struct {
	f         *numberFormat
	number    string
	at        int // in number
	last      int // index of the last relevant digit, -1: not looked for
	spaces    int
	sign      byte
	signDone  bool
	inNumber  bool
	current   int
	count     int
	zeroStart int
	out       strings.Builder
}

func (f *numberFormat) write(number string, spaces int, sign byte) string {
	w := &numberWriter{f: f, number: number, spaces: spaces, sign: sign, last: -1, zeroStart: f.zeroStart}
	if w.zeroStart > 0 {
		w.zeroStart--
	}
	if f.roman {
		*f = numberFormat{nodes: f.nodes, roman: true, fill: f.fill}
		w.sign = 0
	}
	w.prepareSign()
	w.count = f.post + f.pre - 1
	if f.fill && f.decimal {
		w.findLast()
	}
	if !w.signDone && spaces == 0 {
		w.count++
	}
	for _, n := range f.nodes {
		w.node(n)
	}
	return w.out.String()
}

// prepareSign: MI, PL and SG write the sign where they stand, else the number does.
func (w *numberWriter) prepareSign() {
	f := w.f
	if f.plus || f.minus {
		w.signDone = f.minus
		return
	}
	if w.sign != '-' && f.bracket && f.fill {
		f.bracket = false
	}
	w.signDone = w.sign == '+' && f.fill && f.lsign == 0
	if f.lsign < 0 && f.pre == f.preSign {
		f.lsign = 1
	}
}

// findLast is the last digit that FM shows: that of the fraction that is not 0, or
// where the format has a 0.
func (w *numberWriter) findLast() {
	point := strings.IndexByte(w.number, '.')
	if point < 0 {
		return
	}
	w.last = point
	for i := point + 1; i < len(w.number); i++ {
		if w.number[i] != '0' {
			w.last = i
		}
	}
	if w.f.zeroEnd > w.spaces {
		w.last = max(w.last, min(len(w.number)-1, w.f.zeroEnd-w.spaces))
	}
}

func (w *numberWriter) node(n formatNode) {
	f := w.f
	switch n.key {
	case "":
		w.out.WriteString(n.text)
	case "9", "0", ".", "D":
		w.digit(n.key)
	case ",", "G":
		switch {
		case w.inNumber:
			w.out.WriteByte(',')
		case !f.fill:
			w.out.WriteByte(' ')
		}
	case "L":
		w.out.WriteByte(' ')
	case "RN", "rn":
		s := w.number
		if n.key == "rn" {
			s = strings.ToLower(s)
		}
		if !f.fill {
			s = fmt.Sprintf("%15s", s)
		}
		w.out.WriteString(s)
	case "TH", "th":
		if !f.roman && w.number[0] != '#' && w.sign != '-' && !f.decimal {
			w.out.WriteString(ordinal(w.number, n.key == "TH"))
		}
	case "MI":
		w.signAt(w.sign == '-', '-')
	case "PL":
		w.signAt(w.sign == '+', '+')
	case "SG":
		w.out.WriteByte(w.sign)
	}
}

func (w *numberWriter) signAt(is bool, c byte) {
	switch {
	case is:
		w.out.WriteByte(c)
	case !w.f.fill:
		w.out.WriteByte(' ')
	}
}

// leadingZero is IS_PREDEC_SPACE: 0.1 by 9.9 is " .1".
func (w *numberWriter) leadingZero() bool {
	return !w.f.zero && w.at == 0 && w.number[0] == '0' && w.f.post != 0
}

func (w *numberWriter) lastIsPoint() bool { return w.last >= 0 && w.number[w.last] == '.' }

func (w *numberWriter) writeSign() {
	f := w.f
	switch {
	case f.lsign != 0:
		if f.lsign < 0 {
			w.out.WriteByte(w.sign)
			w.signDone = true
		}
		return
	case f.bracket:
		w.out.WriteByte(map[bool]byte{true: ' ', false: '<'}[w.sign == '+'])
	case w.sign == '+':
		if !f.fill {
			w.out.WriteByte(' ')
		}
	default:
		w.out.WriteByte('-')
	}
	w.signDone = true
}

// digit is NUM_numpart_to_char.
func (w *numberWriter) digit(key string) {
	f := w.f
	if f.roman {
		return
	}
	w.inNumber = false
	if !w.signDone && (w.current >= w.spaces || f.zero && w.zeroStart == w.current) && (!w.leadingZero() || w.lastIsPoint()) {
		w.writeSign()
	}
	switch {
	case w.current < w.spaces && (w.zeroStart > w.current || !f.zero):
		if !f.fill {
			w.out.WriteByte(' ')
		}
	case f.zero && w.current < w.spaces:
		w.out.WriteByte('0')
		w.inNumber = true
	default:
		w.digitOfNumber(key)
	}
	end := w.count
	if w.spaces > 0 {
		end++
	}
	if f.decimal {
		end++
	}
	if w.last >= 0 && w.last == w.at {
		end = w.current
	}
	if w.current+1 == end {
		if w.signDone && f.bracket {
			w.out.WriteByte(map[bool]byte{true: ' ', false: '>'}[w.sign == '+'])
		} else if f.lsign > 0 {
			w.out.WriteByte(w.sign)
		}
	}
	w.current++
}

func (w *numberWriter) digitOfNumber(key string) {
	if w.at >= len(w.number) {
		return
	}
	switch {
	case w.number[w.at] == '.':
		if !w.lastIsPoint() || w.f.fill {
			w.out.WriteByte('.')
		}
	case w.last >= 0 && w.at > w.last && key != "0":
	case w.leadingZero():
		if !w.f.fill {
			w.out.WriteByte(' ')
		} else if w.lastIsPoint() {
			w.out.WriteByte('0')
		}
	default:
		w.out.WriteByte(w.number[w.at])
		w.inNumber = true
	}
	w.at++
}
