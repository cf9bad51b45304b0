package subsonic

import (
	"strings"

	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:   "startScan",
	Since:  "1.15.0",
	Doc:    "Looks for changes in all libraries; while a scan runs it changes nothing.",
	Role:   RoleAdmin,
	Writes: true,
}, (*API).startScan)

func (a *API) startScan(c Call, _ none) (spec.Payload, error) {
	if a.Scans != nil {
		if err := a.Scans.Start(c, nil, false); err != nil {
			return nil, err
		}
	}
	return a.getScanStatus(c, none{})
}

var _ = handle(Endpoint{
	Name:  "getScanStatus",
	Since: "1.15.0",
	Doc:   "Whether a scan runs, and how many songs it has seen. Who is no admin is told of the songs that may be read. Admins are told, as error, which libraries have an alarm.",
}, (*API).getScanStatus)

func (a *API) getScanStatus(c Call, _ none) (spec.Payload, error) {
	if a.Scans == nil {
		return spec.ScanStatus{}, nil
	}
	scanning, n := a.Scans.Status()
	out := spec.ScanStatus{Scanning: scanning, Count: int64(n)}
	if !c.Roles.Admin {
		// What a scan has listed counts songs of other people's libraries.
		n, err := a.Catalog.ReadableSongs(c, c.Viewer)
		out.Count = int64(n)
		return out, err
	}
	all, err := a.Catalog.Libraries(c)
	var alarms []string
	for _, l := range all {
		if l.Alarm != "" {
			alarms = append(alarms, l.Name+": "+l.Alarm)
		}
	}
	out.Error = strings.Join(alarms, " ")
	return out, err
}
