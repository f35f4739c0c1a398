package cloud

import (
	"cmp"
	"slices"
	"strings"

	"countersign/sync/api"
)

// CompareNames orders names as people count them: counter-2 comes before counter-10. Digits are compared as a number however many they
// are, everything else byte by byte.
func CompareNames(a, b string) int {
	for a != "" && b != "" {
		an, bn := digits(a), digits(b)
		if an == 0 || bn == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:an], "0"), strings.TrimLeft(b[:bn], "0")
		if by := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y), cmp.Compare(an, bn)); by != 0 {
			return by
		}
		a, b = a[an:], b[bn:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many digits a name begins with.
func digits(name string) int {
	n := 0
	for n < len(name) && name[n] >= '0' && name[n] <= '9' {
		n++
	}
	return n
}

// SortTerminals puts terminals into the order of their stores' names and their own. Those of one name stay in the order they are in.
func SortTerminals(reports []TerminalReport) {
	slices.SortStableFunc(reports, func(a, b TerminalReport) int {
		return cmp.Or(CompareNames(a.Store, b.Store), CompareNames(a.Name, b.Name))
	})
}

// SortCounters puts a day's counters into the order of their names, as SortTerminals.
func SortCounters(counters []api.DayCounter) {
	slices.SortStableFunc(counters, func(a, b api.DayCounter) int { return CompareNames(a.Terminal, b.Terminal) })
}
