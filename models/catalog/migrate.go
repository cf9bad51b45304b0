package catalog

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/go-gormigrate/gormigrate/v2"
	"gorm.io/gorm"
)

//go:embed 0001_catalog.sql
var sql0001 string

//go:embed 0002_scanning.sql
var sql0002 string

//go:embed 0003_buckets.sql
var sql0003 string

// migrations only ever add: a table, a column with a default, an index. Each
// is frozen text that no later change of the program touches.
func (c *Catalog) migrations() []*gormigrate.Migration {
	return []*gormigrate.Migration{
		{ID: "0001_catalog", Migrate: c.script(sql0001, `INSERT INTO settings (name, value) VALUES ('catalog_version', '1'), ('users_version', '1')`)},
		{ID: "0002_scanning", Migrate: c.script(sql0002)},
		{ID: "0003_buckets", Migrate: c.script(sql0003)},
	}
}

// script runs every statement of the texts.
func (c *Catalog) script(texts ...string) gormigrate.MigrateFunc {
	return func(tx *gorm.DB) error {
		for _, text := range texts {
			for stmt := range strings.SplitSeq(stripComments(text), ";") {
				if stmt = strings.TrimSpace(stmt); stmt == "" {
					continue
				}
				if err := tx.Exec(c.engine.ddl(stmt)).Error; err != nil {
					return fmt.Errorf("%.60s…: %w", stmt, err)
				}
			}
		}
		return nil
	}
}

// stripComments drops what follows "--" in a script's lines, which may hold
// semicolons.
func stripComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "--")
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// migrate brings the schema up to date, all steps or none. A catalog that
// holds a step unknown to this binary is refused untouched.
func (c *Catalog) migrate(ctx context.Context, readOnly bool) error {
	steps := c.migrations()
	known := make([]string, len(steps))
	for i, s := range steps {
		known[i] = s.ID
	}
	var have []string
	if c.w.Migrator().HasTable("migrations") {
		if err := c.w.WithContext(ctx).Raw(`SELECT id FROM migrations ORDER BY id`).Scan(&have).Error; err != nil {
			return fmt.Errorf("read the catalog's version: %w", err)
		}
	}
	for _, id := range have {
		if !slices.Contains(known, id) {
			return fmt.Errorf("%w (it has step %s)", ErrNewer, id)
		}
	}
	if len(have) == len(known) {
		return nil
	}
	if readOnly {
		return fmt.Errorf("the catalog has %d of %d schema steps and is opened for reading only", len(have), len(known))
	}
	return c.migrateTo(ctx, steps)
}

// migrateTo makes those of steps that the catalog does not have.
func (c *Catalog) migrateTo(ctx context.Context, steps []*gormigrate.Migration) error {
	m := gormigrate.New(c.w.WithContext(ctx), &gormigrate.Options{
		TableName: "migrations", IDColumnName: "id", IDColumnSize: 255, UseTransaction: true,
	}, steps)
	if err := m.Migrate(); err != nil {
		return fmt.Errorf("upgrade the catalog: %w", err)
	}
	return nil
}
