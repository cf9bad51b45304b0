package server

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/storage"
)

type libraryMove struct {
	secretSource
	Library string `arg:"" help:"Number or name."`
	Place   string `arg:"" help:"Where its music was copied to: a folder, or a URL such as s3://bucket/prefix?region=eu-west-1."`
	DryRun  bool   `help:"Only tell what would be found."`
	Force   bool   `help:"Move it also when less than half of its songs are found."`
}

func (l libraryMove) Run(ctx context.Context, r *run) error {
	u, err := storage.Parse(l.Place)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	secret, err := l.read()
	if err != nil {
		return err
	}
	return r.managing(ctx, func(c *catalog.Catalog, m *manage.Service) error {
		lib, err := findLibrary(ctx, c, l.Library)
		if err != nil {
			return err
		}
		report, err := m.MoveLibrary(ctx, operator, lib.Number, manage.Move{Location: u.String(), Secret: secret, DryRun: l.DryRun, Force: l.Force})
		if report.Songs > 0 || err == nil {
			tellMove(r.Stdout, lib.Name, report)
		}
		if err != nil {
			return err
		}
		if report.Refused != "" {
			fmt.Fprintf(r.Stderr, "It would be refused: %s.\n", report.Refused)
			return errSaid
		}
		if l.DryRun {
			fmt.Fprintln(r.Stdout, "Nothing was changed. Without --dry-run it is done.")
			return nil
		}
		fmt.Fprintf(r.Stdout, "%s is at %s now.\n", lib.Name, report.Location)
		if lib.Config {
			fmt.Fprintf(r.Stdout, "The configuration names this library: change its place there too, before the server starts again, or it moves back.\n")
		}
		if lib, err = c.Library(ctx, lib.Number); err != nil {
			return err
		}
		return scanCommand{}.one(ctx, r, m.Scans, lib)
	})
}

// shownKeys is how many files of each kind a move names.
const shownKeys = 20

// tellMove prints what a new place has of a library.
func tellMove(w io.Writer, name string, r manage.Moved) {
	n := func(v int) string { return humanize.Comma(int64(v)) }
	clean := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	fmt.Fprintf(w, "%s: %s of %s songs are in the new place, found with %s requests and %s.\n", name, n(r.Found), n(r.Songs), humanize.Comma(r.Requests), bytesText(r.Bytes))
	if r.ByKey > 0 {
		fmt.Fprintf(w, "  %s by their paths", n(r.ByKey))
		if r.From != r.To {
			fmt.Fprintf(w, ", which begin with %q in place of %q", clean(r.To), clean(r.From))
		}
		fmt.Fprintln(w)
	}
	for _, by := range []struct {
		n    int
		what string
	}{
		{r.BySuffix, "by how their paths end, and their sizes"}, {r.ByETag, "by ETag and size"}, {r.BySound, "by what they sound like"},
		{r.Read, "of them may have another content: the scan reads them"},
	} {
		if by.n > 0 {
			fmt.Fprintf(w, "  %s %s\n", n(by.n), by.what)
		}
	}
	list := func(what string, count int, first []string) {
		if count == 0 {
			return
		}
		fmt.Fprintf(w, "%s %s:\n", n(count), what)
		for _, k := range first[:min(len(first), shownKeys)] {
			fmt.Fprintf(w, "  %s\n", clean(k))
		}
		if count > shownKeys {
			fmt.Fprintf(w, "  ... and %s more\n", n(count-shownKeys))
		}
	}
	list("songs are not found and count as missing after the next scan", r.Lost.Count, r.Lost.First)
	var unclear []string
	for _, u := range r.Unclear {
		unclear = append(unclear, u.Key+" may be "+strings.Join(u.Could, " or "))
	}
	list("of them fit several files, which is not guessed", len(unclear), unclear)
	list("files of the new place are no known songs", r.New.Count, r.New.First)
	if r.Unread > 0 {
		fmt.Fprintf(w, "%s of them were not compared by sound, because they are far more than the songs that are not found.\n", n(r.Unread))
	}
}
