package station

import (
	"fmt"
	"strings"
)

// ConfigName is the configuration file's name in a data folder.
const ConfigName = "countersign.toml"

// Settings is what a counter PC is told about itself: its devices, its language. The cloud tells the rest.
type Settings struct {
	Printer   string  `toml:"printer"`    // "serial:/dev/ttyUSB0?baud=9600", "tcp:192.0.2.7:9100", "file:/path"; "" for none
	Profile   string  `toml:"profile"`    // of the printer
	Hold      bool    `toml:"hold"`       // keep the printer's port open; false opens it for each slip, so that a till can print too
	Drawer    bool    `toml:"drawer"`     // open the cash drawer with each redemption's slip
	Language  string  `toml:"language"`   // BCP 47; "" for the store's
	Theme     string  `toml:"theme"`      // of the window: "light", "dark"
	Text      int     `toml:"text"`       // the size of the window's writing in percent, 100 to 200
	Volume    int     `toml:"volume"`     // of the sounds in percent, 0 to 100
	Kiosk     bool    `toml:"kiosk"`      // the window fills the screen and closes for managers only
	Scanner   Targets `toml:"scanner"`    // "serial:/dev/ttyACM0", or several; none for one that types like a keyboard
	Cloud     string  `toml:"cloud"`      // the only cloud that this computer may join, "https://cloud.example/"; "" for any
	Proxy     string  `toml:"proxy"`      // "http://proxy.example:3128", "none"; "" for the environment's, then the system's
	Hub       string  `toml:"hub"`        // where the store's hub listens, "192.0.2.10"; "" for where the cloud says, or it is found
	HubListen string  `toml:"hub_listen"` // where this computer listens when it is the hub
	CAFile    string  `toml:"ca_file"`    // PEM certificates to trust besides the system's
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
const SampleConfig = `# Countersign on this computer. Every key can be left out. The environment is on top of this file: COUNTERSIGN_PRINTER for
# printer, and so on. What IT manages is on top of both: on Linux /etc/countersign/policy.toml, with the same keys; on Windows the
# values of HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Countersign, under the same names. "countersignctl config" says where each value
# came from. What the store's rules are, the cloud says.

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

# How the window looks, "light" or "dark"; how large it writes, in percent, 100 to 200; how loud its sounds are, in percent, 0 for none.
# Whoever is at the counter can choose all of these and the language with F10, and that holds on this computer. What a policy says of them
# holds at every start.
theme = "light"
text = 100
volume = 60

# The window fills the screen and closes for managers only, as on a till that does nothing else.
kiosk = false

# A scanner on a serial port, "serial:/dev/ttyACM0", or several: ["serial:COM4", "serial:COM5"]. Scanners that type like a keyboard
# work without being named here; "countersignctl scanner calibrate" learns what this computer makes of their keys.
scanner = ""

# The only cloud that this computer may join, "https://cloud.example/". Empty means the one that the join code names. With it the
# join code may be given without its address.
cloud = ""

# The way through a proxy: "http://proxy.example:3128", or "none" for a straight line. Empty means what HTTPS_PROXY and NO_PROXY say,
# and where they are not set, on Windows, the system's own settings.
proxy = ""

# Where the store's hub listens on this network, "192.0.2.10" or "192.0.2.10:7743". Empty means where the cloud says, or, where that
# says nothing, where it answers on this network (multicast DNS). Which terminal is the hub, the cloud says: countersign-cloud hub STORE TERMINAL.
hub = ""

# Where this computer listens when it is the hub, "192.0.2.10:7743". Empty means every address of it, and port 7743 or the one that the cloud names.
hub_listen = ""

# A file of certificate authorities in PEM form, for networks that inspect traffic with an authority of their own.
ca_file = ""
`
