package music

import (
	"bytes"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/scanner/audio"
)

// TestFormats reads every format as a scan does.
func TestFormats(t *testing.T) {
	for suffix, write := range Formats {
		seen := map[string]bool{}
		for seed := range uint64(3) {
			for _, title := range []string{"One", "Another title, longer"} {
				b := Bytes(write, &Tags{Title: title, Artist: "A", Album: "B", AlbumArtist: "C", Track: 3, Tracks: 9, Disc: 2, Year: 1999, Compilation: true}, Sound{Seed: seed, Size: 2000, Seconds: 40})
				f, _, err := audio.Read(t.Context(), bytes.NewReader(b), int64(len(b)), "x"+suffix)
				if err != nil {
					t.Fatalf("%s: %v", suffix, err)
				}
				if f.Title != title || f.Artist != "A" || f.Album != "B" || f.AlbumArtist != "C" || f.Track != 3 || f.Disc != 2 || f.Date.Year != 1999 || !f.Compilation || len(f.Warnings) > 0 {
					t.Errorf("%s: %+v %q", suffix, f.Tags, f.Warnings)
				}
				if off := f.Duration - 40_000; slices.Contains([]string{".mp3", ".flac", ".m4a"}, suffix) && (off < -1500 || off > 1500) {
					t.Errorf("%s lasts %d ms, want 40 s", suffix, f.Duration)
				}
				if seen[f.Identity] != (title != "One") {
					t.Errorf("%s, sound %d, %q: the identity %s is new: %v", suffix, seed, title, f.Identity, !seen[f.Identity])
				}
				seen[f.Identity] = true
			}
		}
	}
}
