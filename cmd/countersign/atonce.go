package main

import "C" // with it, a function may be without a body here: drawFrame's is Fyne's

import (
	"reflect"
	"unsafe" // for linkname, and the driver that is handed over

	"fyne.io/fyne/v2"
)

// drawFrame is what Fyne's driver calls sixty times a second: it draws the windows in which something has changed since, and no other. Fyne 2.8
// has no public way to ask for it. Where another version has it under another name, the program is not linked.
//
//go:linkname drawFrame fyne.io/fyne/v2/internal/driver/glfw.(*gLDriver).drawSingleFrame
func drawFrame(driver unsafe.Pointer)

// paintAtOnce draws what has changed now, and not up to a sixtieth of a second later: that is half of the time from the scanner's end of line to
// the verdict on the screen. It is called on the window's goroutine, between its events, as the driver's own call is; what it has drawn is not
// drawn again.
func paintAtOnce() {
	if driver := reflect.ValueOf(fyne.CurrentApp().Driver()); driver.Kind() == reflect.Pointer && driver.Type().String() == "*glfw.gLDriver" { // else a test's
		drawFrame(driver.UnsafePointer())
	}
}
