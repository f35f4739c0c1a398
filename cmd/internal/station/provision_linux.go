package station

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// dataGroup is whose people may write the data. The package makes the group.
const dataGroup = "countersign"

func groupID(name string) (int, error) {
	if name == "" {
		name = dataGroup
	}
	group, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("there is no group %s: %w", name, err)
	}
	return strconv.Atoi(group.Gid)
}

// prepareFolders makes the machine's folders. What the group makes in the data folder stays the group's (setgid); the configuration is
// root's.
func prepareFolders(group string) error {
	gid, err := groupID(group)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(configFolder, 0o755); err != nil {
		return err
	}
	for _, folder := range []string{systemFolder, systemLogs} {
		if err := os.MkdirAll(folder, 0o770); err != nil {
			return err
		}
		if err := errors.Join(os.Chown(folder, 0, gid), os.Chmod(folder, 0o770|os.ModeSetgid)); err != nil {
			return err
		}
	}
	return nil
}

// shareJoinFile lets the group read the join code that was left, and nobody else: whoever runs the counter first joins with it.
func shareJoinFile(group string) error {
	gid, err := groupID(group)
	if err != nil {
		return err
	}
	if _, err := os.Stat(systemJoin()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(os.Chown(systemJoin(), 0, gid), os.Chmod(systemJoin(), 0o640))
}
