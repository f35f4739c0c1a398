package main_test

import (
	"bytes"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// If a terminal kept or sent a code, whoever copies its disk or listens on its line would have a drawer full of vouchers; the same
// holds for a PIN.
func TestNoCodeAndNoPINLeavesTheCounter(t *testing.T) {
	var mu sync.Mutex
	var traffic bytes.Buffer
	s := openShop(t, "100", func(_ bool, data []byte) {
		mu.Lock()
		defer mu.Unlock()
		traffic.Write(data)
	})
	const pin = "739105826417"
	s.workADay(pin)
	mu.Lock()
	places := map[string][]byte{"the line": bytes.Clone(traffic.Bytes())}
	mu.Unlock()
	if len(places["the line"]) < 10_000 || !bytes.Contains(places["the line"], []byte("/v1/claims")) || !bytes.Contains(places["the line"], []byte("/v1/journal")) {
		t.Fatalf("only %d bytes of traffic were recorded", len(places["the line"]))
	}
	err := filepath.WalkDir(s.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() { // a socket keeps nothing
			return err
		}
		places[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, content := range places {
		for depth, layer := range layers(content) {
			look(t, place, depth, layer, s.codes, pin)
		}
	}
}

// workADay does everything that a code passes through, in the spellings that customers and scanners come up with.
func (s *shop) workADay(pin string) {
	pinFile := filepath.Join(s.t.TempDir(), "pin")
	if err := os.WriteFile(pinFile, []byte(pin+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	plain := strings.ReplaceAll(s.codes[1], "-", "")
	s.ctl(0, "redeem", s.codes[0], "--operator", "li", "--pin-file", pinFile)
	s.ctl(0, "redeem", strings.ToLower(plain))
	s.ctl(3, "redeem", plain)
	s.ctl(0, "check", s.codes[2])
	s.ctl(0, "redeem", "https://deals.example/v/"+s.codes[3])
	s.ctl(3, "redeem", plain[:12]+"?")            // nothing that could be a code
	s.ctl(3, "redeem", plain[:11]+plain[12:]+"0") // a wrong check symbol
	s.ctl(3, "redeem", "739105826417")            // another platform's code, which nobody knows
	s.ctl(0, "reverse", "1-000001", "--reason", "a test", "--operator", "li", "--pin-file", pinFile)
	s.counterDay(s.codes[10:30])
	s.link.Cut()
	s.counterDay(s.codes[30:50])
	s.ctl(3, "redeem", s.codes[30])
	s.link.Restore()
	s.drain()
	// A counter that is killed leaves its write-ahead logs behind: they are looked through as well.
	s.link.Cut()
	cmd := s.command("counter", "--json")
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	var out output
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if _, err := in.Write([]byte(strings.Join(s.codes[50:70], "\n") + "\n")); err != nil {
		s.t.Fatal(err)
	}
	s.until(func() bool { return strings.Count(out.String(), "\n") == 20 }, "20 answers of the counter")
	if err := cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		s.t.Fatal("the counter outlived its kill")
	}
}

// counterDay sends codes through the text counter.
func (s *shop) counterDay(codes []string) {
	cmd := s.command("counter", "--json")
	cmd.Stdin = strings.NewReader(strings.Join(codes, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil || bytes.Count(out, []byte(`"decision":"approved"`)) != len(codes) {
		s.t.Fatalf("the counter: %v: %s", err, out)
	}
}

// layers is content as it is, and what is packed into it as base64: entries travel as CBOR in base64 in JSON, proofs as JSON in base64.
func layers(content []byte) map[string][]byte {
	out := map[string][]byte{"as it is": content}
	var unpacked bytes.Buffer
	for _, run := range regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`).FindAll(content, -1) {
		text := strings.NewReplacer("-", "+", "_", "/").Replace(string(run))
		for offset := range min(4, len(text)) { // a run may begin before the base64 does
			part := text[offset:]
			if raw, err := base64.RawStdEncoding.DecodeString(part[:len(part)/4*4]); err == nil {
				unpacked.Write(raw)
				unpacked.WriteByte('\n')
			}
		}
	}
	out["unpacked"] = unpacked.Bytes()
	return out
}

// look searches one place for every code and the PIN in every spelling.
func look(t *testing.T, place, layer string, content []byte, codes []string, pin string) {
	t.Helper()
	for i, code := range codes {
		for _, spelling := range found(content, code) {
			t.Errorf("code %d lies in %s (%s) as %s", i+1, place, layer, spelling)
		}
	}
	for _, spelling := range found(content, pin) {
		t.Errorf("the PIN lies in %s (%s) as %s", place, layer, spelling)
	}
}

// found names the spellings of a secret that lie in content.
func found(content []byte, secret string) []string {
	var all []string
	upper := bytes.Clone(content)
	for i, b := range upper { // as ASCII: bytes.ToUpper would turn whatever is no UTF-8 into the same sign
		if 'a' <= b && b <= 'z' {
			upper[i] = b - 'a' + 'A'
		}
	}
	// Most of a code is as bad as all of it. Eight symbols in a row come up in random bytes once in a thousand runs, nine never.
	plain := strings.ReplaceAll(secret, "-", "")
	for begin := 0; begin+9 <= len(plain); begin++ {
		if bytes.Contains(upper, []byte(plain[begin:begin+9])) {
			all = append(all, "text")
		}
	}
	for spelling, spelled := range spellings(secret) {
		if bytes.Contains(content, spelled) {
			all = append(all, spelling)
		}
	}
	return all
}

// If the search itself were blind, the test above would prove nothing.
func TestTheSearchFindsWhatIsHidden(t *testing.T) {
	const code = "7K3M-Q9TX-4B2H-Q"
	for spelling, spelled := range spellings(code) {
		content := append(append([]byte("before \xff\x00"), spelled...), " after"...)
		if len(found(content, code)) == 0 {
			t.Errorf("%s is not found", spelling)
		}
		packed := []byte(`{"bytes":"` + base64.StdEncoding.EncodeToString(content) + `"}`)
		if len(found(layers(packed)["unpacked"], code)) == 0 {
			t.Errorf("%s is not found in base64", spelling)
		}
	}
	if names := found([]byte("…B2HQ 7K3MQ9TX 4B2H"), code); len(names) != 0 {
		t.Errorf("what a screen may show is called a find: %v", names)
	}
}

// spellings are the ways in which a code can be written down without its being hidden at all.
func spellings(code string) map[string][]byte {
	plain := strings.ReplaceAll(code, "-", "")
	reversed := []byte(plain)
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	out := map[string][]byte{"displayed": []byte(code), "spaced": []byte(strings.ReplaceAll(code, "-", " ")), "backwards": reversed}
	for name, text := range map[string]string{"plain": plain, "displayed": code, "lower": strings.ToLower(plain)} {
		raw := []byte(text)
		out[name+" hex"] = []byte(hex.EncodeToString(raw))
		out[name+" base32"] = []byte(strings.TrimRight(base32.StdEncoding.EncodeToString(raw), "="))[:len(raw)*8/5]
		// base64 of a text in the middle of another begins at any of three places within a group.
		for skip := range 3 {
			padded := append(make([]byte, skip), raw...)
			encoded := base64.StdEncoding.EncodeToString(padded)
			from, to := (skip*8+5)/6, (skip+len(raw))*8/6
			out[name+" base64 "+string(rune('0'+skip))] = []byte(encoded[from:to])
		}
		ascii := make([]byte, ascii85.MaxEncodedLen(len(raw)))
		out[name+" ascii85"] = ascii[:ascii85.Encode(ascii, raw)]
		little, big := []byte{}, []byte{}
		for _, unit := range utf16.Encode([]rune(text)) {
			little = append(little, byte(unit), byte(unit>>8))
			big = append(big, byte(unit>>8), byte(unit))
		}
		out[name+" UTF-16LE"], out[name+" UTF-16BE"] = little, big
	}
	if number, ok := packed(plain); ok {
		out["60 bits"] = number
	}
	return out
}

// packed is what the first 12 symbols are as a number, 8 bytes.
func packed(plain string) ([]byte, bool) {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	if len(plain) != 13 {
		return nil, false
	}
	number := new(big.Int)
	for _, symbol := range plain[:12] {
		number.Add(number.Mul(number, big.NewInt(32)), big.NewInt(int64(strings.IndexRune(alphabet, symbol))))
	}
	return number.FillBytes(make([]byte, 8)), true
}
