package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/sync/cloud"
)

// A merchant's people could not have their shop system told of anything, here or from elsewhere.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	url, stop := d.serve()
	defer stop()
	secret, _ := d.run(exitDone, "token", "create", "office")
	token := d.file("token", secret)
	called := make(chan *http.Request, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { called <- r }))
	defer receiver.Close()
	out, _ := d.far(exitDone, url, token, "webhooks", "add", receiver.URL, "--event", cloud.EventExceptionOpened)
	made := regexp.MustCompile(`^webhook (wh_[0-9a-z]{12}) of lakeside\n(whsec_[A-Za-z0-9+/=]{44})\n$`).FindStringSubmatch(out)
	if made == nil {
		t.Fatalf("add says %q", out)
	}
	id := made[1]
	out, _ = d.run(exitDone, "webhooks", "list")
	if !strings.Contains(out, id) || strings.Contains(out, "whsec_") {
		t.Errorf("list says %q", out)
	}
	d.has("is on its way", first(d.far(exitDone, url, token, "webhooks", "test", id)))
	if r := <-called; !strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,") {
		t.Errorf("the delivery is signed %q", r.Header.Get("webhook-signature"))
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		var all []cloud.Webhook
		out, _ := d.far(exitDone, url, token, "webhooks", "list", "--json")
		if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 {
			t.Fatal(out, err)
		}
		if all[0].Delivered == 1 {
			break
		}
		<-look.C
	}
	out, _ = d.far(exitDone, url, token, "webhooks", "rotate", id)
	if out == made[2]+"\n" || !strings.HasPrefix(out, "whsec_") {
		t.Errorf("rotate says %q", out)
	}
	var rotated struct{ ID, Secret string }
	out, _ = d.far(exitDone, url, token, "webhooks", "rotate", id, "--json")
	if err := json.Unmarshal([]byte(out), &rotated); err != nil || rotated.ID != id || !strings.HasPrefix(rotated.Secret, "whsec_") {
		t.Errorf("rotate --json says %q", out)
	}
	_, failure := d.far(exitUsage, url, token, "webhooks", "add", receiver.URL)
	d.has(id+" calls that URL already", failure)
	other, _ := d.far(exitDone, url, token, "webhooks", "add", receiver.URL, "--event", cloud.EventReversal) // nothing is told twice
	d.has("is removed", first(d.far(exitDone, url, token, "webhooks", "remove", strings.Fields(other)[1])))
	d.has("nothing changed", first(d.far(exitDone, url, token, "webhooks", "enable", id)))
	for _, bad := range []string{"http://shop.example/", "shop"} {
		_, there := d.far(exitUsage, url, token, "webhooks", "add", bad)
		_, here := d.run(exitUsage, "webhooks", "add", bad)
		if strings.TrimSpace(here) == "" || !strings.EqualFold(strings.Trim(here, ".\n"), strings.Trim(there, ".\n")) {
			t.Errorf("%s is refused here by %q and from elsewhere by %q", bad, here, there)
		}
	}
	_, failure = d.run(exitUsage, "webhooks", "add", "https://shop.example/", "--event", "nothing")
	d.has("there is no event", failure)
	d.has("is removed", first(d.far(exitDone, url, token, "webhooks", "remove", id)))
	_, failure = d.run(exitUsage, "webhooks", "remove", id)
	d.has("there is no webhook", failure)
}

// A merchant would believe that the shop system heard of everything, or would not know what it has to read up.
func TestAWebhookThatIsEnabledSaysWhatWaited(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	s := d.storage()
	office := cloud.NewOffice(s)
	made, err := office.AddWebhook(t.Context(), "lakeside", "https://shop.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour)
	for n := range 5 {
		event, err := cloud.NewDelivery(cloud.EventRedemption, []byte{byte(n)}, n, at)
		if err == nil {
			err = s.QueueDelivery(t.Context(), "lakeside", made.ID, event, at.Add(time.Duration(n)*time.Minute))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SettleDeliveries(t.Context(), made.ID, cloud.DeliveryOutcome{At: at, Error: "HTTP 410", Gone: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DropDeliveries(t.Context(), at, 3); err != nil {
		t.Fatal(err)
	}
	d.has("is disabled, and what happens waits for it, for two weeks. Its receiver said that it is gone (HTTP 410). Mend that", first(d.run(exitDone, "webhooks", "list")))
	out, _ := d.run(exitDone, "webhooks", "enable", made.ID)
	d.has("is told again, first of the 3 events that waited", out)
	d.has("never told of 2 events", out)
}
