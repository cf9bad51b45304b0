package main

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// bareEnv names the bare server that a child of this program is to be: hello,
// bucket with what is in it, or the path of a file.
const bareEnv = "SONGLOCKER_TEST_BENCH_BARE"

// serveBare is what a machine can do at best: Echo that says hello, or net/http
// that sends one file. It prints its URL and never returns but by an error.
func serveBare(what string) error {
	if of, ok := strings.CutPrefix(what, "bucket "); ok {
		return serveBucket(of)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	if what != "hello" {
		return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, what) }))
	}
	e := echo.New()
	e.GET("/rest/*", func(c echo.Context) error { return c.String(http.StatusOK, "hello") })
	return http.Serve(l, e)
}

// walk reads the first 64 KiB of every file below the roots with four readers,
// and returns how many files there were.
func walk(roots []string) (int, error) {
	names := make(chan string, 256)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			buf := make([]byte, 64<<10)
			for name := range names {
				if f, err := os.Open(name); err == nil {
					_, _ = io.ReadFull(f, buf) // short files end early
					_ = f.Close()
				}
			}
		})
	}
	n := 0
	var err error
	for _, root := range roots {
		if err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				n++
				names <- name
			}
			return err
		}); err != nil {
			break
		}
	}
	close(names)
	wg.Wait()
	return n, err
}
