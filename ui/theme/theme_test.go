package theme

import (
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

func TestContrast(t *testing.T) {
	// A cashier with tired eyes, or a screen by a bright window, could not read what the counter says.
	for name, p := range map[string]palette{"light": light, "dark": dark} {
		pairs := [][2]fyne.ThemeColorName{
			{Text, Background}, {Text, Surface}, {Text, Raised}, {Text, Pressed}, {Muted, Background}, {Muted, Surface}, {Muted, Raised}, {Ink, Paper},
		}
		for _, tone := range Tones {
			pairs = append(pairs, [2]fyne.ThemeColorName{tone.Ink(), tone.Tint()}, [2]fyne.ThemeColorName{tone.Ink(), Surface},
				[2]fyne.ThemeColorName{Text, tone.Tint()}, [2]fyne.ThemeColorName{tone.OnFill(), tone.Fill()},
				[2]fyne.ThemeColorName{tone.Ink(), Background}, [2]fyne.ThemeColorName{Muted, tone.Tint()})
		}
		for _, pair := range pairs {
			if got := Contrast(p[pair[0]], p[pair[1]]); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f, less than 4.5", name, pair[0], pair[1], got)
			}
		}
	}
}

func TestFramesAreSeen(t *testing.T) {
	// In the dark nobody would see which row is chosen, where the caret stands, or how far the vouchers have come.
	store := Accent("#333333")
	for name, look := range map[string]Look{"light": {}, "dark": {Dark: true}, "light, store": {Accent: store}, "dark, store": {Dark: true, Accent: store}} {
		colour := func(name fyne.ThemeColorName) color.NRGBA { return look.Color(name, 0).(color.NRGBA) }
		for _, pair := range [][2]fyne.ThemeColorName{{Edge, Surface}, {Edge, Background}, {Edge, Raised}, {Edge, Ready.Tint()}, {Muted, Surface}} {
			if got := Contrast(colour(pair[0]), colour(pair[1])); got < 3 {
				t.Errorf("%s: %s beside %s has a contrast of %.2f, less than 3", name, pair[0], pair[1], got)
			}
		}
	}
}

func TestEveryStockColourIsOurs(t *testing.T) {
	// A stock widget would stand out in Fyne's colours, unreadable in the dark.
	for _, name := range []fyne.ThemeColorName{
		theme.ColorNameButton, theme.ColorNameDisabled, theme.ColorNameError, theme.ColorNameFocus, theme.ColorNameHover, theme.ColorNameInputBackground,
		theme.ColorNameInputBorder, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, theme.ColorNamePressed, theme.ColorNamePrimary,
		theme.ColorNameScrollBar, theme.ColorNameSelection, theme.ColorNameShadow, theme.ColorNameSuccess, theme.ColorNameWarning,
	} {
		for mode, p := range map[string]palette{"light": light, "dark": dark} {
			if _, ok := p[name]; !ok {
				t.Errorf("the %s palette has no %s", mode, name)
			}
		}
	}
}

func TestZoomFor(t *testing.T) {
	// On a 4K screen the verdict would be a stamp in a corner; on the smallest till screen it would not fit.
	for _, c := range []struct{ width, height, want float32 }{
		{1024, 600, 1}, {1280, 800, 1}, {1366, 768, 1}, {1920, 1080, 1.25}, {2560, 1440, 1.75}, {3840, 2160, 2.75}, {3840, 600, 1},
	} {
		if got := ZoomFor(c.width, c.height); got != c.want {
			t.Errorf("ZoomFor(%v, %v) = %v, want %v", c.width, c.height, got, c.want)
		}
	}
}

func TestSizesGrowTogether(t *testing.T) {
	// Text would outgrow its place on a large screen.
	natural, large := Look{}, Look{Zoom: 2}
	for name := range sizes {
		if large.Size(name) != 2*natural.Size(name) {
			t.Errorf("%s is %v at zoom 2, %v naturally", name, large.Size(name), natural.Size(name))
		}
	}
	if natural.Size(Touch) < 48 {
		t.Errorf("a touch target of %v is less than 48", natural.Size(Touch))
	}
}

func TestAccent(t *testing.T) {
	// A store whose sign is green would show "ready to redeem" in the green of "redeemed": goods would go out unrecorded.
	for text, want := range map[string]bool{
		"#0F6FDE": true, "#5B2A86": true, "#0B4F6C": true, "#333333": true, "#8E1659": true,
		"#1B7F3B": false, "#2E7D32": false, "#B26A00": false, "#C62828": false, "#A11212": false,
		"#9AD0F5": false, "#FFFF00": false, "#FFFFFF": false, "": false, "0F6FDE": false, "#0F6FD": false, "#XYZXYZ": false,
	} {
		if got := Accent(text) != nil; got != want {
			t.Errorf("%q is taken: %v", text, got)
		}
	}
	if accent := Accent("#5B2A86"); accent == nil || (Look{Accent: accent}).Color(Ready.Fill(), 0) != *accent {
		t.Error("the store's colour is not the screen's")
	}
}
