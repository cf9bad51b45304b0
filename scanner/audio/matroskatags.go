package audio

import (
	"strings"
)

// The elements of tags (RFC 9559, section 5.1.8).
const (
	mkvTag                                                       = 0x7373
	mkvTargets, mkvTargetValue, mkvTargetType                    = 0x63c0, 0x68ca, 0x63ca
	mkvForTrack, mkvForEdition, mkvForChapter, mkvForAttachment  = 0x63c5, 0x63c9, 0x63c4, 0x63c6
	mkvSimple, mkvSimpleName, mkvSimpleText, mkvSimpleLanguage   = 0x67c8, 0x45a3, 0x4487, 0x447a
	mkvLevelMovement, mkvLevelTrack, mkvLevelPart, mkvLevelAlbum = 20, 30, 40, 50
	mkvLevelEdition                                              = 60
	mkvSimpleTags                                                = 5000 // of one file
)

// mkvLevels are the levels of targets that are only named.
var mkvLevels = map[string]int64{
	"SHOT": 10, "SUBTRACK": 20, "MOVEMENT": 20, "SCENE": 20, "TRACK": 30, "SONG": 30, "CHAPTER": 30, "PART": 40, "SESSION": 40,
	"ALBUM": 50, "OPERA": 50, "CONCERT": 50, "MOVIE": 50, "EPISODE": 50, "EDITION": 60, "ISSUE": 60, "VOLUME": 60, "OPUS": 60,
	"SEASON": 60, "SEQUEL": 60, "COLLECTION": 70,
}

// mkvText is one simple tag with the level that it speaks of.
type mkvText struct {
	level       int64
	own         bool // it names our track as its target
	name, value string
	sort        string // how to sort it
	instrument  string
	language    string
}

// mkvTagged is what the tags of a file say.
type mkvTagged struct {
	title string // of the segment
	texts []mkvText
	track bool // something speaks of a track, and not of the whole
}

// tag reads one Tag.
func (m *mkvReader) tag(e element) error {
	if e.id != mkvTag {
		return nil
	}
	level, named := int64(0), ""
	own, other := false, false
	err := m.each(e.body, e.end, func(e element) error {
		if e.id != mkvTargets {
			return nil
		}
		return m.each(e.body, e.end, func(e element) (err error) {
			var uid int64
			switch e.id {
			case mkvTargetValue:
				level, err = m.number(e)
			case mkvTargetType:
				named, err = m.text(e)
			case mkvForTrack:
				uid, err = m.number(e)
				// Tracks are mostly read before tags.
				if uid != 0 && (m.track == nil || uid != m.track.uid) {
					other = true
				} else if uid != 0 {
					own = true
				}
			case mkvForChapter, mkvForAttachment, mkvForEdition:
				uid, err = m.number(e)
				other = other || uid != 0
			}
			return err
		})
	})
	if err != nil || other && !own {
		return err
	}
	if level == 0 {
		if level = mkvLevels[strings.ToUpper(clean(named))]; level == 0 {
			level = mkvLevelAlbum
		}
	}
	return m.each(e.body, e.end, func(e element) error {
		if e.id != mkvSimple || len(m.tags.texts) >= mkvSimpleTags {
			return nil
		}
		t, err := m.simple(e, 0)
		t.level, t.own = level, own
		if t.name != "" && t.value != "" {
			m.tags.add(m, t)
		}
		return err
	})
}

// simple reads one SimpleTag with those in it that say more of it.
func (m *mkvReader) simple(e element, depth int) (t mkvText, err error) {
	err = m.each(e.body, e.end, func(e element) (err error) {
		switch e.id {
		case mkvSimpleName:
			t.name, err = m.text(e)
			t.name = squeeze(clean(t.name))
		case mkvSimpleText:
			t.value, err = m.text(e)
		case mkvSimpleLanguage:
			t.language, err = m.plain(e)
		case mkvSimple:
			if depth > 0 {
				return nil
			}
			var in mkvText
			in, err = m.simple(e, depth+1)
			switch in.name {
			case "SORTWITH":
				t.sort = in.value
			case "INSTRUMENTS":
				t.instrument = clean(in.value)
			}
		}
		return err
	})
	return t, err
}

// add keeps one text, or what statistics say of the track.
func (g *mkvTagged) add(m *mkvReader, t mkvText) {
	switch {
	case t.name == "BPS":
		m.rate = int64(natural64(t.value))
		return
	case strings.HasPrefix(t.name, "STATISTICS"), strings.HasPrefix(t.name, "NUMBEROF"), t.name == "DURATION", t.name == "ENCODER", t.name == "SOURCEID":
		return
	}
	if t.own && t.level == mkvLevelAlbum {
		t.level = mkvLevelTrack // the tags of a stream that some tools copy
	}
	g.track = g.track || t.level <= mkvLevelTrack
	g.texts = append(g.texts, t)
}

// natural64 reads a number that may be large.
func natural64(s string) float64 {
	if n := decimal(s); n > 0 && n < 1e12 {
		return n
	}
	return 0
}

// fill turns the texts into values. Where something speaks of a track, what
// speaks of the album is the album's: its title, its artist. Else the file is
// the work of a writer who knows no levels, and everything is the track's.
func (g *mkvTagged) fill(m *mkvReader) {
	track, album := values{}, values{}
	for _, t := range g.texts {
		to := track
		name := ""
		switch {
		case t.level > mkvLevelTrack && t.level != mkvLevelAlbum:
			// Of a disc or a set only what it is called and counted counts.
			to, name = album, mkvOuter(t.level, t.name)
			if name == "" {
				continue
			}
		case t.level == mkvLevelAlbum && g.track:
			to, name = album, mkvAlbumName(t.name)
		case t.level < mkvLevelTrack:
			switch t.name {
			case "TITLE":
				name = "MOVEMENTNAME"
			case "PARTNUMBER":
				name = "MOVEMENTNUMBER"
			default:
				continue
			}
		default:
			name = mkvTrackName(t.name)
		}
		value := t.value
		if name == "PERFORMER" && t.instrument != "" {
			value += " (" + t.instrument + ")"
		}
		if name == "LYRICS" && t.language != "" && t.language != "und" {
			name += ":" + t.language
		}
		to.add(name, value)
		if t.sort != "" {
			to.add(name+"SORT", t.sort)
		}
	}
	if len(track["TITLE"]) > 0 && len(track["ALBUM"]) == 0 && !g.track && len(m.f.Chapters) > 1 {
		track.add("ALBUM", track.first("TITLE")) // an album in one file
	}
	m.v.missing(track)
	m.v.missing(album)
	if g.title != "" && len(m.v["TITLE"]) == 0 {
		m.v.add("TITLE", g.title)
	}
}

// mkvNames maps the names of Matroska's tags that mean something else than
// in Vorbis comments (https://www.matroska.org/technical/tagging.html).
var mkvNames = map[string]string{
	"PARTNUMBER": "TRACKNUMBER", "TOTALPARTS": "TRACKTOTAL", "LEADPERFORMER": "PERFORMER", "ACCOMPANIMENT": "PERFORMER", "ACTOR": "PERFORMER",
	"DATERELEASED": "RELEASEDATE", "DATERECORDED": "RECORDINGDATE", "SOUNDENGINEER": "ENGINEER", "REMIXEDBY": "REMIXER", "WRITTENBY": "WRITER",
	"ORIGINALMEDIATYPE": "MEDIA", "REPLAYGAINGAIN": "REPLAYGAIN_TRACK_GAIN", "REPLAYGAINPEAK": "REPLAYGAIN_TRACK_PEAK", "CONTENTTYPE": "",
	"SUMMARY": "DESCRIPTION", "SYNOPSIS": "DESCRIPTION", "ENCODEDBY": "ENCODEDBY",
}

// mkvTrackName returns the canonical name of what is said of a track.
func mkvTrackName(name string) string {
	if n, ok := mkvNames[name]; ok {
		return n
	}
	return freeName(name)
}

// mkvAlbumName is the same of an album.
func mkvAlbumName(name string) string {
	switch name {
	case "TITLE":
		return "ALBUM"
	case "ARTIST":
		return "ALBUMARTIST"
	case "SUBTITLE", "LYRICS", "DURATION", "PARTNUMBER":
		return ""
	case "REPLAYGAINGAIN":
		return "REPLAYGAIN_ALBUM_GAIN"
	case "REPLAYGAINPEAK":
		return "REPLAYGAIN_ALBUM_PEAK"
	}
	return mkvTrackName(name)
}

// mkvOuter is the same of what stands between album and track, a disc, and of
// the set that an album is a part of.
func mkvOuter(level int64, name string) string {
	switch {
	case level < mkvLevelAlbum && name == "PARTNUMBER":
		return "DISCNUMBER"
	case level < mkvLevelAlbum && name == "TITLE":
		return "DISCSUBTITLE"
	case level < mkvLevelAlbum && name == "TOTALPARTS":
		return "TRACKTOTAL"
	}
	return ""
}
