package models

import "testing"

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Beyoncé":            "beyonce",
		"AC/DC":              "ac dc",
		"Sigur Rós":          "sigur ros",
		"Motörhead":          "motorhead",
		"R.E.M.":             "rem",
		"Don’t Stop":         "dont stop",
		"  Many   spaces ":   "many spaces",
		"東京事変":               "東京事変",
		"ＦＵＬＬ width":         "full width",
		"ガラス":                "ガラス",
		"Straße":             "strasse",
		"Björk & Ærøskøbing": "bjork and aeroskobing",
		"Кино":               "кино",
		"Ёлка":               "елка",
		"!!!":                "!!!",
		"(What's the Story)": "whats the story",
		"한국어":                "한국어",
		"":                   "",
		"Sunn O)))":          "sunn o",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestIDsRoundTrip(t *testing.T) {
	seen := map[Key]bool{}
	for range 10000 {
		k := NewKey()
		if seen[k] {
			t.Fatalf("key %d came twice", k)
		}
		seen[k] = true
		id := ID{KindSong, k}
		back, ok := ParseID(id.String())
		if !ok || back != id {
			t.Fatalf("%v -> %q -> %v %v", id, id.String(), back, ok)
		}
	}
	for _, bad := range []string{"", "so-", "so-0", "so_0123456789abc", "so-0123456789abI", "so-0000000000000", "so-zzzzzzzzzzzzz", "so-0123456789abcd", "-1", "1"} {
		if id, ok := ParseID(bad); ok {
			t.Errorf("ParseID(%q) = %v", bad, id)
		}
	}
}
