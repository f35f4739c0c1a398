//go:build !linux && !windows

package station

import (
	"os"
	"path/filepath"
)

// policy is none: nobody manages this system yet.
var policy policyOf

func installedFolder() string { return "" }

func systemConfig() string { return "" }

func systemJoin() string { return "" }

// DefaultFolder is the data folder where nothing else is said.
func DefaultFolder() string {
	if folder, ok := portableFolder(); ok {
		return folder
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "countersign-data"
	}
	return filepath.Join(base, "countersign")
}

// LogFolder is where the logs of a data folder lie: beside the data.
func LogFolder(folder string) string { return filepath.Join(folder, "logs") }

// shareFiles does nothing.
func shareFiles(string) {}
