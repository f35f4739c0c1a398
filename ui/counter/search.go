package counter

import (
	"strings"
)

// matching keeps the entries in which text occurs: in the code's last symbols, the holder, the deal or the receipt number. The empty
// text keeps all.
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
		if strings.Contains(plainText(strings.Join(hay, "\n")), wanted) {
			found = append(found, p)
		}
	}
	return found
}

// plainText is a text as it is compared: no case, no spaces, no hyphens.
func plainText(text string) string {
	return strings.NewReplacer(" ", "", "-", "", ".", "").Replace(strings.ToLower(text))
}
