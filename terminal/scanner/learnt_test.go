package scanner_test

import (
	"encoding/json"
	"errors"
	"testing"

	"countersign/terminal/scanner"
)

// keysOf are the keys of a text, so many milliseconds apart.
func keysOf(text string, gap int) []scanner.Key {
	var keys []scanner.Key
	for i, r := range []rune(text) {
		keys = append(keys, scanner.Key{Rune: r, At: ms(i * gap)})
	}
	return keys
}

func TestCalibrationLearnsSuffixAndSpeed(t *testing.T) {
	// Broken in the shop: set-up says that the scanner is well, and each code then counts a moment late, or is taken for typing.
	for name, c := range map[string]struct {
		suffix string
		gap    int
		want   scanner.Suffix
		slow   bool
	}{
		"Enter": {"\r", 5, scanner.SuffixEnter, false}, "Tab": {"\t", 0, scanner.SuffixTab, false}, "nothing": {"", 17, scanner.SuffixNone, false},
		"Enter twice": {"\r\r", 20, scanner.SuffixEnter, false}, "slow": {"\r", 80, scanner.SuffixEnter, true},
	} {
		learnt, err := scanner.LearnKeys(keysOf(scanner.CalibrationText+c.suffix, c.gap))
		if err != nil || learnt.Suffix != c.want || learnt.GapMillis != c.gap || learnt.Slow() != c.slow || learnt.Name != "us" {
			t.Errorf("%s: learnt %+v, %v", name, learnt, err)
		}
		kept, err := json.Marshal(learnt)
		if err != nil {
			t.Fatal(err)
		}
		var again scanner.Learnt
		if err := json.Unmarshal(kept, &again); err != nil || again.Suffix != learnt.Suffix || again.GapMillis != learnt.GapMillis || again.Name != learnt.Name {
			t.Errorf("%s: kept as %s and read as %+v, %v", name, kept, again, err)
		}
	}
	if _, err := scanner.LearnKeys(keysOf("7K3MQ9TX4B2HQ\r", 5)); !errors.Is(err, scanner.ErrCalibration) {
		t.Errorf("another code is taken for the calibration: %v", err)
	}
	var old scanner.Learnt // as it was kept before suffix and speed were learnt
	if err := json.Unmarshal([]byte(`{"name":"fr","runes":{"97":113}}`), &old); err != nil || old.Apply("a") != "q" {
		t.Errorf("what an earlier version kept is read as %+v, %v", old, err)
	}
}

func TestSlowScannerThatWasCalibrated(t *testing.T) {
	// Broken in the shop: a radio scanner that is a little slow is never read, calibrated or not.
	const code = "7K3MQ9TX4B2HQ"
	learnt, err := scanner.LearnKeys(keysOf(scanner.CalibrationText+"\r", 45))
	if err != nil {
		t.Fatal(err)
	}
	b := &scanner.Burst{Learnt: learnt}
	if got := b.End(ms(typed(b, code, 0, every(45)))); got != code {
		t.Errorf("it reads %q", got)
	}
	if got := b.End(ms(typed(b, code, 90_000, every(55)))); got != "" {
		t.Errorf("a fast person is taken for it: %q", got)
	}
	without := &scanner.Burst{}
	if got := without.End(ms(typed(without, code, 0, every(45)))); got != "" {
		t.Errorf("uncalibrated it is read as %q", got)
	}
}
