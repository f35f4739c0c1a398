package simulation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal/journal/powercut"
)

const publicURL = "https://cloud.example"

// server is the cloud's machine.
type server struct {
	*world
	folder string
	random *rand.Rand
	lives  int

	backup    string    // a copy of the folder, that is put back one night; "" for none
	backedUp  time.Time // when it was made
	wasBack   bool      // it was put back
	putBackAt time.Time

	mu      sync.Mutex
	storage cloud.Storage
	handler http.Handler // nil while it is down
	stop    context.CancelFunc
	life    context.Context
	busy    *sync.WaitGroup
	disk    *powercut.Disk // nil in a life that ends well
}

var errDown = errors.New("connection refused")

// serve answers a request, as a server that hears when its asker leaves.
func (s *server) serve(asker context.Context, request *http.Request, body []byte) (*http.Response, error) {
	s.mu.Lock()
	handler, life, busy := s.handler, s.life, s.busy
	if handler != nil {
		busy.Add(1)
	}
	s.mu.Unlock()
	if handler == nil {
		return nil, errDown
	}
	defer busy.Done()
	ctx, cancel := context.WithCancel(asker)
	defer cancel()
	defer context.AfterFunc(life, cancel)()
	arrived := request.Clone(ctx)
	arrived.Body = io.NopCloser(bytes.NewReader(body))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, arrived)
	if life.Err() != nil { // it went down before the answer left
		return nil, io.ErrUnexpectedEOF
	}
	return recorder.Result(), nil
}

// open starts the cloud. Where its life is to end in a power cut, what it writes is watched.
func (s *server) open(watched bool) {
	if watched {
		disk, err := powercut.Mount(s.folder)
		s.must(err)
		s.disk = disk
	}
	storage, err := sqlite.Open(s.folder)
	s.must(err)
	handler, err := cloud.New(context.Background(), storage, cloud.Options{PublicURL: publicURL})
	s.must(err)
	life, stop := context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.storage, s.handler, s.life, s.stop, s.busy = storage, handler, life, stop, &sync.WaitGroup{}
}

// shut ends the cloud's process; without an end of its own to the requests it is at.
func (s *server) shut() {
	s.mu.Lock()
	s.handler = nil
	stop, busy, storage := s.stop, s.busy, s.storage
	s.mu.Unlock()
	stop()
	busy.Wait()
	err := storage.Close()
	if s.disk == nil {
		s.must(err)
	}
}

// powerCut ends the cloud's life in one of its next changes, and leaves what its disk makes of that.
func (s *server) powerCut() {
	s.shut()
	s.lives++
	remains := filepath.Join(filepath.Dir(s.folder), "cloud-"+string(rune('a'+s.lives)))
	s.must(os.Mkdir(remains, 0o700))
	s.must(s.disk.Remains(s.random, remains))
	s.disk.Unmount()
	s.disk = nil
	s.must(os.RemoveAll(s.folder))
	s.folder = remains
}
