package subsonic

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage/mem"
)

// addImages gives the first library three images that sheets cut: a WAVE and
// an MP3 with a sheet beside them, and a FLAC with one within.
func (h *house) addImages() map[string]string {
	h.t.Helper()
	files := map[string]string{}
	for _, name := range []string{"image.flac", "reservoir.mp3"} {
		b, err := os.ReadFile(filepath.Join("../scanner/audio/testdata", name))
		if err != nil {
			h.t.Fatal(err)
		}
		files["Cut/"+name] = string(b)
	}
	sound := make([]byte, 4*16000)
	for i := range sound {
		sound[i] = byte(i*7) ^ byte(i>>8)
	}
	wav := "RIFF\x24\xfa\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\xfa\x00\x00" + string(sound)
	files["Cut/wave.wav"] = wav
	sheet := "TITLE Cuts\nPERFORMER Ann\nFILE x.wav WAVE\nTRACK 01 AUDIO\nTITLE %[1]s1\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE \"%[1]s2: a/b\"\nINDEX 01 00:01:00\n"
	files["Cut/wave.cue"] = fmt.Sprintf(sheet, "wave")
	files["Cut/reservoir.cue"] = fmt.Sprintf(sheet, "mp3")
	store := h.stores[1].(*mem.Store)
	for name, b := range files {
		store.Put(name, []byte(b))
	}
	h.rescan()
	return files
}

func (h *house) rescan() {
	h.t.Helper()
	l, err := h.catalog.Library(h.t.Context(), 1)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := scanner.New(h.catalog, scanner.Options{}).Scan(h.t.Context(), scanner.Request{Library: l, Store: h.stores[1]}); err != nil {
		h.t.Fatal(err)
	}
}

func TestPartsAreStreamedAsFiles(t *testing.T) {
	h := newHouse(t)
	files := h.addImages()
	wave := files["Cut/wave.wav"]
	for _, c := range []struct{ title, suffix, mime, name, begins string }{
		{"wave2: a/b", "wav", "audio/wav", `inline; filename="wave - 02 wave2: a_b.wav"`, "RIFF"},
		{"mp32: a/b", "mp3", "audio/mpeg", `inline; filename="reservoir - 02 mp32: a_b.mp3"`, "\xff\xf3"},
		{"Track 02", "flac", "audio/flac", `inline; filename="image - 02 Track 02.flac"`, "fLaC"},
	} {
		s := h.song(c.title)
		id := s["id"].(string)
		r := h.with("GET", "owner", "stream?id="+id)
		whole := body(t, r)
		size := int(s["size"].(float64))
		if r.StatusCode != 200 || len(whole) != size || r.Header.Get("Content-Length") != fmt.Sprint(size) || r.Header.Get("Content-Type") != c.mime ||
			r.Header.Get("Content-Disposition") != c.name || r.Header.Get("Last-Modified") != "" || s["suffix"] != c.suffix || s["contentType"] != c.mime {
			t.Errorf("%s: %d, %d bytes of %d, %v; %v", c.title, r.StatusCode, len(whole), size, r.Header, s)
		}
		if c.suffix == "mp3" && whole[:3] == "ID3" || c.suffix != "mp3" && whole[:4] != c.begins || c.suffix == "mp3" && whole[0] != 0xff {
			t.Errorf("%s begins with %q", c.title, whole[:4])
		}
		head := h.with("HEAD", "owner", "stream?id="+id)
		tag := r.Header.Get("ETag")
		if body(t, head) != "" || head.Header.Get("Content-Length") != fmt.Sprint(size) || head.Header.Get("ETag") != tag || tag == "" {
			t.Errorf("%s: HEAD: %v", c.title, head.Header)
		}
		for _, x := range []struct {
			headers []string
			status  int
			body    string
		}{
			{[]string{"Range", "bytes=0-"}, 206, whole},
			{[]string{"Range", "bytes=0-0"}, 206, whole[:1]},
			{[]string{"Range", "bytes=20-3000"}, 206, whole[20:3001]},
			{[]string{"Range", fmt.Sprintf("bytes=%d-", size-50)}, 206, whole[size-50:]},
			{[]string{"Range", "bytes=-777"}, 206, whole[size-777:]},
			{[]string{"Range", fmt.Sprintf("bytes=%d-", size)}, 416, ""},
			{[]string{"Range", "bytes=5-9", "If-Range", tag}, 206, whole[5:10]},
			{[]string{"Range", "bytes=5-9", "If-Range", `"other"`}, 200, whole},
			{[]string{"If-None-Match", tag}, 304, ""},
		} {
			r := h.with("GET", "owner", "stream?id="+id, x.headers...)
			b := body(t, r)
			if r.StatusCode != x.status || x.body != "" && b != x.body {
				t.Errorf("%s, %v: status %d, %d bytes", c.title, x.headers, r.StatusCode, len(b))
			}
		}
		d := h.with("GET", "owner", "download?id="+id)
		if b := body(t, d); b != whole || d.Header.Get("Content-Disposition") != "attachment"+strings.TrimPrefix(c.name, "inline") {
			t.Errorf("%s: download: %d bytes, %v", c.title, len(b), d.Header)
		}
	}
	one, two := body(t, h.with("GET", "owner", "stream?id="+h.id("wave1"))), body(t, h.with("GET", "owner", "stream?id="+h.id("wave2: a/b")))
	if one[44:]+two[44:] != wave[44:] || binary.LittleEndian.Uint32([]byte(one[40:])) != uint32(len(one)-44) {
		t.Error("the parts of the WAVE file are not its sound")
	}

	// Songs of one object differ in all that apps know them by.
	p1, p2 := h.song("wave1"), h.song("wave2: a/b")
	if p1["path"] != "Cut/wave - 01 wave1.wav" || p2["path"] != "Cut/wave - 02 wave2: a_b.wav" || p1["duration"] != 1.0 || p2["duration"] != 3.0 || p1["track"] != 1.0 {
		t.Errorf("%v\n%v", p1, p2)
	}
}

func TestPartsAreArchived(t *testing.T) {
	h := newHouse(t)
	h.addImages()
	album := h.song("wave1")["albumId"].(string)
	names, files := unzip(t, body(t, h.with("GET", "owner", "download?id="+album)))
	if len(names) != 4 {
		t.Fatalf("%q", names)
	}
	for in, title := range map[string]string{"wave - 01 wave1.wav": "wave1", "wave - 02 wave2_ a_b.wav": "wave2: a/b", "reservoir - 01 mp31.mp3": "mp31"} {
		if want := body(t, h.with("GET", "owner", "stream?id="+h.id(title))); files[in] != want {
			t.Errorf("%s: %d bytes, want %d", in, len(files[in]), len(want))
		}
	}
}

// An object that has changed since it was cut gives no noise, and a sheet that
// has changed gives its parts another tag.
func TestPartsOfWhatChanged(t *testing.T) {
	h := newHouse(t)
	files := h.addImages()
	store := h.stores[1].(*mem.Store)
	id := h.id("wave1")
	tag := h.with("HEAD", "owner", "stream?id="+id).Header.Get("ETag")
	store.Put("Cut/wave.cue", bytes.ReplaceAll([]byte(files["Cut/wave.cue"]), []byte("00:01:00"), []byte("00:02:00")))
	h.rescan()
	if h.id("wave1") != id {
		t.Error("an edited sheet changed the id")
	}
	r := h.with("HEAD", "owner", "stream?id="+id)
	if got := r.Header.Get("ETag"); got == tag || r.Header.Get("Content-Length") != fmt.Sprint(44+32000) {
		t.Errorf("%v, was %s", r.Header, tag)
	}
	store.Put("Cut/wave.wav", []byte(files["Cut/wave.wav"]+"more"))
	if code := h.code("owner", "stream?id="+id); code != 0 {
		t.Errorf("a part of a changed object: %d", code)
	}
}
