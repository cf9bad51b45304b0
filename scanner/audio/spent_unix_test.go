//go:build unix

package audio

import (
	"syscall"
	"testing"
	"time"
)

// spent is the processor time that this process has had. It tells what work
// costs, whatever else the machine does.
func spent(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
