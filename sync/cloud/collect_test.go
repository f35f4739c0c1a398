package cloud

import "testing"

// A cloud with few terminals would spend a fourth of its processor time collecting, or one with many need half as much memory again.
func TestCollectsSeldomWhereLittleLivesAndSoonWhereMuchDoes(t *testing.T) {
	for live, want := range map[uint64]int{0: collectMax, 1 << 20: collectMax, 8 << 20: 400, 64 << 20: collectAt, 1 << 30: collectAt} {
		if got := collectPercent(live); got != want {
			t.Errorf("of %d bytes that live: %d %%, not %d", live, got, want)
		}
	}
}
