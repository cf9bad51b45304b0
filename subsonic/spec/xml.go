package spec

import (
	"reflect"
	"strconv"
	"unicode/utf8"
)

func appendXML(dst []byte, r *Response) []byte {
	dst = append(dst, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<subsonic-response xmlns="`+Namespace+`" status="`...)
	if r.Error == nil {
		dst = append(dst, "ok"...)
	} else {
		dst = append(dst, "failed"...)
	}
	dst = append(dst, `" version="`+Version+`" type="`+ServerType+`" serverVersion="`...)
	dst = appendEscaped(dst, r.ServerVersion)
	dst = append(dst, `" openSubsonic="true">`...)
	switch {
	case r.Error != nil:
		dst = planOf(errorType).appendXML(dst, "<error", "</error>", reflect.ValueOf(r.Error).Elem())
	case r.Payload != nil:
		name := r.Payload.Element()
		v, p := payloadOf(r.Payload)
		if v.Kind() == reflect.Slice {
			for i := range v.Len() {
				dst = p.appendXML(dst, "<"+name, "</"+name+">", v.Index(i))
			}
		} else {
			dst = p.appendXML(dst, "<"+name, "</"+name+">", v)
		}
	}
	return append(dst, "</subsonic-response>"...)
}

// appendXML writes one element: attributes, then children and text.
func (p *plan) appendXML(dst []byte, open, close string, v reflect.Value) []byte {
	dst = append(dst, open...)
	dst = p.appendAttributes(dst, v)
	if len(p.children) > 0 {
		before := len(dst)
		dst = append(dst, '>')
		dst = p.appendChildren(dst, v)
		if len(dst) > before+1 {
			return append(dst, close...)
		}
		dst = dst[:before]
	}
	return append(dst, "/>"...)
}

// value finds what a field that is no list sends in XML; ok is false when
// that is nothing.
func (f *field) value(p *plan, holder, v reflect.Value) (_ reflect.Value, ok bool) {
	if f.pointer {
		return v.Elem(), !v.IsNil()
	}
	if f.presence == PresenceAlways {
		return v, true
	}
	return v, f.sent(p, holder, v) && (f.presence != PresenceEmpty || !f.zero(v))
}

func (p *plan) appendAttributes(dst []byte, v reflect.Value) []byte {
	for _, f := range p.attributes {
		fv := v.Field(f.index)
		if f.kind == kindEmbedded {
			dst = f.sub.appendAttributes(dst, fv)
			continue
		}
		if f.simple {
			if f.presence != PresenceAlways && f.zero(fv) {
				continue
			}
		} else {
			var ok bool
			if fv, ok = f.value(p, v, fv); !ok {
				continue
			}
		}
		dst = append(f.appendText(append(dst, f.attr...), fv), '"')
	}
	return dst
}

func (p *plan) appendChildren(dst []byte, v reflect.Value) []byte {
	for _, f := range p.children {
		fv := v.Field(f.index)
		switch {
		case f.kind == kindEmbedded:
			dst = f.sub.appendChildren(dst, fv)
		case f.list:
			for i := range fv.Len() {
				dst = f.appendElement(dst, fv.Index(i))
			}
		default:
			fv, ok := f.value(p, v, fv)
			switch {
			case !ok:
			case f.place == placeText:
				dst = f.appendText(dst, fv)
			default:
				dst = f.appendElement(dst, fv)
			}
		}
	}
	return dst
}

func (f *field) appendElement(dst []byte, v reflect.Value) []byte {
	if f.kind == kindStruct {
		return f.sub.appendXML(dst, f.open, f.close, v)
	}
	dst = append(append(dst, f.open...), '>')
	dst = f.appendText(dst, v)
	return append(dst, f.close...)
}

// appendText writes a scalar, for an attribute or for text.
func (f *field) appendText(dst []byte, v reflect.Value) []byte {
	switch f.kind {
	case kindInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case kindBool:
		return strconv.AppendBool(dst, v.Bool())
	case kindFloat:
		return appendFloat(dst, v.Float())
	case kindRating:
		return appendRating(dst, v.Float())
	case kindTime:
		return appendTime(dst, Time(v.Int()))
	}
	return appendEscaped(dst, v.String())
}

// special marks the ASCII bytes that do not stand for themselves in XML.
var special = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c < ' ' || c == '&' || c == '<' || c == '>' || c == '"'
	}
	return t
}()

// appendEscaped writes s for an attribute in double quotes or for text. Tabs
// and ends of lines are written as numbers, else a parser would turn them
// into spaces in attributes. Characters that XML 1.0 cannot hold become
// U+FFFD (https://www.w3.org/TR/xml/#charsets).
func appendEscaped(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if !special[c] {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '&':
				dst = append(dst, "&amp;"...)
			case '<':
				dst = append(dst, "&lt;"...)
			case '>':
				dst = append(dst, "&gt;"...)
			case '"':
				dst = append(dst, "&quot;"...)
			case '\t':
				dst = append(dst, "&#9;"...)
			case '\n':
				dst = append(dst, "&#10;"...)
			case '\r':
				dst = append(dst, "&#13;"...)
			default:
				dst = append(dst, "\uFFFD"...)
			}
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == '\uFFFE' || r == '\uFFFF' {
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			start = i + n
		}
		i += n
	}
	return append(dst, s[start:]...)
}
