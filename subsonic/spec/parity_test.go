package spec

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// node is an XML element as a tree.
type node struct {
	name     xml.Name
	attrs    map[string]string
	children []*node
	text     string
}

func parseXML(t testing.TB, raw []byte) *node {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(raw))
	top := &node{}
	stack := []*node{top}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		last := stack[len(stack)-1]
		switch x := tok.(type) {
		case xml.StartElement:
			n := &node{name: x.Name, attrs: map[string]string{}}
			for _, a := range x.Attr {
				if _, twice := n.attrs[a.Name.Local]; twice {
					t.Fatalf("attribute %s twice in %s", a.Name.Local, raw)
				}
				n.attrs[a.Name.Local] = a.Value
			}
			last.children = append(last.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			last.text += string(x)
		}
	}
	if len(top.children) != 1 {
		t.Fatalf("%d roots in %s", len(top.children), raw)
	}
	return top.children[0]
}

func parseJSON(t testing.TB, raw []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return out
}

// compare walks a JSON object and an XML element and reports where they tell
// different things. Empty values of JSON may be missing from XML.
func compare(path string, obj map[string]any, n *node) (out []string) {
	differs := func(format string, args ...any) { out = append(out, path+": "+fmt.Sprintf(format, args...)) }
	used := map[string]bool{}
	kids := map[string][]*node{}
	for _, c := range n.children {
		if c.name.Space != Namespace {
			differs("%s is in namespace %q", c.name.Local, c.name.Space)
		}
		name := c.name.Local
		if name == "agent" {
			name = "agents" // the one key that XML spells otherwise
		}
		kids[name] = append(kids[name], c)
	}
	scalar := func(key string, v any) {
		s := fmt.Sprint(v)
		used[key] = true
		a, isAttr := n.attrs[key]
		switch {
		case isAttr:
			if a != s {
				differs("%s is %q in JSON and the attribute %q", key, s, a)
			}
		case len(kids[key]) == 1:
			if kids[key][0].text != s {
				differs("%s is %q in JSON and the element %q", key, s, kids[key][0].text)
			}
		case key == "value" && n.text == s:
		case s != "" && s != "0" && s != "false":
			differs("%s is %q in JSON and nothing in XML", key, s)
		}
	}
	for key, v := range obj {
		switch v := v.(type) {
		case map[string]any:
			used[key] = true
			switch len(kids[key]) {
			case 0:
				if len(v) > 0 {
					differs("%s is missing from XML", key)
				}
			case 1:
				out = append(out, compare(path+"."+key, v, kids[key][0])...)
			default:
				differs("%s stands %d times", key, len(kids[key]))
			}
		case []any:
			used[key] = true
			if len(v) != len(kids[key]) {
				differs("%s has %d items in JSON and %d in XML", key, len(v), len(kids[key]))
				continue
			}
			for i, item := range v {
				if m, ok := item.(map[string]any); ok {
					out = append(out, compare(fmt.Sprintf("%s.%s[%d]", path, key, i), m, kids[key][i])...)
				} else if s := fmt.Sprint(item); s != kids[key][i].text {
					differs("%s[%d] is %q in JSON and %q in XML", key, i, s, kids[key][i].text)
				}
			}
		default:
			scalar(key, v)
		}
	}
	for a := range n.attrs {
		if !used[a] && a != "xmlns" {
			differs("the attribute %s is missing from JSON", a)
		}
	}
	for k := range kids {
		if !used[k] {
			differs("the element %s is missing from JSON", k)
		}
	}
	if _, ok := obj["value"]; !ok && strings.TrimSpace(n.text) != "" {
		differs("text %q", n.text)
	}
	return out
}

func TestXMLAndJSONTellTheSame(t *testing.T) {
	for _, x := range fixtures {
		t.Run(x.name, func(t *testing.T) {
			root := parseXML(t, Append(nil, XML, "", response(x.payload)))
			if root.name != (xml.Name{Space: Namespace, Local: "subsonic-response"}) {
				t.Errorf("root %v", root.name)
			}
			obj := parseJSON(t, Append(nil, JSON, "", response(x.payload)))
			if len(obj) != 1 {
				t.Errorf("%d keys at the root of JSON", len(obj))
			}
			for _, d := range compare("$", obj["subsonic-response"].(map[string]any), root) {
				t.Error(d)
			}
		})
	}
}

// TestCompareNotices holds the comparison itself to account.
func TestCompareNotices(t *testing.T) {
	same := `<a xmlns="` + Namespace + `" n="1" s="x"><l>1</l><o k="2"/></a>`
	obj := `{"n":1,"s":"x","l":[1],"o":{"k":2},"e":"","el":[]}`
	if d := compare("$", parseJSON(t, []byte(obj)), parseXML(t, []byte(same))); d != nil {
		t.Errorf("%v", d)
	}
	for _, other := range []string{
		strings.Replace(same, `n="1"`, `n="2"`, 1),
		strings.Replace(same, `s="x"`, ``, 1),
		strings.Replace(same, `s="x"`, `s="x" more="1"`, 1),
		strings.Replace(same, `<l>1</l>`, ``, 1),
		strings.Replace(same, `<l>1</l>`, `<l>1</l><l>1</l>`, 1),
		strings.Replace(same, `<l>1</l>`, `<l>2</l>`, 1),
		strings.Replace(same, `<o k="2"/>`, ``, 1),
		strings.Replace(same, `<o k="2"/>`, `<o k="3"/>`, 1),
		strings.Replace(same, `<o k="2"/>`, `<o k="2"/><p/>`, 1),
		strings.Replace(same, `<o k="2"/>`, `<o k="2"/>text`, 1),
		strings.Replace(same, Namespace, "other", 1),
	} {
		if d := compare("$", parseJSON(t, []byte(obj)), parseXML(t, []byte(other))); len(d) == 0 {
			t.Errorf("no difference seen in %s", other)
		}
	}
}
