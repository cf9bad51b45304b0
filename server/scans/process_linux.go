package scans

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// process names this process, unlike any other: by the machine and its start,
// the namespace in which its number means something, its number, and when it
// began. It is "" where that is not known.
func process() string {
	machine, ok := machine()
	_, began, read := look(os.Getpid())
	if !ok || !read {
		return ""
	}
	return fmt.Sprintf("%s-%d-%s", machine, os.Getpid(), began)
}

// dead tells whether a process that process named is known to have ended. Of
// one on another machine, or in another container, it knows nothing.
func dead(name string) bool {
	here, ok := machine()
	there, rest, _ := strings.Cut(name, "-")
	number, began, found := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(number)
	if !ok || !found || err != nil || pid <= 0 || there != here {
		return false
	}
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	state, is, ok := look(pid) // some systems show only one's own processes
	return ok && (is != began || state == "Z" || state == "X")
}

// machine names what process numbers are unique in.
func machine() (string, bool) {
	host, err := os.Hostname()
	if err != nil {
		return "", false
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", false
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", false
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\n%s\n%s", host, bytes.TrimSpace(boot), space)
	return fmt.Sprintf("%016x", h.Sum64()), true
}

// look returns a process's state and when it began, in ticks since the start
// of the machine.
func look(pid int) (state, began string, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", "", false
	}
	// The second field is a name in brackets, which may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 20 {
		return "", "", false
	}
	return fields[0], fields[19], true
}
