package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

const libraryColumns = `id, name, location, kind, owner_id, quota, created_at, config, alarm, scanned_at, settings, secret IS NOT NULL, hook IS NOT NULL`

// scanLibrary reads libraryColumns and what else the query asks for.
func scanLibrary(rows *sql.Rows, more ...any) (*models.Library, error) {
	l := &models.Library{}
	var settings string
	err := rows.Scan(append([]any{&l.Number, &l.Name, &l.Location, &l.Kind, &l.Owner, &l.Quota, &l.Created, &l.Config, &l.Alarm, &l.ScannedAt, &settings, &l.Secret, &l.Hook}, more...)...)
	if err == nil && settings != "" {
		err = json.Unmarshal([]byte(settings), &l.Settings)
	}
	return l, err
}

func (c *Catalog) readLibraries(ctx context.Context) ([]*models.Library, error) {
	return libraryRows(c.r.WithContext(ctx))
}

func libraryRows(g *gorm.DB) ([]*models.Library, error) {
	var list []*models.Library
	err := eachRow(g, func(rows *sql.Rows) error {
		l, err := scanLibrary(rows)
		list = append(list, l)
		return err
	}, `SELECT `+libraryColumns+` FROM libraries WHERE removed_at = 0 ORDER BY id`)
	return list, err
}

// Libraries returns all libraries by number, shared and private.
func (c *Catalog) Libraries(ctx context.Context) ([]*models.Library, error) {
	list, err := c.readLibraries(ctx)
	if err != nil {
		return nil, fmt.Errorf("libraries: %w", err)
	}
	return list, nil
}

// AnyLibrary tells whether some library satisfies ok, from memory: what
// libraries are and where they lie changes with the users' version.
func (c *Catalog) AnyLibrary(ctx context.Context, ok func(*models.Library) bool) (bool, error) {
	p, err := c.people(ctx)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(p.libraries, ok), nil
}

// errNoLibrary is the answer for a number that no library has.
func errNoLibrary(n int) error { return fmt.Errorf("library %d: %w", n, models.ErrNotFound) }

// Library returns the library with this number.
func (c *Catalog) Library(ctx context.Context, n int) (*models.Library, error) {
	list, err := c.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(l *models.Library) bool { return l.Number == n }); i >= 0 {
		return list[i], nil
	}
	return nil, errNoLibrary(n)
}

// secretWords are in the names of URL parameters that carry secrets.
var secretWords = []string{"secret", "password", "passwd", "token", "accesskey", "credential", "signature", "sas"}

// bucketSchemes are those whose host is a bucket and whose path is the prefix
// of keys in it.
var bucketSchemes = []string{"s3", "gs", "azblob"}

// CleanLocation returns the one form of a store's location in which locations
// are kept and compared. An absolute path becomes a file:// URL, "." and ".."
// and doubled slashes are resolved. Of a bucket the parameter prefix becomes
// the path; parameters are sorted, and empty ones dropped. A location that is
// relative or holds a user name, a password or another secret is
// models.ErrInvalid; the error does not repeat it.
func CleanLocation(location string) (string, error) {
	if strings.HasPrefix(location, "/") {
		return (&url.URL{Scheme: "file", Path: path.Clean(location)}).String(), nil
	}
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return "", fmt.Errorf("a library's location is an absolute path or a URL such as file:///music or s3://bucket/prefix: %w", models.ErrInvalid)
	}
	if u.User != nil || u.Fragment != "" {
		return "", fmt.Errorf("a library's location holds no user name, password or fragment: %w", models.ErrInvalid)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", fmt.Errorf("the parameters of the location can't be read: %w", models.ErrInvalid)
	}
	for name := range query {
		plain := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
		if slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(plain, w) }) {
			return "", fmt.Errorf("a library's location holds no secrets, but it has a parameter %q: %w", name, models.ErrInvalid)
		}
	}
	clean := url.URL{Scheme: strings.ToLower(u.Scheme)}
	if slices.Contains(bucketSchemes, clean.Scheme) {
		return cleanBucket(clean.Scheme, u, query)
	}
	clean.Host, clean.RawQuery = strings.ToLower(u.Host), query.Encode()
	if p := path.Clean("/" + u.Path); p != "/" || clean.Scheme == "file" {
		clean.Path = p
	}
	if clean.Scheme == "file" {
		if u.Path == "" || clean.RawQuery != "" || clean.Host != "" && clean.Host != "localhost" {
			return "", fmt.Errorf("a file:// location is file:// and an absolute path, with %%3F for a question mark: %w", models.ErrInvalid)
		}
		clean.Host = ""
	}
	return clean.String(), nil
}

// cleanBucket is CleanLocation of a bucket.
func cleanBucket(scheme string, u *url.URL, query url.Values) (string, error) {
	if u.Host == "" {
		return "", fmt.Errorf("the location names no bucket: write it like %s://bucket/prefix: %w", scheme, models.ErrInvalid)
	}
	if e, err := url.Parse(query.Get("endpoint")); err == nil && (e.User != nil || e.RawQuery != "" || e.Fragment != "") {
		return "", fmt.Errorf("the endpoint of a location is a host or a plain URL, without user, password and parameters: %w", models.ErrInvalid)
	}
	prefix := u.Path + "/" + query.Get("prefix")
	for part := range strings.SplitSeq(prefix, "/") {
		if part == "." || part == ".." {
			return "", fmt.Errorf("the prefix within a bucket has a part %q, which is no folder there: %w", part, models.ErrInvalid)
		}
	}
	query.Del("prefix")
	for name, values := range query {
		if !slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
			query.Del(name)
		}
	}
	clean := url.URL{Scheme: scheme, Host: u.Host, RawQuery: query.Encode()}
	if p := path.Clean("/" + prefix); p != "/" {
		clean.Path = p
	}
	return clean.String(), nil
}

// Bucket returns the bucket of a clean location and the prefix of all keys of
// the library in it, "" or ending in "/"; false for a place that is no bucket.
func Bucket(location string) (bucket, prefix string, ok bool) {
	u, err := url.Parse(location)
	if err != nil || !slices.Contains(bucketSchemes, u.Scheme) {
		return "", "", false
	}
	if prefix = strings.TrimPrefix(u.Path, "/"); prefix != "" {
		prefix += "/"
	}
	return u.Host, prefix, true
}

// provider tells apart the servers that buckets of one name may be at, as far
// as their locations say it.
func provider(u *url.URL) string {
	q := u.Query()
	at := strings.TrimRight(strings.ToLower(q.Get("endpoint")), "/")
	if rest, ok := strings.CutPrefix(at, "https://"); ok {
		at = strings.TrimSuffix(rest, ":443")
	} else if rest, ok := strings.CutPrefix(at, "http://"); ok {
		at = strings.TrimSuffix(rest, ":80")
	}
	if u.Scheme == "s3" && strings.HasSuffix(at, ".amazonaws.com") {
		at = "" // where a bucket is that has no endpoint
	}
	return strings.Join([]string{at, q.Get("storage_account"), q.Get("domain")}, " ")
}

// SameProvider tells whether two clean locations are buckets of one provider,
// which one secret may open.
func SameProvider(a, b string) bool {
	ua, erra := url.Parse(a)
	ub, errb := url.Parse(b)
	return erra == nil && errb == nil && slices.Contains(bucketSchemes, ua.Scheme) && ua.Scheme == ub.Scheme && provider(ua) == provider(ub)
}

// Overlap tells whether one of two clean locations equals or contains the
// other. Different endpoints are different stores.
func Overlap(a, b string) bool {
	ua, erra := url.Parse(a)
	ub, errb := url.Parse(b)
	if erra != nil || errb != nil || ua.Scheme != ub.Scheme || ua.Host != ub.Host || provider(ua) != provider(ub) {
		return false
	}
	root := func(u *url.URL) string { return strings.TrimSuffix(u.Path, "/") + "/" }
	ra, rb := root(ua), root(ub)
	return strings.HasPrefix(ra, rb) || strings.HasPrefix(rb, ra)
}

// LibraryName is the name of a library at a clean location that was given none.
func LibraryName(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return "Music"
	}
	name := path.Base(path.Join("/", u.Path))
	if name == "/" {
		name = u.Host
	}
	if name = strings.ToValidUTF8(name, "�"); name == "" {
		name = "Music"
	}
	return name
}

// check fills in what l leaves open and refuses what can't be.
func checkLibrary(l *models.Library) (err error) {
	if l.Location, err = CleanLocation(l.Location); err != nil {
		return err
	}
	if l.Name == "" {
		l.Name = LibraryName(l.Location)
	}
	if !utf8.ValidString(l.Name) || strings.TrimSpace(l.Name) != l.Name || strings.ContainsFunc(l.Name, unicode.IsControl) {
		return fmt.Errorf("the library name %q begins or ends with a space or holds characters that can't be shown: %w", l.Name, models.ErrInvalid)
	}
	l.Kind = cmp.Or(l.Kind, models.LibraryMusic)
	if !slices.Contains([]string{models.LibraryMusic, models.LibraryAudiobook, models.LibraryPodcast}, l.Kind) {
		return fmt.Errorf("the kind of library %q is not one of music, audiobook and podcast: %w", l.Kind, models.ErrInvalid)
	}
	return nil
}

// clash refuses a library whose root or name another one has.
func clash(l *models.Library, others []*models.Library) error {
	for _, o := range others {
		if o.Number == l.Number {
			continue
		}
		if Overlap(l.Location, o.Location) {
			return fmt.Errorf("the location %s is, holds or lies in that of library %d (%s): %w", l.Location, o.Number, o.Name, models.ErrConflict)
		}
		if o.Owner == l.Owner && foldName(o.Name) == foldName(l.Name) {
			return fmt.Errorf("library %d is called %q already: %w", o.Number, o.Name, models.ErrConflict)
		}
	}
	return nil
}

// AddLibrary adds a library and returns its number, the lowest that no library
// has ever had. A library that was removed and is added again at the same
// location, for the same owner, takes its old number, ids and data back, once
// it is scanned. An empty name becomes the last part of the location, an empty
// kind music. A location that is, holds or lies in another library's, or a
// name that is taken, is models.ErrConflict.
func (c *Catalog) AddLibrary(ctx context.Context, l *models.Library) (int, error) {
	if err := checkLibrary(l); err != nil {
		return 0, err
	}
	if l.Owner != 0 {
		if _, err := c.UserByKey(ctx, l.Owner); err != nil {
			return 0, err
		}
	}
	err := c.writeUsers(ctx, func(tx *gorm.DB) error { return addLibrary(tx, l) })
	if err != nil {
		return 0, fmt.Errorf("add library %q: %w", l.Name, err)
	}
	return l.Number, nil
}

func addLibrary(tx *gorm.DB, l *models.Library) error {
	others, err := libraryRows(tx)
	if err != nil {
		return err
	}
	l.Number = 0
	if err := clash(l, others); err != nil {
		return err
	}
	err = tx.Raw(`SELECT id, created_at FROM libraries WHERE removed_at > 0 AND location = ? AND owner_id = ? ORDER BY id DESC LIMIT 1`, l.Location, l.Owner).Row().Scan(&l.Number, &l.Created)
	switch {
	case err == nil:
		err = tx.Exec(`UPDATE libraries SET name = ?, kind = ?, quota = ?, config = ?, alarm = '', scanned_at = 0, removed_at = 0 WHERE id = ?`, l.Name, l.Kind, l.Quota, bit(l.Config), l.Number).Error
	case errors.Is(err, sql.ErrNoRows):
		l.Created = now()
		if l.Number, err = count(tx, `SELECT COALESCE(MAX(id), 0) + 1 FROM libraries`); err == nil {
			err = tx.Exec(`INSERT INTO libraries (id, name, location, kind, owner_id, quota, config, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, l.Number, l.Name, l.Location, l.Kind, l.Owner, l.Quota, bit(l.Config), l.Created).Error
		}
	}
	if err != nil {
		return err
	}
	return touchReaders(tx, l.Number)
}

// touchReaders raises the versions of those who may read the library.
func touchReaders(tx *gorm.DB, n int) error {
	return tx.Exec(`UPDATE users SET version = version + 1 WHERE removed_at = 0 AND (
		id = (SELECT owner_id FROM libraries WHERE id = ?)
		OR EXISTS (SELECT 1 FROM libraries WHERE id = ? AND owner_id = 0)
			AND (all_libraries = 1 OR id IN (SELECT user_id FROM access WHERE scope_kind = ? AND scope_id = ?)))`, n, n, ScopeLibrary, n).Error
}

// UpdateLibrary writes the library's name, kind, quota and settings; the rest
// of l is ignored. A library that becomes one of copies, or no longer is one,
// leaves all lists or comes back to them at once, and what it holds copies of
// is settled before UpdateLibrary returns, or else with the next scan. Its location changes by Relocate
// and by configuration.
func (c *Catalog) UpdateLibrary(ctx context.Context, l *models.Library) error {
	want := *l
	var catalog int64
	settle := false
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		others, err := libraryRows(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(others, func(o *models.Library) bool { return o.Number == l.Number })
		if i < 0 {
			return errNoLibrary(l.Number)
		}
		want.Location, want.Owner = others[i].Location, others[i].Owner
		if err := checkLibrary(&want); err != nil {
			return err
		}
		if err := clash(&want, others); err != nil {
			return err
		}
		settle = want.Settings.CopiesOf != others[i].Settings.CopiesOf
		if settle {
			if err := checkCopies(&want, others); err != nil {
				return err
			}
		}
		settings := ""
		if want.Settings != (models.LibrarySettings{}) {
			b, err := json.Marshal(want.Settings)
			if err != nil {
				return err
			}
			settings = string(b)
		}
		if err := tx.Exec(`UPDATE libraries SET name = ?, kind = ?, quota = ?, settings = ? WHERE id = ?`, want.Name, want.Kind, want.Quota, settings, l.Number).Error; err != nil {
			return err
		}
		if settle {
			if err := noteCopies(tx); err != nil {
				return err
			}
			if err := dropArtistPictures(tx, l.Number); err != nil {
				return err
			}
			if err := tx.Exec(`INSERT INTO copy_due (album_id) SELECT id FROM albums WHERE library_id = ? AND songs > 0 ON CONFLICT (album_id) DO NOTHING`, l.Number).Error; err != nil {
				return err
			}
		}
		if want.Kind != others[i].Kind || settle {
			if catalog, err = bump(tx, settingVersion); err != nil {
				return err
			}
		}
		return touchReaders(tx, l.Number)
	})
	if err == nil {
		c.saw(catalog)
		if settle {
			if err := c.SettleCopies(ctx); err != nil {
				c.log.Warn("what is a copy is settled with the next scan", "error", err)
			}
		}
	}
	return err
}

// dropArtistPictures forgets the pictures of artists that lie in a library; a
// scan of one that is listed finds them again.
func dropArtistPictures(tx *gorm.DB, library int) error {
	var artists []models.Key
	err := eachRow(tx, func(rows *sql.Rows) error {
		var k models.Key
		err := rows.Scan(&k)
		artists = append(artists, k)
		return err
	}, `SELECT DISTINCT owner_id FROM pictures WHERE owner_kind = 'ar' AND library_id = ?`, library)
	if err == nil {
		err = tx.Exec(`DELETE FROM pictures WHERE owner_kind = 'ar' AND library_id = ?`, library).Error
	}
	if err == nil {
		err = forKeys(tx, artistCovers+` WHERE id IN ?`, artists)
	}
	return err
}

// checkCopies refuses what can't be a library of copies.
func checkCopies(l *models.Library, others []*models.Library) error {
	of := l.Settings.CopiesOf
	if of == 0 {
		return nil
	}
	for _, o := range others {
		switch {
		case o.Number != l.Number && o.Settings.CopiesOf == l.Number:
			return fmt.Errorf("library %d (%s) holds copies of this one, which can't itself hold copies of another: %w", o.Number, o.Name, models.ErrConflict)
		case o.Number != of:
		case of == l.Number:
			return fmt.Errorf("a library can't hold copies of itself: %w", models.ErrInvalid)
		case o.Settings.CopiesOf != 0:
			return fmt.Errorf("library %d (%s) itself holds copies: name the library of the originals: %w", o.Number, o.Name, models.ErrInvalid)
		case o.Owner != l.Owner:
			return fmt.Errorf("library %d (%s) is another's: copies and originals are both shared, or of one user: %w", o.Number, o.Name, models.ErrInvalid)
		}
	}
	if !slices.ContainsFunc(others, func(o *models.Library) bool { return o.Number == of }) {
		return fmt.Errorf("the library of the originals: %w", errNoLibrary(of))
	}
	return nil
}

// RemoveLibrary hides a library with all that it holds. Rows and what users
// attached to them stay, and so does the number: AddLibrary at the same
// location brings all back but its secrets. No file is touched.
func (c *Catalog) RemoveLibrary(ctx context.Context, n int) error {
	var catalog int64
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		at := now()
		if err := touchReaders(tx, n); err != nil {
			return err
		}
		r := tx.Exec(`UPDATE libraries SET removed_at = ?, config = 0, secret = NULL, hook = NULL WHERE id = ? AND removed_at = 0`, at, n)
		if r.Error != nil || r.RowsAffected == 0 {
			return cmp.Or(r.Error, errNoLibrary(n))
		}
		if err := dropArtistPictures(tx, n); err != nil {
			return err
		}
		for _, s := range []string{
			// Copies elsewhere are shown again at once; the next scan finds others.
			`INSERT INTO copy_due (album_id) SELECT DISTINCT k.album_id FROM songs s JOIN songs k ON k.copy_of = s.id WHERE s.library_id = ? AND k.missing_at = 0 ON CONFLICT (album_id) DO NOTHING`,
			`UPDATE songs SET copy_of = 0 WHERE copy_of IN (SELECT id FROM songs WHERE library_id = ?)`,
			`DELETE FROM album_copies WHERE library_id = ?`,
			`DELETE FROM album_copies WHERE album_id IN (SELECT id FROM albums WHERE library_id = ?)`,
		} {
			if err := tx.Exec(s, n).Error; err != nil {
				return err
			}
		}
		for _, s := range []string{
			`UPDATE songs SET missing_at = ? WHERE library_id = ? AND missing_at <= 0`, // hidden wholes as well
			`UPDATE folders SET missing_at = ? WHERE library_id = ? AND missing_at = 0`,
		} {
			if err := tx.Exec(s, at, n).Error; err != nil {
				return err
			}
		}
		for _, s := range []string{
			`UPDATE albums SET songs = 0, duration = 0 WHERE library_id = ?`,
			`DELETE FROM artist_counts WHERE library_id = ?`,
			`DELETE FROM genre_counts WHERE library_id = ?`,
		} {
			if err := tx.Exec(s, n).Error; err != nil {
				return err
			}
		}
		var err error
		catalog, err = bump(tx, settingVersion)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove library %d: %w", n, err)
	}
	c.saw(catalog)
	return nil
}

// SetLibraryAlarm keeps why the last scan changed nothing, for people; "" ends
// the alarm.
func (c *Catalog) SetLibraryAlarm(ctx context.Context, n int, alarm string) error {
	return c.setLibrary(ctx, n, "alarm", alarm)
}

// SetLibraryScanned keeps when the last complete scan ended, in Unix ms.
func (c *Catalog) SetLibraryScanned(ctx context.Context, n int, at int64) error {
	return c.setLibrary(ctx, n, "scanned_at", at)
}

// LibraryStore returns a library and the sealed secret of its store, nil when
// there is none.
func (c *Catalog) LibraryStore(ctx context.Context, n int) (l *models.Library, sealed []byte, err error) {
	err = eachRow(c.r.WithContext(ctx), func(rows *sql.Rows) (err error) {
		l, err = scanLibrary(rows, &sealed)
		return err
	}, `SELECT `+libraryColumns+`, secret FROM libraries WHERE id = ? AND removed_at = 0`, n)
	if err == nil && l == nil {
		err = errNoLibrary(n)
	}
	return l, sealed, err
}

// LibraryHook is what a library's events are let in by.
type LibraryHook struct {
	Number   int
	Name     string
	Location string
	Hash     []byte // SHA-256 of its secret; nil lets nothing in
}

// LibraryHooks returns all libraries with what lets their events in.
func (c *Catalog) LibraryHooks(ctx context.Context) ([]LibraryHook, error) {
	var list []LibraryHook
	err := eachRow(c.r.WithContext(ctx), func(rows *sql.Rows) error {
		var h LibraryHook
		err := rows.Scan(&h.Number, &h.Name, &h.Location, &h.Hash)
		list = append(list, h)
		return err
	}, `SELECT id, name, location, hook FROM libraries WHERE removed_at = 0 ORDER BY id`)
	return list, err
}

// SetLibraryHook keeps the SHA-256 of the secret that lets the library's events
// in; nil lets none in.
func (c *Catalog) SetLibraryHook(ctx context.Context, n int, hash []byte) error {
	return c.setLibrary(ctx, n, "hook", blob(hash))
}

// SetLibrarySecret keeps the sealed secret of the library's store; nil drops it.
func (c *Catalog) SetLibrarySecret(ctx context.Context, n int, sealed []byte) error {
	return c.setLibrary(ctx, n, "secret", blob(sealed))
}

func (c *Catalog) setLibrary(ctx context.Context, n int, column string, value any) error {
	return c.write(ctx, func(tx *gorm.DB) error {
		r := tx.Exec(`UPDATE libraries SET `+column+` = ? WHERE id = ? AND removed_at = 0`, value, n)
		if r.Error == nil && r.RowsAffected == 0 {
			return errNoLibrary(n)
		}
		return r.Error
	})
}

// EnsureConfigured makes the libraries that the configuration names be there.
// Each is found by its location, else by its name (then it has moved: number,
// ids and data stay, the location changes, and KeysOf tells the old one until a
// scan has found the songs again), else added. A library without a
// name is called by the last part of its location, with a number behind it
// where that is taken. One that the configuration named before and no longer
// does stays as if an admin had added it; those are returned. Shared
// libraries only; either all is done or nothing.
func (c *Catalog) EnsureConfigured(ctx context.Context, want []models.Library) (dropped []*models.Library, err error) {
	list := make([]*models.Library, len(want))
	named := make([]bool, len(want))
	for i := range want {
		l := want[i]
		named[i] = l.Name != ""
		if err := checkLibrary(&l); err != nil {
			return nil, err
		}
		l.Config, l.Owner, l.Number = true, 0, 0
		list[i] = &l
		for _, o := range list[:i] {
			if Overlap(o.Location, l.Location) {
				return nil, fmt.Errorf("the configured libraries %q and %q overlap: one root is or lies in the other: %w", o.Name, l.Name, models.ErrConflict)
			}
			if named[i] && foldName(o.Name) == foldName(l.Name) && named[slices.Index(list, o)] {
				return nil, fmt.Errorf("two configured libraries are called %q: %w", l.Name, models.ErrConflict)
			}
		}
	}
	have, err := c.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	if done, _ := reconcile(list, named, have); done {
		return nil, nil
	}
	var version int64
	err = c.writeUsers(ctx, func(tx *gorm.DB) error {
		have, err := libraryRows(tx)
		if err == nil {
			version, err = bump(tx, settingVersion) // kinds may change
		}
		if err != nil {
			return err
		}
		var old []*models.Library
		_, old = reconcile(list, named, have)
		dropped = nil
		for _, o := range old {
			if o.Config {
				o.Config = false
				dropped = append(dropped, o)
				if err := tx.Exec(`UPDATE libraries SET config = 0 WHERE id = ?`, o.Number).Error; err != nil {
					return err
				}
			}
		}
		// Moved ones first leave their old places, so that two may swap.
		present := old
		for _, l := range list {
			if l.Number != 0 {
				if err := clash(l, present); err != nil {
					return err
				}
				present = append(present, l)
				for _, h := range have {
					if h.Number == l.Number && h.Location != l.Location {
						if err := leaveBehind(tx, l.Number, h.Location, l.Location); err != nil {
							return err
						}
					}
				}
				if err := tx.Exec(`UPDATE libraries SET name = ?, location = ?, kind = ?, config = 1 WHERE id = ?`, l.Name, l.Location, l.Kind, l.Number).Error; err != nil {
					return err
				}
				if err := touchReaders(tx, l.Number); err != nil {
					return err
				}
			}
		}
		for _, l := range list {
			if l.Number == 0 {
				if err := addLibrary(tx, l); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("configured libraries: %w", err)
	}
	c.saw(version)
	return dropped, nil
}

// reconcile gives each wanted library the number of the one that it is, 0 for
// a new one, and a name that no other has where it was given none. done tells
// that nothing is to be written; rest are the libraries that no wanted one is.
func reconcile(want []*models.Library, named []bool, have []*models.Library) (done bool, rest []*models.Library) {
	done = true
	taken := make([]bool, len(have))
	is := make([]*models.Library, len(want))
	match := func(f func(w, h *models.Library) bool) {
		for i, w := range want {
			for j, h := range have {
				if is[i] == nil && !taken[j] && h.Owner == 0 && f(w, h) {
					is[i], taken[j] = h, true
				}
			}
		}
	}
	match(func(w, h *models.Library) bool { return w.Location == h.Location })
	match(func(w, h *models.Library) bool { return foldName(w.Name) == foldName(h.Name) })
	names := map[string]bool{}
	for j, h := range have {
		if !taken[j] {
			rest = append(rest, h)
			done = done && !h.Config
			if h.Owner == 0 {
				names[foldName(h.Name)] = true
			}
		}
	}
	for i, w := range want {
		if named[i] {
			names[foldName(w.Name)] = true
		}
	}
	for i, w := range want {
		w.Number = 0
		if is[i] != nil {
			w.Number = is[i].Number
		}
		if !named[i] {
			base := w.Name
			if is[i] != nil {
				base = is[i].Name
			}
			w.Name = base
			for n := 2; names[foldName(w.Name)]; n++ {
				w.Name = fmt.Sprintf("%s %d", base, n)
			}
			names[foldName(w.Name)] = true
		}
		done = done && is[i] != nil && is[i].Name == w.Name && is[i].Location == w.Location && is[i].Kind == w.Kind && is[i].Config
	}
	return done, rest
}
