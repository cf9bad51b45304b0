package server

import (
	"context"
	"fmt"
	"time"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/doctor"
	"github.com/songlocker/songlocker/storage"
)

type doctorCommand struct{}

func (doctorCommand) Run(ctx context.Context, r *run) error {
	o := doctor.Options{
		Data: r.Config.Data, Database: r.Config.Database, KeyFile: r.Config.KeyFile, FollowLinks: r.Config.FollowLinks,
		Watch: r.Config.Watch, Proxies: r.Config.Proxies, BasePath: r.Config.BasePath, Now: time.Now(),
	}
	o.Open = func(ctx context.Context, p doctor.Place) (storage.Store, error) {
		location, err := catalog.CleanLocation(p.Location)
		if err != nil {
			return nil, err
		}
		return (&stores{registry: r.Stores}).look(ctx, location, p.Secret, p.Ambient)
	}
	for _, m := range r.Config.Music {
		o.Music = append(o.Music, doctor.Place{Name: m.Name, Location: m.Location, Secret: m.Secret, Ambient: true})
	}
	for _, l := range r.Config.Listen {
		o.Listen = append(o.Listen, doctor.Place{Name: l.Network, Location: l.Address})
	}
	problems := 0
	for _, f := range doctor.Examine(ctx, o) {
		switch {
		case f.Problem():
			problems++
			fmt.Fprintf(r.Stdout, "PROBLEM  %s: %s\n         %s\n", f.Part, f.What, f.Mend)
		case f.Hint:
			fmt.Fprintf(r.Stdout, "hint     %s: %s\n         %s\n", f.Part, f.What, f.Mend)
		default:
			fmt.Fprintf(r.Stdout, "ok       %s: %s\n", f.Part, f.What)
		}
	}
	switch problems {
	case 0:
		fmt.Fprintln(r.Stdout, "\nAll is well.")
		return nil
	case 1:
		fmt.Fprintln(r.Stdout, "\nOne problem.")
	default:
		fmt.Fprintf(r.Stdout, "\n%d problems.\n", problems)
	}
	return errSaid
}
