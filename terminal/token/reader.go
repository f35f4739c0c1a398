package token

import (
	"errors"
	"regexp"
	"strings"

	"countersign/terminal"
)

// Reader reads codes for one merchant. It implements terminal.CodeReader.
type Reader struct {
	LookupKey []byte
	// Merchant is whose tokens are read: a token of another merchant is not genuine here.
	Merchant string
	// Issuers returns the keys that sign the merchant's tokens, as the newest trust list holds them. Without it no token is honoured.
	Issuers func() []Issuer
	// Patterns returns the merchant's extract patterns: RE2, the code being the first group. They are asked for at each scan,
	// since campaigns come and go.
	Patterns func() []*regexp.Regexp
	// Mend undoes known keyboard layouts: what the scanner meant if the computer's keyboard is set to one of them, by the name
	// of the layout.
	Mend func(text string) map[string]string
}

// Read implements terminal.CodeReader. A text that begins like a token is one or nothing; any other is a code.
func (r *Reader) Read(scan terminal.Scan) (terminal.Presented, *terminal.Finding) {
	if len(scan.Code) > textMostRead {
		finding := malformedFinding(int64(len(scan.Code)))
		return terminal.Presented{}, &finding
	}
	text := scan.Code
	symbols, begun := symbolsOf(text)
	if !begun {
		text = r.extract(text)
		symbols, begun = symbolsOf(text)
	}
	if begun {
		return r.readToken(scan, symbols)
	}
	return r.readCode(scan, text)
}

// readToken reads a text that begins like a token.
func (r *Reader) readToken(scan terminal.Scan, symbols string) (terminal.Presented, *terminal.Finding) {
	claims, err := Verify(symbols, r.Merchant, r.issuers())
	if err != nil {
		finding := refusalFinding(err, symbols)
		// A layout that only swaps two letters leaves the beginning of a token whole and spoils its signature.
		if misread := r.misread(scan.Source, scan.Code); misread.Reason == terminal.ScannerLayout {
			finding = misread
		}
		return terminal.Presented{Masked: Mask(symbols)}, &finding
	}
	return terminal.Presented{
		Masked: Mask(symbols),
		Token:  &claims.Token,
		Candidates: []terminal.Candidate{{
			Lookup: LookupOfVoucher(r.LookupKey, claims.Voucher),
			Inner:  InnerOf(r.LookupKey, symbols),
		}},
	}, nil
}

// readCode reads an opaque code, or another platform's.
func (r *Reader) readCode(scan terminal.Scan, text string) (terminal.Presented, *terminal.Finding) {
	forms, err := Canonical(text)
	if err != nil {
		finding := r.misread(scan.Source, scan.Code)
		return terminal.Presented{Masked: Mask(text)}, &finding
	}
	presented := terminal.Presented{Masked: Mask(forms[0])}
	for _, form := range forms {
		presented.Candidates = append(presented.Candidates, terminal.Candidate{
			Lookup: LookupOf(r.LookupKey, form),
			Inner:  InnerOf(r.LookupKey, form),
		})
	}
	if _, whole := opaque(forms[0]); whole {
		return presented, nil
	}
	// It may be a code of another platform: only where nobody knows it is it called misread.
	finding := r.misread(scan.Source, scan.Code)
	if _, symbols := opaqueSymbols(Fold(text)); symbols || finding.Reason == terminal.ScannerLayout {
		presented.Otherwise = &finding
	}
	return presented, nil
}

func (r *Reader) issuers() []Issuer {
	if r.Issuers == nil {
		return nil
	}
	return r.Issuers()
}

// extract takes the code out of a URL that one of the merchant's patterns matches; any other text stays as it is.
func (r *Reader) extract(text string) string {
	if r.Patterns == nil {
		return text
	}
	for _, pattern := range r.Patterns() {
		if found := pattern.FindStringSubmatch(text); len(found) > 1 {
			return found[1]
		}
	}
	return text
}

// misread says what is wrong with a text that is no whole code: a scanner's may have passed the wrong keyboard layout.
func (r *Reader) misread(source terminal.Source, text string) terminal.Finding {
	if source == terminal.SourceScanner && r.Mend != nil {
		for layout, meant := range r.Mend(text) {
			if r.whole(meant) {
				return terminal.Finding{Reason: terminal.ScannerLayout, Facts: map[string]any{"layout": layout}}
			}
		}
	}
	return malformedFinding(int64(len([]rune(Fold(text)))))
}

// whole reports whether a text is an opaque code with a good check symbol, or a token with a good signature.
func (r *Reader) whole(text string) bool {
	for _, form := range []string{text, r.extract(text)} {
		if _, ok := opaque(Fold(form)); ok {
			return true
		}
		if symbols, ok := symbolsOf(form); ok {
			if _, err := Verify(symbols, r.Merchant, r.issuers()); err == nil {
				return true
			}
		}
	}
	return false
}

// Whole reports that a text is whole, whoever issued it: an opaque code whose check symbol is right, also at the end of a link, or a token whose
// envelope is. A code of another platform has nothing to tell that by.
func Whole(text string) bool {
	for _, form := range []string{text, text[strings.LastIndexAny(text, "/=")+1:]} {
		if _, ok := opaque(Fold(form)); ok {
			return true
		}
		if symbols, ok := symbolsOf(form); ok {
			if raw, err := decodeSymbols(symbols); err == nil && len(raw) <= MaxBytes {
				if _, _, err := open(raw); err == nil {
					return true
				}
			}
		}
	}
	return false
}

func malformedFinding(length int64) terminal.Finding {
	return terminal.Finding{Reason: terminal.MalformedCode, Facts: map[string]any{"length": length}}
}

// refusalFinding is a refused token as a finding.
func refusalFinding(err error, symbols string) terminal.Finding {
	finding := malformedFinding(int64(len(symbols)))
	var refusal *Refusal
	if errors.As(err, &refusal) {
		finding.Reason = refusal.Reason
		finding.Facts["cause"] = refusal.Cause
		if refusal.KID != "" {
			finding.Facts["issuer"] = refusal.KID
		}
	}
	return finding
}

var _ terminal.CodeReader = (*Reader)(nil)
