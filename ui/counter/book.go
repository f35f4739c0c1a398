package counter

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"countersign/assets/handbook"
	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// pages are the handbook's, in the order in which a counter needs them.
var pages = []string{"cashier", "declines", "manager", "scanners", "printers", "hub", "it", "security"}

// chapter is a place in the handbook: a page, and which of its headings; 0 is its top.
type chapter struct {
	page    string
	heading int
}

// chapterOf is where the handbook is opened: at what the panel says, else at the beginning. Of each reason to decline it says what to tell the
// customer and what to do, in the order of terminal.Reasons.
func chapterOf(s State) chapter {
	if s.Phase != Declined || len(s.Outcome.Findings) == 0 {
		return chapter{page: pages[0]}
	}
	return chapter{"declines", 1 + slices.Index(terminal.Reasons, s.Outcome.Findings[0].Reason)}
}

// Names of the book's buttons.
const (
	pressPage = "page:" // and the page's number
	pressMore = "more"
	pressLess = "less"
)

// openBook opens the handbook at what is shown, or, on the sheet with the colours' meaning, the whole of it.
func (c *Screen) openBook() {
	c.reading = chapterOf(c.counter.State())
	c.counter.Happen(Opened{BookSheet})
}

// bookKey takes a key while the handbook is open, and reports whether it had a meaning there.
func (c *Screen) bookKey(name string) bool {
	if c.counter.State().Sheet != BookSheet {
		return false
	}
	if number, ok := strings.CutPrefix(name, pressPage); ok {
		if i, err := strconv.Atoi(number); err == nil {
			c.turnTo(i)
		}
		return true
	}
	switch fyne.KeyName(name) {
	case fyne.KeyUp:
		c.book.Scroll(-0.2)
	case fyne.KeyDown:
		c.book.Scroll(0.2)
	case fyne.KeyPageUp, pressLess:
		c.book.Scroll(-0.9)
	case fyne.KeyPageDown, pressMore:
		c.book.Scroll(0.9)
	case fyne.KeyHome:
		c.book.Scroll(-1000)
	case fyne.KeyEnd:
		c.book.Scroll(1000)
	case fyne.KeyLeft:
		c.turnTo(c.pageNumber() - 1)
	case fyne.KeyRight:
		c.turnTo(c.pageNumber() + 1)
	default:
		return false
	}
	return true
}

func (c *Screen) pageNumber() int {
	for i, page := range pages {
		if page == c.reading.page {
			return i
		}
	}
	return 0
}

func (c *Screen) turnTo(i int) {
	c.reading = chapter{page: pages[(i+len(pages))%len(pages)]}
	c.shown = shownSheet{}
	c.showSheet(c.counter.State(), c.counter.Words())
}

// bookSheet is a page of the handbook, with the others beside it.
func (c *Screen) bookSheet(w words) fyne.CanvasObject {
	text, err := handbook.Page(w.Language(), c.reading.page)
	if err != nil { // the pages are part of the program
		text = "# " + err.Error()
	}
	c.book = widgets.NewBook(handbook.Blocks(text), c.reading.heading)
	var titles []string
	for _, page := range pages {
		titles = append(titles, w.Say("ui.book."+page, nil))
	}
	chapters := widgets.Chapters(titles, c.pageNumber(), func(i int) { c.pressed(pressPage + strconv.Itoa(i)) })
	side := widgets.Fixed(chapters, theme.Size(theme.Aside)*0.75, 0)
	button := func(name, label, key string) fyne.CanvasObject {
		return widgets.NewButton(widgets.Action{Name: name, Label: w.Say(label, nil), Key: key}, theme.Ready, c.pressed)
	}
	title := "ui.book.title"
	if !handbook.Speaks(w.Language(), c.reading.page) {
		title = "ui.book.foreign" // a line more would leave no room for the last chapter on a low screen
	}
	return widgets.SheetBody(w.Say(title, nil), "", widgets.Beside(theme.Size(theme.Margin), c.book.Object(), side),
		button(pressLess, "ui.book.less", w.Say("ui.key.page_up", nil)), button(pressMore, "ui.book.more", w.Say("ui.key.page_down", nil)),
		widgets.NewButton(w.dismiss(w.Say("ui.do.close", nil)), theme.Ready, c.pressed))
}
