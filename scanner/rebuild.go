package scanner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// rebuild builds the marked albums anew from all their present songs, gives
// songs their credits and covers, and writes everything of the transaction.
func (w *writer) rebuild() error {
	albums, songs, err := w.load()
	if err != nil {
		return err
	}
	byAlbum := map[models.Key][]*models.Song{}
	for _, s := range songs {
		byAlbum[s.Album] = append(byAlbum[s.Album], s)
	}
	for _, list := range byAlbum {
		inOrder(list)
	}
	is, err := w.known(byAlbum, songs)
	if err != nil {
		return err
	}
	names, err := w.artistKeys(byAlbum, songs, is)
	if err != nil {
		return err
	}
	embedded, err := w.embedded(songs)
	if err != nil {
		return err
	}
	var owners []models.ID
	for _, a := range albums {
		owners = append(owners, models.ID{Kind: models.KindAlbum, Key: a.Key})
	}
	kept, err := w.tx.FilePictures(owners)
	if err != nil {
		return err
	}
	dirty := map[models.Key]bool{}
	for _, s := range w.songs {
		dirty[s.Key] = true
	}
	var save []*models.Song
	for _, a := range albums {
		list := byAlbum[a.Key]
		if len(list) == 0 {
			a.Songs, a.Duration = 0, 0
			for _, c := range a.Credits {
				w.artists = append(w.artists, c.Artist)
			}
			continue
		}
		for _, c := range a.Credits {
			w.artists = append(w.artists, c.Artist)
		}
		album(a.Album, list)
		var people []artistOf
		a.Artist, people = albumArtists(list, is)
		a.Credits = credits(people, names)
		a.Folder = commonFolder(list)
		w.albumPictures(a.Album, list, embedded, kept)
		for _, c := range a.Credits {
			w.artists = append(w.artists, c.Artist)
		}
		for _, s := range list {
			before := s.Credits
			if w.settle(s, a.Album, names, embedded, is) || dirty[s.Key] {
				save = append(save, s)
				for _, c := range before {
					w.artists = append(w.artists, c.Artist)
				}
				for _, c := range s.Credits {
					w.artists = append(w.artists, c.Artist)
				}
			}
		}
	}
	slices.Sort(w.artists)
	w.artists = slices.Compact(w.artists)
	if err := w.tx.SaveAlbums(albums); err != nil {
		return err
	}
	if err := w.tx.SaveSongs(save, w.fresh); err != nil {
		return err
	}
	if err := w.saveWholes(); err != nil {
		return err
	}
	for from, into := range w.merged {
		if err := w.tx.MergeAlbum(from, into); err != nil {
			return err
		}
	}
	if err := w.artistPictures(albums, byAlbum); err != nil {
		return err
	}
	if err := w.tx.SavePictures(w.owners, w.pictures); err != nil {
		return err
	}
	if err := w.saveOwn(); err != nil {
		return err
	}
	if err := w.tx.SaveLyrics(w.lyrics); err != nil {
		return err
	}
	if err := w.tx.SaveChapters(w.chapters); err != nil {
		return err
	}
	return w.tx.SetFolderCovers(w.covers)
}

// load returns the marked albums, with those that are new, and every present
// song of them in the state that this transaction gives it.
func (w *writer) load() ([]catalog.GroupedAlbum, []*models.Song, error) {
	for from, into := range w.merged {
		w.albums[from], w.albums[into] = true, true
	}
	keys := make([]models.Key, 0, len(w.albums))
	for k := range w.albums {
		if k != 0 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	albums, err := w.tx.AlbumsByKey(keys)
	if err != nil {
		return nil, nil, err
	}
	have := map[models.Key]bool{}
	for _, a := range albums {
		have[a.Key] = true
	}
	for group, a := range w.groups {
		if w.albums[a.Key] && !have[a.Key] {
			albums = append(albums, catalog.GroupedAlbum{Album: a, GroupKey: group})
			have[a.Key] = true
		}
	}
	// What a merge leaves gives its group key to what stays.
	for i := range albums {
		for from, into := range w.merged {
			if albums[i].Key == from {
				albums[i].GroupKey = "merged " + from.String()
			}
			if albums[i].Key == into {
				for group, a := range w.groups {
					if a.Key == into {
						albums[i].GroupKey = group
					}
				}
			}
		}
	}
	// Keys that are given up are written before keys that are taken.
	slices.SortFunc(albums, func(a, b catalog.GroupedAlbum) int {
		return cmp.Or(cmp.Compare(gone(a.GroupKey), gone(b.GroupKey)), cmp.Compare(a.Key, b.Key))
	})
	there, err := w.tx.SongsOf(keys)
	if err != nil {
		return nil, nil, err
	}
	ours := map[models.Key]bool{}
	songs := slices.Clone(w.songs)
	for _, s := range songs {
		ours[s.Key] = true
	}
	for _, s := range there {
		if !ours[s.Key] {
			songs = append(songs, s)
		}
	}
	for _, s := range songs {
		if into, ok := w.merged[s.Album]; ok {
			s.Album = into
			if !ours[s.Key] {
				ours[s.Key] = true
				w.songs = append(w.songs, s)
			}
		}
	}
	return albums, songs, nil
}

func gone(group string) int {
	if strings.HasPrefix(group, "merged ") {
		return 0
	}
	return 1
}

// artistKeys resolves every artist of these songs and their albums.
func (w *writer) artistKeys(byAlbum map[models.Key][]*models.Song, songs []*models.Song, is known) (map[catalog.ArtistName]models.Key, error) {
	var names []catalog.ArtistName
	seen := map[catalog.ArtistName]bool{}
	add := func(list []artistOf) {
		for _, a := range list {
			if n := nameOf(a); !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	keys := make([]models.Key, 0, len(byAlbum))
	for k := range byAlbum {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	ofAlbum := map[models.Key][]artistOf{}
	for _, k := range keys {
		_, ofAlbum[k] = albumArtists(byAlbum[k], is)
		add(ofAlbum[k])
	}
	for _, s := range songs {
		add(people(s, is))
	}
	votes := w.corrected(songs, ofAlbum, is)
	if err := w.renameArtists(votes); err != nil {
		return nil, err
	}
	found, err := w.tx.Artists(names)
	if err != nil {
		return nil, err
	}
	// What no transaction alone can decide is decided when the scan ends.
	moves := map[catalog.ArtistMove]int{}
	for old, names := range votes {
		for name, n := range names {
			if to := found[name]; to != 0 && to != old {
				moves[catalog.ArtistMove{From: old, To: to}] += n
			}
		}
	}
	return found, w.tx.NoteArtistMoves(moves)
}

// renameArtists gives artists the names that corrected tags give them. An
// artist's row takes a new name that most of the artist's songs now credit in
// the same place, as long as nobody has that name.
func (w *writer) renameArtists(votes map[models.Key]map[catalog.ArtistName]int) error {
	olds := make([]models.Key, 0, len(votes))
	for k := range votes {
		olds = append(olds, k)
	}
	slices.Sort(olds)
	for _, k := range olds {
		for name, n := range votes[k] {
			// At most one name has more than half.
			if err := w.tx.RenameArtist(k, name, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// corrected counts for each artist the names by which songs credit, in the
// same place, whom they credited as that artist before their tags changed.
func (w *writer) corrected(songs []*models.Song, ofAlbum map[models.Key][]artistOf, knows known) map[models.Key]map[catalog.ArtistName]int {
	votes := map[models.Key]map[catalog.ArtistName]int{}
	for _, s := range songs {
		voted := map[models.Key]bool{}
		for _, role := range []string{models.RoleArtist, models.RoleAlbumArtist} {
			var was []models.Credit
			for _, c := range w.credited[s.Key] {
				if c.Role == role {
					was = append(was, c)
				}
			}
			var is []artistOf
			for _, a := range slices.Concat(people(s, knows), ofAlbum[s.Album]) {
				if a.role == role {
					is = append(is, a)
				}
			}
			if len(was) != len(is) {
				continue
			}
			for i, c := range was {
				if c.Name == is[i].name || c.ID == variousID || is[i].id == variousID || voted[c.Artist] {
					continue
				}
				voted[c.Artist] = true
				if votes[c.Artist] == nil {
					votes[c.Artist] = map[catalog.ArtistName]int{}
				}
				votes[c.Artist][nameOf(is[i])]++
			}
		}
	}
	return votes
}

func nameOf(a artistOf) catalog.ArtistName {
	return catalog.ArtistName{Name: a.name, Sort: a.sort, ID: a.id}
}

// credits turns people into credits.
func credits(list []artistOf, keys map[catalog.ArtistName]models.Key) []models.Credit {
	out := make([]models.Credit, 0, len(list))
	for _, a := range list {
		c := models.Credit{Role: a.role, Sub: a.sub, Artist: keys[nameOf(a)], Name: a.name, ID: a.id, Joined: a.joined}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// settle gives a song what its album decides, and tells whether that changed.
func (w *writer) settle(s *models.Song, a *models.Album, keys map[catalog.ArtistName]models.Key, embedded map[models.Key]catalog.FoundPicture, is known) bool {
	list := credits(people(s, is), keys)
	list = append(list, a.Credits...)
	cover := a.Cover
	for _, d := range a.Discs {
		if d.Number == s.Disc && d.Cover.Version != "" {
			cover = d.Cover
		}
	}
	if p, ok := embedded[s.Key]; ok && !w.fileCover[a.Key] && (a.Cover.Version == "" || p.Length != w.albumEmbedded[a.Key]) {
		cover = models.Cover{Of: models.ID{Kind: models.KindSong, Key: s.Key}, Version: p.Version}
	}
	if s.AlbumName == a.Name && s.Cover == cover && slices.Equal(s.Credits, list) {
		return false
	}
	s.AlbumName, s.Cover, s.Credits = a.Name, cover, list
	return true
}

// commonFolder returns the folder of an album's songs: theirs, when all lie in
// one, else that of the first.
func commonFolder(songs []*models.Song) models.Key { return songs[0].Folder }

// frontType is the ID3v2 picture type of a front cover, backType of a back.
const (
	frontType = 3
	backType  = 4
)

// songPictures notes the pictures within a song's file: the front first, then
// the others but for a back cover.
func (w *writer) songPictures(s readSong) {
	of := models.ID{Kind: models.KindSong, Key: s.song.Key}
	if !w.fresh[s.song.Key] {
		w.owners = append(w.owners, of)
	}
	if w.inFile == nil {
		w.inFile = map[models.Key]catalog.FoundPicture{}
	}
	for i, p := range s.file.Pictures {
		if p.Type == backType || p.Length <= 0 || i >= 20 {
			continue
		}
		found := catalog.FoundPicture{Of: of, Rank: 20 + i, Embedded: true, ObjectKey: s.song.ObjectKey, PictureRef: p}
		if p.Type == frontType {
			found.Rank = 10
		}
		found.Version = version(storage.Object{Key: "", Size: p.Length}, int64(p.Type), fingerprint(s.song))
		w.pictures = append(w.pictures, found)
		if have, ok := w.inFile[s.song.Key]; !ok || found.Rank < have.Rank {
			w.inFile[s.song.Key] = found
		}
	}
	w.readSongs = append(w.readSongs, s.song.Key)
}

// fingerprint changes when a song's object does.
func fingerprint(s *models.Song) int64 { return s.ModTime ^ s.Size<<20 }

// embedded returns the best picture within the file of each song.
func (w *writer) embedded(songs []*models.Song) (map[models.Key]catalog.FoundPicture, error) {
	read := map[models.Key]bool{}
	for _, k := range w.readSongs {
		read[k] = true
	}
	var ask []models.Key
	for _, s := range songs {
		if !read[s.Key] {
			ask = append(ask, s.Key)
		}
	}
	out, err := w.tx.EmbeddedPictures(ask)
	if err != nil {
		return nil, err
	}
	for k, p := range w.inFile {
		out[k] = p
	}
	w.withOwn(out)
	return out, nil
}

// covered tells whether this scan's listing shows the folder.
func (x *scan) covered(folder string) bool {
	return slices.ContainsFunc(x.Prefixes, func(p string) bool { return strings.HasPrefix(folder+"/", p) })
}

// albumPictures finds what an album and its discs show: a file named for it in
// its folder or a disc's, then the first embedded front.
func (w *writer) albumPictures(a *models.Album, songs []*models.Song, embedded map[models.Key]catalog.FoundPicture, kept []catalog.FoundPicture) {
	of := models.ID{Kind: models.KindAlbum, Key: a.Key}
	w.owners = append(w.owners, of)
	var found []catalog.FoundPicture
	for _, p := range kept {
		// One that stands for the album because it lies beside a song is found
		// with the song.
		if p.Of == of && p.Rank < ownRank && !w.covered(folderOf(p.ObjectKey)) {
			found = append(found, p)
		}
	}
	folders, units := map[string]int{}, map[string]bool{}
	for _, s := range songs {
		f := folderOf(s.ObjectKey)
		folders[f] = s.Disc
		units[unitOf(f)] = true
		if above := discFolders(f); len(above) > 1 {
			// A disc's folder with folders of its sides.
			for _, up := range above[:len(above)-1] {
				folders[up] = s.Disc
			}
		}
	}
	file := func(o storage.Object, disc, rank int) {
		found = append(found, catalog.FoundPicture{Of: of, Disc: disc, Rank: rank, Version: version(o, 0, 0), ObjectKey: o.Key, PictureRef: models.PictureRef{Length: o.Size}})
	}
	paths := make([]string, 0, len(folders))
	for f := range folders {
		paths = append(paths, f)
	}
	for u := range units {
		if _, ok := folders[u]; !ok {
			paths = append(paths, u)
		}
	}
	slices.Sort(paths)
	for _, f := range paths {
		disc, own := folders[f]
		isDisc := own && len(folders) > 1 && !units[f] && disc > 0
		for _, o := range w.listing.pictures[f] {
			if isArtistPicture(o.Key) {
				continue
			}
			rank := pictureRank(o.Key)
			if isDisc {
				file(o, disc, rank)
				rank += 5 // a disc's picture stands for the album when it has none
			}
			file(o, 0, rank)
		}
	}
	hasFile := slices.ContainsFunc(found, func(p catalog.FoundPicture) bool { return p.Disc == 0 })
	for _, s := range songs {
		if p, ok := embedded[s.Key]; ok {
			p.Of, p.Disc = of, 0
			p.Rank += 10
			found = append(found, p)
			if w.albumEmbedded == nil {
				w.albumEmbedded = map[models.Key]int64{}
			}
			w.albumEmbedded[a.Key] = p.Length
			break
		}
	}
	if w.fileCover == nil {
		w.fileCover = map[models.Key]bool{}
	}
	w.fileCover[a.Key] = hasFile
	slices.SortStableFunc(found, func(x, y catalog.FoundPicture) int { return cmp.Compare(x.Rank, y.Rank) })
	a.Cover = models.Cover{}
	for i := range a.Discs {
		a.Discs[i].Cover = models.Cover{}
	}
	for _, p := range found {
		switch {
		case p.Disc == 0 && a.Cover.Version == "":
			a.Cover = models.Cover{Of: of, Version: p.Version}
		case p.Disc != 0:
			w.discCover(a, p)
		}
	}
	w.pictures = append(w.pictures, found...)
}

// discCover gives a disc its picture.
func (w *writer) discCover(a *models.Album, p catalog.FoundPicture) {
	cover := models.Cover{Of: p.Of, Disc: p.Disc, Version: p.Version}
	for i := range a.Discs {
		if a.Discs[i].Number == p.Disc {
			if a.Discs[i].Cover.Version == "" {
				a.Discs[i].Cover = cover
			}
			return
		}
	}
	a.Discs = append(a.Discs, models.Disc{Number: p.Disc, Cover: cover})
	slices.SortFunc(a.Discs, func(x, y models.Disc) int { return cmp.Compare(x.Number, y.Number) })
}

// folderPictures finds what the unit's folders show.
func (w *writer) folderPictures(u *readUnit, keys map[string]models.Key) {
	if w.covers == nil {
		w.covers = map[models.Key]string{}
	}
	for p, k := range keys {
		if p == "" || !w.covered(p) || p != u.path && !u.folders[p] {
			continue
		}
		of := models.ID{Kind: models.KindFolder, Key: k}
		w.covers[k] = ""
		w.owners = append(w.owners, of)
		for _, o := range w.listing.pictures[p] {
			v := version(o, 0, 0)
			if w.covers[k] == "" {
				w.covers[k] = v
			}
			w.pictures = append(w.pictures, catalog.FoundPicture{Of: of, Rank: pictureRank(o.Key), Version: v, ObjectKey: o.Key, PictureRef: models.PictureRef{Length: o.Size}})
		}
	}
}

// artistPictures finds artist.* in the folders of artists: a folder whose
// albums have one album artist.
func (w *writer) artistPictures(albums []catalog.GroupedAlbum, byAlbum map[models.Key][]*models.Song) error {
	if w.Library.Settings.CopiesOf != 0 {
		return nil // nobody could read them
	}
	artists := map[models.Key]storage.Object{}
	var asked []models.ID
	for _, a := range albums {
		if len(a.Credits) != 1 || a.Credits[0].ID == variousID || len(byAlbum[a.Key]) == 0 {
			continue
		}
		artist := a.Credits[0].Artist
		unit := unitOf(folderOf(byAlbum[a.Key][0].ObjectKey))
		if _, ok := artists[artist]; !ok {
			asked = append(asked, models.ID{Kind: models.KindArtist, Key: artist})
			artists[artist] = storage.Object{}
		}
		places := []string{unit}
		if unit != "" {
			places = append(places, folderOf(unit))
		}
		for _, f := range places {
			for _, o := range w.listing.pictures[f] {
				if have := artists[artist].Key; isArtistPicture(o.Key) && (have == "" || o.Key < have) && f != "" {
					artists[artist] = o
				}
			}
		}
	}
	kept, err := w.tx.FilePictures(asked)
	if err != nil {
		return err
	}
	for _, p := range kept {
		f := folderOf(p.ObjectKey)
		there := !w.covered(f) || slices.ContainsFunc(w.listing.pictures[f], func(o storage.Object) bool { return o.Key == p.ObjectKey && version(o, 0, 0) == p.Version })
		if o, asked := artists[p.Of.Key]; asked && there && (o.Key == "" || p.ObjectKey <= o.Key) {
			delete(artists, p.Of.Key)
		}
	}
	for artist, o := range artists {
		of := models.ID{Kind: models.KindArtist, Key: artist}
		w.owners = append(w.owners, of)
		if o.Key != "" {
			w.pictures = append(w.pictures, catalog.FoundPicture{Of: of, Version: version(o, 0, 0), ObjectKey: o.Key, PictureRef: models.PictureRef{Length: o.Size}})
		}
	}
	return nil
}

// formatLyrics writes lyrics as the catalog stores them: LRC for synchronised
// ones, else plain lines.
func formatLyrics(l models.Lyrics) string {
	var b strings.Builder
	if l.Synced && l.Offset != 0 {
		fmt.Fprintf(&b, "[offset:%d]\n", l.Offset)
	}
	for _, line := range l.Lines {
		if l.Synced {
			fmt.Fprintf(&b, "[%02d:%02d.%03d]", line.Start/60000, line.Start/1000%60, line.Start%1000)
		}
		b.WriteString(line.Text)
		b.WriteByte('\n')
	}
	return b.String()
}
