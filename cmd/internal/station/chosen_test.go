package station

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crypto/x509"

	cloudsync "countersign/sync"
	"countersign/sync/api"

	"countersign/assets/translations"
	"countersign/terminal/printer"
)

func TestChosenPrinterStandsUnderTheConfiguration(t *testing.T) {
	// What somebody pressed at the counter would override what IT wrote down for forty of them, or would be forgotten.
	folder := t.TempDir()
	config := Config{Folder: folder}
	if err := KeepPrinter(config, "tcp:192.0.2.7:9100", "generic-58"); err != nil {
		t.Fatal(err)
	}
	layers, err := ReadLayers("", folder)
	if err != nil || layers.Settings.Printer != "tcp:192.0.2.7:9100" || layers.Settings.Profile != "generic-58" || layers.Find("printer").From != FromRoom || layers.Fixed("printer") != "" {
		t.Fatalf("read %+v from %q, %v", layers.Settings, layers.Find("printer").From, err)
	}
	for _, c := range []struct {
		target, profile string
		want            error
	}{{"tpc:192.0.2.7", "generic-80", printer.ErrTarget}, {"usb:/dev/usb/lp0", "no-such-kind", nil}} {
		if err := KeepPrinter(config, c.target, c.profile); err == nil || (c.want != nil && !errors.Is(err, c.want)) {
			t.Errorf("%s as %s: %v", c.target, c.profile, err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, ConfigName), []byte("printer = \"usb:/dev/usb/lp0\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	layers, err = ReadLayers("", folder)
	if err != nil || layers.Settings.Printer != "usb:/dev/usb/lp0" || layers.Fixed("printer") != filepath.Join(folder, ConfigName) {
		t.Errorf("with a configuration %+v, %v", layers.Settings, err)
	}
	if err := KeepPrinter(config, "", "generic-80"); !errors.Is(err, ErrPrinterFixed) {
		t.Errorf("above a configuration: %v", err)
	}
}

func TestLogoIsTakenOrSaysWhyNot(t *testing.T) {
	// A photo of ten megabytes would hold up each slip, or a file that is no picture would stop the printing.
	folder, pictures := t.TempDir(), t.TempDir()
	draw := func(name string, width, height int) string {
		picture := image.NewNRGBA(image.Rect(0, 0, width, height))
		picture.Set(0, 0, color.NRGBA{A: 0xff})
		path := filepath.Join(pictures, name)
		file, err := os.Create(path)
		if err == nil {
			err = errors.Join(png.Encode(file, picture), file.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	write := func(name string, text []byte) string {
		path := filepath.Join(pictures, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := KeepLogo(folder, draw("good.png", 1600, 400)); err != nil {
		t.Fatal(err)
	}
	logo := &ownLogo{folder: folder}
	file, err := os.Open(filepath.Join(folder, logoName))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	facts, err := png.DecodeConfig(file)
	if err != nil || facts.Width != logoWidth || facts.Height != 144 || len(logo.logo()) == 0 {
		t.Errorf("kept as %dx%d, %v", facts.Width, facts.Height, err)
	}
	kept := len(logo.logo())
	words := translations.For("en", time.UTC)
	for path, want := range map[string]string{
		write("text.png", []byte("no picture")):             "is neither a PNG nor a JPEG",
		write("huge.png", make([]byte, LogoMost+1)):         "is too large",
		draw("wide.png", logoSide+1, 40):                    "is too large",
		draw("dot.png", 8, 8):                               "is too small",
		filepath.Join(pictures, "nowhere.png"):              "cannot be read",
		write("half.png", halfOf(t, draw("w.png", 64, 64))): "cannot be read",
	} {
		err := KeepLogo(folder, path)
		if said := SayLogo(words, path, err); err == nil || !strings.Contains(said, want) || !strings.HasPrefix(said, filepath.Base(path)) {
			t.Errorf("%s: %v: %q", path, err, said)
		}
	}
	if logo.forget(); len(logo.logo()) != kept {
		t.Error("a picture that was refused took the place of the logo")
	}
	if err := DropLogo(folder); err != nil {
		t.Fatal(err)
	}
	if logo.forget(); logo.logo() != nil {
		t.Error("the logo is still there")
	}
}

func halfOf(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text[:len(text)*2/3]
}

func TestJoinTroublesHaveTheirSentence(t *testing.T) {
	// Whoever sets a counter up would be told to check the cable when the code was used before, or when the computer's date is wrong.
	for want, err := range map[string]error{
		"code": api.ErrJoinCode, "unknown": &cloudsync.Refusal{Code: "join_code_unknown"}, "used": &cloudsync.Refusal{Code: "join_code_used"},
		"expired": &cloudsync.Refusal{Code: "join_code_expired"}, "other": &cloudsync.Refusal{Code: "unavailable"}, "other_cloud": errOtherCloud,
		"clock": &cloudsync.NoAnswer{Cause: x509.CertificateInvalidError{Reason: x509.Expired}}, "portal": &cloudsync.NoAnswer{Cause: cloudsync.ErrInPlace},
		"certificate": &cloudsync.NoAnswer{Cause: x509.UnknownAuthorityError{}}, "network": &cloudsync.NoAnswer{Cause: errors.New("no route to host")},
		"pin": &cloudsync.NoAnswer{Cause: cloudsync.ErrPin},
	} {
		if got := joinTrouble(err); got != want {
			t.Errorf("%v is told as %q, want %q", err, got, want)
		}
		for _, language := range translations.Languages {
			found, do := SayJoinTrouble(translations.For(language, time.UTC), err)
			if found == "" || do == "" || strings.HasPrefix(found, "setup.") || strings.HasPrefix(do, "setup.") {
				t.Errorf("%s, %s: %q, %q", language, want, found, do)
			}
		}
	}
}

func TestJoinTroublesOfTheFolderAreInTheWindowsLanguage(t *testing.T) {
	// Whoever sets a counter up in German would read half a sentence in English when the disk is full.
	for _, err := range []error{&Unwritable{Folder: "/srv/till", cause: syscall.ENOSPC}, &Unwritable{Folder: "/srv/till", cause: syscall.EROFS},
		&InUse{Folder: "/srv/till"}, &Lost{found: "doctor.fault.journal_gone", do: "doctor.fault.journal_gone_do", folder: "/srv/till", name: "quay"}} {
		english, _ := SayJoinTrouble(translations.For("en", time.UTC), err)
		for _, language := range translations.Languages {
			words := translations.For(language, time.UTC)
			fault, _, known := SayFault(words, err)
			found, do := SayJoinTrouble(words, err)
			if !known || do == "" || !strings.Contains(found, fault) || (language != "en" && strings.Contains(english, fault)) {
				t.Errorf("%s: %v is told as %q, %q", language, err, found, do)
			}
		}
	}
}

func TestJoinCodeFromAForeignKeyboard(t *testing.T) {
	// A counter in France could not join by scanning: its scanner is calibrated only afterwards.
	const code = "countersign://cloud.example/#7K3MQ9TX4B2HQ.8D2KQ9TX4B2HQV83XW7P55TD2C"
	german := strings.NewReplacer("y", "z", "z", "y", ":", "Ö", "/", "-", "#", "§", "-", "ß", "Y", "Z", "Z", "Y").Replace(code)
	if got := MendJoinCode(german); !strings.EqualFold(got, code) {
		t.Errorf("%q is mended to %q", german, got)
	}
	for _, as := range []string{code, "7K3MQ9TX4B2HQ", ""} {
		if got := MendJoinCode(as); got != as {
			t.Errorf("%q became %q", as, got)
		}
	}
}

func TestEndOfTheLogHoldsNoCodes(t *testing.T) {
	// The screen at the counter would show a voucher's code or a join code to whoever stands there.
	folder := t.TempDir()
	if err := os.MkdirAll(LogFolder(folder), 0o700); err != nil {
		t.Fatal(err)
	}
	text := `{"time":"2026-11-22T10:00:01Z","level":"INFO","msg":"begins","program":"countersign","version":"1"}
{"time":"2026-11-22T10:00:02Z","level":"ERROR","msg":"bad","error":"countersign://cloud.example/#7K3M.8D2K and 7K3M-Q9TX-4B2H-Q"}
half a li`
	if err := os.WriteFile(filepath.Join(LogFolder(folder), "countersign.log"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := LogTail(folder, "countersign", 5)
	if err != nil || len(lines) != 2 || !strings.Contains(lines[0], "begins  version=1") || !strings.Contains(lines[1], "ERROR  bad") {
		t.Fatalf("%q, %v", lines, err)
	}
	if strings.Contains(lines[1], "7K3M") {
		t.Errorf("%q", lines[1])
	}
	if lines, err := LogTail(folder, "countersign", 1); err != nil || len(lines) != 1 {
		t.Errorf("%q, %v", lines, err)
	}
}
