package cloud

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// room knows whether the disk had room for the last thing that was to be written. What is small may still fit where a journal does not, so that
// only a write that is as large as a full batch says that there is room again.
type room struct {
	mu     sync.Mutex
	full   bool
	tried  time.Time // when it was last looked whether there is room again
	trying bool
}

// roomEvery is how often it is looked whether a full disk has room again.
const roomEvery = 5 * time.Second

// fullEvery is how often the log says that the disk is full.
const fullEvery = 10 * time.Minute

// ranOut notes that something could not be written for want of room.
func (r *room) ranOut() {
	r.mu.Lock()
	r.full = true
	r.mu.Unlock()
}

// due reports whether the disk was full, and whether it is to be looked now whether it still is.
func (r *room) due(now time.Time) (full, look bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if look = r.full && !r.trying && now.Sub(r.tried).Abs() >= roomEvery; look {
		r.tried, r.trying = now, true
	}
	return r.full, look
}

func (r *room) looked(full bool) {
	r.mu.Lock()
	r.full, r.trying = full, false
	r.mu.Unlock()
}

// hasRoom is nil unless the disk is full: then no terminal is answered whose answer has to be written down first.
func (s *server) hasRoom(ctx context.Context) error {
	now := s.options.Now()
	full, look := s.room.due(now)
	if look {
		err := s.storage.Room(ctx)
		full = err != nil
		if s.room.looked(full); err != nil {
			if due, _ := s.lines.say("full", now, fullEvery); due {
				s.options.Log.Error("the cloud is not ready: it cannot write", "error", err)
			}
		}
	}
	if !full {
		return nil
	}
	return problem(http.StatusServiceUnavailable, "disk_full", "The disk of the "+s.kind()+" is full: make room there.")
}
