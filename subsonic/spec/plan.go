package spec

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// kind is how a value is written.
type kind uint8

const (
	kindString kind = iota
	kindInt
	kindBool
	kindFloat
	kindRating
	kindTime
	kindStruct
	kindEmbedded // a struct whose fields stand among those of its holder
)

// place is where a field stands in XML.
type place uint8

const (
	placeAttribute place = iota
	placeElement
	placeText
)

// field is how one field of a struct is written.
type field struct {
	index    int
	kind     kind // of the items, in a list
	list     bool
	pointer  bool
	simple   bool // neither list, pointer, embedded nor sent by PresenceFile
	place    place
	presence Presence
	sub      *plan // for structs and embedded structs

	json  string // `"name":`
	attr  string // ` name="`
	open  string // `<name`
	close string // `</name>`
	doc   Field
}

// plan is how a struct is written: what its tags say, read once.
type plan struct {
	fields     []field
	attributes []*field // those of fields that are attributes, and embedded structs
	children   []*field // the others, and embedded structs with such fields
	isDir      int      // index of the field isDir, or -1
}

var plans sync.Map // reflect.Type of a struct -> *plan

// planOf makes or finds the plan of a struct. It panics on tags that make no
// sense; a test makes the plan of every payload.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(t, newPlan(t))
	return p.(*plan)
}

var (
	timeType   = reflect.TypeFor[Time]()
	ratingType = reflect.TypeFor[Rating]()
)

func newPlan(t reflect.Type) *plan {
	p := &plan{isDir: -1}
	for i := range t.NumField() {
		sf := t.Field(i)
		f := field{index: i}
		if sf.Anonymous {
			f.kind, f.sub = kindEmbedded, planOf(sf.Type)
			p.fields = append(p.fields, f)
			continue
		}
		name, options, _ := strings.Cut(sf.Tag.Get("wire"), ",")
		if name == "" {
			panic(fmt.Sprintf("spec: %s.%s has no wire tag", t, sf.Name))
		}
		if name == "isDir" {
			p.isDir = i
		}
		ft := sf.Type
		switch ft.Kind() {
		case reflect.Slice:
			f.list, ft = true, ft.Elem()
		case reflect.Pointer:
			f.pointer, ft = true, ft.Elem()
		}
		f.kind = kindOf(ft)
		if f.kind == kindStruct {
			f.sub = planOf(ft)
		}
		if f.list || f.kind == kindStruct {
			f.place = placeElement
		}
		element := name
		for o := range strings.SplitSeq(options, ",") {
			switch {
			case o == "":
			case o == "omit":
				f.presence = PresenceOmit
			case o == "empty":
				f.presence = PresenceEmpty
			case o == "file":
				f.presence = PresenceFile
			case o == "elem":
				f.place = placeElement
			case o == "text":
				f.place = placeText
			case strings.HasPrefix(o, "xml="):
				element = o[len("xml="):]
			default:
				panic(fmt.Sprintf("spec: %s.%s has the unknown option %q", t, sf.Name, o))
			}
		}
		if f.pointer && f.presence != PresenceOmit {
			panic(fmt.Sprintf("spec: %s.%s is a pointer and needs the option omit", t, sf.Name))
		}
		if f.presence == PresenceEmpty && (f.kind == kindTime || f.kind == kindRating) {
			panic(fmt.Sprintf("spec: %s.%s has no empty value", t, sf.Name))
		}
		f.simple = !f.list && !f.pointer && f.presence != PresenceFile
		f.json = `"` + name + `":`
		f.attr = " " + element + `="`
		f.open = "<" + element
		f.close = "</" + element + ">"
		f.doc = documentation(t, sf, name, element, &f, ft)
		p.fields = append(p.fields, f)
	}
	for i := range p.fields {
		f := &p.fields[i]
		if f.kind == kindEmbedded || f.place == placeAttribute {
			p.attributes = append(p.attributes, f)
		}
		if f.kind == kindEmbedded && len(f.sub.children) > 0 || f.place != placeAttribute {
			p.children = append(p.children, f)
		}
	}
	return p
}

func kindOf(t reflect.Type) kind {
	switch t {
	case timeType:
		return kindTime
	case ratingType:
		return kindRating
	}
	switch t.Kind() {
	case reflect.String:
		return kindString
	case reflect.Bool:
		return kindBool
	case reflect.Int, reflect.Int64:
		return kindInt
	case reflect.Float64:
		return kindFloat
	case reflect.Struct:
		return kindStruct
	}
	panic(fmt.Sprintf("spec: no form for %s on the wire", t))
}

// zero tells whether v, a value that is neither list nor pointer, is the zero
// of its kind.
func (f *field) zero(v reflect.Value) bool {
	switch f.kind {
	case kindString:
		return v.Len() == 0
	case kindInt, kindTime:
		return v.Int() == 0
	case kindBool:
		return !v.Bool()
	case kindFloat, kindRating:
		return v.Float() == 0
	}
	return v.IsZero()
}

// sent tells whether a value that is neither list nor pointer is sent in JSON.
// In XML an empty value of PresenceEmpty is left out besides.
func (f *field) sent(p *plan, holder, v reflect.Value) bool {
	switch f.presence {
	case PresenceAlways:
		return true
	case PresenceEmpty:
		return true
	case PresenceFile:
		return p.isDir < 0 || !holder.Field(p.isDir).Bool() || !f.zero(v)
	}
	return !f.zero(v)
}
