package sync

import (
	"regexp"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// Findings gives the facts of findings the Go types that they had at the cloud.
func Findings(from []api.Finding) []terminal.Finding { return findings(from) }

// findings gives the facts of findings the Go types that they had at the cloud: JSON knows no Money, no time and no whole number.
func findings(from []api.Finding) []terminal.Finding {
	out := make([]terminal.Finding, len(from))
	for i, finding := range from {
		out[i] = terminal.Finding{Reason: finding.Reason}
		if len(finding.Facts) > 0 {
			out[i].Facts = make(map[string]any, len(finding.Facts))
			for name, value := range finding.Facts {
				out[i].Facts[name] = fact(value)
			}
		}
	}
	return out
}

var dateForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// fact restores one value. No name of a person, store or terminal has the form of a date or of an RFC 3339 time.
func fact(value any) any {
	switch value := value.(type) {
	case float64:
		return int64(value)
	case string:
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return at
		}
		if dateForm.MatchString(value) {
			if date, err := terminal.ParseDate(value); err == nil {
				return date
			}
		}
		return value
	case map[string]any:
		minor, isMinor := value["minor"].(float64)
		currency, isCurrency := value["currency"].(string)
		if isMinor && isCurrency {
			return terminal.Money{Minor: int64(minor), Currency: currency}
		}
		text := make(terminal.Text, len(value))
		for language, each := range value {
			text[language], _ = each.(string)
		}
		return text
	case []any:
		texts := make([]string, 0, len(value))
		for _, each := range value {
			if text, ok := each.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return value
}

func rows(from []api.Row) []terminal.Row {
	out := make([]terminal.Row, len(from))
	for i, row := range from {
		out[i] = terminal.Row{Voucher: row.Voucher, Campaign: row.Campaign, Included: row.Included,
			Counts: valueOf(row.Counts), Siblings: valueOf(row.Siblings), Order: valueOf(row.Order), Undone: valueOf(row.Undone)}
	}
	return out
}

// ExceptionOf takes the cloud's exception over into the domain's form.
func ExceptionOf(from api.Exception) terminal.Exception {
	out := terminal.Exception{
		ID: from.Id, Kind: string(from.Kind), State: string(from.State), OpenedAt: from.OpenedAt, ClosedAt: from.ClosedAt,
		Owner: valueOf(from.Owner), Voucher: valueOf(from.Voucher), Part: valueOf(from.Part), Campaign: valueOf(from.Campaign),
		Units: from.Units, Paid: from.Paid, AtRisk: from.AtRisk, Note: valueOf(from.Note), Limit: from.Limit, Uses: make([]terminal.ExceptionUse, len(from.Uses)),
	}
	out.Cause = valueOf(from.Cause)
	out.Shared, out.See, out.Undecided = from.Shared, valueOf(from.See), valueOf(from.Undecided)
	out.Stake, out.History = valueOf(from.Stake), valueOf(from.History)
	out.Store, out.Terminal, out.Entry, out.Seconds = valueOf(from.Store), valueOf(from.Terminal), valueOf(from.Entry), valueOf(from.Seconds)
	for _, m := range valueOf(from.Machines) {
		out.Machines = append(out.Machines, terminal.Machine{ID: m.Id, Since: m.Since, Seen: m.Seen, Head: valueOf(m.Head), Refused: valueOf(m.Refused)})
	}
	for i, use := range from.Uses {
		out.Uses[i] = terminal.ExceptionUse{
			UID: use.Uid, Receipt: valueOf(use.Receipt), Store: use.Store, StoreName: valueOf(use.StoreName), Terminal: use.Terminal,
			Operator: valueOf(use.Operator), OperatorName: valueOf(use.OperatorName), At: use.At, Assurance: use.Assurance,
			Units: use.Units, Amount: use.Amount, Held: valueOf(use.Held),
		}
	}
	return out
}

func valueOf[T any](from *T) T {
	var zero T
	if from == nil {
		return zero
	}
	return *from
}
