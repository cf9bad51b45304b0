package catalog

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// fill gives every field below v a random value that is not its zero.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[models.ID]():
		kinds := []models.Kind{models.KindSong, models.KindAlbum, models.KindArtist, models.KindFolder}
		v.Set(reflect.ValueOf(models.ID{Kind: kinds[r.IntN(len(kinds))], Key: models.Key(1 + r.Int64N(1<<62))}))
		return
	case reflect.TypeFor[models.Date]():
		v.Set(reflect.ValueOf(models.Date{Year: 1 + r.IntN(9999), Month: r.IntN(13), Day: r.IntN(32)}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		letters := []rune("abc é東\U0001F3B5'&<\n")
		s := make([]rune, 1+r.IntN(200))
		for i := range s {
			s[i] = letters[r.IntN(len(letters))]
		}
		v.SetString(string(s))
	case reflect.Int, reflect.Int64:
		n := r.Int64() >> r.IntN(63)
		if n == 0 || r.IntN(4) == 0 {
			n = -1 - n
		}
		v.SetInt(n)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(4), 5))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

// fullSong is a song with every field that a card holds.
func fullSong(r *rand.Rand) *models.Song {
	s := new(models.Song)
	fill(r, reflect.ValueOf(s).Elem())
	s.User, s.MissingSince = models.UserItem{}, 0 // columns and tables of their own
	return s
}

func fullAlbum(r *rand.Rand) *models.Album {
	a := new(models.Album)
	fill(r, reflect.ValueOf(a).Elem())
	a.User = models.UserItem{}
	return a
}

func TestCardsKeepEveryField(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		s := fullSong(r)
		if got, err := songOf(songCard(s)); err != nil || !reflect.DeepEqual(got, s) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, got, s)
		}
		a := fullAlbum(r)
		if got, err := albumOf(albumCard(a)); err != nil || !reflect.DeepEqual(got, a) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, got, a)
		}
	}
	if got, err := songOf(songCard(new(models.Song))); err != nil || !reflect.DeepEqual(got, new(models.Song)) {
		t.Errorf("an empty song: %+v %v", got, err)
	}
}

// TestCardsOfALaterVersion adds fields that this version does not know before,
// between and after the others.
func TestCardsOfALaterVersion(t *testing.T) {
	s := fullSong(rand.New(rand.NewPCG(7, 8)))
	in := card{in: string(songCard(s))}
	out := card{write: true}
	unknown := func(num uint64) {
		text := "from a later version"
		out.text(num, &text)
	}
	for in.next(); in.in != ""; in.next() {
		if in.num == 30 {
			unknown(25)
		}
		out.text(in.num, &in.body)
		if in.body == "" { // a flag that is set
			out.put(in.num, 0)
		}
	}
	out.text(in.num, &in.body)
	unknown(102)
	unknown(5000)
	if got, err := songOf(out.out); err != nil || !reflect.DeepEqual(got, s) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, s)
	}
}

// TestDamagedCards cuts a card at every byte and overwrites bytes: what is
// left reads as an error or as another song.
func TestDamagedCards(t *testing.T) {
	whole := songCard(fullSong(rand.New(rand.NewPCG(9, 10))))
	bad := 0
	for i := range whole {
		if _, err := songOf(whole[:i]); err != nil {
			bad++
		}
	}
	if bad < len(whole)/2 {
		t.Errorf("only %d of %d cut cards are damaged", bad, len(whole))
	}
	r := rand.New(rand.NewPCG(13, 14))
	bad = 0
	for range 20_000 {
		b := slices.Clone(whole)
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		if _, err := songOf(b); err != nil {
			bad++
		}
		if _, err := albumOf(b); err != nil {
			bad++
		}
	}
	if bad == 0 {
		t.Error("no damage is noticed")
	}
}

func FuzzCard(f *testing.F) {
	r := rand.New(rand.NewPCG(11, 12))
	f.Add(songCard(fullSong(r)))
	f.Add(albumCard(fullAlbum(r)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := songOf(b); err == nil {
			if again, err := songOf(songCard(s)); err != nil || !reflect.DeepEqual(again.Credits, s.Credits) || again.Title != s.Title {
				t.Fatalf("a song that was read does not survive: %v", err)
			}
		}
		if a, err := albumOf(b); err == nil {
			if _, err := albumOf(albumCard(a)); err != nil {
				t.Fatalf("an album that was read does not survive: %v", err)
			}
		}
	})
}
