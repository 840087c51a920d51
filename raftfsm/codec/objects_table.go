package codec

import (
	"fmt"
	"slices"

	"seqd/engine"
)

func appendTable(b []byte, o *engine.Table) []byte {
	b = appendUint(b, 1, uint64(o.OID))
	b = appendUint(b, 2, uint64(o.Schema))
	b = appendString(b, 3, o.Name)
	b = appendUint(b, 4, uint64(o.Owner))
	b = appendUint(b, 5, uint64(o.Persistence))
	b = appendAll(b, 6, o.Columns, appendColumn)
	b = appendAll(b, 7, o.Constraints, appendConstraint)
	b = appendACL(b, 8, o.ACL)
	return appendUint(b, 9, o.Version)
}

func decodeTable(b []byte, o *engine.Table) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.OID)
		case 2:
			return into(x, &o.Schema)
		case 3:
			return x.string(&o.Name)
		case 4:
			return into(x, &o.Owner)
		case 5:
			return into(x, &o.Persistence)
		case 6:
			return another(x, &o.Columns, decodeColumn)
		case 7:
			return another(x, &o.Constraints, decodeConstraint)
		case 8:
			return readACL(x, &o.ACL)
		case 9:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	return checkPersistence(o.Persistence)
}

func appendConstraint(b []byte, o *engine.Constraint) []byte {
	b = appendUint(b, 1, uint64(o.OID))
	b = appendString(b, 2, o.Name)
	b = appendUint(b, 3, uint64(o.Kind))
	b = appendNumbers(b, 4, o.Columns)
	b = appendUint(b, 5, uint64(o.Index))
	b = appendUint(b, 6, uint64(o.References))
	b = appendNumbers(b, 7, o.ReferencedColumns)
	b = appendUint(b, 8, uint64(o.OnUpdate))
	b = appendUint(b, 9, uint64(o.OnDelete))
	b = appendUint(b, 10, uint64(o.Match))
	b = appendString(b, 11, o.Check)
	b = appendBool(b, 12, o.NoInherit)
	b = appendBool(b, 13, o.Deferrable)
	b = appendBool(b, 14, o.Deferred)
	return appendBool(b, 15, o.NotValid)
}

func decodeConstraint(b []byte, o *engine.Constraint) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.OID)
		case 2:
			return x.string(&o.Name)
		case 3:
			return into(x, &o.Kind)
		case 4:
			return oneMore(x, &o.Columns)
		case 5:
			return into(x, &o.Index)
		case 6:
			return into(x, &o.References)
		case 7:
			return oneMore(x, &o.ReferencedColumns)
		case 8:
			return into(x, &o.OnUpdate)
		case 9:
			return into(x, &o.OnDelete)
		case 10:
			return into(x, &o.Match)
		case 11:
			return x.string(&o.Check)
		case 12:
			return x.bool(&o.NoInherit)
		case 13:
			return x.bool(&o.Deferrable)
		case 14:
			return x.bool(&o.Deferred)
		case 15:
			return x.bool(&o.NotValid)
		}
		return errUnknownField
	})
}

func appendIndex(b []byte, o *engine.Index) []byte {
	b = appendUint(b, 1, uint64(o.OID))
	b = appendUint(b, 2, uint64(o.Schema))
	b = appendString(b, 3, o.Name)
	b = appendUint(b, 4, uint64(o.Table))
	b = appendBool(b, 5, o.Unique)
	b = appendBool(b, 6, o.Primary)
	b = appendBool(b, 7, o.NullsNotDistinct)
	b = appendString(b, 8, o.Method)
	b = appendAll(b, 9, o.Columns, appendIndexColumn)
	b = appendNumbers(b, 10, o.Include)
	b = appendString(b, 11, o.Predicate)
	return appendUint(b, 12, o.Version)
}

func decodeIndex(b []byte, o *engine.Index) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.OID)
		case 2:
			return into(x, &o.Schema)
		case 3:
			return x.string(&o.Name)
		case 4:
			return into(x, &o.Table)
		case 5:
			return x.bool(&o.Unique)
		case 6:
			return x.bool(&o.Primary)
		case 7:
			return x.bool(&o.NullsNotDistinct)
		case 8:
			return x.string(&o.Method)
		case 9:
			return another(x, &o.Columns, decodeIndexColumn)
		case 10:
			return oneMore(x, &o.Include)
		case 11:
			return x.string(&o.Predicate)
		case 12:
			return x.uint(&o.Version)
		}
		return errUnknownField
	})
}

func appendIndexColumn(b []byte, o *engine.IndexColumn) []byte {
	b = appendSint(b, 1, int64(o.Number))
	b = appendString(b, 2, o.Expression)
	b = appendString(b, 3, o.Collation)
	b = appendString(b, 4, o.OpClass)
	b = appendBool(b, 5, o.Desc)
	return appendBool(b, 6, o.NullsFirst)
}

func decodeIndexColumn(b []byte, o *engine.IndexColumn) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return intoSigned(x, &o.Number)
		case 2:
			return x.string(&o.Expression)
		case 3:
			return x.string(&o.Collation)
		case 4:
			return x.string(&o.OpClass)
		case 5:
			return x.bool(&o.Desc)
		case 6:
			return x.bool(&o.NullsFirst)
		}
		return errUnknownField
	})
}

func appendColumn(b []byte, c *engine.Column) []byte {
	b = appendString(b, 1, c.Name)
	b = appendUint(b, 2, uint64(c.Type))
	b = appendSint(b, 3, int64(c.Typmod))
	b = appendSint(b, 4, int64(c.Dims))
	b = appendBool(b, 5, c.NotNull)
	b = appendBool(b, 6, c.Dropped)
	b = appendUint(b, 7, uint64(c.Identity))
	if c.Default != nil {
		b = appendMessage(b, 8, func(b []byte) []byte { return appendDefault(b, c.Default) })
	}
	b = appendUint(b, 9, uint64(c.Collation))
	return appendACL(b, 10, c.ACL)
}

func decodeColumn(b []byte, c *engine.Column) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.string(&c.Name)
		case 2:
			return into(x, &c.Type)
		case 3:
			return intoSigned(x, &c.Typmod)
		case 4:
			return intoSigned(x, &c.Dims)
		case 5:
			return x.bool(&c.NotNull)
		case 6:
			return x.bool(&c.Dropped)
		case 7:
			return into(x, &c.Identity)
		case 8:
			c.Default = &engine.Default{}
			return embedded(x, func(b []byte) error { return decodeDefault(b, c.Default) })
		case 9:
			return into(x, &c.Collation)
		case 10:
			return readACL(x, &c.ACL)
		}
		return errUnknownField
	})
}

// A piece is written also if it is empty: which sequence stands where depends on it.
func appendDefault(b []byte, d *engine.Default) []byte {
	b = appendUint(b, 1, uint64(d.OID))
	for _, p := range d.Pieces {
		b = appendMessage(b, 2, func(b []byte) []byte { return append(b, p...) })
	}
	for _, oid := range d.Sequences {
		b = appendUint(b, 3, uint64(oid))
	}
	return b
}

func decodeDefault(b []byte, d *engine.Default) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &d.OID)
		case 2:
			var p string
			err := x.string(&p)
			d.Pieces = append(d.Pieces, p)
			return err
		case 3:
			var oid engine.OID
			err := into(x, &oid)
			d.Sequences = append(d.Sequences, oid)
			return err
		}
		return errUnknownField
	})
	if err == nil && (len(d.Pieces) != len(d.Sequences)+1 || slices.Contains(d.Sequences, 0)) {
		err = fmt.Errorf("a default of %d pieces with %d sequences is impossible", len(d.Pieces), len(d.Sequences))
	}
	return err
}
