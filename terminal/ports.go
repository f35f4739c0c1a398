package terminal

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Errors that a Terminal's stores and authorities answer with; everything else is a fault of the machine.
var (
	// ErrUnknown says that there is no such voucher, entry or receipt.
	ErrUnknown = errors.New("unknown")
	// ErrNoAnswer says that no authority answered within its budget: the terminal is on its own.
	ErrNoAnswer = errors.New("no answer from the cloud")
	// ErrHubSilent says that the store's hub, which was there a moment ago, does not answer: whether to wait for it or to go on
	// without is for the cashier to say. It is ErrNoAnswer, too.
	ErrHubSilent = fmt.Errorf("the store's hub does not answer: %w", ErrNoAnswer)
	// ErrHubFull is ErrHubSilent of a hub that says why: its disk is full.
	ErrHubFull = fmt.Errorf("its disk is full: %w", ErrHubSilent)
	// ErrNotJoined says that the terminal belongs to no store yet.
	ErrNotJoined = errors.New("this terminal has not joined a store yet")
)

// Source says how a code reached the terminal.
type Source string

// The sources. What a person typed is checked as typed; what a scanner sent may have passed a wrong keyboard layout.
const (
	SourceScanner Source = "scanner"
	SourceTyped   Source = "typed"
	SourcePicture Source = "picture"
)

// Scan is one code as it arrived.
type Scan struct {
	Code   string
	Source Source
	// What was said of this voucher, where there are several: of several balances on one bill each needs its own. nil leaves it to
	// the Request.
	Units  *int64
	Amount *Money
}

// Presented is a code that was read, ready to be looked up. It holds no code in clear but for Masked.
type Presented struct {
	Candidates []Candidate // in the order in which they are tried; at least one
	Masked     string      // the last min(4, length/3) symbols
	// Token is what a signed token says of itself, once its signature was verified; nil for a code that is only looked up.
	Token *Token
	// Otherwise is what is wrong with the text if no candidate is known; nil for a code that is whole and simply not_found.
	Otherwise *Finding
}

// Token is a voucher as its issuer signed it. It stands in for a row that the cache does not have.
type Token struct {
	Voucher   VoucherID
	Campaign  string
	Kind      Kind
	Units     int64  // of a balance: minor units
	Currency  string // of a balance
	Store     string // the only store it is for; "" for every one
	NotBefore time.Time
	Expires   time.Time // the last instant that still counts; zero for never
}

// Candidate is one canonical form of a code.
type Candidate struct {
	Lookup Lookup
	Inner  [32]byte // HMAC-SHA-256(lookup key, "shown" ‖ canonical code): only who saw the code can make it
}

// Proof shows, for one entry, that the code was presented: HMAC-SHA-256(inner, uid), 32 bytes.
func (c Candidate) Proof(uid UID) []byte {
	mac := hmac.New(sha256.New, c.Inner[:])
	mac.Write(uid[:])
	return mac.Sum(nil)
}

// CodeReader turns what was scanned into what can be looked up. A code that cannot be one is a Finding
// (malformed_code, scanner_layout, bad_signature, unknown_issuer), never an error.
type CodeReader interface {
	Read(scan Scan) (Presented, *Finding)
}

// Row is a voucher and its campaign as one read of the cache, or one answer of an authority, saw them together.
type Row struct {
	Voucher  Voucher
	Campaign Campaign
	// Included is the last entry of this terminal's journal whose uses Voucher.Used and Counts already count.
	Included uint64
	// Where the rules carry a limit per customer or per day, Counts are what was used under it, of this campaign, and Siblings the
	// customer's other vouchers of the campaign.
	Counts   []Count
	Siblings []VoucherID
	// Undone are the units of this terminal's own redemptions that other terminals took back, by the part of the order, "" for none. Only
	// an authority's row has them.
	Undone map[string]int64
	// Order finds the other vouchers of the order that this one belongs to.
	Order []Lookup
	// Secluded says that it comes from a hub that is cut off from the cloud, and that may not have heard of what the cache has.
	Secluded bool
}

// Freshness says how old the cache is.
type Freshness struct {
	Cursor     string
	ReachedEnd time.Time // server time of the last page that reached the end of the feed; zero for never
	Vouchers   int64
	Campaigns  int64
}

// Cache is the terminal's disposable copy of what the cloud knows.
type Cache interface {
	// Find returns the first row that one of lookups has, or ErrUnknown.
	Find(ctx context.Context, lookups []Lookup) (Row, error)
	// Campaign returns a campaign by its id, or ErrUnknown.
	Campaign(ctx context.Context, id string) (Campaign, error)
	// Settings returns the terminal's place, or ErrUnknown before the first fill.
	Settings(ctx context.Context) (Settings, error)
	// Operators returns the operators of this store, by name.
	Operators(ctx context.Context) ([]Operator, error)
	Freshness(ctx context.Context) (Freshness, error)
	// Suspend notes that an authority refused this terminal as suspended, before the feed says so: Settings say it too from now on, after
	// the next start as well, until the cloud is heard again.
	Suspend(ctx context.Context) error
}

// Use is what this terminal's own journal says of one voucher, or of one part of it.
type Use struct {
	Net   int64    // units of its redemptions less what it reversed of them, in all entries
	After int64    // units redeemed less units reversed in entries later than the one asked about, also of others' redemptions
	Last  *LastUse // the newest redemption that still stands, if any
}

// Exposure is what this terminal honoured offline and the cloud has not acknowledged yet.
type Exposure struct {
	// Barred says why nothing may be honoured now without a yes of the cloud, one of the Barred… strings; "" for no reason.
	Barred string
	Count  int64
	Value  Money // in the merchant's currency
}

// Why a terminal honours nothing without the cloud's yes: what it knows for itself may be less than what it did.
const (
	BarredRestored = "restored" // its journal is an older copy, and the cache is not filled yet with what the cloud knows of it
	BarredCloud    = "cloud"    // the cloud or the hub says yes, and does not know all yet: its record was put back to an older copy
	BarredCloned   = "cloned"   // its key is in use on several machines
	BarredGap      = "gap"      // an entry is gone from its journal
	BarredDamaged  = "damaged"  // a part of its journal does not verify
)

// Journal is the terminal's append-only record.
type Journal interface {
	// Append runs compose inside one write transaction and writes what it returns: the entry, the uses it counts, and its print
	// job, all or nothing. It returns after COMMIT. Whatever error compose returns is returned as it is, and nothing is written.
	// compose may run more than once.
	Append(ctx context.Context, compose func(Ledger) (Draft, error)) (Record, error)
	// Use returns this terminal's uses of a voucher; after is Row.Included. The empty part counts all parts.
	Use(ctx context.Context, voucher VoucherID, part string, after uint64) (Use, error)
	// Counted returns the net units of this terminal's own redemptions in entries later than after, by the business days of the
	// redemptions and as Kind.Counted says: of vouchers, or, where there are none, of the campaign as a whole.
	Counted(ctx context.Context, campaign string, vouchers []VoucherID, days Days, after uint64) (int64, error)
	// Leased returns the epoch of the journal and what is leased to this terminal of a voucher, with what is spent of it; not what it
	// has given up.
	Leased(ctx context.Context, voucher VoucherID) (epoch uint32, leases []Lease, err error)
	// Exposure returns what is at risk right now.
	Exposure(ctx context.Context) (Exposure, error)
	// ByUID and ByReceipt return one entry, or ErrUnknown.
	ByUID(ctx context.Context, uid UID) (Record, error)
	ByReceipt(ctx context.Context, receipt ReceiptNumber) (Record, error)
	// Recent returns the newest redemptions and reversals, the newest first. Those that a damaged journal still shows come with the error.
	Recent(ctx context.Context, limit int) ([]Record, error)
	// PINTries returns how often in a row an operator's PIN was wrong, and when last. SetPINTries stores it, durably.
	PINTries(ctx context.Context, operator string) (wrong int, last time.Time, err error)
	SetPINTries(ctx context.Context, operator string, wrong int, last time.Time) error
}

// Ledger is the journal as one write transaction sees it.
type Ledger interface {
	DayBook
	// Next is the place that the draft will get. The receipt number is used up only by a draft that has one.
	Next() (epoch uint32, seq uint64, receipt ReceiptNumber)
	KnownHead() uint64
	Use(voucher VoucherID, part string, after uint64) (Use, error)
	Counted(campaign string, vouchers []VoucherID, days Days, after uint64) (int64, error)
	Leased(voucher VoucherID) (epoch uint32, leases []Lease, err error)
	Exposure() (Exposure, error)
	Record(uid UID) (Record, error)
	// Booked is what stands of this terminal's redemptions of a voucher, in minor units: what was paid for their units and what they are
	// worth, less what its reversals of them took back.
	Booked(voucher VoucherID) (price, value int64, err error)
	// Reprints is how many reprint entries there are for the slip of entry uid.
	Reprints(uid UID) (int, error)
}

// Versioned is what a Journal and its Ledger may be: they say how many entries were written. As long as that is the same, so is
// everything they say of what was used.
type Versioned interface {
	// Written is the number of the newest entry; false where that is not known without looking.
	Written() (seq uint64, known bool)
}

// Draft is an entry to write, with the slip that goes with it. Epoch, Seq and, where the entry prints, Receipt are those of Next.
type Draft struct {
	Entry Entry
	Job   *PrintJob
	// AtRisk is what an offline redemption adds to the exposure.
	AtRisk *Money
}

// Authority is who can answer for the whole store: the cloud, or the store's hub. Its methods keep their own time budget and
// answer ErrNoAnswer when nobody answered in it.
type Authority interface {
	// Ask looks vouchers up, read-only; ErrUnknown where the authority knows none of the lookups.
	Ask(ctx context.Context, lookups []Lookup) (Row, error)
	// Redemption returns a redemption of this merchant that another terminal made, with what was reversed of it; ErrUnknown where
	// the authority has none.
	Redemption(ctx context.Context, uid UID) (Record, error)
	// Claim asks to hold the units of all lines, or of none, for the entry uid.
	Claim(ctx context.Context, claim Claim) (ClaimAnswer, error)
	// Release says that a claimed uid will never be journalled, so that its hold ends with the next message. It does not wait.
	Release(uid UID)
}

// Reach is what an Authority may know of its line without asking anybody.
type Reach interface {
	// Unreachable reports that a question now would end at once in ErrNoAnswer: nobody answered a moment ago, and it is not yet time to try
	// again. It neither waits nor uses up a try.
	Unreachable() bool
}

// Issuers is what an Authority may do for a token whose key is not known here.
type Issuers interface {
	// RefreshIssuers fetches the keys that sign tokens, for the CodeReader to use from then on. It keeps its own time budget, and asks no
	// more often than is reasonable: anybody can make up a key's name. nil says that the keys here are new enough.
	RefreshIssuers(ctx context.Context) error
}

// Claim is the question before a redemption. All its lines are held, or none.
type Claim struct {
	UID      UID
	Lines    []ClaimLine
	Bill     *Money
	Operator string
	// Reverse names the redemption whose reversal is asked for, where another terminal made it.
	Reverse *UID
	// Alone goes on without the store's hub: the cashier was asked.
	Alone bool
}

// ClaimLine asks for units of one voucher.
type ClaimLine struct {
	Lookup Lookup
	Part   string
	Units  int64
	Proof  []byte // HMAC-SHA-256(inner, uid), 32 bytes
}

// ClaimAnswer is an authority's yes or no.
type ClaimAnswer struct {
	Granted   bool
	ID        string    // of the hold, when granted
	Assurance Assurance // Confirmed from the cloud, ByStore from a hub that answered alone, Offline from one that may not know all yet
	Findings  []Finding // when not granted; the first decides
	Rows      []Row     // the vouchers as the authority knows them, one a line
}

// Slips makes the bytes of a slip. It is called inside the transaction that records what the slip says.
type Slips interface {
	Compose(facts SlipFacts) (PrintJob, error)
}

// PINs checks a PIN against an operator's hash.
type PINs interface {
	Matches(pin, hash string) bool
}

// Parts are what a Terminal is made of.
type Parts struct {
	Codes     CodeReader
	Cache     Cache
	Journal   Journal
	Authority Authority
	Slips     Slips
	PINs      PINs
	Clock     Clock
	Random    Random
}

// Random makes the uids.
type Random interface {
	UID() UID
}
