package scanner

import (
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// Errors of reading a picture.
var (
	ErrPicture = errors.New("this is no picture that can be read; use a PNG, JPEG, GIF or WebP file")
	ErrNoCode  = errors.New("no code was found in the picture; take it again, closer and straight")
)

// Bounds of a picture: more pixels than a phone's camera makes are somebody's trick, and more than this on a side only slows the
// search.
const (
	mostPixels = 64 << 20
	mostSide   = 2000
)

// Picture reads the code in a screenshot or photo of a voucher. ErrNoCode says that there is none.
func Picture(file io.ReadSeeker) (string, error) {
	config, _, err := image.DecodeConfig(file)
	if err != nil || config.Width*config.Height > mostPixels {
		return "", ErrPicture
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("%w: %w", ErrPicture, err)
	}
	picture, _, err := image.Decode(file)
	if err != nil {
		return "", ErrPicture
	}
	return Find(picture)
}

// Find reads the code in a picture: QR first, then Data Matrix and the usual bar codes; dark on light or light on dark.
func Find(picture image.Image) (string, error) {
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	for _, view := range views(picture) {
		for _, reader := range []gozxing.Reader{qrcode.NewQRCodeReader(), datamatrix.NewDataMatrixReader(),
			oned.NewCode128Reader(), oned.NewMultiFormatUPCEANReader(hints), oned.NewCode39Reader()} {
			if result, err := reader.Decode(view, hints); err == nil {
				if code := Clean([]byte(result.GetText())); code != "" {
					return code, nil
				}
			}
		}
	}
	return "", ErrNoCode
}

// views are the ways in which a picture is looked at, the likeliest first: as it is, with one threshold for all of it, larger,
// and with black and white exchanged.
func views(picture image.Image) []*gozxing.BinaryBitmap {
	onWhite := func(size image.Point) *image.RGBA { // a transparent screenshot is black where it is clear
		out := image.NewRGBA(image.Rectangle{Max: size})
		draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
		draw.BiLinear.Scale(out, out.Bounds(), picture, picture.Bounds(), draw.Over, nil)
		return out
	}
	size := picture.Bounds().Size()
	for size.X > mostSide || size.Y > mostSide {
		size = size.Div(2)
	}
	plain := gozxing.NewLuminanceSourceFromImage(onWhite(size))
	sources := []gozxing.LuminanceSource{plain}
	if size.X < mostSide/4 && size.Y < mostSide/4 {
		sources = append(sources, gozxing.NewLuminanceSourceFromImage(onWhite(size.Mul(3))))
	} else {
		sources = append(sources, gozxing.NewLuminanceSourceFromImage(onWhite(size.Div(2))))
	}
	sources = append(sources, plain.Invert())
	var out []*gozxing.BinaryBitmap
	for _, source := range sources {
		for _, binarizer := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(source), gozxing.NewGlobalHistgramBinarizer(source)} {
			if bitmap, err := gozxing.NewBinaryBitmap(binarizer); err == nil {
				out = append(out, bitmap)
			}
		}
	}
	return out
}
