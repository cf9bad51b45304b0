package audio

import (
	"cmp"
	"slices"

	"github.com/songlocker/songlocker/models"
)

const (
	maxChapters     = 10_000 // of one file
	maxChapterTitle = 4096   // bytes
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
