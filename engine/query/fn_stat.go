package query

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"pg_relation_size":       func(f *frame, _ *callExpr, a []value) (value, error) { return sizeOf(f.s, a[0].OID(), a[1].Text()) },
		"pg_table_size":          func(f *frame, _ *callExpr, a []value) (value, error) { return tableSize(f.s, a[0].OID(), false) },
		"pg_total_relation_size": func(f *frame, _ *callExpr, a []value) (value, error) { return tableSize(f.s, a[0].OID(), true) },
		"pg_indexes_size": func(f *frame, _ *callExpr, a []value) (value, error) {
			return pgtypes.NewInt(indexesSize(f.s, a[0].OID())), nil
		},
		"pg_database_size_oid":    databaseSize,
		"pg_database_size_name":   databaseSize,
		"pg_tablespace_size_oid":  func(f *frame, c *callExpr, a []value) (value, error) { return databaseSize(f, c, a) },
		"pg_tablespace_size_name": func(f *frame, c *callExpr, a []value) (value, error) { return databaseSize(f, c, a) },

		"pg_trigger_depth":              func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewInt(0), nil },
		"pg_jit_available":              func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewBool(false), nil },
		"pg_current_wal_lsn":            noPosition,
		"pg_current_wal_insert_lsn":     noPosition,
		"pg_current_wal_flush_lsn":      noPosition,
		"pg_last_wal_receive_lsn":       noText,
		"pg_last_wal_replay_lsn":        noText,
		"pg_last_xact_replay_timestamp": noText,
		"pg_stat_get_backend_idset":     noText,
		"xid_age":                       func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewInt(0), nil },
		"mxid_age":                      func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewInt(0), nil },
		"pg_xact_commit_timestamp":      noText,
		"pg_stat_reset":                 nothing,
		"pg_stat_reset_shared":          nothing,
		"pg_stat_force_next_flush":      nothing,
		"pg_stat_clear_snapshot":        func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewText(""), nil },
		"row_security_active":           func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewBool(false), nil },
		"row_security_active_name":      func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewBool(false), nil },
		"pg_indexam_progress_phasename": noText,
		"pg_stat_get_db_numbackends":    backendCount,
		"pg_stat_get_backend_pid":       noText,
	})
	for _, name := range []string{"pg_get_shmem_allocations", "pg_get_backend_memory_contexts", "pg_config", "show_all_file_settings",
		"pg_prepared_xact",
		"pg_get_publication_tables", "pg_show_replication_origin_status", "pg_get_replication_slots"} {
		implementations[name] = &implementation{set: noSet}
	}
}

// nothing is a function that returns void.
func nothing(*frame, *callExpr, []value) (value, error) { return pgtypes.NewText(""), nil }

// statistic is a counter that seqd does not keep: 0, no time, no row.
func statistic(fn *builtin.Function) *implementation {
	zero := value{}
	if strings.Contains(fn.Source, "_function_") || fn.Source == "pg_stat_get_wal_receiver" {
		return &implementation{set: noSet, env: noText} // nothing was counted for it
	}
	switch fn.Result {
	case pgtypes.Int8, pgtypes.Int4:
		zero = pgtypes.NewInt(0)
	case pgtypes.Float8:
		zero = pgtypes.NewFloat(0)
	}
	impl := &implementation{set: noSet, env: func(*frame, *callExpr, []value) (value, error) { return zero, nil }}
	if out := fn.Out; !fn.Set && len(out) > 1 {
		impl.env = func(_ *frame, c *callExpr, _ []value) (value, error) {
			row := make([]value, len(out))
			for i, o := range out {
				if o.Type == pgtypes.Int8 || o.Type == pgtypes.Int4 {
					row[i] = pgtypes.NewInt(0)
				}
			}
			return recordOf(c.out, row), nil
		}
	}
	return impl
}

// databaseSize is a page for each sequence.
func databaseSize(f *frame, c *callExpr, a []value) (value, error) {
	find := func() (*engine.Database, bool) { return f.s.Catalog().DatabaseByOID(engine.OID(a[0].OID())) }
	if c.fn.Args[0] == pgtypes.Name {
		find = func() (*engine.Database, bool) { return f.s.Catalog().Database(a[0].Text()) }
	}
	db, ok := find()
	if !ok {
		if strings.HasPrefix(c.fn.Source, "pg_tablespace") {
			return pgtypes.NewInt(int64(f.s.Database().SequenceCount()) * pageSize), nil
		}
		if c.fn.Args[0] == pgtypes.Name {
			return value{}, sqlstate.Errorf(sqlstate.InvalidCatalogName, `database "%s" does not exist`, a[0].Text())
		}
		return value{}, nil
	}
	return pgtypes.NewInt(int64(db.SequenceCount()) * pageSize), nil
}

func backendCount(f *frame, _ *callExpr, a []value) (value, error) {
	n := int64(0)
	for _, x := range f.s.Host().Activity() {
		if uint32(x.Database) == a[0].OID() {
			n++
		}
	}
	return pgtypes.NewInt(n), nil
}

// noPosition is a place in the log, which seqd's has none of that others could use.
func noPosition(*frame, *callExpr, []value) (value, error) { return pgtypes.NewText("0/0"), nil }
