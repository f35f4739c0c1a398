package entry

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"iter"

	"countersign/terminal"
)

const (
	genesisDomain   = "countersign journal genesis 1\n"
	entryDomain     = "countersign journal entry 1\n"
	signatureDomain = "countersign journal signature 1\n"
)

// Sealed is an entry as it is stored and sent: its bytes, the hash that chains them to all before, and the terminal's signature.
type Sealed struct {
	Bytes     []byte
	Hash      [32]byte
	Signature []byte // Ed25519, 64 bytes
}

// Genesis is the hash that a terminal's first entry follows.
func Genesis(public ed25519.PublicKey) [32]byte {
	return sha256.Sum256(append([]byte(genesisDomain), public...))
}

// Hash is the hash of an entry's bytes that follow the entry with hash prev.
func Hash(prev [32]byte, raw []byte) [32]byte {
	digest := sha256.New()
	digest.Write([]byte(entryDomain))
	digest.Write(prev[:])
	digest.Write(raw)
	return [32]byte(digest.Sum(nil))
}

// Sign signs an entry's hash, and through it every entry before.
func Sign(key ed25519.PrivateKey, hash [32]byte) []byte {
	return ed25519.Sign(key, append([]byte(signatureDomain), hash[:]...))
}

// Verify reports that signature is the key's owner's over hash.
func Verify(public ed25519.PublicKey, hash [32]byte, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && len(signature) == ed25519.SignatureSize &&
		ed25519.Verify(public, append([]byte(signatureDomain), hash[:]...), signature)
}

// Seal encodes, hashes and signs e, which follows the entry with hash prev.
func Seal(key ed25519.PrivateKey, prev [32]byte, e terminal.Entry) (Sealed, error) {
	raw, err := Encode(e)
	if err != nil {
		return Sealed{}, err
	}
	hash := Hash(prev, raw)
	return Sealed{Bytes: raw, Hash: hash, Signature: Sign(key, hash)}, nil
}

// Place is where a chain stands: what its last entry was. Start makes the place before the first.
type Place struct {
	Epoch   uint32
	Seq     uint64
	Hash    [32]byte
	Receipt uint64 // the last receipt number of this epoch
}

// Start is the place before a terminal's first entry.
func Start(public ed25519.PublicKey) Place {
	return Place{Epoch: 1, Hash: Genesis(public)}
}

// BadEntry names the first entry of a chain that is not as its terminal wrote it.
type BadEntry struct {
	Seq     uint64 // the place in the chain where it stands, whatever the entry itself says
	Problem string
	Err     error // the cause, where there is one below
}

// Error is one sentence.
func (b *BadEntry) Error() string {
	if b.Err != nil {
		return fmt.Sprintf("journal entry %d %s: %v", b.Seq, b.Problem, b.Err)
	}
	return fmt.Sprintf("journal entry %d %s", b.Seq, b.Problem)
}

// Unwrap returns the cause.
func (b *BadEntry) Unwrap() error { return b.Err }

// Follow checks that s follows place p in everything but its signature (hash, encoding, numbering of entry, epoch and receipt)
// and returns the place after it. The error is a *BadEntry.
func (p Place) Follow(s Sealed) (Place, terminal.Entry, error) {
	if err := p.holds(s); err != nil { // before it is read: what was changed is not worth a guess at what it says
		return p, terminal.Entry{}, err
	}
	r := s.read()
	next, err := p.follow(r)
	if err != nil {
		return p, terminal.Entry{}, err
	}
	return next, r.Entry, nil
}

// Read is a sealed entry with what it says, or why that cannot be read.
type Read struct {
	Sealed
	Entry terminal.Entry
	Err   error
}

func (s Sealed) read() Read {
	e, err := Decode(s.Bytes)
	return Read{s, e, err}
}

// ReadBatch reads entries without checking that they are anybody's.
func ReadBatch(batch []Sealed) []Read {
	all := make([]Read, len(batch))
	for i, s := range batch {
		all[i] = s.read()
	}
	return all
}

// holds checks the hash of an entry that follows place p.
func (p Place) holds(s Sealed) error {
	if Hash(p.Hash, s.Bytes) != s.Hash {
		return &BadEntry{Seq: p.Seq + 1, Problem: "was changed, or the one before it: its hash does not match"}
	}
	return nil
}

// follow is Follow for an entry that holds and was read.
func (p Place) follow(r Read) (Place, error) {
	bad := func(problem string, err error) (Place, error) {
		return p, &BadEntry{Seq: p.Seq + 1, Problem: problem, Err: err}
	}
	if r.Err != nil {
		return bad("cannot be read", r.Err)
	}
	s, e := r.Sealed, r.Entry
	next := Place{Epoch: e.Epoch, Seq: e.Seq, Hash: s.Hash, Receipt: p.Receipt}
	switch {
	case e.Seq != p.Seq+1:
		return bad(fmt.Sprintf("calls itself %d", e.Seq), nil)
	case e.Epoch != p.Epoch && (e.Kind != terminal.EntryEpoch || e.Epoch != p.Epoch+1):
		return bad(fmt.Sprintf("is of epoch %d after epoch %d", e.Epoch, p.Epoch), nil)
	case e.UID.IsZero():
		return bad("has no uid", nil)
	}
	if e.Epoch != p.Epoch {
		next.Receipt = 0
	}
	if number := e.Receipt.Number; number != 0 {
		if number != next.Receipt+1 {
			return bad(fmt.Sprintf("has receipt number %d after %d", number, next.Receipt), nil)
		}
		next.Receipt = number
	}
	return next, nil
}

// VerifyChain checks sealed entries one after the other from a place on: everything that Follow checks, and each signature. It
// returns the place after the last good entry, and a *BadEntry for the first bad one, or the error that sealed yielded. It holds
// one entry at a time.
func VerifyChain(public ed25519.PublicKey, from Place, sealed iter.Seq2[Sealed, error]) (Place, error) {
	place := from
	for s, err := range sealed {
		if err != nil {
			return place, err
		}
		next, _, err := place.Follow(s)
		if err != nil {
			return place, err
		}
		if !Verify(public, s.Hash, s.Signature) {
			return place, &BadEntry{Seq: next.Seq, Problem: "is not signed by this terminal's key"}
		}
		place = next
	}
	return place, nil
}

// VerifyBatch checks a batch as a server does: every hash, and one signature, the last one's, which covers all before it through
// the hashes. It returns the places after each entry of the longest prefix that verifies, and a *BadEntry for what comes then.
func VerifyBatch(public ed25519.PublicKey, from Place, batch []Read) (places []Place, bad error) {
	at := from
	for _, r := range batch {
		if bad = at.holds(r.Sealed); bad == nil {
			at, bad = at.follow(r)
		}
		if bad != nil {
			break
		}
		places = append(places, at)
	}
	// A prefix that ends in a bad signature is cut back to the newest entry whose signature holds.
	for n := len(places); n > 0 && !Verify(public, batch[n-1].Hash, batch[n-1].Signature); n-- {
		bad = &BadEntry{Seq: places[n-1].Seq, Problem: "is not signed by this terminal's key"}
		places = places[:n-1]
	}
	return places, bad
}
