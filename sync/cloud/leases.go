package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// LeaseLife is the longest that a lease can be spent. It ends with the store's business day at the latest: what is left of it serves
// nobody tomorrow.
const LeaseLife = 12 * time.Hour

// LeaseRequest is what a terminal says of its leases: which it gave up, and what it would like to have.
type LeaseRequest struct {
	Standing Standing // its Journal is needed: a lease is spent by what is written after it
	Want     []LeaseWant
	GivenUp  []string // nothing is spent under these any more
	At       time.Time
}

// LeaseWant asks for units of a voucher, or, where Voucher is 0, of what the campaign may count today.
type LeaseWant struct {
	Voucher  terminal.VoucherID
	Part     string // of a pickup
	Campaign string // where Voucher is 0
	Units    int64
}

// Lease is an open lease as its terminal is told of it.
type Lease struct {
	terminal.Lease
	Wanted bool // another terminal was refused for it: who does not need it gives it up
}

// LeaseReport is an open lease as the merchant is told of it.
type LeaseReport struct {
	ID        string             `json:"id"`
	Store     string             `json:"store"`
	Terminal  string             `json:"terminal"`
	Campaign  string             `json:"campaign"`
	Voucher   terminal.VoucherID `json:"voucher,omitempty"` // none of a campaign's limit per day
	Part      string             `json:"part,omitempty"`
	Day       terminal.Date      `json:"day"`
	Units     int64              `json:"units"`
	Spent     int64              `json:"spent"` // by the entries that have arrived
	GrantedAt time.Time          `json:"granted_at"`
	ExpiresAt time.Time          `json:"expires_at"`
	HeardAt   *time.Time         `json:"heard_at,omitempty"` // its terminal, to within HeardWithin; nil where that spends nothing of it any more
}

// HeardWithin is how long ago a terminal that has a line may have been noted as heard: once a minute, when its longest poll is over.
const HeardWithin = 2 * time.Minute

// InUse reports whether the lease's terminal may be spending it with a line, as of a time.
func (l LeaseReport) InUse(now time.Time) bool {
	return l.HeardAt != nil && now.Sub(*l.HeardAt) < HeardWithin && now.Before(l.ExpiresAt)
}

// LeaseInUse says that a lease was not written off, since its terminal has a line and may be spending it.
type LeaseInUse struct {
	Lease LeaseReport
	At    time.Time // of the question
}

// Error is the sentence without what to do.
func (e *LeaseInUse) Error() string {
	heard := e.At
	if e.Lease.HeardAt != nil {
		heard = *e.Lease.HeardAt
	}
	return fmt.Sprintf("%s/%s was heard %d s ago and may be spending %s now, so that nothing was written off",
		e.Lease.Store, e.Lease.Terminal, int(max(0, e.At.Sub(heard)).Seconds()), e.Lease.ID)
}

// WriteOffLease implements Office.
func (o office) WriteOffLease(ctx context.Context, merchant, id string, anyway bool, at time.Time) error {
	if !anyway {
		leases, err := o.Leases(ctx, merchant)
		if err != nil {
			return err
		}
		for _, l := range leases {
			if l.ID == id && l.InUse(at) {
				return &LeaseInUse{l, at}
			}
		}
	}
	return o.Storage.WriteOffLease(ctx, merchant, id, at)
}

// wantsMost is how many leases can be asked for at once.
const wantsMost = 500

// Lease implements api.StrictServerInterface.
func (s *server) Lease(ctx context.Context, r api.LeaseRequestObject) (api.LeaseResponseObject, error) {
	now := s.options.Now().UTC()
	if len(r.Body.Want) > wantsMost {
		return nil, problem(http.StatusBadRequest, "malformed_request", "At most 500 leases can be asked for at once: ask for fewer.")
	}
	request := LeaseRequest{Standing: Standing{Instance: r.Body.Instance, Journal: &r.Body.Journal}, GivenUp: r.Body.GivenUp, At: now}
	for _, want := range r.Body.Want {
		request.Want = append(request.Want, LeaseWant{Voucher: value(want.Voucher), Part: value(want.Part), Campaign: value(want.Campaign), Units: want.Units})
	}
	open, err := s.storage.Lease(ctx, callerOf(ctx).terminal, request)
	if errors.Is(err, ErrBehind) {
		return nil, problem(http.StatusConflict, "journal_behind", "The terminal's journal does not end here where it says: push it, and ask again.")
	}
	if err != nil {
		return nil, err
	}
	answer := api.Lease200JSONResponse{Leases: []api.OpenLease{}, ServerTime: now}
	for _, lease := range open {
		one := api.OpenLease{Id: lease.ID, Campaign: lease.Campaign, Day: lease.Day, Units: lease.Units, Expires: lease.Expires,
			Epoch: lease.Epoch, After: lease.After}
		if lease.Voucher != 0 {
			one.Voucher = &lease.Voucher
		}
		if lease.Part != "" {
			one.Part = &lease.Part
		}
		if lease.Wanted {
			one.Wanted = &lease.Wanted
		}
		answer.Leases = append(answer.Leases, one)
	}
	return answer, nil
}

// ListLeases implements api.StrictServerInterface.
func (s *server) ListLeases(ctx context.Context, r api.ListLeasesRequestObject) (api.ListLeasesResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	all, err := o.Leases(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	items, err := reshape[[]api.LeaseReport](append([]LeaseReport{}, all...))
	return api.ListLeases200JSONResponse{Items: items}, err
}

// WriteOffLease implements api.StrictServerInterface.
func (s *server) WriteOffLease(ctx context.Context, r api.WriteOffLeaseRequestObject) (api.WriteOffLeaseResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	err = o.WriteOffLease(ctx, r.Merchant, r.Lease, value(r.Params.Anyway), s.options.Now().UTC())
	if used := (*LeaseInUse)(nil); errors.As(err, &used) {
		return nil, problem(http.StatusConflict, "lease_in_use", used.Error()+
			". Suspend that terminal first, or scan the voucher at another counter, and it gives the lease back within a minute if it does not need it; or add anyway=true.")
	}
	return api.WriteOffLease200JSONResponse(changed(true)), adminProblem(err)
}
