package server

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// envStoreSecret begins the variables that hold the secrets of the stores of
// libraries that the configuration names.
const envStoreSecret = envPrefix + "SECRET_"

// mostSecret bounds a file of a store's secret, in bytes.
const mostSecret = 64 << 10

// readStoreSecret reads a file that --secret-file or a variable names.
func readStoreSecret(file string) (storage.Secret, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostSecret+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostSecret {
		return nil, fmt.Errorf("%s is too long for a secret: %w", file, models.ErrInvalid)
	}
	secret, err := parseStoreSecret(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return secret, nil
}

// parseStoreSecret reads the secret of a store: a JSON object, TOML, or lines
// of name=value, all of texts. Credentials of Google, which are a JSON object of their own,
// are the one value credentials_json. Errors repeat nothing of the text.
func parseStoreSecret(text string) (storage.Secret, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF"))
	if text == "" {
		return nil, fmt.Errorf("the secret is empty: %w", models.ErrInvalid)
	}
	values := map[string]any{}
	switch {
	case text[0] == '{':
		if json.Unmarshal([]byte(text), &values) != nil {
			return nil, fmt.Errorf("the secret begins like JSON and is none: %w", models.ErrInvalid)
		}
		switch values["type"] {
		case "service_account", "authorized_user", "external_account", "impersonated_service_account":
			return storage.Secret{"credentials_json": text}, nil
		}
	case toml.Unmarshal([]byte(text), &values) != nil:
		var err error
		if values, err = secretLines(text); err != nil {
			return nil, err
		}
	}
	secret := storage.Secret{}
	for name, v := range values {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("a secret is one level of names and texts, and one of its values is no text: %w", models.ErrInvalid)
		}
		secret[name] = s
	}
	return secret, nil
}

// secretLines reads lines of name=value, with comments and one heading in
// brackets, as the files of cloud providers' own tools have.
func secretLines(text string) (map[string]any, error) {
	values, headings, n := map[string]any{}, 0, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		switch {
		case line == "", line[0] == '#', line[0] == ';':
			continue
		case line[0] == '[':
			if headings++; headings > 1 {
				return nil, fmt.Errorf("the secret has several parts in brackets: keep the one that is meant: %w", models.ErrInvalid)
			}
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, fmt.Errorf("line %d of the secret is no name=value: %w", n, models.ErrInvalid)
		}
		if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("line %d of the secret has a name for the second time: %w", n, models.ErrInvalid)
		}
		values[name] = value
	}
	return values, nil
}

// storeVariable is the part of the name of a library's variable that comes
// from its name: upper case, with "_" for all that is no letter or digit of
// ASCII.
func storeVariable(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
}

// giveSecrets reads SONGLOCKER_SECRET_NAME and SONGLOCKER_SECRET_NAME_FILE into the configured libraries.
func giveSecrets(music []Root, env map[string]string) error {
	var variables []string
	of := map[string][]int{}
	for i, r := range music {
		name := r.Name
		if name == "" {
			location, err := catalog.CleanLocation(r.Location)
			if err != nil {
				continue // it is told when the libraries are looked at
			}
			name = catalog.LibraryName(location)
		}
		v := envStoreSecret + storeVariable(name)
		of[v] = append(of[v], i)
		variables = append(variables, v, v+"_FILE")
	}
	var given []string
	for k := range env {
		if strings.HasPrefix(k, envStoreSecret) {
			given = append(given, k)
		}
	}
	slices.Sort(given)
	for _, k := range given {
		v, inFile := strings.CutSuffix(k, "_FILE")
		switch {
		case len(of[v]) == 0:
			return &badSetting{k, "the configuration names no library of this name" + suggest(k, variables)}
		case len(of[v]) > 1:
			return &badSetting{k, "several libraries are called so in a variable: give them names that differ in letters and digits"}
		}
		var secret storage.Secret
		var err error
		if inFile {
			if _, both := env[v]; both {
				return &badSetting{k, v + " is set too: only one of them may hold the secret"}
			}
			secret, err = readStoreSecret(env[k])
		} else {
			secret, err = parseStoreSecret(env[k])
		}
		if err != nil {
			return &badSetting{k, strings.TrimSuffix(err.Error(), ": "+models.ErrInvalid.Error())}
		}
		music[of[v][0]].Secret = secret
	}
	return nil
}

// secretsGiven returns the secrets of the configured libraries by their clean
// locations.
func (c *Config) secretsGiven() map[string]storage.Secret {
	out := map[string]storage.Secret{}
	for _, r := range c.Music {
		if location, err := catalog.CleanLocation(r.Location); err == nil && len(r.Secret) > 0 {
			out[location] = r.Secret
		}
	}
	return out
}
