package day

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"countersign/terminal"
)

// Source is where the room's figures come from, and what it can have done. It is called away from the window's goroutine.
type Source interface {
	// Place tells the business day that it is, where this is, and what ids are called.
	Place(ctx context.Context) (today terminal.Date, place terminal.Settings, names Names, err error)
	// Own is a day of this counter, Store one of the whole store, as far as its counters have sent it.
	Own(ctx context.Context, day terminal.Date) (Account, error)
	Store(ctx context.Context, day terminal.Date) (Account, error)
	Tasks(ctx context.Context) (Tasks, error)
	// Offers are those that this store honours, or would.
	Offers(ctx context.Context) ([]terminal.Campaign, error)
	// Pause pauses or resumes an offer in this store; terminal.ErrNoAnswer where the cloud cannot be asked.
	Pause(ctx context.Context, campaign string, paused bool, manager *terminal.Operator) error
	// CloseDay closes this counter's day; a *terminal.DayRefused says why not.
	CloseDay(ctx context.Context, day terminal.Date, manager *terminal.Operator) (terminal.Record, error)
	// Save writes an account into a file that is the manager's, and tells where it is.
	Save(ctx context.Context, format string, account *Account, words terminal.Words) (path string, err error)
	// Print puts an account's figures into the printer's queue.
	Print(ctx context.Context, account *Account, words terminal.Words) error
}

// Parts are what a Room works with.
type Parts struct {
	Source Source
	Words  terminal.Words
	Now    func() time.Time
	// Later runs f on the window's goroutine, Go on one of its own.
	Later func(f func())
	Go    func(f func())
	// Paperless reports that no printer is set up, so that slips wait for one; nil where there always is one. Like Source it is called
	// away from the window's goroutine.
	Paperless func() bool
	Log       *slog.Logger
}

// keeper keeps the State: it takes events one after the other, and carries out what they order. Its methods are called on the window's
// goroutine.
type keeper struct {
	parts Parts
	state State
	show  func()
	ctx   context.Context
	stop  context.CancelFunc
	work  sync.WaitGroup

	mu    sync.Mutex
	asked context.CancelFunc // of the last question for the whole store's day: another one makes it needless
}

func newKeeper(parts Parts, show func()) *keeper {
	ctx, stop := context.WithCancel(context.Background())
	return &keeper{parts: parts, show: show, ctx: ctx, stop: stop, state: State{Now: parts.Now(), Page: FiguresPage, By: ByCampaign}}
}

// happen takes an event.
func (k *keeper) happen(event Event) {
	var commands []Command
	k.state, commands = Step(k.state, k.parts.Now(), event)
	k.show()
	for _, command := range commands {
		k.do(command)
	}
}

// close waits until nothing is being written any more.
func (k *keeper) close() {
	k.stop()
	k.work.Wait()
}

func (k *keeper) do(command Command) {
	words := k.parts.Words
	k.work.Add(1)
	k.parts.Go(func() {
		event := k.carryOut(command, words)
		k.work.Done()
		k.parts.Later(func() {
			if k.ctx.Err() == nil {
				k.happen(event)
			}
		})
	})
}

// carryOut does what a command says. What changes something is finished even while the window closes.
func (k *keeper) carryOut(command Command, words terminal.Words) Event {
	ctx, source := k.ctx, k.parts.Source
	switch o := command.(type) {
	case Enter:
		today, place, names, err := source.Place(ctx)
		k.log("tell the day", err)
		return Arrived{today, place, names, err}
	case LoadOwn:
		account, err := source.Own(ctx, o.Day)
		k.log("add up this counter's day", err)
		return OwnLoaded{o.Turn, account, err}
	case LoadStore:
		account, err := source.Store(k.instead(ctx), o.Day)
		if !errors.Is(err, terminal.ErrNoAnswer) && !errors.Is(err, context.Canceled) {
			k.log("add up the store's day", err)
		}
		return StoreLoaded{o.Turn, account, err}
	case Find:
		return Found{o.Turn, rowsOf(o.Account.Records, o.Filter)}
	case LoadTasks:
		tasks, err := source.Tasks(ctx)
		k.log("list what there is to look at", err)
		return TasksLoaded{tasks, err}
	case LoadOffers:
		offers, err := source.Offers(ctx)
		k.log("list the offers", err)
		return OffersLoaded{offers, err}
	case Pause:
		err := source.Pause(context.WithoutCancel(ctx), o.Campaign, o.Paused, o.Manager)
		k.log("pause or resume an offer", err)
		return PauseAnswered{o.Campaign, o.Paused, err}
	case CloseDay:
		record, err := source.CloseDay(context.WithoutCancel(ctx), o.Day, o.Manager)
		var refused *terminal.DayRefused
		if !errors.As(err, &refused) {
			k.log("close the day", err)
		}
		return DayAnswered{record, err, k.paperless()}
	case Save:
		path, err := source.Save(context.WithoutCancel(ctx), o.Format, o.Account, words)
		k.log("save the day", err)
		return Saved{path, err}
	case Print:
		err := source.Print(context.WithoutCancel(ctx), o.Account, words)
		k.log("print the day", err)
		return Printed{err, k.paperless()}
	}
	return Ticked{}
}

// instead ends the question that was asked before: whoever turns the pages of the days waits for the last one only.
func (k *keeper) instead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked != nil {
		k.asked()
	}
	k.asked = cancel
	return ctx
}

func (k *keeper) paperless() bool { return k.parts.Paperless != nil && k.parts.Paperless() }

func (k *keeper) log(what string, err error) {
	if err != nil && k.ctx.Err() == nil && k.parts.Log != nil {
		k.parts.Log.Error("the day room could not "+what, "error", err)
	}
}

// rowsOf are the records behind a number, the newest first. It is never nil.
func rowsOf(records []terminal.Record, filter terminal.DayFilter) []terminal.Record {
	found := []terminal.Record{}
	for _, record := range records {
		if filter.Picks(record) {
			found = append(found, record)
		}
	}
	slices.SortStableFunc(found, func(a, b terminal.Record) int { return b.Entry.Wall.Compare(a.Entry.Wall) })
	return found
}
