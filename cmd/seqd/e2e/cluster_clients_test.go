package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/audit"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// answerTimeout is how long a call may take before the test calls it lost for good.
const answerTimeout = 30 * time.Second

// crew is clients that draw all the time from all nodes of a cluster, each from
// one node, to which it connects again for as long as that takes.
type crew struct {
	cluster  *seqdserver.Cluster
	epoch    time.Time // of all times below
	life     int
	sessions *atomic.Int64 // numbers them
	members  []*crewMember
	jumps    *jumps         // nil: nobody sets a sequence
	served   []atomic.Int64 // by node: when the newest answered call began
	cancel   context.CancelFunc
	wg       sync.WaitGroup
}

// crewMember is one client, with a new session after each loss of its connection.
type crewMember struct {
	crew     *crew
	node     int
	session  int
	opened   int // sessions
	rng      *rand.Rand
	draws    map[string][]audit.Draw
	served   []time.Duration // ends of calls that the node can't have answered from a session's cache
	failures []failure
}

// failure is a call, or an attempt to connect, that ended without a value.
type failure struct {
	node       int
	began, end time.Duration
	code       string // SQLSTATE, "" if there was no answer
	err        error
}

func startCrew(c *seqdserver.Cluster, epoch time.Time, life, size int, sessions *atomic.Int64) *crew {
	return startJumpingCrew(c, epoch, life, size, sessions, nil)
}

// startJumpingCrew is startCrew; one of the clients sets the sequence of j now and then.
func startJumpingCrew(c *seqdserver.Cluster, epoch time.Time, life, size int, sessions *atomic.Int64, j *jumps) *crew {
	ctx, cancel := context.WithCancel(context.Background())
	w := &crew{cluster: c, epoch: epoch, life: life, sessions: sessions, cancel: cancel, jumps: j, served: make([]atomic.Int64, len(c.Nodes))}
	for i := range size {
		m := &crewMember{
			crew: w, node: i % len(c.Nodes), rng: rand.New(rand.NewPCG(rand.Uint64(), 0)), draws: map[string][]audit.Draw{},
		}
		w.members = append(w.members, m)
		w.wg.Go(func() { m.run(ctx) })
	}
	return w
}

// stop lets all clients finish the call they are at.
func (w *crew) stop() {
	w.cancel()
	w.wg.Wait()
}

func (w *crew) now() time.Duration { return time.Since(w.epoch) }

// awaitService waits until each of the nodes has answered a call that began after now.
func (w *crew) awaitService(nodes ...int) error {
	asked := w.now()
	for _, i := range nodes {
		for w.served[i].Load() <= int64(asked) {
			if w.now()-asked > answerTimeout {
				return fmt.Errorf("%s serves nobody for %v\n%s", seqdserver.NodeID(i), answerTimeout, w.cluster.Tail())
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// seen is what all clients got of a sequence.
func (w *crew) seen(sequence string) (draws []audit.Draw) {
	for _, m := range w.members {
		draws = append(draws, m.draws[sequence]...)
	}
	return draws
}

func (w *crew) failures() (all []failure) {
	for _, m := range w.members {
		all = append(all, m.failures...)
	}
	return all
}

// opened is how many sessions there were.
func (w *crew) opened() (n int64) {
	for _, m := range w.members {
		n += int64(m.opened)
	}
	return n
}

// silence is the longest time after start in which a node answered nobody, or that
// it was in when start came.
func (w *crew) silence(node int, start time.Duration) (longest time.Duration) {
	var ends []time.Duration
	for _, m := range w.members {
		if m.node == node {
			ends = append(ends, m.served...)
		}
	}
	slices.Sort(ends)
	for i := 1; i < len(ends); i++ {
		if ends[i] > start {
			longest = max(longest, ends[i]-max(ends[i-1], start))
		}
	}
	return longest
}

func (m *crewMember) run(ctx context.Context) {
	for ctx.Err() == nil {
		began := m.crew.now()
		work, cancel := context.WithTimeout(context.Background(), answerTimeout)
		conn, err := pgx.Connect(work, m.crew.cluster.DSN(m.node))
		cancel()
		if err != nil {
			m.fail(began, err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		m.opened++
		m.session = int(m.crew.sessions.Add(1))
		for ctx.Err() == nil && !conn.IsClosed() {
			switch n := m.rng.IntN(8); {
			case n == 0 && m.crew.jumps != nil:
				m.jump(conn)
			case n < 4:
				_ = m.draw(conn)
			default:
				m.transaction(conn)
			}
		}
		_ = conn.Close(context.Background())
	}
}

// transaction draws a few values in a block that is committed or rolled back.
func (m *crewMember) transaction(conn *pgx.Conn) {
	err := m.call(conn, "BEGIN")
	for i := m.rng.IntN(5); i >= 0 && err == nil; i-- {
		err = m.draw(conn)
	}
	switch {
	case conn.IsClosed():
	case err != nil || m.rng.IntN(2) == 0:
		_ = m.call(conn, "ROLLBACK")
	default:
		_ = m.call(conn, "COMMIT")
	}
}

func (m *crewMember) call(conn *pgx.Conn, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	began := m.crew.now()
	_, err := conn.Exec(ctx, sql)
	if err != nil {
		m.fail(began, err)
	}
	return err
}

// draw takes one value of a random sequence.
func (m *crewMember) draw(conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	s := clusterSequences[m.rng.IntN(len(clusterSequences))]
	began := m.crew.now()
	var v int64
	if err := conn.QueryRow(ctx, "SELECT nextval($1)", s.Name).Scan(&v); err != nil {
		m.fail(began, err)
		return err
	}
	end := m.crew.now()
	m.draws[s.Name] = append(m.draws[s.Name], audit.Draw{Value: v, Session: m.session, Node: m.node, Life: m.crew.life, Begin: began, End: end})
	if s.Cache == 1 && !s.PerNode {
		m.served = append(m.served, end)
		newest := &m.crew.served[m.node]
		for old := newest.Load(); old < int64(began) && !newest.CompareAndSwap(old, int64(began)); old = newest.Load() {
		}
	}
	time.Sleep(time.Duration(m.rng.IntN(1000)) * time.Microsecond)
	return nil
}

func (m *crewMember) fail(began time.Duration, err error) {
	f := failure{node: m.node, began: began, end: m.crew.now(), err: err}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		f.code = answer.Code
	}
	m.failures = append(m.failures, f)
}
