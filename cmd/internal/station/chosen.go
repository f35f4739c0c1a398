package station

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"countersign/terminal/escpos"
	"countersign/terminal/printer"
)

// chosenName is the file that keeps which printer was chosen in the set-up room. It lies in the data folder, which those at the counter
// may write; the configuration, which they may not, stands above it.
const chosenName = "printer.toml"

// FromRoom is what was chosen in the set-up room, on top of the defaults and under everything else.
const FromRoom Origin = "room"

// ErrPrinterFixed says that a printer was not kept because the configuration, the environment or a policy says which one it is.
var ErrPrinterFixed = errors.New("the configuration says which printer it is")

// KeepPrinter stores which printer was chosen, and of which kind it is; a target of "" is none. It holds from the next opening on.
func KeepPrinter(config Config, target, profile string) error {
	folder := FolderOf(config)
	layers, err := ReadLayers(config.ConfigFile, folder)
	if err != nil {
		return err
	}
	if layers.Fixed("printer") != "" {
		return ErrPrinterFixed
	}
	if target != "" {
		if _, err := printer.ParseTarget(target); err != nil {
			return err
		}
	}
	known, err := Profiles()
	if err != nil {
		return err
	}
	if _, err := escpos.Find(known, profile); err != nil {
		return err
	}
	var text bytes.Buffer
	err = toml.NewEncoder(&text).Encode(struct {
		Printer string `toml:"printer"`
		Profile string `toml:"profile"`
	}{target, profile})
	if err == nil {
		err = makeFolder(folder)
	}
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(folder, chosenName), text.Bytes(), true)
}

// Fixed says which file, variable or policy a setting comes from, above which nothing can be chosen in the window; "" where there is none.
func (l Layers) Fixed(name string) string {
	switch source := l.sources[name]; source.Origin {
	case FromFile, FromEnvironment, FromPolicy:
		return source.Place
	case FromDefault, FromRoom:
	}
	return ""
}

// chosen puts what was chosen in the set-up room on top of the defaults. A file that cannot be read is as good as none: what was chosen can
// be chosen again.
func (l *Layers) chosen(folder string) {
	path := filepath.Join(folder, chosenName)
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	var read struct{ Printer, Profile string }
	if _, err := toml.Decode(string(text), &read); err != nil || read.Profile == "" {
		return
	}
	l.Settings.Printer, l.Settings.Profile = read.Printer, read.Profile
	l.sources["printer"], l.sources["profile"] = Source{FromRoom, path}, Source{FromRoom, path}
}

// errLogo are the reasons why a picture cannot be the store's logo, as keys of sentences: "type", "large", "small", "file".
type errLogo struct {
	why   string
	cause error
}

func (e *errLogo) Error() string {
	return fmt.Sprintf("this picture cannot be the logo (%s): %v", e.why, e.cause)
}
func (e *errLogo) Unwrap() error { return e.cause }
