package station

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// screenName is the file that keeps what people at the counter chose of its screen.
const screenName = "screen.json"

// Screen is what people at the counter chose of its screen. What is nil was never chosen: there the configuration says.
type Screen struct {
	Language *string `json:"language,omitempty"` // BCP 47
	Theme    *string `json:"theme,omitempty"`    // "light", "dark"
	Text     *int    `json:"text,omitempty"`     // percent
	Volume   *int    `json:"volume,omitempty"`   // percent; 0 is silence
}

// ReadScreen is what a data folder keeps of the screen.
func ReadScreen(folder string) (Screen, error) {
	var screen Screen
	text, err := os.ReadFile(filepath.Join(folder, screenName))
	if errors.Is(err, os.ErrNotExist) {
		return screen, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &screen)
	}
	if err != nil {
		return Screen{}, fmt.Errorf("what was chosen of the screen cannot be read; choose again with F10: %w", err)
	}
	return screen, nil
}

// KeepScreen stores what was chosen of the screen.
func KeepScreen(folder string, screen Screen) error {
	text, err := json.Marshal(screen)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(folder, screenName), text, true)
}

// WithScreen is what settings come to with what was chosen at the counter on top, but under a policy.
func (l Layers) WithScreen(screen Screen) Settings {
	settings := l.Settings
	set(&settings.Language, screen.Language, l.managed("language"))
	set(&settings.Theme, screen.Theme, l.managed("theme"))
	set(&settings.Text, screen.Text, l.managed("text"))
	set(&settings.Volume, screen.Volume, l.managed("volume"))
	return settings
}

// managed reports that a policy says what the setting of a name is.
func (l Layers) managed(name string) bool { return l.sources[name].Origin == FromPolicy }

func set[T any](into *T, chosen *T, managed bool) {
	if chosen != nil && !managed {
		*into = *chosen
	}
}
