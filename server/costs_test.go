package server

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/server/usage"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/bucket"
	"github.com/songlocker/songlocker/storage/rangecache"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
	"github.com/songlocker/songlocker/test/music"
)

// bill is a library in a bucket that counts for itself, and what we count.
type bill struct {
	*testing.T
	bucket  *fakes3.Server
	catalog *catalog.Catalog
	stores  *stores
	scans   *scans.Manager
	clock   atomic.Int64 // Unix ns
	library *models.Library
}

func (b *bill) now() time.Time { return time.Unix(0, b.clock.Load()) }

// newBill makes a bucket with so many songs.
func newBill(t *testing.T, songs int) *bill {
	t.Helper()
	b := &bill{T: t, bucket: fakes3.New(t, nil)}
	b.clock.Store(time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC).UnixNano())
	for n := range songs {
		b.bucket.Put(fmt.Sprintf("Ann/Album %d/%02d.flac", n/10, n%10), music.Bytes(music.FLAC,
			&music.Tags{Title: fmt.Sprint("Song ", n), Artist: "Ann", Album: fmt.Sprint("Album ", n/10), Track: n%10 + 1}, music.Sound{Seed: uint64(n + 1), Size: 300000}))
	}
	var err error
	if b.catalog, err = catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "catalog.db")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.catalog.Close() })
	location := b.bucket.Location("")
	if _, err := b.catalog.EnsureConfigured(t.Context(), []models.Library{{Name: "Bucket", Location: location, Kind: models.LibraryMusic}}); err != nil {
		t.Fatal(err)
	}
	if b.library, err = b.catalog.Library(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	r := &storage.Registry{}
	r.Register("s3", bucket.OpenS3)
	b.stores = &stores{
		catalog: b.catalog, registry: r, given: map[string]storage.Secret{b.library.Location: fakes3.Secret()},
		meter: usage.New(b.catalog, usage.Options{Now: b.now}), cache: rangecache.New(rangecache.Options{Dir: t.TempDir(), Bound: 1 << 30}),
	}
	t.Cleanup(func() {
		if err := b.stores.close(); err != nil {
			t.Error(err)
		}
	})
	b.scans = scans.New(b.catalog, b.stores, scanner.New(b.catalog, scanner.Options{}), scans.Options{Meter: b.stores.meter.Watch, Now: b.now})
	return b
}

// set changes the library's settings.
func (b *bill) set(s models.LibrarySettings) {
	b.Helper()
	b.library.Settings = s
	if err := b.catalog.UpdateLibrary(b.Context(), b.library); err != nil {
		b.Fatal(err)
	}
	b.clock.Add(int64(time.Minute)) // what is known of caps is looked up again
}

// used is what we counted on a day for a purpose.
func (b *bill) used(day time.Time, purpose string) catalog.Usage {
	b.Helper()
	list, err := b.stores.meter.Used(b.Context(), 1, usage.Day(day), usage.Day(day))
	if err != nil {
		b.Fatal(err)
	}
	var all catalog.Usage
	for _, u := range list {
		if u.Purpose == purpose {
			all.Add(u)
		}
	}
	return all
}

// stream plays a whole song.
func (b *bill) stream(key string) int64 {
	b.Helper()
	store, err := playback{b.stores}.Store(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	f, err := store.File(b.Context(), key)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	n, err := io.Copy(io.Discard, f)
	if err != nil || n != f.Object().Size {
		b.Fatalf("%s: %d of %d bytes: %v", key, n, f.Object().Size, err)
	}
	return n
}

// equal holds our figures to the bucket's.
func equal(t *testing.T, what string, got catalog.Usage, want fakes3.Counts) {
	t.Helper()
	if got.Lists != want.Lists || got.Heads != want.Heads || got.Gets != want.Gets || got.Bytes != want.Bytes || got.Throttled != want.Throttled {
		t.Errorf("%s: we count %+v, the bucket %+v", what, got, want)
	}
}

// Our figures are those of the bucket: for a scan of which the bucket put off
// some requests, for one that finds nothing new, and for streams.
func TestCostsAreTheBuckets(t *testing.T) {
	b := newBill(t, 40)
	for _, kind := range []fakes3.Kind{fakes3.List, fakes3.Get} {
		b.bucket.Fail(fakes3.Fault{Kind: kind, Times: 1, Status: 503, Code: "SlowDown"})
	}
	run, err := b.scans.Scan(t.Context(), scans.Order{Library: 1}, nil)
	if err != nil || run.Added != 40 {
		t.Fatalf("%+v %v", run, err)
	}
	scanned := b.bucket.Counts()
	equal(t, "a scan", b.used(b.now(), usage.Scan), scanned)
	if scanned.Throttled != 2 || scanned.Gets < 40 {
		t.Errorf("%+v", scanned)
	}
	if _, err := b.scans.Scan(t.Context(), scans.Order{Library: 1}, nil); err != nil {
		t.Fatal(err)
	}
	again := b.bucket.Counts()
	equal(t, "two scans", b.used(b.now(), usage.Scan), again)
	if d := again.Sub(scanned); d.Gets+d.Heads != 0 || d.Lists == 0 {
		t.Errorf("a library without news costs %+v", d)
	}
	for n := range 5 {
		b.stream(fmt.Sprintf("Ann/Album 0/%02d.flac", n))
	}
	b.stores.cache.Close() // waits for what is fetched ahead
	equal(t, "five streams", b.used(b.now(), usage.Play), b.bucket.Counts().Sub(again))
	equal(t, "no scan", b.used(b.now(), usage.Scan), again)

	u := b.used(b.now(), usage.Scan)
	p := models.Prices{Lists: 5, Heads: 0.4, Gets: 0.4, Bytes: 0.09}
	want := float64(u.Lists)*0.005 + float64(u.Heads+u.Gets)*0.0004 + float64(u.Bytes)*0.09e-9
	if got := usage.Cost(u, p); got < want*0.999 || got > want*1.001 || want == 0 {
		t.Errorf("%+v costs %f, want %f", u, got, want)
	}
}

// A cap ends a scan in words, marks nothing missing, stops no stream, and the
// next day the scan goes on.
func TestCapStopsScansOnly(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   models.LibrarySettings
		words string
	}{
		{"requests", models.LibrarySettings{RequestCap: 50}, "the daily cap of 50 requests of background work for the library Bucket is reached; it goes on at 00:00 UTC"},
		{"bytes", models.LibrarySettings{ByteCap: 3 << 20}, "the daily cap of 3.1 MB of background work"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBill(t, 200)
			b.set(c.set)
			const readers = 32
			added := 0
			for day := range 30 {
				run, err := b.scans.Scan(t.Context(), scans.Order{Library: 1}, nil)
				u := b.used(b.now(), usage.Scan)
				if c.set.RequestCap > 0 && u.Requests() > c.set.RequestCap+readers {
					t.Errorf("%d requests on day %d", u.Requests(), day)
				}
				if err == nil {
					if added += run.Added; added != 200 || day < 2 {
						t.Errorf("on day %d all %d songs are there: %+v", day, added, run)
					}
					return
				}
				if !errors.Is(err, storage.ErrCapped) || !errors.Is(err, models.ErrUnavailable) || !strings.Contains(run.Message, c.words) || run.Missing != 0 {
					t.Fatalf("day %d: %v %+v", day, err, run)
				}
				if run.Added == 0 {
					t.Errorf("nothing was added on day %d", day)
				}
				added += run.Added
				// The same day it costs nothing to try again.
				before := b.bucket.Counts()
				if _, err := b.scans.Scan(t.Context(), scans.Order{Library: 1}, nil); !errors.Is(err, storage.ErrCapped) || b.bucket.Counts() != before {
					t.Errorf("again on day %d: %v, %+v", day, err, b.bucket.Counts().Sub(before))
				}
				if n := b.stream(fmt.Sprintf("Ann/Album 0/%02d.flac", day%10)); n == 0 {
					t.Error("an empty stream")
				}
				b.clock.Add(int64(24 * time.Hour))
			}
			t.Errorf("after 30 days %d songs are there", added)
		})
	}
}
