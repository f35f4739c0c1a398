package cloud

import (
	"regexp"
	"slices"
	"strconv"
)

// versionForm is a version as `git describe` writes it: v1.2.0, v1.2.0-3-g59ec636.
var versionForm = regexp.MustCompile(`^v(\d+)\.(\d+)\.(\d+)(?:-(\d+)-g[0-9a-z]+)?(?:-dirty)?$`)

// versionNumbers are what versions are compared by: major, minor, patch, and commits since. A build without a number has none.
func versionNumbers(version string) []int {
	parts := versionForm.FindStringSubmatch(version)
	if parts == nil {
		return nil
	}
	numbers := make([]int, 0, 4)
	for _, part := range parts[1:] {
		number, _ := strconv.Atoi(part) // "" where there are no commits since
		numbers = append(numbers, number)
	}
	return numbers
}

// MarkOutdated sets Outdated of each terminal that runs an older version than another of the same merchant. Those that are suspended set
// no measure. A version that is no number is held neither old nor new.
func MarkOutdated(reports []TerminalReport) {
	newest := map[string][]int{}
	for _, r := range reports {
		if numbers := versionNumbers(r.Version); !r.Suspended && slices.Compare(numbers, newest[r.Merchant]) > 0 {
			newest[r.Merchant] = numbers
		}
	}
	for i, r := range reports {
		numbers := versionNumbers(r.Version)
		reports[i].Outdated = numbers != nil && slices.Compare(numbers, newest[r.Merchant]) < 0
	}
}
