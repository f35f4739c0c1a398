package token

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"
	"pgregory.net/rapid"

	"countersign/terminal"
)

// read reads a text as the fixture's terminal does.
func (f *fixture) read(text string, source terminal.Source) (terminal.Presented, *terminal.Finding) {
	return f.reader().Read(terminal.Scan{Code: text, Source: source})
}

// If a single changed bit of a token could pass, somebody would find the bit that makes 5 euros 500.
func TestNoChangedBitPasses(t *testing.T) {
	f := newFixture()
	raw, err := decodeSymbols(sign(t, f, good(), "k-live"))
	if err != nil {
		t.Fatal(err)
	}
	for at := range len(raw) * 8 {
		flipped := bytes.Clone(raw)
		flipped[at/8] ^= 1 << (at % 8)
		presented, finding := f.read(encodeSymbols(flipped), terminal.SourceScanner)
		if finding == nil || presented.Token != nil || len(presented.Candidates) != 0 {
			t.Fatalf("bit %d: it was read as %+v", at, presented.Token)
		}
		switch finding.Reason {
		case terminal.MalformedCode, terminal.BadSignature, terminal.UnknownIssuer:
		default:
			t.Errorf("bit %d: %s", at, finding.Reason)
		}
		if body := at / 8; body > 40 && body < len(raw)-80 && finding.Reason != terminal.BadSignature && finding.Reason != terminal.MalformedCode {
			t.Errorf("bit %d of the claims: %s", at, finding.Reason)
		}
	}
}

// If a wrong symbol of a token could pass, what a customer reads out wrongly could be somebody else's voucher.
func TestNoChangedSymbolPasses(t *testing.T) {
	f := newFixture()
	text := sign(t, f, good(), "k-live")
	for at := range len(text) {
		for _, symbol := range alphabet {
			if text[at] == byte(symbol) {
				continue
			}
			presented, finding := f.read(text[:at]+string(symbol)+text[at+1:], terminal.SourceTyped)
			if finding == nil || presented.Token != nil {
				t.Fatalf("symbol %d as %c: it was read", at, symbol)
			}
		}
	}
}

// If a token cut short or mixed with another could pass, a torn printout would be a voucher.
func TestNoPieceOfATokenPasses(t *testing.T) {
	f := newFixture()
	text, other := sign(t, f, good(), "k-live"), good()
	other.Voucher++
	second := sign(t, f, other, "k-live")
	if len(second) != len(text) {
		t.Fatalf("two tokens of one campaign have %d and %d symbols", len(text), len(second))
	}
	for at := range len(text) {
		for _, piece := range []string{text[:at], text[at:], text[:at] + second[at:], text + text[:at]} {
			if piece == text || piece == second {
				continue
			}
			if presented, _ := f.read(piece, terminal.SourceTyped); presented.Token != nil {
				t.Fatalf("at %d: %q was read", at, piece)
			}
		}
	}
}

// If a token did not come back as it was signed, the terminal would honour another voucher than the one that was sold.
func TestSignedClaimsComeBack(t *testing.T) {
	f := newFixture()
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringMatching(`[a-z][a-z0-9-]{0,30}`)
		claims := Claims{IssuedAt: noon, Token: terminal.Token{
			Voucher:  terminal.VoucherID(rapid.Uint64Min(1).Draw(r, "voucher")),
			Campaign: text.Draw(r, "campaign"), Kind: rapid.SampledFrom(terminal.Kinds).Draw(r, "kind"), Units: 1,
			NotBefore: time.Unix(rapid.Int64Range(1, timeMost).Draw(r, "not before"), 0).UTC(),
		}}
		if rapid.Bool().Draw(r, "expires") {
			claims.Expires = noon.Add(time.Duration(rapid.Int64Range(1, 1<<30).Draw(r, "for")) * time.Second)
		}
		if rapid.Bool().Draw(r, "in one store") {
			claims.Store = text.Draw(r, "store")
		}
		switch claims.Kind {
		case terminal.KindPass:
			claims.Units = rapid.Int64Range(1, unitsMost).Draw(r, "units")
		case terminal.KindBalance:
			claims.Units, claims.Currency = rapid.Int64Range(1, unitsMost).Draw(r, "amount"), "EUR"
		}
		signed, err := Sign(claims, f.keys["k-live"], "k-live", f.merchant)
		if err != nil {
			r.Fatal(err)
		}
		got, err := Verify(signed, f.merchant, f.issuers)
		if err != nil {
			r.Fatal(err)
		}
		if !claims.Expires.IsZero() {
			claims.Expires = claims.Expires.Add(time.Second - 1) // the whole of its last second counts
		}
		if got != claims {
			r.Fatalf("%+v came back as %+v", claims, got)
		}
		if again := encodeSymbols(must(decodeSymbols(signed))); again != signed {
			r.Fatalf("%s is written %s", signed, again)
		}
	})
}

// If a product's token did not fit, its QR would have modules too small for a phone's screen and a counter's scanner.
func TestAProductFitsAQRCode(t *testing.T) {
	f := newFixture()
	claims := good()
	claims.Campaign, claims.Store = "dinner-for-two-weekdays", "lakeside-quay"
	signed := sign(t, f, claims, "k-live")
	code, err := qrcode.New(signed, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d symbols, QR version %d", len(signed), code.VersionNumber)
	if code.VersionNumber > 10 {
		t.Errorf("%d symbols need QR version %d", len(signed), code.VersionNumber)
	}
	if strings.Trim(signed, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") != "" {
		t.Errorf("%s is not in a QR's alphanumeric mode", signed)
	}
}

// If an issuer could sign what no terminal takes, a customer would find out at the counter.
func TestSignRefusesWhatVerifyWould(t *testing.T) {
	f := newFixture()
	for name, change := range map[string]func(c *Claims){
		"no voucher":                       func(c *Claims) { c.Voucher = 0 },
		"no campaign":                      func(c *Claims) { c.Campaign = "" },
		"a campaign in Chinese":            func(c *Claims) { c.Campaign = "双人晚餐" },
		"a store that is too long":         func(c *Claims) { c.Store = strings.Repeat("x", 65) },
		"no kind":                          func(c *Claims) { c.Kind = "" },
		"a pass of nothing":                func(c *Claims) { c.Kind, c.Units = terminal.KindPass, 0 },
		"a balance of nothing":             func(c *Claims) { c.Kind, c.Currency, c.Units = terminal.KindBalance, "EUR", 0 },
		"a balance of no currency":         func(c *Claims) { c.Kind, c.Units = terminal.KindBalance, 100 },
		"no time of issue":                 func(c *Claims) { c.IssuedAt = time.Time{} },
		"expired before it was issued":     func(c *Claims) { c.Expires = c.IssuedAt.Add(-time.Hour) },
		"an expiry after the last of days": func(c *Claims) { c.Expires = time.Unix(timeMost+1, 0) },
	} {
		claims := good()
		change(&claims)
		if signed, err := Sign(claims, f.keys["k-live"], "k-live", f.merchant); err == nil {
			t.Errorf("%s: %s", name, signed)
		}
	}
	if signed, err := Sign(good(), f.keys["k-live"], "", f.merchant); err == nil {
		t.Errorf("without a key's id: %s", signed)
	}
	if signed, err := Sign(good(), f.keys["k-live"], "k-live", ""); err == nil {
		t.Errorf("without a merchant: %s", signed)
	}
}

// If two keys of one name stood in each other's way, a list with a mistake in it would turn genuine vouchers away.
func TestAKeyOfTheSameNameDoesNotHide(t *testing.T) {
	f := newFixture()
	signed := sign(t, f, good(), "k-live")
	twin := Issuer{ID: "k-live", Key: f.keys["k-alien"].Public().(ed25519.PublicKey), From: noon.Add(-time.Hour)}
	short := Issuer{ID: "k-live", Key: []byte("short")}
	if _, err := Verify(signed, f.merchant, append([]Issuer{short, twin}, f.issuers...)); err != nil {
		t.Error(err)
	}
	var refusal *Refusal
	if _, err := Verify(signed, f.merchant, nil); !errors.As(err, &refusal) || refusal.Reason != terminal.UnknownIssuer || refusal.KID != "k-live" {
		t.Errorf("without any key: %v", err)
	}
}

// If a scanner that swaps two letters made a token look forged, the cashier would turn an honest customer away and call the manager.
func TestAMisreadTokenIsTheScannersFault(t *testing.T) {
	f := newFixture()
	swap := strings.NewReplacer("Y", "Z", "Z", "Y")
	reader := f.reader()
	reader.Mend = func(text string) map[string]string {
		return map[string]string{"de": swap.Replace(strings.ToUpper(text))}
	}
	signed := sign(t, f, good(), "k-live")
	mangled := swap.Replace(signed)
	if mangled == signed {
		t.Fatal("the token has neither Y nor Z")
	}
	for source, mended := range map[terminal.Source]bool{terminal.SourceScanner: true, terminal.SourceTyped: false} {
		_, finding := reader.Read(terminal.Scan{Code: mangled, Source: source})
		if finding == nil || (finding.Reason == terminal.ScannerLayout) != mended {
			t.Errorf("%s: %v", source, finding)
		}
	}
}

// If a token behind a link were not read, vouchers sent by mail as links could not be redeemed.
func TestATokenInsideALink(t *testing.T) {
	f := newFixture()
	reader := f.reader()
	reader.Patterns = patternsOf(`https://deals\.example/v/([0-9A-Z]+)`)
	signed := sign(t, f, good(), "k-live")
	presented, finding := reader.Read(terminal.Scan{Code: "https://deals.example/v/" + signed, Source: terminal.SourcePicture})
	if finding != nil || presented.Token == nil || presented.Token.Voucher != good().Voucher {
		t.Errorf("%v, %v", presented.Token, finding)
	}
}

// If what a terminal says of a token held the token, logs, slips and the journal would give it away.
func TestNothingOfATokenIsTold(t *testing.T) {
	f := newFixture()
	signed := sign(t, f, good(), "k-live")
	presented, finding := f.read(signed, terminal.SourceScanner)
	if finding != nil || presented.Masked != signed[len(signed)-4:] {
		t.Errorf("masked as %q, %v", presented.Masked, finding)
	}
	if again, _ := f.read(strings.ToLower(signed), terminal.SourceTyped); again.Candidates[0] != presented.Candidates[0] {
		t.Error("another spelling has another proof")
	}
	if presented.Candidates[0].Lookup != LookupOfVoucher(f.lookupKey, good().Voucher) || presented.Candidates[0].Inner != InnerOf(f.lookupKey, signed) {
		t.Error("the terminal's hashes are not those that the cloud makes when it issues")
	}
}

// If a huge scan took time or memory, one hostile picture would close a counter.
func TestAHugeScanIsRefusedAtOnce(t *testing.T) {
	f := newFixture()
	for _, text := range []string{strings.Repeat("TA2", 1<<20), strings.Repeat("ﷺ", 1<<20), strings.Repeat("-", 1<<22) + "7K3MQ9TX4B2HQ"} {
		presented, finding := f.read(text, terminal.SourceScanner)
		if finding == nil || finding.Reason != terminal.MalformedCode || len(presented.Masked) > 16 {
			t.Errorf("%d bytes: %v, masked as %q", len(text), finding, presented.Masked)
		}
	}
}

// If any bytes could crash the reader or pass for a token that nobody signed, one hostile QR would close a counter, or rob it.
func FuzzToken(f *testing.F) {
	shop := newFixture()
	genuine := map[string]bool{}
	for _, v := range append(shop.goodVectors(f), shop.hostileVectors(f)...) {
		f.Add([]byte(v.Token))
		if symbols, ok := symbolsOf(v.Token); ok {
			if _, err := Verify(symbols, shop.merchant, shop.issuers); err == nil {
				genuine[symbols] = true
			}
		}
	}
	reader := shop.reader()
	f.Fuzz(func(t *testing.T, text []byte) {
		// Once as it is, and once as the bytes of a token, which the fuzzer would hardly ever spell.
		for _, scanned := range []string{string(text), encodeSymbols(text)} {
			presented, finding := reader.Read(terminal.Scan{Code: scanned, Source: terminal.SourceScanner})
			if (finding == nil) != (len(presented.Candidates) > 0) {
				t.Errorf("%d candidates and finding %v", len(presented.Candidates), finding)
			}
			if presented.Token == nil {
				continue
			}
			if symbols, _ := symbolsOf(scanned); !genuine[symbols] {
				t.Errorf("nobody signed %q", scanned)
			}
		}
	})
}

// If claims could crash the reader once they are signed, a merchant's own mistake would close every counter; and what is read must
// be what can be signed, or two programs would honour two different vouchers.
func FuzzClaims(f *testing.F) {
	shop := newFixture()
	for _, s := range shop.hostileClaims() {
		p := shop.parts()
		s.spoil(&p)
		f.Add(p.payload)
	}
	f.Add(shop.parts().payload)
	f.Fuzz(func(t *testing.T, payload []byte) {
		claims, merchant, err := readClaims(payload)
		if err != nil {
			return
		}
		again, err := toWire(claims, merchant).claims()
		if claims.NotBefore.Unix() >= 1 && (err != nil || again != claims) {
			t.Errorf("%x was read as %+v, and that as %+v, %v", payload, claims, again, err)
		}
	})
}
