package counter_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/ui/counter"
	"countersign/ui/day"
	"countersign/ui/keys"
	"countersign/ui/widgets"
)

// person is somebody who works a whole day in one way: at the keys, or with a finger. Both have a scanner.
type person interface {
	press(key string)           // a function key, "confirm" or "dismiss"
	write(text string)          // into the open field
	choose(index int)           // among the tiles, reasons or rows of a sheet
	prefer(row, option, of int) // on the sheet of preferences
	room(key string)            // a key of the manager's room
}

// keyboarder uses keys alone.
type keyboarder struct{ *till }

func (k keyboarder) press(key string) {
	k.Hands.Key(map[string]fyne.KeyName{"confirm": fyne.KeyReturn, "dismiss": fyne.KeyEscape}[key])
	if strings.HasPrefix(key, "F") {
		k.Hands.Key(fyne.KeyName(key))
	}
	k.tick(time.Second)
}

func (k keyboarder) write(text string) {
	k.Type(text, 150*time.Millisecond)
	k.tick(time.Second)
}

func (k keyboarder) choose(index int) {
	for k.state().Pick != index {
		k.Hands.Key(fyne.KeyDown)
	}
	if k.state().Sheet == counter.SignInSheet {
		k.press("confirm")
	}
}

func (k keyboarder) prefer(row, option, of int) {
	for k.state().Pick != row {
		k.Hands.Key(fyne.KeyDown)
	}
	for range (option + of) % of {
		k.Hands.Key(fyne.KeyRight)
	}
}

func (k keyboarder) room(key string) { k.press(key) }

// toucher uses a finger alone.
type toucher struct {
	*till
	t *testing.T
}

// top is the button of a name that lies uppermost.
func (f toucher) top(name string) *widgets.Button {
	f.t.Helper()
	var found *widgets.Button
	for _, o := range everything(f.window.Content()) {
		if button, ok := o.(*widgets.Button); ok && button.Action.Name == name {
			found = button
		}
	}
	if found == nil || found.Action.Off {
		f.t.Fatalf("there is no button %q to press; the counter is in %s, %q", name, f.state().Phase, f.state().Sheet)
	}
	if size := found.Size(); size.Height < 48 || size.Width < 48 {
		f.t.Errorf("%q is %v: too small for a finger", name, size)
	}
	return found
}

func (f toucher) press(key string) {
	f.t.Helper()
	f.Click(f.top(key))
	f.tick(time.Second)
}

func (f toucher) write(text string) {
	f.t.Helper()
	switch sheet := f.state().Sheet; {
	case sheet == counter.SearchSheet || sheet == counter.UndoSheet:
		f.press("keys")
	}
	for _, r := range strings.ToUpper(text) {
		f.Click(f.top(widgets.KeyName(string(r))))
	}
	f.tick(time.Second)
}

func (f toucher) choose(index int) {
	f.t.Helper()
	if f.state().Sheet == counter.SearchSheet {
		for _, o := range everything(f.window.Content()) {
			if list, ok := o.(*keys.List); ok {
				f.Canvas.Unfocus()
				list.Select(index)
			}
		}
	} else {
		f.Click(choice(f.t, f.till, index))
	}
	f.tick(time.Second)
}

func (f toucher) prefer(row, option, _ int) {
	f.t.Helper()
	before := []int{0, 4, 6, 10}[row]
	f.Click(choice(f.t, f.till, before+option))
}

func (f toucher) room(key string) {
	f.t.Helper()
	if name, ok := map[string]string{"confirm": "Return", "dismiss": "Escape"}[key]; ok {
		key = name
	}
	f.press(key)
}

// evening are books of a day that can be closed.
type evening struct {
	books
	closed *[]terminal.Date
}

func (e evening) CloseDay(_ context.Context, date terminal.Date, _ *terminal.Operator) (terminal.Record, error) {
	*e.closed = append(*e.closed, date)
	return terminal.Record{Entry: terminal.Entry{Kind: terminal.EntryDayClose, BusinessDay: date, Totals: &terminal.DayTotals{Number: 1}}}, nil
}

// shift is a day at a counter, and what must have come of it.
type shift struct {
	*till
	person
	t      *testing.T
	closed []terminal.Date
}

// wants fails unless the panel is in a phase, and no sheet over it.
func (s *shift) wants(what string, phase counter.Phase) {
	s.t.Helper()
	if now := s.state(); now.Phase != phase || now.Sheet != counter.NoSheet {
		s.t.Fatalf("%s: the counter is in %s, %q, and not in %s", what, now.Phase, now.Sheet, phase)
	}
}

func (s *shift) scan(code string) {
	s.Scan(code, fyne.KeyReturn)
	s.tick(time.Second)
}

func (s *shift) pin() {
	s.t.Helper()
	s.person.write("4821")
	s.press("confirm")
}

// morning signs Li in, and redeems what asks for something first.
func (s *shift) morning() {
	s.scan(code(1))
	s.press("confirm")
	s.wants("a product", counter.Redeemed)
	s.scan("BALANCE000001")
	s.wants("a balance", counter.Asked)
	s.person.write("12.50")
	s.press("confirm")
	s.press("confirm")
	s.wants("a balance, 12.50 of it", counter.Redeemed)
	s.scan("PASS000000001")
	s.person.write("2")
	s.press("confirm")
	s.press("confirm")
	s.wants("a pass, twice", counter.Redeemed)
	s.scan("COSTLY0000001")
	s.press("confirm")
	s.pin()
	s.press("confirm")
	s.wants("with a manager's yes", counter.Redeemed)
	s.scan("EXPIRED000001")
	s.wants("an expired one", counter.Declined)
	s.press("confirm")
	s.press("F6")
	s.scan(code(2))
	s.scan(code(3))
	s.press("confirm")
	s.wants("two on one bill", counter.Redeemed)
	s.press("confirm")
	s.press("F2")
	s.person.write("9TX4-0004")
	s.press("confirm")
	s.wants("a typed code", counter.ReadyToRedeem)
	s.press("confirm")
	s.wants("a typed code", counter.Redeemed)
}

// noon puts right what went wrong.
func (s *shift) noon() {
	s.press("F4")
	s.press("F3")
	s.person.write("0001")
	found := s.state().Found
	i := slices.IndexFunc(found, func(p counter.Past) bool { return !p.Until.IsZero() })
	if i < 0 {
		s.t.Fatalf("nothing of %d found can be undone", len(found))
	}
	s.choose(i)
	s.press("F8")
	s.choose(1)
	s.press("confirm")
	s.wants("undone from the search", counter.TakenBack)
	s.press("confirm")
	s.press("F8")
	s.person.write("it broke")
	s.press("confirm")
	s.wants("undone for a reason of one's own", counter.TakenBack)
	s.press("confirm")
	if back := s.shop.Reversals(); len(back) != 2 || !strings.EqualFold(back[1].Note, "it broke") || len(s.shop.Reprints()) != 1 {
		s.t.Errorf("undone %+v, printed again %v", back, s.shop.Reprints())
	}
	s.press("F9")
	s.choose(2)
	s.pin()
	s.scan(code(5))
	s.tick(6 * time.Minute)
	if !s.state().Locked() {
		s.t.Error("not locked at lunch")
	}
	s.choose(1)
	s.pin()
	s.wants("the panel that was open before the lock", counter.ReadyToRedeem)
	s.press("confirm")
	s.wants("after the lock", counter.Redeemed)
	s.press("F1")
	s.press("dismiss")
}

// afternoon changes the language, and practises.
func (s *shift) afternoon() {
	s.press("F10")
	s.prefer(0, 3, 4)
	if language := s.screen.Counter().Words().Language(); language != "es" {
		s.t.Errorf("the screen speaks %q", language)
	}
	s.prefer(0, []int{0, 1}[len(s.liked)%2], 4)
	s.press("dismiss")
	s.press("F10")
	s.press(trainingKey(s.person))
	s.pin()
	s.scan(code(6))
	s.press("confirm")
	s.wants("in training", counter.Redeemed)
	s.press("F10")
	s.press(trainingKey(s.person))
	s.pin()
	s.wants("after the training", counter.Ready)
	if slices.Contains(s.shop.Codes(), code(6)) {
		s.t.Error("the training was real")
	}
}

// trainingKey is what begins and ends a training on the sheet of preferences.
func trainingKey(p person) string {
	if _, finger := p.(toucher); finger {
		return "training"
	}
	return "F7"
}

// close closes the day in the manager's room, and then the window.
func (s *shift) close() {
	s.press("F12")
	s.pin()
	s.room("F8")
	s.room("confirm")
	if len(s.closed) != 1 {
		s.t.Errorf("the day was closed %d times", len(s.closed))
	}
	s.room("confirm")
	for s.state().Sheet == counter.ManagerSheet {
		s.room("dismiss")
	}
	s.press("F10")
	shut := "F4"
	if _, finger := s.person.(toucher); finger {
		shut = "shut"
	}
	s.press(shut)
	s.pin()
	if s.shut != 1 {
		s.t.Errorf("closed %d times", s.shut)
	}
}

func TestWholeDay(t *testing.T) {
	// At a till without a mouse, or at one without a keyboard, somebody would come to a point in the day at which she cannot go on.
	for _, how := range []string{"keys", "finger"} {
		t.Run(how, func(t *testing.T) {
			c := openTill(t)
			s := &shift{till: c, t: t}
			s.person = keyboarder{c}
			if how == "finger" {
				s.person = toucher{c, t}
			}
			c.prefers()
			c.screen.Counter().Happen(counter.Guard{Guarded: true})
			c.screen.SetRoom(day.NewRoom(c.screen.Sink(), day.Parts{Source: evening{closed: &s.closed}, Now: c.World.Now, Later: c.World.Later,
				Words: translations.For("en", time.UTC).At(c.World.Now), Go: func(f func()) { f() }}))
			asks := func(missing terminal.Missing, kind terminal.Kind) terminal.Outcome {
				return terminal.Outcome{Choice: terminal.Asking, Masked: "0001", Asks: []terminal.Ask{{Missing: missing, Most: 9000}},
					Lines: []terminal.OutcomeLine{{Masked: "0001", Campaign: terminal.Campaign{ID: "x", Kind: kind, Currency: "EUR", Name: terminal.Text{"en": "X"}}}}}
			}
			c.shop.Answer("BALANCE000001", asks(terminal.MissingAmount, terminal.KindBalance))
			c.shop.Answer("PASS000000001", asks(terminal.MissingUnits, terminal.KindPass))
			c.shop.Answer("COSTLY0000001", asks(terminal.MissingApproval, terminal.KindProduct))
			c.shop.Answer("EXPIRED000001", terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{{Reason: terminal.Expired}}})
			s.morning()
			s.noon()
			s.afternoon()
			s.close()
			want := []string{code(1), "BALANCE000001", "PASS000000001", "COSTLY0000001", code(2), code(3), "9TX4-0004", code(5)}
			if !slices.Equal(c.shop.Codes(), want) {
				t.Errorf("redeemed %v, want %v", c.shop.Codes(), want)
			}
		})
	}
}
