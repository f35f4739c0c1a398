package counter

import "countersign/terminal"

// What the tests from outside need of those inside.
type Shop = shop

var NewShop = newShop

// Codes are what was redeemed, in order.
func (f *shop) Codes() []string { return f.codes }

// Break makes every call fail, or, with nil, work again.
func (f *shop) Break(err error) { f.broken = err }

// Damage has some of the journal damaged, or, with nil, none of it.
func (f *shop) Damage(err error) { f.damage = err }

// Answer has the terminal answer a code so.
func (f *shop) Answer(code string, outcome terminal.Outcome) { f.answers[code] = outcome }

// Scans is how often the terminal was asked.
func (f *shop) Scans() int { return len(f.asked) }

// Reversals are what was taken back.
func (f *shop) Reversals() []terminal.Reversal { return f.reversed }

// Reprints are the entries whose slips were printed again.
func (f *shop) Reprints() []terminal.UID { return f.reprints }

// Watch shows each state to watch before it is drawn.
func (c *Screen) Watch(watch func(State)) {
	show := c.counter.parts.Show
	c.counter.parts.Show = func(s State) {
		watch(s)
		show(s)
	}
}

// Cut has redemptions made without the cloud from now on, or with it again.
func (f *shop) Cut(cut bool) { f.cut = cut }

// Lose has the answers to the next n redemptions lost, though they are on disk.
func (f *shop) Lose(n int) { f.lost = n }

// Broken reports that every call fails.
func (f *shop) Broken() bool { return f.broken != nil }

// TooMany and BillFull are what is said of a scan that is not taken.
const (
	TooMany  = "ui.notice.too_many"
	BillFull = "ui.notice.bill_full"
)
