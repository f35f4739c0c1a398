// Command countersignctl is the terminal without a window: for IT, for scripts, and for a counter that works in text. It works on the
// same data folder as the desktop, with the same journal, cache and rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"countersign/assets/translations"
	"countersign/cmd/internal/manual"
	"countersign/cmd/internal/station"
	"countersign/cmd/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its surroundings as arguments.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	a := &app{in: in, out: out}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	return report(errs, root.ExecuteContext(ctx))
}

// app is what all commands share: the global flags and where to write.
type app struct {
	folder   string
	config   string
	language string
	json     bool

	printerSaid bool             // what ails the printer was said already
	now         func() time.Time // what "today" is, where that is another time than now; nil is now

	in  io.Reader
	out io.Writer
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "countersignctl",
		Short:         "The Countersign terminal without a window",
		Version:       version.String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.language != "" && !translations.Speaks(a.language) {
				return usage(fmt.Errorf("--language is one of %s, not %q", strings.Join(translations.Languages, ", "), a.language))
			}
			return nil
		},
		Example: "  countersignctl join 'countersign://cloud.example/#CODE'\n  countersignctl redeem 7K3M-Q9TX-4B2H-Q",
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.folder, "data", os.Getenv("COUNTERSIGN_DATA"), "the data folder (COUNTERSIGN_DATA)")
	flags.StringVar(&a.config, "config", os.Getenv("COUNTERSIGN_CONFIG"), "the configuration file (COUNTERSIGN_CONFIG)")
	flags.StringVar(&a.language, "language", "", "of the sentences: en, zh-Hans, de, es (default: the store's)")
	root.SetFlagErrorFunc(misused)
	root.AddCommand(
		a.joinCommand(), a.statusCommand(), a.checkCommand(), a.redeemCommand(), a.reverseCommand(), a.counterCommand(),
		a.syncCommand(), a.reportCommand(), a.closeDayCommand(), a.exceptionsCommand(), a.journalCommand(),
		a.previewCommand(), a.queueCommand(), a.reprintCommand(), a.printTestCommand(), a.printersCommand(), a.scannerCommand(),
		a.doctorCommand(), a.backupCommand(), a.restoreCommand(), a.configCommand(), a.demoCommand(),
		a.bundleCommand(), a.provisionCommand(), manual.Command(manualSections...),
	)
	return root
}

// settings says where the terminal is and what it was told about itself.
func (a *app) stationConfig() station.Config {
	return station.Config{Folder: a.folder, ConfigFile: a.config, Program: "countersignctl", Version: version.String(), Language: a.language}
}

// withJSON adds the flag --json to a command that prints facts.
func (a *app) withJSON(command *cobra.Command) *cobra.Command {
	command.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return command
}

// exactly refuses another number of arguments as a mistake in usage.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// atLeast refuses fewer arguments as a mistake in usage.
func atLeast(n int) cobra.PositionalArgs { return between(n, math.MaxInt) }

// between refuses fewer or more arguments, and shows what belongs there.
func between(least, most int) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return misused(command, fmt.Errorf("something is missing after %s: countersignctl %s", command.CommandPath(), shape(command)))
		case len(args) > most:
			return misused(command, fmt.Errorf("%q is too much: countersignctl %s", args[most], shape(command)))
		}
		return nil
	}
}

// shape is how a command is called, without the program's name.
func shape(command *cobra.Command) string {
	_, line, _ := strings.Cut(command.CommandPath(), " ")
	if _, places, some := strings.Cut(command.Use, " "); some {
		line += " " + places
	}
	return line
}

// misused says what is wrong with how a command was called, in words rather than those of the library that reads numbers and durations.
func misused(command *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		flag := invalid.GetFlag()
		wanted := map[string]string{"duration": "a duration such as 30s or 5m", "int": "a number", "int64": "a number", "bool": "true or false"}[flag.Value.Type()]
		if wanted != "" {
			err = fmt.Errorf("--%s takes %s, not %q", flag.Name, wanted, invalid.GetValue())
		}
	}
	return &failure{exitUsage, "see " + command.CommandPath() + " --help", err}
}
