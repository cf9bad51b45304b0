package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models/catalog"
)

// healthPath answers whether the server works, to anybody.
const healthPath = "/healthz"

type health struct {
	Status   string `json:"status"`   // "ok" or "failing"
	Database string `json:"database"` // the same
}

func healthHandler(c *catalog.Catalog) echo.HandlerFunc {
	return func(e echo.Context) error {
		ctx, cancel := context.WithTimeout(e.Request().Context(), 5*time.Second)
		defer cancel()
		e.Response().Header().Set("Cache-Control", "no-store")
		if err := c.Ping(ctx); err != nil {
			return e.JSON(http.StatusServiceUnavailable, health{"failing", "failing"})
		}
		return e.JSON(http.StatusOK, health{"ok", "ok"})
	}
}

type healthCommand struct{}

func (healthCommand) Run(ctx context.Context, r *run) error {
	l := r.Config.Listen[0]
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, l.Network, l.Address)
	}}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+healthPath, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("the server at %s does not answer: %w", l.Address, err)
	}
	defer res.Body.Close()
	var h health
	if err := json.NewDecoder(res.Body).Decode(&h); err != nil {
		return fmt.Errorf("what answers at %s is not Songlocker", l.Address)
	}
	if h.Status != "ok" {
		return fmt.Errorf("the server at %s runs but its database does not answer", l.Address)
	}
	_, err = fmt.Fprintln(r.Stdout, "ok")
	return err
}
