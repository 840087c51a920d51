package wire

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// parseParameters reads names and values, each NUL-terminated, up to an empty
// name, which must be the packet's last byte.
func (s *Startup) parseParameters(rest []byte) error {
	for {
		name, value, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return badLayout()
		}
		if len(name) == 0 {
			if len(value) != 0 {
				return badLayout()
			}
			return nil
		}
		value, rest, ok = bytes.Cut(value, []byte{0})
		if !ok {
			return badLayout()
		}
		if err := s.set(string(name), string(value)); err != nil {
			return err
		}
	}
}

func badLayout() *sqlstate.Error {
	return sqlstate.Fatalf(sqlstate.ProtocolViolation,
		"invalid startup packet layout: expected terminator as last byte")
}

func (s *Startup) set(name, value string) error {
	switch {
	case name == "user":
		s.User = value
	case name == "database":
		s.Database = value
	case name == "options":
		s.Options = value
	case name == "replication":
		return checkReplication(value)
	case strings.HasPrefix(name, "_pq_."):
		s.unrecognized = append(s.unrecognized, name)
	default:
		s.Parameters = append(s.Parameters, Parameter{name, value})
	}
	return nil
}

// checkReplication refuses a client that wants to stream PostgreSQL's log.
func checkReplication(value string) error {
	on := value == "database"
	if !on {
		var ok bool
		if on, ok = parseBool(value); !ok {
			return sqlstate.Fatalf(sqlstate.InvalidParameterValue,
				`invalid value for parameter "replication": "%s"`, value).
				WithHint(`Valid values are: "false", 0, "true", 1, "database".`)
		}
	}
	if on {
		return sqlstate.Fatalf(sqlstate.FeatureNotSupported, "replication connections are not supported").
			WithHint("seqd replicates among its own nodes; connect without the replication parameter.")
	}
	return nil
}

// parseBool is PostgreSQL's parse_bool: any unambiguous beginning of a word will do.
func parseBool(s string) (value, ok bool) {
	s = strings.ToLower(s)
	abbreviates := func(word string, least int) bool {
		return len(s) >= least && strings.HasPrefix(word, s)
	}
	switch {
	case abbreviates("true", 1), abbreviates("yes", 1), abbreviates("on", 2), s == "1":
		return true, true
	case abbreviates("false", 1), abbreviates("no", 1), abbreviates("off", 2), s == "0":
		return false, true
	}
	return false, false
}

// truncateName cuts a name to what a name in the catalog can have, as CREATE ROLE
// and CREATE DATABASE cut theirs: not through the middle of a character.
func truncateName(s string) string {
	if len(s) < nameDataLen {
		return s
	}
	end := nameDataLen - 1
	for end > nameDataLen-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
