package cloud

import (
	"context"
	"sync"
	"time"
)

// feedKeysEvery is how often a server looks for keys that were made elsewhere; RotateLead, how long before its use a key is made at least, so
// that every process has it by then.
const (
	feedKeysEvery = 30 * time.Second
	RotateLead    = 4 * feedKeysEvery
)

// feedKeys are the cloud's keys as a server read them last.
type feedKeys struct {
	mu   sync.Mutex
	keys Keys
	read time.Time
}

// keysNow are the cloud's keys. Where they cannot be read again, those that were read before have to do.
func (s *server) keysNow(ctx context.Context) Keys {
	s.feeds.mu.Lock()
	defer s.feeds.mu.Unlock()
	now := s.options.Now()
	if s.feeds.read.IsZero() {
		s.feeds.keys, s.feeds.read = s.keys, now
	}
	if now.Sub(s.feeds.read).Abs() < feedKeysEvery {
		return s.feeds.keys
	}
	keys, err := s.storage.Keys(ctx)
	if err != nil {
		if hungUp(ctx, err) {
			return s.feeds.keys
		}
		s.options.Log.Warn("the cloud's keys could not be read again", "error", err)
		return s.feeds.keys
	}
	s.feeds.keys, s.feeds.read = keys, now
	return keys
}

// feedKey is the key that signs answers now.
func (s *server) feedKey(ctx context.Context) FeedKey {
	return s.keysNow(ctx).FeedAt(s.options.Now())
}
