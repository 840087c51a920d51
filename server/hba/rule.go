package hba

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Type is the kind of connection that a rule is for, by its keyword.
type Type string

// The types of rules.
const (
	Local        Type = "local"
	Host         Type = "host"
	HostSSL      Type = "hostssl"
	HostNoSSL    Type = "hostnossl"
	HostGSSEnc   Type = "hostgssenc"
	HostNoGSSEnc Type = "hostnogssenc"
)

// Method is how a client shows who it is.
type Method string

// The methods that are served.
const (
	Trust    Method = "trust"
	Reject   Method = "reject"
	MD5      Method = "md5" // SCRAM: there are no MD5 verifiers
	SCRAM    Method = "scram-sha-256"
	Password Method = "password"
	Cert     Method = "cert"
)

// unsupported are methods that PostgreSQL has and seqd does not.
var unsupported = map[string]bool{
	"ident": true, "peer": true, "gss": true, "sspi": true, "pam": true, "bsd": true, "ldap": true, "radius": true,
}

// CertCheck says what of a client's certificate is checked.
type CertCheck string

// The values of clientcert.
const (
	CertOff    CertCheck = ""
	VerifyCA   CertCheck = "verify-ca"
	VerifyFull CertCheck = "verify-full"
)

// Rule is one line of pg_hba.conf.
type Rule struct {
	Line       int
	Text       string // the line itself
	Type       Type
	Databases  []Token
	Users      []Token
	Address    Address
	Method     Method
	Map        string
	ClientCert CertCheck
	ByDN       bool // clientname=DN: the certificate's whole name is looked up, not its CN
}

// Address is a rule's range of addresses: a keyword (all, samehost, samenet), or an
// IP address and the bits of it that count.
type Address struct {
	Keyword  string
	IP, Mask netip.Addr
}

// LineError is what is wrong with a line.
type LineError struct {
	File    string
	Line    int // 0: of the file as a whole
	Message string
	Hint    string
}

// Error implements error.
func (e LineError) Error() string {
	s := e.Message
	if e.Line > 0 {
		s += fmt.Sprintf(" (line %d of configuration file %q)", e.Line, e.File)
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// FileRule is a row of pg_hba_file_rules. Empty texts and nil lists are NULL.
type FileRule struct {
	Line             int
	Type             string
	Databases        []string
	Users            []string
	Address, Netmask string
	Method           string
	Options          []string
	Error            string
}

// Rules is a pg_hba.conf.
type Rules struct {
	Rules    []Rule
	Errors   []LineError // not empty: the file must not come into force
	Warnings []LineError // rules that never match
	Rows     []FileRule
}

// ParseRules reads a pg_hba.conf. Every line is checked, whatever is wrong with the
// others. tls tells whether clients can have TLS at all.
func ParseRules(name string, read ReadFile, tls bool) *Rules {
	f := &Rules{}
	content, err := read(name)
	if err != nil {
		f.Errors = []LineError{{File: name, Message: fmt.Sprintf("could not open configuration file %q: %s", name, reason(err))}}
		return f
	}
	z := tokenizer{read: read}
	for _, l := range z.tokenize(name, string(content)) {
		f.add(name, l, tls)
	}
	if len(f.Rules) == 0 && len(f.Errors) == 0 {
		f.Errors = []LineError{{File: name, Message: fmt.Sprintf("configuration file %q contains no entries", name)}}
	}
	return f
}

func (f *Rules) add(name string, l line, tls bool) {
	p := ruleParser{fields: l.fields, rule: Rule{Line: l.number, Text: l.text}}
	if l.err != "" {
		p.fail("%s", l.err)
	} else {
		p.parse()
	}
	if p.err != nil {
		p.err.File, p.err.Line = name, l.number
		f.Errors = append(f.Errors, *p.err)
		f.Rows = append(f.Rows, FileRule{Line: l.number, Error: p.err.Message})
		return
	}
	f.Rules = append(f.Rules, p.rule)
	row := p.rule.row()
	if warning := p.rule.neverMatches(tls); warning != nil {
		warning.File, warning.Line = name, l.number
		f.Warnings = append(f.Warnings, *warning)
		row.Error = warning.Message
	}
	f.Rows = append(f.Rows, row)
}

func (r *Rule) neverMatches(tls bool) *LineError {
	switch {
	case r.Type == HostSSL && !tls:
		return &LineError{Message: "hostssl record cannot match because SSL is disabled", Hint: "Start the server with --tls-cert and --tls-key."}
	case r.Type == HostGSSEnc:
		return &LineError{Message: "hostgssenc record cannot match because GSSAPI is not supported by this build"}
	}
	return nil
}

// row is the rule as pg_hba_file_rules shows it.
func (r *Rule) row() FileRule {
	row := FileRule{Line: r.Line, Type: string(r.Type), Databases: texts(r.Databases), Users: texts(r.Users), Method: string(r.Method)}
	switch {
	case r.Type == Local:
	case r.Address.Keyword != "":
		row.Address = r.Address.Keyword
	default:
		row.Address, row.Netmask = r.Address.IP.String(), r.Address.Mask.String()
	}
	if r.Map != "" {
		row.Options = append(row.Options, "map="+r.Map)
	}
	if r.ClientCert != CertOff {
		row.Options = append(row.Options, "clientcert="+string(r.ClientCert))
	}
	return row
}

func texts(tokens []Token) []string {
	s := make([]string, len(tokens))
	for i, t := range tokens {
		s[i] = t.Text
	}
	return s
}

// ruleParser reads the fields of a line (parse_hba_line).
type ruleParser struct {
	fields   []field
	rule     Rule
	hostName string // in the place of an address
	err      *LineError
}

func (p *ruleParser) fail(format string, args ...any) *LineError {
	p.err = &LineError{Message: fmt.Sprintf(format, args...)}
	return p.err
}

// take returns the next field.
func (p *ruleParser) take(missing string) field {
	if p.err != nil {
		return nil
	}
	if len(p.fields) == 0 {
		p.fail("%s", missing)
		return nil
	}
	f := p.fields[0]
	p.fields = p.fields[1:]
	return f
}

// takeOne returns the next field, which must be a single word.
func (p *ruleParser) takeOne(missing, multiple, hint string) Token {
	f := p.take(missing)
	if p.err == nil && len(f) > 1 {
		p.fail("%s", multiple).Hint = hint
	}
	if p.err != nil {
		return Token{}
	}
	return f[0]
}

func (p *ruleParser) parse() {
	r := &p.rule
	typ := p.takeOne("end-of-line", "multiple values specified for connection type", "Specify exactly one connection type per line.")
	if p.err != nil {
		return
	}
	switch r.Type = Type(typ.Text); r.Type {
	case Local, Host, HostSSL, HostNoSSL, HostGSSEnc, HostNoGSSEnc:
	default:
		p.fail(`invalid connection type "%s"`, typ.Text)
		return
	}
	r.Databases = p.take("end-of-line before database specification")
	r.Users = p.take("end-of-line before role specification")
	if r.Type != Local {
		p.address()
	}
	p.method()
	for _, f := range p.fields {
		for _, t := range f {
			if p.err != nil {
				return
			}
			p.option(t.Text)
		}
	}
	if p.hostName != "" && p.err == nil {
		p.fail(`host name "%s" is not supported`, p.hostName).Hint = "Give an IP address range."
	}
	if r.Method == Cert {
		r.ClientCert = VerifyFull // the method means that, whatever the line says
	}
}

func (p *ruleParser) address() {
	t := p.takeOne("end-of-line before IP address specification",
		"multiple values specified for host address", "Specify one address range per line.")
	if p.err != nil {
		return
	}
	a := &p.rule.Address
	if t.keyword("all") || t.keyword("samehost") || t.keyword("samenet") {
		a.Keyword = t.Text
		return
	}
	host, bits, cidr := strings.Cut(t.Text, "/")
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil && cidr:
		p.fail(`specifying both host name and CIDR mask is invalid: "%s"`, t.Text)
	case err != nil:
		p.hostName = host
	case cidr:
		n, err := strconv.Atoi(bits)
		if err != nil || n < 0 || n > ip.BitLen() {
			p.fail(`invalid CIDR mask in address "%s"`, t.Text)
			return
		}
		a.IP, a.Mask = ip, mask(ip, n)
	default:
		a.IP, a.Mask = ip, p.netmask(ip)
	}
}

func (p *ruleParser) netmask(ip netip.Addr) netip.Addr {
	if len(p.fields) == 0 {
		p.fail("end-of-line before netmask specification").Hint =
			"Specify an address range in CIDR notation, or provide a separate netmask."
		return netip.Addr{}
	}
	t := p.takeOne("", "multiple values specified for netmask", "")
	if p.err != nil {
		return netip.Addr{}
	}
	m, err := netip.ParseAddr(t.Text)
	if err != nil {
		p.fail(`invalid IP mask "%s": Name or service not known`, t.Text)
	} else if m.BitLen() != ip.BitLen() {
		p.fail("IP address and mask do not match")
	}
	return m
}

// mask is the address whose first n bits are set.
func mask(ip netip.Addr, n int) netip.Addr {
	b := make([]byte, ip.BitLen()/8)
	for i := range n {
		b[i/8] |= 0x80 >> (i % 8)
	}
	m, _ := netip.AddrFromSlice(b)
	return m
}

func (p *ruleParser) method() {
	t := p.takeOne("end-of-line before authentication method",
		"multiple values specified for authentication type", "Specify exactly one authentication type per line.")
	if p.err != nil {
		return
	}
	switch p.rule.Method = Method(t.Text); p.rule.Method {
	case Trust, Reject, MD5, SCRAM, Password:
	case Cert:
		if p.rule.Type != HostSSL {
			p.fail("cert authentication is only supported on hostssl connections")
		}
	default:
		if unsupported[t.Text] {
			p.fail(`invalid authentication method "%s": not supported by this build`, t.Text).Hint =
				"seqd serves trust, reject, scram-sha-256, md5, password and cert."
		} else {
			p.fail(`invalid authentication method "%s"`, t.Text)
		}
	}
}
