package server

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// configDoc returns docs/CONFIG.md, made from Settings.
func configDoc() (string, error) {
	var cl commandLine
	k, err := grammar(&cl, "~/.local/share/songlocker")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Made from server/config.go by "make docs". Do not edit. -->

Every setting has one name and is given in one of three ways; an earlier one wins:

1. a flag: ` + "`--scan-interval 30m`" + `
2. a variable: ` + "`SONGLOCKER_SCAN_INTERVAL=30m`" + `
3. a line of the configuration file: ` + "`scan-interval = \"30m\"`" + `

The file is TOML. It is the one that ` + "`--config`" + ` names, else ` + "`songlocker.toml`" + ` in the data folder, else
` + "`/etc/songlocker/songlocker.toml`" + `. A name that is no setting, in the file or in a variable, is an error, and so is a
value that can't be used: the program says which in a sentence and ends with status 2.

A setting that may be given many times is a list in the file (` + "`music = [\"Music=/srv/music\", \"/srv/more\"]`" + `). In a
variable its values stand one a line; those of music, listen and trusted-proxies may also be separated by semicolons.
An empty value empties the list.

Secrets are never flags, because every user of a machine can read those. A password lies in a variable or, better, in a
file: ` + "`SONGLOCKER_ADMIN_PASSWORD_FILE`" + `, ` + "`SONGLOCKER_DATABASE_FILE`" + `. For ` + "`songlocker user add`" + ` and ` + "`passwd`" + ` it is
asked for on the terminal, read from the standard input, or from the file that ` + "`SONGLOCKER_PASSWORD_FILE`" + ` names.
The secret of a bucket has variables of its own: see the end of this page.
`)
	group := ""
	for _, f := range k.Model.Flags {
		if !isSetting(f) {
			continue
		}
		if f.Group.Key != group {
			group = f.Group.Key
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", f.Name, f.Help)
		flag := "--" + f.Name
		switch {
		case f.Tag.Negatable != "":
			flag += "`, `--no-" + f.Name
		case f.IsBool():
		default:
			flag += " " + f.FormatPlaceHolder()
			if i := strings.Index(flag, " "); f.PlaceHolder == "" {
				flag = flag[:i] + " " + kindOf(f)
			}
		}
		fmt.Fprintf(&b, "- flag: `%s`\n- variable: `%s`\n", flag, envName(f.Name))
		if f.Tag.Get("file") != "no" {
			fmt.Fprintf(&b, "- file: `%s = %s`\n", f.Name, example(f))
		}
		switch {
		case f.HasDefault:
			fmt.Fprintf(&b, "- default: `%s`\n", f.Default)
		case f.IsBool():
			b.WriteString("- default: `false`\n")
		default:
			b.WriteString("- default: none\n")
		}
	}
	b.WriteString("\n## The first administrator's password\n\n`" + envSecret + `

Password of ` + "`--admin-user`" + `, for a first start that nobody attends. Only the variable exists, no flag and no line of
the file.

## The secrets of buckets

` + "`" + envStoreSecret + "NAME`, `" + envStoreSecret + `NAME_FILE` + "`" + `

What opens the bucket of a library that ` + "`--music`" + ` or ` + "`--audiobooks`" + ` names: the text itself or, better, the file that holds
it. NAME is the library's name in upper case, with ` + "`_`" + ` for all that is no letter or digit of ASCII: of
` + "`--music \"My music=s3://bucket\"`" + ` it is ` + "`" + envStoreSecret + `MY_MUSIC` + "`" + `. A library without a name is called by the last part of its
location. The text is a JSON object, TOML, or lines of ` + "`name=value`" + `; [buckets.md](buckets.md) tells the names of each provider.
It is kept in memory only and wins over what the catalog keeps of the library. Without either, the machine's own
credentials are used, which only libraries of the configuration may.
`)
	return b.String(), nil
}

func kindOf(f *kong.Flag) string {
	switch {
	case f.Enum != "":
		return strings.ToUpper(f.Name[strings.LastIndexByte(f.Name, '-')+1:])
	case f.Target.Type() == reflect.TypeFor[time.Duration]():
		return "DURATION"
	}
	return strings.ToUpper(f.Target.Kind().String())
}

// example is the value that a line of the file has, in the form of its type.
func example(f *kong.Flag) string {
	value := f.Default
	if (value == "" || strings.HasPrefix(value, "~")) && f.PlaceHolder != "" {
		value = f.PlaceHolder
	}
	switch {
	case f.IsBool():
		if value == "" {
			return "false"
		}
		return value
	case f.IsSlice():
		return fmt.Sprintf("[%q]", value)
	}
	return fmt.Sprintf("%q", value)
}
