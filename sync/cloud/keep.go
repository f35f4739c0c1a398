package cloud

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// FeedKept is how long the feed keeps each single change. Terminals that were away for longer are filled anew; by then they honour nothing
// without asking anyway.
const FeedKept = 14 * 24 * time.Hour

// AwaitedMost is how long after the database turned out to be an older copy terminals are awaited that have not sent again: those that
// are off for longer than a cache may be old are mostly gone for good.
const AwaitedMost = 7 * 24 * time.Hour

// What waits for a disabled webhook is kept for DeliveriesKept, and of each webhook no more than DeliveriesMost.
const (
	DeliveriesKept = 14 * 24 * time.Hour
	DeliveriesMost = 1_000_000
)

// keepEvery is how often a process looks for what can be removed.
const keepEvery = time.Hour

// Keeper removes what a cloud need not keep. Every process of a cloud has one; they need not know of each other.
type Keeper struct {
	Storage Storage
	Log     *slog.Logger
}

// Run keeps house until ctx ends. The first time is soon after the start, since some machines are stopped every evening.
func (k Keeper) Run(ctx context.Context) {
	wait := time.Minute + rand.N(time.Minute)
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		k.once(ctx, time.Now())
		wait = keepEvery + rand.N(keepEvery/10)
	}
}

func (k Keeper) once(ctx context.Context, now time.Time) {
	removed, err := k.Storage.CompactFeed(ctx, now)
	switch {
	case err != nil && ctx.Err() == nil:
		k.Log.Error("the feed could not be compacted: it is tried again in an hour", "error", err)
	case removed > 0:
		k.Log.Info("the feed was compacted", "removed", removed, "seconds", time.Since(now).Seconds())
	}
	dropped, err := k.Storage.DropDeliveries(ctx, now.Add(-DeliveriesKept), DeliveriesMost)
	if err != nil && ctx.Err() == nil {
		k.Log.Error("what waits for disabled webhooks could not be looked through: it is tried again in an hour", "error", err)
	}
	if dropped > 0 {
		k.Log.Warn("events that waited for a disabled webhook for too long, or were too many, were given up", "dropped", dropped)
	}
}
