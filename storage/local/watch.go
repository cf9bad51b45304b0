package local

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/songlocker/songlocker/storage"
)

// watcher is what watching needs of fsnotify, which tells of changes in one
// folder per watch.
type watcher = *fsnotify.Watcher

// maxPending is how many changed folders are named; more are "everything".
const maxPending = 1000

// pollShare is the part of the time that polling may take: one in 20.
const pollShare = 20

// errBlind is why notify gives up: the folder must be polled.
var errBlind = errors.New("the file system or a limit of the system allows no watching (on Linux see fs.inotify.max_user_watches and max_user_instances)")

// errRoot is why notify ends when the folder itself has gone or is another.
var errRoot = errors.New("the folder has gone or is another one")

// Watch tells of changes by the system's events. Where there are none (remote
// file systems), or not enough (inotify's limits), it compares listings every
// Options.Poll, or less often where a listing takes more than a twentieth of
// that time.
//
// A change to the target of a link to a file is seen only where the target
// lies in the store, and then under the target's own folder.
func (s *Store) Watch(ctx context.Context, changed func(prefixes []string)) error {
	for ctx.Err() == nil {
		if !s.readable(ctx) {
			// Whoever lists now learns why.
			changed([]string{""})
			s.await(ctx)
			continue
		}
		err := errBlind
		if !s.remote(s.dir) {
			err = s.notify(ctx, changed)
		}
		if err != nil && !errors.Is(err, errRoot) {
			s.o.Log.Info("changes are found by polling", "folder", s.dir, "every", s.o.Poll, "reason", err)
			s.poll(ctx, changed)
		}
	}
	return nil
}

// readable tells whether the folder can be opened now.
func (s *Store) readable(ctx context.Context) bool {
	r, err := s.root(ctx)
	if err != nil {
		return false
	}
	return r.Close() == nil
}

// await waits until the folder is readable.
func (s *Store) await(ctx context.Context) {
	t := time.NewTicker(s.o.Poll)
	defer t.Stop()
	for !s.readable(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// poll compares listings until ctx ends.
func (s *Store) poll(ctx context.Context, changed func([]string)) {
	seed := maphash.MakeSeed()
	seen, known, down := map[string]uint64{}, false, false
	for ctx.Err() == nil {
		start := time.Now()
		now := map[string]uint64{}
		err := s.walk(ctx, "", func(folder string, _ fs.FileInfo) error {
			now[folder] = 0
			return nil
		}, func(o storage.Object) error {
			// A sum, because the order of a folder's files is not promised.
			now[storage.Folder(o.Key)] += maphash.Comparable(seed, o)
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		prefixes := difference(seen, now, err == nil)
		gone := err != nil && len(now) == 0 // the folder itself can't be read
		if !known || gone != down {
			prefixes = []string{""}
		}
		known, down = true, gone
		if len(prefixes) > 0 {
			changed(prefixes)
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(s.o.Poll, pollShare*time.Since(start))):
		}
	}
}

// difference brings seen up to now and returns the folders that differ. Those
// that are not in now have gone only if the listing was complete.
func difference(seen, now map[string]uint64, complete bool) []string {
	var out []string
	for folder, sum := range now {
		if old, ok := seen[folder]; !ok || old != sum {
			out = append(out, folder)
			seen[folder] = sum
		}
	}
	if complete {
		for folder := range seen {
			if _, ok := now[folder]; !ok {
				out = append(out, folder)
				delete(seen, folder)
			}
		}
	}
	return storage.Coalesce(out)
}

// notifier turns events into prefixes.
type notifier struct {
	s       *Store
	w       watcher
	folders map[string]folderID   // watched, by prefix
	same    map[folderID][]string // the prefixes of one folder; the first one is watched
	pending map[string]struct{}   // changed
	since   time.Time             // when the first pending change came
	timer   *time.Timer           // runs while something is pending
}

// notify tells of changes by events until ctx ends, events can't be had, or
// the folder itself has gone.
func (s *Store) notify(ctx context.Context, changed func([]string)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return errors.Join(errBlind, err)
	}
	defer w.Close()
	n := &notifier{
		s: s, w: w, folders: map[string]folderID{}, same: map[folderID][]string{},
		pending: map[string]struct{}{}, timer: time.NewTimer(time.Hour),
	}
	n.timer.Stop()
	root, err := os.Stat(s.dir)
	if err != nil {
		return errRoot
	}
	if err := n.watch(ctx, ""); err != nil {
		return err
	}
	if _, ok := n.folders[""]; !ok {
		return errRoot
	}
	changed([]string{""})
	// An unmounted or replaced folder sends no event that names it.
	alive := time.NewTicker(s.o.Poll)
	defer alive.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.Events:
			if err := n.event(ctx, e); err != nil {
				return err
			}
		case err := <-w.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				s.o.Log.Warn("watching lost events", "folder", s.dir, "error", err)
			}
			if err := n.watch(ctx, ""); err != nil {
				return err
			}
			n.note("")
		case <-n.timer.C:
			prefixes := n.take()
			changed(prefixes)
		case <-alive.C:
			if fi, err := os.Stat(s.dir); err != nil || !os.SameFile(fi, root) {
				return errRoot
			}
		}
	}
}

// watch adds watches to the folders below prefix. What can't be read is
// passed over: the listing reports it.
func (n *notifier) watch(ctx context.Context, prefix string) error {
	blind := false
	err := n.s.walk(ctx, prefix, func(folder string, fi fs.FileInfo) error {
		err := n.add(folder, fi)
		blind = err != nil
		return err
	}, nil)
	if blind {
		return errors.Join(errBlind, err)
	}
	return ctx.Err()
}

// add watches one folder, unless it is watched under another name.
func (n *notifier) add(folder string, fi fs.FileInfo) error {
	id, ok := idOf(fi)
	if old, have := n.folders[folder]; have {
		if old == id && ok {
			return nil
		}
		n.drop(folder)
	}
	if ok && len(n.same[id]) > 0 {
		n.folders[folder] = id
		n.same[id] = append(n.same[id], folder)
		return nil
	}
	err := n.s.add(n.w, n.path(folder))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	n.folders[folder] = id
	if ok {
		n.same[id] = append(n.same[id], folder)
	}
	return nil
}

// drop ends the watch of one folder.
func (n *notifier) drop(folder string) {
	id, ok := n.folders[folder]
	if !ok {
		return
	}
	delete(n.folders, folder)
	names := n.same[id]
	i := slices.Index(names, folder)
	if i > 0 {
		n.same[id] = slices.Delete(names, i, i+1)
		return
	}
	// The error says that the watch has ended by itself.
	_ = n.w.Remove(n.path(folder))
	delete(n.same, id)
	for _, other := range names[min(1, len(names)):] {
		delete(n.folders, other)
		if fi, err := os.Stat(n.path(other)); err == nil {
			_ = n.add(other, fi)
		}
	}
}

// dropAll ends the watches of a folder and of those within it: they carry
// the name that the folder had.
func (n *notifier) dropAll(folder string) {
	for f := range n.folders {
		if strings.HasPrefix(f, folder) {
			n.drop(f)
		}
	}
}

func (n *notifier) path(folder string) string {
	return filepath.Join(n.s.dir, nameOf(folder))
}

// event notes what an event may have changed.
func (n *notifier) event(ctx context.Context, e fsnotify.Event) error {
	rel, err := filepath.Rel(n.s.dir, e.Name)
	if err != nil {
		return nil
	}
	if rel == "." {
		if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
			return errRoot
		}
		return nil
	}
	key := filepath.ToSlash(rel)
	if storage.Hidden(key) {
		return nil
	}
	name := key[len(storage.Folder(key)):]
	for _, above := range n.names(storage.Folder(key)) {
		if err := n.change(ctx, above+name, e); err != nil {
			return err
		}
	}
	return nil
}

// names returns the prefixes under which a folder is seen.
func (n *notifier) names(folder string) []string {
	if id, ok := n.folders[folder]; ok && len(n.same[id]) > 0 {
		return slices.Clone(n.same[id])
	}
	return []string{folder}
}

// change notes a change of one key.
func (n *notifier) change(ctx context.Context, key string, e fsnotify.Event) error {
	folder := key + "/"
	_, was := n.folders[folder]
	if was && (e.Has(fsnotify.Rename) || e.Has(fsnotify.Remove)) {
		n.dropAll(folder)
	}
	is := false
	if e.Op&(fsnotify.Create|fsnotify.Rename|fsnotify.Remove) != 0 {
		fi, err := os.Stat(n.path(folder))
		if is = err == nil && fi.IsDir(); is {
			if err := n.watch(ctx, folder); err != nil {
				return err
			}
		}
	}
	if was || is {
		n.note(folder)
	} else {
		n.note(storage.Folder(key))
	}
	return nil
}

// note adds a prefix to what is pending and puts off its telling.
func (n *notifier) note(prefix string) {
	now := time.Now()
	if len(n.pending) == 0 {
		n.since = now
	}
	if len(n.pending) >= maxPending {
		clear(n.pending)
		prefix = ""
	}
	n.pending[prefix] = struct{}{}
	n.timer.Reset(min(n.s.o.Quiet, max(0, n.since.Add(n.s.o.MaxQuiet).Sub(now))))
}

// take empties what is pending.
func (n *notifier) take() []string {
	var out []string
	for p := range n.pending {
		out = append(out, p)
	}
	clear(n.pending)
	return storage.Coalesce(out)
}
