package scenario

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/e2e/wireclient"
)

// newMessage makes the messages that a file may send, by name.
var newMessage = map[string]func() pgproto3.FrontendMessage{
	"Bind":           func() pgproto3.FrontendMessage { return &pgproto3.Bind{} },
	"CancelRequest":  func() pgproto3.FrontendMessage { return &pgproto3.CancelRequest{} },
	"Close":          func() pgproto3.FrontendMessage { return &pgproto3.Close{} },
	"CopyData":       func() pgproto3.FrontendMessage { return &pgproto3.CopyData{} },
	"CopyDone":       func() pgproto3.FrontendMessage { return &pgproto3.CopyDone{} },
	"CopyFail":       func() pgproto3.FrontendMessage { return &pgproto3.CopyFail{} },
	"Describe":       func() pgproto3.FrontendMessage { return &pgproto3.Describe{} },
	"Execute":        func() pgproto3.FrontendMessage { return &pgproto3.Execute{} },
	"Flush":          func() pgproto3.FrontendMessage { return &pgproto3.Flush{} },
	"FunctionCall":   func() pgproto3.FrontendMessage { return &pgproto3.FunctionCall{} },
	"GSSEncRequest":  func() pgproto3.FrontendMessage { return &pgproto3.GSSEncRequest{} },
	"Parse":          func() pgproto3.FrontendMessage { return &pgproto3.Parse{} },
	"Query":          func() pgproto3.FrontendMessage { return &pgproto3.Query{} },
	"SSLRequest":     func() pgproto3.FrontendMessage { return &pgproto3.SSLRequest{} },
	"StartupMessage": func() pgproto3.FrontendMessage { return &pgproto3.StartupMessage{} },
	"Sync":           func() pgproto3.FrontendMessage { return &pgproto3.Sync{} },
	"Terminate":      func() pgproto3.FrontendMessage { return &pgproto3.Terminate{} },
}

// batch is what the lines of one wire step send in one write, and what that asks for.
type batch struct {
	bytes []byte
	// ready is the number of ReadyForQuery that answer it when nothing fails, 0 if unknown.
	ready int
	// asks is the code of an SSLRequest or GSSENCRequest, which a single byte answers.
	asks uint32
	raw  bool
}

// parseBatch reads lines of the form `Name {json}`, `raw "bytes"`, or `raw T "body"`.
func parseBatch(lines []string) (b batch, err error) {
	for _, line := range lines {
		name, body, _ := strings.Cut(line, " ")
		if name == "raw" {
			if b.bytes, err = appendRaw(b.bytes, body); err != nil {
				return b, fmt.Errorf("%s: %w", line, err)
			}
			b.raw = true
			continue
		}
		make, ok := newMessage[name]
		if !ok {
			return b, fmt.Errorf("no message %q", name)
		}
		m := make()
		if body != "" {
			if err := json.Unmarshal([]byte(body), m); err != nil {
				return b, fmt.Errorf("%s: %w", line, err)
			}
		}
		if b.bytes, err = m.Encode(b.bytes); err != nil {
			return b, fmt.Errorf("%s: %w", line, err)
		}
		switch name {
		case "Query", "Sync", "FunctionCall", "StartupMessage":
			b.ready++
		}
	}
	if b.raw {
		b.ready = 0
	}
	b.asks = encryptionRequest(b.bytes)
	return b, nil
}

// appendRaw appends the bytes of a Go string; with a type in front of it, as the
// body of a message of that type and the right length.
func appendRaw(dst []byte, s string) ([]byte, error) {
	quoted := s
	typed := len(s) > 2 && s[1] == ' '
	if typed {
		quoted = s[2:]
	}
	body, err := strconv.Unquote(quoted)
	if err != nil {
		return nil, err
	}
	if typed {
		dst = append(dst, s[0])
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)+4))
	}
	return append(dst, body...), nil
}

// encryptionRequest is the code of the SSLRequest or GSSENCRequest that b starts with, or 0.
func encryptionRequest(b []byte) uint32 {
	if len(b) < 8 || binary.BigEndian.Uint32(b) != 8 {
		return 0
	}
	switch code := binary.BigEndian.Uint32(b[4:]); code {
	case 80877103, 80877104:
		return code
	}
	return 0
}

var (
	volatileOID = regexp.MustCompile(`"TableOID":[1-9]\d*`)
	emptyField  = regexp.MustCompile(`,"\w+":(""|0|null|\{\})`)
)

// messageLine is a message of the server as a line: its name, and its JSON with
// what differs from run to run masked.
func messageLine(m pgproto3.BackendMessage) string {
	name := reflect.TypeOf(m).Elem().Name()
	switch m := m.(type) {
	case *pgproto3.BackendKeyData:
		return fmt.Sprintf(`%s {"ProcessID":"…","SecretKey":"%d bytes"}`, name, len(m.SecretKey))
	case *pgproto3.ParameterStatus:
		if m.Name == "server_version" && strings.HasPrefix(m.Value, "15.") {
			m.Value = "15.…"
		}
	case *pgproto3.ErrorResponse:
		m.File, m.Line, m.Routine = "", 0, ""
	case *pgproto3.NoticeResponse:
		m.File, m.Line, m.Routine = "", 0, ""
	}
	var body []byte
	var err error
	if n, ok := m.(*pgproto3.NoticeResponse); ok {
		body, err = json.Marshal((*pgproto3.ErrorResponse)(n))
	} else {
		body, err = json.Marshal(m)
	}
	if err != nil {
		return fmt.Sprintf("%s (%v)", name, err)
	}
	text := string(body)
	if i := strings.Index(text, ","); strings.HasPrefix(text, `{"Type":`) && i >= 0 {
		text = "{" + text[i+1:]
	} else {
		return name // no field but its type
	}
	switch m.(type) {
	case *pgproto3.ErrorResponse, *pgproto3.NoticeResponse:
		text = emptyField.ReplaceAllString(text, "")
	}
	return name + " " + volatileOID.ReplaceAllString(text, `"TableOID":"…"`)
}

// wire plays a wire step: one write, then all that comes back.
func (p *player) wire(s *Step, sess *session) ([]string, error) {
	b, err := parseBatch(strings.Split(s.SQL, "\n"))
	if err != nil {
		return nil, err
	}
	if err := sess.conn.SendRaw(b.bytes); err != nil {
		return nil, err
	}
	sess.raw = sess.raw || b.raw
	var out []string
	// A second request of a kind is, to PostgreSQL, a start-up packet of an odd version.
	if b.asks != 0 && !slices.Contains(sess.asked, b.asks) {
		sess.asked = append(sess.asked, b.asks)
		c, err := sess.conn.ReceiveByte()
		if errors.Is(err, wireclient.ErrClosed) {
			return p.closed(s.Session, sess, nil)
		}
		out = append(out, "byte "+strconv.QuoteRune(rune(c)))
		if err != nil || len(b.bytes) == 8 {
			return out, err
		}
	}
	params := 0 // length of the run of ParameterStatus at the end of out
	for {
		m, err := sess.conn.Receive(p.patience(s, b, len(out)))
		switch {
		case errors.Is(err, wireclient.ErrClosed):
			return p.closed(s.Session, sess, out)
		case errors.Is(err, wireclient.ErrNotMessage):
			return p.closed(s.Session, sess, append(out, "(no message of protocol 3)"))
		case errors.Is(err, os.ErrDeadlineExceeded):
			return out, nil
		case err != nil:
			return out, err
		}
		out = append(out, messageLine(m))
		// Their order is no part of the protocol.
		if _, ok := m.(*pgproto3.ParameterStatus); ok {
			params++
			slices.Sort(out[len(out)-params:])
		} else {
			params = 0
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			if b.ready--; b.ready == 0 {
				return out, nil
			}
		}
	}
}

// patience is how long a wire step waits for one more message. Without a
// ReadyForQuery to wait for, only silence tells that the answer is complete.
func (p *player) patience(s *Step, b batch, have int) time.Duration {
	switch {
	case p.mode.Record && b.ready > 0:
		return 2 * time.Second
	case p.mode.Record:
		return waitingTime
	case have < len(s.Want(p.mode.Seqd)):
		return 3 * time.Second
	default:
		return 30 * time.Millisecond
	}
}

func (p *player) closed(name string, sess *session, out []string) ([]string, error) {
	delete(p.sessions, name)
	return append(out, "(connection closed)"), sess.conn.Close()
}
