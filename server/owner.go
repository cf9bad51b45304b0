package server

import "context"

func (s *server) hasUser(ctx context.Context) (bool, error)                    { return false, nil }
func (s *server) createOwner(ctx context.Context, name, password string) error { return nil }
