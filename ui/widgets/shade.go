package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// shading says that areas are drawn by shaders of our own.
var shading bool

// Shade has areas that are made from now on drawn by shaders of our own. The window's painter runs them; the one that tests draw with does
// not, and would leave their places empty. There is more to it than a cheaper point: a picture that is new in a window has the whole window
// drawn a second time.
func Shade() { shading = true }

// program is the source of a shader that fills its place with a colour.
type program struct{ name, source string }

var (
	// flat asks nothing of a point, not even whether it still belongs to the object: Fyne draws a little more than that.
	flat = program{"countersign.flat", `uniform float red, green, blue;
void main() { gl_FragColor = vec4(red, green, blue, 1.0); }
`}
	// exact ends where the object ends. The bounds have their y from the top, points from the foot.
	exact = program{"countersign.exact", `uniform vec2 frame;
uniform vec4 bounds;
uniform float red, green, blue, alpha;
void main() {
	vec2 at = vec2(gl_FragCoord.x, frame.y - gl_FragCoord.y);
	vec2 inside = step(bounds.xy, at) * step(at, bounds.zw);
	gl_FragColor = vec4(red, green, blue, alpha * inside.x * inside.y);
}
`}
)

// of makes an object of a colour. All objects of a program share what it is compiled to when the first of them is drawn.
func (p program) of(c color.Color) *canvas.Shader {
	const most = 0xFF
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	made := canvas.NewShader(p.name, []byte("#version 110\n"+p.source), []byte("#version 100\nprecision mediump float;\n"+p.source))
	made.Uniforms = map[string]float32{"red": float32(n.R) / most, "green": float32(n.G) / most, "blue": float32(n.B) / most}
	if p == exact {
		made.Uniforms["alpha"] = float32(n.A) / most
	}
	return made
}

// wide is an area that is large, as a rule.
func wide(colour color.Color) fyne.CanvasObject {
	if _, _, _, alpha := colour.RGBA(); !shading || alpha != 0xFFFF {
		return area(colour)
	}
	return &fyne.Container{Layout: rimmed{}, Objects: []fyne.CanvasObject{flat.of(colour), area(colour), area(colour), area(colour), area(colour)}}
}

// rim is how far a flat object stays away from the area's edges. It is drawn up to two units larger on each side than it is, and may be a
// point off where a length is no whole number of them.
const rim = 3

type rimmed struct{}

func (rimmed) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (rimmed) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	across, down := min(rim, size.Width/2), min(rim, size.Height/2)
	inside := objects[0]
	place(inside, across, down, size.Width-across*2, size.Height-down*2)
	if small := size.Width <= rim*2 || size.Height <= rim*2; small == inside.Visible() { // nothing is left of it, and still it would be drawn
		if small {
			inside.Hide()
		} else {
			inside.Show()
		}
	}
	place(objects[1], 0, 0, size.Width, down)
	place(objects[2], 0, size.Height-down, size.Width, down)
	place(objects[3], 0, down, across, size.Height-down*2)
	place(objects[4], size.Width-across, down, across, size.Height-down*2)
}
