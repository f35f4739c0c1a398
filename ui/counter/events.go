package counter

import (
	"image"
	"time"

	"countersign/terminal"
	"countersign/ui/theme"
)

// Event is something that happened: a key, a tap, a scan, an answer. Uids come with the events, since Step makes nothing up.
type Event interface{ event() }

// Events that people and scanners cause.
type (
	// Scanned is a code from a scanner, a picture or the code sheet.
	Scanned struct{ Scan terminal.Scan }
	// Confirmed is Enter, or the button that says so. Fresh is the uid that a redemption gets.
	Confirmed struct{ Fresh terminal.UID }
	// Dismissed is Esc: one step back, and in the end always to Ready.
	Dismissed struct{}
	// Typing is a rune for the open field; Retracted takes back the last N, which were a scan's; Erased is Backspace.
	Typing    struct{ Rune rune }
	Retracted struct{ N int }
	Erased    struct{}
	// Filled puts the most that can be given into the field.
	Filled struct{}
	// Moved chooses the tile or row By places on; Chose chooses and takes the one at Index.
	Moved struct{ By int }
	Chose struct{ Index int }
	// Opened asks for a sheet.
	Opened struct{ Sheet Sheet }
	// Touched opens or closes the buttons of a recent redemption.
	Touched struct{ UID terminal.UID }
	// UndoAsked asks to undo a redemption; the zero uid means the newest that can be.
	UndoAsked struct{ UID terminal.UID }
	// ReprintAsked asks for a slip again; the zero uid means the newest.
	ReprintAsked struct{ UID terminal.UID }
	// OrderAsked takes the rest of the voucher's order along, or leaves it again.
	OrderAsked struct{}
	// BillAsked begins a bill: what is in hand and what is scanned next are redeemed together.
	BillAsked struct{}
	// AmendAsked asks for the amounts again.
	AmendAsked struct{}
	// RowTouched presses a row of the panel's list: a voucher of a bill is chosen, a line of an order is left out or put back.
	RowTouched struct{ Index int }
	// Kept says that the chosen line of an order stays here, or is handed over.
	Kept struct{ Handed bool }
	// Removed takes a voucher off the bill; a negative index means the chosen one.
	Removed struct{ Index int }
	// Turned chooses the option By places on in the row of preferences that is picked; Picked chooses one of a row.
	Turned struct{ By int }
	Picked struct{ Row, Option int }
	// TrainingAsked asks to begin a training, or to end it: a manager has to agree. CloseAsked asks to close the window.
	TrainingAsked struct{}
	CloseAsked    struct{}
	// KeysAsked shows the keyboard for fingers, or takes it away.
	KeysAsked struct{}
	// SwitchAsked lets somebody else sign in.
	SwitchAsked struct{}
	// Stirred says that somebody is at work in the manager's room.
	Stirred struct{}
)

// Events that the terminal and the machine cause.
type (
	// Answered answers Ask, Committed answers Commit. Fresh is the uid of a redemption that needs no key.
	Answered struct {
		Turn    uint64
		Outcome terminal.Outcome
		Err     error
		Fresh   terminal.UID
	}
	Committed struct {
		Turn    uint64
		Outcome terminal.Outcome
		Err     error
	}
	// Reversed answers TakeBack.
	Reversed struct {
		Outcome terminal.Outcome
		Err     error
	}
	// PINChecked answers CheckPIN. Finding says why it was refused.
	PINChecked struct {
		Operator *terminal.Operator
		Finding  *terminal.Finding
		Err      error
	}
	// Reprinted answers PrintAgain. First says that it was the original, which had not been printed yet.
	Reprinted struct {
		First bool
		Err   error
	}
	// PastLoaded answers LoadPast, FoundPast answers Search.
	PastLoaded struct {
		Past   []Past
		Unread bool // the journal, or some of it, cannot be read
	}
	FoundPast struct {
		Text string
		Past []Past
	}
	// SlipsLoaded answers LoadSlips and SettleSlip.
	SlipsLoaded struct {
		Slips []Slip
		Err   error
	}
	// SlipSettled is a person's word on the slip that is chosen.
	SlipSettled struct{ Word SlipWord }
	// PlaceLoaded answers LoadPlace.
	PlaceLoaded struct {
		Settings  terminal.Settings
		Operators []terminal.Operator
		Err       error
		Logo      image.Image // the store's; nil where it has none
	}
	// StatusChanged brings what the status bar says.
	StatusChanged struct{ Status Status }
	// Told is a short word that asks for nothing, such as that a picture held no code.
	Told struct{ Saying terminal.Saying }
	// ForegroundChanged says whether this window has the keyboard.
	ForegroundChanged struct{ Foreground bool }
	// TrainingBegun answers BeginTraining.
	TrainingBegun struct {
		Terminal Sandbox
		Err      error
	}
	// Guard says whether the window closes for managers only.
	Guard struct{ Guarded bool }
	// Preferred says how the screen is liked: what was kept from before, or was said elsewhere.
	Preferred struct{ Preferences theme.Preferences }
	// Ticked says that time has passed.
	Ticked struct{}
)

func (Scanned) event()           {}
func (Confirmed) event()         {}
func (Dismissed) event()         {}
func (Typing) event()            {}
func (Retracted) event()         {}
func (Erased) event()            {}
func (Filled) event()            {}
func (Moved) event()             {}
func (Chose) event()             {}
func (Opened) event()            {}
func (Touched) event()           {}
func (UndoAsked) event()         {}
func (ReprintAsked) event()      {}
func (OrderAsked) event()        {}
func (BillAsked) event()         {}
func (AmendAsked) event()        {}
func (RowTouched) event()        {}
func (Kept) event()              {}
func (Removed) event()           {}
func (Turned) event()            {}
func (Picked) event()            {}
func (Preferred) event()         {}
func (TrainingAsked) event()     {}
func (CloseAsked) event()        {}
func (TrainingBegun) event()     {}
func (Guard) event()             {}
func (KeysAsked) event()         {}
func (SwitchAsked) event()       {}
func (Stirred) event()           {}
func (Answered) event()          {}
func (Committed) event()         {}
func (Reversed) event()          {}
func (PINChecked) event()        {}
func (Reprinted) event()         {}
func (PastLoaded) event()        {}
func (FoundPast) event()         {}
func (SlipsLoaded) event()       {}
func (SlipSettled) event()       {}
func (PlaceLoaded) event()       {}
func (StatusChanged) event()     {}
func (Told) event()              {}
func (ForegroundChanged) event() {}
func (Ticked) event()            {}

// byPerson reports that somebody is there: the counter does not lock itself.
func byPerson(event Event) bool {
	switch event.(type) {
	case Scanned, Confirmed, Dismissed, Typing, Erased, Filled, Moved, Chose, Opened, Touched, UndoAsked, ReprintAsked, SwitchAsked, Stirred,
		OrderAsked, BillAsked, AmendAsked, RowTouched, Kept, Removed, SlipSettled, Turned, Picked, TrainingAsked, CloseAsked, KeysAsked:
		return true
	}
	return false
}

// Command is something that Step wants done, away from the window's goroutine.
type Command interface{ command() }

// The commands, each answered by one event.
type (
	// Ask wants to know what a request would come to.
	Ask struct {
		Turn    uint64
		Request terminal.Request
	}
	// Commit redeems.
	Commit struct {
		Turn    uint64
		Request terminal.Request
	}
	// TakeBack reverses. Note goes into Reversal.Note in the language of the screen.
	TakeBack struct {
		Reversal terminal.Reversal
		Note     terminal.Saying
	}
	// CheckPIN signs somebody in.
	CheckPIN struct {
		Operator, PIN string
		At            *terminal.Operator // who is signed in where a second person's PIN is asked for
	}
	// PrintAgain prints a slip again.
	PrintAgain struct {
		UID      terminal.UID
		Operator *terminal.Operator
	}
	// LoadPast reads the recent redemptions, with until when Operator can undo each.
	LoadPast struct{ Operator *terminal.Operator }
	// Search looks through the older ones; the empty text finds all of today.
	Search struct {
		Text     string
		Operator *terminal.Operator
	}
	// LoadSlips reads the slips that wait or need a look; SettleSlip carries out somebody's word on one, and reads them again.
	LoadSlips  struct{}
	SettleSlip struct {
		ID       int64
		Word     SlipWord
		Operator *terminal.Operator
	}
	// LoadPlace reads settings and operators.
	LoadPlace struct{}
	// BeginTraining makes a terminal to practise on; EndTraining has no answer.
	BeginTraining struct{}
	EndTraining   struct{}
	// CloseWindow closes the window. It has no answer.
	CloseWindow struct{}
	// OpenSetup opens the room for scanner, printer and diagnostics. It has no answer.
	OpenSetup struct{}
	// Prefer has the screen be as people like it. It has no answer.
	Prefer struct{ Preferences theme.Preferences }
)

func (Ask) command()           {}
func (Commit) command()        {}
func (TakeBack) command()      {}
func (CheckPIN) command()      {}
func (PrintAgain) command()    {}
func (LoadPast) command()      {}
func (Search) command()        {}
func (LoadPlace) command()     {}
func (LoadSlips) command()     {}
func (SettleSlip) command()    {}
func (Prefer) command()        {}
func (BeginTraining) command() {}
func (EndTraining) command()   {}
func (CloseWindow) command()   {}
func (OpenSetup) command()     {}

func millis(n int) time.Duration { return time.Duration(n) * time.Millisecond }
