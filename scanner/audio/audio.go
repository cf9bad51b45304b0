// Package audio reads what an audio file says of itself: its tags, its
// properties, where its pictures lie, and what the sound is whatever the
// tags say. It reads ranges, never whole objects, trusts no length that a
// file states, and knows neither stores nor the catalog.
package audio

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/songlocker/songlocker/models"
)

// File is what one object told.
type File struct {
	Container string // "mp3", "flac", "ogg", "mp4", "wav", "ape"... the name of one of the containers
	Reader    int    // version of the reader that filled this
	models.Tags
	models.Properties
	Pictures []models.PictureRef
	Lyrics   []models.Lyrics
	Chapters []models.Chapter // in the order of their starts
	Identity string           // kind, version and digest, such as "mp3-1-9f…"; "" when there is no sound to name
	Warnings []string         // what was wrong and passed over, for people

	inFrames []int  // those of Lyrics whose stamps count MPEG frames while the file is read
	Sheet    *Sheet // the cue sheet within the file, nil when there is none

	cut cutter // how the sound is cut into parts; nil when it can't be
	old values // of an ID3v1 tag or Lyrics3: they come last
}

// warn notes something that was wrong and passed over.
func (f *File) warn(format string, args ...any) {
	if len(f.Warnings) < 20 {
		f.Warnings = append(f.Warnings, fmt.Sprintf(format, args...))
	}
}

// ErrUnknown is an object that no reader recognises.
var ErrUnknown = errors.New("no known audio format")

// container is one format: how to recognise it and how to read it.
type container struct {
	name    string
	version int // a higher one makes every file of this container due for rereading
	// sniff tells whether head, the first bytes after any tags in front, begins
	// this container. Up to 4 KiB are shown.
	sniff func(head []byte) bool
	// read fills f and puts every tag value into v under canonical names.
	// start is where the container begins: behind any tags in front. An error is
	// the store's, the context's or the budget's; what is merely damaged is a
	// warning.
	read func(s *Source, start int64, f *File, v values) error
	// front tells that ID3v2 in front is how this container is tagged: v
	// begins with its values. Elsewhere the container's own tags win.
	front bool
}

// containers is in the order in which they are tried; mpeg follows them.
var containers = []*container{
	flac, mp4, ogg, wav, aiff, asf, matroska,
	monkey, wavpack, musepack, tta, dsf, dff, w64, caf, au, ac3, dts, adts,
}

// Options are the choices that reading leaves to its caller.
type Options struct {
	// GuessEncodings recovers text whose encoding is not the one that its tag
	// names, such as Shift-JIS in a tag of Latin-1. Every recovery is a warning.
	GuessEncodings bool
}

// Read is Options.Read with encodings guessed.
func Read(ctx context.Context, r io.ReaderAt, size int64, name string) (*File, Stats, error) {
	return Options{GuessEncodings: true}.Read(ctx, r, size, name)
}

// Read reads the object of this size behind r. name, the object's key, is
// used for its suffix only, where the content leaves a doubt. It returns
// ErrUnknown for what no reader recognises, the context's error when that
// ends, and r's own error when reading fails; what a damaged file still tells
// comes back without an error, with Warnings.
func (o Options) Read(ctx context.Context, r io.ReaderAt, size int64, name string) (*File, Stats, error) {
	s := NewSource(ctx, r, size)
	defer s.release()
	f, err := o.read(s, suffix(name))
	return f, s.Stats(), err
}

// read finds the container, reads it, and turns its values into tags.
func (o Options) read(s *Source, suffix string) (*File, error) {
	f, front := &File{}, values{}
	var start int64
	err := guard(f, func() (err error) {
		if start, err = id3Front(s, f, front); err == nil {
			start, err = apeFront(s, start, f, front)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	// Behind a tag with a picture lies the sound: a window of it is enough.
	ahead := blockSize
	if start > 0 {
		ahead = 2 * window
	}
	head, err := s.Upto(start, nearSize, ahead)
	if err != nil {
		return nil, err
	}
	c, v := recognise(head), values{}
	if c == nil {
		if !mpegLike(s, start, suffix) {
			return nil, ErrUnknown
		}
		c = mpeg
	}
	if c.front {
		v = front
	}
	f.Container, f.Reader = c.name, c.version
	f.ContentType = contentTypes[c.name]
	if known := formats[suffix]; known.container == c.name {
		f.ContentType = known.mime
	}
	err = guard(f, func() error { return c.read(s, start, f, v) })
	switch {
	case s.Err() != nil:
		return nil, s.Err()
	case errors.Is(err, ErrUnknown):
		return nil, err
	case err != nil:
		f.warn("%v", err)
	}
	v.missing(front)
	v.missing(f.old)
	if len(v) == 0 && len(f.Pictures) == 0 && len(f.Lyrics) == 0 {
		second(s, f, v)
	}
	f.frameStamps()
	settle(f, v, o.GuessEncodings)
	fill(f, v)
	lyrics(f, v)
	commentChapters(f, v)
	sheet(f, v)
	f.chapters()
	return f, nil
}

// recognise returns the container that head begins, or nil.
func recognise(head []byte) *container {
	for _, c := range containers {
		if c.sniff(head) {
			return c
		}
	}
	return nil
}

// guard runs a reader. A panic of it, which is a defect of ours, becomes a
// warning: one file may not stop a scan.
func guard(f *File, read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			f.warn("the reader failed: %v", p)
		}
	}()
	return read()
}
