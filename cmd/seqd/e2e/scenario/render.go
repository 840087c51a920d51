package scenario

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// null is how a NULL is shown.
const null = "∅"

// renderer turns the messages of one session into output lines. It remembers the
// transaction status, to show it where it changes, and the result formats.
type renderer struct {
	status byte
	fields []pgproto3.FieldDescription
}

var txStatus = map[byte]string{'I': "idle", 'T': "in transaction", 'E': "failed transaction"}

// message returns the lines that one message of the server is worth; what only
// acknowledges (ParseComplete, BindComplete …) is worth none.
func (r *renderer) message(m pgproto3.BackendMessage) []string {
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		r.fields = m.Fields
		return []string{r.header()}
	case *pgproto3.DataRow:
		return []string{r.row(m.Values)}
	case *pgproto3.CommandComplete:
		return []string{string(m.CommandTag)}
	case *pgproto3.EmptyQueryResponse:
		return []string{"(empty query)"}
	case *pgproto3.PortalSuspended:
		return []string{"(portal suspended)"}
	case *pgproto3.ErrorResponse:
		return problem(m)
	case *pgproto3.NoticeResponse:
		return problem((*pgproto3.ErrorResponse)(m))
	case *pgproto3.ParameterStatus:
		return []string{"PARAMETER: " + m.Name + " = " + m.Value}
	case *pgproto3.ParameterDescription:
		if len(m.ParameterOIDs) == 0 {
			return nil
		}
		names := make([]string, len(m.ParameterOIDs))
		for i, oid := range m.ParameterOIDs {
			names[i] = typeName(oid, -1)
		}
		return []string{"parameters: " + strings.Join(names, ", ")}
	case *pgproto3.NotificationResponse:
		return []string{fmt.Sprintf("NOTIFY: %s %s", m.Channel, strconv.Quote(m.Payload))}
	case *pgproto3.ReadyForQuery:
		if m.TxStatus == r.status {
			return nil
		}
		r.status = m.TxStatus
		return []string{"(" + txStatus[m.TxStatus] + ")"}
	case *pgproto3.CopyInResponse:
		return []string{"(copy in)"}
	case *pgproto3.CopyOutResponse:
		return []string{"(copy out)"}
	case *pgproto3.CopyData:
		return []string{"COPY: " + strconv.Quote(string(m.Data))}
	case *pgproto3.ParseComplete, *pgproto3.BindComplete, *pgproto3.CloseComplete, *pgproto3.NoData, *pgproto3.CopyDone:
		return nil
	}
	return []string{fmt.Sprintf("(unexpected message %T)", m)}
}

func (r *renderer) header() string {
	if len(r.fields) == 0 {
		return "(no columns)"
	}
	cols := make([]string, len(r.fields))
	for i, f := range r.fields {
		cols[i] = quoteIfAmbiguous(string(f.Name)) + ":" + typeName(f.DataTypeOID, f.TypeModifier)
	}
	return strings.Join(cols, " | ")
}

func (r *renderer) row(values [][]byte) string {
	if len(values) == 0 {
		return "(empty row)"
	}
	cells := make([]string, len(values))
	for i, v := range values {
		switch {
		case v == nil:
			cells[i] = null
		case i < len(r.fields) && r.fields[i].Format == pgproto3.BinaryFormat:
			cells[i] = "0x" + hex.EncodeToString(v)
		default:
			cells[i] = quoteIfAmbiguous(string(v))
		}
	}
	return strings.Join(cells, " | ")
}

// problem shows an ErrorResponse or NoticeResponse. File, line and routine of the
// server's source are left out.
func problem(e *pgproto3.ErrorResponse) []string {
	severity := e.Severity
	if e.SeverityUnlocalized != e.Severity {
		severity += "/" + e.SeverityUnlocalized
	}
	lines := []string{fmt.Sprintf("%s: %s: %s", severity, e.Code, oneLine(e.Message))}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+": "+oneLine(value))
		}
	}
	add("DETAIL", e.Detail)
	add("HINT", e.Hint)
	if e.Position != 0 {
		add("POSITION", strconv.Itoa(int(e.Position)))
	}
	if e.InternalPosition != 0 {
		add("INTERNAL POSITION", strconv.Itoa(int(e.InternalPosition)))
	}
	add("INTERNAL QUERY", e.InternalQuery)
	add("CONTEXT", e.Where)
	add("SCHEMA NAME", e.SchemaName)
	add("TABLE NAME", e.TableName)
	add("COLUMN NAME", e.ColumnName)
	add("DATATYPE NAME", e.DataTypeName)
	add("CONSTRAINT NAME", e.ConstraintName)
	return lines
}

func oneLine(s string) string {
	return strings.NewReplacer("\\", "\\\\", "\n", "\\n", "\r", "\\r", "\t", "\\t").Replace(s)
}

// looksLikeSyntax matches values that a reader of the file (or Parse) would take for something else.
var looksLikeSyntax = regexp.MustCompile(`^([A-Z]?(>|\||!|<<|=)|#|case |PG:|SEQD:|\.>|\.\.|\([a-z]|[A-Z ]+: |0x)| \| `)

// quoteIfAmbiguous keeps plain values plain and quotes the others as Go does.
func quoteIfAmbiguous(s string) string {
	quoted := strconv.Quote(s)
	plain := s != "" && s != null && s == strings.TrimSpace(s) && quoted == `"`+s+`"` && !looksLikeSyntax.MatchString(s)
	if plain {
		return s
	}
	return quoted
}
