package station

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // of logos
	"image/png"
	"io"
	"os"
	"path/filepath"
	"sync"

	xdraw "golang.org/x/image/draw"

	"countersign/terminal"
)

// logoName is the file that keeps a logo that was chosen at this counter, as slips have it.
const logoName = "logo.png"

// What a picture may be to become a logo. A slip's paper is at most 576 dots wide.
const (
	LogoMost   = 4 << 20 // bytes
	logoSide   = 4000    // dots
	logoLeast  = 32
	logoWidth  = 576
	logoHeight = 240
)

// KeepLogo takes a picture, a PNG or a JPEG, as this counter's logo: on white, no larger than paper has room for. An error names why not.
func KeepLogo(folder, path string) error {
	text, err := readPicture(path)
	if err != nil {
		return err
	}
	facts, _, err := image.DecodeConfig(bytes.NewReader(text))
	switch {
	case err != nil:
		return &errLogo{"type", err}
	case facts.Width > logoSide || facts.Height > logoSide:
		return &errLogo{"large", errors.New("too many dots")}
	case facts.Width < logoLeast || facts.Height < logoLeast:
		return &errLogo{"small", errors.New("too few dots")}
	}
	picture, _, err := image.Decode(bytes.NewReader(text))
	if err != nil {
		return &errLogo{"file", err}
	}
	var made bytes.Buffer
	if err := png.Encode(&made, onPaper(picture)); err != nil {
		return &errLogo{"file", err}
	}
	if err := replaceFile(filepath.Join(folder, logoName), made.Bytes(), true); err != nil {
		return &errLogo{"file", err}
	}
	return nil
}

func readPicture(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &errLogo{"file", err}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, LogoMost+1))
	switch {
	case err != nil:
		return nil, &errLogo{"file", err}
	case len(text) > LogoMost:
		return nil, &errLogo{"large", errors.New("too many bytes")}
	}
	return text, nil
}

// onPaper draws a picture on white, made smaller where it is larger than the paper has room for.
func onPaper(picture image.Image) image.Image {
	from := picture.Bounds()
	width, height := from.Dx(), from.Dy()
	if width > logoWidth {
		width, height = logoWidth, max(1, height*logoWidth/width)
	}
	if height > logoHeight {
		width, height = max(1, width*logoHeight/height), logoHeight
	}
	paper := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(paper, paper.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	xdraw.CatmullRom.Scale(paper, paper.Bounds(), picture, from, xdraw.Over, nil)
	return paper
}

// DropLogo forgets this counter's own logo: the cloud's holds again.
func DropLogo(folder string) error {
	err := os.Remove(filepath.Join(folder, logoName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// SayLogo says why a picture cannot be the logo.
func SayLogo(words terminal.Words, path string, err error) string {
	why, cause := "file", err
	var refused *errLogo
	if errors.As(err, &refused) {
		why, cause = refused.why, refused.cause
	}
	return words.Say("setup.logo.trouble."+why, map[string]any{"name": filepath.Base(path), "cause": SayCause(words, bare(cause)), "most": LogoMost >> 20})
}

// ownLogo is this counter's own logo, read when it is asked for first, and again after it has changed.
type ownLogo struct {
	folder string
	mu     sync.Mutex
	read   bool
	text   []byte
}

// Forget has the file read again.
func (o *ownLogo) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.read = false
}

// logo is nil where this counter has none of its own.
func (o *ownLogo) logo() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.read {
		text, err := os.ReadFile(filepath.Join(o.folder, logoName))
		if err != nil {
			text = nil
		}
		o.text, o.read = text, true
	}
	return o.text
}

// UseLogo takes a picture as this counter's logo, "" for the cloud's again: in the window and on slips from now on.
func (r *Reader) UseLogo(path string) error {
	defer r.logo.forget()
	if path == "" {
		return DropLogo(r.folder)
	}
	return KeepLogo(r.folder, path)
}

// OwnLogo reports that this counter has a logo of its own.
func (r *Reader) OwnLogo() bool { return r.logo.logo() != nil }
