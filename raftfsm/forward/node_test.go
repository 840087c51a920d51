package forward

import "seqd/raftfsm/node"

var _ Node = (*node.Node)(nil)
