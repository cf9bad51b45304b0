// Package demo makes a small library of original music, so that the first
// sound needs no files of the listener's own. It composes and plays eight
// short pieces by arithmetic, draws covers, and writes tagged FLAC, WAV and
// AIFF files. It knows nothing of the server; the result is a plain folder.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// album is one release of the demo library.
type album struct {
	Artist, ArtistSort string
	Name               string
	Year               int
	Genre              string
	Cover              func() (picture, error)
	FolderCover        bool // the cover lies beside the files and not in them
	Tracks             []track
}

type track struct {
	Title   string
	Artists []string // none: the album's
	Format  format
	Play    func(*band)
}

// format writes one file.
type format struct {
	suffix string
	write  func(file string, pcm []int16, t tags) error
}

var (
	formatFLAC = format{".flac", writeFLAC}
	formatWAV  = format{".wav", writeWAV}
	formatAIFF = format{".aiff", writeAIFF}
)

// tags is what a file says of itself. Picture may be nil.
type tags struct {
	Title, Album, AlbumArtist, AlbumArtistSort, Genre, Comment string
	Artists                                                    []string
	Track, TrackOf, Year                                       int
	Picture                                                    *picture
}

// artist is the printed form of several.
func (t tags) artist() string {
	s := t.Artists[0]
	for _, a := range t.Artists[1:] {
		s += " with " + a
	}
	return s
}

// comment says where the music comes from and that it is free.
const comment = "Composed and played by a program. Public domain (CC0)."

func library() []album {
	return []album{
		{
			Artist: "Paper Lanterns", ArtistSort: "Paper Lanterns", Name: "Small Hours", Year: 2024, Genre: "Ambient", Cover: coverMoon,
			Tracks: []track{
				{Title: "Streetlight Rain", Format: formatFLAC, Play: streetlightRain},
				{Title: "Kettle Song", Format: formatFLAC, Play: kettleSong},
				{Title: "Last Bus Home", Format: formatFLAC, Play: lastBusHome},
			},
		},
		{
			Artist: "The Tin Orchard", ArtistSort: "Tin Orchard, The", Name: "Weekday Machines", Year: 2025, Genre: "Electronic",
			Cover: coverGears, FolderCover: true,
			Tracks: []track{
				{Title: "Monday Loom", Format: formatFLAC, Play: mondayLoom},
				{Title: "Conveyor Waltz", Format: formatWAV, Play: conveyorWaltz},
				{Title: "Lunch Bell", Format: formatAIFF, Play: lunchBell},
			},
		},
		{
			Artist: "Ólína Vík", ArtistSort: "Vík, Ólína", Name: "Norðurljós", Year: 2023, Genre: "Piano", Cover: coverLights,
			Tracks: []track{
				{Title: "Fyrsta ljós", Format: formatFLAC, Play: firstLight},
				{Title: "Siglt í norður", Artists: []string{"Ólína Vík", "Paper Lanterns"}, Format: formatFLAC, Play: sailingNorth},
			},
		},
	}
}

// Make writes the demo library into dir, unless it is there already. It
// appears whole or not at all; the same build makes the same bytes. It takes
// a few seconds, and ends early with ctx.
func Make(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	tmp := dir + ".new"
	if err := os.RemoveAll(tmp); err != nil { // what an interrupted run left
		return err
	}
	if err := write(ctx, tmp); err != nil {
		return errors.Join(fmt.Errorf("make the demo library: %w", err), os.RemoveAll(tmp))
	}
	return os.Rename(tmp, dir)
}

// workers bounds the memory: a piece takes about 30 MB while it is played.
const workers = 2

func write(ctx context.Context, dir string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, a := range library() {
		cover, err := a.Cover()
		if err != nil {
			return err
		}
		folder := filepath.Join(dir, a.Artist, a.Name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		embedded := &cover
		if a.FolderCover {
			embedded = nil
			if err := os.WriteFile(filepath.Join(folder, "cover"+cover.suffix), cover.data, 0o644); err != nil {
				return err
			}
		}
		for i, t := range a.Tracks {
			artists := t.Artists
			if artists == nil {
				artists = []string{a.Artist}
			}
			g.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				name := fmt.Sprintf("%02d %s%s", i+1, t.Title, t.Format.suffix)
				return t.Format.write(filepath.Join(folder, name), perform(t.Play), tags{
					Title: t.Title, Album: a.Name, AlbumArtist: a.Artist, AlbumArtistSort: a.ArtistSort, Artists: artists,
					Genre: a.Genre, Comment: comment, Track: i + 1, TrackOf: len(a.Tracks), Year: a.Year, Picture: embedded,
				})
			})
		}
	}
	return g.Wait()
}
