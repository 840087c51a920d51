package simcluster

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"seqd/raftfsm/forward"
	"seqd/raftfsm/internal/seams"
	"seqd/raftfsm/node"
	"seqd/raftfsm/peer"
)

// member is one place in the cluster: an address, a disk, a machine with its clock.
type member struct {
	c     *cluster
	index int
	name  string
	addr  string

	mu     sync.Mutex
	image  *image // while nothing runs
	life   *life  // nil: nothing runs
	boot   int    // of the machine
	rate   float64
	offset time.Duration
}

// life is one run of a member's process.
type life struct {
	m    *member
	host *host
	disk *disk
	// io stops what the process does, except for answering its sessions; sessions
	// stops these, too.
	io, sessions gate
	proposals    gate            // stops what is about to be handed to raft
	ctx          context.Context // ends with the process
	end          context.CancelCauseFunc
	port         *peer.Transport
	identity     atomic.Pointer[peer.Identity]
	server       atomic.Pointer[served] // nil: not open yet
	over         atomic.Bool
	gone         chan struct{} // closed when nothing of it runs any more
}

// served is a node that is open.
type served struct {
	node    *node.Node
	backend *forward.Backend
}

// clock is the machine's boot clock; mu is held.
func (m *member) clock() func() time.Duration {
	begun, offset, rate := m.c.begun, m.offset, m.rate
	return func() time.Duration { return offset + time.Duration(float64(time.Since(begun))*rate) }
}

// running is the life, nil if there is none.
func (m *member) running() *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.life
}

// open is the running and opened node, nil if there is none.
func (m *member) open() (*life, *served) {
	l := m.running()
	if l == nil {
		return nil, nil
	}
	return l, l.server.Load()
}

// start begins a process. It is open some time later.
func (m *member) start(join ...string) *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life != nil {
		return m.life
	}
	l := &life{m: m, gone: make(chan struct{})}
	l.ctx, l.end = context.WithCancelCause(context.Background())
	l.disk = newDisk(m.c.random(), m.image)
	l.disk.gate = &l.io
	l.disk.written = m.c.log.snapshot
	l.host = m.c.net.boot(m.addr, &l.io)
	l.identity.Store(&peer.Identity{NodeID: m.name})
	logger := slog.New(&logHandler{l: l})
	port, err := peer.Listen(peer.Config{Listen: m.addr, Network: l.host, Logger: logger,
		Identity: func() peer.Identity { return *l.identity.Load() }})
	if err != nil {
		panic(err)
	}
	l.port = port
	m.life, m.image = l, nil
	m.c.mu.Lock()
	m.c.lives = append(m.c.lives, l)
	m.c.mu.Unlock()
	go l.run(node.Config{
		NodeID: m.name, PrelogMax: m.c.prelogMax, Peer: port, Join: join, Timing: m.c.timing, Logger: logger,
		SnapshotThreshold: m.c.snapshotThreshold, SnapshotInterval: time.Second, TrailingLogs: m.c.snapshotThreshold / 2,
		Identified: func(id peer.Identity) { l.identity.Store(&id) },
		Fatal:      l.fatal,
		Seams: seams.Node{Clock: m.clock(), Boot: fmt.Sprint(m.name, "-", m.boot), Disk: l.disk,
			Proposing: l.proposing, Applying: m.c.log.applying, Mistakes: m.c.mistakes},
	})
	return l
}

// run opens the node and ends it when the process is over.
func (l *life) run(c node.Config) {
	defer close(l.gone)
	n, err := node.Open(l.ctx, c)
	if err == nil {
		s := &served{node: n, backend: forward.New(forward.Config{Node: n, Dial: l.dial})}
		forward.NewServer(n).Register(l.port)
		l.server.Store(s)
		<-l.ctx.Done()
		s.backend.Close()
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = n.Close(end) // it may have nobody to hand over to
	} else if l.ctx.Err() == nil {
		l.m.c.fail("%s does not start: %v", l.m.name, err)
	}
	_ = l.port.Close()
}

// crash ends a process at once. silent: with its machine, whose clock starts anew.
func (l *life) crash(silent bool) {
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life != l {
		return
	}
	l.over.Store(true)
	m.image = l.disk.crash()
	m.c.net.kill(l.host, silent)
	m.life = nil
	if silent {
		m.boot++
		m.offset = time.Second - time.Duration(float64(time.Since(m.c.begun))*m.rate)
	}
	l.end(errGone)
	l.thaw() // what is left of it must come to its end, unseen
}

// stop ends a process in good order, and returns when it has ended.
func (l *life) stop() {
	l.over.Store(true)
	l.end(errGone)
	<-l.gone
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life == l {
		m.image = l.disk.crash()
		m.c.net.kill(l.host, false)
		m.life = nil
	}
}

// fatal is the end that the process itself decides on. It does not return, as the
// end of a process does not: raft panics if a write fails.
func (l *life) fatal(err error) {
	if l.over.Load() {
		return
	}
	l.disk.mu.Lock()
	broken := l.disk.broken
	l.disk.mu.Unlock()
	if !broken {
		l.m.c.fail("%s ends itself: %v", l.m.name, err)
	}
	l.m.c.note("%s ends itself: %v", l.m.name, err)
	l.crash(false)
	runtime.Goexit()
}

// freeze stops a process; with its sessions, or without them.
func (l *life) freeze(sessions bool) {
	l.io.set(true)
	if sessions {
		l.sessions.set(true)
	}
}

// thaw lets all of it go on, its sessions first.
func (l *life) thaw() {
	l.sessions.set(false)
	l.proposals.set(false)
	l.io.set(false)
}

// proposing delays a proposal now and then, as a busy machine does.
func (l *life) proposing() {
	l.io.wait()
	l.proposals.wait()
	if d := l.m.c.proposalDelay(); d > 0 {
		time.Sleep(d)
		l.io.wait()
	}
}

// dial is forward's way to another node; it counts the calls that may have cost values.
func (l *life) dial(addr string) forward.Client {
	return &caller{l: l, to: l.port.Client(addr, peer.StreamRPC)}
}

type caller struct {
	l  *life
	to *peer.Client
}

func (x *caller) Call(ctx context.Context, kind byte, body []byte) ([]byte, error) {
	b, err := x.to.Call(ctx, kind, body)
	if err != nil {
		x.l.m.c.lostCalls.Add(1)
	}
	return b, err
}

// logHandler holds up whoever logs in a frozen process: raft does before it steps
// down and before it stands for election, so that it does neither.
type logHandler struct {
	l    *life
	part string
}

func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	h.l.io.wait()
	if h.l.m.c.verbose && r.Level >= slog.LevelWarn {
		h.l.m.c.note("%s logs: %s%s", h.l.m.name, h.part, attributes(r))
	}
	return nil
}

func attributes(r slog.Record) string {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	return text
}

func (h *logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *logHandler) WithGroup(string) slog.Handler      { return h }

// thawLater has the sessions go on first, and the rest of the process after d.
func (l *life) thawLater(d time.Duration) {
	l.sessions.set(false)
	time.Sleep(d)
	l.io.set(false)
}
