// Songlocker is a music server for Subsonic apps. This file lists what kinds
// of storage the program speaks and starts it.
package main

import (
	"os"

	"github.com/songlocker/songlocker/server"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/bucket"
	"github.com/songlocker/songlocker/storage/local"
)

// version is set by the build of a release.
var version string

func main() {
	var stores storage.Registry
	stores.Register("file", local.Open)
	bucket.Register(&stores)
	os.Exit(server.Main(server.Process{
		Args: os.Args[1:], Environ: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Stores: &stores, Version: version,
	}))
}
