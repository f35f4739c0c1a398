package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"countersign/cmd/internal/station"
	cloudsync "countersign/sync"
)

func (a *app) joinCommand() *cobra.Command {
	var name, file string
	command := &cobra.Command{
		Use:   "join [CODE]",
		Short: "Make this computer a terminal of a store",
		Long: "Makes this computer a terminal of a store, by a join code or by a file with one. A file can be a list for many computers: one " +
			"code a line, of which each computer takes one that is free, or COMPUTER,CODE a line, of which each takes its own.",
		Example: "  countersignctl join 'countersign://cloud.example/#CODE.HASH'\n  countersignctl join --file codes.csv",
		Args:    between(0, 1),
		RunE: func(command *cobra.Command, args []string) error {
			if (len(args) == 0) == (file == "") {
				return misused(command, errors.New("a join code is needed, or --file with one"))
			}
			ctx := command.Context()
			config := a.stationConfig()
			config.Progress = progressBar(a.out)
			var s *station.Station
			var err error
			if file != "" {
				s, err = station.JoinByFile(ctx, config, file, name)
			} else {
				s, err = station.Join(ctx, config, args[0], name)
			}
			if err != nil {
				return err
			}
			defer s.Close()
			status, err := s.Status(ctx)
			if err != nil {
				return err
			}
			if a.json {
				return writeJSON(a.out, status)
			}
			fmt.Fprintf(a.out, "joined: this is %s in %s (%s)\n", status.Terminal, status.StoreName, status.MerchantName)
			if status.Cache.ReachedEnd.IsZero() {
				fmt.Fprintln(a.out, "not ready for offline yet: the first fill is not complete; run countersignctl sync --wait 5m")
				return ended(exitFailed)
			}
			if status.Trouble != nil {
				return &failure{exitFailed, status.Trouble.Do, errors.New(status.Trouble.Cause)}
			}
			missing, err := s.NotReady(ctx)
			if err != nil {
				return err
			}
			if len(missing) > 0 {
				fmt.Fprintf(a.out, "not ready for offline: %s; countersignctl doctor says what to do\n", strings.Join(missing, ", "))
				return ended(exitFailed)
			}
			fmt.Fprintf(a.out, "ready for offline: %s of %s\n", several(status.Cache.Vouchers, "voucher"), several(status.Cache.Campaigns, "campaign"))
			return nil
		},
	}
	command.Flags().StringVar(&file, "file", "", "a file with a join code, or with a list of them")
	command.Flags().StringVar(&name, "name", "", "of the terminal, where the join code does not name it: counter-2")
	return a.withJSON(command)
}

// progressBar draws the first fill on a terminal, in one line. Where nobody watches it says nothing.
func progressBar(out io.Writer) func(cloudsync.Progress) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	last := ""
	return func(p cloudsync.Progress) {
		line := barLine(p)
		if line == last { // each step is told, and a slow console is slower than the fill
			return
		}
		last = line
		fmt.Fprint(out, "\r"+line+"\x1b[K")
		if p.Stage == cloudsync.FillStoring && p.Done >= p.Total {
			fmt.Fprintln(out)
		}
	}
}

// barLine is one state of the bar: "first fill 2/3 loading    [########------------]  42 %".
func barLine(p cloudsync.Progress) string {
	const width = 20
	stages := map[cloudsync.FillStage]string{
		cloudsync.FillMaking: "first fill 1/3 the cloud prepares", cloudsync.FillLoading: "first fill 2/3 loading", cloudsync.FillStoring: "first fill 3/3 storing",
	}
	share := 1.0
	if p.Total > 0 {
		share = min(1, float64(p.Done)/float64(p.Total))
	}
	full := int(share * width)
	return fmt.Sprintf("%-34s [%s%s] %3d %%", stages[p.Stage], strings.Repeat("#", full), strings.Repeat("-", width-full), int(share*100))
}

// several counts things: "1 voucher", "2 vouchers".
func several(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
