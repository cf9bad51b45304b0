package audio

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/songlocker/songlocker/models"
)

// ErrCut is sound that can't be cut into parts without transcoding; the error
// that wraps it says why, for people.
var ErrCut = errors.New("can't be cut without transcoding")

// Part is one part of an object: how it is cut, and what it then tells of
// itself besides its tags.
type Part struct {
	models.Cut
	models.Properties
	Start time.Duration // where the sound was cut, close to what was asked for
}

// cutter cuts one object where the tracks of a sheet begin. The first begins
// at 0, and each after the one before it.
type cutter func(q *ranges, starts []time.Duration) ([]Part, error)

// Parts cuts the object that r reads, and that Read made f of, where tracks
// begin. Decoded one after the other, the parts are what the whole is: the
// first part begins where the object does, whatever starts says, and the last
// ends where it does. Cuts are made between frames, so a part may begin up to
// half a frame before or after the time asked for.
//
// The error is r's or the context's own, or wraps ErrCut.
func Parts(ctx context.Context, r io.ReaderAt, size int64, f *File, starts []time.Duration) (parts []Part, stats Stats, err error) {
	if f.cut == nil {
		return nil, stats, fmt.Errorf("%s %w", f.Container, ErrCut)
	}
	if len(starts) < 2 {
		return nil, stats, fmt.Errorf("%w: one track is no part", ErrCut)
	}
	starts = append([]time.Duration{0}, starts[1:]...)
	for i, at := range starts[1:] {
		if at <= starts[i] {
			return nil, stats, fmt.Errorf("%w: track %d does not begin after the one before it", ErrCut, i+2)
		}
		if f.Duration > 0 && at >= time.Duration(f.Duration)*time.Millisecond {
			return nil, stats, fmt.Errorf("%w: track %d begins at %v, where the sound has ended", ErrCut, i+2, at.Round(time.Millisecond))
		}
	}
	q := &ranges{ctx: ctx, r: r, size: size}
	defer func() {
		// A panic here is a defect of ours: one file may not stop a scan.
		if p := recover(); p != nil {
			parts, err = nil, fmt.Errorf("%w: the cutter failed: %v", ErrCut, p)
		}
		stats = q.stats
	}()
	parts, err = f.cut(q, starts)
	if err != nil {
		return nil, stats, err
	}
	for i := range parts {
		p := &parts[i]
		p.Object = size
		if p.Kind == models.CutBytes {
			p.Size = int64(len(p.Head)) + p.To - p.From
		}
		p.ContentType, p.Codec = f.ContentType, f.Codec
		p.SampleRate, p.BitDepth, p.Channels = f.SampleRate, f.BitDepth, f.Channels
		if p.SampleRate > 0 {
			p.Duration = (p.Samples*1000 + int64(p.SampleRate)/2) / int64(p.SampleRate)
		}
		if p.Duration > 0 {
			p.BitRate = int(math.Round(float64(p.To-p.From) * 8 / float64(p.Duration)))
		}
	}
	return parts, stats, nil
}

// ranges reads ranges of an object and counts what that costs. Unlike a
// Source it keeps nothing and has no budget.
type ranges struct {
	ctx   context.Context
	r     io.ReaderAt
	size  int64
	stats Stats
}

// read returns n bytes from off, or as many as there are.
func (q *ranges) read(off int64, n int) ([]byte, error) {
	if err := q.ctx.Err(); err != nil {
		return nil, err
	}
	if off < 0 || off >= q.size || n <= 0 {
		return nil, nil
	}
	b := make([]byte, min(int64(n), q.size-off))
	m, err := q.r.ReadAt(b, off)
	q.stats.Requests++
	q.stats.Bytes += int64(m)
	if m < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("the object ended at byte %d of %d: %w", off+int64(m), q.size, io.ErrUnexpectedEOF)
		}
		return nil, err
	}
	return b, nil
}

// cutWAVE slices the sample frames of a WAVE file with this "fmt " chunk.
func cutWAVE(w waveFormat, format []byte) cutter {
	return func(_ *ranges, starts []time.Duration) ([]Part, error) {
		switch {
		case w.tag != 1 && w.tag != 3 && w.tag != 6 && w.tag != 7:
			return nil, fmt.Errorf("WAVE with the codec %s %w", waveCodecs[w.tag], ErrCut)
		case w.align <= 0 || w.rate <= 0 || len(format) < 14:
			return nil, fmt.Errorf("%w: the format of the WAVE file is damaged", ErrCut)
		}
		align := int64(w.align)
		total := w.data.size / align
		at := func(i int) int64 {
			if i == len(starts) {
				return total
			}
			return sampleAt(starts[i], w.rate)
		}
		parts := make([]Part, len(starts))
		for i := range parts {
			from, to := at(i), at(i+1)
			if to <= from || to > total {
				return nil, fmt.Errorf("%w: track %d has no sound", ErrCut, i+1)
			}
			p := &parts[i]
			p.Start, p.Samples = starts[i], to-from
			p.Kind, p.From, p.To = models.CutBytes, w.data.pos+from*align, w.data.pos+to*align
			n := p.To - p.From
			if n > math.MaxUint32-1<<16 {
				return nil, fmt.Errorf("%w: track %d has more than 4 GiB", ErrCut, i+1)
			}
			h := append([]byte("RIFF"), 0, 0, 0, 0)
			h = append(h, "WAVEfmt "...)
			h = binary.LittleEndian.AppendUint32(h, uint32(len(format)))
			h = append(h, format...)
			if len(format)%2 == 1 {
				h = append(h, 0)
			}
			h = append(h, "data"...)
			h = binary.LittleEndian.AppendUint32(h, uint32(n))
			binary.LittleEndian.PutUint32(h[4:], uint32(int64(len(h))-8+n))
			p.Head = h
		}
		return parts, nil
	}
}
