package subsonic

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
	"github.com/songlocker/songlocker/storage/mem"
)

func (h *house) with(method, user, call string, headers ...string) *http.Response {
	h.t.Helper()
	r := httptest.NewRequest(method, target(user, call), nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return h.do(r)
}

func TestStreamSendsTheOriginalWithRanges(t *testing.T) {
	h := newHouse(t)
	file := musicTree()["The Bob/Blue/01 Sea.flac"]
	sea := h.id("Sea")
	for _, call := range []string{"stream", "stream.view", "download"} {
		for _, options := range []string{"", "&format=raw", "&format=mp3&maxBitRate=64&estimateContentLength=true", "&maxBitRate=0", "&timeOffset=7", "&f=image/png"} {
			call := call + "?id=" + sea + options
			r := h.with("GET", "owner", call)
			if b := body(t, r); r.StatusCode != 200 || b != file {
				t.Fatalf("%s: status %d, %d bytes", call, r.StatusCode, len(b))
			}
			for name, want := range map[string]string{"Content-Type": "audio/flac", "Content-Length": fmt.Sprint(len(file)), "Accept-Ranges": "bytes", "Content-Security-Policy": "sandbox; default-src 'none'"} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %s %q, want %q", call, name, got, want)
				}
			}
			if r.Header.Get("Last-Modified") == "" || r.Header.Get("ETag") == "" {
				t.Errorf("%s: %v", call, r.Header)
			}
			head := h.with("HEAD", "owner", call)
			if body(t, head) != "" || head.Header.Get("Content-Length") != fmt.Sprint(len(file)) || head.StatusCode != 200 {
				t.Errorf("HEAD %s: %d %v", call, head.StatusCode, head.Header)
			}
		}
	}
	call := "stream?id=" + sea
	tag := h.with("GET", "owner", call).Header.Get("ETag")
	n := len(file)
	for _, c := range []struct {
		headers []string
		status  int
		body    string
	}{
		{[]string{"Range", "bytes=0-"}, 206, file},
		{[]string{"Range", "bytes=0-99"}, 206, file[:100]},
		{[]string{"Range", "bytes=100-199"}, 206, file[100:200]},
		{[]string{"Range", fmt.Sprintf("bytes=%d-", n-50)}, 206, file[n-50:]},
		{[]string{"Range", "bytes=-77"}, 206, file[n-77:]},
		{[]string{"Range", fmt.Sprintf("bytes=%d-", n+10)}, 416, ""},
		{[]string{"Range", "bytes=0-9", "If-Range", tag}, 206, file[:10]},
		{[]string{"Range", "bytes=0-9", "If-Range", `"other"`}, 200, file},
		{[]string{"If-None-Match", tag}, 304, ""},
	} {
		r := h.with("GET", "owner", call, c.headers...)
		b := body(t, r)
		if r.StatusCode != c.status || c.body != "" && b != c.body {
			t.Errorf("%v: status %d, %d bytes", c.headers, r.StatusCode, len(b))
		}
		if c.status == 206 && !strings.HasSuffix(r.Header.Get("Content-Range"), fmt.Sprintf("/%d", n)) {
			t.Errorf("%v: Content-Range %q", c.headers, r.Header.Get("Content-Range"))
		}
	}
	if got := h.song("Sea")["playCount"]; got != nil {
		t.Errorf("streaming counts as %v plays", got)
	}
}

func TestErrorsOfMediaCalls(t *testing.T) {
	h := newHouse(t)
	sea := h.id("Sea")
	store := h.stores[1].(*mem.Store)
	const key = "The Bob/Blue/01 Sea.flac"
	for name, c := range map[string]struct {
		faults mem.Faults
		code   string
	}{
		"the file is gone":           {mem.Faults{Open: map[string]error{key: fs.ErrNotExist}}, `code="70"`},
		"the store is down":          {mem.Faults{Down: true}, `code="0"`},
		"the file may not be opened": {mem.Faults{Open: map[string]error{key: fs.ErrPermission}}, `code="0"`},
	} {
		store.SetFaults(c.faults)
		for _, call := range []string{"stream", "download"} {
			r := h.do(get("/rest/" + call + "?u=owner&p=owner-pw&v=1.16.1&c=x&id=" + sea))
			b := body(t, r)
			if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") || !strings.Contains(b, c.code) {
				t.Errorf("%s: %s: %d %v %s", name, call, r.StatusCode, r.Header, b)
			}
			for _, left := range []string{"Accept-Ranges", "Content-Disposition", "ETag", "Last-Modified"} {
				if r.Header.Get(left) != "" {
					t.Errorf("%s: the error carries %s", name, left)
				}
			}
			if strings.Contains(b, "The Bob") {
				t.Errorf("%s: the client learns a path: %s", name, b)
			}
		}
		if o := h.envelope(h.with("GET", "owner", "stream?id="+sea)); o["status"] != "failed" {
			t.Errorf("%s in JSON: %v", name, o)
		}
	}
}

// A song in the archive of its bucket says so, and plays when it has been
// restored since the last scan.
func TestArchivedSong(t *testing.T) {
	h := newHouse(t)
	const key = "The Bob/Blue/01 Sea.flac"
	store := h.stores[1].(*mem.Store)
	o, err := store.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	err = h.catalog.Scan(t.Context(), 1, func(tx *catalog.ScanTx) error {
		return tx.SetStates(map[string]catalog.State{key: {ModTime: o.ModTime, Archived: true}})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"stream", "download"} {
		ask := func() string {
			return body(t, h.do(get("/rest/"+call+"?u=owner&p=owner-pw&v=1.16.1&c=x&id="+h.id("Sea"))))
		}
		store.SetFaults(mem.Faults{Read: map[string]error{key: fs.ErrPermission}})
		if b := ask(); !strings.Contains(b, `code="0"`) || !strings.Contains(b, "archive") {
			t.Errorf("%s: %s", call, b)
		}
		store.SetFaults(mem.Faults{})
		if b := ask(); int64(len(b)) != o.Size {
			t.Errorf("%s of what was restored: %d bytes of %d", call, len(b), o.Size)
		}
	}
}

// countingFile is a local file whose bytes nobody reads through Read when the
// kernel sends them.
type countingFile struct {
	storage.File
	read *int
}

func (f countingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	*f.read += n
	return n, err
}

func (f countingFile) SyscallConn() (syscall.RawConn, error) {
	return f.File.(syscall.Conn).SyscallConn()
}

type countingStore struct {
	storage.Store
	read *int
}

func (s countingStore) File(ctx context.Context, key string) (storage.File, error) {
	f, err := s.Store.File(ctx, key)
	if err != nil {
		return nil, err
	}
	return countingFile{f, s.read}, nil
}

func TestStreamLetsTheKernelSendLocalFiles(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	const key = "The Bob/Blue/01 Sea.flac"
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(key)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, key), want, 0o644); err != nil {
		t.Fatal(err)
	}
	store, err := local.New(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	read := 0
	h.stores[1] = countingStore{store, &read}
	server := httptest.NewServer(h.handler)
	defer server.Close()
	r, err := http.Get(server.URL + target("owner", "stream?id="+h.id("Sea")))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b := body(t, r); b != string(want) {
		t.Errorf("%d bytes of %d", len(b), len(want))
	}
	// net/http looks at the first 512 bytes itself.
	if read > 512 {
		t.Errorf("%d bytes were copied through the process", read)
	}
}

// unzip reads an archive into names and contents.
func unzip(t *testing.T, b string) (names []string, files map[string]string) {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, f := range z.File {
		if f.Method != zip.Store {
			t.Errorf("%s is packed by method %d", f.Name, f.Method)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		names = append(names, f.Name)
		files[f.Name] = string(data)
	}
	return names, files
}

func TestDownloadOfSeveralSongsIsAnArchive(t *testing.T) {
	h := newHouse(t)
	tree := musicTree()
	red := h.song("Dawn")["albumId"].(string)
	night, sea := h.id("Night"), h.id("Sea")
	list := dig(h.get("createPlaylist?name="+escape("a/b: ä")+"&songId="+night+"&songId="+sea+"&songId="+sea), "playlist", "id").(string)
	folder := dig(h.get("getIndexes"), "indexes", "index", 0, "artist", 0, "id").(string)
	for name, c := range map[string]struct {
		id, disposition string
		files           map[string]string // name in the archive -> key
	}{
		"album": {red, `attachment; filename="Ann - Red.zip"`, map[string]string{
			"01 Dawn.flac": "Ann/Red/01 Dawn.flac", "02 Dusk.flac": "Ann/Red/02 Dusk.flac", "CD2/01 Night.flac": "Ann/Red/CD2/01 Night.flac"}},
		"folder": {folder, `attachment; filename="Ann.zip"`, map[string]string{
			"Red/01 Dawn.flac": "Ann/Red/01 Dawn.flac", "Red/02 Dusk.flac": "Ann/Red/02 Dusk.flac", "Red/CD2/01 Night.flac": "Ann/Red/CD2/01 Night.flac"}},
		"playlist": {list, `attachment; filename="a_b_ _.zip"; filename*=UTF-8''a_b_%20%C3%A4.zip`, map[string]string{
			"001 01 Night.flac": "Ann/Red/CD2/01 Night.flac", "002 01 Sea.flac": "The Bob/Blue/01 Sea.flac", "003 01 Sea.flac": "The Bob/Blue/01 Sea.flac"}},
	} {
		r := h.with("GET", "owner", "download?id="+c.id)
		if r.Header.Get("Content-Type") != "application/zip" || r.Header.Get("Content-Disposition") != c.disposition {
			t.Errorf("%s: %v", name, r.Header)
		}
		names, files := unzip(t, body(t, r))
		if len(names) != len(c.files) {
			t.Errorf("%s: %v", name, names)
		}
		for in, key := range c.files {
			if files[in] != tree[key] {
				t.Errorf("%s: %s is not %s: %v", name, in, key, names)
			}
		}
	}
	if r := h.with("HEAD", "owner", "download?id="+red); r.StatusCode != 200 || body(t, r) != "" {
		t.Errorf("HEAD: %d", r.StatusCode)
	}
	if code := h.code("guest", "download?id="+h.song("Leaf")["albumId"].(string)); code != 70 {
		t.Errorf("an album out of rights: %d", code)
	}
}

func TestArchiveNamesWhatItLacks(t *testing.T) {
	h := newHouse(t)
	red := h.song("Dawn")["albumId"].(string)
	h.stores[1].(*mem.Store).SetFaults(mem.Faults{
		Open: map[string]error{"Ann/Red/02 Dusk.flac": fs.ErrNotExist},
		Read: map[string]error{"Ann/Red/CD2/01 Night.flac": errors.New("bad sector of /dev/sda")},
	})
	_, files := unzip(t, body(t, h.with("GET", "owner", "download?id="+red)))
	if files["01 Dawn.flac"] != musicTree()["Ann/Red/01 Dawn.flac"] {
		t.Error("the song that can be read is not there")
	}
	want := "02 Dusk.flac: the file is not there\nCD2/01 Night.flac: the file could not be read\n"
	if files["ERRORS.txt"] != want {
		t.Errorf("ERRORS.txt: %q, want %q", files["ERRORS.txt"], want)
	}
}

func TestArchivesOutlastTheServersTimeouts(t *testing.T) {
	h := newHouse(t)
	red := h.song("Dawn")["albumId"].(string)
	server := httptest.NewUnstartedServer(h.handler)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	server.Start()
	defer server.Close()
	h.stores[1].(*mem.Store).SetFaults(mem.Faults{Wait: func(ctx context.Context, _, key string) error {
		if key != "Ann/Red/02 Dusk.flac" {
			return nil
		}
		// The store is slower than the server's patience.
		select {
		case <-time.After(400 * time.Millisecond):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	r, err := http.Get(server.URL + target("owner", "download?id="+red))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if names, files := unzip(t, body(t, r)); len(names) != 3 {
		t.Errorf("%v, %s", names, files["ERRORS.txt"])
	}
}

func TestNamesInArchivesAreSafeAndUnique(t *testing.T) {
	for in, want := range map[string]string{
		"../../etc/passwd":     "_/_/etc/passwd",
		"/a//b/./c.mp3":        "a/b/_/c.mp3",
		`C:\x\y.mp3`:           "C__x_y.mp3",
		"a\x00b\n.mp3":         "a_b_.mp3",
		"bad\xff.mp3":          "bad_.mp3",
		"...And Justice/1.mp3": "...And Justice/1.mp3",
		"what?.mp3":            "what_.mp3",
	} {
		if got := safePath(in); got != want {
			t.Errorf("%q -> %q, want %q", in, got, want)
		}
	}
	u := newNames()
	var got []string
	for _, n := range []string{"a.mp3", "A.mp3", "a.mp3", "b", "b"} {
		got = append(got, u.take(n))
	}
	if want := []string{"a.mp3", "A (2).mp3", "a (3).mp3", "b", "b (2)"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCovers(t *testing.T) {
	h := newHouse(t)
	h.covers["al-x_v1"], h.covers["al-x"] = "picture", "picture"
	for id, cache := range map[string]string{"al-x_v1": "private, max-age=31536000, immutable", "al-x": "private, no-cache"} {
		r := h.with("GET", "owner", "getCoverArt?size=300&id="+id)
		if body(t, r) != "picture" || r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Cache-Control") != cache || r.Header.Get("ETag") != `"abc"` {
			t.Errorf("%s: %v", id, r.Header)
		}
		if r.Header.Get("Content-Security-Policy") == "" || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", id, r.Header)
		}
		if r := h.with("GET", "owner", "getCoverArt?id="+id, "If-None-Match", `"abc"`); r.StatusCode != 304 {
			t.Errorf("%s: conditional: %d", id, r.StatusCode)
		}
		// Some apps name the picture type that they want.
		r = h.do(get("/rest/getCoverArt?u=owner&p=owner-pw&v=1.16.1&c=x&f=image/png&id=" + id))
		if body(t, r) != "picture" {
			t.Errorf("%s with f=image/png: %v", id, r.Header)
		}
	}
	r := h.do(get("/rest/getCoverArt?u=owner&p=owner-pw&v=1.16.1&c=x&f=image/png&id=unknown"))
	if b := body(t, r); !strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") || !strings.Contains(b, `code="70"`) {
		t.Errorf("unknown: %v %s", r.Header, b)
	}
}

func TestAvatars(t *testing.T) {
	h := newHouse(t)
	if code := h.code("owner", "getAvatar?username=owner"); code != 70 {
		t.Errorf("without one: %d", code)
	}
	if code := h.code("owner", "getAvatar?username=nobody"); code != 70 {
		t.Errorf("of nobody: %d", code)
	}
	u, err := h.catalog.UserByName(t.Context(), "owner")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.catalog.SetAvatar(t.Context(), u.Key, []byte("face"), "image/jpeg"); err != nil {
		t.Fatal(err)
	}
	r := h.raw("guest", "getAvatar?username=owner")
	if b := body(t, r); b != "face" || r.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%q %v", b, r.Header)
	}
	if dig(h.get("getUser?username=owner"), "user", "avatarLastChanged") == nil {
		t.Error("avatarLastChanged is missing")
	}
}

func TestLyrics(t *testing.T) {
	h := newHouse(t)
	h.lyrics["Dawn"] = []models.Lyrics{
		{Lang: "eng", Synced: true, Offset: -100, Lines: []models.LyricLine{{Start: 0, Text: "One"}, {Start: 1500, Text: ""}, {Start: 2000, Text: "Two & <three>"}}},
		{Lines: []models.LyricLine{{Text: "plain"}}},
	}
	list := dig(h.get("getLyricsBySongId?id="+h.id("Dawn")), "lyricsList", "structuredLyrics")
	if dig(list, 0, "lang") != "eng" || dig(list, 0, "synced") != true || dig(list, 0, "offset") != -100. || dig(list, 0, "displayTitle") != "Dawn" {
		t.Errorf("%v", dig(list, 0))
	}
	if got := fmt.Sprint(all(dig(list, 0, "line"), "start"), all(dig(list, 0, "line"), "value")); got != "[0 1500 2000] [One  Two & <three>]" {
		t.Errorf("lines %s", got)
	}
	if line, _ := dig(list, 1, "line", 0).(object); dig(list, 1, "lang") != "und" || line["value"] != "plain" || line["start"] != nil {
		t.Errorf("%v", dig(list, 1))
	}
	for _, version2 := range []string{"kind", "cueLine", "agents"} {
		if dig(list, 0, version2) != nil {
			t.Errorf("%s is sent", version2)
		}
	}
	if got := dig(h.get("getLyricsBySongId?id="+h.id("Sea")), "lyricsList", "structuredLyrics"); fmt.Sprint(got) != "[]" {
		t.Errorf("without lyrics: %v", got)
	}
	if code := h.code("guest", "getLyricsBySongId?id="+h.id("Leaf")); code != 70 {
		t.Errorf("out of rights: %d", code)
	}
	for _, artist := range []string{"Ann", "Ann feat. Cy", "cy", "ANN", ""} {
		got := dig(h.get("getLyrics?title=dawn&artist="+escape(artist)), "lyrics")
		if dig(got, "value") != "One\n\nTwo & <three>" || dig(got, "title") != "Dawn" {
			t.Errorf("by %q: %v", artist, got)
		}
	}
	for _, query := range []string{"title=Sea&artist=The+Bob", "title=nothing&artist=nobody", "artist=Ann", ""} {
		if got := dig(h.get("getLyrics?"+query), "lyrics"); fmt.Sprint(got) != "map[value:]" {
			t.Errorf("%s: %v", query, got)
		}
	}
}
