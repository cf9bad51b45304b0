package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sample is what one kind of request costs with a number of clients.
type sample struct {
	requests int
	cpu      float64 // of the server, seconds a request
	p50, p95 time.Duration
	bytes    float64 // of an answer's body
	wall     time.Duration
}

// request is one kind of request. path returns the i-th of them, with its
// query.
type request struct {
	path func(i int) string
	gzip bool // asks for a compressed answer
	file bool // the answer is no JSON
}

// client sends requests over one connection.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

func dial(ctx context.Context, base string) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10), make([]byte, 256<<10)}, nil
}

// do sends one request and reads the whole answer. Everything but a good
// answer is an error.
func (c *client) do(r *request, path string) (int, error) {
	coding := "identity"
	if r.gzip {
		coding = "gzip"
	}
	if _, err := io.WriteString(c.conn, "GET "+path+" HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept-Encoding: "+coding+"\r\n\r\n"); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	n, good := 0, r.gzip || r.file && !strings.Contains(resp.Header.Get("Content-Type"), "json")
	for {
		k, err := resp.Body.Read(c.buf)
		if n == 0 && k > 0 && !r.file && !good {
			good = bytes.Contains(c.buf[:min(k, 200)], []byte(`"status":"ok"`))
		}
		n += k
		if err == io.EOF {
			break
		}
		if err != nil {
			return n, err
		}
	}
	if resp.StatusCode != http.StatusOK || !good {
		return n, fmt.Errorf("%s: status %d: %.300s", path, resp.StatusCode, c.buf[:min(n, len(c.buf))])
	}
	if r.gzip != (resp.Header.Get("Content-Encoding") == "gzip") {
		return n, fmt.Errorf("%s: Content-Encoding is %q", path, resp.Header.Get("Content-Encoding"))
	}
	return n, nil
}

// measure sends n requests from some clients at once to a server and returns
// what they cost it. The first requests, one a client, warm up and do not
// count. The i-th request is path(from + i).
func measure(ctx context.Context, p *process, r *request, clients, n, from int) (sample, error) {
	var next atomic.Int64
	var total atomic.Int64
	times := make([][]time.Duration, clients)
	errs := make([]error, clients)
	list := make([]*client, clients)
	for i := range list {
		c, err := dial(ctx, p.base)
		if err != nil {
			return sample{}, err
		}
		defer c.conn.Close()
		if _, err := c.do(r, r.path(from+i)); err != nil {
			return sample{}, err
		}
		list[i] = c
	}
	next.Store(int64(clients))
	before, began := p.cpu(), time.Now()
	var wg sync.WaitGroup
	for i, c := range list {
		wg.Go(func() {
			for ctx.Err() == nil {
				k := int(next.Add(1) - 1)
				if k >= n+clients {
					return
				}
				t := time.Now()
				b, err := c.do(r, r.path(from+k))
				if err != nil {
					errs[i] = err
					return
				}
				times[i] = append(times[i], time.Since(t))
				total.Add(int64(b))
			}
		})
	}
	wg.Wait()
	s := sample{wall: time.Since(began)}
	s.cpu = p.cpu() - before
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return s, err
	}
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	s.requests = len(all)
	s.p50, s.p95 = all[len(all)/2], all[len(all)*95/100]
	s.cpu /= float64(s.requests)
	s.bytes = float64(total.Load()) / float64(s.requests)
	return s, nil
}

// call is a request of the protocol by the measuring user; with are further
// parameters of the i-th.
func call(name string, with func(i int) string) *request {
	prefix := "/rest/" + name + "?" + login(measurer).Encode()
	return &request{path: func(i int) string { return prefix + "&" + with(i) }}
}

func fixed(s string) func(int) string { return func(int) string { return s } }

// cycle goes through the values of one parameter.
func cycle(name string, values []string) func(int) string {
	return func(i int) string { return name + "=" + url.QueryEscape(values[i%len(values)]) }
}

// endpoint is one line of the table.
type endpoint struct {
	name  string
	r     *request
	floor float64 // the most that it may cost, as a multiple of hello; 0: no floor
	n     int     // requests with 8 clients; 0: as many as all
	once  bool    // measured with 8 clients only
}

// known is what the requests are about, of what the measuring user reads.
type known struct {
	songs, albums, artists, covers []string
	words                          []string
}

// learn asks the server for ids.
func learn(ctx context.Context, s *server, l *library) (*known, error) {
	type item struct{ ID, CoverArt string }
	k := &known{words: l.words}
	for at := 0; ; at += 500 {
		list, err := get[struct{ Album []item }](ctx, s, "getAlbumList2", "albumList2", url.Values{"type": {"alphabeticalByName"}, "size": {"500"}, "offset": {strconv.Itoa(at)}})
		if err != nil {
			return nil, err
		}
		for _, a := range list.Album {
			k.albums = append(k.albums, a.ID)
			if a.CoverArt != "" {
				k.covers = append(k.covers, a.CoverArt)
			}
		}
		if len(list.Album) < 500 {
			break
		}
	}
	for at := 0; ; at += 500 {
		list, err := get[struct{ Song []item }](ctx, s, "search3", "searchResult3", url.Values{"query": {""}, "songCount": {"500"}, "songOffset": {strconv.Itoa(at)}, "artistCount": {"0"}, "albumCount": {"0"}})
		if err != nil {
			return nil, err
		}
		for _, x := range list.Song {
			k.songs = append(k.songs, x.ID)
		}
		if len(list.Song) < 500 {
			break
		}
	}
	index, err := get[struct {
		Index []struct{ Artist []item }
	}](ctx, s, "getArtists", "artists", nil)
	for _, i := range index.Index {
		for _, a := range i.Artist {
			k.artists = append(k.artists, a.ID)
		}
	}
	if err == nil && (len(k.songs) == 0 || len(k.albums) == 0 || len(k.artists) == 0) {
		err = errors.New("the measuring user sees nothing")
	}
	return k, err
}

// attach gives the measuring user some stars and ratings, as a listener has.
func attach(ctx context.Context, s *server, k *known) error {
	star := url.Values{}
	for i := 0; i < len(k.songs) && i < 3000; i += 30 {
		star.Add("id", k.songs[i])
	}
	for i := 0; i < len(k.albums) && i < 900; i += 30 {
		star.Add("albumId", k.albums[i])
	}
	for i := 0; i < len(k.artists) && i < 600; i += 30 {
		star.Add("artistId", k.artists[i])
	}
	if _, err := s.call(ctx, measurer, "star", star); err != nil {
		return err
	}
	for i := 0; i < len(k.songs) && i < 3000; i += 30 {
		if _, err := s.call(ctx, measurer, "setRating", url.Values{"id": {k.songs[i]}, "rating": {strconv.Itoa(1 + i/30%5)}}); err != nil {
			return err
		}
	}
	for p := range 5 {
		list := url.Values{"name": {fmt.Sprint("List ", p)}}
		for i := p; i < len(k.songs) && i < 50*(p+1); i += 2 {
			list.Add("songId", k.songs[i])
		}
		if _, err := s.call(ctx, measurer, "createPlaylist", list); err != nil {
			return err
		}
	}
	return nil
}

// endpoints lists what is measured, what changes something last.
func endpoints(k *known) []endpoint {
	deepAlbums, deepSongs := strconv.Itoa(max(0, len(k.albums)-520)), strconv.Itoa(max(0, len(k.songs)-520))
	songs := func(more string) func(int) string {
		return fixed("query=&artistCount=0&albumCount=0&songCount=500&songOffset=" + more)
	}
	byPassword := login(measurer)
	byPassword.Del("t")
	byPassword.Del("s")
	byPassword.Set("p", password)
	zipped := call("getAlbumList2", fixed("type=alphabeticalByName&size=500"))
	zipped.gzip = true
	size := 300
	cover := func(path func(int) string) *request {
		r := call("getCoverArt", path)
		r.file = true
		return r
	}
	list := []endpoint{
		{name: "ping, by token", r: call("ping", fixed("")), floor: 3, n: 4000},
		{name: "ping, by password", r: &request{path: fixed("/rest/ping?" + byPassword.Encode())}, floor: 3, n: 4000},
		{name: "getSong", r: call("getSong", cycle("id", k.songs)), floor: 8, n: 3000},
		{name: "getAlbum", r: call("getAlbum", cycle("id", k.albums)), floor: 25, n: 1500},
		{name: "getArtist", r: call("getArtist", cycle("id", k.artists)), n: 1500},
		{name: fmt.Sprintf("getArtists (%d artists)", len(k.artists)), r: call("getArtists", fixed(""))},
		{name: "getIndexes", r: call("getIndexes", fixed(""))},
		{name: "getGenres", r: call("getGenres", fixed("")), n: 1500},
		{name: "getAlbumList2, by name, 500 at 0", r: call("getAlbumList2", fixed("type=alphabeticalByName&size=500")), floor: 220},
		{name: "getAlbumList2, by name, 500 deep", r: call("getAlbumList2", fixed("type=alphabeticalByName&size=500&offset="+deepAlbums)), floor: 220},
		{name: "getAlbumList2, newest, 500 at 0", r: call("getAlbumList2", fixed("type=newest&size=500")), floor: 220},
		{name: "getAlbumList2, newest, 500 deep", r: call("getAlbumList2", fixed("type=newest&size=500&offset="+deepAlbums)), floor: 220},
		{name: zippedName, r: zipped},
		{name: "getRandomSongs, 500", r: call("getRandomSongs", fixed("size=500")), floor: 220},
		{name: "search3 of everything, 500 at 0", r: call("search3", songs("0")), floor: 220},
		{name: "search3 of everything, 500 deep", r: call("search3", songs(deepSongs)), floor: 220},
		{name: "search3, one word", r: call("search3", cycle("query", k.words)), floor: 60, n: 1500},
		{name: "search3, two words", r: call("search3", func(i int) string {
			return "query=" + url.QueryEscape(k.words[i%len(k.words)]+" "+k.words[(i*7+3)%len(k.words)])
		}), n: 1500},
		{name: "getStarred2 (150 starred)", r: call("getStarred2", fixed(""))},
		{name: "getPlaylists", r: call("getPlaylists", fixed("")), n: 1500},
	}
	if len(k.artists) == 500 {
		list[5].floor = 60
	}
	if len(k.covers) > 0 {
		few := k.covers[:min(len(k.covers), 20)]
		list = append(list,
			endpoint{name: "getCoverArt 300, cold", r: cover(cycle("id", k.covers)), n: len(k.covers) - 8, once: true},
			endpoint{name: "getCoverArt 300, warm", r: cover(cycle("id", few)), n: 1500})
		for _, e := range list[len(list)-2:] {
			path := e.r.path
			e.r.path = func(i int) string { return path(i) + "&size=" + strconv.Itoa(size) }
		}
	}
	began := time.Now().Add(-time.Hour * 24 * 365).UnixMilli()
	return append(list,
		endpoint{name: "star", r: call("star", cycle("id", k.songs)), floor: 20},
		endpoint{name: "scrobble", r: call("scrobble", func(i int) string {
			return "submission=true&id=" + url.QueryEscape(k.songs[i*13%len(k.songs)]) + "&time=" + strconv.FormatInt(began+int64(i)*200_000, 10)
		}), floor: 20})
}

// zippedName is the line that is compared with the one before it of the same
// question.
const (
	zippedName   = "getAlbumList2, by name, 500 at 0, gzip"
	unzippedName = "getAlbumList2, by name, 500 at 0"
	zippedFloor  = 40 // that gzip may add
)
