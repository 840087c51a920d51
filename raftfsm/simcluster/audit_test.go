package simcluster

import (
	"cmp"
	"slices"

	"seqd/protocol/sqlstate"
)

// audit is what must be true of every history, checked without knowing how it came
// about. fail is called for each violation.
type audit struct {
	list []*operation
	log  *executed
	fail func(string, ...any)
}

func (a *audit) run(c *cluster) {
	bySeq := map[*seq][]*operation{}
	for _, o := range a.list {
		bySeq[o.seq] = append(bySeq[o.seq], o)
		a.once(o)
		a.expected(o)
	}
	for q, list := range bySeq {
		a.bounds(q, list)
		a.voids(list)
		if !q.params.Cycle {
			a.unique(q, list)
			a.reserved(list)
			a.order(q, list)
			a.loss(c, q, list)
		}
	}
}

// expected refuses errors that no fault explains.
func (a *audit) expected(o *operation) {
	switch sqlstate.CodeOf(o.err) {
	case "", sqlstate.CannotConnectNow, sqlstate.QueryCanceled, sqlstate.StatementCompletionUnknown,
		sqlstate.DiskFull, sqlstate.UndefinedTable, sqlstate.SerializationFailure:
		return
	}
	if o.outcome == refused {
		a.fail("unexpected error: %v", o)
	}
}

// once: what was answered was executed once, what was refused never, and what is
// unknown at most once.
func (a *audit) once(o *operation) {
	var key string
	switch o.kind {
	case set, restart:
		key = setKey(o.kind, o.seq.id, o.state)
	case create:
		key = "create " + o.seq.name
	case drop:
		key = "drop " + o.seq.name
	default:
		return
	}
	n := a.log.sets[key]
	if (o.outcome == done && n != 1) || (o.outcome == refused && n != 0) || n > 1 {
		a.fail("executed %d times: %v", n, o)
	}
}

func values(list []*operation) (some []*operation) {
	for _, o := range list {
		if o.kind == next && o.outcome == done {
			some = append(some, o)
		}
	}
	return some
}

func (a *audit) bounds(q *seq, list []*operation) {
	for _, o := range values(list) {
		if o.value < q.params.Min || o.value > q.params.Max {
			a.fail("out of bounds: %v", o)
		}
	}
}

// unique: no value twice between two changes of the position.
func (a *audit) unique(q *seq, list []*operation) {
	type key struct {
		epoch uint64
		value int64
	}
	seen := map[key]*operation{}
	for _, o := range values(list) {
		k := key{o.epoch, o.value}
		if was := seen[k]; was != nil {
			a.fail("the same value twice:\n%v\n%v", was, o)
		}
		seen[k] = o
	}
}

// reserved: no value but those that the log says may be handed out.
func (a *audit) reserved(list []*operation) {
	for _, o := range values(list) {
		found := false
		for _, b := range a.log.reserved[rangeKey{o.seq.id, o.epoch}] {
			low, high := min(b.First, b.Last), max(b.First, b.Last)
			found = found || (o.value >= low && o.value <= high)
		}
		if !found {
			a.fail("not reserved by the log: %v", o)
		}
	}
}

// point is a place in the order of all that happens to a sequence: what comes later
// in it is greater.
type point struct {
	epoch uint64
	at    int64
}

func (p point) compare(x point) int {
	return cmp.Or(cmp.Compare(p.epoch, x.epoch), cmp.Compare(p.at, x.at))
}

// place is where an operation stands: at the first value that it took, and behind
// the last one.
func place(q *seq, o *operation) (first, last point) {
	sign := int64(1)
	if q.params.Increment < 0 {
		sign = -1
	}
	at := func(v int64, called bool) point {
		p := point{o.epoch, 2 * sign * v}
		if called {
			p.at++
		}
		return p
	}
	switch o.kind {
	case next:
		return at(o.block.First, true), at(o.block.Last, true)
	default:
		p := at(o.state.LastValue, o.state.IsCalled)
		return p, p
	}
}

// order: an operation that began after another one had been answered comes later.
// Values out of a session's cache are left out: CACHE gives their order up, as in
// PostgreSQL; what they must not be is void (see voids).
func (a *audit) order(q *seq, list []*operation) {
	var some []*operation
	for _, o := range list {
		switch {
		case o.outcome != done || o.cached || o.kind == create || o.kind == drop:
		default:
			some = append(some, o)
		}
	}
	byCall, byRet := slices.Clone(some), slices.Clone(some)
	slices.SortFunc(byCall, func(x, y *operation) int { return cmp.Compare(x.call, y.call) })
	slices.SortFunc(byRet, func(x, y *operation) int { return cmp.Compare(x.ret, y.ret) })
	var greatest point
	var by *operation
	for _, o := range byCall {
		for len(byRet) > 0 && byRet[0].ret < o.call {
			if _, last := place(q, byRet[0]); by == nil || last.compare(greatest) > 0 {
				greatest, by = last, byRet[0]
			}
			byRet = byRet[1:]
		}
		if by == nil {
			continue
		}
		first, _ := place(q, o)
		if n := first.compare(greatest); n < 0 || (n == 0 && o.kind != read) {
			a.fail("out of order:\n%v\n%v", by, o)
		}
	}
}

// voids: a value must not come after a change of the position was answered that
// made it void, nor after the sequence was dropped.
func (a *audit) voids(list []*operation) {
	byRet := slices.Clone(list)
	slices.SortFunc(byRet, func(x, y *operation) int { return cmp.Compare(x.ret, y.ret) })
	byCall := slices.Clone(list)
	slices.SortFunc(byCall, func(x, y *operation) int { return cmp.Compare(x.call, y.call) })
	var newest uint64
	var by, dropped *operation
	for _, o := range byCall {
		for len(byRet) > 0 && byRet[0].ret < o.call {
			switch x := byRet[0]; {
			case x.outcome != done:
			case x.kind == drop:
				dropped = x
			case (x.kind == set || x.kind == restart) && x.epoch > newest:
				newest, by = x.epoch, x
			}
			byRet = byRet[1:]
		}
		if o.kind != next || o.outcome != done {
			continue
		}
		if o.epoch < newest {
			a.fail("a void value:\n%v\n%v", by, o)
		}
		if dropped != nil {
			a.fail("a value of a dropped sequence:\n%v\n%v", dropped, o)
		}
	}
}

// loss: what is missing between the values that were given out is within the
// declared budget: so much for every leadership that reserved values, and what
// requests for values took with them that were broken off.
func (a *audit) loss(c *cluster, q *seq, list []*operation) {
	byEpoch := map[uint64][]int64{}
	var broken uint64
	for _, o := range list {
		switch {
		case o.kind == next && o.outcome != done:
			broken++
		case o.kind == next && !o.cached:
			byEpoch[o.epoch] = append(byEpoch[o.epoch], o.block.First, o.block.Last)
		}
	}
	step := uint64(max(q.params.Increment, -q.params.Increment))
	var lost uint64
	for _, ends := range byEpoch {
		slices.Sort(ends)
		for i := 2; i < len(ends); i += 2 {
			lost += uint64(ends[i]-ends[i-1])/step - 1
		}
	}
	cache := uint64(q.params.Cache)
	each := max(c.prelogMax, cache+32)
	calls := (broken + uint64(c.lostCalls.Load())*sessionsPerNode) * cache
	if budget := uint64(len(a.log.sessions[q.id]))*(each+sessionsPerNode*uint64(len(c.members))*cache) + calls; lost > budget {
		a.fail("%s lost %d values, the budget is %d", q.name, lost, budget)
	}
}
