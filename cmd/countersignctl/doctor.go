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
		Use:   "doctor",
		Short: "Check everything and say what to do about what is wrong",
		Long: "Checks the computer, the data folder, the terminal in it, the line to the cloud and the devices, and says last whether the terminal " +
			"is ready for offline. The exit status is 0 where no check fails, and 1 where one does. With --json each check is {\"name\", \"ok\", " +
			"\"found\", \"do\"}, with the same names in every language; a check that is ok and has a \"do\" gives advice.",
		Example: "  countersignctl doctor\n  countersignctl doctor --json",
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
		switch {
		case !check.OK:
			mark = "FAIL"
		case check.Do != "":
			mark = "note"
		}
		fmt.Fprintf(&text, "%s  %-11s %s\n", mark, check.Name, check.Found)
		if check.Do != "" {
			fmt.Fprintf(&text, "                  → %s\n", check.Do)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (a *app) configCommand() *cobra.Command {
	var sample bool
	command := &cobra.Command{
		Use:   "config",
		Short: "Print each setting and where it came from, or a commented sample",
		Long: "Prints each setting and the layer it came from: a default, the configuration file, the environment, or the policy that IT " +
			"manages. The later of these wins. A value that cannot be is named below them with what can, and the exit status is then 2; with " +
			"--json it is in \"amiss\", as doctor has it.",
		Example: "  countersignctl config --sample > countersign.toml",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			if sample {
				_, err := io.WriteString(a.out, station.SampleConfig)
				return err
			}
			return a.printConfig()
		},
	}
	command.Flags().BoolVar(&sample, "sample", false, "print a commented sample")
	return a.withJSON(command)
}

// effective is what config prints with --json.
type effective struct {
	Data     string          `json:"data"`
	Logs     string          `json:"logs"`
	File     string          `json:"file,omitempty"`
	Settings []station.Value `json:"settings"`
	Amiss    []station.Check `json:"amiss,omitempty"`
}

func (a *app) printConfig() error {
	config := a.stationConfig()
	folder := station.FolderOf(config)
	layers, err := station.ReadLayers(config.ConfigFile, folder)
	if err != nil {
		return &failure{exitUsage, "correct what it names, then try again", err}
	}
	amiss := layers.Amiss(a.language)
	if a.json {
		err = writeJSON(a.out, effective{folder, station.LogFolder(folder), layers.File, layers.Values(), amiss})
	} else {
		err = a.writeConfig(folder, layers, amiss)
	}
	// One that doctor lets pass is a slip in the configuration all the same, unless it is a stray variable, which is perhaps another's.
	if err == nil && layers.Wrong() {
		return ended(exitUsage)
	}
	return err
}

func (a *app) writeConfig(folder string, layers station.Layers, amiss []station.Check) error {
	var text strings.Builder
	line := func(key, value, from string) { fmt.Fprintf(&text, "%-8s = %-40s # %s\n", key, value, from) }
	line("data", strconv.Quote(folder), "--data, COUNTERSIGN_DATA or this system's place")
	for _, value := range layers.Values() {
		shown := ""
		switch v := value.Value.(type) {
		case string:
			shown = strconv.Quote(v)
		case []string:
			shown = "[" + quoted(v) + "]"
		default:
			shown = fmt.Sprint(v)
		}
		line(value.Key, shown, strings.TrimSuffix(string(value.From)+": "+value.Place, ": "))
	}
	if _, err := io.WriteString(a.out, text.String()); err != nil {
		return err
	}
	return writeChecks(a.out, amiss)
}

// quoted writes a list of texts as TOML does.
func quoted(texts []string) string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = strconv.Quote(text)
	}
	return strings.Join(out, ", ")
}
