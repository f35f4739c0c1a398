package journal

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/terminal"
	"countersign/terminal/entry"
)

func TestPendingIsWhatTheCloudLacks(t *testing.T) {
	// If this fails, a redemption never reaches the cloud, or a batch is refused for ever.
	s := newShop(t)
	ctx := context.Background()
	public := s.identity().PublicKey
	batch, err := s.Pending(ctx, 10, 1<<20)
	if err != nil || len(batch.Entries) != 0 || batch.From != 1 || batch.Epoch != 1 || batch.Prev != entry.Genesis(public) {
		t.Fatalf("nothing pending: %+v, %v", batch, err)
	}
	var size int
	for n := uint64(1); n <= 5; n++ {
		s.redeem(uid(n), terminal.VoucherID(n), 1)
	}
	if batch, err = s.Pending(ctx, 3, 1<<20); err != nil || len(batch.Entries) != 3 {
		t.Fatalf("%d of 3 entries: %v", len(batch.Entries), err)
	}
	places, err := entry.VerifyBatch(public, entry.Start(public), entry.ReadBatch(batch.Entries))
	if err != nil || len(places) != 3 {
		t.Fatalf("the batch does not verify: %v", err)
	}
	size = len(batch.Entries[0].Bytes)
	if two, err := s.Pending(ctx, 10, 2*size+size/2); err != nil || len(two.Entries) != 2 {
		t.Fatalf("%d entries in the room of two and a half: %v", len(two.Entries), err)
	}
	if one, err := s.Pending(ctx, 10, 1); err != nil || len(one.Entries) != 1 {
		t.Fatalf("%d entries where not one fits: %v", len(one.Entries), err)
	}
	if err := s.Ack(ctx, 3, nil); err != nil {
		t.Fatal(err)
	}
	if batch, err = s.Pending(ctx, 10, 1<<20); err != nil || batch.From != 4 || batch.Prev != places[2].Hash || len(batch.Entries) != 2 {
		t.Fatalf("after 3: %+v, %v", batch, err)
	}
	if err := s.Ack(ctx, 2, nil); err != nil { // an answer that was late
		t.Fatal(err)
	}
	counts, err := s.Counts(ctx)
	if err != nil || counts.Head != 5 || counts.Acked != 3 || counts.Pending != 2 || !counts.Oldest.Equal(noon) {
		t.Fatalf("counts %+v, %v", counts, err)
	}
	open, err := s.Unacked(ctx)
	if err != nil || len(open) != 2 || open[0] != uid(4) {
		t.Fatalf("unacked %v, %v", open, err)
	}
	if err := s.Ack(ctx, 6, nil); !errors.Is(err, ErrAhead) {
		t.Fatalf("a cloud that knows the future: %v", err)
	}
	if err := s.Rewind(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if pending, _, err := s.Backlog(ctx); err != nil || pending != 4 {
		t.Fatalf("%d pending after the cloud lost 2: %v", pending, err)
	}
}

func TestVerdictsAreFactsOfTheirOwn(t *testing.T) {
	// If this fails, a manager is told that all was accepted when a voucher was used twice.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 2)
	first := []terminal.LineVerdict{{Accepted: 2}}
	later := []terminal.LineVerdict{{Accepted: 1, Overrun: 1, Other: &terminal.LastUse{At: noon.UTC(), Store: "s2", Terminal: "counter-9"}}}
	for _, step := range []struct {
		verdict terminal.Verdict
		lines   []terminal.LineVerdict
		facts   int
	}{{terminal.Accepted, first, 1}, {terminal.Accepted, first, 1}, {terminal.Overrun, later, 2}, {terminal.Accepted, first, 3}} {
		err := s.Ack(ctx, 1, []Verdict{{UID: uid(1), Verdict: step.verdict, Lines: step.lines}, {UID: uid(50), Verdict: terminal.Overrun}})
		if err != nil {
			t.Fatal(err)
		}
		record, err := s.ByUID(ctx, uid(1))
		if diff := cmp.Diff(step.lines, record.Verdicts); err != nil || record.Verdict != step.verdict || diff != "" || !record.Acked {
			t.Fatalf("%s, %v\n%s", record.Verdict, err, diff)
		}
		var facts int
		if err := s.q.row(ctx, "SELECT count(*) FROM verdicts").Scan(&facts); err != nil || facts != step.facts {
			t.Fatalf("%d facts, want %d: %v", facts, step.facts, err)
		}
	}
}

func TestExposureIsWhatNobodyElseKnows(t *testing.T) {
	// If this fails, a terminal that is alone honours more than its owner is willing to lose, or nothing for no reason.
	s := newShop(t)
	ctx := context.Background()
	want := func(count, minor int64) {
		t.Helper()
		exposure, err := s.Exposure(ctx)
		if err != nil || exposure.Count != count || exposure.Value != (terminal.Money{Minor: minor, Currency: "EUR"}) {
			t.Fatalf("exposure %+v, want %d of %d: %v", exposure, count, minor, err)
		}
	}
	want(0, 0)
	var sales []terminal.Record
	for n := uint64(1); n <= 3; n++ {
		risk := terminal.Money{Minor: int64(100 * n), Currency: "EUR"}
		sale, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			draft := redemption(l, uid(n), terminal.VoucherID(n), 2)
			draft.AtRisk = &risk
			return draft, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		sales = append(sales, sale)
	}
	want(3, 600)
	s.reopen()
	want(3, 600)
	if err := s.Ack(ctx, 1, nil); err != nil {
		t.Fatal(err)
	}
	want(2, 500)
	for n := uint64(10); n < 12; n++ {
		want(2, 500) // half a reversal still leaves the rest at risk, whole
		if _, err := s.reverse(uid(n), sales[2], 1); err != nil {
			t.Fatal(err)
		}
	}
	want(1, 200)
	if err := s.Rewind(ctx, 0); err != nil {
		t.Fatal(err)
	}
	want(2, 300)
}

func TestExceptionsAreKept(t *testing.T) {
	// If this fails, the manager never hears that a voucher was honoured twice.
	s := newShop(t)
	ctx := context.Background()
	story := terminal.Exception{ID: "x1", Kind: "overrun", State: "open", OpenedAt: noon.UTC(), Voucher: 7, Units: 1,
		AtRisk: &terminal.Money{Minor: 500, Currency: "EUR"}, Uses: []terminal.ExceptionUse{
			{UID: uid(1), Store: "s1", Terminal: "counter-1", At: noon.UTC(), Assurance: terminal.Offline, Units: 1},
			{UID: uid(2), Store: "s2", Terminal: "counter-9", At: noon.UTC(), Assurance: terminal.Confirmed, Units: 1, Held: true}}}
	newer := terminal.Exception{ID: "x2", Kind: "revoked", State: "open", OpenedAt: noon.Add(time.Hour).UTC(), Uses: []terminal.ExceptionUse{}}
	if err := s.PutExceptions(ctx, []terminal.Exception{story, newer}); err != nil {
		t.Fatal(err)
	}
	newer.State, newer.Owner = "closed", "mia"
	if err := s.PutExceptions(ctx, []terminal.Exception{newer}); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	all, err := s.Exceptions(ctx, false)
	if diff := cmp.Diff([]terminal.Exception{newer, story}, all); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	open, err := s.Exceptions(ctx, true)
	if diff := cmp.Diff([]terminal.Exception{story}, open); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
}
