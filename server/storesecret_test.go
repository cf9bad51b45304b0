package server

import (
	"context"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/usage"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

func TestParseStoreSecret(t *testing.T) {
	want := storage.Secret{"access_key_id": "AK", "secret_access_key": "hun=ter2/+"}
	for name, text := range map[string]string{
		"lines":   "access_key_id=AK\nsecret_access_key=hun=ter2/+\n",
		"windows": "\uFEFFaccess_key_id=AK\r\nsecret_access_key=hun=ter2/+\r\n",
		"ini":     "# mine\n[default]\naccess_key_id = AK\n\nsecret_access_key = 'hun=ter2/+'\n",
		"TOML":    "access_key_id = \"AK\" # mine\nsecret_access_key = 'hun=ter2/+'",
		"JSON":    `{"access_key_id":"AK","secret_access_key":"hun=ter2/+"}`,
	} {
		got, err := parseStoreSecret(text)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %d values, %v", name, len(got), err)
		}
	}
	google := `{"type": "service_account", "private_key": "x"}`
	if got, err := parseStoreSecret(google + "\n"); err != nil || got["credentials_json"] != google {
		t.Errorf("credentials of Google: %v", err)
	}
	for _, bad := range []string{"", " \n", "hunter2", "{hunter2", `{"a":{"b":"hunter2"}}`, "a = 1\nhunter2 = 2", "a=x\na=hunter2", "[a]\nx=hunter2\n[b]\nx=y", "two words=hunter2", "a = [\"hunter2\"]"} {
		got, err := parseStoreSecret(bad)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, %v", bad, maps.Keys(got), err)
		}
	}
}

func TestGivenSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("key=from file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		music []string
		env   string // variables, separated by |
		want  string // the secrets of the libraries, or of the error
	}{
		{"by name", []string{"My Müsic!=s3://b"}, "SONGLOCKER_SECRET_MY_M_SIC_=key=hunter2", "hunter2"},
		{"by the last part", []string{"/x", "s3://b/deep/rock?region=eu"}, "SONGLOCKER_SECRET_ROCK=key=hunter2", ",hunter2"},
		{"by the bucket", []string{"s3://my-music"}, "SONGLOCKER_SECRET_MY_MUSIC=key=hunter2", "hunter2"},
		{"in a file", []string{"A=s3://b", "B=s3://c"}, "SONGLOCKER_SECRET_B_FILE=" + file, ",from file"},
		{"both", []string{"A=s3://b"}, "SONGLOCKER_SECRET_A=key=hunter2|SONGLOCKER_SECRET_A_FILE=" + file, "SONGLOCKER_SECRET_A_FILE: SONGLOCKER_SECRET_A is set too"},
		{"no library", []string{"Rock=s3://b"}, "SONGLOCKER_SECRET_ROK=key=hunter2", "SONGLOCKER_SECRET_ROK: the configuration names no library of this name; did you mean SONGLOCKER_SECRET_ROCK?"},
		{"two libraries", []string{"aж=s3://b", "aл=s3://c"}, "SONGLOCKER_SECRET_A_=key=hunter2", "several libraries"},
		{"no file", []string{"A=s3://b"}, "SONGLOCKER_SECRET_A_FILE=/nowhere", "SONGLOCKER_SECRET_A_FILE: open /nowhere: no such file"},
		{"no secret", []string{"A=s3://b"}, "SONGLOCKER_SECRET_A=hunter2", "SONGLOCKER_SECRET_A: line 1 of the secret is no name=value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			music, err := roots(c.music, models.LibraryMusic)
			if err != nil {
				t.Fatal(err)
			}
			err = giveSecrets(music, environment(strings.Split(c.env, "|")))
			if err != nil {
				if !strings.HasPrefix(err.Error(), c.want) && !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%v, want %s", err, c.want)
				}
				return
			}
			var got []string
			for _, r := range music {
				got = append(got, r.Secret["key"])
			}
			if strings.Join(got, ",") != c.want {
				t.Errorf("the secrets are %v, want %s", got, c.want)
			}
		})
	}
}

// TestStoresFollowSecrets counts how often a store is opened, and looks with
// what.
func TestStoresFollowSecrets(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	c, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(dir, "c.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	keys, err := auth.OpenKeyring(ctx, c, filepath.Join(dir, "key"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var opened []storage.Options
	var reg storage.Registry
	reg.Register("s3", func(_ context.Context, _ *url.URL, o storage.Options) (storage.Store, error) {
		opened = append(opened, o)
		return mem.New(nil), nil
	})
	s := &stores{meter: usage.New(c, usage.Options{}), catalog: c, keys: keys, registry: &reg, given: map[string]storage.Secret{"s3://named": {"key": "given"}}}
	defer s.close()
	// last opens the store of a library and returns how it was opened at last,
	// and how often any was.
	last := func(n int) (secret string, ambient bool, times int) {
		t.Helper()
		if _, err := s.Store(ctx, n); err != nil {
			t.Fatal(err)
		}
		o := opened[len(opened)-1]
		return o.Secret["key"], o.Ambient, len(opened)
	}
	expect := func(n int, secret string, ambient bool, times int) {
		t.Helper()
		if k, a, o := last(n); k != secret || a != ambient || o != times {
			t.Errorf("opened %d times, with %q, ambient %v; want %d, %q, %v", o, k, a, times, secret, ambient)
		}
	}
	l := &models.Library{Location: "s3://added"}
	if _, err := c.AddLibrary(ctx, l); err != nil {
		t.Fatal(err)
	}
	keep := func(l *models.Library, value string) {
		t.Helper()
		if err := keys.KeepStore(ctx, l, storage.Secret{"key": value}); err != nil {
			t.Fatal(err)
		}
	}
	expect(l.Number, "", false, 1)
	expect(l.Number, "", false, 1)
	keep(l, "one")
	expect(l.Number, "one", false, 2)
	keep(l, "two")
	expect(l.Number, "two", false, 3)
	if err := keys.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	expect(l.Number, "two", false, 3)
	expect(l.Number, "two", false, 3)

	// The configuration names two more: one has its secret from there.
	if _, err := c.EnsureConfigured(ctx, []models.Library{{Location: "s3://named"}, {Location: "s3://bare"}}); err != nil {
		t.Fatal(err)
	}
	all, err := c.Libraries(ctx)
	if err != nil {
		t.Fatal(err)
	}
	named, bare := all[1], all[2]
	keep(named, "kept")
	expect(named.Number, "given", true, 4)
	expect(bare.Number, "", true, 5)
	// What the configuration no longer names has no right to what is the
	// machine's.
	if _, err := c.EnsureConfigured(ctx, nil); err != nil {
		t.Fatal(err)
	}
	expect(named.Number, "kept", false, 6)
	expect(bare.Number, "", false, 7)
}
