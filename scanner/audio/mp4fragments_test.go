package audio

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"testing"
)

// fragmentOf is a moof box of one run of 100 samples of 1,024 frames each, and
// its sound.
func fragmentOf(time uint64, sound []byte) []byte {
	u32 := binary.BigEndian.AppendUint32
	traf := atom("traf", atom("tfhd", u32(nil, 8), u32(nil, 0), u32(nil, 1024)), atom("tfdt", u32(nil, 1<<24), binary.BigEndian.AppendUint64(nil, time)), atom("trun", u32(nil, 0), u32(nil, 100)))
	return slices.Concat(atom("moof", atom("mfhd", make([]byte, 8)), traf), atom("mdat", sound))
}

// TestFragmentsFromBehind finds the last fragment of a long file in a few
// reads; other tags leave its identity, other sound at the end does not.
func TestFragmentsFromBehind(t *testing.T) {
	file := func(seed uint64, title string, free int) []byte {
		parts := [][]byte{ftyp, moovBox(0, 0, item("\xa9nam", 1, []byte(title))), atom("free", make([]byte, free))}
		for i := range 100 {
			s := uint64(i)
			if i == 99 {
				s += seed
			}
			parts = append(parts, fragmentOf(uint64(i)*102400, noise(s, 37_000)))
		}
		return slices.Concat(parts...)
	}
	f, stats := readBytes(t, "x.m4a", file(0, "Title", 0))
	const ms = 100 * 102400 * 1000 / 44100
	if f.Title != "Title" || f.Duration < ms-1 || f.Duration > ms+1 || stats.Requests > 4 || stats.Bytes > 250<<10 || len(f.Warnings) > 0 {
		t.Errorf("title %q, %d ms, want %d, %d reads of %d bytes, %q", f.Title, f.Duration, ms, stats.Requests, stats.Bytes, f.Warnings)
	}
	if g, _ := readBytes(t, "x.m4a", file(0, text(5000), 100_000)); g.Identity != f.Identity {
		t.Errorf("identity %q with other tags, want %q", g.Identity, f.Identity)
	}
	if g, _ := readBytes(t, "x.m4a", file(5000, "Title", 0)); g.Identity == f.Identity {
		t.Error("other sound has the same identity")
	}
}

// TestDamagedFragments cuts and changes files of fragments everywhere.
func TestDamagedFragments(t *testing.T) {
	for _, name := range []string{"mfra.mp4", "live.mp4"} {
		file, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for n := range file {
			sane(t, name, file[:n])
		}
		for n := 0; n+4 < len(file); n += 4 {
			if bytes.Equal(file[n:n+4], []byte{0, 0, 0, 0}) || n%16 == 0 {
				sane(t, name, edited(file, n, 0xff, 0xff, 0xff, 0xff))
				sane(t, name, edited(file, n, 0x7f, 0, 0, 0))
			}
		}
	}
}
