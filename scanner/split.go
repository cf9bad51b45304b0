package scanner

import (
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

func genreFold(s string) string { return catalog.GenreFold(s) }

// split applies the owner's separators to tags. A file's own list of artists
// is never split; a single value is, and the printed form stays.
func (o *Options) split(t *models.Tags) {
	t.Genres = unique(splitAll(t.Genres, o.GenreSeparators), genreFold)
	if len(o.ArtistSeparators) == 0 {
		return
	}
	one := func(printed string, list []string) []string {
		if len(list) > 1 || printed == "" {
			return list
		}
		if parts := splitAll([]string{printed}, o.ArtistSeparators); len(parts) > 1 {
			return parts
		}
		return list
	}
	t.Artists = one(t.Artist, t.Artists)
	t.AlbumArtists = one(t.AlbumArtist, t.AlbumArtists)
}

// splitAll cuts every value at every separator and drops what is empty.
func splitAll(values, separators []string) []string {
	for _, sep := range separators {
		if sep == "" {
			continue
		}
		var out []string
		for _, v := range values {
			for part := range strings.SplitSeq(v, sep) {
				if part = strings.TrimSpace(part); part != "" {
					out = append(out, part)
				}
			}
		}
		values = out
	}
	return values
}

// unique drops values whose folded form came before.
func unique(values []string, fold func(string) string) []string {
	seen := map[string]bool{}
	out := values[:0:0]
	for _, v := range values {
		if k := fold(v); !seen[k] {
			seen[k] = true
			out = append(out, v)
		}
	}
	return out
}
