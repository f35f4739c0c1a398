package main

import (
	"fmt"
	"strings"

	"countersign/assets/translations"
)

// oldGraphics says that the window cannot be drawn on this computer.
type oldGraphics struct {
	Found   string // which OpenGL there is
	options Options
}

// Error is one sentence.
func (o *oldGraphics) Error() string {
	return "the window cannot be drawn: OpenGL 2.1 is needed, and this computer has " + o.Found
}

// show says it without a window of our own.
func (o *oldGraphics) show() {
	words := translations.For(o.options.language(), nil)
	sayBySystem(words.Say("ui.not_started.title", nil), words.Say("ui.not_started.graphics", map[string]any{"found": o.Found}))
}

// enoughOpenGL reports whether a version, as OpenGL writes it ("4.6.0 NVIDIA 535", "1.1.0"), is at least the 2.1 that the window needs.
func enoughOpenGL(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(strings.TrimSpace(version), "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > 2 || major == 2 && minor >= 1
}
