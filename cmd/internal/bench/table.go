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
	rounds          []round // that the ratio is the median of; none where it was one long look
}

// round is what the measured thing and its reference took for the same work, one after the other.
type round struct{ Measured, Reference time.Duration }

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
func atMost(what, reference string, took compared, limit float64, detail string) row {
	return row{what: what, reference: reference, ratio: fmt.Sprintf("%.2f ×", took.ratio), goal: fmt.Sprintf("≤ %g ×", limit), met: took.ratio <= limit,
		detail: detail, rounds: took.rounds}
}

// atLeast is a row whose ratio of throughputs, which is 1 by that of the times, is to reach a limit.
func atLeast(what, reference string, took compared, limit float64, detail string) row {
	ratio := 1 / took.ratio
	return row{what: what, reference: reference, ratio: fmt.Sprintf("%.2f ×", ratio), goal: fmt.Sprintf("≥ %g ×", limit), met: ratio >= limit,
		detail: detail, rounds: took.rounds}
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

// compared is what rounds came to: the median of their ratios, and the medians of both sides' times.
type compared struct {
	ratio      float64
	own, other time.Duration
	rounds     []round
}

// turns lets subject and reference take turns.
func turns(rounds int, subject, reference func(round int) (time.Duration, error)) (compared, error) {
	var all []round
	for n := range rounds {
		own, err := subject(n)
		if err != nil {
			return compared{}, err
		}
		other, err := reference(n)
		if err != nil {
			return compared{}, err
		}
		all = append(all, round{own, other})
	}
	return comparing(all), nil
}

func comparing(rounds []round) compared {
	var ratios, owns, others []float64
	for _, one := range rounds {
		own, other := float64(one.Measured), float64(one.Reference)
		ratios, owns, others = append(ratios, own/other), append(owns, own), append(others, other)
	}
	return compared{median(ratios), time.Duration(median(owns)), time.Duration(median(others)), rounds}
}
