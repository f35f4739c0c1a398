package station

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// ConfigName is the configuration file's name in a data folder.
const ConfigName = "countersign.toml"

// Settings is what a counter PC is told about itself: its devices, its language. The cloud tells the rest.
type Settings struct {
	Printer  string  `toml:"printer"`  // "serial:/dev/ttyUSB0?baud=9600", "tcp:192.0.2.7:9100", "file:/path"; "" for none
	Profile  string  `toml:"profile"`  // of the printer
	Hold     bool    `toml:"hold"`     // keep the printer's port open; false opens it for each slip, so that a till can print too
	Drawer   bool    `toml:"drawer"`   // open the cash drawer with each redemption's slip
	Language string  `toml:"language"` // BCP 47; "" for the store's
	Scanner  Targets `toml:"scanner"`  // "serial:/dev/ttyACM0", or several; none for one that types like a keyboard
	CAFile   string  `toml:"ca_file"`  // PEM certificates to trust besides the system's
}

// Targets are the addresses of devices: in a file one text or a list of texts, in the environment with commas between them.
type Targets []string

// UnmarshalTOML implements toml.Unmarshaler.
func (t *Targets) UnmarshalTOML(value any) error {
	list, several := value.([]any)
	if !several {
		list = []any{value}
	}
	*t = nil
	for _, one := range list {
		text, ok := one.(string)
		if !ok {
			return fmt.Errorf("%v is no address such as \"serial:/dev/ttyACM0\"", one)
		}
		t.add(text)
	}
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Targets) UnmarshalText(text []byte) error {
	*t = nil
	for _, one := range strings.Split(string(text), ",") {
		t.add(one)
	}
	return nil
}

func (t *Targets) add(text string) {
	if text = strings.TrimSpace(text); text != "" {
		*t = append(*t, text)
	}
}

// SampleConfig is a configuration file with every key, commented.
const SampleConfig = `# Countersign on this computer. Every key can be left out, and each can be set by the environment
# instead: COUNTERSIGN_PRINTER, COUNTERSIGN_PROFILE, COUNTERSIGN_HOLD, COUNTERSIGN_DRAWER, COUNTERSIGN_LANGUAGE,
# COUNTERSIGN_SCANNER, COUNTERSIGN_CA_FILE. What the store's rules are, the cloud says.

# Where slips are printed:
#   "serial:/dev/ttyUSB0?baud=9600"   a serial port ("serial:COM3" on Windows)
#   "serial:usb-04b8:0202:A1?baud=9600"  the same by maker, product and serial number, wherever it is plugged in
#   "tcp:192.0.2.7:9100"              a printer on the network
#   "usb:/dev/usb/lp0"                a printer on USB
#   "winspool:Receipt Printer"        a printer of Windows, by its name
#   "file:/var/spool/slips.bin"       a file that slips are added to
# "countersignctl printers" lists what is plugged in. Nothing is printed where this is empty; slips wait, and can be shown on the screen.
printer = ""

# What kind of printer it is; "countersignctl printers" lists those that are known.
profile = "generic-80"

# Keep the printer's port open, so that the screen knows at once when paper is out. false opens it for each slip alone: choose that where
# a till prints on the same printer.
hold = true

# Open the cash drawer, plugged into the printer, with the slip of each redemption; never with a duplicate.
drawer = false

# The language of screens and sentences: en, zh-Hans, de, es. Empty means the store's. Slips are always in the store's.
language = ""

# A scanner on a serial port, "serial:/dev/ttyACM0", or several: ["serial:COM4", "serial:COM5"]. Scanners that type like a keyboard
# work without being named here; "countersignctl scanner calibrate" learns what this computer makes of their keys.
scanner = ""

# A file of certificate authorities in PEM form, for networks that inspect traffic with an authority of their own.
ca_file = ""
`

// environment names the variable that overrides each key, and where its value goes: a *string, a *bool or a *Targets.
var environment = []struct {
	name string
	into func(*Settings) any
}{
	{"COUNTERSIGN_PRINTER", func(s *Settings) any { return &s.Printer }},
	{"COUNTERSIGN_PROFILE", func(s *Settings) any { return &s.Profile }},
	{"COUNTERSIGN_HOLD", func(s *Settings) any { return &s.Hold }},
	{"COUNTERSIGN_DRAWER", func(s *Settings) any { return &s.Drawer }},
	{"COUNTERSIGN_LANGUAGE", func(s *Settings) any { return &s.Language }},
	{"COUNTERSIGN_SCANNER", func(s *Settings) any { return &s.Scanner }},
	{"COUNTERSIGN_CA_FILE", func(s *Settings) any { return &s.CAFile }},
}

// fromEnvironment puts the environment on top of what the file says.
func (s *Settings) fromEnvironment() error {
	for _, variable := range environment {
		value, set := os.LookupEnv(variable.name)
		if !set {
			continue
		}
		switch into := variable.into(s).(type) {
		case *string:
			*into = value
		case *bool:
			on, err := strconv.ParseBool(value)
			if err != nil {
				return fmt.Errorf("%s is %q, but must be true or false", variable.name, value)
			}
			*into = on
		case *Targets:
			if err := into.UnmarshalText([]byte(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReadSettings reads the configuration file and the environment. path may be "": then the data folder's file, or the system's, is
// read if there is one. An unknown key or a wrong type is refused, with its line.
func ReadSettings(path, folder string) (Settings, error) {
	settings := Settings{Profile: "generic-80", Hold: true}
	needed := path != ""
	if !needed {
		path = foundConfig(folder)
	}
	if path != "" {
		if err := readConfig(path, &settings); err != nil && (needed || !errors.Is(err, os.ErrNotExist)) {
			return settings, err
		}
	}
	if err := settings.fromEnvironment(); err != nil {
		return settings, err
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
