package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"countersign/assets/translations"
	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

func newRedemptions(g *globals) *cobra.Command {
	var day, store, name, format string
	cmd := &cobra.Command{
		Use:   "redemptions",
		Short: "List every redemption and reversal with assurance and verdict",
		Long: "Lists what was redeemed and taken back. \"left behind\" is what stands on another line of a terminal's journal than the one that goes on:\n" +
			"the journal was copied or restored, and the terminal's own report does not have it. It counts all the same. \"on the other line\" is the same\n" +
			"while it is not settled yet which line goes on; exceptions says of both which they are.",
		Example: "  countersign-cloud redemptions --day 2026-11-21 --store quay --terminal counter-2 --format csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter := cloud.RedemptionFilter{Store: store}
			if day != "" {
				var err error
				if filter.Day, err = terminal.ParseDate(day); err != nil {
					return usage("--day: %w", err)
				}
			}
			if format != "table" && format != "json" && format != "csv" {
				return usage("--format cannot be %q: table, json and csv are formats", format)
			}
			return g.with(func(s cloud.Office) error { return g.redemptions(cmd.Context(), s, filter, name, format) })
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "business day, such as 2026-11-21")
	cmd.Flags().StringVar(&store, "store", "", "id of a store")
	cmd.Flags().StringVar(&name, "terminal", "", "name of a terminal, such as counter-2 or quay/counter-2")
	cmd.Flags().StringVar(&format, "format", "table", "table, json or csv")
	return cmd
}

func (g *globals) redemptions(ctx context.Context, s cloud.Office, filter cloud.RedemptionFilter, name, format string) error {
	if filter.Store != "" {
		if _, _, err := g.store(ctx, s, filter.Store); err != nil {
			return err
		}
	}
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return err
	}
	all := []cloud.Redemption{}
	for _, merchant := range merchants {
		filter.Merchant = merchant.ID
		zones, err := zonesOf(ctx, s, merchant.ID)
		if err != nil {
			return err
		}
		excused, err := excusedLines(ctx, s, merchant.ID)
		if err != nil {
			return err
		}
		err = s.Redemptions(ctx, filter, func(r cloud.Redemption) error {
			if name != "" && r.Terminal != name && r.Store+"/"+r.Terminal != name {
				return nil
			}
			r.At, r.ReceivedAt, r.Excused = zones.in(r.Store, r.At), zones.in(r.Store, r.ReceivedAt), excused[r.UID]
			all = append(all, r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if name != "" && len(all) == 0 {
		if err := g.mustBeTerminal(ctx, s, name); err != nil {
			return err
		}
	}
	switch format {
	case "json":
		return g.printJSON(listed(all))
	case "csv":
		return redemptionCSV(g.out, all)
	}
	return redemptionTable(g.out, all)
}

// mustBeTerminal refuses the name of a terminal that there is not: an empty list of it would read as if it had redeemed nothing.
func (g *globals) mustBeTerminal(ctx context.Context, s cloud.Office, name string) error {
	reports, err := g.terminals(ctx, s)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if r.Name == name || r.Store+"/"+r.Name == name {
			return nil
		}
	}
	return usage("there is no terminal %q: see countersign-cloud terminals", name)
}

// excusedLines are the redemptions whose overruns were all paid off: by a reversal, or by a hold that stood in their way and came to nothing.
func excusedLines(ctx context.Context, s cloud.Office, merchant string) (map[terminal.UID]bool, error) {
	all, err := s.Exceptions(ctx, merchant, false)
	if err != nil {
		return nil, err
	}
	excused, open := map[terminal.UID]bool{}, map[terminal.UID]bool{}
	for _, x := range all {
		if x.Kind != api.ExceptionOverrun || len(x.Uses) == 0 {
			continue
		}
		uid := x.Uses[len(x.Uses)-1].Uid // its own use comes last
		if excused[uid] = x.State == api.ExceptionClosed; !excused[uid] {
			open[uid] = true
		}
	}
	for uid := range open {
		delete(excused, uid)
	}
	return excused, nil
}

// listing is a redemption with its first line beside it: most have one, and a script need not look further.
type listing struct {
	cloud.Redemption
	Voucher  *terminal.VoucherID `json:"voucher,omitempty"`
	Campaign string              `json:"campaign,omitempty"`
	Units    int64               `json:"units"`
}

func listed(all []cloud.Redemption) []listing {
	out := make([]listing, len(all))
	for i, r := range all {
		out[i].Redemption = r
		if len(r.Lines) > 0 {
			out[i].Voucher, out[i].Campaign, out[i].Units = &r.Lines[0].Voucher, r.Lines[0].Campaign, r.Lines[0].Units
		}
	}
	return out
}

var redemptionColumns = []string{"uid", "kind", "reverses", "business_day", "at", "received_at", "store", "terminal", "receipt", "operator", "approver",
	"assurance", "verdict", "voucher", "campaign", "part", "units", "amount", "discount", "price", "value", "currency", "accepted", "overrun",
	"revoked", "invalid", "reversed", "note", "excused", "left_behind", "other_line"}

// redemptionCSV writes one row for each line: a bill with several vouchers has several.
func redemptionCSV(into io.Writer, all []cloud.Redemption) error {
	out := csv.NewWriter(into)
	if err := out.Write(redemptionColumns); err != nil {
		return err
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, r := range all {
		reverses := ""
		if r.Reverses != nil {
			reverses = r.Reverses.String()
		}
		for _, l := range r.Lines {
			err := out.Write([]string{r.UID.String(), r.Kind.String(), reverses, r.BusinessDay.String(), r.At.Format(time.RFC3339),
				r.ReceivedAt.Format(time.RFC3339), r.Store, r.Terminal, r.Receipt.String(), inert(r.Operator), inert(r.Approver), string(r.Assurance), string(ownVerdict(r, l)),
				l.Voucher.String(), inert(l.Campaign), inert(l.Part), number(l.Units), decimal(l.Amount), decimal(l.Discount), decimal(l.Price), decimal(l.Value),
				currency(l.Amount, l.Discount, l.Price, l.Value), number(l.Accepted), number(l.Overrun), number(l.Revoked), number(l.Invalid),
				number(l.Reversed), inert(r.Note), strconv.FormatBool(r.Excused), strconv.FormatBool(r.LeftBehind), strconv.FormatBool(r.OtherLine)})
			if err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func decimal(m *terminal.Money) string {
	if m == nil {
		return ""
	}
	return m.Decimal()
}

func currency(amounts ...*terminal.Money) string {
	for _, m := range amounts {
		if m != nil {
			return m.Currency
		}
	}
	return ""
}

func redemptionTable(into io.Writer, all []cloud.Redemption) error {
	table := tabwriter.NewWriter(into, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "AT\tSTORE\tTERMINAL\tRECEIPT\tKIND\tVOUCHER\tCAMPAIGN\tUNITS\tPAID\tWORTH\tOPERATOR\tASSURANCE\tVERDICT")
	for _, r := range all {
		for _, l := range r.Lines {
			worth, units, sign := l.Value, l.Units, int64(1)
			if worth == nil {
				worth = l.Amount
			}
			if r.Kind == terminal.EntryReverse {
				units, sign = -units, -1
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", r.At.Format(stamp), r.Store, r.Terminal, r.Receipt, r.Kind,
				l.Voucher, l.Campaign, units, signed(l.Price, sign), signed(worth, sign), r.Operator, r.Assurance, verdictOf(r, l))
		}
	}
	return table.Flush()
}

// signed is an amount as the slip shows it; negative where it was given back.
func signed(m *terminal.Money, sign int64) string {
	if m == nil {
		return ""
	}
	return terminal.Money{Minor: sign * m.Minor, Currency: m.Currency}.String()
}

// verdictOf is the verdict, which stays what it was, and that nothing is owed for it any more.
func verdictOf(r cloud.Redemption, line cloud.RedemptionLine) string {
	verdict := ownVerdict(r, line)
	said := string(verdict)
	if verdict != terminal.Accepted && line.Accepted > 0 { // part of a balance, or of a pass
		said = fmt.Sprintf("%s %d of %d", verdict, line.Units-line.Accepted, line.Units)
	}
	if r.Excused && verdict == terminal.Overrun {
		said += ", excused"
	}
	if r.LeftBehind {
		said += ", left behind"
	}
	if r.OtherLine {
		said += ", on the other line"
	}
	return said
}

// ownVerdict is the verdict on one line of a redemption: others of its bill may have another.
func ownVerdict(r cloud.Redemption, line cloud.RedemptionLine) terminal.Verdict {
	if line.Accepted+line.Overrun+line.Revoked+line.Invalid == 0 {
		return r.Verdict
	}
	return cloud.Overall([]terminal.LineVerdict{{Accepted: line.Accepted, Overrun: line.Overrun, Revoked: line.Revoked, Invalid: line.Invalid}})
}

func newExceptions(g *globals) *cobra.Command {
	var asJSON, closed bool
	var language string
	cmd := &cobra.Command{
		Use:     "exceptions",
		Short:   "List what a manager must look at: overruns, forks, invalid entries",
		Example: "  countersign-cloud exceptions --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.with(func(s cloud.Office) error {
				merchants, err := g.merchants(cmd.Context(), s)
				if err != nil {
					return err
				}
				all, places := []api.Exception{}, zones{}
				for _, merchant := range merchants {
					zones, err := zonesOf(cmd.Context(), s, merchant.ID)
					if err != nil {
						return err
					}
					maps.Copy(places, zones)
					some, err := s.Exceptions(cmd.Context(), merchant.ID, !closed)
					if err != nil {
						return err
					}
					for _, x := range some {
						for i, use := range x.Uses {
							x.Uses[i].At = zones.in(use.Store, use.At)
						}
						all = append(all, x)
					}
				}
				if asJSON {
					return g.printJSON(all)
				}
				return exceptionTable(g.out, all, places, translations.For(language, nil))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&closed, "all", false, "also those that are closed")
	cmd.Flags().StringVar(&language, "language", "en", "of the sentences: en, zh-Hans, de, es")
	return cmd
}

func exceptionTable(into io.Writer, all []api.Exception, places zones, words terminal.Words) error {
	table := tabwriter.NewWriter(into, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tOPENED\tKIND\tSTATE\tVOUCHER\tUNITS\tPAID OFF\tAT RISK\tUSES")
	var told []terminal.Exception
	for _, x := range all {
		voucher, risk, story, store := "", "", "", ""
		if x.Store != nil {
			store = *x.Store
		}
		if len(x.Uses) > 0 {
			store = x.Uses[len(x.Uses)-1].Store // whose use it is about
		}
		if x.Voucher != nil {
			voucher = x.Voucher.String()
		}
		if x.AtRisk != nil {
			risk = x.AtRisk.String()
		}
		for i, use := range x.Uses {
			if i > 0 && use.At.Before(x.Uses[i-1].At) { // they stand as they came to the cloud
				story += "; heard after that: "
			} else if i > 0 {
				story += "; then "
			}
			story += fmt.Sprintf("%s %s/%s %s", use.At.Format(stamp), use.Store, use.Terminal, use.Assurance)
			if use.Operator != nil {
				story += " by " + *use.Operator
			}
		}
		out := cloudsync.ExceptionOf(x)
		if x.Limit != nil {
			story += fmt.Sprintf("; used %d, and %d per %s are allowed", x.Limit.Used, x.Limit.Count, x.Limit.Per)
		}
		if title, cost, do := out.Told(words); title != "" {
			story = strings.TrimSpace(story + " " + strings.TrimSpace(title+". "+cost) + " → " + do)
		} else if x.Note != nil {
			story = strings.TrimSpace(story + " " + *x.Note)
		}
		if x.History != nil && len(*x.History) > 1 {
			for _, event := range *x.History {
				story += fmt.Sprintf("; %s %s", places.at(store, event.At), event.Said(words))
			}
		}
		if x.Machines != nil {
			for _, m := range *x.Machines {
				story += fmt.Sprintf("; --machine %s since %s, last heard %s", m.Id, places.at(store, m.Since), places.at(store, m.Seen))
			}
		}
		if also := out.SeeAlso(words); also != "" {
			story += "; " + also
		}
		units, paid := strconv.FormatInt(x.Units, 10), strconv.FormatInt(x.Paid, 10)
		if currency := out.Currency(); currency != "" {
			units, paid = terminal.Money{Minor: x.Units, Currency: currency}.String(), terminal.Money{Minor: x.Paid, Currency: currency}.String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.Id, places.at(store, x.OpenedAt), x.Kind, x.State, voucher, units, paid, risk, story)
		told = append(told, out)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, amount := range terminal.ValueAtRisk(told) {
		if _, err := fmt.Fprintln(into, words.Say("exception.total", map[string]any{"amount": amount})); err != nil {
			return err
		}
	}
	return nil
}
