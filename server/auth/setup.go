package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/songlocker/songlocker/models"
)

// SetupLife is how long a setup link is good for.
const SetupLife = time.Hour

// Setup is the one-time right to make the first user. Each start of the
// server makes a new one; it lives in memory only.
type Setup struct {
	service *Service
	token   string
	expires time.Time
	now     func() time.Time
}

// NewSetup returns the right to make the first user within an hour.
func (s *Service) NewSetup() *Setup {
	return &Setup{service: s, token: rand.Text(), expires: time.Now().Add(SetupLife), now: time.Now}
}

// Token is the secret part of the setup link: letters and digits.
func (s *Setup) Token() string { return s.token }

// Needed tells whether there is no user yet.
func (s *Setup) Needed(ctx context.Context) (bool, error) {
	users, err := s.service.catalog.Users(ctx)
	return err == nil && len(users) == 0, err
}

// Check tells whether the token is good now. A wrong one, one that has
// expired and one where there is a user already are models.ErrNotFound.
func (s *Setup) Check(ctx context.Context, token string) error {
	same := subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
	needed, err := s.Needed(ctx)
	if err != nil {
		return err
	}
	if !same || !needed || !s.now().Before(s.expires) {
		return fmt.Errorf("this setup link is used up or has expired: restart the server for a new one: %w", models.ErrNotFound)
	}
	return nil
}

// Finish makes the owner. CheckNewPassword's rules hold.
func (s *Setup) Finish(ctx context.Context, token, name, clear string) (*models.User, error) {
	if err := s.Check(ctx, token); err != nil {
		return nil, err
	}
	if err := CheckNewPassword(clear); err != nil {
		return nil, err
	}
	return s.service.CreateOwner(ctx, name, clear)
}
