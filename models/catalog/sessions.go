package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// CreateSession keeps a web session until expires, in Unix ms. hash is that of
// the secret in the cookie. Sessions that have expired are dropped.
func (c *Catalog) CreateSession(ctx context.Context, hash []byte, user models.Key, expires int64) error {
	if _, err := c.UserByKey(ctx, user); err != nil {
		return err
	}
	err := c.write(ctx, func(tx *gorm.DB) error {
		at := now()
		if err := tx.Exec(`DELETE FROM sessions WHERE expires_at <= ?`, at).Error; err != nil {
			return err
		}
		// GORM takes a slice right behind a parenthesis for a list of values.
		return tx.Exec(`INSERT INTO sessions (user_id, hash, created_at, expires_at) VALUES (?, ?, ?, ?)`, user, hash, at, expires).Error
	})
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	return nil
}

// SessionUser returns whose session has this hash, models.ErrNotFound when
// there is none or it has expired.
func (c *Catalog) SessionUser(ctx context.Context, hash []byte) (*models.User, error) {
	var user models.Key
	err := c.r.WithContext(ctx).Raw(`SELECT user_id FROM sessions WHERE hash = ? AND expires_at > ?`, hash, now()).Row().Scan(&user)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("session: %w", models.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return c.UserByKey(ctx, user)
}

// DeleteSession ends a session; one that is not there is no error.
func (c *Catalog) DeleteSession(ctx context.Context, hash []byte) error {
	return c.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`DELETE FROM sessions WHERE hash = ?`, hash).Error
	})
}

// DeleteSessions ends all sessions of a user.
func (c *Catalog) DeleteSessions(ctx context.Context, user models.Key) error {
	return c.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`DELETE FROM sessions WHERE user_id = ?`, user).Error
	})
}
