package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/escpos"
	"countersign/terminal/printer"
)

// printersFacts is what printers --json prints.
type printersFacts struct {
	Printer  *printerFacts  `json:"printer,omitempty"` // the one that is set up
	Ports    []portFacts    `json:"ports"`
	Profiles []profileFacts `json:"profiles"`
}

type printerFacts struct {
	Target string        `json:"target"`
	State  printer.State `json:"state"`
	Paper  printer.Paper `json:"paper"`
	Cover  printer.Cover `json:"cover"`
	Fault  string        `json:"fault,omitempty"`
	Says   string        `json:"says"`
	Do     string        `json:"do,omitempty"`
	Held   bool          `json:"held"` // a program that is running has it, and was asked
}

type portFacts struct {
	Target string `json:"target"`
	Path   string `json:"path"`
	Name   string `json:"name,omitempty"`
}

type profileFacts struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Columns int    `json:"columns"`
	Baud    int    `json:"baud"` // of a serial one, as it leaves the factory
}

func (a *app) printersCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "printers",
		Short:   "Say how the printer is, list the ports that may have one, and the printers that are known",
		Example: "  countersignctl printers",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			facts := printersFacts{Ports: []portFacts{}, Profiles: []profileFacts{}}
			err := a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				facts.Printer = a.lookAtPrinter(ctx, reader)
				return nil
			})
			// What is plugged in is of interest before the terminal has joined too.
			if err != nil && !errors.Is(err, terminal.ErrNotJoined) {
				return err
			}
			ports, err := printer.Discover()
			if err != nil {
				return err
			}
			profiles, err := station.Profiles()
			if err != nil {
				return err
			}
			facts.list(ports, profiles)
			if a.json {
				return writeJSON(a.out, facts)
			}
			return facts.write(a.out)
		},
	})
}

func (a *app) lookAtPrinter(ctx context.Context, reader *station.Reader) *printerFacts {
	status, held := reader.LookAtPrinter(ctx)
	says, do := station.SayPrinter(reader.Words(ctx, a.language), status)
	if held && status.State == "" {
		status.State = printer.StateBusy
		says, do = "A terminal that is running has it; its status bar says how it is.", ""
	}
	return &printerFacts{status.Target, status.State, status.Paper, status.Cover, status.Fault, says, do, held}
}

func (f *printersFacts) list(ports []printer.Found, profiles []escpos.Profile) {
	for _, found := range ports {
		f.Ports = append(f.Ports, portFacts{found.Target, found.Path, found.Name})
	}
	for _, known := range profiles {
		f.Profiles = append(f.Profiles, profileFacts{known.ID, known.Name, known.Columns, known.Serial.Baud})
	}
}

func (f *printersFacts) write(out io.Writer) error {
	if p := f.Printer; p != nil {
		if _, err := fmt.Fprintf(out, "%s  %s %s\n\n", p.Target, p.Says, p.Do); err != nil {
			return err
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PORT (printer =)\twhere\twhat")
	for _, found := range f.Ports {
		fmt.Fprintf(table, "%s\t%s\t%s\n", found.Target, found.Path, found.Name)
	}
	fmt.Fprintln(table, "\nKIND (profile =)\tcolumns\tbaud\twhat")
	for _, known := range f.Profiles {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", known.ID, known.Columns, known.Baud, known.Name)
	}
	return table.Flush()
}
