package translations

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pieces goes through all pieces of a sentence, those in brackets too.
func pieces(s sentence) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for _, p := range s {
			if p.optional == nil && !yield(p) {
				return
			}
			for _, inner := range p.optional {
				if !yield(inner) {
					return
				}
			}
		}
	}
}

// places lists the places of a sentence, each once. A word that goes with a number is one language's grammar and no place.
func places(s sentence) []string {
	var names []string
	for p := range pieces(s) {
		if p.place != "" && p.forms == nil {
			names = append(names, p.place)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sources is what the programs say: every string in the Go sources but tests, and every key that is said by its full name.
func sources(t *testing.T) (literals map[string]bool, said map[string]token.Position) {
	t.Helper()
	literals, said = map[string]bool{}, map[string]token.Position{}
	set := token.NewFileSet()
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.BasicLit:
				if value, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					literals[value] = true
				}
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "Say" && len(n.Args) > 0 {
					noteKey(n.Args[0], set, said)
				}
			case *ast.CompositeLit:
				if isSaying(n.Type) && len(n.Elts) > 0 {
					noteKey(n.Elts[0], set, said)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return literals, said
}

func isSaying(expr ast.Expr) bool {
	switch n := expr.(type) {
	case *ast.Ident:
		return n.Name == "Saying"
	case *ast.SelectorExpr:
		return n.Sel.Name == "Saying"
	}
	return false
}

func noteKey(expr ast.Expr, set *token.FileSet, said map[string]token.Position) {
	if pair, ok := expr.(*ast.KeyValueExpr); ok {
		expr = pair.Value
	}
	if literal, ok := expr.(*ast.BasicLit); ok {
		if key, err := strconv.Unquote(literal.Value); err == nil {
			said[key] = set.Position(literal.Pos())
		}
	}
}

// A key that the programs say and no file has would be shown to the cashier as it is: "counter.ready".
func TestEveryKeyThatIsSaidExists(t *testing.T) {
	_, said := sources(t)
	if len(said) == 0 {
		t.Fatal("no key was found in the sources: the search is broken")
	}
	for key, at := range said {
		if _, ok := load()["en"][key]; !ok {
			t.Errorf("%s: no file has the key %q", at, key)
		}
	}
}

// rooms put their own name before every key: that is no use of any.
var rooms = map[string]bool{"day.": true, "setup.": true}

// isUsed reports that a key stands in the sources, or one of its beginnings, which then goes on in what is only known later.
func isUsed(key string, literals map[string]bool) bool {
	if literals[key] {
		return true
	}
	for at := range len(key) {
		if begin, rest := key[:at+1], key[at+1:]; key[at] == '.' && literals[begin] && (!rooms[begin] || isUsed(rest, literals)) {
			return true
		}
	}
	return false
}

// A sentence that nothing says any more is translated four times for nobody, and hides which ones matter.
func TestEveryKeyIsUsed(t *testing.T) {
	literals, _ := sources(t)
	for _, s := range load()["en"] {
		for p := range pieces(s) {
			if prefix, word := strings.CutPrefix(p.format, "@"); word {
				literals[prefix+"."] = true
			}
		}
	}
	for key := range load()["en"] {
		used := isUsed(key, literals)
		if !used {
			t.Errorf("nothing says %q: neither the key nor a prefix of it stands in the sources", key)
		}
	}
}
