// Command countersign is the desktop: the window in which a cashier scans vouchers and redeems them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // Windows has no time zones of its own

	"fyne.io/fyne/v2/app"
	"github.com/spf13/cobra"

	"countersign/assets/translations"
	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/manual"
	"countersign/cmd/internal/station"
	"countersign/cmd/internal/version"
	"countersign/terminal"
	"countersign/ui/widgets"
)

func main() {
	widgets.Shade()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var options Options
	err := command(ctx, &options).ExecuteContext(ctx)
	code := report(os.Stderr, err)
	var failed *notStarted
	var undrawable *oldGraphics
	switch {
	case ctx.Err() != nil:
	case errors.As(err, &undrawable):
		undrawable.options = options
		undrawable.show()
	case errors.As(err, &failed):
		failed.show(ctx)
	}
	stop()
	os.Exit(code)
}

// command is the command line.
func command(ctx context.Context, options *Options) *cobra.Command {
	root := &cobra.Command{
		Use: "countersign", Short: "The counter, in a window", Version: version.String(),
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs, PersistentPreRunE: func(*cobra.Command, []string) error {
			err := options.check()
			if err != nil && !errors.Is(err, errUsage) { // doctor tells it to who looks from afar; where that cannot be kept, it is told here alone
				_ = station.NoteWindow(station.FolderOf(station.Config{Folder: options.Folder}), err)
			}
			return err
		},
		Example: "  countersign --theme dark\n  countersign demo",
		RunE: func(*cobra.Command, []string) error {
			config := station.Config{Folder: options.Folder, ConfigFile: options.Config, Program: "countersign", Version: version.String()}
			if crashes, err := station.KeepCrashes(config); err == nil { // where it cannot be kept, opening the folder says why
				defer crashes.Close()
			}
			broken := bypass(&config)
			opened, err := station.OpenOrJoin(ctx, config)
			if isFirstStart(config, err) {
				config.Settings = nil // read again each time: this is when it is put right
				return firstStart(ctx, *options, config, err)
			}
			if err != nil {
				return &notStarted{errors.Join(err, broken), *options}
			}
			opened.Start(ctx)
			m := New(app.NewWithID(appID), opened, *options)
			if broken != nil {
				opened.Log.Error("the configuration is left out", "error", broken.Error())
				m.unset = true
			}
			m.Run(ctx)
			return errors.Join(m.Close(), opened.Close())
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&options.Folder, "data", os.Getenv("COUNTERSIGN_DATA"), "the data folder (COUNTERSIGN_DATA)")
	flags.StringVar(&options.Config, "config", os.Getenv("COUNTERSIGN_CONFIG"), "the configuration file (COUNTERSIGN_CONFIG)")
	flags.StringVar(&options.Language, "language", "", "of the screen: en, zh-Hans, de, es (default: as chosen at the counter, else the configuration's, else the store's)")
	flags.StringVar(&options.Theme, "theme", "", "light or dark (default: as chosen at the counter, else the configuration's)")
	flags.BoolVar(&options.FullScreen, "full-screen", false, "fill the whole screen")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddCommand(demoCommand(options), manual.Command())
	return root
}

// bypass has the counter start on what the other layers say where the configuration file is broken, and returns what is wrong with it: a
// slip of the pen must not close a shop. A file that was named on the command line is not left out: whoever named it stands by.
func bypass(config *station.Config) error {
	if config.ConfigFile != "" {
		return nil
	}
	layers, err := station.ReadLayers("", station.FolderOf(*config))
	usable, unfit := layers.Usable()
	if err = errors.Join(err, unfit); err != nil {
		config.Settings = &usable
	}
	return err
}

func demoCommand(options *Options) *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "A shop on one machine: a counter, a customer's phone, a printer, and a cable to pull",
		Args: cobra.NoArgs, Example: "  countersign demo --language zh-Hans",
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			world, err := demo.Start(ctx, demo.Options{Language: options.Language, Version: version.String()})
			if err != nil {
				return &notStarted{err, *options}
			}
			m := New(app.NewWithID(appID), world.Station, *options)
			stage, err := newStage(ctx, m, world)
			if err != nil {
				return errors.Join(err, m.Close(), world.Close())
			}
			stage.show()
			m.Run(ctx)
			return errors.Join(stage.close(), m.Close(), world.Close())
		},
	}
}

var (
	errUsage     = errors.New("this cannot be asked for")
	errNoDisplay = errors.New("there is no screen to show the counter on")
)

// check refuses what the screen could not show as asked, before anything is opened.
func (o Options) check() error {
	if o.Theme != "" && o.Theme != "light" && o.Theme != "dark" {
		return fmt.Errorf("%w: --theme is light or dark, not %q", errUsage, o.Theme)
	}
	if o.Language != "" && !translations.Speaks(o.Language) {
		return fmt.Errorf("%w: --language is one of %s, not %q", errUsage, strings.Join(translations.Languages, ", "), o.Language)
	}
	return errors.Join(findDisplay(), findGraphics())
}

// report says an error as one sentence and what to do next, and returns the exit code.
func report(out io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code, hint, _ := advice(err)
	fmt.Fprintln(out, "countersign:", err)
	if hint != "" {
		fmt.Fprintln(out, "  "+hint)
	}
	return code
}

// advice is the exit code of an error, what to do about it in a terminal, and the key of the same for the screen.
func advice(err error) (code int, hint, key string) {
	var held *station.InUse
	var undrawable *oldGraphics
	switch {
	case errors.Is(err, errUsage), strings.HasPrefix(err.Error(), "unknown command"):
		return 2, "see countersign --help", "ui.not_started.other"
	case errors.As(err, &undrawable):
		return 5, "update the graphics driver; countersignctl counter does the same in text", "ui.not_started.graphics"
	case errors.Is(err, errNoDisplay):
		return 5, "start it on a desktop; without one, countersignctl counter does the same in text", "ui.not_started.other"
	case errors.Is(err, terminal.ErrNotJoined):
		return 5, "run countersignctl join with a join code, then start the counter again", "ui.not_started.join"
	case errors.As(err, &held):
		return 5, "close it first; one counter works on a data folder at a time", "ui.not_started.in_use"
	}
	return 1, "", "ui.not_started.other"
}
