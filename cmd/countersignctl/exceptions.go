package main

import (
	"context"
	"fmt"
	"io"
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
				exceptions, err := reader.Exceptions(ctx, !all)
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
					text.WriteString("no exceptions\n")
				}
				_, err = io.WriteString(a.out, text.String())
				return err
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "also those that were closed")
	return a.withJSON(command)
}

// story tells an exception: what happened, and the uses that met.
func story(text *strings.Builder, exception terminal.Exception, words terminal.Words) {
	fmt.Fprintf(text, "%s · %s · %s", exception.Kind, exception.State, exception.ID)
	if exception.Campaign != "" {
		fmt.Fprintf(text, " · %s", exception.Campaign)
	}
	if exception.Voucher != 0 {
		fmt.Fprintf(text, " · voucher %s", exception.Voucher)
	}
	if exception.AtRisk != nil {
		fmt.Fprintf(text, " · %s", exception.AtRisk)
	}
	if exception.Units > 0 {
		fmt.Fprintf(text, " · %s, %d paid off", counted(exception.Units, "unit", "units"), exception.Paid)
	}
	text.WriteByte('\n')
	if limit := exception.Limit; limit != nil {
		fmt.Fprintf(text, "  %s\n", words.Say("exception.limit", map[string]any{"used": limit.Used, "count": limit.Count, "per": string(limit.Per)}))
	}
	if title, cost, do := exception.Told(words); title != "" {
		for _, sentence := range []string{title, cost, do} {
			if sentence != "" {
				fmt.Fprintf(text, "  %s\n", sentence)
			}
		}
	} else if exception.Note != "" {
		fmt.Fprintf(text, "  %s\n", exception.Note)
	}
	if len(exception.History) > 1 {
		for _, event := range exception.History {
			fmt.Fprintf(text, "  %s · %s\n", event.At.Format("2006-01-02 15:04:05 -07:00"), event.Said(words))
		}
	}
	for _, machine := range exception.Machines {
		fmt.Fprintf(text, "  machine %s · since %s, last heard %s · sent up to entry %d\n", machine.ID, machine.Since.Format("2006-01-02 15:04:05 -07:00"),
			machine.Seen.Format("2006-01-02 15:04:05 -07:00"), machine.Head)
	}
	for i, use := range exception.Uses {
		store := use.StoreName
		if store == "" {
			store = use.Store
		}
		fmt.Fprintf(text, "  %d. %s, %s, %s", i+1, use.At.Format("2006-01-02 15:04:05 -07:00"), store, use.Terminal)
		if who := orElse(use.OperatorName, use.Operator); who != "" {
			fmt.Fprintf(text, ", %s", who)
		}
		fmt.Fprintf(text, " · %s", said(words, "assurance.", string(use.Assurance)))
		if use.Receipt != "" {
			fmt.Fprintf(text, " · receipt %s", use.Receipt)
		}
		text.WriteByte('\n')
	}
}

func orElse(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
