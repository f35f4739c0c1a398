package snapshot_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/sync/snapshot"
	"countersign/terminal"
)

// vouchers makes n vouchers in the order of their lookups; every third has something that few have.
func vouchers(n int) []terminal.Voucher {
	all := make([]terminal.Voucher, n)
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for i := range all {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		v := terminal.Voucher{ID: terminal.VoucherID(1<<40 + i), Campaign: []string{"lunch", "swim"}[i%2], State: terminal.VoucherActive, Units: int64(i % 11),
			Used: int64(i%3) - 1, Version: int64(1 + i%5)}
		copy(v.Lookup[:], sum[:])
		switch i % 3 {
		case 1:
			v.State, v.StateAt, v.Holder, v.Order = terminal.VoucherRevoked, &at, "M. Chen", "A-1"
		case 2:
			v.Customer, v.Value = "c7", &terminal.Money{Minor: 1250, Currency: "EUR"}
			v.LastUse = &terminal.LastUse{At: at, Store: "quay", Terminal: "counter-1"}
		}
		all[i] = v
	}
	slices.SortFunc(all, func(a, b terminal.Voucher) int { return bytes.Compare(a.Lookup[:], b.Lookup[:]) })
	return all
}

func file(t testing.TB, all []terminal.Voucher) []byte {
	t.Helper()
	var into bytes.Buffer
	w, err := snapshot.NewWriter(&into, "m")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Add(all...), w.Close()); err != nil {
		t.Fatal(err)
	}
	return into.Bytes()
}

func read(from []byte, merchant string) (all []terminal.Voucher, err error) {
	r, err := snapshot.NewReader(bytes.NewReader(from), merchant)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		some, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, some...)
	}
}

// A shop's new counter would know vouchers with other units, other owners or other states than the cloud.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 100, snapshot.BlockRows, 2*snapshot.BlockRows + 17} {
		want := vouchers(n)
		got, err := read(file(t, want), "m")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("none", func(all []terminal.Voucher) []terminal.Voucher { return append([]terminal.Voucher{}, all...) })); n > 0 && diff != "" || n == 0 && len(got) > 0 {
			t.Fatalf("%d vouchers:\n%s", n, diff)
		}
	}
}

// Half a file would be taken for a whole one, and the shop would turn good vouchers away.
func TestBrokenFilesAreRefused(t *testing.T) {
	t.Parallel()
	whole := file(t, vouchers(3000))
	for cut := 0; cut < len(whole); cut += 1 + len(whole)/97 {
		if all, err := read(whole[:cut], "m"); err == nil {
			t.Fatalf("a file of %d bytes, cut after %d, was read as %d vouchers", len(whole), cut, len(all))
		}
	}
	if _, err := read(whole, "another"); err == nil {
		t.Error("another merchant's file was read")
	}
	if _, err := read([]byte("<html>log in</html>"), "m"); err == nil {
		t.Error("a web page was read")
	}
}

// Vouchers out of order make the fill of a big merchant many times slower, and one twice would be lost.
func TestOrderIsHeld(t *testing.T) {
	t.Parallel()
	all := vouchers(2)
	w, err := snapshot.NewWriter(io.Discard, "m")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(all[1], all[0]); err == nil {
		t.Error("vouchers in the wrong order were taken")
	}
	w.Abort()
}

// A million vouchers have to fit a shop's line: each costs little more than its lookup, which is random.
func TestVouchersAreSmall(t *testing.T) {
	t.Parallel()
	const n = 100_000
	all := vouchers(n)
	for i := range all { // as issued, without what few have
		all[i] = terminal.Voucher{ID: all[i].ID, Lookup: all[i].Lookup, Campaign: "lunch", State: terminal.VoucherActive, Units: 1, Version: 1}
	}
	if each := float64(len(file(t, all))) / n; each > 20 {
		t.Errorf("a voucher takes %.1f bytes", each)
	} else {
		t.Logf("a voucher takes %.1f bytes", each)
	}
}

// FuzzRead holds the reader against bytes that nobody wrote: it must neither panic nor take memory that the file does not have.
func FuzzRead(f *testing.F) {
	f.Add(file(f, vouchers(50)))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = read(raw, "m")
	})
}
