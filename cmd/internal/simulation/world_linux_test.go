package simulation

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	_ "time/tzdata"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/token"
)

const (
	merchantID = "lakeside"
	quay       = "quay"
	harbour    = "harbour"
)

// size is how much happens in a world.
type size struct {
	counters int
	phases   int  // stretches of selling, with a night of some length between two
	codes    int  // that each cashier looks at in each phase
	hub      bool // one of the stores has a hub
	early    bool // the counters are on for a while before the first customer, and have leases
	refill   bool // the cloud is put back to a backup one night
	backup   bool // the journal of one, which is no hub, is put back to a backup one morning
}

var usual = size{counters: 4, phases: 2, codes: 19}

// world is a merchant with everything that happens to him. Its methods are called within one synctest bubble.
type world struct {
	seed   uint64
	size   size
	folder string
	began  time.Time
	random *rand.Rand // of what happens to the whole world

	empty    empties // which files the programs find in the beginning
	cloud    *server
	lan      *lan
	counters []*counter
	carried  sync.WaitGroup // messages on their way
	broken   atomic.Bool    // no line works
	key      []byte         // the merchant's lookup key

	mu       sync.Mutex
	vouchers []*voucher
	approved map[terminal.UID]time.Time // when what was approved was
	trace    []string
	bad      []string
	scans    int
	faults   int
	counted  map[string]int
}

// voucher is one that was issued, with what its customer shows.
type voucher struct {
	issued   cloud.Issued
	campaign terminal.Campaign
	lookup   terminal.Lookup
	until    time.Time // zero for ever
	revoked  time.Time // guarded by world.mu; zero for not
}

// rand makes a generator for one purpose of this seed.
func (w *world) rand(purpose string) *rand.Rand {
	mix := fnv.New64a()
	fmt.Fprint(mix, purpose)
	return rand.New(rand.NewPCG(w.seed, mix.Sum64()))
}

// note adds an event to the trace.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := fmt.Sprintf("%12.6f  ", time.Since(w.began).Seconds()) + fmt.Sprintf(format, args...)
	w.trace = append(w.trace, text)
}

func (w *world) fault(format string, args ...any) {
	w.mu.Lock()
	w.faults++
	w.mu.Unlock()
	w.note("FAULT "+format, args...)
}

// count counts what a world came to see, so that a test can tell a busy world from one in which nothing happens.
func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counted[what]++
}

// violate reports that something that must always hold did not; the number is that of the list in the package's comment.
func (w *world) violate(number int, format string, args ...any) {
	text := fmt.Sprintf("invariant %d: ", number) + fmt.Sprintf(format, args...)
	w.note("VIOLATION %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = append(w.bad, text)
}

// stopped is what a world says that could not go on.
const stopped = "invariant 0"

// must ends a world that cannot go on, and its process with it.
func (w *world) must(err error) {
	if err == nil {
		return
	}
	w.violate(0, "the world cannot go on: %v", err)
	w.mu.Lock()
	defer w.mu.Unlock()
	text, _ := json.Marshal(result{Seed: w.seed, Scans: w.scans, Faults: w.faults, Bad: w.bad, Tail: w.trace[max(0, len(w.trace)-200):]})
	fmt.Println(marked + string(text))
	debug.PrintStack()
	os.Exit(1)
}

func offers() cloud.Catalogue {
	store := func(id string) terminal.Store {
		return terminal.Store{ID: id, Name: "Lakeside " + id, Zone: "Europe/Berlin", Language: "en", SignIn: terminal.SignInNone, Print: "always", Copies: 1}
	}
	campaign := func(id string, kind terminal.Kind, mode terminal.OfflineMode) terminal.Campaign {
		c := terminal.Campaign{ID: id, Name: terminal.Text{"en": id}, Kind: kind, Currency: "EUR", State: terminal.CampaignLive,
			Price: &terminal.Money{Minor: 1990, Currency: "EUR"}}
		if mode != "" {
			c.Offline = &terminal.OfflinePolicy{Mode: mode}
		}
		return c
	}
	pass := campaign("swim", terminal.KindPass, "")
	pass.Units, pass.Rules.UnitsAtOnce = 10, 3
	card := campaign("card", terminal.KindBalance, terminal.ModeLimit)
	card.Price = nil
	card.Offline.PerRedemption, card.Offline.PerTerminal, card.Offline.Count = &terminal.Money{Minor: 2000, Currency: "EUR"}, &terminal.Money{Minor: 5000, Currency: "EUR"}, 4
	massage := campaign("massage", terminal.KindProduct, terminal.ModeNever)
	massage.Offline.Lease = 4
	sauna := campaign("sauna", terminal.KindPass, terminal.ModeNever)
	sauna.Units, sauna.Rules.UnitsAtOnce, sauna.Offline.Lease = 6, 2, 2
	buffet := campaign("buffet", terminal.KindProduct, terminal.ModeAllow)
	buffet.Rules.PerDay, buffet.Offline.Lease = &terminal.DayLimit{Count: 8}, 3
	return cloud.Catalogue{
		Merchant: terminal.Merchant{ID: merchantID, Name: "Lakeside Group", Currency: "EUR", Languages: []string{"en"}},
		Stores:   []terminal.Store{store(quay), store(harbour)},
		Operators: []cloud.CatalogueOperator{
			{Operator: terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier, Active: true}},
		},
		Campaigns: []terminal.Campaign{campaign("dinner", terminal.KindProduct, terminal.ModeAllow), pass, card,
			campaign("parcel", terminal.KindPickup, terminal.ModeAllow), campaign("tasting", terminal.KindProduct, terminal.ModeNever),
			campaign("lunch", terminal.KindProduct, terminal.ModeAllow), massage, sauna, buffet},
	}
}

// newWorld makes the merchant, his cloud and his counters, all of them well.
func newWorld(t *testing.T, seed uint64, size size, folder string, empty empties) *world {
	t.Helper()
	w := &world{seed: seed, size: size, folder: folder, began: time.Now(), counted: map[string]int{}, approved: map[terminal.UID]time.Time{}, empty: empty, lan: &lan{listeners: map[string]*socket{}}}
	w.random = w.rand("world")
	w.cloud = &server{world: w, folder: filepath.Join(folder, "cloud"), random: w.rand("cloud")}
	w.must(empty.put(sqlite.FileName, w.cloud.folder))
	w.cloud.open(false)
	ctx := context.Background()
	storage := w.cloud.storage
	_, err := storage.Apply(ctx, offers())
	w.must(err)
	w.must(storage.RecordPublicURL(ctx, publicURL))
	w.key, err = storage.LookupKey(ctx, merchantID)
	w.must(err)
	for _, lot := range []struct {
		campaign string
		count    int
	}{{"dinner", 14}, {"swim", 6}, {"card", 6}, {"parcel", 6}, {"tasting", 6}, {"lunch", 6}, {"massage", 8}, {"sauna", 4}, {"buffet", 6}} {
		for range lot.count {
			w.vouchers = append(w.vouchers, w.draw(lot.campaign))
		}
	}
	all := make([]cloud.Issued, len(w.vouchers))
	for i, v := range w.vouchers {
		all[i] = v.issued
	}
	w.must(cloud.Store(ctx, storage, merchantID, all))
	for i := range size.counters {
		store := quay
		if i%2 == 1 {
			store = harbour
		}
		w.counters = append(w.counters, w.join(t, i, store))
	}
	if size.backup {
		w.counters[1+w.random.IntN(size.counters-1)].backup = &backup{step: w.random.IntN(size.codes)}
	}
	if size.hub {
		_, _, err := storage.AppointHub(ctx, cloud.Hub{Merchant: merchantID, Store: quay, Terminal: w.counters[0].name, Address: hubAddress, At: time.Now()})
		w.must(err)
	}
	return w
}

// issue makes a voucher that customers show from now on.
func (w *world) issue(campaign string) {
	v := w.draw(campaign)
	if err := cloud.Store(context.Background(), w.cloud.storage, merchantID, []cloud.Issued{v.issued}); err != nil {
		return // a cloud that is losing its power; nobody has the code
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vouchers = append(w.vouchers, v)
}

// draw makes a voucher that the cloud is to store.
func (w *world) draw(campaign string) *voucher {
	v := &voucher{}
	for _, c := range offers().Campaigns {
		if c.ID == campaign {
			v.campaign = c
		}
	}
	facts := cloud.Facts{}
	switch v.campaign.ID {
	case "card":
		facts.Amount = &terminal.Money{Minor: 6000, Currency: "EUR"}
	case "parcel":
		facts.Lines = []terminal.OrderLine{{ID: "a", Name: "tea", Quantity: 1}, {ID: "b", Name: "pot", Quantity: 1}, {ID: "c", Name: "cup", Quantity: 2}}
	case "massage", "sauna": // of one store alone: such are leased
		facts.Store = []string{quay, harbour}[len(w.vouchers)%2]
	case "lunch": // some end while people sell, some at night
		v.until = time.Now().Add(between(w.random, 10*time.Second, 3*time.Hour))
		facts.ValidUntil = &terminal.Moment{Instant: v.until}
	}
	issued, err := w.prepare(v.campaign, facts)
	w.must(err)
	v.issued = issued[0]
	v.lookup = token.LookupOf(w.key, issued[0].Code)
	if issued[0].Token {
		v.lookup = token.LookupOfVoucher(w.key, issued[0].Voucher.ID)
	}
	return v
}

// prepare makes a voucher with its code; that of the buffet is a signed token, which counters honour that have never heard of it.
func (w *world) prepare(campaign terminal.Campaign, facts cloud.Facts) ([]cloud.Issued, error) {
	if campaign.ID != "buffet" {
		return cloud.Prepare(context.Background(), w.cloud.storage, merchantID, campaign, facts, 1, source{w.random}, time.Now())
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	return cloud.PrepareTokens(context.Background(), w.cloud.storage, merchantID, campaign, facts, 1, zone, time.Now())
}

// source is a generator as codes are made from.
type source struct{ *rand.Rand }

func (s source) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s.Uint32())
	}
	return len(p), nil
}

// invite makes a join code.
func (w *world) invite(store string) string {
	ctx := context.Background()
	secret, err := token.NewCode(source{w.random})
	w.must(err)
	w.must(w.cloud.storage.Invite(ctx, []cloud.Invitation{{Merchant: merchantID, Store: store, SecretHash: cloud.SecretHash(secret),
		CreatedAt: time.Now(), ExpiresAt: time.Now().Add(24 * time.Hour)}}))
	keys, err := w.cloud.storage.Keys(ctx)
	w.must(err)
	return api.JoinCode{Base: publicURL + "/", Secret: secret, RootHash: api.RootHash(keys.Root.Public().(ed25519.PublicKey))}.String()
}

// show is what a customer comes with: often one of a few that several customers have copies of.
func (w *world) show(r *rand.Rand) *voucher {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.IntN(3) == 0 {
		return w.vouchers[r.IntN(len(w.vouchers))*7%len(w.vouchers)/3]
	}
	return w.vouchers[r.IntN(len(w.vouchers))]
}

// play lets everything happen, and then calms down.
func (w *world) play() {
	for phase := range w.size.phases {
		w.note("PHASE %d", phase)
		w.startRestored()
		for _, c := range w.counters {
			if c.station == nil {
				c.start()
			}
		}
		if w.size.early && phase == 0 {
			pass(75 * time.Second)
		}
		var working sync.WaitGroup
		for _, c := range w.counters {
			working.Go(func() { c.work(w.size.codes) })
		}
		if w.size.refill && phase == 0 {
			pass(between(w.random, time.Second, 6*time.Second))
			w.cloud.backUp()
		}
		w.happen()
		working.Wait()
		for _, c := range w.counters {
			c.closeShop()
		}
		w.night(phase)
	}
	w.calm()
}

// night is the time until people sell again, from a break to more than a week.
func (w *world) night(phase int) {
	if phase == w.size.phases-1 {
		return
	}
	length := between(w.random, time.Minute, 30*time.Minute)
	switch w.random.IntN(6) {
	case 0, 1:
		length = between(w.random, 8*time.Hour, 20*time.Hour)
	case 2:
		length = between(w.random, 2*24*time.Hour, 12*24*time.Hour)
	}
	for _, c := range w.counters {
		c.off = c.random.IntN(3) > 0
		w.note("%d is off for the night: %v", c.index, c.off)
	}
	w.note("NIGHT %v", length)
	pass(length)
	w.cloud.putBack()
	for _, c := range w.counters {
		if c.off {
			c.machine.boot()
			c.doubt += length + 6*time.Minute
		}
		if c.random.IntN(3) == 0 {
			c.fault("%d has no line in the morning", c.index)
			c.line.set(func() { c.line.cut = true })
			c.healAt = 1 + c.random.IntN(8)
		}
		c.putBack()
	}
}
