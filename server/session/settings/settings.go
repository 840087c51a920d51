// Package settings holds the run-time parameters (PostgreSQL's GUC) of one
// session: which exist, which values they take, and how SET follows transactions.
package settings

import (
	"maps"
	"strings"

	"seqd/protocol/sqlstate"
)

// Set is the parameters of one session. Only values that differ from the
// built-in default are stored, so that an idle session costs next to nothing.
// Not safe for concurrent use.
type Set struct {
	base   map[string]string // from the start-up packet: what RESET goes back to
	values map[string]string // in force, by lower-case name
	facts  map[string]string // what is so, whatever transactions do; nil: nothing

	// While a transaction has changed something: what an abort and a commit go
	// back to. They differ by the effects of plain SET; SET LOCAL is in neither.
	onAbort, onCommit map[string]string

	reported        map[string]string // what the client was last told
	reportedVersion uint64

	version uint64
}

// Version changes with every change of a value: what was derived from values can
// be kept as long as it is the same.
func (s *Set) Version() uint64 { return s.version }

// New returns a set in which everything has its default.
func New() *Set { return &Set{base: map[string]string{}, values: map[string]string{}, version: 1} }

// SetBase assigns a parameter as the start-up packet or the server does: it
// becomes the session's default.
func (s *Set) SetBase(name, value string) error {
	p, value, err := check(name, value)
	if err != nil {
		return err
	}
	if err := p.changeable(); err != nil {
		return err
	}
	s.base[p.key], s.values[p.key] = value, value
	s.version++
	return nil
}

// SetInternal sets a parameter that only the server itself may change.
func (s *Set) SetInternal(name, value string) {
	s.values[name], s.base[name] = value, value
	s.version++
}

// SetFact sets a parameter that tells of the server: no transaction undoes it. What
// is so before the first Report is not reported; what becomes so later is.
func (s *Set) SetFact(key, value string) {
	if s.facts == nil {
		s.facts = map[string]string{}
	}
	s.facts[key] = value
	s.version++
	if s.reported == nil {
		s.reported = map[string]string{key: value}
	}
}

// Get returns a parameter as SHOW prints it.
func (s *Set) Get(name string) (string, bool) {
	key := strings.ToLower(name)
	if v, ok := s.values[key]; ok {
		return v, true
	}
	if v, ok := s.facts[key]; ok {
		return v, true
	}
	if p, ok := parameters[key]; ok {
		return p.Default, true
	}
	return "", false
}

// Name returns the parameter's name as PostgreSQL spells it (DateStyle), which
// is the column name that SHOW gives.
func Name(name string) (string, error) {
	key := strings.ToLower(name)
	if p, ok := parameters[key]; ok {
		return p.Name, nil
	}
	return "", errUnknown(name)
}

func errUnknown(name string) error {
	return sqlstate.Errorf(sqlstate.UndefinedObject, "unrecognized configuration parameter \"%s\"", name)
}

// Show returns a parameter for SHOW and current_setting; unknown is 42704.
func (s *Set) Show(name string) (column, value string, err error) {
	key := strings.ToLower(name)
	value, ok := s.Get(key)
	if !ok {
		return "", "", errUnknown(name)
	}
	if p, ok := parameters[key]; ok {
		return p.Name, value, nil
	}
	return name, value, nil
}

// Assign is SET and SET LOCAL. It returns the value as SHOW will print it.
func (s *Set) Assign(name, value string, local bool) (string, error) {
	p, value, err := check(name, value)
	if err != nil {
		return "", err
	}
	if err := p.changeable(); err != nil {
		return "", err
	}
	s.store(p.key, &value, local)
	return value, nil
}

// Reset is RESET name and SET name TO DEFAULT.
func (s *Set) Reset(name string, local bool) error {
	key := strings.ToLower(name)
	p, ok := parameters[key]
	if !ok && !custom(key) {
		return errUnknown(name)
	}
	if ok {
		if err := p.changeable(); err != nil {
			return err
		}
	}
	if v, ok := s.base[key]; ok {
		s.store(key, &v, local)
	} else {
		s.store(key, nil, local)
	}
	return nil
}

// ResetAll is RESET ALL.
func (s *Set) ResetAll() {
	for key := range maps.Clone(s.values) {
		if p, ok := parameters[key]; ok && (p.changeable() != nil || p.noResetAll) {
			continue
		}
		_ = s.Reset(key, false) // known and changeable: can't fail
	}
}

func (s *Set) store(key string, value *string, local bool) {
	s.version++
	if s.onAbort == nil {
		s.onAbort, s.onCommit = maps.Clone(s.values), maps.Clone(s.values)
	}
	targets := []map[string]string{s.values}
	if !local {
		targets = append(targets, s.onCommit)
	}
	for _, m := range targets {
		if value == nil {
			delete(m, key)
		} else {
			m[key] = *value
		}
	}
}

// Commit ends a transaction: SET LOCAL is forgotten.
func (s *Set) Commit() {
	if s.onCommit != nil {
		s.values, s.onAbort, s.onCommit = s.onCommit, nil, nil
		s.version++
	}
}

// Abort ends a transaction: every SET in it is undone.
func (s *Set) Abort() {
	if s.onAbort != nil {
		s.values, s.onAbort, s.onCommit = s.onAbort, nil, nil
		s.version++
	}
}

// Savepoint is a moment to roll back to.
type Savepoint struct{ values, onAbort, onCommit map[string]string }

// Savepoint remembers the current values.
func (s *Set) Savepoint() Savepoint {
	return Savepoint{maps.Clone(s.values), maps.Clone(s.onAbort), maps.Clone(s.onCommit)}
}

// RollbackTo goes back to a savepoint of the same transaction.
func (s *Set) RollbackTo(p Savepoint) {
	s.version++
	s.values = maps.Clone(p.values)
	if p.onAbort != nil {
		s.onCommit = maps.Clone(p.onCommit)
	} else if s.onAbort != nil {
		s.onCommit = maps.Clone(s.onAbort)
	}
}

// Report calls send for every reported parameter whose value the client does not
// know yet, in PostgreSQL's order.
func (s *Set) Report(send func(name, value string)) {
	if s.reportedVersion == s.version {
		return
	}
	if s.reported == nil {
		s.reported = map[string]string{}
	}
	s.reportedVersion = s.version
	for _, key := range reportedNames {
		value, _ := s.Get(key)
		if known, ok := s.reported[key]; ok && known == value {
			continue
		}
		s.reported[key] = value
		send(parameters[key].Name, value)
	}
}

// Row is a line of SHOW ALL.
type Row struct{ Name, Value, Description string }

// All returns the lines of SHOW ALL, by name.
func (s *Set) All() []Row {
	rows := make([]Row, 0, len(sortedKeys))
	for _, key := range sortedKeys {
		p := parameters[key]
		if p.noShowAll {
			continue
		}
		value, _ := s.Get(key)
		rows = append(rows, Row{p.Name, value, p.Description})
	}
	return rows
}

// Bool reads a Boolean parameter.
func (s *Set) Bool(key string) bool {
	v, _ := s.Get(key)
	return v == "on"
}

// Milliseconds reads a parameter whose unit is ms.
func (s *Set) Milliseconds(key string) int64 {
	v, ok := s.values[key]
	if !ok {
		v = parameters[key].Default
	}
	if v == "0" {
		return 0
	}
	n, _ := parseInteger(v, unitMS) // stored values are valid
	return n
}

// Override returns a value that was set, not a built-in default.
func (s *Set) Override(key string) (string, bool) {
	v, ok := s.values[key]
	return v, ok
}
