// Package audit judges what clients were given by a sequence: no value twice,
// none out of bounds or off the sequence's steps, in order, and no more lost than
// declared. It knows nothing of the server, only what clients saw and when.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Sequence is what the clients may rely on. It must not cycle.
type Sequence struct {
	Name      string
	Start     int64
	Increment int64
	Cache     int64
	Min, Max  int64
	PerNode   bool // order "node": what holds between sessions holds on one node alone
}

// Draw is one value as a client got it.
type Draw struct {
	Value   int64
	Session int           // unique over all connections
	Node    int           // that the session is on
	Life    int           // the server's life (from start to kill) that it came from
	Begin   time.Duration // before the request was sent, on a clock shared by all clients
	End     time.Duration // after the answer was there
}

// step is the number of increments from the start to a value.
func (s Sequence) step(v int64) int64 { return (v - s.Start) / s.Increment }

// Problem is a broken promise.
type Problem string

// Judge returns what is wrong with the draws of a sequence, and how many are
// duplicates. It sorts draws.
func Judge(s Sequence, draws []Draw) (problems []Problem, duplicates int) {
	problems = append(problems, outOfBounds(s, draws)...)
	dup, duplicates := repeated(s, draws)
	problems = append(problems, dup...)
	problems = append(problems, sessionOrder(s, draws)...)
	problems = append(problems, timeOrder(s, draws)...)
	return problems, duplicates
}

func outOfBounds(s Sequence, draws []Draw) (out []Problem) {
	for _, d := range draws {
		if d.Value < s.Min || d.Value > s.Max || (d.Value-s.Start)%s.Increment != 0 || s.step(d.Value) < 0 {
			out = append(out, Problem(fmt.Sprintf("%s: %d is no value of the sequence (life %d, session %d)", s.Name, d.Value, d.Life, d.Session)))
		}
	}
	return out
}

func repeated(s Sequence, draws []Draw) (out []Problem, n int) {
	slices.SortFunc(draws, func(a, b Draw) int { return cmp.Compare(a.Value, b.Value) })
	for i := 1; i < len(draws); i++ {
		if a, b := draws[i-1], draws[i]; a.Value == b.Value {
			n++
			out = append(out, Problem(fmt.Sprintf("%s: %d twice: life %d session %d, life %d session %d", s.Name, a.Value, a.Life, a.Session, b.Life, b.Session)))
		}
	}
	return out, n
}

// sessionOrder checks that a session's values go up (or down) strictly, as they
// do with any CACHE.
func sessionOrder(s Sequence, draws []Draw) (out []Problem) {
	slices.SortFunc(draws, func(a, b Draw) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Begin, b.Begin))
	})
	for i := 1; i < len(draws); i++ {
		if a, b := draws[i-1], draws[i]; a.Session == b.Session && s.step(b.Value) <= s.step(a.Value) {
			out = append(out, Problem(fmt.Sprintf("%s: session %d got %d after %d", s.Name, a.Session, b.Value, a.Value)))
		}
	}
	return out
}

// timeOrder checks the order between sessions: a value asked for after another one
// was answered is the later one. That holds for CACHE 1; with a cache it holds
// between two lives of the server, which no cache outlives.
func timeOrder(s Sequence, draws []Draw) (out []Problem) {
	if s.PerNode {
		return nodeOrder(s, draws)
	}
	if s.Cache == 1 {
		return append(out, strictOrder(s, draws)...)
	}
	last := map[int]int64{}  // furthest step of each life
	first := map[int]int64{} // nearest step of each life
	for _, d := range draws {
		step := s.step(d.Value)
		if v, ok := last[d.Life]; !ok || step > v {
			last[d.Life] = step
		}
		if v, ok := first[d.Life]; !ok || step < v {
			first[d.Life] = step
		}
	}
	lives := make([]int, 0, len(last))
	for life := range last {
		lives = append(lives, life)
	}
	slices.Sort(lives)
	for i := 1; i < len(lives); i++ {
		if a, b := lives[i-1], lives[i]; first[b] <= last[a] {
			out = append(out, Problem(fmt.Sprintf("%s: life %d reaches back behind the values of life %d", s.Name, b, a)))
		}
	}
	return out
}

// nodeOrder checks the order between sessions of a node: no further than CACHE allows,
// and nothing between lives, which a node may outlive with values in stock.
func nodeOrder(s Sequence, draws []Draw) (out []Problem) {
	if s.Cache != 1 {
		return nil
	}
	byNode := map[int][]Draw{}
	for _, d := range draws {
		byNode[d.Node] = append(byNode[d.Node], d)
	}
	for _, list := range byNode {
		out = append(out, strictOrder(s, list)...)
	}
	return out
}

func strictOrder(s Sequence, draws []Draw) (out []Problem) {
	byEnd := slices.Clone(draws)
	slices.SortFunc(byEnd, func(a, b Draw) int { return cmp.Compare(a.End, b.End) })
	slices.SortFunc(draws, func(a, b Draw) int { return cmp.Compare(a.Begin, b.Begin) })
	done := 0
	var furthest *Draw // of the draws that had ended before d began
	for i := range draws {
		d := &draws[i]
		for done < len(byEnd) && byEnd[done].End < d.Begin {
			if furthest == nil || s.step(byEnd[done].Value) > s.step(furthest.Value) {
				furthest = &byEnd[done]
			}
			done++
		}
		if furthest != nil && s.step(d.Value) <= s.step(furthest.Value) {
			out = append(out, Problem(fmt.Sprintf("%s: %d was asked for after %d was answered", s.Name, d.Value, furthest.Value)))
		}
	}
	return out
}

// Lost is the number of values between two positions of a sequence (the value
// that nextval would give at the start of a life, and at the start of the next
// one) that no client has seen. A value seen outside of the two is a problem: the
// one behind next would be given again.
func Lost(s Sequence, from, next int64, seen []Draw) (lost int64, problems []Problem) {
	for _, d := range seen {
		if step := s.step(d.Value); step < s.step(from) || step >= s.step(next) {
			problems = append(problems, Problem(fmt.Sprintf("%s: %d was handed out, but the next life starts at %d (this one at %d)", s.Name, d.Value, next, from)))
		}
	}
	return s.step(next) - s.step(from) - int64(len(seen)), problems
}
