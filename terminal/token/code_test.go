package token

import (
	"bytes"
	"strings"
	"testing"

	"countersign/terminal"
)

// If the check symbol were another, codes printed by other systems under the published rule would be turned away.
func TestCheckSymbolVectors(t *testing.T) {
	for symbols, check := range map[string]byte{"0123456789AB": 'V', "7K3MQ9TX4B2H": 'Q'} {
		if got := checkSymbol(symbols); got != check {
			t.Errorf("check symbol of %s is %c, want %c", symbols, got, check)
		}
	}
}

// If a slip of the finger were not caught, a cashier could redeem somebody else's voucher.
func TestCheckSymbolCatchesSlips(t *testing.T) {
	code := "7K3MQ9TX4B2HQ"
	for i := range code {
		for _, wrong := range alphabet {
			slipped := code[:i] + string(wrong) + code[i+1:]
			if _, ok := opaque(slipped); ok != (slipped == code) {
				t.Errorf("%s: whole is %v", slipped, ok)
			}
		}
		if i > 0 && code[i] != code[i-1] {
			swapped := []byte(code)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			if _, ok := opaque(string(swapped)); ok {
				t.Errorf("the swap %s is not caught", swapped)
			}
		}
	}
}

// If a spelling of a code had another canonical form, a customer who reads it out would be told it does not exist.
func TestCanonical(t *testing.T) {
	for _, test := range []struct {
		text string
		want string // forms joined by a space; empty for malformed
	}{
		{"7K3MQ9TX4B2HQ", "7K3MQ9TX4B2HQ"},
		{" 7k3m-q9tx-4b2h-q\n", "7K3MQ9TX4B2HQ"},
		{"7K3M Q9TX 4B2H Q", "7K3MQ9TX4B2HQ"},
		{"７K3MQ9TX4B2HQ", "7K3MQ9TX4B2HQ"},
		{"7K3M–Q9TX–4B2H–Q", "7K3MQ9TX4B2HQ"},
		{"O123456789ABV", "0123456789ABV O123456789ABV"},
		{"oi23456789abv", "0123456789ABV OI23456789ABV"},
		{"7K3MQ9TX4B2HR", "7K3MQ9TX4B2HR"}, // wrong check symbol: perhaps another platform's
		{"1234 5678 9012", "123456789012"},
		{"abcde", ""},
		{"", ""},
		{strings.Repeat("A", 64), strings.Repeat("A", 64)},
		{strings.Repeat("A", 65), ""},
		{"双人晚餐双人晚餐", ""},
		{"ABC\x00DEF", ""},
	} {
		forms, err := Canonical(test.text)
		if got := strings.Join(forms, " "); got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("Canonical(%q) = %q, %v, want %q", test.text, got, err, test.want)
		}
	}
}

// If a new code were not read back as itself, it could never be redeemed.
func TestNewCodeIsWhole(t *testing.T) {
	code, err := NewCode(bytes.NewReader([]byte("twelve bytes of it and more")))
	if err != nil {
		t.Fatal(err)
	}
	forms, err := Canonical(Display(code))
	if err != nil || len(forms) != 1 || forms[0] != code {
		t.Errorf("Canonical(%s) = %q, %v", Display(code), forms, err)
	}
}

// If a mask showed more, a screen or a log would give a short code away.
func TestMask(t *testing.T) {
	for text, want := range map[string]string{"7K3M-Q9TX-4B2H-Q": "B2HQ"[0:4], "123456789012": "9012", "ABCDEF": "EF", "": "", "AB": ""} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}

// If a scanner on the wrong keyboard layout were called a bad code, nobody would find the cause; and what a person typed wrong is
// no scanner's fault.
func TestReaderNamesLayouts(t *testing.T) {
	reader := &Reader{LookupKey: make([]byte, 32), Mend: func(text string) map[string]string {
		return map[string]string{"de": strings.NewReplacer("Y", "Z", "Z", "Y").Replace(strings.ToUpper(text))}
	}}
	code := "ZK3MQ9TX4B2H"
	code += string(checkSymbol(code))
	mangled := strings.Replace(code, "Z", "Y", 1)
	for source, want := range map[terminal.Source]terminal.Reason{
		terminal.SourceScanner: terminal.ScannerLayout, terminal.SourceTyped: terminal.MalformedCode,
	} {
		presented, finding := reader.Read(terminal.Scan{Code: mangled, Source: source})
		if finding != nil || presented.Otherwise == nil || presented.Otherwise.Reason != want {
			t.Errorf("%s: %v, otherwise %v, want %s", source, finding, presented.Otherwise, want)
		}
	}
	if presented, finding := reader.Read(terminal.Scan{Code: code, Source: terminal.SourceScanner}); finding != nil || presented.Otherwise != nil {
		t.Errorf("a whole code: %v, otherwise %v", finding, presented.Otherwise)
	}
}

// If any bytes could crash the reader, one hostile QR would close a counter.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"7K3M-Q9TX-4B2H-Q", "https://deals.example/v/ABC123", "\xff\xfe", "", strings.Repeat("é", 100)} {
		f.Add(seed)
	}
	reader := &Reader{LookupKey: make([]byte, 32)}
	f.Fuzz(func(t *testing.T, text string) {
		presented, finding := reader.Read(terminal.Scan{Code: text, Source: terminal.SourceScanner})
		if (finding == nil) != (len(presented.Candidates) > 0) {
			t.Errorf("%q: %d candidates and finding %v", text, len(presented.Candidates), finding)
		}
		if len([]rune(presented.Masked)) > 4 {
			t.Errorf("%q: masked as %q", text, presented.Masked)
		}
	})
}
