package subsonic

import (
	"slices"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
)

// players remembers what each app of each user plays now. The zero value is
// ready; it may be used at once from many places.
type players struct {
	sync.Mutex
	now []playing
}

// playing is what one app of one user plays.
type playing struct {
	id     int
	user   models.Key
	name   string // of the user
	client string
	song   models.Key
	since  time.Time
	until  time.Time
}

// playersLimit bounds the players that are remembered.
const playersLimit = 1000

// playerSilence is how long a player that tells nothing new is still shown,
// unless its song is longer.
const playerSilence = 10 * time.Minute

// play notes p, which replaces what the same app of the same user played.
func (l *players) play(p playing, length time.Duration) {
	p.until = p.since.Add(max(length, playerSilence))
	l.Lock()
	defer l.Unlock()
	l.expire(p.since)
	taken := map[int]bool{}
	for i := range l.now {
		if l.now[i].user == p.user && l.now[i].client == p.client {
			p.id = l.now[i].id
			l.now = slices.Delete(l.now, i, i+1)
			break
		}
	}
	for i := range l.now {
		taken[l.now[i].id] = true
	}
	for id := 1; p.id == 0; id++ {
		if !taken[id] {
			p.id = id
		}
	}
	if len(l.now) >= playersLimit {
		l.now = slices.Delete(l.now, 0, 1)
	}
	l.now = append(l.now, p)
}

// list returns what plays now, the latest first.
func (l *players) list(now time.Time) []playing {
	l.Lock()
	defer l.Unlock()
	l.expire(now)
	out := slices.Clone(l.now)
	slices.Reverse(out)
	return out
}

func (l *players) expire(now time.Time) {
	l.now = slices.DeleteFunc(l.now, func(p playing) bool { return now.After(p.until) })
}
