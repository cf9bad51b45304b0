package audio

import (
	"strconv"
	"strings"
)

// genreNames are the genres of ID3v1 with the extensions of Winamp, by
// number (https://en.wikipedia.org/wiki/List_of_ID3v1_genres).
var genreNames = strings.Split("Blues|Classic Rock|Country|Dance|Disco|Funk|Grunge|Hip-Hop|Jazz|Metal|New Age|Oldies|Other|Pop|R&B|Rap|Reggae|Rock|Techno|Industrial|"+
	"Alternative|Ska|Death Metal|Pranks|Soundtrack|Euro-Techno|Ambient|Trip-Hop|Vocal|Jazz+Funk|Fusion|Trance|Classical|Instrumental|Acid|House|Game|Sound Clip|Gospel|Noise|"+
	"Alternative Rock|Bass|Soul|Punk|Space|Meditative|Instrumental Pop|Instrumental Rock|Ethnic|Gothic|Darkwave|Techno-Industrial|Electronic|Pop-Folk|Eurodance|Dream|Southern Rock|Comedy|Cult|Gangsta|"+
	"Top 40|Christian Rap|Pop/Funk|Jungle|Native American|Cabaret|New Wave|Psychedelic|Rave|Showtunes|Trailer|Lo-Fi|Tribal|Acid Punk|Acid Jazz|Polka|Retro|Musical|Rock & Roll|Hard Rock|"+
	"Folk|Folk-Rock|National Folk|Swing|Fast Fusion|Bebop|Latin|Revival|Celtic|Bluegrass|Avantgarde|Gothic Rock|Progressive Rock|Psychedelic Rock|Symphonic Rock|Slow Rock|Big Band|Chorus|Easy Listening|Acoustic|"+
	"Humour|Speech|Chanson|Opera|Chamber Music|Sonata|Symphony|Booty Bass|Primus|Porn Groove|Satire|Slow Jam|Club|Tango|Samba|Folklore|Ballad|Power Ballad|Rhythmic Soul|Freestyle|"+
	"Duet|Punk Rock|Drum Solo|A Cappella|Euro-House|Dancehall|Goa|Drum & Bass|Club-House|Hardcore|Terror|Indie|Britpop|Afro-Punk|Polsk Punk|Beat|Christian Gangsta Rap|Heavy Metal|Black Metal|Crossover|"+
	"Contemporary Christian|Christian Rock|Merengue|Salsa|Thrash Metal|Anime|JPop|Synthpop|Abstract|Art Rock|Baroque|Bhangra|Big Beat|Breakbeat|Chillout|Downtempo|Dub|EBM|Eclectic|Electro|"+
	"Electroclash|Emo|Experimental|Garage|Global|IDM|Illbient|Industro-Goth|Jam Band|Krautrock|Leftfield|Lounge|Math Rock|New Romantic|Nu-Breakz|Post-Punk|Post-Rock|Psytrance|Shoegaze|Space Rock|"+
	"Trop Rock|World Music|Neoclassical|Audiobook|Audio Theatre|Neue Deutsche Welle|Podcast|Indie Rock|G-Funk|Dubstep|Garage Rock|Psybient", "|")

// genreName returns the name of an ID3v1 genre number, or "".
func genreName(n int) string {
	if n < 0 || n >= len(genreNames) {
		return ""
	}
	return genreNames[n]
}

// genres resolves the references to ID3v1 genres in one value: "17",
// "(17)", "(51)(39)text", "(RX)", "(CR)", and "((text" for "(text"
// (ID3v2.3, section 4.2.1, TCON). It takes time linear in len(s).
func genres(s string) []string {
	var list []string
	for strings.HasPrefix(s, "(") && len(list) < maxValues {
		if strings.HasPrefix(s, "((") {
			s = s[1:]
			break
		}
		end := strings.IndexByte(s[:min(len(s), 6)], ')')
		if end < 0 {
			break
		}
		name := genreRef(s[1:end])
		if name == "" {
			break
		}
		list = append(list, name)
		s = s[end+1:]
	}
	if s = strings.TrimSpace(s); s == "" {
		return list
	}
	if name := genreRef(s); name != "" {
		s = name
	}
	return append(list, s)
}

// genreRef returns the genre that a number or one of the two short words
// stands for, or "".
func genreRef(s string) string {
	switch s {
	case "RX":
		return "Remix"
	case "CR":
		return "Cover"
	}
	if len(s) == 0 || len(s) > 3 || s[0] == '+' || s[0] == '-' {
		return ""
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return ""
	}
	return genreName(n)
}
