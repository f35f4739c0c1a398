package station

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	systemConfig = "/etc/countersign/countersign.toml"
	systemFolder = "/var/lib/countersign"
)

// DefaultFolder is the data folder where nothing else is said: the machine's, which the package makes and where any account that runs
// the counter may write, else the person's own.
func DefaultFolder() string {
	if unix.Access(systemFolder, unix.W_OK) == nil {
		return systemFolder
	}
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "countersign")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return systemFolder
	}
	return filepath.Join(home, ".local", "share", "countersign")
}
