package audit

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var up = Sequence{Name: "up", Start: 1, Increment: 1, Cache: 1, Min: 1, Max: 1000}

// at is a draw by a session at a time, answered one tick later.
func at(t int, session int, value int64) Draw {
	return Draw{Value: value, Session: session, Begin: time.Duration(t), End: time.Duration(t + 1)}
}

func inLife(life int, d Draw) Draw {
	d.Life = life
	return d
}

func onNode(node int, d Draw) Draw {
	d.Node = node
	return d
}

func TestJudge(t *testing.T) {
	down := Sequence{Name: "down", Start: -1, Increment: -3, Cache: 1, Min: -1000, Max: -1}
	cached := Sequence{Name: "cached", Start: 1, Increment: 1, Cache: 10, Min: 1, Max: 1000}
	perNode := Sequence{Name: "pernode", Start: 1, Increment: 1, Cache: 1, Min: 1, Max: 1000, PerNode: true}
	for _, tt := range []struct {
		name  string
		seq   Sequence
		draws []Draw
		want  string // part of the only problem; "" for none
		dups  int
	}{
		{"in order", up, []Draw{at(1, 1, 1), at(3, 2, 2), at(5, 1, 3)}, "", 0},
		{"gaps are allowed", up, []Draw{at(1, 1, 1), at(3, 1, 34)}, "", 0},
		{"overlapping calls have no order", up, []Draw{at(1, 1, 2), at(1, 2, 1)}, "", 0},
		{"downwards by threes", down, []Draw{at(1, 1, -1), at(3, 1, -4), at(5, 1, -10)}, "", 0},
		{"twice", up, []Draw{at(1, 1, 5), at(1, 2, 5)}, "5 twice", 1},
		{"above the maximum", up, []Draw{at(1, 1, 1001)}, "1001 is no value", 0},
		{"below the start", up, []Draw{at(1, 1, 0)}, "0 is no value", 0},
		{"between the steps", down, []Draw{at(1, 1, -2)}, "-2 is no value", 0},
		{"a session goes back", cached, []Draw{at(1, 1, 7), at(3, 1, 5)}, "session 1 got 5 after 7", 0},
		{"another session goes back", up, []Draw{at(1, 1, 7), at(3, 2, 5)}, "5 was asked for after 7", 0},
		{"with a cache it may", cached, []Draw{at(1, 1, 11), at(3, 2, 5)}, "", 0},
		{"but not after a restart", cached, []Draw{inLife(1, at(1, 1, 11)), inLife(2, at(3, 2, 5))}, "life 2 reaches back", 0},
		{"another node may go back", perNode, []Draw{onNode(1, at(1, 1, 7)), onNode(2, at(3, 2, 5))}, "", 0},
		{"not the same one", perNode, []Draw{onNode(1, at(1, 1, 7)), onNode(1, at(3, 2, 5))}, "5 was asked for after 7", 0},
		{"nor with the same value", perNode, []Draw{onNode(1, at(1, 1, 7)), onNode(2, at(1, 2, 7))}, "7 twice", 1},
		{"downwards, back", down, []Draw{at(1, 1, -7), at(3, 2, -4)}, "-4 was asked for after -7", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems, dups := Judge(tt.seq, tt.draws)
			if dups != tt.dups {
				t.Errorf("%d duplicates, want %d", dups, tt.dups)
			}
			switch {
			case tt.want == "" && len(problems) > 0:
				t.Errorf("unexpected: %v", problems)
			case tt.want != "" && (len(problems) != 1 || !strings.Contains(string(problems[0]), tt.want)):
				t.Errorf("problems %q, want one about %q", problems, tt.want)
			}
		})
	}
}

// TestJudgeFindsOneInMany puts one fault into many good draws.
func TestJudgeFindsOneInMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	seq := Sequence{Name: "s", Start: 1, Increment: 1, Cache: 1, Min: 1, Max: 1 << 40}
	var draws []Draw
	for i := range 10000 {
		draws = append(draws, at(3*i, 1000+rng.IntN(8), int64(i+1)))
	}
	if problems, _ := Judge(seq, draws); len(problems) != 0 {
		t.Fatalf("good draws: %v", problems)
	}
	rng.Shuffle(len(draws), func(i, j int) { draws[i], draws[j] = draws[j], draws[i] })
	draws[5000].Value = draws[6000].Value
	if _, dups := Judge(seq, draws); dups != 1 {
		t.Errorf("%d duplicates found, want 1", dups)
	}
}

func TestLost(t *testing.T) {
	down := Sequence{Name: "down", Start: -1, Increment: -3, Min: -1000, Max: -1}
	for _, tt := range []struct {
		name       string
		seq        Sequence
		from, next int64
		seen       []int64
		lost       int64
		problems   int
	}{
		{"nothing drawn", up, 1, 1, nil, 0, 0},
		{"all seen", up, 1, 4, []int64{1, 2, 3}, 0, 0},
		{"32 reserved", up, 1, 34, []int64{1}, 32, 0},
		{"downwards", down, -1, -13, []int64{-1, -4}, 2, 0},
		{"handed out and forgotten", up, 1, 3, []int64{1, 2, 3}, -1, 1},
		{"from before", up, 5, 7, []int64{4, 5, 6}, -1, 1},
	} {
		var seen []Draw
		for _, v := range tt.seen {
			seen = append(seen, Draw{Value: v})
		}
		lost, problems := Lost(tt.seq, tt.from, tt.next, seen)
		if lost != tt.lost || len(problems) != tt.problems {
			t.Errorf("%s: lost %d (want %d), problems %v", tt.name, lost, tt.lost, problems)
		}
	}
}
