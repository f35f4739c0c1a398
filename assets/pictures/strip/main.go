// Command strip makes the README's film strip of the counter, from the pictures that its screens are held against in tests: "make generate".
package main

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"os"
	"path/filepath"

	xdraw "golang.org/x/image/draw"
)

//go:generate go run . ../../../ui/counter/testdata ../strip.png

// shown are the pictures, three in a row.
var shown = []string{"ready", "ready-to-redeem", "redeemed", "declined-used", "bill", "bill-redeemed"}

// The size of a picture and the gap around it.
const (
	width, height, gap, columns = 480, 281, 6, 3
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: strip PICTURES OUT.png")
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func write(folder, out string) error {
	rows := (len(shown) + columns - 1) / columns
	strip := image.NewRGBA(image.Rect(0, 0, columns*(width+gap)+gap, rows*(height+gap)+gap))
	draw.Draw(strip, strip.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for i, name := range shown {
		file, err := os.Open(filepath.Join(folder, name+"-en-light.png"))
		if err != nil {
			return err
		}
		picture, err := png.Decode(file)
		file.Close()
		if err != nil {
			return err
		}
		at := image.Pt(gap+i%columns*(width+gap), gap+i/columns*(height+gap))
		xdraw.CatmullRom.Scale(strip, image.Rectangle{Min: at, Max: at.Add(image.Pt(width, height))}, picture, picture.Bounds(), xdraw.Src, nil)
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer file.Close()
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(file, strip)
}
