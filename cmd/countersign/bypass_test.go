package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
)

func TestABrokenConfigurationClosesNoShop(t *testing.T) {
	// A slip of the pen in the file, pushed to four hundred counters, would close four hundred counters.
	folder := t.TempDir()
	path := filepath.Join(folder, station.ConfigName)
	if err := os.WriteFile(path, []byte("printer = \"tcp:192.0.2.7:9100\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := station.Config{Folder: folder}
	if err := bypass(&config); err == nil || config.Settings == nil || config.Settings.Profile == "" || config.Settings.Printer != "" {
		t.Errorf("the settings are %+v, %v", config.Settings, err)
	}
	named := station.Config{Folder: folder, ConfigFile: path}
	if err := bypass(&named); err != nil || named.Settings != nil {
		t.Errorf("a file that was named is left out: %+v, %v", named.Settings, err)
	}
	if err := os.WriteFile(path, []byte("printer = \"tcp:192.0.2.7:9100\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := station.Config{Folder: folder}
	if err := bypass(&whole); err != nil || whole.Settings != nil {
		t.Errorf("a file that is whole is left out: %+v, %v", whole.Settings, err)
	}
}

func TestAValueThatCannotBeClosesNoShop(t *testing.T) {
	// A printer's name that is none, rolled out to four hundred counters, would close four hundred counters.
	for line, usable := range map[string]func(station.Settings) bool{
		`profile = "epson-x"`:          func(s station.Settings) bool { return s.Profile == "generic-80" },
		`proxy = "foo"`:                func(s station.Settings) bool { return s.Proxy == "" },
		`ca_file = "/nonexistent.pem"`: func(s station.Settings) bool { return s.CAFile == "" },
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, station.ConfigName)
		if err := os.WriteFile(path, []byte("printer = \"tcp:192.0.2.7:9100\"\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config := station.Config{Folder: folder}
		if err := bypass(&config); err == nil || config.Settings == nil || !usable(*config.Settings) || config.Settings.Printer != "tcp:192.0.2.7:9100" {
			t.Errorf("%s: the settings are %+v, %v", line, config.Settings, err)
		}
		failed := &notStarted{err: errors.New("it cannot be opened"), options: Options{Folder: folder, Config: path}}
		said := map[string]bool{}
		for _, language := range translations.Languages {
			found, do, ok := failed.unfit(language)
			if !ok || said[found] || !strings.Contains(do, path) {
				t.Errorf("%s, for who named the file, in %s: %q, %q", line, language, found, do)
			}
			said[found] = true
		}
	}
}
