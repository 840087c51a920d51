package scenario

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/e2e/wireclient"
)

// Env is a fresh server for one case.
type Env interface {
	Addr() string
	Crash() error   // kill -9, and a new start on the same data
	Restart() error // a clean stop, and a new start
	Close() error
}

// waiting is the output of a statement without an answer.
const waiting = "(waiting)"

// waitingTime is how long a statement must stay without an answer to count as waiting.
const waitingTime = 300 * time.Millisecond

// Mode says for whom a case is played.
type Mode struct {
	Seqd   bool // against seqd, not PostgreSQL
	Record bool // with no expectation of the answers
	// Switch, if not nil, is called before a step of another session than the last.
	Switch func() error
}

// Run plays a case and returns the output of each step. An error means that the
// play could not go on; outputs up to there are returned.
func Run(c *Case, env Env, mode Mode) ([][]string, error) {
	p := &player{env: env, mode: mode, sessions: map[string]*session{}}
	defer p.closeAll()
	var outs [][]string
	var last string
	for _, s := range c.Steps {
		if !s.Runs(mode.Seqd) {
			outs = append(outs, []string{NotRun})
			continue
		}
		if mode.Switch != nil && s.Session != last {
			last = s.Session
			if err := mode.Switch(); err != nil {
				return outs, fmt.Errorf("line %d: %w", s.Line, err)
			}
		}
		out, err := p.step(s)
		outs = append(outs, out)
		if err != nil {
			return outs, fmt.Errorf("line %d: %s: %w", s.Line, s.Input()[0], err)
		}
	}
	return outs, nil
}

// player holds the sessions of a running case.
type player struct {
	env      Env
	mode     Mode
	sessions map[string]*session
	order    []string
}

type session struct {
	conn   *wireclient.Conn
	render *renderer
	asked  []uint32 // SSLRequest and GSSENCRequest, once answered
	raw    bool     // bytes were sent that may be no whole message
	held   []string // lines of a statement that waits: when they are sent is no matter
}

// end closes the session, politely where the server can understand it.
func (s *session) end() {
	if s.raw {
		_ = s.conn.Close()
		return
	}
	s.conn.Terminate()
}

func (p *player) closeAll() {
	for _, name := range p.order {
		if s := p.sessions[name]; s != nil {
			s.end()
		}
	}
	p.sessions, p.order = map[string]*session{}, nil
}

func (p *player) step(s *Step) ([]string, error) {
	if s.Kind == Action {
		return p.action(s)
	}
	sess, out, err := p.session(s.Session, nil)
	if err != nil || sess == nil {
		return out, err
	}
	switch s.Kind {
	case Query:
		err = sess.conn.Send(&pgproto3.Query{String: s.SQL})
	case Send:
		if err := sess.conn.Send(&pgproto3.Query{String: s.SQL}); err != nil {
			return nil, err
		}
		if want := s.Want(p.mode.Seqd); !p.mode.Record && !slices.Equal(want, []string{waiting}) {
			return p.collect(s.Session, sess, wireclient.Timeout)
		}
		return p.collect(s.Session, sess, waitingTime)
	case Extended:
		return p.extended(s, sess)
	case Wire:
		return p.wire(s, sess)
	}
	if err != nil {
		return nil, err
	}
	return p.collect(s.Session, sess, wireclient.Timeout)
}

// session returns the session of that name, opening it on first use. When the
// server refuses it, the session is nil and out says what the server said.
func (p *player) session(name string, params map[string]string) (sess *session, out []string, err error) {
	if s := p.sessions[name]; s != nil {
		return s, nil, nil
	}
	startup := map[string]string{"user": "postgres", "database": "postgres"}
	for k, v := range params {
		startup[k] = v
	}
	conn, msgs, err := wireclient.Connect(p.env.Addr(), startup)
	if errors.Is(err, wireclient.ErrClosed) && conn != nil {
		r := &renderer{status: 'I'}
		for _, m := range msgs {
			if _, ok := m.(*pgproto3.ErrorResponse); ok {
				out = append(out, r.message(m)...)
			}
		}
		return nil, append(out, "(connection closed)"), conn.Close()
	}
	if err != nil {
		return nil, nil, err
	}
	return p.add(name, conn), nil, nil
}

// open connects and sends no start-up packet.
func (p *player) open(name string) error {
	conn, err := wireclient.Dial(p.env.Addr())
	if err == nil {
		p.add(name, conn)
	}
	return err
}

func (p *player) add(name string, conn *wireclient.Conn) *session {
	s := &session{conn: conn, render: &renderer{status: 'I'}}
	p.sessions[name] = s
	p.order = append(p.order, name)
	return s
}

// collect reads up to ReadyForQuery. After patience without a message a Query
// counts as waiting; the end of the connection is shown, and ends the session.
func (p *player) collect(name string, sess *session, patience time.Duration) ([]string, error) {
	out := append([]string{}, sess.held...)
	sess.held = nil
	for {
		m, err := sess.conn.Receive(patience)
		switch {
		case errors.Is(err, wireclient.ErrClosed):
			return p.closed(name, sess, out)
		case errors.Is(err, os.ErrDeadlineExceeded) && patience == waitingTime:
			sess.held = out
			return []string{waiting}, nil
		case err != nil:
			return out, err
		}
		out = append(out, sess.render.message(m)...)
		switch m.(type) {
		case *pgproto3.ReadyForQuery:
			return out, nil
		case *pgproto3.CopyInResponse:
			if err := sess.conn.Send(&pgproto3.CopyFail{Message: "no rows"}); err != nil {
				return out, err
			}
		}
	}
}

func (p *player) action(s *Step) ([]string, error) {
	verb, rest, _ := strings.Cut(s.SQL, " ")
	if s.Session == "" {
		return nil, p.serverAction(s.SQL)
	}
	if verb == "open" || verb == "connect" {
		if p.sessions[s.Session] != nil {
			return nil, fmt.Errorf("session %s is connected", s.Session)
		}
		if verb == "open" {
			return nil, p.open(s.Session)
		}
		params := map[string]string{}
		for _, kv := range strings.Fields(rest) {
			k, v, _ := strings.Cut(kv, "=")
			params[k] = v
		}
		_, out, err := p.session(s.Session, params)
		return out, err
	}
	sess := p.sessions[s.Session]
	if sess == nil {
		return nil, fmt.Errorf("session %s is not connected", s.Session)
	}
	switch verb {
	case "disconnect":
		sess.conn.Terminate()
		delete(p.sessions, s.Session)
		return nil, nil
	case "cancel":
		return nil, wireclient.Cancel(p.env.Addr(), sess.conn.PID, sess.conn.SecretKey)
	}
	return nil, fmt.Errorf("no such action")
}

func (p *player) serverAction(verb string) error {
	switch verb {
	case "crash":
		// Sessions stay connected until then: an open transaction must be open when it comes.
		err := p.env.Crash()
		for _, s := range p.sessions {
			_ = s.conn.Close()
		}
		p.sessions, p.order = map[string]*session{}, nil
		return err
	case "restart":
		p.closeAll()
		return p.env.Restart()
	}
	return fmt.Errorf("no such action")
}
