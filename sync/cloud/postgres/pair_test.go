package postgres_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"sync/atomic"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// pair is two storages on one database: each call goes to the other one than the call before, as a balancer in front of two processes
// would send it.
type pair struct {
	a, b cloud.Storage
	n    *atomic.Int64
}

func (p pair) next() cloud.Storage {
	if p.n.Add(1)%2 == 0 {
		return p.a
	}
	return p.b
}

func (p pair) Close() error { return errors.Join(p.a.Close(), p.b.Close()) }

func (p pair) Tell(tell func(cloud.Alarm)) {
	p.a.Tell(tell)
	p.b.Tell(tell)
}

func (p pair) Ready(ctx context.Context) error {
	return p.next().Ready(ctx)
}

func (p pair) Room(ctx context.Context) error {
	return p.next().Room(ctx)
}

func (p pair) Keys(ctx context.Context) (cloud.Keys, error) {
	return p.next().Keys(ctx)
}

func (p pair) PublicURL(ctx context.Context) (string, error) {
	return p.next().PublicURL(ctx)
}

func (p pair) RecordPublicURL(ctx context.Context, url string) error {
	return p.next().RecordPublicURL(ctx, url)
}

func (p pair) Merchants(ctx context.Context) ([]terminal.Merchant, error) {
	return p.next().Merchants(ctx)
}

func (p pair) LookupKey(ctx context.Context, merchant string) ([]byte, error) {
	return p.next().LookupKey(ctx, merchant)
}

func (p pair) TokenKeys(ctx context.Context, merchant string, at time.Time) (cloud.TokenKeys, error) {
	return p.next().TokenKeys(ctx, merchant, at)
}

func (p pair) RotateTokenKey(ctx context.Context, merchant string, from, at time.Time) (cloud.TokenKey, error) {
	return p.next().RotateTokenKey(ctx, merchant, from, at)
}

func (p pair) EndTokenKey(ctx context.Context, merchant, kid string, state api.TrustedKeyState, at time.Time) (bool, error) {
	return p.next().EndTokenKey(ctx, merchant, kid, state, at)
}

func (p pair) Stores(ctx context.Context, merchant string) ([]terminal.Store, error) {
	return p.next().Stores(ctx, merchant)
}

func (p pair) Operators(ctx context.Context, merchant string) ([]terminal.Operator, error) {
	return p.next().Operators(ctx, merchant)
}

func (p pair) Campaigns(ctx context.Context, merchant string) ([]terminal.Campaign, error) {
	return p.next().Campaigns(ctx, merchant)
}

func (p pair) Apply(ctx context.Context, c cloud.Catalogue) ([]cloud.Change, error) {
	return p.next().Apply(ctx, c)
}

func (p pair) Pause(ctx context.Context, merchant, campaign string, stores []string, paused bool) (bool, error) {
	return p.next().Pause(ctx, merchant, campaign, stores, paused)
}

func (p pair) VoucherIDs(ctx context.Context, n int) (terminal.VoucherID, error) {
	return p.next().VoucherIDs(ctx, n)
}

func (p pair) NewVouchers(ctx context.Context, merchant string, vouchers []cloud.NewVoucher) error {
	return p.next().NewVouchers(ctx, merchant, vouchers)
}

func (p pair) SetVoucherState(ctx context.Context, merchant string, ids []terminal.VoucherID, state terminal.VoucherState, at time.Time) (int, error) {
	return p.next().SetVoucherState(ctx, merchant, ids, state, at)
}

func (p pair) Invite(ctx context.Context, invitations []cloud.Invitation) error {
	return p.next().Invite(ctx, invitations)
}

func (p pair) Enrol(ctx context.Context, request cloud.Enrolment) (cloud.Terminal, error) {
	return p.next().Enrol(ctx, request)
}

func (p pair) TerminalByKey(ctx context.Context, key ed25519.PublicKey) (cloud.Terminal, error) {
	return p.next().TerminalByKey(ctx, key)
}

func (p pair) Seen(ctx context.Context, t cloud.Terminal, at time.Time) error {
	return p.next().Seen(ctx, t, at)
}

func (p pair) Terminals(ctx context.Context, merchant string) ([]cloud.TerminalReport, error) {
	return p.next().Terminals(ctx, merchant)
}

func (p pair) Suspend(ctx context.Context, merchant, store, name string, suspended bool) (bool, error) {
	return p.next().Suspend(ctx, merchant, store, name, suspended)
}

func (p pair) AppointHub(ctx context.Context, hub cloud.Hub) (cloud.Hub, bool, error) {
	return p.next().AppointHub(ctx, hub)
}

func (p pair) Hub(ctx context.Context, merchant, store string) (cloud.Hub, error) {
	return p.next().Hub(ctx, merchant, store)
}

func (p pair) Readmit(ctx context.Context, merchant, store, name, machine string) (bool, error) {
	return p.next().Readmit(ctx, merchant, store, name, machine)
}

func (p pair) Settings(ctx context.Context, t cloud.Terminal) (terminal.Settings, error) {
	return p.next().Settings(ctx, t)
}

func (p pair) ApplyJournal(ctx context.Context, t cloud.Terminal, push cloud.Push) (cloud.Ack, error) {
	return p.next().ApplyJournal(ctx, t, push)
}

func (p pair) Claim(ctx context.Context, t cloud.Terminal, claim cloud.Claim) (cloud.ClaimAnswer, error) {
	return p.next().Claim(ctx, t, claim)
}

func (p pair) Lease(ctx context.Context, t cloud.Terminal, request cloud.LeaseRequest) ([]cloud.Lease, error) {
	return p.next().Lease(ctx, t, request)
}

func (p pair) Leases(ctx context.Context, merchant string) ([]cloud.LeaseReport, error) {
	return p.next().Leases(ctx, merchant)
}

func (p pair) WriteOffLease(ctx context.Context, merchant, id string, at time.Time) error {
	return p.next().WriteOffLease(ctx, merchant, id, at)
}

func (p pair) Redemption(ctx context.Context, t cloud.Terminal, uid terminal.UID) (bytes []byte, reversed []int64, err error) {
	return p.next().Redemption(ctx, t, uid)
}

func (p pair) Lookup(ctx context.Context, t cloud.Terminal, lookups []terminal.Lookup) ([]terminal.Row, error) {
	return p.next().Lookup(ctx, t, lookups)
}

func (p pair) Feed(ctx context.Context, t cloud.Terminal, cursor string, limit int) (cloud.Page, error) {
	return p.next().Feed(ctx, t, cursor, limit)
}

func (p pair) CompactFeed(ctx context.Context, now time.Time) (int64, error) {
	return p.next().CompactFeed(ctx, now)
}

func (p pair) NoteReadiness(ctx context.Context, t cloud.Terminal, found cloud.Readiness, at time.Time) error {
	return p.next().NoteReadiness(ctx, t, found, at)
}

func (p pair) Start(ctx context.Context, t cloud.Terminal, instance string) (api.FeedPageStart, error) {
	return p.next().Start(ctx, t, instance)
}

func (p pair) Await(ctx context.Context, merchant, cursor string) error {
	return p.next().Await(ctx, merchant, cursor)
}

func (p pair) Redemptions(ctx context.Context, filter cloud.RedemptionFilter, yield func(cloud.Redemption) error) error {
	return p.next().Redemptions(ctx, filter, yield)
}

func (p pair) Exceptions(ctx context.Context, merchant string, openOnly bool) ([]api.Exception, error) {
	return p.next().Exceptions(ctx, merchant, openOnly)
}

func (p pair) StoreDay(ctx context.Context, t cloud.Terminal, day terminal.Date, after int64, limit int) (cloud.DayPage, error) {
	return p.next().StoreDay(ctx, t, day, after, limit)
}

func (p pair) NewestSnapshot(ctx context.Context, merchant string) (cloud.Snapshot, error) {
	return p.next().NewestSnapshot(ctx, merchant)
}

func (p pair) SnapshotPart(ctx context.Context, merchant, id string, part int64) ([]byte, error) {
	return p.next().SnapshotPart(ctx, merchant, id, part)
}

func (p pair) FeedSize(ctx context.Context, merchant string) (vouchers, place int64, err error) {
	return p.next().FeedSize(ctx, merchant)
}

func (p pair) MakeSnapshot(ctx context.Context, merchant string, at time.Time, progress func(int64)) (cloud.Snapshot, error) {
	return p.next().MakeSnapshot(ctx, merchant, at, progress)
}

func (p pair) NewAdminToken(ctx context.Context, token cloud.AdminToken, hash [32]byte) error {
	return p.next().NewAdminToken(ctx, token, hash)
}

func (p pair) AdminToken(ctx context.Context, hash [32]byte) (cloud.AdminToken, error) {
	return p.next().AdminToken(ctx, hash)
}

func (p pair) AdminTokens(ctx context.Context) ([]cloud.AdminToken, error) {
	return p.next().AdminTokens(ctx)
}

func (p pair) EndAdminToken(ctx context.Context, name string, at time.Time) error {
	return p.next().EndAdminToken(ctx, name, at)
}

func (p pair) Figures(ctx context.Context, now time.Time) ([]cloud.Figures, int64, error) {
	return p.next().Figures(ctx, now)
}
