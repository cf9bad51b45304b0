package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner/audio"
)

// ours reads every file of the collection with the reader under test. What
// it refuses stays nil.
func ours(folder string, files []line) ([]*reading, error) {
	out := make([]*reading, len(files))
	for i, l := range files {
		f, err := os.Open(filepath.Join(folder, l.Path))
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err == nil {
			var a *audio.File
			if a, _, err = audio.Read(context.Background(), f, info.Size(), l.Path); err == nil {
				out[i] = told(a)
			} else {
				out[i] = &reading{Warnings: []string{err.Error()}}
			}
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// told returns what f says under the names that the collection uses.
func told(f *audio.File) *reading {
	r := &reading{Fields: map[string][]string{}, Warnings: f.Warnings}
	put := func(name string, list ...string) {
		for _, s := range list {
			if s != "" {
				r.Fields[name] = append(r.Fields[name], s)
			}
		}
	}
	number := func(name string, n int) {
		if n != 0 {
			put(name, strconv.Itoa(n))
		}
	}
	t := f.Tags
	put("title", t.Title)
	put("title sort", t.TitleSort)
	put("artist", t.Artist)
	put("artists", t.Artists...)
	put("artist sort", t.ArtistSort...)
	put("album", t.Album)
	put("album sort", t.AlbumSort)
	put("album artist", t.AlbumArtist)
	put("album artists", t.AlbumArtists...)
	put("album artist sort", t.AlbumArtistSort...)
	put("disc title", t.DiscTitle)
	put("comment", t.Comment)
	put("barcode", t.Barcode)
	put("media", t.Media)
	put("release status", t.ReleaseStatus)
	put("release country", t.ReleaseCountry)
	put("language", t.Language)
	put("movement", t.Movement)
	put("recording id", t.RecordingID)
	put("track id", t.ReleaseTrackID)
	put("release id", t.ReleaseID)
	put("release group id", t.ReleaseGroupID)
	put("artist ids", t.ArtistIDs...)
	put("album artist ids", t.AlbumArtistIDs...)
	put("genres", t.Genres...)
	put("moods", t.Moods...)
	put("groupings", t.Groupings...)
	put("ISRCs", t.ISRC...)
	put("labels", t.Labels...)
	put("catalog numbers", t.CatalogNo...)
	put("release types", t.ReleaseTypes...)
	number("track", t.Track)
	number("tracks", t.TrackOf)
	number("disc", t.Disc)
	number("discs", t.DiscOf)
	number("movement number", t.MovementNumber)
	number("movements", t.MovementOf)
	number("bpm", t.BPM)
	put("date", date(t.Date))
	put("original date", date(t.OriginalDate))
	if t.Compilation {
		put("compilation", "1")
	}
	for _, w := range t.Works {
		put("works", w.Name)
	}
	for _, p := range t.Roles {
		name := p.Name
		if p.Sub != "" {
			name += " (" + p.Sub + ")"
		}
		put(p.Role+"s", name)
		if p.Role == models.RoleComposer {
			put("composer sort", p.Sort)
		}
	}
	for name, g := range map[string]*float64{"track gain": t.Gain.TrackGain, "track peak": t.Gain.TrackPeak, "album gain": t.Gain.AlbumGain, "album peak": t.Gain.AlbumPeak} {
		if g != nil {
			put(name, strconv.FormatFloat(*g, 'f', -1, 64))
		}
	}
	if len(f.Lyrics) > 0 {
		var lines []string
		for _, l := range f.Lyrics[0].Lines {
			if f.Lyrics[0].Synced {
				put("synced lyrics", fmt.Sprint(l.Start, " ", l.Text))
			} else {
				lines = append(lines, l.Text)
			}
		}
		put("lyrics", strings.Join(lines, "\n"))
	}
	for _, p := range f.Pictures {
		put("pictures", fmt.Sprintf("%d %s", p.Type, p.MIME))
	}
	p := f.Properties
	r.Properties = properties{
		Codec: p.Codec, Channels: p.Channels, Rate: p.SampleRate, Depth: p.BitDepth,
		Seconds: float64(p.Duration) / 1000, Samples: p.Samples, Kbits: float64(p.BitRate),
	}
	return r
}

// date returns as much of a date as is known.
func date(d models.Date) string {
	switch {
	case d.Year == 0:
		return ""
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}
