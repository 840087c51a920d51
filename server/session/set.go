package session

import (
	"strconv"
	"strings"

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
	if v.Local && !s.tx.inBlock() {
		s.notice(sqlstate.Warningf(sqlstate.NoActiveSQLTransaction, "SET LOCAL can only be used in transaction blocks"))
	}
	switch {
	case v.All:
		s.settings.ResetAll()
		return tag, nil
	case v.Name == "TRANSACTION":
		return tag, s.setTransaction(v)
	case v.Name == "SESSION CHARACTERISTICS":
		return tag, s.setCharacteristics(v)
	case v.Default:
		return tag, s.resetOne(v.Name, v.Local)
	}
	value, err := setValue(v)
	if err != nil {
		return "", err
	}
	_, err = s.assign(v.Name, value, v.Local)
	return tag, err
}

func (s *Session) setTransaction(v *parser.VariableSetStmt) error {
	if !s.tx.inBlock() {
		s.notice(sqlstate.Warningf(sqlstate.NoActiveSQLTransaction, "SET TRANSACTION can only be used in transaction blocks"))
	}
	return s.setModes(v.Modes, false)
}

// setCharacteristics sets the defaults of the transactions to come.
func (s *Session) setCharacteristics(v *parser.VariableSetStmt) error {
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
	for _, own := range transactionSettings {
		if name == own {
			value, _ := s.settings.Get("default_" + name)
			return s.setTransactionSetting(name, value, false)
		}
	}
	if name == "session_authorization" {
		return nil // the session never left it
	}
	return s.settings.Reset(name, local)
}

// assign sets one parameter and returns it as SHOW prints it.
func (s *Session) assign(name, value string, local bool) (string, error) {
	key := strings.ToLower(name)
	for _, own := range transactionSettings {
		if key == own {
			if err := s.setTransactionSetting(own, value, false); err != nil {
				return "", err
			}
			return s.transactionSetting(own), nil
		}
	}
	switch key {
	case "role":
		return s.assignRole(value, local)
	case "session_authorization":
		if _, ok := s.catalog().Role(value); !ok {
			return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "role \"%s\" does not exist", value)
		}
		return value, nil
	}
	return s.settings.Assign(name, value, local)
}

func (s *Session) assignRole(value string, local bool) (string, error) {
	if value != "none" {
		if _, ok := s.catalog().Role(value); !ok {
			return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "role \"%s\" does not exist", value)
		}
	}
	return s.settings.Assign("role", value, local)
}

// lists are the parameters that take several values. Those of search_path are
// names, and so quoted where need be.
var lists = map[string]bool{"search_path": true, "datestyle": false, "temp_tablespaces": true}

// setValue flattens the arguments of SET into one string, as PostgreSQL's
// flatten_set_variable_args does.
func setValue(v *parser.VariableSetStmt) (string, error) {
	key := strings.ToLower(v.Name)
	quote, list := lists[key]
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
			c, ok := e.Arg.(*parser.Const)
			if !ok || key != "timezone" {
				return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "SET %s takes no such value", v.Name).At(int(e.Pos))
			}
			hours, err := intervalHours(c.Text)
			if err != nil {
				return "", err
			}
			words[i] = hours
		default:
			return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "SET %s takes no such value", v.Name)
		}
	}
	return strings.Join(words, ", "), nil
}

// intervalHours reads '+02:30' as 2.5 hours, the other spelling of an offset.
func intervalHours(text string) (string, error) {
	sign, rest := 1.0, strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(rest, "-"):
		sign, rest = -1, rest[1:]
	case strings.HasPrefix(rest, "+"):
		rest = rest[1:]
	}
	hours, minutes, _ := strings.Cut(rest, ":")
	h, err := strconv.ParseUint(hours, 10, 8)
	m := uint64(0)
	if err == nil && minutes != "" {
		m, err = strconv.ParseUint(minutes, 10, 8)
	}
	if err != nil || m > 59 {
		return "", sqlstate.Errorf(sqlstate.InvalidDatetimeFormat, "invalid input syntax for type interval: \"%s\"", text)
	}
	return strconv.FormatFloat(sign*(float64(h)+float64(m)/60), 'f', -1, 64), nil
}

// show returns a parameter's proper name and its value now.
func (s *Session) show(name string) (column, value string, err error) {
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
	for _, line := range s.settings.All() {
		_, value, err := s.show(line.Name)
		if err != nil {
			return r, err
		}
		rows.rows = append(rows.rows, textRow(line.Name, value, line.Description))
	}
	r.rows = rows
	return r, nil
}
