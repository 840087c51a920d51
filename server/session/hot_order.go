package session

// hotOrder is in which order statements were asked for the short way. Clients send the
// same pipeline again and again: a message mostly is the one that came at this place
// before, or the pipeline begins anew. It holds as long as every message goes the short
// way: any other may do away with a statement, and forgets the order.
type hotOrder struct {
	list []*hot
	at   int // of the one that is expected next
}

// expected is the one that in begins with the message of, nil if that comes unexpected.
// See match.
func (o *hotOrder) expected(in []byte) (h *hot, n int, name []byte) {
	for _, at := range [...]int{o.at, 0} {
		if at >= len(o.list) {
			continue
		}
		if n, name, ok := o.list[at].match(in); ok {
			o.at = at + 1
			return o.list[at], n, name
		}
	}
	return nil, 0, nil
}

// learn takes h for the one to be expected at this place.
func (o *hotOrder) learn(h *hot) {
	if o.at >= hotUnitsMax {
		o.at = 0
	}
	o.list = append(o.list[:o.at], h)
	o.at++
}

// forgetHot is for when something else came: it may have done away with a statement, or
// with anything that the short way takes for granted.
func (s *Session) forgetHot() {
	if s.short != nil {
		s.short.order.forget()
		s.short.quick.hot = nil
	}
}

func (o *hotOrder) forget() {
	clear(o.list)
	o.list, o.at = o.list[:0], 0
}
