package bench

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/grid"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
	"seqd/cmd/seqd/e2e/nullserver"
)

func TestMain(m *testing.M) {
	nullserver.RunIfAsked()
	os.Exit(m.Run())
}

// Each has its time, in slices; one that has failed has no more turns.
func TestInTurn(t *testing.T) {
	server, err := nullserver.Start(nullserver.Raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	c, err := pgconn.ParseConfig("postgres://postgres@" + server.Addr() + "/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	var list []*sampling
	for i := range 3 {
		fleet, err := drive.Open(t.Context(), drive.Load{Servers: []*pgconn.Config{c}, Sequence: "s", Clients: 2, Protocol: result.Prepared, Depth: 1, Batch: 1, Session: result.Long})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { fleet.Close() })
		list = append(list, &sampling{index: i, fleet: fleet})
	}
	list[1].err = errors.New("gone")
	const duration = 5*sliceTime + 3*time.Millisecond
	r := &runner{Config: Config{Plan: grid.Plan{Duration: duration}}}
	for round := 1; round <= 2; round++ {
		r.inTurn(t.Context(), list, round)
		for i, s := range list {
			took, tally := s.fleet.Elapsed(), s.fleet.Take()
			if i == 1 {
				if tally.Values > 0 {
					t.Error("one that has failed was asked again")
				}
				continue
			}
			if took < duration-sliceTime/2 || took != tally.Elapsed || tally.Values == 0 || s.driver <= 0 || s.index != i {
				t.Errorf("round %d, %d: %v of %v, %d values, %v of our time", round, i, took, duration, tally.Values, s.driver)
			}
		}
	}
}

func TestGroups(t *testing.T) {
	r := &runner{Config: Config{Targets: make([]*target.Target, 4)}, dead: []bool{false, true, false, false}}
	if got := r.groups(); len(got) != 1 || len(got[0]) != 3 || got[0][1] != 2 {
		t.Errorf("%v", got)
	}
	r.related = true
	if got := r.groups(); len(got) != 3 || got[2][0] != 3 {
		t.Errorf("%v", got)
	}
}
