package scenario

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/e2e/wireclient"
)

// extended plays Parse, Bind, Describe, Execute and Sync, one Execute after the
// other while the portal is suspended.
func (p *player) extended(s *Step, sess *session) ([]string, error) {
	o, err := parseOptions(s.Options)
	if err != nil {
		return nil, err
	}
	var msgs []pgproto3.FrontendMessage
	if s.SQL != "" || o.name == "" {
		msgs = append(msgs, &pgproto3.Parse{Name: o.name, Query: s.SQL, ParameterOIDs: o.types},
			&pgproto3.Describe{ObjectType: 'S', Name: o.name})
	}
	bind := &pgproto3.Bind{PreparedStatement: o.name, Parameters: o.values, ParameterFormatCodes: o.formats}
	if o.binary {
		bind.ResultFormatCodes = []int16{pgproto3.BinaryFormat}
	}
	msgs = append(msgs, bind, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{MaxRows: o.rows})
	if o.rows == 0 {
		msgs = append(msgs, &pgproto3.Sync{})
	} else {
		msgs = append(msgs, &pgproto3.Flush{})
	}
	if err := sess.conn.Send(msgs...); err != nil {
		return nil, err
	}
	return p.collectExtended(s.Session, sess, o)
}

func (p *player) collectExtended(name string, sess *session, o options) ([]string, error) {
	out := []string{}
	synced := o.rows == 0
	statementDescribed := false
	for {
		m, err := sess.conn.Receive(wireclient.Timeout)
		if errors.Is(err, wireclient.ErrClosed) {
			return p.closed(name, sess, out)
		}
		if err != nil {
			return out, err
		}
		lines := sess.render.message(m)
		switch m.(type) {
		case *pgproto3.ParameterDescription:
			statementDescribed = true
		case *pgproto3.RowDescription:
			// Statement and portal are both described; the portal's has the formats.
			if statementDescribed {
				statementDescribed, lines = false, nil
			}
		case *pgproto3.NoData:
			statementDescribed = false
		case *pgproto3.ReadyForQuery:
			return append(out, lines...), nil
		case *pgproto3.PortalSuspended:
			err = sess.conn.Send(&pgproto3.Execute{MaxRows: o.rows}, &pgproto3.Flush{})
		case *pgproto3.CommandComplete, *pgproto3.EmptyQueryResponse, *pgproto3.ErrorResponse:
			if !synced {
				synced = true
				err = sess.conn.Send(&pgproto3.Sync{})
			}
		}
		out = append(out, lines...)
		if err != nil {
			return out, err
		}
	}
}

// options are those of an extended step: see the package comment.
type options struct {
	name    string
	types   []uint32
	values  [][]byte
	formats []int16
	binary  bool
	rows    uint32
}

func parseOptions(lines []string) (o options, err error) {
	for _, line := range lines {
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "name":
			o.name = rest
		case "binary":
			o.binary = true
		case "rows":
			n, err := strconv.ParseUint(rest, 10, 32)
			if err != nil {
				return o, err
			}
			o.rows = uint32(n)
		case "types":
			for _, t := range strings.Split(rest, ", ") {
				oid, ok := typeOIDs[t]
				if !ok && t != "-" {
					return o, fmt.Errorf("unknown type %q", t)
				}
				o.types = append(o.types, oid)
			}
		case "with":
			for _, v := range strings.Split(rest, ", ") {
				if err := o.addValue(v); err != nil {
					return o, err
				}
			}
		default:
			return o, fmt.Errorf("unknown option %q", line)
		}
	}
	return o, nil
}

func (o *options) addValue(v string) error {
	format := int16(pgproto3.TextFormat)
	switch {
	case v == "NULL":
		o.values = append(o.values, nil)
	case strings.HasPrefix(v, "x'") && strings.HasSuffix(v, "'"):
		b, err := hex.DecodeString(v[2 : len(v)-1])
		if err != nil {
			return err
		}
		format = pgproto3.BinaryFormat
		o.values = append(o.values, b)
	case len(v) >= 2 && v[0] == '\'' && v[len(v)-1] == '\'':
		o.values = append(o.values, []byte(v[1:len(v)-1]))
	default:
		return fmt.Errorf("value %q: want 'text', x'hex' or NULL", v)
	}
	o.formats = append(o.formats, format)
	return nil
}
