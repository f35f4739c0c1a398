package main

import (
	"os"
	"path/filepath"
	"testing"

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
