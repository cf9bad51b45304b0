package audio

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// sane checks what holds for every file, however broken: Read does not panic,
// takes no time or memory to speak of, reads within its budget, and gives out
// clean text and pictures that lie within the file.
func sane(t *testing.T, name string, content []byte) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := spent(t)
	f, stats, err := Read(context.Background(), bytes.NewReader(content), int64(len(content)), name)
	took := spent(t) - begin
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(40<<20+64*len(content)); got > most {
		t.Errorf("allocated %d bytes for %d", got, len(content))
	}
	if took > 3*time.Second {
		t.Errorf("took %v for %d bytes", took, len(content))
	}
	if stats.Bytes > budget || stats.Requests > requests {
		t.Errorf("%d reads of %d bytes", stats.Requests, stats.Bytes)
	}
	if err != nil || f == nil {
		return
	}
	for _, w := range f.Warnings {
		if strings.Contains(w, "the reader failed") {
			t.Error(w)
		}
	}
	for _, s := range texts(f) {
		if !utf8.ValidString(s) || s != clean(s) || isOpen(s) {
			t.Errorf("text %q", s)
		}
	}
	for _, p := range f.Pictures {
		if p.Offset < 0 || p.Length <= 0 || p.Offset+p.Length > int64(len(content)) {
			t.Errorf("picture %+v in %d bytes", p, len(content))
			continue
		}
		_, _, _ = Picture(t.Context(), bytes.NewReader(content), int64(len(content)), p)
	}
	if f.Duration < 0 || f.BitRate < 0 || f.Samples < 0 {
		t.Errorf("properties %+v", f.Properties)
	}
}

// texts returns every text of f.
func texts(f *File) []string {
	t := f.Tags
	list := []string{t.Title, t.TitleSort, t.Subtitle, t.Artist, t.AlbumArtist, t.Album, t.AlbumSort, t.AlbumVersion, t.DiscTitle, t.Movement, t.Language,
		t.Comment, t.Barcode, t.Media, t.ReleaseStatus, t.ReleaseCountry, t.Explicit, t.RecordingID, t.ReleaseTrackID, t.ReleaseID, t.ReleaseGroupID}
	list = slices.Concat(list, t.Artists, t.ArtistSort, t.AlbumArtists, t.AlbumArtistSort, t.Genres, t.Moods, t.Groupings, t.ISRC, t.Labels, t.CatalogNo,
		t.ReleaseTypes, t.ArtistIDs, t.AlbumArtistIDs)
	for _, r := range t.Roles {
		list = append(list, r.Name, r.Sub, r.Sort)
	}
	for _, w := range t.Works {
		list = append(list, w.Name)
	}
	for _, l := range f.Lyrics {
		list = append(list, l.Lang)
		for _, line := range l.Lines {
			list = append(list, line.Text)
		}
	}
	for _, p := range f.Pictures {
		list = append(list, p.MIME)
	}
	if f.Sheet != nil {
		for _, file := range f.Sheet.Files {
			list = append(list, file.Name)
			for _, t := range file.Tracks {
				list = append(list, texts(&File{Tags: t.Tags})...)
			}
		}
	}
	for _, c := range f.Chapters {
		list = append(list, c.Title)
	}
	return append(list, f.Codec, f.ContentType)
}

// seed adds the fixtures with these suffixes.
func seed(f *testing.F, suffixes ...string) {
	f.Helper()
	for _, path := range fixtures(f) {
		if len(suffixes) > 0 && !slices.Contains(suffixes, suffix(path)) {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(content) < 40<<10 {
			f.Add(content)
		}
	}
}

func FuzzRead(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x", content) })
}

func FuzzMP3(f *testing.F) {
	seed(f, "mp3", "mp2")
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.mp3", content) })
}

func FuzzWAV(f *testing.F) {
	seed(f, "wav")
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.wav", content) })
}

func FuzzAIFF(f *testing.F) {
	seed(f, "aiff", "aifc")
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.aiff", content) })
}

// FuzzID3 fuzzes the body of a tag of each version, with and without
// unsynchronisation.
func FuzzID3(f *testing.F) {
	f.Add(byte(2), byte(0), frame2("TT2", []byte("\x00T")))
	f.Add(byte(3), byte(0x80), unsynced(frame3("APIC", 0, apic(jpeg(500)))))
	f.Add(byte(3), byte(0), frame3("TIT2", 0x80, sized(6, deflated([]byte("\x00Title")))))
	f.Add(byte(4), byte(0), slices.Concat(frame4("CTOC", 0, []byte("toc\x00\x03\x01a\x00")), frame4("CHAP", 0, chap("a", 0, 9, frame4("TIT2", 0, []byte("\x03Eins"))))))
	f.Add(byte(4), byte(0x40), slices.Concat([]byte{0, 0, 0, 6, 1, 0}, frame4("TPE1", 3, sized(5, []byte("\x03A\x00B")))))
	f.Add(byte(4), byte(0), slices.Concat(frame4("SYLT", 0, []byte("\x03eng\x02\x01\x00\nHal\x00\x00\x00\x03\xe8")), frame4("RVA2", 0, []byte("t\x00\x01\xfb\x33\x10\x40\x00"))))
	f.Fuzz(func(t *testing.T, version, flags byte, body []byte) {
		if len(body) < 1<<20 {
			sane(t, "x.mp3", slices.Concat(id3v2(2+version%3, flags, 0, body), mp3Sound(1, 4)))
		}
	})
}

// FuzzLyrics3 fuzzes a tag of both versions.
func FuzzLyrics3(f *testing.F) {
	f.Add([]byte("LYRICSBEGIN[00:01]a"), "LYRICSEND", true)
	f.Add([]byte("LYRICSBEGINLYR00003abcETT00002de"), "000032LYRICS200", false)
	f.Fuzz(func(t *testing.T, body []byte, end string, old bool) {
		if len(body) > 1<<20 || len(end) > 100 {
			return
		}
		file := slices.Concat(mp3Sound(1, 4), body, []byte(end))
		if old {
			file = append(file, v1("old")...)
		}
		sane(t, "x.mp3", file)
	})
}

// FuzzAPE fuzzes the items of a tag.
func FuzzAPE(f *testing.F) {
	whole := ape("Title", "x", "Artist", "a\x00b", "Cover Art (Front)", "f.jpg\x00\xff\xd8\xff")
	f.Add(uint32(len(whole)-32), uint32(3), whole[32:len(whole)-32])
	f.Add(uint32(0xffffffff), uint32(0xffffffff), []byte("x"))
	f.Fuzz(func(t *testing.T, size, count uint32, items []byte) {
		footer := append([]byte("APETAGEX\xd0\x07\x00\x00"), byte(size), byte(size>>8), byte(size>>16), byte(size>>24), byte(count), byte(count>>8), byte(count>>16), byte(count>>24))
		footer = append(footer, make([]byte, 12)...)
		sane(t, "x.mp3", slices.Concat(mp3Sound(1, 4), items, footer))
	})
}

// TestBroken reads every fixture cut short, with bytes changed, with absurd
// sizes in its headers, and under the suffix of another.
func TestBroken(t *testing.T) {
	for _, path := range fixtures(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(content); n += 1 + len(content)/60 {
			sane(t, path, content[:n])
			sane(t, path, content[n:])
		}
		for n := 0; n+4 < min(len(content), 4000); n += 23 {
			changed := bytes.Clone(content)
			copy(changed[n:], "\xff\xff\xff\xff")
			sane(t, path, changed)
			copy(changed[n:], "\x00\x00\x00\x00")
			sane(t, path, changed)
		}
		for _, name := range []string{"x.mp3", "x.flac", "x.ogg", "x.m4a", "x.wav", "x.aiff", "x"} {
			f, _ := readBytes(t, name, content)
			if g, _ := readBytes(t, path, content); g.Container != f.Container || g.Identity != f.Identity {
				t.Errorf("%s as %s: a %s with %s, want %s with %s", path, name, f.Container, f.Identity, g.Container, g.Identity)
			}
		}
	}
}

// TestHuge reads files whose tags are large and repetitive: none may cost
// more than a moment.
func TestHuge(t *testing.T) {
	many := func(n int, frame []byte) []byte { return id3v2(4, 0, 0, bytes.Repeat(frame, n)) }
	for name, tag := range map[string][]byte{
		"frames":       many(200_000, frame4("TPE1", 0, []byte("\x03A"))),
		"names":        many(1, bytes.Repeat([]byte{0}, 10)),
		"genres":       id3v2(4, 0, 0, frame4("TCON", 0, []byte("\x03"+strings.Repeat("(1)", 600_000)))),
		"zeros":        id3v2(4, 0, 0, frame4("TPE1", 0, append([]byte{1}, make([]byte, 2<<20)...))),
		"unsync":       id3v2(3, 0x80, 0, bytes.Repeat([]byte{0xff, 0}, 4<<20)),
		"unsync frame": id3v2(3, 0x80, 0, frame3("APIC", 0, apic(bytes.Repeat([]byte{0xff, 0}, 4<<20)))),
		"comment":      id3v2(4, 0, 0, frame4("COMM", 0, append([]byte("\x03eng\x00"), bytes.Repeat([]byte("\xf0\x9f\x8e\xb5"), 3<<20)...))),
		"inflated":     id3v2(4, 0, 0, bytes.Repeat(frame4("TIT2", 9, sized(0, deflated(make([]byte, 8<<20)))), 50)),
		"ids":          id3v2(4, 0, 0, frame4("TXXX", 0, []byte("\x03MusicBrainz Artist Id\x00"+strings.Repeat("9d2e4f10-8a6b-4c3d-9e1f-01234567890", 30_000)))),
		"performers":   id3v2(4, 0, 0, frame4("TMCL", 0, []byte("\x03"+strings.Repeat("((\x00)))\x00", 200_000)))),
		"words":        id3v2(4, 0, 0, frame4("SYLT", 0, []byte("\x03eng\x02\x01\x00\n"+strings.Repeat("a\x00\x00\x00\x01\x01", 300_000)))),
		"tags":         bytes.Repeat(id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03T"))), 1000),
	} {
		t.Run(name, func(t *testing.T) { sane(t, "x.mp3", slices.Concat(tag, mp3Sound(1, 5))) })
	}
	t.Run("picture of 100 MB", func(t *testing.T) {
		const gap = 100 << 20
		head := id3v2(3, 0, 0, frame3("APIC", 0, apic(nil)))
		copy(head[6:], safe4(len(head)-10+gap))
		binary.BigEndian.PutUint32(head[14:], uint32(len(head)-20+gap))
		file := holed{head, gap, mp3Sound(1, 50)}
		f, stats, err := Read(context.Background(), file, file.size(), "x.mp3")
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Pictures) != 1 || f.Duration == 0 || stats.Requests > 3 {
			t.Errorf("%d pictures, %d ms, %d reads; %q", len(f.Pictures), f.Duration, stats.Requests, f.Warnings)
		}
	})
}

// holed is an object with zeros between two parts.
type holed struct {
	head []byte
	gap  int64
	rest []byte
}

func (h holed) size() int64 { return int64(len(h.head)) + h.gap + int64(len(h.rest)) }

func (h holed) ReadAt(p []byte, off int64) (int, error) {
	n := int64(0)
	for ; n < int64(len(p)) && off+n < h.size(); n++ {
		p[n] = 0
		if at := off + n; at < int64(len(h.head)) {
			p[n] = h.head[at]
		} else if at -= int64(len(h.head)) + h.gap; at >= 0 {
			p[n] = h.rest[at]
		}
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// TestStoreFails tells a failing store from a broken file.
func TestStoreFails(t *testing.T) {
	content, err := os.ReadFile("testdata/id3v24.mp3")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Read(ctx, bytes.NewReader(content), int64(len(content)), "x.mp3"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
	// The object shrank since it was listed.
	if _, _, err := Read(context.Background(), bytes.NewReader(content[:100]), int64(len(content)), "x.mp3"); err == nil {
		t.Error("no error where the object is shorter than the store says")
	}
}
