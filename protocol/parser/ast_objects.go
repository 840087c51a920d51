package parser

// Statements about schemas, databases, roles, privileges and comments.

// More object types.
const (
	ObjectColumn     ObjectType = "column"
	ObjectConstraint ObjectType = "constraint"
	ObjectTablespace ObjectType = "tablespace"
	ObjectLanguage   ObjectType = "language"
	ObjectOfType     ObjectType = "type"
	ObjectDomain     ObjectType = "domain"
	ObjectFunction   ObjectType = "function"
	ObjectProcedure  ObjectType = "procedure"
	ObjectRoutine    ObjectType = "routine"
	ObjectParameter  ObjectType = "parameter"
	ObjectLarge      ObjectType = "large object"
	ObjectWrapper    ObjectType = "foreign-data wrapper"
	ObjectServer     ObjectType = "server"
	ObjectExtension  ObjectType = "extension"
)

// CreateSchemaStmt is CREATE SCHEMA.
type CreateSchemaStmt struct {
	Name          string    // "" with AUTHORIZATION alone
	Authorization *RoleSpec // nil if not given
	IfNotExists   bool
	Elements      []RawStmt // statements to run in the schema
}

// CreateDatabaseStmt is CREATE DATABASE.
type CreateDatabaseStmt struct {
	Name    string
	Options []DatabaseOption
}

// AlterDatabaseStmt is ALTER DATABASE with options. SET TABLESPACE is the option
// "tablespace".
type AlterDatabaseStmt struct {
	Name    string
	Options []DatabaseOption
}

// AlterDatabaseRefreshStmt is ALTER DATABASE REFRESH COLLATION VERSION.
type AlterDatabaseRefreshStmt struct{ Name string }

// DatabaseOption is one option of CREATE or ALTER DATABASE, as written; whether
// there is one of that name is found out when the statement runs.
type DatabaseOption struct {
	Name    string // lower case unless quoted; CONNECTION LIMIT is "connection_limit"
	Value   string
	Number  bool // Value is a number as written
	Default bool // = DEFAULT: no Value
	Pos     Pos
}

// AlterDatabaseSetStmt is ALTER DATABASE SET or RESET of a setting.
type AlterDatabaseSetStmt struct {
	Name string
	Set  *VariableSetStmt
}

// DropDatabaseStmt is DROP DATABASE.
type DropDatabaseStmt struct {
	Name     string
	IfExists bool
	Force    bool
}

// CreateRoleStmt is CREATE ROLE, USER or GROUP: USER implies LOGIN.
type CreateRoleStmt struct {
	User    bool
	Name    string
	Options []RoleOption
}

// AlterRoleStmt is ALTER ROLE, USER or GROUP with options. ADD USER and DROP USER
// of ALTER GROUP are the option "rolemembers".
type AlterRoleStmt struct {
	Role    RoleSpec
	Drop    bool // ALTER GROUP … DROP USER
	Options []RoleOption
}

// RoleOption is one option of a role, under PostgreSQL's own name for it:
// "password" (Null: PASSWORD NULL), "validUntil", "connectionlimit", "sysid" with a
// Value; "rolemembers", "adminmembers" and "addroleto" with Roles; "superuser",
// "inherit", "createrole", "createdb", "canlogin", "isreplication", "bypassrls"
// with a Bool.
type RoleOption struct {
	Name  string
	Value string
	Null  bool
	Bool  bool
	Roles []RoleSpec
	Pos   Pos
}

// AlterRoleSetStmt is ALTER ROLE SET or RESET of a setting.
type AlterRoleSetStmt struct {
	Role     *RoleSpec // nil: ALL
	Database string    // "" if not given
	Set      *VariableSetStmt
}

// DropRoleStmt is DROP ROLE, USER or GROUP.
type DropRoleStmt struct {
	IfExists bool
	Roles    []RoleSpec
}

// GrantRoleStmt is GRANT and REVOKE of roles. What is granted has the shape of a
// privilege, because only what follows tells; a column list in it is refused when
// the statement runs.
type GrantRoleStmt struct {
	Revoke      bool
	Granted     []Privilege
	Grantees    []RoleSpec
	AdminOption bool // WITH ADMIN OPTION, or ADMIN OPTION FOR
	GrantedBy   *RoleSpec
	Behavior    DropBehavior
}

// Privilege is a privilege as written, with the columns it is about.
type Privilege struct {
	Name    string // lower case unless quoted; "" for ALL
	Columns []string
	Pos     Pos // of the name
}

// GrantTarget says what the objects of a GRANT are.
type GrantTarget byte

// Targets of GRANT.
const (
	GrantObjects     GrantTarget = iota // those named
	GrantAllInSchema                    // all of a kind in the schemas named
	GrantDefaults                       // of ALTER DEFAULT PRIVILEGES: none named
)

// GrantStmt is GRANT and REVOKE of privileges.
type GrantStmt struct {
	Revoke      bool
	Privileges  []Privilege // nil: ALL
	Target      GrantTarget
	Object      ObjectType // a bare list of names is "table"
	Objects     []RangeVar // names of what is in no schema have a Name alone
	Grantees    []RoleSpec
	GrantOption bool // WITH GRANT OPTION, or GRANT OPTION FOR
	GrantedBy   *RoleSpec
	Behavior    DropBehavior
}

// DefaultPrivilegesOption is IN SCHEMA or FOR ROLE of ALTER DEFAULT PRIVILEGES.
type DefaultPrivilegesOption struct {
	Schemas []string
	Roles   []RoleSpec
	Pos     Pos
}

// AlterDefaultPrivilegesStmt is ALTER DEFAULT PRIVILEGES.
type AlterDefaultPrivilegesStmt struct {
	Options []DefaultPrivilegesOption
	Action  *GrantStmt
}

// DropOwnedStmt is DROP OWNED BY.
type DropOwnedStmt struct {
	Roles    []RoleSpec
	Behavior DropBehavior
}

// ReassignOwnedStmt is REASSIGN OWNED BY … TO.
type ReassignOwnedStmt struct {
	Roles   []RoleSpec
	NewRole RoleSpec
}

// CommentStmt is COMMENT ON the kinds of objects that seqd has.
type CommentStmt struct {
	Object  ObjectType
	Name    []string // parts of the name; a constraint's own name
	On      []string // the table of a constraint
	Comment *string  // nil: IS NULL
}

func (*CreateSchemaStmt) statement()           {}
func (*CreateDatabaseStmt) statement()         {}
func (*AlterDatabaseStmt) statement()          {}
func (*AlterDatabaseRefreshStmt) statement()   {}
func (*AlterDatabaseSetStmt) statement()       {}
func (*DropDatabaseStmt) statement()           {}
func (*CreateRoleStmt) statement()             {}
func (*AlterRoleStmt) statement()              {}
func (*AlterRoleSetStmt) statement()           {}
func (*DropRoleStmt) statement()               {}
func (*GrantRoleStmt) statement()              {}
func (*GrantStmt) statement()                  {}
func (*AlterDefaultPrivilegesStmt) statement() {}
func (*DropOwnedStmt) statement()              {}
func (*ReassignOwnedStmt) statement()          {}
func (*CommentStmt) statement()                {}
