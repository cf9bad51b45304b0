package catalog

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/songlocker/songlocker/models"
)

// A card is a whole song or album in one column, so that a list of 500 reads
// two columns a row and not fifty. It is a sequence of (field number, value)
// in ascending order; a field that is zero is left out, a reader skips the
// numbers that it does not know. Numbers are never reused.

// errCard is a card that does not parse.
var errCard = errors.New("damaged card in the catalog")

// card reads or writes one sequence of fields. The same function visits the
// fields both ways, so they can't drift apart.
type card struct {
	write bool
	out   []byte
	in    string
	num   uint64 // of the next field, when reading
	body  string // of the next field, when reading
	bad   bool
	slab  *slab // of lists, when reading
}

// slab is what the lists of many cards that are read together are cut from, so
// that a page of 500 songs costs dozens of allocations and not thousands. It
// is for one goroutine; what was cut from it lives as long as any of it.
type slab struct {
	texts   []string
	credits []models.Credit
	roles   []models.RoleName
	named   []models.Named
	discs   []models.Disc
	floats  []float64
	item    card // of the list that is being read
	step    int  // items of the next piece
}

// slabMost bounds the items that a slab holds ready of one type.
const slabMost = 512

// cut returns a list of n zero items from what is ready, or from a new piece.
// Pieces grow: one card needs little, a page much.
func cut[T any](s *slab, ready *[]T, n int) []T {
	if n > len(*ready) {
		s.step = min(max(4, s.step*2), slabMost)
		*ready = make([]T, max(n, s.step))
	}
	list := (*ready)[:n:n]
	*ready = (*ready)[n:]
	return list
}

// next reads the head of the next field.
func (c *card) next() {
	if c.in == "" {
		c.num = math.MaxUint64
		return
	}
	// Most numbers and lengths are one byte each.
	if len(c.in) > 1 && c.in[0] < 0x80 && c.in[1] < 0x80 {
		if end := 2 + int(c.in[1]); end <= len(c.in) {
			c.num, c.body, c.in = uint64(c.in[0]), c.in[2:end], c.in[end:]
			return
		}
	}
	num, a := uvarint(c.in)
	n, b := uvarint(c.in[min(a, len(c.in)):])
	if a <= 0 || b <= 0 || n > uint64(len(c.in)-a-b) {
		c.bad, c.num, c.in = true, math.MaxUint64, ""
		return
	}
	c.num = num
	c.body = c.in[a+b : a+b+int(n)]
	c.in = c.in[a+b+int(n):]
}

// field positions a reader on field num and tells whether it is there.
func (c *card) field(num uint64) bool {
	for c.num < num {
		c.next()
	}
	return c.num == num
}

func (c *card) put(num uint64, n int) {
	c.out = binary.AppendUvarint(c.out, num)
	c.out = binary.AppendUvarint(c.out, uint64(n))
}

func (c *card) text(num uint64, p *string) {
	if c.write {
		if *p != "" {
			c.put(num, len(*p))
			c.out = append(c.out, *p...)
		}
	} else if c.field(num) {
		*p = c.body
	}
}

func cardInt[T ~int | ~int64](c *card, num uint64, p *T) {
	if c.write {
		if *p != 0 {
			var b [binary.MaxVarintLen64]byte
			n := binary.PutVarint(b[:], int64(*p))
			c.put(num, n)
			c.out = append(c.out, b[:n]...)
		}
	} else if c.field(num) {
		*p = T(c.varint())
	}
}

func (c *card) flag(num uint64, p *bool) {
	if c.write {
		if *p {
			c.put(num, 0)
		}
	} else if c.field(num) {
		*p = true
	}
}

func (c *card) float(num uint64, p **float64) {
	if c.write {
		if *p != nil {
			c.put(num, 8)
			c.out = binary.BigEndian.AppendUint64(c.out, math.Float64bits(**p))
		}
	} else if c.field(num) {
		if len(c.body) != 8 {
			c.bad = true
			return
		}
		var v uint64
		for i := range 8 {
			v = v<<8 | uint64(c.body[i])
		}
		f := &cut(c.slab, &c.slab.floats, 1)[0]
		*f = math.Float64frombits(v)
		*p = f
	}
}

// cardList holds a count and each item as a card of its own. Items of one
// text field are that text. ready is the slab's list of the type.
func cardList[T any](c *card, num uint64, p *[]T, item func(*card, *T), ready func(*slab) *[]T) {
	if c.write {
		if len(*p) == 0 {
			return
		}
		var body []byte
		body = binary.AppendUvarint(body, uint64(len(*p)))
		for i := range *p {
			e := card{write: true}
			item(&e, &(*p)[i])
			body = binary.AppendUvarint(body, uint64(len(e.out)))
			body = append(body, e.out...)
		}
		c.put(num, len(body))
		c.out = append(c.out, body...)
		return
	}
	if !c.field(num) {
		return
	}
	in := c.body
	n, w := uvarint(in)
	if w <= 0 || n > uint64(len(in)) {
		c.bad = true
		return
	}
	in = in[w:]
	list := cut(c.slab, ready(c.slab), int(n))
	for i := range list {
		size, w := uvarint(in)
		if w <= 0 || size > uint64(len(in)-w) {
			c.bad = true
			return
		}
		e := &c.slab.item
		*e = card{in: in[w : w+int(size)], slab: c.slab}
		item(e, &list[i])
		c.bad = c.bad || e.bad
		in = in[w+int(size):]
	}
	*p = list
}

func textFields(c *card, s *string)           { c.text(1, s) }
func readyTexts(s *slab) *[]string            { return &s.texts }
func readyCredits(s *slab) *[]models.Credit   { return &s.credits }
func readyRoles(s *slab) *[]models.RoleName   { return &s.roles }
func readyNamed(s *slab) *[]models.Named      { return &s.named }
func readyDiscs(s *slab) *[]models.Disc       { return &s.discs }
func (c *card) texts(num uint64, p *[]string) { cardList(c, num, p, textFields, readyTexts) }

// varint reads the signed number in the field's body.
func (c *card) varint() int64 {
	u, w := uvarint(c.body)
	if w <= 0 {
		c.bad = true
		return 0
	}
	v := int64(u >> 1)
	if u&1 != 0 {
		v = ^v
	}
	return v
}

// uvarint is binary.Uvarint over a string.
func uvarint(s string) (uint64, int) {
	var v uint64
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		b := s[i]
		if b < 0x80 {
			return v | uint64(b)<<(7*i), i + 1
		}
		v |= uint64(b&0x7f) << (7 * i)
	}
	return 0, 0
}

func (c *card) date(num uint64, d *models.Date) {
	v := d.Year<<9 | d.Month<<5 | d.Day
	cardInt(c, num, &v)
	if !c.write {
		*d = models.Date{Year: v >> 9, Month: v >> 5 & 15, Day: v & 31}
	}
}

func (c *card) id(num uint64, id *models.ID) {
	if c.write {
		s := id.String()
		c.text(num, &s)
		return
	}
	if c.field(num) {
		*id, _ = models.ParseID(c.body)
	}
}

func (c *card) cover(num uint64, p *models.Cover) {
	c.text(num, &p.Version)
	c.id(num+1, &p.Of)
	cardInt(c, num+2, &p.Disc)
}

func creditFields(c *card, p *models.Credit) {
	c.text(1, &p.Role)
	c.text(2, &p.Sub)
	cardInt(c, 3, &p.Artist)
	c.text(4, &p.Name)
	c.text(5, &p.ID)
	c.text(6, &p.Joined)
}

func roleFields(c *card, p *models.RoleName) {
	c.text(1, &p.Role)
	c.text(2, &p.Sub)
	c.text(3, &p.Name)
	c.text(4, &p.ID)
	c.text(5, &p.Sort)
}

func namedFields(c *card, p *models.Named) {
	c.text(1, &p.Name)
	c.text(2, &p.ID)
}

// songFields visits every field of a song but those of its user.
func songFields(c *card, s *models.Song) {
	cardInt(c, 1, &s.Key)
	cardInt(c, 2, &s.Library)
	c.text(3, &s.ObjectKey)
	cardInt(c, 4, &s.Part)
	cardInt(c, 5, &s.Start)
	cardInt(c, 6, &s.Folder)
	cardInt(c, 7, &s.Album)
	c.text(8, &s.AlbumName)
	cardInt(c, 9, &s.Size)
	cardInt(c, 10, &s.ModTime)
	c.text(11, &s.ETag)
	c.text(12, &s.Suffix)
	cardInt(c, 13, &s.Reader)
	c.text(14, &s.Identity)
	cardInt(c, 15, &s.Created)
	cardInt(c, 16, &s.Annot)
	c.cover(17, &s.Cover) // to 19
	cardList(c, 20, &s.Credits, creditFields, readyCredits)
	cardInt(c, 21, &s.Unsaid)
	c.flag(22, &s.Archived)

	c.text(30, &s.ContentType)
	c.text(31, &s.Codec)
	cardInt(c, 32, &s.Properties.Duration)
	cardInt(c, 33, &s.BitRate)
	cardInt(c, 34, &s.SampleRate)
	cardInt(c, 35, &s.BitDepth)
	cardInt(c, 36, &s.Channels)
	cardInt(c, 37, &s.Samples)
	cardInt(c, 38, &s.Delay)
	cardInt(c, 39, &s.Padding)

	c.text(50, &s.Title)
	c.text(51, &s.TitleSort)
	c.text(52, &s.Subtitle)
	c.text(53, &s.Artist)
	c.texts(54, &s.Artists)
	c.texts(55, &s.ArtistSort)
	c.text(56, &s.AlbumArtist)
	c.texts(57, &s.AlbumArtists)
	c.texts(58, &s.AlbumArtistSort)
	cardList(c, 59, &s.Roles, roleFields, readyRoles)
	c.text(60, &s.Tags.Album)
	c.text(61, &s.AlbumSort)
	c.text(62, &s.AlbumVersion)
	cardInt(c, 63, &s.Track)
	cardInt(c, 64, &s.TrackOf)
	cardInt(c, 65, &s.Disc)
	cardInt(c, 66, &s.DiscOf)
	c.text(67, &s.DiscTitle)
	c.flag(68, &s.Compilation)
	c.texts(69, &s.Genres)
	c.texts(70, &s.Moods)
	c.texts(71, &s.Groupings)
	c.date(72, &s.Date)
	c.date(73, &s.ReleaseDate)
	c.date(74, &s.OriginalDate)
	cardList(c, 75, &s.Works, namedFields, readyNamed)
	c.text(76, &s.Movement)
	cardInt(c, 77, &s.MovementNumber)
	cardInt(c, 78, &s.MovementOf)
	c.text(79, &s.Language)
	c.text(80, &s.Comment)
	cardInt(c, 81, &s.BPM)
	c.texts(82, &s.ISRC)
	c.texts(83, &s.Labels)
	c.texts(84, &s.CatalogNo)
	c.text(85, &s.Barcode)
	c.text(86, &s.Media)
	c.texts(87, &s.ReleaseTypes)
	c.text(88, &s.ReleaseStatus)
	c.text(89, &s.ReleaseCountry)
	c.text(90, &s.Explicit)
	c.text(91, &s.RecordingID)
	c.text(92, &s.ReleaseTrackID)
	c.text(93, &s.ReleaseID)
	c.text(94, &s.ReleaseGroupID)
	c.texts(95, &s.ArtistIDs)
	c.texts(96, &s.AlbumArtistIDs)
	c.float(97, &s.Gain.TrackGain)
	c.float(98, &s.Gain.TrackPeak)
	c.float(99, &s.Gain.AlbumGain)
	c.float(100, &s.Gain.AlbumPeak)
	c.float(101, &s.Gain.BaseGain)
}

func discFields(c *card, d *models.Disc) {
	cardInt(c, 1, &d.Number)
	c.text(2, &d.Title)
	c.cover(3, &d.Cover)
}

// albumFields visits every field of an album but those of its user.
func albumFields(c *card, a *models.Album) {
	cardInt(c, 1, &a.Key)
	cardInt(c, 2, &a.Library)
	cardInt(c, 3, &a.Folder)
	c.text(4, &a.Name)
	c.text(5, &a.Sort)
	c.text(6, &a.Version)
	cardInt(c, 7, &a.Created)
	cardInt(c, 8, &a.Songs)
	cardInt(c, 9, &a.Duration)
	c.text(10, &a.Artist)
	cardList(c, 11, &a.Credits, creditFields, readyCredits)
	c.texts(12, &a.Genres)
	c.texts(13, &a.Moods)
	c.texts(14, &a.Labels)
	c.date(15, &a.Date)
	c.date(16, &a.OriginalDate)
	c.flag(17, &a.Compilation)
	c.text(18, &a.Explicit)
	c.texts(19, &a.ReleaseTypes)
	cardList(c, 20, &a.Discs, discFields, readyDiscs)
	c.text(21, &a.ReleaseID)
	c.text(22, &a.ReleaseGroupID)
	c.cover(23, &a.Cover) // to 25
	cardInt(c, 26, &a.Annot)
}

func songCard(s *models.Song) []byte {
	c := card{write: true, out: make([]byte, 0, 768)}
	songFields(&c, s)
	return c.out
}

// readSong reads a song's card into s, which is zero. Every text of the song
// is a part of the card's.
func readSong(in string, s *models.Song, from *slab) error {
	c := card{in: in, slab: from}
	songFields(&c, s)
	if c.bad {
		return errCard
	}
	return nil
}

func albumCard(a *models.Album) []byte {
	c := card{write: true, out: make([]byte, 0, 384)}
	albumFields(&c, a)
	return c.out
}

// readAlbum reads an album's card into a, which is zero.
func readAlbum(in string, a *models.Album, from *slab) error {
	c := card{in: in, slab: from}
	albumFields(&c, a)
	if c.bad {
		return errCard
	}
	if a.Annot == 0 {
		a.Annot = a.Key // cards of before albums had copies
	}
	return nil
}

// songOf reads one card.
func songOf(card []byte) (*models.Song, error) {
	s := new(models.Song)
	return s, readSong(string(card), s, new(slab))
}

// albumOf reads one card.
func albumOf(card []byte) (*models.Album, error) {
	a := new(models.Album)
	return a, readAlbum(string(card), a, new(slab))
}

// cardLibrary returns the number of the library in the card of a song or an
// album: both begin with their key and it.
func cardLibrary(in string) int {
	c, n := card{in: in}, 0
	cardInt(&c, 2, &n)
	return n
}
