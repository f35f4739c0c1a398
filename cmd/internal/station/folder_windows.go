package station

import (
	"os"
	"path/filepath"
)

const systemConfig = ""

// DefaultFolder is the data folder where nothing else is said: the machine's, so that whoever is logged in runs the same counter.
func DefaultFolder() string {
	base := os.Getenv("ProgramData")
	if base == "" {
		base = `C:\ProgramData`
	}
	return filepath.Join(base, "Countersign")
}
