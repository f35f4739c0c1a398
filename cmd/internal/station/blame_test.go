package station_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countersign/cmd/internal/station"
)

func TestDoctorBlamesTheConfigurationAndNotTheFiles(t *testing.T) {
	// IT would look for a broken disk and call support, where a line of the configuration is wrong.
	kept, _ := unpackForm(t, filepath.Join("testdata", "form-13.tar.gz"))
	folder := filepath.Join(kept, "till")
	for _, line := range []string{`proxy = "foo"`, `ca_file = "/nonexistent.pem"`, `profile = "epson-x"`, `proxy = "http://u:pw@127.0.0.1:port"`} {
		path := filepath.Join(t.TempDir(), "p.toml")
		if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config := station.Config{Folder: folder, ConfigFile: path, Language: "en"}
		checks := station.Examine(t.Context(), config)
		key, _, _ := strings.Cut(line, " ")
		var ill []string
		for _, check := range checks {
			if !check.OK {
				ill = append(ill, check.Name)
			}
		}
		if !slices.Contains(ill, "config") || slices.Contains(ill, "station") {
			t.Errorf("%s: ill is %v: %+v", line, ill, checks)
		}
		looked := false
		for _, check := range checks {
			looked = looked || check.Name == "journal" && check.OK
			if check.Name == "config" && (check.OK || !strings.Contains(check.Do, "correct "+key+" in "+config.ConfigFile)) {
				t.Errorf("%s: %+v", line, check)
			}
		}
		if !looked {
			t.Errorf("%s: nothing is said of the journal", line)
		}
	}
}
