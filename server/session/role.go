package session

import (
	"regexp"
	"strconv"
	"strings"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/scram"
	"seqd/protocol/sqlstate"
)

// authority answers questions about roles in the session's database, now.
func (s *Session) authority() engine.Access {
	return engine.Access{Catalog: s.catalog(), Database: s.db()}
}

func denied(format string, args ...any) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.InsufficientPrivilege, format, args...)
}

// roleOptions sorts options by name, and refuses one that is given twice.
func roleOptions(list []parser.RoleOption) (map[string]*parser.RoleOption, error) {
	options := map[string]*parser.RoleOption{}
	for i := range list {
		o := &list[i]
		if options[o.Name] != nil {
			return nil, sqlstate.New(sqlstate.SyntaxError, "conflicting or redundant options").At(int(o.Pos))
		}
		options[o.Name] = o
	}
	return options, nil
}

// applyOptions changes a role's own attributes.
func (s *Session) applyOptions(r *engine.Role, options map[string]*parser.RoleOption) error {
	for name, to := range map[string]*bool{
		"superuser": &r.Superuser, "inherit": &r.Inherit, "createrole": &r.CreateRole, "createdb": &r.CreateDB,
		"canlogin": &r.CanLogin, "isreplication": &r.Replication, "bypassrls": &r.BypassRLS,
	} {
		if o := options[name]; o != nil {
			*to = o.Bool
		}
	}
	if o := options["connectionlimit"]; o != nil {
		n, err := strconv.ParseInt(o.Value, 10, 32)
		if err != nil || n < -1 {
			return sqlstate.Errorf(sqlstate.InvalidParameterValue, "invalid connection limit: %s", o.Value)
		}
		r.ConnectionLimit = int32(n)
	}
	if o := options["password"]; o != nil {
		r.Password = ""
		switch {
		case o.Null:
		case o.Value == "":
			s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "empty string is not a valid password, clearing password"))
		case md5Shape.MatchString(o.Value):
			return sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not keep MD5 passwords").
				WithHint("Give the password itself, or a SCRAM-SHA-256 verifier.")
		default:
			r.Password = verifier(o.Value)
		}
	}
	return s.applyValidUntil(r, options["validUntil"])
}

// md5Shape is a password that was hashed before it was sent: taken for a password, it
// would be one that whoever reads it could log in with.
var md5Shape = regexp.MustCompile(`^md5[0-9a-f]{32}$`)

// verifier is what is kept of a password: never itself.
func verifier(password string) string {
	if _, ok := scram.ParseVerifier(password); ok {
		return password // made elsewhere: pg_dumpall writes them
	}
	return scram.NewVerifier(password).String()
}

func (s *Session) applyValidUntil(r *engine.Role, o *parser.RoleOption) error {
	if o == nil {
		return nil
	}
	v, err := query.InputText(evaluator{s}, pgtypes.Timestamptz, o.Value)
	if err != nil {
		return err
	}
	r.ValidUntil = engine.Time{Set: true, Micros: v.Int()}
	return nil
}

// createRole is CREATE ROLE, USER and GROUP.
func (s *Session) createRole(c *parser.CreateRoleStmt) (string, error) {
	const tag = "CREATE ROLE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	options, err := roleOptions(c.Options)
	if err != nil {
		return "", err
	}
	if options["sysid"] != nil {
		s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "SYSID can no longer be specified"))
	}
	r := &engine.Role{Name: c.Name, Inherit: true, CanLogin: c.User, ConnectionLimit: -1}
	if err := s.applyOptions(r, options); err != nil {
		return "", err
	}
	if err := s.mayCreate(r); err != nil {
		return "", err
	}
	if strings.HasPrefix(c.Name, "pg_") {
		return "", reservedRole(c.Name).WithDetail("Role names starting with \"pg_\" are reserved.")
	}
	if _, taken := s.catalog().Role(c.Name); taken {
		return "", engine.ErrExists(engine.ClassRole, c.Name)
	}
	if r.OID, err = s.newOID(engine.Permanent); err != nil {
		return "", err
	}
	if err := s.changes().Put(r); err != nil {
		return "", err
	}
	return tag, s.firstMembers(r, options)
}

// firstMembers are the clauses IN ROLE, ADMIN and ROLE.
func (s *Session) firstMembers(r *engine.Role, options map[string]*parser.RoleOption) error {
	if o := options["addroleto"]; o != nil {
		for _, spec := range o.Roles {
			parent, err := s.role(spec)
			if err == nil {
				err = s.addMember(parent, r, false)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"adminmembers", "rolemembers"} {
		o := options[name]
		if o == nil {
			continue
		}
		for _, spec := range o.Roles {
			member, err := s.role(spec)
			if err == nil {
				err = s.addMember(r, member, name == "adminmembers")
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) mayCreate(r *engine.Role) error {
	me := s.currentRole()
	switch {
	case me.Superuser:
		return nil
	case r.Superuser:
		return denied("must be superuser to create superusers")
	case r.Replication:
		return denied("must be superuser to create replication users")
	case r.BypassRLS:
		return denied("must be superuser to create bypassrls users")
	case !me.CreateRole:
		return denied("permission denied to create role")
	}
	return nil
}

func reservedRole(name string) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.ReservedName, "role name \"%s\" is reserved", name)
}

// alterRole is ALTER ROLE with options, and ALTER GROUP.
func (s *Session) alterRole(a *parser.AlterRoleStmt) (string, error) {
	const tag = "ALTER ROLE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if strings.HasPrefix(a.Role.Name, "pg_") {
		return "", reservedRole(a.Role.Name).WithDetail("Cannot alter reserved roles.")
	}
	options, err := roleOptions(a.Options)
	if err != nil {
		return "", err
	}
	r, err := s.role(a.Role)
	if err != nil {
		return "", err
	}
	next := *r
	if err := s.applyOptions(&next, options); err != nil {
		return "", err
	}
	if err := s.mayAlter(r, options); err != nil {
		return "", err
	}
	if err := s.changes().Put(&next); err != nil {
		return "", err
	}
	if o := options["rolemembers"]; o != nil {
		for _, spec := range o.Roles {
			member, err := s.role(spec)
			if err != nil {
				return "", err
			}
			if a.Drop {
				err = s.dropMember(&next, member, false)
			} else {
				err = s.addMember(&next, member, false)
			}
			if err != nil {
				return "", err
			}
		}
	}
	return tag, nil
}

func (s *Session) mayAlter(r *engine.Role, options map[string]*parser.RoleOption) error {
	me := s.currentRole()
	switch {
	case me.Superuser:
		return nil
	case r.Superuser || options["superuser"] != nil:
		return denied("must be superuser to alter superuser roles or change superuser attribute")
	case r.Replication || options["isreplication"] != nil:
		return denied("must be superuser to alter replication roles or change replication attribute")
	case options["bypassrls"] != nil:
		return denied("must be superuser to change bypassrls attribute")
	case me.CreateRole:
		return nil
	case r.OID == me.OID && options["password"] != nil && len(options) == 1:
		return nil // its own password everybody may change
	}
	return denied("permission denied")
}

// dropRole is DROP ROLE, USER and GROUP.
func (s *Session) dropRole(d *parser.DropRoleStmt) (string, error) {
	const tag = "DROP ROLE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	me := s.currentRole()
	if !me.Superuser && !me.CreateRole {
		return "", denied("permission denied to drop role")
	}
	for _, spec := range d.Roles {
		if spec.Keyword != "" {
			return "", sqlstate.New(sqlstate.InvalidParameterValue, "cannot use special role specifier in DROP ROLE")
		}
		r, err := s.role(spec)
		if err != nil {
			if d.IfExists && sqlstate.CodeOf(err) == sqlstate.UndefinedObject {
				s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "role \"%s\" does not exist, skipping", spec.Name))
				continue
			}
			return "", err
		}
		if err := s.mayDrop(r, me); err != nil {
			return "", err
		}
		if err := s.changes().Drop(r.Key()); err != nil {
			return "", err
		}
	}
	return tag, nil
}

func (s *Session) mayDrop(r, me *engine.Role) error {
	switch {
	case r.OID == me.OID:
		return sqlstate.New(sqlstate.ObjectInUse, "current user cannot be dropped")
	case r.OID == s.sessionRole().OID:
		return sqlstate.New(sqlstate.ObjectInUse, "session user cannot be dropped")
	case r.Superuser && !me.Superuser:
		return denied("must be superuser to drop superusers")
	case r.OID < engine.FirstNormalObjectID:
		return sqlstate.Errorf(sqlstate.DependentObjectsStillExist,
			"cannot drop role %s because it is required by the database system", parser.QuoteIdent(r.Name))
	}
	if detail := s.rolesObjects(r); len(detail) > 0 {
		return sqlstate.Errorf(sqlstate.DependentObjectsStillExist,
			"role \"%s\" cannot be dropped because some objects depend on it", r.Name).WithDetail("%s", strings.Join(detail, "\n"))
	}
	return nil
}

func (s *Session) renameRole(r *parser.RenameStmt) (string, error) {
	const tag = "ALTER ROLE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	role, err := s.role(parser.RoleSpec{Name: r.Name.Name})
	if err != nil {
		return "", err
	}
	me := s.currentRole()
	switch {
	case role.OID == s.sessionRole().OID:
		return "", sqlstate.New(sqlstate.FeatureNotSupported, "session user cannot be renamed")
	case role.OID == me.OID:
		return "", sqlstate.New(sqlstate.FeatureNotSupported, "current user cannot be renamed")
	case strings.HasPrefix(role.Name, "pg_"):
		return "", reservedRole(role.Name).WithDetail("Role names starting with \"pg_\" are reserved.")
	case strings.HasPrefix(r.NewName, "pg_"):
		return "", reservedRole(r.NewName).WithDetail("Role names starting with \"pg_\" are reserved.")
	}
	if _, taken := s.catalog().Role(r.NewName); taken {
		return "", engine.ErrExists(engine.ClassRole, r.NewName)
	}
	switch {
	case role.Superuser && !me.Superuser:
		return "", denied("must be superuser to rename superusers")
	case !me.Superuser && !me.CreateRole:
		return "", denied("permission denied to rename role")
	}
	next := *role
	next.Name = r.NewName
	return tag, s.changes().Put(&next)
}
