package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
)

func (a *app) bundleCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "support-bundle FILE.zip",
		Short:   "Put together what support needs: checks, settings, logs; no codes, no PINs, no keys",
		Example: "  countersignctl support-bundle till-3.zip",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			file, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if errors.Is(err, os.ErrExist) {
				return &failure{exitUsage, "choose another name", fmt.Errorf("%s is there already", args[0])}
			}
			if err != nil {
				return &failure{exitCannot, "choose a folder that this account may write to", fmt.Errorf("the bundle cannot be written: %w", err)}
			}
			held, err := station.SupportBundle(command.Context(), a.stationConfig(), file)
			if err = errors.Join(err, file.Close()); err != nil {
				return errors.Join(fmt.Errorf("the bundle cannot be written: %w", err), os.Remove(args[0]))
			}
			fmt.Fprintf(a.out, "%s holds no codes, no PINs, no keys, no journal and no vouchers. It holds:\n", args[0])
			for _, line := range held {
				fmt.Fprintln(a.out, "  "+line)
			}
			return nil
		},
	}
}
