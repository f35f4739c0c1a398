package conformance

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/pin"
)

var merchantTests = []test{
	{"applying again changes nothing", applyAgain},
	{"a PIN is kept as a hash and stays the same", pins},
	{"what cannot change is refused whole", unchangeable},
	{"a join code is for one machine", joinOnce},
	{"names of terminals", names},
	{"a code is issued once", codeOnce},
	{"withdrawing is all or none", withdrawAll},
	{"redemptions are picked by store and day", filters},
	{"a store reads its day, page by page, with who is not in yet", storeDay},
	{"keys stay", keysStay},
}

func applyAgain(w *world) {
	w.expect("again", len(w.apply(lakeside())), 0)
	c := lakeside()
	c.Campaigns[0].Price.Minor = 4990
	c.Stores[0].Copies = 2
	w.expect("changes", w.apply(c), []cloud.Change{{What: "store", ID: quay, Action: "changed"}, {What: "campaign", ID: "dinner", Action: "changed"}})
	if _, err := w.storage.Pause(w.Context(), merchantID, "dinner", nil, true); err != nil {
		w.Fatal(err)
	}
	w.expect("a pause is not the catalogue's business", len(w.apply(c)), 0)
	campaigns, err := w.storage.Campaigns(w.Context(), merchantID)
	if err != nil {
		w.Fatal(err)
	}
	i := slices.IndexFunc(campaigns, func(c terminal.Campaign) bool { return c.ID == "dinner" })
	w.expect("dinner", []any{campaigns[i].State, campaigns[i].PolicyVersion, campaigns[i].Price.Minor}, []any{terminal.CampaignPaused, 3, 4990})
}

func pins(w *world) {
	c := lakeside()
	c.Operators[0].PIN = "4821"
	w.expect("a PIN", len(w.apply(c)), 1)
	operators, err := w.storage.Operators(w.Context(), merchantID)
	if err != nil {
		w.Fatal(err)
	}
	i := slices.IndexFunc(operators, func(o terminal.Operator) bool { return o.ID == "li" })
	hash := operators[i].PINHash
	if !pin.Matches("4821", hash) || strings.Contains(hash, "4821") {
		w.Errorf("the hash %q is not the PIN's", hash)
	}
	w.expect("the same PIN", len(w.apply(c)), 0)
	c.Operators[0].PIN = "4822"
	w.expect("another PIN", len(w.apply(c)), 1)
}

func unchangeable(w *world) {
	c := lakeside()
	c.Stores[0].Name = "Renamed"
	c.Campaigns[0].Kind = terminal.KindBooking
	if _, err := w.storage.Apply(w.Context(), c); err == nil {
		w.Error("a campaign's kind was changed")
	}
	c = lakeside()
	c.Merchant.Currency = "USD"
	if _, err := w.storage.Apply(w.Context(), c); err == nil {
		w.Error("a merchant's currency was changed")
	}
	stores, err := w.storage.Stores(w.Context(), merchantID)
	if err != nil {
		w.Fatal(err)
	}
	for _, store := range stores {
		w.expect("name", strings.HasPrefix(store.Name, "Lakeside"), true)
	}
}

func machine() ed25519.PublicKey {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // there is no randomness
	}
	return public
}

func joinOnce(w *world) {
	first, second := machine(), machine()
	hash, stale := cloud.SecretHash("ONE"), cloud.SecretHash("TWO")
	invite := func(hash [32]byte, name string) error {
		return w.storage.Invite(w.Context(), []cloud.Invitation{{Merchant: merchantID, Store: quay, Name: name, SecretHash: hash, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}})
	}
	enrol := func(hash [32]byte, key ed25519.PublicKey, at time.Time) (cloud.Terminal, error) {
		return w.storage.Enrol(w.Context(), cloud.Enrolment{SecretHash: hash, Key: key, SealKey: bytes.Repeat([]byte{1}, 32), ProgramVersion: "1", At: at})
	}
	if err := errors.Join(invite(hash, "bar"), invite(stale, "")); err != nil {
		w.Fatal(err)
	}
	t, err := enrol(hash, first, start)
	if err != nil || t.Name != "bar" || t.Store != quay {
		w.Fatal(t, err)
	}
	again, err := enrol(hash, first, start.Add(48*time.Hour))
	if err != nil || again.ID != t.ID {
		w.Errorf("the same machine asked again and got %+v, %v", again, err)
	}
	for _, refused := range []struct {
		what string
		hash [32]byte
		key  ed25519.PublicKey
		at   time.Time
		want error
	}{
		{"another machine", hash, second, start, cloud.ErrJoinUsed},
		{"too late", stale, second, start.Add(2 * time.Hour), cloud.ErrJoinExpired},
		{"a terminal already", stale, first, start, cloud.ErrEnrolled},
		{"no such code", cloud.SecretHash("THREE"), second, start, cloud.ErrUnknown},
	} {
		if _, err := enrol(refused.hash, refused.key, refused.at); !errors.Is(err, refused.want) {
			w.Errorf("%s: %v, and %v was expected", refused.what, err, refused.want)
		}
	}
	found, err := w.storage.TerminalByKey(w.Context(), first)
	w.expect("found by its key", []any{found.ID, err}, []any{t.ID, nil})
	if _, err := w.storage.TerminalByKey(w.Context(), second); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a stranger's key: %v", err)
	}
}

func names(w *world) {
	a, b, other := w.counter(quay), w.counter(quay), w.counter(harbour)
	w.expect("numbered by store", []string{a.Name, b.Name, other.Name}, []string{"counter-1", "counter-2", "counter-1"})
	invitation := []cloud.Invitation{{Merchant: merchantID, Store: quay, Name: "counter-1", SecretHash: cloud.SecretHash("X"), CreatedAt: start, ExpiresAt: start.Add(time.Hour)}}
	if err := w.storage.Invite(w.Context(), invitation); !errors.Is(err, cloud.ErrNameTaken) {
		w.Errorf("a taken name was promised: %v", err)
	}
	changed, err := w.storage.Suspend(w.Context(), merchantID, quay, "counter-1", true)
	w.expect("suspended", []any{changed, err}, []any{true, nil})
	settings, err := w.storage.Settings(w.Context(), a.Terminal)
	w.expect("its settings say so", []any{settings.Suspended, err}, []any{true, nil})
	if err := w.storage.Invite(w.Context(), invitation); err != nil {
		w.Fatal(err)
	}
	if _, err := w.storage.Enrol(w.Context(), cloud.Enrolment{SecretHash: cloud.SecretHash("X"), Key: machine(), SealKey: make([]byte, 32), At: start}); err != nil {
		w.Fatal(err)
	}
	if _, err := w.storage.Suspend(w.Context(), merchantID, quay, "counter-1", false); err != nil && !errors.Is(err, cloud.ErrNameTaken) {
		w.Errorf("readmitting beside its successor: %v", err)
	}
	promised := []cloud.Invitation{{Merchant: merchantID, Store: quay, Name: "counter-3", SecretHash: cloud.SecretHash("Y"), CreatedAt: start, ExpiresAt: start.Add(time.Hour)},
		{Merchant: merchantID, Store: quay, Name: "counter-05", SecretHash: cloud.SecretHash("Z"), CreatedAt: start, ExpiresAt: start.Add(time.Hour)}}
	if err := w.storage.Invite(w.Context(), promised); err != nil {
		w.Fatal(err)
	}
	w.expect("past what is had, suspended and promised", []string{w.counter(quay).Name, w.counter(quay).Name, w.counter(harbour).Name}, []string{"counter-4", "counter-5", "counter-2"})
	if _, err := w.storage.Suspend(w.Context(), merchantID, quay, "nobody", true); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("nobody was suspended: %v", err)
	}
}

func codeOnce(w *world) {
	t := w.issue("dinner", cloud.Facts{})
	fresh := w.issue("dinner", cloud.Facts{})
	twin := cloud.NewVoucher{Voucher: t.Voucher}
	twin.ID, twin.Lookup = t.Voucher.ID+1000, t.lookup
	good := cloud.NewVoucher{Voucher: fresh.Voucher}
	good.ID, good.Lookup = t.Voucher.ID+1001, terminal.Lookup{42}
	err := w.storage.NewVouchers(w.Context(), merchantID, []cloud.NewVoucher{good, twin})
	var taken *cloud.TakenError
	if !errors.As(err, &taken) || !slices.Equal(taken.Indexes, []int{1}) {
		w.Fatalf("a code was issued twice: %v", err)
	}
	rows, err := w.storage.Lookup(w.Context(), w.counter(quay).Terminal, []terminal.Lookup{{42}})
	w.expect("the good one was not stored either", []any{len(rows), err}, []any{0, nil})
}

func withdrawAll(w *world) {
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	_, err := w.storage.SetVoucherState(w.Context(), merchantID, []terminal.VoucherID{t.Voucher.ID, 1}, terminal.VoucherRevoked, w.tick())
	if !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("an unknown voucher was revoked: %v", err)
	}
	w.expect("the other one", c.row(t).Voucher.State, terminal.VoucherActive)
	w.revoke(t)
	row := c.row(t)
	w.expect("revoked", row.Voucher.State, terminal.VoucherRevoked)
	w.expect("at", *row.Voucher.StateAt, w.now)
}

func storeDay(w *world) {
	a, b, other := w.counter(quay), w.counter(quay), w.counter(harbour)
	regular, new := w.issue("swim", cloud.Facts{Customer: "k1"}), w.issue("swim", cloud.Facts{Customer: "k2"})
	uid := a.uid()
	a.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, BusinessDay: today.AddDays(-1), Lines: []terminal.EntryLine{a.line(regular, 1, uid, "")}})
	first := a.redeem(regular, 1)
	a.reverse(first, 1)
	b.redeem(new, 2)
	b.redeem(w.issue("dinner", cloud.Facts{}), 1)
	b.write(terminal.Entry{Kind: terminal.EntryDecline, Reason: terminal.Expired, Reasons: []terminal.Reason{terminal.Expired}})
	other.redeem(w.issue("dinner", cloud.Facts{}), 1)
	a.push(1)
	b.push(1)
	other.push(1)
	var kinds []terminal.EntryKind
	var last cloud.DayPage
	for after, pages := int64(0), 1; ; pages++ {
		page, err := w.storage.StoreDay(w.Context(), a.Terminal, today, after, 2)
		if err != nil {
			w.Fatal(err)
		}
		for _, found := range page.Entries {
			e, err := entry.Decode(found.Bytes)
			if err != nil {
				w.Fatal(err)
			}
			kinds = append(kinds, e.Kind)
			if e.UID == first.UID {
				w.expect("what was reversed of the first", *found.Reversed, []int64{1})
			}
		}
		if last = page; page.Next == 0 {
			w.expect("pages", pages, 3)
			break
		}
		after = page.Next
	}
	w.expect("the day", kinds, []terminal.EntryKind{terminal.EntryRedeem, terminal.EntryReverse, terminal.EntryRedeem, terminal.EntryRedeem, terminal.EntryDecline})
	w.expect("counters", len(last.Counters), 2)
	w.expect("customers: k2 is new, k1 came yesterday, who names none is nobody", []int64{last.New, last.Returning}, []int64{1, 1})
}

func filters(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	a.redeem(w.issue("dinner", cloud.Facts{}), 1)
	b.redeem(w.issue("dinner", cloud.Facts{}), 1)
	a.push(1)
	b.push(1)
	count := func(filter cloud.RedemptionFilter) (n int) {
		filter.Merchant = merchantID
		err := w.storage.Redemptions(w.Context(), filter, func(r cloud.Redemption) error {
			n++
			return nil
		})
		if err != nil {
			w.Fatal(err)
		}
		return n
	}
	w.expect("all", count(cloud.RedemptionFilter{}), 2)
	w.expect("of one store", count(cloud.RedemptionFilter{Store: harbour}), 1)
	w.expect("of the day", count(cloud.RedemptionFilter{Day: terminal.Date{Year: 2026, Month: 11, Day: 21}}), 2)
	w.expect("of another day", count(cloud.RedemptionFilter{Day: terminal.Date{Year: 2026, Month: 11, Day: 22}}), 0)
}

func keysStay(w *world) {
	first, err := w.storage.Keys(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	second, err := w.storage.Keys(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	w.expect("keys", []bool{first.Root.Equal(second.Root), first.Feed.Key.Equal(second.Feed.Key), bytes.Equal(first.Nonce, second.Nonce)}, []bool{true, true, true})
	if err := w.storage.RecordPublicURL(w.Context(), "https://cloud.example"); err != nil {
		w.Fatal(err)
	}
	url, err := w.storage.PublicURL(w.Context())
	w.expect("public URL", []any{url, err}, []any{"https://cloud.example", nil})
}
