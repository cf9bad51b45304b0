package subsonic

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// archive is what a ZIP archive will hold: either songs or keys of songs.
type archive struct {
	name   string // of the archive, without ".zip"
	songs  []*models.Song
	keys   []models.Key
	base   string // the folder that names in the archive are relative to
	number bool   // songs are numbered, in the order of a playlist
}

// archivePage is how many songs are in memory at once.
const archivePage = 500

// collect finds what an id stands for.
func (a *API) collect(c Call, id models.ID) (archive, error) {
	switch id.Kind {
	case models.KindAlbum:
		al, err := a.Catalog.Album(c, c.Viewer, id.Key)
		if err != nil {
			return archive{}, err
		}
		songs, err := a.Catalog.AlbumSongs(c, c.Viewer, al.Key)
		_, artist := albumArtists(al)
		return archive{name: joinNames(artist, al.Name), songs: songs, base: commonFolder(songs)}, err
	case models.KindArtist:
		ar, err := a.Catalog.Artist(c, c.Viewer, id.Key)
		if err != nil {
			return archive{}, err
		}
		songs, err := a.Catalog.ArtistSongs(c, c.Viewer, ar.Key)
		return archive{name: ar.Name, songs: songs, base: commonFolder(songs)}, err
	case models.KindFolder:
		f, err := a.Catalog.Folder(c, c.Viewer, id.Key)
		if err != nil {
			return archive{}, err
		}
		keys, err := a.Catalog.FolderTree(c, c.Viewer, f.Key)
		name := f.Name
		if f.Path == "" {
			name = a.libraryName(c, f.Library)
		}
		base := f.Path
		if base != "" {
			base += "/"
		}
		return archive{name: name, keys: keys, base: base}, err
	case models.KindPlaylist:
		p, songs, err := a.Catalog.Playlist(c, c.Viewer, id.Key)
		if err != nil {
			return archive{}, err
		}
		return archive{name: p.Name, songs: songs, number: true}, nil
	}
	return archive{}, models.NotFound(id)
}

func joinNames(artist, name string) string {
	if artist == "" {
		return name
	}
	return artist + " - " + name
}

// commonFolder is the folder that all songs lie in or below, "" or with "/"
// at its end.
func commonFolder(songs []*models.Song) string {
	if len(songs) == 0 {
		return ""
	}
	common := songs[0].ObjectKey
	for _, s := range songs {
		n := min(len(common), len(s.ObjectKey))
		i := 0
		for i < n && common[i] == s.ObjectKey[i] {
			i++
		}
		common = common[:i]
	}
	return common[:strings.LastIndexByte(common, '/')+1]
}

// sendArchive streams a ZIP archive: songs are stored as they are, sizes
// follow each song (and are 64 bits wide where they must), nothing is kept
// but one page of songs and the archive's directory. What can't be read is
// left out and named in ERRORS.txt.
func (a *API) sendArchive(c Call, id models.ID) error {
	ar, err := a.collect(c, id)
	if err != nil {
		return err
	}
	h := c.W.Header()
	h["Content-Type"] = []string{"application/zip"}
	h["Content-Disposition"] = []string{attachment("attachment", safePart(ar.name)+".zip")}
	h["Cache-Control"] = headerNoStore
	c.begin()
	if c.R.Method == http.MethodHead {
		return nil
	}
	if err := a.writeArchive(c, ar); err != nil {
		if c.Err() == nil {
			a.Log.Warn("archive cut off", "id", id.String(), "error", err)
		}
		// Only a cut connection tells that the archive is not whole.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (a *API) writeArchive(c Call, ar archive) error {
	z := zip.NewWriter(c.W)
	names := newNames()
	var failed []string
	n := 0
	one := func(s *models.Song) error {
		n++
		name := safePath(strings.TrimPrefix(namePath(s), songPath(ar.base)))
		if ar.number {
			name = fmt.Sprintf("%03d %s", n, path.Base(name))
		}
		name = names.take(name)
		err := a.addSong(c, z, s, name)
		var unread *unreadable
		if errors.As(err, &unread) {
			failed = append(failed, name+": "+unread.Error())
			return nil
		}
		return err
	}
	for _, s := range ar.songs {
		if err := one(s); err != nil {
			return err
		}
	}
	for from := 0; from < len(ar.keys); from += archivePage {
		page, err := a.Catalog.Songs(c, c.Viewer, ar.keys[from:min(from+archivePage, len(ar.keys))])
		if err != nil {
			return err
		}
		for _, s := range page {
			if err := one(s); err != nil {
				return err
			}
		}
	}
	if len(failed) > 0 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: names.take("ERRORS.txt"), Method: zip.Store})
		if err == nil {
			_, err = io.WriteString(w, strings.Join(failed, "\n")+"\n")
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

// unreadable is a song that can't be read; the archive goes on without it.
type unreadable struct{ err error }

func (u *unreadable) Unwrap() error { return u.err }

// Error tells the reason without paths of the server.
func (u *unreadable) Error() string {
	switch {
	case errors.Is(u.err, fs.ErrNotExist):
		return "the file is not there"
	case errors.Is(u.err, fs.ErrPermission):
		return "the server may not read this file"
	case errors.Is(u.err, storage.ErrChanged):
		return "the file has changed while it was read"
	}
	return "the file could not be read"
}

func (a *API) addSong(c Call, z *zip.Writer, s *models.Song, name string) error {
	if err := c.Err(); err != nil {
		return err
	}
	var broken, unread error
	var remote bool
	err := a.withContent(c, s, func(x *content) (bool, error) {
		remote = x.remote
		// Nothing of the song is in the archive before its first bytes are there.
		if err := x.prime(s.Size); err != nil {
			return false, err
		}
		head := &zip.FileHeader{Name: name, Method: zip.Store}
		if ns := x.object.ModTime; ns != 0 {
			head.Modified = time.Unix(0, ns).UTC()
		}
		w, err := z.CreateHeader(head)
		if err == nil {
			_, err = io.Copy(w, struct{ io.Reader }{x})
		}
		if unread = x.failed; unread == nil {
			broken = err
		}
		return false, nil
	})
	switch {
	case c.Err() != nil:
		return c.Err()
	case broken != nil:
		return broken
	case unread != nil:
		a.changed(s, remote, unread)
		return &unreadable{unread}
	case err != nil:
		return &unreadable{err}
	}
	return nil
}

// uniqueNames makes names within an archive differ, also where case does not
// count. It remembers 8 bytes for each.
type uniqueNames struct {
	seed maphash.Seed
	seen map[uint64]bool
}

func newNames() uniqueNames {
	return uniqueNames{seed: maphash.MakeSeed(), seen: map[uint64]bool{}}
}

// take returns name, or name with a number when it was taken before.
func (u uniqueNames) take(name string) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for i := 2; ; i++ {
		key := maphash.String(u.seed, strings.ToLower(name))
		if !u.seen[key] {
			u.seen[key] = true
			return name
		}
		name = fmt.Sprintf("%s (%d)%s", stem, i, ext)
	}
}

// safePath makes a path that unpacks below the archive's own folder on every
// system.
func safePath(p string) string {
	parts := strings.Split(p, "/")
	kept := parts[:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, safePart(part))
		}
	}
	return strings.Join(kept, "/")
}

// safePart makes one part of a path safe: no separators, no control
// characters, nothing that means another folder.
func safePart(part string) string {
	part = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(part, "_"))
	if strings.Trim(part, ". ") == "" {
		return "_"
	}
	return part
}
