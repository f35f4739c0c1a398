package keystore

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// purpose is mixed into the sealing, so that another program's blob is not taken for ours.
var purpose = []byte("countersign keys 1")

// seal encrypts by DPAPI in machine scope (CryptProtectData).
func seal(raw []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptProtectData(blob(raw), nil, blob(purpose), 0, nil,
		windows.CRYPTPROTECT_LOCAL_MACHINE|windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	return take(out, err)
}

func unseal(sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, errors.New("it is empty")
	}
	var out windows.DataBlob
	err := windows.CryptUnprotectData(blob(sealed), nil, blob(purpose), 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	return take(out, err)
}

func blob(data []byte) *windows.DataBlob {
	return &windows.DataBlob{Size: uint32(len(data)), Data: unsafe.SliceData(data)}
}

// take copies what DPAPI allocated, and frees it.
func take(out windows.DataBlob, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	copied := append([]byte{}, unsafe.Slice(out.Data, out.Size)...)
	_, err = windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return copied, err
}

// checkRights leaves the judgement to the folder's access list, which the installer sets: rights on Windows are the folder's.
func checkRights(string) error { return nil }

func shareRights(*os.File, string) error { return nil }

// place gives a finished file its name, unless there is one of that name, and returns when the name is on disk.
func place(from, to string) error {
	err := move(from, to, windows.MOVEFILE_WRITE_THROUGH)
	if errors.Is(err, windows.ERROR_ALREADY_EXISTS) || errors.Is(err, windows.ERROR_FILE_EXISTS) {
		return ErrExists
	}
	return err
}

func rename(from, to string) error {
	return move(from, to, windows.MOVEFILE_WRITE_THROUGH|windows.MOVEFILE_REPLACE_EXISTING)
}

func move(from, to string, flags uint32) error {
	source, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(source, target, flags)
}
