package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

func (a *app) checkCommand() *cobra.Command {
	var query asked
	var at, operator string
	command := &cobra.Command{
		Use:     "check CODE...",
		Short:   "Say what a scan would answer, redeeming nothing",
		Example: "  countersignctl check 7K3M-Q9TX-4B2H-Q --at 2026-12-24T18:00",
		Args:    atLeast(1),
		RunE: func(command *cobra.Command, codes []string) error {
			ctx := command.Context()
			reader, err := station.OpenReader(ctx, a.stationConfig())
			if err != nil {
				return err
			}
			defer reader.Close()
			settings, err := reader.Terminal.Settings(ctx)
			if err != nil {
				return err
			}
			request, err := query.request(codes, settings.Merchant.Currency)
			if err != nil {
				return usage(err)
			}
			if request.Operator, err = operatorNamed(ctx, reader, operator); err != nil {
				return err
			}
			for i := range request.Scans {
				request.Scans[i].Source = terminal.SourceScanner // a scan is what is asked about, and a wrong keyboard spoils one
			}
			if request.Operator == nil && signsIn(settings.Store) {
				request.Operator = &terminal.Operator{Role: terminal.RoleCashier, Active: true} // nothing is redeemed: whoever is at the counter
			}
			reading, err := readingAt(reader, settings, at)
			if err != nil {
				return usage(err)
			}
			outcome, err := reader.Terminal.Check(ctx, request, reading)
			if err != nil {
				return err
			}
			if reading != nil { // what "today" is
				a.now = func() time.Time { return reading.Wall }
			}
			if err := a.show(ctx, reader, outcome, ignored(request, outcome)...); err != nil {
				return err
			}
			return exitOf(outcome)
		},
	}
	query.flags(command)
	query.linesFlag(command)
	command.Flags().StringVar(&operator, "operator", "", "as if this person were signed in (default: a cashier, where people sign in here, else nobody); nothing is redeemed, so that no PIN is needed")
	command.Flags().StringVar(&at, "at", "", "as if it were this time: 2026-12-24T18:00 in the store's zone, or with an offset (…T18:00+01:00)")
	return a.withJSON(command)
}

// operatorNamed finds who is asked about; nil for "".
func operatorNamed(ctx context.Context, reader *station.Reader, id string) (*terminal.Operator, error) {
	if id == "" {
		return nil, nil
	}
	operators, err := reader.Terminal.Operators(ctx)
	if err != nil {
		return nil, err
	}
	for _, operator := range operators {
		if operator.ID == id {
			return &operator, nil
		}
	}
	return nil, usage(fmt.Errorf("nobody here is called %q", id))
}

// readingAt is what the clocks would say at another time; nil for now.
func readingAt(reader *station.Reader, settings terminal.Settings, text string) (*terminal.Reading, error) {
	if text == "" {
		return nil, nil
	}
	zone, err := settings.Store.Location()
	if err != nil {
		return nil, err
	}
	at, err := instantOf(text, zone)
	if err != nil {
		return nil, err
	}
	reading := reader.Clock.Read()
	reading.Wall, reading.Lower, reading.Upper = at.In(zone), at, at
	return &reading, nil
}

// instantOf reads a time as somebody types it: with an offset, or without one as on the wall of a store in zone; the seconds may be left out.
func instantOf(text string, zone *time.Location) (time.Time, error) {
	at, err := time.Time{}, errors.New("nothing was tried")
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00"} {
		if at, err = time.Parse(layout, text); err == nil {
			break
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if err == nil {
			break
		}
		if at, err = time.Parse(layout, text); err == nil { // one that never comes is the instant of the change, as in the rules
			at = terminal.Moment{Local: true, Civil: at}.Earliest(zone)
		}
	}
	switch {
	case err != nil:
		return at, fmt.Errorf("%q is no time such as 2026-12-24T18:00 or 2026-12-24T18:00+01:00", text)
	case at.Year() < 1970 || at.Year() > 9000:
		return at, fmt.Errorf("%q is in a year that no shop sees: say one from 1970 to 9000", text)
	}
	return at, nil
}

func (a *app) redeemCommand() *cobra.Command {
	var query asked
	var operator, approver person
	command := &cobra.Command{
		Use:   "redeem CODE...",
		Short: "Redeem a voucher, or several on one bill: all or nothing",
		Example: "  countersignctl redeem 7K3M-Q9TX-4B2H-Q\n" +
			"  countersignctl redeem 7K3M-Q9TX-4B2H-Q --amount 12.50 --operator li --pin-file pin.txt\n" +
			"  countersignctl redeem 7K3M-Q9TX-4B2H-Q --order",
		Args: atLeast(1),
		RunE: func(command *cobra.Command, codes []string) error {
			return a.withStation(command, func(ctx context.Context, s *station.Station) error {
				settings, err := s.Terminal.Settings(ctx)
				if err != nil {
					return err
				}
				request, err := query.request(codes, settings.Merchant.Currency)
				if err != nil {
					return usage(err)
				}
				if request.Operator, err = a.signIn(ctx, s, operator, nil); err != nil {
					return err
				}
				if request.Approver, err = a.signIn(ctx, s, approver, request.Operator); err != nil {
					return err
				}
				outcome, err := s.Terminal.Redeem(ctx, request)
				if err != nil {
					return err
				}
				if emptyHanded(ctx, s.Reader, outcome) {
					return station.ErrUnfilled
				}
				if err := a.show(ctx, s.Reader, outcome, ignored(request, outcome)...); err != nil {
					return err
				}
				return exitOf(outcome)
			})
		},
	}
	query.flags(command)
	query.linesFlag(command)
	operatorFlags(command, &operator)
	approverFlags(command, &approver)
	return a.withJSON(command)
}

func approverFlags(command *cobra.Command, who *person) {
	command.Flags().StringVar(&who.id, "approve", "", "the manager who approves")
	command.Flags().StringVar(&who.pinFile, "approve-pin-file", "", "a file that holds the manager's PIN")
}

func operatorFlags(command *cobra.Command, who *person) {
	command.Flags().StringVar(&who.id, "operator", "", "who does it")
	command.Flags().StringVar(&who.pinFile, "pin-file", "", "a file that holds the operator's PIN; else it is asked for")
}

func (a *app) reverseCommand() *cobra.Command {
	var who, approver person
	var units int64
	var reason, lines string
	command := &cobra.Command{
		Use:     "reverse RECEIPT|ID",
		Short:   "Take a redemption back; by its id also one of another counter",
		Example: "  countersignctl reverse 1-000042 --reason 'wrong table'",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			reversal := terminal.Reversal{Note: reason}
			if command.Flags().Changed("units") {
				if units < 1 {
					return usage(fmt.Errorf("--units is %d, but at least 1 has to be taken back", units))
				}
				reversal.Units = &units
			}
			if lines != "" {
				reversal.Parts = strings.Split(lines, ",")
			}
			var err error
			if reversal.UID, reversal.Receipt, err = redemptionNamed(args[0]); err != nil {
				return usage(err)
			}
			return a.withStation(command, func(ctx context.Context, s *station.Station) error {
				if reversal.Operator, err = a.signIn(ctx, s, who, nil); err != nil {
					return err
				}
				if reversal.Approver, err = a.signIn(ctx, s, approver, reversal.Operator); err != nil {
					return err
				}
				s.Retry() // the cable may have been put back since the command before
				outcome, err := s.Terminal.Reverse(ctx, reversal)
				if errors.Is(err, terminal.ErrUnknown) {
					return cannotReverse(ctx, s, args[0], reversal)
				}
				if err != nil {
					return err
				}
				if err := a.show(ctx, s.Reader, outcome); err != nil {
					return err
				}
				return exitOf(outcome)
			})
		},
	}
	command.Flags().Int64Var(&units, "units", 0, "how many units (default: all that still stand)")
	command.Flags().StringVar(&lines, "lines", "", "of an order: which lines come back, such as a,b (default: all)")
	command.Flags().StringVar(&reason, "reason", "", "why, for the record")
	operatorFlags(command, &who)
	approverFlags(command, &approver)
	return a.withJSON(command)
}

// cannotReverse says of a receipt that it is a reversal's own, where it is: nobody looks for a number that is on the paper.
func cannotReverse(ctx context.Context, s *station.Station, named string, reversal terminal.Reversal) error {
	find := func() (terminal.Record, error) { return s.Journal.ByReceipt(ctx, reversal.Receipt) }
	if !reversal.UID.IsZero() {
		find = func() (terminal.Record, error) { return s.Journal.ByUID(ctx, reversal.UID) }
	}
	record, err := find()
	if err != nil || record.Entry.Kind == terminal.EntryRedeem {
		return noSuchReceipt(named)
	}
	if record.Entry.Kind != terminal.EntryReverse {
		return &failure{exitFailed, "name the receipt of a redemption", fmt.Errorf("%s is no redemption, but a %s: there is nothing to take back", named, record.Entry.Kind)}
	}
	return &failure{exitFailed, "redeem the voucher again instead: what was taken back can be used at once",
		fmt.Errorf("%s is itself a reversal, and no reversal can be taken back", named)}
}

// noSuchReceipt says that a receipt or a redemption is not known.
func noSuchReceipt(named string) error {
	return &failure{exitFailed, "countersignctl report --format csv lists what this terminal redeemed, each with its receipt",
		fmt.Errorf("there is no receipt or redemption %s here", named)}
}

// redemptionNamed reads a receipt number or a redemption's id.
func redemptionNamed(text string) (terminal.UID, terminal.ReceiptNumber, error) {
	if uid, err := terminal.ParseUID(text); err == nil {
		return uid, terminal.ReceiptNumber{}, nil
	}
	receipt, err := terminal.ParseReceiptNumber(text)
	if err != nil {
		return terminal.UID{}, receipt, fmt.Errorf("%q is neither a receipt number such as 1-000042 nor a redemption's id", text)
	}
	return terminal.UID{}, receipt, nil
}

// How long a command that has given its answer stays to bring news to the cloud and a slip to the printer.
const (
	pushAfterwards  = 300 * time.Millisecond
	printAfterwards = 3 * time.Second
)

// fillFirst is how long a command fills a cache that was lost before it goes on with what has arrived.
const fillFirst = 10 * time.Second

// emptyHanded reports that somebody was turned away only because the cache is empty: the reason would be a false one.
func emptyHanded(ctx context.Context, reader *station.Reader, outcome terminal.Outcome) bool {
	if outcome.Choice != terminal.Declined || len(outcome.Findings) == 0 || reader.Filled(ctx) {
		return false
	}
	reason := outcome.Findings[0].Reason
	return reason == terminal.NotFound || reason == terminal.OperatorNotAllowed
}

// blamed looks for the cause of an error that has not been told yet in the disk.
func blamed(folder string, err error) error {
	var told *failure
	if errors.As(err, &told) {
		return err
	}
	return station.Blame(folder, err)
}

// withStation opens the data folder, does work, and then spends a little time, never before the answer, on what can wait: the
// journal's way to the cloud while the line is up, and the slip's to the printer. What is not done then stays in line.
func (a *app) withStation(command *cobra.Command, work func(context.Context, *station.Station) error) error {
	ctx := command.Context()
	s, err := station.Open(ctx, a.stationConfig())
	if err != nil {
		return err
	}
	s.Fill(ctx, fillFirst)
	err = blamed(s.Folder(), work(ctx, s))
	s.Linger(ctx, pushAfterwards, printAfterwards)
	a.sayWaiting(ctx, s, command.ErrOrStderr())
	if closing := s.Close(); err == nil {
		err = closing
	}
	return err
}
