package catalog

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/songlocker/songlocker/models"
)

var discard = slog.New(slog.DiscardHandler)

// each runs f on a fresh catalog of every engine at hand: SQLite always,
// PostgreSQL when SONGLOCKER_TEST_POSTGRES names a server where databases may
// be made.
func each(t *testing.T, f func(t *testing.T, c *Catalog)) {
	t.Helper()
	eachLocation(t, func(t *testing.T, _ engine, location string) { f(t, open(t, location)) })
}

// eachLocation runs f on the place of an empty catalog of every engine.
func eachLocation(t *testing.T, f func(t *testing.T, e engine, location string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, sqliteEngine{}, "sqlite:"+filepath.Join(t.TempDir(), "catalog.db")) })
	if server := os.Getenv("SONGLOCKER_TEST_POSTGRES"); server != "" {
		t.Run("postgres", func(t *testing.T) { f(t, postgresEngine{}, freshPostgres(t, server)) })
	}
}

func open(t testing.TB, location string) *Catalog {
	t.Helper()
	c, err := Open(context.Background(), Options{Location: location})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// freshPostgres makes an empty schema that goes with the test.
func freshPostgres(t *testing.T, server string) string {
	t.Helper()
	_, w, err := postgresEngine{}.open(server, discard)
	if err != nil {
		t.Fatal(err)
	}
	name := "t_" + models.NewKey().String()
	if err := w.Exec("CREATE SCHEMA " + name).Error; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Exec("DROP SCHEMA " + name + " CASCADE")
		db, _ := w.DB()
		db.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestPragmasAreInForce(t *testing.T) {
	c := open(t, "sqlite:"+filepath.Join(t.TempDir(), "a catalog%.db"))
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": fmt.Sprint(busy.Milliseconds())} {
		var got string
		if err := c.w.Raw("PRAGMA " + name).Row().Scan(&got); err != nil || got != want {
			t.Errorf("writer's %s = %q %v, want %q", name, got, err, want)
		}
	}
	var ro string
	if err := c.r.Raw("PRAGMA query_only").Row().Scan(&ro); err != nil || ro != "1" {
		t.Errorf("readers can write: query_only = %q %v", ro, err)
	}
}

func TestCatalogFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := open(t, "sqlite:"+path)
	if err := c.SetSetting(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + "-wal"} {
		fi, err := os.Stat(p)
		if err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", p, fi.Mode(), err)
		}
	}
}
