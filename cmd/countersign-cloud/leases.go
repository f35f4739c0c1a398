package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"countersign/sync/cloud"
)

func newLeases(g *globals) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "leases",
		Short: "List what is reserved to terminals",
		Long: "List what is reserved to terminals, so that they can honour it without a line. Nobody else gets it until the terminal has given it back, also\n" +
			"after its expiry, and of one that was restored from a backup, which does not know what it had spent, never: see write-off.",
		Example: "  countersign-cloud leases --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.with(func(s cloud.Office) error { return g.leases(cmd.Context(), s, asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (g *globals) leases(ctx context.Context, s cloud.Office, asJSON bool) error {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return err
	}
	all := []cloud.LeaseReport{}
	for _, merchant := range merchants {
		leases, err := s.Leases(ctx, merchant.ID)
		if err != nil {
			return err
		}
		all = append(all, leases...)
	}
	if asJSON {
		return g.printJSON(all)
	}
	table := tabwriter.NewWriter(g.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTORE\tTERMINAL\tCAMPAIGN\tOF\tDAY\tUNITS\tSPENT\tEXPIRES")
	for _, l := range all {
		of := "limit per day"
		if l.Voucher != 0 {
			of = l.Voucher.String()
			if l.Part != "" {
				of += " " + l.Part
			}
		}
		expires := l.ExpiresAt.Local().Format(stamp)
		if l.ExpiresAt.Before(time.Now()) {
			expires += " (past)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", l.ID, l.Store, l.Terminal, l.Campaign, of, l.Day, l.Units, l.Spent, expires)
	}
	return table.Flush()
}

func newWriteOff(g *globals) *cobra.Command {
	var anyway bool
	cmd := &cobra.Command{
		Use:   "write-off ID",
		Short: "Give back what a terminal that will not be heard again has reserved",
		Long: "Give everybody what a lost terminal has not spent of a lease. What it honoured under it all the same counts when it arrives: if others have\n" +
			"used the units meanwhile, that is an overrun.\n\n" +
			"A terminal that was heard within the last two minutes has to be suspended first, or gives the lease back by itself, within a minute, when its voucher\n" +
			"is scanned at another counter. With --anyway the lease is written off all the same: the terminal hears of it with the next that it hears, and would ask\n" +
			"for another one.",
		Example: "  countersign-cloud write-off lX7QK2M4NPR8TVWZ3",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.with(func(s cloud.Office) error { return g.writeOff(cmd.Context(), s, args[0], anyway) })
		},
	}
	cmd.Flags().BoolVar(&anyway, "anyway", false, "also where its terminal was heard just now")
	return cmd
}

func (g *globals) writeOff(ctx context.Context, s cloud.Office, id string, anyway bool) error {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return err
	}
	for _, merchant := range merchants {
		err := s.WriteOffLease(ctx, merchant.ID, id, anyway, time.Now())
		if used := (*cloud.LeaseInUse)(nil); errors.As(err, &used) {
			return cannot("%w: scan its voucher at another counter, and %s gives it\n"+
				"back within a minute if it does not need it; or suspend it first with countersign-cloud suspend %s/%s. To write it off all the same, add --anyway",
				err, used.Lease.Terminal, used.Lease.Store, used.Lease.Terminal)
		}
		if errors.Is(err, cloud.ErrUnknown) {
			continue
		}
		if err == nil {
			_, err = fmt.Fprintf(g.out, "%s is written off: what was not spent of it is free.\n", id)
		}
		return err
	}
	return usage("there is no open lease %q: see countersign-cloud leases", id)
}
