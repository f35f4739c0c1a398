package control

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// pipeName is the file of a data folder that holds the name of the pipe. The name is made anew at each start, so that nobody who may not
// read the folder can put a pipe of his own in its place.
const pipeName = "control.pipe"

const pipePrefix = `\\.\pipe\countersign-`

// listen makes the pipe, with the rights of the folder, and leaves its name there.
func listen(folder string) (net.Listener, error) {
	rights, err := windows.GetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return nil, fmt.Errorf("the rights of the data folder %s cannot be read: %w", folder, err)
	}
	name := pipePrefix + rand.Text()
	listener, err := winio.ListenPipe(name, &winio.PipeConfig{SecurityDescriptor: rights.String()})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, pipeName), []byte(name), 0o660); err != nil {
		listener.Close()
		return nil, err
	}
	return named{listener, filepath.Join(folder, pipeName)}, nil
}

func dial(ctx context.Context, folder string) (net.Conn, error) {
	name, err := os.ReadFile(filepath.Join(folder, pipeName))
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(name), pipePrefix) {
		return nil, fmt.Errorf("%s does not hold the name of a pipe", pipeName)
	}
	return winio.DialPipeContext(ctx, string(name))
}

// named is a pipe whose name stands in a file.
type named struct {
	net.Listener
	file string
}

// Close removes the name as well.
func (n named) Close() error {
	_ = os.Remove(n.file) // the name of a pipe that is gone leads nobody anywhere
	return n.Listener.Close()
}
