package codec

import (
	"fmt"

	"seqd/engine"
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
	return appendUint(b, 8, uint64(s.Order))
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
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	if !s.Order.Valid() {
		return fmt.Errorf("order %d is unknown", s.Order)
	}
	switch s.Persistence {
	case engine.Permanent, engine.Unlogged, engine.Temporary:
	default:
		return fmt.Errorf("persistence %d is unknown", s.Persistence)
	}
	return checkParams(&s.Params) // the field may be missing
}
