package codec

import (
	"errors"
	"fmt"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/lease"
)

// Cluster is the replicated state beside the engine's: who holds the lease, who
// belongs to the cluster, and which requests were executed already.
type Cluster struct {
	Lease    lease.Record
	Members  []Member  // by ID
	Gateways []Gateway // by ID
	// Format is the newest format that every member knows (see FormatOf), 0: that of
	// the first release, 1.
	Format uint64
	// Largest is the largest reservation since the cluster has format 2.
	Largest uint64
}

// KnownFormat is the format that every member knows.
func (c *Cluster) KnownFormat() uint64 { return max(1, c.Format) }

func appendFormat(b []byte, c *Cluster) []byte {
	return appendUint(appendUint(b, 1, c.Format), 2, c.Largest)
}

func (l *loader) format(b []byte) error {
	if l.cluster.Format != 0 {
		return errors.New("the format is there twice")
	}
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&l.cluster.Format)
		case 2:
			return x.uint(&l.cluster.Largest)
		}
		return errUnknownField
	})
	switch {
	case err != nil:
	case l.cluster.Format > EntryVersion:
		err = &VersionError{What: "the cluster", Have: int(l.cluster.Format), Know: EntryVersion}
	case l.cluster.Format < formatRecord:
		err = errMalformed
	}
	return err
}

// Gateway is what is remembered of one gateway's requests.
type Gateway struct {
	ID    uint64
	Used  uint64 // log index of the newest request
	Below uint64 // requests with a smaller counter are not remembered any more
	// Results are the outcomes of executed requests, by counter, all ≥ Below.
	Results []Outcome
}

// Outcome is the result of one executed request.
type Outcome struct {
	Counter uint64
	Result  engine.Result
}

func appendRecord(b []byte, r lease.Record) []byte {
	b = appendString(b, 1, r.Holder)
	b = appendString(b, 2, r.Boot)
	b = appendUint(b, 3, r.Term)
	return appendUint(b, 4, r.Millis)
}

func (l *loader) lease(b []byte) error {
	r := &l.cluster.Lease
	if *r != (lease.Record{}) {
		return fmt.Errorf("the lease is there twice")
	}
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.string(&r.Holder)
		case 2:
			return x.string(&r.Boot)
		case 3:
			return x.uint(&r.Term)
		case 4:
			return x.uint(&r.Millis)
		}
		return errUnknownField
	})
	if err == nil {
		err = checkLease(*r)
	}
	return err
}

func (l *loader) member(b []byte) error {
	var m Member
	if err := decodeMember(b, &m, nil); err != nil {
		return err
	}
	list := l.cluster.Members
	if n := len(list); n > 0 && list[n-1].ID >= m.ID {
		return fmt.Errorf("member %q is out of order", m.ID)
	}
	l.cluster.Members = append(list, m)
	return nil
}

func appendGateway(b []byte, g *Gateway) []byte {
	b = appendUint(b, 1, g.ID)
	b = appendUint(b, 2, g.Used)
	return appendUint(b, 3, g.Below)
}

func (l *loader) gateway(b []byte) error {
	var g Gateway
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&g.ID)
		case 2:
			return x.uint(&g.Used)
		case 3:
			return x.uint(&g.Below)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	list := l.cluster.Gateways
	if n := len(list); n > 0 && list[n-1].ID >= g.ID {
		return fmt.Errorf("gateway %d is out of order", g.ID)
	}
	l.cluster.Gateways = append(list, g)
	return nil
}

func appendOutcome(b []byte, gateway uint64, o *Outcome) []byte {
	b = appendUint(b, 1, gateway)
	b = appendUint(b, 2, o.Counter)
	if o.Result.Err != nil {
		b = appendMessage(b, 3, func(b []byte) []byte { return appendError(b, o.Result.Err) })
	}
	for i := range o.Result.Effects {
		b = appendMessage(b, 4, func(b []byte) []byte { return appendEffect(b, &o.Result.Effects[i]) })
	}
	return b
}

// outcome adds a result to the gateway it belongs to; they come in the gateways' order.
func (l *loader) outcome(b []byte) error {
	var gateway uint64
	var o Outcome
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&gateway)
		case 2:
			return x.uint(&o.Counter)
		case 3:
			o.Result.Err = &sqlstate.Error{}
			return embedded(x, func(b []byte) error { return decodeError(b, o.Result.Err) })
		case 4:
			return embedded(x, func(b []byte) error {
				var e engine.Effect
				err := decodeEffect(b, &e)
				o.Result.Effects = append(o.Result.Effects, e)
				return err
			})
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	list := l.cluster.Gateways
	for l.filling < len(list) && list[l.filling].ID < gateway {
		l.filling++
	}
	if l.filling == len(list) || list[l.filling].ID != gateway {
		return fmt.Errorf("result of gateway %d, which is not there", gateway)
	}
	g := &list[l.filling]
	if n := len(g.Results); o.Counter < g.Below || (n > 0 && g.Results[n-1].Counter >= o.Counter) {
		return fmt.Errorf("result %d of gateway %d is out of order", o.Counter, gateway)
	}
	g.Results = append(g.Results, o)
	return nil
}

func appendError(b []byte, e *sqlstate.Error) []byte {
	b = appendString(b, 1, string(e.Severity))
	b = appendString(b, 2, string(e.Code))
	b = appendString(b, 3, e.Message)
	b = appendString(b, 4, e.Detail)
	b = appendString(b, 5, e.Hint)
	b = appendString(b, 6, e.Where)
	return appendSint(b, 7, int64(e.Position))
}

func decodeError(b []byte, e *sqlstate.Error) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return text(x, &e.Severity)
		case 2:
			return text(x, &e.Code)
		case 3:
			return x.string(&e.Message)
		case 4:
			return x.string(&e.Detail)
		case 5:
			return x.string(&e.Hint)
		case 6:
			return x.string(&e.Where)
		case 7:
			var at int64
			err := x.sint(&at)
			e.Position = int(at)
			return err
		}
		return errUnknownField
	})
}

func text[T ~string](x field, dst *T) error {
	var s string
	err := x.string(&s)
	*dst = T(s)
	return err
}

func appendEffect(b []byte, e *engine.Effect) []byte {
	b = appendUint(b, 1, uint64(e.Kind))
	b = appendUint(b, 2, uint64(e.ID.Database))
	b = appendUint(b, 3, uint64(e.ID.Sequence))
	b = appendUint(b, 4, e.Epoch)
	if e.Block != (sequence.Block{}) {
		b = appendMessage(b, 5, func(b []byte) []byte {
			return appendSint(appendSint(appendSint(b, 1, e.Block.First), 2, e.Block.Last), 3, e.Block.Increment)
		})
	}
	if e.State != (sequence.State{}) {
		b = appendMessage(b, 6, func(b []byte) []byte { return appendState(b, e.State) })
	}
	return b
}

func decodeEffect(b []byte, e *engine.Effect) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &e.Kind)
		case 2:
			return into(x, &e.ID.Database)
		case 3:
			return into(x, &e.ID.Sequence)
		case 4:
			return x.uint(&e.Epoch)
		case 5:
			return embedded(x, func(b []byte) error { return decodeBlock(b, &e.Block) })
		case 6:
			return embedded(x, func(b []byte) error { return decodeState(b, &e.State) })
		}
		return errUnknownField
	})
}

func decodeBlock(b []byte, block *sequence.Block) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.sint(&block.First)
		case 2:
			return x.sint(&block.Last)
		case 3:
			return x.sint(&block.Increment)
		}
		return errUnknownField
	})
}
