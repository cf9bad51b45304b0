package auth

import (
	"container/list"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/songlocker/songlocker/models"
)

// The cost of a password: the least that OWASP's password storage cheat sheet
// names for Argon2id (19 MiB, two passes, one lane).
const (
	argonMemory  = 19 << 10 // KiB
	argonPasses  = 2
	argonLanes   = 1
	argonSalt    = 16
	argonSum     = 32
	argonAtOnce  = 2
	maxMemory    = 1 << 20 // of a hash that is read, KiB
	maxPasses    = 64
	maxPassword  = 1024 // bytes
	minByPeople  = 8    // characters
	rememberedNo = 1024
)

// CheckPassword refuses what can't be a password at all: an empty one, one of
// more than 1024 bytes, and text that is not UTF-8. An admin's app may set
// short ones.
func CheckPassword(clear string) error {
	switch {
	case clear == "":
		return fmt.Errorf("a password can't be empty: %w", models.ErrMissing)
	case len(clear) > maxPassword || !utf8.ValidString(clear):
		return fmt.Errorf("a password is UTF-8 text of at most %d bytes: %w", maxPassword, models.ErrInvalid)
	}
	return nil
}

// CheckNewPassword is CheckPassword for a password that a person chooses on a
// page or a terminal: at least 8 characters.
func CheckNewPassword(clear string) error {
	if err := CheckPassword(clear); err != nil {
		return err
	}
	if utf8.RuneCountInString(clear) < minByPeople {
		return fmt.Errorf("a password has at least %d characters: %w", minByPeople, models.ErrInvalid)
	}
	return nil
}

// passwords makes and checks argon2id hashes and remembers what it found, so
// that a password costs argon2 once.
type passwords struct {
	slots chan struct{} // one for each argon2 that may run
	key   []byte        // of the process; what is remembered is useless without it
	dummy string        // hash of a password that nobody knows

	mu    sync.Mutex
	right map[models.Key]remembered
	wrong recent[[sha256.Size]byte, struct{}]
}

// remembered is a password that was right for a hash.
type remembered struct {
	hash string
	mac  [sha256.Size]byte
}

func newPasswords() (*passwords, error) {
	p := &passwords{slots: make(chan struct{}, argonAtOnce), key: make([]byte, 32), right: map[models.Key]remembered{}, wrong: newRecent[[sha256.Size]byte, struct{}](rememberedNo)}
	if _, err := rand.Read(p.key); err != nil {
		return nil, err
	}
	salt := make([]byte, argonSalt+argonSum)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	p.dummy = phc(salt[:argonSalt], salt[argonSalt:])
	return p, nil
}

// acquire waits for one of the slots; release gives it back.
func (p *passwords) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *passwords) release() { <-p.slots }

// hash returns the argon2id hash of a password in the PHC string format.
func (p *passwords) hash(ctx context.Context, clear string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer p.release()
	return phc(salt, argon2.IDKey([]byte(clear), salt, argonPasses, argonMemory, argonLanes, argonSum)), nil
}

func phc(salt, sum []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, b.EncodeToString(salt), b.EncodeToString(sum))
}

// mac names a password for a user and that user's hash without being it.
func (p *passwords) mac(user models.Key, name, hash, clear string) [sha256.Size]byte {
	b := make([]byte, 0, 256)
	b = binary.AppendVarint(b, int64(user))
	for _, s := range []string{name, hash, clear} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	h := hmac.New(sha256.New, p.key)
	h.Write(b)
	return [sha256.Size]byte(h.Sum(b[:0]))
}

// verdict is what is known of a password before argon2.
type verdict int

const (
	unknown verdict = iota
	right
	wrong
)

// remembered tells what is known of this password for the user, who has this
// hash now: a changed password changes the hash and with it all answers. For
// names that no user has, user is 0 and the hash "".
func (p *passwords) remembered(user models.Key, name, hash, clear string) (verdict, [sha256.Size]byte) {
	mac := p.mac(user, name, hash, clear)
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.right[user]; ok && r.hash == hash && subtle.ConstantTimeCompare(r.mac[:], mac[:]) == 1 {
		return right, mac
	}
	if _, ok := p.wrong.get(mac); ok {
		return wrong, mac
	}
	return unknown, mac
}

// check runs argon2 and remembers its answer. The caller holds a slot. A user
// of 0 costs as much as one who is there.
func (p *passwords) check(user models.Key, hash, clear string, mac [sha256.Size]byte) bool {
	ok := matches(clear, hash)
	if user == 0 || hash == "" {
		matches(clear, p.dummy)
		ok = false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ok {
		p.right[user] = remembered{hash, mac}
	} else {
		p.wrong.put(mac, struct{}{})
	}
	return ok
}

// matches compares a password with a hash in the PHC string format. Costs
// beyond all reason are taken for a damaged row.
func matches(clear, hash string) bool {
	part := strings.Split(hash, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" {
		return false
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(part[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || memory > maxMemory || passes == 0 || passes > maxPasses || lanes == 0 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if err1 != nil || err2 != nil || len(sum) < 16 || len(sum) > 1024 {
		return false
	}
	got := argon2.IDKey([]byte(clear), salt, passes, memory, lanes, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1
}

// recent is a map that forgets what was not used for longest. Not for use at
// once from many places.
type recent[K comparable, V any] struct {
	limit   int
	entries map[K]*list.Element
	order   *list.List
}

type recentEntry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](limit int) recent[K, V] {
	return recent[K, V]{limit, map[K]*list.Element{}, list.New()}
}

func (r *recent[K, V]) get(k K) (v V, ok bool) {
	el, ok := r.entries[k]
	if !ok {
		return v, false
	}
	r.order.MoveToFront(el)
	return el.Value.(*recentEntry[K, V]).value, true
}

func (r *recent[K, V]) put(k K, v V) {
	if el, ok := r.entries[k]; ok {
		el.Value.(*recentEntry[K, V]).value = v
		r.order.MoveToFront(el)
		return
	}
	r.entries[k] = r.order.PushFront(&recentEntry[K, V]{k, v})
	if r.order.Len() > r.limit {
		delete(r.entries, r.order.Remove(r.order.Back()).(*recentEntry[K, V]).key)
	}
}

func (r *recent[K, V]) remove(k K) {
	if el, ok := r.entries[k]; ok {
		delete(r.entries, k)
		r.order.Remove(el)
	}
}
