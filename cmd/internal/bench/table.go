package main

import (
	"fmt"
	"slices"
	"time"
)

// row is one line of the table.
type row struct {
	what, reference string
	ratio           string // as it is shown, with its unit
	goal            string
	met             bool
	detail          string
}

// String is the row for the log.
func (r row) String() string {
	return fmt.Sprintf("%s: %s (to reach: %s; %s) %s", r.what, r.ratio, r.goal, metOr(r.met), r.detail)
}

func metOr(met bool) string {
	if met {
		return "met"
	}
	return "not met"
}

// atMost is a row whose ratio of times is to stay below a limit.
func atMost(what, reference string, ratio, limit float64, detail string) row {
	return row{what: what, reference: reference, ratio: fmt.Sprintf("%.2f ×", ratio), goal: fmt.Sprintf("≤ %g ×", limit), met: ratio <= limit, detail: detail}
}

// atLeast is a row whose ratio of throughputs is to reach a limit.
func atLeast(what, reference string, ratio, limit float64, detail string) row {
	return row{what: what, reference: reference, ratio: fmt.Sprintf("%.2f ×", ratio), goal: fmt.Sprintf("≥ %g ×", limit), met: ratio >= limit, detail: detail}
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

// percentile is the time that a share of all stayed below; share is in 0…1.
func percentile(times []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// turns lets subject and reference take turns and returns the median of the rounds' ratios, and the medians of both.
func turns(rounds int, subject, reference func(round int) (time.Duration, error)) (ratio float64, own, other time.Duration, err error) {
	var ratios, owns, others []float64
	for round := range rounds {
		a, err := subject(round)
		if err != nil {
			return 0, 0, 0, err
		}
		b, err := reference(round)
		if err != nil {
			return 0, 0, 0, err
		}
		ratios, owns, others = append(ratios, float64(a)/float64(b)), append(owns, float64(a)), append(others, float64(b))
	}
	return median(ratios), time.Duration(median(owns)), time.Duration(median(others)), nil
}
