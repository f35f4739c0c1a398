package relational

import (
	"context"
	"time"
)

// WatchEvery is how often other processes' changes are looked for.
const WatchEvery time.Duration = watchEvery

// NextChange returns a channel that closes when those who wait are woken.
func (s *Storage) NextChange() <-chan struct{} { return s.watch.next() }

// Cursor is the end of a merchant's feed.
func (s *Storage) Cursor(ctx context.Context, merchant string) (cursor string, err error) {
	err = s.read(ctx, func(q Querier) error {
		_, head, gen, err := cursorPlace(q, merchant, "")
		if err == nil {
			cursor, err = cursorAt(q, merchant, gen, head)
		}
		return err
	})
	return cursor, err
}
