package subsonic

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:  "stream",
	Since: "1.0.0",
	Doc:   "The bytes of a song's file as they are, or those of a smaller copy of it that lies in a library. It counts as no play.",
	Role:  RoleStream,
	Media: true,
}, (*API).stream)

type streamParams struct {
	ID             models.ID `q:"id" required:"true"`
	MaxBitRate     int       `q:"maxBitRate" doc:"kbit/s; of an original above it an existing copy within it is sent, or the smallest"`
	Format         string    `q:"format" doc:"an existing copy in this format is sent, or the original; raw is always the original"`
	TimeOffset     int       `q:"timeOffset" doc:"accepted; use Range"`
	Size           string    `q:"size" doc:"of videos"`
	EstimateLength bool      `q:"estimateContentLength" default:"false" doc:"accepted; the length is always exact"`
	Converted      bool      `q:"converted" default:"false" doc:"of videos"`
}

func (a *API) stream(c Call, p streamParams) (spec.Payload, error) {
	s, err := a.findSong(c, c.Viewer, p.ID)
	if err != nil {
		return nil, err
	}
	w := wanted{p.Format, max(p.MaxBitRate, 0)}.within(c.User.MaxBitRate)
	begin, wait := a.warming(c, s, w)
	defer wait()
	return nil, a.sendChoice(c, s, w, func(x *models.Song) error { return a.sendSong(c, x, "inline", begin) })
}

// sendSong sends the bytes of a song, or a link to them. disposition says
// whether browsers play or save it; begun is called when enough of it has been
// sent to think of the next song. An error means that nothing was sent.
func (a *API) sendSong(c Call, s *models.Song, disposition string, begun func()) error {
	if a.redirect(c, s, disposition) {
		return nil
	}
	return a.withContent(c, s, func(x *content) (bool, error) {
		x.begun = begun
		sent, err := a.sendContent(c, s, x, disposition)
		if err == nil && (x.given > 0 || !x.remote) {
			begun() // the song is short, or the kernel has sent it
		}
		return sent, err
	})
}

// sendContent sends an open song with Range, If-Range, ETag and Last-Modified.
// disposition says whether browsers play or save it. It tells whether anything
// was sent, after which nobody can be told of an error.
func (a *API) sendContent(c Call, s *models.Song, x *content, disposition string) (bool, error) {
	h := c.W.Header()
	h["Content-Type"] = []string{contentType(s)}
	h["Content-Disposition"] = []string{attachment(disposition, path.Base(namePath(s)))}
	h["Etag"] = []string{x.tag}
	h["Cache-Control"] = headerNoCache
	h["Accept-Ranges"] = []string{"bytes"}
	if !x.remote {
		c.begin()
		http.ServeContent(c.W, c.R, "", x.modified, x.ReadSeeker)
		return true, nil
	}
	c.lift()
	w := &opening{ResponseWriter: c.W, c: c, of: x}
	http.ServeContent(w, c.R, "", x.modified, x)
	if w.err != nil {
		return false, w.err
	}
	return true, x.failed
}

// partTag is a strong ETag for a part of the object that has the tag object.
func partTag(object string, cut models.Cut) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d %d %d ", cut.Kind, cut.From, cut.To, cut.Frame)
	h.Write(cut.Head)
	return strings.TrimSuffix(object, `"`) + "-" + strconv.FormatUint(h.Sum64(), 36) + `"`
}

// begin says that bytes follow: no response of the protocol can come any
// more.
func (c *Call) begin() {
	*c.started = true
	c.W.Header()["Content-Security-Policy"] = headerSandbox
	c.lift()
}

// lift takes the server's time-out for writing away, which songs outlast.
func (c *Call) lift() {
	// A writer without deadlines has none to lift.
	_ = http.NewResponseController(c.W).SetWriteDeadline(time.Time{})
}

// contentType is the MIME type of a song's object, the one that
// Child.contentType tells.
func contentType(s *models.Song) string {
	if s.ContentType != "" {
		return s.ContentType
	}
	return "application/octet-stream"
}

// objectTag is a strong ETag for the content of an object.
func objectTag(o storage.Object) string {
	if o.ETag != "" {
		// Digested: a store's tag may hold quotes.
		h := fnv.New128a()
		h.Write([]byte(o.ETag))
		return `"` + hex.EncodeToString(h.Sum(nil)) + `"`
	}
	return `"` + strconv.FormatInt(o.Size, 36) + "-" + strconv.FormatInt(o.ModTime, 36) + `"`
}

// attachment is a Content-Disposition with the name in ASCII and, where that
// loses something, in UTF-8 (RFC 6266, RFC 8187).
func attachment(disposition, name string) string {
	var plain strings.Builder
	exact := true
	for _, r := range name {
		switch {
		case r < ' ' || r == 0x7f || r > 0x7f:
			exact = false
			plain.WriteByte('_')
		case r == '"' || r == '\\' || r == '%':
			exact = false
			plain.WriteByte('_')
		default:
			plain.WriteRune(r)
		}
	}
	out := disposition + `; filename="` + plain.String() + `"`
	if !exact {
		out += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return out
}

var _ = handle(Endpoint{
	Name:  "download",
	Since: "1.0.0",
	Doc:   "The file of a song, or a ZIP archive of an album, an artist, a folder or a playlist.",
	Role:  RoleDownload,
	Media: true,
}, (*API).download)

func (a *API) download(c Call, p idParams) (spec.Payload, error) {
	if p.ID.Kind == models.KindSong {
		s, err := a.Catalog.Song(c, c.Viewer, p.ID.Key)
		if err != nil {
			return nil, err
		}
		w := wanted{format: formatRaw}
		return nil, a.sendChoice(c, s, w, func(x *models.Song) error { return a.sendSong(c, x, "attachment", func() {}) })
	}
	return nil, a.sendArchive(c, p.ID)
}

var _ = handle(Endpoint{
	Name:  "getCoverArt",
	Since: "1.0.0",
	Doc:   "A picture. Its id comes from a field coverArt; ids of songs, albums, artists, folders and playlists work as well.",
	Media: true,
}, (*API).getCoverArt)

type getCoverArtParams struct {
	ID   string `q:"id" required:"true"`
	Size int    `q:"size" min:"0" max:"4096" doc:"pixels of the longer edge; 0 is the original"`
}

func (a *API) getCoverArt(c Call, p getCoverArtParams) (spec.Payload, error) {
	if a.Covers == nil {
		return nil, unknownID(p.ID)
	}
	pic, err := a.Covers.Cover(c, c.Viewer, p.ID, p.Size)
	if err != nil {
		return nil, err
	}
	defer pic.Close()
	h := c.W.Header()
	h["Content-Type"] = []string{pic.MIME()}
	if tag := pic.ETag(); tag != "" {
		h["Etag"] = []string{quoted(tag)}
	}
	h["Cache-Control"] = headerNoCache
	if strings.Contains(p.ID, "_") {
		// The id carries the version of the picture: another picture will have
		// another id.
		h["Cache-Control"] = headerForever
	}
	c.begin()
	http.ServeContent(c.W, c.R, "", pic.ModTime(), pic)
	return nil, nil
}

// quoted puts an ETag into the quotes that HTTP wants.
func quoted(tag string) string {
	if strings.HasPrefix(tag, `"`) || strings.HasPrefix(tag, `W/"`) {
		return tag
	}
	return `"` + tag + `"`
}

var _ = handle(Endpoint{
	Name:  "getAvatar",
	Since: "1.8.0",
	Doc:   "The picture of a user; error 70 when there is none.",
	Media: true,
}, (*API).getAvatar)

func (a *API) getAvatar(c Call, p usernameParams) (spec.Payload, error) {
	u, err := a.Catalog.UserByName(c, p.Username)
	if err != nil {
		return nil, err
	}
	picture, kind, err := a.Catalog.Avatar(c, u.Key)
	if err != nil {
		return nil, err
	}
	if t, _, err := mime.ParseMediaType(kind); err != nil || !strings.HasPrefix(t, "image/") {
		kind = "application/octet-stream"
	}
	h := c.W.Header()
	h["Content-Type"] = []string{kind}
	h["Etag"] = []string{`"` + u.Key.String() + "-" + strconv.FormatInt(u.AvatarAt, 36) + `"`}
	h["Cache-Control"] = headerNoCache
	c.begin()
	http.ServeContent(c.W, c.R, "", time.UnixMilli(u.AvatarAt), bytes.NewReader(picture))
	return nil, nil
}

var _ = handle(Endpoint{
	Name:  "getLyrics",
	Since: "1.2.0",
	Doc:   "The lyrics of a song by artist and title; empty when there are none.",
}, (*API).getLyrics)

type getLyricsParams struct {
	Artist string `q:"artist"`
	Title  string `q:"title"`
}

func (a *API) getLyrics(c Call, p getLyricsParams) (spec.Payload, error) {
	if p.Title == "" || a.Lyrics == nil {
		return spec.Lyrics{}, nil
	}
	s, err := a.Catalog.SongByArtistTitle(c, c.Viewer, p.Artist, p.Title)
	if isNotFound(err) {
		return spec.Lyrics{}, nil
	}
	if err != nil {
		return nil, err
	}
	texts, err := a.Lyrics.Lyrics(c, c.Viewer, s.Key)
	if err != nil || len(texts) == 0 {
		return spec.Lyrics{}, err
	}
	lines := make([]string, len(texts[0].Lines))
	for i, l := range texts[0].Lines {
		lines[i] = l.Text
	}
	child, err := a.song(c, s)
	return spec.Lyrics{Artist: child.Artist, Title: child.Title, Value: strings.Join(lines, "\n")}, err
}

var _ = handle(Endpoint{
	Name:  "getLyricsBySongId",
	Since: "OpenSubsonic",
	Doc:   "All lyrics of a song, line by line; an empty list when there are none.",
}, (*API).getLyricsBySongID)

type getLyricsBySongIDParams struct {
	ID       models.ID `q:"id" required:"true"`
	Enhanced bool      `q:"enhanced" default:"false" doc:"accepted; words have no times here"`
}

func (a *API) getLyricsBySongID(c Call, p getLyricsBySongIDParams) (spec.Payload, error) {
	s, err := a.findSong(c, c.Viewer, p.ID)
	if err != nil || a.Lyrics == nil {
		return spec.LyricsList{}, err
	}
	texts, err := a.Lyrics.Lyrics(c, c.Viewer, s.Key)
	if err != nil {
		return nil, err
	}
	child, err := a.song(c, s)
	if err != nil {
		return nil, err
	}
	out := spec.LyricsList{StructuredLyrics: make([]spec.StructuredLyrics, len(texts))}
	for i, t := range texts {
		x := spec.StructuredLyrics{Lang: t.Lang, Synced: t.Synced, Offset: t.Offset,
			DisplayArtist: child.Artist, DisplayTitle: child.Title, Line: make([]spec.Line, len(t.Lines))}
		if x.Lang == "" {
			x.Lang = "und"
		}
		for j := range t.Lines {
			x.Line[j].Value = t.Lines[j].Text
			if t.Synced {
				x.Line[j].Start = &t.Lines[j].Start
			}
		}
		out.StructuredLyrics[i] = x
	}
	return out, nil
}
