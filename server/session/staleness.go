package session

import (
	"math"
	"time"

	"seqd/protocol/sqlstate"
)

// cutOff is after what silence of the leader a client is warned: an election takes
// less, and is nobody's business.
const cutOff = 4 * time.Second

// checkStaleness looks whether a query may be answered from this node's catalog, which
// may be as old as the last word of the leader. nextval, setval and the position of a
// sequence are the leader's to answer in any case.
func (s *Session) checkStaleness(p *prepared) error {
	limit := s.inForce().maxStaleness
	if p.plan == nil || !p.catalogs || p.plan.Nextvals() != nil {
		return nil
	}
	silence := s.backend.Silence()
	if limit >= 0 && (silence > limit || limit == 0) && !s.backend.Leads() {
		if err := s.backend.CatchUp(s.interrupt); err != nil {
			return s.tooStale(err, silence, limit)
		}
		s.caughtUp = true
		silence = 0
	}
	was := s.stale
	if s.stale = silence > cutOff; s.stale && !was {
		s.notice(sqlstate.Warningf(sqlstate.Warning, "this node is cut off from the leader of its cluster").
			WithDetail("%s What queries show of the catalog may be as old.", sinceWhen(silence)).
			WithHint("Sequences can be used on nodes that reach the leader. SET seqd.max_staleness to be refused old answers."))
	}
	return nil
}

// tooStale is the answer where the leader could not be asked.
func (s *Session) tooStale(err error, silence, limit time.Duration) error {
	e := s.explain(err)
	if e.Code != sqlstate.CannotConnectNow {
		return e // cancelled, for example
	}
	value, _ := s.settings.Get("seqd.max_staleness")
	return sqlstate.New(sqlstate.CannotConnectNow, "the catalog of this node is older than seqd.max_staleness allows").
		WithDetail("%s The limit is %s.", sinceWhen(silence), value).
		WithHint("Ask another node, or raise seqd.max_staleness; -1 sets no limit.")
}

// sinceWhen tells of a silence.
func sinceWhen(silence time.Duration) string {
	if silence == math.MaxInt64 {
		return "It has not heard from the leader since it was started."
	}
	return "It heard from the leader " + silence.Round(100*time.Millisecond).String() + " ago."
}
