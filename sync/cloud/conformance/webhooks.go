package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"countersign/sync/cloud"
)

var webhookTests = []test{
	{"an event is there exactly if what it tells of is", eventWithFact},
	{"a webhook is told of what it asks for, and of its own merchant", eventsAsked},
	{"a delivery is claimed once until its lease ends", deliveryOnce},
	{"a webhook that fails is tried one by one and then disabled", webhookFails},
	{"what waits for a disabled webhook is bounded, and what was dropped is counted", waitingBounded},
	{"secrets overlap while they are rotated", secretsOverlap},
}

func (w *world) hook(id string, events ...string) cloud.Webhook {
	w.Helper()
	hook := cloud.Webhook{ID: id, Merchant: merchantID, URL: "https://shop.example/" + id, Events: events, State: cloud.WebhookLive, CreatedAt: w.now}
	if err := w.storage.AddWebhook(w.Context(), hook, []byte("secret of "+id)); err != nil {
		w.Fatal(err)
	}
	return hook
}

// far is later than everything that a test writes.
var far = start.Add(30 * 24 * time.Hour)

// drain claims all that waits for a webhook and takes it.
func (w *world) drain(id string, at time.Time) (all []cloud.Delivery) {
	w.Helper()
	for {
		_, due, err := w.storage.ClaimDeliveries(w.Context(), id, at, at.Add(time.Minute), 3)
		if err != nil {
			w.Fatal(err)
		}
		if len(due) == 0 {
			slices.SortFunc(all, func(a, b cloud.Delivery) int { return a.CreatedAt.Compare(b.CreatedAt) })
			return all
		}
		outcome := cloud.DeliveryOutcome{At: at, DisableIf: at.Add(-time.Hour)}
		for _, d := range due {
			outcome.Taken = append(outcome.Taken, d.ID)
		}
		if err := w.storage.SettleDeliveries(w.Context(), id, outcome); err != nil {
			w.Fatal(err)
		}
		all = append(all, due...)
	}
}

func told(all []cloud.Delivery) (events []string) {
	for _, d := range all {
		events = append(events, d.Event)
	}
	slices.Sort(events)
	return events
}

func (w *world) theHook(id string) cloud.Webhook {
	w.Helper()
	all, err := w.storage.Webhooks(w.Context(), merchantID)
	at := slices.IndexFunc(all, func(h cloud.Webhook) bool { return h.ID == id })
	if err != nil || at < 0 {
		w.Fatalf("webhook %s is not there: %v", id, err)
	}
	return all[at]
}

func eventWithFact(w *world) {
	w.hook("all")
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{Holder: "M. Chen"})
	a.redeem(t, 1)
	second := b.redeem(t, 1)
	a.push(1)
	a.push(1) // again: the answer was lost
	b.push(1)
	b.reverse(second, 1)
	b.push(2)
	all := w.drain("all", far)
	w.expect("events", told(all), []string{cloud.EventExceptionClosed, cloud.EventExceptionOpened, cloud.EventNotAccepted, cloud.EventRedemption, cloud.EventRedemption,
		cloud.EventReversal})
	ids := map[string]bool{}
	for _, d := range all {
		ids[d.ID] = true
		var message struct {
			Type      string
			Timestamp time.Time
			Data      struct {
				UID     string `json:"uid"`
				Verdict string
				State   string
				Lines   []cloud.RedemptionLine
			}
		}
		if err := json.Unmarshal(d.Payload, &message); err != nil {
			w.Fatal(err)
		}
		w.expect("type", message.Type, d.Event)
		if d.Event == cloud.EventNotAccepted {
			w.expect("what was not accepted", []any{message.Data.UID, message.Data.Verdict, message.Data.Lines[0].Overrun}, []any{second.UID.String(), "overrun", 1})
		}
		if d.Event == cloud.EventExceptionClosed {
			w.expect("the closed one", message.Data.State, "closed")
		}
	}
	w.expect("each has its own id", len(ids), len(all))
	w.expect("counted", []int64{w.theHook("all").Delivered, w.theHook("all").Waiting}, []int64{int64(len(all)), 0})
}

func eventsAsked(w *world) {
	w.hook("some", cloud.EventExceptionOpened, cloud.EventReversal)
	gone := w.hook("gone")
	other := lakeside()
	other.Merchant.ID = "hill"
	w.apply(other)
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	c.redeem(t, 1)
	c.push(1)
	if err := w.storage.RemoveWebhook(w.Context(), "hill", gone.ID); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("another merchant removed it: %v", err)
	}
	if err := w.storage.RemoveWebhook(w.Context(), merchantID, gone.ID); err != nil {
		w.Fatal(err)
	}
	due, err := w.storage.DueWebhooks(w.Context(), far)
	w.expect("nobody is told", []any{len(due), err}, []any{0, nil})
	first := c.redeem(t, 1)
	c.push(2)
	c.reverse(first, 1)
	c.push(3)
	due, err = w.storage.DueWebhooks(w.Context(), far)
	w.expect("who is told", []any{due, err}, []any{[]string{"some"}, nil})
	w.expect("of what", told(w.drain("some", far)), []string{cloud.EventExceptionOpened, cloud.EventReversal})
}

func deliveryOnce(w *world) {
	const many, workers = 40, 4
	w.hook("all")
	for n := range many {
		d, err := cloud.NewDelivery(cloud.EventRedemption, fmt.Append(nil, n), n, w.now)
		if err == nil {
			err = w.storage.QueueDelivery(w.Context(), merchantID, "all", d, w.now)
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	at := w.now.Add(time.Second)
	claim := func(at time.Time) []cloud.Delivery {
		_, due, err := w.storage.ClaimDeliveries(w.Context(), "all", at, at.Add(time.Minute), 5)
		if err != nil {
			w.Error(err)
		}
		return due
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for idle := 0; idle < 3; {
				due := claim(at)
				if len(due) == 0 {
					idle++ // others may have been faster with those that it looked at
					continue
				}
				mu.Lock()
				for _, d := range due {
					seen[d.ID]++
				}
				mu.Unlock()
			}
		})
	}
	running.Wait()
	w.expect("claimed", len(seen), many)
	for id, times := range seen {
		if times > 1 {
			w.Errorf("%s was given to %d at once", id, times)
		}
	}
	w.expect("while the lease lasts", len(claim(at.Add(59*time.Second))), 0)
	late := claim(at.Add(61 * time.Second))
	w.expect("of who is gone", []any{len(late), late[0].Attempts}, []any{5, 2})
}

func webhookFails(w *world) {
	w.hook("all")
	c := w.counter(quay)
	for range 3 {
		c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	}
	c.push(1)
	at := w.now.Add(time.Hour)
	fail := func(at, disableIf time.Time, most int) {
		w.Helper()
		_, due, err := w.storage.ClaimDeliveries(w.Context(), "all", at, at.Add(time.Minute), 5)
		if err != nil {
			w.Fatal(err)
		}
		w.expect("tried", len(due), most)
		outcome := cloud.DeliveryOutcome{At: at, Error: "HTTP 500", ResumeAt: at.Add(10 * time.Second), DisableIf: disableIf}
		for _, d := range due {
			outcome.Again = append(outcome.Again, cloud.DeliveryAgain{ID: d.ID, Lease: d.Lease, DueAt: at.Add(10 * time.Second)})
		}
		if err := w.storage.SettleDeliveries(w.Context(), "all", outcome); err != nil {
			w.Fatal(err)
		}
	}
	never := at.Add(-time.Hour)
	fail(at, never, 3)
	due, err := w.storage.DueWebhooks(w.Context(), at.Add(9*time.Second))
	w.expect("left alone", []any{len(due), err}, []any{0, nil})
	fail(at.Add(10*time.Second), never, 1)
	hook := w.theHook("all")
	w.expect("shown", []any{hook.State, hook.LastError, *hook.FailingSince, hook.Waiting}, []any{cloud.WebhookLive, "HTTP 500", at, 3})
	fail(at.Add(20*time.Second), at, 1)
	hook = w.theHook("all")
	w.expect("disabled", []any{hook.State, hook.Reason}, []any{cloud.WebhookDisabled, "It was not reached for days: HTTP 500"})
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(4)
	w.expect("nothing is sent", len(w.drain("all", far)), 0)
	changed, err := w.storage.EnableWebhook(w.Context(), merchantID, "all")
	w.expect("enabled", []any{changed, err}, []any{true, nil})
	changed, err = w.storage.EnableWebhook(w.Context(), merchantID, "all")
	w.expect("enabled before", []any{changed, err}, []any{false, nil})
	w.expect("what had waited, and what happened meanwhile", told(w.drain("all", far)),
		[]string{cloud.EventRedemption, cloud.EventRedemption, cloud.EventRedemption, cloud.EventRedemption})
}

// A receiver that stays away for months would fill the cloud's disk, or nobody would know what it was never told.
func waitingBounded(w *world) {
	w.hook("off")
	w.hook("on")
	for _, id := range []string{"off", "on"} {
		for n := range 6 {
			d, err := cloud.NewDelivery(cloud.EventRedemption, fmt.Append(nil, n), n, w.now)
			if err == nil {
				err = w.storage.QueueDelivery(w.Context(), merchantID, id, d, w.now.Add(time.Duration(n)*time.Hour))
			}
			if err != nil {
				w.Fatal(err)
			}
		}
	}
	if err := w.storage.SettleDeliveries(w.Context(), "off", cloud.DeliveryOutcome{At: w.now, Error: "HTTP 410", Gone: true}); err != nil {
		w.Fatal(err)
	}
	for _, step := range []struct {
		before  time.Time
		most    int
		dropped int64
	}{{w.now, 6, 0}, {w.now.Add(90 * time.Minute), 6, 2}, {w.now, 3, 1}, {w.now, 3, 0}} {
		dropped, err := w.storage.DropDeliveries(w.Context(), step.before, step.most)
		w.expect("dropped", []any{dropped, err}, []any{step.dropped, nil})
	}
	w.expect("counted", []int64{w.theHook("off").GivenUp, w.theHook("off").Waiting}, []int64{3, 3})
	w.expect("of who is told", []int64{w.theHook("on").GivenUp, w.theHook("on").Waiting}, []int64{0, 6})
	if _, err := w.storage.EnableWebhook(w.Context(), merchantID, "off"); err != nil {
		w.Fatal(err)
	}
	var rest []string
	for _, d := range w.drain("off", far) {
		rest = append(rest, string(d.Payload[len(d.Payload)-2:]))
	}
	slices.Sort(rest)
	w.expect("the newest", rest, []string{"3}", "4}", "5}"})
}

func secretsOverlap(w *world) {
	w.hook("all")
	if err := w.storage.RotateWebhook(w.Context(), merchantID, "all", []byte("new"), w.now.Add(time.Hour)); err != nil {
		w.Fatal(err)
	}
	secrets := func(at time.Time) (all []string) {
		target, _, err := w.storage.ClaimDeliveries(w.Context(), "all", at, at, 1)
		if err != nil {
			w.Fatal(err)
		}
		for _, secret := range target.Secrets {
			all = append(all, string(secret))
		}
		return all
	}
	w.expect("meanwhile", secrets(w.now), []string{"new", "secret of all"})
	w.expect("then", secrets(w.now.Add(2*time.Hour)), []string{"new"})
	if err := w.storage.RotateWebhook(w.Context(), "hill", "all", []byte("new"), w.now); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("another merchant's: %v", err)
	}
}
