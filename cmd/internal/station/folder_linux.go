package station

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The places of an installed terminal. The package makes them: what is below /etc is root's, and the two others are writable by the
// group countersign.
const (
	configFolder = "/etc/countersign"
	systemFolder = "/var/lib/countersign"
	systemLogs   = "/var/log/countersign"
)

// policy is what IT manages.
var policy = policyOf{path: configFolder + "/policy.toml"}

// installedFolder is the data folder that the package makes.
func installedFolder() string { return systemFolder }

func systemConfig() string { return filepath.Join(configFolder, ConfigName) }

// systemJoin is where a join code is left for the package's installation and the first start.
func systemJoin() string { return configFolder + "/join" }

// DefaultFolder is the data folder where nothing else is said: the machine's, where the package made one, else the person's own. An
// account that may not write in the machine's is told so: with a folder of its own it would be asked to join, as a terminal that nobody
// knows of. Who has joined in his own stays there.
func DefaultFolder() string {
	if folder, ok := portableFolder(); ok {
		return folder
	}
	own := personalFolder()
	if unix.Access(systemFolder, unix.W_OK) == nil {
		return systemFolder
	}
	if _, err := os.Stat(systemFolder); err == nil {
		if _, err := os.Stat(filepath.Join(own, JournalName)); err != nil {
			return systemFolder
		}
	}
	return own
}

// personalFolder is the person's own data folder.
func personalFolder() string {
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "countersign")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return systemFolder
	}
	return filepath.Join(home, ".local", "share", "countersign")
}

// LogFolder is where the logs of a data folder lie: those of the installed terminal where the system keeps all logs, others beside
// their data.
func LogFolder(folder string) string {
	if folder == systemFolder && unix.Access(systemLogs, unix.W_OK) == nil {
		return systemLogs
	}
	return filepath.Join(folder, "logs")
}

// shareFiles lets the group of a shared data folder write what this process makes in it: another of its people may run the counter
// tomorrow.
func shareFiles(folder string) {
	if info, err := os.Stat(folder); err == nil && info.Mode()&os.ModeSetgid != 0 {
		unix.Umask(0o007)
	}
}
