package codec

import (
	"errors"
	"fmt"

	"seqd/engine"
)

// feed gives what was decoded to an engine.Restore in another goroutine: with a million
// sequences decoding takes a second, and so does putting them where they belong.
type feed struct {
	record uint64 // that is being read
	batch  []fed
	full   chan []fed // to the other goroutine; nil: it was not started
	empty  chan []fed // back from it
	done   chan error // its end, with the first error
}

// fed is an object in a database, or (object nil) a position.
type fed struct {
	record   uint64
	database engine.OID
	object   engine.Object
	id       engine.SequenceID
	position engine.Position
}

const (
	feedBatch   = 256 // to hand over one by one would take longer than the work
	feedBatches = 4
)

// errFed ends reading, since end tells why.
var errFed = errors.New("a record was not taken")

// put hands over one more; from now until end nobody else may use the Restore.
func (f *feed) put(to *engine.Restore, x fed) error {
	if f.full == nil {
		f.full, f.empty, f.done = make(chan []fed, feedBatches), make(chan []fed, feedBatches), make(chan error, 1)
		for range feedBatches {
			f.empty <- make([]fed, 0, feedBatch)
		}
		f.batch = <-f.empty
		go f.restore(to)
	}
	x.record = f.record
	if f.batch = append(f.batch, x); len(f.batch) < feedBatch {
		return nil
	}
	f.full <- f.batch
	var more bool
	if f.batch, more = <-f.empty; !more {
		return errFed
	}
	return nil
}

// end waits until all was taken, and returns the first error.
func (f *feed) end() error {
	if f.full == nil {
		return nil
	}
	if f.batch != nil {
		f.full <- f.batch
	}
	close(f.full)
	return <-f.done
}

// restore takes what comes. After an error it takes nothing any more, but lets
// whoever reads find out.
func (f *feed) restore(to *engine.Restore) {
	var failed error
	for batch := range f.full {
		if failed != nil {
			continue
		}
		for i := range batch {
			if failed = batch[i].restore(to); failed != nil {
				close(f.empty)
				break
			}
		}
		if failed == nil {
			f.empty <- batch[:0]
		}
	}
	f.done <- failed
}

func (x *fed) restore(to *engine.Restore) (err error) {
	if x.object != nil {
		err = to.In(x.database, x.object)
	} else {
		err = to.Position(x.id, x.position)
	}
	if err != nil {
		err = fmt.Errorf("snapshot record %d: %w", x.record, err)
	}
	return err
}
