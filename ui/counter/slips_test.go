package counter

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

func waiting() []Slip {
	past := recentDay()
	return []Slip{
		{ID: 3, Of: &past[2], Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 3}, Made: noon, Says: "printer.job.hold", Prints: true},
		{ID: 4, Of: &past[0], Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 4}, Made: noon, Says: "printer.job.unconfirmed", Prints: true, Perhaps: true},
		{ID: 5, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 5}, Made: noon, Says: "printer.job.sending"},
	}
}

// manyWaiting is a morning after a night without paper: more slips than the sheet has room for, with the longest that is said of one.
func manyWaiting() []Slip {
	var slips []Slip
	for i, says := range []string{"stopped", "no_answer", "lost", "restart", "restored", "profile", "no_word", "not_one_byte", "stopped", "no_answer", "lost"} {
		slips = append(slips, Slip{ID: int64(i), Receipt: terminal.ReceiptNumber{Epoch: 12, Number: 100_000 + uint64(i)}, Made: noon, Says: "printer.detail." + says, Prints: true, Perhaps: true})
	}
	return slips
}

func TestSlipsSayWhyAKeyIsOff(t *testing.T) {
	// A key would be grey, and nobody knows what else to do with the slip.
	_, screen := stage(t, "en", theme.Look{}, fyne.NewSize(1024, 600))
	for pick, says := range []string{"None of this one is on paper: print it, or give it up.", "Check the paper first. Choose with the arrows.",
		"This one prints by itself; it can only be given up."} {
		pose(screen, scene{"slips", func(s *State) { s.Sheet, s.Slips, s.Pick = SlipsSheet, waiting(), pick }})
		if said := strings.Join(lines(screen.over), " "); !strings.Contains(said, says) {
			t.Errorf("of slip %d it says %q", pick, said)
		}
	}
}

func TestSlipsThatSomebodyLooksAtAreReadAnew(t *testing.T) {
	// A slip that has come out would be called waiting, and printed a second time; or the key would give up another one than was looked at.
	s := State{Now: noon, Phase: Ready, Sheet: SlipsSheet, Slips: waiting(), SlipsRead: noon, Pick: 1}
	s, commands := play(s, Ticked{}, 2*time.Second, Ticked{})
	if len(commands) != 1 || commands[0] != (LoadSlips{}) {
		t.Fatalf("after two seconds %+v is ordered", commands)
	}
	if s, _ = play(s, SlipsLoaded{Slips: waiting()[1:]}); s.Pick != 0 {
		t.Errorf("another one came out, and slip %d is chosen instead of the one that was", s.Pick)
	}
	s, commands = play(s, SlipsLoaded{Slips: waiting()[2:]}, SlipSettled{SlipGiveUp})
	if _, chosen := s.slipChosen(); chosen || len(commands) != 0 {
		t.Errorf("the chosen one came out, and its key ordered %+v", commands)
	}
	s, _ = play(s, Moved{1}, SlipSettled{SlipGiveUp}, SlipsLoaded{Slips: []Slip{waiting()[0]}})
	if slip, chosen := s.slipChosen(); !chosen || slip.ID != 3 {
		t.Errorf("after somebody's own word %+v is chosen", slip)
	}
}

func TestChosenSlipIsInSight(t *testing.T) {
	// Somebody would give up a slip that he cannot see: the arrows go on below the edge of the list.
	_, screen := stage(t, "en", theme.Look{}, fyne.NewSize(1024, 600))
	pose(screen, scene{"slips", func(s *State) { s.Sheet, s.Slips, s.Pick = SlipsSheet, manyWaiting(), 9 }})
	var list *container.Scroll
	var find func(o fyne.CanvasObject)
	find = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *container.Scroll:
			list = o
		case *fyne.Container:
			for _, inner := range o.Objects {
				find(inner)
			}
		case fyne.Widget:
			for _, inner := range test.WidgetRenderer(o).Objects() {
				find(inner)
			}
		}
	}
	find(screen.over)
	if list == nil {
		t.Fatal("there is no list")
	}
	rows := list.Content.(*fyne.Container).Objects[0].(*fyne.Container).Objects[0].(*fyne.Container).Objects
	top := rows[9].Position().Y - list.Offset.Y
	if top < 0 || top+rows[9].Size().Height > list.Size().Height {
		t.Errorf("the chosen row stands at %.0f of %.0f", top, list.Size().Height)
	}
}

func TestASlipOutOfSightIsNotSettled(t *testing.T) {
	// With a finger the list can be drawn away from the slip that is chosen: somebody would give up one that he does not see.
	_, screen := stage(t, "en", theme.Look{}, fyne.NewSize(1024, 600))
	pose(screen, scene{"slips", func(s *State) { s.Sheet, s.Slips, s.Pick = SlipsSheet, manyWaiting(), 0 }})
	if !widgets.InSight(screen.drawn) || screen.drawnAway() {
		t.Fatal("the first slip cannot be seen")
	}
	scroll := screen.drawn.Objects[0].(*container.Scroll)
	scroll.ScrollToOffset(fyne.NewPos(0, scroll.Content.Size().Height-scroll.Size().Height))
	before := screen.counter.State()
	screen.pressed(string(keyUndo))
	if now := screen.counter.State(); now.Settled != before.Settled || !widgets.InSight(screen.drawn) {
		t.Errorf("slip %d was settled; it is in sight: %v", now.Settled, widgets.InSight(screen.drawn))
	}
	if screen.pressed(string(keyUndo)); screen.counter.State().Settled != before.Slips[0].ID {
		t.Errorf("what is seen is not settled, but %d", screen.counter.State().Settled)
	}
}

func TestSlipsAreSettledInTheWindow(t *testing.T) {
	// A slip that waits for a yes, or was perhaps printed, could be settled by nobody who stands at the counter.
	s := open()
	s, commands := play(s, Opened{SlipsSheet})
	if s.Sheet != SlipsSheet || !slices.Equal(commands, []Command{LoadSlips{}}) {
		t.Fatalf("on %q, to do %v", s.Sheet, commands)
	}
	s, _ = play(s, SlipsLoaded{Slips: waiting()})
	for _, step := range []struct {
		pick int
		word SlipWord
		does bool
	}{{0, SlipPrint, true}, {0, SlipOnPaper, false}, {0, SlipGiveUp, true}, {1, SlipPrint, true}, {1, SlipOnPaper, true}, {2, SlipPrint, false}, {2, SlipGiveUp, true}} {
		s, commands = play(s, Chose{step.pick}, SlipSettled{step.word})
		var want []Command
		if step.does {
			want = []Command{SettleSlip{waiting()[step.pick].ID, step.word, s.Operator}}
		}
		if !slices.Equal(commands, want) {
			t.Errorf("%s of slip %d does %v, want %v", step.word, step.pick, commands, want)
		}
	}
	s, _ = play(s, SlipsLoaded{Slips: waiting()[:1], Err: errors.New("it had just been printed")})
	if _, ok := s.slipChosen(); !ok || s.Notice.Saying.Key != "ui.notice.slips_failed" {
		t.Errorf("after a word that came too late: %d of %d, notice %q", s.Pick, len(s.Slips), s.Notice.Saying.Key)
	}
	s, _ = play(s, Scanned{terminal.Scan{Code: "7K3MQ9TX4B2H"}})
	if s.Sheet != NoSheet || s.Phase != Deciding {
		t.Error("the customer does not come first")
	}
}

func TestSlipsAskWhoIsThere(t *testing.T) {
	// Where the store wants a name for everything, the drawer would be opened by nobody.
	s := open()
	s.Place.Store.SignIn, s.Operator = terminal.SignInEach, nil
	s, _ = play(s, Opened{SlipsSheet})
	if s.Sheet != SignInSheet || s.Purpose != ForSlips {
		t.Fatalf("on %q for %q", s.Sheet, s.Purpose)
	}
	s.Who, s.Checking = &li, true
	s, _ = play(s, PINChecked{Operator: &li})
	s, _ = play(s, SlipsLoaded{Slips: waiting()})
	s, commands := play(s, SlipSettled{SlipPrint})
	if want := []Command{SettleSlip{3, SlipPrint, &li}}; !slices.Equal(commands, want) {
		t.Errorf("does %v, want %v", commands, want)
	}
	if s, _ = play(s, Dismissed{}); s.Clerk != nil || s.Operator != nil {
		t.Error("he stays signed in")
	}
}

func TestPrintingIsOfferedWhereTheStoreAsks(t *testing.T) {
	// The customer who wants his slip gets a DUPLICATE, or none.
	s := open()
	s.Place.Store.Print = "ask"
	s.Phase = Redeeming
	s, _ = play(s, Committed{Turn: s.Turn, Outcome: redeemedOutcome()})
	label := ""
	for _, action := range Panel(s, english).Actions {
		if action.Name == string(keyReprint) {
			label = action.Label
		}
	}
	if label != "Print the slip" {
		t.Errorf("the key says %q", label)
	}
	s.Past = nil // not read yet
	s, commands := play(s, ReprintAsked{})
	if want := []Command{PrintAgain{s.Outcome.Record.Entry.UID, s.Operator}}; !slices.Equal(commands, want) {
		t.Errorf("does %v, want %v", commands, want)
	}
	if s, _ = play(s, Reprinted{First: true}); s.Notice.Saying.Key != "ui.notice.printing" {
		t.Errorf("it says %q", s.Notice.Saying.Key)
	}
}

func TestNothingIsSaidToBePrintedWithoutAPrinter(t *testing.T) {
	// The cashier would wait for a slip that cannot come, and the number of those that wait would fall though none came out.
	s := open()
	s.Phase = Redeeming
	s, _ = play(s, Committed{Turn: s.Turn, Outcome: redeemedOutcome()})
	s.Status = Status{Paper: PaperNone, Slips: 1}
	s, commands := play(s, ReprintAsked{})
	if len(commands) != 0 || s.Notice.Saying.Key != "ui.notice.no_printer" {
		t.Errorf("F4 does %v and says %q", commands, s.Notice.Saying.Key)
	}
	s.Sheet, s.Slips, s.Notice = SlipsSheet, []Slip{{ID: 1, Prints: true}}, Notice{}
	if s, commands = play(s, SlipSettled{SlipPrint}); len(commands) != 0 || s.Notice.Saying.Key != "ui.notice.no_printer" {
		t.Errorf("in the list it does %v and says %q", commands, s.Notice.Saying.Key)
	}
	if _, commands = play(s, SlipSettled{SlipGiveUp}); len(commands) != 1 {
		t.Errorf("a slip that nobody wants cannot be given up: %v", commands)
	}
}

func TestAPracticeSlipsNumberIsNoReceipts(t *testing.T) {
	// A practice slip would bear the number of a real customer's receipt.
	s := open()
	s.Phase = Redeeming
	outcome := redeemedOutcome()
	outcome.Record.Entry.Receipt = terminal.ReceiptNumber{Epoch: 1, Number: 7}
	s, _ = play(s, Committed{Turn: s.Turn, Outcome: outcome})
	if says := Panel(s, english).Subtitle; !strings.Contains(says, "Receipt 1-000007") {
		t.Errorf("at work it says %q", says)
	}
	s.Training = true
	if says := Panel(s, english).Subtitle; strings.Contains(says, "1-000007") || !strings.Contains(says, "Practice slip 7") {
		t.Errorf("in a training it says %q", says)
	}
}
