package subsonic

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

// flac is a FLAC file that a scan reads: a stream info, comments, a picture,
// and a payload that stands for frames.
func flac(seconds int, payload string, tags ...string) string {
	var b bytes.Buffer
	b.WriteString("fLaC")
	sum := md5.Sum([]byte(payload))
	info := make([]byte, 34)
	binary.BigEndian.PutUint16(info[0:], 4096)
	binary.BigEndian.PutUint16(info[2:], 4096)
	// 20 bits of rate, 3 of channels-1, 5 of depth-1, 36 of samples.
	binary.BigEndian.PutUint64(info[10:], uint64(44100)<<44|uint64(1)<<41|uint64(15)<<36|uint64(seconds*44100))
	copy(info[18:], sum[:])
	block := func(kind byte, last bool, data []byte) {
		if last {
			kind |= 0x80
		}
		b.Write([]byte{kind, byte(len(data) >> 16), byte(len(data) >> 8), byte(len(data))})
		b.Write(data)
	}
	block(0, false, info)
	var c []byte
	text := func(s string) {
		c = binary.LittleEndian.AppendUint32(c, uint32(len(s)))
		c = append(c, s...)
	}
	text("songlocker test")
	c = binary.LittleEndian.AppendUint32(c, uint32(len(tags)))
	for _, t := range tags {
		text(t)
	}
	block(4, false, c)
	var pic []byte
	field := func(s string) { pic = append(binary.BigEndian.AppendUint32(pic, uint32(len(s))), s...) }
	pic = binary.BigEndian.AppendUint32(pic, 3) // the front cover
	field("image/png")
	field("")
	pic = append(pic, make([]byte, 16)...)
	field("\x89PNG\r\n\x1a\n of " + payload)
	block(6, true, pic)
	b.WriteString(strings.Repeat(payload, 1+4000/len(payload)))
	return b.String()
}

// musicTree is the first library:
//
//	loose.flac                    no album
//	Ann/artist.jpg
//	Ann/Red/01 Dawn.flac          every tag
//	Ann/Red/02 Dusk.flac
//	Ann/Red/CD2/01 Night.flac     disc 2 of the same album
//	The Bob/Blue/01 Sea.flac      1999, Jazz
//	The Bob/Blue/02 Sky.flac
//	Ünïcode/Öl/01 Ä <&> Z.flac    2010, names that need escaping
func musicTree() map[string]string {
	red := func(track, disc, title string, more ...string) []string {
		return append([]string{"TITLE=" + title, "ALBUM=Red", "ARTIST=Ann feat. Cy", "ARTISTS=Ann", "ARTISTS=Cy", "ALBUMARTIST=Ann",
			"DATE=2001-05-06", "ORIGINALDATE=1999-02-03", "ALBUMSORT=Red, the", "ALBUMARTISTSORT=Ann, A.", "RELEASETYPE=album", "RELEASETYPE=live",
			"MUSICBRAINZ_ALBUMID=22222222-2222-4222-8222-222222222222", "MUSICBRAINZ_ALBUMARTISTID=33333333-3333-4333-8333-333333333333",
			"MUSICBRAINZ_ALBUMCOMMENT=Deluxe Edition", "LABEL=Own Label", "MOOD=Calm", "GENRE=Rock", "GENRE=Pop", "TRACKNUMBER=" + track, "DISCNUMBER=" + disc, "DISCTOTAL=2"}, more...)
	}
	blue := func(track, title string) []string {
		return []string{"TITLE=" + title, "ALBUM=Blue", "ARTIST=The Bob", "ALBUMARTIST=The Bob", "DATE=1999", "GENRE=Jazz", "TRACKNUMBER=" + track}
	}
	return map[string]string{
		"Ann/artist.jpg": "\xff\xd8\xff a face",
		"loose.flac":     flac(5, "loose", "TITLE=Loose", "ARTIST=Ann"),
		"Ann/Red/01 Dawn.flac": flac(10, "dawn", red("1", "1", "Dawn", "COMPOSER=Clara", "PERFORMER=Dora (viola)", "ISRC=AABBB1234567",
			"GROUPING=Mornings", "WORK=Day", "MOVEMENTNAME=First light", "MOVEMENT=1", "MOVEMENTTOTAL=3", "COMMENT=a comment", "BPM=97",
			"TITLESORT=Dawn, the", "REPLAYGAIN_TRACK_GAIN=-6.50 dB", "REPLAYGAIN_TRACK_PEAK=0.987654", "REPLAYGAIN_ALBUM_GAIN=-7.00 dB",
			"REPLAYGAIN_ALBUM_PEAK=0.998", "MUSICBRAINZ_TRACKID=11111111-1111-4111-8111-111111111111", "ITUNESADVISORY=1",
			"DISCSUBTITLE=Day")...),
		"Ann/Red/02 Dusk.flac":       flac(11, "dusk", red("2", "1", "Dusk")...),
		"Ann/Red/CD2/01 Night.flac":  flac(12, "night", red("1", "2", "Night", "DISCSUBTITLE=Dark")...),
		"The Bob/Blue/01 Sea.flac":   flac(20, "sea", blue("1", "Sea")...),
		"The Bob/Blue/02 Sky.flac":   flac(21, "sky", blue("2", "Sky")...),
		"Ünïcode/Öl/01 Ä <&> Z.flac": flac(30, "oel", "TITLE=Ä <&> Z", "ALBUM=Öl", "ARTIST=Ünïcode", "ALBUMARTIST=Ünïcode", "DATE=2010", "COMPILATION=1", "GENRE=Electronic & <Dub>", "TRACKNUMBER=1"),
	}
}

// otherTree is the second library: Cy/Green with two songs of 1985.
func otherTree() map[string]string {
	green := func(track, title string) []string {
		return []string{"TITLE=" + title, "ALBUM=Green", "ARTIST=Cy", "ALBUMARTIST=Cy", "DATE=1985", "GENRE=Secret", "TRACKNUMBER=" + track}
	}
	return map[string]string{
		"Cy/Green/01 Leaf.flac": flac(40, "leaf", green("1", "Leaf")...),
		"Cy/Green/02 Moss.flac": flac(41, "moss", green("2", "Moss")...),
	}
}

// gate is an Authenticator with passwords in memory.
type gate struct {
	catalog *catalog.Catalog
	mu      sync.Mutex
	clear   map[models.Key]string
	keys    map[string]models.Identity // device secrets
	refuse  error                      // of every login
}

func (g *gate) Login(ctx context.Context, at models.Attempt) (models.Identity, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuse != nil {
		return models.Identity{}, g.refuse
	}
	fresh := func(id models.Identity) (models.Identity, error) {
		u, err := g.catalog.UserByKey(ctx, id.User.Key)
		id.User = u
		return id, err
	}
	if at.APIKey != "" {
		if id, ok := g.keys[at.APIKey]; ok {
			return fresh(id)
		}
		return models.Identity{}, models.ErrAPIKey
	}
	u, err := g.catalog.UserByName(ctx, at.User)
	if err != nil {
		return models.Identity{}, models.ErrLogin
	}
	clear := g.clear[u.Key]
	if at.Token != "" {
		sum := md5.Sum([]byte(clear + at.Salt))
		if !strings.EqualFold(at.Token, hex.EncodeToString(sum[:])) {
			return models.Identity{}, models.ErrLogin
		}
	} else if at.Password != clear {
		if id, ok := g.keys[at.Password]; ok && id.User.Key == u.Key {
			return fresh(id)
		}
		return models.Identity{}, models.ErrLogin
	}
	return models.Identity{User: u, Scope: models.ScopeFull}, nil
}

func (g *gate) SetPassword(_ context.Context, user models.Key, clear string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clear[user] = clear
	return nil
}

func (g *gate) Create(ctx context.Context, u *models.User, clear string, libraries []int) error {
	if err := g.catalog.CreateUser(ctx, u, libraries); err != nil {
		return err
	}
	return g.SetPassword(ctx, u.Key, clear)
}

// house is a server over two libraries with two users: "owner", an admin who
// reads both, and "guest", who has every role but admin and reads the first.
type house struct {
	t       testing.TB
	api     *API
	catalog *catalog.Catalog
	auth    *gate
	stores  map[int]storage.Store
	covers  map[string]string // bytes by cover id
	lyrics  map[string][]models.Lyrics
	handler http.Handler
	mu      sync.Mutex
	log     bytes.Buffer
	now     time.Time
	scans   int
	changed []string // libraries and keys that were to be scanned again
}

func (h *house) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

func (h *house) Store(_ context.Context, library int) (storage.Store, error) {
	return h.stores[library], nil
}

func (h *house) Start(context.Context, []int, bool) error { h.scans++; return nil }
func (h *house) Status() (bool, int)                      { return false, 9 }
func (h *house) Changed(library int, key string) {
	h.changed = append(h.changed, fmt.Sprint(library, " ", key))
}

type picture struct{ *bytes.Reader }

func (picture) Close() error       { return nil }
func (picture) MIME() string       { return "image/png" }
func (picture) ETag() string       { return "abc" }
func (picture) ModTime() time.Time { return time.UnixMilli(1700000000000) }

func (h *house) Cover(_ context.Context, _ catalog.Viewer, id string, _ int) (Picture, error) {
	if b, ok := h.covers[id]; ok {
		return picture{bytes.NewReader([]byte(b))}, nil
	}
	return nil, unknownID(id)
}

// texts is the Lyrics of a house: texts by the title of the song.
type texts struct{ *house }

func (x texts) Lyrics(ctx context.Context, v catalog.Viewer, song models.Key) ([]models.Lyrics, error) {
	s, err := x.catalog.Song(ctx, v, song)
	if err != nil {
		return nil, err
	}
	return x.lyrics[s.Title], nil
}

var allRoles = models.Roles{Settings: true, Stream: true, Download: true, Upload: true, Playlist: true, CoverArt: true, Comment: true,
	Podcast: true, Jukebox: true, Share: true, Video: true}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseFor(t)
}

func newHouseFor(t testing.TB) *house {
	t.Helper()
	ctx := t.Context()
	c, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "catalog.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	h := &house{t: t, catalog: c, stores: map[int]storage.Store{}, covers: map[string]string{}, lyrics: map[string][]models.Lyrics{}, now: time.Now()}
	for i, tree := range []map[string]string{musicTree(), otherTree()} {
		l := &models.Library{Name: []string{"Music", "Other"}[i], Location: "mem:///" + fmt.Sprint(i), Kind: models.LibraryMusic}
		n, err := c.AddLibrary(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		l.Number = n
		h.stores[n] = mem.New(tree)
		if _, err := scanner.New(c, scanner.Options{}).Scan(ctx, scanner.Request{Library: l, Store: h.stores[n]}); err != nil {
			t.Fatal(err)
		}
	}
	h.auth = &gate{catalog: c, clear: map[models.Key]string{}, keys: map[string]models.Identity{}}
	owner := &models.User{Name: "owner", Roles: allRoles, Scrobbling: true}
	owner.Admin = true
	guest := &models.User{Name: "guest", Roles: allRoles, Scrobbling: true}
	if err := h.auth.Create(ctx, owner, "owner-pw", nil); err != nil {
		t.Fatal(err)
	}
	if err := h.auth.Create(ctx, guest, "guest-pw", []int{1}); err != nil {
		t.Fatal(err)
	}
	h.api = New(Config{Catalog: c, Auth: h.auth, Stores: h, Covers: h, Lyrics: texts{h}, Scans: h, Version: "1.2.3",
		Log: slog.New(slog.NewTextHandler(h, nil)), Now: func() time.Time { return h.now }})
	e := echo.New()
	h.api.Mount(e, "")
	h.api.Mount(e, "/music")
	h.handler = e
	return h
}

// do sends a request to the house and returns the answer.
func (h *house) do(r *http.Request) *http.Response {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w.Result()
}

// as returns the login of a user, in JSON.
func as(user string) string {
	return "u=" + user + "&p=" + user + "-pw&v=1.16.1&c=test&f=json"
}

// target completes "getSong?id=1" to a URL with a login.
func target(user, call string) string {
	sep := "?"
	if strings.Contains(call, "?") {
		sep = "&"
	}
	return "/rest/" + call + sep + as(user)
}

// raw sends one call as GET and returns the answer.
func (h *house) raw(user, call string) *http.Response {
	h.t.Helper()
	return h.do(httptest.NewRequest("GET", target(user, call), nil))
}

type object = map[string]any

// envelope reads the response of the protocol.
func (h *house) envelope(r *http.Response) object {
	h.t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	var o map[string]object
	if err := json.Unmarshal(b, &o); err != nil || len(o) != 1 || o["subsonic-response"] == nil {
		h.t.Fatalf("no response of the protocol: %s", b)
	}
	if r.StatusCode != 200 {
		h.t.Fatalf("HTTP status %d", r.StatusCode)
	}
	return o["subsonic-response"]
}

// ask makes one call as a user, which must succeed.
func (h *house) ask(user, call string) object {
	h.t.Helper()
	o := h.envelope(h.raw(user, call))
	if o["status"] != "ok" {
		h.t.Fatalf("%s as %s: %v", call, user, o["error"])
	}
	return o
}

// get is ask as the owner.
func (h *house) get(call string) object { h.t.Helper(); return h.ask("owner", call) }

// code makes one call as a user and returns its error code, -1 for none.
func (h *house) code(user, call string) int {
	h.t.Helper()
	return codeOf(h.envelope(h.raw(user, call)))
}

func codeOf(o object) int {
	e, ok := o["error"].(object)
	if !ok {
		return -1
	}
	return int(e["code"].(float64))
}

// dig walks down an answer: names of fields, numbers of items.
func dig(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(object)
			v = o[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// all returns one field of every item of a list.
func all(list any, field string) []string {
	out := []string{}
	l, _ := list.([]any)
	for _, x := range l {
		out = append(out, fmt.Sprint(dig(x, field)))
	}
	return out
}

// key returns the key of a user.
func (h *house) key(user string) models.Key {
	h.t.Helper()
	u, err := h.catalog.UserByName(context.Background(), user)
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Key
}

// song returns a song by its title, as the owner sees it.
func (h *house) song(title string) object {
	h.t.Helper()
	list, _ := dig(h.get("getRandomSongs?size=500"), "randomSongs", "song").([]any)
	for _, s := range list {
		if dig(s, "title") == title {
			return s.(object)
		}
	}
	h.t.Fatalf("no song %q", title)
	return nil
}

// id returns the id of a song by its title.
func (h *house) id(title string) string { h.t.Helper(); return h.song(title)["id"].(string) }

// escape makes a text a value of a query.
func escape(s string) string { return url.QueryEscape(s) }

// token returns u, t and s for a password.
func token(user, password, salt string) string {
	sum := md5.Sum([]byte(password + salt))
	return "u=" + user + "&t=" + hex.EncodeToString(sum[:]) + "&s=" + salt
}
