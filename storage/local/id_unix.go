//go:build unix

package local

import (
	"io/fs"
	"syscall"
)

// folderID is what a folder is, under whatever path.
type folderID struct{ dev, ino uint64 }

func idOf(fi fs.FileInfo) (folderID, bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return folderID{}, false
	}
	return folderID{uint64(st.Dev), uint64(st.Ino)}, true
}
