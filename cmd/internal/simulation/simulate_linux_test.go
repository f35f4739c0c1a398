package simulation

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"countersign/terminal/journal/powercut"
)

// result is what became of one world.
type result struct {
	Seed    uint64
	Hash    uint64 // of the events, whatever their order within an instant
	Exact   uint64 // of the trace as it is
	Scans   int
	Faults  int
	Bad     []string       // what did not hold
	Tail    []string       // the end of the trace, where something did not hold
	Counted map[string]int // what was seen how often
}

// live makes a world of a seed and lets it live to its end.
func live(t *testing.T, seed uint64, size size) (r result) {
	t.Helper()
	folder, err := os.MkdirTemp(fast(), "countersign-world-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	empty := migrated(t)
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, seed)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed, size, folder, empty)
			w.play()
			r = result{Seed: seed, Hash: hash(slices.Sorted(slices.Values(w.trace))), Exact: hash(w.trace), Scans: w.scans, Faults: w.faults, Bad: w.bad, Counted: w.counted}
			if len(r.Bad) > 0 {
				r.Tail = w.trace[max(0, len(w.trace)-200):]
			}
			if into := os.Getenv("TRACE"); into != "" { // to be compared with another's
				w.must(os.WriteFile(into, []byte(strings.Join(w.trace, "\n")+"\n"), 0o600))
			}
		})
	})
	return r
}

// sizeOf is the size of the world of a seed: in every fourth a store has a hub, in every third the counters are on early,
// and in every fifth a counter is put back
// to a backup, and in every fifth the cloud.
func sizeOf(seed uint64) size {
	size := usual
	size.hub = seed%4 == 0
	size.early = seed%3 == 0
	size.backup = seed%5 == 0
	size.refill = seed%5 == 2
	return size
}

// hash is a trace's number.
func hash(trace []string) uint64 {
	mix := fnv.New64a()
	for _, line := range trace {
		fmt.Fprintln(mix, line)
	}
	return mix.Sum64()
}

// fast is a folder whose files are memory, or "" for the usual one.
func fast() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s is no number", variable, text)
	}
	return n
}

const (
	workerVariable = "COUNTERSIGN_SIMULATE_WORKER" // every how many seeds one is lived, in a process that does only that
	marked         = "RESULT "                     // what a line of a worker's begins with
)

// hurried is the environment of a process that lives worlds: nothing is collected within one, and memory that Go or C has had once is not
// given back, since to be given it anew costs more than anything that would be done with it. Stacks begin as large as most become.
var hurried = []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=100MiB", "GODEBUG=cgocheck=0,madvdontneed=0,adaptivestackstart=1", "MALLOC_ARENA_MAX=1",
	"MALLOC_TRIM_THRESHOLD_=1000000000", "MALLOC_MMAP_THRESHOLD_=1000000000", "MALLOC_TOP_PAD_=67108864"}

// workers lives the seeds in one process for each processor, since a world needs one to itself. program is this test, or a broken
// variant of it. untilFound ends it with the first world in which something did not hold.
func workers(t *testing.T, program string, from, seeds uint64, untilFound bool) []result {
	t.Helper()
	ctx, found := context.WithCancel(t.Context())
	defer found()
	var all []result
	var mu sync.Mutex
	var group sync.WaitGroup
	most := uint64(max(1, runtime.NumCPU()))
	for n := range min(most, seeds) {
		group.Go(func() {
			command := exec.CommandContext(ctx, program, "-test.run=^TestWorker$", "-test.timeout=12h")
			command.Env = slices.Concat(os.Environ(), hurried, []string{fmt.Sprintf("%s=%d", workerVariable, most),
				fmt.Sprintf("FROM=%d", from+n), fmt.Sprintf("UNTIL=%d", from+seeds), fmt.Sprintf("BEGIN=%d", from), fmt.Sprintf("NTH=%d", n), fmt.Sprintf("OF=%d", min(most, seeds))})
			command.Stderr = os.Stderr
			pipe, err := command.StdoutPipe()
			if err == nil {
				err = undisturbed(command)
			}
			if err != nil {
				t.Error(err)
				return
			}
			lines := bufio.NewScanner(pipe)
			lines.Buffer(nil, 16<<20)
			var other []string
			for lines.Scan() {
				text, ok := strings.CutPrefix(lines.Text(), marked)
				var r result
				if !ok || json.Unmarshal([]byte(text), &r) != nil {
					other = append(other, lines.Text())
					continue
				}
				mu.Lock()
				if all = append(all, r); len(all)%250 == 0 {
					t.Logf("%d worlds until now", len(all))
				}
				mu.Unlock()
				if len(r.Bad) > 0 {
					t.Logf("seed %d broke a promise", r.Seed) // long before the last one is lived
					if untilFound {
						found()
					}
				}
			}
			if err := command.Wait(); err != nil && ctx.Err() == nil {
				t.Errorf("a worker: %v\n%s", err, strings.Join(other, "\n"))
			}
			if seeds >= 250 {
				t.Logf("a worker took %v of a processor", command.ProcessState.UserTime()+command.ProcessState.SystemTime())
			}
		})
	}
	group.Wait()
	slices.SortFunc(all, func(a, b result) int { return int(int64(a.Seed) - int64(b.Seed)) })
	return all
}

// TestWorker is what workers runs. Alone it has nothing to do.
func TestWorker(t *testing.T) {
	step := number(t, workerVariable, 0)
	if step == 0 {
		return
	}
	runtime.MemProfileRate = 0
	if err := powercut.Hurry(); err != nil {
		t.Fatal(err)
	}
	if os.Getenv(apartVariable) == apart {
		liveApart(t)
		return
	}
	for seed := number(t, "FROM", 1); seed < number(t, "UNTIL", 1); seed += step {
		if os.Getenv(apartVariable) != "" {
			runtime.GC() // nothing is collected within a world, and nothing is left over from the one before
			runtime.GC()
		}
		r := live(t, seed, sizeOf(seed))
		if seed < number(t, "BEGIN", 0) && os.Getenv(apartVariable) != "" {
			continue
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(marked + string(text))
	}
}

// undisturbed starts a worker all of whose threads wait up to a second longer than they ask to (prctl(2), PR_SET_TIMERSLACK: a program has it
// from the thread that started it). That is for one of them: the runtime's, which looks every 20 µs whether the goroutine that runs is in
// SQLite for so long already, and then lets the next one run beside it, in another thread. Which goroutine that hits is up to the machine,
// and not to the seed; and where there is one processor for both, it costs more than it gains.
func undisturbed(command *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1_000_000_000, 0, 0, 0); err != nil {
		return err
	}
	return errors.Join(command.Start(), unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)) // 0 is what it was
}

// If any mishap could lose, double or invent a redemption, or keep it from the cloud for ever, it would happen in some shop some day.
func TestNoMishapBreaksAPromise(t *testing.T) {
	usually, program := uint64(10), os.Args[0]
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		usually = 1000
	}
	if os.Getenv("SEEDS") != "" { // a short run has no time to compile it
		program = seeded(t)
	}
	from, seeds, began := number(t, "FROM", 1), number(t, "SEEDS", usually), time.Now()
	results := workers(t, program, from, seeds, false)
	if uint64(len(results)) != seeds && !t.Failed() {
		t.Errorf("of %d worlds %d came to their end", seeds, len(results))
	}
	counted, scans, faults, failed := map[string]int{}, 0, 0, 0
	for _, r := range results {
		for what, n := range r.Counted {
			counted[what] += n
		}
		scans, faults = scans+r.Scans, faults+r.Faults
		if r.Scans < 150 || r.Faults < 15 {
			t.Errorf("seed %d had %d scans and %d faults only", r.Seed, r.Scans, r.Faults)
		}
		if len(r.Bad) > 0 {
			failed++
			t.Errorf("seed %d, again with: make simulate SEEDS=1 FROM=%d\n%s", r.Seed, r.Seed, strings.Join(r.Bad, "\n"))
			if failed == 1 {
				t.Logf("its end:\n%s", strings.Join(r.Tail, "\n"))
				again(t, program, r)
			}
		}
	}
	t.Logf("%d worlds in %v: %d scans, %d faults; %d worlds broke a promise", len(results), time.Since(began).Round(time.Second), scans, faults, failed)
	for _, what := range slices.Sorted(maps.Keys(counted)) {
		t.Logf("%7d %s", counted[what], what)
	}
}

// again lives a seed once more as it was, and then a few times with the runtime's choices drawn otherwise, and says how often something
// does not hold. Where the runtime is not under the seed, each life is another one.
func again(t *testing.T, program string, was result) {
	t.Helper()
	if program != os.Args[0] {
		for _, r := range workers(t, program, was.Seed, 1, false) {
			if r.Exact != was.Exact {
				t.Errorf("seed %d made another world when it was lived again", was.Seed)
			}
		}
	}
	const lives = 5
	before, times := os.Getenv(lifeVariable), 0
	for life := range lives {
		t.Setenv(lifeVariable, fmt.Sprint("another ", life))
		for _, r := range workers(t, program, was.Seed, 1, false) {
			if len(r.Bad) > 0 {
				times++
				t.Logf("it broke a promise again in life %q (LIFE)", os.Getenv(lifeVariable))
			}
		}
	}
	t.Setenv(lifeVariable, before)
	t.Logf("in %d other lives of seed %d a promise was broken %d times", lives, was.Seed, times)
}

// If a seed did not make the same world again, what it found could not be found again.
func TestTheSameSeedIsTheSameWorld(t *testing.T) {
	// What two goroutines do at one instant is not under the seed, and can make another world of it: see the package's comment. Two lives
	// that agree by chance do not exist.
	seen := map[uint64]int{}
	for range 5 {
		agree := true
		for _, r := range workers(t, os.Args[0], 1, 2, false) {
			seen[r.Hash]++
			agree = agree && seen[r.Hash] >= 2
		}
		if agree && !t.Failed() {
			return
		}
	}
	t.Errorf("five lives of two seeds: %v", seen)
}
