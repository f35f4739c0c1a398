package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/cloud"
	"countersign/sync/cloud/postgres"
	"countersign/sync/cloud/postgres/cluster"
	"countersign/sync/cloud/relational"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/token"
)

// pair are two cloud processes on one PostgreSQL, durable as it comes, on the measured disk.
type pair struct {
	cluster *cluster.Cluster
	storage *relational.Storage // this process's own, for what is not measured
	offices []*office
	aside   string // says so where PostgreSQL is not on the measured disk
}

// database is the name of the cloud's database within the cluster.
const database = "bench"

// openPair starts PostgreSQL and two processes that serve it.
func openPair(ctx context.Context, l *lab) (p *pair, err error) {
	p = &pair{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	folder, err := enterable(l.folder)
	if err != nil {
		return p, err
	}
	if whole, err := filepath.Abs(l.folder); err == nil && folder != whole {
		p.aside = fmt.Sprintf("; PostgreSQL in %s, file system %s: its user cannot enter the folder of the others", folder, fileSystem(folder))
	}
	if p.cluster, err = cluster.Start(folder, "max_connections=300"); err != nil {
		return p, err
	}
	if err := p.psql(ctx, "postgres", "CREATE DATABASE "+database); err != nil {
		return p, err
	}
	if p.storage, err = postgres.Open(ctx, p.cluster.URL(database)); err != nil {
		return p, err
	}
	if err := apply(ctx, p.storage); err != nil {
		return p, err
	}
	for range 2 {
		o, err := serveApart(ctx, p.storage, p.cluster.URL(database))
		if err != nil {
			return p, err
		}
		p.offices = append(p.offices, o)
	}
	return p, nil
}

// enterable is a folder on the lab's disk that PostgreSQL's own user can enter, where that is not this one.
func enterable(folder string) (string, error) {
	whole, err := filepath.Abs(folder)
	if err != nil || os.Getuid() != 0 {
		return whole, err
	}
	for at := whole; at != "/"; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return "", err
		}
		if info.Mode().Perm()&0o001 == 0 {
			if at != whole {
				return os.TempDir(), nil // somebody's closed home: the file system is said with the figures
			}
			if err := os.Chmod(at, 0o711); err != nil {
				return "", err
			}
		}
	}
	return whole, nil
}

func (p *pair) close() error {
	var all error
	for _, o := range p.offices {
		all = errors.Join(all, o.close())
	}
	if p.storage != nil {
		all = errors.Join(all, p.storage.Close())
	}
	if p.cluster != nil {
		all = errors.Join(all, p.cluster.Stop())
	}
	return all
}

func (p *pair) psql(ctx context.Context, in, commands string) error {
	run := p.cluster.Command(ctx, "psql", in, "-q", "-v", "ON_ERROR_STOP=1", "-f", "-")
	run.Stdin, run.Stderr = strings.NewReader("SET client_min_messages = warning;\n"+commands), os.Stderr
	return run.Run()
}

// servedApart counts the processes that serveApart started.
var servedApart atomic.Int64

// serveApart starts a process of its own that serves a database, by its URL or folder, which storage has open here, too. It ends when its
// standard input does.
func serveApart(ctx context.Context, storage *relational.Storage, database string, environment ...string) (*office, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"-serve", database}
	if profile != "" {
		args = append(args, "-profile", fmt.Sprintf("%s.cloud-%d", profile, servedApart.Add(1)))
	}
	child := exec.CommandContext(ctx, self, args...)
	child.Stderr, child.Env = os.Stderr, append(os.Environ(), environment...)
	asService(child)
	life, err := child.StdinPipe()
	if err != nil {
		return nil, err
	}
	said, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, err
	}
	o := &office{storage: storage, process: child.Process.Pid, closing: []io.Closer{life, waited{child}}}
	if o.url, err = bufio.NewReader(said).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the cloud process did not say where it is: %w", err), life.Close(), child.Wait())
	}
	o.url = strings.TrimSpace(o.url)
	return o, nil
}

// waited closes a process by waiting for it.
type waited struct{ child *exec.Cmd }

// Close implements io.Closer.
func (w waited) Close() error { return w.child.Wait() }

// serveUntilEnd is what serveApart's process does.
func serveUntilEnd(ctx context.Context, database string) error {
	var storage *relational.Storage
	var err error
	if strings.HasPrefix(database, "postgres:") {
		storage, err = postgres.Open(ctx, database)
	} else {
		storage, err = sqlite.Open(database)
	}
	if err != nil {
		return err
	}
	if _, err := openFiles(pollsAll + pollsOther); err != nil {
		return err
	}
	cloud.Collect() // as countersign-cloud serve does
	o, err := serve(ctx, storage)
	if err != nil {
		return errors.Join(err, storage.Close())
	}
	fmt.Println(o.url)
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, o.close(), storage.Close())
}

// fleet enrols n terminals, each at one of the processes by turns.
func (p *pair) fleet(ctx context.Context, n int) (all []*till, err error) {
	for i, o := range p.offices {
		some, err := o.fleet(ctx, (n+i)/len(p.offices))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

var perSecondLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)`)

// pgbench runs a script so often by so many clients and returns its transactions a second.
func (p *pair) pgbench(ctx context.Context, script string, clients, each int, define ...string) (tps float64, err error) {
	args := []string{"-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-t", strconv.Itoa(each), "-f", "-"}
	for _, one := range define {
		args = append(args, "-D", one)
	}
	run := p.cluster.Command(ctx, "pgbench", database, args...)
	run.Stdin = strings.NewReader(script)
	raw, err := run.CombinedOutput()
	found := perSecondLine.FindSubmatch(raw)
	if err != nil || found == nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, raw)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// mirror makes tables that are as the cloud's, without what only the cloud's decisions need: references to other tables.
const mirror = `
DROP SCHEMA IF EXISTS mirror CASCADE;
CREATE SCHEMA mirror;
CREATE TABLE mirror.entry (LIKE public.entry INCLUDING ALL);
CREATE TABLE mirror.line (LIKE public.line INCLUDING ALL);
CREATE TABLE mirror.outbox (LIKE public.outbox INCLUDING ALL);
CREATE TABLE mirror.voucher (LIKE public.voucher INCLUDING ALL);
INSERT INTO mirror.voucher SELECT * FROM public.voucher;
CREATE TABLE mirror.numbered AS SELECT row_number() OVER (ORDER BY id) - 1 AS n, id FROM mirror.voucher;
ALTER TABLE mirror.numbered ADD PRIMARY KEY (n);
ANALYZE mirror.voucher, mirror.numbered;
`

// sameRows is one redemption's rows as pgbench writes them, each of a voucher of its own as in the fleet: two clients that wrote to one would wait
// for each other's COMMIT. Bytes are as many as an entry of the fleet has.
const sameRows = `
\set i :i + 1
\set k :client_id * 1000000 + :i
INSERT INTO mirror.entry (terminal, seq, epoch, uid, kind, hash, bytes, signature, business_day, verdict, received_at, place, aside, stray)
 VALUES (:client_id, :i, 1, substr(sha256(int8send(:k)), 1, 16), 1, sha256(int8send(:k)), decode(repeat('ab', :bytes), 'hex'), decode(repeat('cd', 64), 'hex'), '2026-01-01', 'accepted', :k, -(:k::bigint), 0, 0);
INSERT INTO mirror.line (entry, line, kind, voucher, part, units, accepted, overrun, revoked, invalid, merchant, campaign, customer, store, day)
 VALUES (:k, 0, 1, :k, '', 1, 1, 0, 0, 0, 'bench', 'free-coffee', 'v0000000000000000', 'quay', '2026-01-01');
INSERT INTO mirror.outbox (merchant, kind, ref, store, terminal, nonce) VALUES ('bench', 'voucher', '0000000000000000', '', 0, :k);
UPDATE mirror.voucher SET redeemed = redeemed + 1, last_use = '{"at":"2026-01-01T00:00:00Z","store":"quay","terminal":"counter-1"}', version = version + 1
 WHERE id = (SELECT id FROM mirror.numbered WHERE n = :client_id::bigint * :own::bigint + :i::bigint - 1);
`

// measurePair measures two cloud processes on PostgreSQL: journal push against pgbench that inserts the same rows with as many commits, and
// claims against a conditional update with as many clients.
func measurePair(ctx context.Context, l *lab) (rows []row, err error) {
	terminals, each, claims := 200, 50, 20
	if l.quick {
		terminals, each, claims = 50, 20, 10
	}
	p, err := openPair(ctx, l)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	tills, err := p.fleet(ctx, terminals)
	if err != nil {
		return nil, err
	}
	l.log("%d terminals are enrolled at two processes", len(tills))
	push, err := p.push(ctx, tills, each)
	if err != nil {
		return nil, err
	}
	push.detail += p.aside
	l.log("%s", push)
	claimed, err := p.claim(ctx, tills, claims)
	return append([]row{push}, claimed...), err // what was pushed stands, whatever became of the claims
}

func (p *pair) push(ctx context.Context, tills []*till, each int) (row, error) {
	office, entries := p.offices[0], len(tills)*each
	if err := prepare(ctx, office, tills, 1); err != nil { // warm, as on SQLite
		return row{}, err
	}
	if _, err := atOnce(tills, func(t *till) error { return t.pump.Push(ctx) }); err != nil {
		return row{}, err
	}
	clients, batches := 16, steady(tills)                              // as many as both processes have connections
	if _, err := office.issue(ctx, clients*batches*each); err != nil { // for pgbench, which makes more than the fleet does
		return row{}, err
	}
	took, err := turns(fewest, func(int) (time.Duration, error) {
		if err := prepare(ctx, office, tills, each); err != nil {
			return 0, err
		}
		return atOnce(tills, func(t *till) error { return t.pump.Push(ctx) })
	}, func(int) (time.Duration, error) {
		if err := p.psql(ctx, database, mirror); err != nil {
			return 0, err
		}
		tps, err := p.pgbench(ctx, "BEGIN;\n"+strings.Repeat(sameRows, each)+"END;\n", clients, batches,
			"i=0", fmt.Sprintf("bytes=%d", len(tills[0].sealed[0].Bytes)), fmt.Sprintf("own=%d", batches*each))
		return time.Duration(float64(len(tills)) / tps * float64(time.Second)), err
	})
	return atLeast(fmt.Sprintf("journal push on PostgreSQL, two processes, %d terminals at once", len(tills)),
		"pgbench inserting the same rows, same commits", took, 0.5,
		fmt.Sprintf("%s entries/s against %s; pgbench commits once for the %d entries of each terminal and waits for each statement, the cloud commits once for what has come together and sends its statements in a row",
			perSecond(entries, took.own), perSecond(entries, took.other), each)), err
}

// steady is how many transactions a client of pgbench makes: its connections are new each time, and the first few of each cost more than those
// that follow, while the cloud's are as they were. The quick run, with fewer terminals, has no time for as many.
func steady(tills []*till) int {
	if len(tills) < 200 {
		return 15
	}
	return 50
}

// conditional is one use of a voucher that has one left, and of another each time.
const conditional = `
\set i :i + 1
UPDATE mirror.voucher SET redeemed = redeemed + 1 WHERE id = (SELECT id FROM mirror.numbered WHERE n = (:client_id::bigint * :each::bigint + :i::bigint) % :vouchers::bigint) AND redeemed < units;
`

func (p *pair) claim(ctx context.Context, tills []*till, each int) ([]row, error) {
	var told tally
	one := func(t *till, tickets []ticket) error {
		for _, ticket := range tickets {
			claim := terminal.Claim{Operator: "li"}
			_, _ = rand.Read(claim.UID[:]) // never fails: crypto/rand ends the program instead
			claim.Lines = []terminal.ClaimLine{{Lookup: ticket.lookup, Units: 1, Proof: token.Proof(ticket.inner, claim.UID)}}
			// A breaker of its own each time: what is measured is the cloud, not how a counter spares it.
			authority := cloudsync.NewAuthority(t.client, cloudsync.NewBreaker(quiet{}, nil), t.claims)
			authority.Of(t)
			began := time.Now()
			answer, err := authority.Claim(ctx, claim)
			took := time.Since(began)
			// Nothing is redeemed: so the next claim of this counter lets go of this one, as after Esc. Otherwise each would name all before it.
			authority.Release(claim.UID)
			if err == nil && !answer.Granted {
				return fmt.Errorf("a claim was not granted: %v", answer.Findings)
			}
			told.add(took, err == nil)
		}
		return nil
	}
	all := len(tills) * each
	if _, err := p.offices[0].issue(ctx, len(tills)*steady(tills)); err != nil { // pgbench uses each voucher once, too
		return nil, err
	}
	for few := range slices.Chunk(tills, 4) { // not measured: and a first page for each at once was more than a busy machine answers in time
		if _, err := atOnce(few, func(t *till) error { return t.follow(ctx) }); err != nil {
			return nil, err
		}
	}
	took, err := turns(fewest, func(int) (time.Duration, error) {
		tickets, err := p.offices[0].issue(ctx, all)
		if err != nil {
			return 0, err
		}
		mine := map[*till][]ticket{}
		for i, t := range tills {
			mine[t] = tickets[i*each : (i+1)*each]
		}
		before := told.answered
		took, err := atOnce(tills, func(t *till) error { return one(t, mine[t]) })
		if err != nil {
			return 0, err
		}
		return asIfAll(took, told.answered-before, all)
	}, func(int) (time.Duration, error) {
		if err := p.psql(ctx, database, mirror+"UPDATE mirror.voucher SET redeemed = 0; VACUUM ANALYZE mirror.voucher;"); err != nil {
			return 0, err
		}
		tps, err := p.pgbench(ctx, conditional, len(tills), steady(tills), "i=0", fmt.Sprintf("each=%d", steady(tills)), fmt.Sprintf("vouchers=%d", len(tills)*steady(tills)))
		return time.Duration(float64(all) / tps * float64(time.Second)), err
	})
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("claims on PostgreSQL at %d concurrent terminals", len(tills))
	return []row{
		atLeast(what, "pgbench conditional update, same concurrency", took, 0.5,
			fmt.Sprintf("%s claims/s against %s", perSecond(all, took.own), perSecond(all, took.other))),
		{what: "the same, p99", reference: "–", ratio: told.within(0.99), goal: "< 50ms", met: percentile(told.times, 0.99) < 50*time.Millisecond,
			detail: fmt.Sprintf("median %s; %s of %s not answered within %s; pgbench's own mean is %s", told.within(0.5),
				thousands(len(told.times)-told.answered), thousands(len(told.times)), cloudsync.Budget, (took.other / time.Duration(each)).Round(time.Millisecond))},
	}, nil
}
