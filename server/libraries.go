package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/storage"
)

// demoFolder is where the demo library is, within the data folder.
const demoFolder = "demo"

// demoLocation is the demo library's location.
func demoLocation(data string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(data, demoFolder))}).String()
}

func (r *run) demoFolder() string { return filepath.Join(r.Config.Data, demoFolder) }

// checkRoot refuses a place that holds, or lies in, the data folder: scans
// would read what the server writes.
func checkRoot(data, location string) error {
	u, err := storage.Parse(location)
	if err != nil {
		return err
	}
	own := url.URL{Scheme: "file", Path: filepath.ToSlash(data)}
	if catalog.Overlap(u.String(), own.String()) {
		return fmt.Errorf("the library at %s and the data folder %s overlap: move one of them (--data): %w", location, data, models.ErrInvalid)
	}
	// The same by another way, through symbolic links.
	if u.Scheme == "file" {
		music, err1 := filepath.EvalSymlinks(filepath.FromSlash(u.Path))
		state, err2 := filepath.EvalSymlinks(data)
		if err1 == nil && err2 == nil && catalog.Overlap("file://"+music, "file://"+state) {
			return fmt.Errorf("the library at %s and the data folder %s overlap through a symbolic link: move one of them (--data): %w", location, data, models.ErrInvalid)
		}
	}
	return nil
}

// newManage returns what people do to this server.
func (r *run) newManage(c *catalog.Catalog, a *auth.Service, s *scans.Manager, open *stores) *manage.Service {
	return manage.New(manage.Config{
		Catalog: c, Auth: a, Scans: s, Usage: open.meter, Open: open.look, OpenLibrary: open.fresh,
		Allowed: func(location string) error { return checkRoot(r.Config.Data, location) },
	})
}

// configureLibraries makes the libraries that the configuration names be in
// the catalog. Where neither it nor an admin has named any, the demo library
// is there instead; it goes when another comes. demo tells whether it is
// there now. A configuration that names none takes none back where keep is
// set, as it is for what runs beside a server with another configuration.
func (r *run) configureLibraries(ctx context.Context, c *catalog.Catalog, keep bool) (demo bool, err error) {
	have, err := c.Libraries(ctx)
	if err != nil {
		return false, err
	}
	location := demoLocation(r.Config.Data)
	others := len(r.Config.Music) > 0
	number := 0
	for _, l := range have {
		if l.Location == location {
			number = l.Number
		} else if l.Owner == 0 {
			others = true
		}
	}
	var want []models.Library
	for _, m := range r.Config.Music {
		if err := checkRoot(r.Config.Data, m.Location); err != nil {
			return false, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		want = append(want, models.Library{Name: m.Name, Location: m.Location, Kind: m.Kind})
	}
	switch {
	case !others:
		want = append(want, models.Library{Name: "Demo", Location: location, Kind: models.LibraryMusic})
	case number != 0:
		if err := c.RemoveLibrary(ctx, number); err != nil {
			return false, fmt.Errorf("remove the demo library: %w", err)
		}
		if err := os.RemoveAll(r.demoFolder()); err != nil {
			r.Log.Warn("the demo library's files stay behind", "error", err)
		}
	}
	if keep && len(want) == 0 {
		return false, nil
	}
	dropped, err := c.EnsureConfigured(ctx, want)
	if errors.Is(err, models.ErrInvalid) || errors.Is(err, models.ErrConflict) {
		return false, fmt.Errorf("%w: --music and --audiobooks: %w", ErrConfig, err)
	}
	if err != nil {
		return false, err
	}
	for _, l := range dropped {
		r.Log.Warn("the configuration no longer names this library; it stays until `songlocker library remove`", "library", l.Name, "location", l.Location)
	}
	return !others, nil
}
