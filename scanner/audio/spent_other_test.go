//go:build !unix

package audio

import (
	"testing"
	"time"
)

var started = time.Now()

// spent is the time since the tests began, where the system is not asked for
// processor time.
func spent(*testing.T) time.Duration { return time.Since(started) }
