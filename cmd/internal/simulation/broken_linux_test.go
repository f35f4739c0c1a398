package simulation

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// patch changes one place of a source file.
type patch struct {
	file     string // from the top of the repository
	was, now string
}

// variant is the program with one mistake in it that somebody could make.
type variant struct {
	name    string
	patches []patch
}

// variants are what the simulation must find out. Each patch is made on a copy that only the compiler sees (go build -overlay): no shipped
// file knows of any.
var variants = []variant{
	{"acknowledged before it was sent", []patch{{"sync/pump.go",
		"	limited, cancel := context.WithTimeout(ctx, pumpBudget)\n	defer cancel()\n	ack, err := p.client.push(limited, push)\n",
		"	if len(batch.Entries) > 0 {\n		_ = p.journal.Ack(ctx, batch.From+uint64(len(batch.Entries))-1, nil)\n	}\n" +
			"	limited, cancel := context.WithTimeout(ctx, pumpBudget)\n	defer cancel()\n	ack, err := p.client.push(limited, push)\n"}}},
	{"approved before COMMIT", []patch{{"terminal/journal/journal.go",
		"	if err := j.commit(j.w.q); err != nil {\n",
		"	if err := j.commit(j.w.q); err != nil {\n		return nil\n	}\n	if err := error(nil); err != nil {\n"}}},
	{"synchronous=NORMAL", []patch{
		{"terminal/journal/connect.go", "	case toWrite:\n", "	case toWrite:\n		options.Set(\"_synchronous\", \"NORMAL\")\n"},
		{"terminal/journal/connect.go", "err != nil || full != \"2\" {", "err != nil || (full != \"2\" && full != \"1\") {"}}},
	{"a cursor that is read after the page", []patch{{"sync/cloud/relational/feed.go",
		"	return page, err\n}\n\n// outbox ",
		"	if err == nil && page.AtEnd {\n		<-time.After(20 * time.Millisecond)\n" +
			"		err = s.read(ctx, func(q Querier) error {\n			_, head, gen, err := cursorPlace(q, t.Merchant, \"\")\n" +
			"			page.Cursor = fmt.Sprintf(\"%s.%d\", gen, head)\n			return err\n		})\n	}\n	return page, err\n}\n\n// outbox "}}},
	{"a redemption that is counted twice", []patch{{"sync/cloud/relational/journal.go",
		"		verdict, err := loadVerdict(a, there.ordinal)\n",
		"		if e, err := entry.Decode(sealed.Bytes); err == nil && e.Kind == terminal.EntryRedeem {\n" +
			"			if _, err := a.Exec(\"UPDATE voucher SET redeemed = redeemed + ? WHERE id = ?\", e.Lines[0].Units, int64(e.Lines[0].Voucher)); err != nil {\n" +
			"				return nil, 0, err\n			}\n		}\n		verdict, err := loadVerdict(a, there.ordinal)\n"}}},
	{"a request that is not known again", []patch{{"terminal/terminal.go",
		"	} else if record, err := t.parts.Journal.ByUID(ctx, req.UID); err == nil {\n",
		"	} else if record, err := (Record{}), error(ErrUnknown); err == nil {\n"}}},
	{"a claim that time frees", []patch{{"sync/cloud/relational/claims.go",
		"		claiming := claiming{change: c, terminal: t, claim: claim, from: from, copy: s.copy}\n",
		"		if _, err := c.Exec(\"DELETE FROM hold WHERE held_at < ?\", micros(claim.At)-1_000_000); err != nil {\n			return err\n		}\n" +
			"		claiming := claiming{change: c, terminal: t, claim: claim, from: from, copy: s.copy}\n"}}},
	{"claims of what is journalled are not listed", []patch{{"sync/claims.go",
		"	journalled, err := c.unacked(ctx)\n",
		"	for uid := range c.open {\n		delete(c.open, uid)\n	}\n	if true {\n		current.uids = current.uids[:0]\n		return current, nil\n	}\n	journalled, err := c.unacked(ctx)\n"}}},
	{"caps that a restart forgets", []patch{{"terminal/journal/journal.go",
		"	conn, err := db.Conn(ctx)\n",
		"	if _, err := db.ExecContext(ctx, \"DELETE FROM exposures\"); err != nil {\n		return nil, errors.Join(explain(err), db.Close())\n	}\n	conn, err := db.Conn(ctx)\n"}}},
	{"the time is the wall clock's", []patch{{"terminal/clock/clock.go",
		"	if c.mark.At.IsZero() {\n		reading.Lower, reading.Upper = reading.Wall, reading.Wall\n",
		"	if c.mark.At.IsZero() || true {\n		reading.Lower, reading.Upper = reading.Wall, reading.Wall\n"}}},
	{"declines are not written down", []patch{{"terminal/declined.go",
		"	if b.outcome.Choice != Declined {\n		return b.outcome, nil\n	}\n	record, err",
		"	if b.outcome.Choice != Declined || true {\n		return b.outcome, nil\n	}\n	record, err"}}},
	{"a slip that a crash sends again", []patch{{"terminal/journal/spool.go",
		"UPDATE jobs SET state = 'unconfirmed', detail = ?1, changed = ?2\n", "UPDATE jobs SET state = 'queued', detail = ?1, changed = ?2\n"}}},
	{"a terminal that forgets its own uses", []patch{{"terminal/journal/queries.go",
		"	if err != nil || parts == 0 {\n		return use, err\n	}\n", "	if err != nil || parts >= 0 {\n		return terminal.Use{}, err\n	}\n"}}},
	{"a lease without expiry", []patch{
		{"terminal/lease.go", "	return l.Epoch == epoch && l.Day == at.Day() && !at.Now.Upper.After(l.Expires) && !at.Now.Lower.After(l.Expires) && units <= l.Left()\n",
			"	return l.Epoch == epoch && units <= l.Left()\n"},
		{"sync/leases.go", "	return now.Lower.After(lease.Expires) || now.Upper.After(lease.Expires) || lease.Left() == 0 || !needed\n",
			"	return lease.Left() == 0 || !needed\n"}}},
	{"a lease that is held from nobody", []patch{{"sync/cloud/relational/leases.go",
		"voucher = ? AND part = ? AND (terminal <> ? OR epoch < ?)`, int64(v), part, but.terminal, but.epoch).Scan(&units)\n",
		"voucher = ? AND part = ? AND (terminal <> ? OR epoch < ?) AND 1 = 0`, int64(v), part, but.terminal, but.epoch).Scan(&units)\n"}}},
	{"a cache of any age", []patch{{"terminal/policy.go", "		if age > cacheCeiling {\n", "		if age > 1000*cacheCeiling {\n"}}},
}

// top is the repository, from here.
const top = "../../.."

// patched are the files of a variant as they are with its patches. A patch that no longer applies is an error: whoever changes the place
// makes the mistake anew, in its new form.
func (v variant) patched(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, p := range v.patches {
		text, ok := files[p.file]
		if !ok {
			raw, err := os.ReadFile(filepath.Join(top, p.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if times := strings.Count(text, p.was); times != 1 {
			t.Errorf("the variant %q no longer applies: %s holds this %d times, not once:\n%s", v.name, p.file, times, p.was)
		}
		files[p.file] = strings.Replace(text, p.was, p.now, 1)
	}
	for file, text := range files {
		if _, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution); err != nil {
			t.Errorf("the variant %q: %v", v.name, err)
		}
	}
	return files
}

// build compiles a variant of this test.
func (v variant) build(t *testing.T) string {
	t.Helper()
	files := map[string]string{}
	for file, text := range v.patched(t) {
		absolute, err := filepath.Abs(filepath.Join(top, file))
		if err != nil {
			t.Fatal(err)
		}
		files[absolute] = text
	}
	return compiled(t, v.name, files)
}

// compiled is this test compiled with other texts in some files, by their paths.
func compiled(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range files {
		copied := filepath.Join(folder, strings.ReplaceAll(file, string(filepath.Separator), "_"))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[file] = copied
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "variant")
	compile := exec.CommandContext(t.Context(), "go", "test", "-tags", "x11", "-c", "-overlay", path, "-o", program, ".")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("the variant %q does not compile: %v\n%s", name, err, out)
	}
	return program
}

// caughtWithin is how many seeds may pass before a mistake is found out.
const caughtWithin = 200

// If the simulation did not notice a mistake that loses or doubles redemptions, its silence would mean nothing.
func TestEveryMistakeIsFoundOut(t *testing.T) {
	only := os.Getenv("VARIANT") // a part of a name, or "all"
	for _, v := range variants {
		if os.Getenv("COUNTERSIGN_SOAK") == "" && only == "" {
			v.patched(t) // that they still apply is all that there is time for
			continue
		}
		if only != "" && only != "all" && !strings.Contains(v.name, only) {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			results := workers(t, v.build(t), 1, caughtWithin, true)
			for _, r := range results {
				for _, bad := range r.Bad {
					if !strings.HasPrefix(bad, stopped) { // which would say that the patch is wrong
						t.Logf("caught by seed %d: %s", r.Seed, bad)
						return
					}
				}
			}
			t.Errorf("%d worlds did not notice", len(results))
		})
	}
}
