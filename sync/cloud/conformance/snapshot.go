package conformance

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/snapshot"
	"countersign/terminal"
)

var snapshotTests = []test{
	{"a first fill and the feed behind it are the feed", snapshotIsTheFeed},
	{"a first fill is whole and ends", snapshotParts},
	{"an old first fill goes when nobody can be loading it", snapshotExpires},
}

// filled loads a first fill as records of the feed.
func (w *world) filled(s cloud.Snapshot) []api.FeedRecord {
	w.Helper()
	var file bytes.Buffer
	for i, hash := range s.Parts {
		raw, err := w.storage.SnapshotPart(w.Context(), merchantID, s.ID, int64(i))
		if err != nil {
			w.Fatal(err)
		}
		if sum := sha256.Sum256(raw); !bytes.Equal(sum[:], hash) {
			w.Fatalf("part %d does not have its hash", i)
		}
		file.Write(raw)
	}
	w.expect("size", int64(file.Len()), s.Size)
	r, err := snapshot.NewReader(&file, merchantID)
	if err != nil {
		w.Fatal(err)
	}
	defer r.Close()
	records := []api.FeedRecord{}
	for {
		some, err := r.Next()
		if errors.Is(err, io.EOF) {
			w.expect("vouchers", int64(len(records)), s.Vouchers)
			return records
		}
		if err != nil {
			w.Fatal(err)
		}
		for i := range some {
			records = append(records, api.FeedRecord{Voucher: &some[i]})
		}
	}
}

func (w *world) snapshot(at time.Time) cloud.Snapshot {
	w.Helper()
	made, err := w.storage.MakeSnapshot(w.Context(), merchantID, at, nil)
	if err != nil {
		w.Fatal(err)
	}
	found, err := w.storage.NewestSnapshot(w.Context(), merchantID)
	w.expect("the newest", []any{found.ID, found.Cursor, found.Vouchers, err}, []any{made.ID, made.Cursor, made.Vouchers, error(nil)})
	return found
}

func snapshotIsTheFeed(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	sold := []ticket{}
	for i := range 12 {
		t := w.issue([]string{"dinner", "swim"}[i%2], cloud.Facts{Holder: fmt.Sprintf("M. Chen %d", i), Customer: "c1"})
		sold = append(sold, t)
	}
	a.redeem(sold[0], 1)
	a.redeem(sold[2], 1)
	b.redeem(sold[2], 1)
	a.push(1)
	b.push(1)
	w.revoke(sold[4])
	made := w.snapshot(time.Now())
	w.revoke(sold[6])
	a.redeem(sold[8], 1)
	a.push(3)
	for _, c := range []*counter{a, b} {
		want := c.pull("", 2000)
		for _, limit := range []int{1, 3, 2000} {
			records, cursor := w.filled(made), made.Cursor
			page := c.pull(cursor, limit)
			records = append(records, page.Records...)
			w.expect(fmt.Sprintf("what %s holds, in pages of %d", c.Name, limit), state(records), state(want.Records))
			w.expect("included", page.Included, want.Included)
			w.expect("cursor", page.Cursor, want.Cursor)
			told := 0
			for _, r := range page.Records {
				if r.Voucher != nil {
					told++
				}
			}
			if told > 4 {
				w.Errorf("the feed told %d vouchers again that the first fill holds", told)
			}
		}
	}
}

func snapshotParts(w *world) {
	c := w.counter(quay)
	if _, err := w.storage.NewestSnapshot(w.Context(), merchantID); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("there is a first fill that nobody made: %v", err)
	}
	t := w.issue("dinner", cloud.Facts{Holder: "M. Chen"})
	vouchers, place, err := w.storage.FeedSize(w.Context(), merchantID)
	if err != nil || vouchers != 1 || place < 1 {
		w.Errorf("the feed has %d vouchers and ends at %d: %v", vouchers, place, err)
	}
	made := w.snapshot(time.Now())
	w.expect("place", made.Place, place)
	records := w.filled(made)
	w.expect("the voucher", []any{records[0].Voucher.ID, records[0].Voucher.Holder, records[0].Voucher.Lookup, records[0].Voucher.State},
		[]any{t.Voucher.ID, "M. Chen", t.lookup, terminal.VoucherActive})
	if _, err := w.storage.SnapshotPart(w.Context(), merchantID, made.ID, int64(len(made.Parts))); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a part behind the last was answered: %v", err)
	}
	if _, err := w.storage.SnapshotPart(w.Context(), "another", made.ID, 0); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("another merchant's first fill was answered: %v", err)
	}
	for _, strange := range []string{made.Cursor + "0000", made.Cursor + "-1", made.Cursor + "x", "-1"} {
		if _, err := w.storage.Feed(w.Context(), c.Terminal, strange, 10); !errors.Is(err, cloud.ErrCursor) {
			w.Errorf("the cursor %q was answered %v", strange, err)
		}
	}
}

func snapshotExpires(w *world) {
	w.issue("dinner", cloud.Facts{})
	begun := time.Now()
	first := w.snapshot(begun)
	second := w.snapshot(begun.Add(time.Hour))
	if _, err := w.storage.SnapshotPart(w.Context(), merchantID, first.ID, 0); err != nil {
		w.Errorf("who is loading the first fill cannot go on: %v", err)
	}
	w.snapshot(begun.Add(24 * time.Hour))
	for _, old := range []cloud.Snapshot{first, second} {
		if _, err := w.storage.SnapshotPart(w.Context(), merchantID, old.ID, 0); !errors.Is(err, cloud.ErrUnknown) {
			w.Errorf("an old first fill is still there: %v", err)
		}
	}
}
