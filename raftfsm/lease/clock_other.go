//go:build !linux

package lease

import "time"

var started = time.Now()

// BootClock is a monotonic clock. Where it stops while the machine is suspended,
// a suspended leader of several may hand out values out of order.
func BootClock() time.Duration { return time.Since(started) }

// BootID tells this boot of the machine from every other one; here there is no
// telling.
func BootID() string { return "" }
