//go:build !linux

package wire

import (
	"errors"
	"syscall"
)

// Poller is for Linux: elsewhere no connection is parked.
type Poller struct{}

// NewPoller fails.
func NewPoller() (*Poller, error) { return nil, errors.ErrUnsupported }

// Run returns.
func (p *Poller) Run() {}

// Close does nothing.
func (p *Poller) Close() error { return nil }

func (p *Poller) add(*Conn, syscall.RawConn) bool { return false }
func (p *Poller) remove(*Conn)                    {}
