package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// ResolveType is PostgreSQL's typenameTypeIdAndMod: the type that a name means to
// the session, and its modifier.
func ResolveType(t *parser.TypeName, s Session) (pgtypes.OID, int32, error) {
	return (&analyzer{s: s}).typeByName(t)
}
