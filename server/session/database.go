package session

import (
	"strconv"
	"strings"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// createDatabase is CREATE DATABASE: a branch of its template, at the exact position
// of every sequence, whatever it holds.
func (s *Session) createDatabase(c *parser.CreateDatabaseStmt) (string, error) {
	const tag = "CREATE DATABASE"
	if err := s.outsideBlock(tag); err != nil {
		return "", err
	}
	if err := s.writable(tag); err != nil {
		return "", err
	}
	info := engine.DatabaseInfo{Name: c.Name, Owner: s.currentRole().OID, AllowConnections: true, ConnectionLimit: -1}
	template := "template1"
	options, err := s.databaseOptions(c.Options, creationOptions)
	if err != nil {
		return "", err
	}
	if o := options["owner"]; o != nil && !o.Default {
		owner, err := s.role(parser.RoleSpec{Name: o.Value})
		if err != nil {
			return "", err
		}
		info.Owner = owner.OID
	}
	if o := options["template"]; o != nil && !o.Default {
		template = o.Value
	}
	if err := s.commonOptions(&info, options); err != nil {
		return "", err
	}
	if err := checkFixedOptions(options); err != nil {
		return "", err
	}
	if me := s.currentRole(); !me.Superuser && !me.CreateDB {
		return "", denied("permission denied to create database")
	}
	if owner, ok := s.catalog().RoleByOID(info.Owner); ok {
		if err := s.mustBeMember(owner); err != nil {
			return "", err
		}
	}
	source, err := lookedUp(s, func() (*engine.Database, error) {
		if db, ok := s.catalog().Database(template); ok {
			return db, nil
		}
		return nil, sqlstate.Errorf(sqlstate.InvalidCatalogName, "template database \"%s\" does not exist", template)
	})
	if err != nil {
		return "", err
	}
	if _, taken := s.catalog().Database(c.Name); taken {
		return "", engine.ErrExists(engine.ClassDatabase, c.Name)
	}
	if !source.IsTemplate && !s.authority().Owns(s.currentRole().OID, source.Owner) {
		return "", denied("permission denied to copy database \"%s\"", template)
	}
	if err := s.inUse(source.OID, "source database \"%s\" is being accessed by other users", template); err != nil {
		return "", err
	}
	if info.OID, err = s.newOID(engine.Permanent); err != nil {
		return "", err
	}
	err = s.backend.CreateDatabase(s.interrupt, uint64(s.pid), &engine.CreateDatabase{Database: info, Template: source.OID})
	s.auditDatabase("CREATE", &info, err)
	if err != nil {
		return "", s.explain(err)
	}
	return tag, nil
}

// Options that CREATE and ALTER DATABASE know.
var (
	creationOptions = []string{"tablespace", "owner", "template", "encoding", "locale", "lc_collate", "lc_ctype",
		"icu_locale", "locale_provider", "is_template", "allow_connections", "connection_limit", "collation_version",
		"location", "oid", "strategy"}
	alterOptions = []string{"is_template", "allow_connections", "connection_limit", "tablespace"}
)

// databaseOptions sorts options by name, and refuses what is unknown or given twice.
func (s *Session) databaseOptions(list []parser.DatabaseOption, known []string) (map[string]*parser.DatabaseOption, error) {
	options := map[string]*parser.DatabaseOption{}
	for i := range list {
		o := &list[i]
		found := false
		for _, name := range known {
			found = found || name == o.Name
		}
		switch {
		case !found:
			return nil, sqlstate.Errorf(sqlstate.SyntaxError, "option \"%s\" not recognized", o.Name).At(int(o.Pos))
		case o.Name == "location":
			s.notice(sqlstate.Warningf(sqlstate.FeatureNotSupported, "LOCATION is not supported anymore").
				WithHint("Consider using tablespaces instead.").At(int(o.Pos)))
		case options[o.Name] != nil:
			return nil, sqlstate.New(sqlstate.SyntaxError, "conflicting or redundant options").At(int(o.Pos))
		}
		options[o.Name] = o
	}
	return options, nil
}

// commonOptions are those that a database can be altered by.
func (s *Session) commonOptions(info *engine.DatabaseInfo, options map[string]*parser.DatabaseOption) error {
	for name, to := range map[string]*bool{"is_template": &info.IsTemplate, "allow_connections": &info.AllowConnections} {
		if o := options[name]; o != nil && !o.Default {
			v, ok := booleanOption(o)
			if !ok {
				return sqlstate.Errorf(sqlstate.SyntaxError, "%s requires a Boolean value", name)
			}
			*to = v
		}
	}
	if o := options["connection_limit"]; o != nil && !o.Default {
		n, err := strconv.ParseInt(o.Value, 10, 32)
		if !o.Number || err != nil {
			return sqlstate.New(sqlstate.SyntaxError, "connection_limit requires an integer value")
		}
		if n < -1 {
			return sqlstate.Errorf(sqlstate.InvalidParameterValue, "invalid connection limit: %d", n)
		}
		info.ConnectionLimit = int32(n)
	}
	return nil
}

// booleanOption is defGetBoolean.
func booleanOption(o *parser.DatabaseOption) (v, ok bool) {
	switch strings.ToLower(o.Value) {
	case "true", "on", "1":
		return true, true
	case "false", "off", "0":
		return false, true
	}
	return false, false
}

// checkFixedOptions accepts what every database of seqd is: UTF8, in the default
// tablespace, with whatever locale, since nothing is sorted by it.
func checkFixedOptions(options map[string]*parser.DatabaseOption) error {
	if o := options["encoding"]; o != nil && !o.Default {
		switch strings.ToUpper(strings.ReplaceAll(o.Value, "-", "")) {
		case "UTF8", "UNICODE", "6": // 6 is PostgreSQL's number of it
		default:
			return sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve databases with encoding \"%s\"", o.Value).
				WithHint("All databases of seqd are UTF8.")
		}
	}
	if o := options["tablespace"]; o != nil && !o.Default && o.Value != "pg_default" {
		return sqlstate.Errorf(sqlstate.UndefinedObject, "tablespace \"%s\" does not exist", o.Value)
	}
	if o := options["strategy"]; o != nil && !o.Default && !strings.EqualFold(o.Value, "wal_log") && !strings.EqualFold(o.Value, "file_copy") {
		return sqlstate.Errorf(sqlstate.InvalidParameterValue, "invalid create database strategy \"%s\"", o.Value).
			WithHint("Valid strategies are \"wal_log\" and \"file_copy\".")
	}
	return nil
}

// inUse refuses if other sessions of this node are in a database.
func (s *Session) inUse(database engine.OID, format, name string) error {
	n := s.directory.others(database, s)
	if n == 0 {
		return nil
	}
	detail := "There is 1 other session using the database."
	if n > 1 {
		detail = "There are " + strconv.Itoa(n) + " other sessions using the database."
	}
	return sqlstate.Errorf(sqlstate.ObjectInUse, format, name).WithDetail("%s", detail)
}

// dropDatabase is DROP DATABASE. With FORCE the sessions of this node that are in it
// end first; those of other nodes end when they next do something.
func (s *Session) dropDatabase(d *parser.DropDatabaseStmt) (string, error) {
	const tag = "DROP DATABASE"
	if err := s.outsideBlock(tag); err != nil {
		return "", err
	}
	if err := s.writable(tag); err != nil {
		return "", err
	}
	db, err := s.existingDatabase(d.Name)
	if err != nil {
		if d.IfExists && sqlstate.CodeOf(err) == sqlstate.InvalidCatalogName {
			s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "database \"%s\" does not exist, skipping", d.Name))
			return tag, nil
		}
		return "", err
	}
	if err := s.mustOwn(db.Owner, "database", db.Name); err != nil {
		return "", err
	}
	switch {
	case db.IsTemplate:
		return "", sqlstate.New(sqlstate.WrongObjectType, "cannot drop a template database")
	case db.OID == s.database:
		return "", sqlstate.New(sqlstate.ObjectInUse, "cannot drop the currently open database")
	case d.Force:
		s.directory.terminate(db.OID, s)
	}
	if err := s.inUse(db.OID, "database \"%s\" is being accessed by other users", d.Name); err != nil {
		return "", err
	}
	err = s.backend.DropDatabase(s.interrupt, uint64(s.pid), &engine.DropDatabase{OID: db.OID, Expect: db.Version})
	s.auditDatabase("DROP", &db.DatabaseInfo, err)
	if err != nil {
		return "", s.explain(err)
	}
	return tag, nil
}

func (s *Session) existingDatabase(name string) (*engine.Database, error) {
	return lookedUp(s, func() (*engine.Database, error) {
		if db, ok := s.catalog().Database(name); ok {
			return db, nil
		}
		return nil, sqlstate.Errorf(sqlstate.InvalidCatalogName, "database \"%s\" does not exist", name)
	})
}

// alterDatabase is ALTER DATABASE with options.
func (s *Session) alterDatabase(a *parser.AlterDatabaseStmt) (string, error) {
	options, err := s.databaseOptions(a.Options, alterOptions)
	if err != nil {
		return "", err
	}
	return s.changeDatabase(a.Name, func(info *engine.DatabaseInfo) error {
		if err := s.commonOptions(info, options); err != nil {
			return err
		}
		if !info.AllowConnections && info.OID == s.database {
			return sqlstate.New(sqlstate.InvalidParameterValue, "cannot disallow connections for current database")
		}
		return checkFixedOptions(options)
	})
}

// changeDatabase puts a changed DatabaseInfo.
func (s *Session) changeDatabase(name string, change func(*engine.DatabaseInfo) error) (string, error) {
	const tag = "ALTER DATABASE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	db, err := s.existingDatabase(name)
	if err != nil {
		return "", err
	}
	if err := s.mustOwn(db.Owner, "database", db.Name); err != nil {
		return "", err
	}
	info := db.DatabaseInfo
	if err := change(&info); err != nil {
		return "", err
	}
	return tag, s.changes().Put(&info)
}

func (s *Session) renameDatabase(r *parser.RenameStmt) (string, error) {
	return s.changeDatabase(r.Name.Name, func(info *engine.DatabaseInfo) error {
		if me := s.currentRole(); !me.Superuser && !me.CreateDB {
			return denied("permission denied to rename database")
		}
		if _, taken := s.catalog().Database(r.NewName); taken {
			return engine.ErrExists(engine.ClassDatabase, r.NewName)
		}
		if info.OID == s.database {
			return sqlstate.New(sqlstate.FeatureNotSupported, "current database cannot be renamed")
		}
		if err := s.inUse(info.OID, "database \"%s\" is being accessed by other users", info.Name); err != nil {
			return err
		}
		info.Name = r.NewName
		return nil
	})
}

func (s *Session) setDatabaseOwner(a *parser.AlterOwnerStmt) (string, error) {
	owner, err := s.role(a.Owner)
	if err != nil {
		return "", err
	}
	return s.changeDatabase(a.Name.Name, func(info *engine.DatabaseInfo) error {
		if info.Owner == owner.OID {
			return nil
		}
		if err := s.mustBeMember(owner); err != nil {
			return err
		}
		if me := s.currentRole(); !me.Superuser && !me.CreateDB {
			return denied("permission denied to change owner of database")
		}
		info.ACL = info.ACL.NewOwner(info.Owner, owner.OID)
		info.Owner = owner.OID
		return nil
	})
}

// refreshDatabase is REFRESH COLLATION VERSION: there is no version that could change.
func (s *Session) refreshDatabase(a *parser.AlterDatabaseRefreshStmt) (string, error) {
	tag, err := s.changeDatabase(a.Name, func(*engine.DatabaseInfo) error { return nil })
	if err == nil {
		s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "version has not changed"))
	}
	return tag, err
}

// admits refuses a session in a database that takes none.
func admits(db *engine.Database) error {
	if db.AllowConnections {
		return nil
	}
	return sqlstate.Fatalf(sqlstate.ObjectNotInPrerequisiteState, "database \"%s\" is not currently accepting connections", db.Name)
}

// here makes sure that the session's database is there still: another node may have
// dropped it under the session. The catalog is looked at only if it has changed.
func (s *Session) here() error {
	c := s.backend.Catalog()
	if c == s.home {
		return nil
	}
	if _, ok := c.DatabaseByOID(s.database); !ok {
		return sqlstate.Fatalf(sqlstate.AdminShutdown, "terminating connection due to administrator command").
			WithDetail("The database was dropped.")
	}
	s.home = c
	return nil
}
