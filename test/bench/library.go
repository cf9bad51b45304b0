package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/songlocker/songlocker/test/music"
)

// libraryVersion is raised with every change of what is made, so that an old
// one is not measured.
const libraryVersion = 1

// parts is into how many folders a library is split; the measuring user reads
// all but the last.
const parts = 3

// albumSongs is the length of an album.
const albumSongs = 12

// library is a folder of files that the program makes.
type library struct {
	dir     string
	roots   []string // its parts
	songs   int
	artists int // album artists; the first parts have albums of all
	words   []string
}

// makeLibrary makes a library of this many songs below cache, unless it is
// there. The same number gives the same bytes.
func makeLibrary(cache string, songs int) (*library, error) {
	l := &library{dir: filepath.Join(cache, fmt.Sprintf("songs-%d-v%d", songs, libraryVersion)), songs: songs, artists: max(songs/20, 5), words: vocabulary()}
	return l, l.make(func(i int) error { return l.album(i) }, (songs+albumSongs-1)/albumSongs)
}

// makeFull makes files of full length, for what a scan reads of them: half of
// them MP3, a quarter FLAC, a quarter M4A, Ogg Vorbis and Opus; every second
// one holds a picture of 100 KB to 3 MB. Most of their sound is a hole.
func makeFull(cache string, songs int) (*library, error) {
	l := &library{dir: filepath.Join(cache, fmt.Sprintf("full-%d-v%d", songs, libraryVersion)), songs: songs, artists: 5, words: vocabulary()}
	return l, l.make(func(i int) error { return l.fullAlbum(i) }, (songs+albumSongs-1)/albumSongs)
}

func (l *library) make(album func(int) error, albums int) error {
	dir := l.dir
	for i := range parts {
		l.roots = append(l.roots, filepath.Join(dir, fmt.Sprintf("part%d", i+1)))
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l.dir = dir + ".new"
	defer func() { l.dir = dir }()
	if err := os.RemoveAll(l.dir); err != nil {
		return err
	}
	for _, r := range l.roots {
		if err := os.MkdirAll(filepath.Join(l.dir, filepath.Base(r)), 0o755); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, runtime.NumCPU())
	for w := range errs {
		wg.Go(func() {
			for i := w; i < albums && errs[w] == nil; i += len(errs) {
				errs[w] = album(i)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("make the library: %w", err)
	}
	return os.Rename(l.dir, dir)
}

var genreNames = []string{"Rock", "Pop", "Jazz", "Electronic", "Classical", "Folk", "Hip-Hop", "Metal", "Ambient", "Blues", "Soul", "Reggae", "Punk", "Country", "Techno", "Chanson"}

// vocabulary returns the words of titles and names: a few hundred, made of
// syllables.
func vocabulary() []string {
	first := []string{"mor", "lan", "ve", "si", "tar", "bel", "ko", "ri", "sun", "dra", "fé", "ny", "glo", "hu", "ast", "wen", "pla", "zo", "mi", "cra"}
	last := []string{"da", "light", "n", "ra", "ston", "mi", "low", "ter", "vo", "ling", "sa", "ö", "kin", "ber", "th", "ca", "rose", "ny", "dor", "x"}
	var list []string
	for _, a := range first {
		for _, b := range last {
			list = append(list, strings.ToUpper(a[:1])+a[1:]+b)
		}
	}
	return list
}

func (l *library) phrase(r *rand.Rand, least, most int) string {
	n := least + r.IntN(most-least+1)
	var w []string
	for range n {
		w = append(w, l.words[r.IntN(len(l.words))])
	}
	return strings.Join(w, " ")
}

// artist returns the name of the i-th album artist; no two are alike.
func (l *library) artist(i int) string {
	r := rand.New(rand.NewPCG(uint64(i), 77))
	name := l.words[i%len(l.words)] + " " + l.words[(i/len(l.words)*31+i*7+3)%len(l.words)]
	if r.IntN(5) == 0 {
		name = "The " + name
	}
	if i >= len(l.words) {
		name += " " + l.words[(i/len(l.words)*13)%len(l.words)]
	}
	return name
}

func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&(1<<48-1))
}

// part returns where album i lies: two albums of three in the parts that the
// measuring user reads, whose artists go through all there are.
func (l *library) part(i int) (root, artist int) {
	if i%parts == parts-1 {
		return parts - 1, (i / parts) % l.artists
	}
	return i % parts, (i/parts*(parts-1) + i%parts) % l.artists
}

// album writes album i of a library of small files.
func (l *library) album(i int) error {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	part, who := l.part(i)
	artist, name := l.artist(who), l.phrase(r, 1, 3)
	suffix, write := ".mp3", music.Format(music.MP3)
	switch p := r.IntN(100); {
	case p < 3:
		suffix, write = ".wav", music.WAV
	case p < 10:
		suffix, write = ".m4a", music.M4A
	case p < 20:
		suffix, write = ".opus", music.Opus
	case p < 45:
		suffix, write = ".flac", music.FLAC
	}
	folder := filepath.Join(l.dir, filepath.Base(l.roots[part]), artist, fmt.Sprintf("%s (%d)", name, i))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if i%max(1, l.songs/albumSongs/800) == 0 {
		if err := os.WriteFile(filepath.Join(folder, "cover.jpg"), picture(uint64(i), 0), 0o644); err != nil {
			return err
		}
	}
	n := min(albumSongs, l.songs-i*albumSongs)
	release, group, year, genre := uuid(r), uuid(r), 1960+r.IntN(65), genreNames[r.IntN(len(genreNames))]
	known := r.IntN(10) < 6
	whoID := uuid(rand.New(rand.NewPCG(uint64(who), 78)))
	for k := range n {
		t := &music.Tags{Title: l.phrase(r, 1, 4), Artist: artist, Artists: []string{artist}, Album: name, AlbumArtist: artist, Genre: genre, Track: k + 1, Tracks: n, Disc: 1, Year: year}
		if r.IntN(8) == 0 {
			guest := l.artist(r.IntN(l.artists))
			t.Artists = append(t.Artists, guest)
			t.Artist += " feat. " + guest
		}
		recording, track := uuid(r), uuid(r)
		if known {
			t.MB = &music.IDs{Recording: recording, Track: track, Release: release, Group: group, Artist: whoID}
		}
		file := filepath.Join(folder, fmt.Sprintf("%02d %s%s", k+1, t.Title, suffix))
		seed := uint64(i*albumSongs+k)<<20 | uint64(r.IntN(2))
		if err := writePieces(file, write(t, music.Sound{Seed: seed, Size: 12<<10 + r.IntN(12<<10)})); err != nil {
			return err
		}
	}
	return nil
}

// bigTitle is the song of a full-length library that streams are measured
// with; bigSize is how much sound it has.
const (
	bigTitle = "Longplay"
	bigSize  = 32 << 20
)

func (l *library) fullAlbum(i int) error {
	r := rand.New(rand.NewPCG(uint64(i), 2))
	part, who := l.part(i)
	artist, name := l.artist(who), l.phrase(r, 1, 3)
	folder := filepath.Join(l.dir, filepath.Base(l.roots[part]), artist, fmt.Sprintf("%s (%d)", name, i))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	n := min(albumSongs, l.songs-i*albumSongs)
	for k := range n {
		x := i*albumSongs + k
		size := 3<<20 + r.IntN(5<<20)
		t := &music.Tags{Title: l.phrase(r, 1, 4), Artist: artist, Artists: []string{artist}, Album: name, AlbumArtist: artist, Genre: "Rock", Track: k + 1, Tracks: n, Disc: 1, Year: 2001}
		if x/2%2 == 0 {
			t.Picture = picture(uint64(x), 100<<10+r.IntN(2900<<10))
		}
		suffix, write := ".mp3", music.Format(music.MP3)
		switch {
		case x%4 == 1:
			suffix, write = ".flac", music.FLAC
			size *= 4
		case x%12 == 3:
			suffix, write = ".m4a", music.M4A
		case x%12 == 7:
			suffix, write = ".ogg", music.Vorbis
			size = 3 << 20
		case x%12 == 11:
			suffix, write = ".opus", music.Opus
			size = 3 << 20
		}
		if x == 1 {
			t.Title, size = bigTitle, bigSize
		}
		p := write(t, music.Sound{Seed: uint64(x)<<20 | uint64(r.IntN(2)), Size: size})
		if x == 1 {
			for i := range p {
				if p[i].Hole > 0 { // streams are measured on real bytes
					p[i] = music.Piece{Bytes: music.Noise(7, int(p[i].Hole))}
				}
			}
		}
		if err := writePieces(filepath.Join(folder, fmt.Sprintf("%02d %s%s", k+1, t.Title, suffix)), p); err != nil {
			return err
		}
	}
	return nil
}

func writePieces(file string, list []music.Piece) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	var at int64
	for _, p := range list {
		if len(p.Bytes) > 0 {
			if _, err := f.WriteAt(p.Bytes, at); err != nil {
				return errors.Join(err, f.Close())
			}
		}
		at += int64(len(p.Bytes)) + p.Hole
	}
	return f.Close()
}

// basePictures are a few real pictures of 600 by 600.
var basePictures = sync.OnceValue(func() [][]byte {
	var list [][]byte
	for k := range 8 {
		img := image.NewRGBA(image.Rect(0, 0, 600, 600))
		for y := range 600 {
			for x := range 600 {
				img.SetRGBA(x, y, color.RGBA{uint8(x*y>>(k%4+6) + 30*k), uint8(x/(k+2) ^ y/3), uint8(255 - (x+y*k)/8), 255})
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
			panic(err)
		}
		list = append(list, b.Bytes())
	}
	return list
})

// picture returns a JPEG that no other seed gives, of at least size bytes: a
// comment within it makes the difference.
func picture(seed uint64, size int) []byte {
	base := basePictures()[seed%8]
	comment := func(b []byte) []byte {
		return append([]byte{0xff, 0xfe, byte((len(b) + 2) >> 8), byte(len(b) + 2)}, b...)
	}
	out := append([]byte{}, base[:2]...)
	out = append(out, comment(music.Noise(seed, 16))...)
	for size > len(out)+len(base) {
		out = append(out, comment(music.Noise(seed, 60000))...)
	}
	return append(out, base[2:]...)
}
