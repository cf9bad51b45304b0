package catalog

import (
	"context"
	"errors"
	"sync"
	"testing"

	"gorm.io/gorm"
)

func TestWriteIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		failed := errors.New("no")
		err := c.write(t.Context(), func(tx *gorm.DB) error {
			if err := tx.Exec(`INSERT INTO settings (name, value) VALUES ('a', '1')`).Error; err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = c.write(t.Context(), func(tx *gorm.DB) error {
				if err := tx.Exec(`INSERT INTO settings (name, value) VALUES ('b', '1')`).Error; err != nil {
					t.Error(err)
				}
				panic("a defect")
			})
		}()
		ctx, cancel := context.WithCancel(t.Context())
		err = c.write(ctx, func(tx *gorm.DB) error {
			err := tx.Exec(`INSERT INTO settings (name, value) VALUES ('c', '1')`).Error
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a write that its caller left: %v", err)
		}
		for _, name := range []string{"a", "b", "c"} {
			if v, err := c.Setting(t.Context(), name); err != nil || v != "" {
				t.Errorf("%s = %q %v: it was not rolled back", name, v, err)
			}
		}
		if err := c.SetSetting(t.Context(), "d", "1"); err != nil {
			t.Errorf("after all that no write works: %v", err)
		}
	})
}

// A write that hits a broken statement or connection leaves a working writer.
func TestWriterRecovers(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		if err := c.write(t.Context(), func(tx *gorm.DB) error { return tx.Exec(`INSERT INTO nowhere VALUES (1)`).Error }); err == nil {
			t.Error("a write into no table succeeded")
		}
		if err := c.SetSetting(t.Context(), "a", "1"); err != nil {
			t.Fatal(err)
		}
		if err := c.writer.conn.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.SetSetting(t.Context(), "a", "2"); err != nil {
			t.Fatalf("the writer did not take a new connection: %v", err)
		}
		if v, err := c.Setting(t.Context(), "a"); err != nil || v != "2" {
			t.Errorf("%q %v", v, err)
		}
	})
}

func TestWritersTakeTurns(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		if err := c.SetSetting(t.Context(), "n", "0"); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 10 {
					err := c.write(t.Context(), func(tx *gorm.DB) error { _, err := bump(tx, "n"); return err })
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if v, err := c.Setting(t.Context(), "n"); err != nil || v != "160" {
			t.Errorf("160 additions made %q %v", v, err)
		}
	})
}
