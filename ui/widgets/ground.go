package widgets

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
)

// A window is drawn anew as a whole whenever anything in it changes, and many a till has no graphics card. There the processor asks for each
// point of a rectangle how far it is from edges, corners and shadows, which took half of all drawing; a stretched picture of one point costs
// a third of that, and a shader that only says the colour half of that again. So large areas are such pictures, or shaders where there is a
// painter that runs them, and only their corners are what Fyne has for round rectangles.

// Area is a rectangle in one colour.
func Area(colour fyne.ThemeColorName) fyne.CanvasObject { return wide(theme.Color(colour)) }

func area(colour color.Color) fyne.CanvasObject {
	if shading {
		return exact.of(colour)
	}
	point := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	point.Set(0, 0, colour)
	picture := canvas.NewImageFromImage(point)
	picture.FillMode, picture.ScaleMode = canvas.ImageFillStretch, canvas.ImageScalePixels
	return picture
}

// Rounded is an area with a panel's corners.
func Rounded(colour fyne.ThemeColorName) fyne.CanvasObject {
	return ground(theme.Color(colour), rounding(), false)
}

// Outlined is the same with a line around it.
func Outlined(colour, line fyne.ThemeColorName) fyne.CanvasObject {
	width, radius := theme.Size(theme.Hairline), rounding()
	edge := theme.Color(line)
	around := &fyne.Container{Layout: outline{radius, width}, Objects: append(corners(edge, radius, 4), area(edge), area(edge), area(edge), area(edge))}
	return Stack(around, Inset(ground(theme.Color(colour), radius-width, false), width, width, width, width))
}

// Band is an area with a panel's corners at the top, and none at the foot.
func Band(colour fyne.ThemeColorName) fyne.CanvasObject {
	return ground(theme.Color(colour), rounding(), true)
}

// rounding is the radius of a panel's corners in whole points: with half ones the areas below the corners end a point lower than the one between.
func rounding() float32 { return float32(math.Floor(float64(theme.Size(theme.Rounding)))) }

// ground is an area with round corners, at the top alone or all around.
func ground(colour color.Color, radius float32, top bool) fyne.CanvasObject {
	count := 4
	if top {
		count = 2
	}
	return &fyne.Container{Layout: grounded{radius, count}, Objects: append(corners(colour, radius, count), wide(colour), area(colour), area(colour))}
}

// corners are discs, of which the areas beside them leave a quarter to be seen.
func corners(colour color.Color, radius float32, count int) []fyne.CanvasObject {
	var discs []fyne.CanvasObject
	for range count {
		disc := canvas.NewRectangle(colour)
		disc.CornerRadius = radius
		discs = append(discs, disc)
	}
	return discs
}

// placeCorners places the first count objects, and returns the radius that there is room for.
func placeCorners(objects []fyne.CanvasObject, count int, radius float32, size fyne.Size) float32 {
	radius = min(radius, size.Width/2, size.Height/2)
	for i, o := range objects[:count] {
		place(o, float32(i%2)*(size.Width-2*radius), float32(i/2)*(size.Height-2*radius), 2*radius, 2*radius)
	}
	return radius
}

// grounded places the corners, what is between the left and the right ones, and what is below each of the upper ones.
type grounded struct {
	radius float32
	count  int
}

func (grounded) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (g grounded) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	radius := placeCorners(objects, g.count, g.radius, size)
	sides := objects[g.count:]
	below := size.Height - radius
	if g.count == 4 {
		below -= radius
	}
	place(sides[0], radius, 0, size.Width-2*radius, size.Height)
	place(sides[1], 0, radius, radius, below)
	place(sides[2], size.Width-radius, radius, radius, below)
}

// outline places the corners and the lines between them.
type outline struct{ radius, width float32 }

func (outline) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (f outline) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	radius := placeCorners(objects, 4, f.radius, size)
	lines := objects[4:]
	place(lines[0], radius, 0, size.Width-2*radius, f.width)
	place(lines[1], radius, size.Height-f.width, size.Width-2*radius, f.width)
	place(lines[2], 0, radius, f.width, size.Height-2*radius)
	place(lines[3], size.Width-f.width, radius, f.width, size.Height-2*radius)
}
