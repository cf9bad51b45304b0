package subsonic

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// linkLife is how long a link to a bucket can be opened: players open the one
// that they have again after a pause. Providers allow 12 hours at least with
// keys that do not expire themselves.
const linkLife = 6 * time.Hour

// quirk is what apps do about redirects that others follow.
type quirk struct {
	client     string // how the parameter c begins, in lower case
	agent      string // what the User-Agent holds, in lower case
	never      bool   // follows none
	sameScheme bool   // follows none from http to https
}

var quirks = []quirk{
	// https://github.com/daneren2005/Subsonic/issues/970
	{client: "dsub", never: true},
	{agent: "dsub", never: true},
	// The sources of these players refuse other schemes unless told otherwise:
	// https://github.com/google/ExoPlayer/issues/1190
	{agent: "exoplayerlib", sameScheme: true},
	{agent: "androidxmedia3", sameScheme: true},
	{agent: "applecoremedia", sameScheme: true},
}

// follows tells whether an app, by its parameter c and its User-Agent, follows
// a redirect, and whether also one from http to https.
func follows(client, agent string) (some, upgrade bool) {
	client, agent = strings.ToLower(client), strings.ToLower(agent)
	some, upgrade = true, true
	for _, q := range quirks {
		if q.client != "" && strings.HasPrefix(client, q.client) || q.agent != "" && strings.Contains(agent, q.agent) {
			some = some && !q.never
			upgrade = upgrade && !q.never && !q.sameScheme
		}
	}
	return some, upgrade
}

// redirect answers with a signed link to a song in its bucket, where its
// library is set to that and the app can use it, and tells whether it did.
// disposition is "attachment" for a download.
func (a *API) redirect(c Call, s *models.Song, disposition string) bool {
	some, upgrade := follows(c.Client, c.R.UserAgent())
	h := c.R.Header
	switch {
	case c.R.Method != http.MethodGet, s.Part != 0, !some,
		// It would be sent on, and a bucket refuses a link with it.
		h.Get("Authorization") != "",
		// Questions about versions are about our tags.
		h.Get("If-Range") != "", h.Get("If-Match") != "", h.Get("If-None-Match") != "", h.Get("If-Modified-Since") != "", h.Get("If-Unmodified-Since") != "",
		// A page that asks so needs a permission of the bucket's.
		h.Get("Origin") != "", h.Get("Sec-Fetch-Mode") == "cors":
		return false
	}
	store, err := a.Stores.Store(c, s.Library)
	if err != nil {
		return false // whoever opens the song tells why
	}
	linker, ok := storage.As[storage.Linker](store)
	if !ok {
		return false
	}
	l, err := a.Catalog.Library(c, s.Library)
	if err != nil {
		return false
	}
	switch l.Settings.Redirect {
	case models.RedirectAll:
	case models.RedirectDownload:
		if disposition != "attachment" {
			return false
		}
	default:
		return false
	}
	o, _, err := a.objectOf(c, s)
	if err != nil || s.Archived {
		return false
	}
	link, err := linker.Link(c, o, storage.Link{
		Life: linkLife, ContentType: contentType(s), Disposition: attachment(disposition, path.Base(namePath(s))),
	})
	if err != nil {
		a.Log.Warn("a song goes through the server: its bucket signs no link", "library", s.Library, "error", err)
		return false
	}
	to, err := url.Parse(link)
	if err != nil || !allowed(secure(c.R), to.Scheme, upgrade) {
		return false
	}
	out := c.W.Header()
	out["Location"] = []string{link}
	out["Referrer-Policy"] = []string{"no-referrer"}
	out["Cache-Control"] = headerNoStore
	out["Content-Length"] = []string{"0"}
	c.begin()
	c.W.WriteHeader(http.StatusFound)
	return true
}

// allowed tells whether a request may be sent on to a link of this scheme:
// never from https to http.
func allowed(secure bool, scheme string, upgrade bool) bool {
	switch scheme {
	case "https":
		return secure || upgrade
	case "http":
		return !secure
	}
	return false
}

// secure tells whether a request came by https, to us or, as far as anybody
// says so, to a proxy in front. Whoever claims it without need only gets the
// song through us.
func secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Protocol", "X-Url-Scheme", "Forwarded", "Origin", "Referer"} {
		for _, v := range r.Header.Values(name) {
			v = strings.ToLower(v)
			switch {
			case strings.HasPrefix(name, "X-") && strings.Contains(v, "https"),
				name == "Forwarded" && strings.Contains(strings.ReplaceAll(v, `"`, ""), "proto=https"),
				strings.HasPrefix(v, "https://"):
				return true
			}
		}
	}
	return strings.EqualFold(r.Header.Get("X-Forwarded-Ssl"), "on")
}
