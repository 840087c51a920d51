package forward

import (
	"encoding/binary"
	"slices"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
)

// Kinds of requests. Numbers are never used again for something else, nor is
// anything added to a message: a change gets a new kind.
const (
	kindNext        byte = 1  // one fetch for each of many sessions; waits for no lock
	kindNextAlone   byte = 2  // one fetch; waits for locks
	kindSetVal      byte = 3  // a codec.Entry with a SetVal; waits for no lock
	kindCommit      byte = 4  // a codec.Entry with a Commit
	kindPosition    byte = 5  // the exact position
	kindOIDs        byte = 6  // fresh OIDs
	kindLock        byte = 7  // see allocator.Lock
	kindAwaitUnlock byte = 8  // see allocator.AwaitUnlock
	kindUnlock      byte = 9  // gives back the locks of a session
	kindAttach      byte = 10 // lasts as long as the gateway wants its locks kept
	kindCheckpoint  byte = 11 // see node.Checkpoint
	kindApplied     byte = 12 // what has the leader applied?
	kindGrant       byte = 13 // see Node.Grant; the index and the duration in ms
	kindAhead       byte = 14 // up to so many values for the node itself: none or one fetch
	kindLockKey     byte = 15 // see allocator.LockKey
	kindKeepKeys    byte = 16 // the gateway lives, and wants to keep these keys
	kindUnlockKey   byte = 17 // gives a key back
	kindBranch      byte = 18 // a codec.Entry with a CreateDatabase
	kindDropDB      byte = 19 // a codec.Entry with a DropDatabase
	kindReplaced    byte = 20 // the positions that were replaced last
)

// maxBatch is how many sessions one kindNext covers at most.
const maxBatch = 1 << 13

// request is what all requests have, and what some have besides.
type request struct {
	gateway uint64
	// applied is the log index up to which the gateway's catalog, from which the
	// names in the request come, is known to reach: the leader must be as far.
	applied uint64
	owner   uint32 // the session
	id      engine.SequenceID

	owners []uint64   // kindNext: the sessions; 32 bits each
	entry  []byte     // kindSetVal, kindCommit, kindBranch, kindDropDB
	count  uint32     // kindOIDs, kindAhead
	keys   []ownedKey // kindLockKey, kindUnlockKey: one; kindKeepKeys
	try    bool       // kindLockKey
}

func (q *request) encode(kind byte) []byte {
	b := make([]byte, 0, 32+len(q.entry)+3*len(q.owners))
	b = binary.AppendUvarint(b, q.gateway)
	b = binary.AppendUvarint(b, q.applied)
	b = binary.AppendUvarint(b, uint64(q.owner))
	b = binary.AppendUvarint(b, uint64(q.id.Database))
	b = binary.AppendUvarint(b, uint64(q.id.Sequence))
	switch kind {
	case kindNext:
		b = binary.AppendUvarint(b, uint64(len(q.owners)))
		for _, o := range q.owners {
			b = binary.AppendUvarint(b, uint64(uint32(o)))
		}
	case kindSetVal, kindCommit, kindBranch, kindDropDB:
		b = appendBytes(b, q.entry)
	case kindOIDs, kindAhead:
		b = binary.AppendUvarint(b, uint64(q.count))
	case kindLockKey, kindKeepKeys, kindUnlockKey:
		b = appendBool(appendKeys(b, q.keys), q.try)
	}
	return b
}

func (q *request) decode(kind byte, b []byte) error {
	r := reader{b: b}
	q.gateway, q.applied, q.owner = r.uint(), r.uint(), r.uint32()
	q.id = engine.SequenceID{Database: engine.OID(r.uint32()), Sequence: engine.OID(r.uint32())}
	switch kind {
	case kindNext:
		n := r.count(maxBatch)
		if n == 0 {
			return errMalformed
		}
		q.owners = slices.Grow(q.owners[:0], n)[:n]
		for i := range q.owners {
			q.owners[i] = uint64(r.uint32())
		}
	case kindSetVal, kindCommit, kindBranch, kindDropDB:
		q.entry = r.bytes()
	case kindOIDs, kindAhead:
		q.count = r.uint32()
	case kindLockKey, kindKeepKeys, kindUnlockKey:
		q.keys, q.try = r.keys(), r.bool()
	}
	return r.end()
}

// status tells what became of a request.
type status byte

const (
	statusDone       status = 0 // what follows is the kind's own answer
	statusNotServing status = 1 // nothing happened; the address of the leader, if known
	statusBlocked    status = 2 // nothing happened: the sequence is locked
	statusRefused    status = 3 // the error; for what is logged once: the log was not asked
	statusUnknown    status = 4 // the log was asked, its answer is not known
)

// reply is the head of every answer.
type reply struct {
	status  status
	applied uint64 // by the leader, when the request had been served
	leader  string // statusNotServing
	err     *sqlstate.Error
	body    reader // statusDone
	from    *route // who answered
}

func (p *reply) encode() []byte { return p.appendTo(make([]byte, 0, 64)) }

func (p *reply) appendTo(b []byte) []byte {
	b = append(b, byte(p.status))
	b = binary.AppendUvarint(b, p.applied)
	switch p.status {
	case statusNotServing:
		b = appendBytes(b, p.leader)
	case statusRefused:
		b = appendError(b, p.err)
	}
	return b
}

// decode reads the head; of statusDone the caller reads the body.
func (p *reply) decode(b []byte) error {
	r := reader{b: b}
	p.status, p.applied = status(r.byte()), r.uint()
	switch p.status {
	case statusDone:
		p.body = r
		if r.failed {
			return errMalformed
		}
		return nil
	case statusNotServing:
		p.leader = r.string()
	case statusRefused:
		p.err = r.error()
	case statusBlocked, statusUnknown:
	default:
		return errMalformed
	}
	return r.end()
}

func appendError(b []byte, e *sqlstate.Error) []byte {
	b = appendBytes(b, e.Severity)
	b = appendBytes(b, e.Code)
	b = appendBytes(b, e.Message)
	b = appendBytes(b, e.Detail)
	b = appendBytes(b, e.Hint)
	b = appendBytes(b, e.Where)
	return binary.AppendVarint(b, int64(e.Position))
}

func (r *reader) error() *sqlstate.Error {
	return &sqlstate.Error{
		Severity: sqlstate.Severity(r.string()), Code: sqlstate.Code(r.string()),
		Message: r.string(), Detail: r.string(), Hint: r.string(), Where: r.string(),
		Position: int(r.int()),
	}
}

func appendState(b []byte, s sequence.State) []byte {
	b = binary.AppendVarint(b, s.LastValue)
	b = binary.AppendVarint(b, s.LogCount)
	return appendBool(b, s.IsCalled)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func (r *reader) state() sequence.State {
	return sequence.State{LastValue: r.int(), LogCount: r.int(), IsCalled: r.bool()}
}

func appendPosition(b []byte, p engine.Position) []byte {
	b = appendState(b, p.State)
	return binary.AppendUvarint(binary.AppendUvarint(b, p.Epoch), p.Serial)
}

func (r *reader) position() engine.Position {
	return engine.Position{State: r.state(), Epoch: r.uint(), Serial: r.uint()}
}

func appendReplaced(b []byte, list []allocator.Replaced) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, r := range list {
		b = appendState(binary.AppendUvarint(b, r.By), r.State)
	}
	return b
}

func (r *reader) replaced() (list []allocator.Replaced) {
	for range r.count(1 << 10) {
		list = append(list, allocator.Replaced{By: r.uint(), State: r.state()})
	}
	return list
}

func appendResult(b []byte, r engine.Result) []byte {
	b = appendBool(b, r.Err != nil)
	if r.Err != nil {
		b = appendError(b, r.Err)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Effects)))
	for i := range r.Effects {
		e := &r.Effects[i]
		b = append(b, byte(e.Kind))
		b = binary.AppendUvarint(b, uint64(e.ID.Database))
		b = binary.AppendUvarint(b, uint64(e.ID.Sequence))
		b = binary.AppendUvarint(b, e.Epoch)
		b = binary.AppendVarint(b, e.Block.First)
		b = binary.AppendVarint(b, e.Block.Last)
		b = binary.AppendVarint(b, e.Block.Increment)
		b = appendState(b, e.State)
	}
	return b
}

func (r *reader) result() (v engine.Result) {
	if r.bool() {
		v.Err = r.error()
	}
	n := r.count(1 << 24)
	for range n {
		e := engine.Effect{Kind: engine.EffectKind(r.byte())}
		e.ID = engine.SequenceID{Database: engine.OID(r.uint32()), Sequence: engine.OID(r.uint32())}
		e.Epoch = r.uint()
		e.Block = sequence.Block{First: r.int(), Last: r.int(), Increment: r.int()}
		e.State = r.state()
		if r.failed {
			break
		}
		v.Effects = append(v.Effects, e)
	}
	return v
}
