package main

import (
	"errors"
	"os"

	"fyne.io/fyne/v2"

	"countersign/terminal"
	"countersign/terminal/scanner"
	"countersign/ui/counter"
)

// mostPictures are read of those that are dropped on the window at once: somebody may let go of a whole folder.
const mostPictures = 8

// dropped reads the codes in the pictures that were dropped on the window: screenshots and photos of vouchers. Reading one may take a
// second, in which the window must not stand still.
func (m *Main) dropped(_ fyne.Position, files []fyne.URI) {
	m.done.Go(func() {
		for _, file := range files[:min(len(files), mostPictures)] {
			event := m.read(file)
			fyne.Do(func() { m.screen.Counter().Happen(event) })
		}
	})
}

func (m *Main) read(dropped fyne.URI) counter.Event {
	file, err := os.Open(dropped.Path())
	if err != nil {
		return counter.Told{Saying: terminal.Saying{Key: "scanner.picture.unreadable"}}
	}
	defer file.Close()
	code, err := scanner.Picture(file)
	switch {
	case errors.Is(err, scanner.ErrNoCode):
		return counter.Told{Saying: terminal.Saying{Key: "scanner.picture.none"}}
	case err != nil:
		return counter.Told{Saying: terminal.Saying{Key: "scanner.picture.unreadable"}}
	}
	return counter.Scanned{Scan: terminal.Scan{Code: code, Source: terminal.SourcePicture}}
}
