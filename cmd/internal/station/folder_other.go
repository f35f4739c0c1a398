//go:build !linux && !windows

package station

import (
	"os"
	"path/filepath"
)

const systemConfig = ""

// DefaultFolder is the data folder where nothing else is said.
func DefaultFolder() string {
	base, err := os.UserConfigDir()
	if err != nil {
		return "countersign-data"
	}
	return filepath.Join(base, "countersign")
}
