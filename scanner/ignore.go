package scanner

import (
	"bytes"
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// Owners say by files in their libraries what is no music of theirs:
// .songlockerignore and .ndignore in gitignore's syntax
// (https://git-scm.com/docs/gitignore), each for its folder and all below it,
// where a .ndignore without a pattern ignores the whole folder, and so does
// any .nomedia. An ignored object is as if it were not there: its song is
// missing, and returns when the rule goes.

const (
	mostIgnoreFiles = 5000     // of a library that hold patterns
	mostIgnoreBytes = 64 << 10 // of one file
	mostIgnoreTotal = 4 << 20  // of a library's
	mostPatterns    = 1000     // of one file
	mostPattern     = 1024     // bytes of one
)

// readIgnore reads the ignore files that the listing shows, those that have
// changed, and takes ignored objects out of the listing. Ignore files that
// the listing does not look at, or could not reach, hold as last read.
func (x *scan) readIgnore(ctx context.Context, complete bool) error {
	known, err := x.catalog.IgnoreFiles(ctx, x.Library.Number)
	if err != nil || len(known)+len(x.listing.ignore) == 0 {
		return err
	}
	force := map[string]catalog.IgnoreFile{}
	for _, f := range known {
		force[f.ObjectKey] = f
	}
	listed := map[string]bool{}
	var save []catalog.IgnoreFile
	var gone []string
	total := 0
	slices.SortFunc(x.listing.ignore, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	for i, o := range x.listing.ignore {
		listed[o.Key] = true
		f, v := force[o.Key], version(o, 0, 0)
		if f.Version != v {
			var body []byte
			err := error(nil)
			switch {
			case o.Archived:
				err = models.ErrArchived
			case i >= mostIgnoreFiles:
				err = errors.New("the library has too many ignore files")
			case path.Base(o.Key) != storage.NoMedia:
				body, err = x.readWhole(ctx, o, mostIgnoreBytes)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				x.failed(o.Key, "the rules of this ignore file are not followed: "+err.Error())
				continue
			}
			f = catalog.IgnoreFile{ObjectKey: o.Key, Version: v, Body: body}
			save = append(save, f)
		}
		if total += len(f.Body); total > mostIgnoreTotal {
			x.failed(o.Key, "the rules of this ignore file are not followed: the library's are too long")
			delete(force, o.Key)
			continue
		}
		force[o.Key] = f
	}
	for _, f := range known {
		if complete && !listed[f.ObjectKey] && slices.ContainsFunc(x.Prefixes, func(p string) bool { return strings.HasPrefix(f.ObjectKey, p) }) {
			gone = append(gone, f.ObjectKey)
			delete(force, f.ObjectKey)
		}
	}
	if len(save)+len(gone) > 0 {
		err := x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error { return tx.SaveIgnoreFiles(save, gone) })
		if err != nil {
			return err
		}
	}
	x.ignore = newIgnore(force)
	x.listing.drop(x.ignore.object)
	x.sheets.objects = slices.DeleteFunc(x.sheets.objects, func(o storage.Object) bool { return x.ignore.object(o.Key) })
	return nil
}

// drop takes objects out of the listing.
func (l *listing) drop(ignored func(key string) bool) {
	is := func(o storage.Object) bool { return ignored(o.Key) }
	l.ignored = len(l.objects)
	l.objects = slices.DeleteFunc(l.objects, is)
	l.ignored -= len(l.objects)
	l.playlists = slices.DeleteFunc(l.playlists, is)
	for f, list := range l.pictures {
		if list = slices.DeleteFunc(list, is); len(list) == 0 {
			delete(l.pictures, f)
		} else {
			l.pictures[f] = list
		}
	}
	for name, keys := range l.lyrics {
		l.lyrics[name] = slices.DeleteFunc(keys, ignored)
	}
	for name, list := range l.beside {
		l.beside[name] = slices.DeleteFunc(list, is)
	}
}

// ignore holds the rules of a library's ignore files. It belongs to one
// goroutine. A nil one ignores nothing.
type ignore struct {
	rules   map[string][]pattern // by folder, in the order of their files
	all     map[string]bool      // folders that are ignored whole
	folders map[string]bool      // what folder has found
}

func newIgnore(files map[string]catalog.IgnoreFile) *ignore {
	g := &ignore{rules: map[string][]pattern{}, all: map[string]bool{}, folders: map[string]bool{}}
	keys := make([]string, 0, len(files))
	for k := range files {
		keys = append(keys, k)
	}
	slices.Sort(keys) // .ndignore before .songlockerignore, which has the last word
	for _, k := range keys {
		folder, name := folderOf(k), path.Base(k)
		list := patterns(files[k].Body)
		if name == storage.NoMedia || name == storage.NDIgnore && len(list) == 0 {
			g.all[folder] = true
		}
		g.rules[folder] = append(g.rules[folder], list...)
	}
	return g
}

// object tells whether an object is ignored, by its own name or with a folder
// that it lies in: what is in an ignored folder can't be taken back in.
func (g *ignore) object(key string) bool {
	return g != nil && (g.folder(folderOf(key)) || g.match(key, false))
}

func (g *ignore) folder(f string) bool {
	is, ok := g.folders[f]
	if !ok {
		is = g.all[f] || f != "" && (g.folder(folderOf(f)) || g.match(f, true))
		g.folders[f] = is
	}
	return is
}

// match asks the rules of the folders around a key, the nearest first; in each
// the last pattern that matches decides.
func (g *ignore) match(key string, isFolder bool) bool {
	for f := folderOf(key); ; f = folderOf(f) {
		rel := key
		if f != "" {
			rel = key[len(f)+1:]
		}
		list := g.rules[f]
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].match(rel, isFolder) {
				return !list[i].negated
			}
		}
		if f == "" {
			return false
		}
	}
}

// pattern is one line of an ignore file.
type pattern struct {
	glob       string
	negated    bool
	folderOnly bool
	anchored   bool // matches the path from the file's folder, not just the name
}

func (p *pattern) match(rel string, isFolder bool) bool {
	if p.folderOnly && !isFolder {
		return false
	}
	if !p.anchored {
		rel = path.Base(rel)
	}
	ok, err := doublestar.Match(p.glob, runes(rel))
	return ok && err == nil
}

// runes makes a text valid UTF-8 so that different texts stay different: a
// byte that is none becomes a character of a private plane.
func runes(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			r = 0x100000 + rune(s[i])
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}

// patterns reads the lines of an ignore file. What is no pattern matches
// nothing.
func patterns(body []byte) []pattern {
	var out []pattern
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		if len(out) == mostPatterns {
			break
		}
		if p, ok := readPattern(strings.TrimSuffix(string(line), "\r")); ok {
			out = append(out, p)
		}
	}
	return out
}

func readPattern(line string) (p pattern, ok bool) {
	if len(line) > mostPattern || strings.HasPrefix(line, "#") {
		return p, false
	}
	// Spaces at the end count only behind a backslash.
	for strings.HasSuffix(line, " ") && !quoted(line) {
		line = line[:len(line)-1]
	}
	line, p.negated = strings.CutPrefix(line, "!")
	line, p.folderOnly = strings.CutSuffix(line, "/")
	p.anchored = strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return p, false
	}
	p.glob = glob(runes(line))
	return p, doublestar.ValidatePattern(p.glob)
}

// quoted tells whether a backslash stands before the last byte, and counts.
func quoted(s string) bool {
	s = s[:len(s)-1]
	n := len(s) - len(strings.TrimRight(s, `\`))
	return n%2 == 1
}

// classes are the named classes of brackets, which the globs don't have.
var classes = strings.NewReplacer("[:alnum:]", "0-9A-Za-z", "[:alpha:]", "A-Za-z", "[:digit:]", "0-9", "[:lower:]", "a-z", "[:upper:]", "A-Z",
	"[:space:]", " \t", "[:blank:]", " \t", "[:xdigit:]", "0-9A-Fa-f", "[:punct:]", "\"!#-.:-@\\[-`{-~")

// first writes a bracket that stands first in a class, and so is one of it.
var first = strings.NewReplacer("[]", `[\]`, "[!]", `[!\]`, "[^]", `[^\]`)

// glob writes a pattern of gitignore's as one of doublestar's: braces are no
// alternatives, and what ends in "/**" matches what is within and not the
// folder itself.
func glob(s string) string {
	var b strings.Builder
	escaped := false
	for _, r := range first.Replace(classes.Replace(s)) {
		if !escaped && (r == '{' || r == '}') {
			b.WriteByte('\\')
		}
		escaped = !escaped && r == '\\'
		b.WriteRune(r)
	}
	s = b.String()
	if strings.HasSuffix(s, "/**") {
		s += "/*"
	}
	return s
}
