package scanner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// sized is a table's short form: keys with sizes.
type sized map[string]int64

// match matches one table with another and returns the new keys by the old
// ones, and the renaming.
func match(old, found sized) (map[string]string, renaming) {
	var want []wanted
	for _, k := range slices.Sorted(maps.Keys(old)) {
		want = append(want, wanted{key: k, song: models.Key(len(want) + 1), size: old[k]})
	}
	var list []storage.Object
	for _, k := range slices.Sorted(maps.Keys(found)) {
		list = append(list, storage.Object{Key: k, Size: found[k]})
	}
	m := newMatching(want, list)
	m.match(false)
	out := map[string]string{}
	for i, j := range m.to {
		if j >= 0 {
			out[want[i].key] = list[j].Key
		}
	}
	return out, m.renaming
}

func TestMatchPlaces(t *testing.T) {
	for _, c := range []struct {
		name       string
		old, found sized
		want       map[string]string
		renaming   renaming
	}{
		{"the same keys", sized{"a/1": 5, "b/1": 6}, sized{"a/1": 5, "b/1": 6}, map[string]string{"a/1": "a/1", "b/1": "b/1"}, renaming{}},
		{"the same keys, of other sizes", sized{"a/1": 5, "b/1": 6, "c/1": 7}, sized{"a/1": 5, "b/1": 6, "c/1": 8}, map[string]string{"a/1": "a/1", "b/1": "b/1", "c/1": "c/1"}, renaming{}},
		{"below a prefix", sized{"a/1": 5, "b/1": 5}, sized{"x/y/a/1": 5, "x/y/b/1": 5}, map[string]string{"a/1": "x/y/a/1", "b/1": "x/y/b/1"}, renaming{"", "x/y/"}},
		{"out of a prefix", sized{"x/y/a/1": 5, "x/y/b/1": 5}, sized{"a/1": 5, "b/1": 5}, map[string]string{"x/y/a/1": "a/1", "x/y/b/1": "b/1"}, renaming{"x/y/", ""}},
		{"another prefix, and one of another size", sized{"x/a/1": 5, "x/a/2": 5, "x/b/1": 6}, sized{"y/a/1": 5, "y/a/2": 9, "y/b/1": 6},
			map[string]string{"x/a/1": "y/a/1", "x/a/2": "y/a/2", "x/b/1": "y/b/1"}, renaming{"x/", "y/"}},
		{"most go one way, one goes another", sized{"a/1": 5, "a/2": 6, "b/3": 7}, sized{"n/a/1": 5, "n/a/2": 6, "other/3": 7},
			map[string]string{"a/1": "n/a/1", "a/2": "n/a/2", "b/3": "other/3"}, renaming{"", "n/"}},
		{"a name of another size is no match elsewhere", sized{"a/1": 5, "a/2": 6, "b/3": 7}, sized{"a/1": 5, "a/2": 6, "c/3": 8},
			map[string]string{"a/1": "a/1", "a/2": "a/2"}, renaming{}},
		{"two of one name and size are told apart by a folder", sized{"a/x/1": 5, "b/y/1": 5}, sized{"m/x/1": 5, "n/y/1": 5}, map[string]string{"a/x/1": "m/x/1", "b/y/1": "n/y/1"}, renaming{}},
		{"and not where both have it", sized{"a/x/1": 5, "b/x/1": 5}, sized{"m/x/1": 5, "n/x/1": 5}, map[string]string{}, renaming{}},
		{"one for two", sized{"a/x/1": 5, "b/x/1": 5}, sized{"m/x/1": 5}, map[string]string{}, renaming{}},
		{"letters composed in another way, and in another case", sized{"Björk/Vespertine/1.MP3": 5}, sized{"q/Bjo\u0308rk/vespertine/1.mp3": 5},
			map[string]string{"Björk/Vespertine/1.MP3": "q/Bjo\u0308rk/vespertine/1.mp3"}, renaming{"", "q/"}},
		{"a key that becomes another song's", sized{"a": 1, "b": 2}, sized{"b": 1, "c": 2}, map[string]string{}, renaming{}},
		{"nothing", sized{"a": 1}, sized{"b": 2}, map[string]string{}, renaming{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r := match(c.old, c.found)
			if !maps.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if len(c.want) > 1 && c.renaming != (renaming{}) && r != c.renaming {
				t.Errorf("renaming %+v, want %+v", r, c.renaming)
			}
		})
	}
}

// What is matched is what it was, unless its size or a plain MD5 says
// otherwise.
func TestMatchedIsTheSame(t *testing.T) {
	a, b := strings.Repeat("a", 32), strings.Repeat("b", 32)
	for _, c := range []struct {
		name     string
		old, now string
		size     int64
		rule     matchRule
		etags    bool
		want     bool
	}{
		{"equal sizes", "", "", 5, ruleKey, false, true},
		{"another size", a, a, 6, ruleKey, true, false},
		{"another MD5", `"` + a + `"`, `"` + b + `"`, 5, ruleKey, true, false},
		{"an equal MD5", `"` + a + `"`, a, 5, ruleKey, true, false}, // quotes are the store's own
		{"the same MD5", a, a, 5, ruleKey, true, true},
		{"sent in parts", a, b + "-3", 5, ruleSuffix, true, true},
		{"from a folder", a, b, 5, ruleKey, false, true},
		{"by its sound", "", "", 5, ruleSound, false, false},
	} {
		m := newMatching([]wanted{{key: "k", size: 5, etag: c.old}}, []storage.Object{{Key: "k", Size: c.size, ETag: c.now}})
		m.take(0, 0, c.rule)
		if got := m.same(0, c.etags); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Between buckets an ETag finds what has another name; what two objects share
// finds nothing.
func TestMoveByETag(t *testing.T) {
	h, files := small(t)
	before := h.titles()
	h.goTo(bucketPlace(files), "mem:///one")
	n := 0
	place := renamed(files, func(string) string { n++; return fmt.Sprintf("other/%d.flac", n) })
	p, run := h.goTo(bucketPlace(place), "mem:///two")
	if p.ByETag != 30 || p.Read != 0 || p.Bytes != 0 || run.Read != 0 {
		t.Errorf("%+v, the scan %+v", p.MoveReport, run)
	}
	for title, s := range h.titles() {
		if before[title].Key != s.Key {
			t.Errorf("%s is %+v", title, s)
		}
	}
	place["copy.flac"] = place["other/7.flac"]
	place["more.flac"] = place["other/7.flac"]
	delete(place, "other/7.flac")
	if p, err := h.plan(bucketPlace(place), "mem:///three", false); err != nil || p.Found != 29 || p.Lost.Count != 1 {
		t.Errorf("%+v %v", p.MoveReport, err)
	}
}
