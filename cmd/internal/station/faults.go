package station

import (
	"errors"
	"os"
	"strconv"
	"syscall"

	"countersign/terminal"
	"countersign/terminal/cache"
	"countersign/terminal/entry"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
)

// SayFault says in words what it is that keeps a terminal from working, and what to do. do is empty where that depends on who asks, and ok
// is false for an error that has no sentence: its own text has to do.
func SayFault(words terminal.Words, err error) (found, do string, ok bool) {
	found, do, args := faultOf(err)
	if found == "" {
		return "", "", false
	}
	if do != "" {
		do = words.Say(do, args)
	}
	return words.Say(found, args), do, true
}

// faultOf finds the keys of the sentences on an error. The first that fits counts: what a disk does is the cause of much else.
func faultOf(err error) (found, do string, args map[string]any) {
	var unwritable *Unwritable
	var lost *Lost
	var bad *entry.BadEntry
	var held *InUse
	switch {
	case errors.As(err, &unwritable):
		found, do = unwritable.keys()
		args = map[string]any{"folder": unwritable.Folder}
		if command := joinGroup(unwritable.Folder); command != "" {
			args["command"] = command
		}
		return found, do, args
	case errors.As(err, &lost):
		return lost.found, lost.do, map[string]any{"folder": lost.folder, "name": lost.name}
	case errors.As(err, &bad):
		return "doctor.fault.damaged", "doctor.fault.damaged_do", map[string]any{"entry": bad.Seq}
	case errors.Is(err, journal.ErrDamaged):
		return "doctor.fault.damaged", "doctor.fault.damaged_do", nil
	case errors.Is(err, journal.ErrDiskFull):
		return "doctor.fault.full", "doctor.fault.full_do", nil
	case errors.Is(err, journal.ErrOutcomeUnknown):
		return "doctor.fault.unknown", "", nil
	case errors.Is(err, journal.ErrFailed):
		return "doctor.fault.failing", "", nil
	case errors.Is(err, journal.ErrNewer):
		return "doctor.fault.newer", "doctor.fault.newer_do", nil
	case errors.Is(err, errOutdated):
		return "doctor.fault.outdated", "doctor.fault.outdated_do", nil
	case errors.Is(err, cache.ErrDamaged):
		return "doctor.fault.cache_damaged", "", nil
	case errors.Is(err, cache.ErrOlder):
		return "doctor.fault.cache_older", "doctor.fault.cache_older_do", nil
	case errors.Is(err, errNoCache):
		return "doctor.fault.cache_gone", "", nil
	case errors.Is(err, journal.ErrOtherKey):
		return "doctor.fault.other_key", "doctor.fault.other_key_do", nil
	case errors.Is(err, keystore.ErrRights) && errors.Is(err, os.ErrPermission):
		return "doctor.fault.key_unread", "doctor.fault.no_right_do", nil
	case errors.Is(err, keystore.ErrRights):
		return "doctor.fault.key_rights", "", nil
	case errors.As(err, &held) && held.Holder.PID == 0:
		return "doctor.fault.in_use_unknown", "", nil
	case errors.As(err, &held):
		return "doctor.fault.in_use", "", map[string]any{"program": held.Holder.Program, "pid": strconv.Itoa(held.Holder.PID), "since": held.Holder.Since}
	case errors.Is(err, terminal.ErrNotJoined):
		return "doctor.fault.not_joined", "", nil
	}
	return "", "", nil
}

// keys are those of the sentences on a folder that cannot be written.
func (u *Unwritable) keys() (found, do string) {
	switch {
	case errors.Is(u.cause, syscall.ENOSPC), errors.Is(u.cause, syscall.EDQUOT):
		return "doctor.fault.full", "doctor.fault.full_do"
	case errors.Is(u.cause, syscall.EROFS):
		return "doctor.fault.read_only", "doctor.fault.read_only_do"
	case errors.Is(u.cause, os.ErrPermission):
		return "doctor.fault.no_right", "doctor.fault.no_right_do"
	}
	return "doctor.fault.unwritable", "doctor.fault.read_only_do"
}

// LanguageOf is the language that a configuration or else the store asks for, as far as the data folder still tells; "" for neither.
func LanguageOf(config Config) string {
	folder := FolderOf(config)
	layers, _ := ReadLayers(config.ConfigFile, folder) // a broken layer is left out: this is asked where something is broken
	if layers.Settings.Language != "" {
		return layers.Settings.Language
	}
	place, err := readPlace(folder)
	if err != nil {
		return ""
	}
	return place.Store.Language
}
