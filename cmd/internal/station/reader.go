package station

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"countersign/assets/fonts"
	"countersign/assets/printers"
	"countersign/assets/translations"
	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/cache"
	"countersign/terminal/clock"
	"countersign/terminal/escpos"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
	"countersign/terminal/pin"
	"countersign/terminal/receipt"
	"countersign/terminal/scanner"
	"countersign/terminal/token"
)

// Reader is a data folder opened for reading, beside whoever has the lock or inside a Station.
type Reader struct {
	Terminal *terminal.Terminal // of a Reader alone: it checks, and cannot redeem
	Journal  *journal.Reader
	Cache    *cache.Cache
	Clock    terminal.Clock
	Settings Settings

	folder    string
	version   string
	computer  string
	url       string
	amiss     error // why the cache is an empty one that stands in; nil where it is the file
	trust     *cloudsync.Trust
	patterns  *patterns
	profile   escpos.Profile
	breaker   *cloudsync.Breaker
	authority terminal.Authority
	parts     terminal.Parts
	logo      *ownLogo

	scanning sync.Mutex
	scanners ScannersThere

	appointments *cloudsync.Appointments
	hub          *cloudsync.HubLine
	serving      serving
	finder       *finder                                                              // nil where the network is not the real one
	dial         func(ctx context.Context, network, address string) (net.Conn, error) // nil for the real network
}

// serving is where this terminal listens as the store's hub, "" while it does not, and why not.
type serving struct {
	sync.Mutex
	address string
	trouble error
}

// OpenReader opens a data folder for reading. It takes no lock and changes nothing, but for the first one after an upgrade.
func OpenReader(ctx context.Context, config Config) (r *Reader, err error) {
	folder := FolderOf(config)
	var opened closers
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	if gone(filepath.Join(folder, JournalName)) {
		return nil, missingJournal(ctx, folder)
	}
	settings, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	keys, err := loadKeys(ctx, folder)
	if err != nil {
		return nil, err
	}
	if err := bringUpToDate(ctx, config, keys); err != nil {
		return nil, err
	}
	record, err := journal.OpenReader(ctx, filepath.Join(folder, JournalName))
	if err != nil {
		return nil, err
	}
	opened.add(record)
	vouchers, amiss, err := openCacheToRead(ctx, folder, keys.Cache)
	if err != nil {
		return nil, err
	}
	opened.add(vouchers)
	mark, err := record.Mark(ctx)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return nil, err
	}
	r = &Reader{
		Journal: record, Cache: vouchers, Clock: clock.New(mark, nil), Settings: settings,
		folder: folder, version: config.Version, amiss: amiss, patterns: &patterns{cache: vouchers},
	}
	client, err := r.client(config, keys, nil)
	if err != nil {
		return nil, err
	}
	r.breaker = cloudsync.NewBreaker(readOnlyLine{lineOfFolder(folder)}, nil)
	// What is only asked about is never claimed.
	claims := cloudsync.NewClaims("", record.Unacked)
	if err := r.hubs(keys, claims, readOnlyLine{&lineFile{path: filepath.Join(folder, hubLineName)}}, slog.New(slog.DiscardHandler), nil); err != nil {
		return nil, err
	}
	r.authority = cloudsync.NewStoreAuthority(r.hub, cloudsync.NewAuthority(client, r.breaker, claims))
	if err := r.equip(config, keys); err != nil {
		return nil, err
	}
	r.Terminal = terminal.New(r.parts)
	return r, nil
}

// client makes the client from what enrolment left behind. keep stores a newer trust list.
func (r *Reader) client(config Config, keys keystore.Keys, keep func(signed string) error) (*cloudsync.Client, error) {
	file, err := readCloudFile(r.folder)
	if err != nil {
		return nil, lostCloud(r.folder, err)
	}
	r.url = file.URL
	if r.trust, err = cloudsync.NewTrust(r.Journal.Identity().RootKey, file.Trust, keep); err != nil {
		return nil, lostCloud(r.folder, err)
	}
	line, err := lineOfFolder(r.folder).LoadLine()
	if err != nil {
		line = cloudsync.Line{} // of the first start, or lost: it costs one try more
	}
	return cloudsync.NewClient(cloudsync.Config{
		URL: file.URL, Key: keys.Sign, Trust: r.trust, CAFile: r.Settings.CAFile, Proxy: r.Settings.Proxy, Transport: config.Transport, Nonce: line.Nonce,
	})
}

// equip makes the parts that read codes and compose slips.
func (r *Reader) equip(config Config, keys keystore.Keys) error {
	profiles, err := Profiles()
	if err != nil {
		return err
	}
	if r.profile, err = escpos.Find(profiles, r.Settings.Profile); err != nil {
		return fmt.Errorf("%w; change profile in the configuration", err)
	}
	r.logo = &ownLogo{folder: r.folder}
	r.parts = terminal.Parts{
		Codes: &token.Reader{
			LookupKey: keys.Lookup, Merchant: r.Journal.Identity().Merchant, Issuers: r.issuers, Patterns: r.patterns.all, Mend: scanner.Mend,
		},
		Cache: placedCache{r.Cache, r.folder, r.logo}, Journal: unwritten{r.Journal}, Authority: r.authority, Slips: slips{r.profile, r.Settings.Drawer, r.Settings.Printer == "", config.Composed},
		PINs: pin.Checker{}, Clock: r.Clock, Random: newUIDs(r.profile),
	}
	return nil
}

// issuers are the keys that sign the merchant's tokens.
func (r *Reader) issuers() []token.Issuer {
	var issuers []token.Issuer
	for _, key := range r.trust.IssuerKeys() {
		issuer := token.Issuer{ID: key.Kid, Key: key.Key, From: key.From, Revoked: key.State == api.KeyRevoked}
		if key.Until != nil {
			issuer.Until = *key.Until
		}
		issuers = append(issuers, issuer)
	}
	return issuers
}

// Close closes the files of a Reader that OpenReader opened.
func (r *Reader) Close() error { return errors.Join(r.Cache.Close(), r.Journal.Close()) }

// Profile is what is known of the printer that slips are made for.
func (r *Reader) Profile() escpos.Profile { return r.profile }

// Folder is the data folder.
func (r *Reader) Folder() string { return r.folder }

// zone is the store's, or the computer's where the store's is not known.
func (r *Reader) zone(ctx context.Context) *time.Location {
	settings, err := r.parts.Cache.Settings(ctx)
	if err == nil {
		if known, err := settings.Store.Location(); err == nil {
			return known
		}
	}
	return time.Local
}

// Words speaks language, or, where that is "", the configuration's, or the store's. Times are in the store's zone.
func (r *Reader) Words(ctx context.Context, language string) *translations.Words {
	zone := r.zone(ctx)
	settings, _ := r.parts.Cache.Settings(ctx)
	for _, wanted := range []string{language, r.Settings.Language, settings.Store.Language} {
		if wanted != "" {
			return translations.For(wanted, zone)
		}
	}
	return translations.For("en", zone)
}

// Preview draws a slip's bytes as they come out of the printer they were made for. One that was changed since is not shown for one: the
// error is a *journal.ChangedSlip.
func (r *Reader) Preview(job terminal.SpoolJob) (image.Image, error) {
	if job.Altered {
		return nil, &journal.ChangedSlip{Job: job.ID, Receipt: job.Receipt}
	}
	typesetter, err := typesetter()
	if err != nil {
		return nil, err
	}
	profile := r.profile
	if job.Profile != profile.ID {
		profiles, err := Profiles()
		if err != nil {
			return nil, err
		}
		if profile, err = escpos.Find(profiles, job.Profile); err != nil {
			return nil, err
		}
	}
	return typesetter.Preview(job.Bytes, profile)
}

// slips composes slips for one kind of printer. It implements terminal.Slips.
type slips struct {
	profile  escpos.Profile
	drawer   bool                // to be opened with each redemption
	hold     bool                // no printer is set up: once there is one, it must not print the shop's past unasked
	composed func(terminal.Slip) // nil for nobody
}

// Compose implements terminal.Slips.
func (s slips) Compose(facts terminal.SlipFacts) (terminal.PrintJob, error) {
	typesetter, err := typesetter()
	if err != nil {
		return terminal.PrintJob{}, err
	}
	zone, err := facts.Settings.Store.Location()
	if err != nil {
		return terminal.PrintJob{}, err
	}
	words := translations.For(facts.Settings.Store.Language, zone)
	slip := receipt.Layout(facts, words, s.profile.Columns)
	if s.drawer && facts.Kind == terminal.SlipRedemption && facts.Duplicate == 0 && !facts.Training {
		slip.Rows = append([]terminal.SlipRow{{Drawer: true}}, slip.Rows...)
	}
	bytes, err := typesetter.Encode(slip, s.profile)
	if err != nil {
		return terminal.PrintJob{}, fmt.Errorf("the slip cannot be composed: %w", err)
	}
	if s.composed != nil {
		s.composed(slip)
	}
	return terminal.PrintJob{Kind: facts.Kind, Bytes: bytes, Profile: s.profile.ID, Copies: 1, Hold: s.hold}, nil
}

// typesetter and Profiles are made once, and only by who needs them: fonts take a moment to read.
var (
	typesetter = sync.OnceValues(func() (*escpos.Typesetter, error) { return escpos.NewTypesetter(fonts.Regular(), fonts.Bold()) })
	profiles   = sync.OnceValues(func() ([]escpos.Profile, error) { return escpos.ParseProfiles(printers.Profiles) })
)

// Profiles lists the printers that are known.
func Profiles() ([]escpos.Profile, error) { return profiles() }
