package session

import (
	"slices"
	"strings"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// setOfRole is ALTER ROLE … SET and RESET.
func (s *Session) setOfRole(a *parser.AlterRoleSetStmt) (string, error) {
	const tag = "ALTER ROLE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	var of engine.Setting
	if a.Role != nil {
		if strings.HasPrefix(a.Role.Name, "pg_") {
			return "", reservedRole(a.Role.Name).WithDetail("Cannot alter reserved roles.")
		}
		role, err := s.role(*a.Role)
		if err != nil {
			return "", err
		}
		me := s.currentRole()
		switch {
		case me.Superuser:
		case role.Superuser:
			return "", denied("must be superuser to alter superusers")
		case !me.CreateRole && role.OID != me.OID:
			return "", denied("permission denied")
		}
		of.Role = role.OID
	}
	if a.Database != "" {
		db, err := s.existingDatabase(a.Database)
		if err != nil {
			return "", err
		}
		if a.Role == nil {
			if err := s.mustOwn(db.Owner, "database", db.Name); err != nil {
				return "", err
			}
		}
		of.Database = db.OID
	}
	if a.Role == nil && a.Database == "" && !s.currentRole().Superuser {
		return "", denied("must be superuser to alter settings globally")
	}
	return tag, s.storeSetting(of, a.Set)
}

// setOfDatabase is ALTER DATABASE … SET and RESET.
func (s *Session) setOfDatabase(a *parser.AlterDatabaseSetStmt) (string, error) {
	const tag = "ALTER DATABASE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	db, err := s.existingDatabase(a.Name)
	if err != nil {
		return "", err
	}
	if err := s.mustOwn(db.Owner, "database", db.Name); err != nil {
		return "", err
	}
	return tag, s.storeSetting(engine.Setting{Database: db.OID}, a.Set)
}

// storeSetting changes what is in force when a session begins.
func (s *Session) storeSetting(of engine.Setting, v *parser.VariableSetStmt) error {
	s.who() // keeps is_superuser in step
	if old, ok := s.catalog().Setting(of.Database, of.Role); ok {
		of.Config = slices.Clone(old.Config)
	}
	if v.All {
		of.Config = slices.DeleteFunc(of.Config, func(p engine.Parameter) bool {
			_, err := s.settings.Storable(p.Name, "", false)
			return err == nil // others stay
		})
		return s.putSetting(&of)
	}
	var value string
	var err error
	switch {
	case v.Modes != nil || v.Name == "TRANSACTION" || v.Name == "SESSION CHARACTERISTICS" || v.Name == "TRANSACTION SNAPSHOT":
		return sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not store transaction modes by SET TRANSACTION").
			WithHint("Set default_transaction_isolation, default_transaction_read_only or default_transaction_deferrable.")
	case v.Default:
	case v.FromCurrent:
		_, value, err = s.show(v.Name)
	default:
		value, err = s.setValue(v)
	}
	if err != nil {
		return err
	}
	name, err := s.settings.Storable(v.Name, value, !v.Default)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(of.Config, func(p engine.Parameter) bool { return strings.EqualFold(p.Name, name) })
	switch {
	case v.Default && i < 0:
	case v.Default:
		of.Config = slices.Delete(of.Config, i, i+1)
	case i < 0:
		of.Config = append(of.Config, engine.Parameter{Name: name, Value: value})
	default:
		of.Config[i].Value = value
	}
	return s.putSetting(&of)
}

func (s *Session) putSetting(of *engine.Setting) error {
	if len(of.Config) == 0 {
		return s.changes().Drop(of.Key())
	}
	return s.changes().Put(of)
}

// storedSettings puts into force what was stored for all, the database, the role, and
// the role in the database; what comes later takes precedence. What can't be is a
// warning: the session begins all the same.
func (s *Session) storedSettings() {
	for _, of := range []struct {
		database, role engine.OID
		source         string
	}{
		{0, 0, "global"}, {s.database, 0, "database"}, {0, s.user.OID, "user"}, {s.database, s.user.OID, "database user"},
	} {
		stored, ok := s.catalog().Setting(of.database, of.role)
		if !ok {
			continue
		}
		for _, p := range stored.Config {
			if err := s.storedSetting(p, of.source); err != nil {
				w := *sqlstate.From(err)
				w.Severity = sqlstate.SeverityWarning
				s.warnings = append(s.warnings, &w)
			}
		}
	}
}

func (s *Session) storedSetting(p engine.Parameter, source string) error {
	switch strings.ToLower(p.Name) {
	case "role":
		if err := s.mayBecome(p.Value); err != nil {
			return err
		}
	case "session_authorization":
		return nil // PostgreSQL ignores it, too
	}
	return s.settings.SetStored(p.Name, p.Value, source)
}
