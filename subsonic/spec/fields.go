package spec

import (
	"fmt"
	"reflect"
)

// Presence says when a field is sent; the package comment explains each.
type Presence uint8

// The rules of presence, by their options in the tag.
const (
	PresenceAlways Presence = iota // no option
	PresenceEmpty                  // "empty"
	PresenceOmit                   // "omit"
	PresenceFile                   // "file"
)

// String tells the rule to readers of the documentation.
func (p Presence) String() string {
	switch p {
	case PresenceEmpty:
		return "always in JSON, in XML when not empty"
	case PresenceOmit:
		return "when set"
	case PresenceFile:
		return "always, but in a directory when not zero"
	}
	return "always"
}

// Class says what this server does with a field.
type Class string

// The classes of fields.
const (
	Filled  Class = "filled"  // with what the catalog knows; by its rule of presence where it knows nothing
	Default Class = "default" // always sent, always with the same default
	Absent  Class = "absent"  // never sent
)

// Field documents one field of a shape.
type Field struct {
	Name     string // the JSON key
	Go       string // the field's name in Go
	Type     string // "string", "integer", "number", "boolean", "date-time", the name of a shape, or one of these in brackets for a list
	XML      string // "attribute NAME", "element NAME", "elements NAME" or "text"
	Presence Presence
	Class    Class
	Why      string // the reason for Default and Absent; empty for Filled
}

// Fields documents the fields of a shape, in the order in which they are
// written: of a struct of this package such as Child, AlbumID3 and ArtistID3.
// Fields of embedded structs stand in their place.
func Fields(t reflect.Type) []Field {
	var out []Field
	for i := range planOf(t).fields {
		f := &planOf(t).fields[i]
		if f.kind == kindEmbedded {
			out = append(out, Fields(t.Field(f.index).Type)...)
			continue
		}
		out = append(out, f.doc)
	}
	return out
}

func documentation(t reflect.Type, sf reflect.StructField, name, element string, f *field, ft reflect.Type) Field {
	d := Field{
		Name: name, Go: sf.Name, Presence: f.presence,
		Class: Class(sf.Tag.Get("class")), Why: sf.Tag.Get("why"),
	}
	if d.Class == "" {
		d.Class = Filled
	}
	if (d.Class == Filled) != (d.Why == "") || d.Class != Filled && d.Class != Default && d.Class != Absent {
		panic(fmt.Sprintf("spec: %s.%s: class %q with the reason %q", t, sf.Name, d.Class, d.Why))
	}
	d.Type = [...]string{
		kindString: "string", kindInt: "integer", kindBool: "boolean", kindFloat: "number",
		kindRating: "number", kindTime: "date-time", kindStruct: ft.Name(),
	}[f.kind]
	switch {
	case f.list:
		d.Type = "[" + d.Type + "]"
		d.XML = "elements " + element
	case f.place == placeText:
		d.XML = "text"
	case f.place == placeElement:
		d.XML = "element " + element
	default:
		d.XML = "attribute " + element
	}
	return d
}
