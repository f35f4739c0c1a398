package receipt

import (
	"cmp"

	"countersign/terminal"
)

// figures say what was honoured on a business day so far. They are no day close, and say so.
func (s *sheet) figures() {
	f := s.facts.Figures
	if f == nil {
		return
	}
	s.strongPair(s.say("business_day", nil), s.value(f.Day))
	scope := s.words.Say("day.print.whole", nil)
	if f.Terminal != "" {
		scope = s.words.Say("ui.counter", map[string]any{"terminal": f.Terminal})
	}
	s.left(scope, terminal.SlipRow{})
	s.rule()
	for _, campaign := range f.Campaigns {
		s.left(cmp.Or(s.facts.Campaigns[campaign.Campaign].In(s.words.Language()), campaign.Campaign), terminal.SlipRow{Bold: true})
		count := campaign.Units - campaign.Reversed
		if worth := campaign.Worth(); campaign.Kind == terminal.KindBalance { // its units are money, which the worth says
			s.pair(s.say("day.net", nil), s.amount(worth))
		} else {
			s.triple(s.say("day.net", nil), count, worth, terminal.SlipRow{})
		}
		s.blank()
	}
	s.left(s.say("day.all", nil), terminal.SlipRow{Bold: true})
	if len(f.Worth) == 0 {
		s.honoured(f.Redemptions, f.Reversals, nil, nil)
	}
	for _, worth := range f.Worth {
		s.honoured(f.Redemptions, f.Reversals, &worth.Redeemed, &worth.Reversed)
	}
	s.rule()
	for _, assured := range f.Assurances {
		if assured.Redemptions == 0 { // of an earlier day's redemptions, or another counter's, something was taken back
			continue
		}
		s.pair(s.certainty(assured.Key), s.value(assured.Redemptions))
	}
	s.pair(s.say("day.declined", nil), s.value(f.Declines))
	s.blank()
	s.centre(s.words.Say("day.print.note", nil), terminal.SlipRow{})
}

// certainty is the label of how many were honoured so. A customer's slip says of what was honoured offline that it is still to be confirmed; of
// a whole day most has been by now.
func (s *sheet) certainty(assurance string) string {
	if assurance == string(terminal.Offline) {
		return s.say("day.offline", nil)
	}
	return s.say("assurance."+assurance, nil)
}

func (s *sheet) amount(worth *terminal.Money) string {
	if worth == nil {
		return ""
	}
	return s.value(*worth)
}
