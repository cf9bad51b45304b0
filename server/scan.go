package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/demo"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/server/usage"
	"github.com/songlocker/songlocker/storage"
)

type scanCommand struct {
	Library       []string `help:"Scan this library only, by number or name. May be given many times." placeholder:"LIBRARY" sep:"none"`
	Full          bool     `help:"Read every file again, also those that have not changed."`
	AcceptMissing bool     `help:"Believe a scan that misses so much that it looks like a disk that is not there."`
}

func (s scanCommand) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		isDemo, err := r.configureLibraries(ctx, c, true)
		if err != nil {
			return err
		}
		if isDemo {
			if err := demo.Make(ctx, r.demoFolder()); err != nil {
				return err
			}
		}
		libraries, err := c.Libraries(ctx)
		if err != nil {
			return err
		}
		if len(s.Library) > 0 {
			libraries = nil
			for _, name := range s.Library {
				l, err := findLibrary(ctx, c, name)
				if err != nil {
					return err
				}
				libraries = append(libraries, l)
			}
		}
		open := r.openStores(c, a.Keys())
		m := r.newScans(c, open, scans.Options{})
		var errs []error
		for _, l := range libraries {
			if err := s.one(ctx, r, m, l); err != nil {
				fmt.Fprintf(r.Stderr, "%s: %s\n", l.Name, sentence(err))
				errs = append(errs, errSaid)
			}
			if ctx.Err() != nil {
				break
			}
		}
		return errors.Join(append(errs, open.close())...)
	})
}

// one scans one library, tells how it goes and sums it up.
func (s scanCommand) one(ctx context.Context, r *run, m *scans.Manager, l *models.Library) error {
	var p scanner.Progress
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if term.IsTerminal(int(r.Stderr.Fd())) {
			drawProgress(r.Stderr, l.Name, &p, stop)
		} else {
			printProgress(r.Stderr, l.Name, &p, stop)
		}
	}()
	began := time.Now()
	record, err := m.Scan(ctx, scans.Order{Library: l.Number, Full: s.Full, AcceptMissing: s.AcceptMissing}, &p)
	close(stop)
	<-ended
	if err != nil && record != nil && record.Message != "" && ctx.Err() == nil {
		return errors.New(record.Message) // the same, with what to do about it
	}
	if err != nil {
		return err
	}
	summary(r.Stdout, l.Name, record, time.Since(began))
	if record.State != models.ScanDone {
		return fmt.Errorf("the scan did not finish: %s", record.Message)
	}
	return nil
}

// summary tells what a scan found and what it cost.
func summary(w io.Writer, name string, s *models.ScanRun, took time.Duration) {
	n := func(v int) string { return humanize.Comma(int64(v)) }
	fmt.Fprintf(w, "%s: %s files in %s; %s added, %s changed, %s moved, %s returned, %s missing, %s failed.\n",
		name, n(s.Listed), took.Round(10*time.Millisecond), n(s.Added), n(s.Changed), n(s.Moved), n(s.Returned), n(s.Missing), n(s.Failed))
	if s.Archived > 0 {
		fmt.Fprintf(w, "%s: %s of them are archived in their store and can't be read before they are restored there.\n", name, n(s.Archived))
	}
	if s.Read > 0 {
		fmt.Fprintf(w, "%s: %s files read by %s reads and %s, which is %.1f reads and %s a file.\n", name, n(s.Read),
			humanize.Comma(s.Gets), bytesText(s.Bytes), float64(s.Gets)/float64(s.Read), bytesText(s.Bytes/int64(s.Read)))
	}
	fmt.Fprintf(w, "%s: requests to the store: %s, of them %s for listings, %s about single files, %s for their content%s.\n", name, humanize.Comma(s.Requests),
		humanize.Comma(s.Lists), humanize.Comma(s.Heads), humanize.Comma(s.Gets), putOff(s.Throttled))
	if s.Message != "" {
		fmt.Fprintf(w, "%s: %s\n", name, s.Message)
	}
}

// putOff tells how many requests a store did not answer at once.
func putOff(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; it put off %s of them", humanize.Comma(n))
}

// drawProgress draws a bar on a terminal until stop closes. Until it is known
// how much is to be read it counts what was listed.
func drawProgress(w io.Writer, name string, p *scanner.Progress, stop <-chan struct{}) {
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(name),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("files"),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond))
	t := time.NewTicker(150 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-stop:
			_ = bar.Finish() // it only draws
			_ = bar.Clear()
			return
		case <-t.C:
		}
		if due := p.ToRead.Load(); due > 0 {
			bar.ChangeMax64(due)
			_ = bar.Set64(min(due, p.Read.Load()))
		} else {
			bar.Describe(fmt.Sprintf("%s: %s listed", name, humanize.Comma(p.Listed.Load())))
			_ = bar.Add(0)
		}
	}
}

// printProgress writes a line every few seconds until stop closes.
func printProgress(w io.Writer, name string, p *scanner.Progress, stop <-chan struct{}) {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			fmt.Fprintf(w, "%s: %s listed, %s of %s read\n", name, humanize.Comma(p.Listed.Load()),
				humanize.Comma(p.Read.Load()), humanize.Comma(p.ToRead.Load()))
		}
	}
}

func (r *run) newScanner(c *catalog.Catalog) *scanner.Scanner {
	return scanner.New(c, scanner.Options{GenreSeparators: r.Config.GenreSeps, ArtistSeparators: r.Config.ArtistSeps, GuessEncodings: r.Config.GuessEncodings, Playlists: r.Config.Playlists, Log: r.Log})
}

// openStores returns the stores of all libraries. What they are asked is kept
// until they are closed.
func (r *run) openStores(c *catalog.Catalog, keys *auth.Keyring) *stores {
	s := &stores{
		meter: usage.New(c, usage.Options{Log: r.Log}), catalog: c, keys: keys, registry: r.Stores, given: r.Config.secretsGiven(),
		options: storage.Options{FollowLinks: r.Config.FollowLinks, Log: r.Log},
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.work.Go(func() { s.meter.Run(ctx) })
	return s
}

// newScans returns what scans the libraries of open stores.
func (r *run) newScans(c *catalog.Catalog, open *stores, o scans.Options) *scans.Manager {
	o.Log, o.Meter = r.Log, open.meter.Watch
	return scans.New(c, open, r.newScanner(c), o)
}
