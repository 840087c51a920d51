package target

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// Cluster gives every case three nodes of its own, which keep nothing on disk.
type Cluster struct {
	nodes    []int
	made     chan clusterOrError
	stop     chan struct{}
	makers   sync.WaitGroup
	stopOnce sync.Once
}

type clusterOrError struct {
	*seqdserver.Cluster
	err error
}

// clusterSize is how many nodes a case gets.
const clusterSize = 3

// NewCluster makes clusters whose sessions are on the given nodes in turn. Node 0
// leads. Without votes the leader is the only voter, as it is for a while in every
// new cluster; with votes each cluster is made that much earlier, side by side with
// others, since a vote takes some seconds.
func NewCluster(votes bool, nodes ...int) (*Cluster, error) {
	if _, err := seqdserver.Binary(); err != nil {
		return nil, err
	}
	t := &Cluster{nodes: nodes, made: make(chan clusterOrError), stop: make(chan struct{})}
	makers := 1
	if votes {
		makers = 10
	}
	for range makers {
		t.makers.Go(func() { t.make(votes) })
	}
	return t, nil
}

func (t *Cluster) make(votes bool) {
	for {
		c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: clusterSize})
		if err == nil && votes {
			if err = c.AwaitVoters(); err != nil {
				err = errors.Join(err, c.Close())
			}
		}
		select {
		case t.made <- clusterOrError{c, err}:
		case <-t.stop:
			if err == nil {
				_ = c.Close()
			}
			return
		}
	}
}

// Fresh implements Target; nothing is on disk.
func (t *Cluster) Fresh(onDisk bool) (Env, error) { return t.FreshCluster(onDisk) }

// FreshCluster is Fresh with what clusters can do besides.
func (t *Cluster) FreshCluster(onDisk bool) (*ClusterEnv, error) {
	if onDisk {
		return nil, errors.New("these clusters can't be started again")
	}
	c := <-t.made
	if c.err != nil {
		return nil, c.err
	}
	return &ClusterEnv{Cluster: c.Cluster, nodes: t.nodes}, nil
}

// Close implements Target. Its Envs are closed before.
func (t *Cluster) Close() error {
	t.stopOnce.Do(func() { close(t.stop) })
	t.makers.Wait()
	return nil
}

// ClusterEnv is a cluster of one case.
type ClusterEnv struct {
	*seqdserver.Cluster
	nodes []int
	asked atomic.Int64
}

// Addr is that of the next node: it is asked for each session.
func (e *ClusterEnv) Addr() string {
	return e.Nodes[e.nodes[int(e.asked.Add(1)-1)%len(e.nodes)]].Addr()
}

// Log, Crash and Restart implement Env. See Fresh.
func (e *ClusterEnv) Log() string    { return e.Tail() }
func (e *ClusterEnv) Crash() error   { return errors.ErrUnsupported }
func (e *ClusterEnv) Restart() error { return errors.ErrUnsupported }

// Close kills the cluster. A node that had ended by itself is an error.
func (e *ClusterEnv) Close() error {
	var died error
	for i, s := range e.Nodes {
		select {
		case <-s.Done():
			died = errors.Join(died, fmt.Errorf("%s ended by itself\n%s", seqdserver.NodeID(i), s.Tail()))
		default:
		}
	}
	return errors.Join(died, e.Cluster.Close())
}
