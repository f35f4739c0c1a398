// Package remote is the merchant's side of a cloud over the network: the Office that countersign-cloud's commands use with --url and a
// token.
package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

// issueMost is how many vouchers one request issues.
const issueMost = 5000

// Office implements cloud.Office.
type Office struct{ api *api.ClientWithResponses }

var _ cloud.Office = (*Office)(nil)

// ErrRefused says that the token was not taken.
var ErrRefused = errors.New("the cloud does not take the token")

// errInUse says that the lease's terminal was heard just now.
var errInUse = errors.New("the lease may be in use: nothing was written off")

// New returns the office of the cloud at address, entered with a token. The address is HTTPS, but for this very machine: a token sent in
// clear is everybody's.
func New(address, secret string) (*Office, error) { return newOffice(address, secret, ordinary) }

func newOffice(address, secret string, within limits) (*Office, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || (base.Scheme != "https" && (base.Scheme != "http" || !api.Loopback(base.Hostname()))) {
		return nil, fmt.Errorf("the cloud's address %q is not a URL such as https://cloud.example; plain http is for this computer only", address)
	}
	made, err := api.NewClientWithResponses(address, api.WithHTTPClient(newLine(within)), api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+secret)
		return nil
	}))
	return &Office{made}, err
}

// answer is what every generated answer can say of itself.
type answer interface {
	StatusCode() int
}

// open returns an answer's content, or what the cloud says instead. body is the answer's text, ok what was read of a 200.
func open[T any](got answer, body []byte, ok *T) (content T, _ error) {
	if ok != nil {
		return *ok, nil
	}
	var said api.Problem
	if json.Unmarshal(body, &said) != nil || said.Code == "" {
		return content, noCloud(got.StatusCode())
	}
	switch said.Code {
	case "not_found":
		return content, missing(said.Detail)
	case "terminal_name_taken":
		return content, cloud.ErrNameTaken
	case "which_machine":
		return content, cloud.ErrWhichMachine
	case "lease_in_use":
		return content, errInUse
	case "invalid":
		return content, fmt.Errorf("%w: %s", cloud.ErrInvalid, said.Detail)
	case "invalid_token":
		return content, fmt.Errorf("%w: %s", ErrRefused, said.Detail)
	}
	return content, errors.New(said.Detail)
}

// missing is cloud.ErrUnknown in the cloud's own words.
type missing string

// Error is the cloud's sentence.
func (m missing) Error() string { return string(m) }

// Is makes it cloud.ErrUnknown.
func (m missing) Is(target error) bool { return target == cloud.ErrUnknown }

// reshape turns a value into another type of the same JSON.
func reshape[T any](from any, err error) (into T, _ error) {
	if err != nil {
		return into, err
	}
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, &into)
	}
	return into, err
}

// Merchants implements cloud.Office.
func (o *Office) Merchants(ctx context.Context) ([]terminal.Merchant, error) {
	got, err := o.api.ListMerchantsWithResponse(ctx)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return list.Items, err
}

// Stores implements cloud.Office.
func (o *Office) Stores(ctx context.Context, merchant string) ([]terminal.Store, error) {
	got, err := o.api.ListStoresWithResponse(ctx, merchant)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return list.Items, err
}

// Campaigns implements cloud.Office.
func (o *Office) Campaigns(ctx context.Context, merchant string) ([]terminal.Campaign, error) {
	got, err := o.api.ListCampaignsWithResponse(ctx, merchant)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return list.Items, err
}

// Apply implements cloud.Office.
func (o *Office) Apply(ctx context.Context, c cloud.Catalogue) ([]cloud.Change, error) {
	body := api.Catalogue{Merchant: c.Merchant, Stores: append([]terminal.Store{}, c.Stores...), Campaigns: append([]terminal.Campaign{}, c.Campaigns...),
		Operators: []api.CatalogueOperator{}}
	for _, operator := range c.Operators {
		one := api.CatalogueOperator{Operator: operator.Operator}
		if operator.PIN != "" {
			one.Pin = &operator.PIN
		}
		body.Operators = append(body.Operators, one)
	}
	got, err := o.api.ApplyCatalogueWithResponse(long(ctx), body)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return reshape[[]cloud.Change](list.Items, err)
}

// Pause implements cloud.Office.
func (o *Office) Pause(ctx context.Context, merchant, campaign string, stores []string, paused bool) (bool, error) {
	body := api.CampaignPause{Paused: paused}
	if len(stores) > 0 {
		body.Stores = &stores
	}
	got, err := o.api.PauseCampaignWithResponse(ctx, merchant, campaign, body)
	if err != nil {
		return false, fmt.Errorf("the cloud did not answer: %w", err)
	}
	done, err := open(got, got.Body, got.JSON200)
	return done.Changed > 0, err
}

// SetVoucherState implements cloud.Office. The time is the cloud's.
func (o *Office) SetVoucherState(ctx context.Context, merchant string, ids []terminal.VoucherID, state terminal.VoucherState, _ time.Time) (int, error) {
	got, err := o.api.SetVoucherStateWithResponse(long(ctx), merchant, api.StateRequest{Vouchers: ids, State: state})
	if err != nil {
		return 0, fmt.Errorf("the cloud did not answer: %w", err)
	}
	done, err := open(got, got.Body, got.JSON200)
	return done.Changed, err
}

// Terminals implements cloud.Office.
func (o *Office) Terminals(ctx context.Context, merchant string) ([]cloud.TerminalReport, error) {
	got, err := o.api.ListTerminalsWithResponse(ctx, merchant)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return reshape[[]cloud.TerminalReport](list.Items, err)
}

// Suspend implements cloud.Office.
func (o *Office) Suspend(ctx context.Context, merchant, store, name string, suspended bool) (bool, error) {
	return o.suspend(ctx, merchant, store, name, api.SuspendRequest{Suspended: suspended})
}

// Readmit implements cloud.Office.
func (o *Office) Readmit(ctx context.Context, merchant, store, name, machine string) (bool, error) {
	request := api.SuspendRequest{}
	if machine != "" {
		request.Machine = &machine
	}
	return o.suspend(ctx, merchant, store, name, request)
}

func (o *Office) suspend(ctx context.Context, merchant, store, name string, request api.SuspendRequest) (bool, error) {
	got, err := o.api.SuspendTerminalWithResponse(ctx, merchant, store, name, request)
	if err != nil {
		return false, fmt.Errorf("the cloud did not answer: %w", err)
	}
	done, err := open(got, got.Body, got.JSON200)
	return done.Changed > 0, err
}

// Redemptions implements cloud.Office, page by page.
func (o *Office) Redemptions(ctx context.Context, filter cloud.RedemptionFilter, yield func(cloud.Redemption) error) error {
	params := &api.ListRedemptionsParams{}
	if filter.Store != "" {
		params.Store = &filter.Store
	}
	if filter.Day != (terminal.Date{}) {
		day := filter.Day.String()
		params.Day = &day
	}
	for {
		got, err := o.api.ListRedemptionsWithResponse(ctx, filter.Merchant, params)
		if err != nil {
			return fmt.Errorf("the cloud did not answer: %w", err)
		}
		list, err := open(got, got.Body, got.JSON200)
		page, err := reshape[[]cloud.Redemption](list.Items, err)
		if err != nil {
			return err
		}
		for _, one := range page {
			if err := yield(one); err != nil {
				return err
			}
		}
		if params.After = list.After; list.After == nil {
			return nil
		}
	}
}

// Exceptions implements cloud.Office.
func (o *Office) Exceptions(ctx context.Context, merchant string, openOnly bool) ([]api.Exception, error) {
	closed := !openOnly
	got, err := o.api.ListExceptionsWithResponse(ctx, merchant, &api.ListExceptionsParams{Closed: &closed})
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return list.Items, err
}

// Leases implements cloud.Office.
func (o *Office) Leases(ctx context.Context, merchant string) ([]cloud.LeaseReport, error) {
	got, err := o.api.ListLeasesWithResponse(ctx, merchant)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return reshape[[]cloud.LeaseReport](list.Items, err)
}

// WriteOffLease implements cloud.Office.
func (o *Office) WriteOffLease(ctx context.Context, merchant, id string, anyway bool, at time.Time) error {
	params := &api.WriteOffLeaseParams{}
	if anyway { // a cloud that is older than the guard knows no such member, and needs none
		params.Anyway = &anyway
	}
	got, err := o.api.WriteOffLeaseWithResponse(ctx, merchant, id, params)
	if err != nil {
		return fmt.Errorf("the cloud did not answer: %w", err)
	}
	_, err = open(got, got.Body, got.JSON200)
	if !errors.Is(err, errInUse) {
		return err
	}
	leases, listErr := o.Leases(ctx, merchant)
	for _, l := range leases {
		if l.ID == id {
			return &cloud.LeaseInUse{Lease: l, At: at}
		}
	}
	return errors.Join(err, listErr)
}

// Issue implements cloud.Office. The cloud stores vouchers before their codes are here: of an answer that is lost nobody has the codes.
func (o *Office) Issue(ctx context.Context, order cloud.IssueOrder, keep func([]cloud.Issued) error) error {
	var all []cloud.Issued
	var failed error
	for left := order.Count; left > 0 && failed == nil; left -= min(left, issueMost) {
		var some []cloud.Issued
		some, failed = o.issue(ctx, order, min(left, issueMost))
		all = append(all, some...)
	}
	if len(all) == 0 {
		return failed
	}
	return errors.Join(keep(all), failed)
}

func (o *Office) issue(ctx context.Context, order cloud.IssueOrder, count int) ([]cloud.Issued, error) {
	f := order.Facts
	body := api.IssueRequest{Count: count, Amount: f.Amount, ValidFrom: f.ValidFrom, ValidUntil: f.ValidUntil, Slot: f.Slot,
		Order: some(f.Order), Customer: some(f.Customer), Holder: some(f.Holder), Store: some(f.Store), Units: some(f.Units), Token: some(order.Token)}
	if len(f.Lines) > 0 {
		body.Lines = &f.Lines
	}
	got, err := o.api.IssueVouchersWithResponse(long(ctx), order.Merchant, order.Campaign, body)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer, so that some vouchers may have been issued whose codes nobody has: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	if err != nil {
		return nil, err
	}
	issued := make([]cloud.Issued, len(list.Items))
	for i, item := range list.Items {
		code, err := canonical(item.Code, order.Token)
		if err != nil {
			return nil, fmt.Errorf("the cloud issued a code that is none: %w", err)
		}
		issued[i] = cloud.Issued{Code: code, Token: order.Token, Voucher: terminal.Voucher{ID: item.Voucher, Campaign: item.Campaign, Units: item.Units,
			Holder: f.Holder, Customer: f.Customer, Order: f.Order}}
	}
	return issued, nil
}

func canonical(code string, signed bool) (string, error) {
	if signed {
		return code, nil
	}
	readings, err := token.Canonical(code)
	if err != nil || len(readings) == 0 {
		return "", errors.Join(errors.New("it cannot be read"), err)
	}
	return readings[0], nil
}

// some is a member that is left out where it says nothing.
func some[T comparable](v T) *T {
	var nothing T
	if v == nothing {
		return nil
	}
	return &v
}

// Import implements cloud.Office.
func (o *Office) Import(ctx context.Context, merchant, campaign string, file io.Reader, names map[string]string, skip bool) (cloud.Imported, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return cloud.Imported{}, err
	}
	body := api.ImportRequest{Csv: string(text), SkipBad: some(skip)}
	if len(names) > 0 {
		body.Columns = &names
	}
	got, err := o.api.ImportVouchersWithResponse(long(ctx), merchant, campaign, body)
	if err != nil {
		return cloud.Imported{}, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	done := cloud.Imported{Stored: list.Stored}
	if list.Campaigns != nil {
		done.Campaigns = *list.Campaigns
	}
	for _, row := range list.Bad {
		done.Bad = append(done.Bad, cloud.RowError(row))
	}
	return done, err
}

// InviteTerminals implements cloud.Office. What terminals call is what that cloud's serve was told.
func (o *Office) InviteTerminals(ctx context.Context, order cloud.InviteOrder) ([]cloud.Invited, error) {
	seconds := int64(order.Life / time.Second)
	body := api.InviteRequest{Store: order.Store, Count: order.Count, ValidSeconds: &seconds, Terminal: some(order.Terminal)}
	got, err := o.api.InviteTerminalsWithResponse(long(ctx), order.Merchant, body)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return reshape[[]cloud.Invited](list.Items, err)
}

// KeyReports implements cloud.Office.
func (o *Office) KeyReports(ctx context.Context, merchant string) ([]cloud.KeyReport, error) {
	got, err := o.api.ListTokenKeysWithResponse(ctx, merchant)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return reshape[[]cloud.KeyReport](list.Items, err)
}

// RotateKey implements cloud.Office.
func (o *Office) RotateKey(ctx context.Context, merchant string, after time.Duration) (cloud.KeyReport, error) {
	got, err := o.api.RotateTokenKeyWithResponse(ctx, merchant, api.RotateRequest{AfterSeconds: int64(after / time.Second)})
	if err != nil {
		return cloud.KeyReport{}, fmt.Errorf("the cloud did not answer: %w", err)
	}
	report, err := open(got, got.Body, got.JSON200)
	return reshape[cloud.KeyReport](report, err)
}

// EndKey implements cloud.Office.
func (o *Office) EndKey(ctx context.Context, merchant, kid string, state api.TrustedKeyState) (bool, error) {
	got, err := o.api.EndTokenKeyWithResponse(ctx, merchant, kid, api.EndKeyRequest{State: state})
	if err != nil {
		return false, fmt.Errorf("the cloud did not answer: %w", err)
	}
	done, err := open(got, got.Body, got.JSON200)
	return done.Changed > 0, err
}

// Hub implements cloud.Office.
func (o *Office) Hub(ctx context.Context, merchant, store string) (cloud.Hub, error) {
	got, err := o.api.StoreHubWithResponse(ctx, merchant, store)
	if err != nil {
		return cloud.Hub{}, fmt.Errorf("the cloud did not answer: %w", err)
	}
	report, err := open(got, got.Body, got.JSON200)
	return hubOf(merchant, report), err
}

// AppointHub implements cloud.Office. The time is the cloud's.
func (o *Office) AppointHub(ctx context.Context, hub cloud.Hub) (appointed cloud.Hub, changed bool, err error) {
	got, err := o.api.AppointHubWithResponse(ctx, hub.Merchant, hub.Store, api.HubOrder{Terminal: hub.Terminal, Address: some(hub.Address)})
	if err != nil {
		return hub, false, fmt.Errorf("the cloud did not answer: %w", err)
	}
	report, err := open(got, got.Body, got.JSON200)
	return hubOf(hub.Merchant, report), report.Changed, err
}

func hubOf(merchant string, report api.HubReport) cloud.Hub {
	hub := cloud.Hub{Merchant: merchant, Store: report.Store, Terminal: report.Terminal, Term: report.Term, At: report.At}
	if report.Address != nil {
		hub.Address = *report.Address
	}
	if report.Filling != nil && report.ToldAt != nil {
		hub.Filling, hub.ToldAt = &cloud.HubFilling{Ready: report.Filling.Ready, Percent: report.Filling.Percent}, *report.ToldAt
	}
	return hub
}
