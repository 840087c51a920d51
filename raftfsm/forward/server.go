package forward

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"seqd/engine"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// Server answers the Backends of other nodes while this node serves.
type Server struct {
	node     Node
	gateways gateways
	quick    sync.Pool // of *quick
}

// NewServer returns the server of a node.
func NewServer(n Node) *Server {
	s := &Server{node: n}
	s.quick.New = func() any { return &quick{} }
	s.gateways.init(n)
	return s
}

// Own tells the server which requests come from its own node: a node that has just
// begun to lead may ask itself for a moment, and its sessions must be the same ones
// then.
func (s *Server) Own(b *Backend) {
	s.gateways.mu.Lock()
	s.gateways.own = b.gateway
	s.gateways.mu.Unlock()
}

// Register has the server answer at a node's cluster port.
func (s *Server) Register(t *peer.Transport) {
	t.Handle(peer.StreamRPC, func(ctx context.Context, _ peer.Identity, kind byte, body []byte) ([]byte, error) {
		return s.Handle(ctx, kind, body)
	})
	t.HandleQuick(peer.StreamRPC, func(_ peer.Identity, kind byte, body, b []byte) ([]byte, bool) {
		return s.HandleQuick(kind, body, b)
	})
}

// quick is the memory of one HandleQuick.
type quick struct {
	request request
	fetches []allocator.Fetch
}

// HandleQuick answers, behind b, what needs no waiting: a request for values that are
// reserved. ok is false if Handle is to be asked.
func (s *Server) HandleQuick(kind byte, body, b []byte) (_ []byte, ok bool) {
	if kind != kindNext || !s.node.Serving() {
		return nil, false
	}
	m := s.quick.Get().(*quick)
	defer s.quick.Put(m)
	q := &m.request
	if q.decode(kind, body) != nil || s.node.Applied() < q.applied {
		return nil, false
	}
	seq := s.node.Sequence(q.id)
	if seq == nil {
		return nil, false
	}
	m.fetches = slices.Grow(m.fetches[:0], len(q.owners))[:len(q.owners)]
	if !seq.TryNextBatch(m.fetches) {
		return nil, false
	}
	p := reply{applied: s.node.Applied()}
	return appendFetches(p.appendTo(b), m.fetches), true
}

// aheadMax is how long a request waits for this node to serve, when it leads
// already, and to apply what the gateway has applied already.
const aheadMax = 2 * time.Second

// Handle answers one request. ctx must end when the caller gives up or its
// connection is gone.
func (s *Server) Handle(ctx context.Context, kind byte, body []byte) ([]byte, error) {
	var q request
	handle := handlers[kind]
	if handle == nil {
		return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "this node does not know request %d of other nodes", kind)
	}
	if err := q.decode(kind, body); err != nil {
		return nil, sqlstate.Errorf(sqlstate.ProtocolViolation, "request %d of another node: %w", kind, err)
	}
	err := s.serving(ctx)
	if err == nil {
		err = s.reach(ctx, q.applied)
	}
	var answer []byte
	if err == nil {
		answer, err = handle(s, ctx, &q)
	}
	if err != nil {
		return s.refuse(err), nil
	}
	p := reply{applied: s.node.Applied()}
	return append(p.encode(), answer...), nil
}

// serving waits for this node to serve if it is about to: if it leads already.
func (s *Server) serving(ctx context.Context) error {
	if s.node.Serving() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, aheadMax)
	defer cancel()
	for {
		changed := s.node.LeaderChanged()
		if s.node.Serving() {
			return nil
		}
		if _, _, self := s.node.Leader(); !self {
			return allocator.ErrNotServing
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return allocator.ErrNotServing
		}
	}
}

// reach waits until this node has applied what the gateway has: a follower may be a
// moment ahead of the leader's own state machine.
func (s *Server) reach(ctx context.Context, index uint64) error {
	if s.node.Applied() >= index {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, aheadMax)
	defer cancel()
	if s.node.WaitApplied(ctx, index) != nil {
		return allocator.ErrNotServing
	}
	return nil
}

// refuse is the answer to a request that failed.
func (s *Server) refuse(err error) []byte {
	p := reply{applied: s.node.Applied()}
	switch kindOf(err) {
	case failedSafe:
		p.status = statusNotServing
		if _, addr, self := s.node.Leader(); !self {
			p.leader = addr
		}
	case failedLost:
		p.status = statusUnknown
	case failedBlocked:
		p.status = statusBlocked
	default:
		p.status, p.err = statusRefused, sqlstate.From(err)
	}
	return p.encode()
}

// handlers answer the kinds of requests, with the body of statusDone.
var handlers = map[byte]func(*Server, context.Context, *request) ([]byte, error){
	kindNext:        (*Server).next,
	kindNextAlone:   (*Server).nextAlone,
	kindSetVal:      (*Server).setVal,
	kindCommit:      (*Server).commit,
	kindBranch:      (*Server).branch,
	kindDropDB:      (*Server).dropDatabase,
	kindPosition:    (*Server).position,
	kindReplaced:    (*Server).replaced,
	kindOIDs:        (*Server).allocateOIDs,
	kindLock:        (*Server).lock,
	kindAwaitUnlock: (*Server).awaitUnlock,
	kindUnlock:      (*Server).unlock,
	kindAttach:      (*Server).attach,
	kindCheckpoint:  (*Server).checkpoint,
	kindApplied:     (*Server).applied,
	kindLockKey:     (*Server).lockKey,
	kindKeepKeys:    (*Server).keepKeys,
	kindUnlockKey:   (*Server).unlockKey,
	kindGrant:       (*Server).grant,
	kindAhead:       (*Server).ahead,
}

func (s *Server) sequence(id engine.SequenceID) (*allocator.Sequence, error) {
	if seq := s.node.Sequence(id); seq != nil {
		return seq, nil
	}
	return nil, errNoSequence(id)
}

func (s *Server) next(ctx context.Context, q *request) ([]byte, error) {
	seq, err := s.sequence(q.id)
	if err != nil {
		return nil, err
	}
	prefix := s.gateways.owner(q.gateway, 0)
	for i := range q.owners {
		q.owners[i] |= prefix
	}
	list := make([]allocator.Fetch, len(q.owners))
	seq.NextBatch(ctx, q.owners, list)
	return appendFetches(nil, list), nil
}

func (s *Server) nextAlone(ctx context.Context, q *request) ([]byte, error) {
	seq, err := s.sequence(q.id)
	if err != nil {
		return nil, err
	}
	var f allocator.Fetch
	if f.Block, f.Epoch, err = seq.Next(ctx, s.gateways.owner(q.gateway, q.owner)); err != nil {
		return nil, err
	}
	return appendFetches(nil, []allocator.Fetch{f}), nil
}

// entry reads the command that a gateway wants to be logged.
func entry[T engine.Command](q *request) (codec.Entry, T, error) {
	e, err := codec.DecodeEntry(q.entry)
	c, ok := e.Command.(T)
	switch {
	case err != nil:
		err = sqlstate.Errorf(sqlstate.ProtocolViolation, "command of another node: %w", err)
	case !ok || e.Request.Gateway != q.gateway || e.Request.Counter == 0:
		err = sqlstate.New(sqlstate.ProtocolViolation, "command of another node: it is not what it should be")
	}
	return e, c, err
}

func (s *Server) setVal(ctx context.Context, q *request) ([]byte, error) {
	e, c, err := entry[*engine.SetVal](q)
	if err != nil {
		return nil, err
	}
	seq, err := s.sequence(c.ID)
	if err != nil {
		return nil, err
	}
	r, err := setVal(ctx, s.node, seq, s.gateways.owner(q.gateway, q.owner), e.Request, c.State)
	if err != nil {
		return nil, err
	}
	return appendResult(nil, r), nil
}

func (s *Server) commit(ctx context.Context, q *request) ([]byte, error) {
	return execute(q, func(r codec.Request, c *engine.Commit) (engine.Result, error) { return s.node.ProposeWith(ctx, r, c) })
}

func (s *Server) branch(ctx context.Context, q *request) ([]byte, error) {
	return execute(q, func(r codec.Request, c *engine.CreateDatabase) (engine.Result, error) {
		return s.node.CreateDatabase(ctx, r, c)
	})
}

func (s *Server) dropDatabase(ctx context.Context, q *request) ([]byte, error) {
	return execute(q, func(r codec.Request, c *engine.DropDatabase) (engine.Result, error) {
		return s.node.ProposeWith(ctx, r, c)
	})
}

// execute proposes the command in a request, under the request's ID.
func execute[T engine.Command](q *request, propose func(codec.Request, T) (engine.Result, error)) ([]byte, error) {
	e, c, err := entry[T](q)
	if err != nil {
		return nil, err
	}
	r, err := propose(e.Request, c)
	if err != nil {
		return nil, err
	}
	return appendResult(nil, r), nil
}

func (s *Server) position(ctx context.Context, q *request) ([]byte, error) {
	seq, err := s.sequence(q.id)
	if err != nil {
		return nil, err
	}
	p, err := seq.Position(ctx)
	if err != nil {
		return nil, err
	}
	return appendPosition(nil, p), nil
}

func (s *Server) replaced(_ context.Context, q *request) ([]byte, error) {
	seq, err := s.sequence(q.id)
	if err != nil {
		return nil, err
	}
	return appendReplaced(nil, seq.Replaced()), nil
}

func (s *Server) allocateOIDs(ctx context.Context, q *request) ([]byte, error) {
	var list []byte
	n := min(max(q.count, 1), oidBlock)
	for i := range n {
		oid, err := s.node.AllocateOID(ctx)
		if err != nil && i == 0 {
			return nil, err
		}
		if err != nil {
			n = i
			break
		}
		list = binary.AppendUvarint(list, uint64(oid))
	}
	return append(binary.AppendUvarint(nil, uint64(n)), list...), nil
}

func (s *Server) lock(ctx context.Context, q *request) ([]byte, error) {
	owner := s.gateways.owner(q.gateway, q.owner)
	p, err := s.node.Lock(ctx, owner, q.id)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		// Nobody hears of it, and the unlock may have come and gone already.
		s.node.Unlock(owner)
		return nil, allocator.Canceled(ctx)
	}
	s.gateways.holds(q.gateway, owner)
	return appendPosition(nil, p), nil
}

func (s *Server) awaitUnlock(ctx context.Context, q *request) ([]byte, error) {
	return nil, s.node.AwaitUnlock(ctx, s.gateways.owner(q.gateway, q.owner), q.id)
}

func (s *Server) unlock(_ context.Context, q *request) ([]byte, error) {
	s.gateways.unlock(q.gateway, s.gateways.owner(q.gateway, q.owner))
	return nil, nil
}

// attach lasts as long as the gateway is there.
func (s *Server) attach(ctx context.Context, q *request) ([]byte, error) {
	attachment := s.gateways.attach(q.gateway)
	<-ctx.Done()
	s.gateways.detach(q.gateway, attachment)
	return nil, errDetached
}

var errDetached = sqlstate.From(errors.New("the gateway has gone"))

func (s *Server) checkpoint(ctx context.Context, _ *request) ([]byte, error) {
	return nil, s.node.Checkpoint(ctx)
}

// applied tells what this node has applied. It must not have been deposed before it
// was asked, or that may not be the newest.
func (s *Server) applied(ctx context.Context, _ *request) ([]byte, error) {
	return nil, s.node.Confirm(ctx)
}

// grant tells a gateway for how long it may hand out what its sessions have cached.
func (s *Server) grant(ctx context.Context, q *request) ([]byte, error) {
	index, d, err := s.node.Grant(ctx, q.gateway, q.applied)
	if err != nil {
		return nil, err
	}
	return binary.AppendUvarint(binary.AppendUvarint(nil, index), uint64(d/time.Millisecond)), nil
}
