//go:build unix

package printer

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// atOnce opens a pipe without waiting for somebody who reads it: nobody can end a program that waits there.
const atOnce = unix.O_NONBLOCK

func isBusy(err error) bool { return errors.Is(err, unix.EBUSY) }

// isNoLine reports a device without a line's settings. The library keeps the system's error in its text alone.
func isNoLine(err error) bool { return strings.Contains(err.Error(), unix.ENOTTY.Error()) }

// canMakeIn says what would keep this account from making files in a folder.
func canMakeIn(folder string) error { return unix.Access(folder, unix.W_OK|unix.X_OK) }

// isGone reports a device whose hardware was unplugged.
func isGone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.EIO)
}
