package station

import (
	"os"
	"path/filepath"
)

// portableMark is a file beside the program that says: keep the data here too. The portable zip brings it.
const portableMark = "portable.txt"

// programFolder is where the running program lies; "" where that cannot be told.
func programFolder() string {
	program, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Dir(program)
}

// portableFolder is the data folder beside the program, where it is a portable one.
func portableFolder() (string, bool) {
	beside := programFolder()
	if beside == "" {
		return "", false
	}
	if _, err := os.Stat(filepath.Join(beside, portableMark)); err != nil {
		return "", false
	}
	return filepath.Join(beside, "data"), true
}
