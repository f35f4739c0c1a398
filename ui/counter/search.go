package counter

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// matching keeps the entries in which text occurs: in the code's last symbols, the holder, the deal or the receipt number. Chinese names are
// found by the first letters of their sounds as well. The empty text keeps all.
func matching(past []Past, text string) []Past {
	wanted := plainText(text)
	if wanted == "" {
		return past
	}
	var found []Past
	for _, p := range past {
		entry := p.Record.Entry
		hay := []string{p.Holder, entry.Receipt.String()}
		for _, name := range p.Name { // in whatever language the customer's phone says it
			hay = append(hay, name)
		}
		for _, line := range entry.Lines {
			hay = append(hay, line.Masked)
		}
		if whole := strings.Join(hay, "\n"); strings.Contains(plainText(whole), wanted) || strings.Contains(plainText(spelledOut.Replace(whole)), wanted) ||
			sounds(whole, wanted) {
			found = append(found, p)
		}
	}
	return found
}

// spelledOut writes umlauts as those do who have no key for them.
var spelledOut = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

// plainLetters are those that no accent makes of another.
var plainLetters = strings.NewReplacer(" ", "", "-", "", ".", "", "ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")

// plainText is a text as it is compared: no case, no accents, no spaces, no hyphens. Who looks for a name writes it as it was said.
func plainText(text string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(text)))
	return plainLetters.Replace(bare)
}
