package scanner

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// When a library has been copied to another place, its objects are found again
// there: by their keys under one common renaming of their beginning, then by
// the longest end of a key that is the same with an equal size, then by an equal
// ETag and size, and last by sound. What fits several is not guessed.

// matchRule is why an object of the new place is one that is known.
type matchRule int

const (
	ruleNone matchRule = iota
	ruleKey
	ruleSuffix
	ruleETag
	ruleSound
)

// wanted is an object that is known, and looked for in another place.
type wanted struct {
	key    string
	song   models.Key // 0 where none was made of it
	size   int64      // bytes; -1 is unknown
	etag   string
	absent bool // it was missing before
	hidden bool // its parts are songs
}

// renaming is how keys of the old place begin, and how in the new one.
type renaming struct{ from, to string }

func (r renaming) apply(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, r.from)
	return r.to + rest, ok
}

// matching is what was found in the new place.
type matching struct {
	old   []wanted
	found []storage.Object
	renaming
	to  []int       // by old: which of found it is, -1 for none
	by  []matchRule // by old
	got []bool      // by found: taken
}

func newMatching(old []wanted, found []storage.Object) *matching {
	m := &matching{old: old, found: found, to: make([]int, len(old)), by: make([]matchRule, len(old)), got: make([]bool, len(found))}
	for i := range m.to {
		m.to[i] = -1
	}
	return m
}

func (m *matching) take(i, j int, rule matchRule) { m.to[i], m.by[i], m.got[j] = j, rule, true }

const (
	votes = 5000 // objects that are asked for the common renaming
	alike = 64   // objects of one name and size that are looked at for each
)

// foldKey is the form under which parts of keys are one: systems compose
// letters in different ways, and some don't mind the case.
func foldKey(s string) string { return norm.NFC.String(foldName(s)) }

// ends returns how many of the last parts two keys have in common.
func ends(a, b string) int {
	n := 0
	for {
		if foldKey(path.Base("/"+a)) != foldKey(path.Base("/"+b)) {
			return n
		}
		n++
		a, b = folderOf(a), folderOf(b)
		if a == "" || b == "" {
			return n
		}
	}
}

// before returns what is in front of the last n parts of a key.
func before(key string, n int) string {
	for range n {
		key = folderOf(key)
	}
	if key != "" {
		key += "/"
	}
	return key
}

type nameAndSize struct {
	name string
	size int64
}

// commonRenaming finds by what change of their beginnings most keys are keys
// of the new place; false when there is none, or several are as good. Keys that
// may have gone several ways have no say. most tells that it holds for at least
// half of the keys.
func (m *matching) commonRenaming() (_ renaming, most, ok bool) {
	by := map[nameAndSize][]int{}
	byName := map[string][]int{}
	for j, o := range m.found {
		name := foldKey(path.Base(o.Key))
		k := nameAndSize{name, o.Size}
		if len(by[k]) < alike {
			by[k] = append(by[k], j)
		}
		if len(byName[name]) < alike {
			byName[name] = append(byName[name], j)
		}
	}
	count := map[renaming]int{}
	asked := 0
	for i := 0; i < len(m.old); i += 1 + len(m.old)/votes {
		w := m.old[i]
		asked++
		name := foldKey(path.Base(w.key))
		near := by[nameAndSize{name, w.size}]
		weight := 4 // of an equal size
		if len(near) == 0 {
			near, weight = byName[name], 1
		}
		best := 0
		ways := map[renaming]bool{}
		for _, j := range near {
			n := ends(w.key, m.found[j].Key)
			if n > best {
				best = n
				clear(ways)
			}
			if n == best {
				ways[renaming{before(w.key, n), before(m.found[j].Key, n)}] = true
			}
		}
		for r := range ways {
			if len(ways) == 1 {
				count[r] += weight
			}
		}
	}
	var best renaming
	high := 0
	for r, n := range count {
		switch {
		case n > high:
			best, high, ok = r, n, true
		case n == high:
			ok = false
		}
	}
	return best, high >= 2*asked, ok // half of what all could weigh
}

// byKeys matches what has, renamed, exactly the key of a found object, with
// another size only where most keys were renamed so.
func (m *matching) byKeys(r renaming, most bool) {
	at := make(map[string]int, len(m.found))
	for j, o := range m.found {
		at[o.Key] = j
	}
	for i, w := range m.old {
		key, ok := r.apply(w.key)
		if j, there := at[key]; ok && there && !m.got[j] && (most || w.size == m.found[j].Size) {
			m.take(i, j, ruleKey)
		}
	}
}

// open returns what is not matched yet, by a name of it; name returns false
// for what can't be matched by it.
func (m *matching) open(absent bool, ofOld func(w *wanted) (string, bool), ofFound func(o *storage.Object) (string, bool)) map[string]*both {
	groups := map[string]*both{}
	for i := range m.old {
		if m.to[i] >= 0 || m.old[i].absent && !absent {
			continue
		}
		if k, ok := ofOld(&m.old[i]); ok {
			if groups[k] == nil {
				groups[k] = &both{}
			}
			groups[k].old = append(groups[k].old, i)
		}
	}
	for j := range m.found {
		if m.got[j] {
			continue
		}
		if k, ok := ofFound(&m.found[j]); ok && groups[k] != nil {
			groups[k].found = append(groups[k].found, j)
		}
	}
	return groups
}

// both are those of either side that have something in common.
type both struct{ old, found []int }

func sizedName(key string, size int64) string {
	var b strings.Builder
	b.WriteString(foldKey(path.Base(key)))
	for ; size > 0; size >>= 7 {
		b.WriteByte(byte(size&0x7f) | 0x80)
	}
	return b.String()
}

// named are the names by which bySuffixes groups.
func (m *matching) named(absent bool) map[string]*both {
	return m.open(absent,
		func(w *wanted) (string, bool) { return sizedName(w.key, max(0, w.size)), true },
		func(o *storage.Object) (string, bool) {
			if len(m.old) > 0 && m.old[0].size < 0 {
				return sizedName(o.Key, 0), true
			}
			return sizedName(o.Key, o.Size), true
		})
}

// bySuffixes matches what has an equal size and the longest end of the key in
// common with just one. Absent songs come after those that were there.
func (m *matching) bySuffixes(absent bool) {
	for _, g := range m.named(absent) {
		if len(g.found) == 0 {
			continue
		}
		deepest := 0
		for _, i := range g.old {
			deepest = max(deepest, 1+strings.Count(m.old[i].key, "/"))
		}
		for n := deepest; n > 0; n-- {
			at := map[string]*both{}
			of := func(key string, add func(*both)) {
				parts := strings.Split(key, "/")
				if len(parts) < n {
					return
				}
				end := foldKey(strings.Join(parts[len(parts)-n:], "/"))
				if at[end] == nil {
					at[end] = &both{}
				}
				add(at[end])
			}
			for _, i := range g.old {
				if m.to[i] < 0 {
					of(m.old[i].key, func(b *both) { b.old = append(b.old, i) })
				}
			}
			for _, j := range g.found {
				if !m.got[j] {
					of(m.found[j].Key, func(b *both) { b.found = append(b.found, j) })
				}
			}
			m.pairs(at, ruleSuffix)
		}
	}
}

// pairs matches what is one to one.
func (m *matching) pairs(groups map[string]*both, rule matchRule) {
	for _, b := range groups {
		if len(b.old) == 1 && len(b.found) == 1 {
			m.take(b.old[0], b.found[0], rule)
		}
	}
}

// byETags matches what has one ETag and size.
func (m *matching) byETags(absent bool) {
	m.pairs(m.open(absent,
		func(w *wanted) (string, bool) { return w.etag + sizedName("", w.size), w.etag != "" && w.size > 0 },
		func(o *storage.Object) (string, bool) { return o.ETag + sizedName("", o.Size), o.ETag != "" }), ruleETag)
}

// match applies all rules but that of sound. etags tells that the ETags of
// both places mean the same.
func (m *matching) match(etags bool) {
	if r, most, ok := m.commonRenaming(); ok {
		m.renaming = r
		m.byKeys(r, most)
	}
	for _, absent := range []bool{false, true} {
		m.bySuffixes(absent)
		if etags {
			m.byETags(absent)
		}
	}
}

// md5 tells whether an ETag may be the MD5 of the content, so that another one
// of the same kind says that the content is another.
func md5(etag string) bool {
	etag = strings.Trim(etag, `"`)
	return len(etag) == 32 && strings.Trim(strings.ToLower(etag), "0123456789abcdef") == ""
}

// same tells whether what was matched is what it was, as far as a listing can
// tell.
func (m *matching) same(i int, etags bool) bool {
	w, o := m.old[i], m.found[m.to[i]]
	switch {
	case w.size != o.Size, m.by[i] == ruleSound:
		return false
	case etags && md5(w.etag) && md5(o.ETag):
		return w.etag == o.ETag
	}
	return true
}

// fits returns for each unmatched song that was there the keys of unmatched
// objects that have its name and size: what could be meant.
func (m *matching) fits() map[int][]int {
	out := map[int][]int{}
	for _, g := range m.named(false) {
		for _, i := range g.old {
			if m.to[i] < 0 && len(g.found) > 0 {
				out[i] = g.found
			}
		}
	}
	return out
}

// folders returns where the folders of the old place are now, by where most of
// the songs in and below them went. No two go to one place.
func (m *matching) folders(all []string) map[string]string {
	type way struct{ from, to string }
	counts := map[way]int{}
	for i, j := range m.to {
		if j < 0 {
			continue
		}
		from, to := folderOf(m.old[i].key), folderOf(m.found[j].Key)
		for from != "" && to != "" {
			counts[way{from, to}]++
			from, to = folderOf(from), folderOf(to)
		}
	}
	ways := make([]way, 0, len(counts))
	for w := range counts {
		ways = append(ways, w)
	}
	named := func(w way) int {
		if foldKey(path.Base(w.from)) == foldKey(path.Base(w.to)) {
			return 0
		}
		return 1
	}
	slices.SortFunc(ways, func(a, b way) int {
		return cmp.Or(cmp.Compare(named(a), named(b)), cmp.Compare(counts[b], counts[a]), strings.Compare(a.from, b.from), strings.Compare(a.to, b.to))
	})
	out, taken := map[string]string{}, map[string]bool{}
	for _, w := range ways {
		if out[w.from] == "" && !taken[w.to] {
			out[w.from], taken[w.to] = w.to, true
		}
	}
	// A folder without songs goes with the one that it lies in.
	slices.Sort(all)
	for _, f := range all {
		up := folderOf(f)
		if out[f] != "" || strings.HasPrefix(f, "/") {
			continue
		}
		to, ok := m.apply(f + "/")
		to = strings.TrimSuffix(to, "/")
		if out[up] != "" {
			to, ok = out[up]+"/"+path.Base(f), true
		}
		if ok && to != "" && !taken[to] {
			out[f], taken[to] = to, true
		}
	}
	return out
}

// beside matches objects besides audio: under the renaming, with their folder,
// or by the end of their keys where just one has it.
func (m *matching) beside(keys, found []string, folders map[string]string, into map[string]string) {
	at := make(map[string]bool, len(found))
	objects := make([]storage.Object, len(found))
	for j, k := range found {
		at[k] = true
		objects[j].Key = k
	}
	old := make([]wanted, 0, len(keys))
	for _, k := range keys {
		to := ""
		if f, ok := folders[folderOf(k)]; ok {
			to = f + "/" + path.Base(k)
		}
		if !at[to] {
			to, _ = m.apply(k)
		}
		if at[to] {
			into[k] = to
			delete(at, to)
			continue
		}
		old = append(old, wanted{key: k, size: -1})
	}
	objects = slices.DeleteFunc(objects, func(o storage.Object) bool { return !at[o.Key] })
	rest := newMatching(old, objects)
	rest.bySuffixes(false)
	for i, j := range rest.to {
		if j >= 0 {
			into[old[i].key] = objects[j].Key
		}
	}
}

// relocation is what the catalog has to change.
func (m *matching) relocation(folders map[string]string, sidecars map[string]string, etags bool) catalog.Relocation {
	r := catalog.Relocation{Folders: folders, Sidecars: sidecars}
	for i, j := range m.to {
		if j < 0 {
			continue
		}
		o := m.found[j]
		r.Objects = append(r.Objects, catalog.Relocated{From: m.old[i].key, To: o.Key, Same: m.same(i, etags), ModTime: o.ModTime, ETag: o.ETag})
	}
	for j, o := range m.found {
		if !m.got[j] {
			r.Vacate = append(r.Vacate, o.Key)
		}
	}
	return r
}
