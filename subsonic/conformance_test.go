package subsonic

import (
	"net/http/httptest"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/conformance"
)

func TestConformance(t *testing.T) {
	h := newHouse(t)
	owner, err := h.catalog.UserByName(t.Context(), "owner")
	if err != nil {
		t.Fatal(err)
	}
	h.auth.keys["key"] = models.Identity{User: owner, Scope: models.ScopeFull}
	s := httptest.NewServer(h.handler)
	defer s.Close()
	for _, song := range []string{"Dawn", "Sea", "Loose", "Leaf", "Ä <&> Z"} {
		if id, ok := h.song(song)["coverArt"].(string); ok {
			h.covers[id] = "picture"
		}
		album := dig(h.get("getAlbum?id="+h.song(song)["albumId"].(string)), "album", "coverArt")
		if id, ok := album.(string); ok {
			h.covers[id] = "picture"
		}
	}
	for _, song := range []string{"Dusk", "Night", "Sky", "Moss"} {
		if id, ok := h.song(song)["coverArt"].(string); ok {
			h.covers[id] = "picture"
		}
	}
	for _, base := range []string{"", "/music"} {
		t.Run("at "+base+"/", func(t *testing.T) {
			conformance.Run(t, conformance.Server{URL: s.URL + base, User: "owner", Password: "owner-pw", APIKey: "key"})
		})
	}
}
