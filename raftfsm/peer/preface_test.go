package peer

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAdmit(t *testing.T) {
	member := Identity{ClusterID: "c", NodeID: "a", Version: 3}
	for _, c := range []struct {
		name       string
		own, other Identity
		refusal    map[StreamType]string // part of the reason; none: admitted
	}{
		{"two members", member, Identity{"c", "b", 3}, nil},
		{"a version ahead", member, Identity{"c", "b", 4}, nil},
		{"a version behind", member, Identity{"c", "b", 2}, nil},
		{"two versions ahead", member, Identity{"c", "b", 5}, map[StreamType]string{
			StreamRaft: "version 5", StreamRPC: "version 5", StreamAdmin: "version 5"}},
		{"two versions behind", member, Identity{"c", "b", 1}, map[StreamType]string{
			StreamRaft: "version 1", StreamRPC: "version 1", StreamAdmin: "version 1"}},
		{"another cluster", member, Identity{"d", "b", 3}, map[StreamType]string{
			StreamRaft: `cluster "d"`, StreamRPC: `cluster "d"`, StreamAdmin: `cluster "d"`}},
		{"joining", member, Identity{"", "b", 3}, map[StreamType]string{
			StreamRaft: "members", StreamRPC: "members"}},
		{"being joined", Identity{"", "b", 3}, member, map[StreamType]string{
			StreamRaft: "members", StreamRPC: "members"}},
		{"two without a cluster", Identity{"", "a", 3}, Identity{"", "b", 3}, map[StreamType]string{
			StreamRaft: "members", StreamRPC: "members"}},
		{"a tool of any version", member, Identity{"", "", 9}, map[StreamType]string{
			StreamRaft: "members", StreamRPC: "members"}},
		{"a member without a name", member, Identity{"c", "", 3}, map[StreamType]string{
			StreamRaft: "id", StreamRPC: "id"}},
		{"itself", member, member, map[StreamType]string{StreamRaft: "copied"}},
	} {
		for _, s := range []StreamType{StreamRaft, StreamRPC, StreamAdmin} {
			err := admit(s, c.own, c.other)
			want, refused := c.refusal[s]
			var no *Refused
			switch {
			case !refused && err != nil:
				t.Errorf("%s, %s: %v", c.name, s, err)
			case refused && (!errors.As(err, &no) || !strings.Contains(no.Reason, want)):
				t.Errorf("%s, %s: got %v, want a refusal with %q", c.name, s, err, want)
			}
		}
	}
}

func TestPrefaceIsRefused(t *testing.T) {
	good, err := appendPreface(nil, StreamRPC, node("a"))
	if err != nil {
		t.Fatal(err)
	}
	with := func(at int, b byte) []byte {
		p := bytes.Clone(good)
		p[at] = b
		return p
	}
	for _, c := range []struct {
		name    string
		preface []byte
		want    string
	}{
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), errStranger.Error()},
		{"PostgreSQL", []byte("\x00\x00\x00\x08\x04\xd2\x16\x2f\x00\x00\x00\x00"), errStranger.Error()},
		{"another protocol", with(len(magic), 2), "version 1 of the cluster protocol"},
		{"stream 0", with(len(magic)+1, 0), "unknown stream 0"},
		{"stream 4", with(len(magic)+1, 4), "unknown stream 4"},
		{"nothing", nil, io.EOF.Error()},
		{"cut short", good[:len(good)-1], io.ErrUnexpectedEOF.Error()},
	} {
		_, _, err := readPreface(bytes.NewReader(c.preface))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for _, id := range []Identity{{ClusterID: strings.Repeat("x", 256)}, {NodeID: strings.Repeat("x", 256)}, {Version: -1}, {Version: 1 << 16}} {
		if _, err := appendPreface(nil, StreamRPC, id); err == nil {
			t.Errorf("%.40v...: written", id)
		}
	}
}

func TestAnswers(t *testing.T) {
	ok, err := appendOK(nil, node("a"))
	if err != nil {
		t.Fatal(err)
	}
	if id, err := readAnswer(bytes.NewReader(ok)); id != node("a") || err != nil {
		t.Error(id, err)
	}
	long := strings.Repeat("x", 2*refusalMax)
	var no *Refused
	if _, err := readAnswer(bytes.NewReader(appendRefusal(nil, long))); !errors.As(err, &no) || no.Reason != long[:refusalMax] {
		t.Error(err)
	}
	// A refusal is understood from a version to come, too.
	later := appendRefusal(nil, "too old")
	later[0] = 200
	if _, err := readAnswer(bytes.NewReader(later)); !errors.As(err, &no) || no.Reason != "too old" {
		t.Error(err)
	}
	for _, b := range []string{"", "\x01", "HTTP/1.1 400 Bad Request\r\n", "\x02\x00\x00\x01\x00\x00"} {
		if _, err := readAnswer(strings.NewReader(b)); err == nil || errors.As(err, &no) {
			t.Errorf("%q: %v", b, err)
		}
	}
}

func FuzzPreface(f *testing.F) {
	for _, s := range []StreamType{StreamRaft, StreamRPC, StreamAdmin} {
		p, err := appendPreface(nil, s, node("some node"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p)
	}
	f.Add([]byte(magic))
	f.Add(appendRefusal(nil, "no"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		if s, id, err := readPreface(r); err == nil {
			again, err := appendPreface(nil, s, id)
			if err != nil || !bytes.Equal(again, data[:len(data)-r.Len()]) {
				t.Errorf("%q reads as %v %+v, which writes as %q (%v)", data, s, id, again, err)
			}
		}
		r = bytes.NewReader(data)
		if id, err := readAnswer(r); err == nil {
			again, err := appendOK(nil, id)
			if err != nil || !bytes.Equal(again, data[:len(data)-r.Len()]) {
				t.Errorf("%q reads as %+v, which writes as %q (%v)", data, id, again, err)
			}
		}
	})
}
