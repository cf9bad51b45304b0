package catalog

import "context"

// Trim gives back memory that a large write needed, such as the engine's
// cache of pages. Reads are a little slower until it has filled again.
func (c *Catalog) Trim(ctx context.Context) error {
	if c.engine.name() != (sqliteEngine{}).name() {
		return nil // the memory is another process's
	}
	if err := c.w.WithContext(ctx).Exec("PRAGMA shrink_memory").Error; err != nil {
		return err
	}
	db, err := c.r.DB()
	if err != nil {
		return err
	}
	// Idle connections are closed with their caches and made again when asked for.
	db.SetMaxIdleConns(1)
	db.SetMaxIdleConns(readers())
	return nil
}
