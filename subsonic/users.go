package subsonic

import (
	"fmt"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:  "getUser",
	Since: "1.3.0",
	Doc:   "Details of the user, or for an admin of any.",
}, (*API).getUser)

type usernameParams struct {
	Username string `q:"username" required:"true"`
}

func (a *API) getUser(c Call, p usernameParams) (spec.Payload, error) {
	u, err := a.userFor(c, p.Username)
	if err != nil {
		return nil, err
	}
	if u.Key == c.User.Key {
		// What the secret in use may not do, the app need not offer.
		self := *u
		self.Roles = c.Roles
		return a.user(&self, c.Viewer.Libraries), nil
	}
	return a.user(u, a.Catalog.Viewer(u).Libraries), nil
}

// userFor returns the user of a name, who must be the caller unless the
// caller is an admin.
func (a *API) userFor(c Call, name string) (*models.User, error) {
	u, err := a.Catalog.UserByName(c, name)
	if (err != nil || u.Key != c.User.Key) && !c.Roles.Admin {
		return nil, forbidden("only an admin may ask for other users")
	}
	return u, err
}

func (a *API) user(u *models.User, libraries []int) spec.User {
	return spec.User{
		Username: u.Name, Email: u.Email, ScrobblingEnabled: u.Scrobbling, MaxBitRate: u.MaxBitRate,
		AdminRole: u.Admin, SettingsRole: u.Settings, DownloadRole: u.Download, UploadRole: u.Upload, PlaylistRole: u.Playlist,
		CoverArtRole: u.CoverArt, CommentRole: u.Comment, PodcastRole: u.Podcast, StreamRole: u.Stream, JukeboxRole: u.Jukebox,
		ShareRole: u.Share, VideoConversionRole: u.Video, AvatarLastChanged: spec.Time(u.AvatarAt), Folder: libraries,
	}
}

var _ = handle(Endpoint{
	Name:  "getUsers",
	Since: "1.8.0",
	Doc:   "All users.",
	Role:  RoleAdmin,
}, (*API).getUsers)

func (a *API) getUsers(c Call, _ none) (spec.Payload, error) {
	list, err := a.Catalog.Users(c)
	if err != nil {
		return nil, err
	}
	out := spec.Users{User: make([]spec.User, len(list))}
	for i, u := range list {
		out.User[i] = a.user(u, a.Catalog.Viewer(u).Libraries)
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:   "createUser",
	Since:  "1.1.0",
	Doc:    "Adds a user.",
	Role:   RoleAdmin,
	Writes: true,
}, (*API).createUser)

type createUserParams struct {
	Username string   `q:"username" required:"true"`
	Password password `q:"password" required:"true"`
	Email    string   `q:"email" required:"true"`
	LDAP     bool     `q:"ldapAuthenticated" default:"false" doc:"accepted and without effect"`
	Admin    bool     `q:"adminRole" default:"false"`
	Settings bool     `q:"settingsRole" default:"true"`
	Stream   bool     `q:"streamRole" default:"true"`
	Jukebox  bool     `q:"jukeboxRole" default:"false"`
	Download bool     `q:"downloadRole" default:"false"`
	Upload   bool     `q:"uploadRole" default:"false"`
	Playlist bool     `q:"playlistRole" default:"false"`
	CoverArt bool     `q:"coverArtRole" default:"false"`
	Comment  bool     `q:"commentRole" default:"false"`
	Podcast  bool     `q:"podcastRole" default:"false"`
	Share    bool     `q:"shareRole" default:"false"`
	Video    bool     `q:"videoConversionRole" default:"false"`
	MaxRate  int      `q:"maxBitRate" min:"0" doc:"kbit/s; 0 is no limit"`
	Folders  []string `q:"musicFolderId" doc:"the shared libraries that the user may read; all when not given"`
}

func (a *API) createUser(c Call, p createUserParams) (spec.Payload, error) {
	libraries, err := libraryNumbers(p.Folders)
	if err != nil {
		return nil, err
	}
	u := &models.User{Name: p.Username, Email: p.Email, MaxBitRate: p.MaxRate, Scrobbling: true, Roles: models.Roles{
		Admin: p.Admin, Settings: p.Settings, Stream: p.Stream, Jukebox: p.Jukebox, Download: p.Download, Upload: p.Upload,
		Playlist: p.Playlist, CoverArt: p.CoverArt, Comment: p.Comment, Podcast: p.Podcast, Share: p.Share, Video: p.Video,
	}}
	return nil, a.Auth.Create(c, u, string(p.Password), libraries)
}

// libraryNumbers reads music folder ids; none, and 0 among them, mean all,
// which is nil.
func libraryNumbers(ids []string) ([]int, error) {
	var out []int
	for _, id := range ids {
		n, err := parseInt(id)
		if err != nil || n < 0 || n > 1<<31-1 {
			return nil, fmt.Errorf("music folder %s: %w", short(id), models.ErrNotFound)
		}
		if n == 0 {
			return nil, nil
		}
		out = append(out, int(n))
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:   "updateUser",
	Since:  "1.10.1",
	Doc:    "Changes a user. What is not given stays as it is.",
	Role:   RoleAdmin,
	Writes: true,
}, (*API).updateUser)

type updateUserParams struct {
	Username string    `q:"username" required:"true"`
	Password *password `q:"password"`
	Email    *string   `q:"email"`
	LDAP     *bool     `q:"ldapAuthenticated" doc:"accepted and without effect"`
	Admin    *bool     `q:"adminRole"`
	Settings *bool     `q:"settingsRole"`
	Stream   *bool     `q:"streamRole"`
	Jukebox  *bool     `q:"jukeboxRole"`
	Download *bool     `q:"downloadRole"`
	Upload   *bool     `q:"uploadRole"`
	Playlist *bool     `q:"playlistRole"`
	CoverArt *bool     `q:"coverArtRole"`
	Comment  *bool     `q:"commentRole"`
	Podcast  *bool     `q:"podcastRole"`
	Share    *bool     `q:"shareRole"`
	Video    *bool     `q:"videoConversionRole"`
	MaxRate  *int      `q:"maxBitRate" min:"0" doc:"kbit/s; 0 is no limit"`
	Folders  []string  `q:"musicFolderId" doc:"the shared libraries that the user may read; 0 is all"`
}

func (a *API) updateUser(c Call, p updateUserParams) (spec.Payload, error) {
	old, err := a.Catalog.UserByName(c, p.Username)
	if err != nil {
		return nil, err
	}
	libraries, err := libraryNumbers(p.Folders)
	if err != nil {
		return nil, err
	}
	u := *old
	set(&u.Email, p.Email)
	set(&u.MaxBitRate, p.MaxRate)
	for _, role := range []struct{ to, from *bool }{
		{&u.Admin, p.Admin}, {&u.Settings, p.Settings}, {&u.Stream, p.Stream}, {&u.Jukebox, p.Jukebox}, {&u.Download, p.Download},
		{&u.Upload, p.Upload}, {&u.Playlist, p.Playlist}, {&u.CoverArt, p.CoverArt}, {&u.Comment, p.Comment}, {&u.Podcast, p.Podcast},
		{&u.Share, p.Share}, {&u.Video, p.Video},
	} {
		set(role.to, role.from)
	}
	if u.Key == c.User.Key && !u.Admin {
		return nil, fmt.Errorf("nobody takes the admin role from themselves: another admin can: %w", models.ErrConflict)
	}
	if len(p.Folders) > 0 {
		// First, because it may find that a library does not exist.
		if err := a.Catalog.SetUserLibraries(c, u.Key, libraries); err != nil {
			return nil, err
		}
	}
	if err := a.Catalog.UpdateUser(c, &u); err != nil {
		return nil, err
	}
	if p.Password != nil && *p.Password != "" {
		return nil, a.Auth.SetPassword(c, u.Key, string(*p.Password))
	}
	return nil, nil
}

// set changes a value for one that was given.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

var _ = handle(Endpoint{
	Name:   "deleteUser",
	Since:  "1.3.0",
	Doc:    "Shuts a user out and frees the name.",
	Role:   RoleAdmin,
	Writes: true,
}, (*API).deleteUser)

func (a *API) deleteUser(c Call, p usernameParams) (spec.Payload, error) {
	u, err := a.Catalog.UserByName(c, p.Username)
	if err != nil {
		return nil, err
	}
	if u.Key == c.User.Key {
		return nil, fmt.Errorf("nobody deletes themselves: another admin can: %w", models.ErrConflict)
	}
	return nil, a.Catalog.RemoveUser(c, u.Key)
}

var _ = handle(Endpoint{
	Name:   "changePassword",
	Since:  "1.1.0",
	Doc:    "Changes the user's own password, or for an admin any.",
	Role:   RoleSettings,
	Writes: true,
}, (*API).changePassword)

type changePasswordParams struct {
	Username string   `q:"username" required:"true"`
	Password password `q:"password" required:"true"`
}

func (a *API) changePassword(c Call, p changePasswordParams) (spec.Payload, error) {
	u, err := a.userFor(c, p.Username)
	if err != nil {
		return nil, err
	}
	if u.Key == c.User.Key && !c.Roles.Settings {
		return nil, forbidden("changePassword needs the settings role")
	}
	return nil, a.Auth.SetPassword(c, u.Key, string(p.Password))
}
