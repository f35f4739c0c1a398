package station

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"time"

	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/cache"
	"countersign/terminal/journal"
)

// nudging is the journal as the terminal writes it: after each entry the pump and the printer hear that there is work.
type nudging struct {
	*journal.Journal
	nudge func()
}

// Append implements terminal.Journal.
func (n nudging) Append(ctx context.Context, compose func(terminal.Ledger) (terminal.Draft, error)) (terminal.Record, error) {
	record, err := n.Journal.Append(ctx, compose)
	if err == nil {
		n.nudge()
	}
	return record, err
}

// errReadOnly says that a command that only reads tried to write.
var errReadOnly = errors.New("this command only reads the journal")

// unwritten is the journal of commands that take no lock.
type unwritten struct{ *journal.Reader }

// Append implements terminal.Journal.
func (unwritten) Append(context.Context, func(terminal.Ledger) (terminal.Draft, error)) (terminal.Record, error) {
	return terminal.Record{}, errReadOnly
}

// SetPINTries implements terminal.Journal.
func (unwritten) SetPINTries(context.Context, string, int, time.Time) error { return errReadOnly }

// journalOfPump is the journal as the pump knows it.
type journalOfPump struct{ *journal.Journal }

// Pending implements cloudsync.Journal.
func (j journalOfPump) Pending(ctx context.Context, limit, maxBytes int) (cloudsync.Batch, error) {
	batch, err := j.Journal.Pending(ctx, limit, maxBytes)
	return cloudsync.Batch(batch), err
}

// Ack implements cloudsync.Journal.
func (j journalOfPump) Ack(ctx context.Context, through uint64, verdicts []cloudsync.Verdict) error {
	words := make([]journal.Verdict, len(verdicts))
	for i, verdict := range verdicts {
		words[i] = journal.Verdict(verdict)
	}
	return j.Journal.Ack(ctx, through, words)
}

// cacheOfPump is the cache as the pump knows it.
type cacheOfPump struct {
	*cache.Cache
	patterns *patterns
	folder   string
}

// Apply implements cloudsync.Cache.
func (c cacheOfPump) Apply(ctx context.Context, page cloudsync.Page) error {
	if err := c.Cache.Apply(ctx, cache.Page(page)); err != nil {
		return err
	}
	if len(page.Campaigns) > 0 {
		c.patterns.forget()
	}
	if page.Settings != nil {
		return writePlace(c.folder, *page.Settings)
	}
	return nil
}

// Empty implements cloudsync.Cache.
func (c cacheOfPump) Empty(ctx context.Context) error {
	c.patterns.forget()
	return c.Cache.Empty(ctx)
}

// Doubt implements cloudsync.Cache.
func (c cacheOfPump) Doubt(ctx context.Context) error {
	c.patterns.forget()
	return c.Cache.Doubt(ctx)
}

// patterns are the extract patterns of the cached campaigns, compiled once for as long as no campaign changes.
type patterns struct {
	cache *cache.Cache

	mu       sync.Mutex
	known    bool
	compiled []*regexp.Regexp
}

func (p *patterns) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = false
}

// all returns the patterns. One that does not compile, or a cache that cannot be read, extracts nothing: the code is then looked up
// as it stands.
func (p *patterns) all() []*regexp.Regexp {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known {
		return p.compiled
	}
	campaigns, err := p.cache.Campaigns(context.Background())
	if err != nil {
		return nil
	}
	p.compiled, p.known = nil, true
	seen := map[string]bool{}
	for _, campaign := range campaigns {
		if campaign.Extract == "" || seen[campaign.Extract] {
			continue
		}
		seen[campaign.Extract] = true
		if pattern, err := regexp.Compile(campaign.Extract); err == nil {
			p.compiled = append(p.compiled, pattern)
		}
	}
	return p.compiled
}

var (
	_ terminal.Journal  = nudging{}
	_ terminal.Journal  = unwritten{}
	_ cloudsync.Journal = journalOfPump{}
	_ cloudsync.Cache   = cacheOfPump{}
)
