package token

import (
	"errors"
	"strings"
)

// errSymbols says that a text is not the Base32 of any bytes, or not the only one that writes them.
var errSymbols = errors.New("not Base32 as it is written here")

// encodeSymbols writes bytes in Crockford's Base32, five bits a symbol, the last symbol filled up with zero bits. A QR code holds
// it in its alphanumeric mode, at 5.5 bits a symbol.
func encodeSymbols(raw []byte) string {
	text := make([]byte, 0, (len(raw)*8+4)/5)
	held, bits := uint(0), 0
	for _, b := range raw {
		held, bits = held<<8|uint(b), bits+8
		for bits >= 5 {
			bits -= 5
			text = append(text, alphabet[held>>bits&31])
		}
		held &= 1<<bits - 1
	}
	if bits > 0 {
		text = append(text, alphabet[held<<(5-bits)&31])
	}
	return string(text)
}

// decodeSymbols reads what encodeSymbols wrote and nothing else: one text for each bytes.
func decodeSymbols(text string) ([]byte, error) {
	raw := make([]byte, 0, len(text)*5/8)
	held, bits := uint(0), 0
	for i := range len(text) {
		value := strings.IndexByte(alphabet, text[i])
		if value < 0 {
			return nil, errSymbols
		}
		held, bits = held<<5|uint(value), bits+5
		if bits >= 8 {
			bits -= 8
			raw = append(raw, byte(held>>bits))
			held &= 1<<bits - 1
		}
	}
	if bits > 4 || held != 0 {
		return nil, errSymbols
	}
	return raw, nil
}

// mendSymbols takes the look-alikes for what they stand for: O for 0, I and L for 1.
func mendSymbols(folded string) string {
	return lookAlikes.Replace(folded)
}

var lookAlikes = strings.NewReplacer("O", "0", "I", "1", "L", "1")
