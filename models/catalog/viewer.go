package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// Viewer is who asks and what that user may read: whole libraries, and single
// songs that were granted. Every read for a user is narrowed by it, through
// scope and nothing else.
type Viewer struct {
	User      models.Key
	Libraries []int // ascending
	Granted   bool  // has rows in granted_songs
	Skip      []int // libraries that are left out, ascending
	Once      bool  // lists show one of several copies of an album
}

// Without narrows the viewer to what lies in none of these libraries, also
// among single songs that were granted.
func (v Viewer) Without(libraries []int) Viewer {
	if len(libraries) > 0 {
		v.Libraries = slices.DeleteFunc(slices.Clone(v.Libraries), func(n int) bool { return slices.Contains(libraries, n) })
		v.Skip = slices.Concat(v.Skip, libraries)
		slices.Sort(v.Skip)
		v.Skip = slices.Compact(v.Skip)
	}
	return v
}

// In narrows the viewer to one library, or to nothing when that is none of
// the viewer's. Single songs that were granted are left out: they are in no
// library that the viewer can name.
func (v Viewer) In(library int) Viewer {
	if slices.Contains(v.Libraries, library) {
		v.Libraries = []int{library}
	} else {
		v.Libraries = nil
	}
	v.Granted, v.Once = false, false
	return v
}

// Reads tells whether the viewer reads the whole library.
func (v Viewer) Reads(library int) bool { return slices.Contains(v.Libraries, library) }

// libraries returns the viewer's libraries as an SQL list; they are numbers
// of ours, so the statement stays the same for the same rights.
func (v Viewer) libraries() string { return inList(v.Libraries) }

// but is the condition that the library of a granted row, in this column, is
// none of those that are left out.
func (v Viewer) but(column string) string {
	if len(v.Skip) == 0 {
		return ""
	}
	return " AND " + column + ".library_id NOT IN " + inList(v.Skip)
}

// inList writes library numbers as an SQL list.
func inList(list []int) string {
	if len(list) == 0 {
		return "(0)"
	}
	var b strings.Builder
	for i, n := range list {
		b.WriteByte("(,"[min(i, 1)])
		b.WriteString(strconv.Itoa(n))
	}
	b.WriteByte(')')
	return b.String()
}

// songs is the condition that a row of songs named alias is present and
// readable. The planner never begins with it (the plus signs keep it from the
// library's indexes), so it goes with a condition that finds few rows.
func (v Viewer) songs(alias string) string {
	return v.songsEver(alias) + " AND +" + alias + ".missing_at = 0"
}

// songsEver is the condition that a row of songs named alias is readable,
// also while its object is missing. It goes with another, as songs does.
func (v Viewer) songsEver(alias string) string { return v.songsBy("+"+alias, alias) }

// librarySongs is the condition of songs for queries that begin with it:
// those that go through whole libraries.
func (v Viewer) librarySongs(alias string) string {
	return v.songsBy(alias, alias) + " AND " + alias + ".missing_at = 0"
}

func (v Viewer) songsBy(column, alias string) string {
	in := column + ".library_id IN " + v.libraries()
	if v.Granted {
		in = fmt.Sprintf("(%s OR %s.id IN (SELECT song_id FROM granted_songs WHERE user_id = %d)%s)", in, alias, v.User, v.but(column))
	}
	return in
}

// listed is the condition, to be put behind others, that lists show the album
// whose id is in this column: v reads no library with a preferred copy of it.
// Single songs that were granted hide nothing. Only lists of the tag view ask
// for it: what is asked for by its id, its folder or its place in a playlist
// is there.
func (v Viewer) listed(column string) string {
	if !v.Once {
		return ""
	}
	return " AND NOT EXISTS (SELECT 1 FROM album_copies hidden WHERE hidden.album_id = " + column + " AND hidden.library_id IN " + v.libraries() + ")"
}

// artists is the condition that a row of artists named alias is credited, in
// whatever role, with something that the viewer may read.
func (v Viewer) artists(alias string) string {
	in := alias + ".id IN (SELECT artist_id FROM artist_counts WHERE artist_id = " + alias + ".id AND songs + albums > 0 AND library_id IN " + v.libraries() + ")"
	if v.Granted {
		in = "(" + in + " OR " + alias + ".id IN (SELECT sa.artist_id FROM song_artists sa JOIN songs s ON s.id = sa.song_id WHERE sa.artist_id = " + alias + ".id AND " + v.songs("s") + "))"
	}
	return in
}

// albums is the condition that a row of albums named alias has a present song
// that the viewer may read. Like songs it goes with another that finds few.
func (v Viewer) albums(alias string) string { return v.albumsBy("+"+alias, alias) }

// libraryAlbums is the same condition for queries that begin with it.
func (v Viewer) libraryAlbums(alias string) string { return v.albumsBy(alias, alias) }

func (v Viewer) albumsBy(column, alias string) string {
	in := column + ".library_id IN " + v.libraries()
	if v.Granted {
		in = fmt.Sprintf("(%s OR %s.id IN (SELECT s.album_id FROM granted_songs g JOIN songs s ON s.id = g.song_id WHERE g.user_id = %d AND s.missing_at = 0%s))", in, alias, v.User, v.but("s"))
	}
	return in + " AND " + column + ".songs > 0"
}

// folders is the condition that a row of folders named alias holds, itself or
// below it, something that the viewer may read.
func (v Viewer) folders(alias string) string {
	in := "+" + alias + ".library_id IN " + v.libraries()
	if v.Granted {
		in = fmt.Sprintf("(%s OR %s.id IN (SELECT s.folder_id FROM granted_songs g JOIN songs s ON s.id = g.song_id WHERE g.user_id = %d AND s.missing_at = 0%s))", in, alias, v.User, v.but("s"))
	}
	return in + " AND +" + alias + ".missing_at = 0"
}

// key names the viewer's rights in caches: equal keys read the same rows.
func (v Viewer) key() string {
	if v.Once {
		v.Once = false
		return "once " + v.key()
	}
	if v.Granted {
		return v.libraries() + "+" + strconv.FormatInt(int64(v.User), 10) + v.but("")
	}
	return v.libraries()
}
