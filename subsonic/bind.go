package subsonic

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// Param documents one parameter of an endpoint.
type Param struct {
	Name     string
	Type     string // "string", "id", "integer", "number", "boolean" or "password"
	Many     bool   // may repeat
	Required bool
	Default  string
	Max      string // larger values are taken as this one
	Doc      string
}

// password is a parameter that may come as "enc:" and the hex digits of its
// UTF-8 bytes.
type password string

// binder fills the parameter struct of one endpoint.
type binder struct {
	params []Param
	fields []binderField
}

type binderField struct {
	index    int
	name     string
	required bool
	preset   string
	many     bool
	optional bool // a pointer, nil when not given
	min, max *int64
	set      func(v reflect.Value, name, text string) error
}

// compile reads the tags of a parameter struct:
//
//	q:"name"         the parameter's name, compared without regard to case
//	required:"true"  not given or empty is error 10
//	default:"10"     taken when it is not given
//	min:"0" max:"5"  numbers beyond are taken as the bound
//	doc:"…"          for docs/API.md
//
// Fields are of type models.ID, string, folderID, password, int, int64,
// float64 or bool; a list of one of them takes a parameter that repeats, a
// pointer to one tells whether it was given. It panics on any other field.
func compile(t reflect.Type) *binder {
	b := &binder{}
	for i := range t.NumField() {
		sf := t.Field(i)
		f := binderField{index: i, name: sf.Tag.Get("q"), required: sf.Tag.Get("required") == "true", preset: sf.Tag.Get("default")}
		p := Param{Name: f.name, Required: f.required, Default: f.preset, Max: sf.Tag.Get("max"), Doc: sf.Tag.Get("doc")}
		ft := sf.Type
		switch ft.Kind() {
		case reflect.Slice:
			f.many, p.Many, ft = true, true, ft.Elem()
		case reflect.Pointer:
			f.optional, ft = true, ft.Elem()
		}
		p.Type, f.set = setter(ft)
		if f.name == "" || f.set == nil {
			panic(fmt.Sprintf("subsonic: %s.%s can't be bound", t, sf.Name))
		}
		for tag, at := range map[string]**int64{"min": &f.min, "max": &f.max} {
			if text := sf.Tag.Get(tag); text != "" {
				n, err := strconv.ParseInt(text, 10, 64)
				if err != nil {
					panic(fmt.Sprintf("subsonic: %s.%s: %v", t, sf.Name, err))
				}
				*at = &n
			}
		}
		b.fields = append(b.fields, f)
		b.params = append(b.params, p)
	}
	return b
}

// setter returns the protocol's name of a type and how to set a value of it.
func setter(t reflect.Type) (string, func(reflect.Value, string, string) error) {
	switch t {
	case reflect.TypeFor[models.ID]():
		return "id", func(v reflect.Value, _, text string) error {
			id, ok := models.ParseID(text)
			if !ok {
				return unknownID(text)
			}
			v.Set(reflect.ValueOf(id))
			return nil
		}
	case reflect.TypeFor[password]():
		return "password", func(v reflect.Value, name, text string) error {
			clear, ok := decodePassword(text)
			if !ok {
				return fmt.Errorf("parameter %s: no hex digits after enc: %w", name, models.ErrInvalid)
			}
			v.SetString(clear)
			return nil
		}
	}
	switch t.Kind() {
	case reflect.String:
		return "string", func(v reflect.Value, _, text string) error {
			v.SetString(cleanText(text))
			return nil
		}
	case reflect.Int, reflect.Int64:
		return "integer", func(v reflect.Value, name, text string) error {
			n, err := parseInt(text)
			if err != nil || v.OverflowInt(n) {
				return fmt.Errorf("parameter %s: %q is no whole number: %w", name, short(text), models.ErrInvalid)
			}
			v.SetInt(n)
			return nil
		}
	case reflect.Float64:
		return "number", func(v reflect.Value, name, text string) error {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("parameter %s: %q is no number: %w", name, short(text), models.ErrInvalid)
			}
			v.SetFloat(n)
			return nil
		}
	case reflect.Bool:
		return "boolean", func(v reflect.Value, name, text string) error {
			switch {
			case text == "1" || strings.EqualFold(text, "true"):
				v.SetBool(true)
			case text == "0" || strings.EqualFold(text, "false"):
				v.SetBool(false)
			default:
				return fmt.Errorf("parameter %s: %q is neither true nor false: %w", name, short(text), models.ErrInvalid)
			}
			return nil
		}
	}
	return "", nil
}

// bind fills p, a parameter struct, from a form. Its error is
// models.ErrMissing for a required parameter that is not given,
// models.ErrNotFound for an id that names nothing, models.ErrInvalid for
// another value that can't be read.
func (b *binder) bind(p reflect.Value, f form) error {
	for i := range b.fields {
		if err := b.fields[i].bind(p.Field(b.fields[i].index), f); err != nil {
			return err
		}
	}
	return nil
}

func (b *binderField) bind(v reflect.Value, f form) error {
	if b.many {
		return b.bindMany(v, f)
	}
	text, given := f.get(b.name)
	if text == "" {
		if b.required {
			return missing(b.name)
		}
		// An empty text is a value, an empty number is none.
		if b.optional && given && v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.New(v.Type().Elem()))
			return nil
		}
		if text = b.preset; text == "" {
			return nil
		}
	}
	if b.optional {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	return b.one(v, text)
}

func (b *binderField) bindMany(v reflect.Value, f form) error {
	n := 0
	for i := range f {
		if f[i].value != "" && strings.EqualFold(f[i].key, b.name) {
			n++
		}
	}
	if n == 0 {
		if b.required {
			return missing(b.name)
		}
		return nil
	}
	list := reflect.MakeSlice(v.Type(), n, n)
	n = 0
	for i := range f {
		if f[i].value != "" && strings.EqualFold(f[i].key, b.name) {
			if err := b.one(list.Index(n), f[i].value); err != nil {
				return err
			}
			n++
		}
	}
	v.Set(list)
	return nil
}

func (b *binderField) one(v reflect.Value, text string) error {
	if err := b.set(v, b.name, text); err != nil {
		return err
	}
	if b.min != nil && v.Int() < *b.min {
		v.SetInt(*b.min)
	}
	if b.max != nil && v.Int() > *b.max {
		v.SetInt(*b.max)
	}
	return nil
}

// missing is the error for a required parameter that was not given.
func missing(name string) error {
	return fmt.Errorf("parameter %s: %w", name, models.ErrMissing)
}

// unknownID is the error for an id that nothing has.
func unknownID(text string) error {
	return fmt.Errorf("%s: %w", short(text), models.ErrNotFound)
}

// parseInt reads a whole number as apps send it.
func parseInt(text string) (int64, error) {
	return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
}

// decodePassword reads a password that may be "enc:" and hex digits.
func decodePassword(text string) (string, bool) {
	digits, ok := strings.CutPrefix(text, "enc:")
	if !ok {
		return text, true
	}
	b, err := hex.DecodeString(digits)
	return string(b), err == nil && len(b) > 0
}

// cleanText makes a text storable: valid UTF-8 without NUL.
func cleanText(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// short cuts a text that is repeated in a message.
func short(s string) string {
	s = cleanText(s)
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}
