package day

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// View is what is to be seen of a State, in words.
type View struct {
	Page      Page
	Title     string // of the page
	Date      string
	Scope     string // what F2 switches on and off
	Here      bool   // it is on: this counter's figures alone are shown
	CutOff    bool   // it cannot be switched: no other figures are known
	NoNext    bool   // today is shown
	Light     widgets.Light
	Notice    string
	Bad       bool
	Tiles     []Tile
	Bars      []Bar
	Chart     string // the chart's title
	Customers string
	By        string
	Lines     []Line // the list beside the chart
	Cards     []Card // of tasks and offers
	None      string // what stands where a list is empty
	Choices   []string
	Words     []string // paragraphs, of the page on which a day is closed
	Sign      widgets.Sign
	Tone      theme.Tone
	Keys      []widgets.Action
	Chosen    int // the row of Cards, Choices or rows
	Rows      int // how many rows there are
}

// Tile is one of the large numbers.
type Tile struct {
	Label, Value string
	Chosen       bool
	Tone         theme.Tone
	Index        int
}

// Bar is one hour of the chart.
type Bar struct {
	Hour   string
	Count  int64
	Chosen bool
	Index  int // of the number that it opens; -1 for an hour in which nothing was redeemed
}

// Line is one row of the list beside the chart.
type Line struct {
	Label, Count, Worth string
	Chosen              bool
	Index               int
}

// Card is a task or an offer.
type Card struct {
	Title, Text, Do, Mark string
	Sign                  widgets.Sign
	Tone                  theme.Tone
}

// Row is one redemption, reversal or decline, in fixed columns.
type Row struct {
	Time, Receipt, Counter, Who, Deal, Code, Amount, Mark string
	Tone                                                  theme.Tone
}

type args = map[string]any

// words speak, with the ways of writing that the room needs.
type words struct{ terminal.Words }

func (w words) say(key string) string          { return w.Say("day."+key, nil) }
func (w words) value(v any) string             { return w.Say("ui.value", args{"value": v}) }
func (w words) with(key string, a args) string { return w.Say("day."+key, a) }
func (w words) saying(s terminal.Saying) string {
	if s.Key == "ui.counter" { // the others begin as they are meant to
		return begun(s.In(w))
	}
	return s.In(w)
}
func (w words) key(name, key string) widgets.Action {
	return widgets.Action{Name: name, Key: name, Label: w.say(key), Rank: widgets.Quiet}
}

// money writes sums; a sum that is more than can be added up says so.
func (w words) money(m terminal.Money) string {
	if m.OutOfRange() {
		return "> " + w.value(m)
	}
	return w.value(m)
}

// begun begins words with a capital: a counter's name, which stands within sentences elsewhere, begins some here.
func begun(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// counted writes how many were redeemed, and beside it how many were taken back of them: the money that stands next to it is less by these.
func (w words) counted(redeemed, back int64) string {
	switch {
	case back == 0:
		return w.value(redeemed)
	case back < 0:
		return w.with("less_back", args{"redeemed": redeemed, "back": -back})
	}
	return w.with("less", args{"redeemed": redeemed, "back": back})
}

// hour writes what an hour came to.
func (w words) hour(n number) string {
	facts := args{"hour": w.saying(n.label), "count": w.counted(n.count, n.back)}
	if len(n.worth) > 0 {
		facts["worth"] = w.net(n.worth)
	}
	return w.with("hour.sum", facts)
}

// net writes what stands, currency by currency.
func (w words) net(worth []terminal.NetWorth) string {
	var sums []string
	for _, sum := range worth {
		sums = append(sums, w.money(sum.Net))
	}
	return strings.Join(sums, " + ")
}

// ViewOf says what is to be seen.
func ViewOf(s State, language terminal.Words) View {
	w := words{language}
	v := View{Page: s.Page, NoNext: s.Day == s.Today, Rows: s.choices(), Chosen: s.Row, Title: w.say("title")}
	if s.Day != (terminal.Date{}) {
		v.Date = w.with("date", args{"weekday": w.say("weekday." + strconv.Itoa(int(s.Day.Weekday()))), "date": s.Day})
	}
	v.Scope, v.CutOff = w.say("scope.here"), s.Store == nil && s.Away != nil
	v.Here = s.OnlyHere || v.CutOff
	v.Light = light(s, w)
	if s.Notice.Key != "" {
		v.Notice, v.Bad = w.saying(s.Notice), s.Bad
	}
	switch s.Page {
	case FiguresPage:
		figures(&v, s, w)
	case RowsPage:
		v.Title = w.saying(s.Title)
		v.None = w.say("rows.none")
		if s.Found == nil {
			v.None = w.Say("ui.deciding.title", nil)
		} else {
			facts := args{"name": v.Title, "count": len(s.Found)}
			if len(s.Worth) > 0 {
				facts["worth"] = w.net(s.Worth)
			}
			v.Title = w.with("rows.title", facts)
		}
	case TasksPage:
		v.Title, v.None = w.say("tasks"), w.say("tasks.none")
		v.Cards = taskCards(s, w)
		if s.Tasks == nil {
			v.None = w.Say("ui.deciding.title", nil)
		}
	case OffersPage:
		v.Title, v.None = w.say("offers"), w.say("offers.none")
		v.Cards = offerCards(s, w)
		if s.Offers == nil {
			v.None = w.Say("ui.deciding.title", nil)
		}
	case FilePage:
		v.Title = w.say("file.title")
		for _, format := range Formats {
			v.Choices = append(v.Choices, w.say("file."+format))
		}
	case ClosePage:
		closing(&v, s, w)
	}
	v.Keys = keysOf(s, w)
	return v
}

// light says whose figures are shown, and what of them may be missing.
func light(s State, w words) widgets.Light {
	here := w.Say("ui.counter", args{"terminal": s.Place.Terminal})
	switch late := s.late(); {
	case s.Broken != nil:
		return widgets.Light{Tone: theme.Refused, Text: w.say("state.broken")}
	case s.Own == nil && s.Store == nil:
		return widgets.Light{Tone: theme.Calm, Text: w.Say("ui.deciding.title", nil)}
	case s.OnlyHere || s.Page == ClosePage: // a close is this counter's
		return widgets.Light{Tone: theme.Calm, Text: begun(w.with("state.here", args{"counter": here}))}
	case s.Store == nil && s.Away == nil:
		return widgets.Light{Tone: theme.Calm, Text: begun(w.with("state.asking", args{"counter": here}))}
	case s.Store == nil:
		return widgets.Light{Tone: theme.Asking, Text: begun(w.with("state.away", args{"counter": here}))}
	case s.Away != nil:
		return widgets.Light{Tone: theme.Asking, Text: w.with("state.older", args{"at": s.Heard})}
	case len(late) > 0:
		var names []string
		for _, counter := range late {
			names = append(names, w.with("state.counter", args{"counter": w.Say("ui.counter", args{"terminal": counter.Name}), "count": counter.Pending}))
		}
		return widgets.Light{Tone: theme.Asking, Text: w.with("state.late", args{"counters": names})}
	}
	if s.Tasks.doubtful() { // all that was sent is in, and that is not known to be all, or true
		return widgets.Light{Tone: theme.Asking, Text: w.with("state.doubtful", args{"count": len(s.Store.Counters)})}
	}
	return widgets.Light{Tone: theme.Done, Text: w.with("state.whole", args{"count": len(s.Store.Counters)})}
}

// figures fill the first page.
func figures(v *View, s State, w words) {
	account, whole := s.account()
	v.Chart, v.By, v.None = w.say("chart"), w.say("by."+string(s.By)), w.say("list.none")
	if s.Day != s.Today {
		v.None = w.say("list.none_then")
	}
	if account == nil {
		v.None = w.Say("ui.deciding.title", nil)
		for _, key := range []string{"redeemed", "reversed", "worth", "declined", "offline", "pending"} {
			v.Tiles = append(v.Tiles, Tile{Label: w.say(key), Value: w.say("loading"), Index: -1})
		}
		return
	}
	if whole && account.New+account.Returning > 0 { // a merchant need not say whose its vouchers are
		v.Customers = w.with("customers", args{"new": account.New, "returning": account.Returning})
	}
	byHour, numbers := map[string]int{}, s.numbers()
	back := slices.ContainsFunc(numbers, func(n number) bool { return n.group == inList && n.back != 0 })
	for i, n := range numbers {
		chosen := i == s.Pick
		switch n.group {
		case inTiles:
			v.Tiles = append(v.Tiles, tile(n, i, chosen, s, w))
		case inHours:
			byHour[n.key] = i
			if chosen { // the list beside it goes on to be of the whole day
				v.Customers = w.hour(n)
			}
		case inList:
			line := Line{Label: w.saying(n.label), Worth: w.net(n.worth), Chosen: chosen, Index: i}
			if line.Worth == "" && s.By != ByReason {
				line.Worth = none
			}
			if n.count != 0 || n.back != 0 || len(n.worth) == 0 {
				if line.Count = w.counted(n.count, n.back); back && n.back == 0 { // beside the others it would stand under what was taken back
					line.Count = w.with("less", args{"redeemed": n.count, "back": int64(0)})
				}
			}
			v.Lines = append(v.Lines, line)
		}
	}
	if several := s.several(account.Figures); several != (terminal.Several{}) { // so that the list adds up to the tiles
		v.Lines = append(v.Lines, Line{Label: w.say("several"), Count: w.counted(-several.Redemptions, -several.Reversals), Index: -1})
	}
	if s.By != ByReason { // which says itself what it counts
		what := w.say("redeemed")
		if back {
			what = w.say("redeemed_back")
		}
		v.By = w.with("by.counting", args{"list": v.By, "what": what})
	}
	v.Bars = bars(account.Figures.Hours, byHour, s.Pick)
}

func tile(n number, index int, chosen bool, s State, w words) Tile {
	t := Tile{Label: w.saying(n.label), Value: w.value(n.count), Chosen: chosen, Index: index}
	if n.filter.Honoured {
		t.Value = w.net(n.worth)
		if len(n.worth) == 0 {
			t.Value = w.value(terminal.Money{Currency: s.Place.Merchant.Currency})
		}
	}
	if n.filter.Verdict == terminal.Pending && n.count > 0 {
		t.Tone = theme.Asking
	}
	return t
}

// bars are the hours from the first in which something happened to the last, in the order of the business day.
func bars(hours []terminal.GroupFigures, byHour map[string]int, pick int) []Bar {
	if len(hours) == 0 {
		return nil
	}
	counts := map[string]int64{}
	for _, hour := range hours {
		counts[hour.Key] = hour.Redemptions
	}
	at, err := strconv.Atoi(hours[0].Key)
	if err != nil {
		return nil
	}
	var all []Bar
	for range 24 {
		key := fmt.Sprintf("%02d", at)
		bar := Bar{Hour: key, Count: counts[key], Index: -1}
		if index, there := byHour[key]; there {
			bar.Index, bar.Chosen = index, index == pick
		}
		all = append(all, bar)
		if key == hours[len(hours)-1].Key {
			break
		}
		at = (at + 1) % 24
	}
	return all
}

// RowOf says a record in columns.
func RowOf(record terminal.Record, s State, language terminal.Words) Row {
	w := words{language}
	e := record.Entry
	row := Row{Time: w.Say("ui.time", args{"at": e.Wall}), Who: s.operator(e.Operator), Counter: begun(w.Say("ui.counter", args{"terminal": e.Terminal})), Tone: theme.Calm}
	if e.Receipt.Number != 0 {
		row.Receipt = e.Receipt.String()
	}
	var deals []string
	for _, line := range e.Lines {
		deals = append(deals, s.campaign(line.Campaign).In(w.Language()))
		if row.Code == "" {
			row.Code = line.Masked
		}
	}
	slices.Sort(deals)
	row.Deal, row.Amount = strings.Join(slices.Compact(deals), ", "), w.net(e.Worth())
	if row.Amount == "" && e.Kind != terminal.EntryDecline {
		row.Amount = none
	}
	row.Mark, row.Tone = remark(record, w)
	return row
}

// none stands where money would: what was redeemed has no value that anybody said.
const none = "\u2013"

// remark is what a manager has to know of a record.
func remark(record terminal.Record, w words) (string, theme.Tone) {
	switch e := record.Entry; {
	case e.Kind == terminal.EntryDecline:
		return w.Say("reason."+string(e.Reason)+".title", nil), theme.Refused
	case e.Kind == terminal.EntryReverse:
		return w.say("reversal"), theme.Calm
	case record.Verdict == terminal.Overrun || record.Verdict == terminal.Revoked || record.Verdict == terminal.Invalid:
		return w.Say("verdict."+string(record.Verdict), nil), theme.Refused
	case e.Assurance == terminal.Offline:
		return w.Say("assurance.offline", nil), theme.Asking
	case record.Verdict == terminal.Pending:
		return w.Say("verdict.pending", nil), theme.Calm
	}
	return "", theme.Done
}

// closing fills the page on which the day is closed.
func closing(v *View, s State, w words) {
	v.Title, v.Sign, v.Tone = w.with("close.title", args{"day": s.Day}), widgets.SignAsk, theme.Asking
	switch {
	case s.Closed != nil && s.Closed.Totals != nil:
		totals, slip := s.Closed.Totals, w.say("close.slip")
		if s.Kept {
			slip = w.say("close.slip_kept")
		}
		v.Sign, v.Tone, v.Title = widgets.SignTick, theme.Done, w.with("close.title_done", args{"day": s.Day})
		facts := w.summed(totals.Redemptions, totals.Reversals, totals.Declines, totals.Worth())
		facts["day"], facts["number"], facts["receipt"] = s.Closed.BusinessDay, totals.Number, s.Closed.Receipt.String()
		v.Words = []string{w.with("closed", facts), slip}
	case s.Refused != nil:
		facts := args{"day": s.Refused.Day}
		if s.Refused.Close.Totals != nil {
			facts["number"], facts["receipt"] = s.Refused.Close.Totals.Number, s.Refused.Close.Receipt.String()
		}
		v.Sign, v.Tone, v.Words = widgets.SignCross, theme.Refused, []string{w.with("refused."+s.Refused.Why, facts)}
		if s.Refused.Why == terminal.DayIsClosed { // nothing failed: there is nothing to do
			v.Sign, v.Tone, v.Title = widgets.SignTick, theme.Calm, w.with("close.title_done", args{"day": s.Day})
		}
		if at := s.Refused.Close.Wall; s.Refused.Close.Totals != nil && !at.IsZero() {
			v.Words = append(v.Words, w.with("close.at", args{"at": at}))
		}
	case s.Failed:
		v.Sign, v.Tone, v.Words = widgets.SignCross, theme.Refused, []string{w.say("close.failed")}
	default:
		v.Words = []string{w.with("close.what", args{"counter": w.Say("ui.counter", args{"terminal": s.Place.Terminal})}), w.say("close.final")}
		if s.Own != nil {
			f := s.Own.Figures
			v.Words = append(v.Words, w.with("close.sum", w.summed(f.Redemptions, f.Reversals, f.Declines, f.Worth)))
		}
	}
}

// summed are the facts of a day in a sentence.
func (w words) summed(redemptions, reversals, declines int64, worth []terminal.NetWorth) args {
	facts := args{"redemptions": redemptions, "reversals": reversals, "declines": declines}
	if len(worth) > 0 {
		facts["worth"] = w.net(worth)
	}
	return facts
}

// Names of buttons that are no function keys.
const (
	pressPrevious = "previous"
	pressNext     = "next"
	pressConfirm  = "Return"
	pressBack     = "Escape"
	keyScope      = "F2"
	keyBy         = "F3"
	keyTasks      = "F4"
	keyOffers     = "F5"
	keyFile       = "F6"
	keyPrint      = "F7"
	keyClose      = "F8"
	keySetup      = "F10"
)

// keysOf is the row of keys at the foot.
func keysOf(s State, w words) []widgets.Action {
	back := widgets.Action{Name: pressBack, Key: w.Say("ui.key.esc", nil), Label: w.say("back"), Rank: widgets.Quiet}
	confirm := func(key string) widgets.Action {
		return widgets.Action{Name: pressConfirm, Key: w.Say("ui.key.enter", nil), Label: w.say(key), Rank: widgets.First, Off: s.Busy || s.choices() == 0}
	}
	account, _ := s.account()
	switch s.Page {
	case FiguresPage:
		tasks := w.key(keyTasks, "tasks")
		if s.Tasks != nil && s.Tasks.count() > 0 {
			tasks.Label = w.with("tasks.count", args{"count": s.Tasks.count()})
		}
		closing := w.key(keyClose, "close")
		if made := s.close(); made != nil { // once and never again: the key says so, and leads to when
			closing.Label = w.with("close.number", args{"number": made.Totals.Number})
		}
		row := []widgets.Action{tasks, w.key(keyOffers, "offers"), w.key(keyFile, "file"), w.key(keyPrint, "print"), closing, w.key(keySetup, "setup"), back}
		for i := 2; i < 5; i++ {
			row[i].Off = account == nil || s.Busy
		}
		return row
	case OffersPage:
		do := "offers.pause"
		off := s.Row < len(s.Offers) && lifeOf(s.Offers[s.Row], s) == lifeOff // only the merchant resumes it: its card says so
		if off || s.Row < len(s.Offers) && pausedHere(s.Offers[s.Row], s.Place.Store.ID) {
			do = "offers.resume"
		}
		first := confirm(do)
		first.Off = first.Off || off
		if s.Row < len(s.Offers) && s.Sure == s.Offers[s.Row].ID {
			first.Label = w.with("offers.sure", args{"do": first.Label})
		}
		return []widgets.Action{first, back}
	case FilePage:
		return []widgets.Action{confirm("file.save"), back}
	case ClosePage:
		first := confirm("close.do")
		first.Off = s.Busy
		if s.Failed {
			first.Label = w.Say("ui.do.again", nil)
			return []widgets.Action{first, back}
		}
		if s.Closed != nil || s.Refused != nil {
			first.Label = w.say("close.well")
			return []widgets.Action{first}
		}
		return []widgets.Action{first, back}
	case RowsPage, TasksPage:
	}
	return []widgets.Action{back}
}
