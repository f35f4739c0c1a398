package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"countersign/terminal"
)

// compareMemory holds what the journal remembers against what the file says.
func (s *shop) compareMemory(step string) {
	s.t.Helper()
	ctx := context.Background()
	exposure, err := s.Exposure(ctx)
	inFile, inErr := s.Reader.Exposure(ctx)
	if err != nil || inErr != nil || exposure != inFile {
		s.t.Fatalf("%s: at risk are %+v (%v), and the file says %+v (%v)", step, exposure, err, inFile, inErr)
	}
	epoch, held, err := s.Leased(ctx, 7)
	inEpoch, inHeld, inErr := s.Reader.Leased(ctx, 7)
	if err != nil || inErr != nil || epoch != inEpoch || !reflect.DeepEqual(held, inHeld) {
		s.t.Fatalf("%s: leased are %+v (%v), and the file says %+v (%v)", step, held, err, inHeld, inErr)
	}
	head, err := s.Head(ctx)
	if written, known := s.Written(); err != nil || (known && written != head.Seq) {
		s.t.Fatalf("%s: %d entries are written, and the file has %d (%v)", step, written, head.Seq, err)
	}
	if place := s.memory.get().place; place != nil && *place != head {
		s.t.Fatalf("%s: the place is remembered as %+v, and is %+v", step, *place, head)
	}
}

func TestWhatIsRememberedIsWhatTheFileSays(t *testing.T) {
	// If this fails, a counter without a line goes beyond its limits, or stops short of them, until it is started again.
	s := newShop(t)
	ctx := context.Background()
	random := rand.New(rand.NewPCG(8, 15))
	var sales []terminal.Record
	for n := uint64(1); n < 300; n++ {
		step := fmt.Sprintf("step %d", n)
		switch random.IntN(11) {
		case 0, 1, 2, 3:
			sale, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
				if _, err := l.Exposure(); err != nil {
					return terminal.Draft{}, err
				}
				if _, _, err := l.Leased(7); err != nil {
					return terminal.Draft{}, err
				}
				draft := redemption(l, uid(n), 7, 1)
				draft.AtRisk = &terminal.Money{Minor: int64(n), Currency: "EUR"}
				return draft, nil
			})
			if err != nil {
				t.Fatal(step, err)
			}
			sales = append(sales, sale)
		case 4:
			if len(sales) > 0 {
				at := random.IntN(len(sales))
				if _, err := s.reverse(uid(n), sales[at], 1); err != nil {
					t.Fatal(step, err)
				}
				sales = append(sales[:at], sales[at+1:]...)
			}
		case 5:
			refused := errors.New("refused")
			if _, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) { return terminal.Draft{}, refused }); err != refused {
				t.Fatal(step, err)
			}
		case 6:
			head, err := s.Head(ctx)
			if err == nil {
				err = s.Ack(ctx, uint64(random.IntN(int(head.Seq)+1)), nil)
			}
			if err != nil {
				t.Fatal(step, err)
			}
		case 7:
			if err := s.Bar(ctx, func(b *Barred) { b.Cloned = !b.Cloned }); err != nil {
				t.Fatal(step, err)
			}
		case 8:
			if err := s.PutLeases(ctx, []terminal.Lease{leaseOf(fmt.Sprint("l", n%3), 7, 3, 1)}); err != nil {
				t.Fatal(step, err)
			}
		case 9:
			if err := s.GiveUpLeases(ctx, []string{"l0", "l1", "l2"}); err != nil {
				t.Fatal(step, err)
			}
		case 10:
			if err := s.SetMark(ctx, terminal.Mark{At: noon.Add(time.Duration(n) * time.Second), Boot: "boot"}); err != nil {
				t.Fatal(step, err)
			}
			if n%3 == 0 {
				s.reopen()
			}
		}
		s.compareMemory(step)
	}
}

func TestACommitThatFailsIsNotRemembered(t *testing.T) {
	// If this fails, what a full disk did not take counts as honoured, and the next receipt skips a number.
	s := newShop(t)
	ctx := context.Background()
	atRisk := func(n uint64) error {
		_, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			draft := redemption(l, uid(n), 7, 1)
			draft.AtRisk = &terminal.Money{Minor: 100, Currency: "EUR"}
			_, err := l.Exposure()
			return draft, err
		})
		return err
	}
	if err := atRisk(1); err != nil {
		t.Fatal(err)
	}
	s.commit = func(q *queries) error {
		s.commit = commit
		if _, err := q.exec(ctx, "ROLLBACK"); err != nil {
			return err
		}
		return errors.New("the disk is full")
	}
	if err := atRisk(2); err == nil {
		t.Fatal("a redemption that did not reach the disk was made")
	}
	s.compareMemory("after the failure")
	if err := atRisk(3); err != nil {
		t.Fatal(err)
	}
	s.compareMemory("afterwards")
	s.mustVerify(2)
}

func TestAnotherWriterIsNoticed(t *testing.T) {
	// If this fails, a program that wrote against the lock makes this one number its entries a second time, or forget what is at risk.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 1)
	other, err := Open(ctx, s.path, s.key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) { return redemption(l, uid(2), 8, 1), nil }); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if third := s.redeem(uid(3), 9, 1); third.Entry.Seq != 3 {
		t.Errorf("the third entry calls itself %d", third.Entry.Seq)
	}
	s.mustVerify(3)
}
