package printer

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	winspool         = windows.NewLazySystemDLL("winspool.drv")
	openPrinter      = winspool.NewProc("OpenPrinterW")
	startDocPrinter  = winspool.NewProc("StartDocPrinterW")
	startPagePrinter = winspool.NewProc("StartPagePrinter")
	writePrinter     = winspool.NewProc("WritePrinter")
	endPagePrinter   = winspool.NewProc("EndPagePrinter")
	endDocPrinter    = winspool.NewProc("EndDocPrinter")
	closePrinter     = winspool.NewProc("ClosePrinter")
)

// docInfo is DOC_INFO_1 of the Windows print spooler.
type docInfo struct {
	name, output, dataType *uint16
}

// winspoolPort is a Windows printer queue in RAW mode: the bytes reach the printer as they are. One opening is one document.
type winspoolPort struct{ handle uintptr }

func openWinspool(name string) (Port, error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, fmt.Errorf("%w (%q)", ErrTarget, name)
	}
	var handle uintptr
	if ok, _, err := openPrinter.Call(uintptr(unsafe.Pointer(wide)), uintptr(unsafe.Pointer(&handle)), 0); ok == 0 {
		if err == windows.ERROR_ACCESS_DENIED {
			return nil, fmt.Errorf("%w (%s)", ErrDenied, name)
		}
		return nil, fmt.Errorf("%w (%s)", ErrMissing, name)
	}
	title, _ := windows.UTF16PtrFromString("Countersign")
	raw, _ := windows.UTF16PtrFromString("RAW")
	document := docInfo{name: title, dataType: raw}
	if job, _, err := startDocPrinter.Call(handle, 1, uintptr(unsafe.Pointer(&document))); job == 0 {
		closePrinter.Call(handle)
		return nil, fmt.Errorf("%w (%s: %v)", ErrMissing, name, err)
	}
	if ok, _, err := startPagePrinter.Call(handle); ok == 0 {
		endDocPrinter.Call(handle)
		closePrinter.Call(handle)
		return nil, fmt.Errorf("%w (%s: %v)", ErrMissing, name, err)
	}
	return &winspoolPort{handle: handle}, nil
}

func (p *winspoolPort) Write(data []byte) (int, error) {
	var written uint32
	ok, _, err := writePrinter.Call(p.handle, uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)), uintptr(unsafe.Pointer(&written)))
	if ok == 0 {
		return int(written), err
	}
	return int(written), nil
}

// Read is never called: a queue says nothing.
func (p *winspoolPort) Read([]byte) (int, error) { return 0, os.ErrClosed }

// Close ends the document, which releases it to the printer.
func (p *winspoolPort) Close() error {
	endPagePrinter.Call(p.handle)
	ended, _, err := endDocPrinter.Call(p.handle)
	closePrinter.Call(p.handle)
	if ended == 0 {
		return err
	}
	return nil
}

func (p *winspoolPort) Ready() bool { return true }

func (p *winspoolPort) Traits() Traits { return Traits{PerJob: true} }
