package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/server/probe"
	"github.com/songlocker/songlocker/storage"
)

// How much of a library is looked at.
const (
	mostEntries = 200_000
	mostTime    = 20 * time.Second
	mostNamed   = 3 // unreadable places that are named one by one
)

// music looks at one library's place.
func (e *examination) music(ctx context.Context, name string, u *url.URL) {
	path := locationPath(u)
	if name == "" {
		name = filepath.Base(path)
	}
	of := fmt.Sprintf("The folder %s of the library %s", path, name)
	if own := (&url.URL{Scheme: "file", Path: e.Data}).String(); catalog.Overlap(u.String(), own) {
		e.problem("music", "Move one of them, or name another data folder by --data.", "%s and the data folder %s overlap.", of, e.Data)
		return
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.problem("music", "Mount its disk if it has one of its own, or correct --music.", "%s is not there; the nearest that is there is %s.", of, nearest(path))
		return
	case errors.Is(err, fs.ErrPermission):
		e.problem("music", fmt.Sprintf("Let the server's user enter it: chmod o+x %s", wall(path)), "%s can't be reached: %s may not enter %s.", of, who(), wall(path))
		return
	case err != nil:
		e.problem("music", "Check its disk.", "%s can't be looked at: %v.", of, err)
		return
	case !info.IsDir():
		e.problem("music", "Name the folder that it lies in.", "%s is a file and no folder.", of)
		return
	}
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.problem("music", fmt.Sprintf("Let the server's user read it: chmod -R o+rX %s, or run the server as the user whose music it is.", path), "%s can't be read by %s.", of, who())
		return
	case err != nil:
		e.problem("music", "Check its disk.", "%s can't be listed: %v.", of, err)
		return
	case len(entries) == 0:
		e.problem("music", "Mount its disk if it has one of its own, or correct --music.", "%s is empty.", of)
		return
	}
	e.tree(ctx, path, of)
}

// bucket tries a place that is no folder.
func (e *examination) bucket(ctx context.Context, p Place) {
	name := p.Name
	if name == "" {
		if location, err := catalog.CleanLocation(p.Location); err == nil {
			name = catalog.LibraryName(location)
		}
	}
	of := "The library " + name
	r, err := probe.Try(ctx, func(ctx context.Context) (storage.Store, error) { return e.Open(ctx, p) })
	if err != nil {
		e.problem("music", "Try it again.", "%s was not tried to the end: %v.", of, err)
		return
	}
	well := true
	for _, s := range r.Steps {
		what, mend := s.Text, ""
		if i := strings.LastIndex(what, ". "); i > 0 {
			what, mend = what[:i+1], what[i+2:]
		}
		if mend == "" {
			mend = "Correct its location or its secret, then: songlocker library test " + strconv.Quote(name)
		}
		switch {
		case s.State == probe.Failed && s.Name != probe.Rights:
			e.problem("music", mend, "%s: %s", of, what)
			well = false
		case s.State == probe.Hint:
			e.hint("music", mend, "%s: %s", of, what)
			well = false
		}
	}
	if well {
		e.well("music", "%s can be listed and read: %s.", of, p.Location)
	}
}

// tree walks a library and tells what can't be read in it.
func (e *examination) tree(ctx context.Context, root, of string) {
	var folders, songs, seen, outside, ignoring int
	var dirs, files []string
	end := time.Now().Add(mostTime)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		seen++
		if seen > mostEntries || time.Now().After(end) || ctx.Err() != nil {
			return fs.SkipAll
		}
		if p != root && storage.HiddenName(d.Name()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if err != nil {
			dirs = append(dirs, p)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case d.IsDir():
			folders++
		case d.Type()&fs.ModeSymlink != 0:
			if to, err := filepath.EvalSymlinks(p); !e.FollowLinks && (err != nil || !strings.HasPrefix(to, root+string(filepath.Separator))) {
				outside++
			}
		case audio.IsAudio(strings.ToLower(strings.TrimPrefix(filepath.Ext(d.Name()), "."))):
			songs++
			f, err := os.Open(p)
			if err != nil {
				files = append(files, p)
				return nil
			}
			f.Close()
		case storage.IsIgnoreFile(d.Name()):
			ignoring++
		}
		return nil
	})
	e.folders += folders
	if err != nil {
		e.problem("music", "Check its disk.", "%s can't be walked: %v.", of, err)
		return
	}
	mend := fmt.Sprintf("Let the server's user read all of it: chmod -R o+rX %s, or run the server as the user whose music it is.", root)
	e.unreadable(of, "folder", dirs, mend)
	e.unreadable(of, "file", files, mend)
	if outside > 0 {
		e.hint("music", "If that is meant, set --follow-links.", "%s has %d symbolic links that lead out of it or to nothing; they are passed over.", of, outside)
	}
	switch {
	case songs == 0 && len(dirs) == 0 && seen <= mostEntries:
		e.problem("music", "Name the folder that your music is in.", "%s holds no audio file of a kind that Songlocker knows.", of)
	case len(dirs) == 0 && len(files) == 0:
		but := ""
		if ignoring > 0 {
			but = ", with those that ignore files leave out"
		}
		e.well("music", "%s can be read: %d audio files in %d folders%s.", of, songs, folders, but)
	}
}

func (e *examination) unreadable(of, kind string, paths []string, mend string) {
	if len(paths) == 0 {
		return
	}
	named := strings.Join(paths[:min(len(paths), mostNamed)], ", ")
	if more := len(paths) - mostNamed; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	e.problem("music", mend, "%s has %ss that %s can't read: %s.", of, kind, who(), named)
}

// watching compares the folders with what the system lets one user watch.
func (e *examination) watching() {
	limit, ok := watchLimit()
	if !e.Watch || !ok || e.folders == 0 {
		return
	}
	if e.folders > limit*9/10 {
		e.problem("watching", fmt.Sprintf("Raise it: sysctl fs.inotify.max_user_watches=%d, and write it into /etc/sysctl.d to keep it.", max(524288, 2*e.folders)),
			"The music has %d folders, and this system lets a user watch %d: changes in the rest are seen only by the clock.", e.folders, limit)
		return
	}
	e.well("watching", "The system lets a user watch %d folders; the music has %d.", limit, e.folders)
}
