package peer

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"seqd/protocol/sqlstate"
)

// fakeNode answers as a leader would, or points to one.
type fakeNode struct {
	status   Status
	leaderAt *NotLeader
	asked    []string
}

func (f *fakeNode) ask(what string) error {
	f.asked = append(f.asked, what)
	if f.leaderAt != nil {
		return f.leaderAt
	}
	return nil
}

func (f *fakeNode) Status(context.Context) (Status, error) { return f.status, nil }
func (f *fakeNode) Remove(_ context.Context, id string) error {
	if id == "unknown" {
		return sqlstate.Errorf(sqlstate.UndefinedObject, "there is no node %q", id)
	}
	return f.ask("remove " + id)
}
func (f *fakeNode) Transfer(_ context.Context, to string) error { return f.ask("transfer " + to) }
func (f *fakeNode) Snapshot(context.Context) error {
	f.asked = append(f.asked, "snapshot")
	return nil
}
func (f *fakeNode) Join(_ context.Context, r JoinRequest) (JoinReply, error) {
	err := f.ask("join " + r.ID + " " + r.Addr)
	return JoinReply{ClusterID: "c", Nodes: f.status.Nodes}, err
}
func (f *fakeNode) Skip(_ context.Context, r SkipRequest) (SkipReply, error) {
	return SkipReply{Steps: *r.Steps, Sequences: 3, AtLimits: 1, AtLimit: []string{"d: s.n"}}, f.ask("skip")
}
func (f *fakeNode) Index(context.Context) (uint64, error) { return 1 << 60, f.ask("index") }
func (f *fakeNode) Backup(_ context.Context, r BackupRequest) (BackupPart, error) {
	f.asked = append(f.asked, "backup")
	return BackupPart{Token: r.Token + 1, Data: []byte{0, 255}}, nil
}
func (f *fakeNode) Announce(_ context.Context, a Announcement) error {
	return f.ask("announce " + a.ID + " " + a.Addr)
}
func (f *fakeNode) Enter(_ context.Context, r EnterRequest) (EnterReply, error) {
	f.asked = append(f.asked, "enter "+r.Addr)
	return EnterReply{Node: "b", Cluster: "d"}, nil
}

func TestAdmin(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	lag := int64(3)
	leader := &fakeNode{status: Status{
		ClusterID: "c", Node: "a", Leader: "a", LeaderAddr: a.Addr(), Term: 4, Applied: 5, Commit: 6, LeaseHolder: "a", LeaseLeft: time.Second,
		Nodes: []NodeStatus{{ID: "a", Addr: a.Addr(), Voter: true, Version: 1}, {ID: "b", Addr: b.Addr(), Lag: &lag, Version: 1}},
	}}
	follower := &fakeNode{status: Status{Node: "b", Leader: "a", LeaderAddr: a.Addr()}, leaderAt: &NotLeader{a.Addr()}}
	a.Handle(StreamAdmin, AdminHandler(leader))
	b.Handle(StreamAdmin, AdminHandler(follower))
	tool, err := Dialer(Config{Identity: func() Identity { return Identity{} }})
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	ctx := soon(t)
	c := tool.Admin(b.Addr())
	if s, err := c.Status(ctx); err != nil || !reflect.DeepEqual(s, leader.status) {
		t.Errorf("%+v, %v", s, err)
	}
	if err := errors.Join(c.Remove(ctx, "x"), c.Transfer(ctx, "y"), c.Snapshot(ctx)); err != nil {
		t.Error(err)
	}
	if r, err := c.Join(ctx, JoinRequest{ID: "n", Addr: "h:1"}); err != nil || r.ClusterID != "c" || len(r.Nodes) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	steps := uint64(7)
	if r, err := c.Skip(ctx, SkipRequest{&steps}); err != nil || r.Steps != 7 || r.Sequences != 3 || r.AtLimits != 1 || len(r.AtLimit) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if i, err := c.Index(ctx); err != nil || i != 1<<60 {
		t.Errorf("%d, %v", i, err)
	}
	if p, err := c.Backup(ctx, BackupRequest{Token: 4}); err != nil || p.Token != 5 || string(p.Data) != "\x00\xff" {
		t.Errorf("%+v, %v", p, err)
	}
	if err := c.Announce(ctx, Announcement{ID: "n", Addr: "h:2"}); err != nil {
		t.Error(err)
	}
	if r, err := c.Enter(ctx, EnterRequest{Addr: "h:3"}); err != nil || r != (EnterReply{Node: "b", Cluster: "d"}) {
		t.Errorf("%+v, %v", r, err)
	}
	if err := c.Remove(ctx, "unknown"); sqlstate.CodeOf(err) != sqlstate.UndefinedObject {
		t.Error(err)
	}
	if want := []string{"remove x", "transfer y", "join n h:1", "skip", "index", "announce n h:2"}; !slices.Equal(leader.asked, want) {
		t.Errorf("the leader was asked %q", leader.asked)
	}
	if want := []string{"remove x", "transfer y", "snapshot", "join n h:1", "skip", "index", "backup", "announce n h:2", "enter h:3"}; !slices.Equal(follower.asked, want) {
		t.Errorf("the follower was asked %q", follower.asked)
	}
	for _, raw := range []struct {
		kind byte
		body string
		want sqlstate.Code
	}{{99, "", sqlstate.FeatureNotSupported}, {AdminRemove, "{", sqlstate.ProtocolViolation}, {AdminTransfer, "", sqlstate.ProtocolViolation}, {AdminJoin, "[]", sqlstate.ProtocolViolation}} {
		if _, err := tool.Client(a.Addr(), StreamAdmin).Call(ctx, raw.kind, []byte(raw.body)); sqlstate.CodeOf(err) != raw.want {
			t.Errorf("request %d %q: %v", raw.kind, raw.body, err)
		}
	}

	// Nobody leads, or two nodes point at each other.
	var none *NotLeader
	for _, elsewhere := range []*NotLeader{{}, {b.Addr()}} {
		leader.leaderAt = elsewhere
		if err := c.Transfer(ctx, ""); !errors.As(err, &none) || none.LeaderAddr != "" {
			t.Error(err)
		}
	}
	// The leader is gone: the node's own view is better than none.
	_ = a.Close()
	if s, err := c.Status(ctx); err != nil || s.Node != "b" {
		t.Errorf("%+v, %v", s, err)
	}
}
