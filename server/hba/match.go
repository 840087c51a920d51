package hba

import "net/netip"

// Conn is a connection that wants in.
type Conn struct {
	Local          bool       // over a Unix socket
	Addr           netip.Addr // otherwise
	TLS            bool
	User, Database string
	// Member tells whether User is role, or directly or indirectly a member of it.
	// A superuser is not by that a member; nobody is one of a role that is not there.
	Member func(role string) bool
	// Interfaces are this machine's addresses with their networks.
	Interfaces func() []netip.Prefix
}

// Match finds the first rule for a connection (check_hba); nil means that there is
// none, which is a refusal.
func (f *Rules) Match(c Conn) *Rule {
	c.Addr = c.Addr.Unmap().WithZone("")
	for i := range f.Rules {
		if r := &f.Rules[i]; r.matches(c) {
			return r
		}
	}
	return nil
}

func (r *Rule) matches(c Conn) bool {
	if (r.Type == Local) != c.Local {
		return false
	}
	switch r.Type {
	case HostSSL:
		if !c.TLS {
			return false
		}
	case HostNoSSL:
		if c.TLS {
			return false
		}
	case HostGSSEnc:
		return false
	}
	return (c.Local || r.Address.matches(c)) && r.matchesDatabase(c) && r.matchesUser(c)
}

func (a Address) matches(c Conn) bool {
	switch a.Keyword {
	case "all":
		return true
	case "samehost", "samenet":
		for _, p := range c.Interfaces() {
			m := mask(p.Addr(), p.Addr().BitLen())
			if a.Keyword == "samenet" {
				m = mask(p.Addr(), p.Bits())
			}
			if equalUnder(c.Addr, p.Addr(), m) {
				return true
			}
		}
		return false
	}
	return equalUnder(c.Addr, a.IP.WithZone(""), a.Mask)
}

// equalUnder compares the bits that mask has set, which need not be the first ones.
func equalUnder(a, b, mask netip.Addr) bool {
	x, y, m := a.AsSlice(), b.AsSlice(), mask.AsSlice()
	if len(x) != len(y) || len(x) != len(m) {
		return false
	}
	for i := range x {
		if (x[i]^y[i])&m[i] != 0 {
			return false
		}
	}
	return true
}

func (r *Rule) matchesDatabase(c Conn) bool {
	for _, t := range r.Databases {
		switch {
		case t.keyword("all"):
			return true
		case t.keyword("sameuser"):
			if c.Database == c.User {
				return true
			}
		case t.keyword("samerole"), t.keyword("samegroup"):
			if c.Member(c.Database) {
				return true
			}
		case t.keyword("replication"): // such connections are refused before
		case t.Text == c.Database:
			return true
		}
	}
	return false
}

func (r *Rule) matchesUser(c Conn) bool {
	for _, t := range r.Users {
		switch {
		case !t.Quoted && t.Text[0] == '+':
			if c.Member(t.Text[1:]) {
				return true
			}
		case t.Text == c.User, t.keyword("all"):
			return true
		}
	}
	return false
}
