package station

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
)

// ConfigName is the configuration file's name in a data folder.
const ConfigName = "countersign.toml"

// Settings is what a counter PC is told about itself: its devices, its language. The cloud tells the rest.
type Settings struct {
	Printer  string `toml:"printer"`  // "serial:/dev/ttyUSB0?baud=9600", "tcp:192.0.2.7:9100", "file:/path"; "" for none
	Profile  string `toml:"profile"`  // of the printer
	Language string `toml:"language"` // BCP 47; "" for the store's
	Scanner  string `toml:"scanner"`  // "serial:/dev/ttyACM0"; "" for one that types like a keyboard
	CAFile   string `toml:"ca_file"`  // PEM certificates to trust besides the system's
}

// SampleConfig is a configuration file with every key, commented.
const SampleConfig = `# Countersign on this computer. Every key can be left out, and each can be set by the environment
# instead: COUNTERSIGN_PRINTER, COUNTERSIGN_PROFILE, COUNTERSIGN_LANGUAGE, COUNTERSIGN_SCANNER,
# COUNTERSIGN_CA_FILE. What the store's rules are, the cloud says.

# Where slips are printed:
#   "serial:/dev/ttyUSB0?baud=9600"   a serial port ("serial:COM3" on Windows)
#   "tcp:192.0.2.7:9100"              a printer on the network
#   "file:/var/spool/slips.bin"       a file or a device that takes raw bytes
# Nothing is printed where this is empty; slips wait, and can be shown on the screen.
printer = ""

# What kind of printer it is; "countersignctl printers" lists those that are known.
profile = "generic-80"

# The language of screens and sentences: en, zh-Hans, de, es. Empty means the store's. Slips are always in the store's.
language = ""

# A scanner on a serial port, "serial:/dev/ttyACM0". Empty means one that types like a keyboard.
scanner = ""

# A file of certificate authorities in PEM form, for networks that inspect traffic with an authority of their own.
ca_file = ""
`

// environment names the variable that overrides each key.
var environment = map[string]func(*Settings) *string{
	"COUNTERSIGN_PRINTER":  func(s *Settings) *string { return &s.Printer },
	"COUNTERSIGN_PROFILE":  func(s *Settings) *string { return &s.Profile },
	"COUNTERSIGN_LANGUAGE": func(s *Settings) *string { return &s.Language },
	"COUNTERSIGN_SCANNER":  func(s *Settings) *string { return &s.Scanner },
	"COUNTERSIGN_CA_FILE":  func(s *Settings) *string { return &s.CAFile },
}

// ReadSettings reads the configuration file and the environment. path may be "": then the data folder's file, or the system's, is
// read if there is one. An unknown key or a wrong type is refused, with its line.
func ReadSettings(path, folder string) (Settings, error) {
	settings := Settings{Profile: "generic-80"}
	needed := path != ""
	if !needed {
		path = foundConfig(folder)
	}
	if path != "" {
		if err := readConfig(path, &settings); err != nil && (needed || !errors.Is(err, os.ErrNotExist)) {
			return settings, err
		}
	}
	for name, field := range environment {
		if value, set := os.LookupEnv(name); set {
			*field(&settings) = value
		}
	}
	if settings.Profile == "" {
		settings.Profile = "generic-80"
	}
	return settings, nil
}

func readConfig(path string, settings *Settings) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	meta, err := toml.Decode(string(text), settings)
	var wrong toml.ParseError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s, line %d: %s", path, wrong.Position.Line, wrong.Message)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("%s, line %d: there is no key %q; see countersignctl config --sample", path, lineOf(string(text), unknown[0]), unknown[0])
	}
	return nil
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

func foundConfig(folder string) string {
	for _, path := range []string{filepath.Join(folder, ConfigName), systemConfig} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
