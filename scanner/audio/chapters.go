package audio

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/songlocker/songlocker/models"
)

const (
	maxChapters     = 10_000 // of one file
	maxChapterTitle = 4096   // bytes
	maxChapterFrame = 8 << 10
)

// chapter notes one chapter; what cannot be one is passed over.
func (f *File) chapter(c models.Chapter) {
	if len(f.Chapters) >= maxChapters || c.Start < 0 || c.Start > 1e11 {
		return
	}
	if c.End <= c.Start || c.End > 1e11 {
		c.End = 0
	}
	c.Title = clean(c.Title[:min(len(c.Title), maxChapterTitle)])
	f.Chapters = append(f.Chapters, c)
}

// chapters puts the chapters in the order of their starts and drops those
// that begin behind the sound's end and those that are there twice.
func (f *File) chapters() {
	if f.Chapters == nil {
		return
	}
	slices.SortStableFunc(f.Chapters, func(a, b models.Chapter) int { return cmp.Compare(a.Start, b.Start) })
	f.Chapters = slices.DeleteFunc(f.Chapters, func(c models.Chapter) bool { return f.Duration > 0 && c.Start > f.Duration })
	f.Chapters = slices.Compact(f.Chapters)
	if len(f.Chapters) == 0 {
		f.Chapters = nil
	}
}

// commentChapters reads chapters from comments: CHAPTER001=HH:MM:SS.mmm with
// CHAPTER001NAME=Title (https://wiki.xiph.org/Chapter_Extension), also in the
// two digits of the format that it follows.
func commentChapters(f *File, v values) {
	if len(f.Chapters) > 0 {
		return
	}
	for _, digits := range []int{3, 2} {
		for n := 0; n <= 999; n++ {
			name := fmt.Sprintf("CHAPTER%0*d", digits, n)
			list := v[name]
			if len(list) == 0 {
				if n > 1 {
					break
				}
				continue
			}
			at, rest, ok := stamp("["+list[0]+"]", '[', ']')
			if ok && rest == "" {
				f.chapter(models.Chapter{Start: at, Title: v.first(name + "NAME")})
			}
		}
		if len(f.Chapters) > 0 {
			return
		}
	}
}

// id3Chapter is a CHAP frame.
type id3Chapter struct {
	id string
	models.Chapter
}

// chapter reads a CHAP frame (ID3v2 Chapter Frame Addendum, section 3.1).
func (t *id3) chapter(b []byte) {
	id, b, ok := bytes.Cut(b, []byte{0})
	if !ok || len(b) < 16 || len(t.chapters) >= maxChapters {
		return
	}
	c := id3Chapter{string(id), models.Chapter{Start: int64(binary.BigEndian.Uint32(b)), End: int64(binary.BigEndian.Uint32(b[4:]))}}
	if c.End == 0xffffffff {
		c.End = 0
	}
	c.Title = t.inner(b[16:])
	t.chapters = append(t.chapters, c)
}

// contents reads a CTOC frame (section 3.2): chapters that no table of
// contents names are not shown.
func (t *id3) contents(b []byte) {
	_, b, ok := bytes.Cut(b, []byte{0})
	if !ok || len(b) < 2 {
		return
	}
	n := int(b[1])
	b = b[2:]
	for range n {
		var id []byte
		if id, b, ok = bytes.Cut(b, []byte{0}); !ok {
			return
		}
		if t.listed == nil {
			t.listed = map[string]bool{}
		}
		if len(t.listed) < maxChapters {
			t.listed[string(id)] = true
		}
	}
}

// inner returns the title among the frames within a chapter.
func (t *id3) inner(b []byte) string {
	header := 10
	if t.version == 2 {
		header = 6
	}
	for len(b) > header {
		id, ok := frameID(b, t.version)
		if !ok {
			return ""
		}
		var n int64
		switch t.version {
		case 2:
			n = int64(b[3])<<16 | int64(b[4])<<8 | int64(b[5])
		case 3:
			n = int64(binary.BigEndian.Uint32(b[4:]))
		default:
			if n = synchsafe(b[4:]); t.plain {
				n = int64(binary.BigEndian.Uint32(b[4:]))
			}
		}
		b = b[header:]
		n = min(n, int64(len(b)))
		if id == "TIT2" && n > 1 {
			enc, text := b[0], b[1:n]
			if list := splitText(min(enc, encUTF8), text); len(list) > 0 {
				return list[0]
			}
		}
		b = b[n:]
	}
	return ""
}

// finishChapters hands the chapters of the tag over. Those of an earlier tag
// win.
func (t *id3) finishChapters() {
	if len(t.f.Chapters) > 0 {
		return
	}
	known := slices.ContainsFunc(t.chapters, func(c id3Chapter) bool { return t.listed[c.id] })
	for _, c := range t.chapters {
		if !known || t.listed[c.id] {
			t.f.chapter(c.Chapter)
		}
	}
}
