package auth

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// KeyFileName is what the key file is called in the data folder.
const KeyFileName = "songlocker.key"

// keySize is that of AES-256.
const keySize = 32

// key is one key and what is derived from it.
type key struct {
	raw         [keySize]byte
	fingerprint string // tells keys apart and says nothing about them
	aead        cipher.AEAD
}

func newKey(raw []byte) (*key, error) {
	k := &key{}
	if copy(k.raw[:], raw) != keySize || len(raw) != keySize {
		return nil, fmt.Errorf("a key has %d bytes, not %d", len(raw), keySize)
	}
	sum := sha256.Sum256(append([]byte("songlocker key fingerprint\n"), raw...))
	k.fingerprint = hex.EncodeToString(sum[:16])
	block, err := aes.NewCipher(k.raw[:])
	if err != nil {
		return nil, err
	}
	k.aead, err = cipher.NewGCM(block)
	return k, err
}

// Keyring holds the key that seals what must be readable again: passwords for
// token login and the secrets of stores. The key lies in a file outside the
// database; the catalog knows its fingerprint. It may be used at once from
// many places.
type Keyring struct {
	catalog *catalog.Catalog
	path    string
	log     *slog.Logger

	mu     sync.RWMutex
	keys   []*key
	active *key

	// step is called between the steps of what must survive a crash.
	step func(name string)
}

// OpenKeyring reads the key file. Only where the catalog has never had a key
// is one made, with mode 0600. A file that is missing, unreadable or holds
// another key is an error that names the way out; no key is ever replaced.
// A file that others can read draws a warning and no refusal, because mounted
// secrets often look so.
func OpenKeyring(ctx context.Context, c *catalog.Catalog, path string, log *slog.Logger) (*Keyring, error) {
	k := &Keyring{catalog: c, path: path, log: log, step: func(string) {}}
	return k, k.open(ctx)
}

func (k *Keyring) open(ctx context.Context) error {
	fingerprint, err := k.catalog.KeyFingerprint(ctx)
	if err != nil {
		return fmt.Errorf("the key's fingerprint: %w", err)
	}
	if fingerprint == "" {
		err = k.catalog.Rekey(ctx, func(r *catalog.Rekeying) error {
			if fingerprint = r.Fingerprint; fingerprint != "" {
				return nil // another process was faster
			}
			keys, err := k.read()
			if errors.Is(err, fs.ErrNotExist) {
				var fresh *key
				if fresh, err = randomKey(); err == nil {
					keys = []*key{fresh}
					err = k.write(keys)
				}
			}
			if err != nil {
				return err
			}
			fingerprint = keys[0].fingerprint
			return r.Reseal(fingerprint, func(catalog.Sealed) ([]byte, error) { return nil, nil })
		})
		if err != nil {
			return err
		}
	}
	return k.load(fingerprint)
}

// load reads the file and takes the key with this fingerprint.
func (k *Keyring) load(fingerprint string) error {
	keys, err := k.read()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the key file %s is missing, and the catalog holds passwords sealed with it (fingerprint %s): put the file back from a backup or name it with --key-file. If it is lost for good, 'songlocker key reset' makes a new one; then apps must log in once by password, or with new device secrets: %w", k.path, fingerprint, models.ErrUnavailable)
	}
	if err != nil {
		return err
	}
	for _, one := range keys {
		if one.fingerprint == fingerprint {
			k.mu.Lock()
			defer k.mu.Unlock()
			// What this process has read already may be sealed with the last.
			if k.active != nil && k.active.fingerprint != fingerprint {
				keys = append(keys, k.active)
			}
			k.keys, k.active = keys, one
			return nil
		}
	}
	return fmt.Errorf("the key file %s holds another key (fingerprint %s) than the one that this catalog is sealed with (%s): name the right file with --key-file or put it back from a backup. If it is lost for good, remove the wrong file and run 'songlocker key reset': %w", k.path, keys[0].fingerprint, fingerprint, models.ErrConflict)
}

func randomKey() (*key, error) {
	raw := make([]byte, keySize)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	return newKey(raw)
}

// read returns the keys of the file, at least one.
func (k *Keyring) read() ([]*key, error) {
	info, err := os.Stat(k.path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		k.log.Warn("the key file can be read or written by other users of this machine; 'chmod 600' closes it", "file", k.path, "mode", info.Mode().Perm().String())
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	var keys []*key
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		// The decoder's error would quote the file.
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != keySize {
			return nil, fmt.Errorf("the key file %s is damaged: it does not hold %d bytes in base64; put it back from a backup: %w", k.path, keySize, models.ErrInvalid)
		}
		one, err := newKey(raw)
		if err != nil {
			return nil, err
		}
		keys = append(keys, one)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the key file %s is empty: put it back from a backup: %w", k.path, models.ErrInvalid)
	}
	return keys, nil
}

// write replaces the file in one step, so that it is whole at any moment.
func (k *Keyring) write(keys []*key) (err error) {
	var text strings.Builder
	text.WriteString("# The key of a Songlocker catalog. Without it token logins and the stores'\n# secrets can't be read: keep a copy, and keep it apart from the database's.\n")
	for _, one := range keys {
		text.WriteString(base64.StdEncoding.EncodeToString(one.raw[:]) + "\n")
	}
	dir := filepath.Dir(k.path)
	// A crash leaves this name behind, and the next write takes it.
	next := k.path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("key file: %w", err)
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			_ = os.Remove(next) // the first error is the one to tell
			err = fmt.Errorf("key file: %w", err)
		}
	}()
	if _, err = f.WriteString(text.String()); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	k.step("written")
	if err = os.Rename(next, k.path); err != nil {
		return err
	}
	// Not every file system can sync a folder; the rename stands without.
	if d, e := os.Open(dir); e == nil {
		_ = d.Sync()
		d.Close()
	}
	k.step("renamed")
	return nil
}

// Rotate makes a new key and seals everything anew with it. Processes that
// run beside it take the new key by themselves. A crash at any point leaves a
// file and a catalog that fit: the file holds both keys until the catalog's
// change is committed, and only then the new one alone.
func (k *Keyring) Rotate(ctx context.Context) error {
	fresh, err := randomKey()
	if err != nil {
		return err
	}
	err = k.catalog.Rekey(ctx, func(r *catalog.Rekeying) error {
		if err := k.load(r.Fingerprint); err != nil {
			return err
		}
		old := k.current()
		if err := k.write([]*key{old, fresh}); err != nil {
			return err
		}
		err := r.Reseal(fresh.fingerprint, func(s catalog.Sealed) ([]byte, error) {
			clear, err := open(old, s.Table, s.User, s.Row, s.Value)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", s.Table, s.Row, err)
			}
			return seal(fresh, s.Table, s.User, s.Row, clear)
		})
		k.step("resealed")
		return err
	})
	if err != nil {
		return fmt.Errorf("rotate the key: %w", err)
	}
	k.step("committed")
	// The catalog's lock keeps another rotation from writing the file now.
	err = k.catalog.Rekey(ctx, func(r *catalog.Rekeying) error {
		if err := k.load(r.Fingerprint); err != nil {
			return err
		}
		return k.write([]*key{k.current()})
	})
	if err != nil {
		return fmt.Errorf("the key is rotated, but the old one could not be dropped from the file: %w", err)
	}
	return nil
}

// ResetKey gives a catalog whose key is lost a new one. What was sealed is
// dropped: token logins with account passwords work again after one login by
// password, device secrets still work as API keys and as passwords, stores'
// secrets must be given again: the libraries that had one are returned, by
// number. A key file that is there is never replaced (models.ErrConflict).
func ResetKey(ctx context.Context, c *catalog.Catalog, path string, log *slog.Logger) (libraries []int, err error) {
	k := &Keyring{catalog: c, path: path, log: log, step: func(string) {}}
	err = c.Rekey(ctx, func(r *catalog.Rekeying) error {
		libraries = nil
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is a key file at %s: move it away first if it really is not the right one: %w", path, models.ErrConflict)
		}
		fresh, err := randomKey()
		if err != nil {
			return err
		}
		if err := k.write([]*key{fresh}); err != nil {
			return err
		}
		return r.Reseal(fresh.fingerprint, func(s catalog.Sealed) ([]byte, error) {
			if s.Table == tableLibraries {
				libraries = append(libraries, int(s.Row))
			}
			return nil, nil
		})
	})
	slices.Sort(libraries)
	return libraries, err
}

func (k *Keyring) current() *key {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.active
}

// The tables that sealed values are bound to.
const (
	tableUsers       = "users"
	tableCredentials = "credentials"
	tableLibraries   = "libraries"
)

// A sealed value is a byte for this layout, the first bytes of the key's
// fingerprint, the nonce, and the sealed text with its tag.
const (
	layout  = 1
	idSize  = 8
	minSize = 1 + idSize + 12 + 16
)

var errSealed = errors.New("a sealed value can't be read with this key")

// bound is what a sealed value is valid for: one row of one user. A value
// that is copied to another row or user does not open.
func bound(table string, user, row models.Key) []byte {
	b := make([]byte, 0, 48)
	b = append(b, table...)
	b = append(b, ' ')
	b = append(b, user.String()...)
	b = append(b, ' ')
	return append(b, row.String()...)
}

func seal(k *key, table string, user, row models.Key, clear []byte) ([]byte, error) {
	out := make([]byte, 1+idSize+k.aead.NonceSize(), minSize+len(clear))
	out[0] = layout
	copy(out[1:], k.fingerprint[:idSize])
	nonce := out[1+idSize:]
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return k.aead.Seal(out, nonce, clear, bound(table, user, row)), nil
}

func open(k *key, table string, user, row models.Key, sealed []byte) ([]byte, error) {
	if len(sealed) < minSize || sealed[0] != layout {
		return nil, errSealed
	}
	sealed = sealed[1+idSize:]
	clear, err := k.aead.Open(nil, sealed[:12], sealed[12:], bound(table, user, row))
	if err != nil {
		return nil, errSealed
	}
	return clear, nil
}

// unseal returns the text of a sealed value. A value of a key that another
// process has made is opened after reading the file again.
func (k *Keyring) unseal(ctx context.Context, table string, user, row models.Key, sealed []byte) ([]byte, error) {
	if len(sealed) < minSize {
		return nil, errSealed
	}
	if one := k.find(sealed); one != nil {
		return open(one, table, user, row, sealed)
	}
	if err := k.open(ctx); err != nil {
		return nil, err
	}
	if one := k.find(sealed); one != nil {
		return open(one, table, user, row, sealed)
	}
	return nil, errSealed
}

// find returns the key that sealed a value, nil when it is not known.
func (k *Keyring) find(sealed []byte) *key {
	k.mu.RLock()
	defer k.mu.RUnlock()
	id := sealed[1 : 1+idSize]
	if string(id) == k.active.fingerprint[:idSize] {
		return k.active
	}
	for _, one := range k.keys {
		if string(id) == one.fingerprint[:idSize] {
			return one
		}
	}
	return nil
}

// seal seals a text with the key of now. The caller writes the value and then
// calls settle: should another process have rotated the key meanwhile, settle
// replaces the value.
func (k *Keyring) seal(ctx context.Context, table string, user, row models.Key, clear []byte) (sealed []byte, settle func() error, err error) {
	fresh := func() ([]byte, string, error) {
		fingerprint, err := k.catalog.KeyFingerprint(ctx)
		if err != nil {
			return nil, "", err
		}
		if k.current().fingerprint != fingerprint {
			if err := k.load(fingerprint); err != nil {
				return nil, "", err
			}
		}
		sealed, err := seal(k.current(), table, user, row, clear)
		return sealed, fingerprint, err
	}
	sealed, with, err := fresh()
	if err != nil {
		return nil, nil, err
	}
	settle = func() error {
		for old := sealed; ; {
			now, err := k.catalog.KeyFingerprint(ctx)
			if err != nil || now == with {
				return err
			}
			again, fingerprint, err := fresh()
			if err != nil {
				return err
			}
			if err := k.catalog.SwapSealed(ctx, catalog.Sealed{Table: table, User: user, Row: row, Value: again}, old); err != nil {
				return err
			}
			old, with = again, fingerprint
		}
	}
	return sealed, settle, nil
}

// KeepStore seals the secret of a library's store into the catalog; an empty
// one is dropped.
func (k *Keyring) KeepStore(ctx context.Context, l *models.Library, secret storage.Secret) error {
	sealed, settle, err := k.SealStore(ctx, l, secret)
	if err != nil {
		return err
	}
	if err := k.catalog.SetLibrarySecret(ctx, l.Number, sealed); err != nil {
		return err
	}
	return settle()
}

// SealStore seals the secret of a library's store, an empty one to nil. The
// caller writes it and then calls settle.
func (k *Keyring) SealStore(ctx context.Context, l *models.Library, secret storage.Secret) (sealed []byte, settle func() error, err error) {
	if len(secret) == 0 {
		return nil, func() error { return nil }, nil
	}
	clear, err := json.Marshal(map[string]string(secret))
	if err != nil {
		return nil, nil, err
	}
	return k.seal(ctx, tableLibraries, l.Owner, models.Key(l.Number), clear)
}

// StoreSecret returns the secret of a library's store from its sealed form,
// nil from nil.
func (k *Keyring) StoreSecret(ctx context.Context, l *models.Library, sealed []byte) (storage.Secret, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	clear, err := k.unseal(ctx, tableLibraries, l.Owner, models.Key(l.Number), sealed)
	if err != nil {
		return nil, fmt.Errorf("the secret of library %s can't be read: give it again (songlocker library set %q --secret-file FILE): %w: %w", l.Name, l.Name, err, models.ErrUnavailable)
	}
	var secret map[string]string
	if err := json.Unmarshal(clear, &secret); err != nil {
		// The decoder's error may quote what it reads.
		return nil, fmt.Errorf("the secret of library %s is damaged: give it again (songlocker library set %q --secret-file FILE): %w", l.Name, l.Name, models.ErrUnavailable)
	}
	return secret, nil
}
