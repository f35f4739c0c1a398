package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// far runs a command over the network, which has to end with the exit code want.
func (d *desk) far(want int, url, token string, args ...string) (out, failure string) {
	d.Helper()
	var stdout, stderr bytes.Buffer
	code := run(d.Context(), append(args, "--url", url, "--token-file", token), streams{strings.NewReader(""), &stdout, &stderr})
	if code != want {
		d.Fatalf("%v over the network ended with %d instead of %d: %s%s", args, code, want, stdout.String(), stderr.String())
	}
	return stdout.String(), stderr.String()
}

// A merchant's people would have to sit at the cloud's own machine, or the same command would say something else from elsewhere.
func TestCommandsFromElsewhere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	d.run(exitDone, "apply", "-f", d.file("other.toml", strings.NewReplacer(`"lakeside"`, `"hill"`, "Lakeside", "Hill").Replace(shop)))
	url, stop := d.serve()
	defer stop()
	secret, _ := d.run(exitDone, "token", "create", "office", "--merchant", "lakeside")
	if !regexp.MustCompile(`^cst_[0-9A-Z]{26}\n$`).MatchString(secret) {
		t.Errorf("the token is %q", secret)
	}
	token := d.file("token", secret)
	raw, err := os.ReadFile(filepath.Join(d.dir, "data", "cloud.db"))
	if err != nil || bytes.Contains(raw, []byte(strings.TrimSpace(secret))) {
		t.Errorf("the database holds the token itself (%v)", err)
	}
	// Of two merchants the token is for one: no --merchant is needed.
	out, _ := d.far(exitDone, url, token, "issue", "dinner", "--count", "2", "--holder", "M. Chen")
	rows := strings.Split(strings.TrimSpace(out), "\n")
	if len(rows) != 3 || !strings.Contains(rows[1], "M. Chen") {
		t.Fatalf("issue printed %q", out)
	}
	voucher, _, _ := strings.Cut(rows[1], ",")
	d.has("1 voucher is revoked\n", first(d.far(exitDone, url, token, "revoke", voucher)))
	d.has("1 voucher is revoked already", first(d.run(exitDone, "revoke", voucher, "--merchant", "lakeside")))
	_, failure := d.far(exitUsage, url, token, "revoke", "v0000000000000001")
	d.has("v0000000000000001 is not known here", failure)
	d.has("campaign dinner is paused\n", first(d.far(exitDone, url, token, "pause", "dinner")))
	d.has("paused already", first(d.far(exitDone, url, token, "pause", "dinner", "--store", "")))
	code, _ := d.far(exitDone, url, token, "invite", "quay", "--terminal", "bar")
	d.has("countersign://", code)
	_, failure = d.far(exitUsage, url, token, "issue", "card", "--amount", "50.00", "--units", "3")
	d.has("only a pass has units", failure)
	file := d.file("deals.csv", "code,holder\n123456789012,Li\nx,Mo\n")
	_, failure = d.far(exitOther, url, token, "import", "dinner", file)
	d.has("deals.csv:3:", failure)
	d.has("imported 1 voucher of dinner, skipped 1", first(d.far(exitDone, url, token, "import", "dinner", file, "--skip-bad")))
	for _, command := range []string{"terminals", "redemptions", "exceptions", "keys list"} {
		here, _ := d.run(exitDone, append(strings.Fields(command), "--merchant", "lakeside")...)
		there, _ := d.far(exitDone, url, token, strings.Fields(command)...)
		if here != there {
			t.Errorf("%s says %q here and %q from elsewhere", command, here, there)
		}
	}
	_, failure = d.far(exitUsage, url, token, "apply", "-f", filepath.Join(d.dir, "nothing.toml"))
	d.has("no file", failure)
	d.has("nothing changed", first(d.far(exitDone, url, token, "apply", "-f", filepath.Join(d.dir, "shop.toml"))))
	d.far(exitCannot, url, token, "apply", "-f", filepath.Join(d.dir, "other.toml")) // another merchant's
	d.has("has no hub", first(d.far(exitDone, url, token, "hub", "quay")))
	d.has("no terminal", second(d.far(exitUsage, url, token, "hub", "quay", "bar")))
	// Appointed at an address that nobody can call, the store would be without a hub.
	for _, address := range []string{"a b:999999", "192.0.2.10:0", "http://x", "http://192.0.2.10:7743", "evil.example:7743/x", "evil.example/x", "[::1", "host:", "0.0.0.0", "0.0.0.0:7743", "[::]:7743", "10.0.0.300", "x y"} {
		d.has("it looks like 192.0.2.10,", second(d.far(exitUsage, url, token, "hub", "quay", "bar", "--address", address)))
	}
	d.has("--address is empty", second(d.far(exitUsage, url, token, "hub", "quay", "bar", "--address", "")))
	for _, address := range []string{"192.0.2.10", "192.0.2.10:9", "till-1.shop.example:7743", "till-1", "2001:db8::10", "[2001:db8::10]", "[2001:db8::10]:7743"} {
		d.has("no terminal", second(d.far(exitUsage, url, token, "hub", "quay", "bar", "--address", address)))
	}
	d.run(exitDone, "token", "end", "office")
	_, failure = d.far(exitCannot, url, token, "terminals")
	d.has("make a new one", failure)
	d.far(exitUsage, "http://cloud.example", token, "terminals") // the token would cross the network in clear
}

// A request that somebody wrote by hand and got wrong would be carried out as another one: a stolen terminal admitted again, or all
// redemptions shown as today's.
func TestRequestsByHand(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	url, stop := d.serve()
	defer stop()
	secret, _ := d.run(exitDone, "token", "create", "office")
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/terminals/quay/bar/suspension", `{}`, 422, `missing property 'suspended'`},
		{"POST", "/terminals/quay/bar/suspension", `{"suspended": "no"}`, 422, "suspended: got string, want boolean"},
		{"POST", "/terminals/quay/bar/suspension", `{"suspended": `, 400, "no JSON"},
		{"POST", "/terminals/quay/bar/suspension", `{"suspended": true}`, 404, "not known here"},
		{"PUT", "/stores/quay/hub", `{"terminal": "bar", "address": "http://192.0.2.10:7743"}`, 422, "it looks like 192.0.2.10:7743"},
		{"PUT", "/stores/quay/hub", `{"terminal": "bar", "address": "192.0.2.10:0"}`, 422, "it looks like 192.0.2.10:7743"},
		{"PUT", "/stores/quay/hub", `{"terminal": "bar", "address": "0.0.0.0:7743"}`, 422, "it looks like 192.0.2.10:7743"},
		{"POST", "/campaigns/dinner/vouchers", `{"count": 1, "store": "nowhere"}`, 422, "There is no store nowhere; there is: harbour, quay"},
		{"GET", "/redemptions?day=heute", "", 422, "the parameter day"},
		{"GET", "/redemptions?day=2026-02-31", "", 422, "is no date"},
		{"GET", "/redemptions?limit=0", "", 422, "the parameter limit"},
		{"GET", "/redemptions?day=2026-11-21", "", 200, `"items":[]`},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, url+"/v1/admin/merchants/lakeside"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(secret))
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != c.status || !strings.Contains(string(said), c.says) {
			t.Errorf("%s %s %s: %d %s (%v), not %d with %q", c.method, c.path, c.body, answer.StatusCode, said, err, c.status, c.says)
		}
	}
}

func first(out, _ string) string { return out }

func second(_, failure string) string { return failure }

// Who connects their own system would have no description that fits the cloud in front of them, or one that calls other servers.
func TestThePageOfTheContract(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	url, stop := d.serve()
	defer stop()
	page, machine := d.get(url+"/api"), d.get(url+"/openapi.json")
	d.has(`"/v1/admin/merchants/{merchant}/campaigns/{campaign}/vouchers"`, machine)
	for _, one := range []string{"/v1/journal", "/v1/snapshot/{id}", `id="IssueVouchers"`, "<h2>merchant</h2>", `href="#schema-IssueRequest"`, "7K3M-Q9TX-4B2H-Q"} {
		d.has(one, page)
	}
	for _, foreign := range regexp.MustCompile(`(?:src|href)="[^#"][^"]*"`).FindAllString(page, -1) {
		if foreign != `href="openapi.json"` {
			t.Errorf("the page points to %s", foreign)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		d.has(`id="`+link[1]+`"`, page)
	}
}

func (d *desk) get(url string) string {
	d.Helper()
	answer, err := http.Get(url)
	if err != nil {
		d.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		d.Fatalf("%s: %d (%v)", url, answer.StatusCode, err)
	}
	return string(body)
}
