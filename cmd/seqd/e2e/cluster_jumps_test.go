package e2e

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// jumps is a sequence with CACHE 10 that one client sets ahead again and again, to the
// next multiple of jumpBy, while all draw from it. When setval has returned no client
// may get a value from before any more, though sessions on all nodes have such values
// cached; and none may come twice.
type jumps struct {
	mu      sync.Mutex
	begun   int64            // the newest jump that was asked for
	done    int64            // the newest that has returned
	at      [2]time.Duration // when it was asked for, and returned
	unknown map[int64]bool   // jumps that failed: they may come to pass at any time
	seen    map[int64]bool
	wrong   []string
}

const (
	jumpSequence = "jumping"
	jumpBy       = 1_000_000
)

func newJumps() *jumps { return &jumps{unknown: map[int64]bool{}, seen: map[int64]bool{}} }

// jump draws a value, or sets the sequence if the member is the first one.
func (m *crewMember) jump(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	j, began := m.crew.jumps, m.crew.now()
	if m == m.crew.members[0] {
		n := j.begin()
		_, err := conn.Exec(ctx, "SELECT setval($1, $2)", jumpSequence, n*jumpBy)
		j.ended(n, err, [2]time.Duration{began, m.crew.now()})
		if err != nil {
			m.fail(began, err)
		}
		return
	}
	before := j.returned()
	var v int64
	if err := conn.QueryRow(ctx, "SELECT nextval($1)", jumpSequence).Scan(&v); err != nil {
		m.fail(began, err)
		return
	}
	j.drawn(v, before, m, began)
}

func (j *jumps) begin() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun++
	return j.begun
}

func (j *jumps) ended(n int64, err error, at [2]time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.unknown[n] = true
		return
	}
	j.done, j.at = n, at
}

func (j *jumps) returned() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done
}

// drawn judges a value that was asked for when jump before had returned.
func (j *jumps) drawn(v, before int64, m *crewMember, began time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := v / jumpBy
	if n < before && !j.unknown[n] {
		j.wrong = append(j.wrong, fmt.Sprintf("%s: session %d on node %d asked at %v and got %d at %v; setval %d, asked for at %v, had returned at %v", jumpSequence,
			m.session, m.node+1, began, v, m.crew.now(), j.done*jumpBy, j.at[0], j.at[1]))
	}
	if j.seen[v] {
		j.wrong = append(j.wrong, fmt.Sprintf("%s: %d came twice", jumpSequence, v))
	}
	j.seen[v] = true
}

// judge returns what was wrong since it was asked last.
func (j *jumps) judge() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	wrong := j.wrong
	j.wrong = nil
	return wrong
}
