package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"countersign/sync/cloud"
)

func newToken(g *globals) *cobra.Command {
	token := &cobra.Command{
		Use:   "token",
		Short: "Make, list and end the tokens that let commands and systems in from elsewhere",
		Long: "Admin tokens. Whoever has one can do over the network what these commands do: with --url, or by the API that the cloud describes\n" +
			"at /api. A token is shown once and kept as a hash. Tokens are made and ended on the cloud's own machine, or on its database.",
		Example: "  countersign-cloud token create shop-system\n  countersign-cloud token list\n  countersign-cloud token end shop-system",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	token.AddCommand(newTokenCreate(g), newTokenList(g), newTokenEnd(g))
	for _, cmd := range token.Commands() {
		cmd.Args = usageArgs(cmd.Args)
	}
	return token
}

// local opens the database for a command that does not work from elsewhere.
func (g *globals) local(do func(s cloud.Storage) error) error {
	if g.url != "" {
		return usage("tokens are made and ended on the cloud's own machine: leave --url out")
	}
	return g.here(do)
}

func newTokenCreate(g *globals) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a token and show it, this once",
		Long:    "Makes a token and shows it on standard output, this once. With --merchant it is for that merchant alone.",
		Example: "  countersign-cloud token create shop-system > token\n  countersign-cloud token create shop-system --merchant lakeside",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" || len(args[0]) > 64 {
				return usage("a token's name has between 1 and 64 letters")
			}
			return g.local(func(s cloud.Storage) error {
				made := cloud.AdminToken{Name: args[0], CreatedAt: time.Now().UTC()}
				if g.merchant != "" {
					if _, err := g.merchants(cmd.Context(), cloud.NewOffice(s)); err != nil {
						return err
					}
					made.Merchant = g.merchant
				}
				secret, hash := cloud.NewAdminToken()
				err := s.NewAdminToken(cmd.Context(), made, hash)
				if errors.Is(err, cloud.ErrNameTaken) {
					return usage("there is a token %q already: choose another name, or end that one first", made.Name)
				}
				if err != nil {
					return err
				}
				if asJSON {
					return g.printJSON(struct {
						cloud.AdminToken
						Token string `json:"token"`
					}{made, secret})
				}
				_, err = fmt.Fprintln(g.out, secret)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func newTokenList(g *globals) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens, not what they are",
		Example: "  countersign-cloud token list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.local(func(s cloud.Storage) error {
				all, err := s.AdminTokens(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return g.printJSON(append([]cloud.AdminToken{}, all...))
				}
				table := tabwriter.NewWriter(g.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NAME\tMERCHANT\tMADE\tENDED")
				for _, one := range all {
					merchant, ended := one.Merchant, "-"
					if merchant == "" {
						merchant = "all"
					}
					if one.EndedAt != nil {
						ended = one.EndedAt.Local().Format(stamp)
					}
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", inert(one.Name), merchant, one.CreatedAt.Local().Format(stamp), ended)
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func newTokenEnd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "end NAME",
		Short:   "End a token: whoever has it is let in no more",
		Example: "  countersign-cloud token end shop-system",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.local(func(s cloud.Storage) error {
				err := s.EndAdminToken(cmd.Context(), args[0], time.Now().UTC())
				if errors.Is(err, cloud.ErrUnknown) {
					return usage("there is no token %q: see countersign-cloud token list", args[0])
				}
				if err == nil {
					_, err = fmt.Fprintf(g.out, "token %s is ended\n", args[0])
				}
				return err
			})
		},
	}
}
