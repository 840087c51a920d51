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
	base   map[string]entry  // from the start-up packet: what RESET goes back to
	values map[string]entry  // in force, by lower-case name
	facts  map[string]string // what is so, whatever transactions do; nil: nothing

	// ReadsAll tells whether the settings may be looked at that not everybody may.
	ReadsAll func() bool

	// While a transaction has changed something: what an abort and a commit go
	// back to. They differ by the effects of plain SET; SET LOCAL is in neither.
	onAbort, onCommit map[string]entry

	// placeholders are the parameters of unknown classes (a.b) that the session has
	// named, as it spelled them. They outlive the transaction, empty.
	placeholders map[string]string

	reported        map[string]string // what the client was last told
	reportedVersion uint64

	version uint64
}

// entry is a value and where it comes from, in the words of pg_settings.source.
type entry struct{ value, source string }

// Version changes with every change of a value: what was derived from values can
// be kept as long as it is the same.
func (s *Set) Version() uint64 { return s.version }

// New returns a set in which everything has its default.
func New() *Set { return &Set{base: map[string]entry{}, values: map[string]entry{}, version: 1} }

// superuser tells whether the session may set and see everything.
func (s *Set) superuser() bool { return s.Bool("is_superuser") }

// readsAll tells whether all settings may be looked at.
func (s *Set) readsAll() bool {
	if s.ReadsAll == nil {
		return s.superuser()
	}
	return s.ReadsAll()
}

// SetBase assigns a parameter as the start-up packet does: it becomes the
// session's default.
func (s *Set) SetBase(name, value string) error {
	p, value, err := s.admit(name, value, atStart)
	if err != nil {
		return err
	}
	s.name(p)
	s.base[p.key] = entry{value, "client"}
	s.values[p.key] = s.base[p.key]
	s.version++
	return nil
}

// admit finds a parameter, and checks that it may change and to what.
func (s *Set) admit(name, value string, from origin) (*parameter, string, error) {
	p, err := find(name)
	if err != nil {
		return nil, "", err
	}
	if err := p.changeable(from, s.superuser()); err != nil {
		return nil, "", err
	}
	now, _ := s.Get(p.key)
	value, err = p.check(value, now)
	return p, value, err
}

// name remembers a placeholder.
func (s *Set) name(p *parameter) {
	if _, known := parameters[p.key]; known {
		return
	}
	if _, ok := s.placeholders[p.key]; !ok {
		if s.placeholders == nil {
			s.placeholders = map[string]string{}
		}
		s.placeholders[p.key] = p.Name
	}
}

// SetServer assigns a parameter as the server's configuration does: the client may
// choose another value.
func (s *Set) SetServer(name, value string) error {
	if err := s.SetBase(name, value); err != nil {
		return err
	}
	key := strings.ToLower(name)
	e := entry{s.values[key].value, "configuration file"}
	s.base[key], s.values[key] = e, e
	return nil
}

// SetStored assigns a parameter as what ALTER ROLE or ALTER DATABASE stored: the
// right to was asked for then. The client may choose another value.
func (s *Set) SetStored(name, value, source string) error {
	p, err := find(name)
	if err == nil {
		err = p.changeable(atStart, true)
	}
	if err == nil {
		now, _ := s.Get(p.key)
		value, err = p.check(value, now)
	}
	if err != nil {
		return err
	}
	s.name(p)
	s.base[p.key] = entry{value, source}
	s.values[p.key] = s.base[p.key]
	s.version++
	return nil
}

// Storable checks what ALTER ROLE and ALTER DATABASE are to store, and returns the
// parameter's name as PostgreSQL spells it. The value is stored as it was written.
// check is whether there is a value; without one it is RESET.
func (s *Set) Storable(name, value string, check bool) (string, error) {
	p, err := find(name)
	if err != nil {
		return "", err
	}
	_, known := parameters[p.key]
	if !known && !s.superuser() {
		return "", sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied to set parameter \"%s\"", name)
	}
	if err := p.changeable(bySession, s.superuser()); err != nil {
		return "", err
	}
	if check {
		now, _ := s.Get(p.key)
		_, err = p.check(value, now)
	}
	return p.Name, err
}

// SetInternal sets a parameter that only the server itself may change.
func (s *Set) SetInternal(name, value string) {
	e := entry{value, "override"}
	s.values[name], s.base[name] = e, e
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
	if e, ok := s.values[key]; ok {
		return e.value, true
	}
	if v, ok := s.facts[key]; ok {
		return v, true
	}
	if p, ok := parameters[key]; ok {
		return p.Default, true
	}
	_, ok := s.placeholders[key]
	return "", ok
}

func errUnknown(name string) error {
	return sqlstate.Errorf(sqlstate.UndefinedObject, "unrecognized configuration parameter \"%s\"", name)
}

// Show returns a parameter for SHOW and current_setting, and its name as PostgreSQL
// spells it; unknown is 42704.
func (s *Set) Show(name string) (column, value string, err error) {
	key := strings.ToLower(name)
	value, ok := s.Get(key)
	if !ok {
		return "", "", errUnknown(name)
	}
	p, ok := parameters[key]
	if !ok {
		return s.placeholders[key], value, nil
	}
	if p.restricted && !s.readsAll() {
		return "", "", sqlstate.Errorf(sqlstate.InsufficientPrivilege,
			"must be superuser or have privileges of pg_read_all_settings to examine \"%s\"", p.Name)
	}
	return p.Name, value, nil
}

// Assign is SET and SET LOCAL. It returns the value as SHOW will print it.
func (s *Set) Assign(name, value string, local bool) (string, error) {
	p, value, err := s.admit(name, value, bySession)
	if err != nil {
		return "", err
	}
	s.name(p)
	s.store(p.key, &entry{value, "session"}, local)
	return value, nil
}

// Reset is RESET name and SET name TO DEFAULT.
func (s *Set) Reset(name string, local bool) error {
	p, err := find(name)
	if err != nil {
		return err
	}
	if err := p.changeable(bySession, s.superuser()); err != nil {
		return err
	}
	s.name(p)
	s.reset(p.key, local)
	return nil
}

func (s *Set) reset(key string, local bool) {
	if e, ok := s.base[key]; ok {
		s.store(key, &e, local)
	} else {
		s.store(key, nil, local)
	}
}

// ResetAll is RESET ALL: of what the session may not change it has changed nothing.
func (s *Set) ResetAll() {
	for key := range maps.Clone(s.values) {
		if p, ok := parameters[key]; ok && (p.noResetAll || p.changeable(bySession, s.superuser()) != nil) {
			continue
		}
		s.reset(key, false)
	}
}

func (s *Set) store(key string, value *entry, local bool) {
	s.version++
	if s.onAbort == nil {
		s.onAbort, s.onCommit = maps.Clone(s.values), maps.Clone(s.values)
	}
	targets := []map[string]entry{s.values}
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
type Savepoint struct{ values, onAbort, onCommit map[string]entry }

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

// Bool reads a Boolean parameter.
func (s *Set) Bool(key string) bool {
	v, _ := s.Get(key)
	return v == "on"
}

// Milliseconds reads a parameter whose unit is ms.
func (s *Set) Milliseconds(key string) int64 {
	v, ok := s.Get(key)
	if !ok || v == "0" {
		return 0
	}
	n, _, _ := parameters[key].number(v) // stored values are valid
	return int64(n)
}

// Override returns a value that was set, not a built-in default.
func (s *Set) Override(key string) (string, bool) {
	e, ok := s.values[key]
	return e.value, ok
}
