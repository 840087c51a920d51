package node

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"seqd/protocol/sqlstate"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// A backup is captured in constant time and then sent in parts, each when it is asked
// for. Its positions are those of the log: whatever was handed out before it was
// begun lies behind them, on whatever node, for a value is handed out only when it
// has been reserved, and the node catches up with the leader first.

const (
	backupPart = 1 << 20 // bytes
	// backupsMax is how many are under way at a time, and backupPatience how long one
	// waits for the next part to be asked for.
	backupsMax     = 8
	backupPatience = 30 * time.Second
)

// backups are those under way.
type backups struct {
	mu   sync.Mutex
	open map[uint64]*backupSource
}

type backupSource struct {
	out  *io.PipeReader
	idle *time.Timer
}

var errBackupOver = sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the backup is over").
	WithHint("Begin another one.")

// Index implements peer.Admin.
func (a admin) Index(ctx context.Context) (uint64, error) {
	if _, err := a.n.awaitServing(ctx); err != nil {
		return 0, err
	}
	if err := a.n.Confirm(ctx); err != nil {
		return 0, err
	}
	return a.n.Applied(), nil
}

// catchUp waits until this node has applied everything that was acknowledged by
// anybody before the call.
func (n *Node) catchUp(ctx context.Context) error {
	index, err := n.Admin().Index(ctx)
	var elsewhere *peer.NotLeader
	if errors.As(err, &elsewhere) && elsewhere.LeaderAddr != "" {
		index, err = n.config.Peer.Admin(elsewhere.LeaderAddr).Index(ctx)
	}
	if err != nil {
		return err
	}
	return n.WaitApplied(ctx, index)
}

// Backup implements peer.Admin.
func (a admin) Backup(ctx context.Context, r peer.BackupRequest) (peer.BackupPart, error) {
	if r.Token != 0 {
		return a.n.backups.part(r.Token)
	}
	if err := a.n.catchUp(ctx); err != nil {
		return peer.BackupPart{}, err
	}
	h, store, cluster := a.n.fsm.State()
	info := codec.BackupInfo{Created: uint64(time.Now().Unix()), Node: a.n.identity.Node}
	token, err := a.n.backups.begin(func(out io.Writer) error { return codec.WriteBackup(out, info, h, store, cluster) })
	if err != nil {
		return peer.BackupPart{}, err
	}
	return a.n.backups.part(token)
}

func (b *backups) begin(write func(io.Writer) error) (token uint64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.open) >= backupsMax {
		return 0, sqlstate.Errorf(sqlstate.ConfigurationLimitExceeded, "%d backups are being made already", backupsMax)
	}
	out, in := io.Pipe()
	for token == 0 || b.open[token] != nil {
		token = rand.Uint64()
	}
	if b.open == nil {
		b.open = map[uint64]*backupSource{}
	}
	b.open[token] = &backupSource{out: out, idle: time.AfterFunc(backupPatience, func() { b.end(token) })}
	go func() { _ = in.CloseWithError(write(in)) }()
	return token, nil
}

// end forgets a backup; what writes it ends.
func (b *backups) end(token uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.open[token]; s != nil {
		s.idle.Stop()
		_ = s.out.CloseWithError(errBackupOver)
		delete(b.open, token)
	}
}

func (b *backups) endAll() {
	b.mu.Lock()
	var tokens []uint64
	for token := range b.open {
		tokens = append(tokens, token)
	}
	b.mu.Unlock()
	for _, token := range tokens {
		b.end(token)
	}
}

func (b *backups) part(token uint64) (peer.BackupPart, error) {
	b.mu.Lock()
	s := b.open[token]
	if s != nil {
		s.idle.Reset(backupPatience)
	}
	b.mu.Unlock()
	if s == nil {
		return peer.BackupPart{}, errBackupOver
	}
	data := make([]byte, backupPart)
	n, err := io.ReadFull(s.out, data)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		b.end(token)
		return peer.BackupPart{Data: data[:n]}, nil
	case err != nil:
		b.end(token)
		return peer.BackupPart{}, err
	}
	return peer.BackupPart{Token: token, Data: data}, nil
}
