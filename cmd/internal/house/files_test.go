package house

import (
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// What lies at the top is the first that a reader sees; a file that does not belong there hides what does.
func TestTheTopLevelIsTheHouse(t *testing.T) {
	belongs := []string{
		"cmd", "terminal", "sync", "ui", "assets", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md",
	}
	entries, err := fs.ReadDir(top(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !slices.Contains(belongs, name) && !strings.HasPrefix(name, ".") && !isLeftOut(name) {
			t.Errorf("%s does not belong at the top level", name)
		}
	}
}

// A drawer for everything is where nothing is found again.
func TestNothingIsCalledUtil(t *testing.T) {
	vague := regexp.MustCompile(`^(util|utils|utility|common|misc|helper|helpers|shared|base)$`)
	walk(t, func(name string) {
		for _, part := range strings.Split(strings.TrimSuffix(name, path.Ext(name)), "/") {
			if vague.MatchString(strings.TrimSuffix(part, "_test")) {
				t.Errorf("%s: say what it is for", name)
			}
		}
	})
}

// A path of one developer's machine works nowhere else, and a host that packages come from is everybody's own choice.
func TestNoFileNamesAMachine(t *testing.T) {
	// Written so that this file does not find itself.
	machine := regexp.MustCompile(`(^|[\s"'` + "`" + `(=:,])/(ro[o]t|hom[e]/\w+|User[s]/\w+|wor[k])/|` +
		`pro[x]y\.golang|sum\.golan[g]|deb\.debia[n]|registry\.npmj[s]|pypi\.or[g]`)
	walk(t, func(name string) {
		text := read(t, name)
		if path.Base(name) == "go.sum" || !utf8.Valid(text) {
			return
		}
		if found := machine.Find(text); found != nil {
			t.Errorf("%s holds %q", name, found)
		}
	})
}

// Code that is promised and not there, a test that steps aside, a test that waits by the clock: each passes today and proves
// nothing.
func TestNothingIsLeftUndone(t *testing.T) {
	undone := regexp.MustCompile(`\b(TOD[O]|FIXM[E]|XX[X])\b`)
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			if word := undone.FindString(group.Text()); word != "" && !s.made {
				t.Errorf("%s: a comment says %s", positions.Position(group.Pos()), word)
			}
		}
		if !s.test {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			call, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, _ := call.X.(*ast.Ident)
			skips := call.Sel.Name == "Skip" || call.Sel.Name == "Skipf" || call.Sel.Name == "SkipNow"
			// r.Skip is a rapid action that does not apply in this state, and no test that did not run.
			if skips && from != nil && slices.Contains([]string{"t", "b", "f", "tb"}, from.Name) {
				t.Errorf("%s: a test that skips itself", positions.Position(call.Pos()))
			}
			if from != nil && from.Name == "time" && call.Sel.Name == "Sleep" {
				t.Errorf("%s: a test that sleeps; wait for the event, with a deadline", positions.Position(call.Pos()))
			}
			return true
		})
	}
	walk(t, func(name string) {
		script := path.Ext(name) == ".txtar" || path.Ext(name) == ".txt" && strings.Contains(name, "testdata/")
		if script && regexp.MustCompile(`(?m)^(\[[^]]*\] )*skip\b`).Match(read(t, name)) {
			t.Errorf("%s: a script that skips itself", name)
		}
	})
}

// A file or a function that nobody can keep in mind is where the next mistake hides.
func TestFilesAndFunctionsFitAReader(t *testing.T) {
	for _, s := range sources(t) {
		if s.made {
			continue
		}
		if s.lines > 600 && !s.test {
			t.Errorf("%s has %d lines, 600 are allowed: is it one thing?", s.path, s.lines)
		}
		for _, declared := range s.file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if from, to := positions.Position(function.Pos()), positions.Position(function.End()); to.Line-from.Line > 80 && !s.test {
				t.Errorf("%s: %s has %d lines, 80 are allowed", from, function.Name.Name, to.Line-from.Line)
			}
		}
	}
}

// What is of one system must say so in its file's name: built for another, it would break there and not here.
func TestFilesOfOneSystemAreNamedForIt(t *testing.T) {
	systems := map[string][]string{
		"golang.org/x/sys/windows": {"_windows.go", "_windows_test.go"},
		"golang.org/x/sys/unix":    {"_unix.go", "_linux.go", "_unix_test.go", "_linux_test.go"},
	}
	for _, s := range sources(t) {
		for imported, names := range systems {
			for _, have := range s.imports {
				if under(have, imported) && !slices.ContainsFunc(names, func(end string) bool { return strings.HasSuffix(s.path, end) }) {
					t.Errorf("%s imports %s: its name should end in %s", s.path, have, names[0])
				}
			}
		}
	}
}
