package target

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/bench/own"
	"seqd/cmd/seqd/bench/result"
)

// Target is a server, with a session of its own for what is not measured.
type Target struct {
	Info    result.Target
	Servers []*pgconn.Config // where clients log in, in turn
	own     *own.Servers     // nil: not ours

	admin  *pgconn.PgConn
	schema string
	made   bool            // the schema, by us
	kept   map[string]bool // sequences made by us and not dropped yet
	cpu    *cpuMeter
}

// answerTimeout is how long a question about what was measured may take.
const answerTimeout = 15 * time.Second

// New is a server that runs already.
func New(name string, d DSN) *Target {
	return &Target{Info: result.Target{Name: name, DSN: d.Redacted(), Local: d.Remote() == ""}, Servers: []*pgconn.Config{d.Config}, kept: map[string]bool{}}
}

// Own is one that was started for the benchmark.
func Own(name string, nodes int, prelog *uint64, servers *own.Servers) (*Target, error) {
	t := &Target{Info: result.Target{Name: name, Local: true, Own: true, Nodes: nodes, PrelogMax: prelog}, own: servers, kept: map[string]bool{}}
	for _, dsn := range servers.DSNs() {
		c, err := pgconn.ParseConfig(dsn)
		if err != nil {
			return nil, err
		}
		t.Servers = append(t.Servers, c)
	}
	t.Info.DSN = Redacted(t.Servers[0])
	return t, nil
}

// Open finds out what it is, and makes the schema. A schema of that name that is there
// already is somebody's: an error.
func (t *Target) Open(ctx context.Context, schema string) error {
	t.schema = schema
	version, err := t.query(ctx, "SELECT version()")
	if err != nil {
		return err
	}
	t.Info.Kind, t.Info.Version = kindOf(version)
	if t.made, err = t.make(ctx, "CREATE SCHEMA "+schema); err != nil {
		return err
	}
	name, err := t.NewSequence(ctx, "probe", 1)
	if err != nil {
		return err
	}
	if v, err := t.query(ctx, "SELECT nextval('"+name+"')"); err != nil || v != "1" {
		return fmt.Errorf("nextval of a new sequence: %q, %w", v, err)
	}
	if _, err := t.LastValue(ctx, name); err != nil {
		return err
	}
	if err := t.DropSequence(ctx, name); err != nil {
		return err
	}
	if t.cpu, err = t.findProcesses(); err != nil {
		t.Info.CPUUnknown = err.Error()
	}
	if _, _, err := t.Log(ctx); err != nil {
		t.Info.LogUnknown = "pg_stat_wal: " + err.Error()
	}
	return nil
}

// kindOf reads what version() says.
func kindOf(text string) (kind, version string) {
	short, _, _ := strings.Cut(text, " on ")
	short, _, _ = strings.Cut(short, ",")
	switch {
	case strings.Contains(text, "(seqd"):
		return "seqd", text
	case strings.Contains(text, "CockroachDB"):
		short, _, _ = strings.Cut(text, " (")
		return "CockroachDB", short
	case strings.Contains(text, "-YB-"):
		return "YugabyteDB", short
	case strings.HasPrefix(text, "PostgreSQL"):
		return "PostgreSQL", strings.TrimPrefix(short, "PostgreSQL ")
	}
	return short, text
}

// NewSequence makes a sequence in the schema and returns its name.
func (t *Target) NewSequence(ctx context.Context, name string, cache int64) (string, error) {
	name = t.schema + "." + name
	made, err := t.make(ctx, fmt.Sprintf("CREATE SEQUENCE %s CACHE %d", name, cache))
	if made {
		t.kept[name] = true
	}
	return name, err
}

// make runs a CREATE, and tells whether something may be there now: a server that
// says no has made nothing, one that is gone may have. Once sent it is waited for,
// whoever cancels: else nobody would know.
func (t *Target) make(ctx context.Context, sql string) (made bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if _, err = t.query(context.WithoutCancel(ctx), sql); err == nil {
		return true, nil
	}
	var refused *pgconn.PgError
	return !errors.As(err, &refused), fmt.Errorf("%s: %w", sql, err)
}

// DropSequence drops one that NewSequence made.
func (t *Target) DropSequence(ctx context.Context, name string) error {
	if !t.kept[name] {
		return fmt.Errorf("sequence %s is not ours", name)
	}
	if _, err := t.query(ctx, "DROP SEQUENCE "+name); err != nil {
		return err
	}
	delete(t.kept, name)
	return nil
}

// LastValue is how many values a sequence of ours has given to sessions.
func (t *Target) LastValue(ctx context.Context, name string) (int64, error) {
	text, err := t.query(ctx, "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM "+name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// Next draws one value.
func (t *Target) Next(ctx context.Context, name string) (int64, error) {
	text, err := t.query(ctx, "SELECT nextval('"+name+"')")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// Log is how many records the server has written to its log, and how often it has
// made it durable, since it counts.
func (t *Target) Log(ctx context.Context) (records, syncs int64, err error) {
	for column, to := range map[string]*int64{"wal_records": &records, "wal_sync": &syncs} {
		text, err := t.query(ctx, "SELECT "+column+" FROM pg_stat_wal")
		if err != nil {
			return 0, 0, err
		}
		if *to, err = strconv.ParseInt(text, 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return records, syncs, nil
}

// CPU is the processor time of the server's processes so far; false if unknown.
func (t *Target) CPU() (used time.Duration, ok bool) {
	if t.cpu == nil {
		return 0, false
	}
	used, err := t.cpu.read()
	return used, err == nil
}

// Related tells whether two open targets may be ways to the same server or cluster:
// of two nodes or databases, behind a pooler or not.
func (t *Target) Related(ctx context.Context, earlier *Target) bool {
	a, b := t.Servers[0], earlier.Servers[0]
	if a.Host == b.Host && a.Port == b.Port {
		return true
	}
	found, err := t.query(ctx, "SELECT 1 FROM pg_namespace WHERE nspname = '"+earlier.schema+"'")
	return err != nil || found != ""
}

// Answers tells why the server does not answer, nil if it does.
func (t *Target) Answers(ctx context.Context) error {
	if t.own != nil {
		if ended := t.own.Ended(); ended != "" {
			return errors.New(ended)
		}
	}
	_, err := t.query(ctx, "SELECT 1")
	if err != nil { // maybe only that session has broken
		_, err = t.query(ctx, "SELECT 1")
	}
	return err
}

// Killable tells whether Kill may be used.
func (t *Target) Killable() bool { return t.own != nil }

// Kill ends an own server without a warning.
func (t *Target) Kill() error {
	err := t.own.Kill()
	if t.admin != nil {
		ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
		defer cancel()
		_ = t.admin.Close(ctx)
	}
	return err
}

// Restart starts it again.
func (t *Target) Restart(ctx context.Context) (err error) {
	if err = t.own.Restart(ctx); err == nil {
		t.cpu, err = t.findProcesses()
	}
	return err
}

// Close removes what was made, nothing else, and stops an own server.
func (t *Target) Close(ctx context.Context) error {
	var errs []error
	if t.own != nil { // its data goes with it
		errs = append(errs, t.own.Close())
	} else if t.made {
		for name := range t.kept {
			_ = t.DropSequence(ctx, name) // what is left keeps the schema
		}
		// Without CASCADE: what somebody else has put there is not ours.
		if _, err := t.query(ctx, "DROP SCHEMA "+t.schema); err != nil {
			errs = append(errs, fmt.Errorf("schema %s was left behind: %w", t.schema, err))
		}
	}
	if t.admin != nil {
		_ = t.admin.Close(ctx)
	}
	return errors.Join(errs...)
}

// query runs one statement, and returns the first column of its first row. A session
// that has broken is replaced.
func (t *Target) query(ctx context.Context, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	text, err := t.queryOnce(ctx, sql)
	if err != nil && t.admin != nil && t.admin.IsClosed() && pgconn.SafeToRetry(err) {
		text, err = t.queryOnce(ctx, sql)
	}
	return text, readable(err)
}

func (t *Target) queryOnce(ctx context.Context, sql string) (string, error) {
	if t.admin == nil || t.admin.IsClosed() {
		var err error
		if t.admin, err = pgconn.ConnectConfig(ctx, t.Servers[0]); err != nil {
			t.admin = nil
			return "", err
		}
	}
	answers, err := t.admin.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	if last := answers[len(answers)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0]), nil
	}
	return "", nil
}

// readable makes one line of an error.
func readable(err error) error {
	if err == nil {
		return nil
	}
	return &oneLine{err}
}

type oneLine struct{ error }

// Error is what the server said, or the last thing that failed: of a connection the
// driver tells each of its tries, with TLS and without, to each address.
func (e *oneLine) Error() string {
	text := e.error.Error()
	var connecting *pgconn.ConnectError
	switch {
	case errors.Is(e.error, context.DeadlineExceeded):
		return "no answer in time" // ours, or connect_timeout
	case errors.As(e.error, &connecting):
		lines := strings.FieldsFunc(text, func(c rune) bool { return c == '\n' })
		last := strings.TrimSpace(lines[len(lines)-1])
		for _, noise := range []string{"server error: ", "dial error: ", "hostname resolving error: "} {
			if _, said, ok := strings.Cut(last, noise); ok {
				last = said
			}
		}
		text = "no connection: " + last
	}
	return strings.Join(strings.Fields(text), " ")
}
func (e *oneLine) Unwrap() error { return e.error }
