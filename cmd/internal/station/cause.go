package station

import (
	"errors"
	"net"
	"os"
	"syscall"

	cloudsync "countersign/sync"
	"countersign/terminal"
)

// SayCause says in words what stands behind an error where it is one of those that a system usually has with a file, with the file's name
// where the error knows it. Any other error has its own text.
func SayCause(words terminal.Words, err error) string {
	key := causeOf(err)
	if key == "" {
		return err.Error()
	}
	args := map[string]any{}
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		args["file"] = path.Path
	case errors.As(err, &link):
		args["file"] = link.New
	}
	return words.Say(key, args)
}

// causeOf is the key of the sentence on a system's error, "" for none. What a disk does comes first: it is the cause of much else.
func causeOf(err error) string {
	var line *net.OpError
	if errors.As(err, &line) { // a network that is not permitted is no file
		return ""
	}
	for _, known := range []struct {
		is  error
		key string
	}{
		{syscall.ENOSPC, "doctor.cause.full"},
		{syscall.EDQUOT, "doctor.cause.full"},
		{syscall.EROFS, "doctor.cause.read_only"},
		{syscall.EIO, "doctor.cause.disk"},
		{os.ErrNotExist, "doctor.cause.missing"},
		{os.ErrPermission, "doctor.cause.no_right"},
		{os.ErrExist, "doctor.cause.taken"},
		{syscall.EISDIR, "doctor.cause.folder"},
		{syscall.ENOTDIR, "doctor.cause.missing"},
		{syscall.ENAMETOOLONG, "doctor.cause.missing"},
		{cloudsync.ErrAuthorities, "doctor.cause.authorities"}, // a file that can be read
	} {
		if errors.Is(err, known.is) {
			return known.key
		}
	}
	return ""
}

// bare is an error without the file's name, where a sentence names the file itself.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
