package query

import (
	"seqd/engine/query/scalar"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
	"seqd/protocol/timezone"
)

func init() {
	registerSets(map[string]setFunc{
		"generate_series_timestamp":   func(_ *frame, _ *callExpr, a []value) (setIterator, error) { return timeSeries(nil, a) },
		"generate_series_timestamptz": func(f *frame, _ *callExpr, a []value) (setIterator, error) { return timeSeries(f.s.Style(), a) },
		"pg_timezone_names":           zoneNames,
		"pg_timezone_abbrevs":         zoneAbbreviations,
	})
	register(map[string]envFunc{
		"make_timestamptz": func(f *frame, _ *callExpr, a []value) (value, error) {
			v, err := scalar.MakeTimestamp(a)
			if err != nil {
				return v, err
			}
			return fromLocal(f, v)
		},
		"make_timestamptz_at_timezone": makeZoned,
	})
}

// timeSeries counts in steps of an interval; st is nil for times without a zone.
func timeSeries(st *pgtypes.Style, a []value) (setIterator, error) {
	step := a[2].Interval()
	at, end := a[0], a[1]
	sign := pgtypes.Compare(pgtypes.Interval, a[2], pgtypes.NewInterval(pgtypes.IntervalValue{}))
	if sign == 0 {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "step size cannot equal zero")
	}
	zoneless := st == nil
	if zoneless {
		st = pgtypes.Default
	}
	return func() (value, bool, error) {
		if (at.Int() > end.Int()) == (sign > 0) && at.Int() != end.Int() {
			return value{}, false, nil
		}
		v := at
		var err error
		at, err = scalar.ShiftZoned(st, at, step, 1)
		return v, err == nil, err
	}, nil
}

// makeZoned is make_timestamptz with a zone: a name, an abbreviation or an offset.
func makeZoned(f *frame, _ *callExpr, a []value) (value, error) {
	v, err := scalar.MakeTimestamp(a)
	if err != nil || scalar.Infinite(v) {
		return v, err
	}
	name, local := a[6].Text(), scalar.UnixSeconds(v)
	var east int64
	if z, ok := timezone.Lookup(name); ok && !isOffset(name) {
		east = timezone.LocalOffset(z, local)
	} else if abbreviation, ok := timezone.FindAbbreviation(name); ok {
		east = abbreviation.LocalAt(local)
	} else if t, err := pgtypes.ParseText(pgtypes.Timetz, "00:00"+name); isOffset(name) && err == nil {
		east = -int64(t.Timetz().Zone)
	} else if isOffset(name) {
		return value{}, sqlstate.Errorf(sqlstate.InvalidParameterValue, `invalid input syntax for type numeric time zone: "%s"`, name).
			WithHint(`Numeric time zones must have "-" or "+" as first character.`)
	} else {
		return value{}, noZone(name)
	}
	return scalar.InRange(pgtypes.NewInt(v.Int() - east*pgtypes.MicrosPerSecond))
}

func isOffset(name string) bool {
	return name != "" && (name[0] == '+' || name[0] == '-' || name[0] >= '0' && name[0] <= '9')
}

func secondsInterval(n int64) value {
	return pgtypes.NewInterval(pgtypes.IntervalValue{Micros: n * pgtypes.MicrosPerSecond})
}

// zoneNames is pg_timezone_names(): what every zone has at the transaction's time.
func zoneNames(f *frame, c *callExpr, _ []value) (setIterator, error) {
	now := f.s.TransactionTime() / pgtypes.MicrosPerSecond
	var rows [][]value
	for _, name := range timezone.Names() {
		z, ok := timezone.Find(name)
		if !ok {
			continue
		}
		east, abbreviation, dst := timezone.Offset(z, now)
		rows = append(rows, []value{
			pgtypes.NewText(name), pgtypes.NewText(abbreviation), secondsInterval(east), pgtypes.NewBool(dst),
		})
	}
	return table(c, rows)
}

func zoneAbbreviations(f *frame, c *callExpr, _ []value) (setIterator, error) {
	now := f.s.TransactionTime() / pgtypes.MicrosPerSecond
	var rows [][]value
	for _, a := range timezone.Abbreviations() {
		east, dst := a.At(now)
		rows = append(rows, []value{pgtypes.NewText(a.Name), secondsInterval(east), pgtypes.NewBool(dst)})
	}
	return table(c, rows)
}
