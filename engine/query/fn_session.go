package query

import (
	crand "crypto/rand"
	"math/rand/v2"
	"slices"
	"strings"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"pgsql_version": func(f *frame, _ *callExpr, _ []value) (value, error) {
			v, _ := f.s.Setting("server_version")
			return pgtypes.NewText("PostgreSQL " + v + " (seqd)"), nil
		},
		"current_schema":  func(f *frame, _ *callExpr, _ []value) (value, error) { return currentSchema(f.s) },
		"current_schemas": currentSchemas,
		"current_database": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return pgtypes.NewText(f.s.Database().Name), nil
		},
		"current_user": func(f *frame, _ *callExpr, _ []value) (value, error) { return pgtypes.NewText(f.s.CurrentUser()), nil },
		"session_user": func(f *frame, _ *callExpr, _ []value) (value, error) { return pgtypes.NewText(f.s.SessionUser()), nil },
		"pg_backend_pid": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return pgtypes.NewInt(int64(f.s.BackendPID())), nil
		},
		"pg_reload_conf": func(f *frame, _ *callExpr, _ []value) (value, error) {
			ok, err := f.s.ReloadConf()
			return pgtypes.NewBool(ok), err
		},
		"show_config_by_name":            func(f *frame, _ *callExpr, a []value) (value, error) { return setting(f.s, a[0].Text(), false) },
		"show_config_by_name_missing_ok": func(f *frame, _ *callExpr, a []value) (value, error) { return setting(f.s, a[0].Text(), a[1].Bool()) },
		"set_config_by_name":             setConfig,
		"pg_sleep":                       sleep,
		"pg_is_in_recovery":              inRecovery,
		"now": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return pgtypes.FromUnixMicros(f.s.TransactionTime()), nil
		},
		"statement_timestamp": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return pgtypes.FromUnixMicros(f.s.StatementTime()), nil
		},
		"clock_timestamp": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return pgtypes.FromUnixMicros(f.s.ClockTime()), nil
		},
		"gen_random_uuid": randomUUID,
		"drandom":         func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewFloat(rand.Float64()), nil },
		"pg_typeof": func(f *frame, c *callExpr, _ []value) (value, error) {
			return regValue(f.s, pgtypes.Regtype, c.args[0].typ()), nil
		},
		"format_type": formatType,
		"to_regclass": func(f *frame, _ *callExpr, a []value) (value, error) {
			return orNull(inputReg(f.s, pgtypes.Regclass, a[0].Text()))
		},
		"to_regtype": func(f *frame, _ *callExpr, a []value) (value, error) {
			return orNull(inputReg(f.s, pgtypes.Regtype, a[0].Text()))
		},
		"to_regproc":      toReg(pgtypes.Regproc),
		"to_regprocedure": toReg(pgtypes.Regprocedure),
		"to_regoper":      toReg(pgtypes.Regoper),
		"to_regoperator":  toReg(pgtypes.Regoperator),
		"to_regcollation": toReg(pgtypes.Regcollation),
		"to_regnamespace": func(f *frame, _ *callExpr, a []value) (value, error) {
			return orNull(inputReg(f.s, pgtypes.Regnamespace, a[0].Text()))
		},
		"to_regrole": func(f *frame, _ *callExpr, a []value) (value, error) {
			return orNull(inputReg(f.s, pgtypes.Regrole, a[0].Text()))
		},
		"text_regclass": func(f *frame, _ *callExpr, a []value) (value, error) {
			oid, err := resolveClass(f.s, a[0].Text())
			if err != nil {
				return value{}, err
			}
			return regValue(f.s, pgtypes.Regclass, uint32(oid)), nil
		},
	})
}

// inRecovery tells whether another node leads, as PostgreSQL's standbys do: every
// node accepts changes, but clients that look for the primary are to find one.
func inRecovery(f *frame, _ *callExpr, _ []value) (value, error) {
	standby, _ := f.s.Setting("in_hot_standby")
	return pgtypes.NewBool(standby == "on"), nil
}

// randomUUID is a version 4 UUID; it names things and keeps no secret, but is
// unpredictable as PostgreSQL's is.
func randomUUID(*frame, *callExpr, []value) (value, error) {
	var b [16]byte
	crand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return pgtypes.NewBytes(b[:]), nil
}

// toReg is to_reg…: NULL for a name that means nothing.
func toReg(typ pgtypes.OID) envFunc {
	return func(f *frame, _ *callExpr, a []value) (value, error) { return orNull(inputReg(f.s, typ, a[0].Text())) }
}

// orNull makes NULL of a name that is not found.
func orNull(v value, err error) (value, error) {
	switch sqlstate.CodeOf(err) {
	case sqlstate.AmbiguousFunction, sqlstate.UndefinedTable, sqlstate.UndefinedObject, sqlstate.InvalidSchemaName, sqlstate.UndefinedFunction:
		return value{}, nil
	}
	return v, err
}

// currentSchema is the first schema of the path: pg_catalog only if it was named.
func currentSchema(s Session) (value, error) {
	path, err := namedPath(s)
	if err != nil {
		return value{}, err
	}
	for _, oid := range path {
		if sch, ok := s.Database().SchemaByOID(oid); ok {
			return pgtypes.NewText(sch.Name), nil
		}
	}
	return value{}, nil
}

// namedPath is the search path without the schemas that are in it though search_path
// does not name them: pg_catalog, and that of temporary objects.
func namedPath(s Session) (path []engine.OID, err error) {
	setting, _ := s.Setting("search_path")
	named, _ := parser.SplitIdentifierList(setting) // checked when it was set
	all, err := s.FetchSearchPath()
	for _, oid := range all {
		switch {
		case oid == engine.PgCatalogNamespace && !slices.Contains(named, "pg_catalog"):
		case engine.IsTemporary(oid) && !slices.ContainsFunc(named, func(n string) bool { return strings.HasPrefix(n, "pg_temp") }):
		default:
			path = append(path, oid)
		}
	}
	return path, err
}

// currentSchemas leaves out pg_catalog unless it is asked for or was named.
func currentSchemas(f *frame, _ *callExpr, a []value) (value, error) {
	find := namedPath
	if a[0].Bool() {
		find = Session.FetchSearchPath
	}
	path, err := find(f.s)
	if err != nil {
		return value{}, err
	}
	var names []value
	for _, oid := range path {
		if sch, ok := f.s.Database().SchemaByOID(oid); ok {
			names = append(names, pgtypes.NewText(sch.Name))
		}
	}
	return pgtypes.List(pgtypes.Name, names), nil
}

func setting(s Session, name string, missingOK bool) (value, error) {
	v, err := s.Setting(name)
	switch {
	case missingOK && sqlstate.CodeOf(err) == sqlstate.UndefinedObject:
		return value{}, nil
	case err != nil:
		return value{}, err
	}
	return pgtypes.NewText(v), nil
}

func setConfig(f *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, sqlstate.New(sqlstate.NullValueNotAllowed, "SET requires parameter name")
	}
	name, local := a[0].Text(), !a[2].IsNull() && a[2].Bool()
	var v string
	var err error
	if a[1].IsNull() {
		v, err = f.s.ResetSetting(name, local)
	} else {
		v, err = f.s.SetSetting(name, a[1].Text(), local)
	}
	if err != nil {
		return value{}, err
	}
	return pgtypes.NewText(v), nil
}

func sleep(f *frame, _ *callExpr, a []value) (value, error) {
	if err := f.s.Sleep(a[0].Float()); err != nil {
		return value{}, err
	}
	return pgtypes.NewText(""), nil
}

func formatType(f *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, nil
	}
	if name := tableTypeName(f.s, a[0].OID()); name != "" {
		return pgtypes.NewText(name), nil
	}
	if a[1].IsNull() {
		return pgtypes.NewText(pgtypes.Format(a[0].OID())), nil
	}
	return pgtypes.NewText(pgtypes.FormatTypmod(a[0].OID(), int32(a[1].Int()))), nil
}

// eval is CURRENT_USER, CURRENT_TIMESTAMP and kin.
func (e *valueFuncExpr) eval(f *frame) (value, error) {
	s := f.s
	switch e.name {
	case "current_user", "current_role", "user":
		return pgtypes.NewText(s.CurrentUser()), nil
	case "session_user":
		return pgtypes.NewText(s.SessionUser()), nil
	case "current_catalog":
		return pgtypes.NewText(s.Database().Name), nil
	case "current_schema":
		return currentSchema(s)
	}
	us := roundMicros(pgtypes.FromUnixMicros(s.TransactionTime()).Int(), e.mod)
	local := s.Style().ToLocal(us)
	days, clock := pgtypes.SplitTimestamp(local)
	switch e.name {
	case "current_date":
		return pgtypes.NewInt(days), nil
	case "current_time":
		return pgtypes.NewTimetz(pgtypes.TimetzValue{Micros: clock, Zone: int32((us - local) / pgtypes.MicrosPerSecond)}), nil
	case "localtime":
		return pgtypes.NewInt(clock), nil
	case "localtimestamp":
		return pgtypes.NewInt(local), nil
	}
	return pgtypes.NewInt(us), nil
}

// roundMicros rounds to a precision in digits, -1 for all six.
func roundMicros(us int64, precision int32) int64 {
	if precision < 0 || precision >= 6 {
		return us
	}
	unit := int64(1)
	for range 6 - precision {
		unit *= 10
	}
	if us >= 0 {
		return (us + unit/2) / unit * unit
	}
	return -((-us + unit/2) / unit * unit)
}
