package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

func TestCleanLocation(t *testing.T) {
	for in, want := range map[string]string{
		"/music":                       "file:///music",
		"/music//a/../b/":              "file:///music/b",
		"/":                            "file:///",
		"/with space/and?#%":           "file:///with%20space/and%3F%23%25",
		"/l\xe4rm":                     "file:///l%E4rm",
		"file:///music/./x":            "file:///music/x",
		"file://localhost/music":       "file:///music",
		"FILE:///Music":                "file:///Music",
		"s3://Bucket/a//b/":            "s3://Bucket/a/b",
		"S3://bucket//a":               "s3://bucket/a",
		"s3://b?prefix=a/b/":           "s3://b/a/b",
		"s3://b/a?prefix=b&region=":    "s3://b/a/b",
		"s3://b/50%25 off+?":           "s3://b/50%25%20off+",
		"gs://b?anonymous=true":        "gs://b?anonymous=true",
		"s3://bucket":                  "s3://bucket",
		"s3://bucket/":                 "s3://bucket",
		"s3://b?region=x&endpoint=h:9": "s3://b?endpoint=h%3A9&region=x",
		"mem:///demo":                  "mem:///demo",
	} {
		got, err := CleanLocation(in)
		if err != nil || got != want {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
		if again, err := CleanLocation(got); err != nil || again != got {
			t.Errorf("%q cleaned twice: %q %v", in, again, err)
		}
	}
	for _, bad := range []string{"", "music", "./music", "~/music", "file://host/music", "file:music", "file:///a?b=c", "file:", "s3://key:hunter2@bucket/", "s3://bucket?secret_access_key=hunter2", "s3://bucket?X-Amz-Security-Token=hunter2", "azblob://c?sas=hunter2", "s3://b#hunter2", "s3://", "s3:///x", "s3://b/../x", "s3://b?prefix=./x", "s3://b?endpoint=http://k:hunter2@h/", "s3://b?endpoint=http://h/?sig%3Dhunter2", "s3://b?a=%zz", "%zz"} {
		_, err := CleanLocation(bad)
		refused(t, err, models.ErrInvalid)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is told: %v", err)
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"/music", "/music", true},
		{"/music", "/music/rock", true},
		{"/", "/music", true},
		{"/music", "/music2", false},
		{"/music", "/Music", false},
		{"/music", "s3://music", false},
		{"s3://b/a", "s3://b/a/b", true},
		{"s3://b", "s3://b/a", true},
		{"s3://b?prefix=a/", "s3://b/a/c", true},
		{"s3://b/a", "s3://b/ab", false},
		{"s3://b/a", "s3://c/a", false},
		{"s3://b?region=x", "s3://b?region=y", true},
		{"s3://b?endpoint=x", "s3://b?endpoint=y", false},
		{"s3://b?endpoint=http://h:80", "s3://b/x?endpoint=h/", true},
		{"s3://b?endpoint=https://h&region=x", "s3://b?use_path_style=true&endpoint=https://H:443/", true},
		{"s3://b?endpoint=https://s3.eu-west-1.amazonaws.com", "s3://b", true},
		{"s3://b?prefix=x", "s3://b/x", true},
		{"s3://b/a/", "s3://b?prefix=a/b", true},
		{"s3://b/a", "s3://B/a", false},
		{"s3://b//a", "s3://b/a", true},
		{"s3://b", "gs://b", false},
		{"azblob://c?storage_account=x", "azblob://c?storage_account=y", false},
	} {
		a, err1 := CleanLocation(c.a)
		b, err2 := CleanLocation(c.b)
		if err1 != nil || err2 != nil || Overlap(a, b) != c.want || Overlap(b, a) != c.want {
			t.Errorf("%s and %s overlap: want %v (%v %v)", a, b, c.want, err1, err2)
		}
	}
}

// TestLibrarySecrets keeps and drops what opens a library's store and what lets
// its events in.
func TestLibrarySecrets(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		add := func() int {
			t.Helper()
			n, err := c.AddLibrary(ctx, &models.Library{Location: "s3://bucket/deep/rock"})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		// has tells what there is of the library, in all ways to ask.
		has := func(n int) string {
			t.Helper()
			l, sealed, err := c.LibraryStore(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			hooks, err := c.LibraryHooks(ctx)
			if err != nil || len(hooks) != 1 || hooks[0].Number != n || hooks[0].Name != "rock" || hooks[0].Location != l.Location {
				t.Fatalf("%+v %v", hooks, err)
			}
			again, err := c.Library(ctx, n)
			if err != nil || again.Secret != l.Secret || again.Hook != l.Hook || l.Secret != (sealed != nil) || l.Hook != (hooks[0].Hash != nil) {
				t.Fatalf("%+v, %+v, %q, %q: %v", l, again, sealed, hooks[0].Hash, err)
			}
			return fmt.Sprintf("%s %s", sealed, hooks[0].Hash)
		}
		set := func(n int, secret, hook string) {
			t.Helper()
			if err := errors.Join(c.SetLibrarySecret(ctx, n, []byte(secret)), c.SetLibraryHook(ctx, n, []byte(hook))); err != nil {
				t.Fatal(err)
			}
		}
		n := add()
		for _, want := range []string{" ", "sealed hash", "other other", " "} {
			secret, hook, _ := strings.Cut(want, " ")
			set(n, secret, hook)
			if got := has(n); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		set(n, "sealed", "hash")
		if err := c.RemoveLibrary(ctx, n); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.LibraryStore(ctx, n); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a removed library: %v", err)
		}
		refused(t, c.SetLibraryHook(ctx, n, []byte("x")), models.ErrNotFound)
		if again := add(); again != n || has(n) != " " {
			t.Errorf("added again it is %d with %q", again, has(n))
		}
	})
}

func TestLibraries(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		add := func(l models.Library) (int, error) { return c.AddLibrary(ctx, &l) }
		one, err := add(models.Library{Location: "/music/rock"})
		if err != nil || one != 1 {
			t.Fatal(one, err)
		}
		for _, bad := range []models.Library{{Location: "/music"}, {Location: "/music/rock/"}, {Location: "file:///music/rock/live"}, {Location: "/other", Name: "ROCK"}} {
			_, err := add(bad)
			refused(t, err, models.ErrConflict)
		}
		for _, bad := range []models.Library{{Location: "x"}, {Location: "/x", Kind: "video"}, {Location: "/x", Name: " x"}, {Location: "/x", Name: "x\n"}} {
			_, err := add(bad)
			refused(t, err, models.ErrInvalid)
		}
		_, err = add(models.Library{Location: "/x", Owner: models.NewKey()})
		refused(t, err, models.ErrNotFound)
		two, err := add(models.Library{Location: "s3://bucket/books", Name: "Books", Kind: models.LibraryAudiobook})
		if err != nil || two != 2 {
			t.Fatal(two, err)
		}
		refused(t, c.UpdateLibrary(ctx, &models.Library{Number: two, Name: "rock"}), models.ErrConflict)
		refused(t, c.UpdateLibrary(ctx, &models.Library{Number: 9, Name: "x"}), models.ErrNotFound)
		if err := c.UpdateLibrary(ctx, &models.Library{Number: two, Name: "BOOKS", Quota: 5, Location: "/ignored"}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetLibraryAlarm(ctx, two, "the root is empty"); err != nil {
			t.Fatal(err)
		}
		if err := c.SetLibraryScanned(ctx, two, 77); err != nil {
			t.Fatal(err)
		}
		refused(t, c.SetLibraryAlarm(ctx, 9, "x"), models.ErrNotFound)
		l, err := c.Library(ctx, two)
		if err != nil || l.Name != "BOOKS" || l.Kind != models.LibraryMusic || l.Quota != 5 || l.Location != "s3://bucket/books" || l.Alarm != "the root is empty" || l.ScannedAt != 77 {
			t.Errorf("%+v %v", l, err)
		}
		version := c.Version()
		if err := c.RemoveLibrary(ctx, two); err != nil {
			t.Fatal(err)
		}
		if c.Version() <= version {
			t.Error("removing a library does not change the catalog's version")
		}
		refused(t, c.RemoveLibrary(ctx, two), models.ErrNotFound)
		_, err = c.Library(ctx, two)
		refused(t, err, models.ErrNotFound)
		if three, err := add(models.Library{Location: "/three"}); err != nil || three != 3 {
			t.Errorf("the number of a removed library is used again: %d %v", three, err)
		}
		if back, err := add(models.Library{Location: "s3://bucket/books", Name: "Back"}); err != nil || back != two {
			t.Errorf("the library comes back as %d: %v", back, err)
		}
		if l, err := c.Library(ctx, two); err != nil || l.Name != "Back" || l.Alarm != "" || l.ScannedAt != 0 {
			t.Errorf("%+v %v", l, err)
		}
	})
}

func TestEnsureConfigured(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		// ensure takes NAME=PATH and PATH and returns what is there after it.
		ensure := func(want ...string) (string, error) {
			t.Helper()
			var list []models.Library
			for _, w := range want {
				name, location, named := strings.Cut(w, "=")
				if !named {
					name, location = "", w
				}
				list = append(list, models.Library{Name: name, Location: location})
			}
			dropped, err := c.EnsureConfigured(ctx, list)
			if err != nil {
				return "", err
			}
			all, err := c.Libraries(ctx)
			var out []string
			for _, l := range all {
				s := fmt.Sprintf("%d %s %s", l.Number, l.Name, strings.TrimPrefix(l.Location, "file://"))
				if !l.Config {
					s += " (not configured)"
				}
				out = append(out, s)
			}
			for _, d := range dropped {
				out = append(out, fmt.Sprintf("dropped %d", d.Number))
			}
			return strings.Join(out, ", "), err
		}
		for _, step := range []struct {
			want   []string
			result string
		}{
			{[]string{"/a/music", "Talk=/talk"}, "1 music /a/music, 2 Talk /talk"},
			{[]string{"/a/music/", "Talk=/talk"}, "1 music /a/music, 2 Talk /talk"},
			{[]string{"/a/music", "/b/music", "Talk=/talk"}, "1 music /a/music, 2 Talk /talk, 3 music 2 /b/music"},
			{[]string{"/a/music", "/b/music", "Talk=/moved/talk"}, "1 music /a/music, 2 Talk /moved/talk, 3 music 2 /b/music"},
			{[]string{"Rock=/a/music", "/b/music", "Talk=/moved/talk"}, "1 Rock /a/music, 2 Talk /moved/talk, 3 music 2 /b/music"},
			{[]string{"Rock=/moved/talk", "/b/music", "Talk=/a/music"}, "1 Talk /a/music, 2 Rock /moved/talk, 3 music 2 /b/music"},
			{[]string{"/b/music"}, "1 Talk /a/music (not configured), 2 Rock /moved/talk (not configured), 3 music 2 /b/music, dropped 1, dropped 2"},
			{[]string{"/b/music", "talk=/new"}, "1 talk /new, 2 Rock /moved/talk (not configured), 3 music 2 /b/music"},
			{nil, "1 talk /new (not configured), 2 Rock /moved/talk (not configured), 3 music 2 /b/music (not configured), dropped 1, dropped 3"},
			{nil, "1 talk /new (not configured), 2 Rock /moved/talk (not configured), 3 music 2 /b/music (not configured)"},
		} {
			if got, err := ensure(step.want...); err != nil || got != step.result {
				t.Errorf("%q:\n got %s %v\nwant %s", step.want, got, err, step.result)
			}
		}
		seen := c.users.seen.Load()
		if _, err := ensure(); err != nil || c.users.seen.Load() != seen {
			t.Errorf("nothing to do was written: %v", err)
		}
		for _, bad := range [][]string{{"/x", "/x/y"}, {"a=/x", "A=/y"}, {"/b"}, {"n=/moved/talk/deep"}} {
			_, err := ensure(bad...)
			refused(t, err, models.ErrConflict)
		}
		_, err := ensure("relative")
		refused(t, err, models.ErrInvalid)
	})
}

// grantedSong writes the least that rights look at: a song of an album, by one
// artist.
func grantedSong(t *testing.T, tx *gorm.DB, key models.Key, library int, album, artist models.Key) {
	t.Helper()
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO albums (id, library_id, folder_id, group_key, name, name_sort, search, created_at, songs, card) VALUES (?, ?, 1, ?, 'n', 'n', 'n', 1, 1, ?) ON CONFLICT DO NOTHING`, []any{album, library, album.String(), []byte{0}}},
		{`INSERT INTO artists (id, name, name_fold, name_sort, search, created_at) VALUES (?, 'n', 'n', 'n', 'n', 1) ON CONFLICT DO NOTHING`, []any{artist}},
		{`INSERT INTO songs (id, library_id, object_key, folder_id, album_id, annot_id, size, mtime, reader, created_at, title, title_sort, search, card) VALUES (?, ?, ?, 1, ?, ?, 1, 1, 1, 1, 't', 't', 't', ?)`, []any{key, library, []byte(key.String()), album, key, []byte{0}}},
		{`INSERT INTO song_artists (song_id, role, position, artist_id, credit) VALUES (?, 'artist', 0, ?, 'n')`, []any{key, artist}},
	} {
		if err := tx.Exec(s.sql, s.args...).Error; err != nil {
			t.Fatal(err)
		}
	}
}

func TestGrantsBelowLibraries(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		root := addUser(t, c, "root", true, nil)
		guest := addUser(t, c, "guest", false, []int{})
		shared := library(t, c, "/music", 0)
		private := library(t, c, "/locker", root.Key)
		const album, otherAlbum, artist, otherArtist, playlist = 100, 101, 200, 201, 300
		grantedSong(t, c.w, 1, shared, album, artist)
		grantedSong(t, c.w, 2, shared, album, otherArtist)
		grantedSong(t, c.w, 3, shared, otherAlbum, artist)
		grantedSong(t, c.w, 4, private, 102, artist)
		if err := c.w.Exec(`INSERT INTO playlists (id, owner_id, name, name_sort, created_at, changed_at) VALUES (?, ?, 'mix', 'mix', 1, 1)`, playlist, root.Key).Error; err != nil {
			t.Fatal(err)
		}
		if err := c.w.Exec(`INSERT INTO playlist_entries (playlist_id, position, song_id) VALUES (?, 0, 4), (?, 1, 4)`, playlist, playlist).Error; err != nil {
			t.Fatal(err)
		}
		granted := func(name string, want ...models.Key) {
			t.Helper()
			u, err := c.UserByKey(ctx, guest.Key)
			if err != nil {
				t.Fatal(err)
			}
			v := c.Viewer(u)
			got, err := c.keys(ctx, `SELECT s.id FROM songs s WHERE `+v.songs("s")+` ORDER BY s.id`)
			if err != nil || !slices.Equal(got, want) || v.Granted != (len(want) > 0) {
				t.Errorf("%s: reads %v %v, want %v; granted %v", name, got, err, want, v.Granted)
			}
		}
		access := func(scope string, id int64) Access {
			return Access{User: guest.Key, Scope: scope, ID: id, Right: RightRead}
		}
		do := func(f func(context.Context, Access) error, a Access) {
			t.Helper()
			version, user := c.Version(), c.UserVersion(guest.Key)
			if err := f(ctx, a); err != nil {
				t.Fatal(err)
			}
			if c.Version() <= version || c.UserVersion(guest.Key) <= user {
				t.Error("a right does not change what caches are known by")
			}
		}
		granted("nothing")
		do(c.Grant, access(ScopeAlbum, album))
		do(c.Grant, access(ScopeAlbum, album))
		granted("album", 1, 2)
		do(c.Grant, access(ScopeArtist, artist))
		granted("album and artist, not the private song", 1, 2, 3)
		do(c.Grant, access(ScopePlaylist, playlist))
		granted("a playlist with a private song, too", 1, 2, 3, 4)
		if err := c.DeletePlaylist(ctx, c.Viewer(root), playlist, false); err != nil {
			t.Fatal(err)
		}
		granted("the playlist is gone", 1, 2, 3)
		do(c.Revoke, access(ScopePlaylist, playlist))
		if err := c.w.Exec(`INSERT INTO playlists (id, owner_id, name, name_sort, created_at, changed_at) VALUES (?, ?, 'mix', 'mix', 1, 1)`, playlist, root.Key).Error; err != nil {
			t.Fatal(err)
		}
		if err := c.w.Exec(`INSERT INTO playlist_entries (playlist_id, position, song_id) VALUES (?, 0, 4)`, playlist).Error; err != nil {
			t.Fatal(err)
		}
		do(c.Grant, access(ScopePlaylist, playlist))
		do(c.Revoke, access(ScopeAlbum, album))
		granted("without the album", 1, 3, 4)
		do(c.Grant, Access{User: guest.Key, Scope: ScopeLibrary, ID: int64(shared), Right: RightUpload})
		granted("to upload is not to read", 1, 3, 4)
		grantedSong(t, c.w, 5, shared, 103, artist)
		if err := c.write(ctx, resolveGrants); err != nil {
			t.Fatal(err)
		}
		granted("a new song of the artist", 1, 3, 4, 5)
		if err := c.w.Exec(`UPDATE song_artists SET artist_id = 202 WHERE artist_id = ?`, artist).Error; err != nil {
			t.Fatal(err)
		}
		if err := c.w.Exec(`INSERT INTO aliases (kind, old_id, new_id) VALUES ('ar', ?, 202)`, artist).Error; err != nil {
			t.Fatal(err)
		}
		if err := c.write(ctx, resolveGrants); err != nil {
			t.Fatal(err)
		}
		granted("the artist was merged into another", 1, 3, 4, 5)
		list, err := c.Grants(ctx, guest.Key)
		if err != nil || len(list) != 3 {
			t.Errorf("rights: %v %v", list, err)
		}
		refused(t, c.Revoke(ctx, access(ScopeAlbum, album)), models.ErrNotFound)
		refused(t, c.Grant(ctx, access(ScopeAlbum, 9)), models.ErrNotFound)
		refused(t, c.Grant(ctx, access("song", 1)), models.ErrInvalid)
		refused(t, c.Grant(ctx, Access{User: guest.Key, Scope: ScopeAlbum, ID: album, Right: "own"}), models.ErrInvalid)
		refused(t, c.Grant(ctx, Access{User: 9, Scope: ScopeAlbum, ID: album, Right: RightRead}), models.ErrNotFound)
		do(c.Revoke, access(ScopeArtist, artist))
		do(c.Revoke, access(ScopePlaylist, playlist))
		granted("nothing again")
		if n, err := count(c.r, `SELECT COUNT(*) FROM granted_songs`); err != nil || n != 0 {
			t.Errorf("%d songs are still granted: %v", n, err)
		}
	})
}
