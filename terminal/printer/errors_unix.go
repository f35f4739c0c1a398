//go:build unix

package printer

import (
	"errors"

	"golang.org/x/sys/unix"
)

func isBusy(err error) bool { return errors.Is(err, unix.EBUSY) }

// isGone reports a device whose hardware was unplugged.
func isGone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.EIO)
}
