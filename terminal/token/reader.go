package token

import (
	"regexp"

	"countersign/terminal"
)

// Reader reads codes for one merchant. It implements terminal.CodeReader.
type Reader struct {
	LookupKey []byte
	// Patterns returns the merchant's extract patterns: RE2, the code being the first group. They are asked for at each scan,
	// since campaigns come and go.
	Patterns func() []*regexp.Regexp
	// Mend undoes known keyboard layouts: what the scanner meant if the computer's keyboard is set to one of them, by the name
	// of the layout.
	Mend func(text string) map[string]string
}

// Read implements terminal.CodeReader.
func (r *Reader) Read(scan terminal.Scan) (terminal.Presented, *terminal.Finding) {
	text := r.extract(scan.Code)
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
			if _, whole := opaque(Fold(r.extract(meant))); whole {
				return terminal.Finding{Reason: terminal.ScannerLayout, Facts: map[string]any{"layout": layout}}
			}
		}
	}
	return terminal.Finding{Reason: terminal.MalformedCode, Facts: map[string]any{"length": int64(len([]rune(Fold(text))))}}
}
