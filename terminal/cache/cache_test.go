package cache

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/terminal"
)

var (
	testKey = bytes.Repeat([]byte{3}, KeyBytes)
	noon    = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

func newShelf(t testing.TB) (*Cache, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache.db")
	c, err := Open(context.Background(), path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, path
}

func lookup(n uint64) terminal.Lookup {
	var l terminal.Lookup
	binary.BigEndian.PutUint64(l[:], n*0x9e3779b97f4a7c15) // spread, as hashes are
	binary.BigEndian.PutUint64(l[8:], n)
	return l
}

func voucher(n uint64) terminal.Voucher {
	return terminal.Voucher{ID: terminal.VoucherID(n), Lookup: lookup(n), Campaign: "lunch", State: terminal.VoucherActive, Units: 1, Version: 1}
}

func campaign(id string) terminal.Campaign {
	return terminal.Campaign{ID: id, Name: terminal.Text{"en": "Lunch for two", "zh-Hans": "双人午餐"}, Kind: terminal.KindProduct, Currency: "EUR",
		Price: &terminal.Money{Minor: 990, Currency: "EUR"}, State: terminal.CampaignLive, PolicyVersion: 1,
		Rules: terminal.Rules{ValidUntil: &terminal.Moment{Local: true, Civil: noon}, Blackout: []terminal.Date{{Year: 2026, Month: 12, Day: 24}}}}
}

func apply(t testing.TB, c *Cache, page Page) {
	t.Helper()
	if err := c.Apply(context.Background(), page); err != nil {
		t.Fatal(err)
	}
}

func TestFindGivesBackWhatTheCloudSaid(t *testing.T) {
	// If this fails, the counter decides on something else than what the merchant set.
	c, path := newShelf(t)
	ctx := context.Background()
	full := voucher(0xfedcba9876543210)
	at := noon.Add(time.Hour)
	full.State, full.StateAt, full.Units, full.Used, full.Version = terminal.VoucherRevoked, &at, 10, 3, 7
	full.LastUse = &terminal.LastUse{At: noon, Store: "Harbour", Terminal: "counter-2", Operator: "Li"}
	full.Order, full.Customer, full.Holder = "o-1", "c-1", "M. Chen"
	full.Price, full.Value = &terminal.Money{Minor: 1, Currency: "EUR"}, &terminal.Money{Minor: 2, Currency: "EUR"}
	full.Slot = &terminal.Slot{From: noon, Until: at, Party: 4}
	full.Lines = []terminal.OrderLine{{ID: "a", Name: "茶", Quantity: 2, Collected: true}}
	full.Rules = &terminal.Rules{Stores: []string{"s1"}, MinimumBill: &terminal.MinimumBill{Amount: terminal.Money{Minor: 5, Currency: "EUR"}}}
	apply(t, c, Page{Vouchers: []terminal.Voucher{full, voucher(2)}, Campaigns: []terminal.Campaign{campaign("lunch")},
		Cursor: "1:2", AtEnd: true, Included: 9, ServerTime: noon})
	for range 2 { // the second time from the memory of campaigns
		for _, want := range []terminal.Voucher{full, voucher(2)} {
			row, err := c.Find(ctx, []terminal.Lookup{lookup(99), want.Lookup})
			if diff := cmp.Diff(terminal.Row{Voucher: want, Campaign: campaign("lunch"), Included: 9}, row); err != nil || diff != "" {
				t.Fatal(err, diff)
			}
		}
	}
	if _, err := c.Find(ctx, []terminal.Lookup{lookup(99)}); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("an unknown code: %v", err)
	}
	// A command beside the running terminal sees the same.
	reader, err := OpenReader(ctx, path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if row, err := reader.Find(ctx, []terminal.Lookup{lookup(2)}); err != nil || row.Voucher.ID != 2 {
		t.Fatalf("the reader finds %+v, %v", row, err)
	}
	if err := reader.Apply(ctx, Page{}); err == nil {
		t.Fatal("a reader writes")
	}
}

func TestNewerRowsReplaceOlderOnes(t *testing.T) {
	// If this fails, a revoked voucher is honoured, or a changed code still works.
	c, _ := newShelf(t)
	ctx := context.Background()
	apply(t, c, Page{Vouchers: []terminal.Voucher{voucher(1), voucher(2), voucher(3)}, Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1", AtEnd: true})
	newer, older, moved := voucher(1), voucher(2), voucher(3)
	newer.State, newer.Version = terminal.VoucherRevoked, 2
	older.Used, older.Version = 9, 0
	moved.Lookup, moved.Version = lookup(33), 2
	paused := campaign("lunch")
	paused.State = terminal.CampaignPaused
	apply(t, c, Page{Vouchers: []terminal.Voucher{newer, older, moved}, Campaigns: []terminal.Campaign{paused}, Cursor: "2", AtEnd: true})
	row, err := c.Find(ctx, []terminal.Lookup{lookup(1)})
	if err != nil || row.Voucher.State != terminal.VoucherRevoked || row.Campaign.State != terminal.CampaignPaused {
		t.Errorf("the newer row: %+v, %v", row, err)
	}
	if row, err := c.Find(ctx, []terminal.Lookup{lookup(2)}); err != nil || row.Voucher.Used != 0 {
		t.Errorf("an older row replaced a newer one: %+v, %v", row, err)
	}
	if _, err := c.Find(ctx, []terminal.Lookup{lookup(3)}); !errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("the old code still finds its voucher: %v", err)
	}
	if row, err := c.Find(ctx, []terminal.Lookup{lookup(33)}); err != nil || row.Voucher.ID != 3 {
		t.Errorf("the new code: %+v, %v", row, err)
	}
	apply(t, c, Page{RemovedVouchers: []terminal.VoucherID{3, 77}, Cursor: "3", AtEnd: true})
	if _, err := c.Find(ctx, []terminal.Lookup{lookup(33)}); !errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("a removed voucher: %v", err)
	}
	if fresh, err := c.Freshness(ctx); err != nil || fresh.Vouchers != 2 || fresh.Campaigns != 1 {
		t.Errorf("counts %+v, %v", fresh, err)
	}
}

func TestIncludedMovesOnlyAtTheEnd(t *testing.T) {
	// If this fails, an own use is forgotten while a page is still to come, and a unit is honoured twice.
	c, _ := newShelf(t)
	ctx := context.Background()
	apply(t, c, Page{Vouchers: []terminal.Voucher{voucher(1)}, Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1", AtEnd: true,
		Included: 5, ServerTime: noon})
	step := func(page Page, included uint64, reached time.Time) {
		t.Helper()
		apply(t, c, page)
		row, err := c.Find(ctx, []terminal.Lookup{lookup(1)})
		fresh, freshErr := c.Freshness(ctx)
		if err != nil || freshErr != nil || row.Included != included || fresh.Cursor != page.Cursor || !fresh.ReachedEnd.Equal(reached) {
			t.Fatalf("included %d, %+v, %v, %v", row.Included, fresh, err, freshErr)
		}
	}
	step(Page{Cursor: "2", Included: 8, ServerTime: noon.Add(time.Hour)}, 5, noon)
	step(Page{Cursor: "3", Included: 9, AtEnd: true, ServerTime: noon.Add(2 * time.Hour)}, 9, noon.Add(2*time.Hour))
	if err := c.Empty(ctx); err != nil {
		t.Fatal(err)
	}
	if fresh, err := c.Freshness(ctx); err != nil || fresh != (terminal.Freshness{}) {
		t.Fatalf("an empty cache says %+v, %v", fresh, err)
	}
	step(Page{Vouchers: []terminal.Voucher{voucher(1)}, Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "9", Included: 3}, 0, time.Time{})
}

func TestPageIsStoredWholeOrNotAtAll(t *testing.T) {
	// If this fails, a cursor skips a change that never arrived.
	c, _ := newShelf(t)
	ctx := context.Background()
	apply(t, c, Page{Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1", AtEnd: true, Included: 1})
	odd := voucher(2)
	odd.State = "lent"
	err := c.Apply(ctx, Page{Vouchers: []terminal.Voucher{voucher(1), odd}, Cursor: "2", AtEnd: true, Included: 2})
	if err == nil || !strings.Contains(err.Error(), "lent") {
		t.Fatalf("a state that does not exist: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Apply(cancelled, Page{Cursor: "3"}); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled page: %v", err)
	}
	if fresh, err := c.Freshness(ctx); err != nil || fresh.Cursor != "1" || fresh.Vouchers != 0 {
		t.Fatalf("after pages that failed: %+v, %v", fresh, err)
	}
	if _, err := c.Find(ctx, []terminal.Lookup{lookup(1)}); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("a row of a page that failed: %v", err)
	}
}

func TestVoucherWaitsForItsCampaign(t *testing.T) {
	// If this fails, a voucher is judged by no rules at all.
	c, _ := newShelf(t)
	ctx := context.Background()
	apply(t, c, Page{Vouchers: []terminal.Voucher{voucher(1)}, Cursor: "1"})
	if row, err := c.Find(ctx, []terminal.Lookup{lookup(1)}); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("a voucher without its campaign: %+v, %v", row, err)
	}
	if all, err := c.Campaigns(ctx); err != nil || len(all) != 0 {
		t.Fatalf("campaigns %+v, %v", all, err)
	}
	if one, err := c.Campaign(ctx, "lunch"); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("a campaign that has not come: %+v, %v", one, err)
	}
	apply(t, c, Page{Campaigns: []terminal.Campaign{campaign("lunch"), campaign("dinner")}, Cursor: "2", AtEnd: true})
	if row, err := c.Find(ctx, []terminal.Lookup{lookup(1)}); err != nil || row.Campaign.ID != "lunch" {
		t.Fatalf("once it is there: %+v, %v", row, err)
	}
	all, err := c.Campaigns(ctx)
	if diff := cmp.Diff([]terminal.Campaign{campaign("dinner"), campaign("lunch")}, all); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	one, err := c.Campaign(ctx, "dinner")
	if diff := cmp.Diff(campaign("dinner"), one); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	if fresh, err := c.Freshness(ctx); err != nil || fresh.Campaigns != 2 {
		t.Fatalf("%+v, %v", fresh, err)
	}
}

func TestOperatorsAreSealed(t *testing.T) {
	// If this fails, a copied cache gives somebody the PINs of a shop, or a cashier cannot sign in.
	c, path := newShelf(t)
	ctx := context.Background()
	if operators, err := c.Operators(ctx); err != nil || len(operators) != 0 {
		t.Fatalf("before the first page: %v, %v", operators, err)
	}
	settings := terminal.Settings{Merchant: terminal.Merchant{ID: "m1", Currency: "EUR"}, Store: terminal.Store{ID: "s1", Zone: "Europe/Berlin"},
		Terminal: "counter-1"}
	li := terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier, PINHash: "$argon2id$secret", Active: true}
	anna := terminal.Operator{ID: "zz", Name: "Anna", Role: terminal.RoleManager, PINHash: "$argon2id$secret", Stores: []string{"s1"}, Active: true}
	other := terminal.Operator{ID: "tom", Name: "Tom", Role: terminal.RoleCashier, Stores: []string{"s2"}, Active: true}
	gone := terminal.Operator{ID: "gone", Name: "Gone", Active: true}
	apply(t, c, Page{Operators: []terminal.Operator{li, anna, other, gone}, Settings: &settings, Cursor: "1"})
	apply(t, c, Page{RemovedOperators: []string{"gone"}, Cursor: "2"})
	operators, err := c.Operators(ctx)
	if diff := cmp.Diff([]terminal.Operator{anna, li}, operators); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	got, err := c.Settings(ctx)
	if diff := cmp.Diff(settings, got); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + suffix)
		if err != nil || bytes.Contains(raw, []byte("argon2id")) || bytes.Contains(raw, []byte("Anna")) {
			t.Errorf("the file %q shows an operator, or is not there: %v", suffix, err)
		}
	}
	// A row that was moved to another operator's id gives him nothing.
	if _, err := c.at.write.Exec("UPDATE operators SET body = (SELECT body FROM operators WHERE id = 'zz') WHERE id = 'li'"); err != nil {
		t.Fatal(err)
	}
	if operators, err := c.Operators(ctx); err != nil || len(operators) != 2 {
		t.Errorf("a row that was swapped behind a running terminal's back means something to it: %+v, %v", operators, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = Open(ctx, path, testKey); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if operators, err := c.Operators(ctx); err != nil || len(operators) != 0 || !c.SetAside() {
		t.Errorf("a swapped row: %+v, %v", operators, err)
	}
}

func TestAChangeIsSeenAtOnce(t *testing.T) {
	// If this fails, a cashier who left can still sign in, or a suspended counter goes on, until the program is started again.
	c, _ := newShelf(t)
	ctx := context.Background()
	settings := terminal.Settings{Store: terminal.Store{ID: "s1"}, Terminal: "counter-1"}
	for n := range 5 {
		settings.Suspended = n%2 == 1
		operators := []terminal.Operator{{ID: "li", Name: fmt.Sprint("Li ", n), Active: n%2 == 0}}
		apply(t, c, Page{Settings: &settings, Operators: operators, Cursor: fmt.Sprint(n)})
		for range 2 { // read, and remembered
			got, err := c.Settings(ctx)
			if err != nil || got.Suspended != settings.Suspended {
				t.Fatalf("page %d: %+v, %v", n, got, err)
			}
			people, err := c.Operators(ctx)
			if diff := cmp.Diff(operators, people); err != nil || diff != "" {
				t.Fatal(n, err, diff)
			}
			if fresh, err := c.Freshness(ctx); err != nil || fresh.Cursor != fmt.Sprint(n) {
				t.Fatalf("page %d: %+v, %v", n, fresh, err)
			}
			people[0].Name = "somebody" // what was answered is the asker's
		}
	}
}

func TestSearch(t *testing.T) {
	// If this fails, a customer whose phone is broken goes away without what he paid for.
	c, _ := newShelf(t)
	ctx := context.Background()
	var page Page
	for n, holder := range map[uint64]string{1: "M. Chen", 2: "m. chan", 3: "Miller", 4: "", 5: "陈"} {
		v := voucher(n)
		v.Holder = holder
		if n == 4 {
			v.Campaign = "dinner"
		}
		page.Vouchers = append(page.Vouchers, v)
	}
	dinner := campaign("dinner")
	dinner.Name = terminal.Text{"en": "Dinner", "de": "Abendessen"}
	page.Campaigns, page.Cursor = []terminal.Campaign{campaign("lunch"), dinner}, "1"
	apply(t, c, page)
	for text, want := range map[string][]uint64{
		"m. ch": {2, 1}, "MILL": {3}, "陈": {5}, "nobody": nil, "  ": nil, "v0000000000000003": {3}, "v0000000000000009": nil,
		"dinner": {4}, "abend": {4}, "m": {2, 1, 3}, "100%_": nil,
	} {
		rows, err := c.Search(ctx, text, 10)
		var got []uint64
		for _, row := range rows {
			got = append(got, uint64(row.Voucher.ID))
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
	if rows, err := c.Search(ctx, "lunch", 2); err != nil || len(rows) != 2 {
		t.Errorf("%d rows of at most 2: %v", len(rows), err)
	}
}

func TestManySearchAtOnce(t *testing.T) {
	// If this fails, a few searches at one moment hang the counter for good.
	c, path := newShelf(t)
	page := Page{Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1"}
	for n := uint64(1); n <= 50; n++ {
		v := voucher(n)
		v.Holder = "Chen"
		page.Vouchers = append(page.Vouchers, v)
	}
	apply(t, c, page)
	for range 10 { // each with cold memory, so that every search needs its campaign
		fresh, err := OpenReader(context.Background(), path, testKey)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		var group sync.WaitGroup
		for range 4 * readers {
			group.Go(func() {
				if rows, err := fresh.Search(ctx, "chen", 20); err != nil || len(rows) != 20 {
					t.Errorf("%d rows: %v", len(rows), err)
				}
			})
		}
		group.Wait()
		cancel()
		if err := fresh.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	// If this fails, a broken cache stops the counter until somebody from IT comes.
	ctx := context.Background()
	for name, spoil := range map[string]func(path string) error{
		"rubbish": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("rubbish "), 4096), 0o600) },
		"cut off": func(path string) error { return os.Truncate(path, 5000) },
		"another program's": func(path string) error {
			other := open(path, "mode=rwc", 1)
			_, err := other.Exec("DROP TABLE vouchers")
			return errors.Join(err, other.Close())
		},
		"of a newer form": func(path string) error {
			other := open(path, "mode=rwc", 1)
			_, err := other.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
			return errors.Join(err, other.Close())
		},
	} {
		c, path := newShelf(t)
		apply(t, c, Page{Vouchers: []terminal.Voucher{voucher(1)}, Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1", AtEnd: true})
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := spoil(path); err != nil {
			t.Fatal(name, err)
		}
		again, err := Open(ctx, path, testKey)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer again.Close()
		if fresh, err := again.Freshness(ctx); err != nil || fresh != (terminal.Freshness{}) || !again.SetAside() {
			t.Errorf("%s: %+v, %v", name, fresh, err)
		}
		if _, err := os.Stat(path + ".damaged"); err != nil {
			t.Errorf("%s: nothing was set aside: %v", name, err)
		}
		apply(t, again, Page{Vouchers: []terminal.Voucher{voucher(1)}, Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1"})
		if _, err := again.Find(ctx, []terminal.Lookup{lookup(1)}); err != nil {
			t.Errorf("%s: after filling it again: %v", name, err)
		}
	}
}

func TestDamageIsMendedWhileSelling(t *testing.T) {
	// If this fails, a page of the disk that goes bad at noon stops the counter until the evening.
	c, path := newShelf(t)
	ctx := context.Background()
	page := Page{Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1", AtEnd: true}
	for n := uint64(1); n <= 2000; n++ {
		page.Vouchers = append(page.Vouchers, voucher(n))
	}
	apply(t, c, page)
	if _, err := c.at.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 20 * 4096; i < len(raw); i++ { // beyond the pages that are read at start
		raw[i] = 0xa5
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = Open(ctx, path, testKey); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.SetAside() {
		t.Fatal("the damage is not where this test wants it: it was seen at start")
	}
	for n := uint64(1); n <= 2000 && !c.SetAside(); n++ {
		if _, err := c.Find(ctx, []terminal.Lookup{lookup(n)}); err != nil && !errors.Is(err, terminal.ErrUnknown) {
			t.Fatalf("voucher %d: %v", n, err)
		}
	}
	if fresh, err := c.Freshness(ctx); err != nil || !c.SetAside() || fresh != (terminal.Freshness{}) {
		t.Fatalf("after the damage was met: %+v, %v", fresh, err)
	}
	// The page that was on its way goes on from a cursor that is gone: stored, it would skip all before it.
	if err := c.Apply(ctx, Page{Cursor: "2", AtEnd: true}); !errors.Is(err, ErrSetAside) {
		t.Fatalf("a page that continues what is gone: %v", err)
	}
	if fresh, err := c.Freshness(ctx); err != nil || fresh.Cursor != "" {
		t.Fatalf("after it was refused: %+v, %v", fresh, err)
	}
	apply(t, c, page)
	if row, err := c.Find(ctx, []terminal.Lookup{lookup(7)}); err != nil || row.Voucher.ID != 7 {
		t.Fatalf("after filling it again: %+v, %v", row, err)
	}
}

func TestDamageMetByAPage(t *testing.T) {
	// If this fails, a page is stored into the empty file that replaced a damaged one, and everything before it is never pulled.
	c, _ := newShelf(t)
	ctx := context.Background()
	apply(t, c, Page{Vouchers: []terminal.Voucher{voucher(1)}, Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "1", AtEnd: true})
	if _, err := c.at.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	used := c.at
	err := c.once(func(h *handles) error { // as when a statement of Apply meets a bad page
		return fmt.Errorf("%w: for this test", ErrDamaged)
	})
	if !errors.Is(err, ErrSetAside) || c.at == used {
		t.Fatalf("the damaged file is still in use: %v", err)
	}
	if err := c.Apply(ctx, Page{Vouchers: []terminal.Voucher{voucher(2)}, Cursor: "2", AtEnd: true}); !errors.Is(err, ErrSetAside) {
		t.Fatalf("a page that continues what is gone: %v", err)
	}
	if fresh, err := c.Freshness(ctx); err != nil || fresh != (terminal.Freshness{}) {
		t.Fatalf("%+v, %v", fresh, err)
	}
	apply(t, c, Page{Vouchers: []terminal.Voucher{voucher(2)}, Cursor: "2", AtEnd: true})
}

func TestRowAndHeadAreSeenTogether(t *testing.T) {
	// If this fails, a scan in the moment a page arrives counts an own use twice, or not at all.
	c, _ := newShelf(t)
	ctx := context.Background()
	page := func(n int64) Page {
		v := voucher(1)
		v.Units, v.Used, v.Version = 1000, n, n
		return Page{Vouchers: []terminal.Voucher{v}, Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: fmt.Sprint(n), AtEnd: true,
			Included: uint64(n), ServerTime: noon}
	}
	apply(t, c, page(1))
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for {
				row, err := c.Find(ctx, []terminal.Lookup{lookup(9), lookup(1)})
				if err != nil || row.Voucher.Used != int64(row.Included) {
					t.Errorf("used %d with head %d: %v", row.Voucher.Used, row.Included, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := int64(2); n < 200; n++ {
		apply(t, c, page(n))
	}
	close(done)
	group.Wait()
}

func TestStateIsKeptWithTheFile(t *testing.T) {
	// If this fails, each command waits anew for a cloud that does not answer.
	c, path := newShelf(t)
	ctx := context.Background()
	if _, err := c.State(ctx, "line"); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("nothing stored: %v", err)
	}
	for _, value := range []string{"open", "closed"} {
		if err := c.SetState(ctx, "line", []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.Empty(ctx), c.Close()); err != nil {
		t.Fatal(err)
	}
	c, err := Open(ctx, path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if value, err := c.State(ctx, "line"); err != nil || string(value) != "closed" {
		t.Fatalf("%q, %v", value, err)
	}
	if err := c.SetState(ctx, settingsKey, nil); err == nil {
		t.Fatal("the settings can be overwritten")
	}
}

func TestASuspensionThatWasHeardOutlivesTheProgram(t *testing.T) {
	// If this fails, a thief at a counter that was refused as suspended a moment ago pulls the cable and goes on offline; or a counter that the
	// merchant let back in stays suspended.
	c, path := newShelf(t)
	ctx := context.Background()
	settings := terminal.Settings{Store: terminal.Store{ID: "soho"}}
	if err := errors.Join(c.Apply(ctx, Page{Settings: &settings, Cursor: "1"}), c.Suspend(ctx)); err != nil {
		t.Fatal(err)
	}
	suspended := func() bool {
		t.Helper()
		settings, err := c.Settings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return settings.Suspended
	}
	if !suspended() {
		t.Error("it was not noted")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := Open(ctx, path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !suspended() {
		t.Error("the next start forgets it")
	}
	if err := c.Apply(ctx, Page{Cursor: "2"}); err != nil {
		t.Fatal(err)
	}
	if suspended() {
		t.Error("the cloud was heard since, and it stays")
	}
}

func TestWrongKeys(t *testing.T) {
	// If this fails, a terminal with half a key file starts and then knows nobody.
	if _, err := Open(context.Background(), filepath.Join(t.TempDir(), "cache.db"), []byte("short")); err == nil {
		t.Error("a short key is taken")
	}
	if _, err := OpenReader(context.Background(), filepath.Join(t.TempDir(), "cache.db"), testKey); !errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("a missing file: %v", err)
	}
}

func BenchmarkFind(b *testing.B) {
	for _, rows := range []uint64{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			if rows > 10_000 && testing.Short() {
				rows = 100_000
			}
			c, _ := newShelf(b)
			apply(b, c, Page{Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "0"})
			const pageSize = 20_000
			for from := uint64(1); from <= rows; from += pageSize {
				page := Page{Cursor: fmt.Sprint(from)}
				for n := from; n < from+pageSize && n <= rows; n++ {
					page.Vouchers = append(page.Vouchers, voucher(n))
				}
				apply(b, c, page)
			}
			n := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				n = (n*6364136223846793005 + 1442695040888963407)
				if _, err := c.Find(context.Background(), []terminal.Lookup{lookup(1 + n>>33%rows)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// If a command that only reads failed where the cache is gone, nobody could ask the terminal how it is just when that matters.
func TestABlankCacheKnowsNothing(t *testing.T) {
	for range 2 { // each is its own
		c, err := Blank(t.Context(), make([]byte, KeyBytes))
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := c.Freshness(t.Context())
		if err != nil || fresh.Cursor != "" || !fresh.ReachedEnd.IsZero() || fresh.Vouchers != 0 {
			t.Errorf("%+v, %v", fresh, err)
		}
		if _, err := c.Find(t.Context(), []terminal.Lookup{{1}}); !errors.Is(err, terminal.ErrUnknown) {
			t.Errorf("it finds something: %v", err)
		}
		if people, err := c.Operators(t.Context()); err != nil || len(people) != 0 {
			t.Errorf("%v, %v", people, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
