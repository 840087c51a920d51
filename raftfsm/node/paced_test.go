package node

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
)

// A long snapshot leaves half of the time to others, a short one doesn't rest, and
// what is written arrives.
func TestSnapshotsArePaced(t *testing.T) {
	for _, x := range []struct {
		writes int
		want   time.Duration // all in all
	}{{5, 500 * time.Microsecond}, {10, time.Millisecond}, {1000, 199 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			var got, want bytes.Buffer
			s := &pacedSink{SnapshotSink: slowSink{Writer: &got}, began: time.Now()}
			began := time.Now()
			for i := range x.writes {
				want.WriteByte(byte(i))
				if n, err := s.Write([]byte{byte(i)}); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			if took := time.Since(began); took != x.want || !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Errorf("%d writes took %v, not %v", x.writes, took, x.want)
			}
		})
	}
}

// slowSink works for 100 µs at each write.
type slowSink struct {
	raft.SnapshotSink
	io.Writer
}

func (s slowSink) Write(b []byte) (int, error) {
	time.Sleep(100 * time.Microsecond)
	return s.Writer.Write(b)
}
