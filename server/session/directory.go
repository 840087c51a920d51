package session

import (
	"cmp"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
	"seqd/server/session/settings"
)

// Directory is the sessions of one server: what pg_stat_activity shows, and whom
// pg_cancel_backend reaches.
type Directory struct {
	started time.Time
	// LogWritten is what the node has written to its log; nil: it has none.
	LogWritten func() query.LogStatistics
	// ClusterID is the name of the node's cluster; nil: it has none.
	ClusterID func() string
	// clock is the time that sessions note, a few milliseconds old at the most:
	// reading a clock twice a statement would be a tenth of what one costs.
	clock atomic.Int64
	xids  transactionIDs
	// settings are lists that sessions have in common.
	settings settings.Shared

	mu       sync.Mutex
	sessions map[int32]*Session
	// snapshots are those that transactions have exported, with their databases;
	// exported counts them.
	snapshots map[string]engine.OID
	exported  uint32
	stop      chan struct{}                       // ends the clock; nil while it stands
	errors    map[string]uint64                   // that clients were told, by class
	gone      struct{ statements, values uint64 } // of sessions that have ended
}

// failed counts an error that a client is told.
func (d *Directory) failed(code sqlstate.Code) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.errors[string(code[:2])]++
}

// Errors is how many errors clients were told, by the class of their SQLSTATE.
func (d *Directory) Errors() map[string]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.errors)
}

// clockEvery is how often the clock moves while there are sessions.
const clockEvery = 5 * time.Millisecond

// NewDirectory returns a Directory of no sessions.
func NewDirectory() *Directory {
	d := &Directory{started: time.Now(), sessions: map[int32]*Session{}, errors: map[string]uint64{}}
	d.clock.Store(d.started.UnixMicro())
	d.xids.begin(d.started)
	return d
}

// admit makes a session known, unless its database has as many as it may have already.
// Superusers get in all the same.
func (d *Directory) admit(s *Session, db *engine.Database, user *engine.Role) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if db.ConnectionLimit >= 0 && !user.Superuser {
		n := int32(1)
		for _, other := range d.sessions {
			if other.database == db.OID {
				n++
			}
		}
		if n > db.ConnectionLimit {
			return sqlstate.Fatalf(sqlstate.TooManyConnections, "too many connections for database \"%s\"", db.Name)
		}
	}
	d.sessions[int32(s.pid)] = s
	d.clock.Store(time.Now().UnixMicro())
	if d.stop == nil {
		d.stop = make(chan struct{})
		go d.run(d.stop)
	}
	return nil
}

func (d *Directory) remove(s *Session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sessions[int32(s.pid)] == s {
		delete(d.sessions, int32(s.pid))
		d.gone.statements += s.tally.statements
		d.gone.values += s.tally.values
	}
	if len(d.sessions) == 0 && d.stop != nil {
		close(d.stop)
		d.stop = nil
	}
}

func (d *Directory) run(stop chan struct{}) {
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	check := time.NewTicker(idleCheck)
	defer check.Stop()
	for {
		select {
		case now := <-tick.C:
			d.clock.Store(now.UnixMicro())
		case now := <-check.C:
			d.RouseIdle(now.Add(-idleLong))
		case <-stop:
			return
		}
	}
}

// Activity implements query.Host.
func (d *Directory) Activity() []query.Activity {
	d.mu.Lock()
	sessions := make([]*Session, 0, len(d.sessions))
	for _, s := range d.sessions {
		sessions = append(sessions, s)
	}
	d.mu.Unlock()
	list := make([]query.Activity, len(sessions))
	waits := map[int32]string{}
	for _, l := range d.Locks() {
		if !l.Granted {
			waits[l.PID] = l.Type
		}
	}
	for i, s := range sessions {
		list[i] = s.activity.show()
		if what := waits[list[i].PID]; what != "" && list[i].State == "active" {
			list[i].WaitType, list[i].Wait = "Lock", what
		}
	}
	slices.SortFunc(list, func(a, b query.Activity) int { return cmp.Compare(a.PID, b.PID) })
	return list
}

// Cancel implements query.Host.
func (d *Directory) Cancel(pid int32) bool {
	s := d.find(pid)
	if s != nil {
		s.Cancel()
	}
	return s != nil
}

// Terminate implements query.Host.
func (d *Directory) Terminate(pid int32) bool {
	s := d.find(pid)
	if s != nil {
		s.Terminate(sqlstate.Fatalf(sqlstate.AdminShutdown, "terminating connection due to administrator command"))
	}
	return s != nil
}

func (d *Directory) find(pid int32) *Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sessions[pid]
}

// Log implements query.Host.
func (d *Directory) Log() query.LogStatistics {
	if d.LogWritten == nil {
		return query.LogStatistics{}
	}
	return d.LogWritten()
}

// StartTime implements query.Host.
func (d *Directory) StartTime() int64 { return d.started.UnixMicro() }

// SystemIdentifier implements query.Host: a number made of the cluster's ID.
func (d *Directory) SystemIdentifier() int64 {
	h := fnv.New64a()
	if d.ClusterID != nil {
		_, _ = io.WriteString(h, d.ClusterID())
	}
	return int64(h.Sum64() &^ (1 << 63))
}

// activity is what a session tells of itself. Its own goroutine writes it, any reads it.
type activity struct {
	clock *atomic.Int64

	mu     sync.Mutex
	now    query.Activity
	roused int64 // the Change at which the session was last found idle for long
}

const stateIdle = "idle"

// begin notes that a statement runs.
func (a *activity) begin(text string) {
	a.mu.Lock()
	a.began(text)
	a.mu.Unlock()
}

func (a *activity) began(text string) {
	now := a.clock.Load()
	a.now.Text, a.now.State, a.now.Query, a.now.Change = text, "active", now, now
	if a.now.Transaction == 0 {
		a.now.Transaction = now
		a.now.VirtualID++
	}
}

// ran notes a statement that is over already: begin and rest. That it ran once more at the
// same time of the clock makes no difference.
func (a *activity) ran(text string, status byte) {
	if n := &a.now; status == 'I' && n.State == stateIdle && n.Query == a.clock.Load() && n.Change == n.Query && n.Text == text {
		return
	}
	a.mu.Lock()
	a.began(text)
	a.rests(status)
	a.mu.Unlock()
}

// rest notes that the session waits for its client.
func (a *activity) rest(status byte) {
	a.mu.Lock()
	a.rests(status)
	a.mu.Unlock()
}

func (a *activity) rests(status byte) {
	a.now.Change = a.clock.Load()
	switch status {
	case 'T':
		a.now.State = "idle in transaction"
	case 'E':
		a.now.State = "idle in transaction (aborted)"
	default:
		a.now.State, a.now.Transaction = stateIdle, 0
	}
}

// named notes application_name.
func (a *activity) named(application string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now.Application = application
}

func (a *activity) show() query.Activity {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now
	now.Text = parser.HidePasswords(now.Text)
	if now.State != "active" { // as PostgreSQL says of one that waits for its client
		now.WaitType, now.Wait = "Client", "ClientRead"
	}
	return now
}

// introduce starts the session's entry.
func (s *Session) introduce(cfg Config) {
	if s.directory = cfg.Directory; s.directory == nil {
		s.directory = NewDirectory()
	}
	s.activity.clock = &s.directory.clock
	start := time.Now().UnixMicro()
	name, _ := s.settings.Get("application_name")
	s.activity.now = query.Activity{
		PID: int32(s.pid), Database: s.database, Role: s.user.OID, Application: name,
		Address: cfg.Address, Port: int32(cfg.Port), TLS: cfg.TLS, Start: start, Change: start, State: "idle",
	}
}

// preparedStatements are the session's named ones, by name.
func (s *Session) preparedStatements() []query.PreparedStatement {
	var list []query.PreparedStatement
	for name, p := range s.prepared {
		if name != "" {
			list = append(list, query.PreparedStatement{Name: name, Text: p.text, Time: p.made, Params: p.params, FromSQL: p.fromSQL})
		}
	}
	slices.SortFunc(list, func(a, b query.PreparedStatement) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

var _ query.Host = (*Directory)(nil)

// others counts the sessions in a database but one.
func (d *Directory) others(database engine.OID, except *Session) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		if s.database == database && s != except {
			n++
		}
	}
	return n
}

// terminateWait is how long terminate waits for sessions to end.
const terminateWait = 5 * time.Second

// terminate ends the sessions in a database but one.
func (d *Directory) terminate(database engine.OID, except *Session) {
	d.mu.Lock()
	for _, s := range d.sessions {
		if s.database == database && s != except {
			s.Terminate(sqlstate.Fatalf(sqlstate.AdminShutdown, "terminating connection due to administrator command"))
		}
	}
	d.mu.Unlock()
	for end := time.Now().Add(terminateWait); d.others(database, except) > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}
