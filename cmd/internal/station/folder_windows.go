package station

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// policy is what IT manages.
var policy = policyOf{read: readRegistry}

// MachineFolder is Countersign's folder for all accounts of this computer. In it, the configuration is for administrators to write, and
// "data" for whoever runs the counter: see Provision.
func MachineFolder() string {
	base := os.Getenv("ProgramData")
	if base == "" {
		base = `C:\ProgramData`
	}
	return filepath.Join(base, "Countersign")
}

// installedFolder is the data folder that the installer makes.
func installedFolder() string { return filepath.Join(MachineFolder(), "data") }

func systemConfig() string { return filepath.Join(MachineFolder(), ConfigName) }

// systemJoin is where a join code is left for the first start.
func systemJoin() string { return filepath.Join(MachineFolder(), "join.txt") }

// DefaultFolder is the data folder where nothing else is said: the machine's, so that whoever is logged in runs the same counter.
func DefaultFolder() string {
	if folder, ok := portableFolder(); ok {
		return folder
	}
	return installedFolder()
}

// LogFolder is where the logs of a data folder lie: beside the data.
func LogFolder(folder string) string { return filepath.Join(folder, "logs") }

// shareFiles does nothing: rights on Windows are the folder's.
func shareFiles(string) {}

// readRegistry reads the policy: texts, lists of texts and numbers (0 and 1 for false and true).
func readRegistry() (managed, error) {
	m := managed{place: `HKEY_LOCAL_MACHINE\` + policyPath, texts: map[string]string{}}
	opened, err := registry.OpenKey(registry.LOCAL_MACHINE, policyPath, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	defer opened.Close()
	names, err := opened.ReadValueNames(0)
	if err != nil {
		return m, err
	}
	for _, name := range names {
		_, kind, err := opened.GetValue(name, nil)
		if err != nil {
			return m, err
		}
		var text string
		switch kind {
		case registry.SZ, registry.EXPAND_SZ:
			text, _, err = opened.GetStringValue(name)
		case registry.MULTI_SZ:
			var texts []string
			texts, _, err = opened.GetStringsValue(name)
			text = strings.Join(texts, ",")
		case registry.DWORD:
			var number uint64
			number, _, err = opened.GetIntegerValue(name)
			text = fmt.Sprint(number)
		default:
			err = fmt.Errorf("the value %s is neither text nor number", name)
		}
		if err != nil {
			return m, err
		}
		m.texts[name] = text
	}
	return m, nil
}
