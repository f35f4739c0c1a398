package counter

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"countersign/terminal"
	"countersign/ui/theme"
)

// pastShown is how many recent redemptions stand at the side, pastSearched how many a search looks through.
const (
	pastShown    = 20
	pastSearched = 500
)

// Parts are what a Counter works with.
type Parts struct {
	Terminal Terminal
	Rows     Rows
	Slips    Slips // nil where nothing is printed
	Words    terminal.Words
	// Now is the wall clock, as it is shown.
	Now func() time.Time
	// UID makes the uids of redemptions.
	UID func() terminal.UID
	// Later runs f on the goroutine on which all of the Counter's methods are called: fyne.Do.
	Later func(f func())
	// Go runs f on a goroutine of its own.
	Go func(f func())
	// Prefer has the screen be as people like it, at once, and keeps it. It is called on the goroutine of the methods.
	Prefer func(theme.Preferences)
	// Train makes a terminal to practise on, away from the goroutine of the methods; nil where there is none.
	Train func(ctx context.Context) (Sandbox, error)
	// Shut closes the window. It is called on the goroutine of the methods.
	Shut func()
	// Setup opens the room in which scanner and printer are tried out, in its own window; nil where there is nothing to set up. It is called on
	// the goroutine of the methods.
	Setup func()
	// Play lets a sound be heard. It is called on the goroutine of the methods, and must not block; nil where nothing is to be heard.
	Play func(Sound)
	// Show draws a state.
	Show func(State)
	// Paint brings what Show has drawn to the glass at once; nil where it comes there soon enough by itself. It is called on the goroutine of the
	// methods, once a verdict has come and what follows from it has begun.
	Paint func()
	// Log gets what went wrong with the machine; never a code.
	Log *slog.Logger
}

// Counter keeps the State of the screen: it takes events one after the other, and carries out what they order.
type Counter struct {
	parts Parts
	state State
	ctx   context.Context
	stop  context.CancelFunc
	work  sync.WaitGroup

	practice *practice // nil while nobody practises
	logo     logo
}

// New makes a counter. Its methods are called on the window's goroutine.
func New(parts Parts) *Counter {
	ctx, stop := context.WithCancel(context.Background())
	c := &Counter{parts: parts, ctx: ctx, stop: stop}
	now := parts.Now()
	c.state = State{Phase: Ready, Since: now, Now: now, Touched: now}
	return c
}

// Start reads the store's settings and the recent redemptions.
func (c *Counter) Start() {
	c.parts.Show(c.state)
	c.do(LoadPlace{})
	c.do(LoadPast{})
}

// Refresh reads them again: the cache or the journal has changed.
func (c *Counter) Refresh() {
	c.do(LoadPlace{})
	c.do(LoadPast{c.state.Operator})
}

// Close waits until nothing is being written any more.
func (c *Counter) Close() {
	c.stop()
	c.endTraining()
	c.work.Wait()
}

// State is what is shown.
func (c *Counter) State() State { return c.state }

// Words changes the language.
func (c *Counter) Speak(words terminal.Words) {
	c.parts.Words = words
	c.parts.Show(c.state)
}

// Words are those of the language that is spoken.
func (c *Counter) Words() terminal.Words { return c.parts.Words }

// Confirm is Enter.
func (c *Counter) Confirm() { c.Happen(Confirmed{c.parts.UID()}) }

// Happen takes an event.
func (c *Counter) Happen(event Event) {
	if begun, ok := event.(TrainingBegun); ok && begun.Terminal != nil {
		c.endTraining()
		c.practice = &practice{Sandbox: begun.Terminal}
	}
	before := c.state
	var commands []Command
	c.state, commands = Step(c.state, c.parts.Now(), event)
	if sound := Heard(before, c.state); sound != "" && c.parts.Play != nil {
		c.parts.Play(sound)
	}
	c.parts.Show(c.state)
	for _, command := range commands {
		c.do(command)
	}
	if c.parts.Paint != nil && verdict(event) && c.state.Phase != Redeeming {
		c.parts.Paint()
	}
}

// verdict reports that an event brings what somebody with a customer before her waits for.
func verdict(event Event) bool {
	switch event.(type) {
	case Answered, Committed, Reversed:
		return true
	}
	return false
}

// do carries a command out on a goroutine of its own; its answer comes back as an event.
func (c *Counter) do(command Command) {
	switch wish := command.(type) {
	case Prefer:
		if c.parts.Prefer != nil {
			c.parts.Prefer(wish.Preferences)
		}
		return
	case EndTraining:
		c.endTraining()
		return
	case CloseWindow:
		if c.parts.Shut != nil {
			c.parts.Shut()
		}
		return
	case OpenSetup:
		if c.parts.Setup != nil {
			c.parts.Setup()
		}
		return
	}
	words := c.parts.Words
	at := where{c.parts.Terminal, c.parts.Rows}
	done := func() {}
	if practice := c.practice; c.state.Training && practice != nil { // whatever becomes of the training meanwhile, it is never the real one
		at = where{practice, practice}
		practice.busy.Add(1)
		done = practice.busy.Done
	}
	c.work.Add(1)
	c.parts.Go(func() {
		event := c.carryOut(command, at, words)
		done()
		c.work.Done()
		c.parts.Later(func() {
			if c.ctx.Err() == nil {
				c.Happen(event)
			}
		})
	})
}

// where is the terminal that a command is for, and where the names of its vouchers are found.
type where struct {
	Terminal
	rows Rows
}

// carryOut does what command says. A redemption that has begun is finished even while the window closes: its context is not
// cancelled.
func (c *Counter) carryOut(command Command, t where, words terminal.Words) Event {
	ctx := c.ctx
	switch o := command.(type) {
	case Ask:
		outcome, err := t.Scan(ctx, o.Request)
		c.log("scan", err)
		return Answered{o.Turn, outcome, err, c.parts.UID()}
	case Commit:
		outcome, err := t.Redeem(context.WithoutCancel(ctx), o.Request)
		c.log("redeem", err)
		return Committed{o.Turn, outcome, err}
	case TakeBack:
		o.Reversal.Note = o.Note.In(words)
		outcome, err := t.Reverse(context.WithoutCancel(ctx), o.Reversal)
		c.log("reverse", err)
		return Reversed{outcome, err}
	case CheckPIN:
		operator, finding, err := c.parts.Terminal.Agree(ctx, o.At, o.Operator, o.PIN)
		c.log("sign in", err)
		return PINChecked{operator, finding, err}
	case PrintAgain:
		record, err := t.Reprint(context.WithoutCancel(ctx), o.UID, o.Operator)
		c.log("reprint", err)
		return Reprinted{err == nil && record.Entry.Kind != terminal.EntryReprint, err}
	case LoadPast:
		past, err := c.past(ctx, t, pastShown, o.Operator)
		return PastLoaded{past, err != nil}
	case Search:
		past, _ := c.past(ctx, t, pastSearched, o.Operator) // it is logged, and the column at the side says it
		return FoundPast{o.Text, matching(past, o.Text)}
	case LoadSlips:
		return c.slips(ctx, t)
	case SettleSlip:
		err := c.parts.Slips.Settle(context.WithoutCancel(ctx), o.ID, o.Word, o.Operator)
		c.log("settle a slip", err)
		loaded := c.slips(ctx, t)
		loaded.Err = errors.Join(err, loaded.Err)
		return loaded
	case LoadPlace:
		settings, err := c.parts.Terminal.Settings(ctx)
		if err != nil {
			c.log("settings", err)
			return PlaceLoaded{Err: err}
		}
		operators, err := c.parts.Terminal.Operators(ctx)
		c.log("operators", err)
		return PlaceLoaded{settings, operators, err, c.logo.picture(settings.Store.Logo)}
	case BeginTraining:
		return c.train(ctx)
	}
	return Ticked{}
}

func (c *Counter) log(what string, err error) {
	if err != nil && c.parts.Log != nil {
		c.parts.Log.Error("the counter could not "+what, "error", err)
	}
}

// named is an entry with the names of what it is about.
func (c *Counter) named(ctx context.Context, t where, record terminal.Record) Past {
	p := Past{Record: record}
	if len(record.Entry.Lines) == 0 {
		return p
	}
	line := record.Entry.Lines[0]
	p.Name = terminal.Text{"en": line.Campaign}
	if line.Lookup != nil {
		if row, err := t.rows.Find(ctx, []terminal.Lookup{*line.Lookup}); err == nil {
			p.Name, p.Holder, p.Lines = row.Campaign.Name, row.Voucher.Holder, row.Voucher.Lines
		}
	}
	return p
}

// past reads the newest entries with their names, and until when each can be undone. Of a damaged journal it returns what can be read.
func (c *Counter) past(ctx context.Context, t where, limit int, operator *terminal.Operator) ([]Past, error) {
	records, damage := t.Recent(ctx, limit)
	c.log("read the journal", damage)
	past := make([]Past, 0, len(records))
	for _, record := range records {
		p := c.named(ctx, t, record)
		// Only the newest few show their time left: asking for hundreds would read each one's voucher again.
		if record.Entry.Kind == terminal.EntryRedeem && len(past) < pastShown {
			var err error
			p.Until, err = t.ReversibleUntil(ctx, record, operator)
			c.log("tell until when it can be undone", err)
		}
		past = append(past, p)
	}
	return past, damage
}
