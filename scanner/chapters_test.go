package scanner

import "testing"

// TestChapters records the chapters of a book, keeps them when it moves, and
// drops them when another file takes its place.
func TestChapters(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("chapters.m4b", "Buch/buch.m4b")
	h.put("book.m4b", "Buch/plain.m4b")
	h.scan(Request{})
	count := func(key string) int {
		t.Helper()
		s := h.songs()[key]
		if s == nil {
			t.Fatalf("no %s", key)
		}
		list, err := h.catalog.Chapters(t.Context(), h.view, s.Key)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 && (list[1].Start != 200 || list[1].Title != "Zwei 二") {
			t.Errorf("%+v", list)
		}
		return len(list)
	}
	if n := count("Buch/buch.m4b"); n != 3 {
		t.Errorf("%d chapters", n)
	}
	if n := count("Buch/plain.m4b"); n != 0 {
		t.Errorf("%d chapters of a file without any", n)
	}
	h.move("Buch/buch.m4b", "Anderswo/buch.m4b")
	h.scan(Request{})
	if n := count("Anderswo/buch.m4b"); n != 3 {
		t.Errorf("%d chapters after a move", n)
	}
	h.put("alac.m4a", "Anderswo/buch.m4b")
	h.scan(Request{})
	if n := count("Anderswo/buch.m4b"); n != 0 {
		t.Errorf("%d chapters of another file", n)
	}
}
