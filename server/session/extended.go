package session

import (
	"bytes"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// parse answers Parse.
func (s *Session) parse(m *pgproto3.Parse) error {
	s.start()
	s.activity.begin(m.Query)
	statements, err := s.cache.parse(m.Query, s.notice)
	if err != nil {
		return err
	}
	if len(statements) > 1 {
		return sqlstate.New(sqlstate.SyntaxError, "cannot insert multiple commands into a prepared statement")
	}
	if m.Name == "" {
		delete(s.prepared, "")
	}
	p := &prepared{}
	if len(statements) == 1 {
		raw := statements[0]
		if err := s.refuseIfFailed(raw.Stmt); err != nil {
			return err
		}
		declared := make([]pgtypes.OID, len(m.ParameterOIDs))
		copy(declared, m.ParameterOIDs)
		for _, oid := range declared {
			if _, ok := pgtypes.TypeByOID(oid); oid != 0 && !ok {
				return sqlstate.Errorf(sqlstate.InternalError, "cache lookup failed for type %d", oid)
			}
		}
		if p, err = s.analyze(raw.Stmt, raw.Text, declared); err != nil {
			return err
		}
	}
	if err := s.store(m.Name, p); err != nil {
		return err
	}
	if m.Name == "" && s.cache.quiet(m.Query) && p.plan != nil && asksForValues(p.plan) {
		if message := s.conn.Message(); len(message) <= hotMessageMax {
			p.message = bytes.Clone(message)
		}
	}
	s.conn.Send(&pgproto3.ParseComplete{})
	return nil
}

// bind answers Bind.
func (s *Session) bind(m *pgproto3.Bind) error {
	stmt, err := s.namedStatement(m.PreparedStatement)
	if err != nil {
		return err
	}
	s.start()
	if len(m.ParameterFormatCodes) > 1 && len(m.ParameterFormatCodes) != len(m.Parameters) {
		return sqlstate.Errorf(sqlstate.ProtocolViolation, "bind message has %d parameter formats but %d parameters",
			len(m.ParameterFormatCodes), len(m.Parameters))
	}
	if len(m.Parameters) != len(stmt.params) {
		return sqlstate.Errorf(sqlstate.ProtocolViolation,
			"bind message supplies %d parameters, but prepared statement \"%s\" requires %d",
			len(m.Parameters), m.PreparedStatement, len(stmt.params))
	}
	if err := s.refuseIfFailed(stmt.stmt); err != nil {
		return err
	}
	if err := s.freePortalName(m.DestinationPortal); err != nil {
		return err
	}
	p := &portal{name: m.DestinationPortal, stmt: stmt, made: s.directory.clock.Load()}
	if p.args, err = s.arguments(m, stmt.params); err != nil {
		return err
	}
	if err := s.revalidate(stmt); err != nil {
		return err
	}
	if p.formats, err = resultFormats(m.ResultFormatCodes, len(stmt.columns)); err != nil {
		return err
	}
	// PostgreSQL plans and starts a query at Bind: what a constant expression has to
	// complain of comes here, before anything is described. Rows come later.
	if stmt.plan != nil {
		if err := s.open(p); err != nil {
			return err
		}
	}
	s.keepPortal(p)
	s.conn.Send(&pgproto3.BindComplete{})
	s.learnHot(p, stmt.text)
	return nil
}

// freePortalName makes room: the unnamed portal is replaced, a named one is not.
func (s *Session) freePortalName(name string) error {
	if name == "" {
		s.dropPortal("")
		return nil
	}
	if _, taken := s.portals[name]; taken || s.cursors[name] != nil {
		return sqlstate.Errorf(sqlstate.DuplicateCursor, "cursor \"%s\" already exists", name)
	}
	if len(s.portals) >= maxPrepared {
		return sqlstate.Errorf(sqlstate.ConfigurationLimitExceeded, "too many portals in one transaction (%d)", maxPrepared)
	}
	return nil
}

func (s *Session) keepPortal(p *portal) {
	if s.portals == nil {
		s.portals = map[string]*portal{}
	}
	s.portals[p.name] = p
}

func (s *Session) dropPortal(name string) {
	if p, ok := s.portals[name]; ok {
		p.close()
		delete(s.portals, name)
	}
}

// arguments decodes the parameters. The message's buffer is used again, so
// values must not point into it.
func (s *Session) arguments(m *pgproto3.Bind, types []pgtypes.OID) ([]pgtypes.Value, error) {
	if len(types) == 0 {
		return nil, nil
	}
	args := make([]pgtypes.Value, len(types))
	for i, raw := range m.Parameters {
		format := int16(0)
		switch len(m.ParameterFormatCodes) {
		case 0:
		case 1:
			format = m.ParameterFormatCodes[0]
		default:
			format = m.ParameterFormatCodes[i]
		}
		var err error
		var text []byte
		switch {
		case raw == nil:
			args[i] = pgtypes.Null()
		case format == pgproto3.TextFormat:
			text = raw
			args[i], err = s.textArgument(types[i], raw)
		case format == pgproto3.BinaryFormat:
			args[i], err = binaryArgument(i, types[i], raw)
		default:
			err = errFormat(format)
		}
		if err != nil {
			return nil, inParameter(err, m.DestinationPortal, i, text)
		}
	}
	return args, nil
}

func errFormat(code int16) error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, "unsupported format code: %d", code)
}

// resultFormats checks how many format codes there are; what they say matters when
// rows are sent.
func resultFormats(codes []int16, columns int) ([]int16, error) {
	if len(codes) > 1 && len(codes) != columns {
		return nil, sqlstate.Errorf(sqlstate.ProtocolViolation, "bind message has %d result formats but query has %d columns", len(codes), columns)
	}
	if len(codes) == 0 {
		return nil, nil
	}
	return append([]int16(nil), codes...), nil
}

// describe answers Describe.
func (s *Session) describe(m *pgproto3.Describe) error {
	s.start()
	if m.ObjectType == 'P' {
		if c := s.cursors[m.Name]; c != nil {
			return s.describeCursor(c)
		}
		p, err := s.portal(m.Name)
		if err != nil {
			return err
		}
		if err := s.refuseRowsIfFailed(p.stmt); err != nil {
			return err
		}
		s.describeRows(p.stmt, p.format)
		return nil
	}
	p, err := s.namedStatement(m.Name)
	if err != nil {
		return err
	}
	if err := s.refuseRowsIfFailed(p); err != nil {
		return err
	}
	s.conn.Send(&pgproto3.ParameterDescription{ParameterOIDs: p.params})
	if err := s.revalidate(p); err != nil {
		return err
	}
	s.describeRows(p, func(int) int16 { return pgproto3.TextFormat })
	return nil
}

// refuseRowsIfFailed: PostgreSQL can't look up row types in a failed transaction.
func (s *Session) refuseRowsIfFailed(p *prepared) error {
	if p.columns == nil {
		return nil
	}
	return s.refuseIfFailed(p.stmt)
}

func (s *Session) describeRows(p *prepared, format func(int) int16) {
	if p.columns == nil {
		s.conn.Send(&pgproto3.NoData{})
		return
	}
	s.conn.Send(rowDescription(p.columns, format))
}

func (s *Session) portal(name string) (*portal, error) {
	if p, ok := s.portals[name]; ok {
		return p, nil
	}
	return nil, sqlstate.Errorf(sqlstate.InvalidCursorName, "portal \"%s\" does not exist", name)
}

// executePortal answers Execute.
func (s *Session) executePortal(m *pgproto3.Execute) error {
	if c := s.cursors[m.Portal]; c != nil {
		return s.executeCursor(c, m)
	}
	p, err := s.portal(m.Portal)
	if err != nil {
		return err
	}
	if p.stmt.stmt != nil {
		if err := s.refuseIfFailed(p.stmt.stmt); err != nil {
			return err
		}
	}
	s.start()
	s.activity.begin(p.stmt.text)
	s.tally.statements++
	if err := s.execute(p, m.MaxRows); err != nil {
		return err
	}
	// COMMIT and ROLLBACK take effect before the next message, Sync or not.
	if _, ok := p.stmt.stmt.(*parser.TransactionStmt); ok && s.tx.state == txStarted {
		return s.finish()
	}
	return nil
}

// closeObject answers Close, which does not mind names that do not exist.
func (s *Session) closeObject(m *pgproto3.Close) error {
	if m.ObjectType == 'P' {
		s.dropPortal(m.Name)
		s.dropCursor(m.Name)
	} else {
		delete(s.prepared, m.Name)
	}
	s.conn.Send(&pgproto3.CloseComplete{})
	return nil
}
