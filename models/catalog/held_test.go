package catalog

import (
	"testing"

	"github.com/songlocker/songlocker/models"
)

// What a scan held that was cut off goes when the next one of the library
// begins, whether that holds anything or not.
func TestHeldGoesWithTheNextRun(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := t.Context()
		for _, library := range []int{1, 2} {
			if err := c.Hold(ctx, library, 0, []byte("held")); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.BeginRun(ctx, &models.ScanRun{Library: 1}); err != nil {
			t.Fatal(err)
		}
		if body, err := c.Held(ctx, 1, 0); err == nil {
			t.Errorf("%q is still held", body)
		}
		if body, err := c.Held(ctx, 2, 0); err != nil || string(body) != "held" {
			t.Errorf("of another library: %q %v", body, err)
		}
	})
}
