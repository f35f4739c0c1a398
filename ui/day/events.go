package day

import "countersign/terminal"

// Event is something that happened: a key, a tap, an answer.
type Event interface{ event() }

// Events that people cause.
type (
	// Entered opens the room for a manager; nil where nobody signs in.
	Entered struct{ Manager *terminal.Operator }
	// Left closes it.
	Left struct{}
	// Back is Esc: to the figures.
	Back struct{}
	// Turned asks for the day By days on; 0 for today's.
	Turned struct{ By int }
	// Moved chooses the number or row By places on; Chose chooses the one at Index and takes it.
	Moved struct{ By int }
	Chose struct{ Index int }
	// Confirmed is Enter: it takes what is chosen.
	Confirmed struct{}
	// Jumped chooses the next group of numbers, or another screenful of rows.
	Jumped struct{ By int }
	// Scoped switches between the whole store and this counter.
	Scoped struct{}
	// Regrouped goes to the next grouping of the list.
	Regrouped struct{}
	// Opened goes to a page.
	Opened struct{ Page Page }
	// PrintAsked asks for the day's figures on paper.
	PrintAsked struct{}
	// Ticked says that time has passed.
	Ticked struct{}
)

// Events that answer commands.
type (
	// Arrived answers Enter.
	Arrived struct {
		Today terminal.Date
		Place terminal.Settings
		Names Names
		Err   error
	}
	// OwnLoaded and StoreLoaded answer LoadOwn and LoadStore.
	OwnLoaded struct {
		Turn    uint64
		Account Account
		Err     error
	}
	StoreLoaded struct {
		Turn    uint64
		Account Account
		Err     error
	}
	// Found answers Find.
	Found struct {
		Turn    uint64
		Records []terminal.Record
	}
	// TasksLoaded answers LoadTasks, OffersLoaded LoadOffers.
	TasksLoaded struct {
		Tasks Tasks
		Err   error
	}
	OffersLoaded struct {
		Offers []terminal.Campaign
		Err    error
	}
	// PauseAnswered answers Pause.
	PauseAnswered struct {
		Campaign string
		Paused   bool
		Err      error
	}
	// DayAnswered answers CloseDay. Kept says that its slip waits, since no printer is set up.
	DayAnswered struct {
		Record terminal.Record
		Err    error
		Kept   bool
	}
	// Saved answers Save; Printed answers Print. Kept says that the slip waits, since no printer is set up.
	Saved struct {
		Path string
		Err  error
	}
	Printed struct {
		Err  error
		Kept bool
	}
)

func (Entered) event()       {}
func (Left) event()          {}
func (Back) event()          {}
func (Turned) event()        {}
func (Moved) event()         {}
func (Chose) event()         {}
func (Confirmed) event()     {}
func (Jumped) event()        {}
func (Scoped) event()        {}
func (Regrouped) event()     {}
func (Opened) event()        {}
func (PrintAsked) event()    {}
func (Ticked) event()        {}
func (Arrived) event()       {}
func (OwnLoaded) event()     {}
func (StoreLoaded) event()   {}
func (Found) event()         {}
func (TasksLoaded) event()   {}
func (OffersLoaded) event()  {}
func (PauseAnswered) event() {}
func (DayAnswered) event()   {}
func (Saved) event()         {}
func (Printed) event()       {}

// Command is something that Step wants done, away from the window's goroutine. Each is answered by one event.
type Command interface{ command() }

// The commands.
type (
	// Enter asks where and when this is.
	Enter struct{}
	// LoadOwn and LoadStore ask for a day.
	LoadOwn struct {
		Turn uint64
		Day  terminal.Date
	}
	LoadStore struct {
		Turn uint64
		Day  terminal.Date
	}
	// Find picks the rows behind a number, the newest first.
	Find struct {
		Turn    uint64
		Account *Account
		Filter  terminal.DayFilter
	}
	// LoadTasks asks what there is to look at, LoadOffers for the offers.
	LoadTasks  struct{}
	LoadOffers struct{}
	// Pause pauses or resumes an offer in this store.
	Pause struct {
		Campaign string
		Paused   bool
		Manager  *terminal.Operator
	}
	// CloseDay closes this counter's day.
	CloseDay struct {
		Day     terminal.Date
		Manager *terminal.Operator
	}
	// Save writes the day into a file, Print brings its figures to paper.
	Save struct {
		Format  string
		Account *Account
	}
	Print struct{ Account *Account }
)

func (Enter) command()      {}
func (LoadOwn) command()    {}
func (LoadStore) command()  {}
func (Find) command()       {}
func (LoadTasks) command()  {}
func (LoadOffers) command() {}
func (Pause) command()      {}
func (CloseDay) command()   {}
func (Save) command()       {}
func (Print) command()      {}
