package cloud

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"countersign/sync/api"
	"countersign/terminal"
)

// dayPage is how many entries of a day a terminal gets at a time.
const dayPage = 500

// StoreDay implements api.StrictServerInterface.
func (s *server) StoreDay(ctx context.Context, r api.StoreDayRequestObject) (api.StoreDayResponseObject, error) {
	after := int64(0)
	if r.Body.After != nil {
		after = *r.Body.After
	}
	page, err := s.storage.StoreDay(ctx, callerOf(ctx).terminal, r.Body.Day, after, dayPage)
	if err != nil {
		return nil, err
	}
	out := api.StoreDay200JSONResponse{Entries: page.Entries, Counters: page.Counters, ServerTime: s.options.Now().UTC(),
		Customers: api.DayCustomers{New: page.New, Returning: page.Returning}}
	if page.Next > 0 {
		out.Next = &page.Next
	}
	return out, nil
}

// PauseOffer implements api.StrictServerInterface.
func (s *server) PauseOffer(ctx context.Context, r api.PauseOfferRequestObject) (api.PauseOfferResponseObject, error) {
	t := callerOf(ctx).terminal
	if t.Suspended {
		return nil, problem(http.StatusForbidden, "terminal_suspended", "This counter is suspended: ask the merchant.")
	}
	operators, err := s.storage.Operators(ctx, t.Merchant)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(operators, func(o terminal.Operator) bool {
		return o.ID == r.Body.Operator && o.Active && o.Role.Covers(terminal.RoleManager) && (len(o.Stores) == 0 || slices.Contains(o.Stores, t.Store))
	}) {
		return nil, problem(http.StatusForbidden, "operator_not_allowed", "Only a manager of this store pauses and resumes an offer: sign in as one.")
	}
	changed, err := s.storage.Pause(ctx, t.Merchant, r.Body.Campaign, []string{t.Store}, r.Body.Paused)
	if errors.Is(err, ErrUnknown) {
		return nil, problem(http.StatusNotFound, "not_found", "There is no such offer: look at the list again.")
	}
	if err != nil {
		return nil, err
	}
	s.options.Log.Info("an offer was paused or resumed by a store", "store", t.Store, "terminal", t.Name, "campaign", r.Body.Campaign,
		"paused", r.Body.Paused, "operator", r.Body.Operator)
	return api.PauseOffer200JSONResponse{Changed: changed, ServerTime: s.options.Now().UTC()}, nil
}
