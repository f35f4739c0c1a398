package counter

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/terminal"
	"countersign/ui/theme"
)

// play takes events one after the other, a second apart unless a duration stands between them, and returns what they ordered last.
func play(s State, events ...any) (State, []Command) {
	now := s.Now
	if now.IsZero() {
		now = noon
	}
	var commands []Command
	for _, e := range events {
		switch e := e.(type) {
		case time.Duration:
			now = now.Add(e - time.Second)
		case Event:
			now = now.Add(time.Second)
			s, commands = Step(s, now, e)
		}
	}
	return s, commands
}

func scan(code string) Scanned {
	return Scanned{terminal.Scan{Code: code, Source: terminal.SourceScanner}}
}

// open is a counter at which nobody has to sign in.
func open() State {
	settings := place()
	settings.Store.SignIn = terminal.SignInNone
	return State{Now: noon, Since: noon, Touched: noon, Phase: Ready, Place: settings, Operators: []terminal.Operator{anna, li, tom}}
}

var fresh = Confirmed{uid(1)}

func redeemedOutcome() terminal.Outcome {
	outcome := approved(dinner, "4B2H")
	r := record(1, noon, terminal.EntryLine{Units: 1}, nil)
	outcome.Record = &r
	return outcome
}

func TestOneVoucher(t *testing.T) {
	// A cashier scans one voucher and presses Enter: anything but one redemption of it would be wrong.
	s, commands := play(open(), scan("A"))
	ask := commands[0].(Ask)
	if s.Phase != Deciding || ask.Request.Scans[0].Code != "A" {
		t.Fatalf("after the scan: %s, %+v", s.Phase, commands)
	}
	s, commands = play(s, Answered{Turn: ask.Turn, Outcome: approved(dinner, "A")})
	if s.Phase != ReadyToRedeem || len(commands) != 0 {
		t.Fatalf("after the answer: %s, %+v: only confirming claims", s.Phase, commands)
	}
	s, commands = play(s, fresh)
	commit := commands[0].(Commit)
	if s.Phase != Redeeming || commit.Request.UID != uid(1) {
		t.Fatalf("after Enter: %s, %+v", s.Phase, commands)
	}
	again, none := play(s, fresh)
	if again.Phase != Redeeming || len(none) != 0 {
		t.Errorf("a second Enter while it is being written ordered %+v", none)
	}
	s, _ = play(s, Committed{Turn: commit.Turn, Outcome: redeemedOutcome()})
	if s.Phase != Redeemed {
		t.Errorf("after COMMIT: %s", s.Phase)
	}
	s, _ = play(s, Dismissed{})
	if s.Phase != Ready {
		t.Errorf("Esc led to %s", s.Phase)
	}
}

func TestGreenOnlyForWhatIsOnDisk(t *testing.T) {
	// A customer would walk out with goods that nothing remembers.
	for name, outcome := range map[string]terminal.Outcome{
		"approved, nothing written": approved(dinner, "A"),
		"declined":                  {Choice: terminal.Declined, Findings: []terminal.Finding{{Reason: terminal.Expired}}},
		"asks":                      {Choice: terminal.Asking, Asks: []terminal.Ask{{Missing: terminal.MissingApproval}}},
		"nothing at all":            {},
	} {
		s := open()
		s.Phase, s.Turn = Redeeming, 1
		s, _ = play(s, Committed{Turn: 1, Outcome: outcome})
		if s.Phase == Redeemed || Panel(s, english).Tone == theme.Done {
			t.Errorf("%s is shown in green", name)
		}
	}
	s := open()
	s.Phase, s.Outcome = Redeemed, approved(dinner, "A")
	if Panel(s, english).Tone == theme.Done {
		t.Error("the green panel does not look at the record itself")
	}
}

func TestATechnicianComesToTheDevicesAndNotToTheFigures(t *testing.T) {
	// The printer would stay as it is until a manager has time, or the manager be locked out by tries of a PIN that is not hers; or the day's money
	// be shown to whoever mends a scanner.
	sam := terminal.Operator{ID: "sam", Name: "Sam", Role: terminal.RoleTechnician, Active: true}
	for name, at := range map[string]*terminal.Operator{"beside a cashier": &li, "at work": &sam} {
		s := open()
		s.Operators, s.Operator, s.Place.Store.SignIn = append(s.Operators, sam), at, terminal.SignInShift
		s, commands := play(s, Opened{ManagerSheet})
		if at == &li {
			if people := s.People(); s.Sheet != SignInSheet || !slices.ContainsFunc(people, func(o terminal.Operator) bool { return o.ID == sam.ID }) ||
				slices.ContainsFunc(people, func(o terminal.Operator) bool { return o.Role == terminal.RoleCashier }) {
				t.Fatalf("%s: F12 led to %q and asks for %+v", name, s.Sheet, people)
			}
			s.Checking = true
			s, commands = play(s, PINChecked{Operator: &sam})
		}
		if len(commands) != 1 || commands[0] != (OpenSetup{}) || s.Sheet != NoSheet || s.Manager != nil || s.Operator != at {
			t.Errorf("%s: F12 led to %q with %+v, and to the commands %+v", name, s.Sheet, s.Manager, commands)
		}
	}
}

func TestScansWaitTheirTurn(t *testing.T) {
	// Two customers' vouchers would be mixed up, or one lost.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, scan("B"), scan("C"))
	if s.Request.Scans[0].Code != "A" || len(s.Waiting) != 2 {
		t.Fatalf("shown %v, waiting %v", s.Request.Scans, s.Waiting)
	}
	s, commands := play(s, Dismissed{})
	if s.Phase != Deciding || s.Request.Scans[0].Code != "B" || len(s.Waiting) != 1 {
		t.Fatalf("Esc did not go to the next: %s %v", s.Phase, s.Request.Scans)
	}
	late, _ := play(s, Answered{Turn: 1, Outcome: approved(gift, "A")})
	if late.Phase != Deciding {
		t.Error("an answer about the dropped voucher was taken for the next one's")
	}
	turn := commands[0].(Ask).Turn
	s, commands = play(s, Answered{Turn: turn, Outcome: approved(dinner, "B")}, fresh)
	s, _ = play(s, Committed{Turn: commands[0].(Commit).Turn, Outcome: redeemedOutcome()}, 500*time.Millisecond, Ticked{})
	if s.Phase != Redeemed {
		t.Fatalf("the green panel was gone at once: %s", s.Phase)
	}
	s, _ = play(s, 2*time.Second, Ticked{})
	if s.Phase != Deciding || s.Request.Scans[0].Code != "C" || len(s.Waiting) != 0 {
		t.Errorf("the third scan did not come: %s %v", s.Phase, s.Request.Scans)
	}
}

func TestDeclineIsSeenBeforeTheNext(t *testing.T) {
	// A cashier who scans fast would hand over goods for the declined one.
	declined := terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{{Reason: terminal.Expired}}}
	s, _ := play(open(), scan("A"), 10*time.Millisecond, Answered{Turn: 1, Outcome: declined}, 100*time.Millisecond, scan("B"), 30*time.Second, Ticked{})
	if s.Phase != Declined || len(s.Waiting) != 1 {
		t.Fatalf("the decline went by itself: %s", s.Phase)
	}
	if s, _ = play(s, fresh); s.Phase != Deciding {
		t.Errorf("Enter did not go on: %s", s.Phase)
	}
	s, _ = play(open(), scan("A"), 10*time.Millisecond, Answered{Turn: 1, Outcome: declined}, 2*time.Second, scan("B"))
	if s.Phase != Deciding || s.Request.Scans[0].Code != "B" {
		t.Errorf("a new scan after the decline was seen has to come at once: %s", s.Phase)
	}
}

func TestEnterComesTooEarly(t *testing.T) {
	// A voucher that came up under the finger would be redeemed unread.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")})
	if early, commands := play(s, 100*time.Millisecond, fresh); early.Phase != ReadyToRedeem || len(commands) != 0 {
		t.Errorf("redeemed after 100 ms: %+v", commands)
	}
}

func TestTheSameCodeTwice(t *testing.T) {
	// An impatient second pull of the trigger would put the voucher in line behind itself, and show "used" for a good one.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, scan("A"))
	if len(s.Waiting) != 0 || s.Notice.Saying.Key == "" {
		t.Errorf("waiting %v, notice %q", s.Waiting, s.Notice.Saying.Key)
	}
	if s, _ = play(s, scan("B"), scan("B")); len(s.Waiting) != 1 {
		t.Errorf("waiting %v", s.Waiting)
	}
}

func TestQueueHasAnEnd(t *testing.T) {
	// A scanner stuck on its trigger would fill the memory.
	s, _ := play(open(), scan("first"))
	for i := range 3 * mostWaiting {
		s, _ = play(s, scan(string(rune('a'+i%26))+time.Duration(i).String()))
	}
	if len(s.Waiting) != mostWaiting {
		t.Errorf("%d scans wait", len(s.Waiting))
	}
}

func TestFaultKeepsTheUID(t *testing.T) {
	// The disk failed after the redemption was written: trying again with a new uid would redeem twice.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, fresh)
	s, _ = play(s, Committed{Turn: s.Turn, Err: errDisk})
	if s.Phase != Fault {
		t.Fatalf("a fault is shown as %s", s.Phase)
	}
	s, _ = play(s, scan("B"))
	if s.Phase != Fault || len(s.Waiting) != 1 {
		t.Errorf("a scan pushed the fault aside: %s", s.Phase)
	}
	_, commands := play(s, Confirmed{uid(2)})
	if commit := commands[0].(Commit); commit.Request.UID != uid(1) {
		t.Errorf("tried again with another uid: %v", commit.Request.UID)
	}
}

// adviceOf is a fault that says what to do.
type adviceOf struct{ error }

func (adviceOf) Advice() string { return "Use another counter." }

func TestAFaultSaysWhatHelps(t *testing.T) {
	// With a full disk the cashier would try again and again.
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, fresh)
	full, _ := play(s, Committed{Turn: s.Turn, Err: adviceOf{errDisk}})
	if v := Panel(full, english); v.Next != "Use another counter." {
		t.Errorf("the panel advises %q", v.Next)
	}
	again, _ := play(full, Confirmed{uid(2)})
	again, _ = play(again, Committed{Turn: again.Turn, Err: errDisk})
	if v := Panel(again, english); v.Next != english.Say("ui.fault.next", nil) {
		t.Errorf("after another fault the panel advises %q", v.Next)
	}
}

func TestRedeemAtOnce(t *testing.T) {
	// A store that wants no key would still have to press one; one that wants it would lose vouchers on sight.
	s := open()
	s.Place.Store.RedeemAtOnce = []terminal.Kind{terminal.KindProduct}
	_, commands := play(s, scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A"), Fresh: uid(5)})
	if len(commands) != 1 || commands[0].(Commit).Request.UID != uid(5) {
		t.Errorf("a product is not redeemed at once: %+v", commands)
	}
	_, commands = play(s, scan("A"), Answered{Turn: 1, Outcome: approved(coffee, "A"), Fresh: uid(5)})
	if len(commands) != 0 {
		t.Errorf("a pass is redeemed without a key: %+v", commands)
	}
}

func TestAsksAreAnsweredInTurn(t *testing.T) {
	// A gift card would be charged another amount than was typed.
	asks := terminal.Outcome{Choice: terminal.Asking, Asks: []terminal.Ask{{Missing: terminal.MissingAmount, Most: 3750}},
		Lines: []terminal.OutcomeLine{{Campaign: gift}}}
	s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: asks}, Typing{'1'}, Typing{'2'}, Typing{'.'}, Typing{'5'}, Typing{'5'}, Typing{'5'}, Erased{}, Typing{'0'})
	if amount, ok := s.TypedAmount(); !ok || amount != (terminal.Money{Minor: 1250, Currency: "EUR"}) {
		t.Fatalf("typed %q, read %v", s.Input, amount)
	}
	_, commands := play(s, fresh)
	if ask := commands[0].(Ask); *ask.Request.Scans[0].Amount != *euro(1250) {
		t.Errorf("asked with %v", ask.Request.Scans[0].Amount)
	}
	s, _ = play(s, Filled{})
	if amount, _ := s.TypedAmount(); amount != *euro(3750) {
		t.Errorf("the most is %v", amount)
	}
	asks.Asks[0] = terminal.Ask{Missing: terminal.MissingUnits, Most: 2}
	_, commands = play(open(), scan("A"), Answered{Turn: 1, Outcome: asks}, Typing{'2'}, fresh)
	if ask := commands[0].(Ask); *ask.Request.Scans[0].Units != 2 {
		t.Errorf("asked with %d units", *ask.Request.Scans[0].Units)
	}
}

func TestScanIntoAnOpenField(t *testing.T) {
	// The next customer's code would end up in this customer's amount.
	asks := terminal.Outcome{Choice: terminal.Asking, Asks: []terminal.Ask{{Missing: terminal.MissingAmount, Most: 3750}},
		Lines: []terminal.OutcomeLine{{Campaign: gift}}}
	events := []any{scan("A"), Answered{Turn: 1, Outcome: asks}, Typing{'8'}}
	for _, r := range "7K3MQ9TX4B2HQ" {
		events = append(events, Typing{r})
	}
	s, _ := play(open(), append(events, Retracted{13}, scan("7K3MQ9TX4B2HQ"))...)
	if s.Input != "8" || len(s.Waiting) != 1 {
		t.Errorf("the field holds %q, %d wait", s.Input, len(s.Waiting))
	}
}

func TestShortBurstIntoAPIN(t *testing.T) {
	// On a busy PC the cashier's PIN would be taken for a voucher's code, and nobody could sign in.
	s := open()
	s.Place.Store.SignIn = terminal.SignInShift
	s = s.signIn(ForShift)
	s, commands := play(s, Chose{1}, scan("4821"))
	if len(s.Waiting) != 0 || len(commands) != 1 || commands[0] != (CheckPIN{Operator: li.ID, PIN: "4821"}) {
		t.Errorf("waiting %v, ordered %+v", s.Waiting, commands)
	}
	s, _ = play(open().signIn(ForShift), Chose{1}, scan("7K3MQ9TX4B2HQ"))
	if len(s.Waiting) != 1 {
		t.Error("a voucher scanned while signing in was lost")
	}
}

func TestAmountTypedFast(t *testing.T) {
	// On a busy PC the amount that the cashier types is taken for a voucher's code: the field stays empty, and nobody says why.
	asks := terminal.Outcome{Choice: terminal.Asking, Asks: []terminal.Ask{{Missing: terminal.MissingAmount, Most: 375000}},
		Lines: []terminal.OutcomeLine{{Campaign: gift}}}
	for typed, want := range map[string]string{"1249,99": "1249.99", "1250.5": "1250.5", "73161": "", "7316123412345": "8"} {
		s, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: asks})
		waiting := 0
		if want == "8" { // as many digits as a code has
			s, _ = play(s, Typing{'8'})
			waiting = 1
		}
		s, _ = play(s, scan(typed))
		if s.Input != want || len(s.Waiting) != waiting {
			t.Errorf("%s: the field holds %q, %d wait", typed, s.Input, len(s.Waiting))
		}
		if sent := want == ""; sent != (s.Phase == Deciding) {
			t.Errorf("%s: %s", typed, s.Phase)
		}
	}
	for typed, want := range map[string][2]bool{"1249,99": {true, false}, "12,5": {true, true}, "7316": {true, true}, "12345678": {true, false}, "7K3M": {}} {
		typedHere, ended := field{entry: AmountEntry}.Takes(typed)
		if got := [2]bool{typedHere, typedHere && ended}; got != want {
			t.Errorf("a heap of %s: %v, want %v", typed, got, want)
		}
	}
}

func TestEveryScreenLeadsBackToReady(t *testing.T) {
	// A cashier would be stuck with a queue in front of her.
	for _, scene := range scenes() {
		s := atWork()
		s.Place.Store.SignIn = terminal.SignInNone
		scene.state(&s)
		if s.Phase == Redeeming || scene.name == "locked" || scene.name[:3] == "pin" {
			continue // what is being written is waited for; and somebody has to sign in
		}
		for range 6 {
			s, _ = play(s, Dismissed{})
			if s.Phase == Deciding {
				s, _ = play(s, Answered{Turn: s.Turn, Outcome: terminal.Outcome{Choice: terminal.Declined}})
			}
		}
		if s.Phase != Ready || s.Sheet != NoSheet {
			t.Errorf("from %s, Esc led to %s %s", scene.name, s.Phase, s.Sheet)
		}
	}
}

func TestSheetsMakeWayForCustomers(t *testing.T) {
	// A voucher scanned over the help page would be lost, or the cashier would not see it.
	for _, sheet := range []Sheet{HelpSheet, CodeSheet, SearchSheet, ManagerSheet} {
		s, _ := play(open(), Opened{sheet}, scan("A"))
		if s.Sheet != NoSheet || s.Phase != Deciding {
			t.Errorf("%s: %s %s", sheet, s.Sheet, s.Phase)
		}
	}
	s := open()
	s.Past = recentDay()
	s, _ = play(s, UndoAsked{}, scan("A"))
	if s.Sheet != UndoSheet || len(s.Waiting) != 1 {
		t.Errorf("a scan broke into an undo: %q, %d wait", s.Sheet, len(s.Waiting))
	}
	if s, _ = play(s, Dismissed{}); s.Phase != Deciding {
		t.Errorf("after the undo was left: %s", s.Phase)
	}
}

func TestShift(t *testing.T) {
	// Anybody could redeem at an unattended counter, or the panel that was open would be lost when it locks.
	s := open()
	s.Place.Store.SignIn = terminal.SignInShift
	s, _ = play(s, PlaceLoaded{Settings: s.Place, Operators: s.Operators})
	if !s.Locked() {
		t.Fatal("the counter opens without anybody")
	}
	if left, _ := play(s, Dismissed{}); !left.Locked() {
		t.Error("Esc unlocked the counter")
	}
	s, _ = play(s, scan("A"))
	if s.Phase != Ready || len(s.Waiting) != 1 {
		t.Fatalf("a locked counter took a voucher in hand: %s", s.Phase)
	}
	s, commands := play(s, Chose{1}, Typing{'1'}, fresh)
	if commands[0] != (CheckPIN{Operator: li.ID, PIN: "1"}) || s.Typed != "" {
		t.Fatalf("ordered %+v, field %q", commands, s.Typed)
	}
	s, _ = play(s, PINChecked{Finding: &terminal.Finding{Reason: terminal.WrongPIN}})
	if !s.Locked() || s.Wrong == nil {
		t.Fatal("a wrong PIN opened the counter")
	}
	s, commands = play(s, Typing{'2'}, fresh, PINChecked{Operator: &li})
	if s.Sheet != NoSheet || s.Phase != Deciding || len(commands) != 2 {
		t.Fatalf("after signing in: %q %s %+v", s.Sheet, s.Phase, commands)
	}
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: approved(dinner, "A")})
	busy, _ := play(s, 4*time.Minute, Ticked{})
	if busy.Locked() {
		t.Error("locked before five minutes")
	}
	s, _ = play(s, 6*time.Minute, Ticked{})
	if !s.Locked() || s.Phase != ReadyToRedeem {
		t.Fatalf("after six minutes: locked %v, panel %s", s.Locked(), s.Phase)
	}
	if _, commands := play(s, fresh); len(commands) != 0 {
		t.Error("Enter redeemed at a locked counter")
	}
	s, _ = play(s, Chose{2}, Typing{'1'}, fresh, PINChecked{Operator: &tom})
	if s.Phase != ReadyToRedeem || s.Request.Operator.ID != tom.ID {
		t.Errorf("the open panel was lost, or is redeemed in the name of %v", s.Request.Operator)
	}
}

func TestApprovalByASecondPerson(t *testing.T) {
	// A cashier could approve her own.
	s := open()
	s.Operator = &li
	asks := terminal.Outcome{Choice: terminal.Asking, Lines: []terminal.OutcomeLine{{Campaign: boat}},
		Asks: []terminal.Ask{{Missing: terminal.MissingApproval, Finding: terminal.Finding{Reason: terminal.ApprovalRequired, Facts: map[string]any{"amount": *euro(12050)}}}}}
	s, _ = play(s, scan("A"), Answered{Turn: 1, Outcome: asks}, fresh)
	if s.Sheet != SignInSheet || s.Purpose != ForApproval || len(s.People()) != 1 || s.Who.ID != anna.ID {
		t.Fatalf("%q for %q with %v", s.Sheet, s.Purpose, s.People())
	}
	if label := (words{english}).agreed(s); label != "Approve €120.50" {
		t.Errorf("whoever approves presses %q, and the sheet covers the sum", label)
	}
	s, commands := play(s, Typing{'1'}, fresh, PINChecked{Operator: &anna})
	if ask := commands[0].(Ask); ask.Request.Approver.ID != anna.ID || s.Operator.ID != li.ID {
		t.Errorf("asked with approver %v, operator %v", ask.Request.Approver, s.Operator)
	}
}

func TestUndo(t *testing.T) {
	// A redemption would be taken back without a reason, or another one than was shown.
	s := open()
	s.Past, s.Operator = recentDay(), &li
	s, _ = play(s, UndoAsked{})
	if s.Undoing.Record.Entry.UID != uid(9) {
		t.Fatalf("undoing %v", s.Undoing)
	}
	s, commands := play(s, Moved{1}, fresh)
	back := commands[0].(TakeBack)
	if back.Reversal.UID != uid(9) || back.Note.Key != undoReasons[1] || s.Phase != Redeeming {
		t.Fatalf("ordered %+v in %s", back, s.Phase)
	}
	refused := terminal.Outcome{Choice: terminal.Declined, Reversed: &s.Past[0].Record, Findings: []terminal.Finding{{Reason: terminal.OperatorNotAllowed}}}
	s, _ = play(s, Reversed{Outcome: refused})
	if s.Phase != Declined {
		t.Fatalf("refused, and shown as %s", s.Phase)
	}
	s, commands = play(s, fresh, Typing{'1'}, fresh, PINChecked{Operator: &anna})
	if back := commands[0].(TakeBack); back.Reversal.Approver.ID != anna.ID || back.Reversal.UID != uid(9) {
		t.Fatalf("with a manager: %+v", commands)
	}
	s, _ = play(s, Reversed{Outcome: redeemedOutcome()})
	if s.Phase != TakenBack || Panel(s, english).Tone == theme.Done {
		t.Errorf("undone: %s in %s", s.Phase, Panel(s, english).Tone)
	}
}

func TestAnUndoKeepsWhatWasInHand(t *testing.T) {
	// A bill was scanned, somebody takes another customer's redemption back, and the bill has to be scanned again, or is forgotten.
	s := open()
	s.Past = recentDay()
	s, _ = play(s, scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, BillAsked{}, scan("B"),
		Answered{Turn: 2, Outcome: terminal.Outcome{Choice: terminal.Asking, Asks: []terminal.Ask{{Missing: terminal.MissingBill}}}})
	s, _ = play(s, Opened{SearchSheet}, scan("C"), Opened{SearchSheet}, scan("D")) // they go on the bill, and the sheet makes way
	if got := len(s.Request.Scans) + len(s.Waiting); got != 4 {
		t.Fatalf("%d of 4 vouchers", got)
	}
	for range 4 { // each answer takes along what waited for it
		s, _ = play(s, Answered{Turn: s.Turn, Outcome: approved(dinner, "A")})
	}
	s, commands := play(s, UndoAsked{}, scan("E"), fresh)
	if back, ok := commands[0].(TakeBack); !ok || back.Reversal.UID != uid(9) || s.waits() != 5 {
		t.Fatalf("ordered %+v, %d wait", commands, s.waits())
	}
	if s, _ := play(s, scan("B")); s.waits() != 5 || s.Notice.Saying.Key != "ui.notice.already_here" {
		t.Errorf("a voucher of the bill was taken twice: %d wait, %q", s.waits(), s.Notice.Saying.Key)
	}
	s, _ = play(s, Reversed{Outcome: redeemedOutcome()})
	if v := Panel(s, english); v.Waiting != "5 waiting" {
		t.Errorf("the screen says %q", v.Waiting)
	}
	if !s.inHand() || s.settled() {
		t.Error("the window would close over the bill, or a training begin")
	}
	s.Since = s.Since.Add(-10 * time.Second)
	s, commands = play(s, fresh)
	ask, ok := commands[0].(Ask)
	if !ok || len(ask.Request.Scans) != 4 || ask.Request.Approver != nil || !s.Billing || s.Aside != nil {
		t.Fatalf("after it: %+v, on a bill: %v", commands, s.Billing)
	}
	s, commands = play(s, Answered{Turn: s.Turn, Outcome: approved(dinner, "A")})
	if ask, ok := commands[0].(Ask); !ok || len(ask.Request.Scans) != 5 {
		t.Errorf("what was scanned in between: %+v", commands)
	}
}

func TestNoUndoWhileARedemptionIsUnsure(t *testing.T) {
	// The redemption is on disk and its answer was lost: asked about anew after another's undo, a card would pay twice.
	s := open()
	s.Past = recentDay()
	s, _ = play(s, scan("A"), Answered{Turn: 1, Outcome: approved(dinner, "A")}, fresh)
	s, _ = play(s, Committed{Turn: s.Turn, Err: errors.New("no answer")})
	s, _ = play(s, UndoAsked{})
	if s.Phase != Fault || s.Sheet != NoSheet || s.Notice.Saying.Key != "ui.notice.finish_first" {
		t.Fatalf("%s, %q, %q", s.Phase, s.Sheet, s.Notice.Saying.Key)
	}
	if _, commands := play(s, Confirmed{uid(2)}); commands[0].(Commit).Request.UID != uid(1) {
		t.Errorf("another attempt: %+v", commands)
	}
}

func TestAnUndoBringsBackNothingThatIsOver(t *testing.T) {
	// The voucher that was redeemed just before would be asked about again, and declined as used before the customer's eyes.
	for phase, outcome := range map[Phase]terminal.Outcome{Redeemed: redeemedOutcome(), Declined: {Choice: terminal.Declined}} {
		s := open()
		s.Past = recentDay()
		s.Phase, s.Outcome, s.Request = phase, outcome, terminal.Request{Scans: []terminal.Scan{{Code: "A"}}}
		s, _ = play(s, UndoAsked{}, fresh, Reversed{Outcome: redeemedOutcome()}, Dismissed{})
		if s.Phase != Ready || s.waits() != 0 {
			t.Errorf("after %s: %s, %d wait", phase, s.Phase, s.waits())
		}
	}
}

func TestUndoNeedsAReason(t *testing.T) {
	// "Another reason" without a word says nothing to the manager who asks in a month.
	s := open()
	s.Past = recentDay()
	s, commands := play(s, UndoAsked{}, Chose{3}, fresh)
	if len(commands) != 0 {
		t.Fatalf("ordered %+v", commands)
	}
	_, commands = play(s, Typing{'x'}, fresh)
	if back := commands[0].(TakeBack); back.Note.In(english) != "x" {
		t.Errorf("the note is %q", back.Note.In(english))
	}
}

func TestSignInForEach(t *testing.T) {
	// The name of the last cashier would stand under the next one's redemption.
	s := open()
	s.Place.Store.SignIn = terminal.SignInEach
	asks := terminal.Outcome{Choice: terminal.Asking, Asks: []terminal.Ask{{Missing: terminal.MissingOperator}}, Lines: []terminal.OutcomeLine{{Campaign: dinner}}}
	s, _ = play(s, scan("A"), Answered{Turn: 1, Outcome: asks})
	if s.Sheet != SignInSheet || s.Purpose != ForScan {
		t.Fatalf("%q for %q", s.Sheet, s.Purpose)
	}
	s, _ = play(s, Chose{1}, Typing{'1'}, fresh, PINChecked{Operator: &li}, Ticked{})
	s, _ = play(s, Answered{Turn: s.Turn, Outcome: approved(dinner, "A")}, fresh)
	s, _ = play(s, Committed{Turn: s.Turn, Outcome: redeemedOutcome()})
	if s.Phase != Redeemed || s.Operator != nil {
		t.Errorf("%s, and %v is still signed in", s.Phase, s.Operator)
	}
}

func TestOldGreenGoes(t *testing.T) {
	// The last customer's green would be taken for the next one's.
	s := open()
	s.Phase, s.Outcome = Redeemed, redeemedOutcome()
	if s, _ = play(s, 30*time.Second, Ticked{}); s.Phase != Ready {
		t.Errorf("after half a minute: %s", s.Phase)
	}
}

func TestFourTonesDiffer(t *testing.T) {
	// Who cannot tell red from green would not know what happened: colour, shape and word all have to differ.
	seen := map[any]string{}
	for _, name := range []string{"ready-to-redeem", "ask-amount", "declined-used", "redeemed"} {
		for _, scene := range scenes() {
			if scene.name != name {
				continue
			}
			s := atWork()
			scene.state(&s)
			v := Panel(s, english)
			for _, mark := range []any{v.Tone, v.Sign, v.Title} {
				if other, twice := seen[mark]; twice {
					t.Errorf("%s and %s share %v", name, other, mark)
				}
				seen[mark] = name
			}
		}
	}
}

func TestWhichVoucherIsHereAlready(t *testing.T) {
	// The cashier would take the voucher that is shown for the one that was scanned twice, and drop it.
	s, _ := play(open(), scan("7K3M-Q9TX-NNCR"), Answered{Turn: 1, Outcome: approved(dinner, "NNCR")}, scan("7k3m-q9tx-4b2h"))
	s, _ = play(s, scan("7k3m-q9tx-4b2h"))
	v := Panel(s, english)
	if want := "...4B2H waits"; v.Waiting != want || len(v.Chips) != 0 {
		t.Errorf("the badge says %q, the chips %v, want %q alone", v.Waiting, v.Chips, want)
	}
	s.Phase = Redeeming
	s, _ = play(s, Committed{Turn: s.Turn, Outcome: redeemedOutcome()})
	if v := Panel(s, english); v.Waiting != "1 waiting" {
		t.Errorf("after the redemption the badge says %q", v.Waiting)
	}
}

func TestSlipsThatWaitForThePrinter(t *testing.T) {
	// Nobody would know how many receipts customers are owed, or a slip on its way would be called stuck.
	for want, status := range map[string]Status{
		"Printer is off | 3 slips wait | F11": {Paper: PaperGone, Slips: 1, Queued: 2},
		"Out of paper | 1 slip waits | F11":   {Paper: PaperOut, Queued: 1},
		"No printer | 3 slips wait | F11":     {Paper: PaperNone, Slips: 1, Queued: 2},
		"Printer ready":                       {Paper: PaperReady, Queued: 1},
		"1 slip waits | F11":                  {Paper: PaperReady, Slips: 1, Queued: 1},
	} {
		s := open()
		s.Status = status
		if got := Lights(s, english)[2].Text; got != want {
			t.Errorf("the bar says %q, want %q", got, want)
		}
	}
}

func TestAPINIsNeverAScan(t *testing.T) {
	// On a busy PC the manager types the PIN before the field is there: it waits among the customers' codes, is shown and journalled.
	asks := approved(boat, "A")
	asks.Choice, asks.Asks = terminal.Asking, []terminal.Ask{{Missing: terminal.MissingApproval}}
	asking, _ := play(open(), scan("A"), Answered{Turn: 1, Outcome: asks})
	asking.Operators = append(asking.Operators, terminal.Operator{ID: "max", Name: "Max", Role: terminal.RoleManager, Active: true})
	choosing, _ := play(asking, fresh)
	if choosing.Sheet != SignInSheet || choosing.Who != nil {
		t.Fatalf("two managers are not to choose from: %s, %v", choosing.Sheet, choosing.Who)
	}
	checking, _ := play(choosing, Chose{0}, Typing{'1'}, fresh)
	for name, s := range map[string]State{"asked for a manager": asking, "choosing who": choosing, "while one is checked": checking} {
		for _, pin := range []string{"8427", "842", "0593071"} {
			after, commands := play(s, scan(pin))
			if len(after.Waiting) != 0 || len(commands) != 0 || after.Typed != "" {
				t.Errorf("%s: %q waits as %v, ordered %+v", name, pin, after.Waiting, commands)
			}
		}
		if after, _ := play(s, scan("7K3MQ9TX4B2HQ")); len(after.Waiting) != 1 {
			t.Errorf("%s: the next customer's voucher was lost", name)
		}
		if after, _ := play(s, scan("482193057264")); len(after.Waiting) != 1 {
			t.Errorf("%s: the next customer's code of twelve digits was lost", name)
		}
	}
	if after, _ := play(choosing, scan("8427")); after.Notice.Saying.Key != noticeWhosePIN {
		t.Errorf("nobody is told that the PIN was not taken: %q", after.Notice.Saying.Key)
	}
}

// If the bar said only "online" while the vouchers are still coming, nobody would know why each scan asks the cloud.
func TestAFirstFillIsOnTheBar(t *testing.T) {
	lights := Lights(State{Status: Status{Line: LineUp, Filling: 42}}, english)
	if lights[0].Text != "Online – vouchers are coming, 42%" {
		t.Errorf("the bar says %q", lights[0].Text)
	}
	if lights := Lights(State{Status: Status{Line: LineDown, Filling: 42}}, english); strings.Contains(lights[0].Text, "42") {
		t.Errorf("without a line it says %q", lights[0].Text)
	}
}
