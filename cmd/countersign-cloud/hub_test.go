package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/sync/cloud"
)

// join enrols a terminal of store quay.
func (d *desk) join(name string) {
	d.Helper()
	s := d.storage()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		d.Fatal(err)
	}
	hash, now := cloud.SecretHash(rand.Text()), time.Now()
	err = s.Invite(d.Context(), []cloud.Invitation{{Merchant: "lakeside", Store: "quay", SecretHash: hash, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}})
	if err == nil {
		_, err = s.Enrol(d.Context(), cloud.Enrolment{SecretHash: hash, Key: public, SealKey: make([]byte, 32), Name: name, ProgramVersion: "test", At: now})
	}
	if err != nil {
		d.Fatal(err)
	}
}

// Whoever suspends a stolen counter would not hear that it was the store's hub, and that the store needs another one.
func TestSuspendingTheHubSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	for _, name := range []string{"bar", "door", "till"} {
		d.join(name)
	}
	url, stop := d.serve()
	defer stop()
	secret, _ := d.run(exitDone, "token", "create", "office")
	token := d.file("token", secret)

	d.run(exitDone, "hub", "quay", "bar")
	if out, _ := d.run(exitDone, "suspend", "door"); strings.Contains(out, "hub") {
		t.Errorf("of one that is no hub it says %q", out)
	}
	out, _ := d.run(exitDone, "suspend", "bar")
	d.has("was the hub of store quay", out)
	d.has("countersign-cloud hub quay TERMINAL", out)
	d.has("has no hub", first(d.run(exitDone, "hub", "quay")))
	if out, _ := d.run(exitDone, "suspend", "bar"); strings.Contains(out, "hub") {
		t.Errorf("of one that was suspended before it says %q", out)
	}
	d.run(exitDone, "hub", "quay", "till")
	d.has("was the hub of store quay", first(d.far(exitDone, url, token, "suspend", "till")))

	d.run(exitDone, "readmit", "till")
	d.run(exitDone, "hub", "quay", "till")
	request, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/admin/merchants/lakeside/terminals/quay/till/suspension", strings.NewReader(`{"suspended": true}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(secret))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	var told struct {
		Changed int
		Note    string
	}
	if err != nil || json.Unmarshal(raw, &told) != nil || told.Changed != 1 || !strings.Contains(told.Note, "was the hub of store quay") {
		t.Errorf("the admin API says %s (%v)", raw, err)
	}
}
