package audio

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// vbri is a frame that holds a VBRI header for n frames.
func vbri(n int) []byte {
	b := make([]byte, 417)
	copy(b, "\xff\xfb\x90\x64")
	copy(b[36:], "VBRI\x00\x01")
	binary.BigEndian.PutUint32(b[46:], uint32(n*417))
	binary.BigEndian.PutUint32(b[50:], uint32(n))
	return b
}

// mixed returns frames of 128 and 64 kbit/s in turn, n of each.
func mixed(n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, mp3Sound(uint64(i), 1)...)
		b = append(append(b, 0xff, 0xfb, 0x50, 0x64), noise(uint64(i), 204)...) // 208 bytes
	}
	return b
}

// TestMPEG reads the properties of streams of 1,000 frames of 1,152 samples.
func TestMPEG(t *testing.T) {
	sound := mp3Sound(7, 1000)
	const whole = 26122 // ms
	for name, tt := range map[string]struct {
		file                 []byte
		duration             int64
		rate, delay, padding int
		samples              int64
	}{
		"constant":                {sound, 26063, 128, 0, 0, 0},
		"Xing and LAME":           {slices.Concat(xing(1000), sound), 26087, 128, 576, 1000, 1152_000 - 1576},
		"VBRI":                    {slices.Concat(vbri(1000), sound), whole, 128, 0, 0, 1152_000},
		"mixed, no header":        {mixed(500), whole, 96, 0, 0, 0},
		"zeros before":            {slices.Concat(make([]byte, 5000), sound), 26063, 128, 0, 0, 0},
		"noise before":            {slices.Concat(id3v2(3, 0, 10), noise(1, 3000), []byte{0xff, 0xfb, 0x90, 0x64}, sound), 26063, 128, 0, 0, 0},
		"Xing of a cut file":      {slices.Concat(xing(2000), sound), 52209, 64, 576, 1000, 2304_000 - 1576},
		"last frame cut":          {sound[:len(sound)-100], 26056, 128, 0, 0, 0},
		"zeros behind, and a tag": {slices.Concat(sound, make([]byte, 1000), v1("T")), 26125, 128, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := readBytes(t, "x.mp3", tt.file)
			if d := f.Duration - tt.duration; d < -30 || d > 30 || f.BitRate != tt.rate || f.Delay != tt.delay || f.Padding != tt.padding || f.Samples != tt.samples {
				t.Errorf("got %+v, want %d ms, %d kbit/s, %d and %d, %d samples", f.Properties, tt.duration, tt.rate, tt.delay, tt.padding, tt.samples)
			}
			if f.Codec != "mp3" || f.SampleRate != 44100 || f.Channels != 2 || f.Identity == "" {
				t.Errorf("got %+v, %q", f.Properties, f.Identity)
			}
		})
	}
}

// TestLAMEGain takes the gain of the stream's header where no tag has one.
func TestLAMEGain(t *testing.T) {
	sound := slices.Concat(xing(50), mp3Sound(7, 50))
	f, _ := readBytes(t, "x.mp3", sound)
	if f.Gain.TrackGain == nil || *f.Gain.TrackGain != -4.2 || f.Gain.AlbumGain != nil {
		t.Errorf("got %v", f.Gain)
	}
	f, _ = readBytes(t, "x.mp3", slices.Concat(sound, ape("REPLAYGAIN_TRACK_GAIN", "-7 dB")))
	if f.Gain.TrackGain == nil || *f.Gain.TrackGain != -7 {
		t.Errorf("with a tag: %v", f.Gain)
	}
}

// TestTagOrder lets the better format win, name by name.
func TestTagOrder(t *testing.T) {
	f, _ := readBytes(t, "x.mp3", slices.Concat(id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03Two"))), mp3Sound(1, 20), ape("Title", "Ape", "Album", "Ape"), v1("One")))
	if f.Title != "Two" || f.Album != "Ape" || f.Track != 7 || f.Genres[0] != "Rock" {
		t.Errorf("got %q, %q, %d, %q", f.Title, f.Album, f.Track, f.Genres)
	}
}

// TestNotMPEG refuses what only looks like frames.
func TestNotMPEG(t *testing.T) {
	layer0 := strings.Repeat("\xff\xf9\x50\x80\x02\x1f\xfc\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", 100) // AAC frames of another length than theirs
	for name, content := range map[string]string{
		"x.aac": layer0, "x.mp3": layer0, "x.bin": string(noise(1, 5000)) + "\xff\xfb\x90\x64" + string(noise(2, 5000)), "x": "\xff\xfb\x90\x64",
	} {
		if _, _, err := Read(context.Background(), strings.NewReader(content), int64(len(content)), name); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v, want ErrUnknown", name, err)
		}
	}
}

// TestID3v1 reads texts that fill their fields, and UTF-8 cut within a letter.
func TestID3v1(t *testing.T) {
	for title, want := range map[string]string{
		"Thirty letters, not one more..": "Thirty letters, not one more..",
		"\xc4rger":                       "Ärger",
		"Ärger":                          "Ärger",
		"東京東京東京東京東京":                     "東京東京東京東京東京",
		"x東京東京東京東京東京":                    "x東京東京東京東京東",
	} {
		f, _ := readBytes(t, "x.mp3", slices.Concat(mp3Sound(1, 20), v1(title[:min(30, len(title))])))
		if f.Title != want {
			t.Errorf("%q: got %q, want %q", title, f.Title, want)
		}
	}
}
