package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/journal"
	"countersign/terminal/journal/powercut"
)

// counter is a counter PC, its cashier, and everything that he was promised.
type counter struct {
	*world
	index   int
	name    string
	store   string
	folder  string
	lives   int
	random  *rand.Rand
	jitter  *rand.Rand
	machine *machine
	line    *line
	paper   *paper
	log     io.Writer

	station *station.Station // nil while it is off
	disk    *powercut.Disk   // nil in a life that ends well
	off     bool             // for the night
	alive   time.Time        // since when this life
	backup  *backup          // nil where none is put back
	doubt   time.Duration    // how far the terminal's certain time may lie behind the true one, until it hears a server

	promised map[terminal.UID]terminal.Record // what was shown as approved
	unknown  map[terminal.UID]asked           // of which it was not certain whether they were written
	declined []terminal.Record                // what was turned away, and why
	last     terminal.Request
	uids     uint64
	seen     int  // codes in this phase
	healAt   int  // the step at which a fault of the line or the disk ends
	calm     bool // nothing goes wrong any more
	reported bool // the cloud says that its journal was copied or put back
	// knew is what its cache had as revoked when the cloud was put back to a backup that knows nothing of that; nothing once the cache was lost.
	knew map[terminal.VoucherID]bool
}

// cashier is who works at every counter.
var cashier = &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier, Active: true}

// join enrols a counter.
func (w *world) join(t *testing.T, index int, store string) *counter {
	t.Helper()
	name := fmt.Sprintf("counter %d", index)
	c := &counter{world: w, index: index, store: store, folder: filepath.Join(w.folder, fmt.Sprintf("till%d-0", index)),
		random: w.rand(name), jitter: w.rand(name + " jitter"), machine: &machine{name: name, on: time.Now()},
		line:  &line{world: w, of: index, calls: map[string]int{}},
		paper: &paper{random: w.rand(name + " paper")}, promised: map[terminal.UID]terminal.Record{}, unknown: map[terminal.UID]asked{}, log: io.Discard}
	if os.Getenv("COUNTERSIGN_LOG") != "" {
		c.log = os.Stderr
	}
	w.must(w.empty.put(station.CacheName, c.folder))
	config := c.config()
	config.Transport = &joining{line: c.line, empty: w.empty, folder: c.folder}
	s, err := station.Join(context.Background(), config, w.invite(store), "")
	w.must(err)
	settings, err := s.Terminal.Settings(context.Background())
	w.must(err)
	c.name = settings.Terminal
	w.must(s.Close())
	return c
}

func (c *counter) config() station.Config {
	return station.Config{Folder: c.folder, Settings: &station.Settings{Profile: "generic-80", Hold: true, Printer: "tcp:192.0.2.9:9100"},
		Program: "countersign", Version: "simulation", Transport: c.line, Print: c.paper.open,
		NoSocket: true, Dial: c.dial, Listen: c.listen, Machine: c.machine, Jitter: c.jitter.Int64N, Log: slog.New(slog.NewTextHandler(c.log, nil)).With("till", c.index)}
}

// uid is the next that the cashier's program asks with.
func (c *counter) uid() terminal.UID {
	c.uids++
	return terminal.UID{1, byte(c.index), byte(c.uids >> 8), byte(c.uids)}
}

// start switches the program on. Where this life is to end in a crash, what it writes is watched.
func (c *counter) start() {
	c.lives++
	if !c.calm && c.random.IntN(5) < 3 {
		disk, err := powercut.Mount(c.folder)
		c.must(err)
		c.disk = disk
	}
	s, err := station.Open(context.Background(), c.config())
	if err != nil {
		c.violate(14, "till %d does not start: %v", c.index, err)
		c.must(err)
	}
	c.station, c.alive = s, time.Now()
	c.note("%d starts", c.index)
	s.Start(context.Background())
	c.remember(false)
}

// remember holds the journal against what was promised; in the end also by the ids of the requests, as the terminal itself looks.
func (c *counter) remember(byUID bool) {
	for uid, promise := range c.promised {
		hash, err := c.station.Journal.HashAt(context.Background(), promise.Entry.Seq)
		if byUID {
			var record terminal.Record
			record, err = c.station.Journal.ByUID(context.Background(), uid)
			hash = record.Hash
		}
		if err != nil || hash != promise.Hash {
			c.violate(1, "till %d showed redemption %s as approved in entry %d, which its journal does not have (%v)", c.index, uid, promise.Entry.Seq, err)
		}
	}
	for _, decline := range c.declined {
		hash, err := c.station.Journal.HashAt(context.Background(), decline.Entry.Seq)
		if err != nil || hash != decline.Hash {
			c.violate(1, "till %d turned somebody away in entry %d, which its journal does not have (%v)", c.index, decline.Entry.Seq, err)
		}
	}
}

// stop ends the program as if its window were closed; on a disk without power nothing of that is written.
func (c *counter) stop() {
	if c.station == nil {
		return
	}
	err := c.station.Close()
	c.station = nil
	if err != nil && c.disk == nil {
		c.violate(1, "till %d does not close: %v", c.index, err)
	}
}

// crash ends the program in the middle. With the power everything goes that was not synced, and without it only the program.
func (c *counter) crash(power bool) {
	if c.disk == nil {
		c.stop()
		return
	}
	c.disk.CutIn(1) // unless that has happened: what is written from now on is not
	c.stop()
	remains := filepath.Join(c.world.folder, fmt.Sprintf("till%d-%d", c.index, c.lives))
	c.must(os.Mkdir(remains, 0o700))
	if power {
		c.must(c.disk.Remains(c.random, remains))
		c.machine.boot()
		c.doubt += 6 * time.Minute
	}
	c.disk.Unmount()
	c.disk = nil
	// The program's other files are synced before they take their place: see station.replaceFile.
	c.must(copyFiles(c.folder, remains, func(name string) bool { return !power || !strings.Contains(name, ".db") }))
	c.must(os.RemoveAll(c.folder))
	c.folder = remains
}

// copyFiles copies the files of a folder that pick names, but for its lock.
func copyFiles(from, into string, pick func(name string) bool) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, file := range files {
		if file.IsDir() || file.Name() == "lock" || !pick(file.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, file.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(into, file.Name()), content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// closeShop ends the day: as a rule properly.
func (c *counter) closeShop() {
	if c.disk != nil && (c.disk.Dark() || c.random.IntN(3) == 0) {
		c.fault("%d loses its power at the end of the day", c.index)
		c.crash(true)
		return
	}
	if c.disk != nil {
		c.disk.Fill(false)
	}
	c.stop()
	if c.disk != nil {
		c.disk.Unmount()
		c.disk = nil
	}
}

// revive starts the program again after a crash.
func (c *counter) revive(power bool) {
	c.crash(power)
	pass(between(c.random, time.Second, 10*time.Second))
	if power {
		c.doubt += 10 * time.Second
	}
	c.start()
}

// work is what a cashier does until he has looked at so many codes.
func (c *counter) work(codes int) {
	trouble := map[int]bool{}
	for range 3 {
		trouble[c.random.IntN(codes)] = true
	}
	c.seen = 0
	for step := 0; c.seen < codes; step++ {
		pass(between(c.random, 20*time.Millisecond, 500*time.Millisecond))
		if c.healAt == step {
			c.heal()
		}
		if c.backup != nil && c.backup.folder == "" && step == c.backup.step {
			c.backUp()
		}
		if trouble[step] {
			c.misfortune(step)
		}
		c.step()
		if c.disk != nil && c.disk.Dark() {
			c.note("%d went dark in %s", c.index, c.disk.Cut())
			c.knew = nil // the cache is synced now and then only
			c.revive(true)
			if c.random.IntN(2) == 0 { // the customer is still standing there, and so is his request
				c.redeem(c.last)
			}
		}
	}
	c.heal()
}

// heal ends the faults that last.
func (c *counter) heal() {
	c.line.set(func() { c.line.weather, c.line.cut, c.line.unwired = fair, false, false })
	c.paper.unplug(false)
	if c.disk != nil {
		c.disk.Fill(false)
	}
}

// misfortune is something that goes wrong at this counter alone.
func (c *counter) misfortune(step int) {
	c.healAt = step + 1 + c.random.IntN(8)
	what := c.random.IntN(16)
	switch {
	case what < 3 && c.disk != nil:
		n := 1 + c.random.IntN(120)
		c.fault("%d will lose its power in change %d", c.index, n)
		if c.random.IntN(2) == 0 {
			c.disk.CutIn(n)
		} else {
			c.disk.CutInSync(n)
		}
	case what < 5 && c.disk != nil:
		c.fault("%d: its program is killed", c.index)
		c.revive(false)
	case what == 5 && c.disk != nil:
		c.fault("%d has a full disk", c.index)
		c.disk.Fill(true)
	case what < 8:
		wrong := between(c.random, -48*time.Hour, 48*time.Hour)
		if c.random.IntN(2) == 0 {
			wrong /= 20
		}
		c.fault("%d: its wall clock is wrong by %v", c.index, wrong)
		c.machine.setWall(wrong)
	case what == 8:
		c.fault("%d starts anew and has lost its cache", c.index)
		c.closeShop()
		c.must(os.RemoveAll(filepath.Join(c.folder, station.CacheName)))
		c.knew = nil
		c.start()
	case what == 9:
		c.fault("%d: its printer is unplugged", c.index)
		c.paper.unplug(true)
	case what == 10 && c.size.hub:
		c.fault("%d: its cable is out", c.index)
		c.line.set(func() { c.line.unwired = true })
	case what == 10:
		c.fault("%d starts anew", c.index)
		c.closeShop()
		c.start()
	case what < 13:
		c.fault("%d has a bad line", c.index)
		c.line.set(func() { c.line.weather = weather(1 + c.random.IntN(2)) })
	default:
		c.fault("%d has no line", c.index)
		c.line.set(func() { c.line.cut = true })
	}
}

// step is one thing that a cashier does.
func (c *counter) step() {
	switch what := c.random.IntN(100); {
	case what < 78:
		c.redeem(c.request(c.show(c.random)))
	case what < 83:
		c.scan(c.request(c.show(c.random)))
	case what < 92:
		c.reverse()
	case what < 95:
		c.redeem(c.last) // the same again: a double click, or a script that is not sure
	case what < 97:
		c.reprint()
	default:
		c.scan(terminal.Request{Scans: []terminal.Scan{{Code: "WIFI:S:LAKESIDE;T:WPA;;", Source: terminal.SourceScanner}}, Operator: cashier})
	}
}

// request is what the cashier asks of a voucher.
func (c *counter) request(v *voucher) terminal.Request {
	request := terminal.Request{Scans: []terminal.Scan{{Code: v.issued.Code, Source: terminal.SourceScanner}}, Operator: cashier, UID: c.uid()}
	switch v.campaign.Kind {
	case terminal.KindPass:
		units := 1 + c.random.Int64N(3)
		request.Units = &units
	case terminal.KindBalance:
		request.Amount = &terminal.Money{Minor: 100 * (1 + c.random.Int64N(25)), Currency: "EUR"}
	case terminal.KindPickup:
		if part := c.random.IntN(5); part < 3 {
			request.Lines = []string{string(rune('a' + part))}
		}
	}
	return request
}

// failed judges an error: a machine that is broken may say so, and one that is well may not.
func (c *counter) failed(doing string, err error) {
	if c.disk != nil && c.disk.Dark() {
		return
	}
	if errors.Is(err, journal.ErrDiskFull) || (c.disk != nil && c.disk.Full()) {
		c.count("full disk")
		return
	}
	c.violate(14, "till %d, %s: %v", c.index, doing, err)
}

func (c *counter) redeem(request terminal.Request) {
	if len(request.Scans) == 0 {
		return
	}
	c.last = request
	c.look()
	ctx := context.Background()
	before := time.Now()
	fresh, err := c.station.Cache.Freshness(ctx)
	if err != nil {
		c.failed("asking how old the cache is", err)
		return
	}
	earlier, written := c.unknown[request.UID]
	if written { // or not: the power was cut meanwhile
		_, missing := c.station.Journal.ByUID(ctx, request.UID)
		written = missing == nil
	}
	outcome, err := c.station.Terminal.Redeem(ctx, request)
	if c.line.lastHeard().After(c.alive) {
		c.doubt = 0
	}
	when := asked{from: before, until: time.Now(), fresh: fresh, doubt: c.doubt}
	if err != nil {
		if errors.Is(err, journal.ErrOutcomeUnknown) {
			c.unknown[request.UID] = when
		}
		c.note("%d redeem %s: %v", c.index, request.UID, brief(err))
		c.failed("redeeming", err)
		c.mustNotBeThere(request.UID, err)
		return
	}
	assurance := terminal.Assurance("")
	if _, known := c.promised[request.UID]; known && !outcome.Redeemed() {
		c.violate(4, "till %d was asked for %s again, which it had redeemed, and says %q", c.index, request.UID, outcome.Choice)
	}
	if outcome.Redeemed() {
		assurance = outcome.Record.Entry.Assurance
		if _, known := c.promised[request.UID]; !known {
			c.promised[request.UID] = *outcome.Record
			c.made(request.UID)
			if written {
				when = earlier
			}
			c.approved(outcome, when)
		} else if c.promised[request.UID].Hash != outcome.Record.Hash {
			c.violate(4, "till %d redeemed %s twice", c.index, request.UID)
		}
	}
	c.turnedAway(outcome)
	c.count(string(outcome.Choice) + " " + string(assurance) + string(outcome.Reason()))
	c.note("%d redeem %s: %s %s%s", c.index, request.UID, outcome.Choice, assurance, outcome.Reason())
}

// turnedAway notes a decline, which a manager is to see.
func (c *counter) turnedAway(outcome terminal.Outcome) {
	switch {
	case outcome.Choice == terminal.Declined && outcome.Record == nil:
		c.violate(1, "till %d turned somebody away (%s), and wrote nothing down", c.index, outcome.Reason())
	case outcome.Choice == terminal.Declined:
		c.declined = append(c.declined, *outcome.Record)
	}
}

// brief is an error without what differs from run to run.
func brief(err error) string {
	text, _, _ := strings.Cut(err.Error(), "/")
	return text
}

// mustNotBeThere holds the journal to its word after it said that nothing was written.
func (c *counter) mustNotBeThere(uid terminal.UID, said error) {
	if errors.Is(said, journal.ErrOutcomeUnknown) || (c.disk != nil && c.disk.Dark()) {
		return
	}
	if _, known := c.promised[uid]; known {
		return
	}
	if record, err := c.station.Journal.ByUID(context.Background(), uid); err == nil {
		c.violate(1, "till %d said that %s was not made (%v), and it is entry %d", c.index, uid, said, record.Entry.Seq)
	}
}

// look counts a code.
func (c *counter) look() {
	c.seen++
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.scans++
}

func (c *counter) scan(request terminal.Request) {
	c.look()
	outcome, err := c.station.Terminal.Scan(context.Background(), request)
	if err != nil {
		c.failed("scanning", err)
		return
	}
	c.turnedAway(outcome)
	c.note("%d scan: %s %s", c.index, outcome.Choice, outcome.Reason())
}

func (c *counter) reverse() {
	recent, err := c.station.Journal.Recent(context.Background(), 5)
	if err != nil {
		c.failed("looking back", err)
		return
	}
	for _, record := range recent {
		if record.Entry.Kind != terminal.EntryRedeem {
			continue
		}
		outcome, err := c.station.Terminal.Reverse(context.Background(), terminal.Reversal{UID: record.Entry.UID, Note: "changed his mind", Operator: cashier})
		if errors.Is(err, terminal.ErrRulesUnknown) { // without a cache and a line
			c.count("reverse without the rules")
			return
		}
		if err != nil {
			c.failed("reversing", err)
			return
		}
		c.count("reverse " + string(outcome.Choice) + " " + string(outcome.Reason()))
		c.note("%d reverse %s: %s %s", c.index, record.Entry.UID, outcome.Choice, outcome.Reason())
		return
	}
}

func (c *counter) reprint() {
	recent, err := c.station.Journal.Recent(context.Background(), 1)
	if err != nil || len(recent) == 0 {
		return
	}
	if _, err := c.station.Terminal.Reprint(context.Background(), recent[0].Entry.UID, cashier); err != nil {
		c.failed("printing again", err)
		return
	}
	c.note("%d prints %s again", c.index, recent[0].Entry.UID)
}
