package node

import (
	"fmt"
	"runtime/debug"

	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// openSafely opens the log file. bolt panics, or reads beyond what it mapped, if
// the file is damaged in certain ways; both become errors here.
func openSafely(path string) (store *raftboltdb.BoltStore, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			store, err = nil, fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	return openBolt(path)
}
