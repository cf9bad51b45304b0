package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/manage"
)

type moveData struct {
	Library  manage.Library
	Location string
	Names    []string // of secrets
	Found    *manage.Moved
}

func (p *Pages) movePage(v *visit) error { return p.movePlan(v, nil, nil) }

// movePlan is the page on which a library is moved, with what a look at the
// new place found.
func (p *Pages) movePlan(v *visit, wrong error, found *manage.Moved) error {
	if !v.admin() {
		return models.ErrNotFound
	}
	n, err := v.number()
	if err != nil {
		return err
	}
	d := moveData{Location: v.field("location"), Names: secretNames, Found: found}
	if d.Library, err = p.Manage.Library(v.Request().Context(), v.who, n); err != nil {
		return err
	}
	return p.present(v, wrong, "move", page{Title: "Move " + d.Library.Name, Data: d})
}

// move looks at the new place of a library, or moves it there.
func (p *Pages) move(v *visit) error {
	n, err := v.number()
	if err != nil {
		return err
	}
	secret, err := v.secret()
	if err != nil {
		return p.movePlan(v, err, nil)
	}
	// The server's limits are for short answers.
	control := http.NewResponseController(v.Response())
	for _, lift := range []func(time.Time) error{control.SetReadDeadline, control.SetWriteDeadline} {
		if err := lift(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
	look := v.field("look") != ""
	m, err := p.Manage.MoveLibrary(v.Request().Context(), v.who, n, manage.Move{
		Location: v.field("location"), Secret: secret, DryRun: look, Force: v.field("force") != "",
	})
	if err != nil {
		return p.movePlan(v, err, nil)
	}
	m = m.For(p.Manage.Catalog.ViewerOf(v.who), n)
	if look {
		return p.movePlan(v, nil, &m)
	}
	p.tell(v, note{Text: "The library is at its new place: " + count(m.Found) + " of " + count(m.Songs) + " songs were found. A scan follows."})
	return v.to(libraryPath(n))
}
