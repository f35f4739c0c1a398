package dayreport

import (
	"io"
	"strconv"

	"codeberg.org/go-pdf/fpdf"

	"countersign/assets/fonts"
)

// The page, in millimetres.
const (
	marginSide, marginTop = 18.0, 16.0
	pageWidth, pageBottom = 210.0, 279.0
	rowHeight             = 6.4
)

// paper is a document on the way.
type paper struct {
	report Report
	file   *fpdf.Fpdf
}

// pdf writes the figures as a document of A4 pages: to print, or to send. The rows are in the other formats.
func (r Report) pdf(out io.Writer) error {
	p := &paper{report: r, file: fpdf.New("P", "mm", "A4", "")}
	for style, source := range map[string][]byte{"": fonts.Regular(), "B": fonts.Bold()} {
		made, err := trueType(source, r.characters())
		if err != nil {
			return err
		}
		p.file.AddUTF8FontFromBytes("noto", style, made)
	}
	p.file.SetMargins(marginSide, marginTop, marginSide)
	p.file.SetAutoPageBreak(false, 0)
	p.file.SetTitle(r.Settings.Store.Name+" "+r.Figures.Day.String(), true)
	p.file.SetFooterFunc(p.foot)
	p.file.AddPage()
	p.head()
	p.sums()
	p.hours()
	for _, t := range r.tables() {
		p.table(t)
	}
	return p.file.Output(out)
}

// characters are all that the document can write: whatever stands in its words, names and numbers.
func (r Report) characters() []rune {
	all := []rune(" 0123456789.,:-–+<>()/€$£¥￥%#&'")
	for c := ' '; c < 0x180; c++ {
		all = append(all, c)
	}
	add := func(texts ...string) {
		for _, text := range texts {
			all = append(all, []rune(text)...)
		}
	}
	add(r.Settings.Store.Name, r.Settings.Merchant.Name, r.value(r.Figures.Day), r.scope(), r.made(), r.say("day.print.note"))
	for _, key := range []string{"redeemed", "reversed", "worth", "declined", "offline", "pending", "print.title"} {
		add(r.say("day." + key))
	}
	for _, worth := range r.Figures.Worth {
		add(r.value(worth.Net))
	}
	for _, t := range r.tables() {
		add(t.title)
		for _, l := range t.lines {
			add(l.label)
			for _, worth := range l.worth {
				add(r.value(worth.Net))
			}
		}
	}
	return all
}

func (r Report) made() string {
	if r.Made.IsZero() {
		return ""
	}
	return r.say("report.made") + " " + r.value(r.Made)
}

func (p *paper) write(size float64, style string, grey int) {
	p.file.SetFont("noto", style, size)
	p.file.SetTextColor(grey, grey, grey)
}

func (p *paper) head() {
	r := p.report
	p.write(18, "B", 25)
	p.file.CellFormat(0, 9, r.Settings.Store.Name, "", 1, "L", false, 0, "")
	p.write(11, "", 90)
	p.file.CellFormat(0, 6, r.say("day.print.title")+" · "+r.value(r.Figures.Day)+" · "+r.scope(), "", 1, "L", false, 0, "")
	p.file.Ln(5)
}

func (p *paper) foot() {
	p.file.SetXY(marginSide, 284)
	p.write(8, "", 120)
	p.file.CellFormat(120, 5, p.report.say("day.print.note")+"  "+p.report.made(), "", 0, "L", false, 0, "")
	p.file.CellFormat(pageWidth-2*marginSide-120, 5, strconv.Itoa(p.file.PageNo()), "", 0, "R", false, 0, "")
}

// sums are the large numbers, side by side.
func (p *paper) sums() {
	r := p.report
	f := r.Figures
	wide := (pageWidth - 2*marginSide) / 5
	top := p.file.GetY()
	for i, number := range []struct {
		key   string
		count int64
	}{{"redeemed", f.Redemptions}, {"reversed", f.Reversals}, {"declined", f.Declines}, {"offline", f.Offline}, {"pending", f.Pending}} {
		p.file.SetXY(marginSide+float64(i)*wide, top)
		p.write(8, "", 90)
		p.file.CellFormat(wide, 4.5, r.say("day."+number.key), "", 2, "L", false, 0, "")
		p.write(14, "B", 25)
		p.file.CellFormat(wide, 7, r.value(number.count), "", 0, "L", false, 0, "")
	}
	p.file.SetXY(marginSide, top+14)
	for _, worth := range f.Worth {
		p.write(11, "B", 25)
		p.file.CellFormat(60, 7, r.say("day.worth"), "", 0, "L", false, 0, "")
		p.write(14, "B", 25)
		p.file.CellFormat(0, 7, r.money(&worth.Net), "", 1, "L", false, 0, "")
	}
	p.file.Ln(4)
}

// hours is the chart.
func (p *paper) hours() {
	hours := p.report.Figures.Hours
	if len(hours) == 0 {
		return
	}
	const high = 32.0
	most := int64(1)
	for _, hour := range hours {
		most = max(most, hour.Redemptions)
	}
	step := min((pageWidth-2*marginSide)/float64(len(hours)), 16)
	floor := p.file.GetY() + high + 5
	p.file.SetFillColor(15, 111, 222)
	for i, hour := range hours {
		x, tall := marginSide+float64(i)*step, high*float64(hour.Redemptions)/float64(most)
		p.file.Rect(x+step*0.18, floor-tall, step*0.64, tall, "F")
		p.write(7, "", 60)
		p.file.SetXY(x, floor-tall-4.2)
		p.file.CellFormat(step, 4, p.report.value(hour.Redemptions), "", 0, "C", false, 0, "")
		p.file.SetXY(x, floor+0.5)
		p.file.CellFormat(step, 4, hour.Key, "", 0, "C", false, 0, "")
	}
	p.file.SetXY(marginSide, floor+8)
}

// table writes a heading with its lines; a heading never stands alone at the foot of a page.
func (p *paper) table(t table) {
	if len(t.lines) == 0 {
		return
	}
	p.room(rowHeight * 3)
	redeemed, reversed, worth := p.report.heads()
	p.columns("B", 9, t.title, redeemed, reversed, worth, t.lines[0].withoutBack)
	for _, l := range t.lines {
		p.room(rowHeight)
		worth := ""
		for i, sum := range l.worth {
			if i > 0 {
				worth += " + "
			}
			worth += p.report.money(&sum.Net)
		}
		p.columns("", 9, l.label, p.report.value(l.redeemed), p.report.value(l.reversed), worth, l.withoutBack)
	}
	p.file.Ln(4)
}

// columns writes one line of a table.
func (p *paper) columns(style string, size float64, label, redeemed, reversed, worth string, withoutBack bool) {
	p.write(size, style, 40)
	p.file.SetDrawColor(216, 223, 230)
	if withoutBack {
		if style != "" {
			redeemed = ""
		}
		reversed, worth = "", ""
	}
	p.file.CellFormat(84, rowHeight, p.shortened(label, 82), "B", 0, "L", false, 0, "")
	p.file.CellFormat(26, rowHeight, redeemed, "B", 0, "R", false, 0, "")
	p.file.CellFormat(26, rowHeight, reversed, "B", 0, "R", false, 0, "")
	p.file.CellFormat(38, rowHeight, worth, "B", 1, "R", false, 0, "")
}

// shortened ends a text that is too wide for its column in dots.
func (p *paper) shortened(text string, wide float64) string {
	runes := []rune(text)
	for p.file.GetStringWidth(text) > wide && len(runes) > 0 {
		runes = runes[:len(runes)-1]
		text = string(runes) + "..."
	}
	return text
}

// room begins another page where so much is not left of this one.
func (p *paper) room(need float64) {
	if p.file.GetY()+need > pageBottom {
		p.file.AddPage()
	}
}
