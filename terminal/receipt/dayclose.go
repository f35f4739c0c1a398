package receipt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countersign/terminal"
)

// dayClose says what was honoured on a business day: each campaign, all of them together, and how sure the terminal was.
func (s *sheet) dayClose() {
	entry := s.facts.Entry
	s.strongPair(s.say("business_day", nil), s.value(entry.BusinessDay))
	totals := entry.Totals
	if totals == nil {
		s.code(entry.UID.String())
		return
	}
	s.strongPair(s.say("day.number", nil), fmt.Sprint(totals.Number))
	if totals.First.Number != 0 {
		s.pair(s.say("day.receipts", nil), s.say("day.span", map[string]any{"first": totals.First.String(), "last": totals.Last.String()}))
	}
	s.rule()
	all := map[string]*sums{}
	for _, campaign := range totals.Campaigns {
		name := s.facts.Campaigns[campaign.Campaign].In(s.words.Language())
		s.left(cmp.Or(name, campaign.Campaign), terminal.SlipRow{Bold: true})
		redeemed, reversed := campaign.Redeemed, campaign.Reversed
		s.honoured(counted(campaign.Kind, redeemed), counted(campaign.Kind, reversed), redeemed.Worth(), reversed.Worth())
		s.blank()
		if worth := redeemed.Worth(); worth != nil {
			sum := &sumsIn(all, worth.Currency).redeemed
			*sum = upTo(*sum, *worth)
		}
		if worth := reversed.Worth(); worth != nil {
			sum := &sumsIn(all, worth.Currency).reversed
			*sum = upTo(*sum, *worth)
		}
	}
	s.left(s.say("day.all", nil), terminal.SlipRow{Bold: true})
	s.everything(*totals, all)
	s.rule()
	for _, assured := range totals.Assurances {
		s.pair(s.certainty(string(assured.Assurance)), s.value(assured.Redemptions))
	}
	s.pair(s.say("day.declined", nil), s.value(totals.Declines))
	if totals.Late > 0 {
		s.pair(s.say("day.late", nil), s.value(totals.Late))
	}
	s.code(entry.UID.String())
	s.blank()
}

// sums are what all campaigns of one currency came to. A merchant has one currency.
type sums struct{ redeemed, reversed terminal.Money }

func sumsIn(all map[string]*sums, currency string) *sums {
	if all[currency] == nil {
		all[currency] = &sums{terminal.Money{Currency: currency}, terminal.Money{Currency: currency}}
	}
	return all[currency]
}

// everything says what all campaigns came to. Their units are different things, so that redemptions and reversals are counted.
func (s *sheet) everything(totals terminal.DayTotals, all map[string]*sums) {
	if len(all) == 0 {
		s.honoured(totals.Redemptions, totals.Reversals, nil, nil)
		return
	}
	for _, currency := range slices.Sorted(maps.Keys(all)) {
		sum := all[currency]
		s.honoured(totals.Redemptions, totals.Reversals, &sum.redeemed, &sum.reversed)
	}
}

// honoured says how much was redeemed, how much of it was taken back, and what stands.
func (s *sheet) honoured(redeemed, reversed int64, worth, back *terminal.Money) {
	s.triple(s.say("day.redeemed", nil), redeemed, worth, terminal.SlipRow{})
	if reversed == 0 {
		return
	}
	s.triple(s.say("day.reversed", nil), reversed, back, terminal.SlipRow{})
	s.triple(s.say("day.net", nil), redeemed-reversed, net(worth, back), terminal.SlipRow{Bold: true})
}

// net is what stands of an amount of which some was taken back. Where either is more than money can say, so is what stands.
func net(worth, back *terminal.Money) *terminal.Money {
	switch {
	case back == nil:
		return worth
	case worth == nil:
		return &terminal.Money{Minor: -back.Minor, Currency: back.Currency}
	case back.OutOfRange():
		return back
	}
	stands := upTo(*worth, terminal.Money{Minor: -back.Minor, Currency: back.Currency})
	return &stands
}

// upTo adds amounts of one currency for a total.
func upTo(sum, more terminal.Money) terminal.Money {
	if total, err := sum.AddUpTo(more); err == nil {
		return total
	}
	return sum
}

// counted is how much of a campaign a tally holds: units where they are uses, lines where they are money.
func counted(kind terminal.Kind, tally terminal.Tally) int64 {
	if kind == terminal.KindBalance {
		return tally.Lines
	}
	return tally.Units
}

// moneyColumns is the room for an amount: "1.234.567,89 €".
const moneyColumns = 14

// triple puts a label, a count and an amount into three columns, so that they stand below those of the other rows. What does not fit
// goes on in the next row.
func (s *sheet) triple(label string, count int64, worth *terminal.Money, style terminal.SlipRow) {
	times, amount := Clean(s.value(count)), ""
	if worth != nil {
		amount = Clean(s.value(*worth))
		if worth.OutOfRange() {
			amount = "> " + amount // more than can be added up
		}
	}
	room := s.room(style) - moneyColumns
	label = Clean(label)
	if free := room - terminal.Columns(label) - terminal.Columns(times); free >= 1 && terminal.Columns(amount) < moneyColumns {
		style.Text = strings.TrimRight(label+strings.Repeat(" ", free)+times+strings.Repeat(" ", moneyColumns-terminal.Columns(amount))+amount, " ")
		s.rows = append(s.rows, style)
		return
	}
	s.pairIn(label, times, style)
	if amount != "" {
		s.pairIn("", amount, style)
	}
}
