package scanner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/terminal/scanner"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func ms(n int) time.Time { return start.Add(time.Duration(n) * time.Millisecond) }

func TestFraming(t *testing.T) {
	// Broken in the shop: two vouchers read as one, one as two, or with the scanner's own signs in them.
	type chunk struct {
		at   int
		data string
	}
	cases := map[string]struct {
		chunks []chunk
		quiet  int // when silence is looked at last
		want   []string
	}{
		"CR":                        {[]chunk{{0, "7K3M\r"}}, 0, []string{"7K3M"}},
		"LF":                        {[]chunk{{0, "7K3M\n"}}, 0, []string{"7K3M"}},
		"CR LF":                     {[]chunk{{0, "7K3M\r\n"}}, 500, []string{"7K3M"}},
		"TAB":                       {[]chunk{{0, "7K3M\t"}}, 0, []string{"7K3M"}},
		"silence":                   {[]chunk{{0, "7K"}, {40, "3M"}}, 100, []string{"7K3M"}},
		"not silent yet":            {[]chunk{{0, "7K"}, {40, "3M"}}, 99, nil},
		"silence, then more":        {[]chunk{{0, "AAAA"}, {61, "BBBB"}}, 200, []string{"AAAA", "BBBB"}},
		"two back to back":          {[]chunk{{0, "AAAA\rBBBB\r"}}, 0, []string{"AAAA", "BBBB"}},
		"two over a chunk boundary": {[]chunk{{0, "AAA"}, {5, "A\rB"}, {9, "BBB\r"}}, 0, []string{"AAAA", "BBBB"}},
		"AIM id of a QR":            {[]chunk{{0, "]Q17K3M\r"}}, 0, []string{"7K3M"}},
		"AIM id of Code 128":        {[]chunk{{0, "]C0"}, {3, "7K3M\r"}}, 0, []string{"7K3M"}},
		"ECI":                       {[]chunk{{0, "]Q2\\0000267K\\\\3M\r"}}, 0, []string{"7K\\3M"}},
		"no ECI without its id":     {[]chunk{{0, "\\000026\r"}}, 0, []string{"\\000026"}},
		"brackets that are no id":   {[]chunk{{0, "]7K\r"}}, 0, []string{"]7K"}},
		"control bytes":             {[]chunk{{0, "\x027K\x1d3M\x03\r"}}, 0, []string{"7K3M"}},
		"Latin-1":                   {[]chunk{{0, "caf\xe9\r"}}, 0, []string{"café"}},
		"UTF-8 over a boundary":     {[]chunk{{0, "\xe5\x8f"}, {2, "\x8c\r"}}, 0, []string{"双"}},
		"the same again at once":    {[]chunk{{0, "AAAA\r"}, {1400, "AAAA\r"}}, 0, []string{"AAAA"}},
		"seen all the time":         {[]chunk{{0, "AAAA\r"}, {1400, "AAAA\r"}, {2800, "AAAA\r"}}, 0, []string{"AAAA"}},
		"the same again later":      {[]chunk{{0, "AAAA\r"}, {1500, "AAAA\r"}}, 0, []string{"AAAA", "AAAA"}},
		"another in between":        {[]chunk{{0, "AAAA\r"}, {200, "BBBB\r"}, {400, "AAAA\r"}}, 0, []string{"AAAA", "BBBB", "AAAA"}},
		"empty ones":                {[]chunk{{0, "\r\r \t\n"}}, 500, nil},
		"endless":                   {[]chunk{{0, strings.Repeat("A", scanner.Longest+1)}, {10, "A\rBBBB\r"}}, 0, []string{"BBBB"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := scanner.Framer{}
			var got []string
			for _, chunk := range c.chunks {
				got = append(got, f.Feed([]byte(chunk.data), ms(chunk.at))...)
			}
			if got = append(got, f.Quiet(ms(c.quiet))...); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestChunksDoNotMatter(t *testing.T) {
	// Broken in the shop: the same scanner reads well on one PC and badly on another, whose driver cuts its bytes elsewhere.
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfNDistinct(rapid.StringMatching(`[0-9A-Z]{4,40}`), 1, 6, func(s string) string { return s }).Draw(t, "codes")
		var line []byte
		for _, code := range codes {
			prefix := rapid.SampledFrom([]string{"", "]Q1", "]Q3", "]C1", "]d1"}).Draw(t, "prefix")
			suffix := rapid.SampledFrom([]string{"\r", "\n", "\r\n", "\t"}).Draw(t, "suffix")
			line = append(line, prefix+code+suffix...)
		}
		f := scanner.Framer{}
		var got []string
		for at := 0; len(line) > 0; at += rapid.IntRange(0, 59).Draw(t, "gap") {
			n := min(rapid.IntRange(1, 30).Draw(t, "chunk"), len(line))
			got = append(got, f.Feed(line[:n], ms(at))...)
			line = line[n:]
		}
		if !slices.Equal(got, codes) {
			t.Fatalf("got %q, want %q", got, codes)
		}
	})
}
