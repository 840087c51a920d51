//go:build !linux

package proc

import (
	"os/exec"
	"syscall"
)

// Only Linux can tie a child's life to its parent's.
func diesWithParent(*exec.Cmd, syscall.Signal) {}
