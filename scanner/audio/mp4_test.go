package audio

import (
	"slices"
	"testing"
)

func TestAudioSpecificConfig(t *testing.T) {
	for name, c := range map[string]struct {
		config   []byte
		rate     int64
		channels int
	}{
		"AAC LC":                           {[]byte{0x12, 0x10}, 44100, 2},
		"a rate that 16 bits cannot hold":  {[]byte{0x10, 0x10}, 96000, 2},
		"a rate of its own":                {[]byte{0x17, 0x80, 0x5d, 0xc0, 0x10}, 48000, 2},
		"seven channels and a low one":     {[]byte{0x11, 0xb8}, 48000, 8},
		"band replication, explicit":       {[]byte{0x2b, 0x11, 0x88}, 48000, 2},
		"band replication, behind":         {[]byte{0x13, 0x90, 0x56, 0xe5, 0xa0}, 44100, 2},
		"parametric stereo":                {[]byte{0xeb, 0x09, 0x88}, 48000, 2},
		"nothing: the sample entry counts": {nil, 32000, 1},
	} {
		track := &mp4Track{rate: 32000, channels: 1}
		if track.aac(c.config); track.rate != c.rate || track.channels != c.channels {
			t.Errorf("%s: %d Hz, %d channels", name, track.rate, track.channels)
		}
	}
}

// TestGapless reads what an encoder says of its delay, and what it cannot mean.
func TestGapless(t *testing.T) {
	sound := atom("mdat", noise(1, 20_000))
	for text, want := range map[string][3]int{
		" 00000000 00000840 000001CA 000000000006B09E 00000000 00000000": {2112, 458, 438430},
		" 00000000 00000840 000001CA 00000000FFFFFFFF 00000000":          {0, 0, 441000},
		" 00000000 xyz 1 2": {0, 0, 441000},
		"":                  {0, 0, 441000},
	} {
		f, _ := readBytes(t, "x.m4a", slices.Concat(ftyp, moovBox(10, 40, freeItem("iTunSMPB", text)), sound))
		if got := [3]int{f.Delay, f.Padding, int(f.Samples)}; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestFragmentsWithoutLength reads a live recording: nothing says how long it
// is but the bit rate.
func TestFragmentsWithoutLength(t *testing.T) {
	sound := noise(1, 160_000) // 10 s at 128 kbit/s
	f, _ := readBytes(t, "x.mp4", slices.Concat(ftyp, moovBox(0, 0, item("\xa9nam", 1, []byte("Title"))), atom("moof", make([]byte, 100)), atom("mdat", sound)))
	if f.Title != "Title" || f.Duration < 9_900 || f.Duration > 10_100 || f.Identity == "" {
		t.Errorf("title %q, %d ms, identity %q, warnings %q", f.Title, f.Duration, f.Identity, f.Warnings)
	}
}

// TestTextsOfPhones reads the texts of 3GPP and QuickTime files.
func TestTextsOfPhones(t *testing.T) {
	moov := moovBox(10, 40)
	texts := atom("udta", atom("titl", []byte("\x00\x00\x00\x00\x15\xc7Title\x00")), atom("perf", []byte("\x00\x00\x00\x00\x15\xc7\xfe\xff\x00A\x00\xe4\x00\x00")),
		atom("albm", []byte("\x00\x00\x00\x00\x15\xc7Album\x00\x07")), atom("yrrc", []byte("\x00\x00\x00\x00\x07\xd5")), atom("\xa9gen", []byte("\x00\x04\x00\x00Jazz")))
	moov = atom("moov", moov[8:], texts)
	f, _ := readBytes(t, "x.3ga", slices.Concat(ftyp, moov, atom("mdat", noise(1, 20_000))))
	if f.Title != "Title" || f.Artist != "Aä" || f.Album != "Album" || f.Track != 7 || f.Date.Year != 2005 || !slices.Equal(f.Genres, []string{"Jazz"}) {
		t.Errorf("%+v", f.Tags)
	}
}
