package query

import (
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"seqd/engine"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"pg_cancel_backend":        signal(Host.Cancel, signalWords{"cancel superuser query", "query is being canceled"}),
		"pg_terminate_backend":     signal(Host.Terminate, signalWords{"terminate superuser process", "process is being terminated"}),
		"pg_postmaster_start_time": func(f *frame, _ *callExpr, _ []value) (value, error) { return timeOf(f.s.Host().StartTime()), nil },
		"pg_conf_load_time":        func(f *frame, _ *callExpr, _ []value) (value, error) { return timeOf(f.s.Host().StartTime()), nil },
		"pg_stat_get_wal":          logStatistics,
		"pg_export_snapshot": func(f *frame, _ *callExpr, _ []value) (value, error) {
			id, err := f.s.ExportSnapshot()
			return pgtypes.NewText(id), err
		},
		"pg_control_system": controlSystem,
		"inet_client_addr":  func(f *frame, _ *callExpr, _ []value) (value, error) { return textOrNull(ownActivity(f).Address), nil },
		"inet_client_port": func(f *frame, _ *callExpr, _ []value) (value, error) {
			a := ownActivity(f)
			return portOrNull(a.Address, a.Port), nil
		},
		"inet_server_addr": func(f *frame, _ *callExpr, _ []value) (value, error) {
			address, _ := f.s.ServerAddress()
			return textOrNull(address), nil
		},
		"inet_server_port": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return portOrNull(f.s.ServerAddress()), nil
		},
		"pg_blocking_pids":               blockingPIDs,
		"pg_safe_snapshot_blocking_pids": func(*frame, *callExpr, []value) (value, error) { return pgtypes.List(pgtypes.Int4, nil), nil },
	})
	registerSets(map[string]setFunc{
		"show_all_settings":      allSettings,
		"pg_hba_file_rules":      hbaFileRules,
		"pg_ident_file_mappings": identFileMappings,
		"pg_stat_get_activity":   activity,
		"pg_lock_status":         locks,
		"pg_prepared_statement":  preparedStatements,
		"pg_cursor":              cursors,
	})
}

// timeOf is a time of the interface, NULL for none.
func timeOf(us int64) value {
	if us == 0 {
		return value{}
	}
	return pgtypes.FromUnixMicros(us)
}

func textOrNull(s string) value {
	if s == "" {
		return value{}
	}
	return pgtypes.NewText(s)
}

// portOrNull is NULL over a Unix socket.
func portOrNull(address string, port int32) value {
	if address == "" {
		return value{}
	}
	return pgtypes.NewInt(int64(port))
}

// Of PostgreSQL 15: PG_CONTROL_VERSION and CATALOG_VERSION_NO.
const (
	controlVersion = 1300
	catalogVersion = 202209061
)

// controlSystem is pg_control_system. Its identifier tells clusters apart.
func controlSystem(f *frame, c *callExpr, _ []value) (value, error) {
	h := f.s.Host()
	return recordOf(c.out, []value{pgtypes.NewInt(controlVersion), pgtypes.NewInt(catalogVersion), pgtypes.NewInt(h.SystemIdentifier()), timeOf(h.StartTime())}), nil
}

// numericOrNull is a number of any length.
func numericOrNull(digits string) value {
	d, _, err := apd.NewFromString(digits)
	if err != nil {
		return value{}
	}
	return pgtypes.NewNumeric(d)
}

func oidOrNull(oid engine.OID) value {
	if oid == 0 {
		return value{}
	}
	return pgtypes.NewInt(int64(oid))
}

func ownActivity(f *frame) Activity {
	for _, a := range f.s.Host().Activity() {
		if a.PID == f.s.BackendPID() {
			return a
		}
	}
	return Activity{}
}

// signal is pg_cancel_backend and pg_terminate_backend: who may is whoever
// has the rights of the session's role, or pg_signal_backend.
func signal(send func(Host, int32) bool, how signalWords) envFunc {
	return func(f *frame, _ *callExpr, args []value) (value, error) {
		pid := int32(args[0].Int())
		for _, a := range f.s.Host().Activity() {
			if a.PID != pid {
				continue
			}
			if err := maySignal(f.s, a, how); err != nil {
				return value{}, err
			}
			return pgtypes.NewBool(send(f.s.Host(), pid)), nil
		}
		f.s.Notice(sqlstate.Warningf(sqlstate.Warning, "PID %d is not a PostgreSQL backend process", pid))
		return pgtypes.NewBool(false), nil
	}
}

func maySignal(s Session, a Activity, how signalWords) error {
	access := engine.Access{Catalog: s.Catalog(), Database: s.Database()}
	switch mine := me(s); {
	case access.Superuser(a.Role) && !access.Superuser(mine):
		return sqlstate.Errorf(sqlstate.InsufficientPrivilege, "must be a superuser to %s", how.superuser)
	case !access.Inherits(mine, a.Role) && !access.Inherits(mine, engine.PgSignalBackend):
		return sqlstate.Errorf(sqlstate.InsufficientPrivilege, "must be a member of the role whose %s or member of pg_signal_backend", how.member)
	}
	return nil
}

// signalWords are what refusals call a signal.
type signalWords struct{ superuser, member string }

// table makes a set-returning function of rows.
func table(c *callExpr, rows [][]value) (setIterator, error) {
	at := 0
	return func() (value, bool, error) {
		if at == len(rows) {
			return value{}, false, nil
		}
		at++
		return recordOf(c.out, rows[at-1]), true, nil
	}, nil
}

func hbaFileRules(f *frame, c *callExpr, _ []value) (setIterator, error) {
	rows, err := f.s.HBAFileRules()
	if err != nil {
		return nil, err
	}
	return table(c, rows)
}

func identFileMappings(f *frame, c *callExpr, _ []value) (setIterator, error) {
	rows, err := f.s.IdentFileMappings()
	if err != nil {
		return nil, err
	}
	return table(c, rows)
}

func allSettings(f *frame, c *callExpr, _ []value) (setIterator, error) {
	return table(c, f.s.AllSettings())
}

// activity is pg_stat_get_activity(pid); NULL asks for all.
func activity(f *frame, c *callExpr, args []value) (setIterator, error) {
	var rows [][]value
	for _, a := range f.s.Host().Activity() {
		if args[0].IsNull() || int32(args[0].Int()) == a.PID {
			row := activityRow(a)
			if !sees(f.s, a.Role) {
				hide(row)
			}
			rows = append(rows, row)
		}
	}
	return table(c, rows)
}

// sees tells whether the current user may see what a role's sessions do.
func sees(s Session, role engine.OID) bool {
	access := engine.Access{Catalog: s.Catalog(), Database: s.Database()}
	return access.Inherits(me(s), role) || access.Inherits(me(s), engine.PgReadAllStats)
}

// hide leaves of a row of activity who and where, and not what.
func hide(row []value) {
	for i := range row {
		switch {
		case i == 5:
			row[i] = pgtypes.NewText("<insufficient privilege>")
		case i == 4, i >= 6 && i <= 14, i >= 17:
			row[i] = value{}
		}
	}
}

// activityRow stands in the order of pg_stat_get_activity's columns.
func activityRow(a Activity) []value {
	n := value{}
	state := textOrNull(a.State)
	port := pgtypes.NewInt(int64(a.Port))
	if a.Address == "" {
		port = pgtypes.NewInt(-1)
	}
	row := []value{
		oidOrNull(a.Database), pgtypes.NewInt(int64(a.PID)), oidOrNull(a.Role), pgtypes.NewText(a.Application), state,
		pgtypes.NewText(a.Text), textOrNull(a.WaitType), textOrNull(a.Wait), timeOf(a.Transaction), timeOf(a.Query),
		timeOf(a.Start), timeOf(a.Change), textOrNull(a.Address), n, port, xidOrNull(a.TransactionID), n, pgtypes.NewText("client backend"),
	}
	tls := []value{pgtypes.NewBool(false), n, n, n, n, n, n}
	if t := a.TLS; t != nil {
		tls = []value{pgtypes.NewBool(true), pgtypes.NewText(t.Version), pgtypes.NewText(t.Cipher), pgtypes.NewInt(int64(t.Bits)),
			textOrNull(t.ClientDN), numericOrNull(t.Serial), textOrNull(t.Issuer)}
	}
	row = append(row, tls...)
	// gss_auth, gss_princ, gss_enc, leader_pid, query_id
	return append(row, pgtypes.NewBool(false), n, pgtypes.NewBool(false), n, n)
}

func preparedStatements(f *frame, c *callExpr, _ []value) (setIterator, error) {
	var rows [][]value
	for _, p := range f.s.PreparedStatements() {
		var types []value
		for _, t := range p.Params {
			types = append(types, regValue(f.s, pgtypes.Regtype, t))
		}
		rows = append(rows, []value{pgtypes.NewText(p.Name), pgtypes.NewText(p.Text), timeOf(p.Time), pgtypes.List(pgtypes.Regtype, types),
			pgtypes.NewBool(p.FromSQL), pgtypes.NewInt(0), pgtypes.NewInt(0)})
	}
	return table(c, rows)
}

func cursors(f *frame, c *callExpr, _ []value) (setIterator, error) {
	var rows [][]value
	for _, p := range f.s.Cursors() {
		rows = append(rows, []value{pgtypes.NewText(p.Name), pgtypes.NewText(p.Text), pgtypes.NewBool(p.Hold), pgtypes.NewBool(p.Binary),
			pgtypes.NewBool(p.Scrollable), timeOf(p.Time)})
	}
	return table(c, rows)
}

// logStatistics is pg_stat_wal: the node's own log. Full pages and buffers are
// PostgreSQL's alone, and times are 0 there too unless track_wal_io_timing is on.
func logStatistics(f *frame, c *callExpr, _ []value) (value, error) {
	host := f.s.Host()
	log, zero := host.Log(), pgtypes.NewInt(0)
	return recordOf(c.out, []value{
		pgtypes.NewInt(log.Records), zero, numericOrNull(strconv.FormatInt(log.Bytes, 10)), zero,
		pgtypes.NewInt(log.Writes), pgtypes.NewInt(log.Syncs), pgtypes.NewFloat(0), pgtypes.NewFloat(0), timeOf(host.StartTime()),
	}), nil
}
