package admin

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/manage"
)

// param reads an id in the path.
func (v *visit) param(name string, kind models.Kind) (models.Key, error) {
	id, ok := models.ParseID(v.Param(name))
	if !ok || id.Kind != kind {
		return 0, models.ErrNotFound
	}
	return id.Key, nil
}

// field returns what was typed into a field.
func (v *visit) field(name string) string { return strings.TrimSpace(v.Request().PostForm.Get(name)) }

// numbers returns the numbers that were ticked.
func (v *visit) numbers(name string) ([]int, error) {
	out := []int{}
	for _, s := range v.Request().PostForm[name] {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("%q is no number: %w", s, models.ErrInvalid)
		}
		out = append(out, n)
	}
	return out, nil
}

func userPage(k models.Key) string {
	return "users/" + models.ID{Kind: models.KindUser, Key: k}.String()
}

// role is a role as a box to tick.
type role struct {
	Name, Text string
	On         bool
}

// roleFields are the roles that boxes stand for.
var roleFields = []struct {
	name, text string
	of         func(*models.Roles) *bool
}{
	{"admin", "Administrator", func(r *models.Roles) *bool { return &r.Admin }},
	{"settings", "Change the own password and device secrets", func(r *models.Roles) *bool { return &r.Settings }},
	{"stream", "Play", func(r *models.Roles) *bool { return &r.Stream }},
	{"download", "Download", func(r *models.Roles) *bool { return &r.Download }},
	{"playlist", "Make playlists", func(r *models.Roles) *bool { return &r.Playlist }},
	{"coverArt", "Change covers", func(r *models.Roles) *bool { return &r.CoverArt }},
	{"comment", "Comment", func(r *models.Roles) *bool { return &r.Comment }},
	{"share", "Share", func(r *models.Roles) *bool { return &r.Share }},
	{"upload", "Upload", func(r *models.Roles) *bool { return &r.Upload }},
	{"podcast", "Podcasts", func(r *models.Roles) *bool { return &r.Podcast }},
	{"jukebox", "Jukebox", func(r *models.Roles) *bool { return &r.Jukebox }},
	{"video", "Video", func(r *models.Roles) *bool { return &r.Video }},
}

func roleBoxes(of models.Roles) []role {
	var out []role
	for _, f := range roleFields {
		out = append(out, role{f.name, f.text, *f.of(&of)})
	}
	return out
}

// ticked reads the boxes of roles.
func (v *visit) ticked() models.Roles {
	var out models.Roles
	for _, s := range v.Request().PostForm["role"] {
		for _, f := range roleFields {
			if f.name == s {
				*f.of(&out) = true
			}
		}
	}
	return out
}

// choice is a library as a box to tick.
type choice struct {
	Number int
	Name   string
	On     bool
}

// choices returns the shared libraries as boxes.
func (p *Pages) choices(v *visit, on func(n int) bool) ([]choice, error) {
	all, err := p.Manage.Libraries(v.Request().Context(), v.who)
	if err != nil {
		return nil, err
	}
	var out []choice
	for _, l := range all {
		if l.Owner == 0 {
			out = append(out, choice{l.Number, l.Name, on(l.Number)})
		}
	}
	return out, nil
}

type usersData struct {
	Users     []*models.User
	Name      string // typed before, when it went wrong
	Libraries []choice
}

func (p *Pages) users(v *visit) error { return p.usersPage(v, nil) }

func (p *Pages) usersPage(v *visit, wrong error) error {
	d := usersData{Name: v.field("name")}
	var err error
	if d.Users, err = p.Manage.Users(v.Request().Context(), v.who); err != nil {
		return err
	}
	if d.Libraries, err = p.choices(v, func(int) bool { return true }); err != nil {
		return err
	}
	return p.present(v, wrong, "users", page{Title: "Users", Data: d})
}

func (p *Pages) createUser(v *visit) error {
	u := &models.User{Name: v.field("name"), Roles: manage.NewRoles(v.field("admin") != ""), Scrobbling: true}
	var libraries []int
	var err error
	if v.field("all") == "" {
		libraries, err = v.numbers("library")
	}
	if err == nil {
		err = p.Manage.CreateUser(v.Request().Context(), v.who, u, v.Request().PostForm.Get("password"), libraries)
	}
	if err != nil {
		return p.usersPage(v, err)
	}
	p.tell(v, note{Text: "The user " + u.Name + " can sign in now."})
	return v.to(userPage(u.Key))
}

// userData is what a user's page shows: one's own, or for administrators
// anybody's.
type userData struct {
	User      *models.User
	Own       bool
	Admin     bool // the viewer is one
	Keeps     bool // the viewer may change password and secrets
	Roles     []role
	Libraries []choice
	Readable  []choice
	Secrets   []*models.Credential
	Address   string // of the server, for apps
	Names     map[int]string
}

func (p *Pages) user(v *visit) error { return p.userPage(v, nil) }

func (p *Pages) userPage(v *visit, wrong error) error {
	ctx := v.Request().Context()
	k, err := v.param("user", models.KindUser)
	if err != nil {
		return err
	}
	u, err := p.Manage.User(ctx, v.who, k)
	if err != nil {
		return err
	}
	d := userData{
		User: u, Own: k == v.who.User.Key, Admin: v.admin(), Keeps: v.who.User.Settings || v.admin(), Roles: roleBoxes(u.Roles),
		Address: p.Door.Scheme(v.Request()) + "://" + v.Request().Host + p.BasePath, Names: map[int]string{},
	}
	if d.Secrets, err = p.Manage.Secrets(ctx, v.who, k); err != nil {
		return err
	}
	reads := map[int]bool{}
	for _, n := range u.Libraries {
		reads[n] = true
	}
	all, err := p.Manage.Libraries(ctx, v.who)
	if err != nil {
		return err
	}
	for _, l := range all {
		d.Names[l.Number] = l.Name
		if reads[l.Number] {
			d.Readable = append(d.Readable, choice{l.Number, l.Name, true})
		}
		if l.Owner == 0 {
			d.Libraries = append(d.Libraries, choice{l.Number, l.Name, reads[l.Number]})
		}
	}
	title := u.Name
	if d.Own {
		title = "Your account"
	}
	return p.present(v, wrong, "user", page{Title: title, Data: d})
}

func (p *Pages) changeUser(v *visit) error {
	k, err := v.param("user", models.KindUser)
	if err != nil {
		return err
	}
	name, email, roles, all := v.field("name"), v.field("email"), v.ticked(), v.field("all") != ""
	scrobbling := v.field("scrobbling") != ""
	c := manage.Change{Name: &name, Email: &email, Roles: &roles, Scrobbling: &scrobbling}
	if all {
		c.All = &all
	} else {
		numbers, err := v.numbers("library")
		if err != nil {
			return err
		}
		c.Libraries = &numbers
	}
	if _, err := p.Manage.ChangeUser(v.Request().Context(), v.who, k, c); err != nil {
		return p.userPage(v, err)
	}
	p.tell(v, note{Text: "Saved."})
	return v.to(userPage(k))
}

func (p *Pages) setPassword(v *visit) error {
	k, err := v.param("user", models.KindUser)
	if err != nil {
		return err
	}
	f := v.Request().PostForm
	if f.Get("password") != f.Get("again") {
		err = fmt.Errorf("the two passwords differ: type the same one twice: %w", models.ErrInvalid)
	} else {
		err = p.Manage.SetPassword(v.Request().Context(), v.who, manage.PasswordChange{User: k, New: f.Get("password"), Current: f.Get("current"), Addr: v.addr()})
	}
	if err != nil {
		return p.userPage(v, err)
	}
	if k == v.who.User.Key {
		// All sessions have ended, this one too.
		token, err := p.Door.Begin(v.Response(), v.Request(), k)
		if err != nil {
			return err
		}
		v.token = token
	}
	p.tell(v, note{Text: "The password is changed. Apps need the new one; device secrets stay good."})
	return v.to(userPage(k))
}

func (p *Pages) newSecret(v *visit) error {
	k, err := v.param("user", models.KindUser)
	if err != nil {
		return err
	}
	n := auth.Secret{Name: v.field("name"), Scope: models.Scope(v.field("scope"))}
	if number, ok := strings.CutPrefix(string(n.Scope), "library "); ok {
		n.Scope = models.ScopeLibrary
		if n.Library, err = strconv.Atoi(number); err != nil {
			return fmt.Errorf("%q is no number: %w", number, models.ErrInvalid)
		}
	}
	clear, _, err := p.Manage.NewSecret(v.Request().Context(), v.who, k, n)
	if err != nil {
		return p.userPage(v, err)
	}
	p.tell(v, note{Secret: clear, Name: n.Name})
	return v.to(userPage(k))
}

func (p *Pages) revokeSecret(v *visit) error {
	k, err := v.param("user", models.KindUser)
	if err != nil {
		return err
	}
	s, err := v.param("secret", models.KindCredential)
	if err != nil {
		return err
	}
	if err := p.Manage.RevokeSecret(v.Request().Context(), v.who, k, s); err != nil {
		return err
	}
	p.tell(v, note{Text: "The secret opens nothing any more."})
	return v.to(userPage(k))
}

func (p *Pages) removeUserPage(v *visit) error {
	if !v.admin() {
		return models.ErrNotFound
	}
	k, err := v.param("user", models.KindUser)
	if err != nil {
		return err
	}
	u, err := p.Manage.User(v.Request().Context(), v.who, k)
	if err != nil {
		return err
	}
	return p.present(v, nil, "removeuser", page{Title: "Remove " + u.Name + "?", Data: u})
}

func (p *Pages) removeUser(v *visit) error {
	k, err := v.param("user", models.KindUser)
	if err != nil {
		return err
	}
	if err := p.Manage.RemoveUser(v.Request().Context(), v.who, k); err != nil {
		return err
	}
	p.tell(v, note{Text: "The user is removed."})
	return v.to("users")
}
