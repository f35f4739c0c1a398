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
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/assets/fonts"
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
	// Some says that only what a room calls its most important scenes is drawn: those pictures are large.
	Some bool
}

// The sizes of windows: the smallest screen, the commonest, a large one, and 4K.
var (
	Small  = fyne.NewSize(1024, 600)
	Common = fyne.NewSize(1366, 768)
	Large  = fyne.NewSize(1920, 1080)
	UHD    = fyne.NewSize(3840, 2160)
)

func view(language string, dark bool, percent int, size fyne.Size) View {
	mode := map[bool]string{false: "light", true: "dark"}[dark]
	if percent > 100 {
		mode += fmt.Sprintf("-%d%%", percent)
	}
	return View{Name: fmt.Sprintf("%s-%s-%.0fx%.0f", language, mode, size.Width, size.Height), Language: language, Size: size, Some: size == UHD,
		Look: theme.Look{Dark: dark, Text: float32(percent) / 100, Zoom: theme.ZoomFor(size.Width, size.Height)}}
}

// Views are those in which every screen is looked at. Where pictures are made: each language in the light on the smallest screen and with
// writing of twice its size on the commonest one, each in the dark once, on screens of all sizes, and two on 4K.
//
// Where only the room is checked that words have, the dark is left out, since colours take none: each language on the smallest screen, there
// and on the commonest one with writing of twice its size, and a few of what is between; with COUNTERSIGN_SOAK each language with writing of
// each size on each screen.
func Views() []View {
	var views []View
	add := func(language string, dark bool, percent int, size fyne.Size) {
		views = append(views, view(language, dark, percent, size))
	}
	switch {
	case Folder() != "":
		for _, language := range translations.Languages {
			add(language, false, 100, Small)
			add(language, false, 200, Common)
		}
		add("zh-Hans", true, 100, Small)
		add("en", true, 100, Common)
		add("es", true, 200, Small)
		add("de", true, 100, Large)
		add("en", false, 100, UHD)
		add("zh-Hans", true, 100, UHD)
	case os.Getenv("COUNTERSIGN_SOAK") != "":
		for _, language := range translations.Languages {
			for _, percent := range theme.TextSizes {
				for _, size := range []fyne.Size{Small, Common, Large, UHD} {
					add(language, false, percent, size)
				}
			}
		}
	default:
		for _, language := range translations.Languages {
			add(language, false, 100, Small)
			add(language, false, 200, Small)
			add(language, false, 200, Common)
		}
		add("de", false, 125, Small)
		add("es", false, 150, Small)
		add("zh-Hans", false, 100, Large)
		add("en", false, 100, UHD)
	}
	return views
}

// Folder is where pictures are to go; "" where none are wanted.
func Folder() string { return os.Getenv("COUNTERSIGN_GALLERY") }

// Awake lets Fyne look at the clock, before a window is made for pictures. Fyne forgets what was not drawn for a minute, by a clock that it only
// reads when it makes a picture: after a minute in which a test made none, a new window would be empty in its first one.
func Awake(t testing.TB) {
	t.Helper()
	window := test.NewWindow(nil)
	defer window.Close()
	window.Canvas().Capture()
}

// pictures are being written while the next ones are drawn: two at a time.
var pictures = make(chan struct{}, 2)

// Keep writes what a window shows, where pictures are wanted. main says that the scene is one of its room's most important ones.
func Keep(t *testing.T, room, scene string, main bool, view View, window fyne.Window) {
	t.Helper()
	if Folder() == "" || (view.Some && !main) {
		return
	}
	picture := window.Canvas().Capture()
	pictures <- struct{}{}
	done := make(chan error, 1)
	go func() {
		defer func() { <-pictures }()
		done <- write(filepath.Join(Folder(), room+"-"+scene+"-"+view.Name+".png"), picture)
	}()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
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

// complaints takes what is wrong with a screen: a test.
type complaints interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check complains of everything on a screen that nobody could read.
func Check(t complaints, scene string, o fyne.CanvasObject) {
	t.Helper()
	Complain(t, scene, o)
	overlaps(t, scene, o)
}

// Complain names everything that does not fit its place: words that end in the middle, and what stands out at the bottom or at the side.
func Complain(t complaints, scene string, o fyne.CanvasObject) {
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
		if lacking, err := fonts.Lacks(strings.ReplaceAll(o.Text, "\n", "")); err != nil || len(lacking) > 0 {
			t.Errorf("%s: %q would be drawn with another typeface for %q (%v)", scene, o.Text, lacking, err)
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
