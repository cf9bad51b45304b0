package scanner

import (
	"fmt"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/test/music"
)

// A folder is moved file by file, and scans see it half way: when the last
// file has gone the folder is the old one, with its star, and so is the one
// above it.
//
//	Old/Album/0.flac ... 5.flac -> New/Album/0.flac ... 5.flac
//	Other/x.flac                   stays
func TestFolderMovesSlowly(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(nil)
	for i := range 7 {
		key := fmt.Sprintf("Old/Album/%d.flac", i)
		if i == 6 {
			key = "Other/x.flac"
		}
		store.Put(key, music.Bytes(music.FLAC, &music.Tags{Title: fmt.Sprint("Song ", i), Artist: "A", Album: "X", Track: i + 1}, music.Sound{Seed: uint64(i) << 20, Size: 500}))
	}
	h.store = store
	h.scan(Request{})
	folders := func() map[string]*models.Folder {
		out := map[string]*models.Folder{}
		top, err := h.catalog.TopFolders(t.Context(), h.view)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range top {
			out[f.Path] = f
			below, err := h.catalog.SubFolders(t.Context(), h.view, f.Key)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range below {
				out[f.Path] = f
			}
		}
		return out
	}
	before := folders()
	id := func(f *models.Folder) models.ID { return models.ID{Kind: models.KindFolder, Key: f.Key} }
	if err := h.catalog.Star(t.Context(), h.view, []models.ID{id(before["Old"]), id(before["Old/Album"])}, true); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		store.Rename(fmt.Sprintf("Old/Album/%d.flac", i), fmt.Sprintf("New/Album/%d.flac", i))
	}
	h.scan(Request{})
	between := folders()
	if between["Old/Album"].Key != before["Old/Album"].Key || between["New/Album"] == nil || between["New/Album"].User.StarredAt != 0 {
		t.Fatalf("half way: %v", between)
	}
	for i := range 3 {
		store.Rename(fmt.Sprintf("Old/Album/%d.flac", i+3), fmt.Sprintf("New/Album/%d.flac", i+3))
	}
	if run := h.scan(Request{}); run.Moved != 3 {
		t.Errorf("%+v", run)
	}
	after := folders()
	for _, p := range [][2]string{{"Old", "New"}, {"Old/Album", "New/Album"}} {
		f := after[p[1]]
		if f == nil || f.Key != before[p[0]].Key || f.User.StarredAt == 0 || after[p[0]] != nil {
			t.Errorf("folder %s was %+v and is %+v", p[0], before[p[0]], f)
			continue
		}
		if got, err := h.catalog.Folder(t.Context(), h.view, between[p[1]].Key); err != nil || got.Key != f.Key {
			t.Errorf("the id of folder %s meanwhile leads to %+v, %v", p[1], got, err)
		}
	}
	for key, s := range h.songs() {
		if f := after[folderOf(key)]; f == nil || s.Folder != f.Key {
			t.Errorf("%s is in folder %s", key, s.Folder)
		}
	}
}
