package main

import (
	"context"
	"image"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	"github.com/skip2/go-qrcode"

	"countersign/cmd/internal/demo"
	"countersign/terminal"
	uidemo "countersign/ui/demo"
)

// stage is what stands beside the counter in the demo: the customer's phone with the switch that cuts the internet, and the paper.
type stage struct {
	main     *Main
	world    *demo.Demo
	vouchers []demo.Voucher
	codes    []image.Image // of the phone's vouchers
	redeemed []bool        // of them, here, and not taken back
	phone    fyne.Window
	cards    *uidemo.Phone
	paper    fyne.Window
	printer  *uidemo.Printer

	stop  context.CancelFunc
	done  sync.WaitGroup
	spool chan struct{}
}

// The sizes of the demo's windows: with their frames, all three stand side by side on a screen of 1920×1080.
const (
	counterWidth = 1120
	sideWidth    = 370
	stageHeight  = 800
)

// shown says which vouchers the phone holds, of the hundreds there are: how many of each sort.
var shown = []struct {
	sort     demo.Sort
	campaign string
	count    int
}{
	{demo.Good, "dinner-for-two", 2}, {demo.Good, "free-coffee", 2}, {demo.Used, "", 1}, {demo.Expired, "", 1}, {demo.Elsewhere, "", 1},
	{demo.CertainTime, "lunch-menu", 1}, {demo.CertainTime, "weekend", 1}, {demo.Refunded, "", 1}, {demo.NotYet, "", 1},
	{demo.Revoked, "", 1}, {demo.Disabled, "", 1}, {demo.Good, "dinner-for-two", 6}, {demo.Good, "free-coffee", 6},
}

func newStage(ctx context.Context, m *Main, world *demo.Demo) (*stage, error) {
	ctx, stop := context.WithCancel(ctx)
	s := &stage{main: m, world: world, stop: stop, spool: make(chan struct{}, 1)}
	held := map[terminal.VoucherID]bool{}
	for _, want := range shown {
		left := want.count
		for _, voucher := range world.Vouchers {
			if left == 0 || held[voucher.ID] || voucher.Sort != want.sort || (want.campaign != "" && voucher.Campaign.ID != want.campaign) {
				continue
			}
			left--
			held[voucher.ID] = true
			code, err := qrcode.New(voucher.Code, qrcode.Medium)
			if err != nil {
				stop()
				return nil, err
			}
			s.vouchers, s.codes = append(s.vouchers, voucher), append(s.codes, code.Image(-4))
		}
	}
	s.redeemed = make([]bool, len(s.vouchers))
	s.cards = uidemo.NewPhone(s.phoneWords(), s.phoneCards(), s.scan, s.cut)
	s.phone = s.window(s.say("ui.demo.phone"), s.cards.Object, sideWidth, stageHeight)
	s.printer = uidemo.NewPrinter(s.say("ui.demo.paper"), s.say("ui.demo.no_paper"))
	s.paper = s.window(s.say("ui.demo.paper"), s.printer.Object, sideWidth, stageHeight)
	m.window.SetTitle(s.say("ui.demo.counter"))
	m.window.Resize(fyne.NewSize(counterWidth, stageHeight))
	m.preferred = s.restage
	world.Station.OnChange(func() {
		select {
		case s.spool <- struct{}{}:
		default:
		}
	})
	s.done.Go(func() { s.watchPaper(ctx) })
	return s, nil
}

func (s *stage) say(key string) string { return s.main.Words().Say(key, nil) }

func (s *stage) phoneWords() uidemo.PhoneWords {
	return uidemo.PhoneWords{Title: s.say("ui.demo.phone"), Hint: s.say("ui.demo.phone_hint"), Connected: s.say("ui.demo.connected"),
		Cut: s.say("ui.demo.cut"), CutIt: s.say("ui.demo.cut_it"), ConnectIt: s.say("ui.demo.connect_it")}
}

// phoneCards are the vouchers as the phone shows them now.
func (s *stage) phoneCards() []uidemo.Card {
	cards := make([]uidemo.Card, len(s.vouchers))
	for i, voucher := range s.vouchers {
		cards[i] = uidemo.Card{Title: voucher.Campaign.Name.In(s.main.Words().Language()), Detail: voucher.Code, Hint: s.hint(i), QR: s.codes[i]}
	}
	return cards
}

// hint is what a voucher is there to show, or that it was redeemed.
func (s *stage) hint(card int) string {
	if s.redeemed[card] {
		return s.say("ui.demo.redeemed")
	}
	return s.say("ui.demo.sort." + strings.ReplaceAll(string(s.vouchers[card].Sort), " ", "_"))
}

// restage has the windows beside the counter look and speak as the counter does.
func (s *stage) restage() {
	s.cards.Rebuild(s.phoneWords(), s.phoneCards())
	s.printer.Rebuild(s.say("ui.demo.paper"), s.say("ui.demo.no_paper"))
	s.phone.SetTitle(s.say("ui.demo.phone"))
	s.paper.SetTitle(s.say("ui.demo.paper"))
	s.main.window.SetTitle(s.say("ui.demo.counter"))
}

func (s *stage) window(title string, content fyne.CanvasObject, width, height float32) fyne.Window {
	window := s.main.app.NewWindow(title)
	window.SetPadded(false)
	window.SetContent(content)
	window.Resize(fyne.NewSize(width, height))
	window.SetCloseIntercept(s.main.app.Quit)
	return window
}

func (s *stage) show() {
	s.phone.Show()
	s.paper.Show()
}

func (s *stage) close() error {
	s.stop()
	s.done.Wait()
	return nil
}

// scan holds a voucher under the counter's scanner.
func (s *stage) scan(card int) {
	s.main.Scan(s.vouchers[card].Code)
	s.main.window.RequestFocus()
}

func (s *stage) cut(cut bool) {
	if cut {
		s.world.Link.Cut()
	} else {
		s.world.Link.Restore()
	}
}

// tellRedeemed has the phone say which of its vouchers were redeemed here, and not taken back.
func (s *stage) tellRedeemed(ctx context.Context) {
	for i, voucher := range s.vouchers {
		use, err := s.world.Station.Journal.Use(ctx, voucher.ID, "", 0)
		if err != nil {
			return // the window is being closed, or says itself that the journal cannot be read
		}
		fyne.Do(func() {
			s.redeemed[i] = use.Net > 0
			s.cards.Hint(i, s.hint(i))
		})
	}
}

// watchPaper lets each slip come out once its bytes are with the printer.
func (s *stage) watchPaper(ctx context.Context) {
	last := int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.spool:
		}
		s.tellRedeemed(ctx)
		jobs, err := s.world.Station.Journal.Jobs(ctx, terminal.JobSent, terminal.JobPrinted)
		if err != nil {
			continue
		}
		for _, job := range jobs {
			if job.ID <= last {
				continue
			}
			picture, err := s.world.Station.Preview(job)
			if err != nil {
				s.world.Station.Log.Error("a slip could not be drawn", "error", err.Error())
				continue
			}
			last = job.ID
			fyne.Do(func() { s.printer.Print(picture) })
		}
	}
}
