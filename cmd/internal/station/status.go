package station

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"countersign/terminal"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"

	"crypto/ed25519"
)

// Status is how a terminal is. Its JSON keys are those of "countersignctl status --json".
type Status struct {
	Merchant     string        `json:"merchant"`
	MerchantName string        `json:"merchant_name"`
	Store        string        `json:"store"`
	StoreName    string        `json:"store_name"`
	Terminal     string        `json:"terminal"`
	Machine      string        `json:"machine"` // what the cloud calls this computer where several use the terminal's key
	Suspended    bool          `json:"suspended"`
	Line         LineStatus    `json:"line"`
	Cache        CacheStatus   `json:"cache"`
	Pending      PendingStatus `json:"pending"`
	Printer      PrinterQueue  `json:"printer"`
	Clock        ClockStatus   `json:"clock"`
	Exceptions   int           `json:"exceptions"` // open ones
	// Hub is the store's hub; nil where it has none.
	Hub *HubStatus `json:"hub,omitempty"`
	// Trouble keeps the journal from a cloud that answers: whatever else is well, this terminal is not.
	Trouble *TroubleStatus `json:"trouble,omitempty"`
	// Barred says why nothing is honoured without the cloud's yes.
	Barred *BarredStatus `json:"barred,omitempty"`
	Holder *Holder       `json:"holder,omitempty"`
	// Leases are what the cloud has reserved to this terminal.
	Leases *LeaseStatus `json:"leases,omitempty"`
	// Free is the space left for the data folder, in bytes, and Tight where that is too little; 0 and false where nobody can tell.
	Free  uint64 `json:"free_bytes"`
	Tight bool   `json:"disk_tight,omitempty"`

	Data    string `json:"data"`
	Version string `json:"version"`
}

// LineStatus is the line to the cloud as the last question found it.
type LineStatus struct {
	URL         string    `json:"url"`
	Online      bool      `json:"online"`
	LastContact time.Time `json:"last_contact,omitzero"`
	Trouble     string    `json:"trouble,omitempty"`
}

// CacheStatus is what the terminal knows without asking.
type CacheStatus struct {
	Cursor     string    `json:"cursor"`
	ReachedEnd time.Time `json:"reached_end,omitzero"` // server time of the last page that reached the end of the feed
	AgeSeconds int64     `json:"age_seconds"`          // since then; -1 for never
	Vouchers   int64     `json:"vouchers"`
	Campaigns  int64     `json:"campaigns"`
	Filling    *Filling  `json:"filling,omitempty"` // a first fill on its way; also one that a program left, and that goes on with the next start
	Trouble    string    `json:"trouble,omitempty"` // why nothing of it can be read
	cause      error     // of Trouble
}

// PendingStatus is what the cloud does not have yet.
type PendingStatus struct {
	Count  int64     `json:"count"`
	Oldest time.Time `json:"oldest,omitzero"`
	Head   uint64    `json:"head"`  // the newest entry
	Acked  uint64    `json:"acked"` // the last one that the cloud has
}

// PrinterQueue is the printer and what waits for it.
type PrinterQueue struct {
	Target   string `json:"target"`
	Profile  string `json:"profile"`
	Queued   int    `json:"queued"`
	Asking   int    `json:"asking"`   // of those that are queued: held, or so old that they wait for somebody to say yes
	Doubtful int    `json:"doubtful"` // unconfirmed or failed: somebody should look at the paper
}

// ClockStatus is the wall clock against what is certain.
type ClockStatus struct {
	Wall     time.Time `json:"wall"`
	Lower    time.Time `json:"lower"`
	Upper    time.Time `json:"upper"`
	Certain  bool      `json:"certain"` // a server was heard since the machine started
	Off      int64     `json:"off_seconds"`
	Sentence string    `json:"sentence"`
	// Moved is the newest move of the wall clock by two minutes or more, for seven days.
	Moved *ClockMove `json:"moved,omitempty"`
}

// Since is how long ago something was that is noted by the cloud's time or by this computer's clock, whichever may have been moved meanwhile;
// what neither places in the past was just now.
func (c ClockStatus) Since(at time.Time) time.Duration {
	believed := terminal.Reading{Wall: c.Wall, Lower: c.Lower, Upper: c.Upper}.Believed().Sub(at)
	wall := c.Wall.Sub(at)
	if wall < 0 || (believed >= 0 && believed < wall) {
		return max(0, believed)
	}
	return wall
}

// span is a time as a person says it.
func span(d time.Duration) string {
	switch d = d.Abs(); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Round(time.Hour).Hours()/24))
}

// clockTolerance is how wrong a wall clock may be before it is worth a word.
const clockTolerance = 2 * time.Minute

// standing is the part of the status that says whether this terminal is well; the pump asks for it with each page and push.
func (r *Reader) standing(ctx context.Context) (Status, error) {
	settings, err := r.parts.Cache.Settings(ctx)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return Status{}, err
	}
	identity := r.Journal.Identity()
	status := Status{
		Merchant: identity.Merchant, MerchantName: settings.Merchant.Name, Store: identity.Store, StoreName: settings.Store.Name,
		Terminal: identity.Terminal, Suspended: settings.Suspended, Data: r.folder, Version: r.version, Clock: r.clockStatus(),
	}
	if status.Machine, err = r.Journal.Machine(ctx); err != nil {
		return status, err
	}
	if status.Clock.Moved, err = r.clockMove(ctx, r.Clock.Read()); err != nil {
		return status, err
	}
	line := r.breaker.Line()
	status.Line = LineStatus{URL: r.url, Online: line.Failures == 0 && !line.Contact.IsZero(), LastContact: line.Contact, Trouble: line.Trouble}
	trouble, err := r.trouble(ctx)
	if err != nil {
		return status, err
	}
	if status.Trouble = TroubleOf(trouble, r.folder, identity.Terminal); trouble != nil && status.Line.Trouble == "" {
		status.Line.Trouble = trouble.Cause
	}
	status.Hub = r.HubStatus(ctx)
	if status.Barred, err = r.barred(ctx); err != nil {
		return status, err
	}
	fresh, err := r.Cache.Freshness(ctx)
	if err != nil {
		return status, err
	}
	status.Cache = CacheStatus{Cursor: fresh.Cursor, ReachedEnd: fresh.ReachedEnd, AgeSeconds: -1, Vouchers: fresh.Vouchers, Campaigns: fresh.Campaigns, cause: r.amiss}
	if r.amiss != nil {
		status.Cache.Trouble = r.amiss.Error()
	}
	status.Cache.Filling = r.filling(fresh.Cursor)
	if !fresh.ReachedEnd.IsZero() {
		status.Cache.AgeSeconds = max(0, int64(status.Clock.Lower.Sub(fresh.ReachedEnd).Seconds()))
	}
	status.Printer, err = r.printerQueue(ctx)
	return status, err
}

// Status gathers it. What is in the data folder is all it looks at: it asks nobody.
func (r *Reader) Status(ctx context.Context) (Status, error) {
	status, err := r.standing(ctx)
	if err != nil {
		return status, err
	}
	counts, err := r.Journal.Counts(ctx)
	if err != nil {
		return status, err
	}
	status.Pending = PendingStatus{Count: counts.Pending, Oldest: counts.Oldest, Head: counts.Head, Acked: counts.Acked}
	if status.Leases, err = r.leaseStatus(ctx); err != nil {
		return status, err
	}
	exceptions, err := r.Exceptions(ctx, true, "")
	if err != nil {
		return status, err
	}
	status.Exceptions = len(exceptions)
	if free, err := freeSpace(r.folder); err == nil {
		status.Free, status.Tight = free, free < leastFree
	}
	if holder, held := FindHolder(r.folder); held {
		status.Holder = &holder
	}
	return status, nil
}

func (r *Reader) printerQueue(ctx context.Context) (PrinterQueue, error) {
	queue := PrinterQueue{Target: r.Settings.Printer, Profile: r.Settings.Profile}
	if queue.Target == "" { // nobody is asked for paper where there is no printer, and every slip that was ever made waits: they are counted alone
		var err, more error
		queue.Queued, err = r.Journal.CountJobs(ctx, terminal.JobQueued, terminal.JobSending)
		queue.Doubtful, more = r.Journal.CountJobs(ctx, terminal.JobUnconfirmed, terminal.JobFailed)
		return queue, errors.Join(err, more)
	}
	jobs, err := r.Journal.Jobs(ctx, terminal.JobQueued, terminal.JobSending, terminal.JobUnconfirmed, terminal.JobFailed)
	for _, job := range jobs {
		if job.State == terminal.JobQueued || job.State == terminal.JobSending {
			queue.Queued++
			if NeedsYes(job, time.Now()) {
				queue.Asking++
			}
		} else {
			queue.Doubtful++
		}
	}
	return queue, err
}

func (r *Reader) clockStatus() ClockStatus {
	reading := r.Clock.Read()
	status := ClockStatus{Wall: reading.Wall, Lower: reading.Lower, Upper: reading.Upper, Certain: reading.Lower.Equal(reading.Upper)}
	off := time.Duration(0)
	switch {
	case reading.Wall.Before(reading.Lower):
		off = reading.Wall.Sub(reading.Lower)
	case reading.Wall.After(reading.Upper):
		off = reading.Wall.Sub(reading.Upper)
	}
	status.Off = int64(off.Seconds())
	switch {
	case off.Abs() > clockTolerance:
		way := "ahead"
		if off < 0 {
			way = "behind"
		}
		status.Sentence = fmt.Sprintf("wrong by %s, %s: set this computer's date and time; what is honoured is booked by the time that the cloud says", span(off), way)
	case status.Certain:
		status.Sentence = "right, as the cloud says"
	default:
		status.Sentence = "not checked by the cloud since this computer started"
	}
	return status
}

// PublicKeyFor is the public key that the key store holds for the journal at path, or nil where the journal is not the data folder's
// own or the keys cannot be read: the journal is then held against the key that it names itself.
func PublicKeyFor(config Config, path string) ed25519.PublicKey {
	own, err := filepath.Abs(filepath.Join(FolderOf(config), JournalName))
	if err != nil {
		return nil
	}
	if asked, err := filepath.Abs(path); err != nil || asked != own {
		return nil
	}
	keys, err := keystore.Load(filepath.Join(FolderOf(config), KeysName))
	if err != nil {
		return nil
	}
	return keys.Public()
}

// verifyOwn checks the data folder's journal.
func verifyOwn(ctx context.Context, config Config) (journal.Verified, error) {
	path := filepath.Join(FolderOf(config), JournalName)
	return journal.Verify(ctx, path, PublicKeyFor(config, path))
}

// Counted writes how many there are of something.
func Counted[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}
