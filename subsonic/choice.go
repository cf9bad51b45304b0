package subsonic

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/songlocker/songlocker/models"
)

// wanted is what an app asks for of the bytes of a song, apart from the song.
type wanted struct {
	format  string // a suffix or a codec; "raw" is the original, "" anything
	bitRate int    // the highest, in kbit/s; 0 is any
}

// formatRaw asks for the original, whatever else is asked for.
const formatRaw = "raw"

// within narrows what is wanted to the limit of a user.
func (w wanted) within(limit int) wanted {
	if limit > 0 && (w.bitRate <= 0 || limit < w.bitRate) {
		w.bitRate = limit
	}
	return w
}

// fits tells whether the original is what is wanted.
func (w wanted) fits(s *models.Song) bool {
	return w.format == formatRaw || (w.format == "" || isFormat(s, w.format)) && (w.bitRate <= 0 || s.BitRate <= w.bitRate)
}

// isFormat tells whether a song's file is in a format as apps name it.
func isFormat(s *models.Song, format string) bool {
	switch format = strings.ToLower(format); format {
	case "oga", "ogg":
		return s.Suffix == "ogg" || s.Suffix == "oga"
	case "aac", "m4a", "mp4":
		return s.Codec == "aac"
	}
	return s.Suffix == format || s.Codec == format
}

// choose returns the songs that may be sent for s, in the order in which they
// are tried. The first is the answer to what is wanted, byte for byte: a copy
// of the format; or, of copies that are smaller than an original above the bit
// rate, the best one within it, else the smallest; or the original. beside are
// other songs of the same recording, road copies of it for the road, the
// highest bit rate first.
func choose(s *models.Song, beside, road []*models.Song, w wanted) []*models.Song {
	var out []*models.Song
	if !w.fits(s) {
		all := slices.Concat(road, beside)
		slices.SortStableFunc(all, func(a, b *models.Song) int { return cmp.Compare(b.BitRate, a.BitRate) })
		if x := chooseCopy(s, all, w); x != nil {
			out = append(out, x)
		}
	}
	rest := slices.Concat([]*models.Song{s}, beside)
	if w.format != formatRaw {
		rest = append(rest, road...)
	}
	for _, x := range rest {
		if len(out) == 0 || x != out[0] {
			out = append(out, x)
		}
	}
	return out
}

// chooseCopy returns the copy that answers what is wanted, which s does not;
// nil when none does better.
func chooseCopy(s *models.Song, copies []*models.Song, w wanted) *models.Song {
	above := w.bitRate > 0 && s.BitRate > w.bitRate
	var smaller, of []*models.Song
	for _, x := range copies {
		small := x.BitRate > 0 && x.BitRate < s.BitRate
		if small {
			smaller = append(smaller, x)
		}
		if w.format != "" && isFormat(x, w.format) && (small || !above) {
			of = append(of, x)
		}
	}
	best := func(list []*models.Song) *models.Song {
		for _, x := range list {
			if w.bitRate <= 0 || x.BitRate > 0 && x.BitRate <= w.bitRate {
				return x
			}
		}
		if above && len(list) > 0 {
			return list[len(list)-1]
		}
		return nil
	}
	if x := best(of); x != nil {
		return x
	}
	if above {
		return best(smaller)
	}
	return nil
}

// choice returns what may be sent for a song to whoever calls, as choose does.
func (a *API) choice(c Call, s *models.Song, w wanted) ([]*models.Song, error) {
	beside, road, err := a.Catalog.Copies(c, c.Viewer, s)
	if err != nil {
		return nil, err
	}
	return choose(s, beside, road, w), nil
}

// sendChoice sends what is wanted of a song. When that can't be opened the
// next choice follows in the same request, with its own type, length and tag.
// send returns an error only while nothing has been sent.
func (a *API) sendChoice(c Call, s *models.Song, w wanted, send func(*models.Song) error) error {
	at := detour{c.User.Key, c.Client, s.Key, w}
	went := a.detours.of(at)
	list := []*models.Song{s}
	var err error
	asked := went != 0 || !w.fits(s)
	if asked {
		if list, err = a.choice(c, s, w); err != nil {
			return err
		}
	}
	// The rest of a file is that of the file which was begun.
	rest := isRest(c.R)
	if i := slices.IndexFunc(list, func(x *models.Song) bool { return x.Key == went }); rest && i >= 0 {
		return send(list[i])
	}
	first := send(list[0])
	if first == nil {
		if went != 0 && c.R.Method != http.MethodHead {
			a.detours.forget(at)
		}
		return nil
	}
	if rest || c.Err() != nil {
		return first
	}
	if !asked {
		if list, err = a.choice(c, s, w); err != nil {
			return first
		}
	}
	for _, x := range list[1:] {
		a.Log.Warn("a song can't be opened, its copy is sent", "song", idOf(models.KindSong, list[0].Key), "copy", idOf(models.KindSong, x.Key), "error", first)
		for _, name := range []string{"Content-Length", "Content-Range", "Etag", "Last-Modified"} {
			c.W.Header().Del(name)
		}
		if send(x) == nil {
			a.detours.note(at, x.Key)
			return nil
		}
		if c.Err() != nil {
			break
		}
	}
	return first
}

// isRest tells whether a request asks for a part of a file that does not
// begin with it, without naming the file that it belongs to.
func isRest(r *http.Request) bool {
	v := strings.ReplaceAll(r.Header.Get("Range"), " ", "")
	return v != "" && r.Header.Get("If-Range") == "" && !strings.HasPrefix(v, "bytes=0-")
}

// detour is one way of asking for one song.
type detour struct {
	user   models.Key
	client string
	song   models.Key
	w      wanted
}

// detours remembers which song was sent in the place of the one that was
// chosen and could not be opened, so that an app which seeks in it gets the
// same bytes. The zero value is ready.
type detours struct {
	mu sync.Mutex
	to map[detour]models.Key
}

// maxDetours bounds what is remembered.
const maxDetours = 4096

func (d *detours) of(at detour) models.Key {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.to[at]
}

func (d *detours) forget(at detour) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.to, at)
}

func (d *detours) note(at detour, song models.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.to == nil || len(d.to) >= maxDetours {
		d.to = map[detour]models.Key{}
	}
	d.to[at] = song
}
