package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"countersign/sync/cloud"
)

type inviting struct {
	*globals
	terminal, qr, public string
	names                string // file with the computers' names
	count                int
	life                 time.Duration
	asJSON               bool
}

func newInvite(g *globals) *cobra.Command {
	i := &inviting{globals: g}
	cmd := &cobra.Command{
		Use:   "invite STORE",
		Short: "Make one-time join codes for terminals",
		Long: "Makes one-time join codes, one a line. With --names they come as COMPUTER,CODE for the computers named in a file, one a line: " +
			"the list for countersignctl join --file, of which each computer takes its own.",
		Example: "  countersign-cloud invite quay --terminal counter-1\n  countersign-cloud invite quay --count 40 --json\n" +
			"  countersign-cloud invite quay --names computers.txt --valid 72h > codes.csv",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.with(func(s cloud.Office) error { return i.run(cmd.Context(), s, args[0]) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&i.terminal, "terminal", "", "name of the terminal; numbered where it is left out")
	flags.IntVar(&i.count, "count", 1, "how many")
	flags.StringVar(&i.names, "names", "", "file with the names of the computers, one a line")
	flags.StringVar(&i.qr, "qr", "", "PNG file for the QR code; several are numbered")
	flags.DurationVar(&i.life, "valid", 24*time.Hour, "how long a code can be used")
	flags.StringVar(&i.public, "public-url", "", "what terminals call, where serve has not run yet on this data folder")
	flags.BoolVar(&i.asJSON, "json", false, "as JSON")
	return cmd
}

func (i *inviting) run(ctx context.Context, s cloud.Office, storeID string) error {
	computers, err := i.computers()
	if err != nil {
		return err
	}
	switch {
	case i.count < 1 || i.count > 10000:
		return usage("--count has to be between 1 and 10000")
	case i.terminal != "" && i.count > 1:
		return usage("one name is for one terminal: leave --terminal or --count out")
	case i.terminal != "" && !cloud.GoodTerminalName(i.terminal):
		return usage("%q cannot be a terminal's name: small letters, digits and hyphens make one", i.terminal)
	case i.life <= 0:
		return usage("--valid has to be a time span such as 24h")
	}
	merchant, store, err := i.store(ctx, s, storeID)
	if err != nil {
		return err
	}
	if i.public != "" && i.url != "" {
		return usage("--public-url is for the cloud's own machine: what terminals of %s call is what its serve was told", i.url)
	}
	made, err := s.InviteTerminals(ctx, cloud.InviteOrder{Merchant: merchant.ID, Store: store.ID, Terminal: i.terminal, Count: i.count, Life: i.life, PublicURL: i.public})
	if errors.Is(err, cloud.ErrNoPublicURL) {
		return cannot("%w", err)
	}
	if errors.Is(err, cloud.ErrNameTaken) {
		return usage("store %s has a terminal %s already: choose another name, or suspend that one first", store.ID, i.terminal)
	}
	if err != nil {
		return err
	}
	for n, one := range made {
		if err := i.writeQR(one.Code, n); err != nil {
			return cannot("the QR code cannot be written: %w", err)
		}
	}
	if i.asJSON {
		return i.printJSON(made)
	}
	for n, one := range made {
		if computers != nil {
			fmt.Fprint(i.out, computers[n], ",")
		}
		fmt.Fprintln(i.out, one.Code)
	}
	return nil
}

// computers reads the names of the computers that codes are for, and counts them; nil where none are named.
func (i *inviting) computers() ([]string, error) {
	if i.names == "" {
		return nil, nil
	}
	if i.count != 1 || i.terminal != "" || i.asJSON {
		return nil, usage("--names makes a list with a code for each computer: leave --count, --terminal and --json out")
	}
	text, err := os.ReadFile(i.names)
	if err != nil {
		return nil, usage("the names cannot be read: %w", err)
	}
	var computers []string
	listed := map[string]bool{}
	for n, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		name := strings.TrimSpace(line)
		switch {
		case name == "" || strings.HasPrefix(name, "#"):
			continue
		case strings.ContainsAny(name, ",; \t\""):
			return nil, usage("line %d of %s is no computer's name: %s", n+1, i.names, name)
		case listed[strings.ToLower(name)]:
			return nil, usage("line %d of %s names %s a second time", n+1, i.names, name)
		}
		listed[strings.ToLower(name)] = true
		computers = append(computers, name)
	}
	if len(computers) == 0 {
		return nil, usage("there is no name in %s", i.names)
	}
	i.count = len(computers)
	return computers, nil
}

func (i *inviting) writeQR(code string, n int) error {
	if i.qr == "" {
		return nil
	}
	path := i.qr
	if i.count > 1 {
		extension := filepath.Ext(path)
		path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, extension), n+1, extension)
	}
	return qrcode.WriteFile(code, qrcode.Medium, 480, path)
}

func newTerminals(g *globals) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "terminals",
		Short: "List terminals: last seen, ready for offline, pending, version, head, anomalies",
		Long: "Lists all terminals. COMPUTER is what the PC is called, as it said last. READY is what each said last of itself: \"yes\", or the names of the " +
			"checks of its countersignctl doctor that fail; \"-\" before it said anything. One whose journal was restored or copied is not ready " +
			"(\"readmit\") until somebody has looked at what that cost, and said so with readmit. A version is marked where another terminal of the merchant runs a newer one.",
		Example: "  countersign-cloud terminals --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.with(func(s cloud.Office) error {
				reports, err := g.terminals(cmd.Context(), s)
				if err != nil {
					return err
				}
				if asJSON {
					return g.printJSON(reports)
				}
				return g.terminalTable(reports)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (g *globals) terminals(ctx context.Context, s cloud.Office) ([]cloud.TerminalReport, error) {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return nil, err
	}
	all := []cloud.TerminalReport{}
	for _, merchant := range merchants {
		reports, err := s.Terminals(ctx, merchant.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, reports...)
	}
	return all, nil
}

func (g *globals) terminalTable(reports []cloud.TerminalReport) error {
	table := tabwriter.NewWriter(g.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STORE\tTERMINAL\tCOMPUTER\tLAST SEEN\tREADY\tPENDING\tHEAD\tVERSION\tHOLDS\tANOMALIES\tSTATE")
	for _, r := range reports {
		state, seen := "live", "never"
		switch {
		case r.Suspended:
			state = "suspended"
		case r.Cloned:
			state = "copied, see exceptions"
		case r.Restored:
			state = "restored, waits for readmit"
		case r.Forked:
			state = "forked, see exceptions"
		case r.Awaited:
			state = "awaited since the restore"
		}
		if r.LastSeen != nil {
			seen = r.LastSeen.Local().Format(stamp)
		}
		version := r.Version
		if r.Outdated {
			version += " (outdated)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%d\t%d\t%s\n", r.Store, r.Name, cmp.Or(r.Computer, "-"), seen, readyWord(r), r.Pending, r.Head, version, r.Holds, r.Anomalies, state)
	}
	return table.Flush()
}

// readyWord is whether a terminal is ready for offline, as it said last.
func readyWord(r cloud.TerminalReport) string {
	switch {
	case r.Ready == nil:
		return "-"
	case *r.Ready:
		return "yes"
	case len(r.Missing) > 0:
		return "no: " + strings.Join(r.Missing, ", ")
	}
	return "no"
}

func newSuspend(g *globals) *cobra.Command {
	cmd := suspendCommand(g, "suspend", "Let a terminal honour nothing more, and free what it was about to redeem", true)
	cmd.Long = "Lets a terminal honour nothing more, and frees what it was about to redeem. Where it is the hub of its store it is none from then on: appoint another\n" +
		"one with countersign-cloud hub STORE TERMINAL. A hub that is readmitted is appointed anew in the same way."
	return cmd
}

func newReadmit(g *globals) *cobra.Command {
	cmd := suspendCommand(g, "readmit", "Let a suspended terminal work again, or say that what was told of its journal is settled", false)
	cmd.Flags().StringVar(&g.machine, "machine", "", "which of several machines with the terminal's key is the real one; exceptions names them")
	cmd.Example += "\n  countersign-cloud " + cmd.Name() + " quay/counter-1 --machine 3f9c21d0"
	return cmd
}

func suspendCommand(g *globals, name, short string, suspended bool) *cobra.Command {
	return &cobra.Command{
		Use:     name + " TERMINAL",
		Short:   short,
		Example: "  countersign-cloud " + name + " counter-1\n  countersign-cloud " + name + " quay/counter-1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.with(func(s cloud.Office) error { return g.suspend(cmd.Context(), s, args[0], suspended) })
		},
	}
}

func (g *globals) admit(ctx context.Context, s cloud.Office, r cloud.TerminalReport, suspended bool) (bool, error) {
	if suspended {
		return s.Suspend(ctx, r.Merchant, r.Store, r.Name, true)
	}
	return s.Readmit(ctx, r.Merchant, r.Store, r.Name, g.machine)
}

func (g *globals) suspend(ctx context.Context, s cloud.Office, name string, suspended bool) error {
	reports, err := g.terminals(ctx, s)
	if err != nil {
		return err
	}
	places := map[string]cloud.TerminalReport{}
	for _, r := range reports {
		if r.Name == name || r.Store+"/"+r.Name == name {
			places[r.Merchant+"/"+r.Store] = r
		}
	}
	if len(places) == 0 {
		return usage("there is no terminal %q: see countersign-cloud terminals", name)
	}
	if len(places) > 1 {
		return usage("several stores have a terminal %q: say which as STORE/%s", name, name)
	}
	for _, r := range places {
		hub, err := s.Hub(ctx, r.Merchant, r.Store)
		if err != nil && !errors.Is(err, cloud.ErrUnknown) {
			return err
		}
		changed, err := g.admit(ctx, s, r, suspended)
		if errors.Is(err, cloud.ErrWhichMachine) {
			return usage("several machines use the key of terminal %s: say which is real with --machine; countersign-cloud exceptions names them", r.Name)
		}
		if errors.Is(err, cloud.ErrUnknown) && g.machine != "" {
			return usage("terminal %s has no machine %q: countersign-cloud exceptions names them", r.Name, g.machine)
		}
		if errors.Is(err, cloud.ErrNameTaken) {
			return cannot("another terminal of store %s is called %s by now: suspend that one first", r.Store, r.Name)
		}
		if err != nil {
			return err
		}
		state := map[bool]string{true: "suspended", false: "live"}[suspended]
		if !changed {
			state += " already"
		}
		fmt.Fprintf(g.out, "terminal %s of store %s is %s\n", r.Name, r.Store, state)
		if note := cloud.HubDismissed(hub, r.Name); note != "" && suspended && changed {
			fmt.Fprintln(g.out, note)
		}
	}
	return nil
}
