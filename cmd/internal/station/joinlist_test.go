package station

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAComputerFindsItsCodeInAList(t *testing.T) {
	// Two counters would become one terminal, or IT would have to visit each of four hundred.
	for name, c := range map[string]struct {
		file, computer string
		want           []string
		says           string
	}{
		"one code":             {"\ufeff# for the quay\n\n countersign://a/#B.C \n", "TILL-1", []string{"countersign://a/#B.C"}, ""},
		"by name":              {"TILL-1,one\ntill-2,two\n", "TILL-2", []string{"two"}, ""},
		"by name in a domain":  {"till-2;two\r\ntill-1;one\r\n", "till-1.shop.example", []string{"one"}, ""},
		"a domain in the list": {"TILL-b.shop.example,one\ntill-c.shop.example,two\n", "till-b", []string{"one"}, ""},
		"another's domain":     {"till-b.a.example,one\n", "till-b.b.example", nil, "no join code for this computer"},
		"the whole name first": {"till-b.shop.example,one\ntill-b,two\n", "till-b", []string{"two"}, ""},
		"two of one beginning": {"till-b.a.example,one\ntill-b.b.example,two\n", "till-b", nil, "says it of till-b.a.example, till-b.b.example"},
		"as spreadsheets do":   {"\"till-1\"\t\"one\"\n", "till-1", []string{"one"}, ""},
		"named before shared":  {"spare\ntill-1,one\n", "till-1", []string{"one"}, ""},
		"not in the list":      {"till-1,one\n", "till-9", nil, "no join code for this computer (till-9)"},
		"of Windows' shell":    {"\xff\xfet\x00i\x00l\x00l\x00-\x001\x00,\x00o\x00n\x00e\x00\r\x00\n\x00", "till-1", []string{"one"}, ""},
		"the other way round":  {"\xfe\xff\x00t\x00i\x00l\x00l\x00;\x00o\x00n\x00e", "till", []string{"one"}, ""},
		"an empty file":        {"# nothing yet\n", "till-1", nil, "there is no join code"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadJoinFile(write(t, filepath.Join(t.TempDir(), "list"), c.file), c.computer)
			if !cmp.Equal(got, c.want) || (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("the codes are %q, %v", got, err)
			}
		})
	}
}

func TestComputersBeginASharedListApart(t *testing.T) {
	// Four hundred counters that are switched on in one morning would all ask for the same code first.
	var text strings.Builder
	for i := range 400 {
		fmt.Fprintf(&text, "code-%d\n", i)
	}
	path := write(t, filepath.Join(t.TempDir(), "list"), text.String())
	firsts := map[string]bool{}
	for i := range 400 {
		codes, err := ReadJoinFile(path, fmt.Sprintf("till-%d", i))
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for _, code := range codes {
			all[code] = true
		}
		if len(all) != 400 {
			t.Fatalf("till-%d would try %d of 400 codes", i, len(all))
		}
		firsts[codes[0]] = true
	}
	if len(firsts) < 200 {
		t.Errorf("400 computers begin at only %d codes", len(firsts))
	}
}

func TestOnlyTheAllowedCloudIsJoined(t *testing.T) {
	// A join code from a stranger would hand a counter, and what is scanned at it, to the stranger's cloud.
	const hash = "0123456789ABCDEFGHJKMNPQRS"
	for name, c := range map[string]struct{ cloud, code, want, says string }{
		"any":                   {"", " countersign://a.example/#X." + hash, "countersign://a.example/#X." + hash, ""},
		"the allowed one":       {"https://a.example/", "countersign://A.example/#X." + hash, "countersign://A.example/#X." + hash, ""},
		"without its address":   {"https://a.example/shop", "X." + hash, "countersign://a.example/shop/#X." + hash, ""},
		"an address as a name":  {"a.example:8443", "#X." + hash, "countersign://a.example:8443/#X." + hash, ""},
		"another":               {"https://a.example/", "countersign://b.example/#X." + hash, "", "it leads to b.example, and only a.example is allowed"},
		"another place on it":   {"https://a.example/one", "countersign://a.example/two/#X." + hash, "", "a.example/two"},
		"another port":          {"https://a.example/", "countersign://a.example:444/#X." + hash, "", "a.example:444"},
		"no address":            {"https://", "X." + hash, "", "which is no address"},
		"neither code nor part": {"https://a.example/", "countersign://", "", "not a join code"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := codeFor(c.cloud, c.code)
			if got != c.want || (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("the code is %q, %v", got, err)
			}
		})
	}
}
