//go:build unix && !linux

package wire

// hungUp can't be told here.
func hungUp(uintptr) bool { return false }
