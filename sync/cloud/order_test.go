package cloud

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCountersAreListedAsTheyAreNumbered(t *testing.T) {
	// Whoever looks for counter-9 among four hundred would find it behind counter-89.
	wanted := []string{"", "1", "2", "10", "bar", "counter", "counter-1", "counter-01", "counter-2", "counter-2b", "counter-10", "counter-10-1", "counter-10-2",
		"counter-99999999999999999998", "counter-99999999999999999999", "counter-a", "kasse 3", "柜台2", "柜台10"}
	for range 200 {
		got := slices.Clone(wanted)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		if slices.SortFunc(got, CompareNames); !slices.Equal(got, wanted) {
			t.Fatalf("the order is %q", got)
		}
	}
	list := []TerminalReport{{Store: "quay", Name: "counter-10", Version: "a"}, {Store: "quay", Name: "counter-2", Version: "b"}, {Store: "quay", Name: "counter-10", Version: "c"},
		{Store: "bar", Name: "counter-11"}}
	if SortTerminals(list); list[0].Store != "bar" || list[1].Name != "counter-2" || list[2].Version != "a" || list[3].Version != "c" {
		t.Errorf("%+v", list)
	}
}
