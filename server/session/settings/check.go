package settings

import (
	"slices"
	"strings"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// find returns a parameter; a name with a dot that nobody has heard of is a
// placeholder.
func find(name string) (*parameter, error) {
	key := strings.ToLower(name)
	if p, ok := parameters[key]; ok {
		return p, nil
	}
	switch {
	case !strings.Contains(name, "."):
		return nil, errUnknown(name)
	case !placeholder(name):
		return nil, sqlstate.Errorf(sqlstate.InvalidName, "invalid configuration parameter name \"%s\"", name).
			WithDetail("Custom parameter names must be two or more simple identifiers separated by dots.")
	}
	return &parameter{key: key, Name: name, context: user}, nil
}

// placeholder is PostgreSQL's valid_custom_variable_name.
func placeholder(name string) bool {
	start := true
	for _, c := range []byte(name) {
		switch {
		case c == '.':
			if start {
				return false
			}
			start = true
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
		case !start && (c >= '0' && c <= '9' || c == '$'):
		default:
			return false
		}
		start = false
	}
	return !start
}

// origin is who assigns a value.
type origin byte

const (
	atStart origin = iota // the start-up packet
	bySession
)

// changeable refuses changes at the wrong time and by the wrong user.
func (p *parameter) changeable(from origin, super bool) error {
	cannot := func(why string) error {
		return sqlstate.Errorf(sqlstate.CantChangeRuntimeParam, "parameter \"%s\" cannot be %s", p.Name, why)
	}
	denied := (p.context == superuser || p.context == superuserBackend) && !super
	switch {
	case p.context == internal:
		return cannot("changed")
	case p.context == postmaster:
		return cannot("changed without restarting the server")
	case p.context == sighup:
		return cannot("changed now")
	case denied:
		return sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied to set parameter \"%s\"", p.Name)
	case from == bySession && (p.context == backend || p.context == superuserBackend):
		return cannot("set after connection start")
	}
	return nil
}

// Canonical checks a value of a parameter that needs no more than that.
func Canonical(name, value string) (string, error) {
	p := parameters[name]
	return p.check(value, p.Default)
}

// check brings a value into the form that SHOW prints.
func (p *parameter) check(value, now string) (canonical string, err error) {
	switch p.kind {
	case boolean:
		canonical, err = p.checkBool(value)
	case enum:
		canonical, err = p.checkEnum(value)
	case integer, real:
		canonical, err = p.checkNumber(value)
	default:
		canonical = value
	}
	if err == nil && p.special != nil {
		canonical, err = p.special(p, value, now)
	}
	if err == nil && p.only != "" && canonical != p.only {
		return "", sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve \"%s\" = %s", p.Name, canonical).
			WithHint("Leave it %s.", p.only)
	}
	return canonical, err
}

func (p *parameter) invalid(value string) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, "invalid value for parameter \"%s\": \"%s\"", p.Name, value)
}

func (p *parameter) checkBool(value string) (string, error) {
	v, ok := pgtypes.ParseBoolText(value)
	if !ok {
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "parameter \"%s\" requires a Boolean value", p.Name)
	}
	return OnOff(v), nil
}

// OnOff is a Boolean as SHOW prints it.
func OnOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func (p *parameter) checkEnum(value string) (string, error) {
	for _, v := range p.values {
		if strings.EqualFold(v, value) {
			return v, nil
		}
	}
	if v, ok := p.aliases[strings.ToLower(value)]; ok {
		return v, nil
	}
	listed := slices.DeleteFunc(slices.Clone(p.values), func(v string) bool { return v == "" })
	return "", p.invalid(value).WithHint("Available values: %s.", strings.Join(listed, ", "))
}
