package station

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"countersign/assets/translations"
	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/terminal/escpos"
	"countersign/terminal/printer"
)

// wrong is a value of the right kind that a setting cannot have.
type wrong struct {
	key     string
	allowed string // the key of the sentence that says what it can be
	cause   error  // nil where the value itself says it all
}

// fatal reports that the files cannot be opened with the value: what is built at every start needs it.
func (w wrong) fatal() bool { return w.key == "proxy" || w.key == "ca_file" || w.key == "profile" }

// mild reports that the counter takes another value instead, and works as well.
func (w wrong) mild() bool {
	return slices.Contains([]string{"language", "theme", "text", "volume"}, w.key)
}

// wrongs lists the values that somebody set and that cannot be, in the order of the sample.
func (l Layers) wrongs() []wrong {
	s := l.Settings
	var all []wrong
	look := func(key, allowed string, good bool, cause error) {
		if _, set := l.sources[key]; set && !good {
			all = append(all, wrong{key, allowed, cause})
		}
	}
	_, err := printer.ParseTarget(s.Printer)
	look("printer", "doctor.config.printer", s.Printer == "" || err == nil, nil)
	known, err := Profiles()
	if err == nil {
		_, err = escpos.Find(known, s.Profile)
	}
	look("profile", "doctor.config.profile", err == nil, nil)
	look("language", "doctor.config.language", s.Language == "" || translations.Speaks(s.Language), nil)
	look("theme", "doctor.config.theme", slices.Contains([]string{"", "light", "dark"}, s.Theme), nil)
	look("text", "doctor.config.text", s.Text >= 100 && s.Text <= 200, nil)
	look("volume", "doctor.config.volume", s.Volume >= 0 && s.Volume <= 100, nil)
	look("scanner", "doctor.config.scanner", !slices.ContainsFunc(s.Scanner, func(target string) bool {
		_, err := printer.ParseTarget(target)
		return err != nil
	}), nil)
	look("cloud", "doctor.config.cloud", goodCloud(s.Cloud), nil)
	look("proxy", "doctor.config.proxy", cloudsync.CheckWay("", s.Proxy) == nil, nil)
	look("hub", "doctor.config.hub", s.Hub == "" || api.GoodPlace(api.WithHubPort(s.Hub), false), nil)
	look("hub_listen", "doctor.config.hub_listen", s.HubListen == "" || api.GoodPlace(api.WithHubPort(s.HubListen), true), nil)
	err = bare(cloudsync.CheckWay(s.CAFile, "none")) // the file's name is told with the value
	look("ca_file", "doctor.config.ca_file", err == nil, err)
	return all
}

// Wrong reports whether somebody set a value that cannot be.
func (l Layers) Wrong() bool { return len(l.wrongs()) > 0 }

// Usable is the settings without the values that the files cannot be opened with: in their place stand the defaults, and the error names
// them.
func (l Layers) Usable() (Settings, error) {
	usable, plain := l.Settings, defaults().Settings
	var unfit []error
	for _, w := range l.wrongs() {
		switch {
		case !w.fatal():
			continue
		case w.key == "proxy":
			usable.Proxy = plain.Proxy
		case w.key == "ca_file":
			usable.CAFile = plain.CAFile
		case w.key == "profile":
			usable.Profile = plain.Profile
		}
		unfit = append(unfit, fmt.Errorf("%s in %s is of no use", w.key, l.Find(w.key).Place))
	}
	return usable, errors.Join(unfit...)
}

// SayUnfit says which value it is that the files cannot be opened with, and what to do; ok is false where there is none.
func (l Layers) SayUnfit(language string) (found, do string, ok bool) {
	d := doctorFor(language, l.Settings.Language)
	for _, w := range l.wrongs() {
		if w.fatal() {
			check := d.unfit(l, w)
			return check.Found, check.Do, true
		}
	}
	return "", "", false
}

// goodCloud reports whether a cloud could have an address; it may stand without its "https://".
func goodCloud(cloud string) bool {
	if cloud == "" {
		return true
	}
	if !strings.Contains(cloud, "://") {
		cloud = "https://" + cloud
	}
	address, err := url.Parse(cloud)
	if err != nil || !api.GoodHost(address.Hostname()) {
		return false
	}
	return address.Scheme == "https" || address.Scheme == "http" && api.Loopback(address.Hostname())
}

// otherVariables are those that are no keys of the configuration: the programs' own, and those of countersign-cloud.
var otherVariables = []string{"DATA", "CONFIG", "TOKEN", "LISTEN", "PUBLIC_URL", "BEHIND_PROXY", "TLS_CERT", "TLS_KEY", "DATABASE_URL", "MERCHANT",
	"URL", "TOKEN_FILE", "WEBHOOK_NETWORKS"}

// strays lists the environment's variables that look like settings and are none.
func strays() []string {
	var names []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, "COUNTERSIGN_")
		if ours && !slices.Contains(otherVariables, rest) && !slices.ContainsFunc(keys, func(k key) bool { return k.variable() == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Amiss names what of the settings cannot be, and says what can. A check that is OK keeps nothing from working.
func (l Layers) Amiss(language string) []Check {
	return doctorFor(language, l.Settings.Language).amiss(l)
}

func (d doctor) amiss(l Layers) []Check {
	var checks []Check
	for _, w := range l.wrongs() {
		checks = append(checks, d.unfit(l, w))
	}
	for _, name := range strays() {
		checks = append(checks, d.advise("config", "stray", map[string]any{"name": name}))
	}
	return checks
}

// unfit says of one value that it cannot be, and what can.
func (d doctor) unfit(l Layers, w wrong) Check {
	value := l.Find(w.key)
	args := map[string]any{"key": w.key, "value": fmt.Sprint(value.Value), "place": value.Place}
	if w.cause != nil {
		args["cause"] = SayCause(d.words, w.cause)
	}
	told := map[string]any{}
	if known, err := Profiles(); err == nil && w.key == "profile" {
		names := make([]string, len(known))
		for i, profile := range known {
			names[i] = profile.ID
		}
		slices.Sort(names)
		told["known"] = strings.Join(names, ", ")
	}
	args["allowed"] = d.words.Say(w.allowed, told)
	check := d.ill("config", "wrong", args)
	check.OK = w.mild()
	return check
}

// layersOf is settingsOf with where each value came from.
func layersOf(config Config) (Layers, error) {
	if config.Settings != nil {
		return Layers{Settings: *config.Settings}, nil
	}
	return ReadLayers(config.ConfigFile, FolderOf(config))
}
