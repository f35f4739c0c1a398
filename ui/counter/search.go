package counter

import (
	"strings"

	"countersign/terminal"
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

// Figures are the sums of a list of entries.
type Figures struct {
	Redeemed, Reversed, Unsent int
	Worth                      terminal.Money
	Exceptions                 []Past
}

// Sum adds up the entries of one business day.
func Sum(past []Past, day terminal.Date, currency string) Figures {
	f := Figures{Worth: terminal.Money{Currency: currency}}
	for _, p := range past {
		entry := p.Record.Entry
		if p.Record.Verdict != "" && p.Record.Verdict != terminal.Accepted && p.Record.Verdict != terminal.Pending {
			f.Exceptions = append(f.Exceptions, p)
		}
		if entry.BusinessDay != day {
			continue
		}
		sign := int64(1)
		switch entry.Kind {
		case terminal.EntryRedeem:
			f.Redeemed++
		case terminal.EntryReverse:
			f.Reversed++
			sign = -1
		}
		if !p.Record.Acked {
			f.Unsent++
		}
		for _, line := range entry.Lines {
			if worth := lineWorth(line); worth != nil && worth.Currency == currency {
				f.Worth.Minor += sign * worth.Minor
			}
		}
	}
	return f
}

func lineWorth(line terminal.EntryLine) *terminal.Money {
	switch {
	case line.Amount != nil:
		return line.Amount
	case line.Discount != nil:
		return line.Discount
	case line.Value != nil:
		return line.Value
	}
	return line.Price
}
