package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal/scanner"
)

func (a *app) scannerCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "scanner",
		Short:   "Set scanners up that type like a keyboard",
		Example: "  countersignctl scanner calibrate",
	}
	command.AddCommand(a.calibrateCommand())
	return command
}

func (a *app) calibrateCommand() *cobra.Command {
	var picture string
	var forget bool
	command := &cobra.Command{
		Use:   "calibrate",
		Short: "Learn what this computer makes of a scanner's keys",
		Long: `Shows a code. Scan it off the screen: from what arrives, the terminal learns which keyboard the scanner and the
computer take each other for, and mends every further scan. A counter that is running takes it at its next start.`,
		Example: "  countersignctl scanner calibrate\n  countersignctl scanner calibrate --qr code.png",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			folder := station.FolderOf(a.stationConfig())
			if forget {
				return station.KeepScanner(folder, scanner.Learnt{})
			}
			code, err := qrcode.New(scanner.CalibrationText, qrcode.Low)
			if err != nil {
				return err
			}
			if picture != "" {
				if err := code.WriteFile(-8, picture); err != nil {
					return err
				}
			} else if _, err := fmt.Fprint(a.out, code.ToSmallString(false)); err != nil {
				return err
			}
			if _, err := fmt.Fprintln(a.out, "Scan this code now. If nothing happens, press Enter afterwards."); err != nil {
				return err
			}
			return a.learnScanner(folder)
		},
	}
	command.Flags().StringVar(&picture, "qr", "", "write the code to this PNG instead of showing it here")
	command.Flags().BoolVar(&forget, "forget", false, "forget what was learnt")
	return command
}

// learnScanner learns from the next line and stores it.
func (a *app) learnScanner(folder string) error {
	line, err := newLineReader(a.in).next()
	if err != nil {
		return usage(errors.New("nothing was scanned"))
	}
	layout, err := scanner.Learn(line.text)
	if err != nil {
		return &failure{exitFailed, "set the scanner to a US keyboard with the codes in its manual, then try again", err}
	}
	if err := station.KeepScanner(folder, scanner.Learnt{Layout: layout}); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return &failure{exitCannot, "run countersignctl join first, or name the folder with --data", err}
		}
		return err
	}
	said := "The scanner and this computer understand each other; nothing has to be mended."
	if len(layout.Runes) > 0 {
		said = fmt.Sprintf("Learnt (%s): every further scan is mended. Start the counter again if it is running.", layout.Name)
	}
	_, err = fmt.Fprintln(a.out, said)
	return err
}
