// Command emptywindow is what the counter's window is measured against: Fyne as it comes, with nothing but one line of text. It shows each
// line that it reads, and ends with its input.
package main

import (
	"bufio"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

func main() {
	a := app.NewWithID("countersign.emptywindow")
	window := a.NewWindow("Empty")
	text := widget.NewLabel("Empty")
	window.SetContent(container.NewCenter(text))
	window.SetFullScreen(true)
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			line := lines.Text()
			fyne.Do(func() { text.SetText(line) })
		}
		fyne.Do(a.Quit)
	}()
	window.ShowAndRun()
}
