package spec

import (
	"encoding/json"
	"testing"
)

// fullSongs is a page of n songs with every field that the server fills.
func fullSongs(n int) RandomSongs {
	var r RandomSongs
	for range n {
		s := fullSong()
		s.TranscodedContentType, s.TranscodedSuffix, s.OriginalWidth, s.OriginalHeight = "", "", 0, 0
		r.Song = append(r.Song, s)
	}
	return r
}

func benchmark(b *testing.B, f Format, p Payload) {
	r := &Response{ServerVersion: "1.0.0", Payload: p}
	dst := Append(nil, f, "", r)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = Append(dst[:0], f, "", r)
	}
}

func BenchmarkJSON500Songs(b *testing.B) { benchmark(b, JSON, fullSongs(500)) }
func BenchmarkXML500Songs(b *testing.B)  { benchmark(b, XML, fullSongs(500)) }
func BenchmarkJSONPing(b *testing.B)     { benchmark(b, JSON, nil) }

func BenchmarkJSON500Albums(b *testing.B) {
	var l AlbumList2
	for range 500 {
		l.Album = append(l.Album, fullAlbum())
	}
	benchmark(b, JSON, l)
}

// BenchmarkEncodingJSON500Songs is what the standard library takes for the
// same structs.
func BenchmarkEncodingJSON500Songs(b *testing.B) {
	r := fullSongs(500)
	b.ReportAllocs()
	for b.Loop() {
		out, err := json.Marshal(r)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(out)))
	}
}
