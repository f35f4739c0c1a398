package widgets

import (
	"reflect"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Recent is one row of what was redeemed lately.
type Recent struct {
	Time, Name    string
	Detail        string // which code, and what it came to: never cut off
	Holder        string // behind it, as much as there is room for
	Mark          string // a remark: "Offline"
	Tone          theme.Tone
	Struck        bool // taken back
	Open          bool // its buttons are shown
	Undo, Reprint string
	CanUndo       bool
}

// details are all of a row's.
func (r Recent) details() string {
	if r.Detail == "" || r.Holder == "" {
		return r.Detail + r.Holder
	}
	return r.Detail + " | " + r.Holder
}

// What a press on a recent row means.
const (
	PressRow     = "row"
	PressUndo    = "undo"
	PressReprint = "reprint"
)

// Head is what stands above the rows at the side.
type Head struct {
	Title string
	None  string // where there are no rows
	Fault string // why these are not all, or there is none: what can be read below it is not the whole
}

// Recents is the column at the side.
type Recents struct {
	widget.BaseWidget
	head  Head
	rows  []Recent
	press func(index int, what string)
	body  *fyne.Container
	list  *fyne.Container // of the rows
}

// NewRecents makes an empty column.
func NewRecents(press func(index int, what string)) *Recents {
	r := &Recents{press: press, body: Stack()}
	r.ExtendBaseWidget(r)
	return r
}

// Display changes the rows, and draws only if they did change.
func (r *Recents) Display(head Head, rows []Recent) {
	if r.head == head && reflect.DeepEqual(rows, r.rows) {
		return
	}
	if !sameRows(r.rows, rows) { // something new is to be seen: at the top
		r.list = nil
	}
	r.head, r.rows = head, rows
	r.body.Objects = []fyne.CanvasObject{r.build()}
	r.body.Refresh()
}

// sameRows reports that the rows are of the same redemptions.
func sameRows(a, b []Recent) bool {
	return slices.EqualFunc(a, b, func(a, b Recent) bool { return a.Time == b.Time && a.Name == b.Name && a.Detail == b.Detail })
}

// Head is what stands above the rows.
func (r *Recents) Head() Head { return r.head }

// Rows are the rows shown.
func (r *Recents) Rows() []Recent { return r.rows }

func (r *Recents) build() fyne.CanvasObject {
	ground := Outlined(theme.Surface, theme.Line)
	inset := theme.Size(theme.Inset)
	title := NewText(r.head.Title).In(theme.Body, theme.Text).Strong().Lines(1)
	fault := NewText(r.head.Fault).In(theme.Body, theme.Refused.Ink()).Strong().Lines(3)
	if len(r.rows) == 0 {
		below := NewText(r.head.None).In(theme.Body, theme.Muted).Lines(3)
		if r.head.Fault != "" {
			below = fault
		}
		return Stack(ground, Inset(Column(theme.Size(theme.Gap), title, below, Space()), inset*1.2, inset, inset, inset))
	}
	var list []fyne.CanvasObject
	if r.head.Fault != "" {
		list = append(list, Inset(fault, inset*0.6+frameRoom(), 0, inset*0.6+frameRoom(), 0))
	}
	for i, row := range r.rows {
		list = append(list, r.row(i, row))
	}
	var open fyne.CanvasObject
	for i, row := range r.rows {
		if row.Open { // its buttons are to be seen
			open = list[len(list)-len(r.rows)+i]
		}
	}
	r.list = Again(ScrolledTo(0, open, list...), r.list)
	return Stack(ground, Inset(Topped(theme.Size(theme.Gap)*0.5, Inset(title, inset*0.6+frameRoom(), 0, 0, 0), r.list), inset*0.6-frameRoom(), inset-frameRoom(), 0, inset*0.6-frameRoom()))
}

func (r *Recents) row(i int, row Recent) fyne.CanvasObject {
	inset := theme.Size(theme.Gap) * 1.4
	content := fyne.CanvasObject(Inset(asideContent(row), inset, inset, inset, inset))
	if row.Open {
		undo := NewButton(Action{Name: PressUndo, Label: row.Undo, Off: !row.CanUndo}, theme.Calm, func(string) { r.press(i, PressUndo) })
		reprint := NewButton(Action{Name: PressReprint, Label: row.Reprint}, theme.Calm, func(string) { r.press(i, PressReprint) })
		content = Inset(heldIn(theme.Size(theme.Gap)*1.5, asideContent(row), Even(theme.Size(theme.Gap), undo.Small(), reprint.Small())), inset, inset, inset, inset)
	}
	choice := NewChoice(content, row.Open, func() { r.press(i, PressRow) })
	if !row.Open {
		choice.face.StrokeColor, choice.face.StrokeWidth, choice.face.FillColor = nil, 0, nil
	}
	return choice
}

// rowContent is what a row says: name and time, then the details, then a remark.
func rowContent(row Recent) fyne.CanvasObject {
	return Column(2, Ends(theme.Size(theme.Gap), named(row), NewText(row.Time).In(theme.Caption, theme.Muted)), detailedOn(row))
}

// named is a row's name.
func named(row Recent) *Text {
	ink := theme.Text
	if row.Struck {
		ink = theme.Muted
	}
	name := NewText(row.Name).In(theme.Body, ink).Lines(1).MayEnd()
	name.Bold = !row.Struck
	return name
}

// detailedOn are a row's details on one line, with its remark at the end.
func detailedOn(row Recent) fyne.CanvasObject {
	second := []fyne.CanvasObject{NewText(row.details()).In(theme.Caption, theme.Muted).Lines(1).MayEnd()}
	if row.Mark != "" {
		second = append(second, remark(row.Mark, row.Tone))
	}
	return Ends(theme.Size(theme.Gap), second...)
}

// detailed are the same where the remark may stand below them: where who holds the voucher could not be read to the end beside it.
func detailed(row Recent) fyne.CanvasObject {
	beside := detailedOn(row)
	if row.Mark == "" {
		return beside
	}
	below := heldIn(2, NewText(row.details()).In(theme.Caption, theme.Muted).Lines(1).MayEnd(), Row(0, remark(row.Mark, row.Tone), Space()))
	need := NewText(row.details()).In(theme.Caption, theme.Muted).MinSize().Width + theme.Size(theme.Gap) + remark(row.Mark, row.Tone).MinSize().Width
	return &fyne.Container{Layout: either{func() float32 { return need }}, Objects: []fyne.CanvasObject{beside, below}}
}

// asideContent is what a row of the column at the side says. Large writing has no room for a name and a time beside each other: made smaller, the
// name would be less than what belongs to it.
func asideContent(row Recent) fyne.CanvasObject {
	name := named(row).Lines(2) // "and 1 more" at its end is not to be lost
	if !crowded() {
		return heldIn(2, Beside(theme.Size(theme.Gap), name, NewText(row.Time).In(theme.Caption, theme.Muted)), detailed(row))
	}
	lines := []fyne.CanvasObject{name, NewText(row.Time+" | "+row.details()).In(theme.Caption, theme.Muted).Lines(2).MayEnd()}
	if row.details() == "" {
		lines[1] = NewText(row.Time).In(theme.Caption, theme.Muted)
	}
	if row.Mark != "" {
		lines = append(lines, Row(0, remark(row.Mark, row.Tone), Space()))
	}
	return heldIn(2, lines...)
}

// remark is a small word in a tone.
func remark(text string, tone theme.Tone) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(tone.Tint()))
	face.CornerRadius = theme.Size(theme.Radius) * 0.6
	inset := theme.Size(theme.Gap)
	return Stack(face, Inset(NewText(text).In(theme.Caption, tone.Ink()).Strong(), inset, 0, inset, 0))
}

// RecentRow is the same as a row of a long list, made once and filled again and again.
type RecentRow struct {
	widget.BaseWidget
	body *fyne.Container
}

// NewRow makes an empty row.
func NewRow() *RecentRow {
	r := &RecentRow{body: Stack()}
	r.ExtendBaseWidget(r)
	return r
}

// Fill gives the row its words.
func (r *RecentRow) Fill(row Recent, chosen bool) {
	face := canvas.NewRectangle(theme.Color(theme.Surface))
	face.CornerRadius = theme.Size(theme.Radius)
	if chosen {
		face.FillColor, face.StrokeColor, face.StrokeWidth = theme.Color(theme.Ready.Tint()), theme.Color(theme.Edge), theme.Size(theme.Frame)
	}
	inset := theme.Size(theme.Inset)
	r.body.Objects = []fyne.CanvasObject{Inset(face, frameRoom(), frameRoom(), BarRoom(), frameRoom()), Inset(Middled(rowContent(row)), inset, 0, inset+BarRoom(), 0)}
	r.body.Refresh()
}

// MinSize implements fyne.CanvasObject.
func (r *RecentRow) MinSize() fyne.Size {
	body, caption := NewText("").In(theme.Body, theme.Text).lineHeight(), NewText("").In(theme.Caption, theme.Text).lineHeight()
	return fyne.NewSize(200, max(theme.Size(theme.Touch)*1.2, body+caption+theme.Size(theme.Gap)))
}

// CreateRenderer implements fyne.Widget.
func (r *RecentRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.body) }

// CreateRenderer implements fyne.Widget.
func (r *Recents) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.body) }

// MinSize implements fyne.CanvasObject: the column takes what it is given.
func (r *Recents) MinSize() fyne.Size { return fyne.NewSize(100, 100) }
