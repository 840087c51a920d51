package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/lease"
)

// A leadership session, from raft's election to the loss of leadership. Nothing is
// served and nothing proposed, setval and Commit included, before the wait for
// another holder's lease is over: else the holder could give out values that are
// older than what was acknowledged here. For the same reason no lease is proposed
// before that.
//
// A configuration whose only voter is this node needs no lease: nobody else can be
// elected unless this node adds a voter first, and before it does that it takes a
// lease (promote). The wait for somebody else's lease is not spared: the last other
// voter may have been removed while it served.

// session is the leadership session that is open; only the leadership goroutine
// touches it.
type session struct {
	term   uint64
	stop   chan struct{} // ends what runs beside
	beside sync.WaitGroup
}

// watchLeadership opens and closes sessions as raft elects, and does what has to
// be done between two changes of leadership.
func (n *Node) watchLeadership() {
	defer close(n.left)
	for {
		select {
		case leads := <-n.raft.LeaderCh():
			// Changes may have been merged: whatever came before is over.
			n.stopServing()
			if leads {
				n.serve()
			}
		case order := <-n.orders:
			order()
		case <-n.leave:
			return
		}
	}
}

// order has the leadership goroutine do something.
func (n *Node) order(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	select {
	case n.orders <- func() { done <- do() }:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-n.left:
		return raft.ErrRaftShutdown
	}
	select {
	case err := <-done: // what was begun is ended
		return err
	case <-n.left: // or the node is: Fatal need not return
	}
	select {
	case err := <-done:
		return err
	default:
		return raft.ErrRaftShutdown
	}
}

// leads tells whether this node is still the leader of a term.
func (n *Node) leads(term uint64) bool {
	return n.raft.State() == raft.Leader && n.raft.CurrentTerm() == term
}

// serve begins a session: everything logged before must be applied, nobody else
// may serve any more, and the term must still be the one in which the barrier was
// logged.
func (n *Node) serve() {
	term, elected := n.raft.CurrentTerm(), time.Now()
	if !n.applyAll(term) {
		return // leadership is gone again, or the node is closing
	}
	applied := time.Now()
	if !n.waitForLease(term) {
		return // the next notice is about to come
	}
	waited := time.Now()
	if !n.takeLease(term) {
		return
	}
	if len(n.servers()) == 1 {
		_ = n.raiseFormat(term, n.leave) // or organize does, later
	}
	n.openGrants()
	s := &session{term: term, stop: make(chan struct{})}
	n.session = s
	if len(n.servers()) > 1 {
		n.allocator.GraceKeys(keyGrace)
	}
	n.allocator.Start(term)
	n.gate.open(term)
	s.beside.Go(func() { n.renewLease(s) })
	s.beside.Go(func() { n.organize(s) })
	n.nowReady()
	n.changes.tell()
	if len(n.servers()) > 1 {
		n.config.Logger.Info("this node leads and serves", "term", term, "log applied after", applied.Sub(elected).Round(time.Millisecond),
			"waited for the last leader's lease", waited.Sub(applied).Round(time.Millisecond), "own lease after", time.Since(waited).Round(time.Millisecond))
	}
}

// retryAfter is the pause before raft is asked again what it refused.
const retryAfter = 10 * time.Millisecond

// applyAll waits until everything that was logged before is applied. It asks for as
// long as this node leads: after a transfer that failed raft takes nothing for a
// while, and nobody else would ever make the node serve.
func (n *Node) applyAll(term uint64) bool {
	for n.leads(term) {
		if err := n.await(func() error { return n.raft.Barrier(0).Error() }, n.leave); err == nil {
			return true
		}
		select {
		case <-n.leave:
			return false
		case <-time.After(retryAfter):
		}
	}
	return false
}

// keyGrace is how long a new leader gives keys (advisory locks) only to those who
// had them before: longer than nodes take to ask, and to tell their sessions if they
// can't (forward's keepMost).
const keyGrace = 8 * time.Second

// waitForLease waits until nobody else can serve.
func (n *Node) waitForLease(term uint64) bool {
	const look = 5 * time.Millisecond
	for n.leads(term) {
		d := n.waiter.Wait()
		if n.config.Seams.Mistakes.NoWait {
			d = 0
		}
		if d == 0 {
			return true
		}
		select {
		case <-time.After(min(d, look)):
		case <-n.leave:
			return false
		}
	}
	return false
}

// takeLease opens the holder's side, with a lease if one is needed.
func (n *Node) takeLease(term uint64) bool {
	alone := n.onlyVoter()
	n.holder.Open(term, alone || n.config.Seams.Mistakes.NoLease)
	if alone {
		return true
	}
	for n.leads(term) {
		if err := n.proposeLease(term, n.leave); err == nil {
			return true
		}
		select {
		case <-n.leave:
		case <-time.After(retryAfter):
			continue
		}
		break
	}
	n.holder.Close()
	return false
}

// grant is a lease for this node from now on: the clock is read here, before the
// entry is proposed.
func (n *Node) grant(term uint64) *codec.Lease {
	l := n.giveBack(term)
	l.Millis, l.Asked = uint64(n.timing.Lease/time.Millisecond), uint64(n.clock())
	return l
}

// giveBack is the end of this node's lease.
func (n *Node) giveBack(term uint64) *codec.Lease {
	return &codec.Lease{Record: lease.Record{Holder: n.identity.Node, Boot: n.boot, Term: term}}
}

func (n *Node) proposeLease(term uint64, stop <-chan struct{}) error {
	_, err := n.log(codec.Entry{Term: term, Lease: n.grant(term)}, stop)
	return err
}

// renewLease keeps a session's lease up.
func (n *Node) renewLease(s *session) {
	tick := time.NewTicker(n.timing.Renew / 5)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
		if n.holder.Due(n.timing.Renew) {
			// If it fails the lease lapses, and who needs it asks anew.
			_ = n.proposeLease(s.term, s.stop)
		}
	}
}

// stopServing ends the session and returns its term, 0 if there was none. When it
// returns nothing is served from memory, and none of its proposals but those of
// SetVal and Commit are under way.
func (n *Node) stopServing() (term uint64) {
	n.gate.close()
	n.holder.Close()
	n.allocator.Stop()
	if s := n.session; s != nil {
		now := time.Now()
		n.served.Store(&now)
		n.session = nil
		close(s.stop)
		s.beside.Wait()
		term = s.term
		n.changes.tell()
	}
	return term
}

// release commits the exact positions and gives the lease back. Serving was
// stopped before: the other way round two leaders could serve. It does not wait for
// disk space; the result is closed when raft has no more to do with it, and before
// that this node must not serve again: it would take back positions that it goes on
// from.
func (n *Node) release(term uint64) (over <-chan struct{}) {
	done := make(chan struct{})
	e := codec.Entry{Term: term}
	if c := n.allocator.Release(); c != nil {
		e.Command = engine.Command(c)
	}
	if r := n.waiter.Record(); r.Term == term && r.Millis != 0 {
		e.Lease = n.giveBack(term)
	}
	if e.Command == nil && e.Lease == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		if _, err := n.log(e, nil); err != nil {
			n.config.Logger.Warn("the exact positions could not be committed: values reserved ahead are lost", "error", err)
		}
	}()
	stalled, _ := n.stall.watch()
	select {
	case <-done:
	case <-stalled:
		n.config.Logger.Warn("the exact positions can't be committed for lack of disk space")
	}
	return done
}

// transferLimit is after what time a transfer that raft doesn't end is taken for
// one that it never will: it would refuse proposals for ever.
const transferLimit = 5 * time.Second

// handOver stops serving, gives everything back, and makes another voter lead; ""
// is the one that is farthest. If that fails this node serves again.
func (n *Node) handOver(ctx context.Context, to string) error {
	term := n.stopServing()
	if term == 0 {
		return n.notLeader()
	}
	n.awaitProposals(ctx)
	over := n.release(term)
	err := n.transfer(to)
	if err != nil && n.leads(term) {
		select {
		case <-over:
			n.serve()
		case <-n.leave:
		}
	}
	return err
}

func (n *Node) transfer(to string) error {
	ended := make(chan struct{})
	defer close(ended)
	err := n.await(func() error {
		if to == "" {
			return n.raft.LeadershipTransfer().Error()
		}
		for _, s := range n.raft.GetConfiguration().Configuration().Servers {
			if s.ID == raft.ServerID(to) {
				return n.raft.LeadershipTransferToServer(s.ID, s.Address).Error()
			}
		}
		return fmt.Errorf("the cluster has no node %q", to)
	}, n.stuck(ended))
	if errors.Is(err, errStalled) {
		err = errors.New("the transfer of leadership does not end")
		n.failed(err)
	}
	if err != nil {
		return fmt.Errorf("leadership could not be transferred: %w", err)
	}
	n.awaitSuccessor()
	return nil
}

// stuck is closed when a transfer has taken too long, in two turns: a process that was
// stopped meanwhile finds its time over at once, and raft must have a chance to answer.
func (n *Node) stuck(ended <-chan struct{}) <-chan struct{} {
	stuck := make(chan struct{})
	go func() {
		for range 2 {
			select {
			case <-time.After(transferLimit / 2):
				n.config.Logger.Warn("the transfer of leadership takes long")
			case <-ended:
				return
			}
		}
		close(stuck)
	}()
	return stuck
}

// awaitSuccessor waits until this node has heard of its successor, if that comes
// soon: a transfer is over for raft when the leader has stepped down.
func (n *Node) awaitSuccessor() {
	end := time.After(n.timing.Election)
	for {
		changed := n.LeaderChanged()
		if id, _, self := n.Leader(); id != "" && !self {
			return
		}
		select {
		case <-changed:
		case <-end:
			return
		case <-n.down:
			return
		}
	}
}
