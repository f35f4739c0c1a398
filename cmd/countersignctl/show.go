package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

// show prints an outcome, as JSON or as sentences.
func (a *app) show(ctx context.Context, reader *station.Reader, outcome terminal.Outcome, ignored ...string) error {
	words := reader.Words(ctx, a.language)
	if a.now != nil {
		words = words.At(a.now)
	}
	facts := outcome.Report(words)
	facts.Ignored = ignored
	if a.json {
		return writeJSON(a.out, facts)
	}
	_, err := io.WriteString(a.out, sentences(facts, words))
	return err
}

// writeJSON prints one object on one line, in a single write: whoever reads the pipe sees all of it or nothing.
func writeJSON(out io.Writer, facts any) error {
	text, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

// sentences says an outcome to a person: what, the facts, what to do next.
func sentences(facts terminal.Report, words terminal.Words) string {
	var text strings.Builder
	line := func(indent string, parts ...string) {
		kept := parts[:0:0]
		for _, part := range parts {
			if part != "" {
				kept = append(kept, part)
			}
		}
		if len(kept) > 0 {
			fmt.Fprintln(&text, indent+strings.Join(kept, " · "))
		}
	}
	line("", strings.ToUpper(words.Say("choice."+string(facts.Decision), nil))+": "+facts.Title)
	if len(facts.Lines) > 1 { // a bill: none of its vouchers stands for the others
		for _, each := range facts.Lines {
			line("  ", each.Name, quantity(each.Discount, each.Amount, each.Units, words), masked(each.Code), partNames(each.Parts), rest(facts, each, words),
				titles(each.Reasons, words))
		}
	} else {
		whole := terminal.ReportLine{Kind: facts.Kind, Left: facts.Left}
		line("  ", facts.Name, facts.Holder, quantity(facts.Discount, facts.Amount, facts.Units, words), masked(facts.Code), rest(facts, whole, words))
		for _, each := range facts.Lines {
			line("    ", partNames(each.Parts))
		}
	}
	if facts.LeftToPay != nil && facts.Decision == terminal.Approved {
		line("  ", words.Say("outcome.left_to_pay", map[string]any{"amount": *facts.LeftToPay}))
	}
	if len(facts.Order) > 0 {
		line("  ", words.Say("outcome.order", map[string]any{"count": int64(len(facts.Order))}))
	}
	line("  ", booked(facts, words))
	line("  ", facts.Fact)
	line("  ", facts.Next)
	for _, name := range facts.Ignored {
		line("  ", words.Say("outcome.ignored."+name, nil))
	}
	if facts.Redeemed || facts.Reverses != "" {
		line("  ", facts.Receipt, said(words, "assurance.", string(facts.Assurance)))
	}
	if len(facts.Reasons) > 1 {
		line("  ", "+ "+titles(facts.Reasons[1:], words))
	}
	return text.String()
}

// booked says what was booked and how the guest keeps to it. A decline for it says so itself.
func booked(facts terminal.Report, words terminal.Words) string {
	slot := facts.Slot
	if slot == nil || facts.Reason == terminal.SlotTooEarly || facts.Reason == terminal.SlotTooLate {
		return ""
	}
	args := map[string]any{"from": slot.From, "until": slot.Until}
	if slot.Party > 0 {
		args["party"] = int64(slot.Party)
	}
	if late := slot.Late; late != nil && *late > 0 {
		args["late"] = *late
	} else if late != nil && *late < 0 {
		args["early"] = -*late
	}
	return words.Say("outcome.slot", args)
}

func said(words terminal.Words, prefix, value string) string {
	if value == "" {
		return ""
	}
	return words.Say(prefix+value, nil)
}

// titles names reasons.
func titles(reasons []terminal.Reason, words terminal.Words) string {
	named := make([]string, len(reasons))
	for i, reason := range reasons {
		named[i] = words.Say("reason."+string(reason)+".title", nil)
	}
	return strings.Join(named, ", ")
}

func masked(code string) string {
	if code == "" {
		return ""
	}
	return "…" + code
}

// quantity is how much of a voucher it is about, where that is not simply one.
func quantity(discount, amount *terminal.Money, units int64, words terminal.Words) string {
	switch {
	case discount != nil:
		return "−" + words.Say("ui.value", map[string]any{"value": *discount})
	case amount != nil:
		return words.Say("ui.value", map[string]any{"value": *amount})
	case units > 1:
		return fmt.Sprintf("× %d", units)
	}
	return ""
}

// rest says what is left of a voucher that is used bit by bit.
func rest(facts terminal.Report, line terminal.ReportLine, words terminal.Words) string {
	switch {
	case facts.Decision != terminal.Approved:
		return ""
	case line.Kind == terminal.KindBalance:
		return words.Say("outcome.left", map[string]any{"left": terminal.Money{Minor: line.Left, Currency: facts.Currency}})
	case line.Kind == terminal.KindPass, line.Kind == terminal.KindPickup:
		return words.Say("outcome.left", map[string]any{"left": line.Left})
	}
	return ""
}

func partNames(parts []terminal.OrderLine) string {
	names := make([]string, len(parts))
	for i, part := range parts {
		names[i] = fmt.Sprintf("%s × %d", part.Name, part.Quantity)
	}
	return strings.Join(names, ", ")
}

// exitOf is the exit code that tells an outcome.
func exitOf(outcome terminal.Outcome) error {
	switch outcome.Choice {
	case terminal.Declined:
		return ended(exitDeclined)
	case terminal.Asking:
		return ended(exitAsks)
	}
	return nil
}
