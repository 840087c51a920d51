package engine

import (
	"math"

	"seqd/engine/acl"
)

// Role is a row of pg_authid.
type Role struct {
	OID         OID
	Name        string
	Superuser   bool
	Inherit     bool
	CreateRole  bool
	CreateDB    bool
	CanLogin    bool
	Replication bool
	BypassRLS   bool
	// ConnectionLimit is -1 without a limit.
	ConnectionLimit int32
	// Password is the SCRAM-SHA-256 verifier, "" if there is none. Never a password.
	Password   string
	ValidUntil Time // of the password; NoTime: for ever
	Version    uint64
}

// Time is a timestamptz that may be missing: microseconds since 2000-01-01 UTC, as
// PostgreSQL counts, plus the values below.
type Time struct {
	Set    bool
	Micros int64
}

// Ends of time.
var (
	NoTime        = Time{}
	Infinity      = Time{Set: true, Micros: math.MaxInt64}
	MinusInfinity = Time{Set: true, Micros: math.MinInt64}
)

// Membership is a row of pg_auth_members: Member has Role.
type Membership struct {
	Role, Member OID
	// Grantor may be gone: PostgreSQL 15 does not keep it.
	Grantor OID
	Admin   bool // may grant it on
	Version uint64
}

// Setting is a row of pg_db_role_setting: what ALTER ROLE … SET and ALTER DATABASE …
// SET put into force when a session begins.
type Setting struct {
	Database OID // 0: all
	Role     OID // 0: all
	Config   []Parameter
	Version  uint64
}

// Parameter is a setting's name and value.
type Parameter struct{ Name, Value string }

// DefaultACL is a row of pg_default_acl: ALTER DEFAULT PRIVILEGES.
type DefaultACL struct {
	OID    OID
	Role   OID
	Schema OID  // 0: all
	Kind   byte // r, S, f, T or n, as in pg_default_acl
	// ACL takes the default's place if Schema is 0; else it is added.
	ACL     acl.ACL
	Version uint64
}

// Key implements Object.
func (r *Role) Key() Key       { return Key{Class: ClassRole, OID: r.OID} }
func (m *Membership) Key() Key { return Key{Class: ClassMembership, OID: m.Role, Second: m.Member} }
func (s *Setting) Key() Key    { return Key{Class: ClassSetting, OID: s.Database, Second: s.Role} }

// Key implements Object: that there is one for each role, schema and kind.
func (d *DefaultACL) Key() Key {
	return Key{Class: ClassDefaultACL, OID: d.Role, Second: d.Schema, Sub: int32(d.Kind)}
}

func (r *Role) version() uint64       { return r.Version }
func (m *Membership) version() uint64 { return m.Version }
func (s *Setting) version() uint64    { return s.Version }
func (d *DefaultACL) version() uint64 { return d.Version }

func (r *Role) size() int       { return len(r.Name) + len(r.Password) }
func (m *Membership) size() int { return 0 }
func (d *DefaultACL) size() int { return aclSize(d.ACL) }
func (s *Setting) size() (n int) {
	for _, p := range s.Config {
		n += len(p.Name) + len(p.Value)
	}
	return n
}

func (r *Role) at(version uint64) Object {
	next := *r
	next.Version = version
	return &next
}

func (m *Membership) at(version uint64) Object {
	next := *m
	next.Version = version
	return &next
}

func (s *Setting) at(version uint64) Object {
	next := *s
	next.Version = version
	return &next
}

func (d *DefaultACL) at(version uint64) Object {
	next := *d
	next.Version = version
	return &next
}

func aclSize(a acl.ACL) int { return 16 * len(a) }
