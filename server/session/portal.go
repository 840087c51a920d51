package session

import (
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// portal is a statement with its parameters, ready to run or half run.
type portal struct {
	name    string
	stmt    *prepared
	args    []pgtypes.Value
	formats []int16 // result formats as Bind gave them: none, one for all, or one each

	started bool
	done    bool
	rows    query.Rows  // nil for a statement without rows
	tag     string      // of a statement without a row count in its tag
	counted bool        // the tag ends in the number of rows
	moved   uint64      // … or in this number, of MOVE
	single  oneRow      // rows of SELECT nextval('s'), …
	series  *seriesRows // … or many of them
	sent    int         // rows sent by earlier Executes
	cursor  *cursor     // once FETCH or MOVE have named it
	made    int64       // when Bind made it, if that was it
}

// close releases what a half-run portal holds.
func (p *portal) close() {
	if p.rows != nil {
		p.rows.Close()
		p.rows = nil
	}
}

// format is the format of column i.
func (p *portal) format(i int) int16 {
	switch len(p.formats) {
	case 0:
		return 0
	case 1:
		return p.formats[0]
	}
	return p.formats[i]
}

// rowDescription describes the portal's rows.
func rowDescription(columns []query.Column, format func(int) int16) *pgproto3.RowDescription {
	fields := make([]pgproto3.FieldDescription, len(columns))
	for i, c := range columns {
		fields[i] = pgproto3.FieldDescription{
			Name: []byte(c.Name), TableOID: uint32(c.TableOID), TableAttributeNumber: uint16(c.Attnum),
			DataTypeOID: c.Type, DataTypeSize: pgtypes.Size(c.Type), TypeModifier: c.Typmod, Format: format(i),
		}
	}
	return &pgproto3.RowDescription{Fields: fields}
}

// execute runs a portal for at most limit rows (0: all) and sends the rows and
// CommandComplete or PortalSuspended.
func (s *Session) execute(p *portal, limit uint32) error {
	if p.stmt.stmt == nil {
		s.conn.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	if p.done {
		if p.stmt.columns == nil {
			return sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, "portal \"%s\" cannot be run", p.name)
		}
		s.complete(p, 0)
		return nil
	}
	if !p.started {
		if err := s.open(p); err != nil {
			return err
		}
	}
	for _, code := range p.formats {
		if code != pgproto3.TextFormat && code != pgproto3.BinaryFormat {
			return errFormat(code)
		}
	}
	sent := uint64(0)
	if r, ok := p.rows.(*seriesRows); ok {
		var err error
		if sent, err = r.send(p, limit); err != nil {
			return err
		}
	}
	for p.rows != nil {
		if limit > 0 && sent == uint64(limit) {
			p.sent += int(sent)
			s.conn.Send(&pgproto3.PortalSuspended{})
			return nil
		}
		row, err := p.rows.Next()
		if err != nil {
			return s.explain(err)
		}
		if row == nil {
			p.close()
			break
		}
		if err := s.writer().send(s.conn, p, s.inForce().style, row); err != nil {
			return err
		}
		if s.conn.Err() != nil {
			return errNobodyReads()
		}
		sent++
	}
	p.done = true
	s.complete(p, sent)
	return nil
}

// errNobodyReads ends a result that is sent to a client which is gone.
func errNobodyReads() error {
	return sqlstate.Fatalf(sqlstate.ConnectionFailure, "connection to client lost")
}

func (s *Session) complete(p *portal, rows uint64) {
	w := s.writer()
	w.tag = append(w.tag[:0], p.tag...)
	rows += p.moved
	if p.counted {
		w.tag = strconv.AppendUint(append(w.tag, ' '), rows, 10)
	}
	s.conn.Send(&pgproto3.CommandComplete{CommandTag: w.tag})
}

// open starts a portal: a statement without rows is done after it.
func (s *Session) open(p *portal) error {
	p.started = true
	if err := s.revalidate(p.stmt); err != nil {
		return err
	}
	if p.stmt.plan != nil {
		s.tx.queried = true
		rows, err := s.openSelect(p)
		if err != nil {
			return s.explain(err)
		}
		p.rows, p.tag, p.counted = rows, "SELECT", true
		return nil
	}
	result, err := s.run(p)
	if err != nil {
		return s.explain(err)
	}
	p.rows, p.tag, p.counted, p.moved = result.rows, result.tag, result.counted, result.moved
	return nil
}

// openSelect takes the short way for SELECT nextval('s'), the statement that the
// product is about, and the general one for all others.
func (s *Session) openSelect(p *portal) (query.Rows, error) {
	calls := p.stmt.plan.Nextvals()
	if calls == nil {
		if n := p.stmt.plan.NextvalSeries(); n != nil {
			if count, ok := n.Count(p.args); ok {
				p.series = &seriesRows{session: s, oid: n.Sequence, count: count, left: count}
				return p.series, nil
			}
		}
		return p.stmt.plan.Open(evaluator{s}, p.args)
	}
	oids := p.single.first[:0]
	for _, c := range calls {
		oid := c.Sequence
		if c.Param >= 0 {
			if p.args[c.Param].IsNull() {
				return p.stmt.plan.Open(evaluator{s}, p.args)
			}
			oid = engine.OID(p.args[c.Param].OID())
		}
		oids = append(oids, oid)
	}
	p.single.session, p.single.oids = s, oids
	return &p.single, nil
}

// result is what a statement other than SELECT gave.
type result struct {
	tag     string
	counted bool
	moved   uint64
	rows    query.Rows
}

// run executes a statement that is no SELECT.
func (s *Session) run(p *portal) (result, error) {
	s.tx.queried = s.tx.queried || takesSnapshot(p.stmt.stmt)
	switch stmt := p.stmt.stmt.(type) {
	case *parser.VariableShowStmt:
		return s.runShow(stmt)
	case *parser.ExplainStmt:
		return s.runExplain(p, stmt)
	case *parser.ExecuteStmt:
		return s.runExecute(stmt)
	case *parser.FetchStmt:
		return s.fetchStmt(p, stmt)
	case *parser.DeclareCursorStmt:
		tag, err := s.declare(p, stmt)
		return result{tag: tag}, err
	case *parser.CopyStmt:
		return s.copyTable(stmt)
	case *parser.UnservedStmt:
		return result{}, s.refuse(stmt)
	}
	tag, err := s.runUtility(p.stmt.stmt)
	return result{tag: tag}, err
}

// takesSnapshot is PostgreSQL's PlannedStmtRequiresSnapshot: after such a statement
// the isolation level is settled.
func takesSnapshot(stmt parser.Statement) bool {
	switch stmt.(type) {
	case *parser.TransactionStmt, *parser.LockStmt, *parser.VariableSetStmt, *parser.VariableShowStmt,
		*parser.FetchStmt, *parser.UnlistenStmt, *parser.CheckpointStmt:
		return false
	}
	return true
}

func (s *Session) runUtility(stmt parser.Statement) (string, error) {
	switch stmt := stmt.(type) {
	case *parser.CreateSequenceStmt:
		return s.createSequence(stmt)
	case *parser.AlterSequenceStmt:
		return s.alterSequence(stmt)
	case *parser.CreateSchemaStmt:
		return s.createSchema(stmt)
	case *parser.CommentStmt:
		return s.comment(stmt)
	case *parser.RenameStmt:
		return s.renameAny(stmt)
	case *parser.AlterOwnerStmt:
		return s.setOwnerOfAny(stmt)
	case *parser.AlterObjectSchemaStmt:
		return s.setSchema(stmt)
	case *parser.AlterPersistenceStmt:
		return s.setPersistence(stmt)
	case *parser.DropOtherStmt:
		return s.dropOther(stmt)
	case *parser.DropStmt:
		return s.drop(stmt)
	case *parser.CreateTableStmt:
		return s.createTable(stmt)
	case *parser.AlterTableStmt:
		return s.alterTable(stmt)
	case *parser.RenamePartStmt:
		return s.renamePart(stmt)
	case *parser.CreateIndexStmt:
		return s.createIndex(stmt)
	case *parser.TruncateStmt:
		return s.truncate(stmt)
	case *parser.SecLabelStmt:
		return s.securityLabel(stmt)
	case *parser.TransactionStmt:
		return s.runTransaction(stmt)
	case *parser.VariableSetStmt:
		return s.set(stmt)
	case *parser.DiscardStmt:
		return s.discard(stmt)
	case *parser.CheckpointStmt:
		return s.checkpoint()
	case *parser.PrepareStmt:
		return s.prepare(stmt)
	case *parser.DeallocateStmt:
		return s.deallocate(stmt)
	case *parser.CloseStmt:
		return s.closeCursor(stmt.Name)
	case *parser.LockStmt:
		return s.lockTable(stmt)
	case *parser.UnlistenStmt:
		return "UNLISTEN", nil // there is nothing that the session could listen to
	}
	return s.runShared(stmt)
}

// runShared executes statements on databases, roles and privileges.
func (s *Session) runShared(stmt parser.Statement) (string, error) {
	switch stmt := stmt.(type) {
	case *parser.CreateDatabaseStmt:
		return s.createDatabase(stmt)
	case *parser.DropDatabaseStmt:
		return s.dropDatabase(stmt)
	case *parser.AlterDatabaseStmt:
		return s.alterDatabase(stmt)
	case *parser.AlterDatabaseRefreshStmt:
		return s.refreshDatabase(stmt)
	case *parser.AlterRoleSetStmt:
		return s.setOfRole(stmt)
	case *parser.AlterDatabaseSetStmt:
		return s.setOfDatabase(stmt)
	case *parser.AlterDefaultPrivilegesStmt:
		return s.alterDefaultPrivileges(stmt)
	case *parser.DropOwnedStmt:
		return s.dropOwned(stmt)
	case *parser.ReassignOwnedStmt:
		return s.reassignOwned(stmt)
	case *parser.CreateRoleStmt:
		return s.createRole(stmt)
	case *parser.AlterRoleStmt:
		return s.alterRole(stmt)
	case *parser.DropRoleStmt:
		return s.dropRole(stmt)
	case *parser.GrantRoleStmt:
		return s.grantRole(stmt)
	case *parser.GrantStmt:
		return s.grant(stmt)
	}
	return "", sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve this statement (%T)", stmt)
}

// unserved is the answer to what PostgreSQL knows and seqd does not serve.
func unserved(tag string) error {
	err := sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve %s", tag)
	switch tag {
	case "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE TABLE", "SELECT INTO", "CREATE TABLE AS":
		return err.WithHint("seqd hands out sequence values and stores no rows: keep rows in your database.")
	}
	if hint, ok := hints[tag]; ok {
		return err.WithHint("%s", hint)
	}
	return err.WithHint("seqd serves sequences: CREATE, ALTER and DROP SEQUENCE, nextval, currval, lastval, setval, and SELECT of expressions.")
}

// hints say what to do instead.
var hints = map[string]string{
	"ALTER SYSTEM":     "The server's settings are its flags and its configuration file; SET changes those of a session.",
	"CREATE FUNCTION":  "seqd runs no procedural code: keep functions in your database, and call nextval from there.",
	"CREATE PROCEDURE": "seqd runs no procedural code: keep procedures in your database, and call nextval from there.",
	"DO":               "seqd runs no procedural code: send the statements one by one.",
	"CALL":             "seqd runs no procedural code: send the statements one by one.",
	"LISTEN":           "seqd sends no notifications: LISTEN to your database.",
	"NOTIFY":           "seqd sends no notifications: NOTIFY in your database.",
}

func (s *Session) renameAny(r *parser.RenameStmt) (string, error) {
	switch r.Object {
	case parser.ObjectSchema:
		return s.renameSchema(r)
	case parser.ObjectDatabase:
		return s.renameDatabase(r)
	case parser.ObjectRole:
		return s.renameRole(r)
	}
	return s.rename(r)
}

func (s *Session) setOwnerOfAny(a *parser.AlterOwnerStmt) (string, error) {
	switch a.Object {
	case parser.ObjectSchema:
		return s.setSchemaOwner(a)
	case parser.ObjectDatabase:
		return s.setDatabaseOwner(a)
	}
	return s.setOwner(a)
}
