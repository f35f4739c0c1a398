package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/token"
)

// till is a terminal that sends what a real one would.
type till struct {
	*desk
	storage cloud.Storage
	cloud.Terminal
	private ed25519.PrivateKey
	place   entry.Place
	starts  string
}

func (d *desk) till(s cloud.Storage, name string) *till {
	d.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		d.Fatal(err)
	}
	now, hash := time.Now(), cloud.SecretHash(rand.Text())
	if err := s.Invite(d.Context(), []cloud.Invitation{{Merchant: "lakeside", Store: "quay", Name: name, SecretHash: hash, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}}); err != nil {
		d.Fatal(err)
	}
	t, err := s.Enrol(d.Context(), cloud.Enrolment{SecretHash: hash, Key: public, SealKey: make([]byte, 32), ProgramVersion: "test", At: now})
	if err != nil {
		d.Fatal(err)
	}
	return &till{desk: d, storage: s, Terminal: t, private: private, place: entry.Start(public), starts: rand.Text()}
}

// send writes an entry about a voucher of dinner, and sends it.
func (t *till) send(kind terminal.EntryKind, about terminal.UID, id terminal.VoucherID, code string) terminal.UID {
	t.Helper()
	key, err := t.storage.LookupKey(t.Context(), t.Merchant)
	if err != nil {
		t.Fatal(err)
	}
	readings, err := token.Canonical(code)
	if err != nil {
		t.Fatal(err)
	}
	var uid terminal.UID
	if _, err := rand.Read(uid[:]); err != nil {
		t.Fatal(err)
	}
	lookup, now := token.LookupOf(key, readings[0]), time.Now()
	line := terminal.EntryLine{Voucher: id, Campaign: "dinner", Kind: terminal.KindProduct, Units: 1, Lookup: &lookup, Price: &terminal.Money{Minor: 3990, Currency: "EUR"}}
	if kind == terminal.EntryRedeem {
		line.Proof = token.Proof(token.InnerOf(key, readings[0]), uid)
	}
	before := t.place
	sealed, err := entry.Seal(t.private, before.Hash, terminal.Entry{Merchant: t.Merchant, Store: t.Store, Terminal: t.Name, Epoch: before.Epoch, Seq: before.Seq + 1, UID: uid,
		Kind: kind, About: about, Receipt: terminal.ReceiptNumber{Epoch: before.Epoch, Number: before.Receipt + 1}, Operator: "li", Assurance: terminal.Offline,
		Wall: now, Lower: now, Upper: now, BusinessDay: terminal.Date{Year: 2026, Month: 11, Day: 21}, Lines: []terminal.EntryLine{line}})
	if err != nil {
		t.Fatal(err)
	}
	if t.place, _, err = before.Follow(sealed); err != nil {
		t.Fatal(err)
	}
	_, err = t.storage.ApplyJournal(t.Context(), t.Terminal, cloud.Push{Epoch: before.Epoch, FromSeq: before.Seq + 1, Prev: before.Hash, Entries: []entry.Sealed{sealed},
		Standing: cloud.Standing{Instance: t.starts, Previous: []string{}, Nonce: now}, At: now})
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

// The office could not see one redemption from elsewhere, since a command that works on an empty cloud fails as soon as there is something.
func TestEveryCommandFromElsewhereWithData(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	leasing := strings.Replace(shop, `kind = "product"`, "kind = \"product\"\n[campaign.offline]\nmode = \"allow\"\nlease = 1", 1)
	file := d.file("leasing.toml", leasing)
	d.run(exitDone, "apply", "-f", file)
	out, _ := d.run(exitDone, "issue", "dinner", "--count", "4")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatal(rows, err)
	}
	ids := make([]terminal.VoucherID, 5)
	for i := 1; i < 5; i++ {
		if err := ids[i].UnmarshalText([]byte(rows[i][0])); err != nil {
			t.Fatal(err)
		}
	}
	s := d.storage()
	bar, shopfront := d.till(s, "bar"), d.till(s, "front")
	used := bar.send(terminal.EntryRedeem, terminal.UID{}, ids[1], rows[1][1])
	shopfront.send(terminal.EntryRedeem, terminal.UID{}, ids[1], rows[1][1])
	second := bar.send(terminal.EntryRedeem, terminal.UID{}, ids[2], rows[2][1])
	bar.send(terminal.EntryReverse, second, ids[2], rows[2][1])
	leases, err := s.Lease(t.Context(), bar.Terminal, cloud.LeaseRequest{Want: []cloud.LeaseWant{{Voucher: ids[3], Units: 1}},
		Standing: cloud.Standing{Instance: bar.starts, Journal: &api.Head{Epoch: bar.place.Epoch, Seq: bar.place.Seq, Hash: bar.place.Hash[:]}, Nonce: time.Now()}, At: time.Now()})
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	url, stop := d.serve()
	defer stop()
	secret, _ := d.run(exitDone, "token", "create", "office")
	held := d.file("token", secret)
	added, _ := d.run(exitDone, "webhooks", "add", "https://shop.example/hook")
	hook := strings.Fields(added)[1]
	tried := map[string]bool{}
	far := func(has string, args ...string) {
		t.Helper()
		d.has(has, first(d.far(exitDone, url, held, args...)))
		root := newRoot(streams{})
		named, _, err := root.Find(args)
		if err != nil {
			t.Fatal(err)
		}
		tried[named.CommandPath()] = true
	}
	for _, reading := range []struct{ has, command string }{
		{"overrun", "redemptions"}, {`"reverse"`, "redemptions --format json"}, {used.String(), "redemptions --format csv --day 2026-11-21 --store quay --terminal front --terminal bar"},
		{`"overrun"`, "exceptions --json"}, {"quay", "exceptions"}, {leases[0].ID, "leases"}, {`"bar"`, "leases --json"}, {"front", "terminals"}, {`"bar"`, "terminals --json"},
		{"", "keys list"}, {hook, "webhooks list"}, {"no hub", "hub quay"},
	} {
		args := strings.Fields(reading.command)
		far(reading.has, args...)
		here, there := first(d.run(exitDone, args...)), first(d.far(exitDone, url, held, args...))
		if here != there {
			t.Errorf("%s says %q here and %q from elsewhere", reading.command, here, there)
		}
	}
	far("bar", "hub", "quay", "bar", "--address", "192.0.2.10")
	far("bar", "hub", "quay")
	far("was used before", "revoke", ids[1].String())
	far("written off", "write-off", leases[0].ID, "--anyway")
	far("nothing changed", "apply", "-f", file)
	far("code", "issue", "dinner")
	far("imported 1", "import", "dinner", d.file("deals.csv", "code\n123456789012\n"))
	far("paused", "pause", "dinner")
	far("live", "resume", "dinner")
	far("countersign://", "invite", "quay")
	far("suspended", "suspend", "front")
	far("live", "readmit", "front")
	far("", "keys", "rotate", "--after", "1s")
	listed := first(d.run(exitDone, "keys", "list", "--json"))
	var keys []cloud.KeyReport
	if err := json.Unmarshal([]byte(listed), &keys); err != nil || len(keys) < 2 {
		t.Fatal(listed, err)
	}
	far("revoked", "keys", "revoke", keys[0].ID)
	far("retired", "keys", "retire", keys[1].ID)
	far("nothing changed", "webhooks", "enable", hook)
	far("on its way", "webhooks", "test", hook)
	far("whsec_", "webhooks", "rotate", hook)
	far("is removed", "webhooks", "remove", hook)
	far("whsec_", "webhooks", "add", "https://shop.example/hook")
	untried(t, newRoot(streams{}), tried)
}

// untried finds the commands that take --url and were not called. Those of the machine itself do not, see --help.
func untried(t *testing.T, of *cobra.Command, tried map[string]bool) {
	t.Helper()
	for _, command := range of.Commands() {
		switch command.Name() {
		case "serve", "token", "man", "help", "completion", "rotate-answers":
			continue
		}
		if !command.HasSubCommands() && !tried[command.CommandPath()] {
			t.Errorf("%s was not called through --url", command.CommandPath())
		}
		untried(t, command, tried)
	}
}

// A redemption's list could not be read back: not from elsewhere, and not by who wrote it.
func TestKindsOfEntriesAreReadBack(t *testing.T) {
	t.Parallel()
	for kind := terminal.EntryRedeem; kind <= terminal.EntryEpoch; kind++ {
		text, err := kind.MarshalText()
		var back terminal.EntryKind
		if err != nil || back.UnmarshalText(text) != nil || back != kind {
			t.Errorf("%s comes back as %s (%v)", kind, back, err)
		}
	}
	for _, strange := range []string{"", "unknown", "7"} {
		if kind := terminal.EntryRedeem; kind.UnmarshalText([]byte(strange)) == nil {
			t.Errorf("%q is taken for a kind", strange)
		}
	}
}
