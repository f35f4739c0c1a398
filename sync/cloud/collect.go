package cloud

import (
	"os"
	"runtime"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
)

// Thousands of terminals that wait are memory that lives long: collecting when half of it has come on top, instead of as much again, costs
// little then, and spares a quarter. A cloud without many has a few MiB, and collected every 2 MiB with that, which was a fourth of the
// processor time of a claim.
const (
	collectAt  = 50       // percent of what lives
	collectMin = 32 << 20 // bytes, where that is more
	collectMax = 800      // percent
)

// Collect has the collector of this program suit a cloud, however many terminals wait at it. What GOGC says goes before.
func Collect() {
	if os.Getenv("GOGC") == "" {
		collected(new(afterEach))
	}
}

// afterEach is nothing, and collected in each collection.
type afterEach struct{ _ [16]byte }

// collected sets when to collect next by what was left the last time.
func collected(a *afterEach) {
	live := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(live)
	debug.SetGCPercent(collectPercent(live[0].Value.Uint64()))
	runtime.SetFinalizer(a, collected)
}

// collectPercent is how much more than what lives, in percent of it, there is when it is collected.
func collectPercent(live uint64) int {
	return int(min(max(collectAt, 100*collectMin/max(live, 1)), collectMax))
}
