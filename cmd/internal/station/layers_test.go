package station

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// underPolicy puts a policy in force.
func underPolicy(t *testing.T, p policyOf) {
	before := policy
	policy = p
	t.Cleanup(func() { policy = before })
}

func TestEachLayerLiesOnTopOfTheOneBefore(t *testing.T) {
	// What IT fixes for four hundred counters, somebody at one of them would change; and nobody could tell where a value came from.
	folder := t.TempDir()
	file := write(t, filepath.Join(folder, ConfigName), "printer = \"file:/tmp/slips\"\nlanguage = \"de\"\nproxy = \"none\"\nscanner = \"serial:COM4\"\n")
	managedFile := write(t, filepath.Join(folder, "policy.toml"), "language = \"es\"\nhold = false\n")
	underPolicy(t, policyOf{path: managedFile})
	t.Setenv("COUNTERSIGN_LANGUAGE", "en")
	t.Setenv("COUNTERSIGN_PROXY", "")
	t.Setenv("COUNTERSIGN_DRAWER", "true")
	layers, err := ReadLayers("", folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []Value{
		{"printer", "file:/tmp/slips", FromFile, file},
		{"profile", "generic-80", FromDefault, ""},
		{"hold", false, FromPolicy, managedFile},
		{"drawer", true, FromEnvironment, "COUNTERSIGN_DRAWER"},
		{"language", "es", FromPolicy, managedFile},
		{"scanner", []string{"serial:COM4"}, FromFile, file},
		{"cloud", "", FromDefault, ""},
		{"proxy", "", FromEnvironment, "COUNTERSIGN_PROXY"},
		{"ca_file", "", FromDefault, ""},
	}
	got := layers.Values()
	for _, value := range want {
		if diff := cmp.Diff(value, layers.Find(value.Key)); diff != "" {
			t.Errorf("%s: %s", value.Key, diff)
		}
	}
	if len(got) != len(keys) {
		t.Errorf("%d values of %d keys", len(got), len(keys))
	}
	for _, k := range keys {
		if !strings.Contains(SampleConfig, "\n"+k.name+" = ") {
			t.Errorf("the sample does not show %s", k.name)
		}
	}
}

func TestAPolicyOfTheRegistryIsReadAsTexts(t *testing.T) {
	// Group policy would be without effect, or a slip in it would go unnoticed on every counter.
	place := `HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Countersign`
	texts := map[string]string{"Language": "zh-Hans", "HOLD": "0", "Scanner": "serial:COM4,serial:COM5"}
	underPolicy(t, policyOf{read: func() (managed, error) { return managed{place, texts}, nil }})
	layers, err := ReadLayers("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"language": "zh-Hans", "hold": false, "scanner": []string{"serial:COM4", "serial:COM5"}} {
		if got := layers.Find(name); !cmp.Equal(got.Value, want) || got.From != FromPolicy || !strings.HasPrefix(got.Place, place) {
			t.Errorf("%s is %+v", name, got)
		}
	}
	texts["Languge"] = "de"
	layers, err = ReadLayers("", t.TempDir())
	if err == nil || !strings.Contains(err.Error(), `"Languge"`) {
		t.Errorf("a policy for nothing: %v", err)
	}
	if got := layers.Find("language"); got.Value != "zh-Hans" {
		t.Errorf("one slip takes away what else IT manages: %+v", got)
	}
}

func TestABrokenFileLeavesTheOtherLayers(t *testing.T) {
	// A slip of the pen in a file would also take away what IT manages, and the counter would print on the wrong printer.
	folder := t.TempDir()
	write(t, filepath.Join(folder, ConfigName), "language = \"de\"\nprinter = [")
	underPolicy(t, policyOf{path: write(t, filepath.Join(folder, "policy.toml"), `ca_file = "/etc/ours.pem"`)})
	layers, err := ReadLayers("", folder)
	if err == nil || !strings.Contains(err.Error(), ConfigName+", line 2") {
		t.Errorf("the error is %v", err)
	}
	if layers.Settings.CAFile != "/etc/ours.pem" || layers.Settings.Language != "" || layers.Settings.Profile != "generic-80" {
		t.Errorf("what is left is %+v", layers.Settings)
	}
}

func TestASlipInAFileIsToldInPlainWords(t *testing.T) {
	// IT would read of destinations and incompatible types, and look for the slip in the wrong file.
	for name, c := range map[string]struct{ text, says string }{
		"a number in quotes":   {"\ntext = \"big\"\n", "line 2: text must be a whole number, without quotes"},
		"a part of a number":   {"volume = 1.5\n", "line 1: volume must be a whole number"},
		"a word for a switch":  {"hold = \"yes\"\n", "line 1: hold must be true or false, without quotes"},
		"a number for a text":  {"printer = 9100\n", "line 1: printer must be a text in quotes"},
		"a number for a line":  {"scanner = [4]\n", "line 1: scanner must be a text in quotes"},
		"a table for a number": {"[text]\na = 1\n", "line 1: text must be a whole number"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := write(t, filepath.Join(folder, ConfigName), c.text)
			if _, err := ReadLayers("", folder); err == nil || !strings.HasPrefix(err.Error(), path+", "+c.says) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	underPolicy(t, policyOf{path: t.TempDir()})
	if _, err := ReadLayers("", t.TempDir()); err == nil || !strings.Contains(err.Error(), "the policy file cannot be read") {
		t.Errorf("a policy that is a folder: %v", err)
	}
}

func TestAFileOfWindowsShellIsRead(t *testing.T) {
	// A configuration that was written with ">" on Windows would not be read on four hundred counters.
	folder := t.TempDir()
	text := "\xff\xfe"
	for _, r := range "language = \"de\"\r\n" {
		text += string([]byte{byte(r), 0})
	}
	write(t, filepath.Join(folder, ConfigName), text)
	if layers, err := ReadLayers("", folder); err != nil || layers.Settings.Language != "de" {
		t.Errorf("%q, %v", layers.Settings.Language, err)
	}
}

func TestWhatIsShownOfAProxyHasNoPassword(t *testing.T) {
	// The password of the shop's proxy would stand in every ticket into which IT pastes what "config" prints.
	for written, shown := range map[string]string{
		"http://u:hunter2@192.0.2.1:3128": "http://u:xxxxx@192.0.2.1:3128",
		"http://u:hun@ter:2@proxy:3128":   "http://u:xxxxx@proxy:3128",
		"u:hunter2@proxy":                 "u:xxxxx@proxy",
		"http://u:hun/ter%zz2@proxy":      "http://u:xxxxx@proxy",
		"http://u@proxy:3128":             "http://u@proxy:3128",
		"http://proxy:3128":               "http://proxy:3128",
		"none":                            "none",
	} {
		t.Setenv("COUNTERSIGN_PROXY", written)
		layers, err := ReadLayers("", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if got := layers.Find("proxy").Value; got != shown {
			t.Errorf("%q is shown as %q", written, got)
		}
		if layers.Settings.Proxy != written {
			t.Errorf("%q is used as %q", written, layers.Settings.Proxy)
		}
	}
}
