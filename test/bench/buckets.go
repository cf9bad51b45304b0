package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/bucket"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
	"github.com/songlocker/songlocker/test/music"
)

// latencies are how long the bucket waits before each answer.
var latencies = []time.Duration{0, 30 * time.Millisecond, 100 * time.Millisecond}

// streamLatency is that of the bucket that streams are measured with.
const streamLatency = 300 * time.Millisecond

// wholeAtOnce is how many objects are read at once where all are read whole.
const wholeAtOnce = 32

// The floors of buckets.
const (
	floorBucketReads = 3.0       // requests a song
	floorBucketBytes = 200 << 10 // of it
	floorNext        = 20 * time.Millisecond
)

// bucketRun is what reading a bucket has cost.
type bucketRun struct {
	what    string
	latency time.Duration
	songs   int
	counts  fakes3.Counts
	took    time.Duration
}

// bucketReport is what was measured on buckets.
type bucketReport struct {
	songs int
	runs  []bucketRun

	keys        int
	keysRun     bucketRun
	keysPeak    int64
	keysRescan  time.Duration
	firstBytes  [3]time.Duration // the middle of several: cold, cached, the next track
	streamsEach int
}

// bucketProcess is a bucket in a process of its own.
type bucketProcess struct {
	*process
	location string
}

// startBucket starts this program itself as a bucket: of the files of a folder,
// or of so many small songs that are made as they are read.
func startBucket(ctx context.Context, what string) (*bucketProcess, error) {
	p, err := startBare(ctx, "bucket "+what)
	if err != nil {
		return nil, err
	}
	b := &bucketProcess{process: p}
	if err := b.ask("/location", &b.location); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return b, nil
}

// ask calls the bucket's control and decodes the answer.
func (b *bucketProcess) ask(what string, into any) error {
	resp, err := http.Get(b.base + what)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}

func (b *bucketProcess) counts() (c fakes3.Counts, err error) { return c, b.ask("/counts", &c) }

func (b *bucketProcess) wait(latency time.Duration) error {
	var ok bool
	return b.ask("/wait?for="+latency.String(), &ok)
}

// serveBucket is that process. It prints the URL of its control.
func serveBucket(what string) error {
	s, _, err := fakes3.Start()
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(what); err == nil {
		for i := range n {
			o := small(i)
			s.PutObject(o.key(), fakes3.Object{Reader: o, Size: int64(len(o.bytes()))})
		}
	} else if err := putFolder(s, what); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	mux := http.NewServeMux()
	tell := func(path string, f func(r *http.Request) any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { _ = json.NewEncoder(w).Encode(f(r)) })
	}
	tell("/location", func(*http.Request) any { return s.Location("") + "&anonymous=true" })
	tell("/counts", func(*http.Request) any { return s.Counts() })
	tell("/wait", func(r *http.Request) any {
		d, err := time.ParseDuration(r.URL.Query().Get("for"))
		s.Set(fakes3.Settings{Latency: d})
		return err == nil
	})
	return http.Serve(l, mux)
}

// putFolder puts the files of a folder into a bucket.
func putFolder(s *fakes3.Server, dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		key, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		s.PutObject(filepath.ToSlash(key), fakes3.Object{Reader: openedFile(name), Size: info.Size(), ModTime: info.ModTime()})
		return nil
	})
}

// openedFile reads a file that is open for as long as one read takes: a folder
// may have more files than a process may open.
type openedFile string

func (f openedFile) ReadAt(p []byte, off int64) (int, error) {
	file, err := os.Open(string(f))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return file.ReadAt(p, off)
}

// small is a small song that takes no memory until it is read.
type small int

func (i small) key() string {
	return fmt.Sprintf("Artist %d/Album %d/%02d.mp3", i/albumSongs%2500, i/albumSongs, i%albumSongs+1)
}

func (i small) bytes() []byte {
	artist := fmt.Sprintf("Artist %d", i/albumSongs%2500)
	t := &music.Tags{Title: fmt.Sprintf("Song %d", i), Artist: artist, Artists: []string{artist}, Album: fmt.Sprintf("Album %d", i/albumSongs),
		AlbumArtist: artist, Genre: "Rock", Track: int(i)%albumSongs + 1, Tracks: albumSongs, Disc: 1, Year: 2001}
	return music.Bytes(music.MP3, t, music.Sound{Seed: uint64(i+1) << 20, Size: 8 << 10})
}

func (i small) ReadAt(p []byte, off int64) (int, error) {
	b := i.bytes()
	if off >= int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// buckets measures scans of a bucket and streams from it.
func (b *bench) buckets(ctx context.Context) (err error) {
	r := &bucketReport{songs: b.bucketSongs, keys: b.bucketKeys, streamsEach: max(int(10*b.scale), 2)}
	b.report.buckets = r
	l, err := makeFull(b.cache, b.bucketSongs)
	if err != nil {
		return err
	}
	from, err := startBucket(ctx, l.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.stop()) }()
	for _, latency := range latencies {
		if err := b.bucketScans(ctx, from, l.songs, latency, latency == latencies[len(latencies)-1]); err != nil {
			return fmt.Errorf("a bucket that waits %v: %w", latency, err)
		}
	}
	many, err := startBucket(ctx, strconv.Itoa(b.bucketKeys))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, many.stop()) }()
	s, first, err := b.bucketScan(ctx, many, "keys", b.bucketKeys, 0)
	if err != nil {
		return err
	}
	r.keysRun = first
	again, err := b.bucketRescan(ctx, s, many, b.bucketKeys, 0)
	r.keysRescan, r.keysPeak = again.took, s.memory("VmHWM")
	b.say("bucket of %d keys: %v, unchanged %v, peak %d MB", r.keys, first.took, again.took, r.keysPeak/1e6)
	return errors.Join(err, s.stop())
}

// bucketScans measures a first scan, an unchanged one and the reading of all
// objects whole, and streams after the last.
func (b *bench) bucketScans(ctx context.Context, from *bucketProcess, songs int, latency time.Duration, last bool) error {
	r := b.report.buckets
	if err := from.wait(latency); err != nil {
		return err
	}
	s, first, err := b.bucketScan(ctx, from, fmt.Sprintf("bucket-%d", latency.Milliseconds()), songs, latency)
	if err != nil {
		return err
	}
	again, err := b.bucketRescan(ctx, s, from, songs, latency)
	if err == nil && last {
		err = b.firstBytes(ctx, s, from)
	}
	if err := errors.Join(err, s.stop(), from.wait(latency)); err != nil {
		return err
	}
	whole, err := readWhole(ctx, from, songs, latency)
	if err != nil {
		return err
	}
	r.runs = append(r.runs, first, again, whole)
	for _, x := range []bucketRun{first, again, whole} {
		b.say("%s at %v: %d requests, %d KiB, %.1f s", x.what, x.latency, x.counts.Requests(), x.counts.Bytes>>10, x.took.Seconds())
	}
	return nil
}

// bucketScan starts a server on the bucket and measures its first scan.
func (b *bench) bucketScan(ctx context.Context, from *bucketProcess, name string, songs int, latency time.Duration) (*server, bucketRun, error) {
	run := bucketRun{what: "first scan", latency: latency, songs: songs}
	s := &server{bin: b.bin, roots: []string{from.location}, data: filepath.Join(b.tmp, name)}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, run, err
	}
	before, err := from.counts()
	if err != nil {
		return nil, run, err
	}
	if err := s.start(ctx); err != nil {
		return nil, run, err
	}
	err = s.scanned(ctx, songs)
	if err == nil {
		run.counts, run.took, err = b.lastScan(ctx, s, from, before)
	}
	if err != nil {
		return nil, run, errors.Join(err, s.stop())
	}
	return s, run, nil
}

// bucketRescan measures a scan that finds nothing new.
func (b *bench) bucketRescan(ctx context.Context, s *server, from *bucketProcess, songs int, latency time.Duration) (bucketRun, error) {
	run := bucketRun{what: "unchanged rescan", latency: latency, songs: songs}
	before, err := from.counts()
	if err != nil {
		return run, err
	}
	if _, err := s.call(ctx, owner, "startScan", nil); err != nil {
		return run, err
	}
	if err := s.scanned(ctx, songs); err != nil {
		return run, err
	}
	run.counts, run.took, err = b.lastScan(ctx, s, from, before)
	return run, err
}

// lastScan tells what the bucket was asked for since before, and how long the
// newest scan took.
func (b *bench) lastScan(ctx context.Context, s *server, from *bucketProcess, before fakes3.Counts) (fakes3.Counts, time.Duration, error) {
	after, err := from.counts()
	if err != nil {
		return after, 0, err
	}
	db, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(s.data, "songlocker.db"), ReadOnly: true})
	if err != nil {
		return after, 0, err
	}
	runs, err := db.Runs(ctx, 0, 1)
	if err = errors.Join(err, db.Close()); err == nil && len(runs) == 0 {
		err = errors.New("no scan is recorded")
	}
	if err != nil {
		return after, 0, err
	}
	return after.Sub(before), time.Duration(runs[0].Ended-runs[0].Started) * time.Millisecond, nil
}

// readWhole lists the bucket and reads every object from its begin to its end,
// as programs do that know a bucket as a mounted folder, without their opens
// and seeks.
func readWhole(ctx context.Context, from *bucketProcess, songs int, latency time.Duration) (bucketRun, error) {
	run := bucketRun{what: "whole files", latency: latency, songs: songs}
	var stores storage.Registry
	bucket.Register(&stores)
	store, err := stores.Open(ctx, from.location, storage.Options{})
	if err != nil {
		return run, err
	}
	defer store.Close()
	before, err := from.counts()
	if err != nil {
		return run, err
	}
	began := time.Now()
	keys := make(chan string, wholeAtOnce)
	var wg sync.WaitGroup
	errs := make([]error, wholeAtOnce)
	for w := range errs {
		wg.Go(func() {
			for key := range keys {
				r, err := store.Open(ctx, key, 0, -1)
				if err == nil {
					_, err = io.Copy(io.Discard, r)
					err = errors.Join(err, r.Close())
				}
				if err != nil && errs[w] == nil {
					errs[w] = err
				}
			}
		})
	}
	err = store.List(ctx, "", func(o storage.Object) error {
		keys <- o.Key
		return nil
	})
	close(keys)
	wg.Wait()
	run.took = time.Since(began)
	if err := errors.Join(append(errs, err)...); err != nil {
		return run, err
	}
	after, err := from.counts()
	run.counts = after.Sub(before)
	return run, err
}

// firstBytes measures how long players wait for the first byte of songs that
// lie in a slow bucket: of one that nobody has played, of one again, and of the
// one that comes after it on its album.
func (b *bench) firstBytes(ctx context.Context, s *server, from *bucketProcess) error {
	if err := from.wait(streamLatency); err != nil {
		return err
	}
	r := b.report.buckets
	payload, err := s.call(ctx, owner, "getAlbumList2", url.Values{"type": {"alphabeticalByName"}, "size": {"500"}})
	if err != nil {
		return err
	}
	var list struct{ Album []struct{ ID string } }
	if err := json.Unmarshal(payload["albumList2"], &list); err != nil {
		return err
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(list.Album), func(i, j int) { list.Album[i], list.Album[j] = list.Album[j], list.Album[i] })
	var times [3][]time.Duration
	for _, a := range list.Album[:min(r.streamsEach, len(list.Album))] {
		payload, err := s.call(ctx, owner, "getAlbum", url.Values{"id": {a.ID}})
		if err != nil {
			return err
		}
		var album struct{ Song []struct{ ID string } }
		if err := json.Unmarshal(payload["album"], &album); err != nil {
			return err
		}
		if len(album.Song) < 2 {
			continue
		}
		for i, song := range []int{0, 0, 1} {
			d, err := s.firstByte(ctx, album.Song[song].ID)
			if err != nil {
				return err
			}
			times[i] = append(times[i], d)
			time.Sleep(4 * streamLatency) // a song plays for longer
		}
	}
	for i := range times {
		if len(times[i]) == 0 {
			return errors.New("no album has two songs")
		}
		slices.Sort(times[i])
		r.firstBytes[i] = times[i][len(times[i])/2]
	}
	b.say("first bytes from a bucket that waits %v: %v", streamLatency, r.firstBytes)
	return nil
}

// firstByte asks for a song and plays some of it: the next one is fetched ahead
// only for those who listen.
func (s *server) firstByte(ctx context.Context, id string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/rest/stream?"+login(owner).Encode()+"&id="+id, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
		return 0, fmt.Errorf("stream: %s: %w", resp.Status, err)
	}
	took := time.Since(began)
	_, err = io.CopyN(io.Discard, resp.Body, 1<<20)
	return took, err
}

// line is how many seconds the bytes of 1,000 songs take on a line of 100
// Mbit/s.
func (r *bucketReport) line(what string) float64 {
	for _, x := range r.runs {
		if x.what == what {
			return float64(x.counts.Bytes) * 1000 / float64(x.songs) * 8 / 100e6
		}
	}
	return 0
}

// write writes the section of the report.
func (r *bucketReport) write(p func(format string, args ...any)) {
	p("\n## Buckets\n\n")
	p("%s files of full length in a bucket that speaks S3, in a process of its own beside the server, and that waits so long before each\n", grouped(r.songs))
	p("answer; figures for 1,000 songs. \"Whole files\" is a listing and one read of each whole object, %d at once: the least that a scanner\n", wholeAtOnce)
	p("does which knows the bucket as a mounted folder. Requests and bytes are counted by the bucket. Bytes cost little within one machine:\n")
	p("over a line of 100 Mbit/s those of a first scan alone take %.0f s, and those of whole files %.0f s.\n\n", r.line("first scan"), r.line("whole files"))
	p("| | waits | requests | KiB | s | floor | met |\n|---|--:|--:|--:|--:|--:|---|\n")
	for _, x := range r.runs {
		per := 1000 / float64(x.songs)
		requests, kib := float64(x.counts.Requests())*per, float64(x.counts.Bytes)*per/1024
		floor, met := "", ""
		switch x.what {
		case "first scan":
			floor = fmt.Sprintf("≤ %.0f, %d", 1000*floorBucketReads, 1000*floorBucketBytes>>10)
			met = verdict(requests <= 1000*floorBucketReads && kib <= 1000*floorBucketBytes>>10)
		case "unchanged rescan":
			floor, met = "its listing", verdict(x.counts.Requests() == x.counts.Lists && x.counts.Bytes == 0)
		}
		p("| %s | %d ms | %s | %s | %.1f | %s | %s |\n", x.what, x.latency.Milliseconds(), grouped(int(requests+0.5)), grouped(int(kib+0.5)), x.took.Seconds()*per, floor, met)
	}
	p("\n| what | measured | floor | met |\n|---|--:|--:|---|\n")
	p("| first scan of a bucket of %s keys, s | %.1f |  |  |\n", grouped(r.keys), r.keysRun.took.Seconds())
	p("| unchanged rescan of it, s | %.1f |  |  |\n", r.keysRescan.Seconds())
	p("| peak RSS of both | %s | < %s | %s |\n", mb(r.keysPeak), mb(floorPeak), verdict(r.keysPeak < floorPeak))
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
	p("| first byte of a stream, the bucket waits %d ms | %s |  |  |\n", streamLatency.Milliseconds(), ms(r.firstBytes[0]))
	p("| of the same again | %s |  |  |\n", ms(r.firstBytes[1]))
	p("| of the next track of its album | %s | ≤ %d ms | %s |\n", ms(r.firstBytes[2]), floorNext.Milliseconds(), verdict(r.firstBytes[2] <= floorNext))
}

// section returns text with the section of markdown that begins with title
// exchanged for another, or put to the end.
func section(text, title, with string) string {
	i := strings.Index(text, "\n"+title+"\n")
	if i < 0 {
		return text + with
	}
	rest := text[i+1+len(title):]
	if j := strings.Index(rest, "\n## "); j >= 0 {
		return text[:i] + with + rest[j:]
	}
	return text[:i] + with
}
