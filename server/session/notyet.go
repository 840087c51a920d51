package session

import "seqd/protocol/parser"

// notServedYet is the tag of a statement that is parsed in full and not executed.
func notServedYet(stmt parser.Statement) (tag string, ok bool) {
	switch stmt := stmt.(type) {
	case *parser.AlterDatabaseSetStmt:
		return "ALTER DATABASE", true
	case *parser.CreateRoleStmt:
		return "CREATE ROLE", true
	case *parser.AlterRoleStmt, *parser.AlterRoleSetStmt:
		return "ALTER ROLE", true
	case *parser.DropRoleStmt:
		return "DROP ROLE", true
	case *parser.GrantRoleStmt:
		return "GRANT ROLE", true
	case *parser.GrantStmt:
		return "GRANT", true
	case *parser.AlterDefaultPrivilegesStmt:
		return "ALTER DEFAULT PRIVILEGES", true
	case *parser.DropOwnedStmt:
		return "DROP OWNED", true
	case *parser.ReassignOwnedStmt:
		return "REASSIGN OWNED", true
	case *parser.RenameStmt:
		return alterTag(stmt.Object), stmt.Object == parser.ObjectRole
	case *parser.AlterOwnerStmt:
		return alterTag(stmt.Object), stmt.Object == parser.ObjectRole
	}
	return "", false
}
