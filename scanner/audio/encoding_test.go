package audio

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// encodings by the names of the table.
var encodings = map[string]encoding.Encoding{
	"sjis": japanese.ShiftJIS, "eucjp": japanese.EUCJP, "gbk": simplifiedchinese.GBK, "big5": traditionalchinese.Big5, "euckr": korean.EUCKR, "1251": charmap.Windows1251,
	"utf8": unicode.UTF8, "1252": charmap.Windows1252, "1250": charmap.Windows1250, "1253": charmap.Windows1253, "1254": charmap.Windows1254, "1255": charmap.Windows1255,
	"1256": charmap.Windows1256, "1257": charmap.Windows1257, "874": charmap.Windows874, "koi8": charmap.KOI8R, "mac": charmap.Macintosh, "8859-2": charmap.ISO8859_2,
}

// guessRows are title, artist and album of one file as tags hold them, and
// the encoding of their bytes. Those in kept must stay what Windows-1252 makes
// of them.
var guessRows = []struct {
	enc  string
	kept bool
	text string // parts by |
}{
	// Japanese.
	{"sjis", false, "夜に駆ける|YOASOBI"},
	{"sjis", false, "First Love|宇多田ヒカル"},
	{"sjis", false, "残酷な天使のテーゼ|高橋洋子|新世紀エヴァンゲリオン"},
	{"sjis", false, "丸ノ内サディスティック|椎名林檎|無罪モラトリアム"},
	{"sjis", false, "さくら(独唱)|森山直太朗"},
	{"sjis", false, "上を向いて歩こう|坂本九"},
	{"sjis", false, "Track 1|東京事変|大人"},
	{"sjis", false, "涙そうそう|夏川りみ"},
	{"sjis", false, "ハナミズキ"},
	{"sjis", false, "世界に一つだけの花|SMAP"},
	{"sjis", false, "戦場のメリークリスマス|坂本龍一"},
	{"sjis", false, "交響曲第九番 第四楽章|小澤征爾"},
	{"eucjp", false, "夜に駆ける|YOASOBI"},
	{"eucjp", false, "残酷な天使のテーゼ|高橋洋子"},
	{"eucjp", false, "いつも何度でも|木村弓|千と千尋の神隠し"},
	{"eucjp", false, "ロビンソン|スピッツ"},
	// Chinese.
	{"gbk", false, "月亮代表我的心|邓丽君"},
	{"gbk", false, "青花瓷|周杰伦|我很忙"},
	{"gbk", false, "红豆|王菲|唱游"},
	{"gbk", false, "一无所有|崔健|新长征路上的摇滚"},
	{"gbk", false, "后来|刘若英|我等你"},
	{"gbk", false, "光辉岁月|Beyond"},
	{"gbk", false, "平凡之路|朴树"},
	{"gbk", false, "海阔天空|Beyond|乐与怒"},
	{"gbk", false, "梁祝小提琴协奏曲|俞丽拿"},
	{"gbk", false, "吻别|张学友"},
	{"gbk", false, "我和我的祖国"},
	{"big5", false, "月亮代表我的心|鄧麗君"},
	{"big5", false, "青花瓷|周杰倫|我很忙"},
	{"big5", false, "聽海|張惠妹|Bad Boy"},
	{"big5", false, "倔強|五月天|神的孩子都在跳舞"},
	{"big5", false, "愛情的盡頭|伍佰 & China Blue"},
	{"big5", false, "小幸運|田馥甄|我的少女時代電影原聲帶"},
	// Korean.
	{"euckr", false, "봄날|방탄소년단"},
	{"euckr", false, "좋은 날|아이유|리얼"},
	{"euckr", false, "사랑하기 때문에|유재하"},
	{"euckr", false, "벚꽃 엔딩|버스커 버스커"},
	{"euckr", false, "거짓말|빅뱅|하루하루"},
	{"euckr", false, "아리랑|한국의 노래"},
	{"euckr", false, "강남스타일|싸이"},
	// Cyrillic.
	{"1251", false, "Группа крови|Кино"},
	{"1251", false, "Звезда по имени Солнце|Кино|Звезда по имени Солнце"},
	{"1251", false, "Осень|ДДТ|Актриса Весна"},
	{"1251", false, "Миллион алых роз|Алла Пугачёва"},
	{"1251", false, "Катюша"},
	{"1251", false, "Щелкунчик, соч. 71|Чайковский"},
	{"1251", false, "Track 07|Земфира|Прости меня моя любовь"},
	{"1251", false, "Ой у лузі червона калина|Андрій Хливнюк"},
	{"1251", false, "Моя страна, моя България|Емил Димитров"},
	{"1251", false, "ВЫСОЦКИЙ|КОНИ ПРИВЕРЕДЛИВЫЕ"},
	{"1251", false, "01 Прогулки по воде (live)|Наутилус Помпилиус"},
	// UTF-8 under the name of Latin-1.
	{"utf8", false, "Für Elise|Beethoven"},
	{"utf8", false, "夜に駆ける|YOASOBI"},
	{"utf8", false, "Naïve|Björk|Ágætis byrjun"},
	{"utf8", false, "Любовь"},

	// What must stay.
	{"1252", true, "Über den Wolken|Reinhard Mey|Wie vor Jahr und Tag"},
	{"1252", true, "Die Ärzte|Männer sind Schweine|13"},
	{"1252", true, "Größenwahn|Herbert Grönemeyer|Ö"},
	{"1252", true, "SCHÖNE GRÜßE|MÜNCHENER FREIHEIT"},
	{"1252", true, "La Mer|Charles Trenet|À la Scène"},
	{"1252", true, "Ça ira, ça ira|Édith Piaf|L'Âme des poètes"},
	{"1252", true, "Noël à Évreux|Françoise Hardy|Œuvres complètes"},
	{"1252", true, "ÉTÉ|RÉVÉLÉE À GENÈVE"},
	{"1252", true, "Mañana|Joaquín Sabina|19 días y 500 noches"},
	{"1252", true, "¿Dónde están?|Héroes del Silencio|¡Olé!"},
	{"1252", true, "Coração|Caetano Veloso|Circuladô ao vivo"},
	{"1252", true, "Não Aprendi a Dizer Adeus|Leandro & Leonardo"},
	{"1252", true, "Perché lo fai|Marco Masini|Città"},
	{"1252", true, "Jóga|Björk|Homogenic"},
	{"1252", true, "Svefn-g-englar|Sigur Rós|Ágætis byrjun"},
	{"1252", true, "Þú ert jörðin|Ólafur Arnalds|...og þau hafa sloppið undan þunga myrkursins"},
	{"1252", true, "Å leva|Vårt mörker|Håkan Hellström"},
	{"1252", true, "Öppna landskap|Ulf Lundell"},
	{"1252", true, "Sinä lähdit pois|Äänitys yöstä"},
	{"1252", true, "Öö|Jäääär|Töö"},
	{"1252", true, "Så lenge jeg ånder|Bjørn Eidsvåg|Støv og ære"},
	{"1252", true, "Rødgrød med fløde|Søren & Kjær"},
	{"1252", true, "Één dag|Bløf"},
	{"1252", true, "Cançó de l'aigua|Lluís Llach"},
	{"1252", true, "“Heroes”|David Bowie — live…"},
	{"1252", true, "Motörhead|Ace of Spades"},
	{"1252", true, "Beyoncé|Déjà Vu"},
	{"1252", true, "Mötley Crüe|Queensrÿche"},
	{"1252", true, "Ænima|Tool"},
	{"1252", true, "Agnus Dei – Lux æterna|György Ligeti"},
	{"1252", true, "° ² ³|½ © 1999 ® ™"},
	{"1252", true, "Ö"},
	{"1252", true, "Å|Ä|Ö"},
	{"1252", true, "Antonín|Símfonie"},
	{"1252", true, "naïveté|Zoë|coöperate"},
	{"1250", true, "Łódź|Wędrówka|Życie jest piękne"},
	{"8859-2", true, "Łódź|Wędrówka|Życie jest piękne"},
	{"1250", true, "Žluťoučký kůň|Příliš|Dvořák: Rusalka"},
	{"1250", true, "Őszi szél|Magyar népdalok|Kárpáti tűz"},
	{"8859-2", true, "Đorđe Balašević|Računajte na nas"},
	{"1254", true, "Şımarık|Tarkan|Ölürüm Sana"},
	{"1254", true, "Kış Güneşi|Işığı söndür|Ağır Roman"},
	{"1254", true, "İstanbul'da Sonbahar|Teoman"},
	{"1257", true, "Šiaurės pašvaistė|Žemė|Ąžuolas"},
	{"1253", true, "Αγάπη μου|Δημήτρης Μητροπάνος|Στου αιώνα την παράγκα"},
	{"1253", true, "ΖΟΡΜΠΑΣ|Μίκης Θεοδωράκης"},
	{"1255", true, "שלום חבר|אריק איינשטיין"},
	{"1256", true, "أنت عمري|أم كلثوم"},
	{"874", true, "ก้อนหินก้อนนั้น|โรส ศิรินทิพย์"},
	{"koi8", true, "Группа крови|Кино"},
	{"mac", true, "Über den Wolken|Größenwahn"},
	{"sjis", true, "ｱｲﾄﾞﾙ|ﾃｽﾄ"}, // half-width letters look like accented ones
	{"gbk", true, "爱"}, // too little to tell
	{"1251", true, "Мы"},
}

// TestGuessEncodings reads every row from an ID3v2 tag of Latin-1.
func TestGuessEncodings(t *testing.T) {
	if len(guessRows) < 60 {
		t.Fatalf("%d rows", len(guessRows))
	}
	for _, row := range guessRows {
		var frames [][]byte
		var raw []string
		texts := strings.Split(row.text, "|")
		for i, text := range texts {
			b, err := encodings[row.enc].NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatalf("%s %q: %v", row.enc, text, err)
			}
			raw = append(raw, string(b))
			frames = append(frames, frame3([]string{"TIT2", "TPE1", "TALB"}[i], 0, append([]byte{0}, b...)))
		}
		file := append(id3v2(3, 0, 0, frames...), mp3Sound(1, 20)...)
		for _, guess := range []bool{true, false} {
			f, _, err := Options{GuessEncodings: guess}.Read(t.Context(), strings.NewReader(string(file)), int64(len(file)), "x.mp3")
			if err != nil {
				t.Fatal(err)
			}
			got := []string{f.Title, f.Artist, f.Tags.Album}[:len(texts)]
			want := texts
			if row.kept || !guess {
				want = nil
				for _, s := range raw {
					want = append(want, clean(text1252([]byte(s))))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s, guessing %v: %q, want %q; %q", row.enc, guess, got, want, f.Warnings)
			}
			ascii := strings.Join(raw, "")
			open := strings.IndexFunc(ascii, func(r rune) bool { return r >= 0x80 }) >= 0
			if logged := len(f.Warnings) > 0; logged != (open && guess && !row.kept) {
				t.Errorf("%s %q, guessing %v: warnings %q", row.enc, row.text, guess, f.Warnings)
			}
		}
	}
}

// TestGuessOutsideID3v2 reads texts of which nobody says what they are in.
func TestGuessOutsideID3v2(t *testing.T) {
	bytesOf := func(enc, s string) string {
		b, err := encodings[enc].NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	long := bytesOf("gbk", "x我和我的祖国一刻也不能分割流出一首赞歌")[:30] // half a letter at the end
	old := v1(long)
	for name, c := range map[string]struct {
		file  []byte
		title string
	}{
		"a.mp3":  {append(mp3Sound(1, 20), old...), "x我和我的祖国一刻也不能分割流"},
		"b.wav":  {wave(noise(1, 5000), riffChunk("LIST", append([]byte("INFO"), riffChunk("INAM", []byte(bytesOf("sjis", "夜に駆ける")))...)), nil), "夜に駆ける"},
		"c.flac": {flacFile(noise(1, 5000), flacBlock(0, streamInfoOf(44100, 7)), flacBlock(4, comments("TITLE="+bytesOf("1251", "Группа крови")))), "Группа крови"},
		"d.aiff": {aiffFile(noise(1, 5000), iffChunk("NAME", []byte(bytesOf("euckr", "사랑하기 때문에"))), nil), "사랑하기 때문에"},
		"e.wav":  {wave(noise(1, 5000), riffChunk("LIST", append([]byte("INFO"), riffChunk("INAM", []byte("Käse"))...)), nil), "Käse"},
		"f.wav":  {wave(noise(1, 5000), riffChunk("LIST", append([]byte("INFO"), riffChunk("INAM", []byte("K\xe4se"))...)), nil), "Käse"},
	} {
		if f, _ := readBytes(t, name, c.file); f.Title != c.title {
			t.Errorf("%s: %q, want %q; %q", name, f.Title, c.title, f.Warnings)
		}
	}
	// Lyrics and names take part, and what is in no doubt is left alone.
	tag := id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x00"+bytesOf("1251", "Осень"))), frame4("TPE1", 0, []byte("\x03Sigur Rós")),
		frame4("USLT", 0, []byte("\x00rus\x00"+bytesOf("1251", "Что такое осень"))), frame4("TMCL", 0, []byte("\x00"+bytesOf("1251", "гитара\x00Юрий"))),
		frame4("SYLT", 0, []byte("\x00rus\x02\x01\x00"+bytesOf("1251", "Небо")+"\x00\x00\x00\x00\x01")))
	f, _ := readBytes(t, "x.mp3", append(tag, mp3Sound(1, 20)...))
	if f.Title != "Осень" || f.Artist != "Sigur Rós" || len(f.Roles) != 1 || f.Roles[0].Name != "Юрий" || f.Roles[0].Sub != "гитара" || len(f.Lyrics) != 2 || f.Lyrics[1].Lines[0].Text != "Что такое осень" || f.Lyrics[0].Lines[0].Text != "Небо" {
		t.Errorf("%+v %+v %q", f.Tags, f.Lyrics, f.Warnings)
	}
}

// FuzzEncoding gives any bytes to a tag of Latin-1: what comes out is clean.
func FuzzEncoding(f *testing.F) {
	for _, row := range guessRows {
		if b, err := encodings[row.enc].NewEncoder().Bytes([]byte(row.text)); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) < 1<<16 {
			sane(t, "x.mp3", append(id3v2(3, 0, 0, frame3("TIT2", 0, append([]byte{0}, text...)), frame3("USLT", 0, append([]byte("\x00eng\x00"), text...))), mp3Sound(1, 4)...))
		}
	})
}
