package peer

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection with frames on it, as caller and server both need it: a
// single goroutine writes, and takes in one go all that has come together while the
// write before was under way.
type link struct {
	conn net.Conn
	wake chan struct{} // the writer has something to do
	gone chan struct{} // closed when broken

	mu     sync.Mutex
	out    []byte // waiting to be written
	spare  []byte
	taken  uint64        // bytes that the writer has taken from out, ever: they may have been sent
	space  chan struct{} // closed when out is taken; nil if nobody waits for it
	broken error
	busy   bool // somebody writes
	last   bool // nothing more will be queued: the writer breaks the link when it is done

	heard atomic.Bool // something came since the last look
}

func newLink(conn net.Conn) *link {
	return &link{conn: conn, wake: make(chan struct{}, 1), gone: make(chan struct{})}
}

// reserve waits until there is room in the queue and returns with mu held, or with
// an error and mu not held. done may end the waiting.
func (l *link) reserve(done <-chan struct{}) error {
	for {
		l.mu.Lock()
		if l.broken != nil {
			defer l.mu.Unlock()
			return l.broken
		}
		if len(l.out) < queuedMax {
			return nil
		}
		if l.space == nil {
			l.space = make(chan struct{})
		}
		space := l.space
		l.mu.Unlock()
		select {
		case <-space:
		case <-l.gone:
		case <-done:
			return errGivenUp
		}
	}
}

var errGivenUp = errors.New("given up")

// put queues a frame and returns its place in the stream. mu must be held.
func (l *link) put(typ frameType, kind byte, id uint64, body []byte) (place uint64) {
	place = l.taken + uint64(len(l.out))
	l.out = appendFrame(l.out, typ, kind, id, body)
	return place
}

// ring wakes the writer, after put.
func (l *link) ring() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// takeBack makes a queued frame void, unless the writer has it. mu must be held.
func (l *link) takeBack(place uint64) bool {
	if place < l.taken {
		return false
	}
	l.out[place-l.taken+typeOffset] = byte(frameVoid)
	return true
}

// send queues a frame that nobody waits for.
func (l *link) send(typ frameType, kind byte, id uint64, body []byte) error {
	if err := l.reserve(nil); err != nil {
		return err
	}
	l.put(typ, kind, id, body)
	l.mu.Unlock()
	l.ring()
	return nil
}

// write is the writer. It ends when the link is broken, and breaks it if it can't
// write.
func (l *link) write() error {
	for {
		out, last := l.take()
		if out == nil {
			if last {
				return ErrClosed
			}
			select {
			case <-l.wake:
				// Whoever is about to put a frame goes first: it saves a write.
				runtime.Gosched()
				continue
			case <-l.gone:
				return l.err()
			}
		}
		_, err := l.conn.Write(out)
		l.wrote()
		if err != nil {
			return err
		}
	}
}

// writeNow writes what is queued in the caller's goroutine, unless another writes already,
// which will then write that too.
func (l *link) writeNow() {
	out, _ := l.take()
	if out == nil {
		return
	}
	if _, err := l.conn.Write(out); err != nil {
		l.fail(err)
	}
	if l.wrote() {
		l.ring()
	}
}

// wrote ends what take began. It tells whether there is something to do for the writer.
func (l *link) wrote() (more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	return len(l.out) > 0 || l.last
}

// keepBuffer is the largest buffer that is used again.
const keepBuffer = 1 << 20

// take takes what is to be written, if anything is and nobody else writes. last: nothing
// will ever be.
func (l *link) take() (_ []byte, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy {
		return nil, false // whoever writes wakes the writer after it
	}
	if len(l.out) == 0 || l.broken != nil {
		return nil, l.last
	}
	out := l.out
	l.taken += uint64(len(out))
	l.busy = true
	l.out = l.spare[:0]
	l.spare = nil
	if cap(out) <= keepBuffer {
		l.spare = out // not written to before the next take, which follows this write
	}
	if l.space != nil {
		close(l.space)
		l.space = nil
	}
	return out, l.last
}

// drain has what is queued written, as long as the other side takes it, and breaks the
// link.
func (l *link) drain(limit time.Duration) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(limit))
	l.mu.Lock()
	l.last = true
	l.mu.Unlock()
	l.ring()
	<-l.gone
}

// fail breaks the link; the first reason stays. It tells whether this call did it.
func (l *link) fail(err error) bool {
	l.mu.Lock()
	first := l.broken == nil
	if first {
		l.broken = err
		close(l.gone)
	}
	l.mu.Unlock()
	if first {
		_ = l.conn.Close()
	}
	return first
}

func (l *link) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

var errSilent = errors.New("no sign of life from the peer")

// watch breaks the link when nothing has been heard for dead. The caller's side
// pings all the time: handlers may take long to reply, and callers to call.
func (l *link) watch(every, dead time.Duration, ping bool) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	silent := time.Duration(0)
	for {
		select {
		case <-tick.C:
		case <-l.gone:
			return
		}
		if l.heard.Swap(false) {
			silent = 0
		} else if silent += every; silent >= dead {
			l.fail(errSilent)
			return
		}
		if ping {
			l.ping()
		}
	}
}

// ping queues a ping unless the queue is stuck already.
func (l *link) ping() {
	l.mu.Lock()
	if l.broken == nil && len(l.out) < queuedMax {
		l.put(framePing, 0, 0, nil)
	}
	l.mu.Unlock()
	l.ring()
}
