//go:build unix

package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// socketName is the socket in a data folder.
const socketName = "control.sock"

// listen makes the socket. The folder keeps strangers out; the socket itself is for its owner and its group, as all files there.
func listen(folder string) (net.Listener, error) {
	path, done, err := reach(folder)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		done()
		return nil, fmt.Errorf("the socket of an earlier start cannot be removed: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err == nil {
		if err = os.Chmod(path, 0o660); err != nil {
			listener.Close()
		}
	}
	if err != nil {
		done()
		return nil, err
	}
	return reached{listener, done}, nil
}

func dial(ctx context.Context, folder string) (net.Conn, error) {
	path, done, err := reach(folder)
	if err != nil {
		return nil, err
	}
	defer done()
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", path)
}

// reached is a listener on a path that has to be let go of.
type reached struct {
	net.Listener
	done func()
}

// Close removes the socket.
func (r reached) Close() error {
	defer r.done()
	return r.Listener.Close()
}

// pathMost is how long the path of a socket can be on every Unix.
const pathMost = 100

// reach is a path to the socket that the system can take, and what lets go of it.
func reach(folder string) (path string, done func(), err error) {
	path = filepath.Join(folder, socketName)
	if len(path) <= pathMost {
		return path, func() {}, nil
	}
	return reachFar(folder)
}
