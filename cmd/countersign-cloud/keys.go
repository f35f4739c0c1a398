package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"countersign/sync/api"
	"countersign/sync/cloud"
)

func newKeys(g *globals) *cobra.Command {
	keys := &cobra.Command{
		Use:   "keys",
		Short: "List, rotate, retire and revoke the keys that sign tokens",
		Long: "The keys that sign a merchant's tokens. Terminals learn of each change with the next sync; one that is offline goes by what it\n" +
			"knew last. What a retired key signed in its time stays good; under a revoked key nothing is honoured.",
		Example: "  countersign-cloud keys list\n  countersign-cloud keys rotate --after 24h\n  countersign-cloud keys revoke k1a2b3c4d",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	keys.AddCommand(newKeysList(g), newKeysRotate(g), newKeysRotateAnswers(g),
		newKeysEnd(g, "retire", "End a key: what it signed until now stays good", api.KeyRetired),
		newKeysEnd(g, "revoke", "Withdraw a key that may be in other hands: nothing that it signed is honoured any more", api.KeyRevoked))
	for _, cmd := range keys.Commands() {
		cmd.Args = usageArgs(cmd.Args)
	}
	return keys
}

func newKeysList(g *globals) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the keys, the newest first",
		Example: "  countersign-cloud keys list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.with(func(s cloud.Office) error {
				reports, err := g.keys(cmd.Context(), s)
				if err != nil {
					return err
				}
				if asJSON {
					return g.printJSON(reports)
				}
				return g.keyTable(reports)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (g *globals) keys(ctx context.Context, s cloud.Office) ([]cloud.KeyReport, error) {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return nil, err
	}
	reports := []cloud.KeyReport{}
	for _, merchant := range merchants {
		some, err := s.KeyReports(ctx, merchant.ID)
		if err != nil {
			return nil, err
		}
		reports = append(reports, some...)
	}
	return reports, nil
}

func (g *globals) keyTable(reports []cloud.KeyReport) error {
	table := tabwriter.NewWriter(g.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tMERCHANT\tSTATE\tFROM\tUNTIL")
	for _, r := range reports {
		state, until := string(r.State), "-"
		if r.Signs {
			state += ", signs"
		}
		if r.Until != nil {
			until = r.Until.Local().Format(stamp)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Merchant, state, r.From.Local().Format(stamp), until)
	}
	return table.Flush()
}

func newKeysRotate(g *globals) *cobra.Command {
	var after time.Duration
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new key and retire the one that signs now",
		Long: "Makes a new key and retires the one that signs now. A terminal has to hear of a key before it honours what it signs: with\n" +
			"--after the old key goes on signing until every terminal had the time.",
		Example: "  countersign-cloud keys rotate --after 24h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if after < 0 {
				return usage("--after cannot be negative")
			}
			return g.with(func(s cloud.Office) error {
				merchants, err := g.merchants(cmd.Context(), s)
				if err != nil {
					return err
				}
				for _, merchant := range merchants {
					key, err := s.RotateKey(cmd.Context(), merchant.ID, after)
					if err != nil {
						return err
					}
					fmt.Fprintf(g.out, "key %s signs tokens of %s from %s on\n", key.ID, merchant.ID, key.From.Local().Format(stamp))
				}
				return nil
			})
		},
	}
	cmd.Flags().DurationVar(&after, "after", 0, "from when on the new key signs, such as 24h; at once where it is left out")
	return cmd
}

func newKeysRotateAnswers(g *globals) *cobra.Command {
	var after time.Duration
	cmd := &cobra.Command{
		Use:   "rotate-answers",
		Short: "Make a new key that signs what the cloud answers",
		Long: "Makes a new key that signs what the cloud answers to terminals, of all merchants. Terminals that are on hear of it at once and\n" +
			"follow without a gap; one that is off fetches it when it comes back. The key before is over when the new one begins.",
		Example: "  countersign-cloud keys rotate-answers --after 24h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if g.url != "" {
				return usage("this key is made on the cloud's own machine: leave --url out")
			}
			if after < cloud.RotateLead {
				return usage("--after is at least %s: every process of the cloud has to have the key by then", cloud.RotateLead)
			}
			return g.here(func(s cloud.Storage) error {
				now := time.Now().UTC()
				key, err := s.RotateFeedKey(cmd.Context(), now.Add(after), now)
				if err == nil {
					_, err = fmt.Fprintf(g.out, "key %s signs answers from %s on\n", key.ID, key.From.Local().Format(stamp))
				}
				return err
			})
		},
	}
	cmd.Flags().DurationVar(&after, "after", 24*time.Hour, "from when on the new key signs")
	return cmd
}

func newKeysEnd(g *globals, name, short string, state api.TrustedKeyState) *cobra.Command {
	return &cobra.Command{
		Use:     name + " KEY",
		Short:   short,
		Example: "  countersign-cloud keys " + name + " k1a2b3c4d",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.with(func(s cloud.Office) error { return g.endKey(cmd.Context(), s, args[0], state) })
		},
	}
}

func (g *globals) endKey(ctx context.Context, s cloud.Office, kid string, state api.TrustedKeyState) error {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return err
	}
	for _, merchant := range merchants {
		changed, err := s.EndKey(ctx, merchant.ID, kid, state)
		if errors.Is(err, cloud.ErrUnknown) {
			continue
		}
		if err != nil {
			return err
		}
		if !changed {
			_, err = fmt.Fprintf(g.out, "nothing changed: key %s of %s was ended before\n", kid, merchant.ID)
			return err
		}
		_, err = fmt.Fprintf(g.out, "key %s of %s is %s\n", kid, merchant.ID, state)
		return err
	}
	return usage("there is no key %q: see countersign-cloud keys list", kid)
}
