package query

import (
	"strconv"
	"strings"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// typeByName is typenameTypeIdAndMod: the type and its modifier.
func (a *analyzer) typeByName(t *parser.TypeName) (pgtypes.OID, int32, error) {
	typ, err := a.lookupType(t)
	if err != nil {
		return 0, -1, err
	}
	// A domain is what it is over: no expression has a domain's type.
	oid, domainMod := pgtypes.BaseOf(typ.OID)
	mod, err := a.typmod(t, oid)
	if err != nil {
		return 0, -1, err
	}
	if mod < 0 {
		mod = domainMod
	}
	if t.ArrayDims > 0 {
		arr := typ.Array
		if typ.IsArray {
			arr = oid
		}
		if arr == 0 {
			return 0, -1, noType(t)
		}
		oid = arr
	}
	return oid, mod, nil
}

func (a *analyzer) lookupType(t *parser.TypeName) (*pgtypes.Type, error) {
	if t.PercentType {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "%TYPE is not supported").At(int(t.Pos))
	}
	names := t.Names
	if len(names) == 3 {
		if names[0] != a.s.Database().Name {
			return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "cross-database references are not implemented: %s", joinNames(names)).At(int(t.Pos))
		}
		names = names[1:]
	}
	if len(names) > 2 {
		return nil, sqlstate.Errorf(sqlstate.SyntaxError, "improper qualified name (too many dotted names): %s", joinNames(names)).At(int(t.Pos))
	}
	schema := "pg_catalog"
	if len(names) == 2 {
		if schema = names[0]; schema != "pg_catalog" {
			if _, ok := schemaByName(a.s, schema); !ok {
				return nil, sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, schema).At(int(t.Pos))
			}
		}
	}
	typ, ok := pgtypes.TypeIn(schema, names[len(names)-1])
	if !ok {
		return nil, noType(t)
	}
	return typ, nil
}

func noType(t *parser.TypeName) error {
	name := joinNames(t.Names)
	if t.ArrayDims > 0 {
		name += "[]"
	}
	return sqlstate.Errorf(sqlstate.UndefinedObject, `type "%s" does not exist`, name).At(int(t.Pos))
}

// typmod is typenameTypeMod with the types' own typmodin functions.
func (a *analyzer) typmod(t *parser.TypeName, oid pgtypes.OID) (int32, error) {
	if len(t.Typmods) == 0 {
		return -1, nil
	}
	mods := make([]int, len(t.Typmods))
	for i, m := range t.Typmods {
		c, ok := m.(*parser.Const)
		if !ok || c.Kind == parser.ConstNull {
			return -1, sqlstate.New(sqlstate.SyntaxError, "type modifiers must be simple constants or identifiers").At(int(t.Pos))
		}
		n, err := strconv.ParseInt(c.Text, 10, 32)
		if err != nil {
			_, err := pgtypes.ParseText(pgtypes.Int4, c.Text)
			return -1, withPos(err, t.Pos)
		}
		mods[i] = int(n)
	}
	mod, err := typmodIn(oid, mods)
	if err != nil {
		return -1, withPos(err, t.Pos)
	}
	if mod == -2 {
		return -1, sqlstate.Errorf(sqlstate.SyntaxError, `type modifier is not allowed for type "%s"`, joinNames(lastName(t.Names))).At(int(t.Pos))
	}
	return mod, nil
}

func lastName(names []string) []string {
	if len(names) > 1 && names[0] == "pg_catalog" {
		return names[1:]
	}
	return names
}

func invalidModifier(format string, args ...any) error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, format, args...)
}

// typmodIn makes the modifier; -2 if the type takes none.
func typmodIn(oid pgtypes.OID, m []int) (int32, error) {
	switch oid {
	case pgtypes.Varchar, pgtypes.BPChar:
		name := "varchar"
		if oid == pgtypes.BPChar {
			name = "char"
		}
		switch {
		case len(m) != 1:
			return -1, invalidModifier("invalid type modifier")
		case m[0] < 1:
			return -1, invalidModifier("length for type %s must be at least 1", name)
		case m[0] > 10485760:
			return -1, invalidModifier("length for type %s cannot exceed %d", name, 10485760)
		}
		return int32(m[0]) + 4, nil
	case pgtypes.Numeric:
		return numericTypmod(m)
	case pgtypes.Time, pgtypes.Timetz, pgtypes.Timestamp, pgtypes.Timestamptz:
		name := strings.ToUpper(strings.Fields(pgtypes.Format(oid))[0])
		tz := ""
		if oid == pgtypes.Timetz || oid == pgtypes.Timestamptz {
			tz = " WITH TIME ZONE"
		}
		if len(m) != 1 {
			return -1, invalidModifier("invalid type modifier")
		}
		if m[0] < 0 {
			return -1, invalidModifier("%s(%d)%s precision must not be negative", name, m[0], tz)
		}
		return int32(min(m[0], 6)), nil
	case pgtypes.Interval:
		// INTERVAL_TYPMOD: the range of fields in the upper half, precision below.
		if len(m) > 0 {
			if _, ok := pgtypes.IntervalRange(int32(m[0])); !ok {
				return -1, invalidModifier("invalid INTERVAL type modifier")
			}
		}
		switch {
		case len(m) == 1 && m[0] == pgtypes.IntervalFullRange:
			return -1, nil
		case len(m) == 1:
			return int32(m[0])<<16 | 0xffff, nil
		case len(m) == 2 && m[1] < 0:
			return -1, invalidModifier("INTERVAL(%d) precision must not be negative", m[1])
		case len(m) == 2:
			return int32(m[0])<<16 | int32(min(m[1], 6)), nil
		}
		return -1, invalidModifier("invalid INTERVAL type modifier")
	case pgtypes.Bit, pgtypes.Varbit:
		if len(m) != 1 {
			return -1, invalidModifier("invalid type modifier")
		}
		return int32(m[0]), nil
	}
	return -2, nil
}

func numericTypmod(m []int) (int32, error) {
	if len(m) < 1 || len(m) > 2 {
		return -1, invalidModifier("invalid NUMERIC type modifier")
	}
	if m[0] < 1 || m[0] > 1000 {
		return -1, invalidModifier("NUMERIC precision %d must be between 1 and %d", m[0], 1000)
	}
	scale := 0
	if len(m) == 2 {
		if scale = m[1]; scale < -1000 || scale > 1000 {
			return -1, invalidModifier("NUMERIC scale %d must be between %d and %d", scale, -1000, 1000)
		}
	}
	return pgtypes.MakeNumericTypmod(m[0], scale), nil
}
