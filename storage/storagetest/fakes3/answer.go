package fakes3

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// answer is what a request is answered with.
type answer struct {
	status int
	header http.Header
	body   io.Reader
	length int64
}

// failure answers with an error in XML.
func failure(status int, code, message string) answer {
	var b strings.Builder
	b.WriteString(xml.Header + "<Error><Code>")
	_ = xml.EscapeText(&b, []byte(code))
	b.WriteString("</Code><Message>")
	_ = xml.EscapeText(&b, []byte(message))
	b.WriteString("</Message><RequestId>FAKES3</RequestId></Error>")
	return answer{status, http.Header{"Content-Type": {"application/xml"}}, strings.NewReader(b.String()), int64(b.Len())}
}

// answer makes the answer of a request.
func (s *Server) answer(r *http.Request, kind Kind, bucket, key string, settings Settings, f *Fault) answer {
	if f.Status != 0 {
		return failure(f.Status, f.Code, f.Message)
	}
	if settings.RefuseChecksums {
		for name := range r.Header {
			if n := strings.ToLower(name); strings.HasPrefix(n, "x-amz-checksum-") || strings.HasPrefix(n, "x-amz-sdk-checksum-") || n == "x-amz-trailer" {
				return failure(http.StatusNotImplemented, "NotImplemented", "Header '"+n+"' not implemented")
			}
		}
	}
	if code, message := s.authorised(r, settings.RequireKey); code != "" {
		return failure(http.StatusForbidden, code, message)
	}
	if bucket != Bucket {
		return failure(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	}
	switch kind {
	case List:
		return s.list(r.URL.Query(), settings)
	case Get, Head:
		return s.get(r, kind, key, settings.Lenient)
	case Put:
		return s.put(r, key)
	case Delete:
		s.Delete(key)
		return answer{status: http.StatusNoContent}
	}
	if r.Method == http.MethodHead && key == "" {
		return answer{status: http.StatusOK, header: http.Header{"X-Amz-Bucket-Region": {Region}}}
	}
	return failure(http.StatusNotImplemented, "NotImplemented", "A header or query you provided implies functionality that is not implemented.")
}

func (s *Server) put(r *http.Request, key string) answer {
	if len(key) > 1024 {
		return failure(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return failure(http.StatusBadRequest, "IncompleteBody", err.Error())
	}
	if r.Header.Get("If-None-Match") == "*" && s.ETag(key) != "" {
		return failure(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	s.PutObject(key, Object{Data: data, Class: r.Header.Get("X-Amz-Storage-Class"), Type: r.Header.Get("Content-Type")})
	return answer{status: http.StatusOK, header: http.Header{"Etag": {`"` + s.ETag(key) + `"`}}}
}

// get answers GetObject and HeadObject.
func (s *Server) get(r *http.Request, kind Kind, key string, lenient bool) answer {
	s.mu.Lock()
	o := s.objects[key]
	s.mu.Unlock()
	if o == nil {
		return failure(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	if want := r.Header.Get("If-Match"); !lenient && want != "" && want != "*" && strings.Trim(want, `"`) != o.etag {
		return failure(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	if kind == Get && (o.Class == "GLACIER" || o.Class == "DEEP_ARCHIVE") {
		return failure(http.StatusForbidden, "InvalidObjectState", "The operation is not valid for the object's storage class")
	}
	h := http.Header{
		"Etag":          {`"` + o.etag + `"`},
		"Last-Modified": {o.ModTime.UTC().Format(http.TimeFormat)},
		"Accept-Ranges": {"bytes"},
		"Content-Type":  {"binary/octet-stream"},
	}
	if o.Type != "" {
		h.Set("Content-Type", o.Type)
	}
	if o.Class != "" && o.Class != "STANDARD" {
		h.Set("X-Amz-Storage-Class", o.Class)
	}
	q := r.URL.Query()
	if signed(r) {
		for name, header := range map[string]string{"response-content-type": "Content-Type", "response-content-disposition": "Content-Disposition"} {
			if v := q.Get(name); v != "" {
				h.Set(header, v)
			}
		}
	}
	begin, to, status := int64(0), o.Size, http.StatusOK
	if spec := r.Header.Get("Range"); spec != "" {
		var ok bool
		begin, to, ok = parseRange(spec, o.Size)
		if !ok {
			a := failure(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
			a.header.Set("Content-Range", fmt.Sprintf("bytes */%d", o.Size))
			return a
		}
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", begin, to-1, o.Size))
	}
	return answer{status, h, io.NewSectionReader(o.Reader, begin, to-begin), to - begin}
}

// parseRange reads one range of bytes, as begin and end; false is one that
// lies outside.
func parseRange(spec string, size int64) (int64, int64, bool) {
	a, b, ok := strings.Cut(strings.TrimPrefix(spec, "bytes="), "-")
	if !ok {
		return 0, 0, false
	}
	if a == "" {
		n, err := strconv.ParseInt(b, 10, 64)
		return max(0, size-n), size, err == nil && n > 0 && size > 0
	}
	begin, err := strconv.ParseInt(a, 10, 64)
	if err != nil || begin >= size {
		return 0, 0, false
	}
	if b == "" {
		return begin, size, true
	}
	end, err := strconv.ParseInt(b, 10, 64)
	if err != nil || end < begin {
		return 0, 0, false
	}
	return begin, min(end, size-1) + 1, true
}

// list answers ListObjectsV2. Keys come in the order of their bytes; keys that
// begin alike up to the delimiter count as one.
func (s *Server) list(q url.Values, settings Settings) answer {
	size := 1000
	if settings.PageSize > 0 {
		size = min(size, settings.PageSize)
	}
	if m := q.Get("max-keys"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 0 {
			return failure(http.StatusBadRequest, "InvalidArgument", "max-keys is no number")
		}
		size = min(size, n)
	}
	prefix, delimiter, after := q.Get("prefix"), q.Get("delimiter"), q.Get("start-after")
	if token := q.Get("continuation-token"); token != "" {
		b, err := base64.StdEncoding.DecodeString(token)
		if err != nil || len(b) == 0 {
			return failure(http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect")
		}
		after = string(b)
	}
	encode := func(text string) string { return text }
	if q.Get("encoding-type") == "url" {
		encode = func(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "%2F", "/") }
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	keys := s.keys()
	i, _ := slices.BinarySearch(keys, prefix)
	if after >= prefix {
		j, found := slices.BinarySearch(keys, after)
		if found {
			j++
		}
		i = max(i, j)
	}
	var b, folders strings.Builder
	n, last, more := 0, "", false
	for i < len(keys) && strings.HasPrefix(keys[i], prefix) {
		key := keys[i]
		if s.hidden[key] {
			i++
			continue
		}
		folder := ""
		if delimiter != "" {
			if at := strings.Index(key[len(prefix):], delimiter); at >= 0 {
				folder = key[:len(prefix)+at+len(delimiter)]
			}
		}
		if folder != "" && strings.HasPrefix(after, folder) {
			i++ // a page before this one told of the folder
			continue
		}
		if n == size {
			more = true
			break
		}
		n++
		if folder != "" {
			folders.WriteString("<CommonPrefixes><Prefix>" + escape(encode(folder)) + "</Prefix></CommonPrefixes>")
			last = folder
			for i < len(keys) && strings.HasPrefix(keys[i], folder) {
				last = keys[i]
				i++
			}
			continue
		}
		o := s.objects[key]
		b.WriteString("<Contents><Key>" + escape(encode(key)) + "</Key>")
		if !settings.NoTimes {
			b.WriteString("<LastModified>" + o.ModTime.UTC().Format("2006-01-02T15:04:05.000Z") + "</LastModified>")
		}
		class := o.Class
		if class == "" {
			class = "STANDARD"
		}
		fmt.Fprintf(&b, "<ETag>&quot;%s&quot;</ETag><Size>%d</Size><StorageClass>%s</StorageClass></Contents>", escape(o.etag), o.Size, class)
		last = key
		i++
	}
	var out strings.Builder
	out.WriteString(xml.Header + `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>` + Bucket + "</Name>")
	fmt.Fprintf(&out, "<Prefix>%s</Prefix><KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys><IsTruncated>%v</IsTruncated>", escape(encode(prefix)), n, size, more)
	if q.Get("encoding-type") == "url" {
		out.WriteString("<EncodingType>url</EncodingType>")
	}
	if delimiter != "" {
		out.WriteString("<Delimiter>" + escape(encode(delimiter)) + "</Delimiter>")
	}
	if more {
		out.WriteString("<NextContinuationToken>" + base64.StdEncoding.EncodeToString([]byte(last)) + "</NextContinuationToken>")
	}
	out.WriteString(b.String() + folders.String() + "</ListBucketResult>")
	return answer{http.StatusOK, http.Header{"Content-Type": {"application/xml"}}, strings.NewReader(out.String()), int64(out.Len())}
}

// escape writes text into XML as S3 does: a control character is a reference,
// which XML 1.0 does not allow, so that clients that don't ask for
// encoding-type=url can't read such a page.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r < 32:
			fmt.Fprintf(&b, "&#x%x;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// send writes an answer, and breaks the connection where it is to be cut.
// Bytes of content are counted as they go out.
func (s *Server) send(w http.ResponseWriter, r *http.Request, a answer, cut int64, content bool) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if cut < 0 {
		panic(http.ErrAbortHandler)
	}
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.FormatInt(a.length, 10))
	}
	w.WriteHeader(a.status)
	if a.body == nil || r.Method == http.MethodHead {
		return
	}
	body := a.body
	if cut > 0 {
		body = io.LimitReader(body, cut)
	}
	n, _ := io.Copy(w, body) // the client may be gone
	if content && a.status < 300 {
		s.mu.Lock()
		s.counts.Bytes += n
		s.mu.Unlock()
	}
	if cut > 0 && n < a.length {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
}
