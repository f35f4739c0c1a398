package station

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cloudsync "countersign/sync"
	"countersign/terminal"
)

// If two programs could write one data folder, one voucher could be honoured twice by one terminal; and if nobody said who has it,
// IT would restart the PC.
func TestOneProgramHasTheFolder(t *testing.T) {
	folder := t.TempDir()
	first, err := takeLock(folder, "countersign")
	if err != nil {
		t.Fatal(err)
	}
	_, err = takeLock(folder, "countersignctl")
	var held *InUse
	if !errors.As(err, &held) || held.Holder.PID != os.Getpid() || held.Holder.Program != "countersign" || time.Since(held.Holder.Since) > time.Minute {
		t.Fatalf("the second got %v", err)
	}
	if holder, taken := FindHolder(folder); !taken || holder.Program != "countersign" {
		t.Errorf("found %+v, %v", holder, taken)
	}
	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	if _, taken := FindHolder(folder); taken {
		t.Error("somebody has it after its release")
	}
	second, err := takeLock(folder, "countersignctl")
	if err != nil {
		t.Fatal(err)
	}
	if err := second.release(); err != nil {
		t.Error(err)
	}
}

// If a mistyped key were ignored, a printer that was set up would print nothing, and nobody would know why.
func TestSettingsAreStrict(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, ConfigName)
	for content, wanted := range map[string]string{
		"printer = \"tcp:192.0.2.7:9100\"\n":   "",
		"\n\nprintre = \"tcp:192.0.2.7:9100\"": "line 3: there is no key \"printre\"",
		"language = 3":                         "line 1",
		"hold = \"no\"":                        "line 1",
		"scanner = 3":                          "no address",
		"scanner = [\"serial:COM4\", 5]":       "no address",
		"scanner = [\"serial:COM4\"]":          "",
		"[printer]\nport = 3":                  "printer",
		"language = \"en":                      "line 1",
		SampleConfig:                           "",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadSettings("", folder)
		if (err == nil) != (wanted == "") || (err != nil && !strings.Contains(err.Error(), wanted)) {
			t.Errorf("%q: %v, want %q", content, err, wanted)
		}
	}
}

// If the environment did not go before the file, a deployment of forty PCs would need forty files.
func TestTheEnvironmentGoesBeforeTheFile(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, ConfigName), []byte("printer = \"file:/a\"\nlanguage = \"de\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COUNTERSIGN_PRINTER", "file:/b")
	settings, err := ReadSettings("", folder)
	if err != nil || settings.Printer != "file:/b" || settings.Language != "de" || settings.Profile != "generic-80" {
		t.Errorf("%+v, %v", settings, err)
	}
	if !settings.Hold || settings.Drawer || len(settings.Scanner) != 0 {
		t.Errorf("what nobody said: %+v", settings)
	}
	t.Setenv("COUNTERSIGN_HOLD", "false")
	t.Setenv("COUNTERSIGN_SCANNER", "serial:/dev/a, serial:/dev/b")
	if settings, err = ReadSettings("", folder); err != nil || settings.Hold || len(settings.Scanner) != 2 || settings.Scanner[1] != "serial:/dev/b" {
		t.Errorf("%+v, %v", settings, err)
	}
	t.Setenv("COUNTERSIGN_HOLD", "perhaps")
	if _, err := ReadSettings("", folder); err == nil || !strings.Contains(err.Error(), "COUNTERSIGN_HOLD") {
		t.Errorf("a setting that is neither true nor false: %v", err)
	}
	t.Setenv("COUNTERSIGN_HOLD", "true")
	if _, err := ReadSettings(filepath.Join(folder, "none.toml"), folder); err == nil {
		t.Error("a file that was asked for and is not there is passed over")
	}
}

// If a folder that never joined were opened, the first scan would fail where the start should have.
func TestAFolderThatHasNotJoinedSaysSo(t *testing.T) {
	config := Config{Folder: t.TempDir(), Settings: &Settings{Profile: "generic-80"}}
	if _, err := Open(t.Context(), config); !errors.Is(err, terminal.ErrNotJoined) {
		t.Errorf("open: %v", err)
	}
	if _, err := OpenReader(t.Context(), config); !errors.Is(err, terminal.ErrNotJoined) {
		t.Errorf("reader: %v", err)
	}
	if _, err := Join(t.Context(), config, "nonsense", ""); err == nil {
		t.Error("a code that is none was taken")
	}
	if _, taken := FindHolder(config.Folder); taken {
		t.Error("the lock was not given back")
	}
}

// If the line's state did not outlive the process, each command of a script would wait for a cloud that is down.
func TestTheLineOutlivesTheProcess(t *testing.T) {
	folder := t.TempDir()
	cloudsync.NewBreaker(lineOfFolder(folder), nil).Failed(errors.New("down"), 0)
	again := cloudsync.NewBreaker(lineOfFolder(folder), nil)
	if _, ok := again.Allow(); ok || again.Line().Trouble != "down" {
		t.Errorf("after a restart: %+v", again.Line())
	}
	cloudsync.NewBreaker(readOnlyLine{lineOfFolder(folder)}, nil).Answered("")
	if line, err := lineOfFolder(folder).LoadLine(); err != nil || line.Failures != 1 {
		t.Errorf("a command that only reads changed the line: %+v, %v", line, err)
	}
	if err := os.WriteFile(filepath.Join(folder, lineName), []byte("{torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := cloudsync.NewBreaker(lineOfFolder(folder), nil).Allow(); !ok {
		t.Error("a torn file closes the line")
	}
}
