package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"countersign/sync/cloud"
)

func newWebhooks(g *globals) *cobra.Command {
	hooks := &cobra.Command{
		Use:   "webhooks",
		Short: "Tell the merchant's own systems of redemptions and exceptions",
		Long: "Webhooks: addresses that are told of what happens, by the rules of Standard Webhooks. Each event is sent at least once, signed and\n" +
			"under an id that stays the same; what was not taken is sent again for days, and then the webhook is disabled. What happens while it is disabled\n" +
			"waits for it, for up to two weeks; what waited longer is counted as given up: redemptions and exceptions list it. serve sends.\n" +
			"Events: " + strings.Join(cloud.Events, ", ") + ".",
		Example: "  countersign-cloud webhooks add https://shop.example/hooks --event exception.opened\n  countersign-cloud webhooks list",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	hooks.AddCommand(newWebhooksAdd(g), newWebhooksList(g),
		newWebhooksDo(g, "remove", "Remove a webhook with what it was still to be told", func(ctx context.Context, s cloud.Office, merchant, id string) (string, error) {
			return "webhook " + id + " is removed", s.RemoveWebhook(ctx, merchant, id)
		}),
		newWebhooksRotate(g),
		newWebhooksDo(g, "enable", "Let a disabled webhook be told again, first of what happened meanwhile", func(ctx context.Context, s cloud.Office, merchant, id string) (string, error) {
			changed, err := s.EnableWebhook(ctx, merchant, id)
			if !changed {
				return "nothing changed: webhook " + id + " is not disabled", err
			}
			if err != nil {
				return "", err
			}
			return g.toldAgain(ctx, s, merchant, id)
		}),
		newWebhooksDo(g, "test", "Have an event webhook.test sent; webhooks list shows whether it was taken", func(ctx context.Context, s cloud.Office, merchant, id string) (string, error) {
			delivery, err := s.TestWebhook(ctx, merchant, id)
			return "delivery " + delivery + " is on its way: see countersign-cloud webhooks list", err
		}))
	for _, cmd := range hooks.Commands() {
		cmd.Args = usageArgs(cmd.Args)
	}
	return hooks
}

func newWebhooksAdd(g *globals) *cobra.Command {
	var events []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "add URL",
		Short: "Add a webhook and show its secret, this once",
		Long: "Adds a webhook. Its secret is shown this once: the receiver needs it to know that the cloud calls. The URL is https and leads to a\n" +
			"public address; others are called only where serve --webhook-networks names their network.",
		Example: "  countersign-cloud webhooks add https://shop.example/hooks --event exception.opened --event exception.closed",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.with(func(s cloud.Office) error {
				merchants, err := g.merchants(cmd.Context(), s)
				if err != nil {
					return err
				}
				if len(merchants) > 1 {
					return usage("there are several merchants: say whose webhook it is with --merchant")
				}
				made, err := s.AddWebhook(cmd.Context(), merchants[0].ID, args[0], events)
				if errors.Is(err, cloud.ErrInvalid) {
					return usage("%s", strings.TrimPrefix(err.Error(), cloud.ErrInvalid.Error()+": "))
				}
				if err != nil {
					return err
				}
				if asJSON {
					return g.printJSON(made)
				}
				_, err = fmt.Fprintf(g.out, "webhook %s of %s\n%s\n", made.ID, made.Merchant, made.Secret)
				return err
			})
		},
	}
	cmd.Flags().StringArrayVar(&events, "event", nil, "event to tell of; all where it is left out")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// webhooks are those of the merchants that the command is about.
func (g *globals) webhooks(ctx context.Context, s cloud.Office) ([]cloud.Webhook, error) {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return nil, err
	}
	all := []cloud.Webhook{}
	for _, merchant := range merchants {
		some, err := s.Webhooks(ctx, merchant.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func newWebhooksList(g *globals) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the webhooks and how they do",
		Example: "  countersign-cloud webhooks list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.with(func(s cloud.Office) error {
				all, err := g.webhooks(cmd.Context(), s)
				if err != nil {
					return err
				}
				if asJSON {
					return g.printJSON(all)
				}
				return g.webhookTable(all)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (g *globals) webhookTable(all []cloud.Webhook) error {
	table := tabwriter.NewWriter(g.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WEBHOOK\tMERCHANT\tSTATE\tWAITING\tTAKEN\tGIVEN UP\tLAST TAKEN\tEVENTS\tURL")
	for _, w := range all {
		state, last, events := string(w.State), "-", "all"
		if w.State == cloud.WebhookLive && w.FailingSince != nil {
			state = "failing since " + w.FailingSince.Local().Format(stamp)
		}
		if w.LastDelivered != nil {
			last = w.LastDelivered.Local().Format(stamp)
		}
		if len(w.Events) > 0 {
			events = strings.Join(w.Events, ",")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", w.ID, w.Merchant, state, w.Waiting, w.Delivered, w.GivenUp, last, events, w.URL)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, w := range all {
		if why := w.Reason; why != "" {
			fmt.Fprintf(g.out, "%s is disabled, and what happens waits for it, for two weeks. %s. Mend that, then: countersign-cloud webhooks enable %s\n",
				w.ID, strings.TrimSuffix(why, "."), w.ID)
		} else if w.LastError != "" {
			fmt.Fprintf(g.out, "%s: %s\n", w.ID, w.LastError)
		}
	}
	return nil
}

// toldAgain says what a webhook that was enabled is told of, and what nobody told it.
func (g *globals) toldAgain(ctx context.Context, s cloud.Office, merchant, id string) (string, error) {
	said := "webhook " + id + " is told again"
	all, err := s.Webhooks(ctx, merchant)
	for _, w := range all {
		if w.ID != id {
			continue
		}
		if w.Waiting > 0 {
			said += ", first of the " + counted(int(w.Waiting), "event") + " that waited"
		}
		if w.GivenUp > 0 {
			said += fmt.Sprintf("\nIt was never told of %s: countersign-cloud redemptions and countersign-cloud exceptions list everything", counted(int(w.GivenUp), "event"))
		}
	}
	return said, err
}

func newWebhooksRotate(g *globals) *cobra.Command {
	var asJSON bool
	cmd := newWebhooksDo(g, "rotate", "Make a new secret and show it, this once; the one before signs too for a day", func(ctx context.Context, s cloud.Office, merchant, id string) (string, error) {
		secret, err := s.RotateWebhook(ctx, merchant, id)
		if err != nil || !asJSON {
			return secret, err
		}
		text, err := json.MarshalIndent(map[string]string{"id": id, "secret": secret}, "", "  ")
		return string(text), err
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// newWebhooksDo is a command about one webhook. What do returns is printed.
func newWebhooksDo(g *globals, name, short string, do func(ctx context.Context, s cloud.Office, merchant, id string) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use:     name + " WEBHOOK",
		Short:   short,
		Example: "  countersign-cloud webhooks " + name + " wh_k3v9q1m2x7ab",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.with(func(s cloud.Office) error {
				all, err := g.webhooks(cmd.Context(), s)
				if err != nil {
					return err
				}
				for _, w := range all {
					if w.ID != args[0] {
						continue
					}
					said, err := do(cmd.Context(), s, w.Merchant, w.ID)
					if errors.Is(err, cloud.ErrInvalid) {
						return cannot("%s", strings.TrimPrefix(err.Error(), cloud.ErrInvalid.Error()+": "))
					}
					if err == nil {
						_, err = fmt.Fprintln(g.out, said)
					}
					return err
				}
				return usage("there is no webhook %q: see countersign-cloud webhooks list", args[0])
			})
		},
	}
}
