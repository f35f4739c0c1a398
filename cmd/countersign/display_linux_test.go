package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever starts the counter over ssh, or mistypes a flag, would read a stack trace and call support.
func TestStartsOnlyWhatCanBeShown(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		display string
		code    int
		says    string
	}{
		"no display":            {nil, "", 5, "no screen"},
		"the demo without one":  {[]string{"demo"}, "", 5, "countersignctl counter"},
		"a display that is off": {nil, ":64999", 5, "nothing answers"},
		"no display's name":     {nil, "purple", 5, `DISPLAY is "purple"`},
		"a theme":               {[]string{"--theme", "purple"}, "", 2, "light or dark"},
		"a language":            {[]string{"demo", "--language", "xx"}, "", 2, "en, zh-Hans, de, es"},
		"a language's region":   {[]string{"--language", "de-AT"}, "", 5, "no screen"},
		"a flag":                {[]string{"--nonsense"}, "", 2, "countersign --help"},
		"a command":             {[]string{"nonsense"}, "", 2, "countersign --help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DISPLAY", c.display)
			root := command(context.Background(), &Options{})
			root.SetArgs(append(c.args, "--data", filepath.Join(t.TempDir(), "none")))
			var text strings.Builder
			if code := report(&text, root.Execute()); code != c.code || !strings.Contains(text.String(), c.says) {
				t.Errorf("exit code %d instead of %d: %s", code, c.code, text.String())
			}
		})
	}
}
