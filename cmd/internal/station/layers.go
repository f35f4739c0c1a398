package station

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Origin is the layer that a value came from, the lowest first.
type Origin string

// The layers.
const (
	FromDefault     Origin = "default"
	FromFile        Origin = "file"
	FromEnvironment Origin = "environment"
	FromPolicy      Origin = "policy" // what IT manages: nothing on this computer overrides it
)

// Source says where a value came from.
type Source struct {
	Origin Origin
	Place  string // the file, the variable or the registry's key; "" for a default
}

// Value is one setting with its source. Its JSON keys are those of "countersignctl config --json".
type Value struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	From  Origin `json:"from"`
	Place string `json:"place,omitempty"`
}

// key is one setting: its name in a file, in the environment and in the policy, and where its value goes: a *string, a *bool, an
// *int or a *Targets.
type key struct {
	name string
	into func(*Settings) any
}

var keys = []key{
	{"printer", func(s *Settings) any { return &s.Printer }},
	{"profile", func(s *Settings) any { return &s.Profile }},
	{"hold", func(s *Settings) any { return &s.Hold }},
	{"drawer", func(s *Settings) any { return &s.Drawer }},
	{"language", func(s *Settings) any { return &s.Language }},
	{"theme", func(s *Settings) any { return &s.Theme }},
	{"text", func(s *Settings) any { return &s.Text }},
	{"volume", func(s *Settings) any { return &s.Volume }},
	{"kiosk", func(s *Settings) any { return &s.Kiosk }},
	{"scanner", func(s *Settings) any { return &s.Scanner }},
	{"cloud", func(s *Settings) any { return &s.Cloud }},
	{"proxy", func(s *Settings) any { return &s.Proxy }},
	{"hub", func(s *Settings) any { return &s.Hub }},
	{"hub_listen", func(s *Settings) any { return &s.HubListen }},
	{"ca_file", func(s *Settings) any { return &s.CAFile }},
}

// variable is the environment variable of a key.
func (k key) variable() string { return "COUNTERSIGN_" + strings.ToUpper(k.name) }

// set reads a value as text, as the environment and the registry have it.
func (k key) set(settings *Settings, where, text string) error {
	switch into := k.into(settings).(type) {
	case *string:
		*into = text
	case *bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%s is %q, but must be true or false", where, text)
		}
		*into = on
	case *int:
		number, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s is %q, but must be a whole number", where, text)
		}
		*into = number
	case *Targets:
		return into.UnmarshalText([]byte(text))
	}
	return nil
}

// Layers are the settings as all layers together make them, and where each value came from.
type Layers struct {
	Settings Settings
	File     string // the configuration file that was read; "" for none
	sources  map[string]Source
}

func defaults() Layers {
	return Layers{Settings: Settings{Profile: "generic-80", Hold: true, Theme: "light", Text: 100, Volume: 60}, sources: map[string]Source{}}
}

// Values lists the settings in the order of the sample, to be shown: without the password of a proxy.
func (l Layers) Values() []Value {
	values := make([]Value, len(keys))
	for i, k := range keys {
		source, set := l.sources[k.name]
		if !set {
			source.Origin = FromDefault
		}
		values[i] = Value{Key: k.name, Value: reflect.ValueOf(k.into(&l.Settings)).Elem().Interface(), From: source.Origin, Place: source.Place}
		if targets, ok := values[i].Value.(Targets); ok {
			values[i].Value = append([]string{}, targets...)
		}
		if k.name == "proxy" {
			values[i].Value = hidePassword(l.Settings.Proxy)
		}
	}
	return values
}

// Find returns the setting of a name.
func (l Layers) Find(name string) Value {
	values := l.Values()
	return values[slices.IndexFunc(values, func(v Value) bool { return v.Key == name })]
}

// ReadLayers reads the configuration file, the environment and the policy, each on top of the one before. path may be "": then the data
// folder's file, or the system's, is read if there is one. An unknown key or a wrong type is refused, with its line. With an error come
// the settings that the layers above the broken one and below it make.
func ReadLayers(path, folder string) (Layers, error) {
	layers := defaults()
	layers.chosen(folder)
	needed := path != ""
	if !needed {
		path = foundConfig(folder)
	}
	var broken error
	if path != "" {
		read := defaults()
		read.chosen(folder)
		switch err := read.file(path, FromFile); {
		case err == nil:
			layers = read
			layers.File = path
		case needed || !errors.Is(err, os.ErrNotExist):
			broken = err
		}
	}
	return layers, errors.Join(broken, layers.environment(), layers.policy(policy))
}

// ReadSettings is what ReadLayers makes, without the sources.
func ReadSettings(path, folder string) (Settings, error) {
	layers, err := ReadLayers(path, folder)
	return layers.Settings, err
}

// file puts a file on top.
func (l *Layers) file(path string, origin Origin) error {
	raw, err := os.ReadFile(path)
	if err != nil && origin == FromPolicy {
		return fmt.Errorf("the policy file cannot be read: %w", err)
	}
	if err != nil {
		return fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	text, values := plainText(raw), map[string]any{}
	var wrong toml.ParseError
	if _, err := toml.Decode(text, &values); errors.As(err, &wrong) {
		return fmt.Errorf("%s, line %d: %s", path, wrong.Position.Line, wrong.Message)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if needed := wrongKind(name, values[name]); needed != "" {
			return fmt.Errorf("%s, line %d: %s must be %s", path, lineOf(text, toml.Key{name}), name, needed)
		}
	}
	meta, err := toml.Decode(text, &l.Settings)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("%s, line %d: there is no key %q; see countersignctl config --sample", path, lineOf(text, unknown[0]), unknown[0])
	}
	for _, k := range keys {
		if meta.IsDefined(k.name) {
			l.sources[k.name] = Source{origin, path}
		}
	}
	if l.Settings.Profile == "" {
		l.Settings.Profile = "generic-80"
		delete(l.sources, "profile")
	}
	return nil
}

// wrongKind says in words what a key of a file must be where its value is of another kind; "" where it is of the right one.
func wrongKind(name string, value any) string {
	at := slices.IndexFunc(keys, func(k key) bool { return strings.EqualFold(k.name, name) })
	if at < 0 { // told with its line as an unknown key
		return ""
	}
	var fits bool
	var needed string
	switch keys[at].into(&Settings{}).(type) {
	case *bool:
		_, fits = value.(bool)
		needed = "true or false, without quotes"
	case *int:
		_, fits = value.(int64)
		needed = "a whole number, without quotes"
	case *string:
		_, fits = value.(string)
		needed = `a text in quotes, such as "…"`
	case *Targets:
		if err := new(Targets).UnmarshalTOML(value); err != nil {
			return "a text in quotes, or a list of them: " + err.Error()
		}
		return ""
	}
	if fits {
		return ""
	}
	return needed
}

// environment puts the environment on top.
func (l *Layers) environment() error {
	for _, k := range keys {
		text, set := os.LookupEnv(k.variable())
		if !set || (text == "" && k.name == "profile") {
			continue
		}
		if err := k.set(&l.Settings, k.variable(), text); err != nil {
			return err
		}
		l.sources[k.name] = Source{FromEnvironment, k.variable()}
	}
	return nil
}

// policyPath is where group policy puts values, below HKEY_LOCAL_MACHINE.
const policyPath = `SOFTWARE\Policies\Countersign`

// managed is a policy that is kept as named texts, as Windows' registry keeps it.
type managed struct {
	place string
	texts map[string]string
}

// texts puts a managed policy on top. Names are those of the file, in any case.
func (l *Layers) texts(m managed) error {
	var all error // one slip must not take away what else IT manages
	for _, name := range slices.Sorted(maps.Keys(m.texts)) {
		i := slices.IndexFunc(keys, func(k key) bool { return strings.EqualFold(k.name, strings.ReplaceAll(name, " ", "_")) })
		if i < 0 {
			all = errors.Join(all, fmt.Errorf(`the policy %s has a value %q that is no setting; see countersignctl config --sample`, m.place, name))
			continue
		}
		where := m.place + `\` + name
		if err := keys[i].set(&l.Settings, where, m.texts[name]); err != nil {
			all = errors.Join(all, err)
			continue
		}
		l.sources[keys[i].name] = Source{FromPolicy, where}
	}
	return all
}

// policyOf is a policy of either kind: a file, or named texts.
type policyOf struct {
	path string // of a file; "" for none
	read func() (managed, error)
}

func (l *Layers) policy(p policyOf) error {
	if p.read != nil {
		m, err := p.read()
		if err != nil {
			return fmt.Errorf("the policy cannot be read: %w", err)
		}
		return l.texts(m)
	}
	if p.path == "" {
		return nil
	}
	if _, err := os.Stat(p.path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return l.file(p.path, FromPolicy)
}

// lineOf finds the line on which a key is set; 0 where it cannot be told.
func lineOf(text string, key toml.Key) int {
	for i, line := range strings.Split(text, "\n") {
		name, _, found := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); (found && name == key[len(key)-1]) || name == "["+key.String()+"]" {
			return i + 1
		}
	}
	return 0
}

// foundConfig finds the configuration file of a data folder: its own, else the system's. The installed terminal has the system's alone:
// its data folder is writable for those at the counter, and its configuration is not.
func foundConfig(folder string) string {
	places := []string{filepath.Join(folder, ConfigName), systemConfig()}
	if folder == installedFolder() {
		places = places[1:]
	}
	for _, path := range places {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
