package catalog

import (
	"fmt"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// Losses counts what went missing lately, also after the clock has jumped.
func TestLosses(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := t.Context()
		var list []seedSong
		for i := range 10 {
			list = append(list, seedSong{Title: fmt.Sprint(i), Artist: "A", Album: "B"})
		}
		keys := seed(t, c, 1, list)
		if err := c.w.Exec(`INSERT INTO libraries (id, name, location, kind, created_at) SELECT 1, 'M', 'file:///m', 'music', 1 WHERE NOT EXISTS (SELECT 1 FROM libraries WHERE id = 1)`).Error; err != nil {
			t.Fatal(err)
		}
		const hour = 60 * 60 * 1000
		at := now()
		for _, x := range []struct {
			name    string
			from    int64 // guard_from
			missing []int64
			lately  int
		}{
			{"none", at - 5*hour, nil, 0},
			{"within and before", at - 5*hour, []int64{at - hour, at - 6*hour}, 1},
			{"never scanned well", 0, []int64{at - hour, at - 100*hour}, 2},
			{"the clock was ahead a little when they went", at - 5*hour, []int64{at + hour}, 1},
			{"the clock was years ahead when they went", at - 5*hour, []int64{at + 90000*hour}, 0},
			{"the clock was ahead at the last scan", at + 90000*hour, []int64{at - hour, at - 30*hour}, 1},
		} {
			if err := c.w.Exec(`UPDATE songs SET missing_at = 0`).Error; err != nil {
				t.Fatal(err)
			}
			if err := c.w.Exec(`UPDATE libraries SET guard_from = ? WHERE id = 1`, x.from).Error; err != nil {
				t.Fatal(err)
			}
			for i, m := range x.missing {
				if err := c.w.Exec(`UPDATE songs SET missing_at = ? WHERE id = ?`, m, keys[i]).Error; err != nil {
					t.Fatal(err)
				}
			}
			present, lately, err := c.Losses(ctx, 1)
			if err != nil || present != 10-len(x.missing) || lately != x.lately {
				t.Errorf("%s: %d present, %d lately, %v", x.name, present, lately, err)
			}
		}
	})
}

// Only a scan of the whole library that ended well ends an alarm and moves the
// window of losses.
func TestAlarmEndsByAWholeScan(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := t.Context()
		n, err := c.AddLibrary(ctx, &models.Library{Name: "M", Location: "file:///m"})
		if err != nil {
			t.Fatal(err)
		}
		run := func(mode, state, message string) *models.Library {
			t.Helper()
			r := &models.ScanRun{Library: n, Mode: mode}
			if err := c.BeginRun(ctx, r); err != nil {
				t.Fatal(err)
			}
			r.State, r.Message = state, message
			if err := c.EndRun(ctx, r, nil); err != nil {
				t.Fatal(err)
			}
			l, err := c.Library(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		if l := run(models.ScanFolders, models.ScanDone, ""); l.ScannedAt != 0 {
			t.Error("a scan of some folders counts as one of all")
		}
		if l := run(models.ScanFolders, models.ScanFailed, "gone"); l.Alarm != "gone" {
			t.Errorf("alarm %q", l.Alarm)
		}
		for _, x := range [][2]string{{models.ScanFolders, models.ScanDone}, {models.ScanChanges, models.ScanStopped}} {
			if l := run(x[0], x[1], ""); l.Alarm != "gone" {
				t.Errorf("a scan %v ended the alarm", x)
			}
		}
		if l := run(models.ScanChanges, models.ScanDone, ""); l.Alarm != "" || l.ScannedAt == 0 {
			t.Errorf("%+v", l)
		}
		var from int64
		if err := c.r.Raw(`SELECT guard_from FROM libraries WHERE id = ?`, n).Row().Scan(&from); err != nil || from < now()-guardWindow-60_000 || from > now()-guardWindow {
			t.Errorf("the window begins at %d: %v", from, err)
		}
	})
}

// A lease holds others back until it runs out, and not for years because the
// clock was ahead when its holder died.
func TestLeaseOfAClockThatWasAhead(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := t.Context()
		for _, x := range []struct {
			until int64
			want  bool
		}{{now() - 1, true}, {now() + 5000, false}, {now() + 1e12, true}} {
			if err := c.SetSetting(ctx, "scan_lease 1", fmt.Sprintf("%d dead", x.until)); err != nil {
				t.Fatal(err)
			}
			if got, err := c.LeaseScan(ctx, 1, "new", 15000); err != nil || got != x.want {
				t.Errorf("a lease until %d: %v %v", x.until-now(), got, err)
			}
		}
	})
}
