package station

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/terminal"
	"countersign/terminal/cache"
	"countersign/terminal/journal"
)

// Training is a terminal to practise on. It decides as the real one would, by the same cache, but it only reads that; what it
// redeems and reverses is written into a journal of its own, in a folder that Close removes, signed with a key that nobody knows, and is
// never sent anywhere. All its slips say that they are training. Typed numbers from 1 to 99 are vouchers to practise with, one of each
// campaign in turn; 0 is one that was used before.
type Training struct {
	*terminal.Terminal
	cache   *trainingCache
	journal *journal.Journal
	folder  string
}

// Train makes a terminal to practise on.
func (s *Station) Train(ctx context.Context) (t *Training, err error) {
	folder, err := os.MkdirTemp("", "countersign-training-")
	if err != nil {
		return nil, fmt.Errorf("there is no place for a training: %w", err)
	}
	t = &Training{folder: folder, cache: &trainingCache{placedCache: placedCache{s.Cache, s.folder, s.logo}, all: s.Cache, own: s.Journal, clock: s.Clock}}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	identity := s.Journal.Identity()
	identity.PublicKey = public
	if t.journal, err = journal.Create(ctx, filepath.Join(folder, JournalName), identity, private); err != nil {
		return nil, err
	}
	parts := s.parts
	parts.Codes = trainingCodes{parts.Codes}
	parts.Cache = t.cache
	parts.Authority = trainer{t.cache}
	marked := s.parts.Slips.(slips)
	marked.hold = false // what is to wait for a yes is not printed at all
	parts.Slips = trainingSlips{marked}
	parts.Journal = trainingJournal{t.journal, s.printTraining}
	t.Terminal = terminal.New(parts)
	return t, nil
}

// Find implements counter.Rows.
func (t *Training) Find(ctx context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	return t.cache.Find(ctx, lookups)
}

// Close ends the training and leaves nothing of it.
func (t *Training) Close() error {
	var closed error
	if t.journal != nil {
		closed = t.journal.Close()
	}
	return errors.Join(closed, os.RemoveAll(t.folder))
}

// printTraining has a slip of a training printed. It belongs to no entry of the journal, as a test page: nothing waits for it, and where
// there is no printer, or a person has to be asked, it is left out.
func (s *Station) printTraining(ctx context.Context, job terminal.PrintJob) {
	if s.Settings.Printer == "" || job.Hold {
		return
	}
	job.Kind = terminal.SlipTest
	if _, err := s.Journal.AddJob(ctx, job); err != nil {
		s.Log.Error("a training's slip could not be printed", "error", err.Error())
		return
	}
	s.Printer.Nudge()
}

// trainingSlips composes slips that say that they are training.
type trainingSlips struct{ slips }

// Compose implements terminal.Slips.
func (t trainingSlips) Compose(facts terminal.SlipFacts) (terminal.PrintJob, error) {
	facts.Training = true
	return t.slips.Compose(facts)
}

// trainingJournal is a training's journal, whose slips are handed on.
type trainingJournal struct {
	*journal.Journal
	print func(context.Context, terminal.PrintJob)
}

// Append implements terminal.Journal.
func (t trainingJournal) Append(ctx context.Context, compose func(terminal.Ledger) (terminal.Draft, error)) (terminal.Record, error) {
	var job *terminal.PrintJob
	record, err := t.Journal.Append(ctx, func(ledger terminal.Ledger) (terminal.Draft, error) {
		draft, err := compose(ledger)
		job = draft.Job
		return draft, err
	})
	if err == nil && job != nil {
		t.print(ctx, *job)
	}
	return record, err
}

// practiceMark begins the lookups of vouchers to practise with; their number follows.
const practiceMark = "practicevoucher"

// practiceID is the id of the voucher to practise with whose number is 0. No cloud gives such ids.
const practiceID = terminal.VoucherID(1<<62 + 1<<61)

// trainingCodes reads numbers that are typed as vouchers to practise with, and everything else as it is.
type trainingCodes struct{ terminal.CodeReader }

// Read implements terminal.CodeReader.
func (t trainingCodes) Read(scan terminal.Scan) (terminal.Presented, *terminal.Finding) {
	text := strings.TrimSpace(scan.Code)
	number, err := strconv.ParseUint(text, 10, 8)
	if err != nil || number > 99 || len(text) > 2 {
		return t.CodeReader.Read(scan)
	}
	var lookup terminal.Lookup
	copy(lookup[:], practiceMark)
	lookup[len(practiceMark)] = byte(number)
	return terminal.Presented{Candidates: []terminal.Candidate{{Lookup: lookup}}, Masked: text}, nil
}

// trainingCache is the cache as a training sees it.
type trainingCache struct {
	placedCache
	all   *cache.Cache
	own   *journal.Journal // the real one, of which only the uses are read
	clock terminal.Clock
}

// Find implements terminal.Cache. What this terminal really used of a voucher counts as used; a training's own journal has a count of its
// own.
func (c *trainingCache) Find(ctx context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	for _, lookup := range lookups {
		if string(lookup[:len(practiceMark)]) == practiceMark {
			return c.practice(ctx, lookup)
		}
	}
	row, err := c.placedCache.Find(ctx, lookups)
	if err != nil {
		return row, err
	}
	use, err := c.own.Use(ctx, row.Voucher.ID, "", row.Included)
	if err != nil {
		return row, err
	}
	row.Voucher.Used += use.After
	row.Included = 0
	return row, nil
}

// practice makes the voucher to practise with of a number.
func (c *trainingCache) practice(ctx context.Context, lookup terminal.Lookup) (terminal.Row, error) {
	campaigns, err := c.all.Campaigns(ctx)
	if err != nil {
		return terminal.Row{}, err
	}
	settings, err := c.Settings(ctx)
	if err != nil {
		return terminal.Row{}, err
	}
	campaigns = slices.DeleteFunc(slices.Clone(campaigns), func(each terminal.Campaign) bool {
		stores := each.Rules.Stores
		return each.State != terminal.CampaignLive || (len(stores) > 0 && !slices.Contains(stores, settings.Store.ID))
	})
	if len(campaigns) == 0 {
		return terminal.Row{}, terminal.ErrUnknown
	}
	number := int(lookup[len(practiceMark)])
	campaign := campaigns[(number+len(campaigns)-1)%len(campaigns)]
	now := c.clock.Read().Wall
	voucher := terminal.Voucher{ID: practiceID + terminal.VoucherID(number), Lookup: lookup, Campaign: campaign.ID, State: terminal.VoucherActive,
		Units: max(1, campaign.Units), Version: 1}
	switch campaign.Kind {
	case terminal.KindBalance:
		voucher.Units = max(voucher.Units, 5000)
	case terminal.KindBooking:
		voucher.Slot = &terminal.Slot{From: now.Truncate(time.Minute), Until: now.Truncate(time.Minute).Add(2 * time.Hour), Party: 2}
	case terminal.KindPickup:
		voucher.Lines = []terminal.OrderLine{{ID: "a", Name: "A", Quantity: 1}, {ID: "b", Name: "B", Quantity: 2}, {ID: "c", Name: "C", Quantity: 1}}
		voucher.Units = int64(len(voucher.Lines))
	}
	if number == 0 {
		voucher.Used = voucher.Units
		voucher.LastUse = &terminal.LastUse{At: now.Add(-26 * time.Hour), Store: settings.Store.ID, Terminal: settings.Terminal}
	}
	return terminal.Row{Voucher: voucher, Campaign: campaign}, nil
}

// trainer answers in the cloud's place: it knows what the cache knows, and says yes.
type trainer struct{ cache *trainingCache }

// Ask implements terminal.Authority.
func (t trainer) Ask(ctx context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	return t.cache.Find(ctx, lookups)
}

// Redemption implements terminal.Authority.
func (trainer) Redemption(context.Context, terminal.UID) (terminal.Record, error) {
	return terminal.Record{}, terminal.ErrUnknown
}

// Claim implements terminal.Authority.
func (trainer) Claim(context.Context, terminal.Claim) (terminal.ClaimAnswer, error) {
	return terminal.ClaimAnswer{Granted: true, ID: "training", Assurance: terminal.Confirmed}, nil
}

// Release implements terminal.Authority.
func (trainer) Release(terminal.UID) {}

var (
	_ terminal.Authority  = trainer{}
	_ terminal.Cache      = (*trainingCache)(nil)
	_ terminal.Journal    = trainingJournal{}
	_ terminal.CodeReader = trainingCodes{}
)
