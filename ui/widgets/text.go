package widgets

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Text is writing of any size and colour of the theme. It wraps between words, and between the signs of Chinese, and ends in an ellipsis
// where its lines do not suffice: nothing is ever clipped in the middle of a letter.
type Text struct {
	widget.BaseWidget
	Text      string
	Points    fyne.ThemeSizeName
	Colour    fyne.ThemeColorName
	Bold      bool
	Align     fyne.TextAlign
	MostLines int  // 0 for as many as it needs
	Loose     bool // other people's words, a deal's name say, of any length: they may end in an ellipsis

	scale float32 // see fit; 0 is as large as it may be
	share float32 // how large it may be, see squeezed; 0 is 1
	laid  float32 // the share that it was last drawn with
	sized sized
}

// sized is the size of writing as it was last measured: a window asks for that of each word in it whenever it draws.
type sized struct {
	text   string
	points float32
	bold   bool
	size   fyne.Size
}

// NewText makes writing in the body's size.
func NewText(text string) *Text {
	t := &Text{Text: text, Points: theme.Body, Colour: theme.Text}
	t.ExtendBaseWidget(t)
	return t
}

// In sets size and colour.
func (t *Text) In(size fyne.ThemeSizeName, colour fyne.ThemeColorName) *Text {
	t.Points, t.Colour = size, colour
	return t
}

// Strong makes the writing bold.
func (t *Text) Strong() *Text {
	t.Bold = true
	return t
}

// At aligns the writing.
func (t *Text) At(align fyne.TextAlign) *Text {
	t.Align = align
	return t
}

// Lines limits the writing to n lines.
func (t *Text) Lines(n int) *Text {
	t.MostLines = n
	return t
}

// MayEnd lets the writing end in an ellipsis: its words are other people's, of any length.
func (t *Text) MayEnd() *Text {
	t.Loose = true
	return t
}

// Set changes the words, and draws only if they did change.
func (t *Text) Set(text string) {
	if t.Text != text {
		t.Text = text
		t.Refresh()
	}
}

func (t *Text) style() fyne.TextStyle { return fyne.TextStyle{Bold: t.Bold} }

func (t *Text) measure(text string) fyne.Size {
	return fyne.MeasureText(text, t.points(), t.style())
}

// points is how large the writing is drawn.
func (t *Text) points() float32 {
	if t.scale > 0 {
		return theme.Size(t.Points) * t.scale
	}
	return theme.Size(t.Points) * t.most()
}

// most is how large the writing may be drawn, in shares of its size.
func (t *Text) most() float32 {
	if t.share == 0 {
		return 1
	}
	return max(t.share, theme.Least(t.Points))
}

// fit draws the writing smaller where its lines do not suffice at a width, or where they are too high, as far as theme.Least allows: who asked for
// large writing would rather have a word a little smaller than half of it. A height of 0 is any.
func (t *Text) fit(width, height float32) {
	t.scale = 0
	least := theme.Least(t.Points)
	if least >= 1 || t.MostLines == 0 || t.Text == "" {
		return
	}
	for scale := t.most(); ; scale -= 0.08 {
		t.scale = max(scale, least)
		if t.scale == least || (t.whole(width) && (height == 0 || float32(len(t.wrapped(width)))*t.lineHeight() <= height+1)) {
			return
		}
	}
}

// whole reports that all of the writing is in its lines.
func (t *Text) whole(width float32) bool {
	for _, line := range t.wrapped(width) {
		if strings.HasSuffix(line, ellipsis) && !strings.HasSuffix(t.Text, ellipsis) {
			return false
		}
	}
	return true
}

// lineHeight leaves a little air between lines.
func (t *Text) lineHeight() float32 { return t.measure("Åg例").Height }

// What the typeface's metrics make of a line: below its base there is room for a hanging "g" and more, above its capitals there is room for
// accents and more of that than below. lift, in parts of the size, puts capitals and digits into the middle of their line, where the eye
// expects them in a button; depth is what is then left below the base.
const (
	lift  = 0.06
	depth = 0.288 + lift
)

// Depth is how far above its lower edge the writing's base is.
func (t *Text) Depth() float32 { return t.points() * depth }

// LineHeight is the height of one line.
func (t *Text) LineHeight() float32 { return t.lineHeight() }

// HeightFor is the height of the writing when it is width wide.
func (t *Text) HeightFor(width float32) float32 {
	if t.Text == "" {
		return 0
	}
	t.fit(width, 0)
	defer t.natural()
	return float32(len(t.wrapped(width))) * t.lineHeight()
}

// Fits reports that all of the writing can be read at this size.
func (t *Text) Fits(width, height float32) bool {
	t.fit(width, height)
	defer t.natural()
	return t.whole(width) && float32(len(t.wrapped(width)))*t.lineHeight() <= height+1
}

// natural ends what fit began: what is measured without a width is as large as it is wanted.
func (t *Text) natural() { t.scale = 0 }

// MinSize is the size of the writing on one line; what wraps can be made narrower.
func (t *Text) MinSize() fyne.Size {
	t.ExtendBaseWidget(t)
	if t.Text == "" {
		return fyne.Size{}
	}
	now := sized{t.Text, t.points(), t.Bold, t.sized.size}
	if now == t.sized {
		return now.size
	}
	width := float32(0)
	for line := range strings.SplitSeq(t.Text, "\n") {
		width = max(width, t.measure(line).Width)
	}
	now.size = fyne.NewSize(width, t.lineHeight())
	t.sized = now
	return now.size
}

// Three full stops: the ellipsis of the typeface stands at half height, as Chinese has it.
const ellipsis = "..."

// wrapped breaks the writing into lines at most width wide.
func (t *Text) wrapped(width float32) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(t.Text, "\n") {
		if t.Align == fyne.TextAlignCenter {
			lines = append(lines, t.balanced(paragraph, width)...)
			continue
		}
		lines = append(lines, t.broken(paragraph, width)...)
	}
	if t.MostLines > 0 && len(lines) > t.MostLines {
		last := lines[t.MostLines-1] + " " + lines[t.MostLines]
		lines = append(lines[:t.MostLines-1], t.cut(last, width))
	}
	for i, line := range lines {
		if t.measure(line).Width > width+0.5 {
			lines[i] = t.cut(line, width)
		}
	}
	return lines
}

// balanced breaks a paragraph that stands in the middle so that its lines are about equally long: one word alone below a full line looks
// like a mistake.
func (t *Text) balanced(paragraph string, width float32) []string {
	lines := t.broken(paragraph, width)
	if len(lines) < 2 {
		return lines
	}
	for least, most := width/2, width; most-least > 8; {
		tried := (least + most) / 2
		narrower := t.broken(paragraph, tried)
		fits := len(narrower) == len(lines)
		for _, line := range narrower {
			fits = fits && t.measure(line).Width <= tried+0.5
		}
		if !fits {
			least = tried
			continue
		}
		lines, most = narrower, tried
	}
	return lines
}

func (t *Text) broken(paragraph string, width float32) []string {
	if t.measure(paragraph).Width <= width+0.5 {
		return []string{paragraph}
	}
	var lines []string
	line := ""
	for _, word := range breakable(paragraph) {
		if line != "" && t.measure(strings.TrimRight(line+word, " ")).Width > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = strings.TrimLeft(word, " ")
			continue
		}
		line += word
	}
	return append(lines, strings.TrimRight(line, " "))
}

// cut shortens a line until it fits with an ellipsis: by whole words, since half an amount would be another amount; within a word only where
// it stands alone.
func (t *Text) cut(line string, width float32) string {
	words := breakable(line)
	for n := len(words) - 1; n > 0; n-- {
		if kept := strings.TrimRight(strings.Join(words[:n], ""), " ,.;:|–，、；：") + ellipsis; t.measure(kept).Width <= width {
			return kept
		}
	}
	runes := []rune(line)
	for len(runes) > 0 && t.measure(string(runes)+ellipsis).Width > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ,.;:") + ellipsis
}

// noLineStart are signs that never begin a line.
const noLineStart = "，。、；：！？）】》”’…,.;:!?)%|"

// breakable takes a paragraph apart where a line may end: after a space, and between the signs of Chinese.
func breakable(paragraph string) []string {
	var words []string
	word := ""
	runes := []rune(paragraph)
	for i, r := range runes {
		word += string(r)
		last := i == len(runes)-1
		if last || (r != ' ' && !unicode.Is(unicode.Han, r) && !unicode.Is(unicode.Han, runes[i+1]) && !strings.ContainsRune("，。、；：！？", r)) {
			continue
		}
		if strings.ContainsRune(noLineStart, runes[i+1]) || runes[i+1] == ' ' || strings.ContainsRune("（《“", r) {
			continue
		}
		words, word = append(words, word), ""
	}
	if word != "" {
		words = append(words, word)
	}
	return words
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	t.ExtendBaseWidget(t)
	return laidOut(t, &textRenderer{text: t})
}

type textRenderer struct {
	text  *Text
	lines []fyne.CanvasObject
	drawn struct {
		words string
		width float32
		size  float32
		bold  bool
	}
}

func (r *textRenderer) Layout(size fyne.Size) {
	t := r.text
	t.fit(size.Width, size.Height)
	defer t.natural()
	t.laid = t.share
	points := t.points()
	if d := r.drawn; d.words != t.Text || d.width != size.Width || d.size != points || d.bold != t.Bold {
		r.lines = nil
		if t.Text != "" {
			for _, line := range t.wrapped(size.Width) {
				r.lines = append(r.lines, &canvas.Text{Text: line, TextSize: points, TextStyle: t.style()})
			}
		}
		r.drawn.words, r.drawn.width, r.drawn.size, r.drawn.bold = t.Text, size.Width, points, t.Bold
	}
	height := t.lineHeight()
	y := max(0, (size.Height-height*float32(len(r.lines)))/2) - points*lift
	for _, o := range r.lines {
		line := o.(*canvas.Text)
		line.Alignment, line.Color = t.Align, theme.Color(t.Colour)
		place(line, 0, y, size.Width, height)
		y += height
	}
}

func (r *textRenderer) MinSize() fyne.Size           { return r.text.MinSize() }
func (r *textRenderer) Objects() []fyne.CanvasObject { return r.lines }
func (r *textRenderer) Destroy()                     {}

func (r *textRenderer) Refresh() {
	r.Layout(r.text.Size())
	canvas.Refresh(r.text)
}
