package day

import (
	"reflect"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/terminal"
	"countersign/ui/keys"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Room draws the State over a counter's screen and brings it what people do. It has no keys of its own: the counter's router hands it
// those that are pressed while it is open, so that a customer's scan goes where it always goes.
type Room struct {
	keeper *keeper
	sink   *keys.Sink
	// unused takes the keys on buttons that mean nothing here, and lead out of the room; stirred hears that somebody pressed anything.
	unused  func(name fyne.KeyName)
	stirred func()

	root  *fyne.Container
	page  *fyne.Container
	rows  *keys.List
	cards *keys.List
	lines *keys.List
	shown View
	seen  seen
}

// seen is what a list was last drawn for.
type seen struct {
	found []terminal.Record
	row   int
}

// NewRoom makes the room. The sink is the one that holds the window's focus.
func NewRoom(sink *keys.Sink, parts Parts) *Room {
	r := &Room{sink: sink, root: widgets.Stack(), page: widgets.Stack(), unused: func(fyne.KeyName) {}, stirred: func() {}}
	r.keeper = newKeeper(parts, r.show)
	r.build()
	return r
}

// Content is what lies over the counter.
func (r *Room) Content() fyne.CanvasObject { return r.root }

// State is what is shown.
func (r *Room) State() State { return r.keeper.state }

// Open begins to show today.
func (r *Room) Open(manager *terminal.Operator) { r.keeper.happen(Entered{manager}) }

// Leave ends it.
func (r *Room) Leave() { r.keeper.happen(Left{}) }

// Tick lets time pass.
func (r *Room) Tick() {
	if r.keeper.state.Open {
		r.keeper.happen(Ticked{})
	}
}

// Speak changes the language.
func (r *Room) Speak(words terminal.Words) {
	r.keeper.parts.Words = words
	r.Rebuild()
}

// Rebuild makes everything anew, after the theme or the language has changed.
func (r *Room) Rebuild() {
	r.shown, r.seen = View{}, seen{}
	r.build()
	r.show()
}

// Close waits until nothing is being written any more.
func (r *Room) Close() { r.keeper.close() }

// Tell has the keys on buttons that mean nothing here taken by key, and stirred called when somebody presses anything.
func (r *Room) Tell(key func(name fyne.KeyName), stirred func()) { r.unused, r.stirred = key, stirred }

// Key takes a key, and reports whether it has a meaning here. Where it has none, Esc leads out of the room.
func (r *Room) Key(name fyne.KeyName) bool {
	happen := r.keeper.happen
	switch name {
	case fyne.KeyReturn:
		if s := r.keeper.state; s.Page == OffersPage && !r.cards.InSight(s.Row) { // it was drawn out of sight: who presses sees first what it is about
			r.cards.Reveal(s.Row)
			break
		}
		happen(Confirmed{})
	case fyne.KeyEscape:
		if r.keeper.state.Page == FiguresPage {
			return false
		}
		happen(Back{})
	case fyne.KeyUp:
		happen(Moved{-1})
	case fyne.KeyDown:
		happen(Moved{1})
	case fyne.KeyLeft:
		happen(Turned{-1})
	case fyne.KeyRight:
		happen(Turned{1})
	case fyne.KeyHome:
		happen(Turned{0})
	case fyne.KeyPageUp:
		happen(Jumped{-1})
	case fyne.KeyPageDown:
		happen(Jumped{1})
	case keyScope:
		happen(Scoped{})
	case keyBy:
		happen(Regrouped{})
	case keyTasks:
		happen(Opened{TasksPage})
	case keyOffers:
		happen(Opened{OffersPage})
	case keyFile:
		happen(Opened{FilePage})
	case keyPrint:
		happen(PrintAsked{})
	case keyClose:
		happen(Opened{ClosePage})
	default:
		return false
	}
	return true
}

// pressed takes a button by its name.
func (r *Room) pressed(name string) {
	defer r.sink.Hold()
	r.stirred()
	switch name {
	case pressPrevious:
		r.keeper.happen(Turned{-1})
	case pressNext:
		r.keeper.happen(Turned{1})
	default: // the names of the others are those of their keys
		if !r.Key(fyne.KeyName(name)) {
			r.unused(fyne.KeyName(name))
		}
	}
}

func (r *Room) build() {
	r.rows = keys.NewList(r.sink, func() int { return len(r.keeper.state.Found) },
		func() fyne.CanvasObject { return widgets.NewColumnRow(rowCellsNow()) }, r.fillRow)
	r.cards = keys.NewList(r.sink, func() int { return len(r.shown.Cards) }, func() fyne.CanvasObject { return newCardRow() }, r.fillCard)
	r.lines = keys.NewList(r.sink, func() int { return len(r.shown.Lines) },
		func() fyne.CanvasObject { return widgets.NewColumnRow(lineCells) }, r.fillLine)
	choose := func(list *keys.List, index func(id int) int) {
		list.HideSeparators = true
		list.OnSelected = func(id widget.ListItemID) {
			list.UnselectAll()
			r.stirred()
			r.keeper.happen(Chose{index(id)})
		}
	}
	same := func(id int) int { return id }
	choose(r.rows, same)
	choose(r.cards, same)
	choose(r.lines, func(id int) int { return r.shown.Lines[id].Index })
	r.root.Objects = []fyne.CanvasObject{widgets.NewGround(theme.Background), r.page}
	r.root.Refresh()
}

// The columns of the rows behind a number, and of the list beside the chart.
var (
	rowCells = []widgets.Cell{{Share: 7, Strong: true}, {Share: 9, Small: true}, {Share: 10, Small: true}, {Share: 13, Small: true}, {Share: 24, Strong: true},
		{Share: 6, Small: true}, {Share: 13, Numbers: true, Strong: true}, {Share: 20, Numbers: true, Small: true}}
	lineCells = []widgets.Cell{{Share: 9, Strong: true}, {Share: 4, Numbers: true}, {Share: 8, Numbers: true, Strong: true}}
)

// rowCellsNow are rowCells; with large writing why a voucher was turned away is as large as the voucher's deal.
func rowCellsNow() []widgets.Cell {
	cells := slices.Clone(rowCells)
	if widgets.Crowded() {
		cells[len(cells)-1].Small = false
	}
	return cells
}

func (r *Room) fillRow(id widget.ListItemID, o fyne.CanvasObject) {
	s := r.keeper.state
	if id >= len(s.Found) {
		return
	}
	row := RowOf(s.Found[id], s, r.keeper.parts.Words)
	o.(*widgets.ColumnRow).Fill([]string{row.Time, row.Receipt, row.Counter, row.Who, row.Deal, row.Code, row.Amount, row.Mark}, id == s.Row, row.Tone)
}

func (r *Room) fillCard(id widget.ListItemID, o fyne.CanvasObject) {
	if id < len(r.shown.Cards) {
		o.(*cardRow).fill(r.shown.Cards[id], id == r.shown.Chosen)
	}
}

func (r *Room) fillLine(id widget.ListItemID, o fyne.CanvasObject) {
	if id < len(r.shown.Lines) {
		line := r.shown.Lines[id]
		o.(*widgets.ColumnRow).Fill([]string{line.Label, line.Count, line.Worth}, line.Chosen, "")
	}
}

// show draws the state, where what is to be seen of it has changed.
func (r *Room) show() {
	if r.page == nil || !r.keeper.state.Open {
		return
	}
	s := r.keeper.state
	view := ViewOf(s, r.keeper.parts.Words)
	now := seen{s.Found, s.Row}
	if reflect.DeepEqual(view, r.shown) && len(now.found) == len(r.seen.found) && (len(now.found) == 0 || &now.found[0] == &r.seen.found[0]) {
		return
	}
	moved := r.onlyMoved(view, now)
	r.shown, r.seen = view, now
	if moved {
		r.follow()
		return
	}
	r.page.Objects = []fyne.CanvasObject{r.draw(view)}
	r.page.Refresh()
	r.follow()
	r.sink.Hold()
}

// onlyMoved reports that nothing but the chosen row is another: thousands of rows are not drawn anew for that.
func (r *Room) onlyMoved(view View, now seen) bool {
	if view.Page != RowsPage || len(now.found) == 0 || len(r.seen.found) != len(now.found) || &now.found[0] != &r.seen.found[0] {
		return false
	}
	before := r.shown
	before.Chosen = view.Chosen
	return reflect.DeepEqual(before, view)
}

// follow brings the chosen row into sight.
func (r *Room) follow() {
	scroll := func(list *keys.List, row int) {
		list.Refresh()
		list.Reveal(row)
	}
	switch r.shown.Page {
	case RowsPage:
		scroll(r.rows, r.shown.Chosen)
	case TasksPage, OffersPage:
		r.cards.Refresh()
		r.heighten()
	case FiguresPage:
		chosen := -1
		for i, line := range r.shown.Lines {
			if line.Chosen {
				chosen = i
			}
		}
		scroll(r.lines, chosen)
	case FilePage, ClosePage:
	}
}

// draw lays a view out.
func (r *Room) draw(v View) fyne.CanvasObject {
	inset, margin, gap := theme.Size(theme.Inset), theme.Size(theme.Margin), theme.Size(theme.Gap)
	var middle fyne.CanvasObject
	switch v.Page {
	case FiguresPage:
		middle = r.figures(v)
	case RowsPage:
		middle = r.orNone(v, v.Rows, r.rows.Whole())
	case TasksPage, OffersPage:
		middle = r.orNone(v, len(v.Cards), widgets.Watched(func(fyne.Size) { r.heighten() }, r.cards.Whole()))
	case FilePage:
		middle = r.files(v)
	case ClosePage:
		middle = r.closing(v)
	}
	var row []fyne.CanvasObject
	var buttons []*widgets.Button
	for _, action := range v.Keys {
		button := widgets.NewButton(action, theme.Ready, r.pressed)
		buttons, row = append(buttons, button), append(row, button)
	}
	foot := widgets.KeyBar(buttons...)
	high := widgets.KeyBarHeight()
	if v.Page != FiguresPage {
		foot = widgets.Row(inset, append([]fyne.CanvasObject{widgets.Space()}, row...)...)
		high = theme.Size(theme.Touch)
	}
	return widgets.Frame(theme.Size(theme.Bar)+gap, high+gap*2, theme.Size(theme.Strip),
		widgets.Inset(r.head(v), margin, gap, inset, 0), widgets.Inset(middle, inset, gap, inset, 0),
		widgets.Inset(foot, inset, gap, inset, gap), r.strip(v))
}

// head is the page's title; on the first page also the day, with the buttons that turn it, and whose figures are shown.
func (r *Room) head(v View) fyne.CanvasObject {
	title := widgets.NewText(v.Title).In(theme.Subtitle, theme.Text).Strong().Lines(1).MayEnd()
	if v.Page != FiguresPage {
		return widgets.Ends(theme.Size(theme.Inset), title, widgets.Inset(widgets.NewText(v.Date).In(theme.Body, theme.Muted).Lines(1), 0, 0, theme.Size(theme.Gap), 0))
	}
	turn := func(name string, sign widgets.Sign, off bool) fyne.CanvasObject {
		return widgets.NewButton(widgets.Action{Name: name, Sign: sign, Off: off}, theme.Ready, r.pressed)
	}
	ticked := map[bool]widgets.Sign{false: widgets.SignBox, true: widgets.SignTicked}[v.Here]
	return widgets.Heading(theme.Size(theme.Gap), title, widgets.NewText(v.Date).In(theme.Body, theme.Text).Strong().Lines(1),
		turn(pressPrevious, widgets.SignBefore, false), turn(pressNext, widgets.SignAfter, v.NoNext),
		widgets.NewButton(widgets.Action{Name: keyScope, Label: v.Scope, Sign: ticked, Key: keyScope, Off: v.CutOff}, theme.Ready, r.pressed))
}

// strip says whose figures these are, or what has just come of something.
func (r *Room) strip(v View) fyne.CanvasObject {
	tone, text, sign := v.Light.Tone, v.Light.Text, widgets.SignDot
	if v.Notice != "" {
		tone, text, sign = theme.Done, v.Notice, widgets.SignTick
		if v.Bad {
			tone, sign = theme.Refused, widgets.SignWarning
		}
	}
	margin := theme.Size(theme.Inset)
	return widgets.Stack(canvas.NewRectangle(theme.Color(tone.Tint())), widgets.Inset(widgets.Lead(widgets.NewIcon(sign, theme.Body, tone.Ink(), tone.Tint()),
		widgets.NewText(text).In(theme.Body, tone.Ink()).Strong().Lines(1).MayEnd()), margin, 0, margin, 0))
}

func (r *Room) figures(v View) fyne.CanvasObject {
	inset, gap := theme.Size(theme.Inset), theme.Size(theme.Gap)
	tiles := widgets.NumberTiles{Gap: gap * 1.2}
	for i, t := range v.Tiles {
		ink := theme.Text
		if t.Tone != "" {
			ink = t.Tone.Ink()
		}
		tiles.Add(map[bool]float32{true: 1.55, false: 1}[i == 2], t.Label, t.Value, ink, t.Chosen, func() { r.chose(t.Index) })
	}
	var bars []widgets.Bar
	for _, b := range v.Bars {
		bar := widgets.Bar{Label: b.Hour, Height: b.Count, Chosen: b.Chosen}
		if b.Count > 0 {
			bar.Value = words{r.keeper.parts.Words}.value(b.Count)
		}
		if b.Index >= 0 {
			bar.Press = func() { r.chose(b.Index) }
		}
		bars = append(bars, bar)
	}
	head := widgets.Stretch(gap, []float32{1, 1.9}, widgets.NewText(v.Chart).In(theme.Body, theme.Text).Strong().Lines(1),
		widgets.NewText(v.Customers).In(theme.Caption, theme.Muted).At(fyne.TextAlignTrailing).Lines(1))
	var chart fyne.CanvasObject = widgets.NewChart(bars)
	if len(bars) == 0 {
		chart = widgets.Middle(widgets.NewText(v.None).In(theme.Body, theme.Muted))
	}
	by := widgets.NewButton(widgets.Action{Name: keyBy, Key: keyBy, Label: v.By}, theme.Ready, r.pressed)
	var list fyne.CanvasObject = r.lines.Whole()
	if len(v.Lines) == 0 {
		list = widgets.Middle(widgets.NewText(v.None).In(theme.Body, theme.Muted))
	}
	chartShare, listShare := float32(1.15), float32(1)
	if widgets.Crowded() { // names and sums need the width more than bars do
		chartShare, listShare = 1, 1.3
	}
	below := widgets.Stretch(inset, []float32{chartShare, listShare}, card(widgets.Topped(gap, widgets.Fixed(head, 0, theme.Size(theme.Touch)), chart)), card(widgets.Topped(gap, by, list)))
	return widgets.Topped(inset, tiles.Row(), below)
}

func (r *Room) chose(index int) {
	defer r.sink.Hold()
	r.stirred()
	r.keeper.happen(Chose{index})
}

func (r *Room) orNone(v View, rows int, list fyne.CanvasObject) fyne.CanvasObject {
	if rows == 0 {
		return card(widgets.Middle(widgets.NewText(v.None).In(theme.Subtitle, theme.Muted)))
	}
	return card(list)
}

func (r *Room) files(v View) fyne.CanvasObject {
	inset := theme.Size(theme.Inset)
	var choices []fyne.CanvasObject
	for i, choice := range v.Choices {
		choices = append(choices, widgets.NewChoice(widgets.Inset(widgets.NewText(choice).Lines(1), inset, 0, inset, 0), i == v.Chosen, func() { r.chose(i) }))
	}
	return card(widgets.Column(theme.Size(theme.Gap)*1.3, choices...))
}

func (r *Room) closing(v View) fyne.CanvasObject {
	margin := theme.Size(theme.Margin)
	said := []fyne.CanvasObject{widgets.Space(), widgets.Middle(widgets.NewIcon(v.Sign, theme.Emblem, v.Tone.Fill(), v.Tone.OnFill()))}
	for i, text := range v.Words {
		line := widgets.NewText(text).At(fyne.TextAlignCenter).Lines(4)
		if i == 0 {
			line.In(theme.Subtitle, theme.Text).Strong()
		}
		said = append(said, line)
	}
	return card(widgets.Inset(widgets.Column(theme.Size(theme.Inset), append(said, widgets.Space())...), margin*3, 0, margin*3, 0))
}

func card(content fyne.CanvasObject) fyne.CanvasObject {
	inset := theme.Size(theme.Gap) * 1.5
	return widgets.Stack(widgets.Rounded(theme.Surface), widgets.Inset(content, inset, inset, inset, inset))
}

// cardRow is a task or an offer in a list.
type cardRow struct {
	widget.BaseWidget
	body *fyne.Container
}

func newCardRow() *cardRow {
	c := &cardRow{body: widgets.Stack()}
	c.ExtendBaseWidget(c)
	return c
}

// heighten makes each card as high as what it says.
func (r *Room) heighten() {
	width := r.cards.Size().Width
	if width <= 0 {
		return
	}
	heights := r.cardHeights(width, 1)
	for share := float32(1); widgets.Crowded() && share > smallestCard && !r.paired(heights); {
		share -= 0.06
		heights = r.cardHeights(width, share)
	}
	r.cards.SetHeights(heights)
	r.cards.Reveal(max(0, r.shown.Chosen))
}

// smallestCard is how much smaller than it was wanted writing is drawn on cards, so that no page is half empty because the next card is just too high.
const smallestCard = 0.76

// cardHeights are the cards' heights with large writing at a share of its size. A card draws its writing as large as its height lets it.
func (r *Room) cardHeights(width, share float32) []float32 {
	least := newCardRow().MinSize().Height
	var heights []float32
	for _, now := range r.shown.Cards {
		heights = append(heights, max(least*share, widgets.HeightAt(inCard(now), width, share)))
	}
	return heights
}

// paired reports that the chosen card can be seen together with one beside it.
func (r *Room) paired(heights []float32) bool {
	at, room := r.shown.Chosen, r.cards.Room().Height-theme.Size(theme.Gap)
	for _, beside := range []int{at - 1, at + 1} {
		if at >= 0 && at < len(heights) && beside >= 0 && beside < len(heights) && heights[at]+heights[beside] <= room {
			return true
		}
	}
	return len(heights) < 2
}

func (c *cardRow) fill(now Card, chosen bool) {
	gap := theme.Size(theme.Gap)
	face := canvas.NewRectangle(theme.Color(theme.Raised))
	face.CornerRadius, face.StrokeColor, face.StrokeWidth = theme.Size(theme.Radius), theme.Color(theme.Line), theme.Size(theme.Hairline)
	if chosen {
		face.FillColor, face.StrokeColor, face.StrokeWidth = theme.Color(theme.Ready.Tint()), theme.Color(theme.Edge), theme.Size(theme.Frame)
	}
	c.body.Objects = []fyne.CanvasObject{widgets.Inset(face, 1, gap*0.4, widgets.BarRoom(), gap*0.4), inCard(now)}
	c.body.Refresh()
}

// inCard is what a card says: what happened, where and what it may cost by its parts, what can be done.
func inCard(now Card) fyne.CanvasObject {
	inset, gap := theme.Size(theme.Inset), theme.Size(theme.Gap)
	writing := []fyne.CanvasObject{widgets.Ends(gap, widgets.NewText(now.Title).In(theme.Body, theme.Text).Strong().Lines(1).MayEnd(),
		widgets.NewText(now.Mark).In(theme.Body, now.Tone.Ink()).Strong().Lines(1))}
	if now.Text != "" {
		writing = append(writing, widgets.NewText(now.Text).In(theme.Caption, theme.Muted).Lines(mostLines).MayEnd())
	}
	if now.Do != "" {
		writing = append(writing, widgets.NewText(strings.TrimSpace(now.Do)).In(theme.Caption, theme.Text).Lines(mostLines))
	}
	inner := widgets.Lead(widgets.NewIcon(now.Sign, theme.Glyph, now.Tone.Ink(), theme.Surface), widgets.Middled(widgets.Column(0, writing...)))
	return widgets.Inset(inner, inset, gap, inset+widgets.BarRoom(), gap)
}

// mostLines are what a card says at most of where it was and what it may cost, and of what can be done.
const mostLines = 6

// MinSize implements fyne.CanvasObject: the height of a card of few words.
func (c *cardRow) MinSize() fyne.Size {
	line := func(size fyne.ThemeSizeName) float32 { return widgets.NewText("").In(size, theme.Text).LineHeight() }
	return fyne.NewSize(200, max(theme.Size(theme.Touch)*1.85, line(theme.Body)+line(theme.Caption)*3+theme.Size(theme.Gap)*2))
}

// CreateRenderer implements fyne.Widget.
func (c *cardRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.body) }
