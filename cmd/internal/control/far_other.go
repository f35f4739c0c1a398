//go:build unix && !linux

package control

import "fmt"

// reachFar refuses: this system has no short way to a folder with a long path.
func reachFar(folder string) (path string, done func(), err error) {
	return "", nil, fmt.Errorf("the path of the data folder %s is too long for a socket in it", folder)
}
