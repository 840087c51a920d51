package session

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine"
	"seqd/protocol/sqlstate"
)

// script is a Conn that plays messages and notes the answers, one line a message.
type script struct {
	in      []pgproto3.FrontendMessage
	answers []string
	flushes int
	onEnd   func() error // what Receive does when the script is over
}

func (c *script) Receive() (pgproto3.FrontendMessage, error) {
	if len(c.in) == 0 && c.onEnd != nil {
		if err := c.onEnd(); err != nil {
			return nil, err
		}
	}
	if len(c.in) == 0 {
		return nil, io.EOF
	}
	msg := c.in[0]
	c.in = c.in[1:]
	return msg, nil
}

func (c *script) Send(msg pgproto3.BackendMessage) {
	line := strings.TrimPrefix(fmt.Sprintf("%T", msg), "*pgproto3.")
	switch m := msg.(type) {
	case *pgproto3.DataRow:
		for _, v := range m.Values {
			line += fmt.Sprintf(" %q", v)
		}
	case *pgproto3.CommandComplete:
		line += " " + string(m.CommandTag)
	case *pgproto3.ReadyForQuery:
		line += " " + string(m.TxStatus)
	case *pgproto3.ParameterStatus:
		line += " " + m.Name + "=" + m.Value
	}
	c.answers = append(c.answers, line)
}

func (c *script) SendError(e *sqlstate.Error) {
	c.answers = append(c.answers, fmt.Sprintf("%s %s %s", e.Severity, e.Code, e.Message))
}

func (c *script) Flush() error                    { c.flushes++; return nil }
func (c *script) Err() error                      { return nil }
func (c *script) InputWaiting() bool              { return len(c.in) > 0 }
func (c *script) Rouse()                          {}
func (c *script) LocalAddr() net.Addr             { return nil }
func (c *script) Roused() bool                    { return false }
func (c *script) SetReadDeadline(time.Time) error { return nil }

func open(t *testing.T, m *memory, c *script) *Session {
	t.Helper()
	s, err := New(Config{
		Backend: m, Conn: c, Statements: NewStatementCache(), Logger: slog.New(slog.DiscardHandler),
		PID: 7, User: "postgres", Database: "postgres",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// play runs messages through a fresh session over m and returns the answers after
// the greeting.
func play(t *testing.T, m *memory, in ...pgproto3.FrontendMessage) []string {
	t.Helper()
	c := &script{in: in}
	if _, err := open(t, m, c).Run(); err != io.EOF {
		t.Fatalf("the session ended with %v", err)
	}
	for i, a := range c.answers {
		if strings.HasPrefix(a, "ReadyForQuery") {
			return c.answers[i+1:]
		}
	}
	t.Fatal("no greeting")
	return nil
}

func simple(sql string) pgproto3.FrontendMessage { return &pgproto3.Query{String: sql} }

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestGreeting(t *testing.T) {
	c := &script{}
	if _, err := open(t, newMemory(), c).Run(); err != io.EOF {
		t.Fatal(err)
	}
	if n := len(c.answers); n != 15 || c.answers[n-2] != "BackendKeyData" || c.answers[n-1] != "ReadyForQuery I" || c.flushes != 1 {
		t.Errorf("%d flushes: %v", c.flushes, c.answers)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{User: "nobody", Database: "postgres"}, `FATAL: role "nobody" does not exist (SQLSTATE 28000)`},
		{Config{User: "postgres", Database: "nowhere"}, `FATAL: database "nowhere" does not exist (SQLSTATE 3D000)`},
		{Config{User: "postgres", Database: "postgres", Options: "-c work_mem=lots"}, `FATAL: invalid value for parameter "work_mem": "lots" (SQLSTATE 22023)`},
	} {
		c.cfg.Backend, c.cfg.Conn = newMemory(), &script{}
		if _, err := New(c.cfg); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestAnswersToAPipelineLeaveInOneWrite(t *testing.T) {
	c := &script{in: []pgproto3.FrontendMessage{simple("select 1"), simple("select 2"), simple("select 3")}}
	if _, err := open(t, newMemory(), c).Run(); err != io.EOF {
		t.Fatal(err)
	}
	// The greeting sees the script's input waiting, too, but is written by itself.
	if c.flushes != 2 {
		t.Errorf("%d flushes for a greeting and a pipeline of three", c.flushes)
	}
}

func TestImplicitTransactionOfSeveralStatements(t *testing.T) {
	m := newMemory()
	expect(t, play(t, m, simple("create sequence s; select nextval('s'); select 1/0"), simple("select nextval('s')")),
		"CommandComplete CREATE SEQUENCE", "RowDescription", `DataRow "1"`, "CommandComplete SELECT 1",
		"ERROR 22012 division by zero", "ReadyForQuery I",
		`ERROR 42P01 relation "s" does not exist`, "ReadyForQuery I")
}

func TestFailedTransactionHearsOnlyItsEnd(t *testing.T) {
	expect(t, play(t, newMemory(), simple("begin"), simple("create sequence s"), simple("nonsense"), simple("select 1"), simple("commit"), simple("select nextval('s')")),
		"CommandComplete BEGIN", "ReadyForQuery T",
		"CommandComplete CREATE SEQUENCE", "ReadyForQuery T",
		`ERROR 42601 syntax error at or near "nonsense"`, "ReadyForQuery E",
		"ERROR 25P02 current transaction is aborted, commands ignored until end of transaction block", "ReadyForQuery E",
		"CommandComplete ROLLBACK", "ReadyForQuery I",
		`ERROR 42P01 relation "s" does not exist`, "ReadyForQuery I")
}

func TestErrorSkipsToSync(t *testing.T) {
	expect(t, play(t, newMemory(),
		&pgproto3.Parse{Query: "nonsense"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Flush{}, &pgproto3.Sync{},
		simple("select 1")),
		`ERROR 42601 syntax error at or near "nonsense"`, "ReadyForQuery I",
		"RowDescription", `DataRow "1"`, "CommandComplete SELECT 1", "ReadyForQuery I")
}

func TestRowLimitSuspendsThePortal(t *testing.T) {
	expect(t, play(t, newMemory(), simple("create sequence s"),
		&pgproto3.Parse{Query: "select nextval('s') from generate_series(1, 3)"}, &pgproto3.Bind{},
		&pgproto3.Execute{MaxRows: 2}, &pgproto3.Execute{MaxRows: 2}, &pgproto3.Sync{}),
		"CommandComplete CREATE SEQUENCE", "ReadyForQuery I",
		"ParseComplete", "BindComplete", `DataRow "1"`, `DataRow "2"`, "PortalSuspended",
		`DataRow "3"`, "CommandComplete SELECT 1", "ReadyForQuery I")
}

// The short way for SELECT nextval('s') must suspend like any other query, and
// not draw again when it goes on.
func TestRowLimitOnTheShortWay(t *testing.T) {
	expect(t, play(t, newMemory(), simple("create sequence s"),
		&pgproto3.Parse{Query: "select nextval('s')"}, &pgproto3.Bind{},
		&pgproto3.Execute{MaxRows: 1}, &pgproto3.Execute{MaxRows: 1}, &pgproto3.Sync{}, simple("select nextval('s')")),
		"CommandComplete CREATE SEQUENCE", "ReadyForQuery I",
		"ParseComplete", "BindComplete", `DataRow "1"`, "PortalSuspended", "CommandComplete SELECT 0", "ReadyForQuery I",
		"RowDescription", `DataRow "2"`, "CommandComplete SELECT 1", "ReadyForQuery I")
}

// A block cached from a sequence that its own transaction created goes on after
// the commit.
func TestCachedBlockOutlivesItsCommit(t *testing.T) {
	expect(t, play(t, newMemory(), simple("begin; create sequence s cache 10; select nextval('s'); commit"), simple("select nextval('s')")),
		"CommandComplete BEGIN", "CommandComplete CREATE SEQUENCE", "RowDescription", `DataRow "1"`, "CommandComplete SELECT 1",
		"CommandComplete COMMIT", "ReadyForQuery I",
		"RowDescription", `DataRow "2"`, "CommandComplete SELECT 1", "ReadyForQuery I")
}

// A follower that is behind asks the leader before it says that a name does not
// exist, wherever names are looked up.
func TestNamesMadeElsewhereAreFound(t *testing.T) {
	for _, message := range [][]pgproto3.FrontendMessage{
		{simple("select nextval('s')")},
		{simple("select last_value from s")},
		{simple("alter sequence s cache 5")},
		{simple("drop sequence s")},
		{simple("select nextval(n::text) from (values ('s')) v(n)")},
		{simple("select n::regclass from (values ('s')) v(n)")},
		{simple("select 1/(to_regclass('s') is not null)::int")},
		{simple("select nextval(concat('s', ''))")},
		{&pgproto3.Parse{Query: "select nextval($1)"}, &pgproto3.Bind{Parameters: [][]byte{[]byte("s")}}, &pgproto3.Execute{}, &pgproto3.Sync{}},
	} {
		m := newMemory()
		m.catchUp = func() {
			m.catchUp = nil
			play(t, m, simple("create sequence s"))
		}
		answers := strings.Join(play(t, m, message...), "\n")
		if strings.Contains(answers, "ERROR") || m.catchUp != nil {
			t.Errorf("%T: %s", message[0], answers)
		}
	}
}

// However many names a statement misses, it asks the leader once.
func TestOneLookAgainPerStatement(t *testing.T) {
	m := newMemory()
	expect(t, play(t, m, simple("select count(to_regclass('s' || n)) from generate_series(1, 100) n; select to_regclass('s')")),
		"RowDescription", `DataRow "0"`, "CommandComplete SELECT 1",
		"RowDescription", "DataRow \"\"", "CommandComplete SELECT 1", "ReadyForQuery I")
	if m.asked != 2 {
		t.Errorf("two statements asked %d times", m.asked)
	}
}

// A standby does not call itself one in the greeting, which libpq would take for
// read-only; what changes afterwards is told as PostgreSQL tells of a promotion.
func TestRoleOfTheNode(t *testing.T) {
	m := newMemory()
	m.follows = true
	c := &script{in: []pgproto3.FrontendMessage{simple("show in_hot_standby"), simple("select pg_is_in_recovery()")}}
	turns := []struct{ follows, last bool }{{follows: false}, {follows: true}, {follows: true, last: true}}
	c.onEnd = func() error {
		turn := turns[0]
		turns = turns[1:]
		m.follows = turn.follows
		if turn.last {
			return io.EOF
		}
		c.in = append(c.in, simple("begin; set local work_mem = '1MB'"), simple("rollback"), simple("select pg_is_in_recovery()"))
		return nil
	}
	if _, err := open(t, m, c).Run(); err != io.EOF {
		t.Fatal(err)
	}
	var told []string
	for _, a := range c.answers {
		if strings.HasPrefix(a, "DataRow") || strings.Contains(a, "in_hot_standby") {
			told = append(told, a)
		}
	}
	expect(t, told, `DataRow "on"`, `DataRow "t"`,
		"ParameterStatus in_hot_standby=off", `DataRow "f"`,
		"ParameterStatus in_hot_standby=on", `DataRow "t"`)
}

// A node that is cut off answers from its catalog and says so once; or asks the leader
// first, and refuses if it can't, where seqd.max_staleness says so.
func TestStaleness(t *testing.T) {
	m := newMemory()
	play(t, m, simple("create sequence s"))
	m.follows, m.silence = true, 12340*time.Millisecond
	m.lost = sqlstate.New(sqlstate.CannotConnectNow, "no leader")
	ask := simple("select 's'::regclass")
	expect(t, play(t, m, simple("select 1"), ask, ask, simple("select nextval('s')")),
		"RowDescription", `DataRow "1"`, "CommandComplete SELECT 1", "ReadyForQuery I",
		"WARNING 01000 this node is cut off from the leader of its cluster",
		"RowDescription", `DataRow "s"`, "CommandComplete SELECT 1", "ReadyForQuery I",
		"RowDescription", `DataRow "s"`, "CommandComplete SELECT 1", "ReadyForQuery I",
		"RowDescription", `DataRow "1"`, "CommandComplete SELECT 1", "ReadyForQuery I")
	refused := "ERROR 57P03 the catalog of this node is older than seqd.max_staleness allows"
	expect(t, play(t, m, simple("set seqd.max_staleness = '12s'"), ask, simple("select nextval('s')"), simple("show seqd.max_staleness"),
		simple("set seqd.max_staleness = '1min'"), ask, simple("set seqd.max_staleness = 0"), ask),
		"CommandComplete SET", "ReadyForQuery I", refused, "ReadyForQuery I",
		"RowDescription", `DataRow "2"`, "CommandComplete SELECT 1", "ReadyForQuery I",
		"RowDescription", `DataRow "12s"`, "CommandComplete SHOW", "ReadyForQuery I",
		"CommandComplete SET", "ReadyForQuery I",
		"WARNING 01000 this node is cut off from the leader of its cluster",
		"RowDescription", `DataRow "s"`, "CommandComplete SELECT 1", "ReadyForQuery I",
		"CommandComplete SET", "ReadyForQuery I", refused, "ReadyForQuery I")
	m.silence, m.lost, m.asked = 0, nil, 0
	m.catchUp = func() {
		m.catchUp = nil
		play(t, m, simple("drop sequence s; create sequence s start 9"))
	}
	expect(t, play(t, m, simple("set seqd.max_staleness = 0"), simple("select start_value from pg_sequence_parameters('s'::regclass)")),
		"CommandComplete SET", "ReadyForQuery I",
		"RowDescription", `DataRow "9"`, "CommandComplete SELECT 1", "ReadyForQuery I")
	if m.asked != 1 {
		t.Errorf("asked %d times", m.asked)
	}
}

func TestStatementTimeoutAndCancel(t *testing.T) {
	m := newMemory()
	expect(t, play(t, m, simple("set statement_timeout = 20"), simple("select pg_sleep(60)"), simple("select 1")),
		"CommandComplete SET", "ReadyForQuery I",
		"RowDescription", "ERROR 57014 canceling statement due to statement timeout", "ReadyForQuery I",
		"RowDescription", `DataRow "1"`, "CommandComplete SELECT 1", "ReadyForQuery I")
	c := &script{in: []pgproto3.FrontendMessage{simple("select pg_sleep(60)")}}
	s := open(t, m, c)
	s.Cancel() // nothing runs: forgotten
	go func() {
		for s.interrupt.pending() == nil { // the statement may not have begun yet
			s.Cancel()
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := s.Run(); err != io.EOF {
		t.Fatal(err)
	}
	if got := c.answers[len(c.answers)-2]; got != "ERROR 57014 canceling statement due to user request" {
		t.Error(got)
	}
}

func TestLockTimeout(t *testing.T) {
	m := newMemory()
	play(t, m, simple("create sequence s"))
	m.lockBy[engine.SequenceID{Database: engine.PostgresDatabase, Sequence: m.oid}] = 99
	expect(t, play(t, m, simple("set lock_timeout = 20"), simple("drop sequence s")),
		"CommandComplete SET", "ReadyForQuery I",
		"ERROR 55P03 canceling statement due to lock timeout", "ReadyForQuery I")
}

func TestTerminate(t *testing.T) {
	cause := sqlstate.Fatalf(sqlstate.AdminShutdown, "terminating connection due to administrator command")
	t.Run("idle", func(t *testing.T) {
		c := &script{}
		s := open(t, newMemory(), c)
		c.onEnd = func() error { s.Terminate(cause); return io.ErrNoProgress }
		if _, err := s.Run(); err != cause {
			t.Error(err)
		}
		if got := c.answers[len(c.answers)-1]; got != "FATAL 57P01 terminating connection due to administrator command" {
			t.Error(got)
		}
	})
	t.Run("in a statement", func(t *testing.T) {
		c := &script{in: []pgproto3.FrontendMessage{simple("select pg_sleep(60)")}}
		s := open(t, newMemory(), c)
		go s.Terminate(cause)
		if _, err := s.Run(); err != cause {
			t.Error(err)
		}
		if got := c.answers[len(c.answers)-1]; got != "FATAL 57P01 terminating connection due to administrator command" {
			t.Error(got)
		}
	})
}

func TestPreparedStatementsAreBounded(t *testing.T) {
	in := make([]pgproto3.FrontendMessage, 0, maxPrepared+2)
	for i := range maxPrepared + 1 {
		in = append(in, &pgproto3.Parse{Name: fmt.Sprint("p", i), Query: "select 1"})
	}
	answers := play(t, newMemory(), append(in, &pgproto3.Sync{})...)
	if got := answers[maxPrepared]; !strings.HasPrefix(got, "ERROR 53400") {
		t.Error(got)
	}
}

func TestUnexpectedMessageEndsTheSession(t *testing.T) {
	c := &script{in: []pgproto3.FrontendMessage{&pgproto3.PasswordMessage{}}}
	if _, err := open(t, newMemory(), c).Run(); sqlstate.CodeOf(err) != sqlstate.ProtocolViolation {
		t.Error(err)
	}
}
