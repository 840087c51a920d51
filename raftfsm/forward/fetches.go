package forward

import (
	"encoding/binary"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
)

// The answer to kindNext: runs of fetches, in the order of the sessions in the
// request, so that a thousand values in a row are one run.
const (
	runValues  byte = 0 // number of fetches, values of each, first value, increment, epoch
	runBlocked byte = 1 // number of fetches that have to be asked for alone
	runRefused byte = 2 // number of fetches, the error
	runAgain   byte = 3 // number of fetches that are to be asked of the next leader
)

func appendFetches(b []byte, list []allocator.Fetch) []byte {
	for len(list) > 0 {
		n := 1
		switch f := &list[0]; {
		case f.Err == nil:
			size := f.Block.Count()
			for n < len(list) && continues(&list[n-1], &list[n], size) {
				n++
			}
			b = binary.AppendUvarint(append(b, runValues), uint64(n))
			b = binary.AppendUvarint(b, size)
			b = binary.AppendVarint(b, f.Block.First)
			b = binary.AppendVarint(b, f.Block.Increment)
			b = binary.AppendUvarint(b, f.Epoch)
		default:
			for n < len(list) && list[n].Err == f.Err {
				n++
			}
			switch kindOf(f.Err) {
			case failedBlocked:
				b = binary.AppendUvarint(append(b, runBlocked), uint64(n))
			case failedSafe, failedLost:
				b = binary.AppendUvarint(append(b, runAgain), uint64(n))
			default:
				b = binary.AppendUvarint(append(b, runRefused), uint64(n))
				b = appendError(b, sqlstate.From(f.Err))
			}
		}
		list = list[n:]
	}
	return b
}

// continues tells whether b goes on where a ended, with as many values.
func continues(a, b *allocator.Fetch, size uint64) bool {
	return b.Err == nil && b.Epoch == a.Epoch && sequence.Follows(a.Block, b.Block) && b.Block.Count() == size
}

// fetches reads an answer to kindNext into out, which must be just long enough.
func (r *reader) fetches(out []allocator.Fetch) error {
	for len(out) > 0 && !r.failed {
		kind, n := r.byte(), r.uint()
		if n == 0 || n > uint64(len(out)) {
			return errMalformed
		}
		run := out[:n]
		out = out[n:]
		var err error
		switch kind {
		case runValues:
			if !r.values(run) {
				return errMalformed
			}
			continue
		case runBlocked:
			err = allocator.ErrBlocked
		case runRefused:
			err = r.error()
		case runAgain:
			err = allocator.ErrNotServing
		default:
			return errMalformed
		}
		for i := range run {
			run[i] = allocator.Fetch{Err: err}
		}
	}
	if len(out) > 0 {
		return errMalformed
	}
	return r.end()
}

// values spreads a run over its fetches.
func (r *reader) values(run []allocator.Fetch) bool {
	size, first, increment, epoch := r.uint(), r.int(), r.int(), r.uint()
	if r.failed || size == 0 || increment == 0 {
		return false
	}
	n := uint64(len(run))
	if size > (1<<63)/n {
		return false
	}
	// Two's complement; that nothing wrapped around shows in the count.
	all := sequence.Block{First: first, Increment: increment, Last: int64(uint64(first) + (n*size-1)*uint64(increment))}
	if (all.Last > all.First) != (increment > 0) && n*size > 1 || all.Count() != n*size {
		return false
	}
	for i := range run {
		last := int64(uint64(first) + (size-1)*uint64(increment))
		run[i] = allocator.Fetch{Block: sequence.Block{First: first, Last: last, Increment: increment}, Epoch: epoch}
		first = int64(uint64(last) + uint64(increment))
	}
	return true
}
