package server

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// envPrefix begins the name of every variable that is ours.
const envPrefix = "SONGLOCKER_"

// envSecret holds the first administrator's password. It has no flag, since
// every user of a machine reads the flags of all programs.
const envSecret = envPrefix + "ADMIN_PASSWORD"

// envForeign are variables that begin like ours and are none: what Kubernetes
// tells every container about a service of our name, and what our tests use.
var envForeign = regexp.MustCompile(`^SONGLOCKER_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?|TEST_.*)$`)

// envName is the variable of the setting or flag of this name.
func envName(name string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// sources looks settings up in the environment and in the configuration file,
// for flags that were not given. It is the kong.Resolver of one parse.
type sources struct {
	env    map[string]string
	file   string         // path of the file that was read, or ""
	values map[string]any // of the file
	from   map[string]string
}

// environment returns our own variables among environ.
func environment(environ []string) map[string]string {
	out := map[string]string{}
	for _, e := range environ {
		k, v, _ := strings.Cut(e, "=")
		if strings.HasPrefix(k, envPrefix) && !envForeign.MatchString(k) {
			out[k] = v
		}
	}
	return out
}

// read chooses the configuration file and reads it. flags are the values of
// --config and --data as given on the command line, "" when not given.
func (s *sources) read(flagConfig, flagData, defaultData string) error {
	file := firstOf(flagConfig, s.env[envName("config")])
	if file == "" {
		data := firstOf(flagData, s.env[envName("data")], defaultData)
		for _, f := range []string{filepath.Join(data, "songlocker.toml"), "/etc/songlocker/songlocker.toml"} {
			if _, err := os.Stat(f); err == nil {
				file = f
				break
			}
		}
		if file == "" {
			return nil
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return &badSetting{"configuration file", err.Error()}
	}
	s.file, s.values = file, map[string]any{}
	if err := toml.Unmarshal(b, &s.values); err != nil {
		text := err.Error()
		if pe, ok := errors.AsType[toml.ParseError](err); ok {
			// Its long form would quote the line, which may hold a password.
			text = fmt.Sprintf("line %d: %s", pe.Position.Line, pe.Message)
		}
		return &badSetting{file, "this is no TOML: " + text}
	}
	return nil
}

// Validate is part of kong.Resolver; known does its work, after the parse, so
// that a command that needs no configuration runs with a wrong one.
func (*sources) Validate(*kong.Application) error { return nil }

// known refuses variables and names that are no setting.
func (s *sources) known(app *kong.Application) error {
	var settings, variables []string
	for _, f := range app.Flags {
		if isSetting(f) {
			variables = append(variables, envName(f.Name))
			if f.Tag.Get("file") != "no" {
				settings = append(settings, f.Name)
			}
		}
	}
	variables = append(variables, envSecret, envName("password-file"))
	for _, k := range slices.Sorted(maps.Keys(s.env)) {
		if !slices.Contains(variables, k) && !strings.HasPrefix(k, envStoreSecret) { // giveSecrets knows those
			return &badSetting{k, "there is no setting of this name" + suggest(k, variables)}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.values)) {
		if !slices.Contains(settings, k) {
			return &badSetting{s.file, fmt.Sprintf("there is no setting %q%s", k, suggest(k, settings))}
		}
	}
	return nil
}

// isSetting tells whether a flag of the program as a whole is a setting.
func isSetting(f *kong.Flag) bool { return f.Group != nil }

// Resolve finds the value of a flag that was not given: the variable wins
// over the file.
func (s *sources) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	if !isSetting(f) && f.Name != "password-file" {
		return nil, nil
	}
	var value any
	if v, ok := s.env[envName(f.Name)]; ok {
		s.from[f.Name] = envName(f.Name)
		value = v
		if f.IsSlice() {
			value = lines(v, f.Tag.Get("split") == "yes")
		}
	} else if v, ok := s.values[f.Name]; ok && f.Tag.Get("file") != "no" {
		s.from[f.Name] = f.Name + " in " + s.file
		value = v
	} else {
		return nil, nil
	}
	value, err := plain(value, f.IsSlice())
	if err != nil {
		return nil, &badSetting{s.where(f.Name), err.Error()}
	}
	// A trial, because the error of the real one does not tell the source.
	trial := reflect.New(f.Target.Type()).Elem()
	if err := f.Parse(kong.Scan().PushTyped(value, kong.FlagValueToken), trial); err != nil {
		what := strings.TrimPrefix(err.Error(), f.ShortSummary()+": ")
		if f.Target.Type() == reflect.TypeFor[time.Duration]() {
			what = fmt.Sprintf("%q is no length of time: write it like 1h or 30m", value)
		}
		return nil, &badSetting{s.where(f.Name), what}
	}
	return value, nil
}

// where tells where the value of a setting came from.
func (s *sources) where(name string) string {
	if w := s.from[name]; w != "" {
		return w
	}
	return "--" + name
}

// lines splits a variable that holds a list: one value a line, and where no
// value can hold a semicolon also at those.
func lines(v string, semicolons bool) []any {
	out := []any{}
	for line := range strings.SplitSeq(v, "\n") {
		if !semicolons {
			out = append(out, strings.TrimSuffix(line, "\r"))
			continue
		}
		for part := range strings.SplitSeq(line, ";") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// plain turns a value of a file into what kong reads: text, or a list of it.
func plain(v any, list bool) (any, error) {
	switch v := v.(type) {
	case string:
		if list {
			return []any{v}, nil
		}
		return v, nil
	case bool, int64, float64:
		return fmt.Sprint(v), nil
	case []any:
		if !list {
			return nil, errors.New("want one value and not a list")
		}
		for _, e := range v {
			if _, ok := e.(string); !ok {
				return nil, errors.New("want a list of texts in quotes")
			}
		}
		return v, nil
	}
	return nil, errors.New("want a text in quotes, a number, true or false")
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// suggest returns "; did you mean X?" for the nearest of known, or "" when
// none is near.
func suggest(name string, known []string) string {
	best, least := "", max(2, len(name)/4)+1
	for _, k := range known {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance counts the letters to add, remove or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// defaultData is the folder that holds Songlocker's state when nobody says.
func defaultData(getenv func(string) string) string {
	if x := getenv("XDG_DATA_HOME"); filepath.IsAbs(x) {
		return filepath.Join(x, "songlocker")
	}
	if h := getenv("HOME"); h != "" {
		return filepath.Join(h, ".local", "share", "songlocker")
	}
	return "/var/lib/songlocker"
}
