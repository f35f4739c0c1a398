package counter

import (
	"image"
	"time"

	"countersign/terminal"
	"countersign/ui/theme"
)

// Phase is what the large panel is about.
type Phase string

// The phases. At most one voucher, or one bill, is in hand at a time.
const (
	Ready         Phase = "ready"           // waiting for a scan
	Deciding      Phase = "deciding"        // the terminal is asked
	ReadyToRedeem Phase = "ready_to_redeem" // it would be honoured: a person has to say yes
	Asked         Phase = "asked"           // something is missing first
	Redeeming     Phase = "redeeming"       // yes was said; not on disk yet
	Redeemed      Phase = "redeemed"        // on disk: the only green one
	Declined      Phase = "declined"
	TakenBack     Phase = "taken_back" // a redemption was undone, on disk
	Fault         Phase = "fault"      // this machine cannot work
)

// open reports that the panel still waits for a person or for the terminal: no other scan may take its place.
func (p Phase) open() bool {
	switch p {
	case Deciding, ReadyToRedeem, Asked, Redeeming, Fault:
		return true
	}
	return false
}

// Sheet is what lies over the panel.
type Sheet string

// The sheets.
const (
	NoSheet      Sheet = ""
	HelpSheet    Sheet = "help"
	CodeSheet    Sheet = "code"
	SearchSheet  Sheet = "search"
	UndoSheet    Sheet = "undo"
	SignInSheet  Sheet = "sign_in"
	ManagerSheet Sheet = "manager"
	SlipsSheet   Sheet = "slips"
	PreferSheet  Sheet = "prefer"
	BookSheet    Sheet = "book"
)

// gives reports that the sheet makes way for a scan: the customer comes first.
func (s Sheet) gives() bool {
	return s == HelpSheet || s == CodeSheet || s == SearchSheet || s == ManagerSheet || s == SlipsSheet || s == PreferSheet || s == BookSheet
}

// Purpose is what somebody signs in for.
type Purpose string

// The purposes.
const (
	ForShift      Purpose = "shift"       // to work here
	ForScan       Purpose = "scan"        // the store wants a name for each redemption
	ForApproval   Purpose = "approval"    // a second person agrees to a redemption
	ForUndo       Purpose = "undo"        // the store wants a name for each reversal
	ForUndoAgreed Purpose = "undo_agreed" // a manager agrees to a reversal
	ForSlips      Purpose = "slips"       // to say what becomes of slips
	ForManager    Purpose = "manager"     // to see the figures; a technician, to see to the devices
	ForTraining   Purpose = "training"    // to begin a training, or to end it
	ForClosing    Purpose = "closing"     // to close a window that is guarded
)

// Notice is a short word at the panel's foot that asks for nothing and goes by itself.
type Notice struct {
	Saying terminal.Saying
	Until  time.Time
}

// Times of the screen.
const (
	idleLockMinutes = 5    // without a key, a tap or a scan
	greenMillis     = 1500 // a green panel is seen at least so long before the next waiting scan takes its place
	freshMillis     = 600  // an answer is seen at least so long before a new scan takes its place
	guardMillis     = 400  // a panel is seen at least so long before Enter says yes to it
	greenSeconds    = 20   // an old green must not be taken for the next voucher's
	noticeSeconds   = 4
	mostWaiting     = 99
	mostDigits      = 12
	mostLetters     = 64
	mostPINDigits   = 12
	mostTrail       = 256

	// Codes between these lengths have an end that says which voucher it is, and does not give the rest away.
	leastLettersMasked = 8
	mostLettersMasked  = 32
)

// State is all that the screen shows.
type State struct {
	Now   time.Time
	Place terminal.Settings
	Logo  image.Image // the store's; nil where it has none

	Phase   Phase
	Since   time.Time // when the phase began
	Turn    uint64    // counts the questions to the terminal; an answer to an older one is dropped
	Request terminal.Request
	Outcome terminal.Outcome
	Fault   string           // of Fault: the error's sentence
	Advice  string           // of Fault: what to do about it; "" for what helps as a rule
	Again   Command          // of Fault: what Enter tries again
	Input   string           // of Asked: what was typed
	Asks    terminal.Missing // of Asked: what Input answers
	Waiting []terminal.Scan
	Aside   *Aside // what was in hand before a reversal; nil where nothing was

	Lapsed  bool                   // somebody approved what was in hand before it changed
	Billing bool                   // what is scanned goes on the bill in hand, and does not wait
	Known   []terminal.OutcomeLine // of a bill: what each of the Request's scans was, when it was last known
	Parts   []Part                 // of an order to collect: what of it is still open
	Row     int                    // the row of the panel's list that is chosen: an index into Parts, or into the bill's vouchers as scanned

	Sheet    Sheet
	Pick     int       // the tile or row that is chosen on the sheet
	Trail    []written // what stood in the open field before each rune of late
	Typed    string    // what was typed on the sheet
	Keys     bool      // a keyboard for fingers is shown there
	Purpose  Purpose
	Who      *terminal.Operator // of SignInSheet: whose PIN is asked for
	Checking bool               // the PIN, or the reversal, is under way
	Wrong    *terminal.Finding  // why the last PIN was refused
	Undoing  *Past              // of UndoSheet, and of the reversal after it

	Slips []Slip             // of SlipsSheet; nil before they were read
	Clerk *terminal.Operator // of SlipsSheet: who signed in for it
	// SlipsRead is when Slips were asked for last, and Settled the slip that a person's word was on last.
	SlipsRead time.Time
	Settled   int64

	Preferences theme.Preferences // how the screen is liked
	Training    bool              // nothing that is done counts
	TrainedOn   terminal.Date     // the business day on which that began
	Guarded     bool              // the window closes for managers only
	Shutting    time.Time         // since when it is asked whether the window closes over what is open; zero where it is not

	Undo    TakeBack // the reversal that was asked for
	Portion Portion  // of UndoSheet: how much comes back

	Manager   *terminal.Operator // of ManagerSheet: who is in the room
	Operator  *terminal.Operator
	Operators []terminal.Operator
	Touched   time.Time // when a person last did anything

	Past   []Past
	Unread bool         // the journal, or some of it, cannot be read: Past is not all there is
	Opened terminal.UID // of Past: the row whose buttons are shown
	Found  []Past       // of SearchSheet
	Status Status
	Notice Notice
	Behind bool // another window has the keyboard
}

// Aside is what somebody had in hand when he took another redemption back: it comes back in hand after that, before what waits.
type Aside struct {
	Request terminal.Request
	Billing bool
	Known   []terminal.OutcomeLine
	Row     int
}

// waits is how many vouchers are still to come.
func (s State) waits() int {
	if s.Aside != nil {
		return len(s.Waiting) + len(s.Aside.Request.Scans)
	}
	return len(s.Waiting)
}

// written is what stood in a field, so that the runes of a scan can be taken back.
type written struct {
	text  string
	pick  int
	parts []Part
}

// Locked reports that somebody has to sign in before anything can be redeemed.
func (s State) Locked() bool {
	return s.Sheet == SignInSheet && s.Purpose == ForShift && s.Operator == nil
}

// Asking is what the panel asks for: the first that is missing, people before amounts.
func (s State) Asking() (terminal.Ask, bool) {
	if s.Phase != Asked {
		return terminal.Ask{}, false
	}
	order := []terminal.Missing{terminal.MissingOperator, terminal.MissingBill, terminal.MissingUnits, terminal.MissingAmount,
		terminal.MissingLines, terminal.MissingApproval, terminal.MissingHub}
	for _, missing := range order {
		for _, ask := range s.Outcome.Asks {
			if ask.Missing == missing {
				return ask, true
			}
		}
	}
	return terminal.Ask{}, false
}

// Currency is the one that amounts are typed in.
func (s State) Currency() string {
	for _, line := range s.Outcome.Lines {
		if line.Campaign.Currency != "" {
			return line.Campaign.Currency
		}
	}
	return s.Place.Merchant.Currency
}

// People are who can sign in for the purpose at hand.
func (s State) People() []terminal.Operator {
	var people []terminal.Operator
	for _, person := range s.Operators {
		second := s.Purpose == ForApproval || s.Purpose == ForUndoAgreed
		switch {
		case !person.Active:
		case (second || s.Purpose == ForTraining || s.Purpose == ForClosing) && !person.Role.Covers(terminal.RoleManager):
		case s.Purpose == ForManager && !person.Role.Covers(terminal.RoleManager) && person.Role != terminal.RoleTechnician:
		case second && s.Operator != nil && person.ID == s.Operator.ID:
		case s.Purpose != ForShift && s.Purpose != ForManager && person.Role == terminal.RoleTechnician:
		default:
			people = append(people, person)
		}
	}
	return people
}

// Undoable is the newest redemption that can still be undone.
func (s State) Undoable() *Past {
	for i := range s.Past {
		if s.Past[i].Until.After(s.Now) {
			return &s.Past[i]
		}
	}
	return nil
}

// pastOf finds a recent record.
func (s State) pastOf(uid terminal.UID) *Past {
	for _, list := range [][]Past{s.Past, s.Found} {
		for i := range list {
			if list[i].Record.Entry.UID == uid {
				return &list[i]
			}
		}
	}
	return nil
}
