package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	cloudsync "countersign/sync"
)

func (a *app) syncCommand() *cobra.Command {
	var wait time.Duration
	command := &cobra.Command{
		Use:     "sync",
		Short:   "Push what is pending and pull what is new, once",
		Example: "  countersignctl sync --wait 30s",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			s, err := station.Open(ctx, a.stationConfig())
			if err != nil {
				return err
			}
			defer s.Close()
			synced := syncWithin(ctx, s, wait)
			status, err := s.Status(ctx)
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
				return notSynced(s.Folder(), status, synced)
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

// syncWithin tries until it has worked or the time is up, and returns what went wrong last.
func syncWithin(ctx context.Context, s *station.Station, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	var backoff cloudsync.Backoff
	for {
		err := s.Pump.Once(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		var refused *cloudsync.Refusal
		pause := min(backoff.Next(0), 2*time.Second)
		if time.Now().Add(pause).After(deadline) || (errors.As(err, &refused) && refused.Status < 500) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
