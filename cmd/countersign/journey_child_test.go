package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/test"

	"countersign/cmd/internal/station"
	"countersign/ui/counter"
	"countersign/ui/widgets"
)

// journeyVariable turns the test's program into the desktop that the journey looks at.
const journeyVariable = "COUNTERSIGN_JOURNEY"

// touchVariable has it say where its buttons are.
const touchVariable = "COUNTERSIGN_JOURNEY_TOUCH"

func TestMain(m *testing.M) {
	if os.Getenv(journeyVariable) != "" {
		widgets.Shade()
		os.Exit(report(os.Stderr, desktop()))
	}
	os.Exit(m.Run())
}

// sight is what can be seen in the window.
type sight struct {
	Phase    counter.Phase
	Sheet    counter.Sheet
	Waiting  int
	Code     string // the last symbols of the one in hand
	SignedIn bool
	PIN      bool // a PIN is asked for
	Typed    int
	Past     int
	Behind   bool
	Reason   string
	Asks     string // what is asked for
	Scans    int    // on the bill in hand
	Lines    int    // vouchers of the answer
	Order    int    // vouchers of the order that are open as well
	Parts    int    // lines of an order to collect
	Handed   int    // of them
	Written  int    // signs in the open field
	Found    int    // redemptions that were searched for
	Notice   string
	Page     string // of the manager's room, while she is in it
	Closed   bool   // the day was closed
	Touch    string // where the buttons are that can be pressed: "F8@583,532;confirm@120,451"
}

// place is where a button is, as "583,532"; "" where there is none, or it cannot be pressed.
func (s sight) place(button string) string {
	_, after, found := strings.Cut(";"+s.Touch, ";"+button+"@")
	if !found {
		return ""
	}
	at, _, _ := strings.Cut(after, ";")
	return at
}

// touchable are the buttons of a window by name, and tiles by what is written on them. Of two with one name the one on top counts.
func touchable(o fyne.CanvasObject, at fyne.Position, found map[string]string) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	middle := fmt.Sprintf("%d,%d", int(at.X+o.Size().Width/2), int(at.Y+o.Size().Height/2))
	var inner []fyne.CanvasObject
	switch o := o.(type) {
	case *widgets.Button:
		delete(found, o.Action.Name)
		if !o.Action.Off {
			found[o.Action.Name] = middle
		}
		return
	case *widgets.Choice:
		for _, word := range written(o) {
			found["tile "+word] = middle
		}
		inner = test.WidgetRenderer(o).Objects()
	case *fyne.Container:
		inner = o.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(o).Objects()
	}
	for _, o := range inner {
		touchable(o, at, found)
	}
}

// written is what is written in an object.
func written(o fyne.CanvasObject) (words []string) {
	var inner []fyne.CanvasObject
	switch o := o.(type) {
	case *widgets.Text:
		return []string{o.Text}
	case *fyne.Container:
		inner = o.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(o).Objects()
	}
	for _, o := range inner {
		words = append(words, written(o)...)
	}
	return words
}

// places writes where the buttons of a window are.
func places(window fyne.Window) string {
	found := map[string]string{}
	touchable(window.Content(), fyne.Position{}, found)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, name+"@"+found[name])
	}
	return strings.Join(list, ";")
}

// desktop runs the counter as main does, and writes each change of what can be seen as a line of JSON.
func desktop() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	opened, err := station.Open(ctx, station.Config{Folder: os.Getenv("COUNTERSIGN_DATA"), Program: "countersign"})
	if err != nil {
		return err
	}
	opened.Start(ctx)
	m := New(app.NewWithID(appID), opened, Options{Language: "en", Theme: "light"})
	out := json.NewEncoder(os.Stdout)
	go look(ctx, m, func(s sight) {
		if err := out.Encode(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	m.Run(ctx)
	if err := m.Close(); err != nil {
		return err
	}
	return opened.Close()
}

func look(ctx context.Context, m *Main, write func(sight)) {
	touch := os.Getenv(touchVariable) != ""
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	var last sight
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		fyne.Do(func() {
			s := m.screen.Counter().State()
			now := sight{Phase: s.Phase, Sheet: s.Sheet, Waiting: len(s.Waiting), Code: s.Outcome.Masked, SignedIn: s.Operator != nil,
				PIN: s.Entry() == counter.PINEntry, Typed: len(s.Typed), Past: len(s.Past), Behind: s.Behind,
				Reason: string(s.Outcome.Reason()), Scans: len(s.Request.Scans), Lines: len(s.Outcome.Lines), Order: len(s.Outcome.Order), Parts: len(s.Parts),
				Written: max(utf8.RuneCountInString(s.Typed), utf8.RuneCountInString(s.Input)), Found: len(s.Found), Notice: s.Notice.Saying.Key}
			if room := m.day.State(); s.Sheet == counter.ManagerSheet {
				now.Page, now.Closed = string(room.Page), room.Closed != nil
			}
			if touch {
				now.Touch = places(m.window)
			}
			if ask, asked := s.Asking(); asked {
				now.Asks = string(ask.Missing)
			}
			for _, part := range s.Parts {
				if part.Handed {
					now.Handed++
				}
			}
			if now != last {
				last = now
				write(now)
			}
		})
	}
}
