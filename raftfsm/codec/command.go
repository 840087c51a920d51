package codec

import (
	"errors"
	"fmt"

	"seqd/engine"
	"seqd/engine/sequence"
)

// Types of log entries. Numbers are never used again.
const (
	typeReserve byte = 1
	typeRelease byte = 2
	typeSetVal  byte = 3
	typeCommit  byte = 4
	typeLease   byte = 5 // nothing but a lease
	typeMember  byte = 6
	typeSkipAll byte = 7 // format 2
	typeFormat  byte = 8 // format 2

	typeCreateDatabase byte = 9  // format 2
	typeDropDatabase   byte = 10 // format 2
)

// maySkip marks a type that a replica which does not know it may pass over,
// because it changes nothing that replicas must agree on.
const maySkip byte = 0x80

func typeOf(e Entry) (byte, error) {
	switch e.Command.(type) {
	case *engine.Reserve:
		return typeReserve, nil
	case *engine.Release:
		return typeRelease, nil
	case *engine.SetVal:
		return typeSetVal, nil
	case *engine.Commit:
		return typeCommit, nil
	case *engine.SkipAll:
		return typeSkipAll, nil
	case *engine.CreateDatabase:
		return typeCreateDatabase, nil
	case *engine.DropDatabase:
		return typeDropDatabase, nil
	}
	switch {
	case e.Command != nil:
		return 0, fmt.Errorf("no log entry type for %T", e.Command)
	case e.Member != nil:
		return typeMember, nil
	case e.Format != 0:
		return typeFormat, nil
	case e.Lease != nil:
		return typeLease, nil
	}
	return 0, errors.New("an entry that says nothing")
}

func appendCommand(b []byte, c engine.Command) []byte {
	switch c := c.(type) {
	case *engine.Reserve:
		for i := range c.Items {
			b = appendMessage(b, 1, func(b []byte) []byte { return appendReserveItem(b, &c.Items[i]) })
		}
	case *engine.Release:
		for i := range c.Items {
			b = appendMessage(b, 1, func(b []byte) []byte { return appendReleaseItem(b, &c.Items[i]) })
		}
	case *engine.SetVal:
		b = appendUint(b, 1, uint64(c.ID.Database))
		b = appendUint(b, 2, uint64(c.ID.Sequence))
		b = appendMessage(b, 3, func(b []byte) []byte { return appendState(b, c.State) })
	case *engine.Commit:
		b = appendUint(b, 1, uint64(c.Database))
		for _, w := range c.Writes {
			b = appendMessage(b, 2, func(b []byte) []byte { return appendWrite(b, w) })
		}
	case *engine.SkipAll:
		b = appendUint(b, 1, c.Steps)
	case *engine.CreateDatabase:
		b = appendMessage(b, 1, func(b []byte) []byte { return appendDatabase(b, &c.Database) })
		b = appendUint(b, 2, uint64(c.Template))
		b = appendAll(b, 3, c.Exact, appendReleaseItem)
	case *engine.DropDatabase:
		b = appendUint(appendUint(b, 1, uint64(c.OID)), 2, c.Expect)
	}
	return b
}

func decodeCommand(typ byte, b []byte) (engine.Command, error) {
	switch typ {
	case typeReserve:
		return decodeReserve(b)
	case typeRelease:
		return decodeRelease(b)
	case typeSetVal:
		return decodeSetVal(b)
	case typeCommit:
		return decodeCommit(b)
	case typeSkipAll:
		c := &engine.SkipAll{}
		return c, decodeNumber(b, &c.Steps)
	case typeCreateDatabase:
		return decodeCreateDatabase(b)
	case typeDropDatabase:
		return decodeDropDatabase(b)
	}
	return nil, errUnknownType
}

var errUnknownType = errors.New("unknown type")

func appendReserveItem(b []byte, i *engine.ReserveItem) []byte {
	b = appendUint(b, 1, uint64(i.ID.Database))
	b = appendUint(b, 2, uint64(i.ID.Sequence))
	b = appendUint(b, 3, i.Epoch)
	return appendUint(b, 4, i.Count)
}

// eachItem calls f with the items of a command that has nothing else.
func eachItem(b []byte, f func(item []byte) error) error {
	return eachField(b, func(x field) error {
		if x.number != 1 {
			return errUnknownField
		}
		return embedded(x, f)
	})
}

// decodeItem reads which sequence, in which epoch, and what of it: field 4.
func decodeItem(b []byte, id *engine.SequenceID, epoch *uint64, what func(field) error) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &id.Database)
		case 2:
			return into(x, &id.Sequence)
		case 3:
			return x.uint(epoch)
		case 4:
			return what(x)
		}
		return errUnknownField
	})
}

func decodeReserve(b []byte) (engine.Command, error) {
	c := &engine.Reserve{}
	err := eachItem(b, func(b []byte) error {
		var item engine.ReserveItem
		err := decodeItem(b, &item.ID, &item.Epoch, func(x field) error {
			return x.uint(&item.Count)
		})
		c.Items = append(c.Items, item)
		return err
	})
	return c, err
}

func appendReleaseItem(b []byte, i *engine.ReleaseItem) []byte {
	b = appendUint(b, 1, uint64(i.ID.Database))
	b = appendUint(b, 2, uint64(i.ID.Sequence))
	b = appendUint(b, 3, i.Epoch)
	return appendMessage(b, 4, func(b []byte) []byte { return appendState(b, i.State) })
}

func decodeRelease(b []byte) (engine.Command, error) {
	c := &engine.Release{}
	err := eachItem(b, func(b []byte) error {
		var item engine.ReleaseItem
		err := decodeReleaseItem(b, &item)
		c.Items = append(c.Items, item)
		return err
	})
	return c, err
}

func decodeReleaseItem(b []byte, item *engine.ReleaseItem) error {
	return decodeItem(b, &item.ID, &item.Epoch, func(x field) error {
		return embedded(x, func(b []byte) error { return decodeState(b, &item.State) })
	})
}

func decodeCreateDatabase(b []byte) (engine.Command, error) {
	c := &engine.CreateDatabase{}
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return embedded(x, func(b []byte) error { return decodeDatabase(b, &c.Database) })
		case 2:
			return into(x, &c.Template)
		case 3:
			return another(x, &c.Exact, decodeReleaseItem)
		}
		return errUnknownField
	})
	return c, err
}

func decodeDropDatabase(b []byte) (engine.Command, error) {
	c := &engine.DropDatabase{}
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &c.OID)
		case 2:
			return x.uint(&c.Expect)
		}
		return errUnknownField
	})
	return c, err
}

func decodeSetVal(b []byte) (engine.Command, error) {
	c := &engine.SetVal{}
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &c.ID.Database)
		case 2:
			return into(x, &c.ID.Sequence)
		case 3:
			return embedded(x, func(b []byte) error { return decodeState(b, &c.State) })
		}
		return errUnknownField
	})
	return c, err
}

// decodeNumber reads a message that is one number.
func decodeNumber(b []byte, n *uint64) error {
	return eachField(b, func(x field) error {
		if x.number != 1 {
			return errUnknownField
		}
		return x.uint(n)
	})
}

func decodeCommit(b []byte) (engine.Command, error) {
	c := &engine.Commit{}
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &c.Database)
		case 2:
			return embedded(x, func(b []byte) error {
				w, err := decodeWrite(b)
				c.Writes = append(c.Writes, w)
				return err
			})
		}
		return errUnknownField
	})
	return c, err
}

func appendWrite(b []byte, w engine.Write) []byte {
	switch w := w.(type) {
	case *engine.PutSequence:
		return appendMessage(b, 1, func(b []byte) []byte {
			b = appendMessage(b, 1, func(b []byte) []byte { return appendSequence(b, &w.Sequence) })
			b = appendUint(b, 2, w.Expect)
			if w.Position != nil {
				b = appendMessage(b, 3, func(b []byte) []byte { return appendState(b, *w.Position) })
			}
			return appendUint(b, 4, w.ExpectSerial)
		})
	case *engine.DropSequence:
		return appendMessage(b, 2, func(b []byte) []byte {
			return appendUint(appendUint(b, 1, uint64(w.OID)), 2, w.Expect)
		})
	case *engine.Put:
		return appendMessage(b, 3, func(b []byte) []byte {
			b = appendMessage(b, 1, func(b []byte) []byte { return appendObject(b, w.Object) })
			return appendUint(b, 2, w.Expect)
		})
	case *engine.Drop:
		return appendMessage(b, 4, func(b []byte) []byte {
			b = appendMessage(b, 1, func(b []byte) []byte { return appendKey(b, w.Key) })
			return appendUint(b, 2, w.Expect)
		})
	}
	return b // EncodeEntry has refused other types
}

func decodeWrite(b []byte) (engine.Write, error) {
	var w engine.Write
	err := eachField(b, func(x field) error {
		if w != nil {
			return errMalformed // exactly one
		}
		switch x.number {
		case 1:
			put := &engine.PutSequence{}
			w = put
			return embedded(x, func(b []byte) error { return decodePut(b, put) })
		case 2:
			drop := &engine.DropSequence{}
			w = drop
			return embedded(x, func(b []byte) error { return decodeDrop(b, drop) })
		case 3:
			put := &engine.Put{}
			w = put
			return embedded(x, func(b []byte) error { return decodePutObject(b, put) })
		case 4:
			drop := &engine.Drop{}
			w = drop
			return embedded(x, func(b []byte) error { return decodeDropObject(b, drop) })
		}
		return errUnknownField
	})
	if err == nil && w == nil {
		err = errMalformed
	}
	return w, err
}

func decodePut(b []byte, put *engine.PutSequence) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return embedded(x, func(b []byte) error { return decodeSequence(b, &put.Sequence) })
		case 2:
			return x.uint(&put.Expect)
		case 3:
			put.Position = &sequence.State{}
			return embedded(x, func(b []byte) error { return decodeState(b, put.Position) })
		case 4:
			return x.uint(&put.ExpectSerial)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	if err := checkParams(&put.Sequence.Params); err != nil {
		return err // the sequence may be missing
	}
	if put.Position != nil && !put.Sequence.Params.InBounds(put.Position.LastValue) {
		return fmt.Errorf("position %d is out of bounds", put.Position.LastValue)
	}
	return nil
}

func decodeDrop(b []byte, drop *engine.DropSequence) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &drop.OID)
		case 2:
			return x.uint(&drop.Expect)
		}
		return errUnknownField
	})
}

func decodePutObject(b []byte, put *engine.Put) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return embedded(x, func(b []byte) (err error) {
				put.Object, err = decodeObject(b)
				return err
			})
		case 2:
			return x.uint(&put.Expect)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	if _, isSequence := put.Object.(*engine.Sequence); isSequence || put.Object == nil {
		return errMalformed // a sequence has a position
	}
	return nil
}

func decodeDropObject(b []byte, drop *engine.Drop) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return embedded(x, func(b []byte) error { return decodeKey(b, &drop.Key) })
		case 2:
			return x.uint(&drop.Expect)
		}
		return errUnknownField
	})
}
