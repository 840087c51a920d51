// Package sequence is the arithmetic of a sequence: options, position, and what
// one nextval or setval does to it. Pure functions over values, standard library
// only, every addition checked before it is made. It follows PostgreSQL's
// nextval_internal (commands/sequence.c), but in constant time for any CACHE.
package sequence

import (
	"fmt"
	"math"
)

// LogVals is PostgreSQL's SEQ_LOG_VALS: how many values beyond those fetched one
// write-ahead record covers.
const LogVals = 32

// Type is the integer type that a sequence counts in.
type Type byte

// Types of sequences.
const (
	SmallInt Type = iota + 1
	Integer
	BigInt
)

// Min is the least value of the type.
func (t Type) Min() int64 {
	switch t {
	case SmallInt:
		return math.MinInt16
	case Integer:
		return math.MinInt32
	default:
		return math.MinInt64
	}
}

// Max is the greatest value of the type.
func (t Type) Max() int64 {
	switch t {
	case SmallInt:
		return math.MaxInt16
	case Integer:
		return math.MaxInt32
	default:
		return math.MaxInt64
	}
}

// String is the type's SQL name, as format_type gives it.
func (t Type) String() string {
	switch t {
	case SmallInt:
		return "smallint"
	case Integer:
		return "integer"
	default:
		return "bigint"
	}
}

// Params is the definition of a sequence: the columns of pg_sequence.
// Invariants (Resolve keeps them): Increment ≠ 0, Min < Max, both within Type,
// Min ≤ Start ≤ Max, Cache ≥ 1.
type Params struct {
	Type      Type
	Cycle     bool
	Start     int64
	Increment int64
	Min       int64
	Max       int64
	Cache     int64
}

// State is the position of a sequence: the row that SELECT * FROM seq shows.
// Min ≤ LastValue ≤ Max at all times.
type State struct {
	LastValue int64
	// LogCount is log_cnt: how many values after LastValue are covered by the
	// last write-ahead record.
	LogCount int64
	// IsCalled tells whether LastValue was handed out (or set as if it were).
	IsCalled bool
}

// Block is a run of values First, First+Increment, … Last, all on one lap.
type Block struct {
	First, Last, Increment int64
}

// Count is the number of values in the block: at least 1, at most 2^64-1 (and
// so not 0 even for INCREMENT 1 over all of int8, which no fetch can span).
func (b Block) Count() uint64 { return distance(b.First, b.Last)/magnitude(b.Increment) + 1 }

// LimitError says that a sequence without CYCLE has no next value.
type LimitError struct {
	Descending bool
	Limit      int64
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("reached %s value of sequence (%d)", e.Which(), e.Limit)
}

// Which is the word PostgreSQL uses for the limit: "maximum" or "minimum".
func (e *LimitError) Which() string {
	if e.Descending {
		return "minimum"
	}
	return "maximum"
}

// Fetch is what one nextval takes from the sequence.
type Fetch struct {
	Block Block
	State State // the sequence's position afterwards
	// Covered is how many values, counted from Block.First, a write-ahead record
	// written now would cover. 0 if none is due: an earlier record covers them.
	Covered uint64
}

// Next computes the next fetch: up to p.Cache values from s, stopping at the
// limit, wrapping only to begin (N6: a fetch never crosses the limit). logVals
// is how many values to log ahead (LogVals, or less where the loss budget is
// lower); force asks for a new log record although enough is covered (the first
// nextval after a checkpoint).
func Next(p Params, s State, logVals uint64, force bool) (Fetch, error) {
	want := uint64(p.Cache)
	logged := uint64(s.LogCount)
	f := Fetch{State: State{IsCalled: true}}
	first, taken, next := int64(0), uint64(0), s.LastValue
	if !s.IsCalled {
		first, taken = next, 1
		want--
	}
	writeLog := force || !s.IsCalled || logged < want
	if writeLog {
		want += logVals
		logged = want
	}
	if taken == 0 && stepsLeft(p, next) == 0 {
		if !p.Cycle {
			return Fetch{}, limitError(p)
		}
		next = lapStart(p)
		first, taken = next, 1
		want--
		logged--
	}
	steps := min(want, stepsLeft(p, next))
	if taken == 0 {
		first = next + p.Increment // steps ≥ 1 here
	}
	given := min(steps, uint64(p.Cache)-taken)
	last := advance(next, p.Increment, given)
	f.Block = Block{First: first, Last: last, Increment: p.Increment}
	f.State.LastValue = last
	f.State.LogCount = int64(logged - given - (want - steps))
	if writeLog {
		f.Covered = taken + steps
	}
	return f, nil
}

// Repeat computes up to n further fetches at once, as Next makes them, each of Cache
// values right behind the one before. It stops short of the limit, where log records get
// shorter. fetches is how many they are, maybe none; block and state are those of all of
// them together.
func Repeat(p Params, s State, logVals, n uint64) (block Block, state State, fetches uint64) {
	size, logged, left := uint64(p.Cache), uint64(s.LogCount), stepsLeft(p, s.LastValue)
	covered := logged / size // fetches that need no record
	fetches = min(n, covered, left/size)
	if left > logVals {
		fetches = max(fetches, min(n, (left-logVals)/size))
	}
	if fetches == 0 || !s.IsCalled {
		return Block{}, s, 0
	}
	block = Block{
		First: s.LastValue + p.Increment, Last: advance(s.LastValue, p.Increment, fetches*size), Increment: p.Increment,
	}
	s.LastValue = block.Last
	if fetches <= covered {
		s.LogCount -= int64(fetches * size)
	} else { // behind a record logVals are left; they last for so many fetches until the next
		since := (fetches - covered - 1) % (1 + logVals/size)
		s.LogCount = int64(logVals - since*size)
	}
	return block, s, fetches
}

// Reserve computes the reservation of n ≥ 1 values from position s, the
// replicated one: as many as fit on the lap that the next value lies on. The
// returned state is where the sequence goes on if all that is known is this
// reservation, as PostgreSQL goes on after a crash from its last log record.
func Reserve(p Params, s State, n uint64) (Block, State, error) {
	first := s.LastValue
	switch {
	case !s.IsCalled:
	case stepsLeft(p, s.LastValue) > 0:
		first += p.Increment
	case p.Cycle:
		first = lapStart(p)
	default:
		return Block{}, State{}, limitError(p)
	}
	last := advance(first, p.Increment, min(n-1, stepsLeft(p, first)))
	return Block{First: first, Last: last, Increment: p.Increment}, State{LastValue: last, IsCalled: true}, nil
}

// Skip is the position n steps further on, as if the next n values had been handed
// out. Without CYCLE it ends at the limit, with nothing left; with CYCLE it goes on
// in the next lap, as nextval would: its values come again by right, and so far
// ahead it is longest until they do.
func Skip(p Params, s State, n uint64) State {
	if n == 0 {
		return State{LastValue: s.LastValue, IsCalled: s.IsCalled}
	}
	at := s.LastValue
	if !s.IsCalled {
		n-- // the first one is LastValue itself
	}
	switch left := stepsLeft(p, at); {
	case n <= left:
	case !p.Cycle:
		n = left
	default:
		n -= left + 1
		at = lapStart(p)
		if lap := stepsLeft(p, at) + 1; lap != 0 { // 0: all of 2^64
			n %= lap
		}
	}
	return State{LastValue: advance(at, p.Increment, n), IsCalled: true}
}

// InBounds tells whether setval may set v.
func (p Params) InBounds(v int64) bool { return p.Min <= v && v <= p.Max }

// StepsLeft is how many more values the lap holds after v.
func (p Params) StepsLeft(v int64) uint64 { return stepsLeft(p, v) }

// Follows tells whether block b goes on exactly where block a ends.
func Follows(a, b Block) bool {
	return a.Increment == b.Increment && b.First == a.Last+a.Increment &&
		(b.First > a.Last) == (a.Increment > 0) // no wrap-around of int64
}

// Cut splits off the first n values of b; n must be between 1 and Count. ok is
// false if nothing is left over.
func (b Block) Cut(n uint64) (head, rest Block, ok bool) {
	last := advance(b.First, b.Increment, n-1)
	head = Block{First: b.First, Last: last, Increment: b.Increment}
	if last == b.Last {
		return head, Block{}, false
	}
	return head, Block{First: last + b.Increment, Last: b.Last, Increment: b.Increment}, true
}

func lapStart(p Params) int64 {
	if p.Increment > 0 {
		return p.Min
	}
	return p.Max
}

func limitError(p Params) error {
	if p.Increment > 0 {
		return &LimitError{Limit: p.Max}
	}
	return &LimitError{Descending: true, Limit: p.Min}
}

// stepsLeft is how many increments fit between v and the limit.
func stepsLeft(p Params, v int64) uint64 {
	if p.Increment > 0 {
		return distance(v, p.Max) / magnitude(p.Increment)
	}
	return distance(v, p.Min) / magnitude(p.Increment)
}

// advance is v + steps × increment, which the caller knows to be in bounds:
// two's complement arithmetic modulo 2^64 then gives it exactly.
func advance(v, increment int64, steps uint64) int64 {
	return int64(uint64(v) + steps*uint64(increment))
}

// distance is |a - b|, which always fits uint64.
func distance(a, b int64) uint64 {
	if a > b {
		return uint64(a) - uint64(b)
	}
	return uint64(b) - uint64(a)
}

// magnitude is |v|, right for the least int64 too.
func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}
