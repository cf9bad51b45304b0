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
	Container string // "mp3", "flac", "ogg", "mp4", "wav", "aiff"
	Reader    int    // version of the reader that filled this
	models.Tags
	models.Properties
	Pictures []models.PictureRef
	Lyrics   []models.Lyrics
	Identity string   // kind, version and digest, such as "mp3-1-9f…"; "" when there is no sound to name
	Warnings []string // what was wrong and passed over, for people
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
	// sniff tells whether head, the first bytes after any ID3v2 tags, begins
	// this container.
	sniff func(head []byte) bool
	// read fills f and puts every tag value into v under canonical names.
	// start is where the container begins: behind any ID3v2 tags.
	read func(s *Source, start int64, f *File, v values) error
}

// containers is in the order in which they are tried.
var containers []*container

func register(c *container) *container {
	containers = append(containers, c)
	return c
}

// Reader returns the version of the reader for the container that suffix
// (lower case, without the dot) usually means; 0 when there is none.
func Reader(suffix string) int {
	for _, c := range containers {
		if c.name == suffixes[suffix] {
			return c.version
		}
	}
	return 0
}

// Read reads the object of this size behind r. name, the object's key, is
// used for its suffix only, where the content leaves a doubt. It returns
// ErrUnknown for what is no audio, the context's error when that ends, and
// r's own error when reading fails; what a damaged file still tells comes
// back without an error, with Warnings.
func Read(ctx context.Context, r io.ReaderAt, size int64, name string) (*File, Stats, error) {
	s := NewSource(ctx, r, size)
	f, err := read(s, name)
	return f, s.Stats(), err
}

// suffixes names the container that a suffix usually means.
var suffixes = map[string]string{
	"mp3": "mp3", "flac": "flac", "ogg": "ogg", "oga": "ogg", "opus": "ogg",
	"m4a": "mp4", "m4b": "mp4", "mp4": "mp4", "wav": "wav", "aiff": "aiff", "aif": "aiff",
}

// read finds the container, reads it, and turns its values into tags.
func read(s *Source, name string) (*File, error) {
	head, err := s.Bytes(0, int(min(s.Size(), blockSize)))
	if err != nil {
		return nil, err
	}
	for _, c := range containers {
		if c.sniff(head) {
			f, v := &File{Container: c.name, Reader: c.version}, values{}
			if err := c.read(s, 0, f, v); err != nil {
				return f, err
			}
			return f, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", name, ErrUnknown)
}
