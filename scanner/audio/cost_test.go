package audio

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestCost holds reads and bytes of full-length files to the floor: 3 reads
// and 200 KiB each on average, identity included, half of them with a picture.
func TestCost(t *testing.T) {
	sound := slices.Concat(xing(9600), mp3Sound(1, 9600)) // 4 MB, 250 s
	plain := sound[417:]
	title := frame4("TIT2", 0, []byte("\x03Title"))
	picture := func(n int) []byte { return frame4("APIC", 0, apic(jpeg(n))) }
	cases := []struct {
		name  string
		file  []byte
		reads int
	}{
		{"bare", plain, 2},
		{"id3v2", slices.Concat(id3v2(4, 0, 1024, title), sound), 2},
		{"id3v2 and id3v1", slices.Concat(id3v2(4, 0, 1024, title), sound, v1("Title")), 2},
		{"ape and id3v1", slices.Concat(sound, ape("Title", "Title"), v1("Title")), 2},
		{"picture of 100 KB", slices.Concat(id3v2(4, 0, 0, title, picture(100_000)), sound), 3},
		{"picture of 1 MB, padding", slices.Concat(id3v2(4, 0, 2048, title, picture(1<<20)), sound), 3},
		{"picture of 3 MB before the texts", slices.Concat(id3v2(4, 0, 2048, picture(3<<20), title), sound, v1("T")), 3},
		{"picture of 60 KB", slices.Concat(id3v2(4, 0, 2048, title, picture(60_000)), sound), 3},
	}
	var reads, bytes int64
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, stats := readBytes(t, "x.mp3", c.file)
			if f.Duration/1000 != 250 || f.BitRate != 128 || f.Identity == "" {
				t.Errorf("duration %d, bit rate %d, identity %q", f.Duration, f.BitRate, f.Identity)
			}
			if stats.Requests > c.reads || stats.Bytes > 200<<10 {
				t.Errorf("%d reads of %d bytes, want at most %d", stats.Requests, stats.Bytes, c.reads)
			}
			reads += int64(stats.Requests)
			bytes += stats.Bytes
		})
	}
	n := int64(len(cases))
	if reads > 3*n || bytes > n*200<<10 {
		t.Errorf("%d files: %d reads, %d bytes", n, reads, bytes)
	}
	t.Logf("%.2f reads and %d KiB a file", float64(reads)/float64(n), bytes/n>>10)
}

// TestCostOther is the same for containers that are not compressed.
func TestCostOther(t *testing.T) {
	sound := noise(5, 4<<20)
	tag := id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03Title")), frame4("APIC", 0, apic(jpeg(1<<20))))
	for name, file := range map[string][]byte{
		"a.wav":  wave(sound, nil, riffChunk("LIST", append([]byte("INFO"), riffChunk("INAM", []byte("Title"))...))),
		"b.wav":  wave(sound, nil, riffChunk("id3 ", tag)),
		"c.aiff": aiffFile(sound, iffChunk("NAME", []byte("Title")), nil),
		"d.aiff": aiffFile(sound, nil, iffChunk("ID3 ", tag)),
	} {
		f, stats := readBytes(t, name, file)
		if f.Title != "Title" || f.Duration != 23777 || stats.Requests > 6 || stats.Bytes > 250<<10 {
			t.Errorf("%s: %q, %d ms, %d reads, %d bytes", name, f.Title, f.Duration, stats.Requests, stats.Bytes)
		}
	}
}

// TestIdentity holds that identity follows the sound and nothing else.
func TestIdentity(t *testing.T) {
	big := jpeg(1 << 20)
	title := frame4("TIT2", 0, []byte("\x03Other title"))
	tag := id3v2(4, 0, 512, title, frame4("APIC", 0, apic(big)))
	mp3 := func(seed uint64) [][]byte {
		s := mp3Sound(seed, 400)
		return [][]byte{
			s,
			slices.Concat(s, v1("x")),
			slices.Concat(s, ape("Title", "x")),
			slices.Concat(s, ape("Title", "x", "Cover Art (Front)", "a.jpg\x00"+string(big)), v1("x")),
			slices.Concat(id3v2(3, 0, 0, frame3("TIT2", 0, []byte("\x00x"))), s),
			slices.Concat(tag, s), slices.Concat(tag, tag, s, v1("y")),
			slices.Concat(tag, xing(400), s), slices.Concat(xing(400), s, ape("Title", "x")),
			slices.Concat(s, []byte("LYRICSBEGININD0000200LYR00003abc"), []byte("000032LYRICS200"), v1("x")),
			slices.Concat(s, footed(title)),
		}
	}
	wav := func(seed uint64) [][]byte {
		s := noise(seed, 200_000)
		return [][]byte{
			wave(s, nil, nil), wave(s, riffChunk("id3 ", tag), nil), wave(s, nil, riffChunk("id3 ", tag)),
			wave(s, riffChunk("LIST", []byte("INFOINAM\x02\x00\x00\x00x\x00")), nil), slices.Concat(tag, wave(s, nil, nil)),
		}
	}
	aiff := func(seed uint64) [][]byte {
		s := noise(seed, 200_000)
		return [][]byte{aiffFile(s, nil, nil), aiffFile(s, iffChunk("ID3 ", tag), nil), aiffFile(s, nil, iffChunk("ID3 ", tag)), aiffFile(s, iffChunk("NAME", []byte("x")), nil)}
	}
	seen := map[string]string{}
	for name, variants := range map[string]func(uint64) [][]byte{"mp3": mp3, "wav": wav, "aiff": aiff} {
		for seed := range uint64(2) {
			var first string
			for i, file := range variants(1000 * (seed + 1)) {
				f, _ := readBytes(t, "x."+name, file)
				if i == 0 {
					first = f.Identity
					if !strings.HasPrefix(first, name+"-1-") || seen[first] != "" {
						t.Fatalf("%s of %d: identity %q, seen in %q", name, seed, first, seen[first])
					}
					seen[first] = fmt.Sprint(name, seed)
				}
				if f.Identity != first {
					t.Errorf("%s of %d, variant %d: identity %q, want %q; %q", name, seed, i, f.Identity, first, f.Warnings)
				}
			}
		}
	}
}

// footed is an ID3v2.4 tag with a footer, as it stands at the end of a file.
func footed(frames ...[]byte) []byte {
	b := id3v2(4, 0x10, 0, frames...)
	return append(b, append([]byte("3DI"), b[3:10]...)...)
}

// TestIdentityOfSilence tells recordings apart that begin and end in silence
// and are equally long.
func TestIdentityOfSilence(t *testing.T) {
	file := func(seed uint64) []byte {
		quiet := make([]byte, 40_000)
		return wave(slices.Concat(quiet, noise(seed, 120_000), quiet), nil, nil)
	}
	a, _ := readBytes(t, "a.wav", file(1))
	b, _ := readBytes(t, "b.wav", file(2))
	if a.Identity == b.Identity || a.Identity == "" {
		t.Errorf("both are %q", a.Identity)
	}
}
