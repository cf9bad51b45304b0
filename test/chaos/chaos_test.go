package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
)

// TestChaos lets files, disks, users and a killer loose on a library, round by
// round, and after each wants everything as the model knows it. A run that
// failed is repeated by
//
//	CHAOS_SEED=7 CHAOS_ROUNDS=20 go test -count=1 -run TestChaos ./test/chaos
//
// CHAOS_SONGS is how many songs there are at first.
func TestChaos(t *testing.T) {
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, engine := range engines() {
		rounds := number("CHAOS_ROUNDS", 20)
		if engine == "postgres" {
			rounds = (rounds + 3) / 4
		}
		t.Run(engine, func(t *testing.T) {
			run(t, engine, uint64(number("CHAOS_SEED", 1)), rounds, number("CHAOS_SONGS", 2000))
		})
	}
}

func run(t *testing.T, engine string, seed uint64, rounds, songs int) {
	w := newWorld(t, seed, songs)
	h := build(t, engine, "file://"+w.dir, scanner.Options{})
	for _, name := range []string{"ana", "ben"} {
		h.user(name)
		w.users = append(w.users, newUser(name))
	}
	disk, err := local.New(w.dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	program := compile(t)
	began := time.Now()
	for round := 0; round <= rounds; round++ {
		clear(w.busy)
		w.log, w.together = nil, false
		all := func(*track) bool { return true }
		calm := func(t *track) bool {
			return !w.busy[t] && !w.busy[t.album] && !w.busy[t.album.artist] && !w.busyFolder(t)
		}
		switch {
		case round == 0: // the first scan
		case round == rounds: // all that ever was comes back
			w.act(h, 10, all)
			for _, t := range w.tracks {
				if t.gone {
					w.unearth(t, t.key)
				}
			}
		default:
			w.act(h, 12, all)
			w.change(3 + w.r.IntN(12))
			w.act(h, 6, calm)
		}
		for range w.r.IntN(3) {
			w.disturb(h, disk, program)
			if round > 0 {
				w.act(h, 4, calm)
			}
		}
		w.settle(h, disk)
		wrong := w.check(h)
		if round%5 == 0 || round == rounds {
			wrong = append(wrong, w.compare(t, h, disk)...)
		}
		if len(wrong) > 0 {
			t.Fatalf("CHAOS_SEED=%d CHAOS_ROUNDS=%d: wrong after round %d:\n%s\nafter:\n%s", seed, rounds, round, strings.Join(wrong, "\n"), strings.Join(w.log, "\n"))
		}
	}
	t.Logf("seed %d: %d rounds, %d songs at the end, %.1f s", seed, rounds, len(w.tracks), time.Since(began).Seconds())
}

// busyFolder tells whether a folder of the song changed in this round.
func (w *world) busyFolder(t *track) bool {
	for _, f := range foldersOf(t.key) {
		if w.busy[f] {
			return true
		}
	}
	return false
}

// settle scans until a scan of the whole library has come to its end. Where so
// much was deleted that the guard holds, it is accepted.
func (w *world) settle(h *house, disk storage.Store) {
	w.t.Helper()
	run, err := h.scan(context.Background(), disk, scanner.Request{})
	if err != nil && run.State == models.ScanFailed && strings.Contains(run.Message, "accept") {
		w.say("the guard held: %s", run.Message)
		run, err = h.scan(context.Background(), disk, scanner.Request{AcceptMissing: true})
	}
	if err != nil || run.State != models.ScanDone {
		w.t.Fatalf("%v: %+v\nafter:\n%s", err, run, strings.Join(w.log, "\n"))
	}
	if run.Failed > 0 {
		w.t.Fatalf("%d files could not be read: %+v", run.Failed, run)
	}
}

// compare scans the same files into a new catalog, which must tell the same of
// them as the one with a history.
func (w *world) compare(t *testing.T, h *house, disk storage.Store) []string {
	t.Helper()
	fresh := build(t, "sqlite", "file://"+w.dir, scanner.Options{})
	fresh.done(disk, scanner.Request{})
	if d := differences(contents(fresh.dump()), contents(h.dump())); d != "" {
		return []string{"a new catalog (-) and the one with a history (+) differ:", d}
	}
	return nil
}

// disturb does a scan that does not come to a good end: the disk is away, or
// partly, or fails; or the scan is stopped or killed. Or it scans only some of
// the folders.
func (w *world) disturb(h *house, disk storage.Store, program string) {
	w.t.Helper()
	ctx := context.Background()
	songs := 0
	for _, t := range w.tracks {
		if t.shown {
			songs++
		}
	}
	want := func(run *models.ScanRun, err error, state string) {
		w.t.Helper()
		if run == nil || run.State != state || (err == nil) != (state == models.ScanDone) || run.Missing > 0 && state == models.ScanFailed {
			w.t.Fatalf("%v: %+v, want it %s\nafter:\n%s", err, run, state, strings.Join(w.log, "\n"))
		}
	}
	switch w.r.IntN(9) {
	case 0: // the root is away
		w.say("scan without a root")
		w.must(os.Rename(w.dir, w.dir+" away"))
		run, err := h.scan(ctx, disk, scanner.Request{})
		w.must(os.Rename(w.dir+" away", w.dir))
		want(run, err, models.ScanFailed)
	case 1: // its place is empty
		if songs == 0 {
			return
		}
		w.say("scan an empty root")
		w.must(os.Rename(w.dir, w.dir+" away"))
		w.must(os.Mkdir(w.dir, 0o755))
		run, err := h.scan(ctx, disk, scanner.Request{})
		w.must(os.Remove(w.dir))
		w.must(os.Rename(w.dir+" away", w.dir))
		want(run, err, models.ScanFailed)
	case 2, 3: // an error in the middle of the listing
		w.say("scan a failing disk")
		run, err := h.scan(ctx, &failing{Store: disk, after: 1 + w.r.Int64N(int64(len(w.tracks)))}, scanner.Request{})
		want(run, err, models.ScanFailed)
	case 4: // half of it is not mounted
		if songs < 400 {
			return
		}
		w.say("scan half a disk")
		run, err := h.scan(ctx, &half{disk}, scanner.Request{})
		want(run, err, models.ScanFailed)
	case 5, 6: // stopped while it lists or reads
		after := 1 + w.r.Int64N(300)
		if w.r.IntN(3) == 0 {
			after += 2000
		}
		w.say("scan stopped at call %d", after)
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		run, err := h.scan(ctx, &stopped{Store: disk, after: after, stop: stop}, scanner.Request{})
		if err != nil && (!errors.Is(err, context.Canceled) || run.State != models.ScanStopped) && run.State != models.ScanFailed {
			w.t.Fatalf("%v: %+v", err, run)
		}
	case 7: // some folders only, as a watcher says
		var prefixes []string
		for x := range w.busy {
			if f, ok := x.(string); ok && w.r.IntN(2) == 0 {
				prefixes = append(prefixes, f+"/")
			}
		}
		if len(prefixes) == 0 || w.together {
			return
		}
		w.say("scan %q only", prefixes)
		run, err := h.scan(ctx, disk, scanner.Request{Prefixes: prefixes})
		if err != nil && run.State != models.ScanFailed {
			w.t.Fatalf("%v: %+v", err, run)
		}
	case 8:
		after := time.Duration(20+w.r.IntN(400)) * time.Millisecond
		w.say("the program is killed after %v", after)
		w.killed(h, program, after)
	}
}

// killed runs a scan of the program itself and kills it.
func (w *world) killed(h *house, program string, after time.Duration) {
	w.t.Helper()
	h.close()
	data := filepath.Join(w.attic, "..", "data")
	cmd := exec.Command(program, "scan", "--data", data, "--database", h.at, "--music", "Music="+w.dir)
	cmd.Env = []string{"HOME=" + data}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	w.must(cmd.Start())
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended
	err := cmd.Wait()
	timer.Stop()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != -1) && !strings.Contains(out.String(), "accept") {
		w.t.Fatalf("the program: %v\n%s", err, out.String())
	}
	h.open()
}

// compile builds the program.
func compile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "songlocker")
	cmd := exec.Command("go", "build", "-o", file, "github.com/songlocker/songlocker")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// failing is a disk that fails in the middle of a listing.
type failing struct {
	storage.Store
	after int64
}

func (s *failing) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	n := int64(0)
	stop := errors.New("stop")
	err := s.Store.List(ctx, prefix, func(o storage.Object) error {
		if n++; n > s.after {
			return stop
		}
		return yield(o)
	})
	if err == nil || errors.Is(err, stop) {
		return fmt.Errorf("listing %q: %w", prefix, io.ErrUnexpectedEOF)
	}
	return err
}

// half is a disk of which only one half is mounted, and nothing tells.
type half struct{ storage.Store }

func (s *half) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	return s.Store.List(ctx, prefix, func(o storage.Object) error {
		if len(o.Key)%2 == 0 {
			return nil
		}
		return yield(o)
	})
}

// stopped stops a scan at a call, at whatever it is.
type stopped struct {
	storage.Store
	after int64
	stop  func()
	calls atomic.Int64
}

func (s *stopped) call() {
	if s.calls.Add(1) == s.after {
		s.stop()
	}
}

func (s *stopped) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	return s.Store.List(ctx, prefix, func(o storage.Object) error {
		s.call()
		return yield(o)
	})
}

func (s *stopped) File(ctx context.Context, key string) (storage.File, error) {
	s.call()
	return s.Store.File(ctx, key)
}
