package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dhowden/tag"
	"github.com/dhowden/tag/mbz"
)

// asked is what github.com/dhowden/tag says of one file, each of its values
// as text under the name that opinion gives our own.
type asked map[string]string

// ask reads content with github.com/dhowden/tag, guarded: it panics, believes
// the lengths that pictures state, and takes quadratic time for genres, which
// therefore come from the raw values. An error is what it cannot read.
func ask(content []byte) (a asked, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	if err := pictureLengths(content); err != nil {
		return nil, err
	}
	m, err := tag.ReadFrom(&limited{bytes.NewReader(content), secondBudget})
	if err != nil {
		return nil, err
	}
	a = opinion(m)
	for _, name := range []string{"TCON", "TCO", "\xa9gen", "genre"} {
		if genre, ok := m.Raw()[name].(string); ok {
			a["genre"] = genre
		}
	}
	ids := mbz.Extract(m)
	for name, id := range map[string]string{"recording id": mbz.Recording, "release id": mbz.Album, "release group id": mbz.ReleaseGroup, "artist id": mbz.Artist, "album artist id": mbz.AlbumArtist} {
		a[name] = ids.Get(id)
	}
	for name, value := range a {
		if a[name] = clean(value); a[name] == "" || a[name] == "0" { // it leaves terminators in
			delete(a, name)
		}
	}
	return a, nil
}

// opinion lists the scalars of m.
func opinion(m tag.Metadata) asked {
	track, tracks := m.Track()
	disc, discs := m.Disc()
	a := asked{"title": m.Title(), "artist": m.Artist(), "album": m.Album(), "album artist": m.AlbumArtist(), "composer": m.Composer(), "comment": m.Comment(), "lyrics": strings.TrimSpace(m.Lyrics())}
	for name, n := range map[string]int{"year": m.Year(), "track": track, "tracks": tracks, "disc": disc, "discs": discs} {
		a[name] = fmt.Sprint(n)
	}
	return a
}

// pictureLengths checks the pictures of FLAC and Ogg, whose stated lengths
// github.com/dhowden/tag allocates unseen.
func pictureLengths(content []byte) error {
	if bytes.HasPrefix(content, []byte("OggS")) {
		if bytes.Contains(bytes.ToUpper(content), []byte("METADATA_BLOCK_PICTURE")) {
			return fmt.Errorf("an Ogg file with pictures, whose lengths are not checked")
		}
		return nil
	}
	if !bytes.HasPrefix(content, []byte("fLaC")) {
		return nil
	}
	for at := 4; at+4 <= len(content); {
		head := binary.BigEndian.Uint32(content[at:])
		size := int(head & 0xffffff)
		at += 4
		if size > len(content)-at {
			return fmt.Errorf("a block of %d bytes where %d are left", size, len(content)-at)
		}
		if head>>24&0x7f == 6 {
			b := content[at : at+size]
			for _, skip := range []int{4, 0, 16} { // before the lengths of type, description and data
				if len(b) < skip+4 {
					return fmt.Errorf("a short picture")
				}
				n := int64(binary.BigEndian.Uint32(b[skip:]))
				if b = b[skip+4:]; n > int64(len(b)) {
					return fmt.Errorf("a picture that claims %d bytes of %d", n, len(b))
				}
				b = b[n:]
			}
		}
		if at += size; head>>31 == 1 {
			break
		}
	}
	return nil
}

// differences are the values of github.com/dhowden/tag that ours do not equal,
// as file and field, by the reason. Each one must be there: a difference that
// is gone is a line to delete.
var differences = map[string][]string{
	"it glues the values of a list together": {
		"alac.m4a genre", "moov-first.m4a genre", "moov-last.m4a genre",
		"id3v23.mp3 artist", "id3v23.mp3 artist id", "id3v23.mp3 genre",
		"id3v24.mp3 artist", "id3v24.mp3 artist id", "id3v24.mp3 genre",
		"id3v24-utf16.mp3 artist", "id3v24-utf16.mp3 artist id", "id3v24-utf16.mp3 genre",
		"tagged.aac artist", "tagged.dsf artist", "tagged.tta artist",
	},
	"it takes the last comment of a list, ours is the first":        {"full.flac genre", "full.flac artist id", "stream.flac genre", "stream.flac artist id"},
	"it shows times where ours shows the words they belong to":      {"full.flac lyrics", "stream.flac lyrics"},
	"it reads one byte of two":                                      {"gnre.m4a track", "gnre.m4a tracks"},
	"it takes the ID3v2 tag in front for the file's":                {"id3-24.flac title"},
	"raw genres are references, and its Genre is not to be asked":   {"id3v22.mp3 genre"},
	"it takes the description of a technical comment for a comment": {"id3v23.mp3 comment", "id3v24.mp3 comment", "id3v24-utf16.mp3 comment"},
}

// TestAgainstTag holds our values against those of github.com/dhowden/tag on
// every fixture: where it has one, ours is equal or the difference is named.
func TestAgainstTag(t *testing.T) {
	compared, unread := 0, 0
	named := map[string]bool{} // and whether it was met
	for _, list := range differences {
		for _, d := range list {
			named[d] = false
		}
	}
	for _, path := range fixtures(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := readBytes(t, path, content)
		theirs, err := ask(content)
		if err != nil {
			unread++
			continue
		}
		ours := opinion(f.Metadata())
		ours["genre"] = f.Metadata().Genre()
		ours["recording id"], ours["release id"], ours["release group id"] = f.RecordingID, f.ReleaseID, f.ReleaseGroupID
		if len(f.ArtistIDs) > 0 {
			ours["artist id"] = f.ArtistIDs[0]
		}
		if len(f.AlbumArtistIDs) > 0 {
			ours["album artist id"] = f.AlbumArtistIDs[0]
		}
		name := filepath.Base(path)
		for field, value := range theirs {
			compared++
			d := name + " " + field
			_, known := named[d]
			if equal := value == ours[field]; !equal && !known {
				t.Errorf("%s is %q here, %q there", d, ours[field], value)
			} else if !equal {
				named[d] = true
			}
		}
	}
	for d, met := range named {
		if !met {
			t.Errorf("%s differs no more: delete the line", d)
		}
	}
	t.Logf("%d values compared, %d files that it does not read", compared, unread)
	if compared < 150 {
		t.Errorf("only %d values compared", compared)
	}
}

// TestAskIsGuarded shows the guard what github.com/dhowden/tag chokes on.
func TestAskIsGuarded(t *testing.T) {
	bomb := bytesOf("fLaC", "\x86\x00\x00\x40", "\x00\x00\x00\x03", "\x00\x00\x00\x00", "\x00\x00\x00\x00", strings.Repeat("\x00", 16), "\xff\xff\xff\xff", strings.Repeat("x", 28))
	for name, content := range map[string][]byte{
		"picture of 4 GB":   bomb,
		"block without end": bytesOf("fLaC", "\x06\xff\xff\xff", "short"),
		"Ogg with pictures": bytesOf("OggS", strings.Repeat("\x00", 60), "metadata_block_picture=AAAA"),
		"text typed as a number": []byte("\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00\x00\x00\x00\x40moov\x00\x00\x00\x38udta\x00\x00\x00\x30meta\x00\x00\x00\x00\x00\x00\x00\x24ilst\x00\x00\x00\x1c\xa9nam" +
			"\x00\x00\x00\x14data\x00\x00\x00\x15\x00\x00\x00\x00abcd"),
	} {
		if a, err := ask(content); err == nil {
			t.Errorf("%s: asked, and told %v", name, a)
		}
	}
	if err := pictureLengths(bytesOf("fLaC", "\x86\x00\x00\x23", "\x00\x00\x00\x03", "\x00\x00\x00\x00", "\x00\x00\x00\x00", strings.Repeat("\x00", 16), "\x00\x00\x00\x03", "abc")); err != nil {
		t.Errorf("a good picture: %v", err)
	}
}

// bytesOf joins the parts of an input.
func bytesOf(parts ...string) []byte { return []byte(strings.Join(parts, "")) }
