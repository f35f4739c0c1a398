package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

// countMost is the most vouchers that one issue makes.
const countMost = 1_000_000

type issuing struct {
	*globals
	count                                     int
	token                                     bool
	out, qr, store                            string
	holder, customer, order, amount           string
	units                                     int64
	validFrom, validUntil, from, until, lines string
	party                                     int
}

func newIssue(g *globals) *cobra.Command {
	i := &issuing{globals: g}
	cmd := &cobra.Command{
		Use:   "issue CAMPAIGN",
		Short: "Issue vouchers",
		Long: "Issues vouchers of a campaign. Their codes are written once, to --out or to standard output, and are nowhere else.\n" +
			"What is said by flags holds for each of them. Where a cloud elsewhere (--url) stores vouchers and its answer is lost, nobody has their\n" +
			"codes: they can never be shown, and count as issued; issue as many again.",
		Example: "  countersign-cloud issue dinner-for-two --count 100 --out vouchers.csv\n  countersign-cloud issue gift-card --amount 50.00 --holder \"M. Chen\" --qr cards",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch flags := cmd.Flags(); {
			case flags.Changed("units") && (i.units < 1 || i.units > terminal.UnitsMost):
				return usage("--units has to be between 1 and %d; leave it out for the campaign's", terminal.UnitsMost)
			case flags.Changed("expires") && flags.Changed("valid-until"):
				return usage("--expires and --valid-until are the same: say one of them")
			}
			return g.with(func(s cloud.Office) error { return i.run(cmd.Context(), s, args[0]) })
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&i.count, "count", 1, "how many")
	flags.BoolVar(&i.token, "token", false, "as signed tokens, which terminals honour that were offline when they were issued; holder, customer and order are not in them")
	flags.StringVar(&i.out, "out", "", "CSV file to write; standard output where it is left out")
	flags.StringVar(&i.qr, "qr", "", "folder for a QR code of each voucher, VOUCHER.png")
	flags.StringVar(&i.holder, "holder", "", "short display name, up to 60 letters")
	flags.StringVar(&i.customer, "customer", "", "opaque customer id")
	flags.StringVar(&i.order, "order", "", "order that the vouchers belong to")
	flags.StringVar(&i.amount, "amount", "", "of a balance, such as 50.00; the campaign's value where it is left out")
	flags.Int64Var(&i.units, "units", 0, "of a pass: the voucher's own, which may be more or fewer than the campaign's; the campaign's where it is left out")
	flags.StringVar(&i.validFrom, "valid-from", "", "date or time from which it is valid")
	flags.StringVar(&i.validUntil, "valid-until", "", "date or time until which it is valid")
	flags.StringVar(&i.validUntil, "expires", "", "the same as --valid-until")
	flags.StringVar(&i.store, "store", "", "the only store where it is valid")
	flags.StringVar(&i.from, "slot-from", "", "of a booking: its beginning")
	flags.StringVar(&i.until, "slot-until", "", "of a booking: its end")
	flags.IntVar(&i.party, "party", 0, "of a booking: how many people")
	flags.StringVar(&i.lines, "lines", "", `of a pickup: what is there to collect, "Bread x 2; Milk"`)
	return cmd
}

func (i *issuing) run(ctx context.Context, s cloud.Office, id string) error {
	if i.count < 1 || i.count > countMost {
		return usage("--count has to be between 1 and %d", countMost)
	}
	merchant, campaign, err := i.campaign(ctx, s, id)
	if err != nil {
		return err
	}
	facts, err := i.facts(ctx, s, merchant.ID, campaign)
	if err != nil {
		return usage("%w", err)
	}
	if err := i.checkDates(facts, time.Now()); err != nil {
		return err
	}
	i.warn(campaign, facts)
	if err := i.freshOut(); err != nil {
		return err
	}
	if _, err := cloud.Draft(campaign, facts, time.Now()); err != nil {
		return usage("%w", err)
	}
	// The codes are safe in a file before anything is stored: a voucher whose code nobody has is worth nothing. The file gets its name when
	// all is stored: a list of codes that the cloud does not know would be sold.
	kept, written := 0, error(nil)
	err = s.Issue(ctx, cloud.IssueOrder{Merchant: merchant.ID, Campaign: campaign.ID, Facts: facts, Count: i.count, Token: i.token}, func(vouchers []cloud.Issued) error {
		kept, written = len(vouchers), i.write(vouchers)
		return written
	})
	switch {
	case written != nil && i.url == "":
		return cannot("nothing was issued: %w", written)
	case errors.Is(err, cloud.ErrInvalid):
		return usage("%w", err)
	case err != nil && kept > 0:
		return fmt.Errorf("the vouchers could not all be stored, so that some of the codes are unknown%s: %w", i.unfinishedHint(), err)
	case err != nil:
		return err
	}
	return i.finish(kept, campaign.ID)
}

// checkDates refuses vouchers that are never valid, and warns of those that are not any more.
func (i *issuing) checkDates(facts cloud.Facts, now time.Time) error {
	if cloud.EndsBeforeItBegins(facts.ValidFrom, facts.ValidUntil) {
		return usage("--valid-until %s is before --valid-from %s: the vouchers could never be used", i.validUntil, i.validFrom)
	}
	// A time without an offset is each store's own: only where it has passed everywhere on earth is it over for all of them.
	past := facts.ValidUntil != nil && facts.ValidUntil.Latest(time.FixedZone("", -12*60*60)).Before(now)
	if past || (facts.Slot != nil && facts.Slot.Until.Before(now)) {
		fmt.Fprintln(i.err, "warning: what these vouchers are valid for has passed already, and no counter will honour them")
	}
	return nil
}

// warn says what of the vouchers is easily meant otherwise.
func (i *issuing) warn(campaign terminal.Campaign, facts cloud.Facts) {
	if facts.Units > campaign.Units && campaign.Units > 0 {
		fmt.Fprintf(i.err, "warning: a voucher of %s has %d uses, and these get %d\n", campaign.ID, campaign.Units, facts.Units)
	}
	var dropped []string
	for name, value := range map[string]string{"holder": facts.Holder, "customer": facts.Customer, "order": facts.Order} {
		if i.token && value != "" {
			dropped = append(dropped, name)
		}
	}
	slices.Sort(dropped)
	if len(dropped) > 0 {
		fmt.Fprintf(i.err, "warning: a token does not carry the %s: counters know it only once they have the voucher from the cloud\n", strings.Join(dropped, " and the "))
	}
}

// freshOut refuses a file that exists: the codes in it may be nowhere else.
func (i *issuing) freshOut() error {
	if i.out == "" {
		return nil
	}
	for _, path := range []string{i.out, i.unfinished()} {
		if _, err := os.Lstat(path); err == nil {
			return usage("%s exists already, and the codes in it may be nowhere else: choose another name with --out, or move it away", path)
		}
	}
	return nil
}

// unfinished is what the file of codes is called until the cloud knows all of them.
func (i *issuing) unfinished() string { return i.out + ".unfinished" }

func (i *issuing) unfinishedHint() string {
	if i.out == "" {
		return ""
	}
	return " (all that were made are in " + i.unfinished() + ")"
}

// finish gives the file of codes its name and says what was issued.
func (i *issuing) finish(count int, campaign string) error {
	if i.out == "" {
		return nil
	}
	// A link does not replace what somebody else put there meanwhile, as renaming would; not every disk has links.
	if err := os.Link(i.unfinished(), i.out); errors.Is(err, os.ErrExist) {
		return cannot("all were issued, but %s was made meanwhile: their codes are in %s", i.out, i.unfinished())
	} else if err == nil {
		err = os.Remove(i.unfinished())
		if err != nil {
			return err
		}
	} else if err := os.Rename(i.unfinished(), i.out); err != nil {
		return cannot("all were issued, and their codes are in %s: %w", i.unfinished(), err)
	}
	_, err := fmt.Fprintf(i.streams.out, "issued %s of %s to %s\n", counted(count, "voucher"), campaign, i.out)
	return err
}

// zone is the time zone of the store that the vouchers are for, or of all stores of their campaign; nil where those are in several.
func (i *issuing) zone(ctx context.Context, s cloud.Office, merchant string, campaign terminal.Campaign) (*time.Location, error) {
	if i.store != "" {
		campaign.Rules.Stores = []string{i.store}
	}
	return cloud.CampaignZone(ctx, s, merchant, campaign)
}

func (i *issuing) facts(ctx context.Context, s cloud.Office, merchant string, campaign terminal.Campaign) (facts cloud.Facts, err error) {
	facts = cloud.Facts{Order: i.order, Customer: i.customer, Holder: i.holder, Units: i.units}
	if i.amount != "" {
		amount, err := cloud.ParseAmount(i.amount, campaign.Currency)
		if err != nil {
			return facts, fmt.Errorf("--amount: %w", err)
		}
		facts.Amount = &amount
	}
	if facts.ValidFrom, err = cloud.ParseMoment(i.validFrom, "00:00:00"); err != nil {
		return facts, fmt.Errorf("--valid-from: %w", err)
	}
	if facts.ValidUntil, err = cloud.ParseMoment(i.validUntil, "23:59:59"); err != nil {
		return facts, fmt.Errorf("--valid-until: %w", err)
	}
	if facts.Store = i.store; i.store != "" {
		if _, _, err := i.globals.store(ctx, s, i.store); err != nil {
			return facts, err
		}
	}
	zone, err := i.zone(ctx, s, merchant, campaign)
	if err != nil {
		return facts, err
	}
	party := ""
	if i.party != 0 {
		party = strconv.Itoa(i.party)
	}
	if i.party != 0 && campaign.Kind != terminal.KindBooking {
		return facts, fmt.Errorf("only a booking has a party, and %s is a %s", campaign.ID, campaign.Kind)
	}
	if facts.Slot, err = cloud.ParseSlot(i.from, i.until, party, zone); err != nil {
		return facts, err
	}
	facts.Lines, err = cloud.ParseLines(i.lines)
	return facts, err
}

// write writes the codes: to standard output, or to the file that will get the name of --out.
func (i *issuing) write(vouchers []cloud.Issued) error {
	if i.qr != "" {
		if err := writeQRs(i.qr, vouchers); err != nil {
			return err
		}
	}
	if i.out == "" {
		return writeCSV(i.streams.out, vouchers)
	}
	file, err := os.OpenFile(i.unfinished(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(writeCSV(file, vouchers), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(i.unfinished()))
	}
	return nil
}

func writeCSV(into io.Writer, vouchers []cloud.Issued) error {
	out := csv.NewWriter(into)
	rows := [][]string{{"voucher", "code", "campaign", "units", "holder", "customer", "order"}}
	for _, issued := range vouchers {
		v := issued.Voucher
		rows = append(rows, []string{v.ID.String(), token.Display(issued.Code), v.Campaign, strconv.FormatInt(v.Units, 10), inert(v.Holder),
			inert(v.Customer), inert(v.Order)})
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("the codes cannot be written: %w", err)
	}
	return nil
}

func writeQRs(folder string, vouchers []cloud.Issued) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, issued := range vouchers {
		path := filepath.Join(folder, issued.Voucher.ID.String()+".png")
		size := 320
		if issued.Token {
			size = -8 // pixels of a module: a token has many, and each must be as wide as its neighbour
		}
		if err := qrcode.WriteFile(issued.Code, qrcode.Medium, size, path); err != nil {
			return fmt.Errorf("the QR code %s cannot be written: %w", path, err)
		}
	}
	return nil
}

func newImport(g *globals) *cobra.Command {
	var names, ignored []string
	var skip bool
	cmd := &cobra.Command{
		Use:   "import CAMPAIGN FILE.csv",
		Short: "Take over codes of another platform",
		Long: "Takes over vouchers from a CSV file with a header line. Columns: " + strings.Join(cloud.ImportColumns, ", ") + "; only code is needed.\n" +
			"CAMPAIGN is that of the rows that name none in a column campaign.\n" +
			"A column with another name is renamed by --map or left out by --ignore; else the file is refused, so that nothing is lost unnoticed.\n" +
			"Where a row is bad nothing is taken, unless --skip-bad.",
		Example: "  countersign-cloud import dinner-for-two deals.csv --map \"Coupon No=code\" --map Name=holder --ignore Remarks",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			mapped := map[string]string{}
			for _, pair := range names {
				theirs, ours, ok := strings.Cut(pair, "=")
				if !ok {
					return usage("--map %q: it looks like THEIRS=OURS", pair)
				}
				mapped[theirs] = ours
			}
			for _, column := range ignored {
				if _, both := mapped[column]; both {
					return usage("the column %q cannot be both renamed and left out: say either --map or --ignore", column)
				}
				mapped[column] = cloud.Ignored
			}
			return g.with(func(s cloud.Office) error { return g.importFile(cmd.Context(), s, args[0], args[1], mapped, skip) })
		},
	}
	cmd.Flags().StringArrayVar(&names, "map", nil, "THEIRS=OURS: the file's name of a column and ours")
	cmd.Flags().StringArrayVar(&ignored, "ignore", nil, "a column of the file that is not taken over")
	cmd.Flags().BoolVar(&skip, "skip-bad", false, "take the good rows all the same")
	return cmd
}

func (g *globals) importFile(ctx context.Context, s cloud.Office, id, path string, names map[string]string, skip bool) error {
	merchant, campaign, err := g.campaign(ctx, s, id)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return usage("%s", unreadable(path, err))
	}
	defer file.Close()
	done, err := s.Import(ctx, merchant.ID, campaign.ID, file, names, skip)
	if errors.Is(err, cloud.ErrInvalid) {
		return usage("%s: %s", path, strings.TrimPrefix(err.Error(), cloud.ErrInvalid.Error()+": "))
	}
	if err != nil {
		return err
	}
	stored, bad := done.Stored, done.Bad
	slices.SortStableFunc(bad, func(a, b cloud.RowError) int { return a.Line - b.Line })
	for _, row := range bad {
		fmt.Fprintf(g.err, "%s:%d: %s\n", path, row.Line, row.What)
	}
	if len(bad) > 0 && !skip {
		return fmt.Errorf("nothing was imported, since %s cannot be taken: mend what is said above, or leave it out with --skip-bad", counted(len(bad), "row"))
	}
	_, err = fmt.Fprintf(g.out, "imported %s of %s, skipped %d\n", counted(stored, "voucher"), done.Of(campaign.ID), len(bad))
	return err
}

func newRevoke(g *globals) *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use:     "revoke VOUCHER...",
		Short:   "Withdraw vouchers",
		Example: "  countersign-cloud revoke v00b1e5c0ffee0001\n  countersign-cloud revoke --state refunded v00b1e5c0ffee0001",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted := terminal.VoucherState(state)
			switch wanted {
			case terminal.VoucherRevoked, terminal.VoucherRefunded, terminal.VoucherDisabled, terminal.VoucherActive:
			default:
				return usage("--state cannot be %q: revoked, refunded, disabled and active are states", state)
			}
			ids := make([]terminal.VoucherID, len(args))
			for i, text := range args {
				if err := ids[i].UnmarshalText([]byte(text)); err != nil {
					return usage("%w: it is the first column of what issue wrote", err)
				}
			}
			return g.with(func(s cloud.Office) error { return g.withdraw(cmd.Context(), s, ids, wanted) })
		},
	}
	cmd.Flags().StringVar(&state, "state", string(terminal.VoucherRevoked), "revoked, refunded, disabled, or active to bring it back")
	return cmd
}

func (g *globals) withdraw(ctx context.Context, s cloud.Office, ids []terminal.VoucherID, state terminal.VoucherState) error {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return err
	}
	for _, merchant := range merchants {
		changed, err := s.SetVoucherState(ctx, merchant.ID, ids, state, time.Now().UTC())
		if errors.Is(err, cloud.ErrUnknown) && len(merchants) > 1 {
			continue
		}
		if errors.Is(err, cloud.ErrUnknown) {
			return usage("nothing was changed: %w", err)
		}
		if err != nil {
			return err
		}
		switch {
		case len(ids) > 1:
			fmt.Fprintf(g.out, "%d vouchers are %s, %d of them were already\n", len(ids), state, len(ids)-changed)
		case changed == 0:
			fmt.Fprintf(g.out, "1 voucher is %s already\n", state)
		default:
			fmt.Fprintf(g.out, "1 voucher is %s\n", state)
		}
		return g.tellUsed(ctx, s, merchant.ID, ids, state)
	}
	return usage("nothing was changed: no merchant has all of these vouchers")
}

// tellUsed says which of the vouchers that were withdrawn were used before: withdrawing takes nothing back.
func (g *globals) tellUsed(ctx context.Context, s cloud.Office, merchant string, ids []terminal.VoucherID, state terminal.VoucherState) error {
	if state == terminal.VoucherActive {
		return nil
	}
	zones, err := zonesOf(ctx, s, merchant)
	if err != nil {
		return err
	}
	uses := map[terminal.VoucherID][]string{}
	err = s.Redemptions(ctx, cloud.RedemptionFilter{Merchant: merchant}, func(r cloud.Redemption) error {
		if r.Kind != terminal.EntryRedeem {
			return nil
		}
		for _, line := range r.Lines {
			if line.Units > line.Reversed && slices.Contains(ids, line.Voucher) {
				uses[line.Voucher] = append(uses[line.Voucher], fmt.Sprintf("%s at %s/%s", zones.at(r.Store, r.At), r.Store, r.Terminal))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if used := uses[id]; len(used) > 0 {
			fmt.Fprintf(g.out, "voucher %s was used before: %s; that stands until it is reversed there\n", id, strings.Join(used, ", "))
			uses[id] = nil
		}
	}
	return nil
}
