package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"github.com/songlocker/songlocker/models"
)

// SessionLife is how long a web session lasts.
const SessionLife = 30 * 24 * time.Hour

// NewSession begins a web session and returns the text for its cookie, 26
// letters and digits, of which only the hash is kept.
func (s *Service) NewSession(ctx context.Context, user models.Key) (cookie string, expires time.Time, err error) {
	cookie, expires = rand.Text(), time.Now().Add(SessionLife)
	hash := sha256.Sum256([]byte(cookie))
	return cookie, expires, s.catalog.CreateSession(ctx, hash[:], user, expires.UnixMilli())
}

// SessionUser returns whose session a cookie names, models.ErrNotFound when it
// has expired or never was.
func (s *Service) SessionUser(ctx context.Context, cookie string) (*models.User, error) {
	hash := sha256.Sum256([]byte(cookie))
	return s.catalog.SessionUser(ctx, hash[:])
}

// EndSession ends a web session.
func (s *Service) EndSession(ctx context.Context, cookie string) error {
	hash := sha256.Sum256([]byte(cookie))
	return s.catalog.DeleteSession(ctx, hash[:])
}
