// Package drive draws values from a server of the PostgreSQL protocol as fast as a
// client can, and says what came back. pgconn logs in (passwords, TLS, service files);
// after that the messages are made once and sent again and again, and of the answers
// only what is counted is looked at, so that the driver is not what is measured.
package drive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/bench/result"
)

// Load is what the clients do.
type Load struct {
	// Servers are where they log in: client i at Servers[i%len(Servers)].
	Servers  []*pgconn.Config
	Sequence string // name, quoted where it needs quotes
	Clients  int
	Protocol string // of package result, as the rest
	Depth    int    // statements sent before the first answer is read
	Batch    int    // values a statement
	Session  string
	// Every is how many statements lie between reconnects or DISCARDs on average: evenly
	// from 1 to 2·Every-1. Were they always as many, no session would lose a value
	// wherever CACHE divides them.
	Every int
}

func (l *Load) check() error {
	switch {
	case len(l.Servers) == 0 || l.Clients < 1 || l.Batch < 1:
		return errors.New("a load needs servers, clients and values")
	case l.Depth < 1 || (l.Depth > 1 && l.Protocol != result.Pipelined):
		return fmt.Errorf("depth %d: only %s has more than one statement under way", l.Depth, result.Pipelined)
	case !slices.Contains([]string{result.Simple, result.Extended, result.Prepared, result.Pipelined}, l.Protocol):
		return fmt.Errorf("unknown protocol %q", l.Protocol)
	case !slices.Contains([]string{result.Long, result.Reconnect, result.Discard}, l.Session):
		return fmt.Errorf("unknown session style %q", l.Session)
	case (l.Every < 1) != (l.Session == result.Long):
		return fmt.Errorf("session style %s, every %d statements", l.Session, l.Every)
	}
	return nil
}

// Tally is what came back.
type Tally struct {
	Values     int64 // received
	Statements int64 // answered without an error
	Elapsed    time.Duration
	Latency    *result.Latency
	OutOfOrder int64
	// SessionEnds and Discards are of sessions that had drawn.
	SessionEnds, Discards int64
	Errors                []result.Error
	// Failure is why a client stopped before its time: the server is gone, refuses
	// the login or says nothing. Errors that the server gave as answers are none.
	Failure error
}

// answerTimeout is how long a client waits for an answer beyond the end of its time.
const answerTimeout = 30 * time.Second

// goodbyeTimeout is how long a server has to end a session.
const goodbyeTimeout = 5 * time.Second

// Fleet is the clients, logged in.
type Fleet struct {
	load    Load
	clients []*client
	highest atomic.Int64  // the largest value that anybody has received
	elapsed time.Duration // of draws that nobody has taken the tally of
}

// Open logs all clients in.
func Open(ctx context.Context, load Load) (*Fleet, error) {
	if err := load.check(); err != nil {
		return nil, err
	}
	f := &Fleet{load: load}
	messages := makeMessages(load)
	for i := range load.Clients {
		f.clients = append(f.clients, &client{fleet: f, server: load.Servers[i%len(load.Servers)], messages: messages, tally: Tally{Latency: result.NewLatency()}})
	}
	errs := make([]error, len(f.clients))
	var wg sync.WaitGroup
	for i, c := range f.clients {
		wg.Go(func() { errs[i] = c.connect(ctx) })
	}
	wg.Wait()
	if err := first(errs); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// first keeps one of what is likely the same error of every client.
func first(errs []error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// Run has all clients draw for d, or until ctx ends, and returns what came back.
func (f *Fleet) Run(ctx context.Context, d time.Duration) *Tally {
	_ = f.Draw(ctx, d) // the tally has the failure
	return f.Take()
}

// Draw has all clients draw for d, or until ctx ends. What comes back is added to what
// Take returns; a client that has failed does nothing more until then. The error is a
// client's failure.
func (f *Fleet) Draw(ctx context.Context, d time.Duration) error {
	began := time.Now()
	var wg sync.WaitGroup
	for _, c := range f.clients {
		wg.Go(func() { c.run(ctx, began.Add(d)) })
	}
	wg.Wait()
	f.elapsed += time.Since(began)
	if i := slices.IndexFunc(f.clients, func(c *client) bool { return c.tally.Failure != nil }); i >= 0 {
		return f.clients[i].tally.Failure
	}
	return nil
}

// Elapsed is how long the clients have drawn since the last Take.
func (f *Fleet) Elapsed() time.Duration { return f.elapsed }

// Take returns what came back since the last Take.
func (f *Fleet) Take() *Tally {
	all := join(f.clients)
	all.Elapsed, f.elapsed = f.elapsed, 0
	for _, c := range f.clients {
		c.tally.Latency.Reset()
		c.tally = Tally{Latency: c.tally.Latency}
	}
	return all
}

// Close ends all sessions, and returns how often a session was ended or discarded that
// had drawn.
func (f *Fleet) Close() (ends, discards int64) {
	var wg sync.WaitGroup
	var e, d atomic.Int64
	for _, c := range f.clients {
		wg.Go(func() {
			c.tally.SessionEnds, c.tally.Discards = 0, 0
			c.end(time.Now())
			e.Add(c.tally.SessionEnds)
			d.Add(c.tally.Discards)
		})
	}
	wg.Wait()
	return e.Load(), d.Load()
}

func join(clients []*client) *Tally {
	all := &Tally{Latency: result.NewLatency()}
	kinds := map[result.Error]int64{}
	for _, c := range clients {
		t := &c.tally
		all.Values += t.Values
		all.Statements += t.Statements
		all.OutOfOrder += t.OutOfOrder
		all.SessionEnds += t.SessionEnds
		all.Discards += t.Discards
		all.Latency.Merge(t.Latency.Histogram)
		if all.Failure == nil {
			all.Failure = t.Failure
		}
		for _, e := range t.Errors {
			n := e.Count
			e.Count = 0
			kinds[e] += n
		}
	}
	for e, n := range maps.All(kinds) {
		e.Count = n
		all.Errors = append(all.Errors, e)
	}
	slices.SortFunc(all.Errors, func(a, b result.Error) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.SQLState+a.Message, b.SQLState+b.Message)
	})
	return all
}

// client is one client, with its session of now.
type client struct {
	fleet  *Fleet
	server *pgconn.Config
	*messages
	conn  *conn
	open  atomic.Pointer[conn] // conn, for who cancels
	since int                  // statements since the session began or was discarded
	share int                  // statements that it shall have then
	drawn bool                 // a value since then
	tally Tally                // that nobody has taken yet
}

// connect begins a session.
func (c *client) connect(ctx context.Context) (err error) {
	if c.conn, err = dial(ctx, c.server); err != nil {
		return err
	}
	c.open.Store(c.conn)
	return c.prepare(time.Now().Add(answerTimeout))
}

// prepare makes ready what the session needs: its prepared statement, if it has one.
func (c *client) prepare(deadline time.Time) error {
	c.since, c.drawn = 0, false
	if every := c.fleet.load.Every; every > 0 {
		c.share = 1 + rand.IntN(2*every-1)
	}
	if c.parse == nil {
		return nil
	}
	answer, err := c.conn.ask(c.parse, deadline)
	if err == nil && answer.SQLState != "" {
		err = fmt.Errorf("%s (SQLSTATE %s)", answer.Message, answer.SQLState)
	}
	return err
}

// run draws until the time is over. What it received before a failure is counted.
func (c *client) run(ctx context.Context, until time.Time) {
	switch {
	case c.tally.Failure != nil:
		return
	case c.conn == nil:
		c.fails(errors.New("the session has ended before"))
		return
	}
	// A cancelled run waits for no answer.
	defer context.AfterFunc(ctx, func() { c.open.Load().cancel() })()
	err := c.conn.net.SetDeadline(until.Add(answerTimeout))
	for now := time.Now(); err == nil && now.Before(until) && ctx.Err() == nil; {
		if c.share > 0 && c.since >= c.share {
			err = c.renew(ctx, until)
			now = time.Now()
		} else {
			now, err = c.round(now)
		}
	}
	if err != nil {
		c.fails(err)
	}
}

func (c *client) fails(err error) {
	c.tally.Failure = err
	c.tally.Errors = append(c.tally.Errors, result.Error{Message: err.Error(), Count: 1})
	if c.conn != nil {
		c.conn.abandon()
		c.conn = nil
	}
}

// round sends one pipeline and reads its answers.
func (c *client) round(sent time.Time) (now time.Time, err error) {
	highest := &c.fleet.highest
	floor := highest.Load()
	if _, err := c.conn.net.Write(c.draw); err != nil {
		return sent, c.conn.told(err)
	}
	r := received{floor: floor, top: floor}
	for !r.ready {
		before := r.statements
		err = c.conn.receive(&r, c.binary)
		now = time.Now()
		if n := r.statements - before; n > 0 {
			c.tally.Latency.Record(now.Sub(sent), n)
		}
		if err != nil {
			break
		}
	}
	c.since += c.fleet.load.Depth
	c.drawn = c.drawn || r.values > 0
	c.tally.Values += r.values
	c.tally.Statements += r.statements
	c.tally.OutOfOrder += r.below
	for top := highest.Load(); r.top > top; top = highest.Load() {
		if highest.CompareAndSwap(top, r.top) {
			break
		}
	}
	if r.failed != nil {
		c.count(*r.failed)
	}
	return now, err
}

// errorKinds bounds the list of a server that says something else every time.
const errorKinds = 50

func (c *client) count(e result.Error) {
	i := slices.IndexFunc(c.tally.Errors, func(o result.Error) bool { return o.SQLState == e.SQLState && o.Message == e.Message })
	switch {
	case i >= 0:
		c.tally.Errors[i].Count++
	case len(c.tally.Errors) < errorKinds:
		e.Count = 1
		c.tally.Errors = append(c.tally.Errors, e)
	default:
		c.tally.Errors[errorKinds-1].Count++
	}
}

// renew is a pooler's change of clients: a new session or a discarded one.
func (c *client) renew(ctx context.Context, until time.Time) error {
	if c.fleet.load.Session == result.Discard {
		if err := c.discard(until.Add(answerTimeout)); err != nil {
			return err
		}
		return c.prepare(until.Add(answerTimeout))
	}
	c.end(time.Now())
	if err := c.connect(ctx); err != nil {
		return err
	}
	return c.conn.net.SetDeadline(until.Add(answerTimeout))
}

func (c *client) discard(deadline time.Time) error {
	answer, err := c.conn.ask(discardAll, deadline)
	if err != nil {
		return err
	}
	if answer.SQLState != "" {
		return fmt.Errorf("DISCARD ALL: %s (SQLSTATE %s)", answer.Message, answer.SQLState)
	}
	if c.drawn {
		c.tally.Discards++
	}
	c.drawn = false
	return nil
}

// end ends the session: with a DISCARD before if that is its style, so that all that
// it loses has one cause.
func (c *client) end(now time.Time) {
	if c.conn == nil {
		return
	}
	deadline := now.Add(goodbyeTimeout)
	if c.fleet.load.Session == result.Discard && c.drawn {
		_ = c.discard(deadline) // a failure shows as a session's end
	}
	if c.drawn {
		c.tally.SessionEnds++
	}
	c.conn.close(deadline)
	c.conn, c.drawn = nil, false
}
