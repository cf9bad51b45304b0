package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// addUser makes a user with rights in the libraries, all for nil.
func addUser(t *testing.T, c *Catalog, name string, admin bool, libraries []int) *models.User {
	t.Helper()
	u := &models.User{Name: name, PasswordHash: "hash of " + name, Sealed: []byte(name), Scrobbling: true}
	u.Admin, u.Stream = admin, true
	if err := c.CreateUser(context.Background(), u, libraries); err != nil {
		t.Fatal(err)
	}
	u, err := c.UserByKey(context.Background(), u.Key)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func library(t *testing.T, c *Catalog, location string, owner models.Key) int {
	t.Helper()
	n, err := c.AddLibrary(context.Background(), &models.Library{Location: location, Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// refused fails unless err is of the kind.
func refused(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want %v", err, kind)
	}
}

func TestUserNames(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		zoe := addUser(t, c, "Zoë", true, nil)
		for _, name := range []string{"Zoë", "zoë", "ZOË", "zoe\u0308"} {
			if u, err := c.UserByName(ctx, name); err != nil || u.Key != zoe.Key || u.Name != "Zoë" {
				t.Errorf("%q finds %v %v", name, u, err)
			}
			refused(t, c.CreateUser(ctx, &models.User{Name: name}, nil), models.ErrConflict)
		}
		_, err := c.UserByName(ctx, "zoe")
		refused(t, err, models.ErrNotFound)
		refused(t, c.CreateUser(ctx, &models.User{}, nil), models.ErrMissing)
		for _, name := range []string{" a", "a ", "a\nb", "\xff", strings.Repeat("x", nameLimit+1)} {
			refused(t, c.CreateUser(ctx, &models.User{Name: name}, nil), models.ErrInvalid)
		}
		refused(t, c.CreateFirstUser(ctx, &models.User{Name: "second owner"}), models.ErrConflict)

		ann := *addUser(t, c, "ann", false, nil)
		ann.Name = "ZOË"
		refused(t, c.UpdateUser(ctx, &ann), models.ErrConflict)
		ann.Name, ann.Email, ann.Jukebox, ann.MaxBitRate, ann.PasswordHash = "Ann", "a@example.org", true, 192, "ignored"
		if err := c.UpdateUser(ctx, &ann); err != nil {
			t.Fatal(err)
		}
		got, err := c.UserByName(ctx, "ann")
		if err != nil || got.Name != "Ann" || got.Email != "a@example.org" || !got.Jukebox || !got.Stream || got.Admin || got.MaxBitRate != 192 || got.PasswordHash != "hash of ann" || string(got.Sealed) != "ann" {
			t.Errorf("after the update: %+v %v", got, err)
		}
		users, err := c.Users(ctx)
		if err != nil || len(users) != 2 || users[0].Name != "Ann" {
			t.Errorf("users: %v %v", users, err)
		}
		refused(t, c.UpdateUser(ctx, &models.User{Key: models.NewKey(), Name: "nobody"}), models.ErrNotFound)
		refused(t, c.SetUserPassword(ctx, models.NewKey(), "x", nil), models.ErrNotFound)
	})
}

func TestTheLastAdminStays(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		first := *addUser(t, c, "first", true, nil)
		plain := addUser(t, c, "plain", false, nil)
		refused(t, c.RemoveUser(ctx, first.Key), models.ErrConflict)
		first.Admin = false
		refused(t, c.UpdateUser(ctx, &first), models.ErrConflict)
		if err := c.RemoveUser(ctx, plain.Key); err != nil {
			t.Fatal(err)
		}
		second := addUser(t, c, "second", true, nil)
		if err := c.UpdateUser(ctx, &first); err != nil {
			t.Fatal(err)
		}
		refused(t, c.RemoveUser(ctx, second.Key), models.ErrConflict)
	})
}

func TestRemovedUserKeepsDataAndLosesAccess(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		addUser(t, c, "root", true, nil)
		bob := addUser(t, c, "bob", false, nil)
		hash := sha256.Sum256([]byte("secret"))
		if err := c.CreateCredential(ctx, &models.Credential{Key: models.NewKey(), User: bob.Key, Name: "phone", Hash: hash[:], Sealed: []byte{1}, Scope: models.ScopeFull}); err != nil {
			t.Fatal(err)
		}
		session := sha256.Sum256([]byte("cookie"))
		if err := c.CreateSession(ctx, session[:], bob.Key, now()+60000); err != nil {
			t.Fatal(err)
		}
		if err := c.w.Exec(`INSERT INTO playlists (id, owner_id, name, name_sort, public, created_at, changed_at) VALUES (1, ?, 'mix', 'mix', 1, 1, 1)`, bob.Key).Error; err != nil {
			t.Fatal(err)
		}
		if err := c.RemoveUser(ctx, bob.Key); err != nil {
			t.Fatal(err)
		}
		_, err := c.UserByName(ctx, "bob")
		refused(t, err, models.ErrNotFound)
		_, err = c.CredentialByHash(ctx, hash)
		refused(t, err, models.ErrNotFound)
		_, err = c.SessionUser(ctx, session[:])
		refused(t, err, models.ErrNotFound)
		refused(t, c.RemoveUser(ctx, bob.Key), models.ErrNotFound)
		if n, err := count(c.r, `SELECT COUNT(*) FROM playlists WHERE owner_id = ? AND public = 0`, bob.Key); err != nil || n != 1 {
			t.Errorf("%d private playlists are left: %v", n, err)
		}
		if n, err := count(c.r, `SELECT COUNT(*) FROM users WHERE id = ? AND sealed IS NULL AND password_hash = ''`, bob.Key); err != nil || n != 1 {
			t.Errorf("the removed row: %d %v", n, err)
		}
		again := addUser(t, c, "Bob", false, nil)
		if again.Key == bob.Key {
			t.Error("a new user took over a removed one's key")
		}
		if err := c.RemoveUser(ctx, again.Key); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLibrariesOfUsers(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		root := addUser(t, c, "root", true, nil)
		rock, talk := library(t, c, "/music/rock", 0), library(t, c, "/music/talk", 0)
		some := addUser(t, c, "some", false, []int{talk, talk})
		none := addUser(t, c, "none", false, []int{})
		mine := library(t, c, "/lockers/some", some.Key)
		reads := func(u *models.User, want ...int) {
			t.Helper()
			u, err := c.UserByKey(ctx, u.Key)
			if err != nil {
				t.Fatal(err)
			}
			if v := c.Viewer(u); !slices.Equal(v.Libraries, want) || v.User != u.Key || v.Granted {
				t.Errorf("%s reads %+v, want %v", u.Name, v, want)
			}
		}
		reads(root, rock, talk)
		reads(some, talk, mine)
		reads(none)
		refused(t, c.CreateUser(ctx, &models.User{Name: "x"}, []int{99}), models.ErrNotFound)
		_, err := c.UserByName(ctx, "x")
		refused(t, err, models.ErrNotFound)
		refused(t, c.SetUserLibraries(ctx, none.Key, []int{mine}), models.ErrNotFound)
		refused(t, c.Grant(ctx, Access{User: none.Key, Scope: ScopeLibrary, ID: int64(mine), Right: RightRead}), models.ErrNotFound)
		refused(t, c.Revoke(ctx, Access{User: root.Key, Scope: ScopeLibrary, ID: int64(rock), Right: RightRead}), models.ErrConflict)
		if err := c.Grant(ctx, Access{User: none.Key, Scope: ScopeLibrary, ID: int64(rock), Right: RightRead}); err != nil {
			t.Fatal(err)
		}
		reads(none, rock)
		if err := c.SetUserLibraries(ctx, none.Key, nil); err != nil {
			t.Fatal(err)
		}
		late := library(t, c, "/music/late", 0)
		reads(none, rock, talk, late)
		reads(some, talk, mine)
		if err := c.RemoveLibrary(ctx, talk); err != nil {
			t.Fatal(err)
		}
		reads(some, mine)
		reads(root, rock, late)
		if back := library(t, c, "/music/talk/", 0); back != talk {
			t.Errorf("the library came back as %d, not %d", back, talk)
		}
		reads(some, talk, mine)
	})
}

func TestUserVersionGrowsForThatUserOnly(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		a, b := addUser(t, c, "a", true, nil), addUser(t, c, "b", false, nil)
		n := library(t, c, "/music", 0)
		steps := []struct {
			name   string
			f      func() error
			others bool
		}{
			{"star", func() error { return c.writeUser(ctx, a.Key, func(*gorm.DB) error { return nil }) }, false},
			{"rights", func() error { return c.SetUserLibraries(ctx, a.Key, []int{n}) }, false},
			{"roles", func() error { u := *a; u.Jukebox = true; return c.UpdateUser(ctx, &u) }, false},
			{"library", func() error { return c.UpdateLibrary(ctx, &models.Library{Number: n, Name: "Other"}) }, true},
		}
		for _, s := range steps {
			va, vb := c.UserVersion(a.Key), c.UserVersion(b.Key)
			if err := s.f(); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if c.UserVersion(a.Key) <= va {
				t.Errorf("%s: the user's version stays at %d", s.name, va)
			}
			if grew := c.UserVersion(b.Key) > vb; grew != s.others {
				t.Errorf("%s: another user's version grew: %v", s.name, grew)
			}
		}
		va := c.UserVersion(a.Key)
		failed := errors.New("no")
		refused(t, c.writeUser(ctx, a.Key, func(*gorm.DB) error { return failed }), failed)
		if c.UserVersion(a.Key) != va {
			t.Error("a failed write raised the version")
		}
	})
}

func TestAnotherProcessIsSeen(t *testing.T) {
	location := "sqlite:" + t.TempDir() + "/catalog.db"
	server, tool := open(t, location), open(t, location)
	addUser(t, server, "ann", true, nil)
	addUser(t, tool, "bob", false, nil)
	if err := server.refresh(context.Background()); err != nil { // what polling does
		t.Fatal(err)
	}
	if _, err := server.UserByName(context.Background(), "bob"); err != nil {
		t.Error(err)
	}
}

func TestCredentials(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		a, b := addUser(t, c, "a", true, nil), addUser(t, c, "b", false, nil)
		n := library(t, c, "/music", 0)
		make := func(user models.Key, scope models.Scope, library int) (*models.Credential, error) {
			k := &models.Credential{Key: models.NewKey(), User: user, Name: "phone", Scope: scope, Library: library}
			h := sha256.Sum256([]byte(k.Key.String()))
			k.Hash = h[:]
			return k, c.CreateCredential(ctx, k)
		}
		for _, bad := range []struct {
			scope   models.Scope
			library int
			want    error
		}{{"", 0, models.ErrInvalid}, {"all", 0, models.ErrInvalid}, {models.ScopeFull, n, models.ErrInvalid}, {models.ScopeLibrary, 0, models.ErrInvalid}, {models.ScopeLibrary, 99, models.ErrNotFound}} {
			_, err := make(a.Key, bad.scope, bad.library)
			refused(t, err, bad.want)
		}
		k1, err1 := make(a.Key, models.ScopeFull, 0)
		k2, err2 := make(a.Key, models.ScopeLibrary, n)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		got, err := c.CredentialByHash(ctx, [32]byte(k2.Hash))
		if err != nil || got.Key != k2.Key || got.Library != n || got.User != a.Key {
			t.Errorf("by hash: %+v %v", got, err)
		}
		if err := c.TouchCredential(ctx, k1.Key, 1234); err != nil {
			t.Fatal(err)
		}
		list, err := c.Credentials(ctx, a.Key)
		if err != nil || len(list) != 2 || list[0].LastUsed != 1234 || list[1].LastUsed != 0 {
			t.Errorf("listed: %+v %v", list, err)
		}
		refused(t, c.RevokeCredential(ctx, b.Key, k1.Key), models.ErrNotFound)
		if err := c.RevokeCredential(ctx, a.Key, k1.Key); err != nil {
			t.Fatal(err)
		}
		refused(t, c.RevokeCredential(ctx, a.Key, k1.Key), models.ErrNotFound)
		_, err = c.CredentialByHash(ctx, [32]byte(k1.Hash))
		refused(t, err, models.ErrNotFound)
		if live, err := c.LiveCredentials(ctx, a.Key); err != nil || len(live) != 1 || live[0].Key != k2.Key {
			t.Errorf("live: %v %v", live, err)
		}
	})
}

func TestSessionsExpire(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		a := addUser(t, c, "a", true, nil)
		for i, expires := range []int64{now() + 60000, now() - 1} {
			hash := []byte{byte(i)}
			if err := c.CreateSession(ctx, hash, a.Key, expires); err != nil {
				t.Fatal(err)
			}
			if u, err := c.SessionUser(ctx, hash); (err == nil) != (i == 0) || err == nil && u.Key != a.Key {
				t.Errorf("session %d: %v %v", i, u, err)
			}
		}
		if err := c.SetUserPassword(ctx, a.Key, "new", nil); err != nil {
			t.Fatal(err)
		}
		_, err := c.SessionUser(ctx, []byte{0})
		refused(t, err, models.ErrNotFound)
		if err := c.CreateSession(ctx, []byte{7}, a.Key, now()+60000); err != nil {
			t.Fatal(err)
		}
		if err := c.DeleteSession(ctx, []byte{7}); err != nil {
			t.Fatal(err)
		}
		_, err = c.SessionUser(ctx, []byte{7})
		refused(t, err, models.ErrNotFound)
	})
}

func TestLoginReadsNoTable(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		a := addUser(t, c, "Ann", true, nil)
		var u *models.User
		var err error
		if n := testing.AllocsPerRun(100, func() { u, err = c.UserByName(context.Background(), "ann") }); n > 2 || err != nil || u.Key != a.Key {
			t.Errorf("finding a user costs %v allocations: %v %v", n, u, err)
		}
		// A query would fail with this context.
		done, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := c.UserByName(done, "ann"); err != nil {
			t.Error(err)
		}
	})
}

func TestReseal(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		a := addUser(t, c, "a", true, nil)
		h := sha256.Sum256(nil)
		k := &models.Credential{Key: models.NewKey(), User: a.Key, Name: "phone", Hash: h[:], Sealed: []byte("s"), Scope: models.ScopeFull}
		if err := c.CreateCredential(ctx, k); err != nil {
			t.Fatal(err)
		}
		n := library(t, c, "s3://bucket", 0)
		if err := c.SetLibrarySecret(ctx, n, []byte("l")); err != nil {
			t.Fatal(err)
		}
		seen := map[string]string{}
		err := c.Rekey(ctx, func(r *Rekeying) error {
			if r.Fingerprint != "" {
				t.Errorf("fingerprint %q", r.Fingerprint)
			}
			return r.Reseal("1", func(s Sealed) ([]byte, error) {
				seen[s.Table] = fmt.Sprintf("%v %v %s", s.User == a.Key, s.Row == k.Key || s.Row == a.Key || int(s.Row) == n, s.Value)
				return append(s.Value, '!'), nil
			})
		})
		if err != nil || seen["users"] != "true true a" || seen["credentials"] != "true true s" || seen["libraries"] != "false true l" {
			t.Errorf("resealed %v %v", seen, err)
		}
		failed := errors.New("no")
		refused(t, c.Rekey(ctx, func(r *Rekeying) error {
			return errors.Join(r.Reseal("2", func(Sealed) ([]byte, error) { return nil, nil }), failed)
		}), failed)
		u, _ := c.UserByKey(ctx, a.Key)
		_, secret, _ := c.LibraryStore(ctx, n)
		fingerprint, _ := c.KeyFingerprint(ctx)
		if string(u.Sealed) != "a!" || string(secret) != "l!" || fingerprint != "1" {
			t.Errorf("sealed %q %q, fingerprint %q", u.Sealed, secret, fingerprint)
		}
	})
}
