package main

import (
	"context"
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
	hints    []string // of the phone's vouchers, as long as they were not redeemed here
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
	say := func(key string) string { return m.Words().Say(key, nil) }
	var cards []uidemo.Card
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
			hint := say("ui.demo.sort." + strings.ReplaceAll(string(voucher.Sort), " ", "_"))
			s.vouchers, s.hints = append(s.vouchers, voucher), append(s.hints, hint)
			cards = append(cards, uidemo.Card{Title: voucher.Campaign.Name.In(m.Words().Language()), Detail: voucher.Code, Hint: hint, QR: code.Image(-4)})
		}
	}
	s.cards = uidemo.NewPhone(uidemo.PhoneWords{
		Title: say("ui.demo.phone"), Hint: say("ui.demo.phone_hint"), Connected: say("ui.demo.connected"), Cut: say("ui.demo.cut"),
		CutIt: say("ui.demo.cut_it"), ConnectIt: say("ui.demo.connect_it"),
	}, cards, s.scan, s.cut)
	s.phone = s.window(say("ui.demo.phone"), s.cards.Object, sideWidth, stageHeight)
	s.printer = uidemo.NewPrinter(say("ui.demo.paper"), say("ui.demo.no_paper"))
	s.paper = s.window(say("ui.demo.paper"), s.printer.Object, sideWidth, stageHeight)
	m.window.SetTitle(say("ui.demo.counter"))
	m.window.Resize(fyne.NewSize(counterWidth, stageHeight))
	world.Station.OnChange(func() {
		select {
		case s.spool <- struct{}{}:
		default:
		}
	})
	s.done.Go(func() { s.watchPaper(ctx) })
	return s, nil
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
	redeemed := s.main.Words().Say("ui.demo.redeemed", nil)
	for i, voucher := range s.vouchers {
		use, err := s.world.Station.Journal.Use(ctx, voucher.ID, "", 0)
		if err != nil {
			return // the window is being closed, or says itself that the journal cannot be read
		}
		hint := s.hints[i]
		if use.Net > 0 {
			hint = redeemed
		}
		fyne.Do(func() { s.cards.Hint(i, hint) })
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
