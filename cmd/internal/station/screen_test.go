package station

import (
	"path/filepath"
	"testing"
)

func TestWhatIsChosenAtTheCounterLiesUnderAPolicy(t *testing.T) {
	// A cashier would lose her language at each start, or could undo what IT has laid down for all counters.
	folder := t.TempDir()
	write(t, filepath.Join(folder, ConfigName), "language = \"de\"\ntext = 125\n")
	underPolicy(t, policyOf{path: write(t, filepath.Join(folder, "policy.toml"), "theme = \"light\"\n")})
	t.Setenv("COUNTERSIGN_VOLUME", "25")
	dark, spanish, silent := "dark", "es", 0
	if err := KeepScreen(folder, Screen{Language: &spanish, Theme: &dark, Volume: &silent}); err != nil {
		t.Fatal(err)
	}
	layers, err := ReadLayers("", folder)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := ReadScreen(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := layers.WithScreen(kept); got.Language != "es" || got.Theme != "light" || got.Text != 125 || got.Volume != 0 {
		t.Errorf("it comes to %q, %q, %d, %d", got.Language, got.Theme, got.Text, got.Volume)
	}
	write(t, filepath.Join(folder, screenName), "{")
	if _, err := ReadScreen(folder); err == nil {
		t.Error("a torn file is taken for a choice")
	}
	t.Setenv("COUNTERSIGN_TEXT", "large")
	if _, err := ReadLayers("", folder); err == nil {
		t.Error("a size that is no number is taken")
	}
}
