package counter

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// preference is one row of the sheet on which people say how they like the screen.
type preference struct {
	key     string // of its name
	options int
	chosen  func(p theme.Preferences) int
	with    func(p theme.Preferences, option int) theme.Preferences
	says    func(w words, option int) string
}

// preferences are the rows, from top to bottom.
var preferences = []preference{
	{"ui.prefer.language", len(translations.Languages),
		func(p theme.Preferences) int {
			return slices.Index(translations.Languages, translations.Match(p.Language))
		},
		func(p theme.Preferences, option int) theme.Preferences {
			p.Language = translations.Languages[option]
			return p
		},
		func(w words, option int) string { return w.Say("ui.language."+translations.Languages[option], nil) }},
	{"ui.prefer.look", 2,
		func(p theme.Preferences) int {
			if p.Dark {
				return 1
			}
			return 0
		},
		func(p theme.Preferences, option int) theme.Preferences {
			p.Dark = option == 1
			return p
		},
		func(w words, option int) string { return w.Say("ui.look."+[]string{"light", "dark"}[option], nil) }},
	{"ui.prefer.text", len(theme.TextSizes),
		func(p theme.Preferences) int {
			return slices.Index(theme.TextSizes, theme.Nearest(theme.TextSizes, p.Text))
		},
		func(p theme.Preferences, option int) theme.Preferences {
			p.Text = theme.TextSizes[option]
			return p
		},
		func(w words, option int) string { return w.Say("ui.percent", args{"count": theme.TextSizes[option]}) }},
	{"ui.prefer.volume", len(theme.Volumes),
		func(p theme.Preferences) int {
			return slices.Index(theme.Volumes, theme.Nearest(theme.Volumes, p.Volume))
		},
		func(p theme.Preferences, option int) theme.Preferences {
			p.Volume = theme.Volumes[option]
			return p
		},
		func(w words, option int) string { return w.Say("ui.volume."+strconv.Itoa(option), nil) }},
}

// turned chooses the option by places on in the row that is picked.
func (s State) preferenceTurned(by int) (State, []Command) {
	row := preferences[s.Pick]
	n := row.options
	return s.preferred(s.Pick, ((row.chosen(s.Preferences)+by)%n+n)%n)
}

// preferred chooses an option of a row. It holds at once: what was chosen can be seen and heard, and taken back in the same way.
func (s State) preferred(row, option int) (State, []Command) {
	if s.Sheet != PreferSheet || row < 0 || row >= len(preferences) || option < 0 || option >= preferences[row].options {
		return s, nil
	}
	s.Pick = row
	wanted := preferences[row].with(s.Preferences, option)
	if wanted == s.Preferences {
		return s, nil
	}
	s.Preferences = wanted
	return s, []Command{Prefer{wanted}}
}

// The buttons of the sheet that are about the window itself.
const (
	pressTraining = "training"
	pressShut     = "shut"
)

// preferKey takes a function key while the preferences are shown, and reports whether it has a meaning there.
func (c *Screen) preferKey(name string) bool {
	if c.counter.State().Sheet != PreferSheet {
		return false
	}
	switch name {
	case pressTraining, string(keyAmend):
		c.counter.Happen(TrainingAsked{})
	case pressShut, string(keyReprint):
		c.counter.Happen(CloseAsked{})
	default:
		return false
	}
	return true
}

// preferSheet draws the rows.
func (c *Screen) preferSheet(s State, w words) fyne.CanvasObject {
	gap := theme.Size(theme.Gap)
	var rows []fyne.CanvasObject
	for i, row := range preferences {
		var options []fyne.CanvasObject
		for option := range row.options {
			label := widgets.NewText(row.says(w, option)).At(fyne.TextAlignCenter).Lines(1)
			label.Bold = option == row.chosen(s.Preferences)
			options = append(options, widgets.NewChoice(widgets.Inset(label, gap, 0, gap, 0), label.Bold, func() { c.counter.Happen(Picked{i, option}) }))
		}
		title := widgets.NewText(w.Say(row.key, nil)).In(theme.Caption, theme.Muted).Lines(1)
		if i == s.Pick {
			title.In(theme.Caption, theme.Ready.Ink()).Strong()
		}
		rows = append(rows, widgets.Column(gap*0.8, title, widgets.Equal(gap*1.3, options...)))
	}
	training := "ui.do.train"
	if s.Training {
		training = "ui.do.end_training"
	}
	button := func(name, key, label string) fyne.CanvasObject {
		return widgets.NewButton(widgets.Action{Name: name, Label: w.Say(label, nil), Key: key}, theme.Ready, c.pressed)
	}
	c.drawn = widgets.Again(widgets.ScrolledTo(theme.Size(theme.Inset)*0.7, rows[min(s.Pick, len(rows)-1)], rows...), c.drawn)
	return widgets.SheetBody(w.Say("ui.prefer.title", nil), w.Say("ui.prefer.hint", nil), c.drawn,
		button(pressTraining, keyAmend.label(), training), button(pressShut, keyReprint.label(), "ui.do.shut"), widgets.NewButton(w.dismiss(w.Say("ui.do.close", nil)), theme.Ready, c.pressed))
}
