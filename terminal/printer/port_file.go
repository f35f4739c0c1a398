package printer

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// filePort is a file that slips are added to, or a device such as /dev/usb/lp0 that takes bytes like one. Neither answers.
type filePort struct {
	file   *os.File
	device bool
}

func openFile(path string, device bool) (Port, error) {
	flags := os.O_WRONLY
	if !device {
		flags |= os.O_APPEND | os.O_CREATE
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", whyNot(err), path)
	}
	return &filePort{file: file, device: device}, nil
}

// whyNot names what keeps a file or a device from being opened.
func whyNot(err error) error {
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

// canAdd says what would keep slips from being added to a file. It writes nothing, and does not make the file.
func canAdd(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		return file.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err = canMakeIn(filepath.Dir(path)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w (%s)", whyNot(err), path)
}

func (p *filePort) Write(data []byte) (int, error) { return p.file.Write(data) }

// Read is never called: a file says nothing.
func (p *filePort) Read([]byte) (int, error) { return 0, os.ErrClosed }

// Close also brings a file to the disk, so that a slip that counts as sent is there after a power cut.
func (p *filePort) Close() error {
	var err error
	if !p.device {
		err = p.file.Sync()
	}
	return errors.Join(err, p.file.Close())
}

func (p *filePort) Ready() bool { return true }

func (p *filePort) Traits() Traits { return Traits{PerJob: !p.device} }

// tcpPort is a printer on the network, by the raw protocol of port 9100.
type tcpPort struct{ net.Conn }

// dialTimeout is how long a printer on the local network may take to accept a connection.
const dialTimeout = 3 * time.Second

func openTCP(address string) (Port, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(address, "9100")
	}
	conn, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", ErrMissing, address)
	}
	return &tcpPort{conn}, nil
}

func (p *tcpPort) Ready() bool { return true }

func (p *tcpPort) Traits() Traits { return Traits{TwoWay: true} }
