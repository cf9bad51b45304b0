package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// judged is the number of clients whose figures are held against the floors.
const judged = 8

// The floors that are no multiples of hello.
const (
	floorFiles    = 1000                   // files a CPU second in a first scan
	floorReads    = 3.0                    // reads of a file of full length
	floorBytes    = 200 << 10              // of it
	floorRescan   = 0.3                    // CPU seconds for 10,000 files
	floorStart    = 150 * time.Millisecond // to the first ping
	floorIdle     = 60e6                   // bytes of RSS with 10,000 songs, the cloud SDKs linked
	floorPeak     = 150e6                  // bytes of RSS in a scan of 100,000
	floorStream   = 1.1                    // of the CPU of a plain server
	floorIdleSize = 10_000
)

// scan is what a first scan has cost.
type scan struct {
	songs, read  int
	cpu          float64
	wall         time.Duration
	peak         int64
	reads, bytes int64
}

type stream struct {
	clients    int
	ours, bare sample
	ratio      float64 // of CPU: the median of the turns'
}

// sized is what was measured with one size of library.
type sized struct {
	songs                  int
	first                  *scan
	walk, rescan           float64 // CPU seconds
	start                  time.Duration
	idle, loaded, database int64
	rows                   []row
}

// row holds the figures of one endpoint, by the numbers of clients.
type row struct {
	endpoint
	samples []sample
	hello   sample // beside it, with the judged number of clients
}

func (r *row) at(clients int, all []int) sample {
	if i := slices.Index(all, clients); i >= 0 && i < len(r.samples) {
		return r.samples[i]
	}
	return r.samples[0]
}

// report is all that one run has measured.
type report struct {
	when    time.Time
	clients []int
	full    *scan
	streams []stream
	buckets *bucketReport
	sizes   []*sized
}

func newReport(clients []int) *report { return &report{when: time.Now(), clients: clients} }

func perGB(s sample) float64 { return s.cpu / s.bytes * 1e9 }

// selfCPU returns the processor seconds of this process.
func selfCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// processor names the CPU and how many there are.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	name := runtime.GOARCH
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			name = strings.TrimSpace(v)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores", name, runtime.NumCPU())
}

func verdict(ok bool) string {
	if ok {
		return "yes"
	}
	return "**no**"
}

func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// firstSong returns the id of the first song of a search3 answer.
func firstSong(payload map[string]json.RawMessage) (string, error) {
	var found struct{ Song []struct{ ID string } }
	if err := json.Unmarshal(payload["searchResult3"], &found); err != nil {
		return "", err
	}
	if len(found.Song) == 0 {
		return "", errors.New("no song is found")
	}
	return found.Song[0].ID, nil
}

// hello returns what the bare hello has cost a request, in seconds, as the mean
// of all measurements beside the calls: one alone takes too few ticks of the
// clock to be exact.
func (s *sized) hello() float64 {
	var cpu, n float64
	for i := range s.rows {
		h := &s.rows[i].hello
		cpu += h.cpu * float64(h.requests)
		n += float64(h.requests)
	}
	return cpu / max(n, 1)
}

// markdown writes the report. It names neither the machine nor its paths.
func (r *report) markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# Benchmarks\n\n")
	p("What Songlocker costs, as `make bench` measures it (`make bench FULL=1` for all sizes; with `UPDATE=1` it writes this file). The\n")
	p("program is `test/bench`. It makes libraries, starts the real binary on them and reads the processor time that the server's\n")
	p("process has used from `/proc`; beside it, in the same run, it measures what the machine can do at best. Floors are on processor\n")
	p("time, which busy neighbours spare more than they spare times.\n\n")
	p("%s, %s, %s/%s, %s.\n", r.when.UTC().Format("2006-01-02"), processor(), runtime.GOOS, runtime.GOARCH, runtime.Version())

	p("\n## Scans, start, memory\n\n| what | measured | floor | met |\n|---|--:|--:|---|\n")
	line := func(what, got, floor string, ok bool) {
		v := ""
		if floor != "" {
			v = verdict(ok)
		}
		p("| %s | %s | %s | %s |\n", what, got, floor, v)
	}
	for _, s := range r.sizes {
		of := " of " + grouped(s.songs)
		rate := float64(s.songs) / s.first.cpu
		line("first scan"+of+", files a CPU second", grouped(int(rate)), "≥ "+grouped(floorFiles), rate >= floorFiles)
		line("first scan"+of+", CPU s (wall s)", fmt.Sprintf("%.2f (%.1f)", s.first.cpu, s.first.wall.Seconds()), "", true)
		line("at best: walk and read of 64 KiB of each file"+of+", CPU s", fmt.Sprintf("%.2f", s.walk), "", true)
		line("first scan"+of+", reads and KiB a file", fmt.Sprintf("%.2f, %.0f", float64(s.first.reads)/float64(s.songs), float64(s.first.bytes)/float64(s.songs)/1024), "", true)
		line("first scan"+of+", peak RSS", mb(s.first.peak), "< "+mb(floorPeak), s.first.peak < floorPeak)
		floor, limit := "", floorRescan*float64(s.songs)/10_000
		if s.songs >= 10_000 {
			floor = fmt.Sprintf("< %.1f", limit)
		}
		line("unchanged rescan"+of+", CPU s", fmt.Sprintf("%.2f", s.rescan), floor, s.rescan < limit)
		line("start to first ping, "+grouped(s.songs)+" songs", fmt.Sprintf("%d ms", s.start.Milliseconds()), fmt.Sprintf("≤ %d ms", floorStart.Milliseconds()), s.start <= floorStart)
		floor = ""
		if s.songs <= floorIdleSize {
			floor = "< " + mb(floorIdle)
		}
		line("RSS 8 s after the start, "+grouped(s.songs)+" songs", mb(s.idle), floor, s.idle < floorIdle)
		line("RSS after the calls below, "+grouped(s.songs)+" songs", mb(s.loaded), "", true)
		line("catalog, "+grouped(s.songs)+" songs", mb(s.database), "", true)
	}
	if f := r.full; f != nil {
		reads, bytes := float64(f.reads)/float64(f.songs), float64(f.bytes)/float64(f.songs)
		what := fmt.Sprintf("%d files of full length, ", f.songs)
		line(what+"reads a file", fmt.Sprintf("%.2f", reads), fmt.Sprintf("≤ %.1f", floorReads), reads <= floorReads)
		line(what+"KiB a file", fmt.Sprintf("%.0f", bytes/1024), fmt.Sprintf("≤ %d", floorBytes>>10), bytes <= floorBytes)
	}

	if len(r.streams) > 0 {
		p("\n## Streams\n\n`stream` of a FLAC file of %d MB against net/http's plain file server.\n\n", bigSize/1_000_000)
		p("| clients | MB/s | plain | CPU s a GB | plain | ratio | floor | met |\n|--:|--:|--:|--:|--:|--:|--:|---|\n")
		for _, s := range r.streams {
			rate := func(x sample) float64 { return x.bytes * float64(x.requests) / x.wall.Seconds() / 1e6 }
			p("| %d | %.0f | %.0f | %.3f | %.3f | %.2f | ≤ %.1f | %s |\n", s.clients, rate(s.ours), rate(s.bare), perGB(s.ours), perGB(s.bare), s.ratio, floorStream, verdict(s.ratio <= floorStream))
		}
	}

	if r.buckets != nil {
		r.buckets.write(p)
	}

	for _, s := range r.sizes {
		if len(s.rows) == 0 {
			continue
		}
		p("\n## Calls, %s songs\n\n", grouped(s.songs))
		p("JSON without compression where nothing else is said, by a user who reads 2 of 3 libraries and has stars and ratings. A bare\n")
		p("Echo that says hello, asked between the calls, costs %.4f ms of processor time a request; \"x hello\" is the multiple of it with\n", 1000*s.hello())
		p("%d clients. The columns in parts are for %s clients.\n\n", judged, join(r.clients))
		p("| call | x hello | floor | met | CPU, ms | p50, ms | p95, ms | KB |\n|---|--:|--:|---|--:|--:|--:|--:|\n")
		var plain float64
		for i := range s.rows {
			x := &s.rows[i]
			multiple := x.at(judged, r.clients).cpu / s.hello()
			floor, met := "", ""
			if x.floor > 0 {
				floor, met = fmt.Sprintf("%.0f", x.floor), verdict(multiple <= x.floor)
			}
			switch x.name {
			case unzippedName:
				plain = multiple
			case zippedName:
				if plain > 0 {
					floor, met = fmt.Sprintf("+%d", zippedFloor), verdict(multiple-plain <= zippedFloor)
				}
			}
			each := func(f func(sample) string) string {
				var list []string
				for _, y := range x.samples {
					if y.requests > 0 {
						list = append(list, f(y))
					}
				}
				return strings.Join(list, " / ")
			}
			ms := func(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000) }
			p("| %s | %.1f | %s | %s | %s | %s | %s | %.1f |\n", x.name, multiple, floor, met,
				each(func(y sample) string { return fmt.Sprintf("%.3f", 1000*y.cpu) }),
				each(func(y sample) string { return ms(y.p50) }), each(func(y sample) string { return ms(y.p95) }), x.at(judged, r.clients).bytes/1000)
		}
	}
	return b.String()
}

func mb(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

func join(list []int) string {
	var s []string
	for _, n := range list {
		s = append(s, fmt.Sprint(n))
	}
	return strings.Join(s, ", ")
}
