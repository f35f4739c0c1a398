package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/journal"
)

func (a *app) counterCommand() *cobra.Command {
	var who person
	command := &cobra.Command{
		Use:   "counter",
		Short: "A counter in text: each line is a scan and redeems",
		Long: `A counter in text. Each line on standard input is a scan, CODE, and what else is known of it:

  CODE [units=2] [amount=12.50] [bill=80.00] [lines=a,b] [order=all]
       [hub=without] [and=CODE ...] [operator=ID:PIN] [approve=ID:PIN]

hub=without goes on without the store's hub, where it is asked for and does not answer.
Each is answered once what it says is on disk. A question (how many? how much?) is answered by sending
the line again with the answer in it.`,
		Example: "  echo '7K3M-Q9TX-4B2H-Q' | countersignctl counter --json",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			s, err := a.openCounter(ctx)
			if err != nil {
				return err
			}
			defer s.Close()
			operator, err := a.signIn(ctx, s, who, nil)
			if err != nil {
				return err
			}
			settings, err := s.Terminal.Settings(ctx)
			if err != nil {
				return err
			}
			if err := mustSignIn(settings, operator); err != nil {
				return err
			}
			s.Start(ctx)
			err = a.counter(ctx, s, settings, operator)
			s.Linger(ctx, pushAfterwards, printAfterwards)
			return err
		},
	}
	operatorFlags(command, &who)
	return a.withJSON(command)
}

// openCounter opens the station and shows how its cache is filled, where it was lost, until the first scan is taken.
func (a *app) openCounter(ctx context.Context) (*station.Station, error) {
	config := a.stationConfig()
	var working atomic.Bool
	if bar := progressBar(os.Stderr); bar != nil {
		config.Progress = func(p cloudsync.Progress) {
			if !working.Load() { // a bar in the middle of an answer would be in its way
				bar(p)
			}
		}
	}
	s, err := station.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	s.Fill(ctx, fillFirst)
	working.Store(true)
	if s.Filling(ctx) != nil {
		fmt.Fprintln(os.Stderr, "\nthe vouchers are still coming; each is asked for as it is scanned. How far they are: countersignctl status")
	}
	return s, nil
}

// counter answers line after line, and scan after scan of the serial scanners, until the input ends.
func (a *app) counter(ctx context.Context, s *station.Station, settings terminal.Settings, operator *terminal.Operator) error {
	lines, failed := a.readLines(ctx)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	codes := make(chan string)
	go s.Listen(ctx, func(code string) {
		select {
		case codes <- code:
		case <-ctx.Done():
		}
	}, a.sayScanners)
	for {
		select {
		case <-ctx.Done():
			return nil
		case code := <-codes:
			request := terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}, Operator: operator}
			if err := a.answer(ctx, s, request); err != nil {
				return err
			}
		case line, more := <-lines:
			if !more {
				return <-failed
			}
			if err := a.answerLine(ctx, s, settings, operator, line); err != nil {
				return err
			}
		}
	}
}

// readLines reads the input until it ends. Why it ended is in the second channel then: nil for its end.
func (a *app) readLines(ctx context.Context) (<-chan scanned, <-chan error) {
	lines, failed := make(chan scanned), make(chan error, 1)
	go func() {
		defer close(lines)
		reader := newLineReader(a.in)
		for {
			line, err := reader.next()
			if errors.Is(err, io.EOF) {
				failed <- nil
				return
			}
			if err != nil {
				failed <- fmt.Errorf("the input cannot be read: %w", err)
				return
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				failed <- nil
				return
			}
		}
	}()
	return lines, failed
}

// answerLine redeems what one line says and prints the answer.
func (a *app) answerLine(ctx context.Context, s *station.Station, settings terminal.Settings, operator *terminal.Operator, line scanned) error {
	if line.tooLong { // no code is so long: it is turned away like any other text that is none
		return a.answer(ctx, s, terminal.Request{Scans: []terminal.Scan{{Source: terminal.SourceScanner}}, Operator: operator})
	}
	words := strings.Fields(line.text)
	if len(words) == 0 {
		return nil
	}
	var query asked
	if name, _, said := strings.Cut(words[0], "="); said && slices.Contains(sayable, name) {
		return a.complain(ctx, s, fmt.Errorf("the line begins with %s= and has no code before it", name))
	}
	for _, word := range words[1:] {
		if err := query.set(word); err != nil {
			return a.complain(ctx, s, err)
		}
	}
	request, err := query.request(append(words[:1:1], query.and...), settings.Merchant.Currency)
	if err != nil {
		return a.complain(ctx, s, err)
	}
	for i := range request.Scans {
		request.Scans[i].Source = terminal.SourceScanner // a wedge's keys land here, and a wrong layout spoils them
	}
	var told bool
	if request.Operator, told, err = a.signInNow(ctx, s, query.operator, operator, nil); err != nil || told {
		return err
	}
	if request.Approver, told, err = a.signInNow(ctx, s, query.approve, nil, request.Operator); err != nil || told {
		return err
	}
	return a.answer(ctx, s, request)
}

// sayScanners tells whoever sits at the text counter that a scanner came or went.
func (a *app) sayScanners(there, all int) {
	if there < all {
		fmt.Fprintf(os.Stderr, "%d of %d scanners are not there; check the plug\n", all-there, all)
	}
}

// answer redeems and prints what came of it.
func (a *app) answer(ctx context.Context, s *station.Station, request terminal.Request) error {
	outcome, err := s.Terminal.Redeem(ctx, request)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return a.unrecorded(ctx, s, station.Blame(s.Folder(), err))
	}
	return a.show(ctx, s.Reader, outcome, ignored(request, outcome)...)
}

// unrecorded answers a scan that could not be recorded because the disk takes nothing: the counter goes on, for the next may be recorded
// again. Any other error ends it.
func (a *app) unrecorded(ctx context.Context, s *station.Station, err error) error {
	var unwritable *station.Unwritable
	if !errors.As(err, &unwritable) && !errors.Is(err, journal.ErrDiskFull) {
		return err
	}
	words := s.Words(ctx, a.language)
	found, do, _ := station.SayFault(words, err)
	if a.json {
		answer := notUnderstood(err, words)
		answer.Title, answer.Next = found, do
		return writeJSON(a.out, answer)
	}
	_, err = fmt.Fprintf(a.out, "? %s: %s\n  %s\n", words.Say("outcome.error", nil), found, do)
	return err
}

// complain answers a line that says nothing a counter understands. The counter goes on.
func (a *app) complain(ctx context.Context, s *station.Station, err error) error {
	words := s.Words(ctx, a.language)
	if a.json {
		return writeJSON(a.out, notUnderstood(err, words))
	}
	_, err = fmt.Fprintf(a.out, "? %s: %v\n  %s\n", words.Say("outcome.error", nil), err, words.Say("outcome.error.next", nil))
	return err
}

// unread is what a counter answers, as JSON, to a line that it does not understand: every key of an answer, and what is wrong.
type unread struct {
	terminal.Report
	Error string `json:"error"`
}

func notUnderstood(err error, words terminal.Words) unread {
	report := terminal.Outcome{Choice: "error"}.Report(words)
	report.Title, report.Next = words.Say("outcome.error", nil), words.Say("outcome.error.next", nil)
	return unread{report, err.Error()}
}
