// Package gallery has what the pictures of all rooms are made with, in tests: the ways in which a screen is looked at, a check that no word of
// it is cut off, and the files.
package gallery

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// View is a way in which a screen is looked at.
type View struct {
	Name     string // of files: "de-light-1024x600"
	Language string
	Look     theme.Look
	Size     fyne.Size
}

// The sizes of windows: the smallest screen, the commonest, a large one.
var (
	Small  = fyne.NewSize(1024, 600)
	Common = fyne.NewSize(1366, 768)
	Large  = fyne.NewSize(1920, 1080)
)

// Views are those in which every screen has to fit: each language in the light on the smallest screen, in the dark on the commonest one, and
// with writing of twice its size; where pictures are made also the others. Colours take no room: without pictures the dark is left out.
func Views() []View {
	var views []View
	add := func(language string, dark bool, text float32, size fyne.Size) {
		mode := map[bool]string{false: "light", true: "dark"}[dark]
		if text > 1 {
			mode += fmt.Sprintf("-%.0f%%", text*100)
		}
		views = append(views, View{fmt.Sprintf("%s-%s-%.0fx%.0f", language, mode, size.Width, size.Height), language,
			theme.Look{Dark: dark, Text: text, Zoom: theme.ZoomFor(size.Width, size.Height)}, size})
	}
	for _, language := range translations.Languages {
		add(language, false, 1, Small)
		add(language, false, 2, Common)
		if Folder() != "" {
			add(language, true, 1, Common)
		}
	}
	if Folder() != "" {
		add("en", true, 1, Small)
		add("en", false, 1, Common)
		add("zh-Hans", true, 1, Small)
		add("zh-Hans", true, 2, Common)
	}
	add("zh-Hans", false, 1, Large)
	add("de", false, 1, Large)
	return views
}

// Folder is where pictures are to go; "" where none are wanted.
func Folder() string { return os.Getenv("COUNTERSIGN_GALLERY") }

// Keep writes what a window shows, where pictures are wanted.
func Keep(t *testing.T, room, scene string, view View, window fyne.Window) {
	t.Helper()
	if Folder() == "" {
		return
	}
	if err := write(filepath.Join(Folder(), room+"-"+scene+"-"+view.Name+".png"), window.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
}

func write(path string, picture image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(file, picture)
}

// unworded is the key of a sentence that no language has.
var unworded = regexp.MustCompile(`^(day|ui|setup|reason|kind|assurance|verdict|role|printer|receipt|outcome|exception|words)\.[a-z_.]+$`)

// Complain names everything that does not fit its place: words that end in the middle, and what stands out at the bottom or at the side.
func Complain(t *testing.T, scene string, o fyne.CanvasObject) {
	t.Helper()
	if o == nil || !o.Visible() {
		return
	}
	switch o := o.(type) {
	case *widgets.Text:
		if size := o.Size(); o.Text != "" && !o.Loose && !o.Fits(size.Width, size.Height) {
			t.Errorf("%s: %q does not fit into %.0fx%.0f", scene, o.Text, size.Width, size.Height)
		}
		if unworded.MatchString(o.Text) {
			t.Errorf("%s: nobody has put %q into words", scene, o.Text)
		}
	case *fyne.Container:
		for _, inner := range o.Objects {
			if !inner.Visible() {
				continue
			}
			Complain(t, scene, inner)
			end := inner.Position().Add(inner.Size())
			if over := end.Y - o.Size().Height; over > 1 {
				t.Errorf("%s: %T stands out of its place by %.0f at the bottom", scene, inner, over)
			}
			if over := end.X - o.Size().Width; over > 1 {
				t.Errorf("%s: %T stands out of its place by %.0f at the side", scene, inner, over)
			}
		}
	case *container.Scroll: // what is in it may be higher than its place
		if over := o.Content.Size().Width - o.Size().Width; over > 1 {
			t.Errorf("%s: a list stands out of its place by %.0f at the right", scene, over)
		}
		Complain(t, scene, o.Content)
	case fyne.Widget:
		for _, inner := range test.WidgetRenderer(o).Objects() {
			Complain(t, scene, inner)
		}
	}
}
