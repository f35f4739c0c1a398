package setup

import (
	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Said is a sentence with its sign.
type Said struct {
	Sign  widgets.Sign
	Tone  theme.Tone
	Text  string
	Hints []string
}

// Page is what is to be seen.
type Page struct {
	Scanner, Printer Said
}

// View says what is to be seen of a state.
func View(s State, words terminal.Words) Page {
	return Page{scannerSaid(s, words), printerSaid(s.Printer, words)}
}

func scannerSaid(s State, words terminal.Words) Said {
	say := func(key string) string { return words.Say(key, nil) }
	switch s.Phase {
	case Learnt:
		return learntSaid(s.Scanner, words)
	case Wrong:
		return Said{widgets.SignCross, theme.Refused, say("setup.scanner.wrong"), []string{say("setup.scanner.wrong_hint")}}
	case Line:
		return Said{widgets.SignTick, theme.Done, say("setup.scanner.line"), []string{say("setup.scanner.line_hint")}}
	case Paper:
		return Said{widgets.SignTick, theme.Done, say("setup.scanner.paper"), []string{say("setup.scanner.paper_hint")}}
	}
	return Said{widgets.SignScan, theme.Calm, say("setup.scanner.waiting"), []string{say("setup.scanner.waiting_hint")}}
}

func learntSaid(learnt Scanner, words terminal.Words) Said {
	said := Said{widgets.SignTick, theme.Done, words.Say("setup.scanner.learnt", nil), nil}
	if learnt.Layout != "" {
		said.Text = words.Say("setup.scanner.mended", map[string]any{"layout": learnt.Layout})
	}
	switch learnt.Suffix {
	case "enter":
		said.Hints = append(said.Hints, words.Say("setup.scanner.enter", nil))
	case "tab":
		said.Hints = append(said.Hints, words.Say("setup.scanner.tab", nil))
	case "none":
		said.Tone, said.Hints = theme.Asking, append(said.Hints, words.Say("setup.scanner.none", nil))
	}
	if learnt.Slow {
		said.Tone, said.Hints = theme.Asking, append(said.Hints, words.Say("setup.scanner.slow", map[string]any{"gap": learnt.GapMillis}))
	}
	if learnt.Unkept {
		said.Tone, said.Hints = theme.Asking, append(said.Hints, words.Say("setup.scanner.unkept", nil))
	}
	if said.Tone == theme.Asking {
		said.Sign = widgets.SignWarning
	}
	return said
}

func printerSaid(p Printer, words terminal.Words) Said {
	said := Said{Sign: widgets.SignPrinter, Tone: theme.Calm, Text: p.How}
	switch {
	case p.Needs:
		said.Sign, said.Tone = widgets.SignWarning, theme.Refused
	case p.Well:
		said.Sign, said.Tone = widgets.SignTick, theme.Done
	}
	if p.Do != "" {
		said.Hints = append(said.Hints, p.Do)
	}
	switch {
	case p.Failed:
		said.Hints = append(said.Hints, words.Say("setup.printer.failed", nil))
	case p.Job != "":
		said.Hints = append(said.Hints, words.Say("setup.printer.job", map[string]any{"job": p.Job}), words.Say("setup.printer.look", nil))
	}
	return said
}
