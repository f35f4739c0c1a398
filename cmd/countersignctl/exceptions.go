package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

func (a *app) exceptionsCommand() *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use:     "exceptions",
		Short:   "List what a manager must look at",
		Example: "  countersignctl exceptions --json",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				exceptions, err := reader.Exceptions(ctx, !all, a.language)
				if err != nil {
					return err
				}
				if a.json {
					if exceptions == nil {
						exceptions = []terminal.Exception{}
					}
					return writeJSON(a.out, exceptions)
				}
				words := reader.Words(ctx, a.language)
				var text strings.Builder
				for _, exception := range exceptions {
					story(&text, exception, words)
				}
				if len(exceptions) == 0 {
					fmt.Fprintln(&text, words.Say("exception.none", nil))
				}
				for _, amount := range terminal.ValueAtRisk(exceptions) {
					fmt.Fprintln(&text, words.Say("exception.total", map[string]any{"amount": amount}))
				}
				_, err = io.WriteString(a.out, text.String())
				return err
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "also those that were closed")
	return a.withJSON(command)
}

// stamp is a time with its offset.
const stamp = "2006-01-02 15:04:05 -07:00"

// story tells an exception: what happened, and the uses that met.
func story(text *strings.Builder, x terminal.Exception, words terminal.Words) {
	say := func(key string, facts map[string]any) string { return words.Say("exception."+key, facts) }
	head := []string{x.ID, say("state."+x.State, nil), x.OpenedAt.Format(stamp)}
	if x.Campaign != "" {
		head = append(head, x.Campaign)
	}
	if x.Voucher != 0 {
		head = append(head, say("voucher", map[string]any{"voucher": x.Voucher.String()}))
	}
	if x.AtRisk != nil && x.Currency() == "" {
		head = append(head, x.AtRisk.String())
	}
	if counted := x.Counted(words); counted != "" {
		head = append(head, counted)
	}
	lines := []string{strings.Join(head, " · ")}
	title, cost, do := x.Told(words)
	if title == "" {
		title = x.Note
	}
	lines = append(lines, title)
	if limit := x.Limit; limit != nil {
		lines = append(lines, say("limit", map[string]any{"used": limit.Used, "count": limit.Count, "per": string(limit.Per)}))
	}
	lines = append(lines, cost, x.SeeAlso(words), do)
	if len(x.History) > 1 {
		for _, event := range x.History {
			lines = append(lines, event.At.Format(stamp)+" · "+event.Said(words))
		}
	}
	for _, machine := range x.Machines {
		facts := map[string]any{"machine": machine.ID, "since": machine.Since.Format(stamp), "seen": machine.Seen.Format(stamp)}
		if machine.Head > 0 {
			facts["head"] = int64(machine.Head)
		}
		lines = append(lines, say("machine", facts))
	}
	for i, use := range x.Uses {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, useSaid(use, words)))
	}
	for i, line := range slices.DeleteFunc(lines, func(line string) bool { return line == "" }) {
		if i > 0 {
			text.WriteString("  ")
		}
		fmt.Fprintln(text, line)
	}
}

// useSaid is one of the uses that met.
func useSaid(use terminal.ExceptionUse, words terminal.Words) string {
	facts := []string{use.At.Format(stamp), orElse(use.StoreName, use.Store), use.Terminal}
	if who := orElse(use.OperatorName, use.Operator); who != "" {
		facts = append(facts, who)
	}
	told := strings.Join(facts, ", ") + " · " + said(words, "assurance.", string(use.Assurance))
	if use.Receipt != "" {
		told += " · " + words.Say("exception.receipt", map[string]any{"receipt": use.Receipt})
	}
	return told
}

func orElse(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
