package spec

import (
	"math"
	"strconv"
	"time"
)

// Time is a moment in milliseconds since 1970 UTC. Zero is unset: it is left
// out, or sent as 1970 where a field is required. It is written in UTC with
// three digits of fraction and a Z, such as 2023-03-10T02:19:35.784Z, which
// every known app reads.
type Time int64

// Rating is a mean of ratings from 1 to 5, written with two decimals. Zero is
// unset and left out.
type Rating float64

// The first and the last moment that four digits of year can tell.
var (
	minTime = Time(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	maxTime = Time(time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC).UnixMilli())
)

// String is the time as it is written.
func (t Time) String() string { return string(appendTime(nil, t)) }

func appendTime(dst []byte, ms Time) []byte {
	t := time.UnixMilli(int64(max(minTime, min(ms, maxTime)))).UTC()
	y, mo, d := t.Date()
	h, mi, s := t.Clock()
	dst = append2(append2(dst, y/100), y%100)
	dst = append2(append(dst, '-'), int(mo))
	dst = append2(append(dst, '-'), d)
	dst = append2(append(dst, 'T'), h)
	dst = append2(append(dst, ':'), mi)
	dst = append2(append(dst, ':'), s)
	f := t.Nanosecond() / 1e6
	return append(dst, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10), 'Z')
}

// append2 writes n as two digits.
func append2(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

// appendFloat writes the shortest text that is f. JSON has no infinities and
// no NaN: they are 0.
func appendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	// Gains and peaks have six decimals at most. Text of up to 15 digits that
	// reads back as f is also its shortest, and whole numbers are quicker.
	if micro := math.Round(f * 1e6); math.Abs(micro) < 1e15 && micro/1e6 == f {
		return appendMicro(dst, int64(micro))
	}
	if a := math.Abs(f); a < 1e-6 || a >= 1e21 {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendMicro writes n millionths.
func appendMicro(dst []byte, n int64) []byte {
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendInt(dst, n/1e6, 10)
	n %= 1e6
	if n == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := int64(1e5); n != 0; unit /= 10 {
		dst = append(dst, byte('0'+n/unit))
		n %= unit
	}
	return dst
}

// appendRating writes r, kept within 0 and 5, with two decimals.
func appendRating(dst []byte, r float64) []byte {
	n := 0
	if r > 0 {
		n = int(math.Round(min(r, 5) * 100))
	}
	return append2(append(dst, byte('0'+n/100), '.'), n%100)
}
