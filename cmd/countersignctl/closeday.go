package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

func (a *app) closeDayCommand() *cobra.Command {
	var who person
	var day string
	command := &cobra.Command{
		Use:   "close-day",
		Short: "Close the business day: its figures are numbered, frozen and printed as a Z slip",
		Long: `Close the business day. Everything that no earlier close has counted is added up, numbered, journalled
and printed. A day is closed once and never opened again: what is honoured on it afterwards counts in the next
close, and so does a day that nobody closed.`,
		Example: "  countersignctl close-day --operator mia --pin-file pin.txt",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.withStation(command, func(ctx context.Context, s *station.Station) error {
				operator, err := a.signIn(ctx, s, who, nil)
				if err != nil {
					return err
				}
				asked, err := dayAsked(ctx, s.Reader, day)
				if err != nil {
					return err
				}
				words := s.Words(ctx, a.language)
				record, err := s.Terminal.CloseDay(ctx, asked, operator)
				var refused *terminal.DayRefused
				if errors.As(err, &refused) {
					return &failure{exitDeclined, "", errors.New(station.SayDayRefused(words, refused))}
				}
				if err != nil {
					return err
				}
				return a.showClose(ctx, s, record, words)
			})
		},
	}
	command.Flags().StringVar(&day, "day", "", "the business day: 2026-12-24 (default: today's)")
	operatorFlags(command, &who)
	return a.withJSON(command)
}

// dayAsked is the business day that a text names, or today's.
func dayAsked(ctx context.Context, reader *station.Reader, text string) (terminal.Date, error) {
	if text != "" {
		day, err := terminal.ParseDate(text)
		return day, usage(err)
	}
	return reader.Today(ctx)
}

// closedDay is what close-day --json prints.
type closedDay struct {
	Day     terminal.Date          `json:"day"`
	Number  uint64                 `json:"number"`
	Receipt terminal.ReceiptNumber `json:"receipt"`
	UID     terminal.UID           `json:"uid"`
	First   terminal.ReceiptNumber `json:"first"`
	Last    terminal.ReceiptNumber `json:"last"`

	Redemptions int64                        `json:"redemptions"`
	Reversals   int64                        `json:"reversals"`
	Declines    int64                        `json:"declines"`
	Late        int64                        `json:"late"`
	Assurances  map[terminal.Assurance]int64 `json:"assurances"`
	Campaigns   []closedCampaign             `json:"campaigns"`
}

type closedCampaign struct {
	Campaign string        `json:"campaign"`
	Kind     terminal.Kind `json:"kind"`
	Redeemed closedTally   `json:"redeemed"`
	Reversed closedTally   `json:"reversed"`
}

type closedTally struct {
	Lines int64           `json:"lines"`
	Units int64           `json:"units"`
	Price *terminal.Money `json:"price,omitempty"`
	Worth *terminal.Money `json:"worth,omitempty"`
	// OutOfRange says that an amount is more than can be added up: it is shown as the largest amount there is.
	OutOfRange bool `json:"out_of_range,omitempty"`
}

func closedTallyOf(t terminal.Tally) closedTally {
	out := (t.Price != nil && t.Price.OutOfRange()) || (t.Worth() != nil && t.Worth().OutOfRange())
	return closedTally{t.Lines, t.Units, t.Price, t.Worth(), out}
}

func (a *app) showClose(ctx context.Context, s *station.Station, record terminal.Record, words terminal.Words) error {
	entry, totals := record.Entry, record.Entry.Totals
	if a.json {
		facts := closedDay{entry.BusinessDay, totals.Number, entry.Receipt, entry.UID, totals.First, totals.Last, totals.Redemptions,
			totals.Reversals, totals.Declines, totals.Late, map[terminal.Assurance]int64{}, []closedCampaign{}}
		for _, assured := range totals.Assurances {
			facts.Assurances[assured.Assurance] = assured.Redemptions
		}
		for _, c := range totals.Campaigns {
			facts.Campaigns = append(facts.Campaigns, closedCampaign{c.Campaign, c.Kind, closedTallyOf(c.Redeemed), closedTallyOf(c.Reversed)})
		}
		return writeJSON(a.out, facts)
	}
	said := words.Say("day.closed", map[string]any{"day": entry.BusinessDay, "number": totals.Number, "receipt": entry.Receipt.String(),
		"redemptions": totals.Redemptions, "reversals": totals.Reversals, "declines": totals.Declines})
	if _, err := fmt.Fprintln(a.out, said); err != nil {
		return err
	}
	return a.seePrinted(ctx, &desk{s, s.Reader, s}, entry.UID, fmt.Sprintf("Z %d", totals.Number))
}
