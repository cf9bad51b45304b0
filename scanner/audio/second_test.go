package audio

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSecond asks for a second opinion on a tag that we do not follow, and on
// inputs that make github.com/dhowden/tag fail.
func TestSecond(t *testing.T) {
	for name, file := range map[string][]byte{
		"no frames":   slices.Concat(id3v2(3, 0, 100), mp3Sound(1, 5)),
		"size 2 GB":   slices.Concat(id3v2(3, 0, 0, append([]byte("XXXX\x7f\xff\xff\xff\x00\x00"), noise(1, 200)...)), mp3Sound(1, 5000)),
		"unsync":      slices.Concat(id3v2(3, 0x80, 0, append([]byte("GEOB\x00\x10\x00\x00\x00\x00"), make([]byte, 1<<20)...)), mp3Sound(1, 5)),
		"bad genres":  slices.Concat(id3v2(4, 0x40, 0, []byte{0x7f, 0x7f, 0x7f, 0x7f}, frame4("TCON", 0, []byte("\x03"+strings.Repeat("(1)", 4000)))), mp3Sound(1, 5)),
		"ftyp alone":  append([]byte("\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00"), noise(3, 500)...),
		"text typed":  []byte("\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00\x00\x00\x00\x40moov\x00\x00\x00\x38udta\x00\x00\x00\x30meta\x00\x00\x00\x00\x00\x00\x00\x24ilst\x00\x00\x00\x1c\xa9nam\x00\x00\x00\x14data\x00\x00\x00\x15\x00\x00\x00\x00abcd"),
		"atom size 0": []byte("\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00\x00\x00\x00\x00moov\x00\x00\x00\x04udta"),
	} {
		t.Run(name, func(t *testing.T) { sane(t, "x.mp3", file) })
		s := NewSource(context.Background(), bytes.NewReader(file), int64(len(file)))
		f := &File{Container: "mp4"} // ask, whatever our own reader found
		second(s, f, values{})
		if s.Stats().Bytes > secondBudget+blockSize+tailSize {
			t.Errorf("%s: read %d bytes", name, s.Stats().Bytes)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, path := range fixtures(b) {
		content, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(strings.TrimPrefix(path, "testdata/"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Read(context.Background(), bytes.NewReader(content), int64(len(content)), path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
