package widgets

import (
	"reflect"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Figure is a number with what it means: "Uses left", "4 of 10".
type Figure struct {
	Label, Value string
	Strong       bool
	Kept         bool // beside a list in large writing it is shown though it is not strong
}

// Chip is a short remark that must not be missed: "Offline – checked later".
type Chip struct {
	Text string
	Tone theme.Tone
}

// Question is a number that is asked for, with its keypad.
type Question struct {
	Value   string // as it reads now
	Empty   bool   // nothing was typed: Value is only an example
	Limit   string // "at most 37.50 €", on the button that fills it in; "" for no limit
	Decimal string // the sign before the cents; "" for none
}

// Verdict is what the large panel says. The zero value is an empty panel.
type Verdict struct {
	Tone     theme.Tone
	Sign     Sign
	Title    string   // in one or two words
	Subtitle string   // which code, which receipt
	Name     string   // what is given
	Details  []string // the first is the most important one
	Figures  []Figure
	Chips    []Chip
	Next     string
	Waiting  string
	Items    []Item // a list, in place of the name: figures stand beside it then
	Question *Question
	Actions  []Action
}

// Calm reports that nothing is in hand: the panel is one quiet sentence.
func (v Verdict) Calm() bool {
	return v.Tone == theme.Calm && v.Name == "" && v.Question == nil && len(v.Items) == 0
}

// Alone reports that the panel needs the whole width where writing is large: something is in hand.
func (p *Panel) Alone() bool { return !p.verdict.Calm() }

// low reports that the banner leaves room for what is below it.
func (v Verdict) low() bool { return v.Question != nil || len(v.Items) > 0 }

// PressFill is what the button with the question's limit hands to the press function.
const PressFill = "fill"

// Panel is the large panel.
type Panel struct {
	widget.BaseWidget
	verdict Verdict
	press   func(name string)
	body    *fyne.Container
	scroll  *container.Scroll // of the list
	icons   map[drawnSign]*Icon
}

// drawnSign is a sign in its colours.
type drawnSign struct {
	sign       Sign
	shape, cut fyne.ThemeColorName
}

// NewPanel makes an empty panel. press gets the name of each action pressed, and "key:7", "key:.", "key:erase" and "fill" from the keypad.
func NewPanel(press func(name string)) *Panel {
	p := &Panel{press: press, body: Stack()}
	p.ExtendBaseWidget(p)
	return p
}

// Display changes what the panel says, and draws only if that did change.
func (p *Panel) Display(verdict Verdict) {
	if reflect.DeepEqual(verdict, p.verdict) {
		return
	}
	if len(verdict.Items) == 0 || (verdict.Tone != p.verdict.Tone && !slices.ContainsFunc(verdict.Items, func(i Item) bool { return i.Chosen })) {
		p.scroll = nil // what is done is read from its beginning
	}
	p.verdict = verdict
	p.Rebuild()
}

// Verdict is what the panel says now.
func (p *Panel) Verdict() Verdict { return p.verdict }

// Rebuild makes the panel's parts anew, in the theme as it is now.
func (p *Panel) Rebuild() {
	p.body.Objects = []fyne.CanvasObject{p.build()}
	p.body.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (p *Panel) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.body) }

// MinSize implements fyne.CanvasObject: the panel takes what it is given.
func (p *Panel) MinSize() fyne.Size { return fyne.NewSize(100, 100) }

func (p *Panel) build() fyne.CanvasObject {
	if p.verdict.Calm() {
		return p.calm()
	}
	v := p.verdict
	ground := Rounded(v.Tone.Tint())
	margin := theme.Size(theme.Margin)
	above, below := theme.Size(theme.Inset)*0.8, margin*0.7
	if crowded() {
		above, below = theme.Size(theme.Gap), theme.Size(theme.Gap)
	}
	return Stack(ground, &fyne.Container{Layout: bannered{v.low()}, Objects: []fyne.CanvasObject{
		p.banner(), Inset(p.contents(), margin, above, margin, below),
	}})
}

// calm is the panel while nothing is in hand.
func (p *Panel) calm() fyne.CanvasObject {
	v := p.verdict
	objects := []fyne.CanvasObject{
		Space(),
		Middle(p.emblem(v.Tone.Ink(), theme.Surface)),
		NewText(v.Title).In(theme.Heading, theme.Text).Strong().At(fyne.TextAlignCenter).Lines(2),
		NewText(v.Subtitle).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter).Lines(2),
	}
	if len(v.Chips) > 0 {
		objects = append(objects, Middle(chips(v.Chips)))
	}
	objects = append(objects, Space())
	margin := theme.Size(theme.Margin)
	return Stack(Outlined(theme.Surface, theme.Line), Inset(Column(theme.Size(theme.Inset), objects...), margin, margin, margin, margin))
}

// emblem is the panel's sign. It is made once: a picture that is new in a window has the whole window drawn a second time.
func (p *Panel) emblem(shape, cut fyne.ThemeColorName) fyne.CanvasObject {
	wanted := drawnSign{p.verdict.Sign, shape, cut}
	if p.icons == nil {
		p.icons = map[drawnSign]*Icon{}
	}
	if p.icons[wanted] == nil {
		p.icons[wanted] = NewIcon(wanted.sign, theme.Emblem, shape, cut)
	}
	return p.icons[wanted]
}

// banner is the solid band that is understood from across the counter: sign, word, colour.
func (p *Panel) banner() fyne.CanvasObject {
	v := p.verdict
	size := theme.Heading
	if v.low() {
		size = theme.Title
	}
	words := Column(0,
		NewText(v.Title).In(size, v.Tone.OnFill()).Strong().Lines(1),
		p.subtitle())
	line := []fyne.CanvasObject{Middle(p.emblem(v.Tone.OnFill(), v.Tone.Fill())), Middled(words)}
	if v.Waiting != "" {
		line = append(line, Middle(pill(v.Waiting, v.Tone.OnFill(), v.Tone.Fill())))
	}
	margin := theme.Size(theme.Margin)
	inside := &fyne.Container{Layout: lead{theme.Size(theme.Margin)}, Objects: line}
	air := theme.Size(theme.Inset) * 0.8
	if v.low() || crowded() {
		air = theme.Size(theme.Gap)
	}
	return Stack(Band(v.Tone.Fill()), Inset(inside, margin, air, margin, air))
}

// crowded reports that writing is larger than the panel was made for: its sizes are then nearer to each other.
func crowded() bool { return theme.Least(theme.Heading) < 1 }

// Crowded reports that writing is larger than screens were made for.
func Crowded() bool { return crowded() }

// subtitle is the banner's second line. Above a list it holds a deal's name, of any length.
func (p *Panel) subtitle() fyne.CanvasObject {
	text := NewText(p.verdict.Subtitle).In(theme.Body, p.verdict.Tone.OnFill()).Lines(1)
	text.Loose = len(p.verdict.Items) > 0
	return text
}

// contents is what stands below the banner.
func (p *Panel) contents() fyne.CanvasObject {
	v := p.verdict
	if len(v.Items) > 0 {
		return p.listed()
	}
	gap := theme.Size(theme.Gap)
	objects := []fyne.CanvasObject{}
	if v.Name != "" {
		objects = append(objects, NewText(v.Name).In(theme.Heading, theme.Text).Strong().Lines(2))
	}
	for i, detail := range v.Details {
		size := theme.Body
		if i == 0 {
			size = theme.Subtitle
		}
		objects = append(objects, NewText(detail).In(size, theme.Text).Lines(2))
	}
	switch figures := v.Figures; {
	case len(figures) > 0 && crowded(): // where the panel has the whole width, and little height
		objects = []fyne.CanvasObject{Beside(theme.Size(theme.Margin), heldIn(gap*0.4, objects...), figureColumn(figures))}
	case len(figures) > 0:
		objects = append(objects, Inset(Figures(figures), 0, gap*0.5, 0, gap*0.5))
	}
	if len(v.Chips) > 0 {
		objects = append(objects, Row(0, chips(v.Chips), Space()))
	}
	objects = append(objects, Space())
	if v.Next != "" {
		objects = append(objects, NewText(v.Next).In(theme.Subtitle, v.Tone.Ink()).Strong().Lines(2))
	}
	if v.Question == nil {
		return held(gap*1.4, objects, Inset(p.actions(), 0, gap, 0, 0))
	}
	if v.Question.Limit != "" && !crowded() {
		objects = append(objects, Row(0, p.fill(), Space()))
	}
	left := held(gap*1.4, objects, Inset(p.answers(), 0, gap, 0, 0))
	return &fyne.Container{Layout: beside{theme.Size(theme.Margin)}, Objects: []fyne.CanvasObject{left, p.keypad()}}
}

// listed is what stands below the banner where there is a list: the list with its sums beside it, what is to be known and done, the
// buttons; and the keypad at the side where a number is asked for.
func (p *Panel) listed() fyne.CanvasObject {
	v := p.verdict
	gap, margin := theme.Size(theme.Gap), theme.Size(theme.Margin)
	var foot []fyne.CanvasObject
	for _, detail := range v.Details {
		foot = append(foot, NewText(detail).In(theme.Body, theme.Text).Lines(2))
	}
	if v.Next != "" {
		foot = append(foot, NewText(v.Next).In(theme.Body, v.Tone.Ink()).Strong().Lines(2))
	}
	if len(v.Chips) > 0 {
		foot = append(foot, Row(0, chips(v.Chips), Space()))
	}
	if v.Question != nil && v.Question.Limit != "" && !crowded() {
		foot = append(foot, Row(0, p.fill(), Space()))
	}
	foot = append(foot, Inset(p.answers(), 0, gap*0.5, 0, 0))
	upper := p.list()
	if figures := v.Figures; v.Question == nil && len(figures) > 0 {
		if crowded() { // those that matter
			figures = slices.DeleteFunc(slices.Clone(figures), func(f Figure) bool { return !f.Strong && !f.Kept })
		}
		upper = Beside(margin*0.7, upper, sums(figures))
	}
	between := float32(mostBetween)
	if v.Question != nil { // one voucher of a list is enough to know what is asked
		between = 0.42
	} else if crowded() && v.Tone == theme.Refused { // what is wrong is to be read first, and said as large as the rest
		between = 0.36
	}
	left := &fyne.Container{Layout: headAndFoot{gap: gap, between: between}, Objects: []fyne.CanvasObject{Stack(), upper, Column(gap, foot...)}}
	if v.Question == nil {
		return left
	}
	return &fyne.Container{Layout: beside{margin}, Objects: []fyne.CanvasObject{left, p.keypad()}}
}

// sums are figures under each other, as they stand on a bill.
func sums(list []Figure) fyne.CanvasObject {
	column := []fyne.CanvasObject{}
	for _, f := range list {
		value := NewText(f.Value).In(theme.Body, theme.Text).Strong().Lines(1)
		if f.Strong {
			value.In(theme.Subtitle, theme.Text)
		}
		label := NewText(f.Label).In(theme.Caption, theme.Muted).Lines(1)
		if crowded() { // the list needs the width
			column = append(column, Column(0, label, value))
			continue
		}
		column = append(column, Row(theme.Size(theme.Gap), Middled(label), Space(), value))
	}
	return Column(theme.Size(theme.Gap), column...)
}

// fill is the button that types the most that can be asked for.
func (p *Panel) fill() *Button {
	return NewButton(Action{Name: PressFill, Label: p.verdict.Question.Limit}, theme.Calm, p.press)
}

// answers are the actions; where writing is large also the most that can be asked for: beside them, where there is room, since a row of its own
// would be taken from what is asked.
func (p *Panel) answers() fyne.CanvasObject {
	if q := p.verdict.Question; q == nil || q.Limit == "" || !crowded() {
		return p.actions()
	}
	beside := p.actions(p.fill())
	below := heldIn(theme.Size(theme.Gap), Row(0, p.fill(), Space()), p.actions())
	return &fyne.Container{Layout: either{func() float32 { return beside.MinSize().Width }}, Objects: []fyne.CanvasObject{beside, below}}
}

func (p *Panel) actions(more ...fyne.CanvasObject) fyne.CanvasObject {
	row := []fyne.CanvasObject{}
	for _, action := range p.verdict.Actions {
		button := NewButton(action, p.verdict.Tone, p.press)
		if action.Rank == First {
			button.Tall()
		}
		row = append(row, button)
	}
	return Row(theme.Size(theme.Inset), append(append(row, more...), Space())...)
}

// Figures is a row of numbers with what they mean.
func Figures(list []Figure) fyne.CanvasObject {
	row, values := []fyne.CanvasObject{}, []*Text{}
	deepest := float32(0)
	for _, f := range list {
		value := NewText(f.Value).In(theme.Subtitle, theme.Text).Strong().Lines(1)
		if f.Strong {
			value.In(theme.Title, theme.Text)
		}
		values, deepest = append(values, value), max(deepest, value.Depth())
	}
	for i, f := range list { // on one base, whatever their sizes
		row = append(row, &fyne.Container{Layout: heldColumn{}, Objects: []fyne.CanvasObject{
			NewText(f.Label).In(theme.Caption, theme.Muted).Lines(1), Space(), Inset(values[i], 0, 0, 0, deepest-values[i].Depth())}})
	}
	return Row(theme.Size(theme.Margin)*1.5, append(row, Space())...)
}

// figureColumn are the same under each other; more than two have their labels before them.
func figureColumn(list []Figure) fyne.CanvasObject {
	column := []fyne.CanvasObject{}
	for _, f := range list {
		label, value := NewText(f.Label).In(theme.Caption, theme.Muted).Lines(1), NewText(f.Value).In(theme.Subtitle, theme.Text).Strong().Lines(1)
		if f.Strong {
			value.In(theme.Title, theme.Text)
		}
		if len(list) > 2 {
			column = append(column, Row(theme.Size(theme.Gap), Space(), label, value))
			continue
		}
		column = append(column, label, value)
	}
	return heldIn(0, column...)
}

func chips(list []Chip) fyne.CanvasObject {
	row := []fyne.CanvasObject{}
	for _, c := range list {
		row = append(row, pill(c.Text, c.Tone.Fill(), c.Tone.OnFill()))
	}
	return Row(theme.Size(theme.Gap), row...)
}

// pill is a few words on a rounded ground.
func pill(text string, ground, ink fyne.ThemeColorName) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(ground))
	face.CornerRadius = theme.Size(theme.Radius)
	inset, gap := theme.Size(theme.Inset)*0.8, theme.Size(theme.Gap)*0.7
	return Stack(face, Inset(NewText(text).In(theme.Body, ink).Strong().Lines(1), inset, gap, inset, gap))
}

// bannered puts a banner above a body.
type bannered struct{ low bool } // a low banner leaves room for the keypad

func (bannered) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

func (b bannered) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	fitted(objects[:1], func() bool { return heightFor(objects[0], size.Width) <= size.Height*0.27 })
	defer redraw(objects[:1])
	height := heightFor(objects[0], size.Width)
	if b.low && !crowded() {
		height = theme.Size(theme.Emblem)
	}
	place(objects[0], 0, 0, size.Width, height)
	place(objects[1], 0, height, size.Width, size.Height-height)
}

// lead puts a sign first, a remark last, and gives the words between them the rest.
type lead struct{ gap float32 }

func (l lead) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return size
}

func (l lead) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	sign := min(objects[0].MinSize().Width, size.Height)
	place(objects[0], 0, 0, sign, size.Height)
	end := size.Width
	if len(objects) > 2 {
		width := min(objects[2].MinSize().Width, size.Width*0.36)
		place(objects[2], end-width, 0, width, size.Height)
		end -= width + l.gap
	}
	place(objects[1], sign+l.gap, 0, end-sign-l.gap, size.Height)
}

// beside gives the second object its own width at the right, and the first the rest.
type beside struct{ gap float32 }

func (b beside) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	side := objects[1].MinSize()
	return max(heightFor(objects[0], width-side.Width-b.gap), heightFor(objects[1], side.Width))
}

func (b beside) MinSize(objects []fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

func (b beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := objects[1].MinSize().Width
	place(objects[0], 0, 0, size.Width-width-b.gap, size.Height)
	place(objects[1], size.Width-width, 0, width, size.Height)
}

// Middled keeps a column's full width and puts it at half height.
func Middled(object fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: halfway{}, Objects: []fyne.CanvasObject{object}}
}

type halfway struct{}

func (halfway) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (halfway) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width)
}

func (halfway) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	height := min(heightFor(objects[0], size.Width), size.Height)
	place(objects[0], 0, (size.Height-height)/2, size.Width, height)
}
