package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/color"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/test/cloud"
	made "github.com/songlocker/songlocker/test/music"
)

// tune is one made song of many.
type tune struct {
	key  string
	tags made.Tags
	made.Sound
}

func (t *tune) bytes() []byte { return made.Bytes(made.Formats[filepath.Ext(t.key)], &t.tags, t.Sound) }

// tunes are n songs of all formats that can be made, ten an album, some with
// pictures, under keys that look like URLs, patterns and other scripts.
func tunes(t *testing.T, n int) []*tune {
	suffixes := slices.Sorted(maps.Keys(made.Formats))
	odd := []string{"100% + more", "a&b=c?", "東京 🎵", "#1 [x] {y}", "Beyonce\u0301", "it's \"so\""}
	picture := cover(t, 40, 40, color.RGBA{9, 99, 199, 255})
	var list []*tune
	for i := range n {
		artist, album, suffix := fmt.Sprintf("Artist %02d", i/10%23), fmt.Sprintf("Album %03d", i/10), suffixes[i%len(suffixes)]
		x := &tune{
			key: fmt.Sprintf("%s/%s %s/%02d%s", artist, album, odd[i/10%len(odd)], i%10+1, suffix),
			tags: made.Tags{Title: fmt.Sprintf("Tune %04d", i), Artist: artist, Artists: []string{artist}, Album: album, AlbumArtist: artist,
				Genre: fmt.Sprintf("Genre %d", i%7), Track: i%10 + 1, Tracks: 10, Disc: 1, Year: 1970 + i%50},
			Sound: made.Sound{Seed: uint64(i+1) << 20, Size: 9000 + i%100},
		}
		if i%9 == 0 {
			x.tags.Picture = picture
		}
		list = append(list, x)
	}
	return list
}

// secretOf is the variable with the secret of the library Cloud.
func secretOf(secret map[string]string) string {
	b, _ := json.Marshal(secret) // a map of texts
	return "SONGLOCKER_SECRET_CLOUD=" + string(b)
}

// settled waits until a scan has found a library of at least n songs.
func (c *client) settled(n int) {
	c.t.Helper()
	eventually(c.t, "the first scan", func() bool {
		s := c.ok("getScanStatus")
		return s.at("scanStatus.scanning").v == false && s.int("scanStatus.count") >= n
	})
}

var ids = regexp.MustCompile(`"[a-z]{2}-[0-9a-z]{13}[^"]*"`)

// same is a song without what differs from place to place.
func same(s node) string {
	fields, _ := s.v.(map[string]any)
	fields = maps.Clone(fields)
	delete(fields, "created")
	b, _ := json.Marshal(fields)
	return ids.ReplaceAllString(string(b), `"ID"`)
}

const manySongs = 1000

// TestBucket holds a server whose music lies in a bucket of a real server, and
// that may only read it, to another one whose music lies in a folder.
func TestBucket(t *testing.T) {
	for name, owner := range map[string]func(testing.TB, string) *cloud.Bucket{"versitygw": cloud.S3, "azurite": cloud.Azure} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBucket(t, owner(t, "e2e-"+name))
		})
	}
}

func inBucket(t *testing.T, b *cloud.Bucket) {
	list := tunes(t, manySongs)
	m, files := newMusic(t), map[string][]byte{}
	for _, x := range list {
		files[x.key] = x.bytes()
	}
	known, err := filepath.Glob(filepath.Join(fixtures, "*.json"))
	if err != nil || len(known) < 30 {
		t.Fatalf("%d fixtures: %v", len(known), err)
	}
	for _, f := range known {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); !strings.HasPrefix(name, "retag-") {
			files["Fixtures/"+name+"/"+name] = fixture(t, name)
		}
	}
	files["Artist 00/Album 000 100% + more/cover.jpg"] = cover(t, 50, 50, color.RGBA{200, 0, 0, 255})
	for key, data := range files {
		m.write(key, data)
	}
	b.Upload(t, files)

	other := start(t, setup{music: []string{"Folder=" + m.dir}, args: []string{"--no-watch"}})
	local := other.owner()
	reader := b.Reader(t)
	s := start(t, setup{music: []string{"Cloud=" + b.Location}, env: []string{secretOf(reader)}})
	for _, v := range reader {
		s.secret(v)
	}
	c := s.owner()
	// A kill in the middle of the first scan costs nobody an id.
	eventually(t, "the first songs", func() bool { return len(c.songs()) > 0 })
	early := c.songs()
	s.kill()
	s.run()
	c = s.owner()
	local.settled(manySongs)
	c.settled(len(local.songs()))
	t.Logf("%d songs of %d were there at the kill", len(early), len(c.songs()))

	t.Run("browse", func(t *testing.T) { browseBucket(c.with(t), local.with(t), early) })
	t.Run("bytes", func(t *testing.T) { bucketBytes(c.with(t), local.with(t), files) })
	t.Run("move", func(t *testing.T) { moveToBucket(local.with(t), other, m, b, reader, list) })
	t.Run("change", func(t *testing.T) { changeBucket(c.with(t), b, list) })
}

// browseBucket compares all that is told of the songs.
func browseBucket(c, local *client, early map[string]node) {
	songs, want := c.songs(), local.songs()
	if len(songs) != len(want) {
		c.t.Errorf("%d songs, the folder has %d", len(songs), len(want))
	}
	bad := 0
	for path, w := range want {
		if got := same(songs[path]); got != same(w) && bad < 5 {
			bad++
			c.t.Errorf("%s in the bucket:\n%s\nand in the folder:\n%s", path, got, same(w))
		}
	}
	for path, e := range early {
		if songs[path].text("id") != e.text("id") {
			c.t.Errorf("%s was %s before the kill and is %s", path, e.text("id"), songs[path].text("id"))
		}
	}
	albums := func(c *client) []string {
		var list []string
		for offset := 0; ; offset += 500 {
			page := c.ok("getAlbumList2", "type", "alphabeticalByName", "size", 500, "offset", offset).list("albumList2.album")
			for _, a := range page {
				list = append(list, fmt.Sprint(a.text("name"), " ", a.text("artist"), " ", a.int("songCount"), " ", a.int("duration")))
			}
			if len(page) < 500 {
				slices.Sort(list)
				return list
			}
		}
	}
	if a, b := albums(c), albums(local); !slices.Equal(a, b) {
		c.t.Errorf("albums in the bucket:\n%q\nand in the folder:\n%q", a, b)
	}
	for _, call := range []string{"getArtists", "getGenres", "getIndexes"} {
		clean := func(c *client) string {
			a := c.ok(call)
			return regexp.MustCompile(`"(lastModified|created)":[^,}]*`).ReplaceAllString(ids.ReplaceAllString(string(a.raw), `"ID"`), "")
		}
		if a, b := clean(c), clean(local); a != b {
			c.t.Errorf("%s in the bucket:\n%.2000s\nand in the folder:\n%.2000s", call, a, b)
		}
	}
	found := c.ok("search3", "query", "tune 0777").list("searchResult3.song")
	if len(found) != 1 || found[0].text("title") != "Tune 0777" {
		c.t.Errorf("search: %v", found)
	}
	var dir []string
	for _, x := range c.ok("getMusicDirectory", "id", found[0].text("parent")).list("directory.child") {
		dir = append(dir, x.text("title"))
	}
	if len(dir) != 10 || !slices.Contains(dir, "Tune 0777") {
		c.t.Errorf("the song's folder holds %q", dir)
	}
}

// bucketBytes reads songs and pictures in the ways of apps.
func bucketBytes(c, local *client, files map[string][]byte) {
	songs, folder := c.songs(), local.songs()
	seen := map[string]int{}
	covers := 0
	for _, path := range slices.Sorted(maps.Keys(songs)) {
		s, file := songs[path], files[path]
		if file == nil || seen[filepath.Ext(path)] >= 3 {
			continue
		}
		seen[filepath.Ext(path)]++
		id, n := s.text("id"), len(file)
		resp, whole := c.get(nil, "stream", "id", id)
		if resp.StatusCode != http.StatusOK || !bytes.Equal(whole, file) || resp.ContentLength != int64(n) || resp.Header.Get("Content-Type") != s.text("contentType") {
			c.t.Errorf("%s: %s, %d bytes of %d, %v", path, resp.Status, len(whole), n, resp.Header)
			continue
		}
		tag := resp.Header.Get("ETag")
		for _, x := range []struct {
			asked, where string
			status       int
			want         []byte
		}{
			{"bytes=0-0", "", 206, file[:1]},
			{"bytes=100-299", "", 206, file[100:300]},
			{"bytes=200-", "", 206, file[200:]},
			{"bytes=-10", "", 206, file[n-10:]},
			{"bytes=5-9", tag, 206, file[5:10]},
			{"bytes=5-9", `"other"`, 200, file},
			{fmt.Sprintf("bytes=%d-", n), "", 416, nil},
		} {
			header := map[string]string{"Range": x.asked}
			if x.where != "" {
				header["If-Range"] = x.where
			}
			resp, got := c.get(header, "stream", "id", id)
			if resp.StatusCode != x.status || x.want != nil && !bytes.Equal(got, x.want) {
				c.t.Errorf("%s, %v: %s, %d bytes; want %d, %d bytes", path, header, resp.Status, len(got), x.status, len(x.want))
			}
		}
		head, none := c.do(http.MethodHead, c.url("stream", "id", id), nil, nil)
		if head.StatusCode != http.StatusOK || head.ContentLength != int64(n) || len(none) != 0 {
			c.t.Errorf("HEAD %s: %s, length %d", path, head.Status, head.ContentLength)
		}
		if art := s.text("coverArt"); art != "" {
			_, picture := c.get(nil, "getCoverArt", "id", art)
			_, want := local.get(nil, "getCoverArt", "id", folder[path].text("coverArt"))
			if !bytes.Equal(picture, want) {
				c.t.Errorf("the cover of %s has %d bytes, in the folder %d", path, len(picture), len(want))
			}
			if bytes.HasPrefix(picture, []byte("\xff\xd8")) {
				covers++
			}
		}
	}
	if len(seen) < 20 || covers < 5 {
		c.t.Errorf("songs of the formats %v were played, and %d have JPEG covers", seen, covers)
	}
}

// moveToBucket moves the library in the folder to the bucket, where its files
// lie too.
func moveToBucket(c *client, s *server, m *music, b *cloud.Bucket, secret map[string]string, list []*tune) {
	c.ok("star", "id", c.song(list[77].key).text("id"))
	before := c.songs()
	file := filepath.Join(folder(c.t), "secret.json")
	text, _ := json.Marshal(secret) // a map of texts
	if err := os.WriteFile(file, text, 0o600); err != nil {
		c.t.Fatal(err)
	}
	for _, v := range secret {
		s.secret(v)
	}
	stdout, _ := s.command(0, "", "library", "move", "Folder", b.Location, "--secret-file", file)
	c.t.Logf("library move: %s", stdout)
	m.remove("") // nothing is read from there any more
	now := c.songs()
	for path, x := range before {
		if now[path].text("id") != x.text("id") || now[path].text("starred") != x.text("starred") || now[path].text("albumId") != x.text("albumId") {
			c.t.Errorf("%s was %v and is %v", path, x.v, now[path].v)
		}
	}
	if len(now) != len(before) {
		c.t.Errorf("%d songs were moved, and there are %d", len(before), len(now))
	}
	eventually(c.t, "a stream from the new place", func() bool {
		_, got := c.get(nil, "stream", "id", now[list[265].key].text("id"))
		return bytes.Equal(got, list[265].bytes())
	})
}

// changeBucket renames and retags objects, as their owner does.
func changeBucket(c *client, b *cloud.Bucket, list []*tune) {
	songs := c.songs()
	total := len(songs)
	moved, retagged, both := list[11], list[222], list[333]
	before := map[*tune]string{}
	for _, x := range []*tune{moved, retagged, both} {
		before[x] = songs[x.key].text("id")
		c.ok("star", "id", before[x])
		c.ok("setRating", "id", before[x], "rating", 4)
	}
	rename := func(x *tune) {
		to := "Elsewhere/" + x.tags.Title + " é+%" + filepath.Ext(x.key)
		b.Rename(c.t, x.key, to)
		x.key = to
	}
	rename(moved)
	rename(both)
	for _, x := range []*tune{retagged, both} {
		x.tags.Title, x.tags.Album, x.tags.Picture = "New "+x.tags.Title, "New Album", cover(c.t, 90, 90, color.RGBA{1, 2, 3, 255})
		b.Put(c.t, x.key, x.bytes())
	}
	c.scan(total)
	songs = c.songs()
	for _, x := range []*tune{moved, retagged, both} {
		s := songs[x.key]
		if s.text("id") != before[x] || s.text("title") != x.tags.Title || s.text("starred") == "" || s.int("userRating") != 4 {
			c.t.Errorf("%s was %s and is %v", x.key, before[x], s.v)
		}
		if _, got := c.get(nil, "stream", "id", s.text("id")); !bytes.Equal(got, x.bytes()) {
			c.t.Errorf("%s streams %d bytes", x.key, len(got))
		}
	}
	b.Delete(c.t, list[444].key)
	c.scan(total - 1)
	b.Put(c.t, list[444].key, list[444].bytes())
	c.scan(total)
	if now := c.songs(); !reflect.DeepEqual(now[list[444].key].text("id"), songs[list[444].key].text("id")) {
		c.t.Error("an object that was away for a scan has another id")
	}
}

// TestWrongBucketSecret is told in plain words, and hides nothing.
func TestWrongBucketSecret(t *testing.T) {
	t.Parallel()
	for name, owner := range map[string]func(testing.TB, string) *cloud.Bucket{"versitygw": cloud.S3, "azurite": cloud.Azure} {
		t.Run(name, func(t *testing.T) {
			b := owner(t, "wrong-"+name)
			for _, x := range tunes(t, 20) {
				b.Put(t, x.key, x.bytes())
			}
			m := newMusic(t)
			m.album("A/B", "A", "B", "Rock", 7, 3)
			data := filepath.Join(folder(t), "data")
			o := setup{music: []string{"Cloud=" + b.Location, "Folder=" + m.dir}, env: []string{secretOf(b.Secret)}, data: data}
			s := start(t, o)
			c := s.owner()
			c.scanned(23)
			s.stop()
			wrong := maps.Clone(b.Secret)
			for _, k := range []string{"key", "secret_access_key"} {
				if wrong[k] != "" {
					wrong[k] = "d3Jvbmcgc2VjcmV0IG9mIDMyIGJ5dGVzIGF0IGxlYXN0"
				}
			}
			o.env, o.errors = []string{secretOf(wrong)}, true
			s = start(t, o)
			s.secret("d3Jvbmcgc2VjcmV0IG9mIDMyIGJ5dGVzIGF0IGxlYXN0")
			c = s.owner()
			m.album("A/C", "A", "C", "Rock", 8, 3)
			c.scan(26) // the other library goes on, and nothing is missing
			stdout, stderr := s.command(1, "", "doctor")
			t.Logf("doctor: %s%s", stdout, stderr)
			if !strings.Contains(stdout+stderr, "Cloud") || !regexp.MustCompile(`(?i)key|secret|credential`).MatchString(stdout+stderr) {
				t.Errorf("doctor does not tell of the secret:\n%s%s", stdout, stderr)
			}
			if strings.Contains(stdout+stderr, "..") || strings.Contains(stdout+stderr, "***") {
				t.Errorf("doctor's words are no plain ones:\n%s%s", stdout, stderr)
			}
		})
	}
}
