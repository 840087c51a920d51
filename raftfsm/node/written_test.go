package node

import "testing"

// Every committed change is an entry more, and makes the file durable twice.
func TestWritten(t *testing.T) {
	n := open(t, Config{DataDir: t.TempDir()})
	before := n.Written()
	create(t, n, "a", nil)
	create(t, n, "b", nil)
	w := n.Written()
	if w.Records < before.Records+2 || w.Bytes <= before.Bytes || w.Commits < before.Commits+2 || w.Syncs != syncsPerCommit*w.Commits {
		t.Errorf("%+v after %+v", w, before)
	}
	memory := open(t, Config{Ephemeral: true})
	create(t, memory, "a", nil)
	if w := memory.Written(); w != (Written{}) {
		t.Errorf("an ephemeral node has written %+v", w)
	}
}
