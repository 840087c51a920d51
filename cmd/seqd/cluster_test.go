package main

import (
	"strings"
	"testing"
	"time"

	"seqd/raftfsm/peer"
)

func TestPrintStatus(t *testing.T) {
	none, some := int64(0), int64(12345)
	for _, c := range []struct {
		status peer.Status
		want   string
	}{
		{peer.Status{Node: "n3"}, `
cluster:     none yet
leader:      none
term:        0
committed:   0
applied:     0
lease:       none
format:      1 (this node knows up to 1)
as seen by:  n3
`},
		{peer.Status{
			ClusterID: "abc", Node: "n1", Leader: "n1", LeaderAddr: "h1:5533", Term: 7, Commit: 12, Applied: 11,
			LeaseHolder: "n1", LeaseLeft: 1234567 * time.Microsecond, Format: 2, Version: 3,
			Nodes: []peer.NodeStatus{
				{ID: "n1", Addr: "h1:5533", Voter: true, Lag: &none, Version: 1},
				{ID: "node-2", Addr: "h2:5533", Voter: true, Lag: &some, Version: 1},
				{ID: "n3", Addr: "h3:5533", Version: 2, DiskFull: true},
			},
		}, `
cluster:     abc
leader:      n1
term:        7
committed:   12
applied:     11
lease:       n1, 1.23s left
format:      2 (this node knows up to 3)
as seen by:  n1

NODE    ADDRESS  ROLE                  LAG      VERSION
n1      h1:5533  leader                0        1
node-2  h2:5533  voter                 12345    1
n3      h3:5533  non-voter, DISK FULL  unknown  2
`},
	} {
		var b strings.Builder
		if err := printStatus(&b, c.status); err != nil || b.String() != c.want[1:] {
			t.Errorf("got\n%s\nwant%s(%v)", b.String(), c.want, err)
		}
	}
}
