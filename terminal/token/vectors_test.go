package token

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/terminal"
)

// makeVectors writes testdata/vectors.json anew: go test ./terminal/token -run TestVectors -make-vectors.
var makeVectors = flag.Bool("make-vectors", false, "write testdata/vectors.json anew")

const vectorsFile = "testdata/vectors.json"

// vectorFile is testdata/vectors.json. Binary values are hexadecimal.
type vectorFile struct {
	About     []string         `json:"about"`
	Merchant  string           `json:"merchant"`
	Store     string           `json:"store"`
	LookupKey string           `json:"lookup_key"`
	Keys      []vectorKey      `json:"keys"`
	Campaigns []vectorCampaign `json:"campaigns"`
	Vectors   []vector         `json:"vectors"`
}

// vectorKey is a key that the trust list holds, or one that it does not (state "unlisted").
type vectorKey struct {
	KID    string     `json:"kid"`
	Seed   string     `json:"seed"`
	Public string     `json:"public"`
	From   time.Time  `json:"from"`
	Until  *time.Time `json:"until,omitempty"`
	State  string     `json:"state"`
}

type vectorCampaign struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Currency string `json:"currency"`
	Paused   bool   `json:"paused,omitempty"`
}

// vector is one token and what a terminal that is alone says of it.
type vector struct {
	Name    string        `json:"name"`
	Key     string        `json:"key,omitempty"` // that signed it
	Claims  *vectorClaims `json:"claims,omitempty"`
	Token   string        `json:"token"`
	At      time.Time     `json:"at"`                // the terminal's time
	Row     string        `json:"row,omitempty"`     // what the cache has: nothing, or a row in this state
	Used    bool          `json:"used,omitempty"`    // this terminal has honoured all of it
	Verdict string        `json:"verdict"`           // approved, ask, or the reason of the decline
	Cause   string        `json:"cause,omitempty"`   // of malformed_code, bad_signature and unknown_issuer
	Voucher string        `json:"voucher,omitempty"` // of what could be read: its id, lookup and inner
	Lookup  string        `json:"lookup,omitempty"`
	Inner   string        `json:"inner,omitempty"`
}

// vectorClaims are the claims as the token says them; times are seconds since 1970.
type vectorClaims struct {
	Issuer    string `json:"iss"`
	Expires   *int64 `json:"exp,omitempty"`
	NotBefore *int64 `json:"nbf,omitempty"`
	IssuedAt  int64  `json:"iat"`
	Voucher   string `json:"cti"`
	Campaign  string `json:"campaign"`
	Kind      string `json:"kind"`
	Units     *int64 `json:"units,omitempty"`
	Amount    *int64 `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Store     string `json:"store,omitempty"`
}

// fixture is the shop of the vectors.
type fixture struct {
	merchant, store string
	lookupKey       []byte
	keys            map[string]ed25519.PrivateKey
	issuers         []Issuer
	campaigns       []terminal.Campaign
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keyOf makes the same key for a name each time.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("countersign vectors " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func newFixture() *fixture {
	lookup := sha256.Sum256([]byte("countersign vectors lookup key"))
	f := &fixture{merchant: "lakeside", store: "quay", lookupKey: lookup[:], keys: map[string]ed25519.PrivateKey{}}
	day := 24 * time.Hour
	for _, issuer := range []Issuer{
		{ID: "k-live", From: noon.Add(-10 * day)},
		{ID: "k-old", From: noon.Add(-100 * day), Until: noon.Add(-10 * day)},
		{ID: "k-next", From: noon.Add(10 * day)},
		{ID: "k-stolen", From: noon.Add(-100 * day), Until: noon.Add(-20 * day), Revoked: true},
	} {
		f.keys[issuer.ID] = keyOf(issuer.ID)
		issuer.Key = f.keys[issuer.ID].Public().(ed25519.PublicKey)
		f.issuers = append(f.issuers, issuer)
	}
	f.keys["k-alien"] = keyOf("k-alien")
	price := &terminal.Money{Minor: 1500, Currency: "EUR"}
	for _, kind := range terminal.Kinds {
		f.campaigns = append(f.campaigns, terminal.Campaign{ID: "a-" + string(kind), Kind: kind, Currency: "EUR",
			State: terminal.CampaignLive, Price: price, Discount: &terminal.Discount{Amount: &terminal.Money{Minor: 500, Currency: "EUR"}}})
	}
	f.campaigns = append(f.campaigns, terminal.Campaign{ID: "asleep", Kind: terminal.KindProduct, Currency: "EUR",
		State: terminal.CampaignPaused, Price: price})
	return f
}

// reader is the fixture's terminal's.
func (f *fixture) reader() *Reader {
	return &Reader{LookupKey: f.lookupKey, Merchant: f.merchant, Issuers: func() []Issuer { return f.issuers }}
}

// counter is a terminal that is alone: no cloud answers, and its cache and journal hold what one vector says.
type counter struct {
	terminal.Cache
	terminal.Journal
	terminal.Authority
	f    *fixture
	rows map[terminal.Lookup]terminal.VoucherState
	used bool
}

func (c *counter) Find(_ context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	state, ok := c.rows[lookups[0]]
	if !ok {
		return terminal.Row{}, terminal.ErrUnknown
	}
	return terminal.Row{Campaign: c.f.campaigns[0], Voucher: terminal.Voucher{
		ID: 1, Lookup: lookups[0], Campaign: c.f.campaigns[0].ID, State: state, Units: 1}}, nil
}

// Campaign has the method's name in terminal.Cache.
func (c *counter) Campaign(_ context.Context, id string) (terminal.Campaign, error) {
	for _, campaign := range c.f.campaigns {
		if campaign.ID == id {
			return campaign, nil
		}
	}
	return terminal.Campaign{}, terminal.ErrUnknown
}

func (c *counter) Settings(context.Context) (terminal.Settings, error) {
	return terminal.Settings{Terminal: "counter-1", Merchant: terminal.Merchant{ID: c.f.merchant, Currency: "EUR"},
		Store: terminal.Store{ID: c.f.store, Zone: "UTC"}}, nil
}

func (c *counter) Operators(context.Context) ([]terminal.Operator, error) { return nil, nil }

func (c *counter) Freshness(context.Context) (terminal.Freshness, error) {
	return terminal.Freshness{ReachedEnd: noon}, nil
}

func (c *counter) Use(context.Context, terminal.VoucherID, string, uint64) (terminal.Use, error) {
	if c.used {
		return terminal.Use{Net: 1, After: 1, Last: &terminal.LastUse{At: noon, Store: c.f.store, Terminal: "counter-1"}}, nil
	}
	return terminal.Use{}, nil
}

func (c *counter) Ask(context.Context, []terminal.Lookup) (terminal.Row, error) {
	return terminal.Row{}, terminal.ErrNoAnswer
}

func (c *counter) Read() terminal.Reading {
	return terminal.Reading{Wall: noon, Lower: noon, Upper: noon}
}

// judge says what a terminal makes of a vector: its verdict, and of a token that it cannot read the cause.
func (f *fixture) judge(t *testing.T, v vector) (verdict, cause string) {
	t.Helper()
	shop := &counter{f: f, rows: map[terminal.Lookup]terminal.VoucherState{}, used: v.Used}
	reader := f.reader()
	scan := terminal.Scan{Code: v.Token, Source: terminal.SourcePicture}
	if v.Row != "" {
		presented, finding := reader.Read(scan)
		if finding != nil {
			t.Fatalf("%s: a row for a token that cannot be read: %v", v.Name, finding)
		}
		shop.rows[presented.Candidates[0].Lookup] = terminal.VoucherState(v.Row)
	}
	counter := terminal.New(terminal.Parts{Codes: reader, Cache: shop, Journal: shop, Authority: shop, Clock: shop})
	one := int64(1)
	outcome, err := counter.Check(t.Context(), terminal.Request{Scans: []terminal.Scan{scan}, Units: unitsFor(v, &one),
		Amount: &terminal.Money{Minor: 100, Currency: "EUR"}, Bill: &terminal.Money{Minor: 10000, Currency: "EUR"}},
		&terminal.Reading{Wall: v.At, Lower: v.At, Upper: v.At})
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	switch outcome.Choice {
	case terminal.Approved:
		return "approved", ""
	case terminal.Asking:
		return "ask", ""
	}
	cause, _ = outcome.Findings[0].Facts["cause"].(string)
	return string(outcome.Findings[0].Reason), cause
}

func unitsFor(v vector, units *int64) *int64 {
	if v.Claims != nil && v.Claims.Kind == string(terminal.KindPass) {
		return units
	}
	return nil
}

// describe fills in what can be read of a vector.
func (f *fixture) describe(v *vector) {
	presented, finding := f.reader().Read(terminal.Scan{Code: v.Token, Source: terminal.SourcePicture})
	v.Voucher, v.Lookup, v.Inner = "", "", ""
	if finding == nil && presented.Token != nil {
		v.Voucher = presented.Token.Voucher.String()
		v.Lookup = presented.Candidates[0].Lookup.String()
		v.Inner = hex.EncodeToString(presented.Candidates[0].Inner[:])
	}
}

// file is the whole of the vectors.
func (f *fixture) file(t *testing.T) vectorFile {
	t.Helper()
	file := vectorFile{
		About: []string{
			"Signed tokens of Countersign and what a terminal without a line says of them. Any implementation should agree.",
			"A token is a COSE_Sign1 (RFC 9052) with external_aad = the merchant's id, in Crockford Base32.",
			"lookup = first 16 bytes of HMAC-SHA-256(lookup_key, \"id\" || cti); inner = HMAC-SHA-256(lookup_key, \"shown\" || token).",
			"A key counts for tokens whose iat lies within from and until; under a revoked one none does; an unlisted one is not known.",
			"Where row is given the cache holds the voucher in that state, else it has never seen it.",
		},
		Merchant: f.merchant, Store: f.store, LookupKey: hex.EncodeToString(f.lookupKey),
	}
	for _, issuer := range f.issuers {
		key := vectorKey{KID: issuer.ID, Seed: hex.EncodeToString(f.keys[issuer.ID].Seed()), Public: hex.EncodeToString(issuer.Key),
			From: issuer.From, State: "live"}
		if !issuer.Until.IsZero() {
			key.Until, key.State = &issuer.Until, "retired"
		}
		if issuer.Revoked {
			key.State = "revoked"
		}
		file.Keys = append(file.Keys, key)
	}
	alien := f.keys["k-alien"]
	file.Keys = append(file.Keys, vectorKey{KID: "k-alien", Seed: hex.EncodeToString(alien.Seed()),
		Public: hex.EncodeToString(alien.Public().(ed25519.PublicKey)), From: noon, State: "unlisted"})
	for _, campaign := range f.campaigns {
		file.Campaigns = append(file.Campaigns, vectorCampaign{ID: campaign.ID, Kind: string(campaign.Kind), Currency: campaign.Currency,
			Paused: campaign.State == terminal.CampaignPaused})
	}
	file.Vectors = append(f.goodVectors(t), f.hostileVectors(t)...)
	for i := range file.Vectors {
		f.describe(&file.Vectors[i])
	}
	return file
}

// If an issuer's or another program's tokens differed from ours by one bit or one verdict, a genuine voucher would be turned away, or
// a forged one honoured. The file in testdata is the published truth; this code must agree with every line of it.
func TestVectors(t *testing.T) {
	f := newFixture()
	if *makeVectors {
		text, err := json.MarshalIndent(f.file(t), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorsFile, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, v := range file.Vectors {
		told[v.Verdict], told[v.Cause] = true, true
		verdict, cause := f.judge(t, v)
		if verdict != v.Verdict || cause != v.Cause {
			t.Errorf("%s: %s (%s), want %s (%s)", v.Name, verdict, cause, v.Verdict, v.Cause)
		}
		again := v
		if f.describe(&again); again != v {
			t.Errorf("%s: it reads as %+v, want %+v", v.Name, again, v)
		}
	}
	for _, needed := range []string{"approved", "malformed_code", "bad_signature", "unknown_issuer", "not_found", "revoked", "refunded", "disabled",
		"campaign_paused", "already_redeemed", "uses_exhausted", "expired", "not_yet_valid", "wrong_store",
		"symbols", "size", "cbor", "header", "claims", "signature", "issuer", "revoked", "issued_at", "merchant"} {
		if !told[needed] {
			t.Errorf("no vector tells of %s", needed)
		}
	}
}

// If this code made other tokens than the file holds, tokens of two releases would not have the same text, and a proof made by one
// would not be a proof for the other.
func TestVectorsAreWhatIsMadeToday(t *testing.T) {
	want, err := json.MarshalIndent(newFixture().file(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(got)) != string(want) {
		t.Error("testdata/vectors.json is not what this code makes: was that meant? Then run with -make-vectors and say so in the commit")
	}
}

// patternsOf compiles extract patterns.
func patternsOf(patterns ...string) func() []*regexp.Regexp {
	var compiled []*regexp.Regexp
	for _, pattern := range patterns {
		compiled = append(compiled, regexp.MustCompile(pattern))
	}
	return func() []*regexp.Regexp { return compiled }
}
