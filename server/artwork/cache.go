package artwork

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A cache keeps pictures as files under a folder. What was not asked for the
// longest goes first when they grow beyond the bound. Any failure of the disk
// only loses caching. Its methods may be called at once from many places.
type cache struct {
	dir   string
	bound int64 // bytes
	log   *slog.Logger

	mu    sync.Mutex
	total int64 // bytes in files; -1 until it has been counted
	said  bool  // that the cache can't be written
}

// touchAfter is how old a file's time may be before a use renews it, so that
// most uses write nothing.
const touchAfter = time.Hour

// staleTemp is when a file that was begun is taken for abandoned.
const staleTemp = 10 * time.Minute

const tempPrefix = ".new-"

// cacheName returns the name under which something is kept.
func cacheName(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:20])
}

func (c *cache) path(name string) string {
	return filepath.Join(c.dir, name[:2], name[2:])
}

// open returns the file kept under a name, nil if there is none.
func (c *cache) open(name string) *os.File {
	if c.dir == "" {
		return nil
	}
	f, err := os.Open(c.path(name))
	if err != nil {
		return nil
	}
	if i, err := f.Stat(); err == nil && time.Since(i.ModTime()) > touchAfter {
		t := time.Now()
		_ = os.Chtimes(f.Name(), t, t)
	}
	return f
}

// put keeps data under a name. A file larger than an eighth of the bound is
// not kept: it would push out too many others.
func (c *cache) put(name string, data []byte) {
	if c.dir == "" || int64(len(data)) > c.bound/8 {
		return
	}
	if err := c.write(name, data); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.said {
			c.said = true
			c.log.Warn("resized pictures can't be kept on disk", "error", err)
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = false
	if c.total < 0 {
		c.total = 0
		for _, f := range c.files() {
			c.total += f.size
		}
	} else {
		c.total += int64(len(data))
	}
	if c.total > c.bound {
		c.evict()
	}
}

// write makes a file that is there whole or not at all.
func (c *cache) write(name string, data []byte) error {
	path := c.path(name)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, tempPrefix)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

type cached struct {
	path string
	size int64
	used time.Time
}

// files lists what is kept and removes what was begun and abandoned.
func (c *cache) files() []cached {
	var list []cached
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		i, err := d.Info()
		if err != nil {
			return nil
		}
		if strings.HasPrefix(d.Name(), tempPrefix) {
			if time.Since(i.ModTime()) > staleTemp {
				_ = os.Remove(path)
			}
			return nil
		}
		list = append(list, cached{path, i.Size(), i.ModTime()})
		return nil
	})
	return list
}

// evict removes what was not asked for the longest until a tenth of the bound
// is free. c.mu is held.
func (c *cache) evict() {
	list := c.files()
	slices.SortFunc(list, func(a, b cached) int { return a.used.Compare(b.used) })
	c.total = 0
	for _, f := range list {
		c.total += f.size
	}
	for _, f := range list {
		if c.total <= c.bound-c.bound/10 {
			return
		}
		if err := os.Remove(f.path); err == nil {
			c.total -= f.size
		}
	}
}
