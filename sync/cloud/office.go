package cloud

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// Office is the merchant's side of a cloud: what the commands of countersign-cloud do, on the database itself (NewOffice) or over the
// network (package remote). Errors are ErrUnknown, ErrNameTaken, ErrWhichMachine, ErrInvalid, or faults of the machine or the line.
type Office interface {
	Merchants(ctx context.Context) ([]terminal.Merchant, error)
	Stores(ctx context.Context, merchant string) ([]terminal.Store, error)
	Campaigns(ctx context.Context, merchant string) ([]terminal.Campaign, error)
	Apply(ctx context.Context, c Catalogue) ([]Change, error)
	Pause(ctx context.Context, merchant, campaign string, stores []string, paused bool) (bool, error)
	SetVoucherState(ctx context.Context, merchant string, ids []terminal.VoucherID, state terminal.VoucherState, at time.Time) (int, error)
	Terminals(ctx context.Context, merchant string) ([]TerminalReport, error)
	Suspend(ctx context.Context, merchant, store, name string, suspended bool) (bool, error)
	Readmit(ctx context.Context, merchant, store, name, machine string) (bool, error)
	Redemptions(ctx context.Context, filter RedemptionFilter, yield func(Redemption) error) error
	Exceptions(ctx context.Context, merchant string, openOnly bool) ([]api.Exception, error)
	// Leases lists what is reserved to terminals; WriteOffLease ends one of a terminal that will not be heard again. Of one that was heard just
	// now it answers *LeaseInUse, unless anyway.
	Leases(ctx context.Context, merchant string) ([]LeaseReport, error)
	WriteOffLease(ctx context.Context, merchant, id string, anyway bool, at time.Time) error

	Hub(ctx context.Context, merchant, store string) (Hub, error)
	AppointHub(ctx context.Context, hub Hub) (appointed Hub, changed bool, err error)

	// Issue issues vouchers. keep gets them with their codes, which are nowhere else, as soon as they are known: before anything is
	// stored, where that is possible. It also gets those that were issued before an error.
	Issue(ctx context.Context, order IssueOrder, keep func([]Issued) error) error
	// Import takes over the vouchers of a CSV file; see ReadImport. Where a row is bad nothing is taken, unless skip.
	Import(ctx context.Context, merchant, campaign string, file io.Reader, names map[string]string, skip bool) (Imported, error)
	// InviteTerminals makes join codes.
	InviteTerminals(ctx context.Context, order InviteOrder) ([]Invited, error)

	// KeyReports lists the keys that sign the merchant's tokens, the newest first.
	KeyReports(ctx context.Context, merchant string) ([]KeyReport, error)
	// RotateKey makes a key that signs after a while, and ends the one before it then.
	RotateKey(ctx context.Context, merchant string, after time.Duration) (KeyReport, error)
	// EndKey retires or revokes a key, and reports whether that changed anything.
	EndKey(ctx context.Context, merchant, kid string, state api.TrustedKeyState) (bool, error)

	Webhooks(ctx context.Context, merchant string) ([]Webhook, error)
	// AddWebhook adds an address that is told of events, or of all where there are none.
	AddWebhook(ctx context.Context, merchant, url string, events []string) (MadeWebhook, error)
	// RotateWebhook makes a new secret and returns it; the one before signs too for a day.
	RotateWebhook(ctx context.Context, merchant, id string) (secret string, err error)
	RemoveWebhook(ctx context.Context, merchant, id string) error
	// EnableWebhook lets a disabled webhook be told again, and reports whether that changed anything.
	EnableWebhook(ctx context.Context, merchant, id string) (bool, error)
	// TestWebhook has an event of its own sent to a webhook and returns the delivery's id.
	TestWebhook(ctx context.Context, merchant, id string) (delivery string, err error)
}

// ErrInvalid says that what was asked for does not fit together; the error around it says why.
var ErrInvalid = errors.New("that cannot be")

// IssueOrder says which vouchers to issue.
type IssueOrder struct {
	Merchant string
	Campaign string
	Facts    Facts
	Count    int
	Token    bool // as signed tokens
}

// Imported is what an import did.
type Imported struct {
	Stored    int
	Campaigns []string // those of the rows that could be stored
	Bad       []RowError
}

// Of names the campaigns; asked where there are none.
func (i Imported) Of(asked string) string {
	if len(i.Campaigns) == 0 {
		return asked
	}
	return strings.Join(i.Campaigns, ", ")
}

// InviteOrder says which join codes to make.
type InviteOrder struct {
	Merchant, Store string
	Terminal        string // its name; "" lets the cloud number it
	Count           int
	Life            time.Duration
	PublicURL       string // what terminals call; "" for what serve recorded
}

// Invited is a join code.
type Invited struct {
	Code      string    `json:"code"`
	Merchant  string    `json:"merchant"`
	Store     string    `json:"store"`
	Terminal  string    `json:"terminal,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
}

// KeyReport is a key that signs tokens, as people are told of it.
type KeyReport struct {
	ID       string              `json:"id"`
	Merchant string              `json:"merchant"`
	State    api.TrustedKeyState `json:"state"`
	From     time.Time           `json:"from"`
	Until    *time.Time          `json:"until"`
	Signs    bool                `json:"signs"` // new tokens, now
	Public   []byte              `json:"public"`
}

// ErrNoPublicURL says that nobody knows yet what terminals call.
var ErrNoPublicURL = errors.New("nobody knows yet what terminals call: start countersign-cloud serve once on this data folder, or give --public-url")

// office is the Office on a Storage.
type office struct{ Storage }

// NewOffice returns the merchant's side of a storage.
func NewOffice(s Storage) Office { return office{s} }

func (o office) campaign(ctx context.Context, merchant, id string) (terminal.Campaign, error) {
	all, err := o.Campaigns(ctx, merchant)
	if err != nil {
		return terminal.Campaign{}, err
	}
	for _, campaign := range all {
		if campaign.ID == id {
			return campaign, nil
		}
	}
	return terminal.Campaign{}, fmt.Errorf("campaign %s: %w", id, ErrUnknown)
}

// CampaignZone is the time zone of all stores that a campaign is for, or nil where they are in several.
func CampaignZone(ctx context.Context, o Office, merchant string, campaign terminal.Campaign) (zone *time.Location, err error) {
	stores, err := o.Stores(ctx, merchant)
	if err != nil {
		return nil, err
	}
	for _, store := range stores {
		if stores := campaign.Rules.Stores; len(stores) > 0 && !slices.Contains(stores, store.ID) {
			continue
		}
		location, err := store.Location()
		if err != nil {
			return nil, err
		}
		if zone != nil && zone.String() != location.String() {
			return nil, nil
		}
		zone = location
	}
	return zone, nil
}

// knowsStore refuses a store that the merchant does not have: what is for it alone could be used nowhere. "" is every one.
func (o office) knowsStore(ctx context.Context, merchant, id string) error {
	if id == "" {
		return nil
	}
	stores, err := o.Stores(ctx, merchant)
	if err != nil {
		return err
	}
	known := []string{}
	for _, store := range stores {
		known = append(known, store.ID)
	}
	if slices.Contains(known, id) {
		return nil
	}
	return fmt.Errorf("%w: there is no store %s; there is: %s", ErrInvalid, id, strings.Join(known, ", "))
}

// Issue implements Office. The codes are kept before anything is stored: a voucher whose code nobody has is worth nothing.
func (o office) Issue(ctx context.Context, order IssueOrder, keep func([]Issued) error) error {
	campaign, err := o.campaign(ctx, order.Merchant, order.Campaign)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	if _, err := Draft(campaign, order.Facts, now); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := o.knowsStore(ctx, order.Merchant, order.Facts.Store); err != nil {
		return err
	}
	var vouchers []Issued
	if order.Token {
		narrowed := campaign
		if order.Facts.Store != "" {
			narrowed.Rules.Stores = []string{order.Facts.Store}
		}
		zone, err := CampaignZone(ctx, o, order.Merchant, narrowed)
		if err != nil {
			return err
		}
		vouchers, err = PrepareTokens(ctx, o.Storage, order.Merchant, campaign, order.Facts, order.Count, zone, now)
		if errors.Is(err, ErrNoToken) {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		if err != nil {
			return err
		}
	} else if vouchers, err = Prepare(ctx, o.Storage, order.Merchant, campaign, order.Facts, order.Count, rand.Reader, now); err != nil {
		return err
	}
	if err := keep(vouchers); err != nil {
		return err
	}
	return Store(ctx, o.Storage, order.Merchant, vouchers)
}

// Import implements Office.
func (o office) Import(ctx context.Context, merchant, id string, file io.Reader, names map[string]string, skip bool) (done Imported, err error) {
	campaign, err := o.campaign(ctx, merchant, id)
	if err != nil {
		return done, err
	}
	offer, err := o.offers(ctx, merchant, campaign)
	if err != nil {
		return done, err
	}
	rows, bad, err := ReadImportOf(file, offer, names, time.Now().UTC())
	if err != nil {
		return done, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for _, row := range rows {
		if !slices.Contains(done.Campaigns, row.Voucher.Campaign) {
			done.Campaigns = append(done.Campaigns, row.Voucher.Campaign)
		}
	}
	var taken []RowError
	if len(bad) == 0 || skip {
		done.Stored, taken, err = StoreImport(ctx, o.Storage, merchant, rows, skip)
	} else { // all that is wrong with the file is said at once
		taken, err = TakenRows(ctx, o.Storage, merchant, rows)
	}
	done.Bad = append(bad, taken...)
	return done, err
}

// offers finds a merchant's campaigns by their ids; the rows that name none are of campaign.
func (o office) offers(ctx context.Context, merchant string, campaign terminal.Campaign) (ImportOffer, error) {
	all, err := o.Campaigns(ctx, merchant)
	if err != nil {
		return nil, err
	}
	type offer struct {
		campaign terminal.Campaign
		zone     *time.Location
	}
	offers := map[string]offer{}
	for _, each := range all {
		zone, err := CampaignZone(ctx, o, merchant, each)
		if err != nil {
			return nil, err
		}
		offers[each.ID] = offer{each, zone}
	}
	return func(id string) (terminal.Campaign, *time.Location, error) {
		found, ok := offers[cmp.Or(id, campaign.ID)]
		if !ok {
			return found.campaign, nil, fmt.Errorf("there is no campaign %q", id)
		}
		return found.campaign, found.zone, nil
	}, nil
}

// InviteTerminals implements Office.
func (o office) InviteTerminals(ctx context.Context, order InviteOrder) ([]Invited, error) {
	public := order.PublicURL
	if public == "" {
		var err error
		if public, err = o.PublicURL(ctx); err != nil {
			return nil, err
		}
	}
	if public == "" {
		return nil, ErrNoPublicURL
	}
	keys, err := o.Keys(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	made, stored := make([]Invited, order.Count), make([]Invitation, order.Count)
	for n := range made {
		var raw terminal.UID // 128 random bits in 26 symbols
		rand.Read(raw[:])
		code := api.JoinCode{Base: strings.TrimSuffix(public, "/") + "/", Secret: raw.String(),
			RootHash: api.RootHash(keys.Root.Public().(ed25519.PublicKey))}
		made[n] = Invited{Code: code.String(), Merchant: order.Merchant, Store: order.Store, Terminal: order.Terminal, ExpiresAt: now.Add(order.Life)}
		stored[n] = Invitation{Merchant: order.Merchant, Store: order.Store, Name: order.Terminal, SecretHash: SecretHash(code.Secret),
			CreatedAt: now, ExpiresAt: made[n].ExpiresAt}
	}
	return made, o.Invite(ctx, stored)
}

// KeyReports implements Office.
func (o office) KeyReports(ctx context.Context, merchant string) ([]KeyReport, error) {
	now := time.Now()
	keys, err := o.TokenKeys(ctx, merchant, now)
	if err != nil {
		return nil, err
	}
	signing, err := keys.Signing(now)
	if err != nil {
		return nil, err
	}
	reports := []KeyReport{}
	for _, key := range keys.Keys {
		reports = append(reports, keyReport(merchant, key, now, key.ID == signing.ID))
	}
	return reports, nil
}

func keyReport(merchant string, key TokenKey, now time.Time, signs bool) KeyReport {
	report := KeyReport{ID: key.ID, Merchant: merchant, State: key.StateAt(now), From: key.From, Signs: signs, Public: key.Key.Public().(ed25519.PublicKey)}
	if !key.Until.IsZero() {
		report.Until = &key.Until
	}
	return report
}

// RotateKey implements Office.
func (o office) RotateKey(ctx context.Context, merchant string, after time.Duration) (KeyReport, error) {
	now := time.Now().UTC()
	key, err := o.RotateTokenKey(ctx, merchant, now.Add(after), now)
	return keyReport(merchant, key, now, after == 0), err
}

// EndKey implements Office.
func (o office) EndKey(ctx context.Context, merchant, kid string, state api.TrustedKeyState) (bool, error) {
	return o.EndTokenKey(ctx, merchant, kid, state, time.Now().UTC())
}
