package main_test

import (
	"strings"
	"testing"
)

// TestEveryAskHasAnAnswer asks for each thing that can be missing, and answers it: by the command's flags and in a line of the text
// counter. The window's own table is in ui/counter.
func TestEveryAskHasAnAnswer(t *testing.T) {
	// The counter asks for something, and there is no way to say it: the customer is sent away with a good voucher.
	s := openEverything(t)
	s.join("counter-1")
	for _, ask := range []struct {
		name, issue   string
		asks          string // what the bare code is answered; "" where nothing has to be asked
		flags, line   string
		answers, more string
	}{
		{"units", "swim --units 4", "units", "--units 2", "units=2", "approved units=2", ""},
		{"amount", "card", "amount", "--amount 20.00", "amount=20.00", "approved left=3000", ""},
		{"bill", "tenth", "bill", "--bill 80.00", "bill=80.00", "approved left_to_pay.minor=7200", ""},
		{"lines", "parcel --lines=Bread;Cheese;Jam", "", "--lines a,c", "lines=a,c", "approved units=2 left=1", "redeem $1 => approved units=1 left=0"},
		{"operator", "by-the-manager", "operator", "as:mia", "operator=mia:918273", "approved operator=mia", ""},
		{"approval", "dear", "approval", "ok:mia", "approve=mia:918273", "approved approver=mia", ""},
		{"order", "dinner --count 2 --order X-NAME", "", "--order", "order=all", "approved lines.1.campaign=dinner", "redeem $2 => declined already_redeemed"},
		{"amounts of several", "card --count 2", "amount", "$2 --amount 20.00 --amount 30.00", "amount=20.00 and=$2 amount=30.00",
			"approved lines.0.left=3000 lines.1.left=2000", ""},
		{"amount of one of several", "card --count 2", "amount", "$2 --amount 20.00", "and=$2 amount=20.00", "ask amount", ""},
		{"bill of several", "tenth --count 2", "bill", "$2 --bill 100.00", "and=$2 bill=100.00", "approved left_to_pay.minor=8100", ""},
	} {
		t.Run(ask.name, func(t *testing.T) {
			for way, answer := range map[string]string{"redeem": ask.flags, "scan": ask.line} {
				name := strings.ReplaceAll(ask.issue, "NAME", way)
				p := s.prepare(scene{name: ask.name, issue: []string{name}}, "")
				s.at("counter-1").drain()
				counter := s.at("counter-1")
				if ask.asks != "" {
					p.step(t, counter, way+" $1 => ask "+ask.asks)
				}
				p.step(t, counter, way+" $1 "+answer+" => "+ask.answers)
				if ask.more != "" {
					p.step(t, counter, ask.more)
				}
			}
		})
	}
	p := s.prepare(scene{name: "one amount for two cards", issue: []string{"card --count 2"}}, "")
	s.at("counter-1").drain()
	p.step(t, s.at("counter-1"), "redeem $1 $2 --amount 20.00 => ask amount missing.0.line=0 missing.0.most=5000 ignored.0=amount_each")
	p = s.prepare(scene{name: "not a manager", issue: []string{"dear"}}, "")
	s.at("counter-1").drain()
	for _, step := range []string{
		"redeem $1 as:li ok:tom => ask operator_not_allowed facts.approver=Tom",
		"scan $1 approve=li:739105 => ask operator_not_allowed facts.approver=Li",
		"scan $1 approve=mia:111111 => declined wrong_pin",
		"scan $1 approve=mia:918273 => approved approver=mia",
	} {
		p.step(t, s.at("counter-1"), step)
	}
}
