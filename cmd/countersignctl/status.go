package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
)

func (a *app) statusCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "status",
		Short:   "Say how the terminal is: line, cache, what is pending, printer, clock",
		Example: "  countersignctl status --json",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				status, err := reader.Status(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.out, status)
				}
				return writeStatus(a.out, status)
			})
		},
	})
}

// withReader opens the data folder for reading and closes it after work.
func (a *app) withReader(command *cobra.Command, work func(context.Context, *station.Reader) error) error {
	ctx := command.Context()
	reader, err := station.OpenReader(ctx, a.stationConfig())
	if err != nil {
		return err
	}
	err = work(ctx, reader)
	if closing := reader.Close(); err == nil {
		err = closing
	}
	return err
}

func writeStatus(out io.Writer, status station.Status) error {
	var text strings.Builder
	row := func(label, format string, args ...any) {
		fmt.Fprintf(&text, "%-10s %s\n", label, fmt.Sprintf(format, args...))
	}
	row("terminal", "%s in %s (%s), %s", status.Terminal, status.StoreName, status.Store, status.MerchantName)
	row("machine", "%s", status.Machine)
	if status.Suspended {
		row("SUSPENDED", "by the merchant: nothing is honoured here")
		row("", "→ ask who runs the cloud: countersign-cloud readmit %s/%s", status.Store, status.Terminal)
	}
	switch {
	case status.Line.Online:
		row("line", "online, last answer %s", ago(status.Clock, status.Line.LastContact))
	case status.Line.LastContact.IsZero():
		row("line", "offline, the cloud has not answered yet%s", because(status.Line.Trouble))
	default:
		row("line", "offline, last answer %s%s", ago(status.Clock, status.Line.LastContact), because(status.Line.Trouble))
	}
	if status.Trouble != nil {
		row("TROUBLE", "%s, since %s", status.Trouble.Cause, status.Trouble.Since.Local().Format("2006-01-02 15:04:05"))
		row("", "→ %s", status.Trouble.Do)
	}
	if status.Barred != nil {
		row("BARRED", "%s, since %s", status.Barred.Found, status.Barred.Since.Local().Format("2006-01-02 15:04:05"))
		row("", "→ %s", status.Barred.Do)
	}
	row("cloud", "%s", status.Line.URL)
	if hub := status.Hub; hub != nil {
		row("hub", "%s", hubSentence(*hub, status.Clock))
	}
	switch {
	case status.Cache.Trouble != "":
		row("cache", "%s", status.Cache.Trouble)
	case status.Cache.Filling != nil:
		row("cache", "%s", fillingSentence(*status.Cache.Filling, status.Holder != nil, status.Clock))
	case status.Cache.ReachedEnd.IsZero():
		row("cache", "never filled")
	default:
		row("cache", "%s of %s, complete %s", station.Counted(status.Cache.Vouchers, "voucher", "vouchers"),
			station.Counted(status.Cache.Campaigns, "campaign", "campaigns"), ago(status.Clock, status.Cache.ReachedEnd))
	}
	if status.Pending.Count == 0 {
		row("pending", "nothing; the cloud has all of %s", station.Counted(status.Pending.Head, "entry", "entries"))
	} else {
		row("pending", "%d of %s, the oldest %s", status.Pending.Count, station.Counted(status.Pending.Head, "entry", "entries"), ago(status.Clock, status.Pending.Oldest))
	}
	if leases := status.Leases; leases != nil && leases.Count > 0 {
		row("leases", "%s", leaseSentence(*leases))
	}
	if status.Printer.Target == "" {
		row("printer", "none set up; %s waiting", station.Counted(status.Printer.Queued, "slip", "slips"))
	} else {
		row("printer", "%s (%s); %s waiting, %s a yes, %s a look", status.Printer.Target, status.Printer.Profile,
			station.Counted(status.Printer.Queued, "slip", "slips"), station.Counted(status.Printer.Asking, "needs", "need"),
			station.Counted(status.Printer.Doubtful, "needs", "need"))
	}
	if status.Tight {
		row("DISK", "%d MB free on the disk of %s: a full disk records nothing, here and, where this terminal is the hub, for its store", status.Free>>20, status.Data)
		row("", "→ free some space")
	}
	row("clock", "%s", status.Clock.Sentence)
	if moved := status.Clock.Moved; moved != nil {
		row("", "%s", moved)
	}
	if status.Holder != nil {
		row("in use by", "%s (process %d) since %s", status.Holder.Program, status.Holder.PID, status.Holder.Since.Local().Format("2006-01-02 15:04:05"))
	}
	row("version", "%s", status.Version)
	_, err := io.WriteString(out, text.String())
	return err
}

// fillingSentence says how far a first fill is, and where nobody is at it, what becomes of it.
func fillingSentence(filling station.Filling, held bool, clock station.ClockStatus) string {
	line := strings.Join(strings.Fields(barLine(filling.Progress())), " ")
	if !held {
		return fmt.Sprintf("%s, left %s: the counter goes on with it when it is started", line, ago(clock, filling.At))
	}
	return fmt.Sprintf("%s, %s", line, ago(clock, filling.At))
}

// leaseSentence says what of each offer is reserved to the terminal, and when the first of it ends.
func leaseSentence(leases station.LeaseStatus) string {
	var parts []string
	for _, of := range leases.Offers {
		part := of.Campaign + " " + station.Counted(of.Units, "use", "uses")
		switch {
		case of.Amount != nil:
			part = of.Campaign + " " + of.Amount.String()
		case of.Limit:
			part += " of its limit"
		}
		parts = append(parts, part)
	}
	return fmt.Sprintf("reserved to this terminal: %s; the first until %s", strings.Join(parts, ", "), leases.Expires.Local().Format("2006-01-02 15:04"))
}

// hubSentence says which terminal is the store's hub, and how it was when it was last heard.
func hubSentence(hub station.HubStatus, clock station.ClockStatus) string {
	name := hub.Terminal
	if hub.Here {
		name += ", this terminal"
	}
	switch {
	case hub.Filling != nil:
		return fmt.Sprintf("%s (term %d), not ready yet: %s, %s", name, hub.Term, strings.Join(strings.Fields(barLine(hub.Filling.Progress())), " "), ago(clock, hub.Filling.At))
	case hub.Here && hub.Awaits > 0:
		return fmt.Sprintf("%s (term %d); since it became the hub, or its record was put back to an older copy, it has not heard %s: until then its word alone counts for no more than a counter's",
			name, hub.Term, station.Counted(hub.Awaits, "counter of the store", "counters of the store"))
	case hub.Alive && hub.Awaits > 0:
		return fmt.Sprintf("%s (term %d), answers; until it has heard %d more counters of the store its word alone counts for no more than a counter's", name, hub.Term, hub.Awaits)
	case hub.Alive && hub.Online:
		return fmt.Sprintf("%s (term %d), answers; it is online", name, hub.Term)
	case hub.Alive && !hub.Told:
		return fmt.Sprintf("%s (term %d), answered %s", name, hub.Term, ago(clock, hub.Heard))
	case hub.Alive:
		return fmt.Sprintf("%s (term %d), answers alone; %d entries wait there for the cloud", name, hub.Term, hub.Pending)
	case hub.Heard.IsZero():
		return fmt.Sprintf("%s (term %d), not heard yet%s", name, hub.Term, because(hub.Trouble))
	}
	return fmt.Sprintf("%s (term %d), last answer %s%s", name, hub.Term, ago(clock, hub.Heard), because(hub.Trouble))
}

func because(trouble string) string {
	if trouble == "" {
		return ""
	}
	return ": " + trouble
}

// ago says how long ago something was, as far as a person wants to know.
func ago(clock station.ClockStatus, at time.Time) string {
	since := clock.Since(at)
	switch {
	case since < 10*time.Second:
		return "just now"
	case since < time.Minute:
		return fmt.Sprintf("%d s ago", int(since.Seconds()))
	case since < time.Hour:
		return fmt.Sprintf("%d min ago", int(since.Minutes()))
	case since < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(since.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(since.Hours()/24))
}
