package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/terminal/journal"
)

func TestAFaultIsToldInTheWindowsLanguage(t *testing.T) {
	// The cashier would read an English sentence of a program where she has to know that she must stop.
	for _, cause := range []error{journal.ErrDamaged, journal.ErrDiskFull, journal.ErrOutcomeUnknown, journal.ErrFailed} {
		said := map[string]bool{}
		for _, language := range translations.Languages {
			words := translations.For(language, time.UTC)
			till := withSlips{words: func() *translations.Words { return words }}
			err := till.said(fmt.Errorf("the redemption could not be written and was not made: %w", cause))
			if !errors.Is(err, cause) {
				t.Errorf("what is told hides %v", cause)
			}
			said[err.Error()] = true
			var advised interface{ Advice() string }
			if want := words.Say("ui.fault.full", nil); !errors.As(err, &advised) || (advised.Advice() == want) != (cause == journal.ErrDiskFull) {
				t.Errorf("%s: after %v somebody is advised: %v", language, cause, advised)
			}
		}
		if len(said) != len(translations.Languages) {
			t.Errorf("%v is told in these words alone: %v", cause, said)
		}
	}
	other, said := errors.New("something that has no sentence"), map[string]bool{}
	for _, language := range translations.Languages {
		till := withSlips{words: func() *translations.Words { return translations.For(language, time.UTC) }}
		err := till.said(other)
		if !errors.Is(err, other) || till.said(nil) != nil {
			t.Errorf("what is told hides %v, or nothing is told as a fault", other)
		}
		said[err.Error()] = true
	}
	if len(said) != len(translations.Languages) || said[other.Error()] {
		t.Errorf("what has no sentence is told in these words alone: %v", said)
	}
}
