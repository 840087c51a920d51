package simcluster

import (
	"fmt"
	"sync"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// kind is what a session asked for.
type kind string

const (
	next    kind = "nextval"
	set     kind = "setval"
	read    kind = "read"
	restart kind = "restart"
	create  kind = "create"
	drop    kind = "drop"
)

// outcome is what a session knows of what it asked for.
type outcome string

const (
	done    outcome = "done"
	refused outcome = "refused" // nothing happened, says the answer
	unknown outcome = "unknown" // 40003, or the session ended before there was an answer
)

// operation is one request of a session. call and ret order all requests and answers:
// virtual time does not, since much happens at one moment of it.
type operation struct {
	session   string
	kind      kind
	seq       *seq
	call, ret int64
	began     time.Duration
	ended     time.Duration

	state sequence.State // set: what; restart: its LastValue; read: what was there

	outcome outcome
	err     error
	value   int64 // next
	within  bool  // next: of a pipeline, not the first
	cached  bool  // next: of a block that the session had already
	block   sequence.Block
	epoch   uint64 // of the value or position
}

func (o *operation) String() string {
	text := fmt.Sprintf("%6d-%6d %9.3f-%9.3f %-6s %-8s %-8s %s", o.call, o.ret, o.began.Seconds(), o.ended.Seconds(), o.session, o.kind, o.seq.name, o.outcome)
	switch o.kind {
	case next:
		if o.outcome == done {
			text += fmt.Sprintf(" %d epoch %d cached %v block %d..%d", o.value, o.epoch, o.cached, o.block.First, o.block.Last)
		}
	case set, read, restart:
		text += fmt.Sprintf(" %d,%v epoch %d", o.state.LastValue, o.state.IsCalled, o.epoch)
	}
	if o.err != nil {
		text += fmt.Sprintf(" (%s %v)", sqlstate.CodeOf(o.err), o.err)
	}
	return text
}

// forever is the answer that never came.
const forever = int64(1) << 62

// seq is a sequence of the workload.
type seq struct {
	name   string
	id     engine.SequenceID
	params sequence.Params
	sets   bool // its position is set now and then
	churn  bool // it is dropped some time
}

func (q *seq) strict() bool { return q.params.Cache == 1 && !q.params.Cycle }

// history is all that happened.
type history struct {
	mu    sync.Mutex
	clock int64
	list  []*operation
	notes []string
}

func (h *history) tick() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	return h.clock
}

// begin notes a request.
func (c *cluster) begin(s *session, k kind, q *seq) *operation {
	o := &operation{session: s.name, kind: k, seq: q, began: time.Since(c.begun), ret: forever, outcome: unknown}
	c.history.mu.Lock()
	defer c.history.mu.Unlock()
	c.history.clock++
	o.call = c.history.clock
	c.history.list = append(c.history.list, o)
	return o
}

// end notes an answer, if its session still hears it.
func (c *cluster) end(s *session, o *operation, err error) {
	s.life.sessions.wait()
	at := time.Since(c.begun)
	c.history.mu.Lock()
	defer c.history.mu.Unlock()
	o.ended, o.err = at, err
	if s.life.over.Load() {
		return
	}
	c.history.clock++
	o.ret = c.history.clock
	switch code := sqlstate.CodeOf(err); {
	case err == nil:
		o.outcome = done
	case code == sqlstate.StatementCompletionUnknown:
		o.ret = forever
	default:
		o.outcome = refused
	}
}

// note writes to the story of the run.
func (c *cluster) note(text string, args ...any) {
	c.history.mu.Lock()
	defer c.history.mu.Unlock()
	c.history.notes = append(c.history.notes, fmt.Sprintf("%6d %9.3f %s", c.history.clock, time.Since(c.begun).Seconds(), fmt.Sprintf(text, args...)))
}

// fail notes that something was wrong.
func (c *cluster) fail(text string, args ...any) {
	c.mu.Lock()
	c.failures = append(c.failures, fmt.Sprintf(text, args...))
	c.mu.Unlock()
	c.note("FAILURE: "+text, args...)
}
