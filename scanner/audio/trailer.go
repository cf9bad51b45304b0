package audio

import "bytes"

// trailers reads the tags that stand behind the sound (ID3v1, APEv1 and v2,
// Lyrics3, an ID3v2.4 tag with a footer). It returns where the
// sound ends. Tags of the better format win: v keeps what it has, and ID3v1
// goes to f.old, which comes last.
func trailers(s *Source, start int64, f *File, v values) (int64, error) {
	end := s.Size()
	f.old = values{}
	if _, _, err := s.Tail(tailSize); err != nil {
		return end, soft(s, f, err)
	}
	for range maxTags {
		n, err := trailer(s, start, end, f, v)
		if err != nil {
			return end, err
		}
		if n <= 0 || n > end-start {
			return end, nil
		}
		end -= n
	}
	return end, nil
}

// trailer reads the tag that ends at end and returns its length, 0 when there
// is none.
func trailer(s *Source, start, end int64, f *File, v values) (int64, error) {
	room := end - start
	if room < 10 {
		return 0, nil
	}
	from := max(end-256, start)
	b, err := s.Upto(from, int(end-from), nearSize)
	if err != nil {
		return 0, soft(s, f, err)
	}
	last := func(n int) []byte {
		if n > len(b) {
			return nil
		}
		return b[len(b)-n:]
	}
	if t := last(id3v1Size); end == s.Size() && bytes.HasPrefix(t, []byte("TAG")) {
		id3v1(t, f.old)
		return id3v1Size, nil
	}
	if t := last(227); bytes.HasPrefix(t, []byte("TAG+")) {
		return 227, nil // an extended ID3v1 tag: longer texts of the same
	}
	if whole, items, count, ok := apeFooter(last(apeHeader)); ok {
		if items > room {
			f.warn("the APE tag claims %d bytes where %d are left", items, room)
			return apeHeader, nil
		}
		// The window of sound before the tag comes in the same read.
		first := end - items
		if window := max(first-window, start); items > tailSize/2 {
			if _, err := s.Upto(window, int(min(first+2*nearSize, end)-window), nearSize); err != nil {
				return 0, soft(s, f, err)
			}
		}
		if err := apeItems(s, first, end-apeHeader, count, f, v); err != nil {
			return 0, err
		}
		// A footer may claim a header that some tool has cut off.
		if h, err := s.Upto(max(end-whole, start), 8, nearSize); err != nil || whole > room || string(h) != "APETAGEX" {
			return items, s.Err()
		}
		return whole, nil
	}
	if bytes.HasSuffix(b, []byte("LYRICS200")) || bytes.HasSuffix(b, []byte("LYRICSEND")) {
		return lyrics3(s, start, end, f, f.old)
	}
	if t := last(10); bytes.HasPrefix(t, []byte("3DI")) && t[3] == 4 && (t[6]|t[7]|t[8]|t[9])&0x80 == 0 {
		n := synchsafe(t[6:]) + 20
		if n <= room {
			if _, err := id3Tag(s, end-n, end, f, v); err != nil {
				return 0, err
			}
			return n, nil
		}
	}
	return 0, nil
}
