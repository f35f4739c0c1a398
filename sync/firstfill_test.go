package sync

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/sync/snapshot"
	"countersign/terminal"
)

// fillOf is a cloud's first fill of n vouchers, in parts of 1 KiB.
type fillOf struct {
	cloud *fakeCloud
	id    string
	file  []byte
	size  int // of a part, in bytes
	all   []terminal.Voucher

	mu     sync.Mutex
	asked  []int                                                             // parts, in the order of the requests
	mangle func(part int, raw []byte) (status int, code string, sent []byte) // nil, or what to say instead
}

const testPart = 1024

func newFill(t *testing.T, cloud *fakeCloud, id string, n int) *fillOf {
	t.Helper()
	f := &fillOf{cloud: cloud, id: id, size: testPart}
	for i := range n {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(id), uint64(i)))
		v := terminal.Voucher{ID: terminal.VoucherID(i + 1), Campaign: "lunch", State: terminal.VoucherActive, Units: 1, Version: 1}
		copy(v.Lookup[:], sum[:])
		f.all = append(f.all, v)
	}
	slices.SortFunc(f.all, func(a, b terminal.Voucher) int { return bytes.Compare(a.Lookup[:], b.Lookup[:]) })
	var into bytes.Buffer
	w, err := snapshot.NewWriter(&into, "m")
	if err == nil {
		err = errors.Join(w.Add(f.all...), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	f.file = into.Bytes()
	return f
}

func (f *fillOf) parts() [][]byte {
	var all [][]byte
	for part := range slices.Chunk(f.file, f.size) {
		all = append(all, part)
	}
	return all
}

// serve makes the cloud offer this file, and answer a feed of one page behind it.
func (f *fillOf) serve() {
	hashes := [][]byte{}
	for _, part := range f.parts() {
		hash := sha256.Sum256(part)
		hashes = append(hashes, hash[:])
	}
	size, partSize, cursor, n := int64(len(f.file)), int64(f.size), "g.0-9", int64(len(f.all))
	f.cloud.answer["/v1/snapshot"] = func([]byte) (int, any) {
		return 200, api.SnapshotAnswer{Ready: true, Rows: n, Total: n, Id: &f.id, Size: &size, PartSize: &partSize, Parts: &hashes, Cursor: &cursor, ServerTime: time.Now()}
	}
	f.cloud.answer["/v1/feed"] = func([]byte) (int, any) {
		return 200, api.FeedPage{Records: []api.FeedRecord{{Settings: &terminal.Settings{Terminal: "counter-1"}}}, Cursor: "g.9", AtEnd: true, Included: 3, ServerTime: time.Now()}
	}
	f.cloud.misbehave(f.part)
}

// part answers a request for a part with the bytes of the range it names.
func (f *fillOf) part(w http.ResponseWriter, r *http.Request) bool {
	id, found := strings.CutPrefix(r.URL.Path, "/v1/snapshot/")
	if !found {
		return false
	}
	jti := f.cloud.claimsOf(r).ID
	var first, last int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); err != nil || id != f.id || last >= len(f.file) {
		f.cloud.write(w, jti, 410, 410, api.Problem{Status: 410, Code: "snapshot_expired", Title: "gone", Type: "urn:x"})
		return true
	}
	f.mu.Lock()
	f.asked = append(f.asked, first/f.size)
	mangle := f.mangle
	f.mu.Unlock()
	sent := f.file[first : last+1]
	if mangle != nil {
		status, code, other := mangle(first/f.size, sent)
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		if status != 206 {
			f.cloud.write(w, jti, status, status, api.Problem{Status: status, Code: code, Title: "no", Type: "urn:x"})
			return true
		}
		sent = other
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Countersign-Signature", f.cloud.sign(sent, jti, 206))
	w.WriteHeader(206)
	_, _ = w.Write(sent)
	return true
}

func (f *fillOf) meddle(mangle func(part int, raw []byte) (int, string, []byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mangle, f.asked = mangle, nil
}

func (f *fillOf) requests() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// shelf is where a fill is stored, and fills the counter's cache.
type shelf struct {
	counter *counter
	stored  []terminal.Voucher
	steps   []Progress
}

func (s *shelf) store(_ context.Context, cursor string, next func() ([]terminal.Voucher, error), progress func(int64)) error {
	var all []terminal.Voucher
	for {
		some, err := next()
		if errors.Is(err, io.EOF) {
			s.stored = all
			s.counter.cache.mu.Lock()
			defer s.counter.cache.mu.Unlock()
			s.counter.cache.cursor = cursor
			return nil
		}
		if err != nil {
			return err
		}
		all = append(all, some...)
		progress(int64(len(all)))
	}
}

// start is a start of the terminal's program on a folder.
func start(t *testing.T, cloud *fakeCloud, url, folder string) *shelf {
	t.Helper()
	s := &shelf{counter: newCounter(t, cloud, url, 0)}
	s.counter.pump.Jitter(func(int64) int64 { return 0 })
	s.counter.pump.FillFrom(FirstFill{Folder: folder, Merchant: "m", Store: s.store, Progress: func(p Progress) { s.steps = append(s.steps, p) }})
	return s
}

func leftovers(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A new counter would have to pull a million vouchers page by page, or would take them for complete before the feed behind them was read.
func TestFirstFillComesInOneFile(t *testing.T) {
	t.Parallel()
	cloud, server := newFakeCloud(t)
	f := newFill(t, cloud, "00000000000000aa", 600)
	f.serve()
	folder := t.TempDir()
	s := start(t, cloud, server.URL, folder)
	if err := s.counter.pump.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.stored) != 600 || s.stored[17].Lookup != f.all[17].Lookup {
		t.Errorf("%d vouchers were stored", len(s.stored))
	}
	pages := s.counter.cache.pages
	if len(pages) != 2 || pages[0].Cursor != "" || pages[0].AtEnd || pages[0].Included != 0 || pages[1].Cursor != "g.9" || !pages[1].AtEnd || pages[1].Included != 3 {
		t.Errorf("the pages around the file were applied as %+v", pages)
	}
	if left := leftovers(t, folder); len(left) > 0 {
		t.Errorf("%v is left over", left)
	}
	last := s.steps[len(s.steps)-1]
	if last.Stage != FillStoring || last.Done != 600 || last.Total != 600 || s.steps[0].Stage != FillLoading {
		t.Errorf("the progress was %+v", s.steps)
	}
}

// On a bad line a first fill that begins anew each time never ends.
func TestFirstFillGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	cloud, server := newFakeCloud(t)
	f := newFill(t, cloud, "00000000000000aa", 600)
	f.serve()
	folder := t.TempDir()
	f.meddle(func(part int, raw []byte) (int, string, []byte) {
		if part == 4 {
			return 500, "internal", nil
		}
		return 206, "", raw
	})
	s := start(t, cloud, server.URL, folder)
	if err := s.counter.pump.Pull(t.Context()); err == nil || len(s.stored) > 0 || s.counter.cache.cursor != "" {
		t.Fatalf("a fill that broke ended with %v, %d vouchers and the cursor %q", err, len(s.stored), s.counter.cache.cursor)
	}
	if asked := f.requests(); !slices.Equal(asked, []int{0, 1, 2, 3, 4, 4, 4, 4}) {
		t.Errorf("the parts %v were asked for", asked)
	}
	// A power cut tore what was written last.
	path := leftovers(t, folder)[0]
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(raw[3*testPart+100:], "torn")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	f.meddle(nil)
	s = start(t, cloud, server.URL, folder)
	if err := s.counter.pump.Pull(t.Context()); err != nil || len(s.stored) != 600 {
		t.Fatalf("the fill went on to %d vouchers: %v", len(s.stored), err)
	}
	if asked := f.requests(); asked[0] != 3 || len(asked) != len(f.parts())-3 {
		t.Errorf("after the first attempt the parts %v were asked for, of %d", asked, len(f.parts()))
	}
}

// A shop whose line breaks after some kilobytes each time would wait for its vouchers for ever.
func TestFirstFillComesOverALineThatBreaksWithinAPart(t *testing.T) {
	t.Parallel()
	cloud, server := newFakeCloud(t)
	f := newFill(t, cloud, "00000000000000aa", 9000)
	f.size = 128 << 10
	f.serve()
	most := 0
	f.meddle(func(_ int, raw []byte) (int, string, []byte) {
		if len(raw) > f.size/10 {
			return 0, "", nil // nothing comes through
		}
		most = max(most, len(raw))
		return 206, "", raw
	})
	s := start(t, cloud, server.URL, t.TempDir())
	for tries := 0; len(s.stored) == 0 && tries < 20; tries++ {
		_ = s.counter.pump.Pull(t.Context()) // it breaks off now and then, and goes on
	}
	if len(s.stored) != 9000 || most == 0 {
		t.Errorf("%d vouchers came over it, at most %d bytes at once", len(s.stored), most)
	}
}

// A file that is wrong, and comes in pieces because the line breaks, would keep the counter asking for it for ever.
func TestAWrongPartInPiecesIsGivenUp(t *testing.T) {
	t.Parallel()
	cloud, server := newFakeCloud(t)
	f := newFill(t, cloud, "00000000000000aa", 9000)
	f.size = 128 << 10
	f.serve()
	f.meddle(func(_ int, raw []byte) (int, string, []byte) {
		if len(raw) > f.size/3 {
			return 0, "", nil // nothing comes through
		}
		return 206, "", bytes.Repeat([]byte{7}, len(raw))
	})
	s := start(t, cloud, server.URL, t.TempDir())
	if err := s.counter.pump.Pull(t.Context()); !errors.Is(err, terminal.ErrNoAnswer) || len(s.stored) > 0 {
		t.Errorf("a wrong file in pieces ended with %v and %d vouchers", err, len(s.stored))
	}
}

// Whoever sits on the line, or a proxy that swaps stretches of a file, could put vouchers into a shop that the merchant never issued.
func TestAPartThatIsNotTheCloudsIsRefused(t *testing.T) {
	t.Parallel()
	cloud, server := newFakeCloud(t)
	f := newFill(t, cloud, "00000000000000aa", 600)
	f.serve()
	folder := t.TempDir()
	f.meddle(func(part int, raw []byte) (int, string, []byte) {
		if part == 2 { // signed by the cloud, but another stretch
			return 206, "", f.parts()[1]
		}
		return 206, "", raw
	})
	s := start(t, cloud, server.URL, folder)
	if err := s.counter.pump.Pull(t.Context()); !errors.Is(err, terminal.ErrNoAnswer) || len(s.stored) > 0 {
		t.Fatalf("a wrong part ended with %v and %d vouchers", err, len(s.stored))
	}
	if here, err := os.ReadFile(leftovers(t, folder)[0]); err != nil || !bytes.Equal(here, f.file[:2*testPart]) {
		t.Errorf("%d bytes are kept: %v", len(here), err)
	}
}

// A file that the cloud removes while it is loaded would stop the shop's filling for ever.
func TestAnExpiredFirstFillIsBegunAnew(t *testing.T) {
	t.Parallel()
	cloud, server := newFakeCloud(t)
	f := newFill(t, cloud, "00000000000000aa", 600)
	newer := newFill(t, cloud, "00000000000000bb", 700)
	f.serve()
	folder := t.TempDir()
	f.meddle(func(part int, raw []byte) (int, string, []byte) {
		if part == 3 {
			newer.serve()
			return 410, "snapshot_expired", nil
		}
		return 206, "", raw
	})
	s := start(t, cloud, server.URL, folder)
	if err := s.counter.pump.Pull(t.Context()); err != nil || len(s.stored) != 700 {
		t.Fatalf("%d vouchers: %v", len(s.stored), err)
	}
	if left := leftovers(t, folder); len(left) > 0 {
		t.Errorf("%v is left over", left)
	}
}

// A shop with few vouchers, or with a cloud that knows of no file, would never be filled.
func TestWithoutAFirstFillTheFeedIsPulled(t *testing.T) {
	t.Parallel()
	cloud, server := newFakeCloud(t)
	f := newFill(t, cloud, hex.EncodeToString(make([]byte, 8)), 1)
	f.serve()
	cloud.answer["/v1/snapshot"] = func([]byte) (int, any) {
		return 404, api.Problem{Status: 404, Code: "no_snapshot", Title: "none", Type: "urn:x"}
	}
	s := start(t, cloud, server.URL, t.TempDir())
	if err := s.counter.pump.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	if pages := s.counter.cache.pages; len(pages) != 1 || !pages[0].AtEnd || len(s.stored) > 0 {
		t.Errorf("the pages %+v were applied", pages)
	}
	if err := s.counter.pump.Pull(t.Context()); err != nil || cloud.requests("/v1/snapshot") != 1 {
		t.Errorf("the file was asked for %d times: %v", cloud.requests("/v1/snapshot"), err)
	}
}
