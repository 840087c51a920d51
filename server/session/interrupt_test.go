package session

import (
	"sync"
	"testing"

	"seqd/protocol/sqlstate"
)

var errStop = sqlstate.New(sqlstate.QueryCanceled, "stop")

// TestInterrupt: a cancel concerns the statement that runs when it comes, and no other.
func TestInterrupt(t *testing.T) {
	i := newInterrupt()
	expect := func(when string, want *sqlstate.Error) {
		t.Helper()
		if got := i.pending(); got != want {
			t.Errorf("%s: pending %v, want %v", when, got, want)
		}
		select {
		case <-i.Done():
			if want == nil {
				t.Errorf("%s: done", when)
			}
		default:
			if want != nil {
				t.Errorf("%s: not done", when)
			}
		}
	}
	i.cancel(errStop)
	expect("before anything", nil)
	i.begin()
	expect("running", nil)
	i.cancel(errStop)
	expect("canceled", errStop)
	i.end()
	expect("over, to be told", errStop)
	i.cancel(errStop)
	i.begin()
	expect("the next", nil)
	waiting := i.Done()
	i.cancel(errStop)
	<-waiting
	i.begin() // a part of a message ends and the next begins
	expect("the one after that", nil)
	stop := i.after(0, errStop)
	<-i.Done()
	stop()
	expect("taken back", nil)
	last := sqlstate.Fatalf(sqlstate.AdminShutdown, "the end")
	i.cancel(errStop)
	i.terminate(last)
	expect("terminated", last)
	i.end()
	i.begin()
	expect("terminated for good", last)
	if i.terminated() != last {
		t.Error("not terminated")
	}
}

// TestInterruptRace: cancels that come at any time are for a statement that ran between
// their call and their return.
func TestInterruptRace(t *testing.T) {
	i := newInterrupt()
	var canceling sync.WaitGroup
	stop := make(chan struct{})
	canceling.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				i.cancel(errStop)
			}
		}
	})
	seen := 0
	for n := range 3000 {
		i.begin()
		if n%3 == 0 {
			<-i.Done() // somebody cancels soon
			if i.pending() == nil {
				t.Fatal("done without a cause")
			}
			seen++
		}
		i.end()
	}
	close(stop)
	canceling.Wait()
	i.begin()
	if i.pending() != nil {
		t.Error("a statement that nobody has canceled is to stop")
	}
	if seen == 0 {
		t.Error("nothing was canceled")
	}
}
