package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// music is a folder of music.
type music struct {
	t   *testing.T
	dir string
}

func newMusic(t *testing.T) *music {
	t.Helper()
	m := &music{t, filepath.Join(folder(t), "music")}
	m.mkdir("")
	return m
}

func (m *music) path(name string) string { return filepath.Join(m.dir, filepath.FromSlash(name)) }

func (m *music) mkdir(name string) {
	m.t.Helper()
	if err := os.MkdirAll(m.path(name), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// write puts a file into the folder.
func (m *music) write(name string, b []byte) {
	m.t.Helper()
	m.mkdir(filepath.Dir(name))
	if err := os.WriteFile(m.path(name), b, 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *music) read(name string) []byte {
	m.t.Helper()
	b, err := os.ReadFile(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}

func (m *music) move(from, to string) {
	m.t.Helper()
	m.mkdir(filepath.Dir(to))
	if err := os.Rename(m.path(from), m.path(to)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *music) remove(name string) {
	m.t.Helper()
	if err := os.RemoveAll(m.path(name)); err != nil {
		m.t.Fatal(err)
	}
}

// fixtures is where the files with every kind of tag are.
const fixtures = "../../scanner/audio/testdata"

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(fixtures, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put copies a fixture into the folder.
func (m *music) put(from, to string) {
	m.t.Helper()
	m.write(to, fixture(m.t, from))
}

// track is an MP3 file that a test makes.
type track struct {
	title, artist, album, albumArtist, genre string
	number, disc                             int
	sound                                    uint32 // two tracks with the same one sound alike
	picture                                  []byte
}

// mp3 returns the file: a tag by https://id3.org/id3v2.4.0-structure and the
// frames of a fixture, in which a few bytes make the sound its own.
func (tr track) mp3(t *testing.T) []byte {
	t.Helper()
	var frames bytes.Buffer
	frame := func(id string, body []byte) {
		frames.WriteString(id)
		frames.Write(syncsafe(len(body)))
		frames.Write([]byte{0, 0})
		frames.Write(body)
	}
	text := func(id, value string) {
		if value != "" {
			frame(id, append([]byte{3}, value...))
		}
	}
	text("TIT2", tr.title)
	text("TPE1", tr.artist)
	text("TALB", tr.album)
	text("TPE2", tr.albumArtist)
	text("TCON", tr.genre)
	if tr.number != 0 {
		text("TRCK", fmt.Sprint(tr.number))
	}
	if tr.disc != 0 {
		text("TPOS", fmt.Sprint(tr.disc))
	}
	if tr.picture != nil {
		frame("APIC", append([]byte("\x03image/jpeg\x00\x03\x00"), tr.picture...))
	}
	audio := fixture(t, "id3v1.mp3")
	audio = bytes.Clone(audio[:len(audio)-128])
	// Each frame is 192 bytes; its sound begins after a header of a few.
	binary.BigEndian.PutUint32(audio[3*192+100:], tr.sound)
	out := append([]byte("ID3\x04\x00\x00"), syncsafe(frames.Len())...)
	return append(append(out, frames.Bytes()...), audio...)
}

// syncsafe is a number of 28 bits in four bytes.
func syncsafe(n int) []byte {
	return []byte{byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}
}

// album writes an album of n different tracks below a folder.
func (m *music) album(dir, artist, album, genre string, sound uint32, n int) {
	m.t.Helper()
	for i := 1; i <= n; i++ {
		tr := track{title: fmt.Sprintf("%s %d", album, i), artist: artist, album: album, albumArtist: artist, genre: genre, number: i, sound: sound<<12 + uint32(i)}
		m.write(fmt.Sprintf("%s/%02d.mp3", dir, i), tr.mp3(m.t))
	}
}
