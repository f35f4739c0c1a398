package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
	"countersign/sync/cloud/sqlite"
)

const shop = `
[merchant]
id = "lakeside"
name = "Lakeside"
currency = "EUR"
[[store]]
id = "quay"
name = "Quay"
zone = "Europe/Berlin"
[[store]]
id = "harbour"
name = "Harbour"
zone = "Europe/Berlin"
[[campaign]]
id = "dinner"
name = { en = "Dinner" }
kind = "product"
[[campaign]]
id = "card"
name = { en = "Gift card" }
kind = "balance"
[[campaign]]
id = "table"
name = { en = "Table" }
kind = "booking"
`

// desk runs commands on one data folder.
type desk struct {
	*testing.T
	dir string
}

func newDesk(t *testing.T) *desk {
	d := &desk{t, t.TempDir()}
	d.file("shop.toml", shop)
	return d
}

func (d *desk) file(name, content string) string {
	d.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		d.Fatal(err)
	}
	return path
}

// storage opens what the desk's commands keep, until the test ends.
func (d *desk) storage() *relational.Storage {
	d.Helper()
	s, err := sqlite.Open(filepath.Join(d.dir, "data"))
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		if err := s.Close(); err != nil {
			d.Error(err)
		}
	})
	return s
}

// run runs a command that has to end with the exit code want.
func (d *desk) run(want int, args ...string) (out, failure string) {
	d.Helper()
	var stdout, stderr bytes.Buffer
	code := run(d.Context(), append(args, "--data", filepath.Join(d.dir, "data")), streams{strings.NewReader(""), &stdout, &stderr})
	if code != want {
		d.Fatalf("%v ended with %d instead of %d: %s%s", args, code, want, stdout.String(), stderr.String())
	}
	return stdout.String(), stderr.String()
}

func (d *desk) has(what, text string) {
	d.Helper()
	if !strings.Contains(text, what) {
		d.Errorf("%q is not in %q", what, text)
	}
}

// IT's scripts would break: each relies on what the commands print and how they end.
func TestCommands(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	shopFile := filepath.Join(d.dir, "shop.toml")
	_, failure := d.run(exitCannot, "terminals")
	d.has("apply -f FILE", failure)
	out, _ := d.run(exitDone, "apply", "-f", shopFile)
	d.has("campaign dinner added", out)
	out, _ = d.run(exitDone, "apply", "-f", shopFile)
	d.has("nothing changed", out)
	_, failure = d.run(exitUsage, "apply", "-f", d.file("bad.toml", strings.Replace(shop, "zone =", "zon =", 1)))
	d.has(`bad.toml:9: [[store]] has no key "zon"; "zone" may be meant`, failure)
	_, failure = d.run(exitCannot, "invite", "quay")
	d.has("serve", failure)
	out, _ = d.run(exitDone, "invite", "quay", "--count", "3", "--public-url", "https://cloud.example")
	codes := strings.Fields(out)
	if len(codes) != 3 {
		t.Fatalf("three join codes were expected: %q", out)
	}
	for _, code := range codes {
		if join, err := api.ParseJoinCode(code); err != nil || join.Base != "https://cloud.example/" {
			t.Errorf("%s: %+v %v", code, join, err)
		}
	}
	_, failure = d.run(exitUsage, "invite", "quai")
	d.has(`there is no store "quai"; there is: harbour, quay`, failure)
	out, _ = d.run(exitDone, "pause", "dinner", "--store", "quay")
	d.has("campaign dinner is paused", out)
	out, _ = d.run(exitDone, "resume", "dinner")
	d.has("campaign dinner is live", out)
	out, _ = d.run(exitDone, "resume", "dinner")
	d.has("live already", out)
	d.run(exitUsage, "pause", "diner")
	d.run(exitUsage, "suspend", "counter-1")
	d.run(exitUsage, "frobnicate")
	d.run(exitUsage, "issue")
	d.run(exitUsage, "issue", "dinner", "--cuont", "1")
	out, _ = d.run(exitDone, "redemptions", "--format", "json")
	d.has("[]", out)
	out, _ = d.run(exitDone, "redemptions", "--format", "csv", "--day", "2026-11-21", "--store", "quay")
	d.has("uid,kind,", out)
	d.run(exitUsage, "redemptions", "--day", "yesterday")
	_, failure = d.run(exitUsage, "redemptions", "--terminal", "quay/nobody")
	d.has(`there is no terminal "quay/nobody"`, failure)
	out, _ = d.run(exitDone, "exceptions", "--json")
	d.has("[]", out)
}

// A merchant would pay for vouchers whose codes are lost, or sell codes that no counter knows.
func TestIssueAndImport(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	path := filepath.Join(d.dir, "out.csv")
	out, _ := d.run(exitDone, "issue", "dinner", "--count", "100", "--out", path, "--holder", "M. Chen")
	d.has("issued 100 vouchers of dinner", out)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) != 101 || rows[0][0] != "voucher" || rows[0][1] != "code" {
		t.Fatalf("the file holds %d rows, the first %v (%v)", len(rows), rows[0], err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		if len(row[1]) != 16 || seen[row[1]] || row[4] != "M. Chen" {
			t.Errorf("a bad row: %v", row)
		}
		seen[row[1]] = true
	}
	d.noCodeIn("data", rows[1:])
	out, _ = d.run(exitDone, "revoke", rows[1][0], rows[2][0])
	d.has("2 vouchers are revoked, 0 of them were already", out)
	d.run(exitUsage, "revoke", rows[3][0], "v0000000000000001")
	d.run(exitUsage, "revoke", "7K3M")
	d.run(exitUsage, "issue", "table")
	d.run(exitDone, "issue", "table", "--slot-from", "2026-12-24T19:00", "--slot-until", "2026-12-24T21:00:00", "--party", "4")
}

// noCodeIn fails if a code of the rows can be found in the files of a folder.
func (d *desk) noCodeIn(folder string, rows [][]string) {
	d.Helper()
	err := filepath.WalkDir(filepath.Join(d.dir, folder), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, row := range rows {
			if bytes.Contains(raw, []byte(row[1])) || bytes.Contains(raw, []byte(strings.ReplaceAll(row[1], "-", ""))) {
				d.Errorf("a code stands in clear in %s", path)
			}
		}
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
}

// The wrong half of a platform's file would be taken.
func TestImport(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	file := d.file("deals.csv", "Coupon,Worth\n123456789012,10.00\n12345,10.00\n223456789012,ten\n")
	_, failure := d.run(exitOther, "import", "card", file, "--map", "Coupon=code", "--map", "Worth=amount")
	d.has("deals.csv:3: the code cannot be one", failure)
	d.has(`deals.csv:4: "ten" is not an amount`, failure)
	d.has("nothing was imported", failure)
	out, _ := d.run(exitDone, "import", "card", file, "--map", "Coupon=code", "--map", "Worth=amount", "--skip-bad")
	d.has("imported 1 voucher of card, skipped 2", out)
	_, failure = d.run(exitUsage, "import", "card", file)
	d.has(`there is no column "Coupon"`, failure)
	d.has(`leave it out with --ignore "Coupon"`, failure)
	file = d.file("more.csv", "Coupon,Remarks,Worth,Seller\n323456789012,\"code,amount\",10.00,us\n")
	_, failure = d.run(exitUsage, "import", "card", file, "--map", "Coupon=code", "--map", "Worth=amount", "--ignore", "Remarks")
	d.has(`there is no column "Seller"`, failure)
	_, failure = d.run(exitUsage, "import", "card", file, "--map", "Coupon=code", "--map", "Worth=amount", "--ignore", "Remarks", "--ignore", "Seller", "--ignore", "Vendor")
	d.has(`the file has no column "Vendor"`, failure)
	_, failure = d.run(exitUsage, "import", "card", file, "--map", "Coupon=code", "--ignore", "Coupon")
	d.has("cannot be both renamed and left out", failure)
	out, _ = d.run(exitDone, "import", "card", file, "--map", "Coupon=code", "--map", "Worth=amount", "--ignore", "Remarks", "--map", "Seller=-")
	d.has("imported 1 voucher of card, skipped 0", out)
	file = d.file("deals.csv", "code,Deal,amount\n423456789012,dinner,\n423456789013,,10.00\n423456789014,supper,\n")
	_, failure = d.run(exitOther, "import", "card", file, "--map", "Deal=campaign")
	d.has(`deals.csv:4: there is no campaign "supper"`, failure)
	out, _ = d.run(exitDone, "import", "card", file, "--map", "Deal=campaign", "--skip-bad")
	d.has("imported 2 vouchers of dinner, card, skipped 1", out)
}

// A cloud that does not say where it listens, or serves strangers without TLS, or never stops.
func TestServe(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	for _, refused := range [][]string{
		{"--listen", "0.0.0.0:0"}, {"--listen", "127.0.0.1:0", "--public-url", "http://cloud.example"}, {"--listen", "127.0.0.1:0", "--tls-cert", "x"},
		{"--listen", ":0", "--behind-proxy"}, {"--listen", "127.0.0.1:0", "--database-url", "mysql://x"},
	} {
		d.run(exitUsage, append([]string{"serve"}, refused...)...)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	var log bytes.Buffer // complete once serve has ended
	go func() {
		code := run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(d.dir, "data")}, streams{nil, writer, &log})
		writer.Close()
		ended <- code
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("serve printed %q (%v)", line, err)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		answer, err := http.Get(url + path)
		if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Countersign-Signature") == "" {
			t.Fatalf("%s: %v %v", path, answer, err)
		}
		answer.Body.Close()
	}
	out, _ := d.run(exitDone, "invite", "quay", "--terminal", "bar", "--json") // beside the running cloud
	var made []cloud.Invited
	if err := json.Unmarshal([]byte(out), &made); err != nil || len(made) != 1 || made[0].Terminal != "bar" {
		t.Fatalf("%q: %v", out, err)
	}
	if join, err := api.ParseJoinCode(made[0].Code); err != nil || join.Base != url+"/" {
		t.Errorf("the join code is for %q instead of %s (%v)", join.Base, url, err)
	}
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("serve ended with %d", code)
	}
	var words []string
	for raw := range strings.Lines(log.String()) {
		var line struct{ Msg, Address, Version string }
		if err := json.Unmarshal([]byte(raw), &line); err != nil || line.Address != url || line.Version == "" {
			t.Errorf("a line of the log lacks where and what it is: %s (%v)", raw, err)
		}
		words = append(words, line.Msg)
	}
	if want := []string{"listening", "asked to stop: what has begun is answered", "stopped"}; !slices.Equal(words, want) {
		t.Errorf("the log of a start, two ordinary requests and a stop is %q", words)
	}
}

// Settings that IT rolls out would be ignored, or a misspelt one taken for good.
func TestSettings(t *testing.T) {
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	data := filepath.Join(d.dir, "data")
	listed := func(want int, args ...string) string {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, streams{nil, &stdout, &stderr}); code != want {
			t.Fatalf("%v ended with %d: %s", args, code, stderr.String())
		}
		return stdout.String() + stderr.String()
	}
	t.Setenv("COUNTERSIGN_DATA", data)
	d.has("[]", listed(exitDone, "exceptions", "--json"))
	t.Setenv("COUNTERSIGN_DATA", filepath.Join(d.dir, "elsewhere"))
	listed(exitCannot, "exceptions")
	if err := os.Unsetenv("COUNTERSIGN_DATA"); err != nil {
		t.Fatal(err)
	}
	d.has("[]", listed(exitDone, "exceptions", "--json", "--config", d.file("good.toml", "data = '"+data+"'\n")))
	d.has(`unknown setting "dta"`, listed(exitUsage, "exceptions", "--config", d.file("wrong.toml", "dta = 'x'\n")))
}
