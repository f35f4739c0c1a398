package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
)

func (a *app) syncCommand() *cobra.Command {
	var wait time.Duration
	command := &cobra.Command{
		Use:     "sync",
		Short:   "Push what is pending and pull what is new, once; through the counter that is running, if there is one",
		Example: "  countersignctl sync --wait 30s",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			if wait < 0 {
				return usage(fmt.Errorf("--wait has to be a time such as 30s or 5m, and not %s", wait))
			}
			ctx := command.Context()
			d, err := a.openDesk(ctx)
			if err != nil {
				return err
			}
			defer d.close()
			synced := d.Sync(ctx, wait)
			status, err := d.reader.Status(ctx)
			if err != nil {
				return err
			}
			if a.json {
				err = writeJSON(a.out, status)
			} else if synced == nil {
				_, err = fmt.Fprintf(a.out, "synced: the cloud has everything, %s; %s here\n", counted(status.Pending.Head, "entry", "entries"),
					counted(status.Cache.Vouchers, "voucher", "vouchers"))
			}
			if err != nil {
				return err
			}
			if synced != nil {
				return notSynced(d.reader.Folder(), status, synced)
			}
			return nil
		},
	}
	command.Flags().DurationVar(&wait, "wait", 0, "go on trying for so long")
	return a.withJSON(command)
}

// notSynced says why the cloud does not have everything, and what to do about it.
func notSynced(folder string, status station.Status, why error) error {
	if status.Trouble != nil {
		return &failure{exitFailed, status.Trouble.Do, why}
	}
	var unwritable *station.Unwritable
	if err := station.Blame(folder, why); errors.As(err, &unwritable) {
		return err
	}
	if status.Pending.Count > 0 {
		why = fmt.Errorf("not everything is with the cloud, pending: %d; %w", status.Pending.Count, why)
	}
	return &failure{exitFailed, "try again with --wait 30s, or see countersignctl status", why}
}
