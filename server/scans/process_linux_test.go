package scans

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner"
)

// The lease of a process that was killed keeps nobody waiting; one that may be
// alive, here or elsewhere, does.
func TestLeaseOfADeadProcess(t *testing.T) {
	self := process()
	parts := strings.Split(self, "-")
	if len(parts) != 3 {
		t.Fatalf("this process is %q", self)
	}
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	_, began, ok := look(child.Process.Pid)
	if !ok {
		t.Fatal("no child")
	}
	killed := fmt.Sprintf("%s-%d-%s", parts[0], child.Process.Pid, began)
	if dead(killed) {
		t.Error("a child that runs is dead")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Nobody has waited for the child: it is a zombie until then.
	for end := time.Now().Add(10 * time.Second); !dead(killed); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a killed child lives")
		}
	}
	_ = child.Wait()
	for _, x := range []struct {
		name string
		dead bool
	}{
		{killed, true},
		{fmt.Sprintf("%s-%d-1", parts[0], os.Getpid()), true}, // its number is another's now
		{self, false},
		{fmt.Sprintf("0123456789abcdef-%d-%s", child.Process.Pid, began), false},
		{parts[0] + "-0-1", false}, {parts[0] + "-x-1", false}, {parts[0], false}, {"", false},
	} {
		if got := dead(x.name); got != x.dead {
			t.Errorf("%q: %v", x.name, got)
		}
	}

	c, store, n := setUp(t)
	m := New(c, stores{store}, scanner.New(c, scanner.Options{}), Options{})
	for _, holder := range []string{holder(killed), holder(killed) + purging} {
		if ok, err := c.LeaseScan(t.Context(), n, holder, lease.Milliseconds()); !ok || err != nil {
			t.Fatal(ok, err)
		}
		begin := time.Now()
		if run, err := m.Scan(t.Context(), Order{Library: n}, nil); err != nil || run.State != models.ScanDone || time.Since(begin) > lease/2 {
			t.Fatal(run, err, time.Since(begin))
		}
	}
}
