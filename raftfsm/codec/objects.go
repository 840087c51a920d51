package codec

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/sequence"
)

func appendState(b []byte, s sequence.State) []byte {
	b = appendSint(b, 1, s.LastValue)
	b = appendSint(b, 2, s.LogCount)
	return appendBool(b, 3, s.IsCalled)
}

func decodeState(b []byte, s *sequence.State) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.sint(&s.LastValue)
		case 2:
			return x.sint(&s.LogCount)
		case 3:
			return x.bool(&s.IsCalled)
		}
		return errUnknownField
	})
	if err == nil && s.LogCount < 0 {
		err = fmt.Errorf("log count %d is negative", s.LogCount)
	}
	return err
}

func appendParams(b []byte, p sequence.Params) []byte {
	b = appendUint(b, 1, uint64(p.Type))
	b = appendSint(b, 2, p.Start)
	b = appendSint(b, 3, p.Increment)
	b = appendSint(b, 4, p.Min)
	b = appendSint(b, 5, p.Max)
	b = appendSint(b, 6, p.Cache)
	return appendBool(b, 7, p.Cycle)
}

func decodeParams(b []byte, p *sequence.Params) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &p.Type)
		case 2:
			return x.sint(&p.Start)
		case 3:
			return x.sint(&p.Increment)
		case 4:
			return x.sint(&p.Min)
		case 5:
			return x.sint(&p.Max)
		case 6:
			return x.sint(&p.Cache)
		case 7:
			return x.bool(&p.Cycle)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	return checkParams(p)
}

// checkParams holds the invariants that the arithmetic relies on: what breaks
// them never left CREATE or ALTER SEQUENCE, so the bytes are not ours.
func checkParams(p *sequence.Params) error {
	switch {
	case p.Type < sequence.SmallInt || p.Type > sequence.BigInt:
		return fmt.Errorf("sequence type %d is unknown", p.Type)
	case p.Increment == 0 || p.Cache < 1:
		return fmt.Errorf("increment %d, cache %d is impossible", p.Increment, p.Cache)
	case p.Min >= p.Max || p.Start < p.Min || p.Start > p.Max || p.Min < p.Type.Min() || p.Max > p.Type.Max():
		return fmt.Errorf("bounds %d to %d, start %d are impossible for %s", p.Min, p.Max, p.Start, p.Type)
	}
	return nil
}

func appendSequence(b []byte, s *engine.Sequence) []byte {
	b = appendUint(b, 1, uint64(s.OID))
	b = appendUint(b, 2, uint64(s.Schema))
	b = appendString(b, 3, s.Name)
	b = appendUint(b, 4, uint64(s.Owner))
	b = appendUint(b, 5, uint64(s.Persistence))
	b = appendMessage(b, 6, func(b []byte) []byte { return appendParams(b, s.Params) })
	b = appendUint(b, 7, s.Version)
	b = appendUint(b, 8, uint64(s.Order))
	b = appendACL(b, 9, s.ACL)
	if s.OwnedBy != (engine.OwnedBy{}) {
		b = appendMessage(b, 10, func(b []byte) []byte { return appendOwnedBy(b, s.OwnedBy) })
	}
	return b
}

func appendOwnedBy(b []byte, o engine.OwnedBy) []byte {
	b = appendUint(b, 1, uint64(o.Table))
	b = appendSint(b, 2, int64(o.Column))
	return appendBool(b, 3, o.Identity)
}

func decodeOwnedBy(b []byte, o *engine.OwnedBy) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &o.Table)
		case 2:
			return intoSigned(x, &o.Column)
		case 3:
			return x.bool(&o.Identity)
		}
		return errUnknownField
	})
}

func decodeSequence(b []byte, s *engine.Sequence) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &s.OID)
		case 2:
			return into(x, &s.Schema)
		case 3:
			return x.string(&s.Name)
		case 4:
			return into(x, &s.Owner)
		case 5:
			return into(x, &s.Persistence)
		case 6:
			return embedded(x, func(b []byte) error { return decodeParams(b, &s.Params) })
		case 7:
			return x.uint(&s.Version)
		case 8:
			return into(x, &s.Order)
		case 9:
			return readACL(x, &s.ACL)
		case 10:
			return embedded(x, func(b []byte) error { return decodeOwnedBy(b, &s.OwnedBy) })
		}
		return errUnknownField
	})
	if err == nil {
		err = checkPersistence(s.Persistence)
	}
	if err != nil {
		return err
	}
	if !s.Order.Valid() {
		return fmt.Errorf("order %d is unknown", s.Order)
	}
	return checkParams(&s.Params) // the field may be missing
}

func checkPersistence(p engine.Persistence) error {
	switch p {
	case engine.Permanent, engine.Unlogged, engine.Temporary:
		return nil
	}
	return fmt.Errorf("persistence %d is unknown", p)
}

// appendACL writes a list; one that is not nil is there, however empty.
func appendACL(b []byte, number protowire.Number, a acl.ACL) []byte {
	if a == nil {
		return b
	}
	return appendMessage(b, number, func(b []byte) []byte {
		return appendAll(b, 1, a, func(b []byte, i *acl.Item) []byte {
			b = appendUint(b, 1, uint64(i.Grantee))
			b = appendUint(b, 2, uint64(i.Grantor))
			b = appendUint(b, 3, uint64(i.Held))
			return appendUint(b, 4, uint64(i.Option))
		})
	})
}

func readACL(x field, a *acl.ACL) error {
	*a = acl.ACL{}
	return embedded(x, func(b []byte) error {
		return eachField(b, func(x field) error {
			if x.number != 1 {
				return errUnknownField
			}
			return another(x, (*[]acl.Item)(a), decodeItemOfACL)
		})
	})
}

func decodeItemOfACL(b []byte, i *acl.Item) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &i.Grantee)
		case 2:
			return into(x, &i.Grantor)
		case 3:
			return into(x, &i.Held)
		case 4:
			return into(x, &i.Option)
		}
		return errUnknownField
	})
}

// appendObject writes an object as a message Object.
func appendObject(b []byte, o engine.Object) []byte {
	switch o := o.(type) {
	case *engine.Role:
		return appendMessage(b, 1, func(b []byte) []byte { return appendRole(b, o) })
	case *engine.Membership:
		return appendMessage(b, 2, func(b []byte) []byte { return appendMembership(b, o) })
	case *engine.Setting:
		return appendMessage(b, 3, func(b []byte) []byte { return appendSetting(b, o) })
	case *engine.DatabaseInfo:
		return appendMessage(b, 4, func(b []byte) []byte { return appendDatabase(b, o) })
	case *engine.Schema:
		return appendMessage(b, 5, func(b []byte) []byte { return appendSchema(b, o) })
	case *engine.Sequence:
		return appendMessage(b, 6, func(b []byte) []byte { return appendSequence(b, o) })
	case *engine.Table:
		return appendMessage(b, 7, func(b []byte) []byte { return appendTable(b, o) })
	case *engine.Index:
		return appendMessage(b, 8, func(b []byte) []byte { return appendIndex(b, o) })
	case *engine.DefaultACL:
		return appendMessage(b, 9, func(b []byte) []byte { return appendDefaultACL(b, o) })
	case *engine.Comment:
		return appendMessage(b, 10, func(b []byte) []byte { return appendComment(b, o) })
	case *engine.SecurityLabel:
		return appendMessage(b, 11, func(b []byte) []byte { return appendLabel(b, o) })
	}
	return b // a type without a number: TestEveryObjectIsEncoded
}

// decodeObject reads a message Object: exactly one field.
func decodeObject(b []byte) (o engine.Object, err error) {
	err = eachField(b, func(x field) error {
		if o != nil {
			return errMalformed
		}
		switch x.number {
		case 1:
			return object(x, &o, &engine.Role{}, decodeRole)
		case 2:
			return object(x, &o, &engine.Membership{}, decodeMembership)
		case 3:
			return object(x, &o, &engine.Setting{}, decodeSetting)
		case 4:
			return object(x, &o, &engine.DatabaseInfo{}, decodeDatabase)
		case 5:
			return object(x, &o, &engine.Schema{}, decodeSchema)
		case 6:
			return object(x, &o, &engine.Sequence{}, decodeSequence)
		case 7:
			return object(x, &o, &engine.Table{}, decodeTable)
		case 8:
			return object(x, &o, &engine.Index{}, decodeIndex)
		case 9:
			return object(x, &o, &engine.DefaultACL{}, decodeDefaultACL)
		case 10:
			return object(x, &o, &engine.Comment{}, decodeComment)
		case 11:
			return object(x, &o, &engine.SecurityLabel{}, decodeLabel)
		}
		return errUnknownField
	})
	if err == nil && o == nil {
		err = errMalformed
	}
	return o, err
}

func object[T engine.Object](x field, o *engine.Object, v T, read func([]byte, T) error) error {
	*o = v
	return embedded(x, func(b []byte) error { return read(b, v) })
}

func appendKey(b []byte, k engine.Key) []byte {
	b = appendUint(b, 1, uint64(k.Class))
	b = appendUint(b, 2, uint64(k.OID))
	b = appendUint(b, 3, uint64(k.Second))
	b = appendSint(b, 4, int64(k.Sub))
	return appendString(b, 5, k.Provider)
}

func decodeKey(b []byte, k *engine.Key) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &k.Class)
		case 2:
			return into(x, &k.OID)
		case 3:
			return into(x, &k.Second)
		case 4:
			return intoSigned(x, &k.Sub)
		case 5:
			return x.string(&k.Provider)
		}
		return errUnknownField
	})
}
