package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

// A merchant's only list of codes would be gone.
func TestIssueNeverOverwrites(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	path := d.file("codes.csv", "the old codes")
	_, failure := d.run(exitUsage, "issue", "dinner", "--out", path)
	d.has("exists already", failure)
	if kept, _ := os.ReadFile(path); string(kept) != "the old codes" {
		t.Errorf("the file holds %q now", kept)
	}
	// What an issue that was killed half way left has to be looked at before its name is used again.
	fresh := filepath.Join(d.dir, "fresh.csv")
	d.file("fresh.csv.unfinished", "half")
	d.run(exitUsage, "issue", "dinner", "--out", fresh)
	if _, err := os.Stat(fresh); err == nil {
		t.Error("the list has its final name although nothing was issued")
	}
	d.run(exitDone, "issue", "dinner", "--out", filepath.Join(d.dir, "third.csv"))
	if _, err := os.Stat(filepath.Join(d.dir, "third.csv.unfinished")); err == nil {
		t.Error("the unfinished list stays beside the finished one")
	}
}

// watchedStore looks at the file of codes at the moment when vouchers are stored.
type watchedStore struct {
	cloud.Storage
	path string
	seen bool
}

func (w *watchedStore) NewVouchers(ctx context.Context, merchant string, vouchers []cloud.NewVoucher) error {
	if _, err := os.Stat(w.path); err == nil {
		w.seen = true
	}
	return w.Storage.NewVouchers(ctx, merchant, vouchers)
}

// A list of codes that mostly do not exist would look complete after a power cut.
func TestIssueNamesItsFileLast(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	s := d.storage()
	watched := &watchedStore{Storage: s, path: filepath.Join(d.dir, "codes.csv")}
	issue := &issuing{globals: &globals{streams: streams{nil, io.Discard, io.Discard}}, count: 3, out: watched.path}
	if err := issue.run(t.Context(), cloud.NewOffice(watched), "dinner"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(watched.path); err != nil || watched.seen {
		t.Errorf("the file had its final name before the codes were stored: %v (%v)", watched.seen, err)
	}
}

// A customer's name would run as a formula in the merchant's spreadsheet.
func TestNoFormulas(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	out, _ := d.run(exitDone, "issue", "dinner", "--holder", "=1+1", "--customer", "+cmd", "--order", "@x")
	d.has("'=1+1,'+cmd,'@x", out)
	minus := terminal.Money{Minor: -5, Currency: "EUR"}
	var table bytes.Buffer
	err := redemptionCSV(&table, []cloud.Redemption{{Kind: terminal.EntryReverse, Note: "=HYPERLINK(1)", Lines: []cloud.RedemptionLine{{Units: 1, Amount: &minus}}}})
	if err != nil {
		t.Fatal(err)
	}
	d.has("'=HYPERLINK(1)", table.String())
	d.has(",-0.05,", table.String())
}

// Vouchers would be sold that no counter can ever honour.
func TestIssueRefusesNonsenseDates(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	_, failure := d.run(exitUsage, "issue", "dinner", "--valid-from", "2027-02-01", "--valid-until", "2027-01-01")
	d.has("before --valid-from", failure)
	_, failure = d.run(exitDone, "issue", "dinner", "--valid-until", "2020-01-01")
	d.has("warning", failure)
	_, failure = d.run(exitDone, "issue", "dinner", "--valid-from", "2027-01-01", "--valid-until", "2027-01-01")
	if failure != "" {
		t.Errorf("one whole day is no nonsense: %s", failure)
	}
}

// The office's spreadsheet would not be taken, and its faults would come one at a time.
func TestImportOfSpreadsheets(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	out, _ := d.run(exitDone, "import", "dinner", d.file("excel.csv", "\ufeffcode;holder\r\n123456789012;\"Chen; M.\"\r\n"))
	d.has("imported 1 voucher", out)
	out, _ = d.run(exitDone, "import", "dinner", d.file("tabs.csv", "code\tholder\n223456789012\tLi, M.\n"))
	d.has("imported 1 voucher", out)
	_, failure := d.run(exitOther, "import", "dinner", d.file("bad.csv", "code,holder\n323456789012,a\n123456789012,b\n12,c\n"))
	d.has("bad.csv:3: a voucher with this code or id exists already", failure)
	d.has("bad.csv:4: the code cannot be one", failure)
	out, _ = d.run(exitDone, "import", "dinner", d.file("good.csv", "code\n323456789012\n"))
	d.has("imported 1 voucher", out) // the good row of the bad file was not taken
	_, failure = d.run(exitUsage, "import", "dinner", d.file("picture.csv", "\x89PNG\r\n\x1a\n\x00\x00\x1b[2J"))
	d.has("not a CSV file", failure)
	if strings.Contains(failure, "\x1b") || strings.Contains(failure, "\x00") {
		t.Errorf("the file is echoed: %q", failure)
	}
}

// Somebody would read the library's words instead of what to do.
func TestFaultsInWords(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	for _, one := range []struct {
		args []string
		want string
	}{
		{[]string{"issue"}, "something is missing: countersign-cloud issue CAMPAIGN"},
		{[]string{"terminals", "x"}, "takes no arguments"},
		{[]string{"invite", "quay", "--valid", "soon"}, `--valid cannot be "soon": it has to be a time span`},
		{[]string{"apply", "-f", "gone.toml"}, "there is no file gone.toml"},
		{[]string{"import", "dinner", "gone.csv"}, "there is no file gone.csv"},
	} {
		_, failure := d.run(exitUsage, one.args...)
		d.has(one.want, failure)
		if strings.Contains(failure, "arg(s)") || strings.Contains(failure, "open gone") || strings.Contains(failure, "time: ") {
			t.Errorf("%v: %s", one.args, failure)
		}
	}
	help, _ := d.run(exitDone)
	d.has("Examples:", help)
}

// Join codes would name a server that somebody ran for a minute.
func TestSecondServeLeavesTheAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	first, stopFirst := d.serve()
	second, stopSecond := d.serve()
	defer stopSecond()
	if got := d.invited(); got != first+"/" {
		t.Errorf("join codes name %s, and the first server is %s", got, first)
	}
	stopFirst()
	for end := time.Now().Add(20 * time.Second); d.invited() != second+"/"; {
		if time.Now().After(end) {
			t.Fatalf("join codes still name %s after it stopped; %s runs", d.invited(), second)
		}
	}
}

// serve runs a server until the function it returns is called.
func (d *desk) serve() (url string, stop func()) {
	d.Helper()
	ctx, cancel := context.WithCancel(d.Context())
	reader, writer := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(d.dir, "data")}, streams{nil, writer, io.Discard})
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		d.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(line), "listening on "), func() { cancel(); <-ended }
}

func (d *desk) invited() string {
	d.Helper()
	out, _ := d.run(exitDone, "invite", "quay")
	join, err := api.ParseJoinCode(strings.TrimSpace(out))
	if err != nil {
		d.Fatal(err)
	}
	return join.Base
}

// An empty cloud would be started beside the real one because a disk was full.
func TestNoOtherFolderForACloud(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := os.MkdirAll(filepath.Join(d.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.file("data/"+sqlite.FileName, "this is no database, but it is where one was")
	_, failure := d.run(exitCannot, "terminals")
	d.has("this folder holds your cloud", failure)
	if strings.Contains(failure, "another folder") {
		t.Error(failure)
	}
}

// The books would not agree with the slip, and two times of one story would be hours apart.
func TestRedemptionTable(t *testing.T) {
	t.Parallel()
	paid, worth := terminal.Money{Minor: 3990, Currency: "EUR"}, terminal.Money{Minor: 6800, Currency: "EUR"}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 21, 23, 8, 43, 0, time.UTC)
	z := zones{"quay": berlin}
	if a, b := z.at("quay", at), z.at("quay", at.In(time.FixedZone("", -3600))); a != b || a != "2026-11-22 00:08:43+01:00" {
		t.Errorf("%s and %s are the same moment at the store", a, b)
	}
	var table bytes.Buffer
	line := cloud.RedemptionLine{Units: 1, Price: &paid, Value: &worth}
	err = redemptionTable(&table, []cloud.Redemption{
		{Kind: terminal.EntryRedeem, At: at, Verdict: terminal.Overrun, Excused: true, Lines: []cloud.RedemptionLine{line}},
		{Kind: terminal.EntryReverse, At: at, Verdict: terminal.Accepted, Lines: []cloud.RedemptionLine{line}}})
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(table.String(), "\n")
	for i, want := range []string{"PAID", paid.String(), "-"} {
		if !strings.Contains(rows[i], want) {
			t.Errorf("%q is not in %q", want, rows[i])
		}
	}
	minus := terminal.Money{Minor: -6800, Currency: "EUR"}
	if !strings.Contains(rows[1], worth.String()) || !strings.Contains(rows[1], "overrun, excused") || !strings.Contains(rows[2], minus.String()) {
		t.Error(table.String())
	}
}

// A cashier would read question marks for a deal's name, and nobody would have said so in time.
func TestApplyWarnsOfLettersThatNobodyCanShow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, err := os.ReadFile(filepath.Join(d.dir, "shop.toml"))
	if err != nil {
		t.Fatal(err)
	}
	_, quiet := d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	if quiet != "" {
		t.Errorf("names that can be shown are warned of: %s", quiet)
	}
	strange := regexp.MustCompile(`(?m)^name = "[^"]*"`).ReplaceAllString(string(raw), `name = "Dinner עברית 双人"`)
	_, told := d.run(exitDone, "apply", "-f", d.file("strange.toml", strange))
	d.has("עברית", told)
	if strings.Contains(told, "双") {
		t.Errorf("letters that can be shown are warned of: %s", told)
	}
}

func TestEachLineHasItsOwnVerdict(t *testing.T) {
	// Who adds up what was used too often would count the good vouchers of a bill with a bad one, too.
	bill := cloud.Redemption{Verdict: terminal.Overrun}
	for want, line := range map[string]cloud.RedemptionLine{
		"accepted":             {Units: 1, Accepted: 1},
		"overrun":              {Units: 1, Overrun: 1},
		"overrun 3000 of 4000": {Units: 4000, Accepted: 1000, Overrun: 3000},
	} {
		if got := verdictOf(bill, line); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
