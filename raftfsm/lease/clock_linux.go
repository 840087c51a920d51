package lease

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// BootClock is time since the machine started, suspended or not.
func BootClock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic("the boot clock can't be read: " + err.Error()) // it is in every kernel since 2.6.39
	}
	return time.Duration(t.Nano())
}

// BootID tells this boot of the machine from every other one, "" if there is no
// telling.
func BootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
