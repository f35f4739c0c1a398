package control

import (
	"fmt"
	"os"
	"path/filepath"
)

// reachFar gives a folder with a long path a short one: that of an open directory of this process.
func reachFar(folder string) (path string, done func(), err error) {
	opened, err := os.Open(folder)
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(fmt.Sprintf("/proc/self/fd/%d", opened.Fd()), socketName)
	return path, func() { opened.Close() }, nil
}
