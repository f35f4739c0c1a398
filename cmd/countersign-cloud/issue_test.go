package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A slip of the hand would put vouchers into the world that are worth another sum, or last another time, than was meant.
func TestIssueRefusesWhatWasNotMeant(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	swim := shop + "[[campaign]]\nid = \"swim\"\nname = { en = \"Ten swims\" }\nkind = \"pass\"\nunits = 10\n" +
		"[[campaign]]\nid = \"once\"\nname = { en = \"Once a day\" }\nkind = \"product\"\nper_customer = { count = 1, per = \"day\" }\n"
	d.run(exitDone, "apply", "-f", d.file("swim.toml", swim))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"swim", "--units", "0"}, "--units has to be between 1 and 1000000; leave it out for the campaign's"},
		{[]string{"swim", "--units", "1000001"}, "--units has to be between 1 and 1000000"},
		{[]string{"swim", "--expires", "2027-01-01", "--valid-until", "2028-01-01"}, "--expires and --valid-until are the same: say one of them"},
		{[]string{"card", "--amount", "92233720368547758.07"}, "more than a voucher can be worth, which is 10000000.00 EUR"},
		{[]string{"card", "--amount", "10000000.01"}, "more than a voucher can be worth"},
		{[]string{"card", "--amount", "12.505"}, `"12.505" is not an amount of EUR: write it like "12.50"`},
		{[]string{"dinner", "--holder", "M.\u202eChen"}, `holder "M.\u202eChen" holds a line break, a control character`},
		{[]string{"dinner", "--order", "a\nb"}, `order "a\nb" holds a line break`},
		{[]string{"dinner", "--customer", "\xff"}, "or is not UTF-8"},
		{[]string{"dinner", "--holder", strings.Repeat("x", 61)}, "is longer than the 60 letters that fit"},
		{[]string{"dinner", "--customer", strings.Repeat("x", 129)}, "is longer than the 128 letters that fit"},
		{[]string{"dinner", "--party", "3"}, "only a booking has a party, and dinner is a product"},
		{[]string{"once", "--token", "--customer", "ann"}, "the customer does not fit into one"},
	} {
		out, failure := d.run(exitUsage, append([]string{"issue"}, test.args...)...)
		d.has(test.want, failure)
		if out != "" {
			t.Errorf("%v: codes were written: %s", test.args, out)
		}
	}
	_, warned := d.run(exitDone, "issue", "dinner", "--valid-until", "2020-01-01")
	d.has("warning: what these vouchers are valid for has passed already", warned)
	// It is still yesterday somewhere west of here.
	yesterday := time.Now().In(time.FixedZone("", -12*60*60)).Format(time.DateOnly)
	if _, warned := d.run(exitDone, "issue", "dinner", "--valid-until", yesterday); strings.Contains(warned, "warning") {
		t.Errorf("a warning for what is honoured in the west: %s", warned)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"dinner", "--token", "--holder", "M. Chen", "--order", "o-1"}, "warning: a token does not carry the holder and the order"},
		{[]string{"dinner", "--token", "--customer", "ann"}, "warning: a token does not carry the customer"},
		{[]string{"swim", "--units", "20"}, "warning: a voucher of swim has 10 uses, and these get 20"},
	} {
		_, warned := d.run(exitDone, append([]string{"issue"}, test.args...)...)
		d.has(test.want, warned)
	}
	out, warned := d.run(exitDone, "issue", "swim", "--units", "3", "--expires", "2999-01-01", "--out", filepath.Join(d.dir, "swims.csv"))
	d.has("issued 1 voucher", out)
	if strings.Contains(warned, "warning") {
		t.Errorf("a warning for nothing: %s", warned)
	}
}

// A platform's good codes would be lost beside a bad one, and their customers turned away at the counter.
func TestImportTakesTheRowsAroundABadQuote(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	file := d.file("deals.csv", "code,holder\n100001,a\n100002,\"b\n100003,c\n100004,\"d\"\n100005,e\n")
	out, failure := d.run(exitDone, "import", "dinner", file, "--skip-bad")
	d.has("imported 4 vouchers of dinner, skipped 1", out)
	d.has("deals.csv:3: the row cannot be read", failure)
}
