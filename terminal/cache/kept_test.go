package cache

import (
	"context"
	"fmt"
	"io"
	"testing"

	"countersign/terminal"
)

// A cloud that was put back to a backup says of vouchers what it knew then: who believed it would honour, without the cloud, what was used or withdrawn
// since.
func TestACloudThatWasPutBackUnteachesNothing(t *testing.T) {
	for _, byFile := range []bool{false, true} {
		t.Run(fmt.Sprintf("by file: %v", byFile), func(t *testing.T) {
			c, _ := newShelf(t)
			ctx := context.Background()
			at := noon
			// As of the backup all four are good; then one is used, one withdrawn, and one is issued and used.
			used, revoked, late := voucher(1), voucher(2), voucher(5)
			used.Used, used.Version, used.LastUse = 1, 2, &terminal.LastUse{At: noon, Store: "quay", Terminal: "counter-2"}
			revoked.State, revoked.StateAt, revoked.Version = terminal.VoucherRevoked, &at, 2
			late.Used, late.Version = 1, 2
			campaigns := []terminal.Campaign{campaign("lunch")}
			count := terminal.Count{Campaign: "lunch", Customer: "c-1", Units: 2}
			apply(t, c, Page{Campaigns: campaigns, Vouchers: []terminal.Voucher{used, revoked, voucher(3), late}, Counts: []terminal.Count{count}, Cursor: "a.9", AtEnd: true, Included: 4, ServerTime: noon})
			if err := c.Doubt(ctx); err != nil {
				t.Fatal(err)
			}
			old := []terminal.Voucher{voucher(1), voucher(2), voucher(3), voucher(4)}
			count.Units = 1
			after := Page{Campaigns: campaigns, Counts: []terminal.Count{count}, Cursor: "b.5", AtEnd: true, Included: 2, ServerTime: noon, Recovery: "b", Awaited: 2}
			if byFile {
				given := false
				err := c.Fill(ctx, "b.4", func() ([]terminal.Voucher, error) {
					if given {
						return nil, io.EOF
					}
					given = true
					return old, nil
				}, nil)
				if err != nil {
					t.Fatal(err)
				}
			} else {
				after.Vouchers = old
			}
			apply(t, c, after)
			find := func(n uint64) terminal.Voucher {
				t.Helper()
				row, err := c.Find(ctx, []terminal.Lookup{lookup(n)})
				if err != nil {
					t.Fatalf("voucher %d: %v", n, err)
				}
				return row.Voucher
			}
			if v := find(1); v.Used != 1 || v.LastUse == nil || v.LastUse.Terminal != "counter-2" {
				t.Errorf("a use is unlearnt: %+v", v)
			}
			if v := find(2); v.State != terminal.VoucherRevoked || v.StateAt == nil {
				t.Errorf("a withdrawal is unlearnt: %+v", v)
			}
			if find(5).Used != 1 || find(3).Used != 0 || find(4).Version != 1 {
				t.Errorf("%+v %+v %+v", find(5), find(3), find(4))
			}
			if fresh, err := c.Freshness(ctx); err != nil || fresh.Vouchers != 5 || fresh.Cursor != "b.5" || fresh.ReachedEnd.IsZero() {
				t.Errorf("%+v, %v", fresh, err)
			}
			if lost, err := c.Lost(ctx); err != nil || len(lost) != 1 || lost[0].Voucher != 2 || lost[0].State != terminal.VoucherRevoked || lost[0].Campaign != "lunch" {
				t.Errorf("what has to be withdrawn again: %+v, %v", lost, err)
			}
			// What was used comes again from who recorded it, and may be taken back then like any other use.
			again := used
			again.Used, again.Version = 1, 2
			apply(t, c, Page{Vouchers: []terminal.Voucher{again}, Cursor: "b.6", AtEnd: true, Included: 4, ServerTime: noon, Recovery: "b", Awaited: 1})
			again.Used, again.Version = 0, 3
			apply(t, c, Page{Vouchers: []terminal.Voucher{again}, Cursor: "b.7", AtEnd: true, Included: 4, ServerTime: noon, Recovery: "b", Awaited: 1})
			if v := find(1); v.Used != 0 || v.Version != 3 {
				t.Errorf("what was taken back since is still used: %+v", v)
			}
			// Nobody is awaited: the feed alone counts, from its beginning.
			apply(t, c, Page{Cursor: "b.8", AtEnd: true, Included: 4, ServerTime: noon, Recovery: "b"})
			if fresh, err := c.Freshness(ctx); err != nil || fresh.Cursor != "" || !fresh.ReachedEnd.IsZero() {
				t.Errorf("the cache is not filled once more: %+v, %v", fresh, err)
			}
			again.Version = 3
			apply(t, c, Page{Campaigns: campaigns, Vouchers: []terminal.Voucher{again, voucher(2), voucher(3), voucher(4)}, Cursor: "b.8", AtEnd: true, Included: 4, ServerTime: noon, Recovery: "b"})
			if v := find(2); v.State != terminal.VoucherActive || v.Version != 1 {
				t.Errorf("the cloud's word is not the last: %+v", v)
			}
			if _, err := c.Find(ctx, []terminal.Lookup{lookup(5)}); err == nil {
				t.Error("a voucher of which nobody knows is kept")
			}
			if lost, err := c.Lost(ctx); err != nil || len(lost) != 1 {
				t.Errorf("it has to be withdrawn again still: %+v, %v", lost, err)
			}
			withdrawn := voucher(2)
			withdrawn.State, withdrawn.Version = terminal.VoucherRevoked, 2
			apply(t, c, Page{Vouchers: []terminal.Voucher{withdrawn}, Cursor: "b.9", AtEnd: true, Included: 4, ServerTime: noon, Recovery: "b"})
			if lost, err := c.Lost(ctx); err != nil || len(lost) != 0 {
				t.Errorf("it is withdrawn again: %+v, %v", lost, err)
			}
		})
	}
}

// A terminal that was off for long is told to begin anew as well. Nothing was put back then, and what it knew is merely old.
func TestWhatIsMerelyOldIsNotKept(t *testing.T) {
	for _, word := range []string{"", "b"} {
		c, _ := newShelf(t)
		ctx := context.Background()
		revoked := voucher(2)
		revoked.State = terminal.VoucherRevoked
		campaigns := []terminal.Campaign{campaign("lunch")}
		apply(t, c, Page{Campaigns: campaigns, Vouchers: []terminal.Voucher{revoked, voucher(3)}, Cursor: "1", AtEnd: true, ServerTime: noon, Recovery: word})
		if err := c.Doubt(ctx); err != nil {
			t.Fatal(err)
		}
		apply(t, c, Page{Campaigns: campaigns, Vouchers: []terminal.Voucher{voucher(3)}, Cursor: "2", AtEnd: true, ServerTime: noon, Recovery: word})
		if _, err := c.Find(ctx, []terminal.Lookup{lookup(2)}); err == nil {
			t.Error("a voucher that was removed long ago is kept")
		}
		if lost, err := c.Lost(ctx); err != nil || len(lost) != 0 {
			t.Errorf("%+v, %v", lost, err)
		}
		if fresh, err := c.Freshness(ctx); err != nil || fresh.Cursor != "2" || fresh.Vouchers != 1 {
			t.Errorf("%+v, %v", fresh, err)
		}
	}
}
