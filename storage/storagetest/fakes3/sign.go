package fakes3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signed tells whether a request bears a signature of any kind.
func signed(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.URL.Query().Get("X-Amz-Signature") != ""
}

// authorised checks the signature of a request, in its header or in its query,
// by the rules of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// and returns a code and message of what is wrong with it. A server that
// demands no key takes unsigned requests too, but no wrong signature.
func (s *Server) authorised(r *http.Request, require bool) (code, message string) {
	header, q := r.Header.Get("Authorization"), r.URL.Query()
	inQuery := q.Get("X-Amz-Signature") != ""
	switch {
	case header != "" && inQuery:
		return "InvalidArgument", "Only one auth mechanism allowed"
	case header == "" && !inQuery && require:
		return "AccessDenied", "Access Denied"
	case header == "" && !inQuery:
		return "", ""
	}
	var credential, signedHeaders, signature, date, payload string
	if inQuery {
		credential, signedHeaders, signature = q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature")
		date, payload = q.Get("X-Amz-Date"), "UNSIGNED-PAYLOAD"
		q.Del("X-Amz-Signature")
		at, err := time.Parse("20060102T150405Z", date)
		life, err2 := strconv.Atoi(q.Get("X-Amz-Expires"))
		if err != nil || err2 != nil || time.Since(at) > time.Duration(life)*time.Second {
			return "AccessDenied", "Request has expired"
		}
	} else {
		if !strings.HasPrefix(header, "AWS4-HMAC-SHA256 ") {
			return "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
		}
		for part := range strings.SplitSeq(strings.TrimPrefix(header, "AWS4-HMAC-SHA256 "), ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch name {
			case "Credential":
				credential = value
			case "SignedHeaders":
				signedHeaders = value
			case "Signature":
				signature = value
			}
		}
		date, payload = r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Content-Sha256")
	}
	id, scope, _ := strings.Cut(credential, "/")
	if id != AccessKey {
		return "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
	}
	parts := strings.Split(scope, "/") // date, region, service, "aws4_request"
	if len(parts) != 4 || parts[1] != Region {
		return "AuthorizationHeaderMalformed", "The authorization header is malformed; the region is wrong; expecting '" + Region + "'"
	}

	var query []string
	for name, values := range q {
		for _, v := range values {
			query = append(query, encode(name)+"="+encode(v))
		}
	}
	slices.Sort(query)
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n" + strings.Join(query, "&") + "\n"
	for name := range strings.SplitSeq(signedHeaders, ";") {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		canonical += name + ":" + strings.Join(strings.Fields(value), " ") + "\n"
	}
	canonical += "\n" + signedHeaders + "\n" + payload
	sum := sha256.Sum256([]byte(canonical))
	text := "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + SecretKey)
	for _, part := range append(parts, text) {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(part))
		key = m.Sum(nil)
	}
	if hex.EncodeToString(key) != signature {
		return "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."
	}
	return "", ""
}

// encode is the protocol's own percent encoding of a name or value.
func encode(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
