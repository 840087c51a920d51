package pgtypes

import (
	"encoding/json"

	"seqd/protocol/sqlstate"
)

// parseJSON checks the text; json keeps it as it was written.
func parseJSON(s string) (Value, error) {
	if !json.Valid([]byte(s)) {
		return Null(), sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type json")
	}
	return NewText(s), nil
}
