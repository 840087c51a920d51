// Package session is one client's conversation with the server: statements,
// portals, the transaction, settings, and what a session remembers of sequences
// (currval, lastval, cached blocks). It turns messages into calls of the engine
// and results into messages; it knows neither sockets nor raft.
package session

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/protocol/sqlstate"
	"seqd/server/audit"
	"seqd/server/session/settings"
)

// Conn is the message stream that a session talks over.
type Conn interface {
	// Receive returns the next message, valid until the next call.
	Receive() (pgproto3.FrontendMessage, error)
	// Send adds a message to the output, which Flush (or a full buffer) writes.
	Send(pgproto3.BackendMessage)
	// SendError adds an ErrorResponse, or a NoticeResponse for a lower severity.
	SendError(*sqlstate.Error)
	Flush() error
	// Err is the error that ended the output, nil while it works.
	Err() error
	// Await waits for input; Ahead is what has arrived and was not received, Skip takes
	// whole messages of it as received. Message is the last received one as it came.
	Await() error
	Ahead() []byte
	Skip(n int)
	Message() []byte
	// Output is what waits for Flush, in an array that has room for so many bytes more if
	// any has; SetOutput takes it back with messages added.
	Output(room int) []byte
	SetOutput([]byte)
	// InputWaiting tells whether another whole message has arrived already.
	InputWaiting() bool
	// Rouse ends an Await with os.ErrDeadlineExceeded, and makes Roused true once; any
	// goroutine may call it.
	Rouse()
	Roused() bool
	// SetReadDeadline bounds the wait for the next message; zero means no bound.
	SetReadDeadline(time.Time) error
	// LocalAddr is what the client connected to.
	LocalAddr() net.Addr
}

// malformed is Receive's error for a message whose body can't be read: the stream
// goes on behind it. extended messages are skipped up to Sync, others answered.
type malformed interface {
	error
	Extended() bool
	Unwrap() error
}

func asMalformed(err error) (malformed, bool) {
	var m malformed
	ok := errors.As(err, &m)
	return m, ok
}

// Config is what a session starts with.
type Config struct {
	Backend    Backend
	Conn       Conn
	Statements *StatementCache // shared by all sessions
	Logger     *slog.Logger
	// PID and Secret are the client's BackendKeyData. PID is also the owner of
	// the session's locks.
	PID    uint32
	Secret []byte
	User   string
	// Database that the client asked for.
	Database string
	// Options is the start-up parameter of that name: command-line switches, which
	// come before Parameters.
	Options string
	// Defaults are settings that the server's configuration gives; the client may
	// choose others.
	Defaults []settings.Parameter
	// Parameters are the remaining start-up parameters: initial settings.
	Parameters []settings.Parameter
	// ServerSettings are settings that the server decides: port, max_connections.
	ServerSettings map[string]string
	// Directory is where the sessions of this server know of each other.
	Directory *Directory
	// Address and Port are the client's, "" over a Unix socket; TLS is nil without.
	Address string
	Port    int
	TLS     *query.TLS
	// Access are the files that say who may log in; nil: there are none.
	Access AccessFiles
	// Audit takes what somebody will ask about later; nil: nobody will.
	Audit audit.Sink
}

// Session is one session. Run it in one goroutine; only Cancel and Terminate may
// be called from others.
type Session struct {
	backend  Backend
	conn     Conn
	cache    *StatementCache
	log      *slog.Logger
	pid      uint32
	secret   []byte
	user     *engine.Role // who logged in
	roles    roles
	warnings []*sqlstate.Error // of the start, to be told when it is done
	acting   *engine.Role      // for whom CREATE SCHEMA makes its elements, or nil
	database engine.OID
	dbName   string
	access   AccessFiles
	audit    audit.Sink
	address  string // of the client, as the audit log names it
	settings *settings.Set
	forced   inForce
	stale    bool // the client was warned that this node is cut off
	standby  bool // the client is served as by a standby: another node leads

	directory *Directory
	activity  activity

	interrupt *interrupt
	tx        transaction
	path      searchPath
	within    engine.OID      // the schema whose elements CREATE SCHEMA is making, or 0
	home      *engine.Catalog // the newest in which the session's database was found
	temp      *engine.Temp    // temporary objects; nil: none so far

	// Maps that are nil have nothing in them.
	prepared  map[string]*prepared
	portals   map[string]*portal
	cursors   map[string]*cursor   // of DECLARE; nil: none yet
	plans     map[string]*prepared // of simple queries, by text
	sequences map[engine.OID]*sequenceMemory
	lastUsed  *sequenceMemory // what lastval refers to
	advisory  advisoryLocks
	locks     lockNotes

	short *shortWay // nil: there was nothing for it yet
	// unnoted is the statement that runs, if pg_stat_activity need not show it as running
	// unless it has to wait.
	unnoted string

	// confirmed: ConfirmEpochs was asked since the message that is handled arrived.
	confirmed bool

	tally tally
	// unflushed: the answer to an earlier message of a pipeline is still here.
	unflushed bool
	// skipToSync: after an error in an extended query everything up to the next
	// Sync is read and thrown away.
	skipToSync  bool
	greeted     bool
	out         *rowWriter // see writer
	catalogRead bool       // the catalog was read for a query
	caughtUp    bool       // the current statement has asked the leader for the newest catalog
	statement   time.Time  // when the current statement began; zero: not asked yet
}

// New checks that user and database exist and returns a session that must Run.
// Its errors are FATAL, to be told to the client.
func New(cfg Config) (*Session, error) {
	s := &Session{
		backend: cfg.Backend, conn: cfg.Conn, cache: cfg.Statements, log: cfg.Logger,
		pid: cfg.PID, secret: cfg.Secret, dbName: cfg.Database, access: cfg.Access,
		audit: cfg.Audit, address: cmp.Or(cfg.Address, "[local]"),
		settings:  settings.New(),
		interrupt: newInterrupt(),
		sequences: map[engine.OID]*sequenceMemory{},
	}
	// Answers to a pipeline are written together, but never wait for a statement
	// that waits.
	s.interrupt.onWait = s.aboutToWait
	s.settings.ReadsAll = func() bool { return s.authority().Inherits(s.currentRole().OID, engine.PgReadAllSettings) }
	catalog := s.backend.Catalog()
	user, ok := catalog.Role(cfg.User)
	if !ok {
		return nil, sqlstate.Fatalf(sqlstate.InvalidAuthorization, "role \"%s\" does not exist", cfg.User)
	}
	db, ok := catalog.Database(cfg.Database)
	if !ok && s.backend.CatchUp(s.interrupt) == nil { // made on another node a moment ago?
		db, ok = s.backend.Catalog().Database(cfg.Database)
	}
	if !ok {
		return nil, sqlstate.Fatalf(sqlstate.InvalidCatalogName, "database \"%s\" does not exist", cfg.Database)
	}
	if err := admits(db); err != nil {
		return nil, err
	}
	who := engine.Access{Catalog: catalog, Database: db}
	if who.Has(user.OID, acl.Database, db.Owner, db.ACL, acl.Connect) == 0 {
		return nil, sqlstate.Fatalf(sqlstate.InsufficientPrivilege, "permission denied for database \"%s\"", db.Name).
			WithDetail("User does not have CONNECT privilege.")
	}
	s.user, s.database = user, db.OID
	if err := s.initialSettings(cfg); err != nil {
		return nil, err
	}
	s.introduce(cfg)
	return s, s.directory.admit(s, db, user)
}

func (s *Session) initialSettings(cfg Config) error {
	for name, value := range cfg.ServerSettings {
		s.settings.SetInternal(name, value)
	}
	s.settings.SetInternal("session_authorization", s.user.Name)
	if !s.user.Superuser {
		s.settings.SetInternal("is_superuser", "off")
	}
	for _, p := range cfg.Defaults {
		if err := s.settings.SetServer(p.Name, p.Value); err != nil {
			return err
		}
	}
	s.storedSettings()
	parameters, err := settings.ParseOptions(cfg.Options)
	for _, p := range append(parameters, cfg.Parameters...) {
		if err == nil {
			err = s.settings.SetBase(p.Name, p.Value)
		}
	}
	if err != nil {
		fatal := *sqlstate.From(err)
		fatal.Severity = sqlstate.SeverityFatal
		return &fatal
	}
	return nil
}

// Cancel interrupts the statement that is running, if any: a CancelRequest.
func (s *Session) Cancel() {
	s.interrupt.cancel(sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request"))
}

// Terminate ends the session with a FATAL error, in the middle of a statement if
// need be.
func (s *Session) Terminate(cause *sqlstate.Error) {
	s.interrupt.terminate(cause)
	_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // wakes an idle Receive
}

// Run serves the client until it leaves or the session is terminated. The error
// is nil for a normal goodbye. idle: the client has been silent for long, and Run must be
// called again when it has said something.
func (s *Session) Run() (idle bool, err error) {
	defer func() {
		if !idle {
			s.close()
		}
	}()
	if err := s.greet(); err != nil {
		return false, err
	}
	err = s.serve()
	return errors.Is(err, errIdle), err
}

func (s *Session) serve() error {
	for {
		msg, err := s.receive()
		if msg == nil && err == nil {
			continue // answered already
		}
		if _, ok := msg.(*pgproto3.Terminate); ok && err == nil {
			return nil
		}
		if err == nil {
			err = s.handle(msg)
		} else if broken, ok := asMalformed(err); ok {
			err = s.handleMalformed(broken)
		}
		if cause := s.interrupt.terminated(); cause != nil {
			return s.leave(cause)
		}
		if err == errIdle {
			return err
		}
		if err != nil {
			return s.leave(err)
		}
	}
}

// greet sends what PostgreSQL sends between authentication and the first query, once.
func (s *Session) greet() error {
	if s.greeted {
		return nil
	}
	s.greeted = true
	for _, w := range s.warnings {
		s.notice(w)
	}
	s.warnings = nil
	s.reportSettings()
	s.conn.Send(&pgproto3.BackendKeyData{ProcessID: s.pid, SecretKey: s.secret})
	s.readyForQuery()
	return s.conn.Flush()
}

func (s *Session) reportSettings() {
	s.noteRole()
	s.who() // keeps is_superuser in step
	s.settings.Report(func(name, value string) {
		if name == "application_name" {
			s.activity.named(value)
		}
		s.conn.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	})
}

// noteRole notes whether another node leads, which the client is told by
// in_hot_standby as of a promotion in PostgreSQL. At the start a standby does not say
// "on": libpq takes that for read-only, and every node accepts changes. Without a word
// it asks, for read-write with SHOW transaction_read_only and for primary and standby
// with pg_is_in_recovery().
func (s *Session) noteRole() {
	if leads := s.backend.Leads(); leads == s.standby {
		s.standby = !leads
		s.settings.SetFact("in_hot_standby", settings.OnOff(s.standby))
	}
}

// readyForQuery ends a query cycle; its Flush is the one write of the cycle.
func (s *Session) readyForQuery() {
	s.reportSettings()
	s.activity.rest(s.tx.status())
	s.conn.Send(&pgproto3.ReadyForQuery{TxStatus: s.tx.status()})
}

// receive waits for a message, at most as long as the idle timeouts allow. What
// serveHot has answered is no message: nil.
func (s *Session) receive() (pgproto3.FrontendMessage, error) {
	timeout := s.idleTimeout()
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
		if err := s.conn.SetReadDeadline(deadline); err != nil {
			return nil, err
		}
	}
	if !s.conn.InputWaiting() {
		s.confirmed = false // else the message was here already when it was asked
		s.tally.tell()
	}
	var msg pgproto3.FrontendMessage
	err := s.conn.Await()
	if err == nil {
		msg, err = s.next()
	} else if errors.Is(err, os.ErrDeadlineExceeded) && s.conn.Roused() {
		err = s.roused(deadline)
	}
	if cause := s.interrupt.terminated(); cause != nil {
		return nil, cause
	}
	if timeout > 0 {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, s.idleTooLong()
		}
		if err == nil {
			err = s.conn.SetReadDeadline(time.Time{})
		}
	}
	return msg, err
}

// next answers what has arrived, or receives it to be answered.
func (s *Session) next() (pgproto3.FrontendMessage, error) {
	if served, err := s.serveHot(); served || err != nil {
		return nil, err
	}
	s.forgetHot()
	return s.conn.Receive()
}

// aboutToWait writes finished answers before a statement waits. What the waiting
// statement itself has said so far stays here, as with PostgreSQL.
func (s *Session) aboutToWait() {
	if s.unnoted != "" {
		s.activity.begin(s.unnoted)
		s.unnoted = ""
	}
	if s.unflushed {
		s.unflushed = false
		_ = s.conn.Flush() // a broken connection shows at the next Receive
	}
}

// idleTimeout is how long the client may be silent now.
func (s *Session) idleTimeout() time.Duration {
	if s.tx.state == txBlock || s.tx.state == txFailed {
		return s.inForce().idleInTransaction
	}
	return s.inForce().idleTimeout
}

// idleTooLong is what a client is told that was silent for longer.
func (s *Session) idleTooLong() error {
	if s.tx.state == txBlock || s.tx.state == txFailed {
		return sqlstate.Fatalf(sqlstate.IdleInTransactionTimeout, "terminating connection due to idle-in-transaction timeout")
	}
	return sqlstate.Fatalf(sqlstate.IdleSessionTimeout, "terminating connection due to idle-session timeout")
}

// leave tells the client why the session ends, if it is still there to hear it.
func (s *Session) leave(err error) error {
	var e *sqlstate.Error
	if errors.As(err, &e) {
		fatal := *e
		fatal.Severity = sqlstate.SeverityFatal
		s.directory.failed(fatal.Code)
		s.conn.SendError(&fatal)
		_ = s.conn.Flush() // the client may be gone
	}
	return err
}

func (s *Session) close() {
	defer s.directory.remove(s)
	s.abort()
	s.advisoryUnlockAll()
	s.backend.Unlock(uint64(s.pid))
}

// notice tells the client something that is not an error, if it wants to hear it.
func (s *Session) notice(n *sqlstate.Error) {
	level, _ := s.settings.Get("client_min_messages")
	switch {
	case level == "error", level == "warning" && n.Severity != sqlstate.SeverityWarning:
		return
	}
	s.conn.SendError(n)
}

// explain turns an error of a wait that was interrupted into the reason of the
// interruption, and anything that is no *sqlstate.Error into XX000.
func (s *Session) explain(err error) *sqlstate.Error {
	if errors.Is(err, context.Canceled) {
		if cause := s.interrupt.pending(); cause != nil {
			return cause
		}
	}
	return sqlstate.From(err)
}
