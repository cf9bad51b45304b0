package catalog

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

const credentialColumns = `id, user_id, name, hash, sealed, scope, library_id, created_at, last_used_at, revoked_at`

func scanCredential(rows *sql.Rows) (*models.Credential, error) {
	k := &models.Credential{}
	err := rows.Scan(&k.Key, &k.User, &k.Name, &k.Hash, &k.Sealed, &k.Scope, &k.Library, &k.Created, &k.LastUsed, &k.Revoked)
	return k, err
}

func (c *Catalog) readCredentials(ctx context.Context, p *people) error {
	return c.each(ctx, func(rows *sql.Rows) error {
		k, err := scanCredential(rows)
		if err != nil {
			return err
		}
		if p.byKey[k.User] == nil || len(k.Hash) != sha256.Size {
			return nil
		}
		p.byHash[[sha256.Size]byte(k.Hash)] = k
		p.secrets[k.User] = append(p.secrets[k.User], k)
		return nil
	}, `SELECT `+credentialColumns+` FROM credentials WHERE revoked_at = 0 ORDER BY id`)
}

// CreateCredential adds a device secret. The caller has made k.Key, which the
// sealed copy is bound to, and k.Hash, the SHA-256 of the secret. It sets
// k.Created.
func (c *Catalog) CreateCredential(ctx context.Context, k *models.Credential) error {
	if k.Name == "" {
		return fmt.Errorf("a device secret needs a name: %w", models.ErrMissing)
	}
	if k.Key == 0 || len(k.Hash) != sha256.Size {
		return fmt.Errorf("a device secret without key or hash: %w", models.ErrInvalid)
	}
	if !slices.Contains([]models.Scope{models.ScopeFull, models.ScopeReadOnly, models.ScopeNoDownload, models.ScopeLibrary}, k.Scope) {
		return fmt.Errorf("the scope %q is not one of full, read-only, no-download and library: %w", k.Scope, models.ErrInvalid)
	}
	if (k.Scope == models.ScopeLibrary) != (k.Library != 0) {
		return fmt.Errorf("a library belongs to the scope %q and to no other: %w", models.ScopeLibrary, models.ErrInvalid)
	}
	u, err := c.UserByKey(ctx, k.User)
	if err != nil {
		return err
	}
	if k.Library != 0 && !slices.Contains(u.Libraries, k.Library) {
		return fmt.Errorf("library %d: %w", k.Library, models.ErrNotFound)
	}
	k.Created, k.LastUsed, k.Revoked = now(), 0, 0
	err = c.writeUsers(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`INSERT INTO credentials (id, user_id, name, hash, sealed, scope, library_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			k.Key, k.User, k.Name, k.Hash, k.Sealed, k.Scope, k.Library, k.Created).Error
	})
	if err != nil {
		return fmt.Errorf("add the device secret: %w", err)
	}
	return nil
}

// Credentials returns the user's device secrets that are not revoked, oldest
// first, as the table holds them now.
func (c *Catalog) Credentials(ctx context.Context, user models.Key) ([]*models.Credential, error) {
	var list []*models.Credential
	err := c.each(ctx, func(rows *sql.Rows) error {
		k, err := scanCredential(rows)
		list = append(list, k)
		return err
	}, `SELECT `+credentialColumns+` FROM credentials WHERE user_id = ? AND revoked_at = 0 ORDER BY id`, user)
	if err != nil {
		return nil, fmt.Errorf("device secrets: %w", err)
	}
	return list, nil
}

// LiveCredentials is Credentials from memory: LastUsed may be old. The result
// is shared: read it, do not write.
func (c *Catalog) LiveCredentials(ctx context.Context, user models.Key) ([]*models.Credential, error) {
	p, err := c.people(ctx)
	if err != nil {
		return nil, err
	}
	return p.secrets[user], nil
}

// CredentialByHash returns the live device secret with this SHA-256 from
// memory, else models.ErrNotFound. The result is shared.
func (c *Catalog) CredentialByHash(ctx context.Context, hash [sha256.Size]byte) (*models.Credential, error) {
	p, err := c.people(ctx)
	if err != nil {
		return nil, err
	}
	if k := p.byHash[hash]; k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("device secret: %w", models.ErrNotFound)
}

// RevokeCredential ends one of the user's device secrets for good.
func (c *Catalog) RevokeCredential(ctx context.Context, user, key models.Key) error {
	return c.writeUsers(ctx, func(tx *gorm.DB) error {
		r := tx.Exec(`UPDATE credentials SET revoked_at = ?, sealed = NULL WHERE id = ? AND user_id = ? AND revoked_at = 0`, now(), key, user)
		if r.Error == nil && r.RowsAffected == 0 {
			return models.NotFound(models.ID{Kind: models.KindCredential, Key: key})
		}
		return r.Error
	})
}

// TouchCredential notes when a device secret was used. It changes nothing
// that users see.
func (c *Catalog) TouchCredential(ctx context.Context, key models.Key, at int64) error {
	return c.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE credentials SET last_used_at = ? WHERE id = ? AND last_used_at < ?`, at, key, at).Error
	})
}

// Sealed is a value of one row that is sealed with the key outside the
// database. Table is users, credentials or libraries.
type Sealed struct {
	Table string
	User  models.Key // whom the row belongs to; for users the row itself
	Row   models.Key
	Value []byte
}

// sealedColumns is where sealed values lie, as queries for Sealed's fields
// and as updates.
var sealedColumns = []struct{ table, column, query, update string }{
	{"users", "sealed", `SELECT id, id, sealed FROM users WHERE sealed IS NOT NULL`, `UPDATE users SET sealed = ? WHERE id = ?`},
	{"credentials", "sealed", `SELECT user_id, id, sealed FROM credentials WHERE sealed IS NOT NULL`, `UPDATE credentials SET sealed = ? WHERE id = ?`},
	{"libraries", "secret", `SELECT owner_id, id, secret FROM libraries WHERE secret IS NOT NULL`, `UPDATE libraries SET secret = ? WHERE id = ?`},
}

// blob is a value for a column of bytes; nil, and not an empty value, for none.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// SwapSealed replaces a sealed value if the row still holds old.
func (c *Catalog) SwapSealed(ctx context.Context, s Sealed, old []byte) error {
	for _, t := range sealedColumns {
		if t.table == s.Table {
			return c.writeUsers(ctx, func(tx *gorm.DB) error {
				return tx.Exec(t.update+` AND `+t.column+` = ?`, s.Value, s.Row, old).Error
			})
		}
	}
	return fmt.Errorf("the table %q holds nothing sealed: %w", s.Table, models.ErrInvalid)
}

// Rekeying is a write transaction in which the key outside the database may
// change. No other process has one at the same time.
type Rekeying struct {
	// Fingerprint of the key that sealed all values; "" before there was any.
	Fingerprint string
	tx          *gorm.DB
}

// settingFingerprint is the name under which the key's fingerprint is kept.
const settingFingerprint = "key_fingerprint"

// KeyFingerprint returns the fingerprint of the key that seals values, ""
// before there was any.
func (c *Catalog) KeyFingerprint(ctx context.Context) (string, error) {
	return c.Setting(ctx, settingFingerprint)
}

// Rekey runs f, and keeps what it did when it returns no error.
func (c *Catalog) Rekey(ctx context.Context, f func(*Rekeying) error) error {
	return c.writeUsers(ctx, func(tx *gorm.DB) error {
		r := &Rekeying{tx: tx}
		err := tx.Raw(`SELECT value FROM settings WHERE name = ?`, settingFingerprint).Row().Scan(&r.Fingerprint)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return f(r)
	})
}

// Reseal replaces every sealed value by what f makes of it, nil for none, and
// the fingerprint by that of the new key.
func (r *Rekeying) Reseal(fingerprint string, f func(Sealed) ([]byte, error)) error {
	for _, s := range sealedColumns {
		var list []Sealed
		err := eachRow(r.tx, func(rows *sql.Rows) error {
			v := Sealed{Table: s.table}
			err := rows.Scan(&v.User, &v.Row, &v.Value)
			list = append(list, v)
			return err
		}, s.query)
		if err != nil {
			return err
		}
		for _, v := range list {
			sealed, err := f(v)
			if err != nil {
				return err
			}
			if err := r.tx.Exec(s.update, blob(sealed), v.Row).Error; err != nil {
				return err
			}
		}
	}
	return r.tx.Exec(`INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, settingFingerprint, fingerprint).Error
}
