package station

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/assets/translations"
	cloudsync "countersign/sync"
)

// slipsOfThePen are values that no setting can have, and a word of what it can be.
var slipsOfThePen = map[string]string{
	`printer = "usb"`: "winspool:", `profile = "epson-x"`: "generic-80", `language = "fr"`: "zh-Hans", `theme = "blue"`: "dark",
	`text = 900`: "100 to 200", `volume = -3`: "0 to 100", `scanner = ["serial:COM4", "x"]`: "ttyACM0", `cloud = "https://"`: "https://cloud.example/",
	`cloud = "ftp://cloud.example"`: "https://cloud.example/", `cloud = "our cloud"`: "https://cloud.example/",
	`proxy = "foo"`: "none", `proxy = "http://u:hunter2@127.0.0.1:port"`: "none",
	`hub = "not an ip"`: "192.0.2.10", `hub = "192.0.2.10:0"`: "7743", `hub = "10.0.0.300"`: "7743", `cloud = "https://192.0.2.1000/"`: "https://cloud.example/", `hub_listen = "0.0.0.0:99999"`: "7743", `ca_file = "/nonexistent.pem"`: "PEM",
}

func TestAValueThatCannotBeIsNamed(t *testing.T) {
	// IT would roll a slip of the pen out to four hundred counters, and be told that all is well.
	underPolicy(t, policyOf{})
	for line, allowed := range slipsOfThePen {
		t.Run(line, func(t *testing.T) {
			folder := t.TempDir()
			path := write(t, filepath.Join(folder, ConfigName), line+"\n")
			layers, err := ReadLayers("", folder)
			if err != nil {
				t.Fatal(err)
			}
			key, _, _ := strings.Cut(line, " ")
			amiss := layers.Amiss("en")
			if len(amiss) != 1 || !layers.Wrong() || amiss[0].Name != "config" {
				t.Fatalf("named is %+v", amiss)
			}
			if said := amiss[0]; !strings.HasPrefix(said.Found, key+" cannot be") || !strings.Contains(said.Do, path) || !strings.Contains(said.Do, allowed) {
				t.Errorf("%+v", said)
			}
			if strings.Contains(amiss[0].Found, "hunter2") || strings.Contains(strings.ReplaceAll(amiss[0].Do, path, ""), "hunter2") {
				t.Error("a password is told")
			}
			for _, language := range []string{"de", "es", "zh-Hans"} {
				if other := layers.Amiss(language)[0]; other.Found == amiss[0].Found || other.Do == amiss[0].Do || !strings.Contains(other.Do, path) {
					t.Errorf("in %s: %+v", language, other)
				}
			}
		})
	}
}

func TestASystemsErrorIsSaidInTheLanguage(t *testing.T) {
	// IT in Shanghai would read "不能是 rel/ca.pem：no such file or directory", and ask the cashier to spell it.
	underPolicy(t, policyOf{})
	empty := write(t, filepath.Join(t.TempDir(), "empty.pem"), "no certificate")
	for file, want := range map[string][]string{
		"/nonexistent.pem": {"there is no such file", "gibt es nicht", "no existe", "没有此文件"},
		t.TempDir():        {"it is a folder", "ist ein Ordner", "es una carpeta", "这是文件夹"},
		empty:              {"holds no certificate", "enthält kein Zertifikat", "ningún certificado", "没有 PEM 格式的证书"},
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, ConfigName), "ca_file = '"+file+"'\n")
		layers, err := ReadLayers("", folder)
		if err != nil {
			t.Fatal(err)
		}
		for i, language := range []string{"en", "de", "es", "zh-Hans"} {
			if amiss := layers.Amiss(language); len(amiss) != 1 || !strings.Contains(amiss[0].Found, want[i]) || strings.Count(amiss[0].Found, file) != 1 {
				t.Errorf("of %s in %s is said: %+v", file, language, amiss)
			}
		}
	}
}

func TestACloudThatIsAwayIsSaidInTheLanguage(t *testing.T) {
	// It is what IT reads most often of all, and it was English everywhere.
	for _, cause := range []error{cloudsync.ErrNobody, cloudsync.ErrSlow, cloudsync.ErrCutOff, cloudsync.ErrUnreachable,
		&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "cloud.example"}}} {
		said := map[string]bool{}
		for _, language := range []string{"en", "de", "es", "zh-Hans"} {
			text := SayCause(translations.For(language, time.UTC), fmt.Errorf("no answer from the cloud: %w", cause))
			if strings.Contains(text, "no such host") || strings.Contains(text, "doctor.") || said[text] {
				t.Errorf("of %v is said in %s: %s", cause, language, text)
			}
			said[text] = true
		}
	}
}

func TestWhatIsMissingIsNamedOnce(t *testing.T) {
	// "Not ready for offline: config, config, config" tells IT nothing that one word does not.
	underPolicy(t, policyOf{})
	folder := t.TempDir()
	write(t, filepath.Join(folder, ConfigName), "printer = \"usb\"\nhub = \"10.0.0.300\"\ncloud = \"our cloud\"\n")
	checks := Examine(t.Context(), Config{Folder: folder, Language: "en"})
	if last := checks[len(checks)-1]; last.Name != CheckReady || strings.Count(last.Found, "config") != 1 {
		t.Errorf("%+v", last)
	}
}

func TestAValueThatCanBeIsLeftAlone(t *testing.T) {
	// A counter that works would be called ill, and people would stop reading what doctor says.
	underPolicy(t, policyOf{})
	for _, line := range []string{
		SampleConfig, `printer = "COM3"`, `printer = "tcp:192.0.2.7:9100"`, `printer = "winspool:Receipt Printer"`, `language = "de-AT"`, `theme = "dark"`,
		`text = 200`, `volume = 0`, `cloud = "cloud.example"`, `cloud = "https://cloud.example:8443/shop/"`, `cloud = "http://127.0.0.1:8700"`,
		`proxy = "none"`, `proxy = "http://u:p@proxy.example:3128"`, `hub = "192.0.2.10"`, `hub = "till-1.shop.example:7743"`, `hub = "fe80::1"`,
		`hub_listen = ":7743"`, `hub_listen = "0.0.0.0:7743"`, `hub_listen = "[::1]:7743"`, `scanner = ""`,
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, ConfigName), line+"\n")
		if layers, err := ReadLayers("", folder); err != nil || layers.Wrong() {
			t.Errorf("%s: %+v, %v", line, layers.Amiss("en"), err)
		}
	}
}

func TestAVariableThatIsNoSettingIsNamed(t *testing.T) {
	// COUNTERSIGN_PRITNER would be without effect, and nothing would say why.
	underPolicy(t, policyOf{})
	t.Setenv("COUNTERSIGN_PRITNER", "file:/x")
	t.Setenv("COUNTERSIGN_DATA", "/x")
	t.Setenv("COUNTERSIGN_TOKEN_FILE", "/x")
	folder := t.TempDir()
	var said []Check
	for _, check := range Examine(t.Context(), Config{Folder: folder, Language: "en"}) {
		if check.Name == "config" && strings.Contains(check.Found, "COUNTERSIGN_") {
			said = append(said, check)
		}
	}
	named := slices.ContainsFunc(said, func(c Check) bool {
		return strings.Contains(c.Found, "COUNTERSIGN_PRITNER") && c.OK && strings.Contains(c.Do, "config --sample")
	})
	if !named {
		t.Errorf("named is %+v", said)
	}
	for _, check := range said {
		if strings.Contains(check.Found, "_DATA") || strings.Contains(check.Found, "_TOKEN") {
			t.Errorf("a variable that is known is named: %+v", check)
		}
	}
}
