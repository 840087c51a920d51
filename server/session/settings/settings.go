// Package settings holds the run-time parameters (PostgreSQL's GUC) of one
// session: which exist, which values they take, and how SET follows transactions.
package settings

import (
	"slices"
	"strings"

	"seqd/protocol/sqlstate"
)

// Set is the parameters of one session. Only values that differ from the
// built-in default are stored, so that an idle session costs next to nothing.
// Not safe for concurrent use.
type Set struct {
	base   entries           // from the start-up packet: what RESET goes back to
	values entries           // what the session has changed since
	facts  map[string]string // what is so, whatever transactions do; nil: nothing

	// ReadsAll tells whether the settings may be looked at that not everybody may.
	ReadsAll func() bool

	// While a transaction has changed something (inTransaction): what an abort and a commit go
	// back to. They differ by the effects of plain SET; SET LOCAL is in neither.
	onAbort, onCommit entries
	inTransaction     bool

	// placeholders are the parameters of unknown classes (a.b) that the session has
	// named, as it spelled them. They outlive the transaction, empty.
	placeholders map[string]string

	reported        []string // what the client was last told, as reportedNames; nil: nothing yet
	reportedShared  bool     // others have the same list
	reportedVersion uint64

	version uint64
}

// Version changes with every change of a value: what was derived from values can
// be kept as long as it is the same.
func (s *Set) Version() uint64 { return s.version }

// New returns a set in which everything has its default.
func New() *Set { return &Set{version: 1} }

// setBase makes a value the session's default, and puts it in force.
func (s *Set) setBase(e entry) {
	s.base, s.values = s.base.with(e), s.values.without(e.key)
	s.version++
}

// inForce is a value other than the built-in default.
func (s *Set) inForce(key string) (entry, bool) {
	if e, ok := s.values.get(key); ok {
		return e, true
	}
	return s.base.get(key)
}

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
	s.setBase(entry{p.key, value, "client"})
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
	e, _ := s.base.get(key)
	s.setBase(entry{key, e.value, "configuration file"})
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
	s.setBase(entry{p.key, value, source})
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
	s.setBase(entry{name, value, "override"})
}

// SetFact sets a parameter that tells of the server: no transaction undoes it. What
// is so before the first Report is not reported; what becomes so later is.
func (s *Set) SetFact(key, value string) {
	if s.facts == nil {
		s.facts = map[string]string{}
	}
	s.facts[key] = value
	s.version++
	if i := slices.Index(reportedNames, key); i >= 0 && s.reported == nil {
		s.toldNothing()
		s.tell(i, value)
	}
}

// untold is no value that a parameter can have.
const untold = "\x00"

func (s *Set) toldNothing() {
	s.reported, s.reportedShared = slices.Repeat([]string{untold}, len(reportedNames)), false
}

// Get returns a parameter as SHOW prints it.
func (s *Set) Get(name string) (string, bool) {
	key := strings.ToLower(name)
	if e, ok := s.inForce(key); ok {
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
	s.store(p.key, &entry{p.key, value, "session"}, local)
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
	s.store(p.key, nil, local)
	return nil
}

// ResetAll is RESET ALL: of what the session may not change it has changed nothing.
func (s *Set) ResetAll() {
	for _, e := range s.values {
		if p, ok := parameters[e.key]; ok && (p.noResetAll || p.changeable(bySession, s.superuser()) != nil) {
			continue
		}
		s.store(e.key, nil, false)
	}
}

// store changes a value, to that of the start if it is nil.
func (s *Set) store(key string, value *entry, local bool) {
	s.version++
	if !s.inTransaction {
		s.inTransaction = true
		s.onAbort, s.onCommit = s.values, s.values
	}
	s.values = s.values.changed(key, value)
	if !local {
		s.onCommit = s.onCommit.changed(key, value)
	}
}

// Commit ends a transaction: SET LOCAL is forgotten.
func (s *Set) Commit() { s.end(s.onCommit) }

// Abort ends a transaction: every SET in it is undone.
func (s *Set) Abort() { s.end(s.onAbort) }

func (s *Set) end(values entries) {
	if s.inTransaction {
		s.values, s.onAbort, s.onCommit, s.inTransaction = values, nil, nil, false
		s.version++
	}
}

// Savepoint is a moment to roll back to.
type Savepoint struct {
	values, onCommit entries
	inTransaction    bool
}

// Savepoint remembers the current values.
func (s *Set) Savepoint() Savepoint { return Savepoint{s.values, s.onCommit, s.inTransaction} }

// RollbackTo goes back to a savepoint of the same transaction.
func (s *Set) RollbackTo(p Savepoint) {
	s.version++
	s.values = p.values
	if p.inTransaction {
		s.onCommit = p.onCommit
	} else if s.inTransaction {
		s.onCommit = s.onAbort
	}
}

// Report calls send for every reported parameter whose value the client does not
// know yet, in PostgreSQL's order.
func (s *Set) Report(send func(name, value string)) {
	if s.reportedVersion == s.version {
		return
	}
	if s.reported == nil {
		s.toldNothing()
	}
	s.reportedVersion = s.version
	for i, key := range reportedNames {
		value, _ := s.Get(key)
		if s.reported[i] == value {
			continue
		}
		s.tell(i, value)
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
	e, ok := s.inForce(key)
	return e.value, ok
}
