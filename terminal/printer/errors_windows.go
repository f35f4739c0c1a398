package printer

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// atOnce is how a file is opened without waiting: as always, here.
const atOnce = 0

func isBusy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_BUSY)
}

// isGone reports a device whose hardware was unplugged.
func isGone(err error) bool {
	return errors.Is(err, windows.ERROR_DEVICE_NOT_CONNECTED) || errors.Is(err, windows.ERROR_GEN_FAILURE)
}

// isNoLine cannot be told here: a line that refuses a baud rate answers the same.
func isNoLine(error) bool { return false }

// canMakeIn says what would keep this account from making files in a folder. Of rights, Windows tells only who tries.
func canMakeIn(folder string) error {
	_, err := os.Stat(folder)
	return err
}
