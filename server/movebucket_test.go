package server

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/storage/local"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
	"github.com/songlocker/songlocker/test/music"
)

// From a folder into a bucket, to another bucket under other names, and back:
// songs keep their ids, and the bucket is asked for listings only.
func TestMoveThroughBuckets(t *testing.T) {
	b, bucket := newBill(t, 0), fakes3.New(t, nil)
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "music")
	files := map[string][]byte{}
	for n := range 60 {
		files[fmt.Sprintf("Ann/Album %d/%02d Song.flac", n/10, n%10)] = music.Bytes(music.FLAC,
			&music.Tags{Title: fmt.Sprint("Song ", n), Artist: "Ann", Album: fmt.Sprint("Album ", n/10), Track: n%10 + 1}, music.Sound{Seed: uint64(n + 1), Size: 3000})
	}
	fill := func(dir string) {
		t.Helper()
		for k, data := range files {
			p := filepath.Join(dir, filepath.FromSlash(k))
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(dir)
	b.stores.registry.Register("file", local.Open)
	number, err := b.catalog.AddLibrary(ctx, &models.Library{Name: "Mine", Location: dir})
	if err != nil {
		t.Fatal(err)
	}
	scan := func() *models.ScanRun {
		t.Helper()
		run, err := b.scans.Scan(ctx, scans.Order{Library: number}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	scan()
	u := &models.User{Name: "ana", AllLibraries: true}
	if err := b.catalog.CreateUser(ctx, u, nil); err != nil {
		t.Fatal(err)
	}
	if u, err = b.catalog.UserByName(ctx, "ana"); err != nil {
		t.Fatal(err)
	}
	ids := func() map[string]models.Key {
		t.Helper()
		list, err := b.catalog.RandomSongs(ctx, b.catalog.Viewer(u), catalog.SongList{Size: 500})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]models.Key{}
		for _, s := range list {
			out[s.Title] = s.Key
		}
		return out
	}
	before := ids()
	if len(before) != 60 {
		t.Fatalf("%d songs", len(before))
	}
	place := func(prefix string) string { return bucket.Location(prefix) + "&anonymous=true" }
	move := func(location string) *scanner.MoveReport {
		t.Helper()
		location, err := b.catalog.MayMove(ctx, number, location)
		if err != nil {
			t.Fatal(err)
		}
		store, err := b.stores.look(ctx, location, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		r, err := b.scans.Move(ctx, scans.MoveOrder{Library: number, Location: location, Store: store}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		run := scan()
		if run.Read+run.Added+run.Missing != 0 || run.Listed != 60 {
			t.Errorf("the scan at %s: %+v", location, run)
		}
		if after := ids(); !maps.Equal(after, before) {
			t.Errorf("at %s the songs are %v, were %v", location, after, before)
		}
		return r
	}
	// What is asked of the bucket are pages of listings.
	listed := func(f func()) {
		t.Helper()
		was := bucket.Counts()
		f()
		if d := bucket.Counts().Sub(was); d.Lists == 0 || d.Requests() != d.Lists {
			t.Errorf("the bucket was asked %+v", d)
		}
	}
	for k, data := range files {
		bucket.Put("deep/in/"+k, data)
	}
	listed(func() {
		if r := move(place("deep")); r.ByKey != 60 || r.To != "in/" || r.Bytes != 0 {
			t.Errorf("into the bucket: %+v", r)
		}
	})
	n := 0
	for _, data := range files {
		bucket.Put(fmt.Sprintf("second/%d.flac", n), data)
		n++
	}
	listed(func() {
		if r := move(place("second")); r.ByETag != 60 {
			t.Errorf("to other names: %+v", r)
		}
	})
	back := filepath.Join(t.TempDir(), "back")
	for k, data := range files {
		bucket.Put("third/"+k, data)
	}
	listed(func() { move(place("third")) })
	fill(back)
	if r := move("file://" + back); r.ByKey != 60 || r.From != r.To {
		t.Errorf("into a folder: %+v", r)
	}
}
