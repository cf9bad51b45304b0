package subsonic

import (
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:  "ping",
	Since: "1.0.0",
	Doc:   "Tells whether the server answers and the login is right.",
}, (*API).ping)

func (a *API) ping(Call, none) (spec.Payload, error) { return nil, nil }

var _ = handle(Endpoint{
	Name:  "getLicense",
	Since: "1.0.0",
	Doc:   "The licence, which is always valid.",
}, (*API).getLicense)

func (a *API) getLicense(Call, none) (spec.Payload, error) {
	return spec.License{Valid: true}, nil
}

// extensions are the extensions that work.
var extensions = spec.OpenSubsonicExtensions{
	{Name: "apiKeyAuthentication", Versions: []int{1}},
	{Name: "formPost", Versions: []int{1}},
	{Name: "indexBasedQueue", Versions: []int{1}},
	{Name: "songLyrics", Versions: []int{1}},
}

var _ = handle(Endpoint{
	Name:  "getOpenSubsonicExtensions",
	Since: "OpenSubsonic",
	Doc:   "The extensions of OpenSubsonic that this server has.",
	Open:  true,
}, (*API).getOpenSubsonicExtensions)

func (a *API) getOpenSubsonicExtensions(Call, none) (spec.Payload, error) {
	return extensions, nil
}

var _ = handle(Endpoint{
	Name:  "tokenInfo",
	Since: "OpenSubsonic",
	Doc:   "Whose API key it is that the call used.",
}, (*API).tokenInfo)

func (a *API) tokenInfo(c Call, _ none) (spec.Payload, error) {
	if !c.Key {
		return nil, missing("apiKey")
	}
	return spec.TokenInfo{Username: c.User.Name}, nil
}
