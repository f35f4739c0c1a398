package station

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"countersign/terminal"
)

// placeName is the file that keeps the terminal's place. The cache may vanish at any time; a terminal that then had to be asked
// where it is would turn its customers away until the line is back.
const placeName = "place.json"

func readPlace(folder string) (terminal.Settings, error) {
	var place terminal.Settings
	text, err := os.ReadFile(filepath.Join(folder, placeName))
	if errors.Is(err, os.ErrNotExist) {
		return place, terminal.ErrUnknown
	}
	if err != nil {
		return place, err
	}
	if err := json.Unmarshal(text, &place); err != nil {
		return place, fmt.Errorf("%s cannot be read; delete it, and the next sync makes it again: %w", filepath.Join(folder, placeName), err)
	}
	return place, nil
}

func writePlace(folder string, place terminal.Settings) error {
	text, err := json.Marshal(place)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(folder, placeName), text, true)
}

// placedCache is the cache as the terminal reads it: while it is empty, the place is the one that was known last. A
// logo of this counter's own takes the place of the cloud's. It implements terminal.Cache.
type placedCache struct {
	terminal.Cache
	folder string
	logo   *ownLogo
}

// Settings implements terminal.Cache.
func (c placedCache) Settings(ctx context.Context) (terminal.Settings, error) {
	settings, err := c.Cache.Settings(ctx)
	if errors.Is(err, terminal.ErrUnknown) {
		settings, err = readPlace(c.folder)
	}
	if own := c.logo.logo(); own != nil {
		settings.Store.Logo = own
	}
	return settings, err
}

var _ terminal.Cache = placedCache{}
