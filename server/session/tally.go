package session

import "sync/atomic"

// tally counts what a session does, with plain additions; others see it as of when the
// session last waited for its client.
type tally struct {
	counts
	statements, values uint64
}

// counts is what others see.
type counts struct{ toldStatements, toldValues atomic.Uint64 }

func (t *tally) tell() {
	if t.toldStatements.Load() != t.statements {
		t.toldStatements.Store(t.statements)
	}
	if t.toldValues.Load() != t.values {
		t.toldValues.Store(t.values)
	}
}

// Totals is how many statements (Query and Execute messages) the sessions of this server
// have begun, and how many sequence values they have been given.
func (d *Directory) Totals() (statements, values uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	statements, values = d.gone.statements, d.gone.values
	for _, s := range d.sessions {
		statements += s.tally.toldStatements.Load()
		values += s.tally.toldValues.Load()
	}
	return statements, values
}
