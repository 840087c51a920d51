// Package simcluster runs whole clusters in a simulation: three or five nodes of the
// program's own code (cluster port, raft, state machine, allocator, forwarding, lease)
// in one process, in the virtual time of testing/synctest. What is simulated is what
// lies around them: the network, the disks, the machines' clocks, and the sessions.
// It holds tests only.
//
// A run is made from a seed. It draws the circumstances (timing, sizes, how fast each
// machine's lease clock goes: up to 10 % wrong), brings faults about for 5 to 15 s that
// last into each other, heals everything, and checks that every node serves every
// sequence again. Faults are: cuts of all of a node's links, of one direction, of one
// link, or between two groups; slow links, loss, reset connections; a process that is
// paused for longer than its lease, with its sessions or without them ("zombie": its
// sessions go on drawing from memory while its raft notices nothing, which is how a
// pause at the worst moments looks); disks that hang, are full, or fail; crashes of
// processes and machines, of all at once too; stops in good order, transfers,
// snapshots; proposals that are late. Bytes are not lost in a connection but late, as
// under TCP: answers of long ago arrive, and connections overtake each other.
//
// Sessions draw values with and without CACHE, read positions, set them forwards and
// backwards, ALTER … RESTART, create and drop. What is checked afterwards:
//   - no value twice within an epoch, none out of bounds, none that the log had not
//     reserved; in the order of real time for CACHE 1, setval and reads included
//   - the same without knowing of epochs: porcupine finds an order in which each
//     history is that of one sequence, where what has no answer (40003, or a crash) may
//     have taken place at any time or not at all
//   - no value of a session's cache after a change that voids it was acknowledged
//   - all nodes execute equal entries, and have equal states at equal indexes: every
//     snapshot that any node takes is compared with an execution of the log from its
//     beginning
//   - setval, ALTER, CREATE, DROP are executed once if they were acknowledged, never if
//     they were refused, at most once if the answer was 40003
//   - no OID is given to two sequences
//   - no more values are lost than the declared budget
//   - after the last fault everything is served again within a bound of virtual time
//
// With the lease, the wait for it, the fence, or the grants taken out the same checks
// must find a violation, or the test fails.
//
// A seed can't be replayed exactly: goroutines of a bubble run in any order, and raft
// draws its election timeouts from Go's own source. Most failures come again with
// their seed in some of a few runs. So a failing run writes its whole history, requests
// and faults, to a file (in $SIM_OUT, or the folder for temporary files).
package simcluster
