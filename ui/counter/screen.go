package counter

import (
	"image"
	"reflect"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"countersign/terminal"
	"countersign/ui/keys"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Screen draws a Counter in a window and brings it what people do.
type Screen struct {
	counter *Counter
	router  *keys.Router
	sink    *keys.Sink
	now     func() time.Time
	timer   keys.Timer

	// OnResize is called when the content has got another size.
	OnResize func(fyne.Size)
	// OnAlarm is called when somebody presses the bar that says that another window has the keyboard.
	OnAlarm func()

	room Room // nil where there is none

	root    *fyne.Container
	heading *fyne.Container
	panel   *widgets.Panel
	aside   *widgets.Recents
	middle  *fyne.Container // of panel and aside
	keyRow  []*widgets.Button
	keysAt  *fyne.Container
	bar     *widgets.StatusBar
	over    *fyne.Container
	frame   *fyne.Container // around everything while nothing counts
	trained bool            // and that it is there
	list    *keys.List
	rows    []PastRow // of list
	picked  int
	shown   shownSheet
	drawn   *fyne.Container // the rows of the sheet that is shown, where it has any
	until   *widgets.Text   // what the sheet says that changes each second
	opened  time.Time       // when a row of Recent was
	book    *widgets.Book   // the handbook, while it is open
	reading chapter
	headed  heading
}

// heading is what the bar at the top was made from.
type heading struct {
	words [4]string
	logo  image.Image
}

// Room is what lies over the whole counter while a manager is in it. Its methods are called on the window's goroutine. The keys come
// through the counter's router, so that a customer's scan goes where it always goes: the room makes way for it.
type Room interface {
	Content() fyne.CanvasObject
	// Open begins for a manager; nil where nobody signs in.
	Open(manager *terminal.Operator)
	Leave()
	// Key takes a key and reports whether it has a meaning there. Tell has the keys on buttons without one taken by key, and stirred
	// called when somebody presses anything.
	Key(name fyne.KeyName) bool
	Tell(key func(name fyne.KeyName), stirred func())
	Tick()
	Rebuild()
}

// shownSheet is what the sheet on the screen was made from, so that a tick does not make it anew under somebody's finger.
type shownSheet struct {
	sheet    Sheet
	shutting bool
	pick     int
	typed    string
	who      string
	purpose  Purpose
	wrong    *terminal.Finding
	checking bool
	waiting  int
	notice   string
	people   int
	found    []Past
	slips    []Slip
	portion  Portion
	left     string
	language string
	liked    theme.Preferences
	keys     bool
}

// NewScreen makes the screen of a window. Its content is Content.
func NewScreen(window fyne.Window, burst keys.Burst, timer keys.Timer, parts Parts) *Screen {
	c := &Screen{now: parts.Now, timer: timer, OnAlarm: func() {}, OnResize: func(fyne.Size) {}}
	c.router = keys.NewRouter(burst, parts.Now, timer)
	c.sink = keys.NewSink(c.router, window.Canvas(), parts.Later)
	parts.Show = c.show
	c.counter = New(parts)
	c.router.OnScan = func(text string) {
		c.counter.Happen(Scanned{terminal.Scan{Code: text, Source: terminal.SourceScanner}})
	}
	c.router.OnKey = c.key
	c.router.OnForeground = func(foreground bool) { c.counter.Happen(ForegroundChanged{foreground}) }
	c.root = widgets.Watched(func(size fyne.Size) { c.OnResize(size) })
	c.build()
	return c
}

// Content is what the window shows.
func (c *Screen) Content() fyne.CanvasObject { return c.root }

// Counter is the state behind the screen.
func (c *Screen) Counter() *Counter { return c.counter }

// Router takes keys that reach the window in another way.
func (c *Screen) Router() *keys.Router { return c.router }

// Sink is what holds the window's focus.
func (c *Screen) Sink() *keys.Sink { return c.sink }

// SetRoom gives managers their room.
func (c *Screen) SetRoom(room Room) {
	c.room = room
	room.Tell(c.key, func() { c.counter.Happen(Stirred{}) })
}

// Start begins work: to be called once the content is in the window.
func (c *Screen) Start() {
	c.sink.Hold()
	c.counter.Start()
}

// Rebuild makes everything anew, after the theme or the language has changed.
func (c *Screen) Rebuild() {
	c.shown, c.headed = shownSheet{}, heading{}
	c.build()
	if c.room != nil {
		c.room.Rebuild()
	}
	c.show(c.counter.State())
	c.sink.Hold()
}

func (c *Screen) build() {
	gap := theme.Size(theme.Inset)
	c.panel = widgets.NewPanel(c.pressed)
	c.aside = widgets.NewRecents(c.pastPressed)
	c.bar = widgets.NewStatusBar(func() {
		if c.bar.Alarm() != "" {
			c.OnAlarm()
		} else if c.counter.State().Status.waitingSlips() > 0 {
			c.pressed(string(keySlips))
		}
	})
	c.over = widgets.Stack()
	c.heading = widgets.Stack()
	c.list = keys.NewList(c.sink, func() int { return len(c.rows) }, func() fyne.CanvasObject { return widgets.NewRow() }, c.fillRow)
	c.list.HideSeparators = true
	c.list.OnSelected = func(id widget.ListItemID) {
		c.list.UnselectAll()
		c.counter.Happen(Chose{id})
	}
	c.keyRow = nil
	for _, action := range Keys(c.counter.State(), c.counter.Words()) {
		c.keyRow = append(c.keyRow, widgets.NewButton(action, theme.Ready, c.pressed))
	}
	c.keysAt = widgets.KeyBar(c.keyRow...)
	c.middle = widgets.Aside(theme.Size(theme.Aside), gap, c.panel, c.aside)
	c.frame = widgets.Stack()
	if c.trained = c.counter.State().Training; c.trained {
		c.frame.Objects = []fyne.CanvasObject{widgets.Hazard()}
	}
	edge := float32(0)
	if c.trained { // the stripes cover nothing
		edge = theme.Size(theme.Gap)
	}
	c.root.Objects = []fyne.CanvasObject{
		c.sink,
		widgets.Inset(widgets.Frame(theme.Size(theme.Bar), widgets.KeyBarHeight()+theme.Size(theme.Gap)*2, theme.Size(theme.Strip), c.heading,
			widgets.Inset(c.middle, gap, 0, gap, 0), widgets.Inset(c.keysAt, gap, theme.Size(theme.Gap), gap, theme.Size(theme.Gap)), c.bar), edge, edge, edge, edge),
		c.over,
		c.frame,
	}
	c.root.Refresh()
}

// key takes a command key.
func (c *Screen) key(name fyne.KeyName) {
	if !c.counter.State().Shutting.IsZero() { // whatever is below, this is answered first
		switch name {
		case fyne.KeyReturn:
			c.counter.Confirm()
		case fyne.KeyEscape:
			c.counter.Happen(Dismissed{})
		}
		return
	}
	if c.counter.State().Sheet == ManagerSheet && c.room != nil {
		switch {
		case c.room.Key(name):
			c.counter.Happen(Stirred{})
		case name == fyne.KeyEscape, name == fyne.KeyF12:
			c.counter.Happen(Dismissed{})
		case name == fyne.KeyF10:
			c.pressed(string(name))
		}
		return
	}
	if c.bookKey(string(name)) {
		return
	}
	switch name {
	case fyne.KeyReturn:
		c.counter.Confirm()
	case fyne.KeyEscape:
		c.counter.Happen(Dismissed{})
	case fyne.KeyUp:
		c.counter.Happen(Moved{-1})
	case fyne.KeyDown:
		c.counter.Happen(Moved{1})
	case fyne.KeyLeft, fyne.KeyRight:
		right := name == fyne.KeyRight
		if s := c.counter.State(); s.choosing() || (s.apportioning() && len(s.Portion.Parts) > 0) { // a box is ticked to the right and emptied to the left: Space belongs to the scanner
			c.counter.Happen(Kept{right})
			return
		}
		by := map[bool]int{false: -1, true: 1}[right]
		if c.counter.State().Sheet == PreferSheet {
			c.counter.Happen(Turned{by})
			return
		}
		c.counter.Happen(Moved{by})
	case fyne.KeyDelete: // and not Backspace: who erased a figure, and once more, would lose a voucher
		c.counter.Happen(Removed{-1})
	default:
		if strings.HasPrefix(string(name), "F") {
			c.pressed(string(name))
		}
	}
}

// pressed takes a button, a function key or a key of a keypad, by its name.
func (c *Screen) pressed(name string) {
	defer c.sink.Hold()
	if key, ok := strings.CutPrefix(name, widgets.KeyName("")); ok {
		if key == "erase" {
			c.counter.Happen(Erased{})
			return
		}
		c.counter.Happen(Typing{[]rune(key)[0]})
		return
	}
	for prefix, event := range map[string]func(int) Event{
		widgets.PressItem: func(i int) Event { return RowTouched{i} }, widgets.PressRemove: func(i int) Event { return Removed{i} },
	} {
		if i, err := strconv.Atoi(strings.TrimPrefix(name, prefix)); strings.HasPrefix(name, prefix) && err == nil {
			c.counter.Happen(event(i))
			return
		}
	}
	if c.bookKey(name) || c.slipKey(functionKey(name)) || c.preferKey(name) {
		return
	}
	if key := functionKey(name); (key == keyReprint || key == keyUndo) && c.drawnAway() {
		return
	}
	switch functionKey(name) {
	case pressKeys:
		c.counter.Happen(KeysAsked{})
	case keySlips:
		c.counter.Happen(Opened{SlipsSheet})
	case keyOrder:
		c.counter.Happen(OrderAsked{})
	case keyBill:
		c.counter.Happen(BillAsked{})
	case keyAmend:
		c.counter.Happen(AmendAsked{})
	case pressConfirm:
		c.counter.Confirm()
	case pressDismiss:
		c.counter.Happen(Dismissed{})
	case pressFill:
		c.counter.Happen(Filled{})
	case keyHelp:
		if sheet := c.counter.State().Sheet; sheet == HelpSheet {
			c.openBook()
		} else {
			c.counter.Happen(Opened{HelpSheet})
		}
	case keyCode:
		c.counter.Happen(Opened{CodeSheet})
	case keySearch:
		c.counter.Happen(Opened{SearchSheet})
	case keyManager:
		c.counter.Happen(Opened{ManagerSheet})
	case keySetup:
		if c.counter.State().Sheet == ManagerSheet {
			c.counter.do(OpenSetup{}) // in its own window: whoever leaves that is back in the room
		} else {
			c.counter.Happen(Opened{PreferSheet})
		}
	case keyReprint:
		c.counter.Happen(ReprintAsked{})
	case keyUndo:
		c.counter.Happen(UndoAsked{})
	case keySwitch:
		c.counter.Happen(SwitchAsked{})
	}
}

// pastPressed takes a press on a recent redemption or on one of its buttons.
func (c *Screen) pastPressed(index int, what string) {
	defer c.sink.Hold()
	past := c.counter.State().Past
	if index >= len(past) {
		return
	}
	uid := past[index].Record.Entry.UID
	switch {
	case what == widgets.PressRow:
		c.opened = c.now()
		c.counter.Happen(Touched{uid})
	case c.now().Sub(c.opened) < twice: // the row was tapped twice, and its buttons came to lie under the finger
	case what == widgets.PressUndo:
		c.counter.Happen(UndoAsked{uid})
	case what == widgets.PressReprint:
		c.counter.Happen(ReprintAsked{uid})
	}
}

// twice is how soon the second of two taps comes that are meant as one.
const twice = 400 * time.Millisecond

// show draws a state. Each part draws only if what it says has changed.
func (c *Screen) show(s State) {
	if c.panel == nil {
		return
	}
	if s.Training != c.trained {
		c.Rebuild()
		return
	}
	say := c.counter.Words()
	c.showPanel(s, say)
	c.bar.Display(Lights(s, say), Alarm(s, say))
	c.showKeys(s, say)
	c.aside.Display(aside(s, say), recentRows(PastRows(s, s.Past, say)))
	c.showHeading(s, say)
	c.showRoom(s)
	c.showSheet(s, say)
	c.openField(s)
}

// brief is how long the terminal may take before the panel says that it is at work: what this counter decides and writes alone is there much
// sooner, and a window takes its time to be drawn. Until then the panel stays as it was.
const brief = 50 * time.Millisecond

// showPanel draws the panel.
func (c *Screen) showPanel(s State, say terminal.Words) {
	if (s.Phase != Deciding && s.Phase != Redeeming) || c.now().Sub(s.Since) >= brief {
		c.say(Panel(s, say))
		return
	}
	c.timer(brief, func() {
		if now := c.counter.State(); now.Phase == s.Phase && now.Turn == s.Turn {
			c.say(Panel(now, c.counter.Words()))
		}
	})
}

// say has the panel say something, in a place as large as that needs.
func (c *Screen) say(verdict widgets.Verdict) {
	alone := c.panel.Alone()
	c.panel.Display(verdict)
	if c.panel.Alone() != alone {
		c.middle.Layout.Layout(c.middle.Objects, c.middle.Size())
	}
}

// showKeys writes the row of function keys; the room is shared out anew only where a label has become longer or shorter.
func (c *Screen) showKeys(s State, say terminal.Words) {
	moved := false
	for i, action := range Keys(s, say) {
		before := c.keyRow[i].MinSize()
		c.keyRow[i].Set(action)
		moved = moved || c.keyRow[i].MinSize() != before
	}
	if moved {
		c.keysAt.Refresh()
	}
}

// aside heads the column at the side.
func aside(s State, say terminal.Words) widgets.Head {
	head := widgets.Head{Title: say.Say("ui.past.title", nil)}
	switch {
	case s.Unread:
		head.Fault = say.Say("ui.past.unread", nil)
	case len(s.Past) == 0:
		head.None = say.Say("ui.past.none", nil)
	}
	return head
}

func recentRows(rows []PastRow) []widgets.Recent {
	list := make([]widgets.Recent, len(rows))
	for i, r := range rows {
		list[i] = widgets.Recent{Time: r.Time, Name: r.Name, Detail: r.Detail, Holder: r.Holder, Mark: r.Mark, Tone: r.Tone, Struck: r.Struck, Open: r.Open,
			Undo: r.Undo, CanUndo: r.CanUndo, Reprint: r.Reprint}
	}
	return list
}

func (c *Screen) showHeading(s State, say terminal.Words) {
	where, counter, who := Heading(s, say)
	clock := say.Say("ui.time", args{"at": s.Now})
	now := heading{[4]string{where, counter, who, clock}, s.Logo}
	if c.headed == now {
		return
	}
	c.headed = now
	row := []fyne.CanvasObject{}
	if s.Logo != nil {
		row = append(row, widgets.Middle(widgets.Logo(s.Logo)))
	}
	row = append(row,
		widgets.NewText(where).In(theme.Subtitle, theme.Text).Strong().Lines(1),
		widgets.NewText(counter).In(theme.Body, theme.Muted).Lines(1),
		widgets.Space(),
	)
	if s.Training {
		row = append(row, widgets.Middle(widgets.Plate(say.Say("ui.training.word", nil))), widgets.Space())
	}
	if who != "" {
		row = append(row, widgets.Row(theme.Size(theme.Gap), widgets.Middle(widgets.NewIcon(widgets.SignPerson, theme.Body, theme.Muted, theme.Background)),
			widgets.NewText(who).Lines(1)))
	}
	row = append(row, widgets.NewText(clock).In(theme.Subtitle, theme.Text).Strong().Lines(1), c.preferButton())
	margin := theme.Size(theme.Margin)
	c.heading.Objects = []fyne.CanvasObject{widgets.Inset(widgets.Row(theme.Size(theme.Inset), row...), margin, 0, margin, 0)}
	c.heading.Refresh()
}

// showRoom opens the manager's room, and leaves it again.
func (c *Screen) showRoom(s State) {
	if c.room == nil {
		return
	}
	switch inside := s.Sheet == ManagerSheet; {
	case inside && c.shown.sheet != ManagerSheet:
		c.room.Open(s.Manager)
	case !inside && c.shown.sheet == ManagerSheet:
		c.room.Leave()
	case inside:
		c.room.Tick()
	}
}

func (c *Screen) showSheet(s State, say terminal.Words) {
	now := shownSheet{sheet: s.Sheet, pick: s.Pick, typed: s.Typed, purpose: s.Purpose, wrong: s.Wrong, checking: s.Checking,
		waiting: s.waits(), people: len(s.Operators), found: s.Found, slips: s.Slips, portion: s.Portion, language: say.Language(), liked: s.Preferences, keys: s.Keys}
	if s.Who != nil {
		now.who = s.Who.ID
	} else {
		now.notice = s.Notice.Saying.Key
	}
	if s.Sheet == UndoSheet && s.Undoing != nil {
		now.left = countdown(s.Undoing.Until.Sub(s.Now))
	}
	if s.Sheet == NoSheet {
		now = shownSheet{}
	}
	if now.shutting = !s.Shutting.IsZero(); now.shutting {
		now.waiting = s.waits()
	}
	if reflect.DeepEqual(now, c.shown) {
		return
	}
	if before := c.shown; c.until != nil {
		if before.left = now.left; reflect.DeepEqual(now, before) { // or a finger that is pressing something there would press nothing
			c.shown = now
			c.until.Set(words{say}.undoUntil(s))
			return
		}
	}
	if c.shown.sheet != s.Sheet {
		c.drawn = nil
	}
	c.shown, c.until = now, nil
	c.over.Objects = nil
	if s.Sheet == ManagerSheet && c.room != nil {
		c.over.Objects = []fyne.CanvasObject{c.room.Content()}
	} else if sheet := c.sheet(s); sheet != nil {
		c.over.Objects = []fyne.CanvasObject{sheet}
	}
	if now.shutting {
		c.over.Objects = append(c.over.Objects, c.card(620, 0, c.shut(s, words{say})))
	}
	c.over.Refresh()
	c.sink.Hold()
}

// openField lets typing go to the field that the state has open.
func (c *Screen) openField(s State) {
	if s.Entry() == NoEntry {
		c.router.Open(nil)
		return
	}
	c.router.Open(field{c.counter, s.Entry(), s.Sheet})
}

func (c *Screen) fillRow(id widget.ListItemID, o fyne.CanvasObject) {
	if id < len(c.rows) {
		o.(*widgets.RecentRow).Fill(recentRows(c.rows[id : id+1])[0], id == c.picked)
	}
}

// field brings typing to the counter.
type field struct {
	counter *Counter
	entry   Entry
	sheet   Sheet
}

// Type implements keys.Field.
func (f field) Type(r rune) { f.counter.Happen(Typing{r}) }

// Retract implements keys.Field.
func (f field) Retract(n int) { f.counter.Happen(Retracted{n}) }

// Key implements keys.Field.
func (f field) Key(name fyne.KeyName) bool {
	// With several vouchers in hand, Delete takes one off the bill, and Backspace alone is for the field.
	if name == fyne.KeyBackspace || (name == fyne.KeyDelete && !f.counter.State().Billing) {
		f.counter.Happen(Erased{})
		return true
	}
	return false
}

// Takes implements keys.HeapField.
func (f field) Takes(text string) (typed, ended bool) {
	return f.entry.takes(text), f.sheet != SearchSheet && (f.sheet == CodeSheet || len(text) < f.entry.shortest())
}

// Code implements keys.CodeField. Numbers are sorted by their length later (wasTyped).
func (f field) Code(text string) bool { return f.entry != TextEntry || likeCode(text) }

// Submit implements keys.Field.
func (f field) Submit() { f.counter.Confirm() }
