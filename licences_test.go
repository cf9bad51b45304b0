package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// licences are those that may be linked into a program under the MIT licence,
// each by phrases that stand in every copy of it.
var licences = []struct {
	name    string
	phrases []string
}{
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "the software is provided \"as is\""}},
	{"BSD", []string{"redistribution and use in source and binary forms, with or without modification, are permitted provided"}},
	{"Apache-2.0", []string{"apache license version 2.0, january 2004"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"}},
	{"MPL-2.0", []string{"mozilla public license version 2.0"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
	{"CC0-1.0", []string{"cc0 1.0 universal"}},
	{"zlib", []string{"altered source versions must be plainly marked as such"}},
}

// obstacles are phrases of licences or additions that ask for more.
var obstacles = []string{
	"gnu general public license", "gnu lesser general public license", "gnu affero general public license",
	"server side public license", "business source license", "commons clause", "all advertising materials mentioning",
	"non-commercial", "noncommercial",
}

var spaces = regexp.MustCompile(`[\s*#/]+`)

// licence returns the name of the licence that text is, or "" for one that is
// not known or asks for more.
func licence(text string) string {
	text = spaces.ReplaceAllString(strings.ToLower(strings.NewReplacer("“", `"`, "”", `"`).Replace(text)), " ")
	found := ""
	for _, l := range licences {
		all := true
		for _, p := range l.phrases {
			// The replacement above also takes the slash of "and/or".
			all = all && strings.Contains(text, spaces.ReplaceAllString(p, " "))
		}
		if all && found == "" {
			found = l.name
		}
	}
	if found == "MPL-2.0" {
		return found // its text names the licences that it may be combined with
	}
	text = strings.ReplaceAll(text, "commercial or non-commercial", "") // allows both
	for _, o := range obstacles {
		if strings.Contains(text, o) {
			return ""
		}
	}
	return found
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)(\.(txt|md|rst))?$`)

// TestLicences looks at every module that is linked into the program, with
// and without cgo.
func TestLicences(t *testing.T) {
	// The test's cached result holds only as long as these files: go list
	// reads them unseen.
	eachImport(t, func(string, string, bool) {})
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	modules := map[string]string{}
	for _, cgo := range []string{"0", "1"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Module", "./...")
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, &stderr)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *struct{ Path, Dir string } }
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if p.Module != nil {
				modules[p.Module.Path] = p.Module.Dir
			}
		}
	}
	if len(modules) < 2 {
		t.Fatalf("go list names %d modules", len(modules))
	}
	for name, dir := range modules {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Error(err)
			continue
		}
		found := false
		for _, e := range entries {
			if !licenceFile.MatchString(e.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			found = true
			if licence(string(text)) == "" {
				t.Errorf("%s: %s is no licence that we know to allow our use: read it, and add its phrases to licences_test.go if it does", name, e.Name())
			}
		}
		if !found {
			t.Errorf("%s has no licence file in %s", name, dir)
		}
	}
}

func TestLicenceNames(t *testing.T) {
	mit := "MIT\n\nPermission is hereby granted, free of charge, to any person obtaining\na copy of this. THE SOFTWARE IS PROVIDED “AS IS”."
	for _, c := range []struct{ text, want string }{
		{mit, "MIT"},
		{mit + " It is also under the GNU General Public License.", ""},
		{mit + " The Commons Clause is added.", ""},
		{"// Redistribution and use in source and binary forms, with or without\n// modification, are permitted provided that", "BSD"},
		{"Redistribution and use in source and binary forms, with or without modification, are permitted provided that All advertising materials mentioning", ""},
		{"                                 Apache License\n                           Version 2.0, January 2004", "Apache-2.0"},
		{"Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted", "ISC"},
		{"Mozilla Public License Version 2.0 ... GNU General Public License", "MPL-2.0"},
		{"GNU GENERAL PUBLIC LICENSE Version 3", ""},
		{"All rights reserved.", ""},
		{"", ""},
	} {
		if got := licence(c.text); got != c.want {
			t.Errorf("%q is %q, want %q", c.text, got, c.want)
		}
	}
}
