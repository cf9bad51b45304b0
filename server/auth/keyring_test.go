package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

var quiet = slog.New(slog.DiscardHandler)

func TestKeyFileIsMadeOnceAndNeverReplaced(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	c := openCatalog(t, dir)
	path := filepath.Join(dir, KeyFileName)
	first, err := OpenKeyring(ctx, c, path, quiet)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v %v", info, err)
	}
	text, _ := os.ReadFile(path)
	if bytes.Contains(text, []byte(first.current().fingerprint)) {
		t.Error("the fingerprint is part of the key")
	}
	second, err := OpenKeyring(ctx, c, path, quiet)
	if err != nil || second.current().fingerprint != first.current().fingerprint {
		t.Fatalf("opened again: %v", err)
	}

	whole := func(text []byte) error {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenKeyring(ctx, c, path, quiet)
		after, _ := os.ReadFile(path)
		if !bytes.Equal(after, text) {
			t.Error("the file was changed")
		}
		return err
	}
	refused(t, whole(nil), models.ErrInvalid)
	refused(t, whole([]byte("AAAA\n")), models.ErrInvalid)
	refused(t, whole(text[:len(text)-5]), models.ErrInvalid)
	refused(t, whole([]byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")), models.ErrConflict)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = OpenKeyring(ctx, c, path, quiet)
	refused(t, err, models.ErrUnavailable)
	if !strings.Contains(err.Error(), "--key-file") || !strings.Contains(err.Error(), "key reset") {
		t.Errorf("no way out: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a lost key was replaced")
	}
	if err := whole(text); err != nil {
		t.Errorf("the key put back: %v", err)
	}
}

func TestKeyFileThatIsThereIsTaken(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mounted")
	text := "# mounted\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	k, err := OpenKeyring(context.Background(), openCatalog(t, dir), path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil || k.current().raw != [keySize]byte{} {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "chmod 600") {
		t.Errorf("an open key file draws no warning: %s", &log)
	}
	if after, _ := os.ReadFile(path); string(after) != text {
		t.Error("the file was changed")
	}
}

func TestSealedValuesAreBound(t *testing.T) {
	k, err := randomKey()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal(k, tableCredentials, 1, 2, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if clear, err := open(k, tableCredentials, 1, 2, sealed); err != nil || string(clear) != "text" {
		t.Fatal(clear, err)
	}
	other, _ := randomKey()
	for name, err := range map[string]error{
		"another row":   second(open(k, tableCredentials, 1, 3, sealed)),
		"another user":  second(open(k, tableCredentials, 2, 2, sealed)),
		"another table": second(open(k, tableUsers, 1, 2, sealed)),
		"another key":   second(open(other, tableCredentials, 1, 2, sealed)),
		"cut":           second(open(k, tableCredentials, 1, 2, sealed[:len(sealed)-1])),
		"short":         second(open(k, tableCredentials, 1, 2, sealed[:3])),
		"nothing":       second(open(k, tableCredentials, 1, 2, nil)),
	} {
		if err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	again, _ := seal(k, tableCredentials, 1, 2, []byte("text"))
	if bytes.Equal(again, sealed) {
		t.Error("sealed twice alike")
	}
}

func second(_ []byte, err error) error { return err }

// works fails unless the account and the device secret log in by token.
func works(t *testing.T, s *Service, device string) {
	t.Helper()
	for _, secret := range []string{password, device} {
		if _, err := s.Login(context.Background(), models.Attempt{User: "ann", Token: token(secret, "x"), Salt: "x", Addr: home}); err != nil {
			t.Errorf("token login: %v", err)
		}
	}
}

func TestRotate(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, KeyFileName)
	start := func() *Service {
		s, err := New(ctx, Options{Catalog: openCatalog(t, dir), KeyFile: path, AppPasswords: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	server := start()
	ann, err := server.CreateOwner(ctx, "ann", password)
	if err != nil {
		t.Fatal(err)
	}
	device, _ := secret(t, server, ann.Key, Secret{Name: "phone", Scope: models.ScopeFull})
	before, _ := os.ReadFile(path)
	old := server.keys.current().fingerprint
	works(t, server, device)

	tool := start()
	if err := tool.Keys().Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	works(t, tool, device)
	after, _ := os.ReadFile(path)
	if bytes.Equal(before, after) || len(before) != len(after) {
		t.Errorf("the file holds %d bytes, before %d", len(after), len(before))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v %v", info, err)
	}
	// The other process seals with the new key at once and reads what is
	// sealed with it, whenever its own catalog sees the change.
	if _, _, err := server.NewSecret(ctx, ann.Key, Secret{Name: "tv", Scope: models.ScopeFull}); err != nil {
		t.Fatal(err)
	}
	if now := server.keys.current().fingerprint; now == old || now != tool.keys.current().fingerprint {
		t.Error("the running process keeps the old key")
	}
	works(t, server, device)
	// The old key opens nothing any more.
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = New(ctx, Options{Catalog: openCatalog(t, dir), KeyFile: path})
	refused(t, err, models.ErrConflict)
}

// TestMain lets this program be the process that TestRotateSurvivesKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SONGLOCKER_TEST_CRASH_DIR"); dir != "" {
		if err := crash(dir, os.Getenv("SONGLOCKER_TEST_CRASH_AT")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crash rotates the key and kills its process at one step: "written'" is the
// second time that something is written.
func crash(dir, at string) error {
	ctx := context.Background()
	c, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(dir, "catalog.db")})
	if err != nil {
		return err
	}
	s, err := New(ctx, Options{Catalog: c, KeyFile: filepath.Join(dir, KeyFileName), AppPasswords: true})
	if err != nil {
		return err
	}
	seen := map[string]int{}
	s.keys.step = func(name string) {
		seen[name]++
		if at == name+strings.Repeat("'", seen[name]-1) {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	return s.keys.Rotate(ctx)
}

func TestRotateSurvivesKill(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, KeyFileName)
	s, err := New(ctx, Options{Catalog: openCatalog(t, dir), KeyFile: path, AppPasswords: true})
	if err != nil {
		t.Fatal(err)
	}
	ann, err := s.CreateOwner(ctx, "ann", password)
	if err != nil {
		t.Fatal(err)
	}
	device, _ := secret(t, s, ann.Key, Secret{Name: "phone", Scope: models.ScopeFull})
	rotated := 0
	last := s.keys.current().fingerprint
	for _, step := range []string{"written", "renamed", "resealed", "committed", "written'", "renamed'", "none"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SONGLOCKER_TEST_CRASH_DIR="+dir, "SONGLOCKER_TEST_CRASH_AT="+step)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL; killed != (step != "none") {
			t.Fatalf("%s: the process was killed: %v (%v)\n%s", step, killed, err, out)
		}
		c, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(dir, "catalog.db")})
		if err != nil {
			t.Fatal(err)
		}
		again, err := New(ctx, Options{Catalog: c, KeyFile: path, AppPasswords: true})
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		works(t, again, device)
		if now := again.keys.current().fingerprint; now != last {
			rotated++
			last = now
		}
		again.Close()
		c.Close()
	}
	if rotated != 4 {
		t.Errorf("the key changed %d times; killed after the commit, and not killed, it should: 4", rotated)
	}
	if left, _ := os.ReadFile(path); bytes.Count(left, []byte("=\n")) != 1 {
		t.Error("an old key is left in the file")
	}
	if files, _ := filepath.Glob(path + "?*"); len(files) > 0 {
		t.Errorf("key files are left behind: %v", files)
	}
}

func TestResetGivesUpWhatWasSealed(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, KeyFileName)
	c := openCatalog(t, dir)
	o := Options{Catalog: c, KeyFile: path, AppPasswords: true}
	s, err := New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	ann, err := s.CreateOwner(ctx, "ann", password)
	if err != nil {
		t.Fatal(err)
	}
	device, _ := secret(t, s, ann.Key, Secret{Name: "phone", Scope: models.ScopeFull})
	_, err = ResetKey(ctx, c, path, quiet)
	refused(t, err, models.ErrConflict)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := ResetKey(ctx, c, path, quiet); err != nil {
		t.Fatal(err)
	}
	if s, err = New(ctx, o); err != nil {
		t.Fatal(err)
	}
	byToken := models.Attempt{User: "ann", Token: token(password, "x"), Salt: "x", Addr: home}
	for range 2 * freeFailures {
		_, err = s.Login(ctx, byToken)
		refused(t, err, models.ErrTokenLogin)
	}
	if _, err := s.Login(ctx, models.Attempt{APIKey: device}); err != nil {
		t.Errorf("device secret as API key: %v", err)
	}
	if _, err := s.Login(ctx, models.Attempt{User: "ann", Password: password, Addr: home}); err != nil {
		t.Errorf("login by password: %v", err)
	}
	if _, err := s.Login(ctx, byToken); err != nil {
		t.Errorf("token login after one by password: %v", err)
	}
	s.Close()
}

func TestStoreSecrets(t *testing.T) {
	ctx := context.Background()
	s, _ := service(t, nil)
	l, other := &models.Library{Location: "s3://bucket"}, &models.Library{Location: "s3://other"}
	for _, l := range []*models.Library{l, other} {
		if _, err := s.catalog.AddLibrary(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	// kept returns the sealed and the opened secret of a library.
	kept := func(l *models.Library) ([]byte, storage.Secret, error) {
		t.Helper()
		now, sealed, err := s.catalog.LibraryStore(ctx, l.Number)
		if err != nil || now.Secret != (sealed != nil) {
			t.Fatalf("%+v %v", now, err)
		}
		secret, err := s.Keys().StoreSecret(ctx, now, sealed)
		return sealed, secret, err
	}
	if sealed, secret, err := kept(l); sealed != nil || secret != nil || err != nil {
		t.Errorf("a secret before there is one: %v %v", secret, err)
	}
	want := storage.Secret{"access_key_id": "AK", "secret_access_key": "hunter2"}
	if err := s.Keys().KeepStore(ctx, l, want); err != nil {
		t.Fatal(err)
	}
	first, secret, err := kept(l)
	if err != nil || !maps.Equal(secret, want) || bytes.Contains(first, []byte("hunter2")) {
		t.Fatalf("%q %v", first, err)
	}
	if err := s.Keys().Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	second, secret, err := kept(l)
	if err != nil || !maps.Equal(secret, want) || bytes.Equal(first, second) {
		t.Errorf("after the key was rotated: %v", err)
	}
	// Bound to its row: another library can't be made to use it.
	if err := s.catalog.SetLibrarySecret(ctx, other.Number, second); err != nil {
		t.Fatal(err)
	}
	if _, secret, err := kept(other); len(secret) > 0 || !errors.Is(err, models.ErrUnavailable) || !strings.Contains(err.Error(), "library set") {
		t.Errorf("another library's secret opens: %v", err)
	}
	if err := s.Keys().KeepStore(ctx, other, nil); err != nil {
		t.Fatal(err)
	}
	if sealed, _, err := kept(other); sealed != nil || err != nil {
		t.Errorf("a dropped secret stays: %v", err)
	}
	key := s.keys.path
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	lost, err := ResetKey(ctx, s.catalog, key, quiet)
	if err != nil || len(lost) != 1 || lost[0] != l.Number {
		t.Errorf("libraries that lost their secret with the key: %v %v", lost, err)
	}
	if sealed, _, err := kept(l); sealed != nil || err != nil {
		t.Errorf("after the key was reset: %v", err)
	}
}
