package bucket

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

func TestKeys(t *testing.T) {
	for name, key := range map[string]string{
		"a/b.mp3":   "a/b.mp3",
		"a//b.mp3":  "a/∅/b.mp3",
		"/a":        "∅/a",
		"//a":       "∅/∅/a",
		"∅/a":       "∅∅/a",
		"∅∅x":       "∅∅∅x",
		"a∅/b":      "a∅/b",
		"..a/b..":   "..a/b..",
		"a\x01\n/b": "a\x01\n/b",
		"./a":       "", "../a": "", "a/..": "", "a/../b": "", "a\x00": "", "\xff": "",
	} {
		got, err := localKey(name)
		if got != key || (err == nil) != (key != "") || err == nil && !storage.ValidKey(got) {
			t.Errorf("localKey(%q) = %q, %v; want %q", name, got, err, key)
		}
		if back, ok := remoteKey(got); key != "" && (back != name || !ok) {
			t.Errorf("remoteKey(%q) = %q, %v; want %q", got, back, ok, name)
		}
	}
	for _, key := range []string{"", "a//b", "/a", "∅a", "x/∅a", "a/", ".."} {
		if name, ok := remoteKey(key); ok {
			t.Errorf("remoteKey(%q) = %q; want nothing", key, name)
		}
	}
}

func FuzzKeys(f *testing.F) {
	for _, s := range []string{"a//b", "∅/x", "../a", "/", "a/∅∅/∅"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key, err := localKey(name)
		if err != nil || strings.HasSuffix(name, "/") || name == "" {
			return
		}
		if !storage.ValidKey(key) {
			t.Fatalf("localKey(%q) = %q, which is no key", name, key)
		}
		if back, ok := remoteKey(key); back != name || !ok {
			t.Fatalf("remoteKey(localKey(%q)) = %q, %v", name, back, ok)
		}
		for i := range key {
			if p, ok := remotePrefix(key[:i]); !ok || !strings.HasPrefix(name, p) {
				if storage.Folder(key[:i]) != "" || ok {
					t.Fatalf("remotePrefix(%q) = %q, %v does not find %q", key[:i], p, ok, name)
				}
			}
		}
	})
}

// TestOddKeys: each object of a bucket is served under a key of its own, or
// told; none outside of the prefix is either.
func TestOddKeys(t *testing.T) {
	served := []string{
		"plain.mp3", "with space+plus.mp3", "100%25 %2F.mp3", "a__0x2f__b.mp3", "__0x41__.mp3",
		"emoji 🎵/東京.mp3", "Beyonc\u00e9.mp3", "Beyonce\u0301.mp3", "CASE.mp3", "case.mp3", "Case.mp3",
		"/leading.mp3", "//two.mp3", "a//b.mp3", "a/b.mp3", "a/∅/b.mp3", "∅.mp3", "control\x01\x1f\x7f.mp3", "line\r\nend.mp3", "tab\t.mp3",
		"back\\slash.mp3", "..a/b...mp3", "a../b.mp3", "<&>\"'.mp3", "a?b#c.mp3", strings.Repeat("x", 1000) + ".mp3", "empty.mp3",
	}
	told := []string{"../up.mp3", "./here.mp3", "a/../b.mp3", "a/./b.mp3", ".."}
	hidden := []string{"", "folder/", "a/deep/", "old_$folder$", ".DS_Store", "@eaDir/x.mp3"}
	f := fakes3.New(t, map[string]string{"up.mp3": "outside", "musicb.mp3": "outside", "music": "outside", "b.mp3": "outside"})
	f.Set(fakes3.Settings{RequireKey: true})
	for _, name := range slices.Concat(served, told, hidden) {
		content := "content of " + name
		if name == "empty.mp3" || strings.HasSuffix(name, "/") {
			content = ""
		}
		f.Put("music/"+name, []byte(content))
	}
	s := openFake(t, f, "music")
	got := map[string]bool{}
	err := s.List(t.Context(), "", func(o storage.Object) error {
		if got[o.Key] {
			t.Errorf("%q is listed twice", o.Key)
		}
		got[o.Key] = true
		name, _ := remoteKey(o.Key)
		if !slices.Contains(served, name) {
			t.Errorf("%q is listed as %q", name, o.Key)
		}
		if st, err := s.Stat(t.Context(), o.Key); err != nil || st != o {
			t.Errorf("Stat(%q) = %+v, %v; want %+v", o.Key, st, err, o)
		}
		r, err := s.Open(t.Context(), o.Key, 0, -1)
		if err != nil {
			t.Errorf("Open(%q): %v", o.Key, err)
			return nil
		}
		defer r.Close()
		var b strings.Builder
		if _, err := fmt.Fprint(&b, readAll(r)); err != nil || name != "empty.mp3" && b.String() != "content of "+name {
			t.Errorf("%q reads %q", o.Key, b.String())
		}
		folder := storage.Folder(o.Key)
		if below, err := list(t.Context(), s, folder); !storage.Complete(err) || !slices.Contains(below, o.Key) {
			t.Errorf("List(%q) = %q, %v, without %q", folder, below, err, o.Key)
		}
		return nil
	})
	if len(got) != len(served) {
		t.Errorf("%d keys are listed, want %d", len(got), len(served))
	}
	if !storage.Complete(err) {
		t.Errorf("the listing is not complete: %v", err)
	}
	for _, name := range told {
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("%q is not told: %v", name, err)
		}
		if o, err := s.Stat(t.Context(), name); err == nil {
			t.Errorf("Stat(%q) = %+v", name, o)
		}
	}
	for _, key := range []string{"../up.mp3", "∅plain.mp3", "∅/plain.mp3", "folder/", "../../b.mp3"} {
		if o, err := s.Stat(t.Context(), key); err == nil {
			t.Errorf("Stat(%q) = %+v", key, o)
		}
	}
	if storage.Complete(errors.Join(err, errors.New("other"))) || storage.Complete(errors.New("x")) || !storage.Complete(nil) {
		t.Error("Complete does not tell a skipped key from a failure")
	}
}

// TestGroups: whatever the names, every name begins with exactly one of the
// groups' prefixes, and those are not too many.
func TestGroups(t *testing.T) {
	letters := []rune("abA /é東\u0301")
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var names []string
		for range r.IntN(400) {
			var b strings.Builder
			for range 1 + r.IntN(6) {
				b.WriteRune(letters[r.IntN(len(letters))])
			}
			names = append(names, b.String())
		}
		slices.Sort(names)
		names = slices.Compact(names)
		groups := group(names, "")
		if len(groups) > 5*parts {
			t.Errorf("%d names make %d groups", len(names), len(groups))
		}
		for _, name := range names {
			n := 0
			for _, g := range groups {
				if strings.HasPrefix(name, g) {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%q begins with %d of the groups %q", name, n, groups)
			}
		}
	}
}
