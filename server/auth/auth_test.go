package auth

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

const password = "correct horse, grüße"

var home, away = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.9")

func openCatalog(t testing.TB, dir string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(context.Background(), catalog.Options{Location: "sqlite:" + filepath.Join(dir, "catalog.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// service opens a service on a fresh catalog whose owner is Ann.
func service(t testing.TB, change func(*Options)) (*Service, *models.User) {
	t.Helper()
	dir := t.TempDir()
	o := Options{Catalog: openCatalog(t, dir), KeyFile: filepath.Join(dir, KeyFileName), AppPasswords: true}
	if change != nil {
		change(&o)
	}
	s, err := New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ann, err := s.CreateOwner(context.Background(), "Ann", password)
	if err != nil {
		t.Fatal(err)
	}
	return s, ann
}

func token(secret, salt string) string {
	sum := md5.Sum([]byte(secret + salt))
	return hex.EncodeToString(sum[:])
}

func secret(t testing.TB, s *Service, user models.Key, n Secret) (string, *models.Credential) {
	t.Helper()
	clear, k, err := s.NewSecret(context.Background(), user, n)
	if err != nil {
		t.Fatal(err)
	}
	return clear, k
}

func refused(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want %v", err, kind)
	}
}

func TestLogin(t *testing.T) {
	ctx := context.Background()
	for _, appPasswords := range []bool{true, false} {
		s, ann := service(t, nil)
		s.appPasswords = appPasswords
		phone, k := secret(t, s, ann.Key, Secret{Name: "phone", Scope: models.ScopeReadOnly})
		bob := &models.User{Name: "bob"}
		if err := s.Create(ctx, bob, "bob's password", nil); err != nil {
			t.Fatal(err)
		}
		bobs, _ := secret(t, s, bob.Key, Secret{Name: "tv", Scope: models.ScopeFull})
		wrong, wrongToken := models.ErrLogin, models.ErrLogin
		var right error
		if !appPasswords {
			wrong, wrongToken = models.ErrPasswordLogin, models.ErrTokenLogin
		}
		rightPassword, rightToken := right, right
		if !appPasswords {
			rightPassword, rightToken = wrong, wrongToken
		}
		for _, c := range []struct {
			name   string
			a      models.Attempt
			err    error
			device bool
		}{
			{"password", models.Attempt{User: "Ann", Password: password}, rightPassword, false},
			{"other case", models.Attempt{User: "aNN", Password: password}, rightPassword, false},
			{"token", models.Attempt{User: "Ann", Token: token(password, "c19b2d"), Salt: "c19b2d"}, rightToken, false},
			{"upper-case token", models.Attempt{User: "ann", Token: strings.ToUpper(token(password, "c19b2d")), Salt: "c19b2d"}, rightToken, false},
			{"token without salt", models.Attempt{User: "ann", Token: token(password, "")}, rightToken, false},
			{"secret as key", models.Attempt{APIKey: phone}, nil, true},
			{"secret as password", models.Attempt{User: "ann", Password: phone}, nil, true},
			{"secret as token", models.Attempt{User: "ann", Token: token(phone, "x"), Salt: "x"}, nil, true},
			{"wrong password", models.Attempt{User: "Ann", Password: "Correct horse, grüße"}, wrong, false},
			{"unknown user", models.Attempt{User: "nobody", Password: password}, wrong, false},
			{"wrong token", models.Attempt{User: "Ann", Token: token(password, "c19b2d"), Salt: "c19b2e"}, wrongToken, false},
			{"unknown user's token", models.Attempt{User: "nobody", Token: token(password, "x"), Salt: "x"}, wrongToken, false},
			{"half a token", models.Attempt{User: "Ann", Token: token(password, "x")[:30], Salt: "x"}, models.ErrLogin, false},
			{"token that is not hex", models.Attempt{User: "Ann", Token: strings.Repeat("g", 32), Salt: "x"}, models.ErrLogin, false},
			{"another one's secret as password", models.Attempt{User: "ann", Password: bobs}, wrong, false},
			{"another one's secret as token", models.Attempt{User: "ann", Token: token(bobs, "x"), Salt: "x"}, wrongToken, false},
			{"password as key", models.Attempt{APIKey: password}, models.ErrAPIKey, false},
			{"half a key", models.Attempt{APIKey: phone[:20]}, models.ErrAPIKey, false},
			{"nothing", models.Attempt{User: "ann"}, models.ErrLogin, false},
			{"huge password", models.Attempt{User: "ann", Password: strings.Repeat("x", 1<<20)}, wrong, false},
		} {
			c.a.Addr = home
			id, err := s.Login(ctx, c.a)
			if !errors.Is(err, c.err) {
				t.Errorf("app passwords %v, %s: %v, want %v", appPasswords, c.name, err, c.err)
				continue
			}
			if err != nil {
				continue
			}
			want := models.Identity{User: id.User, Scope: models.ScopeFull}
			if c.device {
				want = models.Identity{User: id.User, Scope: models.ScopeReadOnly, Credential: k.Key}
			}
			if id != want || id.User.Key != ann.Key {
				t.Errorf("app passwords %v, %s: %+v", appPasswords, c.name, id)
			}
		}
		if u, err := s.Password(ctx, models.Attempt{User: "ann", Password: password, Addr: away}); err != nil || u.Key != ann.Key {
			t.Errorf("web login: %v %v", u, err)
		}
		_, err := s.Password(ctx, models.Attempt{User: "ann", Password: phone, Addr: away})
		refused(t, err, models.ErrLogin)
		if err := s.Revoke(ctx, ann.Key, k.Key); err != nil {
			t.Fatal(err)
		}
		_, err = s.Login(ctx, models.Attempt{APIKey: phone})
		refused(t, err, models.ErrAPIKey)
		_, err = s.Login(ctx, models.Attempt{User: "ann", Token: token(phone, "x"), Salt: "x", Addr: away})
		refused(t, err, wrongToken)
	}
}

// busy fills all slots, so that any argon2 would wait for ever.
func busy(t *testing.T, s *Service) (free func()) {
	t.Helper()
	for range argonAtOnce {
		if err := s.passwords.acquire(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for range argonAtOnce {
			s.passwords.release()
		}
	}
}

func TestPasswordCostsArgonOnce(t *testing.T) {
	s, ann := service(t, nil)
	ctx := context.Background()
	login := func(ctx context.Context, p string) error {
		_, err := s.Login(ctx, models.Attempt{User: "ann", Password: p, Addr: home})
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := login(ctx, password); err != nil {
		t.Fatal(err)
	}
	refused(t, login(ctx, "old one"), models.ErrLogin)
	free := busy(t, s)
	if err := login(ctx, password); err != nil {
		t.Errorf("a password that was right: %v", err)
	}
	refused(t, login(ctx, "old one"), models.ErrLogin)
	refused(t, login(over, "never tried"), context.Canceled)
	free()

	if err := s.SetPassword(ctx, ann.Key, "old one"); err != nil {
		t.Fatal(err)
	}
	free = busy(t, s)
	refused(t, login(over, password), context.Canceled)
	free()
	refused(t, login(ctx, password), models.ErrLogin)
	if err := login(ctx, "old one"); err != nil {
		t.Errorf("the new password, wrong before: %v", err)
	}
	if _, err := s.Login(ctx, models.Attempt{User: "ann", Token: token("old one", "x"), Salt: "x", Addr: home}); err != nil {
		t.Errorf("token of the new password: %v", err)
	}
	_, err := s.Login(ctx, models.Attempt{User: "ann", Token: token(password, "x"), Salt: "x", Addr: home})
	refused(t, err, models.ErrLogin)
}

func TestFailuresSlowNobodyElse(t *testing.T) {
	ctx := context.Background()
	s, ann := service(t, nil)
	if err := s.Create(ctx, &models.User{Name: "bob"}, "bob's", nil); err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	s.brake.after = func(d time.Duration) <-chan time.Time {
		waits = append(waits, d)
		c := make(chan time.Time, 1)
		c <- time.Now()
		return c
	}
	waited := func(a models.Attempt, want error) bool {
		t.Helper()
		waits = nil
		_, err := s.Login(ctx, a)
		refused(t, err, want)
		return len(waits) > 0
	}
	right := func(user, secret string, addr netip.Addr) models.Attempt {
		return models.Attempt{User: user, Token: token(secret, "s"), Salt: "s", Addr: addr}
	}
	for i := range 100 {
		waited(models.Attempt{User: "dummy", Password: "dummy", Addr: home}, models.ErrLogin)
		waited(models.Attempt{User: "ann", Addr: home}, models.ErrLogin)
		slow := waited(right("Ann", fmt.Sprint("guess ", i), home), models.ErrLogin)
		if slow != (i >= freeFailures) {
			t.Fatalf("failure %d waits: %v", i, slow)
		}
	}
	if waited(right("bob", "bob's", home), nil) {
		t.Error("another user behind the same address waits")
	}
	if waited(right("ann", password, away), nil) {
		t.Error("the user waits at another address")
	}
	if waited(models.Attempt{User: "dummy", Password: "dummy", Addr: home}, models.ErrLogin) {
		t.Error("an app's probing waits")
	}
	phone, _ := secret(t, s, ann.Key, Secret{Name: "phone", Scope: models.ScopeFull})
	if waited(models.Attempt{APIKey: phone, Addr: home}, nil) || waited(models.Attempt{User: "ann", Password: phone, Addr: home}, nil) {
		t.Error("a device secret waits")
	}
	if !waited(right("ann", password, home), nil) {
		t.Error("the right secret does not wait once, so guesses would not either")
	}
	if waited(right("ann", password, home), nil) || waited(right("ann", "wrong", home), models.ErrLogin) {
		t.Error("a success does not end the slowness")
	}
}

func TestBrakePacesGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBrake()
		p := pairOf("ann", home)
		start := time.Now()
		guesses := 0
		for time.Since(start) < time.Hour {
			if err := b.wait(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			b.failed(p)
			guesses++
		}
		if guesses < 100 || guesses > 1000 {
			t.Errorf("%d guesses in an hour", guesses)
		}
		at := time.Now()
		if err := b.wait(t.Context(), p); err != nil || time.Since(at) > longestDelay {
			t.Errorf("the next try waits %v: %v", time.Since(at), err)
		}
		time.Sleep(forgetAfter + time.Second)
		at = time.Now()
		if err := b.wait(t.Context(), p); err != nil || time.Since(at) != 0 || b.used.Load() != 0 {
			t.Errorf("after a long while a try waits %v: %v", time.Since(at), err)
		}
	})
}

func TestBrakeRefusesACrowdAndASuccessFreesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBrake()
		p := pairOf("ann", home)
		for range freeFailures {
			b.failed(p)
		}
		var crowd sync.WaitGroup
		var done, busy int
		var mu sync.Mutex
		for range waitersOfPair + 10 {
			crowd.Go(func() {
				err := b.wait(t.Context(), p)
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, models.ErrSlowDown) {
					busy++
				} else if err == nil {
					done++
				}
			})
		}
		synctest.Wait()
		if busy != 10 || done != 0 {
			t.Errorf("%d refused and %d let through at once", busy, done)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		refused(t, b.wait(ctx, pairOf("ann", away)), nil)
		at := time.Now()
		b.succeeded(p)
		crowd.Wait()
		if done != waitersOfPair || time.Since(at) != 0 || b.waiting != 0 {
			t.Errorf("%d of the crowd went on after %v, %d wait still", done, time.Since(at), b.waiting)
		}
	})
}

func TestBrakeIsBounded(t *testing.T) {
	b := newBrake()
	for i := range 3 * pairLimit {
		b.failed(pairOf(fmt.Sprint("user", i), home))
	}
	if n := len(b.pairs.entries); n != pairLimit || b.pairs.order.Len() != n {
		t.Errorf("%d pairs are remembered", n)
	}
	a, c := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2:3")
	if pairOf("x", a) != pairOf("x", c) || pairOf("x", a) == pairOf("x", netip.MustParseAddr("2001:db8:0:1::1")) {
		t.Error("IPv6 addresses do not count by their /64")
	}
	if pairOf("x", netip.MustParseAddr("::ffff:192.0.2.1")) != pairOf("x", home) || pairOf("x", home) == pairOf("x", away) {
		t.Error("IPv4 addresses do not count one by one")
	}
}

func TestDeviceSecretUseIsNoted(t *testing.T) {
	ctx := context.Background()
	s, ann := service(t, nil)
	phone, k := secret(t, s, ann.Key, Secret{Name: "phone", Scope: models.ScopeFull})
	if len(phone) != len(SecretPrefix)+32 || !strings.HasPrefix(phone, SecretPrefix) || strings.ContainsAny(phone, "+/=") {
		t.Errorf("a secret looks like %q", phone)
	}
	before := time.Now().UnixMilli()
	for range 3 {
		if _, err := s.Login(ctx, models.Attempt{APIKey: phone}); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	list, err := s.Secrets(ctx, ann.Key)
	if err != nil || len(list) != 1 || list[0].Key != k.Key || list[0].LastUsed < before {
		t.Errorf("secrets: %+v %v", list, err)
	}
}

func TestSessions(t *testing.T) {
	ctx := context.Background()
	s, ann := service(t, nil)
	cookie, expires, err := s.NewSession(ctx, ann.Key)
	if err != nil || time.Until(expires) < SessionLife-time.Minute {
		t.Fatal(expires, err)
	}
	if u, err := s.SessionUser(ctx, cookie); err != nil || u.Key != ann.Key {
		t.Errorf("session: %v %v", u, err)
	}
	if err := s.EndSession(ctx, cookie); err != nil {
		t.Fatal(err)
	}
	_, err = s.SessionUser(ctx, cookie)
	refused(t, err, models.ErrNotFound)
}

func TestPasswordRules(t *testing.T) {
	ctx := context.Background()
	s, ann := service(t, nil)
	refused(t, s.SetPassword(ctx, ann.Key, ""), models.ErrMissing)
	refused(t, s.SetPassword(ctx, ann.Key, "a\xff"), models.ErrInvalid)
	refused(t, s.SetPassword(ctx, ann.Key, strings.Repeat("x", maxPassword+1)), models.ErrInvalid)
	refused(t, s.SetPassword(ctx, models.NewKey(), "x"), models.ErrNotFound)
	refused(t, s.Create(ctx, &models.User{Name: "bob"}, "", nil), models.ErrMissing)
	refused(t, s.Create(ctx, &models.User{Name: "ANN"}, "x", nil), models.ErrConflict)
	refused(t, CheckNewPassword("seven 7"), models.ErrInvalid)
	if err := CheckNewPassword("пароль 8"); err != nil {
		t.Error(err)
	}
	if err := s.SetPassword(ctx, ann.Key, "x"); err != nil {
		t.Error(err)
	}
}

func TestHashesAreOfTheirTime(t *testing.T) {
	s, ann := service(t, nil)
	u, _ := s.catalog.UserByKey(context.Background(), ann.Key)
	if !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") || !matches(password, u.PasswordHash) {
		t.Errorf("hash %q", u.PasswordHash)
	}
	// The vector of another implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
	if other := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"; !matches("password", other) {
		t.Error("the reference implementation's hash does not match")
	}
	for _, bad := range []string{"", "x", "$argon2id$v=19$m=4294967295,t=2,p=1$c29tc2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=16,t=0,p=1$c29tc2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=16,t=1,p=0$c29tc2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=16,t=1,p=1$c29tc2FsdA$AA", "$argon2i$v=19$m=16,t=1,p=1$c29tc2FsdA$AAAAAAAAAAAAAAAAAAAAAA"} {
		if matches("password", bad) {
			t.Errorf("%q matches", bad)
		}
	}
}

func TestSetup(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s, err := New(ctx, Options{Catalog: openCatalog(t, dir), KeyFile: filepath.Join(dir, KeyFileName), AppPasswords: true})
	if err != nil {
		t.Fatal(err)
	}
	setup, other := s.NewSetup(), s.NewSetup()
	if needed, err := setup.Needed(ctx); err != nil || !needed {
		t.Fatal(needed, err)
	}
	refused(t, setup.Check(ctx, ""), models.ErrNotFound)
	refused(t, setup.Check(ctx, other.Token()), models.ErrNotFound)
	late := *setup
	late.now = func() time.Time { return time.Now().Add(SetupLife) }
	refused(t, late.Check(ctx, setup.Token()), models.ErrNotFound)
	_, err = setup.Finish(ctx, setup.Token(), "owner", "short")
	refused(t, err, models.ErrInvalid)
	u, err := setup.Finish(ctx, setup.Token(), "owner", password)
	if err != nil || !u.Admin || !u.Download || !u.AllLibraries {
		t.Fatal(u, err)
	}
	_, err = setup.Finish(ctx, setup.Token(), "second", password)
	refused(t, err, models.ErrNotFound)
	if needed, err := setup.Needed(ctx); err != nil || needed {
		t.Error(needed, err)
	}
	_, err = s.CreateOwner(ctx, "second", password)
	refused(t, err, models.ErrConflict)
}

func TestNoSecretInLogsAndErrors(t *testing.T) {
	ctx := context.Background()
	var log bytes.Buffer
	var mu sync.Mutex
	s, ann := service(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return log.Write(p)
		}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	phone, k := secret(t, s, ann.Key, Secret{Name: "phone", Scope: models.ScopeFull})
	const guess = "a wrong guess"
	var said []string
	try := func(a models.Attempt) {
		a.Addr = home
		if _, err := s.Login(ctx, a); err != nil {
			said = append(said, err.Error())
		}
	}
	salt := "pepper17"
	for range 2 {
		try(models.Attempt{User: "ann", Password: password})
		try(models.Attempt{User: "ann", Password: guess})
		try(models.Attempt{User: "ann", Token: token(password, salt), Salt: salt})
		try(models.Attempt{User: "ann", Token: token(guess, salt), Salt: salt})
		try(models.Attempt{APIKey: guess})
		try(models.Attempt{APIKey: phone})
		// Damaged rows are logged.
		if err := s.catalog.SwapSealed(ctx, catalog.Sealed{Table: tableCredentials, Row: k.Key, Value: []byte("damaged")}, k.Sealed); err != nil {
			t.Fatal(err)
		}
		u, _ := s.catalog.UserByKey(ctx, ann.Key)
		if err := s.catalog.SealPassword(ctx, ann.Key, u.PasswordHash, bytes.Repeat([]byte{1}, 60)); err != nil {
			t.Fatal(err)
		}
	}
	said = append(said, fmt.Sprint(s.SetPassword(ctx, models.NewKey(), password)), fmt.Sprint(s.SetPassword(ctx, ann.Key, guess+strings.Repeat("x", maxPassword))))
	mu.Lock()
	text := log.String() + strings.Join(said, "\n")
	mu.Unlock()
	if !strings.Contains(text, "can't read a sealed value") {
		t.Error("the damaged rows were not logged, so this test proves nothing")
	}
	for _, bad := range []string{password, guess, phone, salt, token(password, salt), token(guess, salt), strings.TrimPrefix(phone, SecretPrefix)} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is told:\n%s", bad, text)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func BenchmarkLogin(b *testing.B) {
	s, ann := service(b, nil)
	ctx := context.Background()
	phone, _ := secret(b, s, ann.Key, Secret{Name: "phone", Scope: models.ScopeFull})
	for _, c := range []struct {
		name string
		a    models.Attempt
	}{
		{"token", models.Attempt{User: "ann", Token: token(password, "c19b2d"), Salt: "c19b2d", Addr: home}},
		{"password", models.Attempt{User: "ann", Password: password, Addr: home}},
		{"key", models.Attempt{APIKey: phone, Addr: home}},
		{"device token", models.Attempt{User: "ann", Token: token(phone, "c19b2d"), Salt: "c19b2d", Addr: home}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Login(ctx, c.a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
