// Package auth decides who is let in: by password, by token, by device secret
// or by web session. It keeps the key that seals what token login needs, paces
// logins that fail, and makes the first user. It knows neither HTTP nor the
// protocol; which calls a scope allows is decided where calls are known.
//
// No error and no log line of this package holds a password, a token, a salt
// or a secret.
package auth

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// Options are what a Service needs.
type Options struct {
	Catalog *catalog.Catalog
	KeyFile string
	// AppPasswords lets apps log in by the account's password. Without it
	// they need device secrets; web sessions take the password all the same.
	AppPasswords bool
	Log          *slog.Logger // nil discards
}

// Service lets people in. It may be used at once from many places. Close it
// once, before the catalog.
type Service struct {
	catalog      *catalog.Catalog
	keys         *Keyring
	passwords    *passwords
	brake        *brake
	appPasswords bool
	log          *slog.Logger

	nobody []byte // a sealed text that unknown users' tokens are compared with

	mu      sync.Mutex
	touched map[models.Key]int64 // when a device secret's use was last written
	writes  sync.WaitGroup
}

// New opens the keyring and returns the service.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	keys, err := OpenKeyring(ctx, o.Catalog, o.KeyFile, o.Log)
	if err != nil {
		return nil, err
	}
	p, err := newPasswords()
	if err != nil {
		return nil, err
	}
	nobody, err := seal(keys.current(), tableUsers, 0, 0, []byte(rand.Text()))
	if err != nil {
		return nil, err
	}
	return &Service{
		catalog: o.Catalog, keys: keys, passwords: p, brake: newBrake(), appPasswords: o.AppPasswords, log: o.Log,
		nobody: nobody, touched: map[models.Key]int64{},
	}, nil
}

// Close waits for what the service still writes.
func (s *Service) Close() error {
	s.writes.Wait()
	return nil
}

// Keys returns the keyring, for the secrets of stores and for rotation.
func (s *Service) Keys() *Keyring { return s.keys }

// Login lets an app in, by the API key alone or by the user's name with a
// password or a token. Passwords and tokens may be those of the account or of
// one of the user's device secrets.
//
// A wrong name and a wrong secret are both models.ErrLogin and cost the same.
// models.ErrAPIKey is an unknown API key. models.ErrPasswordLogin and, for
// tokens, models.ErrTokenLogin answer every wrong secret while account
// passwords are turned off for apps, whoever asks. Otherwise
// models.ErrTokenLogin tells that this user's password can't be compared with
// a token, so that the app sends it: that happens after a lost key only, until
// the user has logged in by password once, and it does tell that the user
// exists. models.ErrSlowDown is a login that was not tried at all.
func (s *Service) Login(ctx context.Context, a models.Attempt) (models.Identity, error) {
	if a.APIKey != "" {
		return s.byAPIKey(ctx, a.APIKey)
	}
	u, err := s.user(ctx, a.User)
	if err != nil {
		return models.Identity{}, err
	}
	switch {
	case a.Token != "":
		return s.byToken(ctx, u, a)
	case a.Password != "":
		return s.byPassword(ctx, u, a)
	}
	// An empty secret is how some apps probe a server: no guess, no count.
	return models.Identity{}, models.ErrLogin
}

// Password lets a person in by the account's password and nothing else, also
// where apps need device secrets: for web sessions.
func (s *Service) Password(ctx context.Context, a models.Attempt) (*models.User, error) {
	u, err := s.user(ctx, a.User)
	if err != nil {
		return nil, err
	}
	if err := s.account(ctx, u, a); err != nil {
		return nil, err
	}
	return u, nil
}

// user returns the user of this name, nil when there is none.
func (s *Service) user(ctx context.Context, name string) (*models.User, error) {
	u, err := s.catalog.UserByName(ctx, name)
	if errors.Is(err, models.ErrNotFound) {
		return nil, nil
	}
	return u, err
}

// pairOf is what failures of an attempt are counted by.
func (s *Service) pairOf(u *models.User, a models.Attempt) pair {
	if u != nil {
		return pairOf(u.Name, a.Addr)
	}
	return pairOf(strings.ToLower(a.User), a.Addr)
}

// byAPIKey needs no brake: a secret has 160 random bits.
func (s *Service) byAPIKey(ctx context.Context, secret string) (models.Identity, error) {
	k, err := s.catalog.CredentialByHash(ctx, sha256.Sum256([]byte(secret)))
	if errors.Is(err, models.ErrNotFound) {
		return models.Identity{}, models.ErrAPIKey
	}
	if err != nil {
		return models.Identity{}, err
	}
	u, err := s.catalog.UserByKey(ctx, k.User)
	if errors.Is(err, models.ErrNotFound) {
		return models.Identity{}, models.ErrAPIKey
	}
	if err != nil {
		return models.Identity{}, err
	}
	return s.device(u, k), nil
}

// device is the identity that a device secret gives.
func (s *Service) device(u *models.User, k *models.Credential) models.Identity {
	s.touch(k)
	return models.Identity{User: u, Credential: k.Key, Scope: k.Scope, Library: k.Library}
}

func account(u *models.User) models.Identity {
	return models.Identity{User: u, Scope: models.ScopeFull}
}

func (s *Service) byToken(ctx context.Context, u *models.User, a models.Attempt) (models.Identity, error) {
	var token [md5.Size]byte
	if len(a.Token) != hex.EncodedLen(md5.Size) {
		return models.Identity{}, models.ErrLogin
	}
	if _, err := hex.Decode(token[:], []byte(a.Token)); err != nil {
		return models.Identity{}, models.ErrLogin
	}
	p := s.pairOf(u, a)
	if err := s.brake.wait(ctx, p); err != nil {
		return models.Identity{}, err
	}
	if u == nil {
		s.tokenFits(ctx, tableUsers, 0, 0, s.nobody, a.Salt, token)
		s.brake.failed(p)
		return models.Identity{}, s.refusal(models.ErrTokenLogin)
	}
	compared := false
	if s.appPasswords && u.Sealed != nil {
		compared = true
		if s.tokenFits(ctx, tableUsers, u.Key, u.Key, u.Sealed, a.Salt, token) {
			s.brake.succeeded(p)
			return account(u), nil
		}
	}
	secrets, err := s.catalog.LiveCredentials(ctx, u.Key)
	if err != nil {
		return models.Identity{}, err
	}
	for _, k := range secrets {
		if k.Sealed == nil {
			continue
		}
		compared = true
		if s.tokenFits(ctx, tableCredentials, u.Key, k.Key, k.Sealed, a.Salt, token) {
			s.brake.succeeded(p)
			return s.device(u, k), nil
		}
	}
	if compared {
		s.brake.failed(p)
	} else {
		s.tokenFits(ctx, tableUsers, 0, 0, s.nobody, a.Salt, token)
	}
	if u.Sealed == nil {
		return models.Identity{}, models.ErrTokenLogin
	}
	return models.Identity{}, s.refusal(models.ErrTokenLogin)
}

// refusal is the answer to a wrong secret: off while account passwords are
// turned off for apps.
func (s *Service) refusal(off error) error {
	if s.appPasswords {
		return models.ErrLogin
	}
	return off
}

// tokenFits tells whether the token is the MD5 of the sealed text and the
// salt. The clear text is not kept: to open it anew costs less than 1 µs.
func (s *Service) tokenFits(ctx context.Context, table string, user, row models.Key, sealed []byte, salt string, token [md5.Size]byte) bool {
	clear, err := s.keys.unseal(ctx, table, user, row, sealed)
	if err != nil {
		s.log.Warn("token login can't read a sealed value", "table", table, "row", row, "error", err)
		return false
	}
	sum := md5.Sum(append(clear, salt...))
	return subtle.ConstantTimeCompare(sum[:], token[:]) == 1
}

func (s *Service) byPassword(ctx context.Context, u *models.User, a models.Attempt) (models.Identity, error) {
	// Device secrets are random: they pass the brake, as API keys do.
	k, err := s.catalog.CredentialByHash(ctx, sha256.Sum256([]byte(a.Password)))
	if err == nil && u != nil && k.User == u.Key {
		return s.device(u, k), nil
	}
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return models.Identity{}, err
	}
	if !s.appPasswords {
		return models.Identity{}, models.ErrPasswordLogin
	}
	if err := s.account(ctx, u, a); err != nil {
		return models.Identity{}, err
	}
	return account(u), nil
}

// account compares the account's password. u is nil for an unknown name. A
// password that was wrong before is wrong without delay or count: an app that
// goes on with an old one harms nobody.
func (s *Service) account(ctx context.Context, u *models.User, a models.Attempt) error {
	if a.Password == "" || len(a.Password) > maxPassword {
		return models.ErrLogin
	}
	var key models.Key
	name, hash := strings.ToLower(a.User), ""
	if u != nil {
		key, name, hash = u.Key, "", u.PasswordHash
	}
	known, mac := s.passwords.remembered(key, name, hash, a.Password)
	if known == wrong {
		return models.ErrLogin
	}
	p := s.pairOf(u, a)
	slowed := s.brake.slowed(p)
	if err := s.brake.wait(ctx, p); err != nil {
		return err
	}
	if known == right {
		s.brake.succeeded(p)
		return nil
	}
	if err := s.passwords.acquire(ctx); err != nil {
		return err
	}
	if !slowed && s.brake.slowed(p) {
		// Others failed while this one waited for its turn.
		s.passwords.release()
		if err := s.brake.wait(ctx, p); err != nil {
			return err
		}
		if err := s.passwords.acquire(ctx); err != nil {
			return err
		}
	}
	ok := func() bool {
		defer s.passwords.release()
		// Another request may have asked the same meanwhile.
		if v, _ := s.passwords.remembered(key, name, hash, a.Password); v != unknown {
			return v == right
		}
		return s.passwords.check(key, hash, a.Password, mac)
	}()
	if !ok {
		s.brake.failed(p)
		return models.ErrLogin
	}
	s.brake.succeeded(p)
	if u.Sealed == nil && s.appPasswords {
		s.heal(ctx, u, a.Password)
	}
	return nil
}

// heal keeps a sealed copy of a password that has just been right, for a user
// who lost it with the key.
func (s *Service) heal(ctx context.Context, u *models.User, clear string) {
	sealed, settle, err := s.keys.seal(ctx, tableUsers, u.Key, u.Key, []byte(clear))
	if err == nil {
		err = s.catalog.SealPassword(ctx, u.Key, u.PasswordHash, sealed)
	}
	if err == nil {
		err = settle()
	}
	if err != nil {
		s.log.Warn("token login can't be made possible again", "user", u.Name, "error", err)
	}
}

// touchEvery is how exactly the last use of a device secret is known.
const touchEvery = 10 * time.Minute

// touch notes that a device secret was used, now and then and not before the
// caller goes on.
func (s *Service) touch(k *models.Credential) {
	now := time.Now().UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now-max(k.LastUsed, s.touched[k.Key]) < touchEvery.Milliseconds() {
		return
	}
	s.touched[k.Key] = now
	s.writes.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.catalog.TouchCredential(ctx, k.Key, now); err != nil {
			s.log.Warn("the last use of a device secret can't be noted", "secret", k.Key, "error", err)
		}
	})
}

// SetPassword gives the user a new password. Web sessions end, device secrets
// stay. CheckPassword's rules hold.
func (s *Service) SetPassword(ctx context.Context, user models.Key, clear string) error {
	if err := CheckPassword(clear); err != nil {
		return err
	}
	if _, err := s.catalog.UserByKey(ctx, user); err != nil {
		return err
	}
	hash, sealed, settle, err := s.prepare(ctx, user, clear)
	if err != nil {
		return err
	}
	if err := s.catalog.SetUserPassword(ctx, user, hash, sealed); err != nil {
		return err
	}
	return settle()
}

// prepare makes what the catalog keeps of a password. Without app passwords
// there is no sealed copy: nothing can be recovered from it then.
func (s *Service) prepare(ctx context.Context, user models.Key, clear string) (hash string, sealed []byte, settle func() error, err error) {
	settle = func() error { return nil }
	if s.appPasswords {
		if sealed, settle, err = s.keys.seal(ctx, tableUsers, user, user, []byte(clear)); err != nil {
			return "", nil, nil, err
		}
	}
	hash, err = s.passwords.hash(ctx, clear)
	return hash, sealed, settle, err
}

// Create adds a user with a password and rights in these libraries, in all
// shared ones for nil. It sets u.Key. CheckPassword's rules hold.
func (s *Service) Create(ctx context.Context, u *models.User, clear string, libraries []int) error {
	return s.create(ctx, u, clear, func() error { return s.catalog.CreateUser(ctx, u, libraries) })
}

func (s *Service) create(ctx context.Context, u *models.User, clear string, insert func() error) error {
	if err := CheckPassword(clear); err != nil {
		return err
	}
	u.Key = models.NewKey()
	var settle func() error
	var err error
	if u.PasswordHash, u.Sealed, settle, err = s.prepare(ctx, u.Key, clear); err != nil {
		return fmt.Errorf("create user %q: %w", u.Name, err)
	}
	if err := insert(); err != nil {
		return err
	}
	return settle()
}

// CreateOwner adds the first user, with every role. It is models.ErrConflict
// when there is a user already.
func (s *Service) CreateOwner(ctx context.Context, name, clear string) (*models.User, error) {
	u := &models.User{Name: name, Scrobbling: true, Roles: models.Roles{
		Admin: true, Settings: true, Stream: true, Download: true, Upload: true, Playlist: true, CoverArt: true, Comment: true,
		Podcast: true, Jukebox: true, Share: true, Video: true,
	}}
	if err := s.create(ctx, u, clear, func() error { return s.catalog.CreateFirstUser(ctx, u) }); err != nil {
		return nil, err
	}
	return s.catalog.UserByKey(ctx, u.Key)
}
