package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/meta"
	"golang.org/x/sync/errgroup"
)

// digest returns the size and hash of every file below dir.
func digest(t *testing.T, dir string) (files map[string][32]byte, size int64) {
	t.Helper()
	files = map[string][32]byte{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		name, _ := filepath.Rel(dir, p)
		files[name] = sha256.Sum256(b)
		size += int64(len(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, size
}

func TestMake(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "demo"), filepath.Join(t.TempDir(), "demo")
	var g errgroup.Group
	for _, dir := range []string{one, two} {
		g.Go(func() error { return Make(context.Background(), dir) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	files, size := digest(t, one)
	again, _ := digest(t, two)
	if size > 30<<20 {
		t.Errorf("the library has %d bytes, want less than 30 MiB", size)
	}
	if len(files) != 9 {
		t.Errorf("there are %d files, want 8 songs and a cover", len(files))
	}
	for name, sum := range files {
		if again[name] != sum {
			t.Errorf("%s is not the same when made twice", name)
		}
	}
	var seconds float64
	for name := range files {
		b, err := os.ReadFile(filepath.Join(one, name))
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Ext(name) {
		case ".flac":
			seconds += checkFLAC(t, name, b)
		case ".wav":
			if !bytes.HasPrefix(b, []byte("RIFF")) || string(b[8:12]) != "WAVE" || !bytes.Contains(b, []byte("id3 ")) {
				t.Errorf("%s is no tagged WAV", name)
			}
			seconds += float64(len(b)) / (rate * 4)
		case ".aiff":
			if !bytes.HasPrefix(b, []byte("FORM")) || string(b[8:12]) != "AIFF" || !bytes.Contains(b, []byte("ID3 ")) {
				t.Errorf("%s is no tagged AIFF", name)
			}
			seconds += float64(len(b)) / (rate * 4)
		}
	}
	if seconds < 120 || seconds > 320 {
		t.Errorf("there are %.0f s of music, want a few minutes", seconds)
	}

	// What is there already is left alone.
	kept := filepath.Join(one, "mine.txt")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Make(context.Background(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

// checkFLAC decodes a file and returns its length in seconds.
func checkFLAC(t *testing.T, name string, b []byte) float64 {
	t.Helper()
	s, err := flac.Parse(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	tags := map[string]int{}
	for _, block := range s.Blocks {
		switch body := block.Body.(type) {
		case *meta.VorbisComment:
			for _, tag := range body.Tags {
				tags[tag[0]]++
			}
		case *meta.Picture:
			tags["picture"]++
		}
	}
	for _, want := range []string{"TITLE", "ALBUM", "ALBUMARTIST", "ARTIST", "ARTISTS", "GENRE", "DATE", "TRACKNUMBER", "DISCNUMBER"} {
		if tags[want] == 0 {
			t.Errorf("%s has no %s", name, want)
		}
	}
	if tags["picture"] == 0 && filepath.Base(filepath.Dir(name)) != "Weekday Machines" {
		t.Errorf("%s has no picture", name)
	}
	var n, loud int
	var power float64
	for {
		f, err := s.ParseNext()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, v := range f.Subframes[0].Samples {
			n++
			power += float64(v) * float64(v)
			if v > 32000 || v < -32000 {
				loud++
			}
		}
	}
	if uint64(n) != s.Info.NSamples || s.Info.MD5sum == [16]byte{} {
		t.Errorf("%s: %d samples decoded, %d promised, MD5 %x", name, n, s.Info.NSamples, s.Info.MD5sum)
	}
	if rms := math.Sqrt(power / float64(n)); rms < 1000 || loud > 0 {
		t.Errorf("%s: loudness %.0f, %d samples near the limit", name, rms, loud)
	}
	return float64(n) / rate
}

func TestMakeStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "demo")
	if err := Make(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
