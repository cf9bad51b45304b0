package spec

import (
	"reflect"
	"strconv"
	"unicode/utf8"
)

func appendJSON(dst []byte, r *Response) []byte {
	dst = append(dst, `{"subsonic-response":{"status":"`...)
	if r.Error == nil {
		dst = append(dst, "ok"...)
	} else {
		dst = append(dst, "failed"...)
	}
	dst = append(dst, `","version":"`+Version+`","type":"`+ServerType+`","serverVersion":`...)
	dst = appendQuoted(dst, r.ServerVersion)
	dst = append(dst, `,"openSubsonic":true`...)
	switch {
	case r.Error != nil:
		dst = append(dst, `,"error":`...)
		dst = planOf(errorType).appendJSON(dst, reflect.ValueOf(r.Error).Elem())
	case r.Payload != nil:
		dst = append(dst, `,"`...)
		dst = append(dst, r.Payload.Element()...)
		dst = append(dst, `":`...)
		v, p := payloadOf(r.Payload)
		if v.Kind() == reflect.Slice {
			dst = p.appendJSONList(dst, v)
		} else {
			dst = p.appendJSON(dst, v)
		}
	}
	return append(dst, "}}"...)
}

var errorType = reflect.TypeFor[Error]()

func (p *plan) appendJSON(dst []byte, v reflect.Value) []byte {
	dst = append(dst, '{')
	return closeJSON(p.appendJSONFields(dst, v), '}')
}

func (p *plan) appendJSONList(dst []byte, v reflect.Value) []byte {
	dst = append(dst, '[')
	for i := range v.Len() {
		dst = append(p.appendJSON(dst, v.Index(i)), ',')
	}
	return closeJSON(dst, ']')
}

// closeJSON puts c in the place of the comma behind the last item, if there
// is an item.
func closeJSON(dst []byte, c byte) []byte {
	if last := len(dst) - 1; dst[last] == ',' {
		dst[last] = c
		return dst
	}
	return append(dst, c)
}

// appendJSONFields writes each field with a comma behind it.
func (p *plan) appendJSONFields(dst []byte, v reflect.Value) []byte {
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Field(f.index)
		// The commonest fields are decided here and not by sent: every song
		// has some thirty of them.
		if f.simple {
			switch f.kind {
			case kindString:
				s := fv.String()
				if s == "" && f.presence == PresenceOmit {
					continue
				}
				dst = appendQuoted(append(dst, f.json...), s)
			case kindInt:
				n := fv.Int()
				if n == 0 && f.presence == PresenceOmit {
					continue
				}
				dst = strconv.AppendInt(append(dst, f.json...), n, 10)
			default:
				if f.presence == PresenceOmit && f.zero(fv) {
					continue
				}
				dst = f.appendJSONValue(append(dst, f.json...), fv)
			}
			dst = append(dst, ',')
			continue
		}
		switch {
		case f.kind == kindEmbedded:
			dst = f.sub.appendJSONFields(dst, fv)
			continue
		case f.list:
			if f.presence == PresenceOmit && fv.IsNil() {
				continue
			}
			dst = f.appendJSONList(append(dst, f.json...), fv)
		case f.pointer:
			if fv.IsNil() {
				continue
			}
			dst = f.appendJSONValue(append(dst, f.json...), fv.Elem())
		default:
			if !f.sent(p, v, fv) {
				continue
			}
			dst = f.appendJSONValue(append(dst, f.json...), fv)
		}
		dst = append(dst, ',')
	}
	return dst
}

func (f *field) appendJSONList(dst []byte, v reflect.Value) []byte {
	if f.kind == kindStruct {
		return f.sub.appendJSONList(dst, v)
	}
	dst = append(dst, '[')
	for i := range v.Len() {
		dst = append(f.appendJSONValue(dst, v.Index(i)), ',')
	}
	return closeJSON(dst, ']')
}

func (f *field) appendJSONValue(dst []byte, v reflect.Value) []byte {
	switch f.kind {
	case kindString:
		return appendQuoted(dst, v.String())
	case kindInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case kindBool:
		return strconv.AppendBool(dst, v.Bool())
	case kindFloat:
		return appendFloat(dst, v.Float())
	case kindRating:
		return appendRating(dst, v.Float())
	case kindTime:
		return append(appendTime(append(dst, '"'), Time(v.Int())), '"')
	}
	return f.sub.appendJSON(dst, v)
}

// plain marks the ASCII bytes that stand for themselves in a JSON string.
var plain = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

const hex = "0123456789abcdef"

// appendQuoted writes s as a JSON string. U+2028 and U+2029 are escaped: they
// end a line in the scripts that JSONP makes of them.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if plain[c] {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(append(dst, s[start:i]...), `\ufffd`...)
			start = i + n
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[start:i]...), `\u202`...)
			dst = append(dst, hex[r&15])
			start = i + n
		}
		i += n
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
