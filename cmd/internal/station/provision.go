package station

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Provisioning is what an installer knows: all of it may be missing.
type Provisioning struct {
	Code string // a join code
	File string // with a join code or a list of them, if it is there
	// Installer is the package's file: a file with a join code may lie beside it.
	Installer string
	Cloud     string // for a configuration that does not name one yet
	Group     string // whose people may write the data; "" for the system's usual one

	Program, Version string
}

// Provision makes the machine's folders, with their rights, and a commented configuration, leaving alone what is there; then it joins,
// where there is a join code and the machine has not joined yet; one that has is brought to the form of this version. A line that is down spoils no installation: the code is then kept for
// the first start. joined says in a sentence how it went.
func Provision(ctx context.Context, p Provisioning) (joined string, err error) {
	folder := installedFolder()
	if folder == "" {
		return "", errors.New("there is no package for this system")
	}
	if err := prepareFolders(p.Group); err != nil {
		return "", fmt.Errorf("the machine's folders cannot be made: %w", err)
	}
	if err := writeFirstConfig(systemConfig(), p.Cloud); err != nil {
		return "", fmt.Errorf("the configuration cannot be written: %w", err)
	}
	if _, err := os.Stat(filepath.Join(folder, JournalName)); err == nil {
		return upgraded(ctx, Config{Folder: folder, Program: p.Program, Version: p.Version}), nil
	}
	s, err := provisionJoin(ctx, p, folder)
	if err != nil {
		why := strings.TrimRight(err.Error(), ". ") // the cloud's own sentences end with one
		return fmt.Sprintf("Not joined yet: %s. The counter tries again when it starts; or run countersignctl join with a new join code.", why), nil
	}
	if s == nil {
		return "Not joined yet: run countersignctl join with a join code.", nil
	}
	status, err := s.Status(ctx)
	if err = errors.Join(err, s.Close()); err != nil {
		return "", err
	}
	return fmt.Sprintf("This computer is %s in %s.", status.Terminal, status.StoreName), nil
}

// provisionJoin joins by whichever code there is; without one it answers nil.
func provisionJoin(ctx context.Context, p Provisioning, folder string) (*Station, error) {
	config := Config{Folder: folder, Program: p.Program, Version: p.Version}
	if p.File == "" && p.Installer != "" {
		p.File = filepath.Join(filepath.Dir(p.Installer), BesideName)
	}
	if p.Code != "" {
		// Kept before it is used: an installation that is cut off can be gone on with.
		if err := os.WriteFile(systemJoin(), []byte(p.Code+"\n"), 0o640); err != nil {
			return nil, err
		}
	} else if p.File != "" {
		if text, err := os.ReadFile(p.File); err == nil && p.File != systemJoin() {
			if err := os.WriteFile(systemJoin(), text, 0o640); err != nil {
				return nil, err
			}
		}
	}
	if FoundJoinFile(folder) == "" {
		return nil, nil
	}
	if err := shareJoinFile(p.Group); err != nil {
		return nil, err
	}
	return OpenOrJoin(ctx, config)
}

// commented turns a sample's keys into comments: what is not set is what the program thinks best, also after an upgrade.
var commented = regexp.MustCompile(`(?m)^([a-z_]+ = )`)

// writeFirstConfig writes a configuration with every key as a comment, but for the cloud. One that is there is the machine's own, and
// stays as it is.
func writeFirstConfig(path, cloud string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text := commented.ReplaceAllString(SampleConfig, "#$1")
	if cloud != "" {
		text = strings.Replace(text, `#cloud = ""`, fmt.Sprintf("cloud = %q", cloud), 1)
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// RemoveData deletes what the machine's terminal has: journal, keys, logs, configuration. It is what somebody asks for who takes a
// computer out of a shop; a terminal that is running refuses it.
func RemoveData() error {
	folder := installedFolder()
	if folder == "" {
		return errors.New("there is no package for this system")
	}
	if holder, held := FindHolder(folder); held {
		return &InUse{Folder: folder, Holder: holder}
	}
	var all error
	for _, path := range []string{folder, LogFolder(folder), systemConfig(), systemJoin()} {
		all = errors.Join(all, os.RemoveAll(path))
	}
	return all
}
