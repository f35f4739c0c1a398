package clock

import (
	"crypto/rand"
	"strconv"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// machine reads GetTickCount64, which counts sleep, and the number that Windows gives each start of the machine.
type machine struct{}

func (machine) Wall() time.Time { return time.Now().Round(0) }

func (machine) SinceBoot() time.Duration { return windows.DurationSinceBoot() }

// boot reads the counter that Windows keeps for its prefetcher, or makes a name where it is missing.
func (machine) Boot() (string, bool) {
	const path = `SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters`
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return "process-" + rand.Text(), false
	}
	defer key.Close()
	number, _, err := key.GetIntegerValue("BootId")
	if err != nil {
		return "process-" + rand.Text(), false
	}
	return "windows-" + strconv.FormatUint(number, 10), true
}
