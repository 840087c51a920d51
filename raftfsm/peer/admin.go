package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"seqd/protocol/sqlstate"
)

// Kinds of calls on StreamAdmin. The numbers are on the wire; bodies are JSON, for
// these calls are rare and come from tools of other versions too.
const (
	AdminStatus   byte = 1  // no body; Status
	AdminRemove   byte = 2  // RemoveRequest
	AdminTransfer byte = 3  // TransferRequest
	AdminSnapshot byte = 4  // no body
	AdminJoin     byte = 5  // JoinRequest; JoinReply
	AdminSkip     byte = 6  // SkipRequest; SkipReply
	AdminIndex    byte = 7  // no body; uint64
	AdminBackup   byte = 8  // BackupRequest; BackupPart
	AdminAnnounce byte = 9  // Announcement
	AdminEnter    byte = 10 // EnterRequest; EnterReply
)

// Status is a node's view of the cluster. Only the leader knows the others' lag.
type Status struct {
	ClusterID  string `json:"cluster"`
	Node       string `json:"node"`   // who answers
	Leader     string `json:"leader"` // node id; empty if there is none
	LeaderAddr string `json:"leader_addr"`
	Term       uint64 `json:"term"`
	Applied    uint64 `json:"applied"`
	Commit     uint64 `json:"commit"`
	// LeaseHolder may hand out values from memory for another LeaseLeft, as far as
	// the answering node knows.
	LeaseHolder string        `json:"lease_holder"`
	LeaseLeft   time.Duration `json:"lease_left"`
	Nodes       []NodeStatus  `json:"nodes"`
	// Version is the newest format that the answering node knows, 0 if it runs the
	// first release; Format is the one that the cluster writes.
	Version int `json:"version"`
	Format  int `json:"format"`
	// DiskFull: the answering node can't write to its log.
	DiskFull bool `json:"disk_full"`
}

// NodeStatus is one member of a cluster.
type NodeStatus struct {
	ID      string `json:"id"`
	Addr    string `json:"addr"`
	Voter   bool   `json:"voter"`
	Lag     *int64 `json:"lag"` // entries behind the leader; nil: unknown
	Version int    `json:"version"`
	// DiskFull is known of nodes whose lag is.
	DiskFull bool `json:"disk_full"`
}

// RemoveRequest names the node to be removed from the cluster.
type RemoveRequest struct {
	ID string `json:"id"`
}

// TransferRequest names the node that shall lead; empty: any.
type TransferRequest struct {
	To string `json:"to"`
}

// SkipRequest says how far to set every sequence ahead; nil: as seems safe.
type SkipRequest struct {
	Steps *uint64 `json:"steps"`
}

// SkipReply is what was done.
type SkipReply struct {
	Steps     uint64   `json:"steps"`
	Sequences int      `json:"sequences"`
	AtLimit   []string `json:"at_limit"` // some of those that have no values left
	AtLimits  int      `json:"at_limits"`
}

// BackupRequest asks for the next part of a backup that was begun, or begins one.
type BackupRequest struct {
	Token uint64 `json:"token"` // 0: begin
}

// BackupPart is a part of a backup's bytes.
type BackupPart struct {
	Token uint64 `json:"token"` // to ask for the next part with; 0: this was the last
	Data  []byte `json:"data"`
}

// Announcement is what a member says of itself when the cluster knows it otherwise.
type Announcement struct {
	ID      string `json:"id"`
	Addr    string `json:"addr"` // advertised
	Version int    `json:"version"`
}

// EnterRequest asks a node that is alone to join the cluster of another.
type EnterRequest struct {
	Addr     string `json:"addr"` // of the other
	NonVoter bool   `json:"non_voter"`
}

// EnterReply says who is about to join what.
type EnterReply struct {
	Node    string `json:"node"`
	Cluster string `json:"cluster"`
}

// JoinRequest is what a new node tells about itself.
type JoinRequest struct {
	ID       string `json:"id"`
	Addr     string `json:"addr"` // advertised
	Version  int    `json:"version"`
	NonVoter bool   `json:"non_voter"` // never to be made a voter
}

// JoinReply is what it has to know.
type JoinReply struct {
	ClusterID string       `json:"cluster"`
	Nodes     []NodeStatus `json:"nodes"`
}

// Admin is what a node can be asked. Where only the leader can do it, another node
// returns *NotLeader.
type Admin interface {
	Status(ctx context.Context) (Status, error)
	Remove(ctx context.Context, id string) error
	Transfer(ctx context.Context, to string) error
	Snapshot(ctx context.Context) error
	Join(ctx context.Context, r JoinRequest) (JoinReply, error)
	Skip(ctx context.Context, r SkipRequest) (SkipReply, error)
	Index(ctx context.Context) (uint64, error)
	Backup(ctx context.Context, r BackupRequest) (BackupPart, error)
	Announce(ctx context.Context, a Announcement) error
	Enter(ctx context.Context, r EnterRequest) (EnterReply, error)
}

// NotLeader says who leads, as far as is known.
type NotLeader struct{ LeaderAddr string }

func (e *NotLeader) Error() string {
	if e.LeaderAddr == "" {
		return "the cluster has no leader at the moment"
	}
	return "the leader is at " + e.LeaderAddr
}

// answer is the body of every reply on StreamAdmin.
type answer struct {
	NotLeader *NotLeader      `json:"not_leader,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
}

// AdminHandler answers calls on StreamAdmin by asking the node.
func AdminHandler(a Admin) Handler {
	return func(ctx context.Context, _ Identity, kind byte, body []byte) ([]byte, error) {
		result, err := administer(ctx, a, kind, body)
		var elsewhere *NotLeader
		if errors.As(err, &elsewhere) {
			return json.Marshal(answer{NotLeader: elsewhere})
		}
		if err != nil {
			return nil, err
		}
		raw, err := json.Marshal(result)
		if err != nil {
			return nil, err
		}
		return json.Marshal(answer{Result: raw})
	}
}

func administer(ctx context.Context, a Admin, kind byte, body []byte) (any, error) {
	switch kind {
	case AdminStatus:
		return a.Status(ctx)
	case AdminRemove:
		var r RemoveRequest
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return nil, a.Remove(ctx, r.ID)
	case AdminTransfer:
		var r TransferRequest
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return nil, a.Transfer(ctx, r.To)
	case AdminSnapshot:
		return nil, a.Snapshot(ctx)
	case AdminJoin:
		var r JoinRequest
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return a.Join(ctx, r)
	case AdminSkip:
		var r SkipRequest
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return a.Skip(ctx, r)
	case AdminIndex:
		return a.Index(ctx)
	case AdminBackup:
		var r BackupRequest
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return a.Backup(ctx, r)
	case AdminAnnounce:
		var r Announcement
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return nil, a.Announce(ctx, r)
	case AdminEnter:
		var r EnterRequest
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return a.Enter(ctx, r)
	}
	return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "this node does not know administrative request %d", kind)
}

func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return sqlstate.Errorf(sqlstate.ProtocolViolation, "malformed administrative request: %w", err)
	}
	return nil
}

// AdminClient asks a cluster through any of its nodes: what only the leader can do
// is asked of the leader.
type AdminClient struct {
	t    *Transport
	addr string
}

// Admin returns a client that begins at the node at addr.
func (t *Transport) Admin(addr string) *AdminClient { return &AdminClient{t, addr} }

var _ Admin = (*AdminClient)(nil)

// Status returns the leader's view, or that of the node asked if the leader can't
// be reached.
func (c *AdminClient) Status(ctx context.Context) (Status, error) {
	var own Status
	if err := c.call(ctx, AdminStatus, nil, &own); err != nil {
		return own, err
	}
	if own.LeaderAddr == "" || own.Leader == own.Node {
		return own, nil
	}
	var leaders Status
	if err := c.t.Admin(own.LeaderAddr).call(ctx, AdminStatus, nil, &leaders); err == nil {
		return leaders, nil
	}
	return own, nil
}

// StatusHere returns the view of the node asked.
func (c *AdminClient) StatusHere(ctx context.Context) (Status, error) {
	var own Status
	err := c.call(ctx, AdminStatus, nil, &own)
	return own, err
}

// Remove removes a node from the cluster.
func (c *AdminClient) Remove(ctx context.Context, id string) error {
	return c.call(ctx, AdminRemove, RemoveRequest{id}, nil)
}

// Transfer hands the leadership to a node, or to any if to is empty.
func (c *AdminClient) Transfer(ctx context.Context, to string) error {
	return c.call(ctx, AdminTransfer, TransferRequest{to}, nil)
}

// Snapshot has the node at the client's address take a snapshot.
func (c *AdminClient) Snapshot(ctx context.Context) error {
	return c.call(ctx, AdminSnapshot, nil, nil)
}

// Join asks the leader to take a node in.
func (c *AdminClient) Join(ctx context.Context, r JoinRequest) (reply JoinReply, err error) {
	err = c.call(ctx, AdminJoin, r, &reply)
	return reply, err
}

// Skip sets every sequence ahead.
func (c *AdminClient) Skip(ctx context.Context, r SkipRequest) (reply SkipReply, err error) {
	err = c.call(ctx, AdminSkip, r, &reply)
	return reply, err
}

// Index returns the leader's last applied log entry: whatever was acknowledged before
// the call stands at or before it.
func (c *AdminClient) Index(ctx context.Context) (index uint64, err error) {
	err = c.call(ctx, AdminIndex, nil, &index)
	return index, err
}

// Backup asks the node at the client's address for a part of a backup.
func (c *AdminClient) Backup(ctx context.Context, r BackupRequest) (part BackupPart, err error) {
	err = c.call(ctx, AdminBackup, r, &part)
	return part, err
}

// Announce tells the leader about a member.
func (c *AdminClient) Announce(ctx context.Context, a Announcement) error {
	return c.call(ctx, AdminAnnounce, a, nil)
}

// Enter has the node at the client's address join the cluster of another.
func (c *AdminClient) Enter(ctx context.Context, r EnterRequest) (reply EnterReply, err error) {
	err = c.call(ctx, AdminEnter, r, &reply)
	return reply, err
}

// redirectsMax is how often a call follows the leadership around.
const redirectsMax = 3

func (c *AdminClient) call(ctx context.Context, kind byte, request, result any) error {
	var body []byte
	if request != nil {
		var err error
		if body, err = json.Marshal(request); err != nil {
			return err
		}
	}
	addr := c.addr
	for range redirectsMax + 1 {
		reply, err := c.t.Client(addr, StreamAdmin).Call(ctx, kind, body)
		if err != nil {
			return err
		}
		var a answer
		if err := json.Unmarshal(reply, &a); err != nil {
			return fmt.Errorf("malformed answer of the node at %s: %w", addr, err)
		}
		if a.NotLeader == nil {
			if result == nil {
				return nil
			}
			return json.Unmarshal(a.Result, result)
		}
		if a.NotLeader.LeaderAddr == "" {
			return a.NotLeader
		}
		addr = a.NotLeader.LeaderAddr
	}
	return &NotLeader{}
}
