package station

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/assets/translations"
	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/keystore"
)

// If a full or read-only disk were called a damaged cache, IT would replace the wrong thing while the queue waits.
func TestTheDiskIsBlamedWhereItIsToBlame(t *testing.T) {
	fault := errors.New("unable to open database file")
	folder := t.TempDir()
	if err := Blame(folder, fault); err != fault {
		t.Errorf("a folder that can be written is blamed: %v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("trying left %v, %v", left, err)
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var unwritable *Unwritable
	if err := Blame(file, fault); !errors.As(err, &unwritable) || unwritable.Do() == "" {
		t.Errorf("a folder that cannot be written: %v", err)
	}
	for _, other := range []error{&InUse{Folder: file}, terminal.ErrNotJoined, ErrJoined, &Lost{}} {
		if err := Blame(file, other); err != other {
			t.Errorf("%v became %v", other, err)
		}
	}
	for cause, wanted := range map[error][2]string{
		syscall.ENOSPC: {"is full", "free some space"}, syscall.EROFS: {"read-only", "check the disk"}, os.ErrPermission: {"may not write", "account"},
	} {
		told := &Unwritable{"/shop", &os.PathError{Op: "open", Path: "/shop/x", Err: cause}}
		if !strings.Contains(told.Error(), wanted[0]) || !strings.Contains(told.Do(), wanted[1]) {
			t.Errorf("%v: %q, %q", cause, told.Error(), told.Do())
		}
	}
}

// If a terminal that lost its journal were told to join, it would begin an empty one and honour everything a second time.
func TestKeysWithoutAJournalAreNotAFreshFolder(t *testing.T) {
	folder := t.TempDir()
	keys := filepath.Join(folder, KeysName)
	if _, err := keystore.Create(keys); err != nil {
		t.Fatal(err)
	}
	config := Config{Folder: folder, Settings: &Settings{Profile: "generic-80"}}
	if _, err := Open(t.Context(), config); !errors.Is(err, terminal.ErrNotJoined) {
		t.Errorf("keys that never joined: %v", err)
	}
	if _, err := keystore.SetLookup(keys, make([]byte, keystore.LookupBytes)); err != nil {
		t.Fatal(err)
	}
	if err := writePlace(folder, terminal.Settings{Terminal: "counter-7"}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"open":   func() error { _, err := Open(t.Context(), config); return err }(),
		"reader": func() error { _, err := OpenReader(t.Context(), config); return err }(),
	} {
		var lost *Lost
		if !errors.As(err, &lost) || errors.Is(err, terminal.ErrNotJoined) || !strings.Contains(lost.Do, "suspend counter-7") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// If a trouble had no way on, the shop would read that something is wrong and go on selling.
func TestEveryTroubleHasAWayOn(t *testing.T) {
	if TroubleOf(nil, "/shop", "counter-1") != nil {
		t.Error("there is trouble where there is none")
	}
	for kind, wanted := range map[cloudsync.TroubleKind]string{
		cloudsync.TroubleBehind: "stop redeeming", cloudsync.TroubleFork: "stop redeeming", cloudsync.TroubleGap: "journal verify",
		cloudsync.TroubleChain: "journal verify", cloudsync.TroubleEntry: "journal verify", cloudsync.TroubleRefused: "countersign-cloud terminals",
		cloudsync.TroubleUnknown: "countersign-cloud invite STORE --terminal counter-1",
	} {
		told := TroubleOf(&cloudsync.Trouble{Kind: kind, Cause: "so it is"}, "/shop", "counter-1")
		if told.Cause != "so it is" || !strings.Contains(told.Do, wanted) {
			t.Errorf("%s: %+v", kind, told)
		}
		said := map[string]string{}
		for _, language := range translations.Languages {
			found, do := sayTrouble(translations.For(language, time.UTC), &cloudsync.Trouble{Kind: kind, Cause: "So it is.", Entry: 7}, "/shop", "counter-1")
			if strings.Contains(found+do, "doctor.") || strings.Contains(found, "So it is") || strings.HasSuffix(found, ".") || do == "" {
				t.Errorf("%s in %s: %s; %s", kind, language, found, do)
			}
			said[found] = language
		}
		if len(said) != len(translations.Languages) {
			t.Errorf("%s is said in these words alone: %v", kind, said)
		}
	}
}

// If doctor told of a computer whose join code waits for a line that it needs a code, IT would make another, and the first would lie about.
func TestDoctorFindsTheJoinCodeThatWaits(t *testing.T) {
	folder := t.TempDir()
	config := Config{Folder: folder, Settings: &Settings{Profile: "generic-80"}}
	joined := func() Check {
		for _, check := range Examine(t.Context(), config) {
			if check.Name == "joined" {
				return check
			}
		}
		t.Fatal("nothing is said of joining")
		return Check{}
	}
	if check := joined(); check.OK || strings.Contains(check.Do, "waits") {
		t.Errorf("without a code: %+v", check)
	}
	path := filepath.Join(folder, "join")
	if err := os.WriteFile(path, []byte("countersign://cloud.example/#CODE.HASH\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if check := joined(); check.OK || !strings.Contains(check.Do, path) {
		t.Errorf("with one: %+v", check)
	}
}
