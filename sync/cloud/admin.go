package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/token"
)

// pageMost is how many redemptions a page of the merchant's side has at most.
const pageMost = 1000

type adminKey struct{}

// reshape turns a value into another type of the same JSON: what the contract calls a thing and what this package does.
func reshape[T any](from any) (into T, err error) {
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, &into)
	}
	return into, err
}

// allowed checks that the request's token is for the merchant, and that there is one.
func (s *server) allowed(ctx context.Context, merchant string) (Office, error) {
	all, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(m terminal.Merchant) bool { return m.ID == merchant }) {
		return nil, problem(http.StatusNotFound, "not_found", fmt.Sprintf("There is no merchant %q, or the token is not for it: GET /v1/admin/merchants lists them.", merchant))
	}
	return NewOffice(s.storage), nil
}

// mine are the merchants that the request's token is for.
func (s *server) mine(ctx context.Context) ([]terminal.Merchant, error) {
	held, _ := ctx.Value(adminKey{}).(AdminToken)
	all, err := s.storage.Merchants(ctx)
	return slices.DeleteFunc(all, func(m terminal.Merchant) bool { return held.Merchant != "" && m.ID != held.Merchant }), err
}

// adminProblem turns what the office answers into a problem.
func adminProblem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnknown):
		return problem(http.StatusNotFound, "not_found", strings.TrimSuffix(err.Error(), ": "+ErrUnknown.Error())+" is not known here.")
	case errors.Is(err, ErrNameTaken):
		return problem(http.StatusConflict, "terminal_name_taken", "Another terminal of the store has this name: choose another, or suspend that one first.")
	case errors.Is(err, ErrWhichMachine):
		return problem(http.StatusConflict, "which_machine", "Several machines use the key of this terminal: say with the member machine which is real; the exceptions name them.")
	case errors.Is(err, ErrInvalid):
		return problem(http.StatusUnprocessableEntity, "invalid", strings.TrimPrefix(err.Error(), ErrInvalid.Error()+": ")+".")
	}
	return err
}

func changed(yes bool) api.Changed {
	if yes {
		return api.Changed{Changed: 1}
	}
	return api.Changed{}
}

// ListMerchants implements api.StrictServerInterface.
func (s *server) ListMerchants(ctx context.Context, _ api.ListMerchantsRequestObject) (api.ListMerchantsResponseObject, error) {
	all, err := s.mine(ctx)
	return api.ListMerchants200JSONResponse{Items: append([]terminal.Merchant{}, all...)}, err
}

// ListStores implements api.StrictServerInterface.
func (s *server) ListStores(ctx context.Context, r api.ListStoresRequestObject) (api.ListStoresResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	all, err := o.Stores(ctx, r.Merchant)
	return api.ListStores200JSONResponse{Items: append([]terminal.Store{}, all...)}, err
}

// ListCampaigns implements api.StrictServerInterface.
func (s *server) ListCampaigns(ctx context.Context, r api.ListCampaignsRequestObject) (api.ListCampaignsResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	all, err := o.Campaigns(ctx, r.Merchant)
	return api.ListCampaigns200JSONResponse{Items: append([]terminal.Campaign{}, all...)}, err
}

// ApplyCatalogue implements api.StrictServerInterface. A token for one merchant makes no other.
func (s *server) ApplyCatalogue(ctx context.Context, r api.ApplyCatalogueRequestObject) (api.ApplyCatalogueResponseObject, error) {
	held, _ := ctx.Value(adminKey{}).(AdminToken)
	if held.Merchant != "" && held.Merchant != r.Body.Merchant.ID {
		return nil, problem(http.StatusForbidden, "invalid_token", "The token is for another merchant.")
	}
	c := Catalogue{Merchant: r.Body.Merchant, Stores: r.Body.Stores, Campaigns: r.Body.Campaigns}
	if c.Merchant.ID == "" {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "The catalogue names no merchant.")
	}
	for _, store := range c.Stores {
		if _, err := store.Location(); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "invalid", fmt.Sprintf("Store %s: %v.", store.ID, err))
		}
	}
	for _, operator := range r.Body.Operators {
		one := CatalogueOperator{Operator: operator.Operator}
		if operator.Pin != nil {
			one.PIN = *operator.Pin
		}
		c.Operators = append(c.Operators, one)
	}
	changes, err := NewOffice(s.storage).Apply(ctx, c)
	if err != nil {
		return nil, adminProblem(err)
	}
	items, err := reshape[[]api.Change](append([]Change{}, changes...))
	return api.ApplyCatalogue200JSONResponse{Items: items}, err
}

// PauseCampaign implements api.StrictServerInterface.
func (s *server) PauseCampaign(ctx context.Context, r api.PauseCampaignRequestObject) (api.PauseCampaignResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	var stores []string
	if r.Body.Stores != nil {
		stores = *r.Body.Stores
	}
	yes, err := o.Pause(ctx, r.Merchant, r.Campaign, stores, r.Body.Paused)
	return api.PauseCampaign200JSONResponse(changed(yes)), adminProblem(err)
}

// IssueVouchers implements api.StrictServerInterface.
func (s *server) IssueVouchers(ctx context.Context, r api.IssueVouchersRequestObject) (api.IssueVouchersResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	if r.Body.Count < 1 || r.Body.Count > batch {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", fmt.Sprintf("Between 1 and %d vouchers can be issued at once.", batch))
	}
	b := r.Body
	facts := Facts{Order: value(b.Order), Customer: value(b.Customer), Holder: value(b.Holder), Amount: b.Amount, Units: value(b.Units), ValidFrom: b.ValidFrom,
		ValidUntil: b.ValidUntil, Slot: b.Slot, Lines: value(b.Lines), Store: value(b.Store)}
	if EndsBeforeItBegins(facts.ValidFrom, facts.ValidUntil) {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "The vouchers would end before they begin, and could never be used.")
	}
	var answer api.IssueVouchers200JSONResponse
	err = o.Issue(ctx, IssueOrder{Merchant: r.Merchant, Campaign: r.Campaign, Facts: facts, Count: b.Count, Token: value(b.Token)}, func(all []Issued) (err error) {
		answer.Items = make([]api.IssuedVoucher, len(all))
		for i, issued := range all {
			v := issued.Voucher
			answer.Items[i] = api.IssuedVoucher{Voucher: v.ID, Code: token.Display(issued.Code), Campaign: v.Campaign, Units: v.Units,
				Holder: b.Holder, Customer: b.Customer, Order: b.Order, Token: b.Token}
		}
		return nil
	})
	return answer, adminProblem(err)
}

// value is what a member holds that may be missing.
func value[T any](of *T) (v T) {
	if of != nil {
		v = *of
	}
	return v
}

// ImportVouchers implements api.StrictServerInterface.
func (s *server) ImportVouchers(ctx context.Context, r api.ImportVouchersRequestObject) (api.ImportVouchersResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	done, err := o.Import(ctx, r.Merchant, r.Campaign, strings.NewReader(r.Body.Csv), value(r.Body.Columns), value(r.Body.SkipBad))
	answer := api.ImportVouchers200JSONResponse{Stored: done.Stored, Campaigns: present(done.Campaigns), Bad: make([]api.BadRow, len(done.Bad))}
	for i, row := range done.Bad {
		answer.Bad[i] = api.BadRow(row)
	}
	return answer, adminProblem(err)
}

// SetVoucherState implements api.StrictServerInterface.
func (s *server) SetVoucherState(ctx context.Context, r api.SetVoucherStateRequestObject) (api.SetVoucherStateResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	states := []terminal.VoucherState{terminal.VoucherActive, terminal.VoucherRefunded, terminal.VoucherRevoked, terminal.VoucherDisabled}
	if !slices.Contains(states, r.Body.State) || len(r.Body.Vouchers) == 0 {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "Name at least one voucher, and a state: active, refunded, revoked or disabled.")
	}
	n, err := o.SetVoucherState(ctx, r.Merchant, r.Body.Vouchers, r.Body.State, s.options.Now().UTC())
	return api.SetVoucherState200JSONResponse{Changed: n}, adminProblem(err)
}

// InviteTerminals implements api.StrictServerInterface.
func (s *server) InviteTerminals(ctx context.Context, r api.InviteTerminalsRequestObject) (api.InviteTerminalsResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	stores, err := o.Stores(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	life := 24 * time.Hour
	if r.Body.ValidSeconds != nil {
		life = time.Duration(*r.Body.ValidSeconds) * time.Second
	}
	name := value(r.Body.Terminal)
	switch {
	case !slices.ContainsFunc(stores, func(store terminal.Store) bool { return store.ID == r.Body.Store }):
		return nil, problem(http.StatusNotFound, "not_found", fmt.Sprintf("There is no store %q.", r.Body.Store))
	case r.Body.Count < 1 || r.Body.Count > 10000 || (name != "" && r.Body.Count > 1) || life <= 0:
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "Between 1 and 10000 join codes can be made, one where it names its terminal, for a time above nothing.")
	case name != "" && !GoodTerminalName(name):
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "A terminal's name is made of small letters, digits and hyphens.")
	}
	made, err := o.InviteTerminals(ctx, InviteOrder{Merchant: r.Merchant, Store: r.Body.Store, Terminal: name, Count: r.Body.Count, Life: life, PublicURL: s.options.PublicURL})
	if err != nil {
		return nil, adminProblem(err)
	}
	items, err := reshape[[]api.Invited](made)
	return api.InviteTerminals200JSONResponse{Items: items}, err
}

// ListTerminals implements api.StrictServerInterface.
func (s *server) ListTerminals(ctx context.Context, r api.ListTerminalsRequestObject) (api.ListTerminalsResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	all, err := o.Terminals(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	items, err := reshape[[]api.TerminalReport](append([]TerminalReport{}, all...))
	return api.ListTerminals200JSONResponse{Items: items}, err
}

// SuspendTerminal implements api.StrictServerInterface.
func (s *server) SuspendTerminal(ctx context.Context, r api.SuspendTerminalRequestObject) (api.SuspendTerminalResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	hub, _ := o.Hub(ctx, r.Merchant, r.Store) // a store that there is not is told of below
	var yes bool
	if r.Body.Suspended {
		yes, err = o.Suspend(ctx, r.Merchant, r.Store, r.Terminal, true)
	} else {
		yes, err = o.Readmit(ctx, r.Merchant, r.Store, r.Terminal, value(r.Body.Machine))
	}
	if err == nil && yes {
		s.setSuspended(ctx, r.Merchant, r.Store, r.Terminal, r.Body.Suspended, value(r.Body.Machine))
	}
	answer := changed(yes)
	if note := HubDismissed(hub, r.Terminal); r.Body.Suspended && yes && note != "" {
		answer.Note = &note
	}
	return api.SuspendTerminal200JSONResponse(answer), adminProblem(err)
}

// errPageFull ends a page.
var errPageFull = errors.New("the page is full")

// ListRedemptions implements api.StrictServerInterface.
func (s *server) ListRedemptions(ctx context.Context, r api.ListRedemptionsRequestObject) (api.ListRedemptionsResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	filter := RedemptionFilter{Merchant: r.Merchant, Store: value(r.Params.Store)}
	if r.Params.Day != nil {
		if filter.Day, err = terminal.ParseDate(*r.Params.Day); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "invalid", "The parameter day is no date: write it as 2026-11-21.")
		}
	}
	if r.Params.After != nil {
		if err := filter.After.UnmarshalText([]byte(*r.Params.After)); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "invalid", "The member after is the uid of the last redemption of the page before.")
		}
	}
	limit := 500
	if r.Params.Limit != nil {
		limit = min(max(*r.Params.Limit, 1), pageMost)
	}
	page := []Redemption{}
	err = o.Redemptions(ctx, filter, func(one Redemption) error {
		if len(page) == limit {
			return errPageFull
		}
		page = append(page, one)
		return nil
	})
	full := errors.Is(err, errPageFull)
	if err != nil && !full {
		return nil, adminProblem(err)
	}
	items, err := reshape[[]api.RedemptionReport](page)
	answer := api.ListRedemptions200JSONResponse{Items: items}
	if full {
		last := page[len(page)-1].UID.String()
		answer.After = &last
	}
	return answer, err
}

// ListExceptions implements api.StrictServerInterface.
func (s *server) ListExceptions(ctx context.Context, r api.ListExceptionsRequestObject) (api.ListExceptionsResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	all, err := o.Exceptions(ctx, r.Merchant, !value(r.Params.Closed))
	return api.ListExceptions200JSONResponse{Items: append([]api.Exception{}, all...)}, err
}

// ListTokenKeys implements api.StrictServerInterface.
func (s *server) ListTokenKeys(ctx context.Context, r api.ListTokenKeysRequestObject) (api.ListTokenKeysResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	all, err := o.KeyReports(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	items, err := reshape[[]api.TokenKeyReport](all)
	return api.ListTokenKeys200JSONResponse{Items: items}, err
}

// RotateTokenKey implements api.StrictServerInterface.
func (s *server) RotateTokenKey(ctx context.Context, r api.RotateTokenKeyRequestObject) (api.RotateTokenKeyResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	if r.Body.AfterSeconds < 0 {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "A key cannot sign from a time on that has passed.")
	}
	made, err := o.RotateKey(ctx, r.Merchant, time.Duration(r.Body.AfterSeconds)*time.Second)
	if err != nil {
		return nil, adminProblem(err)
	}
	report, err := reshape[api.TokenKeyReport](made)
	return api.RotateTokenKey200JSONResponse(report), err
}

// EndTokenKey implements api.StrictServerInterface.
func (s *server) EndTokenKey(ctx context.Context, r api.EndTokenKeyRequestObject) (api.EndTokenKeyResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	if r.Body.State != api.KeyRetired && r.Body.State != api.KeyRevoked {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "A key can be retired or revoked.")
	}
	yes, err := o.EndKey(ctx, r.Merchant, r.Key, r.Body.State)
	return api.EndTokenKey200JSONResponse(changed(yes)), adminProblem(err)
}

func hubReport(hub Hub, store string, changed bool) api.HubReport {
	report := api.HubReport{Store: store, Terminal: hub.Terminal, Term: hub.Term, At: hub.At, Changed: changed}
	if hub.Address != "" {
		report.Address = &hub.Address
	}
	if hub.Filling != nil {
		report.Filling, report.ToldAt = &api.HubFilling{Ready: hub.Filling.Ready, Percent: hub.Filling.Percent}, &hub.ToldAt
	}
	return report
}

// StoreHub implements api.StrictServerInterface.
func (s *server) StoreHub(ctx context.Context, r api.StoreHubRequestObject) (api.StoreHubResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	hub, err := o.Hub(ctx, r.Merchant, r.Store)
	return api.StoreHub200JSONResponse(hubReport(hub, r.Store, false)), adminProblem(err)
}

// AppointHub implements api.StrictServerInterface.
func (s *server) AppointHub(ctx context.Context, r api.AppointHubRequestObject) (api.AppointHubResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	address := value(r.Body.Address)
	if address != "" && (!api.GoodPlace(address, false) || api.Anywhere(address)) {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", fmt.Sprintf("%q is no HOST:PORT on the shop's network: it looks like 192.0.2.10:%s or [2001:db8::10]:%[2]s.", address, api.HubPort))
	}
	hub, changed, err := o.AppointHub(ctx, Hub{Merchant: r.Merchant, Store: r.Store, Terminal: r.Body.Terminal, Address: address, At: s.options.Now().UTC()})
	return api.AppointHub200JSONResponse(hubReport(hub, r.Store, changed)), adminProblem(err)
}
