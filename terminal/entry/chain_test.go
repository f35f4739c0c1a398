package entry

import (
	"crypto/ed25519"
	"errors"
	"iter"
	"testing"

	"countersign/terminal"
)

func each(all []Sealed) iter.Seq2[Sealed, error] {
	return func(yield func(Sealed, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func clone(all []Sealed) []Sealed {
	copied := append([]Sealed{}, all...)
	for i := range copied {
		copied[i].Bytes = append([]byte{}, copied[i].Bytes...)
		copied[i].Signature = append([]byte{}, copied[i].Signature...)
	}
	return copied
}

func chain(t testing.TB) []Sealed {
	t.Helper()
	entries := samples()
	return sealAll(t, entries)
}

func TestVerifyChainNamesTheEntry(t *testing.T) {
	// If this fails, somebody can change what a terminal recorded and nobody sees it, or sees where.
	good := chain(t)
	end, err := VerifyChain(public(), Start(public()), each(good))
	if err != nil || end.Seq != uint64(len(good)) || end.Epoch != 2 || end.Receipt != 0 || end.Hash != good[len(good)-1].Hash {
		t.Fatalf("a good chain: %+v, %v", end, err)
	}
	before := Start(public())
	for i := range good {
		for _, part := range []func(s *Sealed) []byte{
			func(s *Sealed) []byte { return s.Bytes }, func(s *Sealed) []byte { return s.Hash[:] },
			func(s *Sealed) []byte { return s.Signature },
		} {
			for bit := 0; bit < 8*len(part(&good[i])); bit++ {
				bad := clone(good[i : i+1])
				part(&bad[0])[bit/8] ^= 1 << (bit % 8)
				_, err := VerifyChain(public(), before, each(bad))
				var named *BadEntry
				if !errors.As(err, &named) || named.Seq != uint64(i+1) {
					t.Fatalf("bit %d of entry %d flipped: %v", bit, i+1, err)
				}
			}
		}
		if before, err = VerifyChain(public(), before, each(good[i:i+1])); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerifyChainSeesWhatIsMissing(t *testing.T) {
	// If this fails, a redemption can be taken out of a journal, or put in, or moved.
	good := chain(t)
	other := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	swapped := clone(good)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	for name, c := range map[string]struct {
		chain []Sealed
		key   ed25519.PublicKey
		seq   uint64
	}{
		"the first is gone":  {good[1:], public(), 1},
		"one is gone":        {append(clone(good[:4]), good[5:]...), public(), 5},
		"two are swapped":    {swapped, public(), 4},
		"one is there twice": {append(clone(good[:4]), good[3:]...), public(), 5},
		"another's key":      {good, other, 1},
	} {
		_, err := VerifyChain(c.key, Start(c.key), each(c.chain))
		var named *BadEntry
		if !errors.As(err, &named) || named.Seq != c.seq {
			t.Errorf("%s: %v, want entry %d", name, err, c.seq)
		}
	}
}

func TestFollowChecksNumbers(t *testing.T) {
	// If this fails, receipts of one terminal have gaps or come twice, and no auditor accepts them.
	at := Place{Epoch: 2, Seq: 5, Hash: Genesis(public()), Receipt: 3}
	good := terminal.Entry{Epoch: 2, Seq: 6, UID: uid(1), Kind: terminal.EntryRedeem, Receipt: terminal.ReceiptNumber{Epoch: 2, Number: 4}}
	for name, c := range map[string]struct {
		spoil func(*terminal.Entry)
		fine  bool
	}{
		"as it should be":       {func(*terminal.Entry) {}, true},
		"without a receipt":     {func(e *terminal.Entry) { e.Receipt = terminal.ReceiptNumber{} }, true},
		"a gap in receipts":     {func(e *terminal.Entry) { e.Receipt.Number = 5 }, false},
		"a receipt again":       {func(e *terminal.Entry) { e.Receipt.Number = 3 }, false},
		"a gap in entries":      {func(e *terminal.Entry) { e.Seq = 7 }, false},
		"an entry again":        {func(e *terminal.Entry) { e.Seq = 5 }, false},
		"a new epoch by itself": {func(e *terminal.Entry) { e.Epoch, e.Receipt = 3, terminal.ReceiptNumber{Epoch: 3, Number: 1} }, false},
		"a new epoch":           {func(e *terminal.Entry) { e.Epoch, e.Kind, e.Receipt = 3, terminal.EntryEpoch, terminal.ReceiptNumber{} }, true},
		"an epoch left out":     {func(e *terminal.Entry) { e.Epoch, e.Kind, e.Receipt = 4, terminal.EntryEpoch, terminal.ReceiptNumber{} }, false},
		"an old epoch":          {func(e *terminal.Entry) { e.Epoch, e.Kind, e.Receipt = 1, terminal.EntryEpoch, terminal.ReceiptNumber{} }, false},
		"without a uid":         {func(e *terminal.Entry) { e.UID = terminal.UID{} }, false},
		"the first slip of a new": {func(e *terminal.Entry) {
			e.Epoch, e.Kind, e.Receipt = 3, terminal.EntryEpoch, terminal.ReceiptNumber{Epoch: 3, Number: 1}
		}, true},
	} {
		e := good
		c.spoil(&e)
		s, err := Seal(testKey, at.Hash, e)
		if err != nil {
			t.Fatal(name, err)
		}
		if _, _, err := at.Follow(s); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifyBatchTakesThePrefix(t *testing.T) {
	// If this fails, a cloud takes entries that nobody signed, or throws away good ones with the bad.
	good := chain(t)
	start := Start(public())
	spoiled := func(i int, signature bool) []Sealed {
		bad := clone(good)
		if signature {
			bad[i].Signature[5] ^= 1
		} else {
			bad[i].Bytes[5] ^= 1
		}
		return bad
	}
	for name, c := range map[string]struct {
		batch []Sealed
		taken int
		whole bool
	}{
		"all good":                      {good, len(good), true},
		"none":                          {nil, 0, true},
		"a bad entry":                   {spoiled(4, false), 4, false},
		"a bad last signature":          {spoiled(len(good)-1, true), len(good) - 1, false},
		"a bad signature in the middle": {spoiled(4, true), len(good), true}, // the last one covers all before it
	} {
		places, err := VerifyBatch(public(), start, ReadBatch(c.batch))
		if len(places) != c.taken || (c.taken > 0 && places[c.taken-1].Seq != uint64(c.taken)) || (err == nil) != c.whole {
			t.Errorf("%s: the places %v, %v", name, places, err)
		}
	}
	none := clone(good[:3])
	for i := range none {
		none[i].Signature = make([]byte, 64)
	}
	if places, err := VerifyBatch(public(), start, ReadBatch(none)); len(places) != 0 || err == nil {
		t.Errorf("unsigned entries were taken: %v, %v", places, err)
	}
}
