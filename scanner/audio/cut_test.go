package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mewkiz "github.com/mewkiz/flac"
	mewkizframe "github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"

	"github.com/songlocker/songlocker/models"
)

// pcm is sound of some variety, 16 bits: tones that glide, noise, and silence.
func pcm(rate, channels int, length time.Duration) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	n := int(sampleAt(length, int64(rate)))
	out := make([]byte, 0, 2*n*channels)
	for i := range n {
		t := float64(i) / float64(rate)
		for c := range channels {
			v := 9000*math.Sin(2*math.Pi*(200+90*t)*t) + 5000*math.Sin(2*math.Pi*float64(700+50*c)*t)
			switch int(t) % 4 {
			case 1:
				v += 9000 * (rng.Float64() - 0.5)
			case 3:
				v /= 100
			}
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(v)))
		}
	}
	return out
}

// waveFile makes a WAVE file of 16 bits.
func waveFile(sound []byte, rate, channels int) []byte {
	h := append([]byte("RIFF"), 0, 0, 0, 0)
	h = append(h, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	h = binary.LittleEndian.AppendUint16(h, uint16(channels))
	h = binary.LittleEndian.AppendUint32(h, uint32(rate))
	h = binary.LittleEndian.AppendUint32(h, uint32(rate*channels*2))
	h = binary.LittleEndian.AppendUint16(h, uint16(channels*2))
	h = append(h, "\x10\x00data"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(len(sound)))
	h = append(h, sound...)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(h)-8))
	return h
}

// tool runs a command beside a file of this content and returns what it wrote.
func tool(t testing.TB, content []byte, in, out string, command ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, in), content, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, text)
	}
	b, err := os.ReadFile(filepath.Join(dir, out))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ffmpegPCM decodes files of one format as players on the whole do.
func ffmpegPCM(t testing.TB, ext string, files ...[]byte) [][]byte {
	t.Helper()
	dir := t.TempDir()
	command := []string{"-v", "error"}
	for i, b := range files {
		in := fmt.Sprintf("%d%s", i, ext)
		if err := os.WriteFile(filepath.Join(dir, in), b, 0o644); err != nil {
			t.Fatal(err)
		}
		command = append(command, "-i", in)
	}
	for i := range files {
		command = append(command, "-map", fmt.Sprint(i), "-f", "f32le", fmt.Sprintf("%d.raw", i))
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", command...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("ffmpeg says %v: %s", err, text)
	}
	out := make([][]byte, len(files))
	for i := range out {
		var err error
		if out[i], err = os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.raw", i))); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// tools tells whether ffmpeg, flac and lame are there to make and to decode
// music: test/run installs them and says so.
func tools() bool { return os.Getenv("SONGLOCKER_TEST_TOOLS") != "" }

// cutParts cuts content and returns each part's bytes.
func cutParts(t testing.TB, name string, content []byte, starts ...time.Duration) ([]Part, [][]byte, Stats) {
	t.Helper()
	f, _ := readBytes(t, name, content)
	parts, stats, err := Parts(t.Context(), bytes.NewReader(content), int64(len(content)), f, starts)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(parts) != len(starts) {
		t.Fatalf("%s: %d parts of %d", name, len(parts), len(starts))
	}
	var files [][]byte
	for i, p := range parts {
		r := NewCutReader(bytes.NewReader(content), p.Cut)
		b, err := io.ReadAll(r)
		if err != nil || int64(len(b)) != p.Size {
			t.Fatalf("%s, part %d: %d bytes of %d, %v", name, i+1, len(b), p.Size, err)
		}
		files = append(files, b)
	}
	return parts, files, stats
}

// toolCases are files as encoders make them, of sound of that rate.
var toolCases = []struct {
	name           string
	rate, channels int
	command        string
}{
	{"default.flac", 44100, 2, "flac -s in.wav -o out.flac"},
	{"fast, mono.flac", 48000, 1, "flac -s -0 in.wav -o out.flac"},
	{"small blocks.flac", 44100, 2, "flac -s -b 256 --lax in.wav -o out.flac"},
	{"odd blocks and tags.flac", 44100, 2, "flac -s -b 1000 --padding=3000 -T TITLE=x in.wav -o out.flac"},
	{"no seek table.flac", 44100, 2, "flac -s --no-seektable in.wav -o out.flac"},
	{"of ffmpeg.flac", 44100, 2, "ffmpeg -v error -i in.wav out.flac"},
	{"of ffmpeg, 24 bits.flac", 96000, 2, "ffmpeg -v error -i in.wav -sample_fmt s32 out.flac"},
	{"cbr128.mp3", 44100, 2, "lame --quiet -b 128 in.wav out.mp3"},
	{"cbr320.mp3", 44100, 2, "lame --quiet -b 320 in.wav out.mp3"},
	{"cbr32 mono.mp3", 44100, 1, "lame --quiet -m m -b 32 in.wav out.mp3"},
	{"cbr48 with checksums.mp3", 44100, 2, "lame --quiet -p -b 48 in.wav out.mp3"},
	{"vbr.mp3", 44100, 2, "lame --quiet -V 4 in.wav out.mp3"},
	{"abr.mp3", 48000, 2, "lame --quiet --abr 100 in.wav out.mp3"},
	{"no Xing.mp3", 44100, 2, "lame --quiet -t -b 128 in.wav out.mp3"},
	{"vbr without Xing.mp3", 44100, 2, "lame --quiet -t -V 2 in.wav out.mp3"},
	{"MPEG-2.mp3", 22050, 2, "lame --quiet -b 64 in.wav out.mp3"},
	{"MPEG-2 vbr.mp3", 24000, 1, "lame --quiet -V 5 in.wav out.mp3"},
	{"MPEG-2.5.mp3", 8000, 1, "lame --quiet -b 16 in.wav out.mp3"},
	{"of ffmpeg.mp3", 44100, 2, "ffmpeg -v error -i in.wav -b:a 160k out.mp3"},
	{"with tags.mp3", 44100, 2, "lame --quiet -b 128 --add-id3v2 --tt Title --ta Artist in.wav out.mp3"},
}

var toolStarts = []time.Duration{0, 2007 * time.Millisecond, 2400 * time.Millisecond, 4999 * time.Millisecond}

// Decoded by ffmpeg, and joined, the parts are the whole, sample by sample.
func TestPartsJoinedAreTheWhole(t *testing.T) {
	if !tools() {
		return // TestPartsOfFixtures does what can be done without
	}
	for _, c := range toolCases {
		t.Run(c.name, func(t *testing.T) {
			ext := filepath.Ext(c.name)
			content := waveFile(pcm(c.rate, c.channels, 6345*time.Millisecond), c.rate, c.channels)
			content = tool(t, content, "in.wav", "out"+ext, strings.Fields(c.command)...)
			parts, files, _ := cutParts(t, c.name, content, toolStarts...)
			checkParts(t, c.name, parts, files, toolStarts)
			sound := ffmpegPCM(t, ext, append([][]byte{content}, files...)...)
			whole, at, size := sound[0], 0, 4*parts[0].Channels
			for i, raw := range sound[1:] {
				if int64(len(raw)/size) != parts[i].Samples {
					t.Errorf("part %d has %d samples, want %d", i+1, len(raw)/size, parts[i].Samples)
				}
				if at+len(raw) > len(whole) || !bytes.Equal(raw, whole[at:at+len(raw)]) {
					t.Errorf("part %d sounds different: %d bytes from %d of %d%s", i+1, len(raw), at, len(whole), firstDifference(raw, whole[min(at, len(whole)):]))
				}
				at += len(raw)
			}
			if at != len(whole) {
				t.Errorf("the parts have %d bytes of sound, the whole %d", at, len(whole))
			}
			if ext == ".flac" {
				for _, b := range files {
					tool(t, b, "in.flac", "in.flac", "flac", "-s", "-t", "in.flac")
				}
			}
		})
	}
}

// checkParts reads parts as the files that they are.
func checkParts(t *testing.T, name string, parts []Part, files [][]byte, starts []time.Duration) {
	t.Helper()
	for i, b := range files {
		got, _ := readBytes(t, name, b)
		want := parts[i].Properties
		if len(got.Warnings) > 0 || math.Abs(float64(got.Duration-want.Duration)) > 1 || math.Abs(float64(got.BitRate-want.BitRate)) > 0.2*float64(got.BitRate)+20 {
			t.Errorf("part %d: %+v, want %+v; %v", i+1, got.Properties, want, got.Warnings)
		}
		got.Duration, got.BitRate = want.Duration, want.BitRate
		if filepath.Ext(name) == ".mp3" && i == 0 && got.Samples == 0 {
			got.Samples = want.Samples
		}
		if got.Properties != want {
			t.Errorf("part %d: %+v, want %+v", i+1, got.Properties, want)
		}
		if off := parts[i].Start - starts[i]; off.Abs() > 60*time.Millisecond {
			t.Errorf("part %d begins %v off", i+1, off)
		}
	}
}

// firstDifference tells where two sounds begin to differ, and how much.
func firstDifference(a, b []byte) string {
	n, first, most := 0, -1, 0.0
	for i := 0; i+4 <= min(len(a), len(b)); i += 4 {
		x, y := math.Float32frombits(binary.LittleEndian.Uint32(a[i:])), math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))
		if x != y {
			n++
			if first < 0 {
				first = i / 4
			}
			most = max(most, math.Abs(float64(x-y)))
		}
	}
	return fmt.Sprintf("; %d values differ, from %d on, by up to %g", n, first, most)
}

// testFLAC encodes sound of 16 bits and two channels, without compression.
func testFLAC(t testing.TB, sound []byte, rate uint32, block int) []byte {
	t.Helper()
	out := new(seekBuffer)
	info := &meta.StreamInfo{BlockSizeMin: uint16(block), BlockSizeMax: uint16(block), SampleRate: rate, NChannels: 2, BitsPerSample: 16}
	e, err := mewkiz.NewEncoder(out, info)
	if err != nil {
		t.Fatal(err)
	}
	for len(sound) > 0 {
		n := min(len(sound)/4, block)
		f := &mewkizframe.Frame{Header: mewkizframe.Header{HasFixedBlockSize: true, BlockSize: uint16(n), SampleRate: rate, Channels: mewkizframe.ChannelsLR, BitsPerSample: 16}}
		for c := range 2 {
			sub := &mewkizframe.Subframe{SubHeader: mewkizframe.SubHeader{Pred: mewkizframe.PredVerbatim}, NSamples: n}
			for i := range n {
				sub.Samples = append(sub.Samples, int32(int16(binary.LittleEndian.Uint16(sound[4*i+2*c:]))))
			}
			f.Subframes = append(f.Subframes, sub)
		}
		if err := e.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
		sound = sound[4*n:]
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.b
}

// seekBuffer is a file in memory.
type seekBuffer struct {
	b  []byte
	at int64
}

func (s *seekBuffer) Write(p []byte) (int, error) {
	if need := s.at + int64(len(p)); need > int64(len(s.b)) {
		s.b = append(s.b, make([]byte, need-int64(len(s.b)))...)
	}
	s.at += int64(copy(s.b[s.at:], p))
	return len(p), nil
}

func (s *seekBuffer) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += s.at
	case io.SeekEnd:
		off += int64(len(s.b))
	}
	s.at = off
	return off, nil
}

// decodeFLAC decodes 16 bits.
func decodeFLAC(t testing.TB, b []byte) []byte {
	t.Helper()
	s, err := mewkiz.New(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for n := uint64(0); ; n++ {
		f, err := s.ParseNext()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil || f.Num != n {
			t.Fatalf("frame %d says it is %d: %v", n, f.Num, err)
		}
		for i := range f.Subframes[0].NSamples {
			for _, sub := range f.Subframes {
				out = binary.LittleEndian.AppendUint16(out, uint16(sub.Samples[i]))
			}
		}
	}
}

// Without tools: WAVE bytes, and FLAC encoded and decoded by other hands.
func TestPartsOfWAVEAndFLAC(t *testing.T) {
	sound := pcm(44100, 2, 6345*time.Millisecond)
	for name, content := range map[string][]byte{"a.wav": waveFile(sound, 44100, 2), "a.flac": testFLAC(t, sound, 44100, 576), "b.flac": testFLAC(t, sound, 44100, 4096), "c.flac": testFLAC(t, sound, 44100, 16)} {
		parts, files, _ := cutParts(t, name, content, toolStarts...)
		checkParts(t, name, parts, files, toolStarts)
		var joined []byte
		for i, b := range files {
			raw := b[44:]
			if filepath.Ext(name) == ".flac" {
				raw = decodeFLAC(t, b)
			}
			if int64(len(raw)) != 4*parts[i].Samples {
				t.Errorf("%s, part %d: %d bytes of sound for %d samples", name, i+1, len(raw), parts[i].Samples)
			}
			joined = append(joined, raw...)
		}
		if !bytes.Equal(joined, sound) {
			t.Errorf("%s: joined, the parts are not the whole", name)
		}
	}
}

// mainData returns the data of layer III frame by frame, as a decoder sees it:
// from where it begins, out of this frame and those before it; nil where it
// is not all there.
func mainData(t *testing.T, b []byte) [][]byte {
	t.Helper()
	var pool []byte
	var out [][]byte
	for len(b) >= 4 {
		h, ok := parseFrame(b)
		if !ok || h.size > len(b) {
			t.Fatalf("frame %d is none", len(out))
		}
		side := 4 + h.side
		if b[1]&1 == 0 {
			side += 2
		}
		back := mainDataBegin(b, h)
		var data []byte
		if back <= len(pool) {
			data = append(bytes.Clone(b[4:side]), pool[len(pool)-back:]...)
			data = append(data, b[side:h.size]...)
		}
		out = append(out, data)
		pool = append(pool, b[side:h.size]...)
		b = b[h.size:]
	}
	return out
}

// Without tools: every frame of an MP3 is in one part with all the data that
// it refers to, two frames before it, and the frame that tells how much of
// that to skip.
func TestPartsOfMP3(t *testing.T) {
	for _, name := range []string{"testdata/id3v24.mp3", "testdata/vbr-mono22.mp3", "testdata/reservoir.mp3"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := readBytes(t, name, content)
		at := time.Duration(f.Duration) * time.Millisecond / 2
		parts, files, _ := cutParts(t, name, content, 0, at)
		checkParts(t, name, parts, files, []time.Duration{0, at})
		end := int64(len(content))
		start := parts[0].From
		want := mainData(t, content[start:parts[1].To])
		first, second := mainData(t, files[0])[1:], mainData(t, files[1])[1:]
		skip := 0
		for skip*f.SampleRate >= 0 && skip < len(second) && len(first)+len(second)-skip > len(want) {
			skip++
		}
		h, _ := parseFrame(files[1])
		if skip < warmUp || skip > warmUp+1 || skip*h.samples != parts[1].Delay+decoderDelay {
			t.Errorf("%s: %d frames before the sound, and %d samples to skip", name, skip, parts[1].Delay+decoderDelay)
		}
		for i, w := range want {
			got, warm := []byte(nil), []byte(nil)
			if i < len(first) {
				got = first[i]
			} else {
				got = second[i-len(first)+skip]
			}
			if k := i - len(first) + skip; k >= skip-warmUp && k < skip {
				warm = second[k]
				if !bytes.Equal(warm, w) {
					t.Errorf("%s: frame %d is not there to warm up", name, i)
				}
			}
			if w == nil || !bytes.Equal(got, w) {
				t.Errorf("%s: frame %d of %d has %d bytes of data, want %d", name, i, len(want), len(got), len(w))
			}
		}
		if parts[1].To > end {
			t.Errorf("%s: the end is %d of %d", name, parts[1].To, end)
		}
	}
}

// Bytes of a part are the same from wherever they are read.
func TestCutReaderSeeks(t *testing.T) {
	const s = time.Second
	sound := pcm(44100, 2, 7*s)
	mp3, err := os.ReadFile("testdata/reservoir.mp3")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for name, c := range map[string]struct {
		content []byte
		starts  []time.Duration
	}{
		"a.flac": {testFLAC(t, sound, 44100, 256), []time.Duration{0, 2 * s, 6 * s}},
		"a.mp3":  {mp3, []time.Duration{0, s, 2 * s}},
		"a.wav":  {waveFile(sound, 44100, 2), []time.Duration{0, 2 * s, 6 * s}},
	} {
		parts, files, _ := cutParts(t, name, c.content, c.starts...)
		for i, p := range parts {
			r := NewCutReader(bytes.NewReader(c.content), p.Cut)
			for range 100 {
				from := rng.Int64N(p.Size)
				n := rng.Int64N(min(p.Size-from, 50_000)) + 1
				if _, err := r.Seek(from, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, n)
				if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, files[i][from:from+n]) {
					t.Fatalf("%s, part %d: %d bytes from %d differ: %v", name, i+1, n, from, err)
				}
			}
			if end, err := r.Seek(0, io.SeekEnd); end != p.Size || err != nil {
				t.Errorf("%s: the end is %d of %d: %v", name, end, p.Size, err)
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("%s: behind the end: %d %v", name, n, err)
			}
			// Another object in its place is an error and no noise.
			if p.Kind == models.CutFLAC {
				other := bytes.Clone(c.content)
				for i := p.From + 5000; i < p.To; i += 1000 {
					other[i]++
				}
				if _, err := io.ReadAll(NewCutReader(bytes.NewReader(other), p.Cut)); err == nil {
					t.Errorf("%s: a changed object is not noticed", name)
				}
			}
		}
	}
}

func TestPartsRefuse(t *testing.T) {
	const s = time.Second
	raw := pcm(44100, 2, 6*s)
	sound, flac := waveFile(raw, 44100, 2), testFLAC(t, raw, 44100, 4096)
	mp3, err := os.ReadFile("testdata/reservoir.mp3")
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(flac)
	copy(damaged[len(damaged)-3000:], make([]byte, 2000))
	variable := bytes.Clone(flac)
	variable[11]++ // the largest block is not that of the first frame
	ogg, err := os.ReadFile("testdata/full.ogg")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		name    string
		content []byte
		starts  []time.Duration
		reason  string
	}{
		"behind the end":         {"a.flac", flac, []time.Duration{0, 7 * s}, "begins at 7s, where the sound has ended"},
		"backwards":              {"a.wav", sound, []time.Duration{0, 3 * s, 2 * s}, "track 3 does not begin after"},
		"one track":              {"a.wav", sound, []time.Duration{0}, "one track"},
		"two in one frame":       {"a.flac", flac, []time.Duration{0, 2 * s, 2*s + time.Millisecond}, "shorter than a frame"},
		"two in one frame, MP3":  {"a.mp3", mp3, []time.Duration{0, 2 * s, 2*s + time.Millisecond}, "shorter than a frame"},
		"hardly any sound, MP3":  {"a.mp3", mp3, []time.Duration{0, 10 * time.Millisecond}, "shorter than"},
		"a truncated FLAC":       {"a.flac", flac[:len(flac)/2], []time.Duration{0, 2 * s}, "damaged"},
		"a damaged end of FLAC":  {"a.flac", damaged, []time.Duration{0, 2 * s}, "damaged"},
		"blocks of several size": {"a.flac", variable, []time.Duration{0, 2 * s}, "several sizes"},
		"Ogg":                    {"full.ogg", ogg, []time.Duration{0, s / 10}, "ogg can't be cut"},
	} {
		f, _ := readBytes(t, c.name, c.content)
		parts, _, err := Parts(t.Context(), bytes.NewReader(c.content), int64(len(c.content)), f, c.starts)
		if !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %d parts, %v", name, len(parts), err)
		}
	}
}

// Tags behind the sound are in no part.
func TestPartsWithoutTrailers(t *testing.T) {
	const s = time.Second
	flac := testFLAC(t, pcm(44100, 2, 6*s), 44100, 4096)
	_, want, _ := cutParts(t, "a.flac", flac, 0, 2*s)
	tagged := append(bytes.Clone(flac), append([]byte("TAG"), make([]byte, 125)...)...)
	_, got, _ := cutParts(t, "a.flac", tagged, 0, 2*s)
	for i := range want {
		if !bytes.Equal(want[i], got[i]) {
			t.Errorf("part %d: %d bytes, want %d", i+1, len(got[i]), len(want[i]))
		}
	}
}

// A long object is cut by ranged reads.
func TestPartsCostLittle(t *testing.T) {
	const s = time.Second
	sound := bytes.Repeat(pcm(44100, 2, 5*s), 12)
	var starts []time.Duration
	for i := range 12 {
		starts = append(starts, time.Duration(i)*5*s)
	}
	content := map[string][]byte{"a.flac": testFLAC(t, sound, 44100, 4096), "a.wav": waveFile(sound, 44100, 2)}
	if tools() {
		content["b.flac"] = tool(t, content["a.wav"], "in.wav", "out.flac", "flac", "-s", "--no-seektable", "in.wav", "-o", "out.flac")
		content["a.mp3"] = tool(t, content["a.wav"], "in.wav", "out.mp3", "lame", "--quiet", "-f", "-b", "192", "in.wav", "out.mp3")
	}
	for name, b := range content {
		_, _, stats := cutParts(t, name, b, starts...)
		if stats.Bytes > 12*64<<10 || stats.Requests > 8*len(starts) {
			t.Errorf("%s: %d requests, %d of %d bytes", name, stats.Requests, stats.Bytes, len(b))
		}
		t.Logf("%s: %d requests, %d of %d bytes", name, stats.Requests, stats.Bytes, len(b))
	}
}

// FuzzParts cuts what is hardly music: whatever comes out can be read to its
// end, in bounded time and memory.
func FuzzParts(f *testing.F) {
	sound := pcm(8000, 2, time.Second)
	f.Add(testFLAC(f, sound, 8000, 64), uint16(400))
	f.Add(waveFile(sound, 8000, 2), uint16(300))
	for _, name := range []string{"testdata/reservoir.mp3", "testdata/vbr-mono22.mp3", "testdata/full.flac"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(100))
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		file, _, err := Read(t.Context(), bytes.NewReader(b), int64(len(b)), "a.mp3")
		if err != nil {
			return
		}
		starts := []time.Duration{0, time.Duration(at) * time.Millisecond, 2 * time.Duration(at) * time.Millisecond}
		begin := spent(t)
		parts, _, err := Parts(t.Context(), bytes.NewReader(b), int64(len(b)), file, starts)
		if err != nil {
			if !errors.Is(err, ErrCut) || strings.Contains(err.Error(), "the cutter failed") {
				t.Error(err)
			}
			return
		}
		for i, p := range parts {
			if p.From < 0 || p.To > int64(len(b)) || p.From >= p.To || p.Size > 2*int64(len(b))+4096 || p.Samples <= 0 || p.Duration < 0 {
				t.Fatalf("part %d: %+v", i+1, p)
			}
			n, err := io.Copy(io.Discard, NewCutReader(bytes.NewReader(b), p.Cut))
			if err == nil && n != p.Size {
				t.Errorf("part %d has %d bytes, not %d", i+1, n, p.Size)
			}
			// Of an object that has changed nothing is right but the length.
			changed := append(bytes.Clone(b[:p.From]), b...)[:len(b)]
			if n, err := io.Copy(io.Discard, NewCutReader(bytes.NewReader(changed), p.Cut)); n > p.Size || err == nil && n != p.Size {
				t.Errorf("part %d of a changed object has %d bytes, not %d", i+1, n, p.Size)
			}
		}
		if took := spent(t) - begin; took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
