// Score measures how right the reader of audio files is. It lets real tools
// write a collection of files in every container and version of tags, with
// what it knows, reads them with Songlocker's reader, ffprobe, mutagen and
// TagLib, and holds all four against what was written.
//
// It needs the tools that test/with-tools lists:
//
//	test/with-tools go run ./test/score -write docs/formats.md
//
// It fails when fewer than 99 % of our values are right, when a list of two
// or more values is not exact, or when we find a value that is not there.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// floor is the share of right values that is asked for, in percent.
const floor = 99

func main() {
	folder := flag.String("folder", "", "where the collection lies; what is there is scored without being made anew")
	part := flag.Int("part", 1, "make only every such file")
	write := flag.String("write", "", "write the table into this document")
	flag.Parse()
	if err := run(os.Stdout, *folder, *part, *write); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

// run makes the collection where it is not there yet, scores it and prints.
func run(w io.Writer, folder string, part int, write string) error {
	if folder == "" {
		dir, err := os.MkdirTemp("", "songlocker-score")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		folder = dir
	}
	if _, err := os.Stat(filepath.Join(folder, "others.json")); errors.Is(err, os.ErrNotExist) {
		if err := python("collect.py", folder, strconv.Itoa(part)); err != nil {
			return err
		}
		if err := python("others.py", folder); err != nil {
			return err
		}
	}
	var files []line
	if err := load(filepath.Join(folder, "manifest.json"), &files); err != nil {
		return err
	}
	var theirs map[string][]*reading
	if err := load(filepath.Join(folder, "others.json"), &theirs); err != nil {
		return err
	}
	mine, err := ours(folder, files)
	if err != nil {
		return err
	}
	r := judge(files, mine, theirs)
	r.print(w)
	if write != "" {
		var b bytes.Buffer
		if err := r.document(&b); err != nil {
			return err
		}
		if err := os.WriteFile(write, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return r.verdict()
}

// python runs a script of this folder with the system's Python, for which
// the libraries are installed.
func python(script string, args ...string) error {
	cmd := exec.Command("/usr/bin/python3", append([]string{"-B", filepath.Join("test", "score", script)}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", script, err)
	}
	return nil
}

func load(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
