package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// SecretPrefix begins every device secret, so that people and scanners for
// leaked secrets know one when they see it.
const SecretPrefix = "sl_"

// secretSize is the random part in bytes: 32 letters and digits.
const secretSize = 20

// Secret is a new device secret.
type Secret struct {
	Name    string // what it is for: "phone"
	Scope   models.Scope
	Library int // for models.ScopeLibrary
}

// NewSecret makes a device secret for the user and returns its text, which
// can't be had again: "sl_" and 32 lower-case letters and digits. It is good
// as an API key, as a password and in token login.
func (s *Service) NewSecret(ctx context.Context, user models.Key, n Secret) (clear string, k *models.Credential, err error) {
	raw := make([]byte, secretSize)
	if _, err := rand.Read(raw); err != nil {
		return "", nil, err
	}
	clear = SecretPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
	hash := sha256.Sum256([]byte(clear))
	k = &models.Credential{Key: models.NewKey(), User: user, Name: n.Name, Hash: hash[:], Scope: n.Scope, Library: n.Library}
	var settle func() error
	if k.Sealed, settle, err = s.keys.seal(ctx, tableCredentials, user, k.Key, []byte(clear)); err != nil {
		return "", nil, err
	}
	if err := s.catalog.CreateCredential(ctx, k); err != nil {
		return "", nil, err
	}
	return clear, k, settle()
}

// Secrets returns the user's device secrets that are not revoked, oldest
// first.
func (s *Service) Secrets(ctx context.Context, user models.Key) ([]*models.Credential, error) {
	return s.catalog.Credentials(ctx, user)
}

// Revoke ends one of the user's device secrets for good.
func (s *Service) Revoke(ctx context.Context, user, secret models.Key) error {
	return s.catalog.RevokeCredential(ctx, user, secret)
}
