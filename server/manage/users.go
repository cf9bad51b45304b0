package manage

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/auth"
)

func noUser(key models.Key) error { return models.NotFound(models.ID{Kind: models.KindUser, Key: key}) }

// User returns a user: the caller, or for administrators anybody.
func (s *Service) User(ctx context.Context, who models.Identity, user models.Key) (*models.User, error) {
	if user != who.User.Key && !who.Roles().Admin {
		return nil, noUser(user)
	}
	return s.Catalog.UserByKey(ctx, user)
}

// Users returns all users by name.
func (s *Service) Users(ctx context.Context, who models.Identity) ([]*models.User, error) {
	if err := admin(who); err != nil {
		return nil, err
	}
	return s.Catalog.Users(ctx)
}

// NewRoles are the roles of a new user when nobody says otherwise.
func NewRoles(admin bool) models.Roles {
	return models.Roles{
		Admin: admin, Settings: true, Stream: true, Download: true, Playlist: true, CoverArt: true, Comment: true,
		Share: admin, Upload: admin, Podcast: admin, Jukebox: admin, Video: admin,
	}
}

// CreateUser adds a user with a password and rights in these shared libraries,
// in all of them for nil. It sets u.Key.
func (s *Service) CreateUser(ctx context.Context, who models.Identity, u *models.User, password string, libraries []int) error {
	if err := admin(who); err != nil {
		return err
	}
	if err := auth.CheckNewPassword(password); err != nil {
		return err
	}
	return s.Auth.Create(ctx, u, password, libraries)
}

// Change is what an administrator changes of a user; nil leaves as it is.
type Change struct {
	Name       *string
	Email      *string
	Roles      *models.Roles
	Scrobbling *bool
	MaxBitRate *int // kbit/s; 0: no limit
	// All lets the user read every shared library, also those to come. To end
	// that without Libraries leaves the right to read those of now.
	All       *bool
	Libraries *[]int // the only shared libraries that the user may read
}

// ChangeUser changes a user and returns the result. Nobody takes the admin
// role from themselves.
func (s *Service) ChangeUser(ctx context.Context, who models.Identity, user models.Key, c Change) (*models.User, error) {
	if err := admin(who); err != nil {
		return nil, err
	}
	old, err := s.Catalog.UserByKey(ctx, user)
	if err != nil {
		return nil, err
	}
	u := *old
	set(&u.Name, c.Name)
	set(&u.Email, c.Email)
	set(&u.Roles, c.Roles)
	set(&u.Scrobbling, c.Scrobbling)
	set(&u.MaxBitRate, c.MaxBitRate)
	if u.MaxBitRate < 0 {
		return nil, fmt.Errorf("the bit rate %d is below 0: %w", u.MaxBitRate, models.ErrInvalid)
	}
	if u.Key == who.User.Key && !u.Admin {
		return nil, fmt.Errorf("nobody takes the admin role from themselves: another administrator can: %w", models.ErrConflict)
	}
	// First, because it may find that a library does not exist.
	if err := s.changeLibraries(ctx, old, c); err != nil {
		return nil, err
	}
	if err := s.Catalog.UpdateUser(ctx, &u); err != nil {
		return nil, err
	}
	return s.Catalog.UserByKey(ctx, user)
}

func (s *Service) changeLibraries(ctx context.Context, u *models.User, c Change) error {
	switch {
	case c.All != nil && *c.All && c.Libraries != nil:
		return fmt.Errorf("a user reads all libraries or those that are named: %w", models.ErrInvalid)
	case c.All != nil && *c.All:
		return s.Catalog.SetUserLibraries(ctx, u.Key, nil)
	case c.Libraries != nil:
		return s.Catalog.SetUserLibraries(ctx, u.Key, append([]int{}, *c.Libraries...))
	case c.All != nil && u.AllLibraries:
		return s.Catalog.SetUserLibraries(ctx, u.Key, append([]int{}, u.Libraries...))
	}
	return nil
}

// set changes a value for one that was given.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// RemoveUser shuts a user out and frees the name. Nobody removes themselves.
func (s *Service) RemoveUser(ctx context.Context, who models.Identity, user models.Key) error {
	if err := admin(who); err != nil {
		return err
	}
	if user == who.User.Key {
		return fmt.Errorf("nobody removes themselves: another administrator can: %w", models.ErrConflict)
	}
	return s.Catalog.RemoveUser(ctx, user)
}

// keeper returns the user whose password or secrets the caller wants to
// change: the caller, who needs the settings role, or for administrators
// anybody.
func (s *Service) keeper(ctx context.Context, who models.Identity, user models.Key) (*models.User, error) {
	if err := MayWrite(who); err != nil {
		return nil, err
	}
	u, err := s.User(ctx, who, user)
	if err != nil {
		return nil, err
	}
	if roles := who.Roles(); !roles.Settings && !roles.Admin {
		return nil, fmt.Errorf("this needs the settings role: %w", models.ErrForbidden)
	}
	return u, nil
}

// PasswordChange gives a user another password.
type PasswordChange struct {
	User    models.Key
	New     string
	Current string     // the caller's own one, where the caller is the user
	Addr    netip.Addr // of the caller
}

// SetPassword changes a password. All web sessions of the user end. A wrong
// current password is models.ErrForbidden, and slowed as a login is.
func (s *Service) SetPassword(ctx context.Context, who models.Identity, c PasswordChange) error {
	u, err := s.keeper(ctx, who, c.User)
	if err != nil {
		return err
	}
	if err := auth.CheckNewPassword(c.New); err != nil {
		return err
	}
	if u.Key == who.User.Key {
		_, err := s.Auth.Password(ctx, models.Attempt{User: u.Name, Password: c.Current, Addr: c.Addr})
		if errors.Is(err, models.ErrLogin) {
			return fmt.Errorf("the current password is wrong: %w", models.ErrForbidden)
		}
		if err != nil {
			return err
		}
	}
	return s.Auth.SetPassword(ctx, u.Key, c.New)
}

// Secrets returns a user's device secrets, oldest first.
func (s *Service) Secrets(ctx context.Context, who models.Identity, user models.Key) ([]*models.Credential, error) {
	u, err := s.User(ctx, who, user)
	if err != nil {
		return nil, err
	}
	return s.Auth.Secrets(ctx, u.Key)
}

// NewSecret makes a device secret. Its clear text can't be had again.
func (s *Service) NewSecret(ctx context.Context, who models.Identity, user models.Key, n auth.Secret) (clear string, k *models.Credential, err error) {
	u, err := s.keeper(ctx, who, user)
	if err != nil {
		return "", nil, err
	}
	return s.Auth.NewSecret(ctx, u.Key, n)
}

// RevokeSecret ends a device secret for good.
func (s *Service) RevokeSecret(ctx context.Context, who models.Identity, user, secret models.Key) error {
	u, err := s.keeper(ctx, who, user)
	if err != nil {
		return err
	}
	return s.Auth.Revoke(ctx, u.Key, secret)
}

// reads tells whether a user reads the whole library.
func reads(u *models.User, library int) bool { return slices.Contains(u.Libraries, library) }
