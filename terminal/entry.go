package terminal

import (
	"fmt"
	"slices"
	"time"
)

// EntryKind says what a journal entry records. The numbers are the wire's and never change.
type EntryKind uint8

// The kinds of journal entry.
const (
	EntryRedeem   EntryKind = 1 // vouchers were honoured: a fact, never edited or deleted
	EntryReverse  EntryKind = 2 // a redemption was taken back, whole or in part
	EntryDecline  EntryKind = 3 // vouchers were turned away
	EntryApprove  EntryKind = 4 // a manager approved what the rules alone would not
	EntryReprint  EntryKind = 5 // a slip was printed again
	EntryDrawer   EntryKind = 6 // the cash drawer was opened
	EntryDayClose EntryKind = 7 // a business day was closed
	EntryClock    EntryKind = 8 // the wall clock was moved
	EntryEpoch    EntryKind = 9 // the journal goes on after a restore or a fork
)

var entryKindNames = [...]string{"", "redeem", "reverse", "decline", "approve", "reprint", "drawer", "day_close", "clock", "epoch"}

// String is the kind's stable name.
func (k EntryKind) String() string {
	if int(k) < len(entryKindNames) && k > 0 {
		return entryKindNames[k]
	}
	return "unknown"
}

// MarshalText implements encoding.TextMarshaler.
func (k EntryKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler: it reads what MarshalText writes of the kinds that there are.
func (k *EntryKind) UnmarshalText(text []byte) error {
	found := slices.Index(entryKindNames[1:], string(text))
	if found < 0 {
		return fmt.Errorf("%q is no kind of journal entry", text)
	}
	*k = EntryKind(found + 1)
	return nil
}

// Assurance says how sure the terminal was when it honoured a voucher.
type Assurance string

// The assurances, from the surest down.
const (
	Confirmed Assurance = "confirmed" // the cloud said yes before
	ByStore   Assurance = "store"     // the store's hub said yes
	Leased    Assurance = "leased"    // the units were reserved for this terminal
	Offline   Assurance = "offline"   // this terminal alone
)

// Verdict is the cloud's final word on the units of a redemption, after.
type Verdict string

// The verdicts. A redemption whose units got different ones has the first of them in this order that is not accepted.
const (
	Accepted Verdict = "accepted"
	Overrun  Verdict = "overrun" // the voucher was used more often than it allows
	Revoked  Verdict = "revoked" // it was withdrawn before, and not held
	Invalid  Verdict = "invalid" // token, proof or chain does not verify
	Pending  Verdict = "pending" // none yet; only on a terminal
)

// Entry is one fact in a terminal's journal, before it is encoded, hashed and signed by package entry. Its bytes, once written,
// are the truth; see there for the encoding.
type Entry struct {
	Merchant string
	Store    string
	Terminal string
	Epoch    uint32 // 1, and one more after each restore or fork
	Seq      uint64 // 1, 2, 3 … through all epochs
	UID      UID
	Receipt  ReceiptNumber // of entries that print a slip
	Kind     EntryKind
	Lines    []EntryLine

	About    UID    // of a reversal: the redemption's entry; of a reprint: the entry whose slip it is
	Bill     *Money // the bill before discounts, where one was stated
	Operator string // who did it
	Approver string // who approved it

	Assurance Assurance
	Claim     string // the cloud's or hub's id of the hold
	Lease     string // of Leased: the ids of the leases that cover the lines, with a space between them

	Reason  Reason   // of a decline: the cause
	Reasons []Reason // of a decline: every cause, in order
	Note    string   // of a reversal: why, in the operator's words

	Wall        time.Time // the wall clock as it stood, with the store's offset
	Lower       time.Time // the time was not before
	Upper       time.Time // nor after
	Boot        string
	Monotonic   time.Duration // since boot, sleep counted
	BusinessDay Date

	Cursor        string // of the feed, as far as the cache was filled
	KnownHead     uint64 // the last own entry that the cloud had acknowledged
	PolicyVersion int64
	Heads         [][]byte   // of an epoch entry: the heads it follows
	Totals        *DayTotals // of a day close
}

// EntryLine is one voucher in an entry.
type EntryLine struct {
	Voucher  VoucherID `json:"voucher"`
	Campaign string    `json:"campaign"`
	Kind     Kind      `json:"kind"`
	Part     string    `json:"part,omitempty"` // of a pickup: the order's line
	Units    int64     `json:"units"`
	Amount   *Money    `json:"amount,omitempty"` // what the units are worth, where they are money
	Discount *Money    `json:"discount,omitempty"`
	Price    *Money    `json:"price,omitempty"` // of all the units: what the customer paid online
	Value    *Money    `json:"value,omitempty"` // of all the units: what they are worth at the counter
	Left     int64     `json:"left"`            // units left afterwards, as far as the terminal knew
	Proof    []byte    `json:"proof,omitempty"` // HMAC-SHA-256(inner, uid): that the code was shown; 32 bytes
	Lookup   *Lookup   `json:"lookup,omitempty"`
	Masked   string    `json:"masked,omitempty"`   // the code's last symbols
	Original int       `json:"original,omitempty"` // of a reversal: which line of the original, from 0
	Reasons  []Reason  `json:"reasons,omitempty"`  // of a bill that was declined: what is wrong with this voucher, the first first
}

// CauseOf is why a line of a declined entry was turned away: its own cause, or the bill's where no line has one of its own. "" is a
// voucher that is good, turned away because of another one of its bill. What was declined before lines had causes has the bill's.
func (e Entry) CauseOf(line EntryLine) Reason {
	switch {
	case len(line.Reasons) > 0:
		return line.Reasons[0]
	case slices.ContainsFunc(e.Lines, func(other EntryLine) bool { return len(other.Reasons) > 0 }):
		return ""
	}
	return e.Reason
}

// Record is an entry as the journal holds it.
type Record struct {
	Entry     Entry
	Hash      [32]byte // SHA-256 over the previous hash and the bytes
	Signature []byte   // Ed25519, 64 bytes
	Acked     bool     // the cloud has it
	Verdict   Verdict
	Verdicts  []LineVerdict // one a line, once the verdict is in
	Reversed  []int64       // units reversed so far, one number a line; of a redemption
	Printed   JobState      // of the newest job for it, "" for none
	// Undone is of a reversal the assurance of the redemption that it takes back, where Trace was asked for it; "" where that is not known here.
	Undone Assurance
}

// LineVerdict is the cloud's word on one line of a redemption, in units.
type LineVerdict struct {
	Accepted int64 `json:"accepted"`
	Overrun  int64 `json:"overrun"`
	Revoked  int64 `json:"revoked"`
	Invalid  int64 `json:"invalid"`
	// Other is the use that came first, where the line is an overrun.
	Other *LastUse `json:"other,omitempty"`
}

// JobState is the state of a print job; see package printer.
type JobState string

// The states of a print job.
const (
	JobQueued      JobState = "queued"
	JobSending     JobState = "sending" // on disk before the first byte leaves
	JobSent        JobState = "sent"    // every byte left; the printer has not said that it printed
	JobPrinted     JobState = "printed" // the printer's own word
	JobUnconfirmed JobState = "unconfirmed"
	JobFailed      JobState = "failed"
	JobAbandoned   JobState = "abandoned"
)
