package counter

import (
	"bytes"
	"image"
	_ "image/png" // of logos
	"sync"
)

// logo keeps the store's picture as it was last decoded: the settings are read again and again, and it seldom changes.
type logo struct {
	mu      sync.Mutex
	text    []byte
	decoded image.Image
}

// picture decodes a PNG; nil where there is none, or none that can be drawn. The same text gives the same picture.
func (l *logo) picture(text []byte) image.Image {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !bytes.Equal(text, l.text) {
		picture, _, err := image.Decode(bytes.NewReader(text))
		if err != nil {
			picture = nil // a counter without its logo honours vouchers all the same
		}
		l.text, l.decoded = text, picture
	}
	return l.decoded
}
