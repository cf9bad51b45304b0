package audio

import (
	"math"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// opusReference is what brings a gain against Opus' reference of -23 LUFS to
// ReplayGain's of -18 LUFS, in dB (RFC 7845, section 5.2.1; EBU R 128).
const opusReference = 5

// gain reads the loudness tags into g. What g has already, from a stream's
// header, stays where no tag says otherwise.
func gain(g *models.ReplayGain, v values) {
	set := func(to **float64, value *float64) {
		if value != nil {
			*to = value
		}
	}
	set(&g.TrackGain, decibels(v.first("REPLAYGAIN_TRACK_GAIN")))
	set(&g.AlbumGain, decibels(v.first("REPLAYGAIN_ALBUM_GAIN")))
	set(&g.TrackPeak, peak(v.first("REPLAYGAIN_TRACK_PEAK")))
	set(&g.AlbumPeak, peak(v.first("REPLAYGAIN_ALBUM_PEAK")))
	set(&g.TrackGain, q78(v.first("R128_TRACK_GAIN")))
	set(&g.AlbumGain, q78(v.first("R128_ALBUM_GAIN")))
}

// decibels reads "-6.54 dB" and "+3,2 dB".
func decibels(s string) *float64 {
	n := decimal(s)
	if math.IsNaN(n) || math.Abs(n) > 128 {
		return nil
	}
	return &n
}

// peak reads a peak as a share of full scale.
func peak(s string) *float64 {
	n := decimal(s)
	if math.IsNaN(n) || n < 0 || n > 1000 {
		return nil
	}
	return &n
}

// q78 reads a gain in 1/256 dB against Opus' reference and turns it to
// ReplayGain's (RFC 7845, section 5.2.1).
func q78(s string) *float64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 16)
	if err != nil {
		return nil
	}
	g := float64(n)/256 + opusReference
	return &g
}
