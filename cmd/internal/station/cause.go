package station

import (
	"errors"
	"net"
	"os"
	"syscall"

	cloudsync "countersign/sync"
	"countersign/terminal"
)

// SayCause says in words what stands behind an error where it is one of those that a system usually has with a file or on the way to the
// cloud, with the file's name where the error knows it. Any other error has its own text.
func SayCause(words terminal.Words, err error) string {
	key := causeOf(err)
	if key == "" {
		return err.Error()
	}
	args := map[string]any{}
	var path *os.PathError
	var link *os.LinkError
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		args["name"] = name.Name
	case errors.As(err, &path):
		args["file"] = path.Path
	case errors.As(err, &link):
		args["file"] = link.New
	}
	return words.Say(key, args)
}

// causeOf is the key of the sentence on a system's error, "" for none. What a disk does comes first: it is the cause of much else.
func causeOf(err error) string {
	if key := wayOf(err); key != "" {
		return key
	}
	if line := (*net.OpError)(nil); errors.As(err, &line) { // a network that is not permitted is no file
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

// wayOf is the key of the sentence on why the cloud does not answer, "" for none.
func wayOf(err error) string {
	var name *net.DNSError
	switch {
	case errors.Is(err, cloudsync.ErrNobody):
		return "doctor.line.nobody"
	case errors.Is(err, cloudsync.ErrSlow):
		return "doctor.line.slow"
	case errors.Is(err, cloudsync.ErrCutOff):
		return "doctor.line.cut_off"
	case errors.Is(err, cloudsync.ErrUnreachable):
		return "doctor.line.unreachable"
	case errors.As(err, &name):
		return "doctor.line.name"
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
