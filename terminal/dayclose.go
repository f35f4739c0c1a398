package terminal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// DayBook is what a day close has to know of the journal.
type DayBook interface {
	// LastClose returns the newest day close, or ErrUnknown before the first.
	LastClose() (Entry, error)
	// Uncounted returns, in order, the redemptions, reversals and declines of the business days up to and with a date that no day
	// close has counted.
	Uncounted(through Date) ([]Entry, error)
}

// DayTotals are the figures of a day close: of everything that no earlier close has counted, so that every entry counts in exactly one.
// They are frozen, and the day is never opened again: what is honoured on it after all counts in the next close, and so does a day
// that nobody closed; Late says how much. A reversal counts on the day on which it was made.
type DayTotals struct {
	Number      uint64 // of this terminal's closes: 1, 2, 3 …
	First, Last ReceiptNumber
	Redemptions int64 // entries
	Reversals   int64
	Declines    int64
	Late        int64 // of all of these: how many belong to an earlier business day
	Assurances  []AssuranceTotal
	Campaigns   []CampaignTotal // by id
}

// Worth is what all campaigns came to at the counter, by currency, as the Z slip has it.
func (t DayTotals) Worth() []NetWorth {
	var worth []NetWorth
	for _, campaign := range t.Campaigns {
		for i, tally := range []Tally{campaign.Redeemed, campaign.Reversed} {
			if sum := tally.Worth(); sum != nil {
				_ = addWorth(&worth, *sum, i == 1) // only sums of two currencies fail, and these are of one
			}
		}
	}
	return worth
}

// AssuranceTotal is how many redemptions were made with one assurance.
type AssuranceTotal struct {
	Assurance   Assurance
	Redemptions int64
}

// CampaignTotal is what was honoured of one campaign, and what was taken back.
type CampaignTotal struct {
	Campaign string
	Kind     Kind
	Redeemed Tally
	Reversed Tally
}

// Tally adds up lines of entries.
type Tally struct {
	Lines    int64
	Units    int64
	Price    *Money // what customers paid online
	Value    *Money // what it is worth at the counter
	Amount   *Money
	Discount *Money
}

// Worth is what the lines came to at the counter: their value, else the amount that was spent, else the discount that was given, else
// what was paid for them.
func (t Tally) Worth() *Money {
	return cmp.Or(t.Value, t.Amount, t.Discount, t.Price)
}

// Why a day cannot be closed.
const (
	DayIsClosed  = "closed"   // it was closed before, or a later one was
	DayIsAhead   = "ahead"    // it has not begun
	DayNotForYou = "operator" // who asks may not
)

// DayRefused says why a day was not closed. Screens show it in words (keys day.refused.WHY).
type DayRefused struct {
	Why   string
	Day   Date  // that was to be closed
	Close Entry // the last close, where Why is DayIsClosed
}

// Error implements error.
func (r *DayRefused) Error() string {
	switch r.Why {
	case DayIsClosed:
		return fmt.Sprintf("%s is closed: close %d, slip %s, froze its figures; what is honoured now counts in the next close",
			r.Day, r.Close.Totals.Number, r.Close.Receipt)
	case DayIsAhead:
		return fmt.Sprintf("%s has not begun; close it when it is over", r.Day)
	}
	return "only a cashier or a manager closes the day; sign in as one"
}

// CloseDay closes a business day: its figures are added up, numbered, journalled with a slip, and stand for ever. A day that cannot be
// closed is a *DayRefused.
func (t *Terminal) CloseDay(ctx context.Context, day Date, operator *Operator) (Record, error) {
	at, err := t.situation(ctx, operator, nil)
	if err != nil {
		return Record{}, err
	}
	switch {
	case operator == nil && at.Settings.Store.SignIn != SignInNone && at.Settings.Store.SignIn != "",
		operator != nil && !operator.Role.Covers(RoleCashier):
		return Record{}, &DayRefused{Why: DayNotForYou, Day: day}
	case at.Day().before(day):
		return Record{}, &DayRefused{Why: DayIsAhead, Day: day}
	}
	uid := t.parts.Random.UID()
	record, err := t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		totals, err := totalsOf(ledger, day)
		if err != nil {
			return Draft{}, err
		}
		entry := at.entry(EntryDayClose, ledger)
		_, _, receipt := ledger.Next()
		entry.UID, entry.Receipt, entry.BusinessDay, entry.Totals = uid, receipt, day, &totals
		facts, err := t.closeSlip(ctx, entry, at)
		if err != nil {
			return Draft{}, err
		}
		asked := at
		if asked.Settings.Store.Print == "ask" {
			asked.Settings.Store.Print = "always" // whoever closes the day asks for its slip
		}
		draft, err := t.withSlip(Draft{Entry: entry}, facts, asked)
		if draft.Job != nil {
			draft.Job.Copies = 1
		}
		return draft, err
	})
	var refused *DayRefused
	if err != nil && !errors.As(err, &refused) {
		err = fmt.Errorf("the day could not be closed: %w", err)
	}
	return record, err
}

// closeSlip gathers what the slip of a day close says. A campaign that the cache has forgotten is called by its id.
func (t *Terminal) closeSlip(ctx context.Context, entry Entry, at Situation) (SlipFacts, error) {
	facts := SlipFacts{Kind: SlipDayClose, Settings: at.Settings, Entry: entry, Operator: at.Operators[entry.Operator],
		Campaigns: map[string]Text{}}
	for _, total := range entry.Totals.Campaigns {
		campaign, err := t.parts.Cache.Campaign(ctx, total.Campaign)
		if err != nil && !errors.Is(err, ErrUnknown) {
			return facts, err
		}
		facts.Campaigns[total.Campaign] = campaign.Name
	}
	return facts, nil
}

// totalsOf adds up what a close of a day freezes.
func totalsOf(book DayBook, day Date) (DayTotals, error) {
	totals := DayTotals{Number: 1}
	last, err := book.LastClose()
	switch {
	case errors.Is(err, ErrUnknown):
	case err != nil:
		return totals, err
	case !last.BusinessDay.before(day):
		return totals, &DayRefused{Why: DayIsClosed, Day: day, Close: last}
	case last.Totals == nil:
		return totals, fmt.Errorf("the close of %s holds no figures", last.BusinessDay)
	default:
		totals.Number = last.Totals.Number + 1
	}
	entries, err := book.Uncounted(day)
	if err != nil {
		return totals, err
	}
	for _, entry := range entries {
		if entry.BusinessDay != day {
			totals.Late++
		}
		if err := totals.add(entry); err != nil {
			return totals, err
		}
	}
	return totals, nil
}

// add counts one entry.
func (t *DayTotals) add(entry Entry) error {
	if entry.Receipt.Number != 0 {
		if t.First.Number == 0 {
			t.First = entry.Receipt
		}
		t.Last = entry.Receipt
	}
	switch entry.Kind {
	case EntryRedeem:
		t.Redemptions++
		t.assured(entry.Assurance)
	case EntryReverse:
		t.Reversals++
	case EntryDecline:
		t.Declines++
		return nil
	}
	for _, line := range entry.Lines {
		campaign := t.campaign(line)
		tally := &campaign.Redeemed
		if entry.Kind == EntryReverse {
			tally = &campaign.Reversed
		}
		if err := tally.add(line); err != nil {
			return err
		}
	}
	return nil
}

// assured counts a redemption under its assurance; they stand from the surest down.
func (t *DayTotals) assured(assurance Assurance) {
	order := []Assurance{Confirmed, ByStore, Leased, Offline}
	at, found := slices.BinarySearchFunc(t.Assurances, assurance, func(total AssuranceTotal, wanted Assurance) int {
		return cmp.Compare(slices.Index(order, total.Assurance), slices.Index(order, wanted))
	})
	if !found {
		t.Assurances = slices.Insert(t.Assurances, at, AssuranceTotal{Assurance: assurance})
	}
	t.Assurances[at].Redemptions++
}

// campaign is the total that a line counts in.
func (t *DayTotals) campaign(line EntryLine) *CampaignTotal {
	at, found := slices.BinarySearchFunc(t.Campaigns, line.Campaign, func(total CampaignTotal, wanted string) int {
		return cmp.Compare(total.Campaign, wanted)
	})
	if !found {
		t.Campaigns = slices.Insert(t.Campaigns, at, CampaignTotal{Campaign: line.Campaign, Kind: line.Kind})
	}
	return &t.Campaigns[at]
}

func (t *Tally) add(line EntryLine) error {
	t.Lines++
	t.Units = AddUnitsUpTo(t.Units, line.Units)
	for _, money := range []struct {
		sum  **Money
		more *Money
	}{{&t.Price, line.Price}, {&t.Value, line.Value}, {&t.Amount, line.Amount}, {&t.Discount, line.Discount}} {
		if money.more == nil {
			continue
		}
		sum := Money{Currency: money.more.Currency}
		if *money.sum != nil {
			sum = **money.sum
		}
		sum, err := sum.AddUpTo(*money.more)
		if err != nil {
			return err
		}
		*money.sum = &sum
	}
	return nil
}

// before reports whether a date is earlier than another.
func (d Date) before(other Date) bool {
	return cmp.Or(cmp.Compare(d.Year, other.Year), cmp.Compare(d.Month, other.Month), cmp.Compare(d.Day, other.Day)) < 0
}
