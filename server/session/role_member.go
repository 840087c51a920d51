package session

import (
	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
	"seqd/server/session/settings"
)

// grantRole is GRANT and REVOKE of roles.
func (s *Session) grantRole(g *parser.GrantRoleStmt) (string, error) {
	tag := "GRANT ROLE"
	if g.Revoke {
		tag = "REVOKE ROLE"
	}
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if g.GrantedBy != nil && !g.Revoke { // PostgreSQL 15 does not look at that of a REVOKE
		if _, err := s.role(*g.GrantedBy); err != nil {
			return "", err
		}
	}
	members := make([]*engine.Role, len(g.Grantees))
	for i, spec := range g.Grantees {
		var err error
		if members[i], err = s.role(spec); err != nil {
			return "", err
		}
	}
	for _, granted := range g.Granted {
		if granted.Name == "" || granted.Columns != nil {
			return "", sqlstate.New(sqlstate.InvalidGrantOperation, "column names cannot be included in GRANT/REVOKE ROLE")
		}
		role, err := s.role(parser.RoleSpec{Name: granted.Name})
		if err != nil {
			return "", err
		}
		for _, member := range members {
			if g.Revoke {
				err = s.dropMember(role, member, g.AdminOption)
			} else {
				err = s.addMember(role, member, g.AdminOption)
			}
			if err != nil {
				return "", err
			}
		}
	}
	return tag, nil
}

// mayChangeMembers refuses who may not say who is a member of a role.
func (s *Session) mayChangeMembers(role *engine.Role) error {
	me := s.currentRole()
	switch {
	case me.Superuser:
		return nil
	case role.Superuser:
		return denied("must be superuser to alter superusers")
	case !me.CreateRole && !s.authority().IsAdmin(me.OID, role.OID):
		return denied("must have admin option on role \"%s\"", role.Name)
	}
	return nil
}

func (s *Session) addMember(role, member *engine.Role, admin bool) error {
	if err := s.mayChangeMembers(role); err != nil {
		return err
	}
	if role.OID == engine.PgDatabaseOwner {
		return sqlstate.Errorf(sqlstate.InternalError, "role \"%s\" cannot have explicit members", role.Name)
	}
	if member.OID == engine.PgDatabaseOwner {
		return sqlstate.Errorf(sqlstate.InternalError, "role \"%s\" cannot be a member of any role", member.Name)
	}
	if (engine.Access{Catalog: s.catalog()}).IsMemberNotSuper(role.OID, member.OID) {
		return s.catalog().ErrCircle(role.OID, member.OID)
	}
	old, is := s.catalog().Membership(role.OID, member.OID)
	if is && (!admin || old.Admin) {
		s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "role \"%s\" is already a member of role \"%s\"", member.Name, role.Name))
		return nil
	}
	return s.changes().Put(&engine.Membership{Role: role.OID, Member: member.OID, Grantor: s.currentRole().OID, Admin: admin})
}

// dropMember is REVOKE of a role, or of its admin option alone.
func (s *Session) dropMember(role, member *engine.Role, adminOnly bool) error {
	if err := s.mayChangeMembers(role); err != nil {
		return err
	}
	old, is := s.catalog().Membership(role.OID, member.OID)
	if !is {
		s.notice(sqlstate.Warningf(sqlstate.Warning, "role \"%s\" is not a member of role \"%s\"", member.Name, role.Name))
		return nil
	}
	if !adminOnly {
		return s.changes().Drop(old.Key())
	}
	next := *old
	next.Admin = false
	return s.changes().Put(&next)
}

// roles are who the session is, kept until a setting or the catalog changes.
type roles struct {
	version          uint64 // of the settings
	catalog          *engine.Catalog
	session, current *engine.Role
	// super is what is_superuser says: as of the moment when the role became current.
	super bool
	// oids are the roles that the settings name: another one may have the name by now.
	oids map[string]engine.OID
}

// who reads session_authorization and role again if they may have changed.
func (s *Session) who() *roles {
	w, c := &s.roles, s.catalog()
	if w.version == s.settings.Version() && w.catalog == c && w.current != nil {
		return w
	}
	find := func(setting string, otherwise *engine.Role) *engine.Role {
		name, _ := s.settings.Get(setting)
		if r, ok := c.RoleByOID(w.oids[name]); ok && name != "none" {
			return r
		}
		return otherwise
	}
	login, ok := c.RoleByOID(s.user.OID)
	if !ok {
		login = s.user // dropped under the session
	}
	session := login
	if name, _ := s.settings.Get("session_authorization"); name != s.user.Name {
		session = find("session_authorization", login)
	}
	current := find("role", session)
	if w.current == nil || w.current.OID != current.OID {
		w.super = current.Superuser
	}
	w.session, w.current = session, current
	if s.settings.Bool("is_superuser") != w.super {
		s.settings.SetInternal("is_superuser", settings.OnOff(w.super))
	}
	w.version, w.catalog = s.settings.Version(), c
	return w
}

// currentRole is whose privileges count: SET ROLE changes it.
func (s *Session) currentRole() *engine.Role {
	if s.acting != nil {
		return s.acting
	}
	return s.who().current
}

// sessionRole is who SET SESSION AUTHORIZATION made the session.
func (s *Session) sessionRole() *engine.Role { return s.who().session }

// assignRole is SET ROLE.
func (s *Session) assignRole(value string, local bool) (string, error) {
	if err := s.mayBecome(value); err != nil {
		return "", err
	}
	return s.settings.Assign("role", value, local)
}

// assignSession is SET SESSION AUTHORIZATION: for those who logged in as superuser.
func (s *Session) assignSession(value string, local bool) (string, error) {
	r, ok := s.catalog().Role(value)
	if !ok {
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "role \"%s\" does not exist", value)
	}
	if r.OID != s.user.OID && !s.user.Superuser {
		return "", denied("permission denied to set session authorization \"%s\"", value)
	}
	s.meant(r)
	if _, err := s.settings.Assign("session_authorization", value, local); err != nil {
		return "", err
	}
	if _, err := s.settings.Assign("role", "none", local); err != nil {
		return "", err
	}
	return value, nil
}

// resetSession is RESET SESSION AUTHORIZATION: the session is again who logged in.
func (s *Session) resetSession(local bool) error {
	if err := s.settings.Reset("session_authorization", local); err != nil {
		return err
	}
	_, err := s.settings.Assign("role", "none", local)
	return err
}

// mayBecome refuses SET ROLE to who is not a member of the role, and notes which role
// the name means.
func (s *Session) mayBecome(role string) error {
	if role == "none" {
		return nil
	}
	r, ok := s.catalog().Role(role)
	if !ok {
		return sqlstate.Errorf(sqlstate.InvalidParameterValue, "role \"%s\" does not exist", role)
	}
	if !s.authority().IsMember(s.sessionRole().OID, r.OID) {
		return denied("permission denied to set role \"%s\"", role)
	}
	s.meant(r)
	return nil
}

// meant remembers which role a setting names from now on.
func (s *Session) meant(r *engine.Role) {
	if s.roles.oids == nil {
		s.roles.oids = map[string]engine.OID{}
	}
	s.roles.oids[r.Name] = r.OID
}
