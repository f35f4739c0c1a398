package printer

import (
	"path/filepath"
	"sort"

	"go.bug.st/serial"
	"go.bug.st/serial/enumerator"
)

// Found is a port that may have a printer behind it.
type Found struct {
	Target string // what Open takes; by identity where the device has one
	Path   string // where it is now
	Name   string // the maker's and product's name, as far as known
}

// Discover lists the serial lines and USB printers of this machine. What it does not list can still be opened by its path.
func Discover() ([]Found, error) {
	var out []Found
	ports, err := enumerator.GetDetailedPortsList()
	for _, port := range ports {
		out = append(out, describe(port))
	}
	if err != nil { // some systems can only name them
		names, listed := serial.GetPortsList()
		if listed != nil {
			return nil, listed
		}
		for _, name := range names {
			out = append(out, Found{Target: "serial:" + name, Path: name})
		}
	}
	devices, err := filepath.Glob("/dev/usb/lp*")
	if err != nil {
		return nil, err
	}
	for _, path := range devices {
		out = append(out, Found{Target: "usb:" + path, Path: path})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

func describe(port *enumerator.PortDetails) Found {
	found := Found{Target: "serial:" + port.Name, Path: port.Name, Name: port.Product}
	if port.IsUSB {
		found.Target = "serial:usb-" + port.VID + ":" + port.PID
		if port.SerialNumber != "" {
			found.Target += ":" + port.SerialNumber
		}
	}
	return found
}
