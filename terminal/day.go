package terminal

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// UnknownAssurance stands in figures for the assurance of what a reversal takes back, where the redemption is not known: another counter
// made it, or it was made on another day. No entry has it.
const UnknownAssurance Assurance = "unknown"

// Trace notes with each reversal of a day how sure the redemption was that it takes back, so that its money is taken off where it was counted.
// The redemptions that are not among the records are asked for with find, which says ErrUnknown of those it does not have; any other error
// of it ends the search.
func Trace(records []Record, find func(UID) (Record, error)) error {
	made := make(map[UID]Assurance, len(records))
	for i := range records {
		if e := &records[i].Entry; e.Kind == EntryRedeem {
			made[e.UID] = e.Assurance
		}
	}
	for i := range records {
		record := &records[i]
		if record.Entry.Kind != EntryReverse {
			continue
		}
		assurance, here := made[record.Entry.About]
		if !here {
			original, err := find(record.Entry.About)
			if err != nil && !errors.Is(err, ErrUnknown) {
				return err
			}
			assurance = original.Entry.Assurance
		}
		record.Undone = assurance
	}
	return nil
}

// assurance is how sure a redemption was, or the one that a reversal takes back.
func (r Record) assurance() Assurance {
	if r.Entry.Kind != EntryReverse {
		return r.Entry.Assurance
	}
	return cmp.Or(r.Undone, UnknownAssurance)
}

// Figures is one business day in numbers: of one terminal, or of a whole store. Reversals count on the day on which they were made, apart
// from redemptions. Money of different currencies is never added up.
type Figures struct {
	Day         Date              `json:"day"`
	Store       string            `json:"store"`
	Terminal    string            `json:"terminal"` // "" for all of the store
	Redemptions int64             `json:"redemptions"`
	Reversals   int64             `json:"reversals"`
	Declines    int64             `json:"declines"`
	Offline     int64             `json:"offline"` // redemptions that a terminal made alone
	Pending     int64             `json:"pending"` // redemptions without a verdict yet
	Overruns    int64             `json:"overruns"`
	Worth       []NetWorth        `json:"worth"` // by currency
	Campaigns   []CampaignFigures `json:"campaigns"`
	Declined    []DeclineFigures  `json:"declined"`
	Kinds       []GroupFigures    `json:"kinds"`
	Hours       []GroupFigures    `json:"hours"` // by the wall clock, "00" to "23", in the order of the business day
	Operators   []GroupFigures    `json:"operators"`
	Assurances  []GroupFigures    `json:"assurances"` // from the surest down, UnknownAssurance last; a reversal counts as what it takes back
	Terminals   []GroupFigures    `json:"terminals"`
	// Campaigns and Kinds count a redemption of several vouchers under each of theirs: so often more than once, for their sum to be Redemptions.
	SeveralCampaigns Several `json:"several_campaigns"`
	SeveralKinds     Several `json:"several_kinds"`
}

// Several is how often redemptions and reversals were counted beyond once.
type Several struct {
	Redemptions int64 `json:"redemptions"`
	Reversals   int64 `json:"reversals"`
}

// count notes an entry that is counted so many times.
func (s *Several) count(kind EntryKind, times int) {
	more := int64(max(0, times-1))
	if kind == EntryReverse {
		s.Reversals += more
		return
	}
	s.Redemptions += more
}

// NetWorth is what was honoured in one currency, by Worth, and what was taken back of it.
type NetWorth struct {
	Redeemed Money `json:"redeemed"`
	Reversed Money `json:"reversed"`
	Net      Money `json:"net"`
}

// CampaignFigures are a campaign's. A campaign has one currency.
type CampaignFigures struct {
	Campaign string `json:"campaign"`
	Kind     Kind   `json:"kind"`
	Units    int64  `json:"units"`
	Reversed int64  `json:"reversed"` // of the units
	// Redemptions and Reversals count entries, whatever the units: one in which the campaign has several vouchers counts once.
	Redemptions int64  `json:"redemptions"`
	Reversals   int64  `json:"reversals"`
	Price       *Money `json:"price,omitempty"` // what customers paid online for what stands
	Value       *Money `json:"value,omitempty"` // what that is worth at the counter
	Amount      *Money `json:"amount,omitempty"`
	Discount    *Money `json:"discount,omitempty"`
	// OutOfRange says that one of the amounts is more than can be added up: it is shown as the largest amount there is.
	OutOfRange bool `json:"out_of_range,omitempty"`
}

// Worth is what the campaign came to at the counter, as in Tally.Worth.
func (c CampaignFigures) Worth() *Money { return cmp.Or(c.Value, c.Amount, c.Discount, c.Price) }

// DeclineFigures is how often vouchers were turned away for one cause.
type DeclineFigures struct {
	Reason Reason `json:"reason"`
	Count  int64  `json:"count"`
}

// GroupFigures are the redemptions and reversals that have one thing in common, which Key names.
type GroupFigures struct {
	Key         string     `json:"key"`
	Redemptions int64      `json:"redemptions"`
	Reversals   int64      `json:"reversals"`
	Worth       []NetWorth `json:"worth"`
}

// DayFilter picks the records behind a number. Empty members pick all.
type DayFilter struct {
	Entry     EntryKind // EntryRedeem, EntryReverse or EntryDecline; 0 for these three
	Honoured  bool      // redemptions and reversals, and no declines: what has a worth
	Terminal  string
	Operator  string
	Campaign  string    // any line of it
	Kind      Kind      // any line of it
	Assurance Assurance // of a reversal, the one of what it takes back: see Trace
	Verdict   Verdict
	Reason    Reason
	Hour      string // "00" to "23" by the wall clock, "" for all
}

// Picks reports whether a record is one of those behind the number.
func (f DayFilter) Picks(record Record) bool {
	e := record.Entry
	lines := func(has func(EntryLine) bool) bool { return slices.ContainsFunc(e.Lines, has) }
	switch {
	case e.Kind != EntryRedeem && e.Kind != EntryReverse && e.Kind != EntryDecline,
		f.Entry != 0 && f.Entry != e.Kind,
		f.Honoured && e.Kind == EntryDecline,
		f.Terminal != "" && f.Terminal != e.Terminal,
		f.Operator != "" && f.Operator != e.Operator,
		f.Assurance != "" && f.Assurance != record.assurance(),
		f.Verdict != "" && f.Verdict != record.Verdict,
		f.Reason != "" && f.Reason != e.Reason,
		f.Hour != "" && f.Hour != hourOf(e),
		f.Campaign != "" && !lines(func(l EntryLine) bool { return l.Campaign == f.Campaign }),
		f.Kind != "" && !lines(func(l EntryLine) bool { return l.Kind == f.Kind }):
		return false
	}
	return true
}

func hourOf(e Entry) string { return fmt.Sprintf("%02d", e.Wall.Hour()) }

// FiguresOf adds up a day's records that filter picks; startMinutes is when the store's business day begins, in minutes after midnight.
// Where records cannot be added up, because a campaign's have two currencies, it says so.
func FiguresOf(records []Record, filter DayFilter, startMinutes int) (Figures, error) {
	sum := adder{figures: Figures{Worth: []NetWorth{}}, campaigns: map[string]*CampaignFigures{}, declined: map[Reason]int64{}}
	for i := range sum.groups {
		sum.groups[i] = map[string]*GroupFigures{}
	}
	for _, record := range records {
		if !filter.Picks(record) {
			continue
		}
		if err := sum.add(record, filter); err != nil {
			return sum.figures, err
		}
	}
	return sum.total(startMinutes), nil
}

// The groups that an adder keeps.
const (
	byKind = iota
	byHour
	byOperator
	byAssurance
	byTerminal
	groupings
)

// adder adds up a day.
type adder struct {
	figures   Figures
	campaigns map[string]*CampaignFigures
	declined  map[Reason]int64
	groups    [groupings]map[string]*GroupFigures
}

func (a *adder) add(record Record, filter DayFilter) error {
	e := record.Entry
	switch e.Kind {
	case EntryRedeem:
		a.figures.Redemptions++
		a.figures.count(record)
	case EntryReverse:
		a.figures.Reversals++
	case EntryDecline:
		a.figures.Declines++
		a.declined[e.Reason]++
		return nil
	}
	kinds, campaigns := map[Kind]bool{}, map[string]bool{}
	for _, line := range e.Lines {
		if filter.Campaign != "" && filter.Campaign != line.Campaign || filter.Kind != "" && filter.Kind != line.Kind {
			continue // of a bill, what the number does not speak of
		}
		if err := a.addLine(record, line); err != nil {
			return err
		}
		kinds[line.Kind], campaigns[line.Campaign] = true, true
	}
	for campaign := range campaigns {
		a.campaigns[campaign].count(e.Kind)
	}
	a.figures.SeveralCampaigns.count(e.Kind, len(campaigns))
	a.figures.SeveralKinds.count(e.Kind, len(kinds))
	for kind := range kinds {
		a.group(byKind, string(kind)).count(e.Kind)
	}
	for by, key := range a.keys(record) {
		a.group(by, key).count(e.Kind)
	}
	return nil
}

// keys are the groups that an entry as a whole belongs to.
func (a *adder) keys(record Record) map[int]string {
	e := record.Entry
	return map[int]string{byHour: hourOf(e), byOperator: e.Operator, byTerminal: e.Terminal, byAssurance: string(record.assurance())}
}

func (a *adder) addLine(record Record, line EntryLine) error {
	e := record.Entry
	campaign := a.campaigns[line.Campaign]
	if campaign == nil {
		campaign = &CampaignFigures{Campaign: line.Campaign, Kind: line.Kind}
		a.campaigns[line.Campaign] = campaign
	}
	back := e.Kind == EntryReverse
	if err := campaign.add(line, back); err != nil {
		return err
	}
	worth := line.Worth()
	if worth == nil {
		return nil
	}
	sums := []*[]NetWorth{&a.figures.Worth, &a.group(byKind, string(line.Kind)).Worth}
	for by, key := range a.keys(record) {
		sums = append(sums, &a.group(by, key).Worth)
	}
	for _, sum := range sums {
		if err := addWorth(sum, *worth, back); err != nil {
			return err
		}
	}
	return nil
}

func (a *adder) group(by int, key string) *GroupFigures {
	group := a.groups[by][key]
	if group == nil {
		group = &GroupFigures{Key: key, Worth: []NetWorth{}}
		a.groups[by][key] = group
	}
	return group
}

func (a *adder) total(startMinutes int) Figures {
	sum := a.figures
	sum.Campaigns, sum.Declined = []CampaignFigures{}, []DeclineFigures{}
	for _, id := range slices.Sorted(maps.Keys(a.campaigns)) {
		sum.Campaigns = append(sum.Campaigns, *a.campaigns[id])
	}
	for reason, count := range a.declined {
		sum.Declined = append(sum.Declined, DeclineFigures{reason, count})
	}
	slices.SortFunc(sum.Declined, func(x, y DeclineFigures) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Reason, y.Reason))
	})
	start := fmt.Sprintf("%02d", startMinutes/60)
	hours := func(g GroupFigures) string { // those before the day's first hour are of the morning after
		if g.Key < start {
			return "1" + g.Key
		}
		return "0" + g.Key
	}
	assured := []Assurance{Confirmed, ByStore, Leased, Offline, UnknownAssurance}
	name := func(g GroupFigures) string { return g.Key }
	sum.Kinds = sorted(a.groups[byKind], name)
	sum.Hours = sorted(a.groups[byHour], hours)
	sum.Operators = sorted(a.groups[byOperator], name)
	sum.Terminals = sorted(a.groups[byTerminal], name)
	sum.Assurances = sorted(a.groups[byAssurance], func(g GroupFigures) string {
		return fmt.Sprint(slices.Index(assured, Assurance(g.Key)))
	})
	return sum
}

func sorted(groups map[string]*GroupFigures, by func(GroupFigures) string) []GroupFigures {
	all := make([]GroupFigures, 0, len(groups))
	for _, group := range groups {
		all = append(all, *group)
	}
	slices.SortFunc(all, func(x, y GroupFigures) int { return cmp.Compare(by(x), by(y)) })
	return all
}

func (f *Figures) count(record Record) {
	if record.Entry.Assurance == Offline {
		f.Offline++
	}
	switch record.Verdict {
	case Pending:
		f.Pending++
	case Overrun:
		f.Overruns++
	}
}

func (c *CampaignFigures) count(kind EntryKind) {
	if kind == EntryReverse {
		c.Reversals++
		return
	}
	c.Redemptions++
}

func (g *GroupFigures) count(kind EntryKind) {
	if kind == EntryReverse {
		g.Reversals++
		return
	}
	g.Redemptions++
}

// Worth is what the line came to at the counter: its value, else the amount that was spent, else the discount that was given, else what
// was paid for it; nil where none is known.
func (l EntryLine) Worth() *Money { return cmp.Or(l.Value, l.Amount, l.Discount, l.Price) }

// Worth is what all lines of a redemption or a reversal came to, by currency; of anything else it is nothing.
func (e Entry) Worth() []NetWorth {
	var worth []NetWorth
	for _, line := range e.Lines {
		if sum := line.Worth(); sum != nil && (e.Kind == EntryRedeem || e.Kind == EntryReverse) {
			_ = addWorth(&worth, *sum, e.Kind == EntryReverse) // only sums of two currencies fail, and these are of one
		}
	}
	return worth
}

// addWorth adds to the sum of a currency.
func addWorth(sums *[]NetWorth, money Money, back bool) error {
	at, found := slices.BinarySearchFunc(*sums, money.Currency, func(n NetWorth, currency string) int {
		return cmp.Compare(n.Net.Currency, currency)
	})
	if !found {
		nothing := Money{Currency: money.Currency}
		*sums = slices.Insert(*sums, at, NetWorth{nothing, nothing, nothing})
	}
	sum, change := &(*sums)[at], money
	into := &sum.Redeemed
	if back {
		into, change = &sum.Reversed, Money{-money.Minor, money.Currency}
	}
	var err error
	if *into, err = into.AddUpTo(money); err != nil {
		return err
	}
	sum.Net, err = sum.Net.AddUpTo(change)
	return err
}

func (c *CampaignFigures) add(line EntryLine, back bool) error {
	sign := int64(1)
	if back {
		sign = -1
		c.Reversed = AddUnitsUpTo(c.Reversed, line.Units)
	} else {
		c.Units = AddUnitsUpTo(c.Units, line.Units)
	}
	for _, money := range []struct {
		into **Money
		add  *Money
	}{{&c.Price, line.Price}, {&c.Value, line.Value}, {&c.Amount, line.Amount}, {&c.Discount, line.Discount}} {
		if money.add == nil {
			continue
		}
		if *money.into == nil {
			*money.into = &Money{Currency: money.add.Currency}
		}
		total, err := (*money.into).AddUpTo(Money{Minor: sign * money.add.Minor, Currency: money.add.Currency})
		if err != nil {
			return err
		}
		*money.into = &total
		c.OutOfRange = c.OutOfRange || total.OutOfRange()
	}
	return nil
}
