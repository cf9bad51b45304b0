package bucket

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/songlocker/songlocker/storage"
)

// A provider's key may be any text; ours are paths. Most are the same on both
// sides. A part that is empty, as that of "a//b" and the first of "/a", gets
// the name void on ours, and a part that begins with void gets one more, so
// that no two objects ever share a key. Parts "." and "..", which servers and
// proxies on the way take for steps to another object, NUL, and what is no
// UTF-8 are not served.

// void stands for an empty part.
const void = "∅"

// errKey is a provider's key that can't be one of ours.
var errKey = errors.New("its key has a part \".\" or \"..\", a NUL or no UTF-8, which can't be read safely: rename it to play it")

// localKey returns our key for one of the provider, relative to the root.
func localKey(name string) (string, error) {
	if strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name) {
		return "", errKey
	}
	if storage.ValidKey(name) && !strings.Contains(name, void) {
		return name, nil
	}
	parts := strings.Split(name, "/")
	for i, p := range parts {
		switch {
		case p == "." || p == "..":
			return "", errKey
		case p == "" || strings.HasPrefix(p, void):
			parts[i] = void + p
		}
	}
	return strings.Join(parts, "/"), nil
}

// remoteKey returns the provider's key for one of ours, relative to the root;
// false is a key that names nothing.
func remoteKey(key string) (string, bool) {
	if !storage.ValidKey(key) || !utf8.ValidString(key) {
		return "", false
	}
	if !strings.Contains(key, void) {
		return key, true
	}
	parts := strings.Split(key, "/")
	for i, p := range parts {
		if rest, ok := strings.CutPrefix(p, void); ok {
			if rest != "" && !strings.HasPrefix(rest, void) {
				return "", false // its object has a plain name
			}
			parts[i] = rest
		}
	}
	return strings.Join(parts, "/"), true
}

// remotePrefix returns what the provider's keys of all objects begin with
// whose keys begin with prefix, and maybe some others; false is a prefix that
// no key has.
func remotePrefix(prefix string) (string, bool) {
	folder := storage.Folder(prefix)
	if folder == "" {
		if partial(prefix) {
			return "", true
		}
		return prefix, true
	}
	name, ok := remoteKey(strings.TrimSuffix(folder, "/"))
	if !ok {
		return "", false
	}
	name += "/"
	if last := prefix[len(folder):]; !partial(last) {
		name += last
	}
	return name, true
}

// partial tells whether the beginning of a part may differ on the other side.
func partial(part string) bool {
	return strings.HasPrefix(void, part) || strings.HasPrefix(part, void) || !utf8.ValidString(part)
}
