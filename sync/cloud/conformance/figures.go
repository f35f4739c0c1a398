package conformance

import (
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
)

var figureTests = []test{{"the figures say what waits and what it may cost", figures}, {"a look whether there is room is in nobody's way", room}}

func figures(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	a.redeem(t, 1)
	b.redeem(t, 1)
	a.push(1)
	b.push(1) // an overrun
	if _, err := w.storage.Suspend(w.Context(), merchantID, harbour, b.Name, true); err != nil {
		w.Fatal(err)
	}
	all, _, err := w.storage.Figures(w.Context(), w.now.Add(time.Hour))
	if err != nil || len(all) != 1 {
		w.Fatal(all, err)
	}
	f := all[0]
	w.expect("terminals and exceptions", []any{f.Merchant, f.Terminals["live"], f.Terminals["suspended"], f.Open["overrun"], f.Overruns, f.Open["journal_fork"]},
		[]any{merchantID, 1, 1, 1, 1, 0})
	w.expect("at risk", f.AtRisk, []terminal.Money{{Minor: 3990, Currency: "EUR"}})
	w.expect("no hub, no lease, nothing to tell", []any{f.Hubs, f.Leases, f.Untold, f.Awaited, f.Hooks}, []any{0, 0, 0, 0, map[string]int64{"disabled": 0, "failing": 0, "live": 0}})
	w.hook("shop")
	if _, _, err := w.storage.AppointHub(w.Context(), cloud.Hub{Merchant: merchantID, Store: quay, Terminal: a.Name, At: w.tick()}); err != nil {
		w.Fatal(err)
	}
	a.redeem(w.issue("dinner", cloud.Facts{}), 1)
	a.push(2)
	again, _, err := w.storage.Figures(w.Context(), w.now.Add(time.Hour))
	if err != nil {
		w.Fatal(err)
	}
	w.expect("a hub, a webhook", []any{again[0].Hubs, again[0].Hooks["live"], again[0].Untold}, []any{1, 1, 1})
	if oldest, silent := again[0].UntoldFor, again[0].HubSilence; oldest < 50*time.Minute || silent < 50*time.Minute {
		w.Errorf("what waits for an hour waits for %s, and the hub is silent for %s", oldest, silent)
	}
	if f.Silence < 50*time.Minute || f.Silence > 2*time.Hour {
		w.Errorf("a terminal that was heard an hour ago is silent for %s", f.Silence)
	}
}

// A cloud whose disk was full would stay out of the load balancer, or fill it by looking whether there is room.
func room(w *world) {
	for range 2 {
		if err := w.storage.Room(w.Context()); err != nil {
			w.Error(err)
		}
	}
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	c.redeem(t, 1)
	w.expect("a redemption after it", c.last(), terminal.LineVerdict{Accepted: 1})
}
