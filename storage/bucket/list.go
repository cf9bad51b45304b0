package bucket

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

const (
	// workers list parts of a bucket at once.
	workers = 8
	// parts is into how many a bucket is split, about; each may cost a page
	// that is not full.
	parts = 16
	// looks is how many pages of folders are read to find those parts.
	looks = 20
	// pageTries is how often a page is asked for whose body broke off: the
	// sender has tried what failed before.
	pageTries = 3
	// told is how many keys and prefixes a listing's error names.
	told = 100
)

// lister is one listing.
type lister struct {
	s      *Store
	b      backend
	prefix string // of our keys
	yield  func(storage.Object) error

	mu      sync.Mutex          // of what follows, and of yield
	seen    map[string]struct{} // what was yielded before the listing was split; nil before
	skipped []error             // keys that are not served
	failed  []error             // prefixes that failed
	ended   error               // of yield
}

// List lists pages one after another, and many parts of a large bucket at
// once. Objects that are the marks of folders are left out. Keys that can't be
// served, see localKey, are errors at the end that leave the listing complete.
func (s *Store) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	b, err := s.use(ctx)
	if err != nil {
		return err
	}
	name, ok := remotePrefix(prefix)
	if !ok || len(s.root)+len(name) > 1024 {
		return nil
	}
	ctx, cancel := context.WithCancel(asKind(ctx, kindList))
	defer cancel()
	l := &lister{s: s, b: b, prefix: prefix, yield: yield, seen: map[string]struct{}{}}
	more, err := l.walk(ctx, s.root+name, s.sender.pace.Alone)
	if more && err == nil {
		err = l.split(ctx, cancel, s.root+name)
	}
	if l.ended != nil {
		return l.ended
	}
	if err != nil {
		return err
	}
	return errors.Join(append(l.failed, l.skipped...)...)
}

// walk lists a prefix page by page, most pages at most, or all where that is
// 0; more tells that there are others. A prefix that fails is noted; the error
// is one that ends the whole listing.
func (l *lister) walk(ctx context.Context, prefix string, most int) (more bool, err error) {
	token := ""
	for n := 1; ; n++ {
		p, err := l.page(ctx, prefix, "", token)
		if err != nil {
			return false, l.note(ctx, prefix, err)
		}
		if err := l.hand(ctx, p.objects, n <= most); err != nil {
			return false, err
		}
		if p.next == "" {
			return false, nil
		}
		if p.next == token {
			return false, l.note(ctx, prefix, l.broken("the provider's listing does not go on: it names the same page twice"))
		}
		token = p.next
		if n == most {
			return true, nil
		}
	}
}

// page asks for one page, again from the same place when it breaks off.
func (l *lister) page(ctx context.Context, prefix, delimiter, token string) (p page, err error) {
	for try := 1; ; try++ {
		p, err = l.once(ctx, prefix, delimiter, token)
		if err == nil || ctx.Err() != nil || try == pageTries || l.b.refusal(err) != nil || !passingError(err) {
			return p, err
		}
		if err := sleep(ctx, l.s.sender.wait(try)); err != nil {
			return p, err
		}
	}
}

// once asks for one page. The providers' libraries panic at pages that lack
// what they expect.
func (l *lister) once(ctx context.Context, prefix, delimiter, token string) (p page, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = l.broken(fmt.Sprintf("a page of the listing can't be read, for it lacks what every object has: %v", r))
		}
	}()
	return l.b.page(ctx, prefix, delimiter, token)
}

// broken is an error of a listing that the provider did not mean as one.
func (l *lister) broken(text string) error {
	return &fault{"list " + l.s.name + ": " + text, []error{models.ErrUnavailable}}
}

// note keeps the failure of a prefix for the end, and returns what ends the
// listing at once.
func (l *lister) note(ctx context.Context, prefix string, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil {
		return l.ended
	}
	if e := ctx.Err(); e != nil {
		return e
	}
	key := storage.Folder(strings.TrimPrefix(prefix, l.s.root))
	if k, e := localKey(strings.TrimSuffix(key, "/")); e == nil && key != "" {
		key = k + "/"
	}
	if len(l.failed) < told {
		l.failed = append(l.failed, &storage.ListError{Key: key, Err: l.s.explain(ctx, l.b, err, "list", key)})
	}
	return nil
}

// hand yields objects; keep also remembers their keys.
func (l *lister) hand(ctx context.Context, objects []storage.Object, keep bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range objects {
		if l.ended != nil {
			return l.ended
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name, ok := strings.CutPrefix(o.Key, l.s.root)
		if !ok {
			continue // a provider that does not keep to the prefix
		}
		if name == "" || strings.HasSuffix(name, "/") || strings.HasSuffix(name, "_$folder$") {
			continue // the mark of a folder
		}
		if _, again := l.seen[name]; again {
			continue
		}
		if keep {
			l.seen[name] = struct{}{}
		}
		key, err := localKey(name)
		if err != nil {
			if strings.HasPrefix(name, l.prefix) && len(l.skipped) < told {
				l.skipped = append(l.skipped, &storage.ListError{Key: name, Err: fmt.Errorf("%.200q: %w", name, err), Skipped: true})
			}
			continue
		}
		if !strings.HasPrefix(key, l.prefix) || storage.Hidden(key) {
			continue
		}
		o.Key = key
		if err := l.yield(o); err != nil {
			l.ended = err
			return err
		}
	}
	return nil
}

// split lists a prefix in parts that a few workers share, all from the start:
// what was listed already is passed over. A bucket whose folders tell no parts
// is listed on by one.
func (l *lister) split(ctx context.Context, cancel context.CancelFunc, prefix string) error {
	prefixes := l.divide(ctx, prefix)
	work := make(chan string)
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	for range min(workers, len(prefixes)) {
		wg.Go(func() {
			for p := range work {
				if _, err := l.walk(ctx, p, 0); err != nil {
					once.Do(func() { first = err })
					cancel()
				}
			}
		})
	}
feed:
	for _, p := range prefixes {
		select {
		case work <- p:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	wg.Wait()
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// divide returns prefixes that no two share a key and that together hold all
// keys of prefix. It asks for the names of folders, and for those within them
// while there are few, and cuts the sorted names into groups by how they
// begin: a bucket of 10,000 artists is some 30 parts and not 10,000.
func (l *lister) divide(ctx context.Context, prefix string) []string {
	var names []string
	look, budget := []string{prefix}, looks // folders of which each may be cut into what is in it
	for len(look) > 0 && len(look)+len(names) < parts && budget > 0 {
		within, used, ok := l.names(ctx, look[0], budget)
		budget -= used
		if !ok {
			names = append(names, look[0])
		}
		look = look[1:]
		for _, name := range within {
			if strings.HasSuffix(name, "/") {
				look = append(look, name)
			} else {
				names = append(names, name)
			}
		}
	}
	names = append(names, look...)
	slices.Sort(names)
	return group(names, prefix)
}

// names returns the objects and folders right below a prefix, if they are not
// too many and some are folders.
func (l *lister) names(ctx context.Context, prefix string, budget int) (out []string, used int, ok bool) {
	folders := 0
	for token := ""; ; {
		if used == budget {
			return nil, used, false
		}
		p, err := l.page(ctx, prefix, "/", token)
		used++
		if err != nil {
			return nil, used, false // listing it says why
		}
		for _, o := range p.objects {
			if o.Key != prefix || !strings.HasSuffix(prefix, "/") { // else the mark of the folder itself
				out = append(out, o.Key)
			}
		}
		out = append(out, p.folders...)
		folders += len(p.folders)
		if p.next == "" {
			return out, used, folders > 0 && !slices.Contains(out, prefix)
		}
		if folders == 0 || p.next == token {
			return nil, used, false
		}
		token = p.next
	}
}

// group cuts sorted names into groups, about as many as parts, and returns
// what the names of each begin with. Every name begins with exactly one.
func group(names []string, prefix string) []string {
	type set struct {
		names  []string
		prefix string
	}
	var done []string
	open := []set{{names, prefix}}
	for len(open) > 0 {
		// The largest first, while there is room.
		slices.SortFunc(open, func(a, b set) int { return len(b.names) - len(a.names) })
		g := open[0]
		open = open[1:]
		by := branches(g.names)
		if len(by) == 0 || len(done)+len(open)+len(by) > 4*parts || len(g.names) > 1 && len(done)+len(open) >= parts {
			done = append(done, common(g.names, g.prefix))
			continue
		}
		for _, b := range by {
			if len(b) == 1 {
				done = append(done, b[0])
			} else {
				open = append(open, set{b, common(b, g.prefix)})
			}
		}
	}
	slices.Sort(done)
	return done
}

// common is what all names begin with, up to a whole letter, or prefix if that
// is longer.
func common(names []string, prefix string) string {
	if len(names) == 0 {
		return prefix
	}
	a, b := names[0], names[len(names)-1] // sorted: what these share all share
	n := 0
	for n < len(a) && n < len(b) {
		r, size := utf8.DecodeRuneInString(a[n:])
		q, _ := utf8.DecodeRuneInString(b[n:])
		if r != q || r == utf8.RuneError {
			break
		}
		n += size
	}
	if n < len(prefix) {
		return prefix
	}
	return a[:n]
}

// branches cuts sorted names by the letter after what all begin with, or
// returns nil where one of them is the beginning of all.
func branches(names []string) [][]string {
	if len(names) < 2 {
		return nil
	}
	n := len(common(names, ""))
	var out [][]string
	last := rune(-1)
	for i, name := range names {
		if len(name) == n {
			return nil
		}
		r, _ := utf8.DecodeRuneInString(name[n:])
		if r == utf8.RuneError {
			return nil
		}
		if r != last {
			out = append(out, nil)
			last = r
		}
		out[len(out)-1] = append(out[len(out)-1], names[i])
	}
	return out
}
