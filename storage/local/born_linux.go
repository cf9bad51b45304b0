package local

import (
	"os"

	"golang.org/x/sys/unix"
)

// born returns when a file came to be on its disk, in Unix ns; 0 where the
// file system does not tell.
func born(f *os.File) (at int64) {
	c, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	_ = c.Control(func(fd uintptr) {
		var st unix.Statx_t
		if unix.Statx(int(fd), "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, unix.STATX_BTIME, &st) == nil && st.Mask&unix.STATX_BTIME != 0 {
			at = st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
		}
	})
	return at
}
