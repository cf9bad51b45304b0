package audio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// readBytes reads content as an object of that name.
func readBytes(t testing.TB, name string, content []byte) (*File, Stats) {
	t.Helper()
	f, stats, err := Read(context.Background(), bytes.NewReader(content), int64(len(content)), name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f, stats
}

// fixtures returns the audio files of testdata: those with a .json beside them.
func fixtures(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob("testdata/*.json")
	if err != nil || len(list) < 15 {
		t.Fatalf("%d fixtures, %v", len(list), err)
	}
	for i := range list {
		list[i] = strings.TrimSuffix(list[i], ".json")
	}
	return list
}

// TestFixtures compares what Read finds with what the fixtures' script put in.
func TestFixtures(t *testing.T) {
	for _, path := range fixtures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			described, err := os.ReadFile(path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := json.Unmarshal(described, &want); err != nil {
				t.Fatal(err)
			}
			f, _ := readBytes(t, path, content)
			got := fields(t, f)
			for name, w := range want {
				switch name {
				case "Seconds":
					if g := float64(f.Duration) / 1000; math.Abs(g-w.(float64)) > 0.03 {
						t.Errorf("duration %.3f s, want %.3f", g, w)
					}
				case "SameAs":
					other, err := os.ReadFile(filepath.Join("testdata", w.(string)))
					if err != nil {
						t.Fatal(err)
					}
					if o, _ := readBytes(t, w.(string), other); o.Identity != f.Identity {
						t.Errorf("identity %q, want that of %s, %q", f.Identity, w, o.Identity)
					}
				case "Pictures":
					checkPictures(t, f, content, w.([]any))
				default:
					if !reflect.DeepEqual(got[name], w) {
						t.Errorf("%s\n got %v\nwant %v", name, got[name], w)
					}
				}
			}
			if f.Identity == "" || f.ContentType == "" || f.BitRate == 0 {
				t.Errorf("identity %q, content type %q, bit rate %d", f.Identity, f.ContentType, f.BitRate)
			}
			if len(f.Warnings) > 0 {
				t.Errorf("warnings: %q", f.Warnings)
			}
		})
	}
}

// fields returns f as JSON values by the names of its fields.
func fields(t testing.TB, f *File) map[string]any {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// checkPictures compares the pictures of f, read by their references, with
// what is wanted.
func checkPictures(t *testing.T, f *File, content []byte, want []any) {
	t.Helper()
	if len(f.Pictures) != len(want) {
		t.Fatalf("%d pictures, want %d: %+v", len(f.Pictures), len(want), f.Pictures)
	}
	for i, w := range want {
		w, p := w.(map[string]any), f.Pictures[i]
		if p.MIME != w["MIME"] || float64(p.Type) != w["Type"] {
			t.Errorf("picture %d: type %d of %q, want %v", i, p.Type, p.MIME, w)
		}
		b, _, err := Picture(t.Context(), bytes.NewReader(content), int64(len(content)), p)
		if err != nil {
			t.Errorf("picture %d: %v", i, err)
			continue
		}
		sum := sha256.Sum256(b)
		if hex.EncodeToString(sum[:]) != w["SHA256"] {
			t.Errorf("picture %d: %d other bytes", i, len(b))
		}
	}
}

func TestReadUnknown(t *testing.T) {
	for name, content := range map[string]string{
		"empty.mp3": "", "text.mp3": "This is no music at all, and long enough.", "short.wav": "RIFF", "zeros.flac": strings.Repeat("\x00", 1<<17),
	} {
		_, _, err := Read(context.Background(), strings.NewReader(content), int64(len(content)), name)
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v, want ErrUnknown", name, err)
		}
	}
}
