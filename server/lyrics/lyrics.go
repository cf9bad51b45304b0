// Package lyrics finds the texts of songs: those that lie beside the file and
// those that stand in it. Where they are, and who may read them, it knows from
// the catalog; it knows no HTTP.
package lyrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// maxText bounds one text, in bytes. What is larger is no lyrics and left out.
const maxText = 1 << 20

// Stores opens the place that a library lies in.
type Stores interface {
	Store(ctx context.Context, library int) (storage.Store, error)
}

// Service finds lyrics. Its methods may be called at once from many places.
type Service struct {
	catalog *catalog.Catalog
	stores  Stores
	guess   bool
	log     *slog.Logger
}

// New returns a service. guess lets it guess the encodings of texts beside
// songs that are no UTF-8. A nil log discards.
func New(c *catalog.Catalog, s Stores, guess bool, log *slog.Logger) *Service {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{c, s, guess, log}
}

// Lyrics returns the texts of a song, the best first: the .lrc beside it,
// synchronised ones in the file, plain ones in the file, the .txt beside it.
// None is an empty list; a song that v may not read is models.ErrNotFound. A
// text that can't be read is left out; if nothing else is there, and the store
// may have it later, the error is the store's.
func (s *Service) Lyrics(ctx context.Context, v catalog.Viewer, song models.Key) ([]models.Lyrics, error) {
	sources, err := s.catalog.Lyrics(ctx, v, song)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(sources, func(a, b catalog.LyricsSource) int { return cmp.Compare(order(a), order(b)) })
	list := []models.Lyrics{}
	var failed error
	for _, src := range sources {
		text, err := s.text(ctx, src)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			s.log.Debug("lyrics can't be read", "library", src.Library, "key", src.ObjectKey, "error", err)
			if !errors.Is(err, fs.ErrNotExist) && failed == nil {
				failed = err
			}
			continue
		}
		if l := parse(text, src); len(l.Lines) > 0 {
			list = append(list, l)
		}
	}
	if len(list) == 0 && failed != nil {
		return nil, fmt.Errorf("lyrics: %w", failed)
	}
	return list, nil
}

// order is the rank of a source, the lowest first.
func order(l catalog.LyricsSource) int {
	switch {
	case l.ObjectKey != "" && strings.EqualFold(path.Ext(l.ObjectKey), ".lrc"):
		return 0
	case l.ObjectKey == "" && l.Synced:
		return 1
	case l.ObjectKey == "":
		return 2
	}
	return 3
}

// text reads one source. A text that is too large is empty.
func (s *Service) text(ctx context.Context, l catalog.LyricsSource) (string, error) {
	if l.ObjectKey == "" {
		if len(l.Body) > maxText {
			return "", nil
		}
		return l.Body, nil
	}
	store, err := s.stores.Store(ctx, l.Library)
	if err != nil {
		return "", err
	}
	r, err := store.Open(ctx, l.ObjectKey, 0, maxText+1)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if closed := r.Close(); err == nil {
		err = closed
	}
	if err != nil || len(b) > maxText {
		return "", err
	}
	return audio.Text(b, s.guess), nil
}

// parse reads a text and drops the empty lines around it.
func parse(text string, src catalog.LyricsSource) models.Lyrics {
	l := audio.ParseLyrics(text, src.Lang)
	if l.Synced {
		return l
	}
	blank := func(l models.LyricLine) bool { return l.Text == "" }
	for len(l.Lines) > 0 && blank(l.Lines[0]) {
		l.Lines = l.Lines[1:]
	}
	for n := len(l.Lines); n > 0 && blank(l.Lines[n-1]); n-- {
		l.Lines = l.Lines[:n-1]
	}
	return l
}
