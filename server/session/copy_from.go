package session

import (
	"bytes"
	"encoding/binary"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// copyFrom is COPY FROM STDIN. The client sends its rows whatever it is told, so they
// are awaited: dumps of empty tables come in, and a refusal of rows leaves client and
// server in step for what follows.
func (s *Session) copyFrom(c *parser.CopyStmt, src *copySource, copied []string) (result, error) {
	if err := s.writable("COPY FROM"); err != nil {
		return result{}, err
	}
	f, err := readCopyOptions(c)
	if err != nil {
		return result{}, err
	}
	if err := f.checkForced(src.columns, copied, src.name); err != nil {
		return result{}, err
	}
	if err := s.startCopyIn(len(copied), f.binary); err != nil {
		return result{}, err
	}
	if err := notCopied(src, true); err != nil {
		return result{}, err
	}
	if src.system { // as for INSERT, but PostgreSQL does obey a superuser here
		return result{}, denied("permission denied: \"%s\" is a system catalog", src.name)
	}
	return result{tag: "COPY 0"}, s.awaitCopy(&rowDetector{format: f}, src.name)
}

// startCopyIn lets the client send rows.
func (s *Session) startCopyIn(columns int, binary bool) error {
	reply := &pgproto3.CopyInResponse{ColumnFormatCodes: make([]uint16, columns)}
	if binary {
		reply.OverallFormat = 1
		for i := range reply.ColumnFormatCodes {
			reply.ColumnFormatCodes[i] = 1
		}
	}
	s.conn.Send(reply)
	s.unflushed = false
	return s.conn.Flush()
}

// takeRowsBefore is for COPY FROM of a relation that is not there: the client may send
// the rows before it is told, unlike in PostgreSQL. A dump's relations are often of a
// kind that was refused before, and psql would take their rows for statements.
func (s *Session) takeRowsBefore(c *parser.CopyStmt, missing error) error {
	if code := sqlstate.CodeOf(missing); !c.From || code != sqlstate.UndefinedTable && code != sqlstate.InvalidSchemaName {
		return missing
	}
	if err := s.startCopyIn(len(c.Columns), false); err != nil {
		return err
	}
	return missing
}

// awaitCopy reads up to the client's CopyDone, or the first row.
func (s *Session) awaitCopy(d *rowDetector, table string) error {
	for {
		msg, err := s.conn.Receive()
		if cause := s.interrupt.pending(); cause != nil {
			return cause
		}
		if broken, ok := asMalformed(err); ok {
			return broken.Unwrap()
		}
		if err != nil {
			return sqlstate.Fatalf(sqlstate.ConnectionFailure, "unexpected EOF on client connection with an open transaction")
		}
		switch msg := msg.(type) {
		case *pgproto3.CopyData:
			if d.feed(msg.Data) {
				return inCopy(sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd stores no rows: table \"%s\" takes none by COPY", table).
					WithHint("Keep rows in your database. Dumps without them are made by pg_dump --schema-only."), table)
			}
		case *pgproto3.CopyDone:
			return nil
		case *pgproto3.CopyFail:
			return inCopy(sqlstate.Errorf(sqlstate.QueryCanceled, "COPY from stdin failed: %s", msg.Message), table)
		case *pgproto3.Flush, *pgproto3.Sync:
			// Clients send them without noticing that the statement was COPY.
		default:
			s.conn.SendError(sqlstate.From(inCopy(sqlstate.Errorf(sqlstate.ProtocolViolation,
				"unexpected message type 0x%02X during COPY from stdin", s.conn.Message()[0]), table)))
			return sqlstate.Fatalf(sqlstate.ProtocolViolation, "terminating connection because protocol synchronization was lost")
		}
	}
}

func inCopy(e *sqlstate.Error, table string) error {
	e.Where = "COPY " + table + ", line 1"
	return e
}

// rowDetector tells whether there is a row in what COPY FROM gets.
type rowDetector struct {
	format copyFormat
	head   []byte // the beginning: a header line, \. or binary's header
	passed bool   // the header line
	ended  bool   // behind \.
}

// binaryHeader is how long COPY's binary header is without extensions: signature, flags,
// and the extensions' length.
const binaryHeader = 11 + 4 + 4

// maxCopyHeader bounds the header line; PostgreSQL's line is a gigabyte at the most.
const maxCopyHeader = 1 << 20

// feed takes the next bytes. What is kept of them is small: a row is known by its start.
func (d *rowDetector) feed(data []byte) bool {
	if d.ended {
		return false
	}
	d.head = append(d.head, data[:min(len(data), maxCopyHeader)]...)
	if d.format.binary {
		return len(d.head) >= binaryHeader+2 && binary.BigEndian.Uint16(d.head[binaryHeader:]) != 0xffff
	}
	if d.format.header && !d.passed {
		end := bytes.IndexByte(d.head, '\n')
		if end < 0 {
			return len(d.head) > maxCopyHeader
		}
		d.head, d.passed = d.head[end+1:], true
	}
	rest := d.head
	switch {
	case len(rest) == 0, len(rest) == 1 && rest[0] == '\\', string(rest) == `\.`:
		return false // not known yet
	case bytes.HasPrefix(rest, []byte("\\.\n")), bytes.HasPrefix(rest, []byte("\\.\r\n")), string(rest) == "\\.\r":
		d.ended, d.head = true, nil
		return false
	}
	return true
}
