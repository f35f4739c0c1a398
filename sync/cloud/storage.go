package cloud

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// Errors that a Storage answers with; everything else is a fault of the machine or the database.
var (
	// ErrUnknown says that there is no such thing.
	ErrUnknown = errors.New("unknown")
	// ErrCursor says that a cursor is not of this database: it is of another generation, or ahead of it.
	ErrCursor = errors.New("the cursor is not of this feed")
	// ErrBehind says that a terminal's journal has to be pushed first.
	ErrBehind = errors.New("entries of the terminal's journal are not here yet")
	// ErrJoinUsed and ErrJoinExpired say why a join code that exists is not taken, ErrNameTaken why a terminal's name is not.
	ErrJoinUsed    = errors.New("the join code was used by another machine")
	ErrJoinExpired = errors.New("the join code has expired")
	ErrNameTaken   = errors.New("another terminal of the store has this name")
	// ErrOtherJournal says that a join code is for another terminal than the one that the machine's journal is of.
	ErrOtherJournal = errors.New("the join code is for another terminal than this machine's journal")
	ErrEnrolled     = errors.New("this machine's key is enrolled elsewhere already")
	// ErrProveAlive asks a start of a terminal's program that has had a successor to ask again with a nonce that is younger than that: a
	// request that was late cannot, and a copy that goes on can.
	ErrProveAlive = errors.New("a later start of this terminal's program was heard: ask again with the nonce of this answer")
	// ErrWhichMachine says that several machines use a terminal's key and a manager has to say which of them is real.
	ErrWhichMachine = errors.New("several machines use the key of this terminal")
)

// Storage keeps what the cloud knows. Its methods are intents, each one transaction that happens whole or not at all; which rows
// they touch is the engine's business. It is safe for any number of goroutines and of processes. Conformance tests every
// implementation the same way.
type Storage interface {
	Close() error
	// Tell has tell called for each exception that this process opened or closed, after that is committed.
	Tell(tell func(Alarm))
	// Ready returns nil when a terminal can be answered.
	Ready(ctx context.Context) error
	// Room writes as much as a large batch needs, and takes it back: an error where that does not go, as on a full disk.
	Room(ctx context.Context) error
	// Keys returns the cloud's keys, which the first call makes.
	Keys(ctx context.Context) (Keys, error)
	// RotateFeedKey makes a key that signs answers from the given time on. All trust lists name it at once, and the one before until then.
	RotateFeedKey(ctx context.Context, from, at time.Time) (FeedKey, error)
	// PublicURL is what terminals call, as the last serve recorded it; "" before.
	PublicURL(ctx context.Context) (string, error)
	RecordPublicURL(ctx context.Context, url string) error

	Merchants(ctx context.Context) ([]terminal.Merchant, error)
	// LookupKey is the secret that the merchant's codes are looked up by, 32 bytes.
	LookupKey(ctx context.Context, merchant string) ([]byte, error)
	// TokenKeys returns the keys that sign the merchant's tokens. Where none can sign, it makes one, as of at.
	TokenKeys(ctx context.Context, merchant string, at time.Time) (TokenKeys, error)
	// RotateTokenKey makes a key that signs from the given time on, and ends those that signed before it at that time.
	RotateTokenKey(ctx context.Context, merchant string, from, at time.Time) (TokenKey, error)
	// EndTokenKey retires a key (what it signed until at stays good) or revokes it (nothing under it is honoured), and reports
	// whether that changed anything; ErrUnknown where there is no such key. A revoked key stays revoked.
	EndTokenKey(ctx context.Context, merchant, kid string, state api.TrustedKeyState, at time.Time) (bool, error)
	Stores(ctx context.Context, merchant string) ([]terminal.Store, error)
	Operators(ctx context.Context, merchant string) ([]terminal.Operator, error)
	Campaigns(ctx context.Context, merchant string) ([]terminal.Campaign, error)
	// Apply makes the merchant's catalogue what c says: it adds and changes, and puts operators that c leaves out to rest. What is
	// the same already is not touched. Whether a campaign is paused is not the catalogue's business.
	Apply(ctx context.Context, c Catalogue) ([]Change, error)
	// Pause sets whether a campaign is honoured: in the given stores only, or everywhere when there are none. It reports whether
	// that changed anything.
	Pause(ctx context.Context, merchant, campaign string, stores []string, paused bool) (bool, error)

	// VoucherIDs hands out a block of n voucher ids and returns the first.
	VoucherIDs(ctx context.Context, n int) (terminal.VoucherID, error)
	// NewVouchers stores vouchers, all or none. Where lookups or ids are taken it stores none and answers a *TakenError.
	NewVouchers(ctx context.Context, merchant string, vouchers []NewVoucher) error
	// SetVoucherState withdraws vouchers, or brings them back; ErrUnknown names the first that does not exist, and nothing is done.
	SetVoucherState(ctx context.Context, merchant string, ids []terminal.VoucherID, state terminal.VoucherState, at time.Time) (int, error)

	Invite(ctx context.Context, invitations []Invitation) error
	// Enrol uses up a join code. The same key may do it again and gets the same terminal.
	Enrol(ctx context.Context, request Enrolment) (Terminal, error)
	TerminalByKey(ctx context.Context, key ed25519.PublicKey) (Terminal, error)
	// Seen notes that the terminal was heard of.
	Seen(ctx context.Context, t Terminal, at time.Time) error
	Terminals(ctx context.Context, merchant string) ([]TerminalReport, error)
	// Suspend sets whether a terminal is suspended, and reports whether that changed anything. A suspended terminal's name is free
	// for another, and where it is its store's hub the store has none from then on, by the next term; it cannot be readmitted while another has it (ErrNameTaken). Readmitting a terminal also closes the exceptions
	// about its journal's forks, restores and copies, and lets go of what a machine that is gone had claimed.
	Suspend(ctx context.Context, merchant, store, name string, suspended bool) (bool, error)
	// Readmit is Suspend without suspending, for a terminal whose key is in use on several machines: machine is the id of the real one
	// (api.Machine), or a beginning of it that no other has. The others are refused from then on. Without one it answers ErrWhichMachine
	// where there are several, with an id that none has ErrUnknown.
	Readmit(ctx context.Context, merchant, store, name, machine string) (bool, error)
	// Settings is the terminal's place as it should know it.
	Settings(ctx context.Context, t Terminal) (terminal.Settings, error)

	// AppointHub makes the terminal called name, or nobody where that is "", its store's hub under the next term; ErrUnknown where the
	// store has no such terminal at work. What is so already stays in its term, and changed is false.
	AppointHub(ctx context.Context, hub Hub) (appointed Hub, changed bool, err error)
	// Hub is the store's newest appointment, or ErrUnknown where there was never one.
	Hub(ctx context.Context, merchant, store string) (Hub, error)

	// ApplyJournal takes a batch over: the prefix that follows what is there and verifies. Where not even its first entry can be
	// taken, it answers a *JournalError and takes nothing. A batch that follows another entry than the head is a fork's: it is taken
	// and judged all the same, and Ack.Begin says how the terminal is to go on. ErrProveAlive asks for a fresh proof.
	ApplyJournal(ctx context.Context, t Terminal, push Push) (Ack, error)
	Claim(ctx context.Context, t Terminal, claim Claim) (ClaimAnswer, error)
	// Lease takes back what a terminal gave up, leases it what it wants as far as that is free, and returns all its open leases.
	// ErrBehind says that it wrote entries before it asked that are not here yet.
	Lease(ctx context.Context, t Terminal, request LeaseRequest) ([]Lease, error)
	// Leases are the open leases of a merchant's terminals, the oldest first.
	Leases(ctx context.Context, merchant string) ([]LeaseReport, error)
	// WriteOffLease ends a lease of a terminal that will not be heard again; ErrUnknown where there is none that is open. What it
	// redeemed under it all the same is judged like everything else.
	WriteOffLease(ctx context.Context, merchant, id string, at time.Time) error
	// Redemption returns the bytes of a redemption of the terminal's merchant and the units reversed of each of its lines, or ErrUnknown.
	Redemption(ctx context.Context, t Terminal, uid terminal.UID) (bytes []byte, reversed []int64, err error)
	Lookup(ctx context.Context, t Terminal, lookups []terminal.Lookup) ([]terminal.Row, error)
	// Feed returns a page of at most limit records after cursor, "" being the beginning, or ErrCursor.
	Feed(ctx context.Context, t Terminal, cursor string, limit int) (Page, error)
	// CompactFeed removes what the feed need not say any more: older than FeedKept, and said again later. It answers how much that was.
	CompactFeed(ctx context.Context, now time.Time) (removed int64, err error)
	// NoteReadiness keeps how a terminal finds itself that cannot push.
	NoteReadiness(ctx context.Context, t Terminal, found Readiness, at time.Time) error
	// Start says what is known of a start of a terminal's program. It changes nothing: only what a start brings with it proves anything.
	Start(ctx context.Context, t Terminal, instance string) (api.FeedPageStart, error)
	// Await returns when the merchant's feed may have something after cursor, or ctx ends.
	Await(ctx context.Context, merchant, cursor string) error

	// NewestSnapshot returns the newest first fill of the merchant's vouchers, or ErrUnknown.
	NewestSnapshot(ctx context.Context, merchant string) (Snapshot, error)
	// SnapshotPart returns a part of a first fill, from 0 upwards, or ErrUnknown.
	SnapshotPart(ctx context.Context, merchant, id string, part int64) ([]byte, error)
	// FeedSize is how many vouchers the merchant has and where its feed ends.
	FeedSize(ctx context.Context, merchant string) (vouchers, place int64, err error)
	// MakeSnapshot makes a first fill, and removes old ones. progress, which may be nil, is told how many vouchers it has so far.
	MakeSnapshot(ctx context.Context, merchant string, at time.Time, progress func(vouchers int64)) (Snapshot, error)

	// NewAdminToken stores a token by its hash; ErrNameTaken where another that was not ended has its name.
	NewAdminToken(ctx context.Context, token AdminToken, hash [32]byte) error
	// AdminToken returns the token with this hash, unless it was ended; else ErrUnknown.
	AdminToken(ctx context.Context, hash [32]byte) (AdminToken, error)
	AdminTokens(ctx context.Context) ([]AdminToken, error)
	// EndAdminToken ends a token, or answers ErrUnknown.
	EndAdminToken(ctx context.Context, name string, at time.Time) error

	Webhooks

	// Figures are what who runs the cloud watches, a merchant each, and how many transactions of this process began again.
	Figures(ctx context.Context, now time.Time) (all []Figures, retries int64, err error)

	// Redemptions calls yield for every redemption and reversal that filter lets through, in the order in which they arrived, until
	// it returns an error, which Redemptions returns.
	Redemptions(ctx context.Context, filter RedemptionFilter, yield func(Redemption) error) error
	Exceptions(ctx context.Context, merchant string, openOnly bool) ([]api.Exception, error)
	// StoreDay returns a page of at most limit entries of all counters of the terminal's store on a business day that came after the one whose
	// page answered next as after, 0 being the beginning.
	StoreDay(ctx context.Context, t Terminal, day terminal.Date, after int64, limit int) (DayPage, error)
}

// Keys are the cloud's own.
type Keys struct {
	Root  ed25519.PrivateKey // signs trust lists; join codes pin it
	Feed  FeedKey            // signs answers when the keys are read
	Feeds []FeedKey          // all that ever did or will, the newest first
	Nonce []byte             // makes nonces, 32 bytes
}

// FeedKey is a key that signs answers.
type FeedKey struct {
	ID   string
	Key  ed25519.PrivateKey
	From time.Time
}

// FeedAt is the key that signs answers at a time.
func (k Keys) FeedAt(at time.Time) FeedKey {
	for _, key := range k.Feeds {
		if !at.Before(key.From) {
			return key
		}
	}
	return k.Feed
}

// feedKeys are the keys as a trust list names them: each until the next one signs.
func (k Keys) feedKeys() (all []api.TrustedKey) {
	if len(k.Feeds) == 0 {
		k.Feeds = []FeedKey{k.Feed}
	}
	var until *time.Time
	for _, key := range k.Feeds {
		all = append(all, api.TrustedKey{Kid: key.ID, Key: key.Key.Public().(ed25519.PublicKey), From: key.From, Until: until, State: api.KeyLive})
		until = &key.From
	}
	return all
}

// Catalogue is what a merchant offers, where, and who works there.
type Catalogue struct {
	Merchant  terminal.Merchant
	Stores    []terminal.Store
	Operators []CatalogueOperator
	Campaigns []terminal.Campaign
}

// CatalogueOperator is an operator as a catalogue names him: with a PIN in clear, which is never stored, or a hash.
type CatalogueOperator struct {
	terminal.Operator
	PIN string
}

// Change is one thing that Apply did.
type Change struct {
	What   string `json:"what"` // merchant, store, operator, campaign
	ID     string `json:"id"`
	Action string `json:"action"` // added, changed, removed
}

// NewVoucher is a voucher to store with what proves that its code was shown.
type NewVoucher struct {
	terminal.Voucher
	Inner [32]byte // HMAC-SHA-256(lookup key, "shown" ‖ canonical code)
	Token bool     // the code is a signed token
	Key   string   // of a token: the id of the key that signed it
}

// TakenError says which of several new vouchers, by index from 0 upwards, have a lookup or an id that another has already.
type TakenError struct{ Indexes []int }

// Error is one sentence.
func (t *TakenError) Error() string { return "a voucher with this code or id exists already" }

// Invitation is a join code that waits for a machine.
type Invitation struct {
	Merchant   string
	Store      string
	Name       string   // of the terminal; "" lets the machine say, or the cloud number it
	SecretHash [32]byte // SHA-256 of the secret
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// Enrolment is what a machine asks with a join code.
type Enrolment struct {
	SecretHash     [32]byte
	Key            ed25519.PublicKey
	SealKey        []byte
	Name           string
	ProgramVersion string
	Computer       string // the computer's own name; "" where it does not say
	// Journal is of which terminal the machine has a journal already; nil where it has none. It becomes this one or nothing (ErrOtherJournal),
	// and is awaited until its journal is here whole: it was enrolled before, in a database that was put back to an older copy since.
	Journal *api.JournalOwner
	At      time.Time
}

// Terminal is an enrolled terminal.
type Terminal struct {
	ID        int64
	Merchant  string
	Store     string
	Name      string
	Key       ed25519.PublicKey
	SealKey   []byte
	Suspended bool
	LastSeen  time.Time // as far as it was noted
}

// TerminalReport is what the merchant is told of a terminal.
type TerminalReport struct {
	Name       string     `json:"name"`
	Merchant   string     `json:"merchant"`
	Store      string     `json:"store"`
	Version    string     `json:"version"`
	EnrolledAt time.Time  `json:"enrolled_at"`
	LastSeen   *time.Time `json:"last_seen"`
	Head       uint64     `json:"head"` // the last journal entry that the cloud has
	Epoch      uint32     `json:"epoch"`
	Pending    int64      `json:"pending"` // entries that the terminal had not sent when it was last heard
	Holds      int64      `json:"holds"`   // open claims
	Suspended  bool       `json:"suspended"`
	Forked     bool       `json:"forked"`    // its journal was copied or restored, and no manager has closed that
	Cloned     bool       `json:"cloned"`    // its key is in use on several machines: it honours nothing without a yes until it is readmitted
	Anomalies  int64      `json:"anomalies"` // open exceptions of its journal
	Awaited    bool       `json:"awaited"`   // the database was put back to an older copy, and this terminal has not sent again what it has
	Ready      *bool      `json:"ready"`     // for offline, as it said last; nil before it said anything
	// Missing are the checks of its doctor that failed, and what the cloud knows besides, under the names of the checks that tell it:
	// "terminal" where it is suspended, "journal" where its key is in use on several machines, "readmit" where its journal was restored or
	// copied and no manager has closed that.
	Missing   []string   `json:"missing"`
	Computer  string     `json:"computer,omitempty"` // the name of its computer, as that said last
	Restored  bool       `json:"restored"`           // of Forked: its journal was restored from a backup
	CheckedAt *time.Time `json:"checked_at"`
	Outdated  bool       `json:"outdated"` // another terminal of the merchant runs a newer version
}

// Readiness is how a terminal finds itself.
type Readiness struct {
	Version  string
	Computer string   // the computer's own name; "" where it does not say
	Missing  []string // the checks of its doctor that fail; none where it is ready for offline
	Hub      *HubFilling
}

// HubFilling is whether a hub answers its store, and else how much of what the cloud has it holds.
type HubFilling struct {
	Ready   bool `json:"ready"`
	Percent int  `json:"percent"`
}

// Push is a batch of a terminal's journal.
type Push struct {
	Standing Standing
	Pending  int64
	// Readiness is how the terminal finds itself; nil where it did not say.
	Readiness *Readiness
	Epoch     uint32
	FromSeq   uint64
	Prev      [32]byte
	Entries   []entry.Sealed // hashes are computed from Prev on
	Missing   uint64         // the number of an entry that is gone from the terminal's journal; 0 for none
	At        time.Time
}

// Standing is what each claim and push says of the claims of the terminal that are still open.
type Standing struct {
	Instance string
	Counter  int64 // of the newest claim that the list knows of
	Open     []terminal.UID
	Journal  *api.Head // where the terminal's own journal ends; nil where it did not say
	// Previous are the starts of the program before Instance, the oldest first, from the last that was acknowledged on; nil where the
	// terminal did not say, which concludes nothing.
	Previous []string
	Restored bool      // this machine takes the place of the one before on purpose
	Nonce    time.Time // when the nonce of the request was made; zero where that is not known
}

// Ack answers a push.
type Ack struct {
	Head     api.Head // where the journal ends here; of one that parted from it, the last of its entries that are here
	Verdicts []api.EntryVerdict
	Begin    *api.Head // the terminal is to begin a new epoch that names this head; nil for no need
	Clone    bool      // the terminal's key is in use on several machines
}

// JournalError says why not even the first entry of a batch could be taken.
type JournalError struct {
	Code   string // journal_gap, journal_chain, journal_entry
	Detail string
	Head   api.Head
}

// Error is one sentence.
func (j *JournalError) Error() string { return j.Detail }

// Claim is a question to hold units.
type Claim struct {
	terminal.Claim
	Standing Standing
	At       time.Time
	Cursor   string // how far the terminal has come in the feed; "" for unknown. Claim answers ErrCursor as Feed does
}

// ClaimAnswer is the answer to it.
type ClaimAnswer struct {
	Granted   bool
	ID        string
	Assurance terminal.Assurance // of a yes; "" is Confirmed, Offline while terminals are awaited after the database was put back
	Findings  []terminal.Finding
	Rows      []terminal.Row
	Begin     *api.Head // as in Ack: nothing is granted before
	Clone     bool
}

// SnapshotPartSize is how many bytes a part of a first fill has, but for the last: little enough for a slow line to bring one in
// the time that a request has.
const SnapshotPartSize = 256 << 10

// Snapshot is a first fill: an immutable file of all vouchers, in the form that package snapshot describes.
type Snapshot struct {
	ID        string
	Cursor    string // of the feed, for who has stored the file
	Place     int64  // of the feed, up to which the file holds everything
	Vouchers  int64
	Size      int64
	PartSize  int64
	Parts     [][]byte // their SHA-256
	CreatedAt time.Time
}

// Page is a page of the feed.
type Page struct {
	Records  []api.FeedRecord
	Cursor   string
	AtEnd    bool
	Behind   int64 // about how many changes come behind it
	Included uint64
	Peers    []api.Peer    // for the store's hub: the terminals of its store
	Recovery *api.Recovery // where the database was put back to an older copy once
}

// DayPage is a page of a store's business day. What it says beside the entries is of the whole day.
type DayPage struct {
	Entries        []api.DayEntry // redemptions, reversals, declines and day closes
	Next           int64          // where the next page begins; 0 on the last
	Counters       []api.DayCounter
	New, Returning int64 // customers
}

// RedemptionFilter picks redemptions. Empty members pick all.
type RedemptionFilter struct {
	Merchant string
	Store    string
	Day      terminal.Date // business day of the entry
	After    terminal.UID  // those that arrived after this one
}

// Redemption is one redemption or reversal as the cloud reports it.
type Redemption struct {
	UID         terminal.UID           `json:"uid"`
	Kind        terminal.EntryKind     `json:"kind"`
	Merchant    string                 `json:"merchant"`
	Store       string                 `json:"store"`
	Terminal    string                 `json:"terminal"`
	Epoch       uint32                 `json:"epoch"`
	Seq         uint64                 `json:"seq"`
	Receipt     terminal.ReceiptNumber `json:"receipt"`
	Reverses    *terminal.UID          `json:"reverses,omitempty"`
	Operator    string                 `json:"operator"`
	Approver    string                 `json:"approver,omitempty"`
	Assurance   terminal.Assurance     `json:"assurance"`
	Verdict     terminal.Verdict       `json:"verdict"`
	At          time.Time              `json:"at"`
	BusinessDay terminal.Date          `json:"business_day"`
	ReceivedAt  time.Time              `json:"received_at"`
	Bill        *terminal.Money        `json:"bill,omitempty"`
	Note        string                 `json:"note,omitempty"`
	LeftBehind  bool                   `json:"left_behind,omitempty"` // on another line of the terminal's journal than the one that goes on: it was copied or restored
	OtherLine   bool                   `json:"other_line,omitempty"`  // on one of two lines of which it is not settled yet which is left behind
	Excused     bool                   `json:"excused,omitempty"`     // every overrun of it was paid off since; a report's, no storage sets it
	Lines       []RedemptionLine       `json:"lines"`
}

// RedemptionLine is one voucher of a redemption, with the units of each verdict and those reversed since.
type RedemptionLine struct {
	Voucher  terminal.VoucherID `json:"voucher"`
	Campaign string             `json:"campaign"`
	Kind     terminal.Kind      `json:"kind"`
	Part     string             `json:"part,omitempty"`
	Units    int64              `json:"units"`
	Amount   *terminal.Money    `json:"amount,omitempty"`
	Discount *terminal.Money    `json:"discount,omitempty"`
	Price    *terminal.Money    `json:"price,omitempty"`
	Value    *terminal.Money    `json:"value,omitempty"`
	Accepted int64              `json:"accepted"`
	Overrun  int64              `json:"overrun"`
	Revoked  int64              `json:"revoked"`
	Invalid  int64              `json:"invalid"`
	Reversed int64              `json:"reversed"`
}
