package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/cmd/internal/version"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/journal"
)

func (a *app) demoCommand() *cobra.Command {
	var slip string
	command := &cobra.Command{
		Use:     "demo",
		Short:   "Play a day at a counter, with a cloud of its own and a cable to pull",
		Example: "  countersignctl demo --slip slip.png",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			day := &day{out: a.out, picture: slip}
			world, err := demo.Start(ctx, demo.Options{Language: a.language, Version: version.String(), Composed: day.composed})
			if err != nil {
				return err
			}
			day.world = world
			return errors.Join(day.play(ctx), world.Close())
		},
	}
	command.Flags().StringVar(&slip, "slip", "", "also draw the last slip into this PNG")
	return command
}

// day is the demo as text. Whatever does not happen as it is told ends it with an error.
type day struct {
	out      io.Writer
	picture  string
	world    *demo.Demo
	words    terminal.Words
	cashier  *terminal.Operator
	slip     terminal.Slip // the last that was laid out
	approved []terminal.Record
}

func (d *day) composed(slip terminal.Slip) { d.slip = slip }

func (d *day) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// play tells the day from the morning to the evening.
func (d *day) play(ctx context.Context) error {
	d.words = d.world.Station.Words(ctx, "")
	for _, scene := range []func(context.Context) error{d.opening, d.online, d.offline, d.back, d.evening} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *day) opening(ctx context.Context) error {
	status, err := d.world.Station.Status(ctx)
	if err != nil {
		return err
	}
	d.say("A day at %s, %s. The counter knows %d vouchers of %d offers.\n", status.StoreName, status.Terminal, status.Cache.Vouchers, status.Cache.Campaigns)
	operator, finding, err := d.world.Station.Terminal.SignIn(ctx, demo.Cashier, demo.CashierPIN)
	if err != nil {
		return err
	}
	if finding != nil {
		return fmt.Errorf("%s could not sign in: %s", demo.Cashier, finding.Reason)
	}
	d.cashier = operator
	d.say("%s signs in with a PIN.\n", operator.Name)
	return nil
}

// online is the morning: one yes, and several noes, each for its own reason.
func (d *day) online(ctx context.Context) error {
	first := d.world.Of(demo.Good, 0)
	d.say("-- The cloud answers: it confirms each redemption before the goods are handed over.\n")
	if err := d.scan(ctx, "A customer shows a voucher.", first, terminal.Approved, "", terminal.Confirmed); err != nil {
		return err
	}
	for _, scene := range []struct {
		told   string
		code   demo.Voucher
		reason terminal.Reason
	}{
		{"The next one shows a screenshot of the same voucher.", first, terminal.AlreadyRedeemed},
		{"One that was used at the other store.", d.world.Of(demo.Used, 0), terminal.AlreadyRedeemed},
		{"One for the boats, which are at the other store.", d.world.Of(demo.Elsewhere, 0), terminal.WrongStore},
		{"One from last summer.", d.world.Of(demo.Expired, 0), terminal.Expired},
		{"One whose owner has had the money back.", d.world.Of(demo.Refunded, 0), terminal.VoucherIsRefunded},
	} {
		if err := d.scan(ctx, scene.told, scene.code, terminal.Declined, scene.reason, ""); err != nil {
			return err
		}
	}
	return d.drained(ctx)
}

// offline is noon, with the cable out.
func (d *day) offline(ctx context.Context) error {
	d.world.Link.Cut()
	d.say("-- The internet cable is cut. The counter goes on, by the rules it knows, and says so.\n")
	for i := 1; i <= 3; i++ {
		if err := d.scan(ctx, "Another voucher.", d.world.Of(demo.Good, i), terminal.Approved, "", terminal.Offline); err != nil {
			return err
		}
	}
	if err := d.scan(ctx, "The same one again: what this counter did itself it knows without asking.", d.world.Of(demo.Good, 1), terminal.Declined, terminal.AlreadyRedeemed, ""); err != nil {
		return err
	}
	counts, err := d.world.Station.Journal.Counts(ctx)
	if err != nil {
		return err
	}
	d.say("%d entries of the journal wait for the cloud.\n", counts.Pending)
	return nil
}

// back is the afternoon: the cable is in again, and nobody has to do anything.
func (d *day) back(ctx context.Context) error {
	d.world.Link.Restore()
	began := time.Now()
	if err := d.drained(ctx); err != nil {
		return err
	}
	d.say("-- The cable is back. %.1f s later the cloud has everything, and nobody had to help.\n", time.Since(began).Seconds())
	return d.scan(ctx, "And the next voucher is confirmed again.", d.world.Of(demo.Good, 4), terminal.Approved, "", terminal.Confirmed)
}

// drained waits until nothing is pending.
func (d *day) drained(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	changed := make(chan struct{}, 1)
	d.world.Station.OnChange(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	for {
		counts, err := d.world.Station.Journal.Counts(ctx)
		if err != nil {
			return err
		}
		if counts.Pending == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d entries still wait for the cloud: %w", counts.Pending, ctx.Err())
		case <-changed:
		}
	}
}

// evening asks the cloud, checks the journal and shows the last slip.
func (d *day) evening(ctx context.Context) error {
	if err := d.drained(ctx); err != nil {
		return err
	}
	known, err := d.world.Cloud.Redemptions(ctx, demo.Store)
	if err != nil {
		return err
	}
	d.say("-- What the cloud knows of this store in the evening:\n")
	for _, redemption := range known {
		d.say("   %s  %-14s  %-18s  %-9s  %s", redemption.At.Format("15:04:05"), redemption.Receipt, redemption.Lines[0].Campaign,
			redemption.Assurance, redemption.Verdict)
	}
	if err := d.eachOnce(known); err != nil {
		return err
	}
	d.say("\n   Each of the %d redemptions is there exactly once.", len(d.approved))
	verified, err := journal.Verify(ctx, filepath.Join(d.world.Station.Folder(), station.JournalName), d.world.Station.Journal.Identity().PublicKey)
	if err != nil {
		return err
	}
	d.say("   The counter's journal is whole: %d entries, each signed and chained to the one before; declines are in it, too.\n", verified.Entries)
	d.say("-- The last slip:\n\n%s", slipText(d.slip))
	if d.picture == "" {
		return nil
	}
	return d.draw(ctx)
}

// eachOnce compares what was approved here with what the cloud lists.
func (d *day) eachOnce(known []cloud.Redemption) error {
	times := map[terminal.UID]int{}
	for _, redemption := range known {
		times[redemption.UID]++
		if redemption.Verdict != terminal.Accepted {
			return fmt.Errorf("the cloud says %s of %s", redemption.Verdict, redemption.Receipt)
		}
	}
	for _, record := range d.approved {
		if times[record.Entry.UID] != 1 {
			return fmt.Errorf("the cloud has %s %d times", record.Entry.Receipt, times[record.Entry.UID])
		}
	}
	if len(known) != len(d.approved) {
		return fmt.Errorf("the cloud has %d redemptions, and %d were made", len(known), len(d.approved))
	}
	return nil
}

// scan shows a voucher to the counter and tells what came of it; anything but what is wanted ends the demo.
func (d *day) scan(ctx context.Context, told string, voucher demo.Voucher, wanted terminal.Choice, reason terminal.Reason, assurance terminal.Assurance) error {
	began := time.Now()
	outcome, err := d.world.Station.Terminal.Redeem(ctx, terminal.Request{
		Scans: []terminal.Scan{{Code: voucher.Code, Source: terminal.SourceScanner}}, Operator: d.cashier,
	})
	if err != nil {
		return err
	}
	took := time.Since(began)
	facts := outcome.Report(d.words)
	d.say("%s\n%s   (answered in %d ms)\n", told, indent(sentences(facts, d.words)), took.Milliseconds())
	if outcome.Choice != wanted || outcome.Reason() != reason || facts.Assurance != assurance {
		return fmt.Errorf("this should have been %s %s %s, and was %s %s %s", wanted, reason, assurance, outcome.Choice, outcome.Reason(), facts.Assurance)
	}
	if outcome.Redeemed() {
		d.approved = append(d.approved, *outcome.Record)
	}
	return nil
}

func indent(text string) string {
	return "   " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n   ") + "\n"
}

// draw writes the last slip as the picture of its bytes.
func (d *day) draw(ctx context.Context) error {
	jobs, err := d.world.Station.Journal.JobsOf(ctx, d.approved[len(d.approved)-1].Entry.UID)
	if err != nil {
		return err
	}
	if len(jobs) == 0 {
		return errors.New("there is no slip of the last redemption")
	}
	picture, err := d.world.Station.Preview(jobs[0])
	if err != nil {
		return err
	}
	file, err := os.Create(d.picture)
	if err != nil {
		return err
	}
	if err := errors.Join(png.Encode(file, picture), file.Close()); err != nil {
		return err
	}
	d.say("\nIts picture, as the printer prints it: %s", d.picture)
	return nil
}

// slipText draws a slip in characters, on paper of its width.
func slipText(slip terminal.Slip) string {
	var text strings.Builder
	edge := "   +" + strings.Repeat("-", slip.Columns+2) + "+\n"
	text.WriteString(edge)
	for _, row := range slip.Rows {
		line := row.Text
		switch {
		case row.Rule:
			line = strings.Repeat("-", slip.Columns)
		case row.QR != "":
			line = "[QR " + row.QR + "]"
		case row.Cut, row.Drawer, row.Image != nil:
			continue
		}
		free := max(0, slip.Columns-terminal.Columns(line))
		left := 0
		switch {
		case row.Align == terminal.AlignCentre || row.QR != "":
			left = free / 2
		case row.Align == terminal.AlignRight:
			left = free
		}
		text.WriteString("   | " + strings.Repeat(" ", left) + line + strings.Repeat(" ", free-left) + " |\n")
	}
	text.WriteString(edge)
	return text.String()
}
