package subsonic

import (
	"reflect"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// Endpoint is one call of the protocol.
type Endpoint struct {
	Name  string
	Since string // version of the protocol, or "OpenSubsonic"
	Doc   string
	Role  Role // what the user must be allowed
	// Writes is a call that changes something: read-only secrets may not.
	Writes bool
	// Media is a call that answers with bytes and not with a response.
	Media bool
	// Open needs no login.
	Open bool
	// Versioned is a call whose answer changes only with the catalog or with
	// what the user sees of it: it carries an ETag made of both versions.
	Versioned bool
	// Later is a call whose feature this server does not have yet: it answers
	// with what is true, an empty list or an error.
	Later bool

	Params []Param // in the order of the parameter struct
	run    func(*API, Call, form) (spec.Payload, error)
}

// Role is a right of a user.
type Role int

// The roles that endpoints ask for. The protocol has no call that needs the
// roles upload, coverArt and videoConversion. The role comment stands for
// comments, which no call writes: everybody may rate for himself.
const (
	RoleNone Role = iota
	RoleAdmin
	RoleSettings // an admin has it as well, for others' passwords
	RoleStream
	RoleDownload
	RolePlaylist
	RolePodcast
	RoleJukebox
	RoleShare
)

var roleNames = [...]string{"", "admin", "settings", "stream", "download", "playlist", "podcast", "jukebox", "share"}

// String is the role's name in the protocol, without "Role".
func (r Role) String() string { return roleNames[r] }

// in tells whether roles has the role.
func (r Role) in(roles models.Roles) bool {
	switch r {
	case RoleAdmin:
		return roles.Admin
	case RoleSettings:
		return roles.Settings || roles.Admin
	case RoleStream:
		return roles.Stream
	case RoleDownload:
		return roles.Download
	case RolePlaylist:
		return roles.Playlist
	case RolePodcast:
		return roles.Podcast
	case RoleJukebox:
		return roles.Jukebox
	case RoleShare:
		return roles.Share
	}
	return true
}

// registry holds every endpoint by its name.
var registry = map[string]*Endpoint{}

// handle adds an endpoint to the registry. P is a struct whose fields carry
// the tags that bind reads. It panics on a name that is there already and on
// a field that bind can't fill: both are mistakes in the program.
func handle[P any](e Endpoint, h func(*API, Call, P) (spec.Payload, error)) *Endpoint {
	if registry[e.Name] != nil {
		panic("subsonic: two endpoints named " + e.Name)
	}
	b := compile(reflect.TypeFor[P]())
	e.Params = b.params
	e.run = func(a *API, c Call, f form) (spec.Payload, error) {
		var p P
		if err := b.bind(reflect.ValueOf(&p).Elem(), f); err != nil {
			return nil, err
		}
		return h(a, c, p)
	}
	registry[e.Name] = &e
	return &e
}

// Endpoints returns all endpoints by name, for documents, metrics and tests.
func Endpoints() []Endpoint {
	var list []Endpoint
	for _, e := range registry {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b Endpoint) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return list
}

// none is the parameters of an endpoint that has none.
type none struct{}
