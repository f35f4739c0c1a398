package day

import (
	"cmp"
	"slices"
	"strings"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// separator stands between facts: the typeface has its middle dot and its bullet in Chinese width only.
const separator = " | "

// seriousness are the kinds of exception from the worst down: those for which a counter must not redeem, those of which money or entries may be
// lost, those of one voucher. Whatever is not here comes after them.
var seriousness = []string{"journal_chain", "journal_fork", "clone", "journal_gap", "journal_restore", "cloud_restore", "invalid", "overrun", "revoked",
	"reversal_excess"}

// mild are the kinds that ask for nothing to be done at once.
var mild = map[string]bool{"customer_limit": true, "campaign_limit": true, "clock": true}

// rank is the place of an exception among others: the worst first.
func rank(x terminal.Exception) int {
	at := slices.Index(seriousness, x.Kind)
	switch {
	case at >= 0:
		return at
	case mild[x.Kind]:
		return len(seriousness) + 1
	}
	return len(seriousness)
}

// doubtful reports whether what is known of a journal is wrong or incomplete: then nobody can say that the store's figures are all there.
func (t *Tasks) doubtful() bool {
	return t != nil && slices.ContainsFunc(t.Exceptions, func(x terminal.Exception) bool {
		return rank(x) <= slices.Index(seriousness, "cloud_restore")
	})
}

// taskCards say what happened, what it may cost and what can be done, the worst first.
func taskCards(s State, w words) []Card {
	if s.Tasks == nil {
		return nil
	}
	var cards, minor []Card
	sorted := slices.Clone(s.Tasks.Exceptions)
	slices.SortStableFunc(sorted, func(a, b terminal.Exception) int { return cmp.Compare(rank(a), rank(b)) })
	for _, exception := range sorted {
		card := exceptionCard(exception, s, w)
		if mild[exception.Kind] {
			card.Tone = theme.Asking
			minor = append(minor, card)
			continue
		}
		cards = append(cards, card)
	}
	if n := s.Tasks.Slips; n > 0 {
		cards = append(cards, Card{Title: w.with("task.slips", args{"count": n}), Text: w.say("task.slips.cost"), Do: w.say("task.slips.do"),
			Sign: widgets.SignPrinter, Tone: theme.Asking})
	}
	if off := s.Tasks.ClockOff; off != 0 {
		cards = append(cards, Card{Title: w.with("task.clock", args{"off": off.Abs()}), Text: w.say("task.clock.cost"), Do: w.say("task.clock.do"),
			Sign: widgets.SignWait, Tone: theme.Asking})
	}
	return append(cards, minor...)
}

// told are the kinds of exception that have words of their own.
var told = map[string]bool{
	"overrun": true, "revoked": true, "invalid": true, "reversal_excess": true, "customer_limit": true, "campaign_limit": true,
	"journal_fork": true, "journal_chain": true, "journal_gap": true, "journal_restore": true, "clone": true, "clock_moved": true, "cloud_restore": true,
}

func exceptionCard(x terminal.Exception, s State, w words) Card {
	kind := x.Kind
	if kind == "clock" { // the task of that name is about this computer's
		kind = "clock_moved"
	}
	if !told[kind] {
		kind = "other"
	}
	do := kind + ".do"
	if kind == x.Kind {
		do = x.Advice()
	}
	card := Card{Title: w.say("task." + kind), Do: w.say("task." + do), Sign: widgets.SignWarning, Tone: theme.Refused}
	var facts []string
	if x.Campaign != "" {
		facts = append(facts, s.campaign(x.Campaign).In(w.Language()))
	}
	if len(x.Uses) > 0 {
		last := x.Uses[len(x.Uses)-1]
		facts = append(facts, w.with("task.use", args{"counter": w.Say("ui.counter", args{"terminal": last.Terminal}), "at": last.At,
			"operator": last.OperatorName, "receipt": last.Receipt}))
	}
	if limit := x.Limit; limit != nil {
		facts = append(facts, w.Say("exception.limit", args{"used": limit.Used, "count": limit.Count, "per": string(limit.Per)}))
	}
	if x.Terminal != "" && len(x.Uses) == 0 {
		facts = append(facts, w.Say("ui.counter", args{"terminal": x.Terminal}))
	}
	facts = append(facts, x.Stakes(w)...)
	if kind == "other" && x.Note != "" {
		facts = append(facts, x.Note)
	}
	card.Text = begun(strings.Join(facts, separator))
	switch {
	case x.AtRisk != nil:
		key := "task.cost"
		if x.Unlimited() {
			key = "task.more"
		}
		card.Mark = w.with(key, args{"amount": *x.AtRisk})
	case x.Units > x.Paid:
		card.Mark = w.with("task.units", args{"count": x.Units - x.Paid})
	}
	return card
}

// offerCards say where each offer stands.
func offerCards(s State, w words) []Card {
	var cards []Card
	for _, offer := range s.Offers {
		stands := lifeOf(offer, s)
		card := Card{Title: offer.Name.In(w.Language()), Mark: w.say("life." + string(stands)), Sign: widgets.SignTicket, Tone: theme.Done}
		switch stands {
		case lifePaused, lifeEnds:
			card.Tone = theme.Asking
		case lifeOff:
			card.Tone, card.Do = theme.Refused, w.say("offers.merchant")
		case lifeOver, lifeStarts:
			card.Tone = theme.Calm
		case lifeLive:
		}
		card.Text = w.Say("kind."+string(offer.Kind), nil)
		zone, err := s.Place.Store.Location()
		if from := offer.Rules.ValidFrom; err == nil && from != nil && stands == lifeStarts {
			card.Text += separator + w.with("offers.from", args{"at": from.Earliest(zone)})
		}
		if until := offer.Rules.ValidUntil; err == nil && until != nil {
			card.Text += separator + w.with("offers.until", args{"at": until.Latest(zone)})
		}
		if s.Sure == offer.ID {
			key := "offers.sure_pause"
			if pausedHere(offer, s.Place.Store.ID) {
				key = "offers.sure_resume"
			}
			card.Do = w.say(key)
		}
		cards = append(cards, card)
	}
	return cards
}
