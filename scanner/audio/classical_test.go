package audio

import (
	"reflect"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// TestClassical reads works, movements and groupings as their writers place
// them in ID3v2.
func TestClassical(t *testing.T) {
	text := func(id, s string) []byte { return frame4(id, 0, []byte("\x03"+s)) }
	for _, c := range []struct {
		name      string
		frames    [][]byte
		works     []models.Named
		groupings []string
		movement  string
		n, of     int
	}{
		{"grouping alone", [][]byte{text("TIT1", "Group")}, nil, []string{"Group"}, "", 0, 0},
		{"iTunes: the work beside a movement", [][]byte{text("TIT1", "Symphony No. 5"), text("MVNM", "Allegro"), text("MVIN", "1/4")},
			[]models.Named{{Name: "Symphony No. 5"}}, nil, "Allegro", 1, 4},
		{"iTunes: the work beside a grouping", [][]byte{text("TIT1", "Symphony No. 5"), text("GRP1", "Group")},
			[]models.Named{{Name: "Symphony No. 5"}}, []string{"Group"}, "", 0, 0},
		{"Picard: the work in a frame of its own", [][]byte{text("TIT1", "Group"), text("TXXX", "WORK\x00Symphony No. 5"), text("MVNM", "Allegro"), text("MVIN", "1")},
			[]models.Named{{Name: "Symphony No. 5"}}, []string{"Group"}, "Allegro", 1, 0},
	} {
		f, _ := readBytes(t, "x.mp3", append(id3v2(4, 0, 0, c.frames...), mp3Sound(1, 20)...))
		if !reflect.DeepEqual(f.Works, c.works) || !reflect.DeepEqual(f.Groupings, c.groupings) || f.Movement != c.movement || f.MovementNumber != c.n || f.MovementOf != c.of {
			t.Errorf("%s: works %v, groupings %q, movement %q %d/%d", c.name, f.Works, f.Groupings, f.Movement, f.MovementNumber, f.MovementOf)
		}
	}
}
