// Package house holds the repository to its own rules: who may import whom, what lies where, and what no file may hold. It is
// nothing but tests.
package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "countersign"

// source is one Go file, of whatever system and build tag: `go list` would leave the other systems' files out.
type source struct {
	path    string // from the top of the repository, with slashes
	pack    string // import path of its package
	test    bool
	made    bool // generated
	lines   int
	file    *ast.File
	imports []string
}

var positions = token.NewFileSet()

// top is the repository.
func top() fs.FS { return os.DirFS("../../..") }

// isLeftOut says which folders are no part of the repository: git's own, and what is built (see .gitignore).
func isLeftOut(name string) bool {
	return name == ".git" || name == ".cache" || name == "bin" || name == "dist"
}

// walk calls visit for each file of the repository with its path from the top.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := fs.WalkDir(top(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // somebody's temporary file, gone again
			return nil
		case err != nil:
			return err
		case entry.IsDir() && isLeftOut(name):
			return fs.SkipDir
		case !entry.IsDir():
			visit(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(top(), name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sources parses every Go file.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") {
			return
		}
		text := read(t, name)
		file, err := parser.ParseFile(positions, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s := source{
			path: name, pack: path.Join(module, path.Dir(name)), file: file, lines: bytes.Count(text, []byte("\n")),
			test: strings.HasSuffix(name, "_test.go"), made: ast.IsGenerated(file),
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			s.imports = append(s.imports, imported)
		}
		all = append(all, s)
	})
	if len(all) < 20 {
		t.Fatalf("only %d Go files were found: the search is broken", len(all))
	}
	return all
}

// under reports whether pack is root or lies below it; both are import paths.
func under(pack, root string) bool {
	return pack == root || strings.HasPrefix(pack, root+"/")
}

// standard reports whether an import is of the standard library: its first element is no host.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && first != module && imported != "C"
}

// allowed says which of the module's own packages a package may import. The first rule whose root holds it counts.
var allowed = []struct {
	root string
	may  func(pack, imported string) bool
}{
	{"cmd", func(_, _ string) bool { return true }},
	{"terminal/entry", func(_, imported string) bool { return imported == module+"/terminal" }},
	{"terminal", func(pack, imported string) bool {
		if pack == module+"/terminal" {
			return false
		}
		adapter := strings.Join(strings.SplitN(pack, "/", 4)[:3], "/")
		return imported == module+"/terminal" || imported == module+"/terminal/entry" ||
			under(imported, adapter) || under(imported, module+"/assets")
	}},
	{"sync", func(_, imported string) bool { // the cloud checks entries, makes codes and hashes PINs as the terminal does
		shared := []string{module + "/terminal", module + "/terminal/entry", module + "/terminal/token", module + "/terminal/pin"}
		return under(imported, module+"/sync") || slices.Contains(shared, imported)
	}},
	{"ui", func(_, imported string) bool {
		return under(imported, module+"/ui") || imported == module+"/terminal" || under(imported, module+"/assets")
	}},
	{"assets", func(_, imported string) bool {
		return under(imported, module+"/assets") || imported == module+"/terminal"
	}},
}

// An adapter that knows another cannot be replaced alone, and a window that knows the database will one day write to it.
func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	for _, s := range sources(t) {
		if s.test && strings.HasSuffix(s.file.Name.Name, "_test") {
			continue // a test from outside may wire packages together as cmd does
		}
		for _, imported := range s.imports {
			if !under(imported, module) || imported == s.pack {
				continue
			}
			for _, rule := range allowed {
				if under(s.pack, path.Join(module, rule.root)) {
					if !rule.may(s.pack, imported) {
						t.Errorf("%s imports %s", s.path, imported)
					}
					break
				}
			}
		}
	}
}

// The domain on top of a third party's package cannot be tested alone, nor read without reading that.
func TestTerminalImportsTheStandardLibraryAlone(t *testing.T) {
	outside := []string{"os", "net", "syscall", "io/fs", "database/sql", "log", "crypto/rand", "math/rand", "math/rand/v2", "unsafe", "plugin"}
	for _, s := range sources(t) {
		if s.pack != module+"/terminal" || s.test {
			continue
		}
		for _, imported := range s.imports {
			if !standard(imported) {
				t.Errorf("%s imports %s", s.path, imported)
			}
			if slices.ContainsFunc(outside, func(o string) bool { return under(imported, o) }) {
				t.Errorf("%s imports %s: files, sockets, clocks and randomness come in as interfaces", s.path, imported)
			}
		}
	}
}

// A clock or a goroutine of its own would make a decision depend on when and how often it is asked.
func TestTerminalHasNoClockAndNoGoroutine(t *testing.T) {
	clocks := map[string][]string{
		"time":    {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
		"context": {"WithTimeout", "WithDeadline", "WithTimeoutCause", "WithDeadlineCause"},
	}
	for _, s := range sources(t) {
		if s.pack != module+"/terminal" || s.test {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", positions.Position(n.Pos()))
			case *ast.SelectorExpr:
				if from, ok := n.X.(*ast.Ident); ok && slices.Contains(clocks[from.Name], n.Sel.Name) {
					t.Errorf("%s uses %s.%s", positions.Position(n.Pos()), from.Name, n.Sel.Name)
				}
			}
			return true
		})
	}
}

// A window package that opens sockets or databases blocks the screen; one that imports Fyne outside the window drags OpenGL onto
// servers.
func TestOnlyTheWindowKnowsFyneAndTheWindowKnowsNothingElse(t *testing.T) {
	for _, s := range sources(t) {
		inside := under(s.pack, module+"/ui")
		for _, imported := range s.imports {
			if under(imported, "fyne.io") && !inside && !under(s.pack, module+"/cmd") {
				t.Errorf("%s imports %s", s.path, imported)
			}
			if inside && !s.test && (imported == "database/sql" || under(imported, "net") || under(imported, "go.bug.st/serial")) {
				t.Errorf("%s imports %s", s.path, imported)
			}
		}
	}
}

// The rules above look at direct imports; this looks at everything that is linked in, on this system.
func TestWhatIsLinkedKeepsTheRulesToo(t *testing.T) {
	list := exec.Command("go", "list", "-e", "-tags", "x11", "-json=ImportPath,Deps", "./...")
	list.Dir = "../../.."
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder, found := json.NewDecoder(bytes.NewReader(out)), false
	for {
		var pack struct {
			ImportPath string
			Deps       []string
		}
		if err := decoder.Decode(&pack); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		found = found || pack.ImportPath == module+"/terminal"
		for _, linked := range pack.Deps {
			if pack.ImportPath == module+"/terminal" && !standard(linked) {
				t.Errorf("%s depends on %s", pack.ImportPath, linked)
			}
			if under(linked, "fyne.io") && !under(pack.ImportPath, module+"/ui") && !under(pack.ImportPath, module+"/cmd") {
				t.Errorf("%s depends on %s", pack.ImportPath, linked)
			}
			if linked == "fyne.io/fyne/v2/app" && under(pack.ImportPath, module+"/ui") {
				t.Errorf("%s depends on %s, which needs OpenGL: only cmd may", pack.ImportPath, linked)
			}
		}
	}
	if !found {
		t.Fatal("go list did not name the package terminal")
	}
}
