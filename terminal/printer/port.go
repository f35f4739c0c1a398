package printer

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Port is the way to one printer.
type Port interface {
	// Write hands over at most a few hundred bytes and returns when the operating system has taken them and, where it can say so,
	// sent them. It may block for as long as the printer takes nothing, and not even Close may free it.
	Write(p []byte) (n int, err error)
	// Read blocks until the printer says something, or the port is closed or gone.
	Read(p []byte) (n int, err error)
	Close() error
	// Ready reports whether the printer's control lines say that it takes bytes; true where there are no such lines.
	Ready() bool
	Traits() Traits
}

// Traits say what a kind of port can do.
type Traits struct {
	TwoWay bool // the printer can answer
	PerJob bool // opened for each slip and closed after it: what is in between belongs to others, or to nobody
}

// Undoer is a port that can take back what was written since it was opened, as a file can.
type Undoer interface {
	// Undo reports that nothing is left of it.
	Undo() bool
}

// Errors of opening a port. Everything else is a fault of the machine.
var (
	ErrTarget  = errors.New("not a printer's address; write serial:/dev/ttyUSB0?baud=9600, tcp:192.168.1.50:9100, usb:/dev/usb/lp0, winspool:NAME or file:/path")
	ErrMissing = errors.New("the printer is not there; check cable and power, then the name")
	ErrFolder  = errors.New("that is a folder, no printer; name the device, or file:/path for slips into a file")
	ErrFile    = errors.New("that is a file, no device; name the device, or write file:/path for slips into a file")
	ErrNoLine  = errors.New("that is no serial line; countersignctl printers lists those of this machine")
	ErrBusy    = errors.New("the printer is in use by another program; close that, or share it with hold = false")
	ErrDenied  = errors.New("this account may not use the printer; add it to the group that owns the device (dialout or lp)")
)

// Target is a printer's address, taken apart.
type Target struct {
	Scheme string // serial, tcp, usb, winspool, file
	Place  string // path, host:port, queue name, or usb-VID:PID[:SERIAL]
	Baud   int    // of a serial line: bits per second
	Data   int    // 7 or 8
	Parity string // none, even, odd
	Stop   int    // 1 or 2
}

var comPort = regexp.MustCompile(`^(?i)(\\\\\.\\)?COM\d+$`)

// ParseTarget reads an address: scheme, colon, place, and for a serial line its settings after a question mark, such as
// "serial:/dev/ttyUSB0?baud=38400&parity=even&data=8&stop=1". Without a scheme the place is guessed from its form.
func ParseTarget(text string) (Target, error) {
	text = strings.TrimSpace(text)
	place, settings, _ := strings.Cut(text, "?")
	scheme, rest, found := strings.Cut(place, ":")
	switch {
	case found && (scheme == "serial" || scheme == "tcp" || scheme == "usb" || scheme == "winspool" || scheme == "file"):
		place = rest
	case comPort.MatchString(place), strings.HasPrefix(place, "/dev/tty"), strings.HasPrefix(place, "/dev/pts/"),
		strings.HasPrefix(place, "/dev/serial/"), strings.HasPrefix(place, "/dev/cu."), strings.HasPrefix(place, "usb-"):
		scheme = "serial"
	case strings.HasPrefix(place, "/dev/usb/lp"), strings.HasPrefix(place, "/dev/lp"):
		scheme = "usb"
	case strings.HasPrefix(place, "/"), strings.HasPrefix(place, "."), len(place) > 2 && place[1] == ':' && place[2] == '\\':
		scheme = "file"
	case found && strings.Trim(rest, "0123456789") == "":
		scheme = "tcp"
	default:
		return Target{}, fmt.Errorf("%w (%q)", ErrTarget, text)
	}
	if place == "" {
		return Target{}, fmt.Errorf("%w (%q)", ErrTarget, text)
	}
	target := Target{Scheme: scheme, Place: place, Baud: 9600, Data: 8, Parity: "none", Stop: 1}
	if err := target.settings(settings); err != nil {
		return Target{}, fmt.Errorf("%w (%q: %w)", ErrTarget, text, err)
	}
	return target, nil
}

func (t *Target) settings(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	for key, value := range values {
		number, numeric := 0, error(nil)
		if key != "parity" {
			number, numeric = strconv.Atoi(value[0])
		}
		switch {
		case numeric != nil:
			return fmt.Errorf("%s=%s is no number", key, value[0])
		case key == "baud" && number >= 300 && number <= 1_000_000:
			t.Baud = number
		case key == "data" && (number == 7 || number == 8):
			t.Data = number
		case key == "stop" && (number == 1 || number == 2):
			t.Stop = number
		case key == "parity" && (value[0] == "none" || value[0] == "even" || value[0] == "odd"):
			t.Parity = value[0]
		default:
			return fmt.Errorf("%s=%s is no setting of a serial line", key, value[0])
		}
	}
	return nil
}

// String writes the address in full.
func (t Target) String() string {
	if t.Scheme != "serial" {
		return t.Scheme + ":" + t.Place
	}
	text := fmt.Sprintf("serial:%s?baud=%d", t.Place, t.Baud)
	if t.Data != 8 || t.Parity != "none" || t.Stop != 1 {
		text += fmt.Sprintf("&data=%d&parity=%s&stop=%d", t.Data, t.Parity, t.Stop)
	}
	return text
}

// Open opens the port that a target names; see ParseTarget for its forms.
func Open(target string) (Port, error) {
	t, err := ParseTarget(target)
	if err != nil {
		return nil, err
	}
	switch t.Scheme {
	case "serial":
		return openSerial(t)
	case "tcp":
		return openTCP(t.Place)
	case "winspool":
		return openWinspool(t.Place)
	}
	return openFile(t.Place, t.Scheme == "usb")
}
