package counter

import "countersign/terminal"

// What the tests from outside need of those inside.
type Shop = shop

var NewShop = newShop

// Codes are what was redeemed, in order.
func (f *shop) Codes() []string { return f.codes }

// Break makes every call fail, or, with nil, work again.
func (f *shop) Break(err error) { f.broken = err }

// Answer has the terminal answer a code so.
func (f *shop) Answer(code string, outcome terminal.Outcome) { f.answers[code] = outcome }

// Scans is how often the terminal was asked.
func (f *shop) Scans() int { return len(f.asked) }

// Reversals are what was taken back.
func (f *shop) Reversals() []terminal.Reversal { return f.reversed }

// Reprints are the entries whose slips were printed again.
func (f *shop) Reprints() []terminal.UID { return f.reprints }
