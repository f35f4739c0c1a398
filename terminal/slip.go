package terminal

import "time"

// SlipKind says what a slip is for.
type SlipKind string

// The kinds of slip.
const (
	SlipRedemption SlipKind = "redemption"
	SlipReversal   SlipKind = "reversal"
	SlipDayClose   SlipKind = "day_close"
	SlipTest       SlipKind = "test"
	SlipFigures    SlipKind = "figures" // of a day so far: no day close
)

// SlipFacts is everything that a slip says, before it is laid out: the store's words and columns are the layout's business.
type SlipFacts struct {
	Kind      SlipKind
	Settings  Settings
	Entry     Entry
	Operator  string // display name
	Approver  string
	Deals     []SlipDeal // one a line of the entry
	LeftToPay *Money     // of a bill with discounts
	Original  *SlipOriginal
	Campaigns map[string]Text // of a day close and of figures: the names of their campaigns, by id
	Figures   *Figures        // of figures
	// ReversibleUntil is zero where the redemption can never be reversed.
	ReversibleUntil time.Time
	Duplicate       int // 0 for the original, else which reprint it is
	Training        bool
}

// SlipDeal says in words what one line of an entry gave.
type SlipDeal struct {
	Name   Text
	Terms  Text
	Holder string
	Slot   *Slot
	Parts  []OrderLine // of a pickup: what was handed over
	Line   EntryLine
}

// SlipOriginal names the redemption that a reversal takes back.
type SlipOriginal struct {
	Receipt ReceiptNumber
	UID     UID
	At      time.Time
}

// Slip is a slip laid out in columns: rows from top to bottom, ready to be turned into a printer's bytes.
type Slip struct {
	Columns int // of the profile: 32, 42 or 48; a Chinese glyph takes two
	Rows    []SlipRow
}

// SlipRow is one row of a slip. Exactly one of Text, QR, Image, Rule and Cut is used; the empty Text is an empty line.
type SlipRow struct {
	Text   string
	Align  Align
	Bold   bool
	Double bool // twice as wide and high: half as many columns
	Invert bool // white on black
	QR     string
	Image  []byte // PNG, drawn at most as wide as the paper
	Rule   bool   // a line across the paper
	Cut    bool
	Drawer bool
}

// Align is where a row stands on the paper.
type Align uint8

// The alignments.
const (
	AlignLeft Align = iota
	AlignCentre
	AlignRight
)

// PrintJob is a slip as it goes to the printer: the exact bytes, kept for good.
type PrintJob struct {
	Kind    SlipKind
	Bytes   []byte // what the printer gets
	Profile string // the printer profile the bytes were made for
	Copies  int
	Hold    bool // print = ask: waits until somebody says yes
}
