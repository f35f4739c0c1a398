package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// reported answers with redemptions and exceptions that a terminal could have sent.
type reported struct {
	cloud.Storage
	redemptions []cloud.Redemption
	exceptions  []api.Exception
}

func (r reported) Redemptions(_ context.Context, _ cloud.RedemptionFilter, yield func(cloud.Redemption) error) error {
	for _, one := range r.redemptions {
		if err := yield(one); err != nil {
			return err
		}
	}
	return nil
}

func (r reported) Exceptions(context.Context, string, bool) ([]api.Exception, error) {
	return r.exceptions, nil
}

// A manager would think that a voucher was stopped in time which had been honoured an hour before, or chase an overrun that is settled.
func TestWithdrawnAndExcusedAreSaid(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	s := d.storage()
	used, uid := terminal.VoucherID(7), terminal.UID{1}
	at := time.Date(2026, 11, 21, 12, 4, 0, 0, time.UTC)
	line := cloud.RedemptionLine{Voucher: used, Units: 1}
	known := reported{s, []cloud.Redemption{{UID: uid, Kind: terminal.EntryRedeem, Store: "quay", Terminal: "bar", At: at, Verdict: terminal.Overrun,
		Lines: []cloud.RedemptionLine{line}}}, []api.Exception{{Kind: api.ExceptionOverrun, State: api.ExceptionClosed, Uses: []api.ExceptionUse{{Uid: uid}}}}}
	var out bytes.Buffer
	g := &globals{streams: streams{nil, &out, &out}}
	if err := g.tellUsed(t.Context(), cloud.NewOffice(known), "lakeside", []terminal.VoucherID{used, 8}, terminal.VoucherRevoked); err != nil {
		t.Fatal(err)
	}
	d.has("was used before: 2026-11-21 13:04:00+01:00 at quay/bar", out.String())
	out.Reset()
	if err := g.redemptions(t.Context(), cloud.NewOffice(known), cloud.RedemptionFilter{}, "", "table"); err != nil {
		t.Fatal(err)
	}
	d.has("overrun, excused", out.String())
	known.exceptions[0].State = api.ExceptionOpen
	out.Reset()
	if err := g.redemptions(t.Context(), cloud.NewOffice(known), cloud.RedemptionFilter{}, "", "csv"); err != nil {
		t.Fatal(err)
	}
	d.has(",false\n", out.String())
}

// A manager would read that the second counter sold after the first, of two uses of which it was the other way round.
func TestUsesAreToldInTheOrderInWhichTheyWereMade(t *testing.T) {
	t.Parallel()
	early := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	uses := []api.ExceptionUse{{Store: "quay", Terminal: "c2", At: early.Add(time.Hour), Assurance: terminal.Confirmed}, {Store: "quay", Terminal: "c1", At: early, Assurance: terminal.Leased}}
	for want, order := range map[string][]api.ExceptionUse{"c2 confirmed; heard after that: 2026-11-21 12:00:00": uses, "c1 leased; then 2026-11-21 13:00:00": {uses[1], uses[0]}} {
		var out bytes.Buffer
		if err := exceptionTable(&out, []api.Exception{{Kind: api.ExceptionOverrun, State: api.ExceptionOpen, Uses: order}}, zones{}, translations.For("en", nil)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
}
