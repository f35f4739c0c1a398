package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/cmd/internal/demo"
)

// catalogue is a merchant with one store where nobody signs in, and one offer.
const catalogue = `
[merchant]
id = "lakeside"
name = "Lakeside Group"
currency = "EUR"
languages = ["en"]

[[store]]
id = "quay"
name = "Lakeside Quay"
zone = "Europe/Berlin"
language = "en"
sign_in = "none"

[[operator]]
id = "li"
name = "Li"
role = "cashier"
pin = "739105826417"

[[campaign]]
id = "dinner"
name = { en = "Dinner for two" }
kind = "product"
price = "39.90"
extract = 'https://deals\.example/v/([A-Za-z0-9-]+)'
`

// shop is a cloud and a terminal that has joined it, all real programs, over a line that can be cut.
type shop struct {
	t     *testing.T
	cloud *cloudProgram
	link  *demo.Link
	data  string // the terminal's folder
	// on is what goes before each program of the terminal: it runs on a disk of its own. See ontoDisk.
	on    []string
	codes []string
}

// openShop starts a cloud with so many vouchers, and joins. record sees the line's traffic; nil for nobody.
func openShop(t *testing.T, vouchers string, record func(fromTerminal bool, data []byte)) *shop {
	t.Helper()
	folder := t.TempDir()
	link, err := demo.NewLink(record)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = link.Close() }) // the test is over: how it closes is nobody's business
	s := &shop{t: t, link: link, data: filepath.Join(folder, "terminal"),
		cloud: &cloudProgram{data: filepath.Join(folder, "cloud"), folder: folder, public: "http://" + link.Addr(), link: link}}
	offers := filepath.Join(folder, "catalogue.toml")
	if err := os.WriteFile(offers, []byte(catalogue), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.cloud.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cloud.stop(os.Kill) })
	if _, err := s.cloud.run("apply", "-f", offers); err != nil {
		t.Fatal(err)
	}
	if s.codes, _, err = s.cloud.issue("dinner", vouchers); err != nil {
		t.Fatal(err)
	}
	join, err := s.cloud.run("invite", "quay")
	if err != nil {
		t.Fatal(err)
	}
	s.ctl(0, "join", strings.TrimSpace(join))
	return s
}

// ctl runs countersignctl on the terminal's folder, wants this exit code, and returns what it printed.
func (s *shop) ctl(wanted int, args ...string) string {
	s.t.Helper()
	out, code := s.try(args...)
	if code != wanted {
		s.t.Fatalf("countersignctl %s: exit code %d instead of %d: %s", args[0], code, wanted, out)
	}
	return out
}

func (s *shop) try(args ...string) (out string, code int) {
	s.t.Helper()
	cmd := s.command(args...)
	text, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		s.t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

func (s *shop) command(args ...string) *exec.Cmd {
	all := append(append(slices.Clone(s.on), filepath.Join(programs, "countersignctl")), args...)
	cmd := exec.Command(all[0], all[1:]...)
	cmd.Env = append(os.Environ(), "COUNTERSIGN_DATA="+s.data)
	return cmd
}

// drain brings everything to the cloud.
func (s *shop) drain() {
	s.t.Helper()
	s.ctl(0, "sync", "--wait", (2 * time.Minute).String())
}

// until waits for something to become true.
func (s *shop) until(done func() bool, what string) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for !done() {
		select {
		case <-deadline:
			s.t.Fatalf("there were not %s in a minute", what)
		case <-every.C:
		}
	}
}
