package audio

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// BenchmarkCutReader reads a part of FLAC, whose frames are numbered anew, to
// its end.
func BenchmarkCutReader(b *testing.B) {
	content := testFLAC(b, bytes.Repeat(pcm(44100, 2, 5*time.Second), 8), 44100, 4096)
	parts, _, _ := cutParts(b, "a.flac", content, 0, 5*time.Second)
	b.SetBytes(parts[1].Size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.Copy(io.Discard, NewCutReader(bytes.NewReader(content), parts[1].Cut)); err != nil {
			b.Fatal(err)
		}
	}
}
