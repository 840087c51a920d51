package raftfsm

import "seqd/engine"

// A REVOKE is in force at once, for values that sessions have cached too, on whatever
// node: like what voids them, it is acknowledged when every node that may hand out such
// values has applied it. The nodes know by MayTakeRights that somebody may wait for that.

// MayTakeRights tells whether a command is of a kind by which roles can lose rights to
// sequences that exist.
func MayTakeRights(c engine.Command) bool {
	return anyWrite(c, func(w engine.Write) bool {
		switch w := w.(type) {
		case *engine.PutSequence:
			return w.Expect != 0 && w.Position == nil
		case *engine.Put:
			_, role := w.Object.(*engine.Role)
			return role && w.Expect != 0
		case *engine.Drop:
			return w.Key.Class == engine.ClassMembership || w.Key.Class == engine.ClassRole
		}
		return false
	})
}

// takesRights is MayTakeRights with a look at what was there before: only sequences of
// which values can be cached count, and only other lists and owners.
func takesRights(before *engine.Catalog, c engine.Command) bool {
	commit, ok := c.(*engine.Commit)
	if !ok || !MayTakeRights(c) {
		return false
	}
	db, _ := before.DatabaseByOID(commit.Database)
	return anyWrite(c, func(w engine.Write) bool {
		put, ok := w.(*engine.PutSequence)
		if !ok {
			return MayTakeRights(&engine.Commit{Writes: []engine.Write{w}})
		}
		if db == nil {
			return false
		}
		old, ok := db.SequenceByOID(put.Sequence.OID)
		return ok && keepsValues(old) && (old.Owner != put.Sequence.Owner || !old.ACL.Equal(put.Sequence.ACL))
	})
}

// keepsValues tells whether sessions or nodes may have values of a sequence in hand.
func keepsValues(s *engine.Sequence) bool {
	return s.Params.Cache > 1 || s.Order != engine.OrderStrict
}

func anyWrite(c engine.Command, is func(engine.Write) bool) bool {
	commit, ok := c.(*engine.Commit)
	if !ok {
		return false
	}
	for _, w := range commit.Writes {
		if is(w) {
			return true
		}
	}
	return false
}
