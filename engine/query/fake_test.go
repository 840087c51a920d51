package query

import (
	"fmt"
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/sequence"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// fakeSession is a session over sequences s, "Weird Name" and sc.q, without raft
// and caches: enough to see what evaluation asks of a session.
type fakeSession struct {
	catalog  *engine.Catalog
	db       *engine.Database
	states   map[engine.OID]*sequence.State
	last     engine.OID
	cur      map[engine.OID]int64
	settings map[string]string
	calls    int              // of NextVal
	looks    int              // of LookAgain
	newer    *engine.Database // what LookAgain finds
	rows     int              // of Interrupted
	stop     bool
	limit    int // cancel after that many looks, 0 for never
}

// LookAgain finds nothing new, unless a test put it there.
func (f *fakeSession) LookAgain(_ *engine.Catalog, missing error) (bool, error) {
	f.looks++
	if f.newer == nil {
		return false, missing
	}
	f.db = f.newer
	return true, nil
}

const (
	seqS     engine.OID = 16400
	seqWeird engine.OID = 16401
	seqSmall engine.OID = 16402
)

func newFakeSession() *fakeSession {
	f := &fakeSession{states: map[engine.OID]*sequence.State{}, cur: map[engine.OID]int64{}, settings: map[string]string{
		"server_version": "15.0", "search_path": `"$user", public`, "timezone": "UTC", "seqd.x": "y",
	}}
	tx := engine.Begin(engine.NewCatalog(), engine.PostgresDatabase)
	for oid, name := range map[engine.OID]string{seqS: "s", seqWeird: "Weird Name", seqSmall: "small"} {
		var opts []engine.Option
		if name == "small" {
			opts = append(opts, engine.Option{Kind: engine.OptionMaxValue, Value: "3"})
		}
		d, err := engine.CreateOptions(opts)
		if err != nil {
			panic(err)
		}
		if err := tx.CreateSequence(engine.NewSequence{OID: oid, Schema: engine.PublicNamespace, Name: name,
			Owner: engine.BootstrapSuperuser, Persistence: engine.Permanent, Definition: d}); err != nil {
			panic(err)
		}
		st := d.State
		f.states[oid] = &st
	}
	f.catalog, f.db = tx.Catalog(), tx.Database()
	return f
}

func (f *fakeSession) Catalog() *engine.Catalog               { return f.catalog }
func (f *fakeSession) Database() *engine.Database             { return f.db }
func (f *fakeSession) FetchSearchPath() ([]engine.OID, error) { return f.SearchPath(), nil }

func (f *fakeSession) SearchPath() []engine.OID {
	return []engine.OID{engine.PgCatalogNamespace, engine.PublicNamespace}
}

func (f *fakeSession) sequence(oid engine.OID) (*engine.Sequence, *sequence.State, error) {
	seq, ok := f.db.SequenceByOID(oid)
	if !ok {
		return nil, nil, sqlstate.Errorf(sqlstate.InternalError, "could not open relation with OID %d", oid)
	}
	return seq, f.states[oid], nil
}

func (f *fakeSession) NextVal(oid engine.OID) (int64, error) {
	f.calls++
	seq, st, err := f.sequence(oid)
	if err != nil {
		return 0, err
	}
	fetch, err := sequence.Next(seq.Params, *st, sequence.LogVals, false)
	if err != nil {
		return 0, engine.LimitReached(seq, err)
	}
	*st = fetch.State
	f.last, f.cur[oid] = oid, st.LastValue
	return st.LastValue, nil
}

func (f *fakeSession) CurrVal(oid engine.OID) (int64, error) {
	seq, _, err := f.sequence(oid)
	if err != nil {
		return 0, err
	}
	v, ok := f.cur[oid]
	if !ok {
		return 0, sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, `currval of sequence "%s" is not yet defined in this session`, seq.Name)
	}
	return v, nil
}

func (f *fakeSession) LastVal() (int64, error) {
	if f.last == 0 {
		return 0, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "lastval is not yet defined in this session")
	}
	return f.cur[f.last], nil
}

func (f *fakeSession) SetVal(oid engine.OID, v int64, called bool) (int64, error) {
	seq, st, err := f.sequence(oid)
	if err != nil {
		return 0, err
	}
	if err := engine.CheckSetVal(seq, v); err != nil {
		return 0, err
	}
	*st = sequence.State{LastValue: v, IsCalled: called}
	if called {
		f.cur[oid] = v
	}
	return v, nil
}

func (f *fakeSession) SequenceState(oid engine.OID) (sequence.State, error) {
	_, st, err := f.sequence(oid)
	if err != nil {
		return sequence.State{}, err
	}
	return *st, nil
}

func (f *fakeSession) MayUse(engine.OID) bool                 { return true }
func (f *fakeSession) Allow(engine.OID, acl.Privileges) error { return nil }

func (f *fakeSession) Setting(name string) (string, error) {
	v, ok := f.settings[strings.ToLower(name)]
	if !ok {
		return "", sqlstate.Errorf(sqlstate.UndefinedObject, "unrecognized configuration parameter \"%s\"", name)
	}
	return v, nil
}
func (f *fakeSession) AdvisoryLock(engine.LockKey, AdvisoryRequest) (bool, error) { return true, nil }
func (f *fakeSession) AdvisoryUnlock(engine.LockKey, bool) bool                   { return true }
func (f *fakeSession) AdvisoryUnlockAll()                                         {}
func (f *fakeSession) AllSettings() [][]pgtypes.Value                             { return nil }
func (f *fakeSession) ResetSetting(name string, _ bool) (string, error) {
	delete(f.settings, name)
	return "", nil
}
func (f *fakeSession) SetSetting(name, v string, _ bool) (string, error) {
	f.settings[name] = v
	return v, nil
}
func (f *fakeSession) TransactionID(bool) uint64               { return 3 }
func (f *fakeSession) Host() Host                              { return fakeHost{} }
func (f *fakeSession) ExportSnapshot() (string, error)         { return "", nil }
func (f *fakeSession) PreparedStatements() []PreparedStatement { return nil }
func (f *fakeSession) Cursors() []Cursor                       { return nil }
func (f *fakeSession) Notice(*sqlstate.Error)                  {}

// fakeHost is a server with this one session.
type fakeHost struct{}

func (fakeHost) Activity() []Activity {
	return []Activity{{PID: 4711, Database: 5, Role: 10, State: "active"}}
}
func (fakeHost) Locks() []Lock                            { return nil }
func (fakeHost) Cancel(int32) bool                        { return true }
func (fakeHost) Terminate(int32) bool                     { return true }
func (fakeHost) StartTime() int64                         { return 1_700_000_000_000_000 }
func (fakeHost) SystemIdentifier() int64                  { return 7 }
func (fakeHost) TransactionStatus(uint64) (string, error) { return "committed", nil }
func (fakeHost) Snapshot(uint64) pgtypes.Snapshot         { return pgtypes.Snapshot{Min: 3, Max: 3} }
func (fakeHost) Log() LogStatistics {
	return LogStatistics{Records: 3, Bytes: 400, Writes: 2, Syncs: 4}
}

func (f *fakeSession) Style() *pgtypes.Style                         { return pgtypes.Default }
func (f *fakeSession) CurrentUser() string                           { return "postgres" }
func (f *fakeSession) SessionUser() string                           { return "postgres" }
func (f *fakeSession) BackendPID() int32                             { return 4711 }
func (f *fakeSession) ServerAddress() (string, int32)                { return "192.0.2.1", 5433 }
func (f *fakeSession) ReloadConf() (bool, error)                     { return true, nil }
func (f *fakeSession) HBAFileRules() ([][]pgtypes.Value, error)      { return nil, nil }
func (f *fakeSession) IdentFileMappings() ([][]pgtypes.Value, error) { return nil, nil }
func (f *fakeSession) TransactionTime() int64                        { return 1_700_000_000_123_456 }
func (f *fakeSession) StatementTime() int64                          { return 1_700_000_000_223_456 }
func (f *fakeSession) ClockTime() int64                              { return 1_700_000_000_323_456 }
func (f *fakeSession) Sleep(float64) error                           { return nil }
func (f *fakeSession) Interrupted() error {
	f.rows++
	if f.stop || f.limit > 0 && f.rows > f.limit {
		return sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request")
	}
	return nil
}

// run analyses and executes a statement and renders it: column names and types,
// then the rows, NULL as \N.
func (f *fakeSession) run(sql string, maxRows int) (string, error) {
	stmt, err := parseSelect(sql)
	if err != nil {
		return "", err
	}
	plan, err := Analyze(stmt, f, nil)
	if err != nil {
		return "", err
	}
	rows, err := plan.Open(f, make([]pgtypes.Value, len(plan.Params)))
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for i, c := range plan.Columns {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s:%d", c.Name, c.Type)
		if c.Typmod >= 0 {
			fmt.Fprintf(&b, "/%d", c.Typmod)
		}
	}
	for n := 0; n < maxRows; n++ {
		row, err := rows.Next()
		if err != nil {
			return "", err
		}
		if row == nil {
			break
		}
		b.WriteString("\n")
		for i, c := range plan.Columns {
			if i > 0 {
				b.WriteByte('\t')
			}
			if row[i].IsNull() {
				b.WriteString(`\N`)
			} else {
				b.WriteString(strings.ReplaceAll(string(pgtypes.AppendText(nil, c.Type, row[i])), "\n", `\n`))
			}
		}
	}
	return b.String(), nil
}

func parseSelect(sql string) (*parser.SelectStmt, error) {
	r, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	if len(r.Stmts) != 1 {
		return nil, fmt.Errorf("%d statements", len(r.Stmts))
	}
	s, ok := r.Stmts[0].Stmt.(*parser.SelectStmt)
	if !ok {
		return nil, fmt.Errorf("no SELECT")
	}
	return s, nil
}
