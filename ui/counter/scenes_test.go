package counter

import (
	"slices"
	"strings"
	"time"

	"countersign/terminal"
)

// scansOf are scans of codes that end so.
func scansOf(ends ...string) []terminal.Scan {
	var scans []terminal.Scan
	for _, end := range ends {
		scans = append(scans, terminal.Scan{Code: "7K3MQ9TX" + end, Source: terminal.SourceScanner})
	}
	return scans
}

// together is an approved bill of one voucher of each campaign.
func together(campaigns ...terminal.Campaign) terminal.Outcome {
	outcome := terminal.Outcome{Choice: terminal.Approved}
	ends := []string{"4B2H", "55TD", "F1VE", "QV83", "K3MQ", "9TX4", "2C8R"}
	for i, campaign := range campaigns {
		line := terminal.OutcomeLine{Campaign: campaign, Masked: ends[i], Units: 1,
			Voucher: terminal.Voucher{ID: terminal.VoucherID(i + 1), Units: 1}}
		outcome.Lines = append(outcome.Lines, line)
	}
	return outcome
}

// settled is a bill of 80.00 with a product and two discounts, scanned in another order than they are taken off.
func settled() terminal.Outcome {
	outcome := together(fiver, dinner, autumn)
	for i, end := range []string{"F1VE", "4B2H", "55TD"} {
		outcome.Lines[i].Masked = end
	}
	outcome.Lines[0].Discount, outcome.Lines[2].Discount = euro(500), euro(1500)
	outcome.Bill, outcome.LeftToPay = euro(7500), euro(5500)
	return outcome
}

// onBill is a counter with these scans on a bill.
func onBill(s State, phase Phase, outcome terminal.Outcome, ends ...string) State {
	s.Billing, s.Request.Scans, s.Request.Bill = true, scansOf(ends...), outcome.Bill
	s.Row = len(ends) - 1
	s = s.took(outcome)
	s.Phase = phase
	return s
}

// expiredBesideCard is a bill of 75.00 that a card pays 20.00 of, with a voucher that is over.
func expiredBesideCard(s State) State {
	outcome := together(dinner, autumn, gift)
	outcome.Lines[2].Masked, outcome.Lines[2].Amount, outcome.Lines[2].Left, outcome.Bill = "9TX4", euro(2000), 3750, euro(7500)
	outcome.Choice, outcome.Lead = terminal.Declined, 1
	outcome.Findings = []terminal.Finding{{Reason: terminal.Expired, Facts: map[string]any{"until": noon.Add(-30 * time.Hour)}}}
	outcome.Lines[1].Findings = outcome.Findings
	return onBill(s, Declined, outcome, "4B2H", "55TD", "9TX4")
}

// partyOf is one voucher of an order of four.
func partyOf(end string) terminal.Outcome {
	outcome := approved(dinner, end)
	for range 3 {
		outcome.Order = append(outcome.Order, terminal.OutcomeLine{Campaign: dinner, Left: 1})
	}
	return outcome
}

// wholeParty is all four.
func wholeParty() terminal.Outcome {
	outcome := together(dinner, dinner, dinner, dinner)
	for i := range outcome.Lines {
		outcome.Lines[i].Masked, outcome.Lines[i].Voucher.Holder = []string{"7QX2", "8RD4", "3MWK", "5TPZ"}[i], "M. Chen"
	}
	return outcome
}

// crate is an order to collect of five lines, of which some are handed over.
func crate(handed ...string) terminal.Outcome {
	lines := []terminal.OrderLine{{ID: "a", Name: "Riesling 2024", Quantity: 6}, {ID: "b", Name: "Pinot Noir, barrique", Quantity: 2},
		{ID: "c", Name: "Glasses", Quantity: 4}, {ID: "d", Name: "Gift box", Quantity: 1}, {ID: "e", Name: "Wine cooler", Quantity: 1}}
	outcome := approved(wine, "W8XD")
	line := &outcome.Lines[0]
	line.Voucher.Lines = lines
	for _, each := range lines {
		if len(handed) == 0 || slices.Contains(handed, each.ID) {
			line.Parts = append(line.Parts, each)
		}
	}
	line.Units = int64(len(line.Parts))
	line.Left = int64(len(lines)) - line.Units
	return outcome
}

// collecting is a counter with that order in hand.
func collecting(s State) State {
	s.Request.Scans = scansOf("W8XD")
	s = s.took(crate())
	s.Phase = ReadyToRedeem
	return s
}

// goods are what things in orders are called: a shop's own words, which pictures have in their language.
var goods = map[string]terminal.Text{
	"Glasses":     {"de": "Gläser", "es": "Copas", "zh-Hans": "酒杯"},
	"Gift box":    {"de": "Geschenkkarton", "es": "Caja de regalo", "zh-Hans": "礼盒"},
	"Wine cooler": {"de": "Weinkühler", "es": "Enfriador de vino", "zh-Hans": "葡萄酒冷却器"},
	"Rye bread":   {"de": "Roggenbrot", "es": "Pan de centeno", "zh-Hans": "黑麦面包"},
	"Apple juice": {"de": "Apfelsaft", "es": "Zumo de manzana", "zh-Hans": "苹果汁"},
	"Honey":       {"de": "Honig", "es": "Miel", "zh-Hans": "蜂蜜"},
	"IT BROKE":    {"de": "IST ZERBROCHEN", "es": "SE HA ROTO"},
	organicLoaf:   {"de": "Bio-Dinkelvollkornbrot mit Sonnenblumenkernen, geschnitten", "es": "Pan de espelta integral ecológico con pipas, en rebanadas", "zh-Hans": "有机全麦斯佩尔特葵花籽面包（切片）"},
}

// organicLoaf has a name that is long in each language.
const organicLoaf = "Organic wholegrain spelt loaf with sunflower seeds, sliced"

// goodsIn is the state with the goods' names in a language.
func (s State) goodsIn(language string) State {
	name := func(name *string) {
		for known, text := range goods {
			if in, ok := text[language]; ok && strings.HasPrefix(*name, known) {
				*name = in + strings.TrimPrefix(*name, known)
			}
		}
	}
	orders := func(lines []terminal.OrderLine) []terminal.OrderLine {
		lines = slices.Clone(lines)
		for i := range lines {
			name(&lines[i].Name)
		}
		return lines
	}
	s.Outcome.Lines, s.Parts, s.Portion.Parts = slices.Clone(s.Outcome.Lines), slices.Clone(s.Parts), slices.Clone(s.Portion.Parts)
	for i := range s.Outcome.Lines {
		line := &s.Outcome.Lines[i]
		line.Parts, line.Voucher.Lines = orders(line.Parts), orders(line.Voucher.Lines)
	}
	for _, parts := range [][]Part{s.Parts, s.Portion.Parts} {
		for i := range parts {
			name(&parts[i].Line.Name)
		}
	}
	name(&s.Typed)
	return s
}

// behindUs is the counter when a redemption was just written.
func (s State) behindUs(record terminal.Record, name terminal.Text) State {
	s.Past = append([]Past{{Record: record, Name: name, Holder: "M. Chen", Until: noon.Add(59*time.Minute + 58*time.Second)}}, s.Past...)
	return s
}
