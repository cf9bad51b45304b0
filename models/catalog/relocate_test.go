package catalog

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// Objects that swap their keys, and one whose key another takes:
//
//	a/1.mp3, a/1.lrc, a/cover.jpg -> b/...
//	b/1.mp3, bad.mp3, l.m3u       -> a/1.mp3, b/bad.mp3, x/l.m3u
//	x/l.m3u, b/gone.mp3, gone.mp3    stay behind
func TestRelocate(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		n, err := c.AddLibrary(ctx, &models.Library{Name: "M", Location: "/music"})
		if err != nil {
			t.Fatal(err)
		}
		song := func(key models.Key, object string, folder models.Key, part int) *models.Song {
			s := &models.Song{Key: key, Library: n, ObjectKey: object, Folder: folder, Album: 77, Created: 1, Annot: key, Part: part}
			s.Title, s.Size, s.ModTime, s.ETag = object, 5, 6, "e"
			return s
		}
		var folders map[string]models.Key
		err = c.Scan(ctx, n, func(s *ScanTx) error {
			if folders, err = s.Folders([]string{"a", "b/deep", "x"}); err != nil {
				return err
			}
			err := s.SaveSongs([]*models.Song{
				song(1, "a/1.mp3", folders["a"], 0), song(2, "a/1.mp3", folders["a"], 1), song(3, "b/1.mp3", folders["b"], 0),
				song(4, "b/gone.mp3", folders["b"], 0), song(5, "gone.mp3", folders[""], 0),
			}, map[models.Key]bool{1: true, 2: true, 3: true, 4: true, 5: true})
			of := models.ID{Kind: models.KindAlbum, Key: 77}
			return errors.Join(err,
				s.SavePictures([]models.ID{of}, []FoundPicture{{Of: of, ObjectKey: "a/cover.jpg", Version: "v"}, {Of: of, Rank: 1, ObjectKey: "b/1.mp3", Embedded: true, Version: "w"}}),
				s.SaveLyrics([]FoundLyrics{{Song: 1, Sidecars: []string{"a/1.lrc"}}}),
				s.SaveFailure(Known{ObjectKey: "bad.mp3", Size: 3, Failed: "bad"}),
				s.SaveSheets([]Sheet{{ObjectKey: "a/1.cue", Version: "v", Files: "1.mp3"}}, nil),
				s.SaveIgnoreFiles([]IgnoreFile{{ObjectKey: "a/.nomedia", Version: "v"}}, nil),
			)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"l.m3u", "x/l.m3u"} {
			if err := c.ImportPlaylist(ctx, PlaylistImport{File: PlaylistFile{Library: n, ObjectKey: key, Hash: key}, Owner: 9, Name: key}); err != nil {
				t.Fatal(err)
			}
		}
		r := Relocation{
			Location: "mem:///bucket",
			Objects: []Relocated{
				{From: "a/1.mp3", To: "b/1.mp3", Same: true, ModTime: 60, ETag: "E"},
				{From: "b/1.mp3", To: "a/1.mp3"},
				{From: "bad.mp3", To: "b/bad.mp3", Same: true, ModTime: 61, ETag: "F"},
			},
			Sidecars: map[string]string{"a/cover.jpg": "b/cover.jpg", "a/1.lrc": "b/1.lrc", "l.m3u": "x/l.m3u", "a/1.cue": "b/1.cue", "a/.nomedia": "b/.nomedia"},
			Folders:  map[string]string{"a": "b", "b": "a", "b/deep": "a/deep"},
			Vacate:   []string{"gone.mp3"},
		}
		remote := func(l *models.Library) bool { return l.Location == r.Location }
		if there, err := c.AnyLibrary(ctx, remote); there || err != nil {
			t.Fatal("the library has moved already", err)
		}
		if err := c.Relocate(ctx, n, r); err != nil {
			t.Fatal(err)
		}
		if there, err := c.AnyLibrary(ctx, remote); !there || err != nil {
			t.Error("where libraries lie is known as it was", err)
		}
		got := func(query string) []string {
			t.Helper()
			var list []string
			err := c.each(ctx, func(rows *sql.Rows) error {
				var b []byte
				err := rows.Scan(&b)
				list = append(list, string(b))
				return err
			}, query)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		is := func(query string, want ...string) {
			t.Helper()
			if list := got(query); !slices.Equal(list, want) {
				t.Errorf("%s: %q, want %q", query, list, want)
			}
		}
		is(`SELECT object_key FROM songs ORDER BY id`, "b/1.mp3", "b/1.mp3", "a/1.mp3", "b/gone.mp3", "//parked/5")
		is(`SELECT CAST(size AS TEXT) FROM songs ORDER BY id`, "5", "5", "-1", "5", "5")
		is(`SELECT CAST(mtime AS TEXT) FROM songs ORDER BY id`, "60", "60", "6", "6", "6")
		is(`SELECT etag FROM songs ORDER BY id`, "E", "E", "e", "e", "e")
		is(`SELECT object_key FROM pictures ORDER BY rank`, "b/cover.jpg", "a/1.mp3")
		is(`SELECT object_key FROM lyrics`, "b/1.lrc")
		is(`SELECT object_key FROM failures`, "b/bad.mp3")
		is(`SELECT object_key FROM sheets`, "b/1.cue")
		is(`SELECT object_key FROM ignore_files`, "b/.nomedia")
		is(`SELECT object_key FROM playlist_files ORDER BY object_key`, "//parked/x/l.m3u", "x/l.m3u")
		is(`SELECT hash FROM playlist_files ORDER BY object_key`, "x/l.m3u", "l.m3u")
		is(`SELECT location FROM libraries`, "mem:///bucket")
		for path, was := range map[string]string{"a": "b", "b": "a", "a/deep": "b/deep", "x": "x", "": ""} {
			f, err := c.foldersByPath(ctx, n, path)
			if err != nil || f != folders[was] {
				t.Errorf("folder %q is %v, was %v, %v", path, f, folders[was], err)
			}
		}
		songs, err := c.songRows(ctx, `SELECT card FROM songs ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"b/1.mp3", "b/1.mp3", "a/1.mp3"} {
			if s := songs[i]; s.ObjectKey != want || s.Folder != folders[map[string]string{"b": "a", "a": "b"}[parent(want)]] {
				t.Errorf("%+v", s)
			}
		}
		if moved, err := c.KeysMoved(ctx, n); !moved || err != nil {
			t.Error(moved, err)
		}
		// One that can't be made leaves all as it is.
		version := c.Version()
		r.Location, r.Objects = "mem:///other", []Relocated{{From: "a/1.mp3", To: "q.mp3"}, {From: "b/1.mp3", To: "q.mp3"}}
		if err := c.Relocate(ctx, n, r); err == nil || c.Version() != version {
			t.Errorf("%v", err)
		}
		is(`SELECT location FROM libraries`, "mem:///bucket")
		is(`SELECT object_key FROM songs WHERE id < 4 ORDER BY id`, "b/1.mp3", "b/1.mp3", "a/1.mp3")
	})
}

// foldersByPath returns the folder of a path.
func (c *Catalog) foldersByPath(ctx context.Context, library int, path string) (models.Key, error) {
	list, err := c.keys(ctx, `SELECT id FROM folders WHERE library_id = ? AND path = ?`, library, []byte(path))
	if err != nil || len(list) != 1 {
		return 0, errors.Join(err, models.ErrNotFound)
	}
	return list[0], nil
}
