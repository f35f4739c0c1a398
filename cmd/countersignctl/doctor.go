package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
)

func (a *app) doctorCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "doctor",
		Short:   "Check everything and say what to do about what is wrong",
		Example: "  countersignctl doctor",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			checks := station.Examine(command.Context(), a.stationConfig())
			if a.json {
				if err := writeJSON(a.out, checks); err != nil {
					return err
				}
			} else if err := writeChecks(a.out, checks); err != nil {
				return err
			}
			for _, check := range checks {
				if !check.OK {
					return ended(exitFailed)
				}
			}
			return nil
		},
	})
}

func writeChecks(out io.Writer, checks []station.Check) error {
	var text strings.Builder
	for _, check := range checks {
		mark := "ok  "
		if !check.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(&text, "%s  %-9s %s\n", mark, check.Name, check.Found)
		if check.Do != "" {
			fmt.Fprintf(&text, "                → %s\n", check.Do)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (a *app) configCommand() *cobra.Command {
	var sample bool
	command := &cobra.Command{
		Use:     "config",
		Short:   "Print the configuration as it is read, or a commented sample",
		Example: "  countersignctl config --sample > countersign.toml",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			if sample {
				_, err := io.WriteString(a.out, station.SampleConfig)
				return err
			}
			config := a.stationConfig()
			settings, err := station.ReadSettings(config.ConfigFile, station.FolderOf(config))
			if err != nil {
				return &failure{exitUsage, "see countersignctl config --sample", err}
			}
			_, err = fmt.Fprintf(a.out, "data     = %q\nprinter  = %q\nprofile  = %q\nhold     = %t\ndrawer   = %t\nlanguage = %q\nscanner  = [%s]\nca_file  = %q\n",
				station.FolderOf(config), settings.Printer, settings.Profile, settings.Hold, settings.Drawer, settings.Language, quoted(settings.Scanner),
				settings.CAFile)
			return err
		},
	}
	command.Flags().BoolVar(&sample, "sample", false, "print a commented sample")
	return command
}

// quoted writes a list of texts as TOML does.
func quoted(texts []string) string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = strconv.Quote(text)
	}
	return strings.Join(out, ", ")
}
