package server

import (
	"context"
	"fmt"
	"time"

	"github.com/songlocker/songlocker/server/doctor"
)

type doctorCommand struct{}

func (doctorCommand) Run(ctx context.Context, r *run) error {
	o := doctor.Options{
		Data: r.Config.Data, Database: r.Config.Database, KeyFile: r.Config.KeyFile, FollowLinks: r.Config.FollowLinks,
		Watch: r.Config.Watch, Proxies: r.Config.Proxies, BasePath: r.Config.BasePath, Now: time.Now(),
	}
	for _, m := range r.Config.Music {
		o.Music = append(o.Music, doctor.Place{Name: m.Name, Location: m.Location})
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
