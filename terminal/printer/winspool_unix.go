//go:build unix

package printer

import "fmt"

func openWinspool(name string) (Port, error) {
	return nil, fmt.Errorf("%w: winspool:%s names a Windows printer queue, and this is not Windows", ErrTarget, name)
}
