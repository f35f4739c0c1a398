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
	// Of a plain file: how long it was before this slip. What a full disk let through of one is taken out again.
	whole    int64
	shortens bool
	undone   bool
}

func openFile(path string, device bool) (Port, error) {
	flags := os.O_WRONLY
	if !device {
		flags |= os.O_APPEND | os.O_CREATE | atOnce
	}
	if err := misplaced(path, device); err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", whyNot(err), path)
	}
	return newFilePort(file, device)
}

func newFilePort(file *os.File, device bool) (*filePort, error) {
	p := &filePort{file: file, device: device}
	if info, err := file.Stat(); err == nil && !device && info.Mode().IsRegular() {
		p.whole, p.shortens = info.Size(), true
	}
	return p, nil
}

// misplaced says that a path names a folder, or a plain file where a device belongs: nobody finds a plug for either.
func misplaced(path string, device bool) error {
	switch info, err := os.Stat(path); {
	case err != nil: // whoever opens it says why
		return nil
	case info.IsDir():
		return ErrFolder
	case device && (info.Mode().IsRegular() || info.Mode()&fs.ModeNamedPipe != 0):
		return ErrFile
	}
	return nil
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
	if err := misplaced(path, false); err != nil {
		return fmt.Errorf("%w (%s)", err, path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|atOnce, 0)
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

// Undo takes out of a plain file what was written since it was opened, so that a slip is in it whole or not at all, and reports whether
// it could. A device takes nothing back.
func (p *filePort) Undo() bool {
	p.undone = p.undone || (p.shortens && p.file.Truncate(p.whole) == nil)
	return p.undone
}

// Read is never called: a file says nothing.
func (p *filePort) Read([]byte) (int, error) { return 0, os.ErrClosed }

// Close also brings a file to the disk, so that a slip that counts as sent is there after a power cut. One that does not get there is
// taken out.
func (p *filePort) Close() error {
	var err error
	if !p.device {
		if err = p.file.Sync(); err != nil && !p.shortens { // a pipe has no disk to come to
			err = nil
		} else if err != nil {
			p.Undo()
		}
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
