package catalog

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
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

// Small writes that share a transaction stand each for itself.
func TestSmallWritesTogether(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		if err := c.SetSetting(t.Context(), "n", "0"); err != nil {
			t.Fatal(err)
		}
		// All wait for one turn, so that they come together.
		c.writer.turn <- struct{}{}
		failed := errors.New("no")
		left, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var panics atomic.Int32
		for i := range 40 {
			all.Go(func() {
				ctx := t.Context()
				if i%4 == 3 {
					ctx = left
				}
				defer func() {
					if recover() != nil {
						panics.Add(1)
					}
				}()
				err := c.writeSmall(ctx, func(tx *gorm.DB) error {
					if _, err := bump(tx, "n"); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return failed
					case 2:
						panic("a defect")
					}
					return nil
				})
				switch {
				case i%4 == 0 && err != nil, i%4 == 1 && !errors.Is(err, failed), i%4 == 3 && !errors.Is(err, context.Canceled):
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		for {
			c.writer.queue.Lock()
			n := len(c.writer.queue.list)
			c.writer.queue.Unlock()
			if n == 40 {
				break
			}
			runtime.Gosched()
		}
		leave()
		<-c.writer.turn
		all.Wait()
		if v, err := c.Setting(t.Context(), "n"); err != nil || v != "10" || panics.Load() != 10 {
			t.Errorf("10 good writes among 40 made %q, %d panics, %v", v, panics.Load(), err)
		}
		if err := c.writeSmall(t.Context(), func(tx *gorm.DB) error { return tx.Exec(`INSERT INTO nowhere VALUES (1)`).Error }); err == nil {
			t.Error("a write into no table succeeded")
		}
		if err := c.writeSmall(t.Context(), func(tx *gorm.DB) error { _, err := bump(tx, "n"); return err }); err != nil {
			t.Error(err)
		}
	})
}

// A write that comes after Close fails; it does not wait for ever.
func TestWriteAfterClose(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		nothing := func(*gorm.DB) error { return nil }
		if err := c.write(t.Context(), nothing); err == nil {
			t.Error("a write into a closed catalog succeeded")
		}
		if err := c.writeSmall(t.Context(), nothing); err == nil {
			t.Error("a small write into a closed catalog succeeded")
		}
	})
}
