package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The preface, first thing on a connection (after TLS):
//
//	magic[8] protocol[1] stream[1] version[2] len[1] cluster id, len[1] node id
//
// and the answer: protocol[1] status[1], then the acceptor's own version and ids in
// the same form, or len[2] and the text of a refusal.
const (
	magic       = "seqdpeer"
	protocol    = 1
	idMax       = 255
	refusalMax  = 1024
	statusOK    = 0
	statusNo    = 1
	prefaceHead = len(magic) + 2
)

// Refused is the peer's (or our own) reason not to talk.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return "refused: " + r.Reason }

func refusef(format string, args ...any) *Refused { return &Refused{fmt.Sprintf(format, args...)} }

// errStranger is for those who don't even speak the protocol: they get no answer.
var errStranger = errors.New("not a seqd node")

func appendIdentity(b []byte, id Identity) ([]byte, error) {
	if len(id.ClusterID) > idMax || len(id.NodeID) > idMax || id.Version < 0 || id.Version > 1<<16-1 {
		return nil, fmt.Errorf("identity %+v does not fit into a preface", id)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(id.Version))
	b = append(append(b, byte(len(id.ClusterID))), id.ClusterID...)
	return append(append(b, byte(len(id.NodeID))), id.NodeID...), nil
}

// fill reads all of b; something came before, so an end here cuts it short.
func fill(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func readIdentity(r io.Reader) (id Identity, err error) {
	var b [idMax]byte
	if err := fill(r, b[:2]); err != nil {
		return id, err
	}
	id.Version = int(binary.BigEndian.Uint16(b[:2]))
	for _, s := range []*string{&id.ClusterID, &id.NodeID} {
		if err := fill(r, b[:1]); err != nil {
			return id, err
		}
		part := b[:b[0]]
		if err := fill(r, part); err != nil {
			return id, err
		}
		*s = string(part)
	}
	return id, nil
}

func appendPreface(b []byte, s StreamType, id Identity) ([]byte, error) {
	return appendIdentity(append(append(b, magic...), protocol, byte(s)), id)
}

// readPreface reads no byte too many: what follows belongs to the stream.
func readPreface(r io.Reader) (s StreamType, id Identity, err error) {
	var b [prefaceHead]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, id, err
	}
	if string(b[:len(magic)]) != magic {
		return 0, id, errStranger
	}
	if got := b[len(magic)]; got != protocol {
		return 0, id, refusef("this node speaks version %d of the cluster protocol, not %d", protocol, got)
	}
	s = StreamType(b[len(magic)+1])
	if s < StreamRaft || s > StreamAdmin {
		return 0, id, refusef("unknown stream %d", byte(s))
	}
	id, err = readIdentity(r)
	return s, id, err
}

func appendOK(b []byte, id Identity) ([]byte, error) {
	return appendIdentity(append(b, protocol, statusOK), id)
}

func appendRefusal(b []byte, reason string) []byte {
	reason = reason[:min(len(reason), refusalMax)]
	b = binary.BigEndian.AppendUint16(append(b, protocol, statusNo), uint16(len(reason)))
	return append(b, reason...)
}

// readAnswer returns the acceptor's identity, or a *Refused.
func readAnswer(r io.Reader) (id Identity, err error) {
	var b [2]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return id, err
	}
	// The two bytes and the refusal's form stay as they are in every version, so
	// that versions which don't understand each other can at least say so.
	switch {
	case b[1] == statusNo:
		if err := fill(r, b[:]); err != nil {
			return id, err
		}
		text := make([]byte, min(int(binary.BigEndian.Uint16(b[:])), refusalMax))
		if err := fill(r, text); err != nil {
			return id, err
		}
		return id, &Refused{string(text)}
	case b[0] != protocol || b[1] != statusOK:
		return id, errStranger
	}
	return readIdentity(r)
}

// admit decides whether two nodes may talk on a stream; each side asks.
func admit(s StreamType, own, other Identity) error {
	if own.ClusterID != other.ClusterID && (s != StreamAdmin || (own.ClusterID != "" && other.ClusterID != "")) {
		if other.ClusterID == "" || own.ClusterID == "" {
			return refusef("%s connections are for members of the cluster, and one side has not joined it", s)
		}
		return refusef("node %q belongs to cluster %q, node %q to cluster %q", other.NodeID, other.ClusterID, own.NodeID, own.ClusterID)
	}
	if s != StreamAdmin {
		switch {
		case own.ClusterID == "":
			return refusef("%s connections are for members of a cluster", s)
		case other.NodeID == "" || own.NodeID == "":
			return refusef("%s connections are for nodes with an id", s)
		}
	}
	if s == StreamRaft && own.NodeID == other.NodeID {
		return refusef("both sides are node %q: was a data directory copied?", own.NodeID)
	}
	// A tool has no node id, and may be of any version.
	if d := own.Version - other.Version; own.NodeID != "" && other.NodeID != "" && (d < -1 || d > 1) {
		return refusef("node %q has version %d, node %q version %d: upgrades go one version at a time",
			other.NodeID, other.Version, own.NodeID, own.Version)
	}
	return nil
}
