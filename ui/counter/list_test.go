package counter

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// lastAsk is the request that the terminal was asked about last.
func lastAsk(t *testing.T, commands []Command) terminal.Request {
	t.Helper()
	for _, command := range commands {
		if ask, ok := command.(Ask); ok {
			return ask.Request
		}
	}
	t.Fatalf("the terminal was not asked: %+v", commands)
	return terminal.Request{}
}

func codesOf(request terminal.Request) []string {
	var codes []string
	for _, scan := range request.Scans {
		codes = append(codes, scan.Code)
	}
	return codes
}

func TestWholeOrderFromOneScan(t *testing.T) {
	// A family with four vouchers of one order would have to find all four codes on a phone, with a queue behind them.
	s, commands := play(open(), scan("A"), Answered{Turn: 1, Outcome: partyOf("7QX2")})
	if s.Phase != ReadyToRedeem || len(commands) != 0 {
		t.Fatalf("%s, %+v", s.Phase, commands)
	}
	action := Panel(s, english).Actions[2]
	if action.Name != string(keyOrder) || action.Label != "Whole order: 4" {
		t.Fatalf("the panel offers %+v", action)
	}
	s, commands = play(s, OrderAsked{})
	if request := lastAsk(t, commands); !request.WholeOrder || len(request.Scans) != 1 {
		t.Fatalf("asked %+v", request)
	}
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: wholeParty()})
	if v := Panel(s, english); len(v.Items) != 4 {
		t.Fatalf("the panel lists %+v", v.Items)
	}
	back, commands := play(s, OrderAsked{})
	if request := lastAsk(t, commands); request.WholeOrder || back.Phase != Deciding {
		t.Errorf("a second press does not leave the rest: %+v", request)
	}
	_, commands = play(s, fresh)
	if commit := commands[0].(Commit); !commit.Request.WholeOrder || commit.Request.UID != uid(1) {
		t.Errorf("redeemed %+v", commit.Request)
	}
}

func TestAnOrderIsNotRedeemedOnSight(t *testing.T) {
	// Where vouchers are redeemed without a key, nobody could ever say that the whole order was meant.
	s := open()
	s.Place.Store.RedeemAtOnce = []terminal.Kind{terminal.KindProduct}
	s, commands := play(s, scan("A"), Answered{Turn: 1, Outcome: partyOf("7QX2"), Fresh: uid(5)})
	if s.Phase != ReadyToRedeem || len(commands) != 0 {
		t.Errorf("%s, %+v", s.Phase, commands)
	}
	s, commands = play(s, OrderAsked{}, Answered{Turn: s.Turn + 1, Outcome: wholeParty(), Fresh: uid(5)})
	if s.Phase != Redeeming || len(commands) != 1 {
		t.Errorf("the whole order, once it was asked for: %s, %+v", s.Phase, commands)
	}
}

func TestLinesOfAnOrderAreChosen(t *testing.T) {
	// What is not in stock would be recorded as collected, and the customer never gets it.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: crate()})
	if s.Entry() != PartsEntry || len(s.Parts) != 5 || s.handedOver() != nil {
		t.Fatalf("entry %q, lines %+v", s.Entry(), s.Parts)
	}
	if _, commands := play(s, fresh); commands[0].(Commit).Request.Lines != nil {
		t.Errorf("all are handed over unless somebody says otherwise: %v", commands[0])
	}
	s, _ = play(s, Typing{'2'}, Moved{1}, Moved{1}, Kept{false}, Kept{false}, RowTouched{0}, RowTouched{0})
	_, commands := play(s, fresh)
	if got := commands[0].(Commit).Request.Lines; !slices.Equal(got, []string{"a", "c", "e"}) {
		t.Fatalf("redeemed lines %v", got)
	}
	if v := Panel(s, english); v.Items[1].Box != widgets.Empty || v.Items[2].Box != widgets.Ticked || v.Figures[0].Value != "3 of 5 lines" {
		t.Errorf("the panel shows %+v, %+v", v.Items, v.Figures)
	}
	none, _ := play(s, Typing{'1'}, Typing{'3'}, Typing{'5'})
	if _, commands := play(none, fresh); len(commands) != 0 || !Panel(none, english).Actions[0].Off {
		t.Error("an order of which nothing is handed over was redeemed")
	}
}

func TestAScanLeavesTheTicksAlone(t *testing.T) {
	// The digits of the next customer's code would take lines off this customer's order.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: crate()}, Typing{'4'})
	before := s.handedOver()
	var events []any
	for _, r := range "7K3MQ9TX14B2H" {
		events = append(events, Typing{r})
	}
	s, _ = play(s, append(events, Retracted{13}, scan("7K3MQ9TX14B2H"))...)
	if !slices.Equal(s.handedOver(), before) || len(s.Waiting) != 1 {
		t.Errorf("handed over %v, before the scan %v; %d wait", s.handedOver(), before, len(s.Waiting))
	}
	if short, commands := play(s, scan("135")); len(commands) != 0 || short.Phase != ReadyToRedeem || len(short.Waiting) != 2 {
		t.Errorf("a short code redeemed the order, or was taken for digits: %s, %+v", short.Phase, commands)
	}
}

func TestApprovalOfLessIsNotOneOfMore(t *testing.T) {
	// A manager agrees to three bottles, and six go over the counter.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: crate()}, Typing{'1'})
	s.Request.Approver = &anna
	if s, _ = play(s, Typing{'2'}); s.Request.Approver == nil {
		t.Error("the approval went when less was handed over")
	}
	if s, _ = play(s, Typing{'1'}); s.Request.Approver != nil {
		t.Error("the approval stayed when more was handed over")
	}
}

// twoOnBill is a counter with a product on a bill, asked about with a second voucher.
func twoOnBill(t *testing.T) State {
	t.Helper()
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, BillAsked{})
	s, commands := play(s, scan("B"))
	if codes := codesOf(lastAsk(t, commands)); !slices.Equal(codes, []string{"A", "B"}) || len(s.Waiting) != 0 {
		t.Fatalf("asked about %v, %d wait", codes, len(s.Waiting))
	}
	return s
}

func TestBillRunsOn(t *testing.T) {
	// Two discounts and a meal of one table would be three redemptions, each with a slip, and the discounts in no order.
	s := twoOnBill(t)
	asks := together(dinner, autumn)
	asks.Choice, asks.Asks = terminal.Asking, []terminal.Ask{{Missing: terminal.MissingBill}}
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: asks}, Typing{'8'})
	asks = together(dinner, autumn, fiver)
	asks.Choice, asks.Asks = terminal.Asking, []terminal.Ask{{Missing: terminal.MissingBill}}
	s, _ = play(s, scan("C"), Answered{Turn: s.Turn + 1, Outcome: asks})
	if s.Input != "8" {
		t.Errorf("what was typed of the amount is gone: %q", s.Input)
	}
	s, commands := play(s, Typing{'0'}, fresh)
	if request := lastAsk(t, commands); *request.Bill != *euro(8000) || len(request.Scans) != 3 {
		t.Fatalf("asked %+v", request)
	}
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: settled()})
	v := Panel(s, english)
	var names []string
	for _, item := range v.Items {
		names = append(names, item.Key+item.Name)
	}
	if !slices.Equal(names, []string{"Dinner for two", "120% off in autumn", "2€5 off €20 or more"}) || v.Items[1].Note != "leaves €60.00" {
		t.Errorf("the order of the discounts reads %q, %+v", names, v.Items)
	}
	s, commands = play(s, fresh)
	if commit := commands[0].(Commit); len(commit.Request.Scans) != 3 {
		t.Fatalf("redeemed %+v", commit)
	}
	done := settled()
	r := record(1, noon, terminal.EntryLine{Units: 1}, nil)
	done.Record = &r
	s, _ = play(s, Committed{Turn: s.Turn, Outcome: done}, 2*time.Second, scan("NEXT"))
	if s.Billing || !slices.Equal(codesOf(s.Request), []string{"NEXT"}) {
		t.Errorf("the next customer's voucher came on the bill before: %v", codesOf(s.Request))
	}
}

func TestBillFromReadyAndWithWhatWaits(t *testing.T) {
	// The cashier has to know beforehand that there will be more, or scans the second voucher and cannot join it.
	s, commands := play(open(), BillAsked{}, scan("A"))
	if !s.Billing || !slices.Equal(codesOf(lastAsk(t, commands)), []string{"A"}) {
		t.Fatalf("begun before the first: %+v", commands)
	}
	s, commands = play(s, scan("B"), Answered{Turn: s.Turn, Outcome: approved(dinner, "A")})
	if !slices.Equal(codesOf(lastAsk(t, commands)), []string{"A", "B"}) || len(s.Waiting) != 0 {
		t.Errorf("scanned while the first was checked: %+v", commands)
	}
	s, _ = play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, scan("B"), scan("C"))
	s, commands = play(s, BillAsked{})
	if !slices.Equal(codesOf(lastAsk(t, commands)), []string{"A", "B", "C"}) || len(s.Waiting) != 0 {
		t.Errorf("those that waited: %+v", commands)
	}
	s, _ = play(open(), BillAsked{}, BillAsked{})
	if s.Billing {
		t.Error("a bill without vouchers cannot be left")
	}
	s, _ = play(open(), BillAsked{}, Dismissed{})
	if s.Billing || s.Phase != Ready {
		t.Error("Esc does not leave an empty bill")
	}
}

func TestWhatMakesTheBillImpossible(t *testing.T) {
	// The cashier would see a red bill of six vouchers and not know which to take off; or lose the list by looking at it.
	s := twoOnBill(t)
	bad := together(dinner, autumn)
	bad.Choice, bad.Lead = terminal.Declined, 1
	bad.Findings = []terminal.Finding{{Reason: terminal.NotCombinable, Facts: map[string]any{"count": int64(2)}}}
	bad.Lines[1].Findings = bad.Findings
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: bad})
	v := Panel(s, english)
	if s.Phase != Declined || v.Items[1].Tone != theme.Refused || v.Items[0].Tone == theme.Refused || s.Row != 1 {
		t.Fatalf("%s: %+v", s.Phase, v.Items)
	}
	if kept, commands := play(s, fresh); kept.Phase != Declined || len(commands) != 0 {
		t.Error("Enter dropped the list")
	}
	if kept, _ := play(s, 10*time.Minute, Ticked{}); len(kept.Request.Scans) != 2 {
		t.Error("time dropped the list")
	}
	s, commands := play(s, Removed{-1})
	if !slices.Equal(codesOf(lastAsk(t, commands)), []string{"A"}) {
		t.Fatalf("after taking it off: %+v", commands)
	}
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: approved(dinner, "A")})
	if s.Phase != ReadyToRedeem {
		t.Errorf("after the answer: %s", s.Phase)
	}
	if s, _ = play(s, Removed{0}); s.Phase != Ready || s.Billing {
		t.Errorf("without its last voucher: %s", s.Phase)
	}
}

func TestEscOnARefusedVoucherKeepsTheBill(t *testing.T) {
	// One expired voucher among six: Esc would throw the five good ones away with it, and the cashier scans them all again; or the sum would
	// say that more is handed over than is.
	s := twoOnBill(t)
	bad := together(dinner, autumn)
	bad.Choice, bad.Lead = terminal.Declined, 1
	bad.Findings = []terminal.Finding{{Reason: terminal.Expired}}
	bad.Lines[1].Findings = bad.Findings
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: bad})
	if worth, want := s.Bill().Worth, bad.Lines[0].Worth(); want == nil || worth == nil || *worth != *want {
		t.Errorf("what is handed over is worth %v, not %v", worth, want)
	}
	if first := Panel(s, english).Actions[0]; first.Name != pressDismiss || first.Label != english.Say("ui.do.take_off", nil) {
		t.Errorf("Esc says %+v", first)
	}
	s, commands := play(s, Moved{-1}, Dismissed{}) // whatever row was chosen meanwhile
	if !slices.Equal(codesOf(lastAsk(t, commands)), []string{"A"}) || !s.Billing {
		t.Fatalf("after Esc: billing %v, %+v", s.Billing, commands)
	}
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: approved(dinner, "A")})
	if s.Phase != ReadyToRedeem || !s.Billing {
		t.Errorf("after the answer: %s, billing %v", s.Phase, s.Billing)
	}
	if s, _ = play(s, Dismissed{}); s.Phase != Ready || s.Billing || len(s.Request.Scans) != 0 {
		t.Errorf("Esc on a good bill leads to %s with %d vouchers", s.Phase, len(s.Request.Scans))
	}

	unread := twoOnBill(t) // a code that nobody knows
	unread, _ = play(unread, Answered{Turn: unread.Turn, Outcome: terminal.Outcome{Choice: terminal.Declined, Lead: 1, Findings: []terminal.Finding{{Reason: terminal.NotFound}}}})
	if _, commands = play(unread, Dismissed{}); !slices.Equal(codesOf(lastAsk(t, commands)), []string{"A"}) {
		t.Errorf("an unknown code: %+v", commands)
	}

	closed := twoOnBill(t) // refused for something that is no voucher's fault: there is no way out but the whole bill's
	whole := together(dinner, autumn)
	whole.Choice, whole.Findings = terminal.Declined, []terminal.Finding{{Reason: terminal.OperatorNotAllowed}}
	closed, _ = play(closed, Answered{Turn: closed.Turn, Outcome: whole})
	if first := Panel(closed, english).Actions[0]; first.Label != english.Say("ui.do.drop", nil) {
		t.Errorf("Esc says %+v", first)
	}
	if closed, _ = play(closed, Dismissed{}); closed.Phase != Ready || closed.Billing {
		t.Errorf("Esc leads to %s", closed.Phase)
	}
}

func TestUnknownCodeOnABill(t *testing.T) {
	// A code that nobody knows would wipe what is known of the others off the screen.
	s := twoOnBill(t)
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: together(dinner, coffee)}, scan("7K3MQ9TXN0PE"))
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: terminal.Outcome{Choice: terminal.Declined, Lead: 2, Masked: "N0PE",
		Findings: []terminal.Finding{{Reason: terminal.NotFound}}}})
	v := Panel(s, english)
	if len(v.Items) != 3 || v.Items[0].Name != "Dinner for two" || v.Items[1].Name != "Ten coffees" || v.Items[2].Tone != theme.Refused {
		t.Errorf("the list reads %+v", v.Items)
	}
	if s.Row != 2 || v.Items[2].Name != "Not found" || v.Items[2].Detail != "...N0PE" {
		t.Errorf("row %d, %q, %q", s.Row, v.Items[2].Name, v.Items[2].Detail)
	}
}

func TestChangedBillNeedsANewApproval(t *testing.T) {
	// A manager approves one voucher, and two more are slipped under it.
	s := twoOnBill(t)
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: together(dinner, autumn)})
	for name, event := range map[string]Event{"another voucher": scan("C"), "one less": Removed{0}} {
		approved := s
		approved.Request.Approver = &anna
		if _, commands := play(approved, event); lastAsk(t, commands).Approver != nil {
			t.Errorf("%s: the approval was kept", name)
		}
	}
}

func TestAmountIsSaidAgain(t *testing.T) {
	// One wrong digit in the amount, and all vouchers of the bill have to be scanned again.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(gift, "A")})
	s.Request.Amount = euro(9900)
	_, commands := play(s, AmendAsked{})
	if request := lastAsk(t, commands); request.Amount != nil {
		t.Errorf("asked with %v", request.Amount)
	}
	if _, commands := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, AmendAsked{}); len(commands) != 0 {
		t.Errorf("without an amount: %+v", commands)
	}
	on := onBill(open(), ReadyToRedeem, together(gift, dinner), "A", "B")
	on.Request.Amount = euro(500)
	_, commands = play(on, Removed{0})
	if request := lastAsk(t, commands); request.Amount != nil {
		t.Error("the amount of a gift card that was taken off would be taken from the next one")
	}
}

func TestEveryAskCanBeAnswered(t *testing.T) {
	// The terminal asks for something, and the window has no way to say it: the customer is sent away.
	ask := func(missing terminal.Missing, campaign terminal.Campaign) terminal.Outcome {
		outcome := approved(campaign, "A")
		outcome.Choice, outcome.Asks = terminal.Asking, []terminal.Ask{{Missing: missing, Most: 100}}
		return outcome
	}
	lines := crate()
	lines.Choice, lines.Asks = terminal.Asking, []terminal.Ask{{Missing: terminal.MissingLines}}
	for _, c := range []struct {
		missing terminal.Missing
		outcome terminal.Outcome
		answer  []any
		given   func(terminal.Request) bool
	}{
		{terminal.MissingUnits, ask(terminal.MissingUnits, coffee), []any{Typing{'2'}, fresh}, func(r terminal.Request) bool { return *r.Scans[0].Units == 2 }},
		{terminal.MissingAmount, ask(terminal.MissingAmount, gift), []any{Filled{}, fresh}, func(r terminal.Request) bool { return *r.Scans[0].Amount == *euro(100) }},
		{terminal.MissingBill, ask(terminal.MissingBill, autumn), []any{Typing{'8'}, fresh}, func(r terminal.Request) bool { return *r.Bill == *euro(800) }},
		{terminal.MissingLines, lines, []any{Typing{'2'}, fresh}, func(r terminal.Request) bool { return slices.Equal(r.Lines, []string{"a", "c", "d", "e"}) }},
		{terminal.MissingApproval, ask(terminal.MissingApproval, boat), []any{fresh, Typing{'1'}, fresh, PINChecked{Operator: &anna}},
			func(r terminal.Request) bool { return r.Approver.ID == anna.ID }},
		{terminal.MissingOperator, ask(terminal.MissingOperator, dinner), []any{Chose{1}, Typing{'1'}, fresh, PINChecked{Operator: &li}},
			func(r terminal.Request) bool { return r.Operator.ID == li.ID }},
	} {
		s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: c.outcome})
		if asked, ok := s.Asking(); !ok || asked.Missing != c.missing {
			t.Errorf("%s: shown as %v", c.missing, asked)
			continue
		}
		_, commands := play(s, c.answer...)
		if !c.given(lastAsk(t, commands)) {
			t.Errorf("%s: asked again with %+v", c.missing, lastAsk(t, commands))
		}
	}
}

func TestSearchInAnyLanguage(t *testing.T) {
	// The customer's phone says 双人晚餐, the cashier's screen Dinner for two: the redemption would not be found by its name.
	for _, text := range []string{"双人", "dinner", "Abendessen", "cena para"} {
		if found := matching(recentDay(), text); len(found) != 2 || found[0].Record.Entry.UID != uid(9) {
			t.Errorf("%q finds %d", text, len(found))
		}
	}
}

// cardOnBill is a bill of 60.00 with five off and a gift card from which more is asked for than is left to pay.
func cardOnBill() State {
	s := onBill(open(), Declined, together(fiver, gift), "4B2H", "55TD")
	s.Request.Bill, s.Outcome.Bill = euro(6000), euro(6000)
	s.Request.Scans[1].Amount, s.Outcome.Lines[1].Amount = euro(6000), euro(6000)
	s.Outcome.Choice, s.Outcome.Lead, s.Row = terminal.Declined, 1, 1
	s.Outcome.Lines[1].Findings = []terminal.Finding{{Reason: terminal.AmountInvalid, Facts: map[string]any{"asked": *euro(6000), "most": *euro(5500)}}}
	s.Outcome.Findings = s.Outcome.Lines[1].Findings
	return s
}

func TestOnlyTheWrongAmountIsSaidAgain(t *testing.T) {
	// The screen says that 55.00 is left to pay, F7 asks for the bill, the cashier types 55.00: the discount is computed from less.
	for name, c := range map[string]struct {
		change func(*State)
		bill   *terminal.Money
	}{
		"the marked card's":                 {func(*State) {}, euro(6000)},
		"a card's that has too little":      {func(s *State) { s.Outcome.Findings[0].Reason = terminal.InsufficientBalance }, euro(6000)},
		"the bill is too low, not the card": {func(s *State) { s.Outcome.Findings[0].Reason = terminal.MinimumSpend }, nil},
		"another voucher is marked":         {func(s *State) { s.Outcome.Lead = 0 }, nil},
	} {
		s := cardOnBill()
		c.change(&s)
		_, commands := play(s, AmendAsked{})
		request := lastAsk(t, commands)
		if (request.Bill == nil) != (c.bill == nil) || (c.bill != nil && *request.Bill != *c.bill) || request.Scans[1].Amount != nil {
			t.Errorf("%s: asked again with the bill %v, the amount %v", name, request.Bill, request.Scans[1].Amount)
		}
	}
	s := cardOnBill()
	s.Request.Scans = append(s.Request.Scans, terminal.Scan{Code: "7K3MQ9TXF1VE", Amount: euro(500)})
	_, commands := play(s, AmendAsked{})
	if other := lastAsk(t, commands).Scans[2].Amount; other == nil || *other != *euro(500) {
		t.Errorf("another card's amount was thrown away: %v", other)
	}
	if s.Request.Scans[1].Amount == nil {
		t.Error("the state before was changed")
	}
}

func TestAnImpossibleBillSaysWhatItsVoucherNeeds(t *testing.T) {
	// A cashier would take a good gift card off the bill, because nothing says that a smaller amount is enough.
	s := cardOnBill()
	if v := Panel(s, english); v.Next != "Type the amount again, at most €55.00. Or take the marked voucher off (Esc)." {
		t.Errorf("the next step reads %q", v.Next)
	}
	s.Outcome.Findings[0] = terminal.Finding{Reason: terminal.MinimumSpend, Facts: map[string]any{"missing": *euro(100)}}
	if v := Panel(s, english); v.Next != "Tell the customer what is missing: €1.00. Or take the marked voucher off (Esc)." {
		t.Errorf("the next step reads %q", v.Next)
	}
}

func TestACardOnABillSaysWhatIsOnIt(t *testing.T) {
	// The customer would be told that 35.00 are left on the card, which is what is left to pay; or that 20.00 are gone, where nothing was taken.
	note := func(s State) string {
		for _, item := range Panel(s, english).Items {
			if item.Name == "Gift card" {
				return item.Value + " " + item.Note
			}
		}
		return "no card"
	}
	outcome := together(dinner, gift)
	outcome.Lines[1].Amount, outcome.Lines[1].Left, outcome.Bill, outcome.LeftToPay = euro(2000), 1750, euro(5500), euro(3500)
	s := onBill(open(), ReadyToRedeem, outcome, "4B2H", "55TD")
	if got := note(s); got != "–€20.00 €17.50 left on it" {
		t.Errorf("ready: %q", got)
	}
	if got := note(expiredBesideCard(open())); got != " €37.50 left on it" {
		t.Errorf("refused: %q", got)
	}
	s = s.took(terminal.Outcome{Choice: terminal.Declined, Lead: 2, Findings: []terminal.Finding{{Reason: terminal.NotFound}}})
	s.Phase, s.Request.Scans = Declined, scansOf("4B2H", "55TD", "N0PE")
	if got := note(s); got != " " {
		t.Errorf("where nothing is known of now: %q", got)
	}
}

func TestNothingIsTakenOffBeforeTheAnswer(t *testing.T) {
	// While the terminal still thinks, the list would show a card that pays a bill from which the discount is not taken yet.
	s := cardOnBill()
	s.Phase, s.Known = Deciding, s.Outcome.Lines
	for _, item := range Panel(s, english).Items {
		if item.Note != "" || item.Key != "" {
			t.Errorf("%s: %q, %q", item.Name, item.Key, item.Note)
		}
	}
}

func TestLapsedApprovalSaysWhy(t *testing.T) {
	// A manager's PIN would be for nothing, and the panel ask again as if nobody had typed it.
	costly := terminal.Finding{Reason: terminal.ApprovalRequired}
	needs := together(dinner, dinner)
	needs.Choice, needs.Asks = terminal.Asking, []terminal.Ask{{Missing: terminal.MissingApproval, Finding: costly}}
	s := twoOnBill(t)
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: needs}, fresh, Typing{'7'}, scan("C"), fresh)
	if !s.Checking || len(s.Waiting) != 1 {
		t.Fatalf("checking %v, %d wait", s.Checking, len(s.Waiting))
	}
	s, _ = play(s, PINChecked{Operator: &anna})
	agreed := together(dinner, dinner)
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: agreed})
	three := together(dinner, dinner, dinner)
	three.Choice, three.Asks = needs.Choice, needs.Asks
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: three})
	says := func(s State) bool {
		return slices.ContainsFunc(Panel(s, english).Chips, func(c widgets.Chip) bool { return c.Text == "It changed: approve again" })
	}
	if s.Phase != Asked || len(s.Request.Scans) != 3 || !says(s) {
		t.Errorf("%s of %d, said why: %v", s.Phase, len(s.Request.Scans), says(s))
	}
	s, _ = play(s, fresh, Typing{'7'}, fresh, PINChecked{Operator: &anna})
	if s, _ = play(s, Answered{Turn: s.Turn, Outcome: three}); says(s) {
		t.Error("it is still said after the manager approved again")
	}
}

func TestOrderIsChosenBeforeItIsApproved(t *testing.T) {
	// The boxes would have numbers that do nothing, and a manager approve more than is handed over.
	needs := crate()
	needs.Choice, needs.Asks = terminal.Asking, []terminal.Ask{{Missing: terminal.MissingApproval, Finding: terminal.Finding{Reason: terminal.ApprovalRequired}}}
	s, _ := play(open(), scan("W8XD"), Answered{Turn: 1, Outcome: needs}, Typing{'2'})
	if s.Parts[1].Handed || s.Entry() != PartsEntry {
		t.Fatalf("the key did nothing: %+v", s.Parts)
	}
	s, commands := play(s, fresh)
	if want := []string{"a", "c", "d", "e"}; !slices.Equal(lastAsk(t, commands).Lines, want) {
		t.Fatalf("asked about %v", lastAsk(t, commands).Lines)
	}
	fewer := crate("a", "c", "d", "e")
	fewer.Choice, fewer.Asks = needs.Choice, needs.Asks
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: fewer}, fresh)
	if s.Sheet != SignInSheet || s.Purpose != ForApproval || len(s.Parts) != 5 || s.Parts[1].Handed {
		t.Fatalf("%q for %q, %+v", s.Sheet, s.Purpose, s.Parts)
	}
	s, _ = play(s, Typing{'7'}, fresh, PINChecked{Operator: &anna})
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: crate("a", "c", "d", "e")}, time.Second)
	if _, commands = play(s, fresh); len(commands) != 1 || len(commands[0].(Commit).Request.Lines) != 4 || commands[0].(Commit).Request.Approver == nil {
		t.Errorf("committed %+v", commands)
	}
	none, _ := play(open(), scan("W8XD"), Answered{Turn: 1, Outcome: needs}, Typing{'1'}, Typing{'2'}, Typing{'3'}, Typing{'4'}, Typing{'5'}, fresh)
	if none.Sheet != NoSheet || none.Phase != Asked {
		t.Errorf("nothing is handed over, and a manager is asked: %q, %s", none.Sheet, none.Phase)
	}
}

func TestASumBesideABillAddsUp(t *testing.T) {
	// The cashier would read that a dinner that was paid for online covers the bill, and take too little.
	s := onBill(open(), ReadyToRedeem, settled(), "F1VE", "4B2H", "55TD")
	v := Panel(s, english)
	var sum []string
	for _, f := range v.Figures {
		sum = append(sum, f.Label+" "+f.Value)
	}
	if !slices.Equal(sum, []string{"Bill €75.00", "Discount –€20.00", "Left to pay €55.00"}) {
		t.Errorf("beside the list: %q", sum)
	}
	for _, item := range v.Items {
		if apart := strings.Contains(item.Note, "not part of the bill"); apart != (item.Name == "Dinner for two") {
			t.Errorf("%s: %q", item.Name, item.Note)
		}
	}
	s = s.took(together(dinner, coffee))
	if v := Panel(s, english); len(v.Figures) != 1 || v.Figures[0].Label != "Bill" {
		t.Errorf("a bill that nothing is taken off: %+v", v.Figures)
	}
	s.Request.Bill = nil
	if v := Panel(s, english); len(v.Figures) != 1 || v.Figures[0].Label != "Worth" || strings.Contains(v.Items[0].Note, "bill") {
		t.Errorf("no bill was stated: %+v, %+v", v.Figures, v.Items)
	}
}

func TestWhatIsHandedOverIsSaidInItsTime(t *testing.T) {
	// Before Enter the panel would say that goods have gone, or after it that they are still owed.
	s := collecting(open())
	if v := Panel(s, english); v.Figures[0].Label != "To hand over" || v.Figures[0].Value != "5 of 5 lines" {
		t.Errorf("before: %+v", v.Figures)
	}
	for i := range s.Parts {
		s = s.turned(i)
	}
	if v := Panel(s, english); !v.Actions[0].Off || v.Next != english.Say("ui.parts.none", nil) {
		t.Errorf("of nothing: %q, %+v", v.Next, v.Actions[0])
	}
	s.Outcome = crate("a", "c")
	done := record(11, noon, terminal.EntryLine{Masked: "W8XD", Units: 1}, nil)
	s.Phase, s.Outcome.Record = Redeemed, &done
	if v := Panel(s, english); v.Figures[0].Label != "Handed over" || v.Figures[0].Value != "2 lines" {
		t.Errorf("after: %+v", v.Figures)
	}
}

func TestAManagerSeesWhatIsUndone(t *testing.T) {
	// A manager would type the PIN for an amount that nobody named.
	_, screen := stage(t, "en", theme.Look{}, fyne.NewSize(1024, 600))
	pose(screen, scene{"pin-undo", func(s *State) {
		*s = undoOf(*s, aPayment(), "")
		s.Portion.Said, s.Portion.Units = true, 500
		s.Sheet, s.Purpose, s.Who = SignInSheet, ForUndoAgreed, &anna
	}})
	if said := strings.Join(lines(screen.over), "; "); !strings.Contains(said, "Gift card | ...9TX4 | €5.00") {
		t.Errorf("the sheet says %q", said)
	}
}
