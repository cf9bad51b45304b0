//go:build !linux

package local

import "os"

// born returns 0: when files came to be is asked on Linux only.
func born(*os.File) int64 { return 0 }
