package main

import (
	"context"
	"testing"
)

// BenchmarkRedeem is a whole redemption, from the code to COMMIT, with slip, and BenchmarkCheck what a scan would be told: for their
// processor time, so in memory where there is some to be had. What a disk adds is measured by the command.
func BenchmarkRedeem(b *testing.B) {
	benchmark(b, func(s *shop, codes []string) error { _, err := s.redeem(b.Context(), codes); return err })
}

// BenchmarkCheck: see BenchmarkRedeem.
func BenchmarkCheck(b *testing.B) {
	benchmark(b, func(s *shop, codes []string) error { _, err := s.check(b.Context(), codes); return err })
}

func benchmark(b *testing.B, run func(s *shop, codes []string) error) {
	s, err := openShop(context.Background(), &lab{folder: b.TempDir()}, 20_000)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.close(); err != nil {
			b.Error(err)
		}
	})
	codes, err := s.sell(b.Context(), b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := run(s, codes); err != nil {
		b.Fatal(err)
	}
}
