package token

import (
	"crypto/ed25519"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"countersign/terminal"
)

// good is a product voucher's claims.
func good() Claims {
	return Claims{IssuedAt: noon.Add(-time.Hour), Token: terminal.Token{
		Voucher: 0x1122334455667788, Campaign: "a-product", Kind: terminal.KindProduct, Units: 1,
		NotBefore: noon.Add(-time.Hour), Expires: noon.Add(24*time.Hour - time.Second)}}
}

func sign(t testing.TB, f *fixture, claims Claims, kid string) string {
	t.Helper()
	text, err := Sign(claims, f.keys[kid], kid, f.merchant)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// described is the claims of a token that Sign made, as the file shows them.
func described(c Claims, merchant string) *vectorClaims {
	wire := toWire(c, merchant)
	claims := &vectorClaims{Issuer: merchant, Expires: wire.Expires, NotBefore: wire.NotBefore, IssuedAt: *wire.IssuedAt,
		Voucher: hexOf(wire.Voucher), Campaign: c.Campaign, Kind: string(c.Kind), Units: wire.Units, Amount: wire.Amount, Store: c.Store}
	if wire.Currency != nil {
		claims.Currency = *wire.Currency
	}
	return claims
}

func hexOf(raw []byte) string {
	return strings.TrimPrefix(terminal.VoucherID(binary.BigEndian.Uint64(raw)).String(), "v")
}

// goodVectors are genuine tokens, and what is wrong with the vouchers that they stand for.
func (f *fixture) goodVectors(t testing.TB) []vector {
	var all []vector
	add := func(name, kid, verdict string, change func(c *Claims, v *vector)) {
		claims, v := good(), vector{Name: name, Key: kid, At: noon, Verdict: verdict}
		change(&claims, &v)
		v.Token, v.Claims = sign(t, f, claims, kid), described(claims, f.merchant)
		all = append(all, v)
	}
	for i, kind := range terminal.Kinds {
		verdict := "approved"
		if kind == terminal.KindPickup {
			verdict = "not_found" // its lines are in the row alone
		}
		add("kind "+string(kind), "k-live", verdict, func(c *Claims, _ *vector) {
			c.Kind, c.Campaign, c.Voucher = kind, "a-"+string(kind), terminal.VoucherID(0x1000+i)
			switch kind {
			case terminal.KindPass:
				c.Units = 10
			case terminal.KindBalance:
				c.Units, c.Currency = 5000, "EUR"
			}
		})
	}
	nothing := func(*Claims, *vector) {}
	add("without an end and a beginning", "k-live", "approved", func(c *Claims, _ *vector) { c.NotBefore, c.Expires = time.Time{}, time.Time{} })
	add("for this store", "k-live", "approved", func(c *Claims, _ *vector) { c.Store = f.store })
	add("for another store", "k-live", "wrong_store", func(c *Claims, _ *vector) { c.Store = "hill" })
	add("in its last second", "k-live", "approved", func(c *Claims, v *vector) { v.At = c.Expires.Add(time.Second - 1) })
	add("a moment too late", "k-live", "expired", func(c *Claims, v *vector) { v.At = c.Expires.Add(time.Second) })
	add("at its first moment", "k-live", "approved", func(c *Claims, v *vector) { v.At = c.NotBefore })
	add("a moment too early", "k-live", "not_yet_valid", func(c *Claims, v *vector) { v.At = c.NotBefore.Add(-1) })
	add("issued in the near future, by a clock that is ahead", "k-live", "approved", func(c *Claims, v *vector) {
		c.NotBefore, c.IssuedAt = time.Time{}, noon.Add(4*time.Minute)
	})
	add("issued in the future", "k-live", "not_yet_valid", func(c *Claims, v *vector) {
		c.NotBefore, c.IssuedAt = time.Time{}, noon.Add(time.Hour)
	})
	add("honoured here before", "k-live", "already_redeemed", func(_ *Claims, v *vector) { v.Used = true })
	add("a pass of one, used up here", "k-live", "uses_exhausted", func(c *Claims, v *vector) {
		c.Kind, c.Campaign, c.Units, v.Used = terminal.KindPass, "a-pass", 1, true
	})
	add("its row is known", "k-live", "approved", func(_ *Claims, v *vector) { v.Row = "active" })
	add("on the deny list", "k-live", "revoked", func(_ *Claims, v *vector) { v.Row = "revoked" })
	add("refunded", "k-live", "refunded", func(_ *Claims, v *vector) { v.Row = "refunded" })
	add("disabled", "k-live", "disabled", func(_ *Claims, v *vector) { v.Row = "disabled" })
	add("a paused campaign", "k-live", "campaign_paused", func(c *Claims, _ *vector) { c.Campaign = "asleep" })
	add("a campaign that the cache does not have", "k-live", "not_found", func(c *Claims, _ *vector) { c.Campaign = "unheard-of" })
	add("a campaign that the cache has lost, honoured here before", "k-live", "already_redeemed", func(c *Claims, v *vector) {
		c.Campaign, v.Used = "unheard-of", true
	})
	add("a campaign of another kind", "k-live", "not_found", func(c *Claims, _ *vector) { c.Campaign = "a-discount" })
	add("a balance in another currency than its campaign's", "k-live", "not_found", func(c *Claims, _ *vector) {
		c.Kind, c.Campaign, c.Units, c.Currency = terminal.KindBalance, "a-balance", 5000, "CHF"
	})
	add("a retired key, issued in its time", "k-old", "approved", func(c *Claims, _ *vector) { c.IssuedAt = noon.Add(-50 * 24 * time.Hour) })
	add("a retired key, issued in its last second", "k-old", "approved", func(c *Claims, _ *vector) { c.IssuedAt = noon.Add(-10 * 24 * time.Hour) })
	add("a retired key, issued after its time", "k-old", "unknown_issuer", func(_ *Claims, v *vector) { v.Cause = "issued_at" })
	add("a key before its time", "k-next", "unknown_issuer", func(_ *Claims, v *vector) { v.Cause = "issued_at" })
	add("a revoked key, issued in its time", "k-stolen", "unknown_issuer", func(c *Claims, v *vector) {
		c.IssuedAt, v.Cause = noon.Add(-50*24*time.Hour), "revoked"
	})
	add("a key that nobody knows", "k-alien", "unknown_issuer", func(_ *Claims, v *vector) { v.Cause = "issuer" })
	add("in small letters", "k-live", "approved", nothing)
	all[len(all)-1].Token = strings.ToLower(all[len(all)-1].Token)
	add("with look-alikes and hyphens", "k-live", "approved", nothing)
	last := &all[len(all)-1]
	last.Token = " " + strings.NewReplacer("0", "O", "1", "l").Replace(last.Token[:40]) + "-" + last.Token[40:] + "\n"
	return all
}

// parts are the four members of a COSE_Sign1, and what is signed besides. Each hostile token spoils one of them.
type parts struct {
	tag         []byte
	protected   []byte
	unprotected []byte
	payload     []byte
	aad         string
	key         ed25519.PrivateKey
	signature   []byte // nil: made by key
}

// raw puts a message together by hand, as RFC 9052 says, without the library that the code uses.
func (p parts) raw() []byte {
	signature := p.signature
	if signature == nil {
		signature = ed25519.Sign(p.key, must(encoding.Marshal([]any{"Signature1", p.protected, []byte(p.aad), p.payload})))
	}
	out := append(append([]byte{}, p.tag...), 0x84)
	out = append(out, must(encoding.Marshal(p.protected))...)
	out = append(out, p.unprotected...)
	out = append(out, must(encoding.Marshal(p.payload))...)
	return append(out, must(encoding.Marshal(signature))...)
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

func bytesOf(value any) []byte { return must(encoding.Marshal(value)) }

// header is a protected header by its labels.
type header map[int]any

func (f *fixture) parts() parts {
	return parts{tag: []byte{0xd2}, protected: bytesOf(header{1: -8, 4: []byte("k-live")}), unprotected: []byte{0xa0},
		payload: bytesOf(toWire(good(), f.merchant)), aad: f.merchant, key: f.keys["k-live"]}
}

// payloadWith is the good claims with some of them changed; nil takes one out.
func (f *fixture) payloadWith(changes map[int]any) []byte {
	claims := map[int]any{}
	if err := cbor.Unmarshal(f.parts().payload, &claims); err != nil {
		panic(err)
	}
	for key, value := range changes {
		if claims[key] = value; value == nil {
			delete(claims, key)
		}
	}
	return bytesOf(claims)
}

// spoilt is one way to spoil a token's parts, and what has to be said of it.
type spoilt struct {
	name, reason, cause string
	spoil               func(p *parts)
}

const (
	campaignKey = -65537 - iota
	kindKey
	unitsKey
	amountKey
	currencyKey
	storeKey
)

// hostileEnvelopes spoil what surrounds the claims.
func (f *fixture) hostileEnvelopes() []spoilt {
	return []spoilt{
		{"signed by another key under a known name", "bad_signature", "signature", func(p *parts) { p.key = f.keys["k-alien"] }},
		{"of another merchant with the same key", "bad_signature", "signature", func(p *parts) { p.aad = "seaside" }},
		{"signed for nobody", "bad_signature", "signature", func(p *parts) { p.aad = "" }},
		{"a signature of zeros", "bad_signature", "signature", func(p *parts) { p.signature = make([]byte, 64) }},
		{"a payload changed after it was signed", "bad_signature", "signature", func(p *parts) {
			p.signature = ed25519.Sign(p.key, bytesOf([]any{"Signature1", p.protected, []byte(p.aad), p.payload}))
			p.payload = f.payloadWith(map[int]any{7: []byte("\x11\x22\x33\x44\x55\x66\x77\x89")})
		}},
		{"no tag", "malformed_code", "", func(p *parts) { p.tag = nil }},
		{"the tag of a CWT around it", "malformed_code", "", func(p *parts) { p.tag = []byte{0xd8, 0x3d, 0xd2} }},
		{"an unprotected header", "malformed_code", "cbor", func(p *parts) { p.unprotected = bytesOf(header{4: []byte("k-live")}) }},
		{"no signature", "malformed_code", "cbor", func(p *parts) { p.signature = []byte{} }},
		{"a signature that is too short", "malformed_code", "cbor", func(p *parts) { p.signature = make([]byte, 63) }},
		{"no payload", "malformed_code", "cbor", func(p *parts) { p.payload = []byte{} }},
		{"a critical header that nobody knows", "malformed_code", "header", func(p *parts) {
			p.protected = bytesOf(header{1: -8, 2: []any{99}, 4: []byte("k-live"), 99: 1})
		}},
		{"a critical header that is known", "malformed_code", "header", func(p *parts) {
			p.protected = bytesOf(header{1: -8, 2: []any{4}, 4: []byte("k-live")})
		}},
		{"another algorithm", "malformed_code", "header", func(p *parts) { p.protected = bytesOf(header{1: -7, 4: []byte("k-live")}) }},
		{"no algorithm", "malformed_code", "header", func(p *parts) { p.protected = bytesOf(header{4: []byte("k-live")}) }},
		{"no key named", "malformed_code", "header", func(p *parts) { p.protected = bytesOf(header{1: -8}) }},
		{"a key's name that is text", "malformed_code", "cbor", func(p *parts) { p.protected = bytesOf(header{1: -8, 4: "k-live"}) }},
		{"a header out of order", "malformed_code", "header", func(p *parts) {
			p.protected = append([]byte{0xa2, 0x04, 0x46}, append([]byte("k-live"), 0x01, 0x27)...)
		}},
		{"a header twice", "malformed_code", "header", func(p *parts) {
			p.protected = append([]byte{0xa3, 0x01, 0x27, 0x01, 0x27, 0x04, 0x46}, "k-live"...)
		}},
		{"an empty header", "malformed_code", "header", func(p *parts) { p.protected = []byte{} }},
	}
}

// hostileClaims spoil what an issuer signs: an issuer with a fault, or in other hands.
func (f *fixture) hostileClaims() []spoilt {
	var all []spoilt
	add := func(name string, payload []byte) {
		all = append(all, spoilt{name, "malformed_code", "claims", func(p *parts) { p.payload = payload }})
	}
	change := func(name string, changes map[int]any) { add(name, f.payloadWith(changes)) }
	all = append(all, spoilt{"issued in another merchant's name", "unknown_issuer", "merchant", func(p *parts) {
		p.payload = f.payloadWith(map[int]any{1: "seaside"})
	}})
	change("no kind", map[int]any{kindKey: nil})
	change("kind 0", map[int]any{kindKey: 0})
	change("a kind that there is not", map[int]any{kindKey: 7})
	change("a kind as text", map[int]any{kindKey: "product"})
	change("no voucher id", map[int]any{7: nil})
	change("a voucher id of 7 bytes", map[int]any{7: []byte("1234567")})
	change("voucher id 0", map[int]any{7: make([]byte, 8)})
	change("no time of issue", map[int]any{6: nil})
	change("a time of issue that is null", map[int]any{6: cbor.RawMessage{0xf6}})
	change("times as floats", map[int]any{6: 1772362800.5})
	change("a time beyond year 9999", map[int]any{4: int64(253402300800)})
	change("a time before 1970", map[int]any{5: -1})
	change("no campaign", map[int]any{campaignKey: ""})
	change("a campaign with a line break", map[int]any{campaignKey: "a\nb"})
	change("units of a product", map[int]any{unitsKey: 2})
	change("an amount of a product", map[int]any{amountKey: 2, currencyKey: "EUR"})
	change("a pass without units", map[int]any{kindKey: 2})
	change("a pass of no units", map[int]any{kindKey: 2, unitsKey: 0})
	change("a pass of negative units", map[int]any{kindKey: 2, unitsKey: -1})
	change("a pass of more units than can be counted", map[int]any{kindKey: 2, unitsKey: uint64(1) << 63})
	change("a balance without a currency", map[int]any{kindKey: 3, amountKey: 100})
	change("a balance in small letters", map[int]any{kindKey: 3, amountKey: 100, currencyKey: "eur"})
	change("a store that is empty", map[int]any{storeKey: ""})
	change("a store that is null", map[int]any{storeKey: cbor.RawMessage{0xf6}})
	change("a claim that nobody knows", map[int]any{100: 1})
	whole := f.parts().payload
	add("claims of indefinite length", append(append([]byte{0xbf}, whole[1:]...), 0xff))
	add("a number written longer than it needs", []byte(strings.Replace(string(whole), "\x3a\x00\x01\x00\x01\x01", "\x3a\x00\x01\x00\x01\x18\x01", 1)))
	add("claims out of order", append([]byte{whole[0]}, append(append([]byte{}, whole[11:]...), whole[1:11]...)...))
	add("a claim twice", append(append([]byte{whole[0] + 1}, whole[1:11]...), whole[1:]...))
	add("bytes behind the claims", append(append([]byte{}, whole...), 0xa0))
	add("an array", bytesOf([]int{1, 2, 3}))
	return all
}

// hostileVectors are texts that no terminal may honour, each for one cause.
func (f *fixture) hostileVectors(t testing.TB) []vector {
	var all []vector
	add := func(name, text, reason, cause string) {
		all = append(all, vector{Name: name, Token: text, At: noon, Verdict: reason, Cause: cause})
	}
	for _, s := range append(f.hostileEnvelopes(), f.hostileClaims()...) {
		p := f.parts()
		s.spoil(&p)
		add(s.name, encodeSymbols(p.raw()), s.reason, s.cause)
	}
	whole := f.parts().raw()
	text := encodeSymbols(whole)
	add("bytes behind it", encodeSymbols(append(append([]byte{}, whole...), 0)), "malformed_code", "cbor")
	long := append([]byte{0xd2, 0x84, 0x58, byte(len(f.parts().protected))}, whole[3:]...)
	add("a length written longer than it needs", encodeSymbols(long), "malformed_code", "cbor")
	add("an array of indefinite length", encodeSymbols(append(append([]byte{0xd2, 0x9f}, whole[2:]...), 0xff)), "malformed_code", "")
	add("pad bits that are not zero", padded(text), "malformed_code", "symbols")
	add("a symbol too many", text+"0", "malformed_code", "symbols")
	add("its last symbol cut off", text[:len(text)-1], "malformed_code", "cbor")
	add("cut off at 65 symbols", text[:65], "malformed_code", "symbols")
	add("cut off in the middle", text[:len(text)/8*4], "malformed_code", "cbor")
	add("a letter that is no symbol", text[:80]+"U"+text[81:], "malformed_code", "symbols")
	big := f.parts()
	big.payload = f.payloadWith(map[int]any{1: strings.Repeat("x", 1100)})
	add("more than 1 KiB", encodeSymbols(big.raw()), "malformed_code", "size")
	add("4 KiB of rubbish that begins like a token", text[:3]+strings.Repeat("Z", 4093), "malformed_code", "size")
	add("4 KiB of rubbish", strings.Repeat("8", 4096), "malformed_code", "")
	add("nothing", "", "malformed_code", "")
	return all
}

// padded sets a pad bit of a text.
func padded(text string) string {
	at := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + string(alphabet[at|1])
}
