package catalog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// userCache holds all users, their live secrets and all libraries in memory,
// so that a login costs no query. It is read again when the counter of
// settingUsers has grown, by whichever process. The zero value is ready.
type userCache struct {
	seen     atomic.Int64 // the newest counter that this process knows of
	current  atomic.Pointer[people]
	loading  sync.Mutex
	versions sync.Map // models.Key -> *atomic.Int64: what each user sees
}

// people is one reading of the tables. Nobody writes to it or to what it
// points to.
type people struct {
	counter   int64 // of settingUsers, read before the rest
	users     []*models.User
	byKey     map[models.Key]*models.User
	byName    map[string]*models.User
	byHash    map[[sha256.Size]byte]*models.Credential
	secrets   map[models.Key][]*models.Credential
	libraries []*models.Library
	copies    []int // libraries of copies, ascending: nobody reads them
}

// sawVersion tells that the counter stood at n.
func (u *userCache) sawVersion(n int64) { raise(&u.seen, n) }

// version returns the number that counts the changes of what one user sees.
func (u *userCache) version(user models.Key) *atomic.Int64 {
	if v, ok := u.versions.Load(user); ok {
		return v.(*atomic.Int64)
	}
	v, _ := u.versions.LoadOrStore(user, new(atomic.Int64))
	return v.(*atomic.Int64)
}

// raise sets a to n if that is more.
func raise(a *atomic.Int64, n int64) {
	for {
		old := a.Load()
		if n <= old || a.CompareAndSwap(old, n) {
			return
		}
	}
}

// people returns the users as they stand now.
func (c *Catalog) people(ctx context.Context) (*people, error) {
	if p := c.users.current.Load(); p != nil && p.counter >= c.users.seen.Load() {
		return p, nil
	}
	c.users.loading.Lock()
	defer c.users.loading.Unlock()
	if p := c.users.current.Load(); p != nil && p.counter >= c.users.seen.Load() {
		return p, nil
	}
	p, err := c.readPeople(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the users: %w", err)
	}
	c.users.sawVersion(p.counter)
	c.users.current.Store(p)
	return p, nil
}

// userColumns are the columns that scanUser reads. The version comes first.
const userColumns = `version, id, name, email, password_hash, sealed, admin_role, settings_role, stream_role, download_role, upload_role, playlist_role, cover_art_role, comment_role, podcast_role, jukebox_role, share_role, video_role, scrobbling, max_bit_rate, all_libraries, created_at, avatar_at`

func scanUser(rows *sql.Rows) (u *models.User, version int64, err error) {
	u = &models.User{}
	err = rows.Scan(&version, &u.Key, &u.Name, &u.Email, &u.PasswordHash, &u.Sealed, &u.Admin, &u.Settings, &u.Stream, &u.Download, &u.Upload, &u.Playlist, &u.CoverArt, &u.Comment, &u.Podcast, &u.Jukebox, &u.Share, &u.Video, &u.Scrobbling, &u.MaxBitRate, &u.AllLibraries, &u.Created, &u.AvatarAt)
	return u, version, err
}

// readPeople reads the tables. The counter is read first: whatever is written
// meanwhile raises it, and then the next caller reads again.
func (c *Catalog) readPeople(ctx context.Context) (*people, error) {
	p := &people{
		byKey: map[models.Key]*models.User{}, byName: map[string]*models.User{},
		byHash: map[[sha256.Size]byte]*models.Credential{}, secrets: map[models.Key][]*models.Credential{},
	}
	var counter string
	if err := c.r.WithContext(ctx).Raw(`SELECT value FROM settings WHERE name = ?`, settingUsers).Row().Scan(&counter); err != nil {
		return nil, err
	}
	if _, err := fmt.Sscan(counter, &p.counter); err != nil {
		return nil, fmt.Errorf("setting %s: %w", settingUsers, err)
	}
	var err error
	if p.libraries, err = c.readLibraries(ctx); err != nil {
		return nil, err
	}
	for _, l := range p.libraries {
		if l.Settings.CopiesOf != 0 {
			p.copies = append(p.copies, l.Number)
		}
	}
	err = c.each(ctx, func(rows *sql.Rows) error {
		u, version, err := scanUser(rows)
		if err != nil {
			return err
		}
		raise(c.users.version(u.Key), version)
		p.users = append(p.users, u)
		p.byKey[u.Key] = u
		p.byName[foldName(u.Name)] = u
		for _, l := range p.libraries {
			if l.Settings.CopiesOf == 0 && (l.Owner == u.Key || l.Owner == 0 && u.AllLibraries) {
				u.Libraries = append(u.Libraries, l.Number)
			}
		}
		return nil
	}, `SELECT `+userColumns+` FROM users WHERE removed_at = 0 ORDER BY name_fold`)
	if err != nil {
		return nil, err
	}
	if err := c.readAccess(ctx, p); err != nil {
		return nil, err
	}
	for _, u := range p.users {
		slices.Sort(u.Libraries)
		u.Libraries = slices.Compact(u.Libraries)
	}
	return p, c.readCredentials(ctx, p)
}

// writeUsers runs f in one write transaction that changes users, secrets,
// libraries or rights, and makes the change visible when it is committed.
// The counter is raised first: on PostgreSQL its row is the lock that keeps
// two processes from doing this at once.
func (c *Catalog) writeUsers(ctx context.Context, f func(tx *gorm.DB) error) error {
	var n int64
	err := c.write(ctx, func(tx *gorm.DB) (err error) {
		if n, err = bump(tx, settingUsers); err != nil {
			return err
		}
		return f(tx)
	})
	if err == nil {
		c.users.sawVersion(n)
		// The next caller reads again if this fails.
		_, _ = c.people(ctx)
	}
	return err
}

// writeUser runs f in one write transaction that changes what one user sees
// (stars, plays, playlists, a queue), and raises that user's version. Users,
// secrets and rights are written by writeUsers.
func (c *Catalog) writeUser(ctx context.Context, user models.Key, f func(tx *gorm.DB) error) error {
	var n int64
	err := c.writeSmall(ctx, func(tx *gorm.DB) error {
		if err := f(tx); err != nil {
			return err
		}
		return tx.Raw(`UPDATE users SET version = version + 1 WHERE id = ? RETURNING version`, user).Row().Scan(&n)
	})
	if err == nil {
		raise(c.users.version(user), n)
	}
	return err
}

// touchEveryone raises all users' versions within writeUsers, which reads the
// users again after the commit.
func touchEveryone(tx *gorm.DB) error {
	return tx.Exec(`UPDATE users SET version = version + 1 WHERE removed_at = 0`).Error
}

// UserVersion returns a number that grows with every change of what this user
// sees apart from what scans write: stars, ratings, plays, playlists, rights.
// With Version it is the ETag of the user's lists. It costs no query.
func (c *Catalog) UserVersion(user models.Key) int64 { return c.users.version(user).Load() }

// foldName is the form of a user's name by which names are unique.
func foldName(name string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(name)))
}

// UserByName returns the user of this name without regard to case. The user
// is shared: read it, do not write. It costs no query.
func (c *Catalog) UserByName(ctx context.Context, name string) (*models.User, error) {
	p, err := c.people(ctx)
	if err != nil {
		return nil, err
	}
	if u := p.byName[foldName(name)]; u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("user %q: %w", name, models.ErrNotFound)
}

// UserByKey returns the user with this key, under the terms of UserByName.
func (c *Catalog) UserByKey(ctx context.Context, key models.Key) (*models.User, error) {
	p, err := c.people(ctx)
	if err != nil {
		return nil, err
	}
	if u := p.byKey[key]; u != nil {
		return u, nil
	}
	return nil, models.NotFound(models.ID{Kind: models.KindUser, Key: key})
}

// Users returns all users by name, under the terms of UserByName.
func (c *Catalog) Users(ctx context.Context) ([]*models.User, error) {
	p, err := c.people(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(p.users), nil
}

// Viewer returns what the user may read.
func (c *Catalog) Viewer(u *models.User) Viewer {
	v := Viewer{User: u.Key, Libraries: u.Libraries, Granted: u.Granted, Once: c.once.Load() && len(u.Libraries) > 1}
	if p := c.users.current.Load(); p != nil && u.Granted {
		v.Skip = p.copies
	}
	return v
}

// ViewerOf returns what may be read by whoever was let in, which a device
// secret for one library narrows.
func (c *Catalog) ViewerOf(i models.Identity) Viewer {
	v := c.Viewer(i.User)
	if i.Scope == models.ScopeLibrary {
		v = v.In(i.Library)
	}
	return v
}

// nameLimit bounds a user's name, in bytes.
const nameLimit = 255

// checkName refuses names that can't be typed or shown.
func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a user needs a name: %w", models.ErrMissing)
	case !utf8.ValidString(name), strings.TrimSpace(name) != name, strings.ContainsFunc(name, unicode.IsControl), len(name) > nameLimit:
		return fmt.Errorf("the user name %q begins or ends with a space, is longer than %d bytes or holds characters that can't be shown: %w", name, nameLimit, models.ErrInvalid)
	}
	return nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// CreateUser adds a user who may read the numbered shared libraries, or all
// of them, also those to come, when libraries is nil. It sets u.Key where
// that is 0, and u.Created. A name that is taken is models.ErrConflict.
func (c *Catalog) CreateUser(ctx context.Context, u *models.User, libraries []int) error {
	return c.createUser(ctx, u, libraries, false)
}

// CreateFirstUser is CreateUser for a catalog without users; in any other it
// is models.ErrConflict and changes nothing.
func (c *Catalog) CreateFirstUser(ctx context.Context, u *models.User) error {
	return c.createUser(ctx, u, nil, true)
}

func (c *Catalog) createUser(ctx context.Context, u *models.User, libraries []int, first bool) error {
	if err := checkName(u.Name); err != nil {
		return err
	}
	if u.Key == 0 {
		u.Key = models.NewKey()
	}
	u.Created, u.AllLibraries = now(), libraries == nil
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		if first {
			if n, err := count(tx, `SELECT COUNT(*) FROM users WHERE removed_at = 0`); err != nil || n > 0 {
				return cmp.Or(err, fmt.Errorf("there is a user already: %w", models.ErrConflict))
			}
		}
		if err := nameIsFree(tx, u); err != nil {
			return err
		}
		err := tx.Exec(`INSERT INTO users (id, name, name_fold, email, password_hash, sealed, admin_role, settings_role, stream_role, download_role, upload_role, playlist_role, cover_art_role, comment_role, podcast_role, jukebox_role, share_role, video_role, scrobbling, max_bit_rate, all_libraries, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			u.Key, u.Name, foldName(u.Name), u.Email, u.PasswordHash, u.Sealed, bit(u.Admin), bit(u.Settings), bit(u.Stream), bit(u.Download), bit(u.Upload), bit(u.Playlist), bit(u.CoverArt), bit(u.Comment), bit(u.Podcast), bit(u.Jukebox), bit(u.Share), bit(u.Video), bit(u.Scrobbling), u.MaxBitRate, bit(u.AllLibraries), u.Created).Error
		if err != nil {
			return err
		}
		return setLibraries(tx, u.Key, libraries)
	})
	if err != nil {
		return fmt.Errorf("create user %q: %w", u.Name, err)
	}
	return nil
}

func count(tx *gorm.DB, query string, args ...any) (n int, err error) {
	err = tx.Raw(query, args...).Row().Scan(&n)
	return n, err
}

func nameIsFree(tx *gorm.DB, u *models.User) error {
	n, err := count(tx, `SELECT COUNT(*) FROM users WHERE name_fold = ? AND id <> ?`, foldName(u.Name), u.Key)
	if err == nil && n > 0 {
		err = fmt.Errorf("the name %q is taken: %w", u.Name, models.ErrConflict)
	}
	return err
}

// UpdateUser writes the user's name, email, roles, scrobbling and bit rate;
// the rest of u is ignored: passwords go through SetUserPassword, rights
// through SetUserLibraries. To take the admin role from the last user who has
// it is models.ErrConflict.
func (c *Catalog) UpdateUser(ctx context.Context, u *models.User) error {
	if err := checkName(u.Name); err != nil {
		return err
	}
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		if err := nameIsFree(tx, u); err != nil {
			return err
		}
		if !u.Admin {
			if err := otherAdmin(tx, u.Key); err != nil {
				return err
			}
		}
		return changed(tx.Exec(`UPDATE users SET name = ?, name_fold = ?, email = ?, admin_role = ?, settings_role = ?, stream_role = ?, download_role = ?, upload_role = ?, playlist_role = ?, cover_art_role = ?, comment_role = ?, podcast_role = ?, jukebox_role = ?, share_role = ?, video_role = ?, scrobbling = ?, max_bit_rate = ?, version = version + 1 WHERE id = ? AND removed_at = 0`,
			u.Name, foldName(u.Name), u.Email, bit(u.Admin), bit(u.Settings), bit(u.Stream), bit(u.Download), bit(u.Upload), bit(u.Playlist), bit(u.CoverArt), bit(u.Comment), bit(u.Podcast), bit(u.Jukebox), bit(u.Share), bit(u.Video), bit(u.Scrobbling), u.MaxBitRate, u.Key), u.Key)
	})
	if err != nil {
		return fmt.Errorf("change user %q: %w", u.Name, err)
	}
	return nil
}

// changed turns an update of no row into models.ErrNotFound for the user.
func changed(tx *gorm.DB, user models.Key) error {
	if tx.Error == nil && tx.RowsAffected == 0 {
		return models.NotFound(models.ID{Kind: models.KindUser, Key: user})
	}
	return tx.Error
}

// errLastAdmin is the refusal to leave a server without an administrator.
var errLastAdmin = fmt.Errorf("this is the last administrator: make another user an administrator first: %w", models.ErrConflict)

// otherAdmin refuses when this user is the only admin.
func otherAdmin(tx *gorm.DB, user models.Key) error {
	admin, err := count(tx, `SELECT COUNT(*) FROM users WHERE id = ? AND admin_role = 1 AND removed_at = 0`, user)
	if err != nil || admin == 0 {
		return err
	}
	others, err := count(tx, `SELECT COUNT(*) FROM users WHERE id <> ? AND admin_role = 1 AND removed_at = 0`, user)
	if err == nil && others == 0 {
		err = errLastAdmin
	}
	return err
}

// SetUserPassword writes what a login is compared with. sealed is nil when
// there is no copy for token login. The user's web sessions end.
func (c *Catalog) SetUserPassword(ctx context.Context, user models.Key, hash string, sealed []byte) error {
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec(`DELETE FROM sessions WHERE user_id = ?`, user).Error; err != nil {
			return err
		}
		return changed(tx.Exec(`UPDATE users SET password_hash = ?, sealed = ? WHERE id = ? AND removed_at = 0`, hash, sealed, user), user)
	})
	if err != nil {
		return fmt.Errorf("change the password: %w", err)
	}
	return nil
}

// SealPassword keeps a copy for token login of the password that has this
// hash. It does nothing when the user has another password by now.
func (c *Catalog) SealPassword(ctx context.Context, user models.Key, hash string, sealed []byte) error {
	return c.writeUsers(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE users SET sealed = ? WHERE id = ? AND password_hash = ? AND removed_at = 0`, sealed, user, hash).Error
	})
}

// RemoveUser shuts a user out and frees the name. Nothing that the user made
// is deleted: stars, plays and playlists stay under the removed row, where
// nobody sees them; public playlists become private, and the user's own
// libraries are read by nobody. Secrets, sessions and rights end. The last
// admin can't be removed (models.ErrConflict).
func (c *Catalog) RemoveUser(ctx context.Context, user models.Key) error {
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		if err := otherAdmin(tx, user); err != nil {
			return err
		}
		at := now()
		// No name holds a line break, so the key that is left is nobody's.
		if err := changed(tx.Exec(`UPDATE users SET removed_at = ?, name_fold = name_fold || ?, password_hash = '', sealed = NULL WHERE id = ? AND removed_at = 0`, at, "\n"+user.String(), user), user); err != nil {
			return err
		}
		for _, s := range []string{
			`UPDATE credentials SET revoked_at = %d, sealed = NULL WHERE user_id = ? AND revoked_at = 0`,
			`UPDATE playlists SET public = 0, changed_at = %d WHERE owner_id = ? AND public = 1`,
		} {
			if err := tx.Exec(fmt.Sprintf(s, at), user).Error; err != nil {
				return err
			}
		}
		for _, table := range []string{"sessions", "access", "granted_songs"} {
			if err := tx.Exec(`DELETE FROM `+table+` WHERE user_id = ?`, user).Error; err != nil {
				return err
			}
		}
		return touchEveryone(tx)
	})
	if err != nil {
		return fmt.Errorf("remove the user: %w", err)
	}
	return nil
}

// Avatar returns the user's picture and its MIME type, models.ErrNotFound
// when there is none.
func (c *Catalog) Avatar(ctx context.Context, user models.Key) (picture []byte, mime string, err error) {
	err = c.r.WithContext(ctx).Raw(`SELECT avatar, avatar_type FROM users WHERE id = ? AND removed_at = 0 AND avatar_at > 0`, user).Row().Scan(&picture, &mime)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", models.NotFound(models.ID{Kind: models.KindUser, Key: user})
	}
	return picture, mime, err
}

// SetAvatar keeps a picture of the user; nil removes it.
func (c *Catalog) SetAvatar(ctx context.Context, user models.Key, picture []byte, mime string) error {
	at := now()
	if picture == nil {
		at, mime = 0, ""
	}
	return c.writeUsers(ctx, func(tx *gorm.DB) error {
		return changed(tx.Exec(`UPDATE users SET avatar = ?, avatar_type = ?, avatar_at = ?, version = version + 1 WHERE id = ? AND removed_at = 0`, picture, mime, at, user), user)
	})
}
