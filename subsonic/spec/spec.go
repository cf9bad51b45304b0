// Package spec holds the shapes of the Subsonic protocol 1.16.1 with the
// additions of OpenSubsonic, and writes them as XML, JSON and JSONP. It is
// all that the wire looks like: every payload is a struct whose tags name its
// fields, and the three formats come from that one struct. It knows no HTTP
// and no database.
//
// Sources: the Subsonic XSD 1.16.1 (http://www.subsonic.org/pages/api.jsp)
// and the OpenSubsonic documents (https://opensubsonic.netlify.app/docs/).
//
// # Tags
//
// A field of a payload carries a tag `wire:"name,option,option"`. The name is
// the JSON key and the XML attribute or element.
//
// Its form in XML follows from its Go type: a string, number, boolean or time
// is an attribute, a struct is a child element, a list is one child element
// per item. Two options change that: "elem" makes a scalar a child element
// and "text" the text of the element, which is the key "value" in JSON.
// "xml=name" names the XML element where it differs from the key.
//
// When a field is sent:
//
//   - without an option, always, whatever its value; a list without items is
//     [] in JSON and nothing in XML;
//   - "empty": always in JSON, with its empty or default value, so that an
//     app can tell "no value" from "not supported"; in XML only when it has
//     one. This is the rule of fields that OpenSubsonic added;
//   - "omit": only when set. A zero scalar, a nil pointer, a nil list and a
//     struct of zeros are not set; a pointer to zero is;
//   - "file": always, except in a directory (isDir) where it is zero.
//
// An unset Time without an option is sent as 1970; Time and Rating have no
// empty value and take no "empty". Nothing is ever null.
//
// The tags `class` and `why` say for the documentation what the server does
// with a field; Fields reads them.
package spec

import "reflect"

// Version is the version of the Subsonic protocol that every response names.
const Version = "1.16.1"

// ServerType is the name of this server in every response. Apps compare it in
// lower case and switch on the names of some other servers.
const ServerType = "songlocker"

// Namespace is the XML namespace of every element.
const Namespace = "http://subsonic.org/restapi"

// Payload is what a successful response carries. It is a struct, a pointer to
// one, or a list of structs, and names the element that holds it.
type Payload interface {
	// Element is the JSON key and the XML element of the payload.
	Element() string
}

// Response is one answer to one call.
type Response struct {
	ServerVersion string  // the version of this server, such as "1.4.0"
	Error         *Error  // nil: the call succeeded
	Payload       Payload // nil: nothing besides the status; not sent with an Error
}

// Format is how a response is written.
type Format int

// The formats of the parameter f.
const (
	XML Format = iota // what is sent when nothing else is asked for
	JSON
	JSONP
)

// ParseFormat is the format that a value of the parameter f asks for. All
// unknown values, the empty one included, mean XML.
func ParseFormat(f string) Format {
	switch f {
	case "json":
		return JSON
	case "jsonp":
		return JSONP
	}
	return XML
}

// ContentType is the MIME type of a format. XML is text/xml and not
// application/xml, because apps recognise a failed download by it.
func ContentType(f Format) string {
	switch f {
	case JSON:
		return "application/json"
	case JSONP:
		return "application/javascript; charset=utf-8"
	}
	return "text/xml; charset=utf-8"
}

// maxCallback bounds the name of a JSONP callback, in bytes.
const maxCallback = 128

// ValidCallback tells whether name may be echoed as a JSONP callback: ASCII
// letters, digits, "_", "." and "$", not beginning with a digit, at most 128
// bytes.
func ValidCallback(name string) bool {
	if name == "" || len(name) > maxCallback || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '$':
		default:
			return false
		}
	}
	return true
}

// Append writes r to the end of dst in format f and returns the longer slice.
// It may be called at once from many goroutines and allocates only to grow
// dst. A callback matters to JSONP alone; one that is not valid is replaced
// by "callback" and never echoed. Text that is not UTF-8 is repaired with
// U+FFFD, so that the result always parses.
func Append(dst []byte, f Format, callback string, r *Response) []byte {
	switch f {
	case JSON:
		return appendJSON(dst, r)
	case JSONP:
		if !ValidCallback(callback) {
			callback = "callback"
		}
		dst = append(dst, callback...)
		dst = append(dst, '(')
		dst = appendJSON(dst, r)
		return append(dst, ");"...)
	}
	return appendXML(dst, r)
}

// payloadOf is the payload's value behind a possible pointer, and its plan.
// For a list the plan is that of its items.
func payloadOf(p Payload) (reflect.Value, *plan) {
	v := reflect.ValueOf(p)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	t := v.Type()
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return v, planOf(t)
}
