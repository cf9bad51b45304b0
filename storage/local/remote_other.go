//go:build !linux

package local

// remote is not known on this system.
func remote(string) bool { return false }
