// Package station puts one counter PC together: its data folder, opened and locked, with key store, journal, cache, clock, printer and
// the line to the cloud, as one ready terminal.Terminal. The desktop, the text commands and the demo all run on it.
package station

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"countersign/cmd/internal/control"
	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/cache"
	"countersign/terminal/clock"
	"countersign/terminal/entry"
	"countersign/terminal/escpos"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
	"countersign/terminal/pin"
	"countersign/terminal/printer"
)

// The files of a data folder.
const (
	JournalName = "journal.db"
	CacheName   = "cache.db"
	KeysName    = "keys"
)

// ErrJoined says that the data folder is a terminal's already.
var ErrJoined = errors.New("this computer has joined a store already")

// Config says which data folder to open, and as what.
type Config struct {
	Folder     string    // the data folder; "" for DefaultFolder
	ConfigFile string    // "" for the data folder's or the system's, if there is one
	Settings   *Settings // instead of reading a file; nil reads it
	Program    string    // whose name stands in the lock and the log
	Language   string    // of sentences; "" for the configuration's or the store's
	Version    string
	Computer   string // the computer's own name; "" for what the system says
	// Transport replaces the connection to the network, in tests.
	Transport http.RoundTripper
	// Progress is told how it goes while the cache is filled for the first time; nil for nobody.
	Progress func(cloudsync.Progress)
	// PrinterChanged is told of each change of the printer's status, on a goroutine of the printer's; it must not block.
	PrinterChanged func(printer.Status)
	// Composed sees each slip as it is laid out, before it becomes bytes; nil for nobody.
	Composed func(terminal.Slip)
	// Print takes a printer's target apart and opens it; nil opens the system's ports.
	Print func(target string) (printer.Port, error)
	// What a simulation replaces by its own: the computer's clocks, the log in the data folder, and the randomness of the backoff (see
	// cloudsync.Pump.Jitter). nil is the real thing.
	Machine clock.Machine
	Log     *slog.Logger
	Jitter  func(most int64) int64
	// Dial and Listen replace the shop's network, on which the store's hub serves the other terminals.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Listen func(network, address string) (net.Listener, error)
	// NoSocket keeps other programs of the computer from asking: where time is simulated, whoever waits at a socket would hold it up.
	NoSocket bool
}

// FolderOf is the data folder that a configuration means.
func FolderOf(config Config) string {
	if config.Folder != "" {
		return config.Folder
	}
	return DefaultFolder()
}

// Station is a data folder opened for work. Its methods are safe for concurrent use.
type Station struct {
	*Reader                     // everything that only reads
	Terminal *terminal.Terminal // redeems
	Journal  *journal.Journal   // also Reader.Journal, which reads
	Pump     *cloudsync.Pump    // brings the journal to the cloud and its news here
	Log      *slog.Logger
	Printer  *printer.Worker

	lock     *lock
	logFile  io.Closer
	clock    *clock.Clock
	keys     keystore.Keys
	leases   *cloudsync.Leases
	upstream *cloudsync.Client // what the hub asks the cloud with, where this terminal is the hub

	looking sync.Mutex    // at the wall clock; guards the next two
	moved   time.Duration // that is not journalled yet
	wall    clock.Wall    // as it was kept last

	mu       sync.Mutex
	changed  []func()
	running  context.CancelFunc
	done     sync.WaitGroup
	noSocket bool // see Config
	listen   func(network, address string) (net.Listener, error)
	control  *control.Server // while it runs; nil where other programs cannot ask
}

// Open opens a data folder for work: it takes the lock, or returns an *InUse that names who has it. Nothing runs in the background
// before Start.
func Open(ctx context.Context, config Config) (*Station, error) {
	folder := FolderOf(config)
	if gone(filepath.Join(folder, JournalName)) {
		return nil, missingJournal(ctx, folder)
	}
	held, err := takeLock(folder, config.Program)
	if err != nil {
		return nil, Blame(folder, err)
	}
	s, err := openLocked(ctx, config, held)
	if err != nil {
		err = errors.Join(err, held.release())
		if errors.Is(err, journal.ErrDamaged) {
			_ = tellDamaged(ctx, config) // without a line there is nobody to tell; doctor says it here
		}
		return nil, Blame(folder, err)
	}
	if err := s.resumeClock(ctx); err != nil {
		return nil, Blame(folder, errors.Join(err, s.Close()))
	}
	return s, nil
}

// openLocked opens everything in a folder whose lock is held. What was opened before a failure is closed again.
func openLocked(ctx context.Context, config Config, held *lock) (s *Station, err error) {
	folder := FolderOf(config)
	var opened closers
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	settings, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	keys, err := loadKeys(ctx, folder)
	if err != nil {
		return nil, err
	}
	log, logFile, err := logOf(config)
	if err != nil {
		return nil, err
	}
	opened.add(logFile)
	record, err := journal.Open(ctx, filepath.Join(folder, JournalName), keys.Sign)
	if err != nil {
		return nil, err
	}
	opened.add(record)
	vouchers, err := cache.Open(ctx, filepath.Join(folder, CacheName), keys.Cache)
	if err != nil {
		return nil, err
	}
	opened.add(vouchers)
	mark, err := record.Mark(ctx)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return nil, err
	}
	s = &Station{Journal: record, Log: log, lock: held, logFile: logFile, noSocket: config.NoSocket, listen: config.Listen, clock: clockOf(config, mark, record.SetMark)}
	if s.listen == nil {
		s.listen = net.Listen
	}
	s.Reader = &Reader{
		dial:    config.Dial,
		Journal: record.Reader, Cache: vouchers, Clock: s.clock, Settings: settings,
		folder: folder, version: config.Version, computer: computerName(config), patterns: &patterns{cache: vouchers},
	}
	if err := s.checkRecent(ctx); err != nil {
		return nil, err
	}
	if err := s.connect(ctx, config, keys); err != nil {
		return nil, err
	}
	return s, s.equip(config, keys)
}

// connect makes the line to the cloud.
func (s *Station) connect(ctx context.Context, config Config, keys keystore.Keys) error {
	client, err := s.Reader.client(config, keys, func(signed string) error {
		return writeCloudFile(s.folder, cloudFile{URL: s.url, Trust: signed})
	})
	if err != nil {
		return err
	}
	client.OnHeard(func(at time.Time) {
		if err := s.clock.Heard(context.WithoutCancel(ctx), at); err != nil {
			s.Log.Error("the time could not be kept", "error", err.Error())
		}
	})
	_, instance, err := s.Journal.StartInstance(ctx)
	if err != nil {
		return err
	}
	claims := cloudsync.NewClaims(instance, s.Journal.Unacked)
	claims.After(s.Journal)
	s.breaker = cloudsync.NewBreaker(lineOfFolder(s.folder), func() { s.Pump.Kick() })
	s.Pump = cloudsync.NewPump(client, s.breaker, claims, journalOfPump{s.Journal}, cacheOfPump{s.Cache, s.patterns, s.folder}, s.Log)
	s.Pump.OnChange(s.notify)
	s.Pump.Of(epochs{s})
	s.Pump.Leasing(s.Journal)
	s.Pump.Readiness(s.notReady)
	if config.Jitter != nil {
		s.Pump.Jitter(config.Jitter)
	}
	s.Pump.FillFrom(s.firstFill(config.Progress))
	if err := s.watchTrouble(ctx); err != nil {
		return err
	}
	authority := cloudsync.NewAuthority(client, s.breaker, claims)
	authority.Of(claimedJournal{epochs{s}})
	s.upstream, s.keys = client, keys
	err = s.Reader.hubs(keys, claims, &lineFile{path: filepath.Join(s.folder, hubLineName)}, s.Log, s.keepAppointment)
	if err != nil {
		return err
	}
	s.hub.OnChange(s.notify)
	s.Pump.Hubs(s.appointments)
	s.authority = cloudsync.NewStoreAuthority(s.hub, authority)
	s.leases = s.makeLeases(client, instance)
	return nil
}

// claimedJournal implements cloudsync.ClaimedJournal.
type claimedJournal struct{ epochs }

func (c claimedJournal) Head(ctx context.Context) (entry.Place, error) { return c.Journal.Head(ctx) }

func (c claimedJournal) Cursor(ctx context.Context) (string, error) {
	fresh, err := c.Cache.Freshness(ctx)
	return fresh.Cursor, err
}

func (c claimedJournal) CatchUp(ctx context.Context) (bool, error) {
	pending, _, err := c.Journal.Backlog(ctx)
	if err != nil || pending == 0 {
		return false, err
	}
	return true, c.Pump.Push(ctx)
}

// equip adds what prints, and puts the terminal together.
func (s *Station) equip(config Config, keys keystore.Keys) error {
	if err := s.Reader.equip(config, keys); err != nil {
		return err
	}
	s.Printer = printer.New(s.Journal, printer.Config{
		Target: s.Settings.Printer, Open: config.Print, Status: s.profile.Status, Word: s.profile.Word, Chunk: s.profile.Chunk, Profile: s.profile.ID,
		Boundaries: escpos.Boundaries, Copy: escpos.Copy, Share: !s.Settings.Hold,
		Changed: func(status printer.Status) {
			if config.PrinterChanged != nil {
				config.PrinterChanged(status)
			}
			s.notify()
		},
		Log: s.Log,
	})
	parts := s.parts
	parts.Journal = nudging{s.Journal, s.nudge}
	parts.Authority = s.authority
	s.Terminal = terminal.New(parts)
	s.Reader.Terminal = s.Terminal
	return nil
}

// nudge tells the pump and the printer that the journal has grown.
func (s *Station) nudge() {
	s.Pump.Nudge()
	s.hub.Nudge()
	s.Printer.Nudge()
	s.notify()
}

// OnChange has changed called, on whichever goroutine, when something that a screen shows may have changed. It must not block.
func (s *Station) OnChange(changed func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = append(s.changed, changed)
}

func (s *Station) notify() {
	s.mu.Lock()
	changed := s.changed
	s.mu.Unlock()
	for _, tell := range changed {
		tell()
	}
}

// keepTimeEvery is how often the time mark is kept while no server is heard.
const keepTimeEvery = 5 * time.Minute

// Start begins to sync and print in the background, until Close.
func (s *Station) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return
	}
	ctx, s.running = context.WithCancel(context.WithoutCancel(ctx))
	// What has passed since the last end is certain now and, after a power cut in the next minutes, would not be any more.
	s.keepTime(ctx)
	if !s.noSocket {
		s.serve()
	}
	s.done.Go(func() { s.Pump.Run(ctx) })
	s.done.Go(func() { s.hub.Run(ctx) })
	s.done.Go(func() { s.hub.TellFormer(ctx) })
	s.done.Go(func() { s.leases.Run(ctx) })
	s.done.Go(func() { s.beHub(ctx) })
	s.done.Go(func() { s.Printer.Run(ctx) })
	s.done.Go(func() { s.watchJournal(ctx) })
	s.done.Go(func() {
		every, look := time.NewTicker(keepTimeEvery), time.NewTicker(lookAtClockEvery)
		defer every.Stop()
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				s.keepTime(ctx)
				s.Pump.Nudge() // the cloud is told where this terminal is no longer ready for offline, or is again
			case <-look.C:
				s.lookAtClock(ctx)
			}
		}
	})
}

// serve lets other programs of this computer ask. Where they cannot, the counter works all the same.
func (s *Station) serve() {
	server, err := control.Serve(s.folder, s.desk(), s.Log)
	if err != nil {
		s.Log.Error("the socket of the data folder is not served", "error", err.Error())
		return
	}
	s.control = server
}

// Retry has the next question try the line, however lately it was tried in vain.
func (s *Station) Retry() { s.breaker.Retry() }

func (s *Station) keepTime(ctx context.Context) {
	if err := s.clock.Keep(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("the time could not be kept", "error", err.Error())
	}
}

// Close stops what runs in the background, after the slip that is on its way, and closes the folder.
func (s *Station) Close() error {
	s.mu.Lock()
	stop, server := s.running, s.control
	s.running, s.control = nil, nil
	s.mu.Unlock()
	var unserved error
	if server != nil { // what others asked for ends first: it needs everything that is closed below
		unserved = server.Close()
	}
	if stop != nil {
		stop()
	}
	s.done.Wait()
	s.breaker.Keep()
	s.hub.Keep()
	return errors.Join(unserved, s.Cache.Close(), s.Journal.Close(), s.lock.release(), s.logFile.Close())
}

// closeFiles closes a station that was never started, but for its lock.
func (s *Station) closeFiles() error {
	return errors.Join(s.Cache.Close(), s.Journal.Close(), s.logFile.Close())
}

// closers are what was opened, to be closed in the opposite order.
type closers []io.Closer

func (c *closers) add(closer io.Closer) { *c = append(*c, closer) }

func (c closers) close() error {
	var all error
	for i := len(c) - 1; i >= 0; i-- {
		all = errors.Join(all, c[i].Close())
	}
	return all
}

// clockOf is the clock of the computer, or of the one that a simulation plays.
func clockOf(config Config, mark terminal.Mark, keep func(context.Context, terminal.Mark) error) *clock.Clock {
	if config.Machine != nil {
		return clock.NewOn(config.Machine, mark, keep)
	}
	return clock.New(mark, keep)
}

func settingsOf(config Config) (Settings, error) {
	layers, err := layersOf(config)
	return layers.Settings, err
}

var (
	_ terminal.Random = uids{}
	_ terminal.PINs   = pin.Checker{}
)

// MakeFolder makes the data folder that a configuration means, where there is none yet.
func MakeFolder(config Config) error { return makeFolder(FolderOf(config)) }

// makeFolder makes the data folder, for its owner and group alone.
func makeFolder(folder string) error {
	err := os.MkdirAll(folder, 0o770)
	if errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, os.ErrPermission) {
		return &Unwritable{folder, err}
	}
	if err != nil {
		return fmt.Errorf("the data folder cannot be made; choose another with --data: %w", err)
	}
	return nil
}
