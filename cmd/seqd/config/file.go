package config

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// file is a configuration file: flag names and their values. JSON is YAML too.
type file map[string]any

// loadFile implements kong.ConfigurationLoader.
func loadFile(r io.Reader) (kong.Resolver, error) {
	values := file{}
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return values, nil
}

// Validate implements kong.Resolver: a key that is no flag is a mistake that
// nobody would notice otherwise.
func (f file) Validate(app *kong.Application) error {
	known := map[string]bool{}
	nodes := append([]*kong.Node{app.Node}, app.Children...)
	for _, n := range nodes {
		for _, flag := range n.Flags {
			known[flag.Name] = flag.Name != "help" && flag.Name != "config"
		}
	}
	var unknown []string
	for key := range f {
		if !known[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return fmt.Errorf("configuration file: unknown setting %s", strings.Join(unknown, ", "))
}

// Resolve implements kong.Resolver.
func (f file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := f[flag.Name]
	if !ok || environmentSet(flag) {
		return nil, nil
	}
	return fmt.Sprint(value), nil
}
