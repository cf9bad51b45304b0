//go:build !linux

package doctor

import "os"

// writable looks at the permissions only; other systems are asked when the
// server writes.
func writable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o200 != 0
}

func freeBytes(string) (uint64, bool) { return 0, false }

func watchLimit() (int, bool) { return 0, false }
