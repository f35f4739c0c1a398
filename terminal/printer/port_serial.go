package printer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"go.bug.st/serial"
	"go.bug.st/serial/enumerator"
)

// serialPort is a serial line, real, on USB or a pseudo-terminal.
type serialPort struct {
	port serial.Port

	mu sync.Mutex
	// Which of the printer's control lines have ever been up: only a line that is wired can be missed.
	sawDSR, sawCTS bool
}

// openSerial opens a line without touching its control lines: on a pseudo-terminal that alone makes opening fail.
func openSerial(t Target) (Port, error) {
	path, err := resolve(t.Place)
	if err != nil {
		return nil, err
	}
	if err := misplaced(path, true); err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	mode := &serial.Mode{BaudRate: t.Baud, DataBits: t.Data, StopBits: serial.OneStopBit, Parity: serial.NoParity}
	if t.Stop == 2 {
		mode.StopBits = serial.TwoStopBits
	}
	switch t.Parity {
	case "even":
		mode.Parity = serial.EvenParity
	case "odd":
		mode.Parity = serial.OddParity
	}
	port, err := serial.Open(path, mode)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", openError(err), path)
	}
	return &serialPort{port: port}, nil
}

// openError says what the library's and the system's errors mean for whoever stands at the counter.
func openError(err error) error {
	var portError *serial.PortError
	if errors.As(err, &portError) {
		switch portError.Code() {
		case serial.PortBusy:
			return ErrBusy
		case serial.PortNotFound:
			return ErrMissing
		case serial.PermissionDenied:
			return ErrDenied
		case serial.InvalidSerialPort:
			if isNoLine(portError) {
				return ErrNoLine
			}
			return fmt.Errorf("%w: it takes no settings", ErrMissing)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), isGone(err):
		return ErrMissing
	case errors.Is(err, fs.ErrPermission):
		return ErrDenied
	case isBusy(err):
		return ErrBusy
	}
	return err
}

func (p *serialPort) Write(data []byte) (int, error) {
	done := 0
	for done < len(data) {
		n, err := p.port.Write(data[done:])
		done += n
		if err != nil {
			return done, err
		}
	}
	// Draining proves nothing of the printer, but paces us to the line: without it the whole slip would sit in the system's
	// buffer, and go on leaving it after the printer said stop. Some adapters cannot drain; that is no fault of the slip.
	_ = p.port.Drain()
	return done, nil
}

func (p *serialPort) Read(data []byte) (int, error) { return p.port.Read(data) }

func (p *serialPort) Close() error { return p.port.Close() }

func (p *serialPort) Traits() Traits { return Traits{TwoWay: true} }

// Ready looks at DSR and CTS. A pseudo-terminal has neither and answers with an error.
func (p *serialPort) Ready() bool {
	bits, err := p.port.GetModemStatusBits()
	if err != nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sawDSR, p.sawCTS = p.sawDSR || bits.DSR, p.sawCTS || bits.CTS
	return (bits.DSR || !p.sawDSR) && (bits.CTS || !p.sawCTS)
}

// resolve finds the device that a place names. A place usb-VID:PID or usb-VID:PID:SERIAL names it by what it is, since the
// numbers of COM ports and ttyUSB devices move when something else is plugged in.
func resolve(place string) (string, error) {
	identity, bound := strings.CutPrefix(place, "usb-")
	if !bound {
		return place, nil
	}
	found, err := enumerator.GetDetailedPortsList()
	if err != nil {
		return "", fmt.Errorf("the serial lines of this machine cannot be listed: %w", err)
	}
	return match(identity, found)
}

func match(identity string, found []*enumerator.PortDetails) (string, error) {
	parts := strings.SplitN(identity, ":", 3)
	if len(parts) < 2 {
		return "", fmt.Errorf("%w: usb-%s", ErrTarget, identity)
	}
	for _, port := range found {
		if port.IsUSB && strings.EqualFold(port.VID, parts[0]) && strings.EqualFold(port.PID, parts[1]) &&
			(len(parts) == 2 || port.SerialNumber == parts[2]) {
			return port.Name, nil
		}
	}
	return "", fmt.Errorf("%w (usb-%s)", ErrMissing, identity)
}
