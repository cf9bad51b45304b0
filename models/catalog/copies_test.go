package catalog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// rack is a catalog that a test puts whole folders into, each an album, as
// scans do.
type rack struct {
	*Catalog
	t      *testing.T
	albums map[string]*models.Album // by library and folder
	songs  map[string]*models.Song  // by library and object
}

// track is one song as a test describes it. The zero value of most fields is
// filled in by put.
type track struct {
	key                string
	album, artist      string
	version            string
	title              string
	n                  int
	ms                 int64
	release, recording string
	identity           string
	depth, rate, bits  int
	genre              string
}

func newRack(t *testing.T, c *Catalog) *rack {
	return &rack{Catalog: c, t: t, albums: map[string]*models.Album{}, songs: map[string]*models.Song{}}
}

// put makes the folders of these tracks hold them and nothing else.
func (r *rack) put(library int, tracks ...track) {
	r.t.Helper()
	folders := map[string][]track{}
	for _, x := range tracks {
		folders[path.Dir(x.key)] = append(folders[path.Dir(x.key)], x)
	}
	for dir, list := range folders {
		r.folder(library, dir, list)
	}
}

func (r *rack) folder(library int, dir string, tracks []track) {
	r.t.Helper()
	at := func(key string) string { return fmt.Sprintf("%d:%s", library, key) }
	err := r.Scan(context.Background(), library, func(s *ScanTx) error {
		keys, err := s.Folders([]string{dir})
		if err != nil {
			return err
		}
		a := r.albums[at(dir)]
		if a == nil {
			a = &models.Album{Key: models.NewKey(), Library: library, Created: 1}
			r.albums[at(dir)] = a
		}
		if rows, err := s.AlbumsByKey([]models.Key{a.Key}); err != nil {
			return err
		} else if len(rows) == 1 {
			*a = *rows[0].Album
		}
		a.Folder, a.Songs, a.Duration, a.Credits = keys[dir], 0, 0, nil
		var gone []models.Key
		for k, x := range r.songs {
			if x.Library == library && x.Album == a.Key && !slices.ContainsFunc(tracks, func(t track) bool { return at(t.key) == k }) {
				gone = append(gone, x.Key)
			}
		}
		var list []*models.Song
		fresh := map[models.Key]bool{}
		for i, x := range tracks {
			n := max(x.n, i+1)
			old := r.songs[at(x.key)]
			song := &models.Song{Key: models.NewKey(), Library: library, ObjectKey: x.key, Folder: keys[dir], Album: a.Key, Created: 1, Size: 1000, Identity: x.identity}
			if old != nil {
				rows, err := s.SongsByKey([]models.Key{old.Key})
				if err != nil {
					return err
				}
				song.Key, song.Annot = old.Key, rows[0].Annot
			} else {
				fresh[song.Key] = true
			}
			song.Suffix = strings.TrimPrefix(path.Ext(x.key), ".")
			song.Title, song.Artist, song.AlbumArtist, song.Tags.Album = x.title, x.artist, x.artist, x.album
			if song.Title == "" {
				song.Title = fmt.Sprintf("Song %d", n)
			}
			song.Track, song.RecordingID, song.ReleaseID, song.AlbumVersion = n, x.recording, x.release, x.version
			song.Duration, song.BitRate, song.BitDepth, song.SampleRate = x.ms, x.bits, x.depth, x.rate
			if song.Duration == 0 {
				song.Duration = int64(n) * 100_000
			}
			if x.genre != "" {
				song.Genres = []string{x.genre}
			}
			artists, err := s.Artists([]ArtistName{{Name: x.artist}})
			if err != nil {
				return err
			}
			by := artists[ArtistName{Name: x.artist}]
			song.Credits = []models.Credit{{Role: models.RoleArtist, Artist: by, Name: x.artist}, {Role: models.RoleAlbumArtist, Artist: by, Name: x.artist}}
			song.AlbumName = x.album
			a.Name, a.Artist, a.Version, a.ReleaseID, a.Credits = x.album, x.artist, x.version, x.release, song.Credits[1:]
			a.Songs++
			a.Duration += song.Duration
			r.songs[at(x.key)] = song
			list = append(list, song)
		}
		if err := s.SaveAlbums([]GroupedAlbum{{a, dir}}); err != nil {
			return err
		}
		if err := s.SetMissing(gone, true); err != nil {
			return err
		}
		if err := s.SaveSongs(list, fresh); err != nil {
			return err
		}
		if err := s.Recount(nil, true); err != nil {
			return err
		}
		return s.HideEmptyFolders()
	})
	if err == nil {
		err = r.SettleCopies(context.Background())
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rack) song(library int, key string) models.Key {
	return r.songs[fmt.Sprintf("%d:%s", library, key)].Key
}

func (r *rack) album(library int, dir string) models.Key {
	return r.albums[fmt.Sprintf("%d:%s", library, dir)].Key
}

// column reads one number of a row.
func (r *rack) column(query string, args ...any) (n int64) {
	r.t.Helper()
	if err := r.r.Raw(query, args...).Row().Scan(&n); err != nil {
		r.t.Fatal(query, err)
	}
	return n
}

func (r *rack) annot(song models.Key) models.Key {
	return models.Key(r.column(`SELECT annot_id FROM songs WHERE id = ?`, song))
}

func (r *rack) copyOf(song models.Key) models.Key {
	return models.Key(r.column(`SELECT copy_of FROM songs WHERE id = ?`, song))
}

// record returns an album of n songs in a folder, made alike by each.
func record(dir, suffix string, n int, each func(i int, x *track)) []track {
	out := make([]track, n)
	for i := range out {
		x := track{key: fmt.Sprintf("%s/%02d%s", dir, i+1, suffix), album: path.Base(dir), artist: "Ann", n: i + 1, genre: "Rock"}
		if each != nil {
			each(i, &x)
		}
		out[i] = x
	}
	return out
}

func flac(_ int, x *track) { x.depth, x.rate, x.bits = 16, 44100, 900 }
func mp3(_ int, x *track)  { x.rate, x.bits = 44100, 320 }

// shown is what every list of the tag view shows of albums and songs, each
// with its library.
type shown struct{ albums, songs []string }

// lists reads all lists of the tag view and fails where they disagree.
func (r *rack) lists(v Viewer) shown {
	r.t.Helper()
	ctx := context.Background()
	check := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	songNames := func(list []*models.Song) (out []string) {
		for _, s := range list {
			out = append(out, fmt.Sprintf("%d:%s", s.Library, s.ObjectKey))
		}
		slices.Sort(out)
		return out
	}
	albumNames := func(list []*models.Album) (out []string) {
		for _, a := range list {
			out = append(out, fmt.Sprintf("%d:%s", a.Library, a.Name))
		}
		slices.Sort(out)
		return out
	}
	all, err := r.RandomSongs(ctx, v, SongList{Size: 1000})
	check(err)
	first, _, err := r.Albums(ctx, v, AlbumList{By: "newest", Size: 1000})
	check(err)
	out := shown{albumNames(first), songNames(all)}
	same := func(what string, got, want []string) {
		r.t.Helper()
		if !slices.Equal(got, want) {
			r.t.Errorf("%s shows %q, others %q", what, got, want)
		}
	}
	for _, l := range []AlbumList{{By: "random"}, {By: "alphabeticalByName"}, {By: "alphabeticalByArtist"}, {By: "byYear", ToYear: 2100}, {By: "byGenre", Genre: "rock"}} {
		l.Size = 1000
		list, total, err := r.Albums(ctx, v, l)
		check(err)
		same(l.By, albumNames(list), out.albums)
		if total != len(out.albums) {
			r.t.Errorf("%s counts %d of %d", l.By, total, len(out.albums))
		}
	}
	list, err := r.RandomSongs(ctx, v, SongList{Size: 1000, Genre: "rock"})
	check(err)
	same("random of genre", songNames(list), out.songs)
	list, err = r.SongsByGenre(ctx, v, SongList{Size: 1000, Genre: "rock"})
	check(err)
	same("genre", songNames(list), out.songs)
	r.searcher.index.Store(nil) // an index that took long to build may be behind
	found, err := r.Search(ctx, v, SearchQuery{Songs: 1000, Albums: 1000, Artists: 1000})
	check(err)
	same("search for everything", songNames(found.Songs), out.songs)
	same("search for every album", albumNames(found.Albums), out.albums)
	listed := len(found.Artists)
	if found, err = r.Search(ctx, v, SearchQuery{Text: "ann", Songs: 1000, Albums: 1000, Artists: 1000}); err != nil {
		r.t.Fatal(err)
	}
	same("search", songNames(found.Songs), out.songs)
	same("search for albums", albumNames(found.Albums), out.albums)
	if len(found.Artists) != listed {
		r.t.Errorf("search finds %d of %d artists", len(found.Artists), listed)
	}
	fields, total, err := r.SearchFields(ctx, v, "ann", "", "", "", 0, 1000, 0)
	check(err)
	same("search by fields", songNames(fields), out.songs)
	if total != len(out.songs) {
		r.t.Errorf("search by fields counts %d", total)
	}
	artists, err := r.Artists(ctx, v)
	check(err)
	if len(artists) != min(1, len(out.albums)) {
		r.t.Fatalf("%d artists", len(artists))
	}
	genres, err := r.Genres(ctx, v)
	check(err)
	if len(artists) == 0 {
		if len(genres) != 0 {
			r.t.Errorf("genres %+v", genres)
		}
		return out
	}
	one, err := r.Artist(ctx, v, artists[0].Key)
	check(err)
	if artists[0].Albums != len(out.albums) || one.Albums != len(out.albums) {
		r.t.Errorf("the artist has %d, by id %d of %d albums", artists[0].Albums, one.Albums, len(out.albums))
	}
	albums, err := r.ArtistAlbums(ctx, v, artists[0].Key)
	check(err)
	same("the artist's albums", albumNames(albums), out.albums)
	list, err = r.ArtistSongs(ctx, v, artists[0].Key)
	check(err)
	same("the artist's songs", songNames(list), out.songs)
	if len(genres) != 1 || genres[0].Songs != len(out.songs) || genres[0].Albums != len(out.albums) {
		r.t.Errorf("genres %+v for %d songs", genres, len(out.songs))
	}
	return out
}

func (r *rack) shows(what string, v Viewer, albums ...string) {
	r.t.Helper()
	if got := r.lists(v).albums; !slices.Equal(got, albums) {
		r.t.Errorf("%s: %q, want %q", what, got, albums)
	}
}

func (r *rack) prefer(prefer string) {
	r.t.Helper()
	if err := r.SetPrefer(context.Background(), prefer); err != nil {
		r.t.Fatal(err)
	}
}

// viewer returns what a user may read, as it stands now.
func (r *rack) viewer(name string) Viewer {
	r.t.Helper()
	u, err := r.UserByName(context.Background(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.Viewer(u)
}

// TestCopiesAreShownOnce puts the same albums into a folder and a bucket and
// reads every list as users with rights in the one, the other and both.
//
//	1 file:///a   A/One (MP3)   A/Two (FLAC, 3 of 4)   A/Mine
//	2 s3://b      A/One (FLAC)  A/Two (MP3)            A/Theirs
func TestCopiesAreShownOnce(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		library(t, c, "file:///a", 0)
		library(t, c, "s3://b", 0)
		addUser(t, c, "first", false, []int{1})
		addUser(t, c, "second", false, []int{2})
		addUser(t, c, "both", false, nil)
		addUser(t, c, "nobody", false, []int{})
		r.put(1, record("A/One", ".mp3", 3, mp3)...)
		r.put(1, record("A/Two", ".flac", 3, flac)...)
		r.put(1, record("A/Mine", ".mp3", 2, mp3)...)
		r.put(2, record("A/One", ".flac", 3, flac)...)
		r.put(2, record("A/Two", ".mp3", 4, mp3)...)
		r.put(2, record("A/Theirs", ".mp3", 2, mp3)...)
		apart := func(what string) {
			t.Helper()
			r.shows(what, r.viewer("both"), "1:Mine", "1:One", "1:Two", "2:One", "2:Theirs", "2:Two")
			if r.annot(r.song(1, "A/One/01.mp3")) == r.annot(r.song(2, "A/One/01.flac")) {
				t.Errorf("%s: stars are shared", what)
			}
		}
		apart("by default")
		others := func(what string) {
			t.Helper()
			r.shows(what+", first", r.viewer("first"), "1:Mine", "1:One", "1:Two")
			r.shows(what+", second", r.viewer("second"), "2:One", "2:Theirs", "2:Two")
			r.shows(what+", nobody", r.viewer("nobody"))
			r.shows(what+", one of both", r.viewer("both").In(1), "1:Mine", "1:One", "1:Two")
			r.shows(what+", both without one", r.viewer("both").Without([]int{2}), "1:Mine", "1:One", "1:Two")
			if r.annot(r.song(1, "A/One/01.mp3")) != r.annot(r.song(2, "A/One/01.flac")) {
				t.Errorf("%s: stars are not shared", what)
			}
			if r.annot(r.song(1, "A/One/01.mp3")) == r.annot(r.song(1, "A/One/02.mp3")) {
				t.Errorf("%s: two songs share stars", what)
			}
		}
		r.prefer(PreferQuality)
		// Two has a song more in its lesser copy, so both stay.
		r.shows("quality", r.viewer("both"), "1:Mine", "1:Two", "2:One", "2:Theirs", "2:Two")
		others("quality")
		r.prefer(PreferLocal)
		r.shows("local", r.viewer("both"), "1:Mine", "1:One", "1:Two", "2:Theirs", "2:Two")
		others("local")
		r.prefer(PreferOrder)
		r.shows("order", r.viewer("both"), "1:Mine", "1:One", "1:Two", "2:Theirs", "2:Two")
		others("order")
		refused(t, c.SetPrefer(ctx, "loud"), models.ErrInvalid)

		// A hidden album is there for whoever asks for it.
		both := r.viewer("both")
		a, err := c.Album(ctx, both, r.album(2, "A/One"))
		if err != nil || a.Songs != 3 {
			t.Errorf("a hidden album: %+v %v", a, err)
		}
		if songs, err := c.AlbumSongs(ctx, both, r.album(2, "A/One")); err != nil || len(songs) != 3 {
			t.Errorf("songs of a hidden album: %d %v", len(songs), err)
		}
		folder, err := c.Folder(ctx, both, a.Folder)
		if err != nil {
			t.Fatal(err)
		}
		if songs, err := c.FolderSongs(ctx, both, folder.Key); err != nil || len(songs) != 3 {
			t.Errorf("a folder of hidden songs: %d %v", len(songs), err)
		}
		// Single songs that were granted hide nothing, and are hidden by nothing.
		guest := addUser(t, c, "guest", false, []int{2})
		if err := c.Grant(ctx, Access{User: guest.Key, Scope: ScopeAlbum, ID: int64(r.album(1, "A/One")), Right: RightRead}); err != nil {
			t.Fatal(err)
		}
		r.shows("with a granted album", r.viewer("guest"), "1:One", "2:One", "2:Theirs", "2:Two")

		// The preferred copy loses a song, and gets it again.
		r.put(1, record("A/One", ".mp3", 2, mp3)...)
		r.shows("a part of the copy", r.viewer("both"), "1:Mine", "1:One", "1:Two", "2:One", "2:Theirs", "2:Two")
		r.put(1, record("A/One", ".mp3", 3, mp3)...)
		r.shows("the whole copy again", r.viewer("both"), "1:Mine", "1:One", "1:Two", "2:Theirs", "2:Two")
		// Its library goes.
		if err := c.RemoveLibrary(ctx, 1); err != nil {
			t.Fatal(err)
		}
		r.shows("without the copy's library", r.viewer("both"), "2:One", "2:Theirs", "2:Two")
		library(t, c, "file:///a", 0)
		r.put(1, record("A/One", ".mp3", 3, mp3)...)
		r.put(1, record("A/Two", ".flac", 3, flac)...)
		r.put(1, record("A/Mine", ".mp3", 2, mp3)...)
		r.shows("with it again", r.viewer("both"), "1:Mine", "1:One", "1:Two", "2:Theirs", "2:Two")
		r.prefer(PreferAll)
		apart("turned off again")
		if n := r.column(`SELECT COUNT(*) FROM album_copies`) + r.column(`SELECT COUNT(*) FROM songs WHERE copy_of <> 0`) + r.column(`SELECT COUNT(*) FROM copy_due`); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

// TestWhatIsACopy puts a pair of songs on one album each into two libraries.
func TestWhatIsACopy(t *testing.T) {
	base := track{key: "A/Red/01.mp3", album: "Red", artist: "Ann", title: "Song", n: 1, ms: 200_000}
	with := func(f func(x *track)) track {
		x := base
		f(&x)
		return x
	}
	id := func(s string) string { return s + "-0000-4000-8000-000000000000" }
	each(t, func(t *testing.T, c *Catalog) {
		library(t, c, "file:///a", 0)
		library(t, c, "file:///b", 0)
		r := newRack(t, c)
		r.prefer(PreferOrder)
		for i, x := range []struct {
			name string
			a, b track
			same bool
		}{
			{"names", base, base, true},
			{"case and accents", base, with(func(x *track) { x.album, x.artist, x.title = "RED", "ánn", "song" }), true},
			{"another title", base, with(func(x *track) { x.title = "Other" }), false},
			{"another artist", base, with(func(x *track) { x.artist = "Bob" }), false},
			{"another album", base, with(func(x *track) { x.album = "Blue" }), false},
			{"another track", base, with(func(x *track) { x.n = 2 }), false},
			{"3 seconds more", base, with(func(x *track) { x.ms += 3000 }), true},
			{"4 seconds more", base, with(func(x *track) { x.ms += 4000 }), false},
			{"another edition", with(func(x *track) { x.version = "Live" }), with(func(x *track) { x.version = "Deluxe" }), false},
			{"one of no edition", base, with(func(x *track) { x.version = "Deluxe" }), true},
			{"other releases", with(func(x *track) { x.release = id("1") }), with(func(x *track) { x.release = id("2") }), false},
			{"one of no release", with(func(x *track) { x.release = id("1") }), base, true},
			{"other recordings", with(func(x *track) { x.recording = id("1") }), with(func(x *track) { x.recording = id("2") }), false},
			{"ids and other names", with(func(x *track) { x.release, x.recording = id("1"), id("2") }),
				with(func(x *track) {
					x.release, x.recording, x.album, x.title, x.artist, x.ms = id("1"), id("2"), "Rot", "Lied", "Anna", 9000
				}), true},
			{"one sound, other artists and titles", with(func(x *track) { x.identity = "flac1:x" }),
				with(func(x *track) { x.identity, x.artist, x.title = "flac1:x", "Various", "01" }), true},
			{"one sound on another album", with(func(x *track) { x.identity = "flac1:x" }), with(func(x *track) { x.identity, x.album = "flac1:x", "Best" }), false},
			{"one sound at another track", with(func(x *track) { x.identity = "flac1:x" }), with(func(x *track) { x.identity, x.n = "flac1:x", 7 }), false},
			{"no album", with(func(x *track) { x.album = "" }), with(func(x *track) { x.album = "" }), false},
		} {
			dir := fmt.Sprintf("%02d", i)
			x.a.key, x.b.key = dir+"/a.mp3", dir+"/b.mp3"
			// Cases don't meet: each has a word of its own, but for no name at all.
			for _, y := range []*track{&x.a, &x.b} {
				if y.album != "" {
					y.album += " " + dir
				}
				if y.identity != "" {
					y.identity += dir
				}
				if y.release != "" {
					y.release = dir + y.release
				}
			}
			r.put(1, x.a)
			r.put(2, x.b)
			if same := r.annot(r.song(1, x.a.key)) == r.annot(r.song(2, x.b.key)); same != x.same {
				t.Errorf("%s: a copy is %v, want %v", x.name, same, x.same)
			}
			if hidden := r.copyOf(r.song(2, x.b.key)) != 0; hidden != x.same {
				t.Errorf("%s: hidden is %v, want %v", x.name, hidden, x.same)
			}
		}
	})
}

// TestLibrariesOfOthersHoldNoCopies keeps a user's own library apart, and two
// albums of one library.
func TestLibrariesOfOthersHoldNoCopies(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		u := addUser(t, c, "both", false, nil)
		library(t, c, "file:///a", 0)
		library(t, c, "file:///own", u.Key)
		r.prefer(PreferOrder)
		r.put(1, record("flac/One", ".flac", 2, flac)...)
		r.put(1, record("mp3/One", ".mp3", 2, mp3)...)
		r.put(2, record("One", ".mp3", 2, mp3)...)
		r.shows("a user's own", r.viewer("both"), "1:One", "1:One", "2:One")
		library(t, c, "file:///c", 0)
		r.put(3, record("One", ".mp3", 2, mp3)...)
		r.shows("of one library two, of another one", r.viewer("both"), "1:One", "1:One", "2:One")
	})
}

// TestThreeCopies shows each of several readers the best that they may read.
func TestThreeCopies(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		for _, l := range []string{"file:///a", "file:///b", "file:///c"} {
			library(t, c, l, 0)
		}
		r.prefer(PreferQuality)
		r.put(1, record("One", ".mp3", 2, mp3)...)
		r.put(2, record("One", ".flac", 2, flac)...)
		r.put(3, record("One", ".flac", 2, func(_ int, x *track) { x.depth, x.rate, x.bits = 24, 96000, 2000 })...)
		for _, x := range []struct {
			libraries []int
			sees      string
		}{{[]int{1, 2, 3}, "3:One"}, {[]int{1, 2}, "2:One"}, {[]int{1, 3}, "3:One"}, {[]int{2, 3}, "3:One"}, {[]int{1}, "1:One"}, {[]int{2}, "2:One"}} {
			u := addUser(t, c, fmt.Sprint("u", x.libraries), false, x.libraries)
			r.shows(u.Name, r.viewer(u.Name), x.sees)
		}
		if r.copyOf(r.song(1, "One/01.mp3")) != r.song(3, "One/01.flac") {
			t.Error("copy_of is not the preferred copy")
		}
	})
}

// TestMarksOfCopies stars, rates, plays and marks copies before they come
// together, while they are together and after they part.
func TestMarksOfCopies(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		library(t, c, "file:///a", 0)
		library(t, c, "file:///b", 0)
		addUser(t, c, "both", false, nil)
		r.put(1, record("One", ".flac", 2, flac)...)
		r.put(2, record("One", ".mp3", 2, mp3)...)
		a, b := r.song(1, "One/01.flac"), r.song(2, "One/01.mp3")
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		v := func() Viewer { return r.viewer("both") }
		played := func(song models.Key, at int64) {
			t.Helper()
			_, err := c.Scrobble(ctx, v(), []models.Play{{Song: song, At: at, Player: "p"}})
			do(err)
		}
		get := func(k models.Key) models.UserItem {
			t.Helper()
			s, err := c.Song(ctx, v(), k)
			do(err)
			return s.User
		}
		getAlbum := func(dir string, library int) models.UserItem {
			t.Helper()
			x, err := c.Album(ctx, v(), r.album(library, dir))
			do(err)
			return x.User
		}
		do(c.Star(ctx, v(), []models.ID{song(b), album(r.album(2, "One"))}, true))
		do(c.Rate(ctx, v(), song(a), 4))
		do(c.SetBookmark(ctx, v(), b, 5000, "here"))
		played(a, 1000)
		played(a, 2000)
		played(b, 3000)

		r.prefer(PreferOrder)
		for _, k := range []models.Key{a, b} {
			if u := get(k); u.StarredAt == 0 || u.Rating != 4 || u.PlayCount != 3 || u.PlayedAt != 3000 || u.Bookmark != 5000 || u.Average != 4 {
				t.Errorf("joined: %+v", u)
			}
		}
		for library := 1; library <= 2; library++ {
			if u := getAlbum("One", library); u.StarredAt == 0 || u.PlayCount != 3 {
				t.Errorf("the album in library %d: %+v", library, u)
			}
		}
		_, albums, songs, _, err := c.Starred(ctx, v())
		if err != nil || len(albums) != 1 || albums[0].Library != 1 || len(songs) != 1 || songs[0].Key != a {
			t.Errorf("starred: %+v %+v %v", albums, songs, err)
		}
		for _, by := range []string{"starred", "frequent", "recent"} {
			list, n, err := c.Albums(ctx, v(), AlbumList{By: by, Size: 9})
			if err != nil || n != 1 || len(list) != 1 || list[0].Library != 1 {
				t.Errorf("%s: %d %+v %v", by, n, list, err)
			}
		}
		marks, err := c.Bookmarks(ctx, v())
		if err != nil || len(marks) != 1 || marks[0].Song.Key != b {
			t.Errorf("bookmarks: %+v %v", marks, err)
		}
		// A star of the hidden one is a star of both; so is its end.
		do(c.Star(ctx, v(), []models.ID{song(b), album(r.album(2, "One"))}, false))
		if get(a).StarredAt != 0 || getAlbum("One", 1).StarredAt != 0 {
			t.Error("a star stays where its copy's was taken")
		}
		do(c.Star(ctx, v(), []models.ID{song(b), album(r.album(2, "One"))}, true))
		played(b, 4000)
		do(c.Rate(ctx, v(), album(r.album(2, "One")), 2))
		if u := getAlbum("One", 1); u.Rating != 2 || u.PlayCount != 4 {
			t.Errorf("the album: %+v", u)
		}

		// They part: one is retagged.
		x := record("One", ".mp3", 2, mp3)
		x[0].title = "Another"
		r.put(2, x...)
		if ua, ub := get(a), get(b); ua.StarredAt == 0 || ub.StarredAt == 0 || ua.Rating != 4 || ub.Rating != 4 || ub.Average != 4 ||
			ua.PlayCount != 2 || ua.PlayedAt != 2000 || ub.PlayCount != 2 || ub.PlayedAt != 4000 || ua.Bookmark != 0 || ub.Bookmark != 5000 {
			t.Errorf("parted: %+v %+v", ua, ub)
		}
		if ua, ub := getAlbum("One", 1), getAlbum("One", 2); ua.StarredAt == 0 || ub.StarredAt == 0 || ua.Rating != 2 || ub.Rating != 2 || ua.PlayCount != 2 || ub.PlayCount != 2 {
			t.Errorf("parted albums: %+v %+v", ua, ub)
		}
		do(c.Star(ctx, v(), []models.ID{song(b)}, false))
		if get(a).StarredAt == 0 {
			t.Error("a star goes with that of a former copy")
		}
		// And come together again.
		r.put(2, record("One", ".mp3", 2, mp3)...)
		if u := get(b); u.StarredAt == 0 || u.PlayCount != 4 || u.Rating != 4 {
			t.Errorf("joined again: %+v", u)
		}
		// The one whose key the marks hang on goes missing: the other keeps all.
		first := a
		if r.annot(a) == b {
			first = b
		}
		lib, dir := 1, ".flac"
		if first == b {
			lib, dir = 2, ".mp3"
		}
		r.put(lib, record("One", dir, 2, nil)[1:]...)
		if u := get(a + b - first); u.StarredAt == 0 || u.PlayCount != 4 {
			t.Errorf("after the other went: %+v", u)
		}
	})
}

// TestPurgeKeepsWhatCopiesShare purges the row that the marks of an album and
// a song hang on.
func TestPurgeKeepsWhatCopiesShare(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		library(t, c, "file:///a", 0)
		library(t, c, "file:///b", 0)
		addUser(t, c, "both", false, nil)
		r.prefer(PreferOrder)
		r.put(1, record("One", ".flac", 1, flac)...)
		r.put(2, record("One", ".mp3", 1, mp3)...)
		a, b := r.song(1, "One/01.flac"), r.song(2, "One/01.mp3")
		if err := c.Star(ctx, r.viewer("both"), []models.ID{song(b), album(r.album(2, "One"))}, true); err != nil {
			t.Fatal(err)
		}
		if r.annot(b) != a {
			t.Fatal("the marks hang on the newer song")
		}
		err := c.Scan(ctx, 1, func(s *ScanTx) error {
			x := r.albums["1:One"]
			x.Songs = 0
			if err := s.SaveAlbums([]GroupedAlbum{{x, "One"}}); err != nil {
				return err
			}
			return s.SetMissing([]models.Key{a}, true)
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Purge(ctx, 1, now()+1)
		if err != nil || p.Songs != 1 || p.Stars != 0 {
			t.Fatalf("%+v %v", p, err)
		}
		v := r.viewer("both")
		if s, err := c.Song(ctx, v, b); err != nil || s.User.StarredAt == 0 {
			t.Errorf("the song: %+v %v", s, err)
		}
		if x, err := c.Album(ctx, v, r.album(2, "One")); err != nil || x.User.StarredAt == 0 {
			t.Errorf("the album: %+v %v", x, err)
		}
		r.shows("the copy", v, "2:One")
		if err := c.SettleCopies(ctx); err != nil {
			t.Fatal(err)
		}
		if s, err := c.Song(ctx, v, b); err != nil || s.User.StarredAt == 0 {
			t.Errorf("the song, settled: %+v %v", s, err)
		}
	})
}

// TestCommonNames takes a name that too many albums have for no evidence.
func TestCommonNames(t *testing.T) {
	c := open(t, "sqlite:"+t.TempDir()+"/catalog.db")
	r := newRack(t, c)
	library(t, c, "file:///a", 0)
	library(t, c, "file:///b", 0)
	add := func(library, n int) {
		for i := range n {
			r.put(library, track{key: fmt.Sprintf("%03d/01.mp3", i), album: "Unknown", artist: "Unknown", title: "Track"})
		}
	}
	add(1, commonName)
	r.prefer(PreferOrder)
	add(2, 1)
	if r.copyOf(r.song(2, "000/01.mp3")) != 0 {
		t.Error("a copy by a name that everything has")
	}
}

// TestSettlesOnlyWhatChanged asks for no write where nothing changed.
func TestSettlesOnlyWhatChanged(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		library(t, c, "file:///a", 0)
		library(t, c, "file:///b", 0)
		r.put(1, record("One", ".flac", 1, flac)...)
		if n := r.column(`SELECT COUNT(*) FROM copy_due`); n != 0 {
			t.Errorf("%d albums are due where no copies are looked for", n)
		}
		r.prefer(PreferOrder)
		r.put(2, record("One", ".mp3", 1, mp3)...)
		version := c.Version()
		if err := c.SettleCopies(context.Background()); err != nil {
			t.Fatal(err)
		}
		r.prefer(PreferOrder)
		if c.Version() != version {
			t.Error("nothing changed, and the catalog's version did")
		}
		if err := c.write(context.Background(), func(tx *gorm.DB) error {
			return tx.Exec(`INSERT INTO copy_due (album_id) VALUES (?)`, r.album(1, "One")).Error
		}); err != nil {
			t.Fatal(err)
		}
		if err := c.SettleCopies(context.Background()); err != nil {
			t.Fatal(err)
		}
		if c.Version() != version || r.column(`SELECT COUNT(*) FROM copy_due`) != 0 {
			t.Error("the same albums again change the catalog")
		}
	})
}

// copiesLibrary makes a library one of copies of another, or its own for 0.
func (r *rack) copiesLibrary(n, of int) error {
	r.t.Helper()
	l, err := r.Library(context.Background(), n)
	if err != nil {
		r.t.Fatal(err)
	}
	l.Settings.CopiesOf = of
	return r.UpdateLibrary(context.Background(), l)
}

// TestLibraryOfCopies keeps a library of copies out of everything, and finds
// the original of each of its songs.
//
//	1 originals      Ann/One (FLAC)  Ann/Two (FLAC)   2 a second library of originals
//	3 copies of 1    Ann/One (Opus, same paths, no tags)  else/Two (MP3, tags)  else/Odd
func TestLibraryOfCopies(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		for _, l := range []string{"file:///a", "file:///b", "file:///c"} {
			library(t, c, l, 0)
		}
		addUser(t, c, "first", false, []int{1})
		addUser(t, c, "third", false, []int{3})
		addUser(t, c, "second", false, []int{2})
		addUser(t, c, "all", false, nil)
		guest := addUser(t, c, "guest", false, []int{2})
		untagged := record("Ann/One", ".opus", 3, func(i int, x *track) {
			x.album, x.artist, x.title, x.ms, x.bits = "", "Ann", "no title", int64(i+1)*100_000+500, 96
		})
		r.put(1, record("Ann/One", ".flac", 3, flac)...)
		r.put(2, record("Ann/Other", ".flac", 1, flac)...)
		r.put(3, untagged...)
		r.put(3, record("else/Two", ".mp3", 2, mp3)...)
		r.put(3, record("else/Odd", ".mp3", 1, mp3)...)
		r.shows("before", r.viewer("all"), "1:One", "2:Other", "3:", "3:Odd", "3:Two")
		star := r.song(3, "Ann/One/01.opus")
		if err := c.Star(ctx, r.viewer("all"), []models.ID{song(star)}, true); err != nil {
			t.Fatal(err)
		}
		if err := c.Grant(ctx, Access{User: guest.Key, Scope: ScopeAlbum, ID: int64(r.album(3, "else/Odd")), Right: RightRead}); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []struct{ n, of int }{{3, 3}, {3, 9}} {
			if err := r.copiesLibrary(bad.n, bad.of); err == nil {
				t.Errorf("library %d holds copies of %d", bad.n, bad.of)
			}
		}
		if err := r.copiesLibrary(3, 1); err != nil {
			t.Fatal(err)
		}
		refused(t, r.copiesLibrary(1, 2), models.ErrConflict)
		refused(t, r.copiesLibrary(2, 3), models.ErrInvalid)
		// What comes later is found as well.
		r.put(1, record("Ann/Two", ".flac", 2, flac)...)
		hidden := func() {
			t.Helper()
			r.shows("first", r.viewer("first"), "1:One", "1:Two")
			r.shows("second", r.viewer("second"), "2:Other")
			r.shows("third", r.viewer("third"))
			r.shows("a guest", r.viewer("guest"), "2:Other")
			r.shows("all", r.viewer("all"), "1:One", "1:Two", "2:Other")
			r.shows("the library by its number", r.viewer("all").In(3))
		}
		hidden()
		for key, of := range map[string]string{"Ann/One/01.opus": "Ann/One/01.flac", "Ann/One/03.opus": "Ann/One/03.flac", "else/Two/02.mp3": "Ann/Two/02.flac"} {
			if got := r.copyOf(r.song(3, key)); got != r.song(1, of) {
				t.Errorf("%s is a copy of %s, want %s", key, got, of)
			}
			if r.annot(r.song(3, key)) != r.annot(r.song(1, of)) {
				t.Errorf("%s shares no marks with its original", key)
			}
		}
		if r.copyOf(r.song(3, "else/Odd/01.mp3")) != 0 {
			t.Error("a copy of nothing is one")
		}
		all := r.viewer("all")
		for _, k := range []models.Key{star, r.song(3, "else/Odd/01.mp3")} {
			if _, err := c.Song(ctx, all, k); err == nil {
				t.Error("a copy is there by its id")
			}
		}
		if folders, err := c.TopFolders(ctx, all); err != nil || len(folders) != 2 {
			t.Errorf("folders: %+v %v", folders, err)
		}
		one, err := c.Song(ctx, all, r.song(1, "Ann/One/01.flac"))
		if err != nil || one.User.StarredAt == 0 {
			t.Fatalf("the original: %+v %v", one, err)
		}
		// Whoever reads the original may have the copy, and nobody else.
		for name, want := range map[string]int{"all": 1, "first": 1, "second": 0, "third": 0, "guest": 0} {
			_, road, err := c.Copies(ctx, r.viewer(name), one)
			if err != nil || len(road) != want {
				t.Errorf("%s gets %d copies, want %d: %v", name, len(road), want, err)
			}
			if want > 0 && road[0].Key != star {
				t.Errorf("%s gets another copy", name)
			}
		}
		// The original of a copy goes and comes, and so does the copy.
		r.put(1, record("Ann/One", ".flac", 3, flac)[1:]...)
		if r.copyOf(star) != 0 {
			t.Error("a copy of what is gone")
		}
		r.put(1, record("Ann/One", ".flac", 3, flac)...)
		if r.copyOf(star) != r.song(1, "Ann/One/01.flac") || r.annot(star) != r.annot(r.song(1, "Ann/One/01.flac")) {
			t.Error("no copy of what has come back")
		}
		// Another file of that name is no copy.
		other := slices.Clone(untagged)
		other[0].ms = 5000
		r.put(3, other...)
		if r.copyOf(star) != 0 {
			t.Error("a song of another length is a copy by its path")
		}
		r.put(3, untagged...)
		hidden()
		// While the originals' library is away its copies are nobody's, and
		// other settings of theirs can be changed.
		if err := c.RemoveLibrary(ctx, 1); err != nil {
			t.Fatal(err)
		}
		r.shows("without originals", r.viewer("all"), "2:Other")
		if err := r.copiesLibrary(3, 1); err != nil {
			t.Errorf("settings that stay are refused: %v", err)
		}
		library(t, c, "file:///a", 0)
		r.put(1, record("Ann/One", ".flac", 3, flac)...)
		r.put(1, record("Ann/Two", ".flac", 2, flac)...)
		hidden()
		if r.copyOf(star) != r.song(1, "Ann/One/01.flac") {
			t.Error("no copy of what was removed and has come back")
		}
		if err := r.copiesLibrary(3, 0); err != nil {
			t.Fatal(err)
		}
		r.shows("listed again", r.viewer("all"), "1:One", "1:Two", "2:Other", "3:", "3:Odd", "3:Two")
		r.shows("listed again, a guest", r.viewer("guest"), "2:Other", "3:Odd")
		if r.copyOf(star) != 0 || r.annot(star) == r.annot(r.song(1, "Ann/One/01.flac")) {
			t.Error("a library that is its own still holds copies")
		}
		for _, k := range []models.Key{star, one.Key} {
			if s, err := c.Song(ctx, r.viewer("all"), k); err != nil || s.User.StarredAt == 0 {
				t.Errorf("the star, parted: %+v %v", s, err)
			}
		}
	})
}

// TestCopiesBesideAndForTheRoad sends for a song what its copy in a third
// library has.
func TestCopiesBesideAndForTheRoad(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		for _, l := range []string{"file:///a", "s3://b", "s3://c"} {
			library(t, c, l, 0)
		}
		addUser(t, c, "first", false, []int{1})
		addUser(t, c, "all", false, nil)
		r.prefer(PreferLocal)
		if err := r.copiesLibrary(3, 2); err != nil {
			t.Fatal(err)
		}
		r.put(3, record("x/One", ".mp3", 2, func(_ int, x *track) { x.bits = 128 })...)
		r.put(3, record("y/One", ".mp3", 2, func(_ int, x *track) { x.bits = 192 })...)
		r.put(1, record("One", ".flac", 2, flac)...)
		r.put(2, record("One", ".flac", 2, flac)...)
		r.shows("all", r.viewer("all"), "1:One")
		s, err := c.Song(ctx, r.viewer("all"), r.song(1, "One/02.flac"))
		if err != nil {
			t.Fatal(err)
		}
		beside, road, err := c.Copies(ctx, r.viewer("all"), s)
		if err != nil || len(beside) != 1 || beside[0].Key != r.song(2, "One/02.flac") || len(road) != 2 || road[0].Key != r.song(3, "y/One/02.mp3") || road[1].Key != r.song(3, "x/One/02.mp3") {
			t.Errorf("beside %+v, road %+v %v", beside, road, err)
		}
		if beside, road, err = c.Copies(ctx, r.viewer("first"), s); err != nil || len(beside)+len(road) != 0 {
			t.Errorf("without the second library: beside %+v, road %+v %v", beside, road, err)
		}
	})
}

// TestCopiesAtRandom retags, removes and returns albums of three libraries at
// random, with users who star and play, and holds what marks hang on to its
// rules after each step: a row whose key others use as their annot uses it
// itself, copies share one annot and nobody else does, no play is lost, and no
// star leaves a song by itself.
func TestCopiesAtRandom(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			ctx := context.Background()
			rnd := rand.New(rand.NewPCG(seed, 7))
			c := open(t, "sqlite:"+t.TempDir()+"/catalog.db")
			r := newRack(t, c)
			for _, l := range []string{"file:///a", "s3://b", "file:///c"} {
				library(t, c, l, 0)
			}
			addUser(t, c, "both", false, nil)
			names := []string{"Red", "Blue"}
			put := func() {
				n, name := 1+rnd.IntN(3), names[rnd.IntN(len(names))]
				list := record(fmt.Sprintf("%d/%s", rnd.IntN(2), name), ".mp3", 1+rnd.IntN(3), func(i int, x *track) {
					x.depth, x.bits = 16*rnd.IntN(2), 100*(1+rnd.IntN(4))
					if rnd.IntN(4) == 0 {
						x.title = "Another"
					}
					if rnd.IntN(3) == 0 {
						x.recording, x.release = fmt.Sprint("rec", i), "rel"+name
					}
				})
				r.put(n, list...)
			}
			stars, plays, at := map[models.Key]bool{}, int64(0), int64(1000)
			for step := range 60 {
				switch rnd.IntN(10) {
				case 0:
					r.prefer([]string{PreferAll, PreferQuality, PreferLocal, PreferOrder}[rnd.IntN(4)])
				case 1:
					if err := r.copiesLibrary(3, rnd.IntN(2)); err != nil {
						t.Fatal(err)
					}
				case 2, 3:
					list, err := c.RandomSongs(ctx, r.viewer("both"), SongList{Size: 1})
					if err != nil {
						t.Fatal(err)
					}
					for _, s := range list {
						if err := c.Star(ctx, r.viewer("both"), []models.ID{song(s.Key), album(s.Album)}, true); err != nil {
							t.Fatal(err)
						}
						stars[s.Key] = true
						at += 1000
						if _, err := c.Scrobble(ctx, r.viewer("both"), []models.Play{{Song: s.Key, At: at, Player: "p"}}); err != nil {
							t.Fatal(err)
						}
						plays++
					}
				default:
					put()
				}
				for what, query := range map[string]string{
					"songs use an annot that its owner gave up":  `SELECT COUNT(*) FROM songs s JOIN songs o ON o.id = s.annot_id WHERE o.annot_id <> o.id`,
					"albums use an annot that its owner gave up": `SELECT COUNT(*) FROM albums s JOIN albums o ON o.id = s.annot_id WHERE o.annot_id <> o.id`,
					"songs of one library share an annot": `SELECT COUNT(*) FROM songs s JOIN songs o ON o.annot_id = s.annot_id AND o.id < s.id AND o.library_id = s.library_id
						WHERE s.missing_at = 0 AND o.missing_at = 0 AND s.copy_of = 0 AND o.copy_of = 0`,
					"songs are hidden by one with another annot": `SELECT COUNT(*) FROM songs s JOIN songs o ON o.id = s.copy_of WHERE s.missing_at = 0 AND o.annot_id <> s.annot_id`,
					"songs are copies of what is gone":           `SELECT COUNT(*) FROM songs s JOIN songs o ON o.id = s.copy_of WHERE s.missing_at = 0 AND o.missing_at <> 0`,
					"albums are hidden by what is gone":          `SELECT COUNT(*) FROM album_copies k JOIN albums o ON o.id = k.copy_id WHERE o.songs = 0`,
					"albums are hidden by smaller ones":          `SELECT COUNT(*) FROM album_copies k JOIN albums a ON a.id = k.album_id JOIN albums o ON o.id = k.copy_id WHERE o.songs < a.songs`,
					"albums are due":                             `SELECT COUNT(*) FROM copy_due`,
					"plays hang on another song":                 `SELECT COUNT(*) FROM plays p JOIN songs s ON s.id = p.song_id WHERE p.annot_id <> s.annot_id`,
					"counts are not of the plays": `SELECT COUNT(*) FROM user_items u WHERE kind = 'so' AND (play_count <> (SELECT COALESCE(SUM(p.count), 0) FROM plays p WHERE p.user_id = u.user_id AND p.annot_id = u.item_id)
						OR played_at <> (SELECT COALESCE(MAX(p.played_at), 0) FROM plays p WHERE p.user_id = u.user_id AND p.annot_id = u.item_id))`,
				} {
					if n := r.column(query); n != 0 {
						t.Fatalf("step %d: %d %s", step, n, what)
					}
				}
				if n := r.column(`SELECT COALESCE(SUM(play_count), 0) FROM user_items WHERE kind = 'so'`); n != plays {
					t.Fatalf("step %d: %d plays of songs, want %d", step, n, plays)
				}
				if n := r.column(`SELECT COALESCE(SUM(play_count), 0) FROM user_items WHERE kind = 'al'`); n != plays {
					t.Fatalf("step %d: %d plays of albums, want %d", step, n, plays)
				}
				for k := range stars {
					if r.column(`SELECT COUNT(*) FROM user_items u JOIN songs s ON s.annot_id = u.item_id WHERE u.kind = 'so' AND u.starred_at > 0 AND s.id = ?`, k) != 1 {
						t.Fatalf("step %d: a song lost its star", step)
					}
					if r.column(`SELECT COUNT(*) FROM user_items u JOIN albums a ON a.annot_id = u.item_id JOIN songs s ON s.album_id = a.id WHERE u.kind = 'al' AND u.starred_at > 0 AND s.id = ?`, k) != 1 {
						t.Fatalf("step %d: an album lost its star", step)
					}
				}
				for _, s := range r.songs {
					card, err := c.songRows(ctx, `SELECT card FROM songs WHERE id = ?`, s.Key)
					if err != nil || card[0].Annot != r.annot(s.Key) {
						t.Fatalf("step %d: a card says %v, the row %v: %v", step, card[0].Annot, r.annot(s.Key), err)
					}
				}
			}
		})
	}
}

// TestOtherProcessSeesWhatIsPreferred sets it beside an open catalog.
func TestOtherProcessSeesWhatIsPreferred(t *testing.T) {
	eachLocation(t, func(t *testing.T, _ engine, location string) {
		server := open(t, location)
		r := newRack(t, open(t, location))
		library(t, r.Catalog, "file:///a", 0)
		library(t, r.Catalog, "file:///b", 0)
		addUser(t, r.Catalog, "both", false, nil)
		r.put(1, record("One", ".flac", 2, flac)...)
		r.put(2, record("One", ".mp3", 2, mp3)...)
		r.prefer(PreferOrder)
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
		defer stop()
		for {
			u, err := server.UserByName(ctx, "both")
			if err == nil {
				_, n, err := server.Albums(ctx, server.Viewer(u), AlbumList{By: "newest", Size: 9})
				if err == nil && n == 1 {
					return
				}
			}
			select {
			case <-ctx.Done():
				t.Fatal("never seen")
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
}

// TestMoveSettlesCopies moves a library out of its folder, which was preferred.
func TestMoveSettlesCopies(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		r := newRack(t, c)
		library(t, c, "s3://a", 0)
		library(t, c, "file:///b", 0)
		addUser(t, c, "both", false, nil)
		r.prefer(PreferLocal)
		r.put(1, record("One", ".mp3", 2, mp3)...)
		r.put(2, record("One", ".mp3", 2, mp3)...)
		r.shows("a bucket and a folder", r.viewer("both"), "2:One")
		if err := c.Relocate(context.Background(), 2, Relocation{Location: "s3://b"}); err != nil {
			t.Fatal(err)
		}
		if err := c.SettleCopies(context.Background()); err != nil {
			t.Fatal(err)
		}
		r.shows("two buckets", r.viewer("both"), "1:One")
	})
}
