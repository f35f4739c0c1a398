package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"countersign/assets/fonts"
	"countersign/sync/cloud"
	"countersign/sync/cloud/catalogue"
	"countersign/terminal"
)

func newApply(g *globals) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "apply -f FILE",
		Short:   "Make merchant, stores, operators and campaigns what a TOML file says",
		Example: "  countersign-cloud apply -f catalogue.toml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usage("which file? countersign-cloud apply -f FILE")
			}
			wanted, err := catalogue.ReadFile(file)
			var faults *catalogue.Error
			if errors.As(err, &faults) {
				return usage("nothing was applied, since the catalogue cannot be used:\n%w", err)
			}
			if errors.As(err, new(*fs.PathError)) {
				return usage("%s", unreadable(file, err))
			}
			if err != nil {
				return usage("%w", err)
			}
			return g.with(func(s cloud.Office) error {
				changes, err := s.Apply(cmd.Context(), wanted)
				if err != nil {
					return fmt.Errorf("nothing was applied: %w", err)
				}
				if err := g.warnOfLetters(wanted); err != nil {
					return err
				}
				return g.tellChanges(changes, asJSON)
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the catalogue")
	cmd.Flags().BoolVar(&asJSON, "json", false, "say what changed as JSON")
	return cmd
}

// warnOfLetters names what the catalogue calls by letters that neither a screen nor a slip can show: a cashier would read question marks.
func (g *globals) warnOfLetters(c cloud.Catalogue) error {
	type named struct{ what, text string }
	names := []named{{"merchant " + c.Merchant.ID, c.Merchant.Name}}
	for _, store := range c.Stores {
		names = append(names, named{"store " + store.ID, store.Name + strings.Join(store.Address, "")})
	}
	for _, operator := range c.Operators {
		names = append(names, named{"operator " + operator.ID, operator.Name})
	}
	for _, campaign := range c.Campaigns {
		for _, texts := range []terminal.Text{campaign.Name, campaign.Terms} {
			for _, language := range slices.Sorted(maps.Keys(texts)) {
				names = append(names, named{"campaign " + campaign.ID + " in " + language, texts[language]})
			}
		}
	}
	for _, name := range names {
		lacking, err := fonts.Lacks(strings.Join(strings.Fields(name.text), ""))
		if err != nil {
			return err
		}
		if len(lacking) > 0 {
			fmt.Fprintf(g.err, "note: %s has letters that neither the counter's screen nor a slip can show: %s. Use others, or cashiers will read question marks.\n",
				name.what, string(lacking))
		}
	}
	return nil
}

func (g *globals) tellChanges(changes []cloud.Change, asJSON bool) error {
	if asJSON {
		if changes == nil {
			changes = []cloud.Change{}
		}
		return g.printJSON(changes)
	}
	for _, change := range changes {
		fmt.Fprintf(g.out, "%s %s %s\n", change.What, change.ID, change.Action)
	}
	if len(changes) == 0 {
		fmt.Fprintln(g.out, "nothing changed")
	}
	return nil
}

func newPause(g *globals) *cobra.Command {
	return pauseCommand(g, "pause", "Decline a campaign's vouchers until it is resumed", true)
}

func newResume(g *globals) *cobra.Command {
	return pauseCommand(g, "resume", "Honour a paused campaign's vouchers again", false)
}

func pauseCommand(g *globals, name, short string, paused bool) *cobra.Command {
	var stores []string
	cmd := &cobra.Command{
		Use:     name + " CAMPAIGN",
		Short:   short,
		Example: "  countersign-cloud " + name + " dinner-for-two\n  countersign-cloud " + name + " dinner-for-two --store quay",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.with(func(s cloud.Office) error {
				merchant, campaign, err := g.campaign(cmd.Context(), s, args[0])
				if err != nil {
					return err
				}
				for _, store := range stores {
					if _, _, err := g.store(cmd.Context(), s, store); err != nil {
						return err
					}
				}
				changed, err := s.Pause(cmd.Context(), merchant.ID, campaign.ID, stores, paused)
				if err != nil {
					return err
				}
				verb := map[bool]string{true: "paused", false: "live"}[paused]
				if !changed {
					verb += " already"
				}
				_, err = fmt.Fprintf(g.out, "campaign %s is %s\n", campaign.ID, verb)
				return err
			})
		},
	}
	cmd.Flags().StringSliceVar(&stores, "store", nil, "in these stores only")
	return cmd
}
