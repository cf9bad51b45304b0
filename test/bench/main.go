// Bench measures Songlocker: scans, start, memory, the calls of the protocol
// and streams, beside what this machine can do at best in the same run: a bare
// Echo that says hello, a plain server of one file, a walk over the files.
//
// It starts the real binary on libraries that it makes. The figures to trust
// on a busy machine are the processor seconds of the server's process; times
// are not. It needs Linux, whose /proc it reads.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/songlocker/songlocker/models/catalog"
)

// options say what is measured.
type options struct {
	bin, cache string
	songs      []int // sizes of the libraries
	full       int   // files of full length
	starts     int   // starts whose median is told
	scale      float64
	idle       time.Duration
	clients    []int
	out        io.Writer // progress
	only       string

	bucketSongs, bucketKeys int // 0: buckets are not measured
	onlyBuckets             bool
}

func main() {
	if what := os.Getenv(bareEnv); what != "" {
		fmt.Fprintln(os.Stderr, serveBare(what))
		os.Exit(1)
	}
	o := options{out: os.Stderr, full: 204, starts: 5, scale: 1, idle: 8 * time.Second, clients: []int{1, 8, 32}, bucketSongs: 1000, bucketKeys: 100_000}
	flag.StringVar(&o.bin, "bin", "bin/songlocker", "the binary to measure")
	flag.StringVar(&o.cache, "cache", ".cache/bench", "folder of the libraries, which are kept")
	flag.StringVar(&o.only, "only", "", "measure only the calls whose line has this text")
	flag.BoolVar(&o.onlyBuckets, "only-buckets", false, "measure only buckets; -update then changes their section alone")
	songs := flag.String("songs", "10000", "sizes of the libraries, with commas")
	update := flag.String("update", "", "write the report into this file too")
	flag.Parse()
	err := func() error {
		for s := range strings.SplitSeq(*songs, ",") {
			n, err := strconv.Atoi(s)
			if err != nil {
				return err
			}
			o.songs = append(o.songs, n)
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		r, err := run(ctx, o)
		if err != nil {
			return err
		}
		text := r.markdown()
		if o.onlyBuckets {
			var b strings.Builder
			r.buckets.write(func(format string, args ...any) { fmt.Fprintf(&b, format, args...) })
			text = b.String()
		}
		fmt.Print(text)
		if *update != "" && o.onlyBuckets {
			old, err := os.ReadFile(*update)
			if err != nil {
				return err
			}
			text = section(string(old), "## Buckets", text)
		}
		if *update != "" {
			return os.WriteFile(*update, []byte(text), 0o644)
		}
		return nil
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	options
	tmp    string
	hello  *process
	report *report
}

func run(ctx context.Context, o options) (r *report, err error) {
	b := &bench{options: o, report: newReport(o.clients)}
	if b.bin, err = filepath.Abs(o.bin); err != nil {
		return nil, err
	}
	if _, err := os.Stat(b.bin); err != nil {
		return nil, err
	}
	if b.cache, err = filepath.Abs(o.cache); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return nil, err
	}
	if b.tmp, err = os.MkdirTemp(b.cache, "run-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.tmp)) }()
	if b.hello, err = startBare(ctx, "hello"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.hello.stop()) }()
	if o.bucketSongs > 0 && o.only == "" {
		if err := b.buckets(ctx); err != nil {
			return nil, err
		}
	}
	if o.onlyBuckets {
		return b.report, nil
	}
	if o.full > 0 && o.only == "" {
		if err := b.fullLength(ctx); err != nil {
			return nil, err
		}
	}
	for _, n := range o.songs {
		if err := b.size(ctx, n); err != nil {
			return nil, fmt.Errorf("%d songs: %w", n, err)
		}
	}
	return b.report, nil
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

// firstScan starts a server on an empty data folder and waits until it knows
// the library.
func (b *bench) firstScan(ctx context.Context, l *library) (*server, *scan, error) {
	s := &server{bin: b.bin, roots: l.roots, data: filepath.Join(b.tmp, filepath.Base(l.dir))}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, nil, err
	}
	began := time.Now()
	if err := s.start(ctx); err != nil {
		return nil, nil, err
	}
	if err := s.scanned(ctx, l.songs); err != nil {
		return s, nil, errors.Join(err, s.stop())
	}
	c := &scan{songs: l.songs, cpu: s.cpu(), wall: time.Since(began), peak: s.memory("VmHWM")}
	db, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(s.data, "songlocker.db"), ReadOnly: true})
	if err != nil {
		return s, nil, errors.Join(err, s.stop())
	}
	runs, err := db.Runs(ctx, 0, 100)
	for _, r := range runs {
		c.reads += r.Gets
		c.bytes += r.Bytes
		c.read += r.Read
	}
	if err = errors.Join(err, db.Close()); err == nil && c.read != l.songs {
		err = fmt.Errorf("the scan read %d files of %d", c.read, l.songs)
	}
	if err != nil {
		return s, nil, errors.Join(err, s.stop())
	}
	b.say("first scan of %d: %.2f CPU s, %.0f files a CPU second, peak %d MB", l.songs, c.cpu, float64(l.songs)/c.cpu, c.peak/1e6)
	return s, c, nil
}

// fullLength measures what a scan reads of files of full length, and streams.
func (b *bench) fullLength(ctx context.Context) error {
	l, err := makeFull(b.cache, b.full)
	if err != nil {
		return err
	}
	s, c, err := b.firstScan(ctx, l)
	if err != nil {
		return err
	}
	defer s.stop()
	b.report.full = c
	found, err := s.call(ctx, owner, "search3", url.Values{"query": {bigTitle}, "songCount": {"1"}, "artistCount": {"0"}, "albumCount": {"0"}})
	if err != nil {
		return err
	}
	id, err := firstSong(found)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(l.dir, "*", "*", "*", "*"+bigTitle+"*"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("files called %s: %q, %w", bigTitle, files, err)
	}
	plain, err := startBare(ctx, files[0])
	if err != nil {
		return err
	}
	defer plain.stop()
	bare := &request{path: fixed("/"), file: true}
	song := &request{path: fixed("/rest/stream?" + login(owner).Encode() + "&id=" + id), file: true}
	n := max(int(60*b.scale), 3)
	for _, clients := range b.clients {
		// Turn about, and more than once, since neighbours disturb both.
		var ours, best []sample
		var ratios []float64
		for range 9 {
			x, err := measure(ctx, plain, bare, clients, n, 0)
			if err != nil {
				return err
			}
			y, err := measure(ctx, s.process, song, clients, n, 0)
			if err != nil {
				return err
			}
			best, ours, ratios = append(best, x), append(ours, y), append(ratios, perGB(y)/perGB(x))
		}
		slices.Sort(ratios)
		b.report.streams = append(b.report.streams, stream{clients: clients, ours: middle(ours), bare: middle(best), ratio: ratios[len(ratios)/2]})
		b.say("stream, %d clients: %.3f CPU s a GB, bare %.3f", clients, perGB(middle(ours)), perGB(middle(best)))
	}
	return nil
}

// middle returns the sample of the median CPU.
func middle(list []sample) sample {
	slices.SortFunc(list, func(a, b sample) int {
		if a.cpu < b.cpu {
			return -1
		}
		return 1
	})
	return list[len(list)/2]
}

// size measures all that depends on the number of songs.
func (b *bench) size(ctx context.Context, songs int) (err error) {
	l, err := makeLibrary(b.cache, songs)
	if err != nil {
		return err
	}
	r := &sized{songs: songs}
	b.report.sizes = append(b.report.sizes, r)
	before := selfCPU()
	for range 3 {
		if _, err := walk(l.roots); err != nil {
			return err
		}
	}
	r.walk = (selfCPU() - before) / 3
	s, c, err := b.firstScan(ctx, l)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	r.first = c
	if _, err := s.call(ctx, owner, "createUser", url.Values{"username": {measurer}, "password": {password}, "email": {"bench@example.org"},
		"musicFolderId": {"1", "2"}, "playlistRole": {"true"}, "commentRole": {"true"}, "downloadRole": {"true"}}); err != nil {
		return err
	}
	var rescans []float64
	for range 3 {
		before := s.cpu()
		if _, err := s.call(ctx, owner, "startScan", nil); err != nil {
			return err
		}
		if err := s.scanned(ctx, songs); err != nil {
			return err
		}
		rescans = append(rescans, s.cpu()-before)
	}
	slices.Sort(rescans)
	r.rescan = rescans[1]
	b.say("unchanged rescan: %.2f CPU s", r.rescan)
	var starts []time.Duration
	for range b.starts {
		if err := s.stop(); err != nil {
			return err
		}
		if err := s.start(ctx); err != nil {
			return err
		}
		starts = append(starts, s.took)
	}
	slices.Sort(starts)
	r.start = starts[len(starts)/2]
	time.Sleep(b.idle)
	r.idle, r.database = s.memory("VmRSS"), s.databaseSize()
	b.say("start %d ms, idle %d MB", r.start.Milliseconds(), r.idle/1e6)
	if err := s.scanned(ctx, songs); err != nil {
		return err
	}
	k, err := learn(ctx, s, l)
	if err != nil {
		return err
	}
	if err := attach(ctx, s, k); err != nil {
		return err
	}
	for _, e := range endpoints(k) {
		if !strings.Contains(e.name, b.only) {
			continue
		}
		if err := b.endpoint(ctx, s, r, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	r.loaded = s.memory("VmRSS")
	return nil
}

// endpoint measures one line, and hello beside it each time.
func (b *bench) endpoint(ctx context.Context, s *server, r *sized, e endpoint) (err error) {
	row := row{endpoint: e}
	from := 0
	for _, clients := range b.clients {
		if e.once && clients != judged {
			row.samples = append(row.samples, sample{})
			continue
		}
		n := 1000
		if e.n > 0 {
			n = e.n
		}
		if clients != judged && n <= 1500 {
			n /= 3 // what is judged is measured best
		}
		if n = int(float64(n) * b.scale); n < 10 {
			n = 10
		}
		x, err := measure(ctx, s.process, e.r, clients, n, from)
		if err != nil {
			return err
		}
		from += n + clients
		row.samples = append(row.samples, x)
		if clients == judged {
			hello := &request{path: fixed("/rest/hello"), file: true}
			if row.hello, err = measure(ctx, b.hello, hello, clients, max(int(8000*b.scale), 10), 0); err != nil {
				return err
			}
		}
	}
	r.rows = append(r.rows, row)
	b.say("%-40s %7.3f ms, %6.1f times hello", e.name, 1000*row.at(judged, b.clients).cpu, row.at(judged, b.clients).cpu/r.hello())
	return nil
}
