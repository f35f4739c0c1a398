package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Of OpenGL (gl.h), of Windows' pixel formats (wingdi.h) and windows (winuser.h).
const (
	glRenderer      = 0x1F01
	glVersion       = 0x1F02
	pfdDoubleBuffer = 0x01
	pfdDrawToWindow = 0x04
	pfdOpenGL       = 0x20
	wsPopup         = 0x80000000
	messageError    = windows.MB_OK | windows.MB_ICONERROR | windows.MB_SETFOREGROUND
)

var (
	user32       = windows.NewLazySystemDLL("user32.dll")
	gdi32        = windows.NewLazySystemDLL("gdi32.dll")
	createWindow = user32.NewProc("CreateWindowExW")
	destroy      = user32.NewProc("DestroyWindow")
	getDC        = user32.NewProc("GetDC")
	releaseDC    = user32.NewProc("ReleaseDC")
	choose       = gdi32.NewProc("ChoosePixelFormat")
	setFormat    = gdi32.NewProc("SetPixelFormat")

	// One beside the program comes before the system's: so the window's library finds it, too.
	openGL        = windows.NewLazyDLL("opengl32.dll")
	createContext = openGL.NewProc("wglCreateContext")
	deleteContext = openGL.NewProc("wglDeleteContext")
	makeCurrent   = openGL.NewProc("wglMakeCurrent")
	getString     = openGL.NewProc("glGetString")
)

// pixelFormat is PIXELFORMATDESCRIPTOR.
type pixelFormat struct {
	size, version          uint16
	flags                  uint32
	kind, colours          byte
	bits                   [13]byte
	depth, stencil, others byte
	layer, reserved        byte
	masks                  [3]uint32
}

// findGraphics says which OpenGL there is, where it is too old for the window: the window's library would go on without anything to be
// seen. It asks in a window that is never shown.
func findGraphics() error {
	if err := openGL.Load(); err != nil {
		return &oldGraphics{Found: "opengl32.dll: " + err.Error()}
	}
	class, title := windows.StringToUTF16Ptr("STATIC"), windows.StringToUTF16Ptr("")
	window, _, err := createWindow.Call(0, uintptr(unsafe.Pointer(class)), uintptr(unsafe.Pointer(title)), wsPopup, 0, 0, 1, 1, 0, 0, 0, 0)
	if window == 0 {
		return fmt.Errorf("%w: no window can be made: %w", errNoDisplay, err)
	}
	defer destroy.Call(window)
	dc, _, _ := getDC.Call(window)
	defer releaseDC.Call(window, dc)
	wanted := pixelFormat{version: 1, flags: pfdDrawToWindow | pfdOpenGL | pfdDoubleBuffer, colours: 32}
	wanted.size = uint16(unsafe.Sizeof(wanted))
	format, _, err := choose.Call(dc, uintptr(unsafe.Pointer(&wanted)))
	if format == 0 {
		return &oldGraphics{Found: err.Error()}
	}
	if done, _, err := setFormat.Call(dc, format, uintptr(unsafe.Pointer(&wanted))); done == 0 {
		return &oldGraphics{Found: err.Error()}
	}
	context, _, err := createContext.Call(dc)
	if context == 0 {
		return &oldGraphics{Found: err.Error()}
	}
	defer deleteContext.Call(context)
	if done, _, err := makeCurrent.Call(dc, context); done == 0 {
		return &oldGraphics{Found: err.Error()}
	}
	defer makeCurrent.Call(0, 0)
	version, renderer := glText(glVersion), glText(glRenderer)
	if !enoughOpenGL(version) {
		return &oldGraphics{Found: fmt.Sprintf("OpenGL %s (%s)", version, renderer)}
	}
	return nil
}

// glText is a text of the OpenGL library's, which stays where it is.
func glText(name uintptr) string {
	at, _, _ := getString.Call(name)
	if at == 0 {
		return ""
	}
	return windows.BytePtrToString(*(**byte)(unsafe.Pointer(&at)))
}

// sayBySystem shows a message of the system's own, which needs no graphics.
func sayBySystem(title, text string) {
	_, _ = windows.MessageBox(0, windows.StringToUTF16Ptr(text), windows.StringToUTF16Ptr(title), messageError) // what it returns is which button
}
