package icons

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"testing"
)

// Without its icon the program is a blank square among a cashier's windows.
func TestThePictureIsTheIcon(t *testing.T) {
	picture, err := png.Decode(bytes.NewReader(PNG()))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 512 || size.Y != 512 {
		t.Fatalf("it is %v large", size)
	}
	for name, spot := range map[string]struct {
		x, y             int
		red, green, blue uint32
		alpha            uint32
	}{
		"corner":  {2, 2, 0, 0, 0, 0},
		"ground":  {256, 60, 0x0F, 0x6F, 0xDE, 0xFF},
		"voucher": {110, 256, 0xFF, 0xFF, 0xFF, 0xFF},
		"tick":    {290, 310, 0x1B, 0x7F, 0x3B, 0xFF},
	} {
		red, green, blue, alpha := picture.At(spot.x, spot.y).RGBA()
		if red>>8 != spot.red || green>>8 != spot.green || blue>>8 != spot.blue || alpha>>8 != spot.alpha {
			t.Errorf("%s: the colour at %d,%d is %02X%02X%02X, alpha %02X", name, spot.x, spot.y, red>>8, green>>8, blue>>8, alpha>>8)
		}
	}
}

// The drawing is what the installers and the handbook scale: it must be one.
func TestTheDrawingIsAnSVG(t *testing.T) {
	var drawing struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		ViewBox string   `xml:"viewBox,attr"`
		Paths   []struct {
			Fill string `xml:"fill,attr"`
			D    string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(SVG(), &drawing); err != nil {
		t.Fatal(err)
	}
	if drawing.ViewBox != "0 0 512 512" || len(drawing.Paths) < 10 || drawing.Paths[0].Fill != "#0F6FDE" {
		t.Errorf("the drawing is %q with %d paths", drawing.ViewBox, len(drawing.Paths))
	}
}
