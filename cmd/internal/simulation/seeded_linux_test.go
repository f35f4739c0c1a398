package simulation

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A world is one process with one thread of Go at work, and still the Go runtime makes choices of its own: which of two ready cases of a
// select goes first, in which order a map is walked through and timers of one instant fire, and, by the real clock, when a goroutine has
// run long enough or has been in a system call (each of SQLite's is one) for so long that another may run meanwhile. These are patches of
// the runtime's own sources that put all of that under the seed. They are made on copies that only the compiler sees, for a program that
// does nothing but simulate. Once each, where they are made, is all they apply: who brings a newer Go makes them anew.
var seededRuntime = []patch{
	// Choices within a bubble come from a generator of their own, which begins anew with each bubble.
	{"runtime/rand.go", "	mp := getg().m\n	c := &mp.chacha8\n",
		"	mp := getg().m\n	if mp.curg != nil && mp.curg.bubble != nil {\n		return uint64(seededRand())<<32 | uint64(seededRand())\n	}\n	c := &mp.chacha8\n"},
	{"runtime/rand.go", "//go:linkname maps_rand internal/runtime/maps.rand\n", seededSource + "\n//go:linkname maps_rand internal/runtime/maps.rand\n"},
	{"runtime/synctest.go", "func synctestRun(f func()) {\n", "func synctestRun(f func()) {\n	reseed()\n"},
	{"runtime/select.go", "		j := cheaprandn(uint32(norder + 1))\n",
		"		j := uint32((uint64(seededRand()) * uint64(norder+1)) >> 32)\n		if gp.bubble == nil {\n			j = cheaprandn(uint32(norder + 1))\n		}\n"},
	{"runtime/time.go", "			t.rand = cheaprand()", "			t.rand = seededRand()"},
	// What a process hashes with is the same in each.
	{"runtime/rand.go", "	globalRand.state.Init(*seed)\n	clear(seed[:])\n", "	clear(seed[:])\n	seed[0] = 1\n	globalRand.state.Init(*seed)\n	clear(seed[:])\n"},
	// Nobody is interrupted by the real clock, unless a system call waits for what another goroutine has to do.
	{"runtime/proc.go", "if syst := int64(pp.syscalltick); !sysretake && int64(pd.syscalltick) != syst {", "if syst := int64(pp.syscalltick); !sysretake {"},
	{"runtime/proc.go", "const forcePreemptNS = 10 * 1000 * 1000 // 10ms", "const forcePreemptNS = 300 * 1000 * 1000 * 1000"},
	{"internal/sync/mutex.go", "	starvationThresholdNs = 1e6", "	starvationThresholdNs = 1e15"},
	// The rest is for speed alone. Goroutines begin with a stack that seldom has to grow; memory comes in pages of 2 MiB, and is not given back
	// by the scavenger; and a signature that this very process made, or found to be right before, of the same bytes with the same key, is not
	// computed again. Every other one is, and found to be wrong or right.
	{"runtime/stack.go", "var startingStackSize uint32 = fixedStack", "var startingStackSize uint32 = 32 * fixedStack"},
	{"runtime/mem_linux.go", "	setVMAName(p, n, vmaName)\n\n	// Disable huge", "	setVMAName(p, n, vmaName)\n	if n >= 4<<20 {\n		sysHugePageOS(v, n)\n	}\n\n	// Disable huge"},
	{"runtime/mgcscavenge.go", "func (s *scavengerState) wake() {\n", "func (s *scavengerState) wake() {\n	if uint32(1) != 0 {\n		return\n	}\n"},
	{"crypto/ed25519/ed25519.go", "	\"strconv\"\n)\n", "	\"strconv\"\n	\"sync\"\n)\n"},
	{"crypto/ed25519/ed25519.go", "	sig := ed25519.Sign(k, message)\n	copy(signature, sig)\n",
		"	sig := ed25519.Sign(k, message)\n	copy(signature, sig)\n	learn(privateKey[32:], message, sig)\n"},
	{"crypto/ed25519/ed25519.go", "	case hash == crypto.Hash(0): // Ed25519\n		return ed25519.Sign(k, message), nil\n",
		"	case hash == crypto.Hash(0): // Ed25519\n		sig := ed25519.Sign(k, message)\n		learn(priv[32:], message, sig)\n		return sig, nil\n"},
	{"crypto/ed25519/ed25519.go", "	k, err := ed25519.NewPublicKey(publicKey)\n	if err != nil {\n		return err\n	}\n	switch {\n",
		"	pure := opts.Hash == crypto.Hash(0) && opts.Context == \"\"\n	if pure && known(publicKey, message, sig) {\n		return nil\n	}\n" +
			"	k, err := ed25519.NewPublicKey(publicKey)\n	if err != nil {\n		return err\n	}\n	switch {\n"},
	{"crypto/ed25519/ed25519.go", "		return ed25519.Verify(k, message, sig)\n",
		"		err := ed25519.Verify(k, message, sig)\n		if err == nil {\n			learn(publicKey, message, sig)\n		}\n		return err\n"},
	{"crypto/ed25519/ed25519.go", "func newKeyFromSeed(", learnedSource + "\nfunc newKeyFromSeed("},
}

const learnedSource = `var (
	learned     = map[string]struct{}{} // public key, signature and message, of what is right
	learnedLock sync.Mutex
)

func signed(publicKey, message, sig []byte) []byte {
	return append(append(append(make([]byte, 0, 512), publicKey...), sig...), message...)
}

func learn(publicKey, message, sig []byte) {
	learnedLock.Lock()
	defer learnedLock.Unlock()
	learned[string(signed(publicKey, message, sig))] = struct{}{}
}

func known(publicKey, message, sig []byte) bool {
	if len(sig) != SignatureSize {
		return false
	}
	learnedLock.Lock()
	defer learnedLock.Unlock()
	_, ok := learned[string(signed(publicKey, message, sig))]
	return ok
}
`

// lifeVariable draws the runtime's choices otherwise in the same world: another life of the same seed.
const lifeVariable = "COUNTERSIGN_SIMULATE_LIFE"

const seededSource = `var seededState uint64

// seededRand is drawn from by what runs in a bubble alone.
//
//go:nosplit
func seededRand() uint32 {
	seededState += 0xa0761d6478bd642f
	hi, lo := math.Mul64(seededState, seededState^0xe7037ed1a0b428db)
	return uint32(hi ^ lo)
}

// reseed is called where a bubble begins.
func reseed() {
	seededState = 1
	life := gogetenv("` + lifeVariable + `")
	for i := 0; i < len(life); i++ {
		seededState = seededState*31 + uint64(life[i])
	}
}
`

// runtimeSources are the files of the Go runtime with the patches, by their paths.
func runtimeSources(t *testing.T) map[string]string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("where Go is installed is not known: %v", err)
	}
	files := map[string]string{}
	for _, p := range seededRuntime {
		path := filepath.Join(strings.TrimSpace(string(root)), "src", filepath.FromSlash(p.file))
		if _, ok := files[path]; !ok {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[path] = string(raw)
		}
		if times := strings.Count(files[path], p.was); times != 1 {
			t.Errorf("%s of this Go holds this %d times, not once, and its choices cannot be put under the seed:\n%s", p.file, times, p.was)
		}
		files[path] = strings.Replace(files[path], p.was, p.now, 1)
	}
	return files
}

// If a newer Go could not be put under the seed any more and nobody noticed, a seed that broke a promise could not be lived again.
func TestTheRuntimeCanBePutUnderTheSeed(t *testing.T) {
	if files := runtimeSources(t); len(files) != 10 {
		t.Errorf("patched are %v", slices.Sorted(maps.Keys(files)))
	}
}

// What a process did before is in its caches, and may change a world, while a process for each takes as long to begin as a world takes. So
// seeds are lived in tens, always from the first of the ten on and in their order, in a process of their own.
const (
	together      = 10
	apartVariable = "COUNTERSIGN_SIMULATE_APART" // apart has a worker begin a process for each ten; within one it is something else
	apart         = "apart"
)

// seeded compiles the program whose worlds are the same again to the last line of their traces, and has them lived in tens.
func seeded(t *testing.T) string {
	t.Helper()
	t.Log("the simulation is compiled with a Go runtime that is under the seed: the first time that takes minutes")
	program := compiled(t, "under the seed", runtimeSources(t))
	t.Setenv(apartVariable, apart)
	return program
}

// liveApart lives this worker's share of the seeds, each ten in a process of its own, which prints the results.
func liveApart(t *testing.T) {
	t.Helper()
	begin, until := number(t, "BEGIN", 1), number(t, "UNTIL", 1)
	for ten := begin / together; ten*together < until; ten++ {
		if ten%number(t, "OF", 1) != number(t, "NTH", 0) {
			continue
		}
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWorker$", "-test.timeout=12h")
		command.Env = append(os.Environ(), apartVariable+"=within", workerVariable+"=1", "GOMEMLIMIT=2GiB",
			fmt.Sprint("FROM=", ten*together), fmt.Sprint("UNTIL=", min(until, (ten+1)*together)))
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		if err := command.Run(); err != nil {
			t.Errorf("the seeds from %d on: %v", ten*together, err)
		}
	}
}
