package main

import (
	"strings"
	"testing"

	"countersign/assets/translations"
)

func TestOldGraphicsAreKnown(t *testing.T) {
	// On a remote desktop the counter would run with nothing to be seen; or a good computer would be refused.
	for version, enough := range map[string]bool{
		"4.6.0 NVIDIA 535.104": true, "2.1 Mesa 22.3.6": true, "3.0.0": true, "10.0": true, "1.1.0": false, "1.4": false, "2.0.1": false, "": false, "GDI": false,
	} {
		if enoughOpenGL(version) != enough {
			t.Errorf("OpenGL %q: enough is %t", version, !enough)
		}
	}
	for _, language := range translations.Languages {
		text := translations.For(language, nil).Say("ui.not_started.graphics", map[string]any{"found": "OpenGL 1.1.0 (GDI Generic)"})
		if !strings.Contains(text, "OpenGL 1.1.0 (GDI Generic)") || !strings.Contains(text, "opengl32.dll") {
			t.Errorf("%s does not say what there is and what to do: %q", language, text)
		}
	}
}
