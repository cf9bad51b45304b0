// Package models holds the nouns of Songlocker: songs, albums, artists,
// users and the rest, their ids, and the kinds of error. It imports nothing
// of ours and knows neither files nor tables nor the protocol.
package models

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Kind is what an id names. On the wire it is the id's prefix.
type Kind string

// The kinds of id. Each is two lower-case letters, so that an id needs no
// escaping anywhere.
const (
	KindSong       Kind = "so"
	KindAlbum      Kind = "al"
	KindArtist     Kind = "ar"
	KindFolder     Kind = "fo"
	KindPlaylist   Kind = "pl"
	KindPicture    Kind = "pi"
	KindUser       Kind = "us"
	KindCredential Kind = "cr"
	KindShare      Kind = "sh"
	KindRadio      Kind = "ra"
	KindChannel    Kind = "pc"
	KindEpisode    Kind = "pe"
	KindPlay       Kind = "py"
	KindRun        Kind = "sr"
	KindGenre      Kind = "ge"
)

// Key is the number behind an id and the primary key of its row. Keys are
// made before the insert, grow with time and are never reused. Zero is no key.
type Key int64

// keyEpoch is 2024-01-01T00:00:00Z in Unix milliseconds; keys count from it.
const keyEpoch = 1704067200000

var keys struct {
	sync.Mutex
	last int64
}

// NewKey returns a key that this process has never returned: 42 bits of
// milliseconds and 20 bits that start at random and count up. It may be
// called at once from many places.
func NewKey() Key {
	now := (time.Now().UnixMilli()-keyEpoch)<<20 | rand.Int64N(1<<18)
	keys.Lock()
	defer keys.Unlock()
	if now <= keys.last {
		now = keys.last + 1
	}
	keys.last = now
	return Key(now)
}

// Time returns when the key was made, in Unix milliseconds.
func (k Key) Time() int64 { return int64(k)>>20 + keyEpoch }

// alphabet is base 32 in lower case without letters that look like digits.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// digits is the fixed length of a key as text: 13 digits of 5 bits.
const digits = 13

// String returns the key as 13 letters and digits.
func (k Key) String() string {
	var b [digits]byte
	k.put(b[:])
	return string(b[:])
}

// put writes the key's letters and digits to b.
func (k Key) put(b []byte) {
	v := uint64(k)
	for i := digits - 1; i >= 0; i-- {
		b[i] = alphabet[v&31]
		v >>= 5
	}
}

// ParseKey reads what Key.String wrote. Its second value is false for
// anything else.
func ParseKey(s string) (Key, bool) {
	if len(s) != digits {
		return 0, false
	}
	var v uint64
	for i := range digits {
		d := strings.IndexByte(alphabet, s[i])
		if d < 0 {
			return 0, false
		}
		v = v<<5 | uint64(d)
	}
	if v == 0 || v > 1<<63-1 {
		return 0, false
	}
	return Key(v), true
}

// ID names one thing of one kind.
type ID struct {
	Kind Kind
	Key  Key
}

// String returns the id as it goes over the wire, such as "so-0123456789abc",
// or the empty string for the zero ID.
func (id ID) String() string {
	if id.Key == 0 {
		return ""
	}
	// Lists write thousands of ids: one allocation each.
	var b [len(KindSong) + 1 + digits]byte
	if len(id.Kind) != len(KindSong) {
		return string(id.Kind) + "-" + id.Key.String()
	}
	b[copy(b[:], id.Kind)] = '-'
	id.Key.put(b[len(KindSong)+1:])
	return string(b[:])
}

// ParseID reads what ID.String wrote. Its second value is false for anything
// else; the kind is not checked against the list.
func ParseID(s string) (ID, bool) {
	if len(s) != 3+digits || s[2] != '-' {
		return ID{}, false
	}
	k, ok := ParseKey(s[3:])
	return ID{Kind(s[:2]), k}, ok
}
