package session

import (
	"slices"
	"strconv"
	"strings"

	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
	"seqd/server/session/settings"
)

// set is SET, SET LOCAL and RESET.
func (s *Session) set(v *parser.VariableSetStmt) (string, error) {
	tag := "SET"
	if v.Reset {
		tag = "RESET"
	}
	if v.Local {
		s.warnOutsideBlock("SET LOCAL")
	}
	switch {
	case v.All:
		return tag, s.resetAll()
	case v.Name == "TRANSACTION":
		return tag, s.setTransaction(v)
	case v.Name == "TRANSACTION SNAPSHOT":
		return tag, s.setSnapshot(v)
	case v.FromCurrent:
		return tag, s.setFromCurrent(v)
	case v.Name == "SESSION CHARACTERISTICS":
		return tag, s.setCharacteristics(v)
	case v.Default:
		if v.Reset && v.Name == "transaction_isolation" {
			s.warnOutsideBlock("RESET TRANSACTION")
		}
		return tag, s.resetOne(v.Name, v.Local)
	}
	value, err := s.setValue(v)
	if err != nil {
		return "", err
	}
	_, err = s.assign(v.Name, value, v.Local)
	return tag, err
}

func (s *Session) setTransaction(v *parser.VariableSetStmt) error {
	s.warnOutsideBlock("SET TRANSACTION")
	return s.setModes(v.Modes)
}

// warnOutsideBlock says that a statement does nothing outside of a transaction block.
func (s *Session) warnOutsideBlock(what string) {
	if !s.tx.inBlock() {
		s.notice(sqlstate.Warningf(sqlstate.NoActiveSQLTransaction, "%s can only be used in transaction blocks", what))
	}
}

// setFromCurrent makes the value in force the session's own.
func (s *Session) setFromCurrent(v *parser.VariableSetStmt) error {
	_, value, err := s.show(v.Name)
	if err != nil {
		return err
	}
	_, err = s.assign(v.Name, value, v.Local)
	return err
}

// setCharacteristics sets the defaults of the transactions to come.
func (s *Session) setCharacteristics(v *parser.VariableSetStmt) error {
	if err := s.pinTransaction(); err != nil {
		return err
	}
	for _, m := range v.Modes {
		values := map[string]string{}
		if m.Isolation != "" {
			values["default_transaction_isolation"] = m.Isolation
		}
		if m.ReadOnly != nil {
			values["default_transaction_read_only"] = settings.OnOff(*m.ReadOnly)
		}
		if m.Deferrable != nil {
			values["default_transaction_deferrable"] = settings.OnOff(*m.Deferrable)
		}
		for name, value := range values {
			if _, err := s.settings.Assign(name, value, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// resetOne is RESET name and SET name TO DEFAULT.
func (s *Session) resetOne(name string, local bool) error {
	s.who() // keeps is_superuser in step
	key := strings.ToLower(name)
	switch {
	case slices.Contains(transactionSettings, key):
		value, _ := s.settings.Get("default_" + key)
		return s.setTransactionSetting(key, value)
	case key == "session_authorization":
		return s.resetSession(local)
	case isDefault(key):
		if err := s.pinTransaction(); err != nil {
			return err
		}
	}
	return s.settings.Reset(name, local)
}

// resetAll is RESET ALL.
func (s *Session) resetAll() error {
	if err := s.pinTransaction(); err != nil {
		return err
	}
	s.settings.ResetAll()
	return nil
}

// assign sets one parameter and returns it as SHOW prints it.
func (s *Session) assign(name, value string, local bool) (string, error) {
	s.who() // keeps is_superuser in step
	key := strings.ToLower(name)
	for _, own := range transactionSettings {
		if key == own {
			if err := s.setTransactionSetting(own, value); err != nil {
				return "", err
			}
			return s.transactionSetting(own), nil
		}
	}
	switch key {
	case "role":
		return s.assignRole(value, local)
	case "session_authorization":
		return s.assignSession(value, local)
	}
	if isDefault(key) {
		if err := s.pinTransaction(); err != nil {
			return "", err
		}
	}
	return s.settings.Assign(name, value, local)
}

// setValue flattens the arguments of SET into one string, as PostgreSQL's
// flatten_set_variable_args does.
func (s *Session) setValue(v *parser.VariableSetStmt) (string, error) {
	key := strings.ToLower(v.Name)
	list, quote := settings.IsList(key)
	if len(v.Values) > 1 && !list {
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "SET %s takes only one argument", v.Name)
	}
	words := make([]string, len(v.Values))
	for i, e := range v.Values {
		switch e := e.(type) {
		case *parser.Const:
			words[i] = e.Text
			if list && quote && e.Kind == parser.ConstString {
				words[i] = parser.QuoteIdent(e.Text)
			}
		case *parser.TypeCast: // SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE
			iv, err := query.EvalConst(e, evaluator{s}, pgtypes.Interval)
			if err != nil {
				return "", err
			}
			if words[i], err = intervalHours(iv.Interval()); err != nil {
				return "", err
			}
		default:
			return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "SET %s takes no such value", v.Name)
		}
	}
	return strings.Join(words, ", "), nil
}

// intervalHours is an interval as hours, the other spelling of an offset.
func intervalHours(iv pgtypes.IntervalValue) (string, error) {
	refused := func(unit string) error {
		shown := pgtypes.AppendText(nil, pgtypes.Interval, pgtypes.NewInterval(iv))
		return sqlstate.Errorf(sqlstate.InvalidParameterValue, "invalid value for parameter \"TimeZone\": \"INTERVAL '%s'\"", shown).
			WithDetail("Cannot specify %s in time zone interval.", unit)
	}
	switch {
	case iv.Months != 0:
		return "", refused("months")
	case iv.Days != 0:
		return "", refused("days")
	}
	return strconv.FormatFloat(float64(iv.Micros)/3.6e9, 'f', -1, 64), nil
}

// show returns a parameter's proper name and its value now.
func (s *Session) show(name string) (column, value string, err error) {
	s.who() // keeps is_superuser in step
	column, value, err = s.settings.Show(name)
	if err != nil {
		return "", "", err
	}
	if column == "in_hot_standby" {
		return column, settings.OnOff(!s.backend.Leads()), nil // as of this moment
	}
	for _, own := range transactionSettings {
		if column == own {
			return column, s.transactionSetting(own), nil
		}
	}
	return column, value, nil
}

func (s *Session) runShow(v *parser.VariableShowStmt) (result, error) {
	r := result{tag: "SHOW"}
	if v.Name != "all" {
		_, value, err := s.show(v.Name)
		if err != nil {
			return r, err
		}
		r.rows = &fixedRows{[][]pgtypes.Value{textRow(value)}}
		return r, nil
	}
	rows := &fixedRows{}
	for _, line := range s.allSettings() {
		rows.rows = append(rows.rows, textRow(line.Name, line.Shown, line.Description))
	}
	r.rows = rows
	return r, nil
}

// allSettings are the settings that a session may list, with the transaction's own.
func (s *Session) allSettings() []settings.Row {
	rows := s.settings.All()
	for i := range rows {
		if slices.Contains(transactionSettings, rows[i].Name) {
			rows[i].Shown = s.transactionSetting(rows[i].Name)
			rows[i].Value, rows[i].Source = rows[i].Shown, "override"
		}
	}
	return rows
}

// settingRows are the rows of pg_show_all_settings().
func (s *Session) settingRows() [][]pgtypes.Value {
	orNull := func(text string) pgtypes.Value {
		if text == "" {
			return pgtypes.Null()
		}
		return pgtypes.NewText(text)
	}
	list := s.allSettings()
	rows := make([][]pgtypes.Value, len(list))
	for i, r := range list {
		row := textRow(r.Name, r.Value, "", r.Category, r.Description, "", r.Context, r.Type, r.Source)
		row[2], row[5] = orNull(r.Unit), orNull(r.Extra)
		enum := pgtypes.Null()
		if r.EnumVals != nil {
			enum = pgtypes.List(pgtypes.Text, textRow(r.EnumVals...))
		}
		row = append(row, orNull(r.MinVal), orNull(r.MaxVal), enum)
		row = append(row, textRow(r.BootVal, r.ResetVal)...)
		rows[i] = append(row, pgtypes.Null(), pgtypes.Null(), pgtypes.NewBool(false)) // no file sets them
	}
	return rows
}
