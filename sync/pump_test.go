package sync

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// answers makes the cloud serve these pages of the feed, one a request; the last again and again.
func (c *fakeCloud) answers(pages ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var mu sync.Mutex
	c.answer["/v1/feed"] = func([]byte) (int, any) {
		mu.Lock()
		defer mu.Unlock()
		page := pages[0]
		if len(pages) > 1 {
			pages = pages[1:]
		}
		if problem, bad := page.(api.Problem); bad {
			return problem.Status, problem
		}
		return 200, page
	}
}

func page(cursor string, atEnd bool, included uint64, records ...api.FeedRecord) api.FeedPage {
	if records == nil {
		records = []api.FeedRecord{}
	}
	return api.FeedPage{Cursor: cursor, AtEnd: atEnd, Included: included, Records: records, ServerTime: time.Now()}
}

// If a page lost a record, or put rows under another page's cursor, a terminal would refuse or honour a voucher wrongly for ever.
func TestPullAppliesEveryPageInOrder(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 0)
	voucher := func(id terminal.VoucherID, version int64) api.FeedRecord {
		return api.FeedRecord{Voucher: &terminal.Voucher{ID: id, Version: version, State: terminal.VoucherActive}}
	}
	removed, gone := terminal.VoucherID(2), "sam"
	cloud.answers(
		page("one", false, 0, voucher(1, 1), voucher(2, 1), voucher(1, 2), api.FeedRecord{RemovedVoucher: &removed},
			api.FeedRecord{Campaign: &terminal.Campaign{ID: "dinner"}}, api.FeedRecord{Operator: &terminal.Operator{ID: "li"}}),
		page("two", true, 7, api.FeedRecord{Settings: &terminal.Settings{Terminal: "counter-1"}}, api.FeedRecord{RemovedOperator: &gone},
			api.FeedRecord{Verdict: &api.EntryVerdict{Uid: terminal.UID{9}, Verdict: terminal.Overrun, Lines: []terminal.LineVerdict{{Overrun: 1}}}},
			api.FeedRecord{Exception: &api.Exception{Id: "4", Kind: api.ExceptionOverrun, State: api.ExceptionOpen, Uses: []api.ExceptionUse{{Terminal: "counter-2"}}}},
			api.FeedRecord{}), // of a newer cloud: a member that is not known here
	)
	if err := c.pump.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.cache.pages) != 2 || c.cache.cursor != "two" {
		t.Fatalf("%d pages, cursor %q", len(c.cache.pages), c.cache.cursor)
	}
	first, second := c.cache.pages[0], c.cache.pages[1]
	if len(first.Vouchers) != 1 || first.Vouchers[0].ID != 1 || first.Vouchers[0].Version != 2 || len(first.RemovedVouchers) != 1 ||
		len(first.Campaigns) != 1 || len(first.Operators) != 1 || first.AtEnd {
		t.Errorf("the first page became %+v", first)
	}
	if second.Settings == nil || len(second.RemovedOperators) != 1 || !second.AtEnd || second.Included != 7 {
		t.Errorf("the second page became %+v", second)
	}
	if len(c.journal.verdicts) != 1 || c.journal.verdicts[0].Verdict != terminal.Overrun || c.journal.verdicts[0].Lines[0].Overrun != 1 {
		t.Errorf("verdicts %+v", c.journal.verdicts)
	}
	if len(c.journal.exceptions) != 1 || c.journal.exceptions[0].Uses[0].Terminal != "counter-2" {
		t.Errorf("exceptions %+v", c.journal.exceptions)
	}
}

// leaseBook notes what was given up, and how far the cache was then.
type leaseBook struct {
	LeaseBook
	cache   *memoryCache
	givenUp []string
	fails   error
}

func (b *leaseBook) GiveUpLeases(_ context.Context, ids []string) error {
	for _, id := range ids {
		b.givenUp = append(b.givenUp, id+" after "+b.cache.cursor)
	}
	return b.fails
}

// A counter that hears that its lease was written off would go on selling what others have by now, or would not hear it again after a full disk.
func TestAWrittenOffLeaseEndsBeforeTheCursorMovesOn(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 0)
	book := &leaseBook{cache: c.cache, fails: errors.New("the disk is full")}
	c.pump.Leasing(book)
	c.cache.cursor = "before"
	one, two := "lONE", "lTWO"
	cloud.answers(page("after", true, 0, api.FeedRecord{EndedLease: &one}, api.FeedRecord{EndedLease: &two}))
	if err := c.pump.Pull(t.Context()); !errors.Is(err, book.fails) || c.cache.cursor != "before" {
		t.Fatalf("%v, and the cursor is %q", err, c.cache.cursor)
	}
	book.fails, book.givenUp = nil, nil
	if err := c.pump.Pull(t.Context()); err != nil || c.cache.cursor != "after" {
		t.Fatalf("%v, and the cursor is %q", err, c.cache.cursor)
	}
	if got := strings.Join(book.givenUp, ", "); got != "lONE after before, lTWO after before" {
		t.Errorf("given up is %s", got)
	}
}

// If a cursor that the cloud does not know any more stopped the feed, a restored cloud would leave every cache old for ever.
func TestAnUnknownCursorBeginsAnew(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 0)
	c.cache.cursor = "of before"
	cloud.answers(api.Problem{Status: 410, Code: "cursor_unknown", Title: "gone", Type: "urn:x"}, page("new", true, 0))
	if err := c.pump.Pull(t.Context()); err != nil || c.cache.emptied != 1 || c.cache.cursor != "new" {
		t.Fatalf("%v: emptied %d times, cursor %q", err, c.cache.emptied, c.cache.cursor)
	}
}

// If a cloud that was restored from a backup did not get again what it has lost, those redemptions would be gone.
func TestACloudThatForgotGetsItAgain(t *testing.T) {
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	c := newCounter(t, cloud, server.URL, 1200)
	if err := c.pump.Push(t.Context()); err != nil || len(cloud.taken) != 1200 {
		t.Fatalf("%v: the cloud took %d", err, len(cloud.taken))
	}
	cloud.mu.Lock()
	cloud.taken, cloud.headSeq = cloud.taken[:700], 700
	cloud.mu.Unlock()
	c.journal.add()
	if err := c.pump.Push(t.Context()); err != nil || len(cloud.taken) != 1201 || c.journal.acked != 1201 {
		t.Fatalf("%v: the cloud has %d, acknowledged %d", err, len(cloud.taken), c.journal.acked)
	}
	for i, sealed := range cloud.taken {
		if sealed.Hash != c.journal.entries[i].Hash {
			t.Fatalf("entry %d arrived as another", i+1)
		}
	}
}

// If an acknowledgement of another journal were taken for one of this, entries would count as delivered that nobody has.
func TestAnAckOfAnotherJournalIsRefused(t *testing.T) {
	for name, ack := range map[string]api.JournalAck{
		"another hash": {HeadSeq: 2, HeadHash: make([]byte, 32)},
		"beyond":       {HeadSeq: 9, HeadHash: make([]byte, 32)},
		"no hash":      {HeadSeq: 2, HeadHash: []byte{}},
	} {
		cloud, server := newFakeCloud(t)
		cloud.answer["/v1/journal"] = func([]byte) (int, any) {
			ack.Verdicts, ack.ServerTime = []api.EntryVerdict{}, time.Now()
			return 200, ack
		}
		c := newCounter(t, cloud, server.URL, 2)
		if err := c.pump.Push(t.Context()); err == nil || c.journal.acked != 0 {
			t.Errorf("%s: %v, acknowledged %d", name, err, c.journal.acked)
		}
	}
}

// If a journal that is an older copy, or a fork, were forgotten by the next start, a shop would sell for weeks without anybody knowing
// that nothing reaches the cloud.
func TestTroubleWithTheJournalIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer any
		wanted TroubleKind
	}{
		"behind":  {200, api.JournalAck{HeadSeq: 9, HeadHash: make([]byte, 32), Verdicts: []api.EntryVerdict{}, ServerTime: time.Now()}, TroubleBehind},
		"fork":    {200, api.JournalAck{HeadSeq: 2, HeadHash: make([]byte, 32), Verdicts: []api.EntryVerdict{}, ServerTime: time.Now()}, TroubleFork},
		"branch":  {409, api.Problem{Status: 409, Code: "journal_fork", Title: "fork", Type: "urn:x"}, TroubleFork},
		"refused": {401, api.Problem{Status: 401, Code: "not_enrolled", Title: "who?", Type: "urn:x"}, TroubleUnknown},
		"barred":  {403, api.Problem{Status: 403, Code: "forbidden", Title: "no", Type: "urn:x"}, TroubleRefused},
	} {
		t.Run(name, func(t *testing.T) {
			cloud, server := newFakeCloud(t)
			healthy := false
			cloud.takeJournal()
			takes := cloud.answer["/v1/journal"]
			cloud.answer["/v1/journal"] = func(body []byte) (int, any) {
				if healthy {
					return takes(body)
				}
				return c.status, c.answer
			}
			var kept []*Trouble
			keep := func(_ context.Context, trouble *Trouble) error {
				kept = append(kept, trouble)
				return nil
			}
			first := newCounter(t, cloud, server.URL, 2)
			first.pump.KeepTrouble(nil, keep)
			for range 2 {
				if err := first.pump.Push(t.Context()); err == nil {
					t.Fatal("it went through")
				}
			}
			cloud.answers(page("news", true, 0))
			if err := first.pump.Once(t.Context()); err == nil || first.cache.cursor != "news" {
				t.Errorf("%v: while the journal is in trouble the cache grows old", err)
			}
			if len(kept) != 1 || kept[0].Kind != c.wanted || kept[0].Cause == "" {
				t.Fatalf("kept %+v", kept)
			}
			again := newCounter(t, cloud, server.URL, 2)
			again.pump.KeepTrouble(kept[0], keep)
			if status, err := again.pump.Status(t.Context()); err != nil || status.Trouble == "" {
				t.Errorf("after a restart all looks well: %+v, %v", status, err)
			}
			healthy = true
			if err := again.pump.Push(t.Context()); err != nil || again.pump.Trouble() != nil || len(kept) != 2 || kept[1] != nil {
				t.Errorf("it is not over when it is: %v, %+v", err, kept)
			}
		})
	}
}

// If a lost answer left the cloud with the count of before, the list of terminals would show something pending for ever.
func TestTheCloudHearsThatNothingIsPending(t *testing.T) {
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	c := newCounter(t, cloud, server.URL, 1)
	if err := c.pump.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	var last int64 = -1
	takes := cloud.answer["/v1/journal"]
	cloud.answer["/v1/journal"] = func(body []byte) (int, any) {
		var push api.JournalPush
		if err := json.Unmarshal(body, &push); err == nil && push.Pending != nil {
			last = *push.Pending
		}
		return takes(body)
	}
	again := newCounter(t, cloud, server.URL, 1) // the answer was lost: it knows of no acknowledgement
	again.journal.entries = c.journal.entries
	if err := again.pump.Push(t.Context()); err != nil || last != 0 {
		t.Errorf("%v: the cloud was last told of %d pending", err, last)
	}
}

// If the lists of open claims were wrong, the cloud would free a hold that a redemption still needs, or keep one for ever.
func TestRequestsListWhatIsStillOpen(t *testing.T) {
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	var claims []api.ClaimRequest
	cloud.answer["/v1/claims"] = func(body []byte) (int, any) {
		var request api.ClaimRequest
		if err := json.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		claims = append(claims, request)
		id := "hold-1"
		return 200, api.ClaimAnswer{Granted: true, Id: &id, Findings: []api.Finding{}, Rows: []api.Row{}, ServerTime: time.Now()}
	}
	var journalled []terminal.UID
	c := newCounter(t, cloud, server.URL, 0)
	open := NewClaims("instance-7", func(context.Context) ([]terminal.UID, error) { return journalled, nil })
	authority := NewAuthority(c.client, c.breaker, open)
	first, second, third := terminal.UID{1}, terminal.UID{2}, terminal.UID{3}
	ask := func(uid terminal.UID) {
		answer, err := authority.Claim(t.Context(), terminal.Claim{UID: uid, Lines: []terminal.ClaimLine{{Units: 1}}})
		if err != nil || !answer.Granted || answer.ID != "hold-1" || answer.Assurance != terminal.Confirmed {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
	ask(first)
	journalled = []terminal.UID{first}
	ask(second)
	authority.Release(second)
	ask(third)
	last := claims[2]
	if last.Instance != "instance-7" || claims[0].Counter >= claims[1].Counter || claims[1].Counter >= last.Counter {
		t.Errorf("instances and counters: %+v", claims)
	}
	if listed := asSet(last.Open); !listed[first] || listed[second] || !listed[third] || len(last.Open) != 2 {
		t.Errorf("the third claim lists %v", last.Open)
	}
	if open.untold() {
		t.Error("the release went with the third claim, and counts as untold")
	}
	authority.Release(third)
	if !open.untold() {
		t.Error("nobody would tell the cloud of the last release")
	}
}

func asSet(uids []terminal.UID) map[terminal.UID]bool {
	set := map[terminal.UID]bool{}
	for _, uid := range uids {
		set[uid] = true
	}
	return set
}

// If a no lost its facts on the way, the cashier could not tell the customer when and where the voucher was used.
func TestANoKeepsItsFacts(t *testing.T) {
	cloud, server := newFakeCloud(t)
	used := time.Date(2026, 11, 21, 12, 4, 0, 0, time.FixedZone("", 3600))
	cloud.answer["/v1/claims"] = func([]byte) (int, any) {
		return 200, api.ClaimAnswer{Findings: []api.Finding{{Reason: terminal.AlreadyRedeemed, Facts: map[string]any{
			"at": used, "store": "Lakeside Quay", "left": 0, "price": terminal.Money{Minor: 3990, Currency: "EUR"},
			"day": terminal.Date{Year: 2026, Month: 11, Day: 21}, "days": []string{"mon", "tue"}, "campaign": terminal.Text{"en": "Dinner"},
		}}}, Rows: []api.Row{}, ServerTime: time.Now()}
	}
	c := newCounter(t, cloud, server.URL, 0)
	answer, err := c.authority.Claim(t.Context(), terminal.Claim{UID: terminal.UID{1}, Lines: []terminal.ClaimLine{{Units: 1}}})
	if err != nil || answer.Granted || len(answer.Findings) != 1 {
		t.Fatalf("%+v, %v", answer, err)
	}
	facts := answer.Findings[0].Facts
	if at, ok := facts["at"].(time.Time); !ok || !at.Equal(used) {
		t.Errorf("at is %v", facts["at"])
	}
	if facts["store"] != "Lakeside Quay" || facts["left"] != int64(0) || facts["price"] != (terminal.Money{Minor: 3990, Currency: "EUR"}) ||
		facts["day"] != (terminal.Date{Year: 2026, Month: 11, Day: 21}) || len(facts["days"].([]string)) != 2 || facts["campaign"].(terminal.Text)["en"] != "Dinner" {
		t.Errorf("facts %#v", facts)
	}
}

// If nobody but a person brought the line back, a counter would stay offline until somebody noticed.
func TestEverythingDrainsByItself(t *testing.T) {
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	cloud.answers(page("one", true, 0), page("one", true, 0))
	c := newCounter(t, cloud, server.URL, 3)
	cloud.misbehave(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	changed := make(chan struct{}, 1)
	c.pump.OnChange(func() { post(changed) })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.pump.Run(ctx) }()
	await := func(what string, true func(Status) bool) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for {
			status, err := c.pump.Status(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if true(status) {
				return
			}
			select {
			case <-changed:
			case <-time.After(10 * time.Millisecond): // a status changes without a word, too: by the breaker
			case <-deadline:
				t.Fatalf("not %s in 30 s: %+v", what, status)
			}
		}
	}
	await("offline", func(s Status) bool { return !s.Online && s.Pending == 3 && s.Trouble != "" })
	cloud.misbehave(nil)
	await("drained", func(s Status) bool { return s.Online && s.Pending == 0 && s.Trouble == "" })
	c.journal.add()
	c.pump.Nudge()
	await("drained again", func(s Status) bool { return s.Pending == 0 && len(c.journal.entries) == 4 })
	stop()
	<-done
}

// If the breaker asked too often, scans would wait for a dead line; if it never asked, a counter without a pump would stay offline.
func TestTheBreakerAsksNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		store := &memoryLine{}
		breaker := NewBreaker(store, func() { opened++ })
		if budget, ok := breaker.Allow(); !ok || budget != Budget {
			t.Fatalf("closed: %v, %v", budget, ok)
		}
		breaker.Failed(nil, 0)
		breaker.Failed(nil, 0)
		if opened != 1 {
			t.Errorf("it opened %d times", opened)
		}
		for _, b := range []*Breaker{breaker, NewBreaker(store, nil)} {
			if _, ok := b.Allow(); ok {
				t.Error("it asks at once after a failure")
			}
		}
		by := NewBreaker(&memoryLine{line: store.line}, nil)
		if by.Retry(); by.shut() {
			t.Error("who asks once and by hand is not let through")
		}
		if _, ok := by.Allow(); !ok {
			t.Error("who asks once and by hand gets no answer")
		}
		if _, ok := by.Allow(); ok {
			t.Error("and everybody after them is let through as well")
		}
		<-time.After(2*probeFirst + time.Second) // of the bubble's clock
		if budget, ok := breaker.Allow(); !ok || budget != ProbeBudget {
			t.Errorf("after the delay: %v, %v", budget, ok)
		}
		if _, ok := breaker.Allow(); ok {
			t.Error("two scans wait at the same time")
		}
		breaker.Answered("nonce")
		if budget, ok := breaker.Allow(); !ok || budget != Budget {
			t.Errorf("after an answer: %v, %v", budget, ok)
		}
		if line, _ := store.LoadLine(); line.Failures != 0 || line.Nonce != "nonce" {
			t.Errorf("it is kept as %+v", line)
		}
	})
}

// If a clock set back kept the breaker open for hours, a counter would redeem without asking all day.
func TestAClockSetBackDoesNotKeepTheBreakerOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memoryLine{line: Line{Failures: 3, Probe: time.Now().Add(5 * time.Hour)}}
		breaker := NewBreaker(store, nil)
		<-time.After(probeMost + time.Second) // of the bubble's clock
		if _, ok := breaker.Allow(); !ok {
			t.Error("it is still open")
		}
	})
}

// If all counters came back in the same second, they would keep the cloud down.
func TestBackoffIsSpreadAndBounded(t *testing.T) {
	longest, distinct := time.Duration(0), map[time.Duration]bool{}
	for range 50 {
		var backoff Backoff
		for range 12 {
			wait := backoff.Next(0)
			longest = max(longest, wait)
			distinct[wait] = true
		}
		if after := backoff.Next(5 * time.Second); after < 5*time.Second {
			t.Errorf("the cloud asked for 5 s and gets %v", after)
		}
	}
	if longest > backoffMost || len(distinct) < 500 {
		t.Errorf("the longest is %v, of 600 only %d differ", longest, len(distinct))
	}
}
