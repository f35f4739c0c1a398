package conformance

import (
	"errors"
	"time"

	"countersign/sync/cloud"
)

var adminTokenTests = []test{
	{"a token lets in until it is ended", adminTokens},
	{"a report goes on after its last redemption", reportPages},
}

func adminTokens(w *world) {
	secret, hash := cloud.NewAdminToken()
	made := cloud.AdminToken{Name: "till", Merchant: merchantID, CreatedAt: start}
	if err := w.storage.NewAdminToken(w.Context(), made, hash); err != nil {
		w.Fatal(err)
	}
	held, err := w.storage.AdminToken(w.Context(), cloud.AdminTokenHash(secret))
	w.expect("the token", []any{held.Name, held.Merchant, held.CreatedAt.Equal(start), held.EndedAt, err}, []any{"till", merchantID, true, (*time.Time)(nil), error(nil)})
	if _, err := w.storage.AdminToken(w.Context(), cloud.AdminTokenHash(secret+"x")); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("another token was taken: %v", err)
	}
	_, other := cloud.NewAdminToken()
	if err := w.storage.NewAdminToken(w.Context(), made, other); !errors.Is(err, cloud.ErrNameTaken) {
		w.Errorf("two tokens have one name: %v", err)
	}
	if err := w.storage.EndAdminToken(w.Context(), "till", start.Add(time.Hour)); err != nil {
		w.Error(err)
	}
	if _, err := w.storage.AdminToken(w.Context(), hash); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a token that was ended was taken: %v", err)
	}
	if err := w.storage.EndAdminToken(w.Context(), "till", start); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a token was ended twice: %v", err)
	}
	if err := w.storage.NewAdminToken(w.Context(), made, other); err != nil {
		w.Errorf("the name of a token that was ended is not free: %v", err)
	}
	all, err := w.storage.AdminTokens(w.Context())
	w.expect("those that ever were", []any{len(all), err}, []any{2, error(nil)})
}

func reportPages(w *world) {
	c := w.counter(quay)
	for range 3 {
		c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	}
	c.push(1)
	all := w.redemptions()
	var rest []cloud.Redemption
	err := w.storage.Redemptions(w.Context(), cloud.RedemptionFilter{Merchant: merchantID, After: all[0].UID}, func(r cloud.Redemption) error {
		rest = append(rest, r)
		return nil
	})
	w.expect("after the first", []any{len(rest), rest[0].UID, rest[1].UID, err}, []any{2, all[1].UID, all[2].UID, error(nil)})
	err = w.storage.Redemptions(w.Context(), cloud.RedemptionFilter{Merchant: merchantID, After: w.uid()}, func(cloud.Redemption) error { return nil })
	if !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a report after a redemption that there is not ended with %v", err)
	}
}
