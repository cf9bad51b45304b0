package audio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// TestSource reads ranges in any order and compares them with the content.
func TestSource(t *testing.T) {
	content := noise(1, 1<<20)
	s := NewSource(context.Background(), bytes.NewReader(content), int64(len(content)))
	defer s.release()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		off, n := r.IntN(len(content)), r.IntN(100_000)
		want := content[off:min(off+n, len(content))]
		got, err := s.Ahead(int64(off), n, r.IntN(100_000))
		if errors.Is(err, ErrBudget) {
			break
		}
		if !bytes.Equal(got, want) || (err != nil) != (len(want) < n) {
			t.Fatalf("%d+%d: %d bytes, %v", off, n, len(got), err)
		}
	}
	if stats := s.Stats(); stats.Requests < 5 || stats.Bytes > budget {
		t.Errorf("%+v", stats)
	}
}

func TestSourceEnds(t *testing.T) {
	s := NewSource(context.Background(), bytes.NewReader([]byte("0123456789")), 10)
	for _, tt := range []struct {
		off  int64
		n    int
		want string
		err  error
	}{{0, 3, "012", nil}, {8, 2, "89", nil}, {8, 3, "89", io.ErrUnexpectedEOF}, {10, 1, "", io.EOF}, {10, 0, "", nil}, {99, 1, "", io.EOF}, {-1, 1, "", io.ErrUnexpectedEOF}, {0, -1, "", io.ErrUnexpectedEOF}} {
		if b, err := s.Bytes(tt.off, tt.n); string(b) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%d+%d: %q, %v", tt.off, tt.n, b, err)
		}
	}
	if b, off, err := s.Tail(4); string(b) != "6789" || off != 6 || err != nil {
		t.Errorf("tail %q at %d, %v", b, off, err)
	}
	if s.Stats().Requests != 1 {
		t.Errorf("%+v", s.Stats())
	}
	if err := iotest.TestReader(s.ReadSeeker(), []byte("0123456789")); err != nil {
		t.Error(err)
	}
}

// TestBudget stops a file that leads from place to place.
func TestBudget(t *testing.T) {
	big := bytes.NewReader(make([]byte, 64<<20))
	s := NewSource(context.Background(), big, big.Size())
	var err error
	for off := int64(0); err == nil && off < big.Size(); off += 100_000 {
		_, err = s.Near(off, 10)
	}
	if !errors.Is(err, ErrBudget) || s.Err() != nil {
		t.Errorf("many reads: %v, %v", err, s.Err())
	}
	s = NewSource(context.Background(), big, big.Size())
	if _, err := s.Bytes(0, budget+1); !errors.Is(err, ErrBudget) {
		t.Errorf("a large read: %v", err)
	}
}

func TestSuffixes(t *testing.T) {
	for suffix, f := range formats {
		if !IsAudio(suffix) || ContentType(suffix) == "" || contentTypes[f.container] == "" && f.container != "" {
			t.Errorf("%s: %+v", suffix, f)
		}
		if (Reader(suffix) > 0) != (f.container != "") {
			t.Errorf("%s: reader %d for container %q", suffix, Reader(suffix), f.container)
		}
	}
	if IsAudio("txt") || ContentType("jpg") != "" || Reader("tak") != 0 {
		t.Error("what is no audio is taken for it")
	}
}
