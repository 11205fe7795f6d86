// Package cmd_test holds what can only be tested from above: the laws of the house, and the built
// commands run together as they would be on a register.
package cmd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// house is the top of the tree as seen from this package.
const house = ".."

// laws names every package of ours and what of ours it may import. A package that is missing here
// fails the test, so this stays the true picture of the house.
var laws = map[string][]string{
	"pos":       {},
	"pos/qr":    {"pos"},
	"pos/words": {"pos"},

	"pos/till":                  {"pos", "pos/qr", "pos/words"},
	"pos/acquirer/citcon":       {"pos", "pos/qr", "pos/words"},
	"pos/acquirer/sandbox":      {"pos", "pos/qr", "pos/words"},
	"pos/acquirer/acquirertest": {"pos", "pos/qr", "pos/words", "pos/acquirer/sandbox"},
	"pos/report":                {"pos", "pos/qr", "pos/words", "pos/report/statement"},
	"pos/report/statement":      {"pos", "pos/qr", "pos/words"},
	"pos/health":                {"pos", "pos/qr", "pos/words"},

	"devices":           {"pos", "pos/qr", "pos/words", "devices/line", "devices/scanner", "devices/display", "devices/printer", "devices/supervise", "devices/profiles", "devices/ports", "devices/recording"},
	"devices/line":      {"pos"},
	"devices/ports":     {"pos"},
	"devices/recording": {"pos"},
	"devices/scanner":   {"pos"},
	"devices/display":   {"pos", "pos/qr", "pos/words"},
	"devices/printer":   {"pos", "pos/qr", "pos/words"},
	"devices/profiles":  {"pos", "devices/scanner", "devices/display", "devices/printer"},
	"devices/supervise": {"pos", "pos/words", "devices/line", "devices/scanner", "devices/display", "devices/printer", "devices/profiles"},

	"store": {"pos", "pos/qr", "pos/words"},

	"pos/api":         {"pos", "pos/qr", "pos/words", "pos/report", "pos/health", "pos/api/console"},
	"pos/api/console": {"pos", "pos/qr", "pos/words", "pos/report", "pos/health"},

	"configs": {},

	"cmd": {},
	"cmd/posd": {"pos", "pos/qr", "pos/words", "pos/till", "pos/acquirer/citcon", "pos/acquirer/sandbox", "pos/report", "pos/report/statement",
		"pos/health", "pos/api", "pos/api/console", "store", "configs", "devices", "devices/line", "devices/scanner",
		"devices/display", "devices/printer", "devices/profiles", "devices/ports", "devices/recording", "devices/supervise"},
	"cmd/posctl": {"pos", "pos/words"},
	"cmd/posim":  {"pos", "pos/qr", "pos/words", "pos/acquirer/sandbox"},
}

// doors names every outside library and the packages it may come in by; "cmd/*" is any command. An
// import without a door fails: if a library must be replaced, one folder changes.
var doors = map[string][]string{
	"github.com/mattn/go-sqlite3":         {"store"},
	"go.bug.st/serial":                    {"devices/line"},
	"github.com/skip2/go-qrcode":          {"pos/qr"},
	"github.com/danielgtaylor/huma/v2":    {"pos/api"},
	"github.com/pelletier/go-toml/v2":     {"pos/words", "cmd/posd", "cmd/posctl", "devices/profiles"},
	"github.com/spf13/viper":              {"cmd/posd"},
	"github.com/go-viper/mapstructure/v2": {"cmd/posd"},
	"github.com/coreos/go-systemd/v22":    {"cmd/posd"},
	"github.com/spf13/cobra":              {"cmd/*"},
	"github.com/spf13/pflag":              {"cmd/*"},
	"github.com/creack/pty":               {"cmd/posim"},
	"github.com/makiuchi-d/gozxing":       {"cmd/posim"},
	"golang.org/x/sync":                   {"cmd/*", "pos/till", "pos/api", "devices", "devices/supervise"},
	"golang.org/x/sys":                    {"cmd/*", "devices", "devices/line", "devices/ports", "devices/supervise", "store"},
	"golang.org/x/text":                   {"pos/words", "pos/report", "devices/display", "devices/printer", "cmd/posim"},
	"database/sql":                        {"store"},
}

// rooms is what may stand at the top of the tree; bin and dist are built there and never committed.
var rooms = []string{"cmd", "pos", "devices", "store", "configs", "scripts", "go.mod", "go.sum", "README.md",
	"LICENSE", ".gitignore", ".golangci.yml", ".ci", ".git", "bin", "dist"}

// noNames are package names that say nothing about what is inside.
var noNames = []string{"util", "utils", "common", "types", "models", "helpers", "manager", "service", "core"}

// tooLong is where a file is two ideas.
const tooLong = 400

// source is one Go file of ours.
type source struct {
	path string // from the top of the tree, with slashes
	pkg  string // the folder, which is the import path without "posd/"
	test bool
	ast  *ast.File
}

// sources parses every Go file of the product, for every platform. Folders with their own go.mod are
// witnesses beside the product and keep their own laws.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	files := token.NewFileSet()
	var all []source
	err := walk(func(at string, d fs.DirEntry) error {
		if path.Ext(at) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(files, filepath.Join(house, at), nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{at, path.Dir(at), strings.HasSuffix(at, "_test.go"), parsed})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d Go files found: the walk is broken", len(all))
	}
	return files, all
}

// walk calls visit for every file of the product.
func walk(visit func(at string, d fs.DirEntry) error) error {
	return fs.WalkDir(os.DirFS(house), ".", func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return visit(at, d)
		}
		switch name := d.Name(); {
		case at == ".":
			return nil
		case name[0] == '.' || name == "testdata" || name == "node_modules" || at == "bin" || at == "dist":
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(house, at, "go.mod")); err == nil {
			return fs.SkipDir
		}
		return nil
	})
}

// imports lists the import paths of a file.
func (s source) imports() []string {
	var paths []string
	for _, i := range s.ast.Imports {
		paths = append(paths, strings.Trim(i.Path.Value, `"`))
	}
	return paths
}

// A package reaches sideways and the house is no longer what design says it is.
func TestImportLaws(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if s.test {
			continue
		}
		law, ok := laws[s.pkg]
		if !ok {
			t.Errorf("package %s has no law: say in cmd/laws_test.go what it may import", s.pkg)
			continue
		}
		for _, i := range s.imports() {
			if ours, ok := strings.CutPrefix(i, "posd/"); ok && !slices.Contains(law, ours) {
				t.Errorf("%s imports %s; %s may import %q", s.path, i, s.pkg, law)
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(laws)) {
		for _, i := range laws[pkg] {
			if _, ok := laws[i]; !ok {
				t.Errorf("the law of %s names %s, which has no law", pkg, i)
			}
			if pkg == i || slices.Contains(laws[i], pkg) {
				t.Errorf("the laws of %s and %s go round in a circle", pkg, i)
			}
		}
	}
}

// A second package takes to an outside library, and it can no longer be replaced in one place.
func TestOutsideDoors(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if s.test {
			continue
		}
		for _, i := range s.imports() {
			if strings.HasPrefix(i, "posd/") {
				continue
			}
			first, _, _ := strings.Cut(i, "/")
			door, through := "", []string(nil)
			for name, pkgs := range doors {
				if i == name || strings.HasPrefix(i, name+"/") {
					door, through = name, pkgs
				}
			}
			switch {
			case door == "" && strings.Contains(first, "."):
				t.Errorf("%s imports %s, which has no door", s.path, i)
			case door != "" && !slices.ContainsFunc(through, func(p string) bool {
				ok, _ := path.Match(p, s.pkg)
				return ok
			}):
				t.Errorf("%s imports %s; its doors are %q", s.path, i, through)
			}
		}
	}
}

// Something runs before main, or a package remembers things between calls, and two registers in one
// process are no longer two.
func TestNoHiddenState(t *testing.T) {
	files, all := sources(t)
	packages := map[string][]*ast.File{}
	for _, s := range all {
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init runs before main", files.Position(f.Pos()))
			}
		}
		if !s.test {
			packages[s.pkg] = append(packages[s.pkg], s.ast)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		for _, at := range stateChanges(files, pkg, packages[pkg]) {
			t.Errorf("%s: a variable of the whole package changes while the program runs", at)
		}
	}
}

// stateChanges finds assignments to variables of the package, and to what they hold. The types of
// other packages are not needed to know whose variable a name is, so nothing is imported.
func stateChanges(files *token.FileSet, pkg string, parsed []*ast.File) (at []token.Position) {
	uses := map[*ast.Ident]types.Object{}
	lenient := types.Config{Error: func(error) {}, Importer: nobody{}, FakeImportC: true}
	whole, _ := lenient.Check(pkg, files, parsed, &types.Info{Uses: uses})
	changed := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.IndexExpr:
				e = x.X
				continue
			case *ast.SelectorExpr:
				e = x.X
				continue
			case *ast.StarExpr:
				e = x.X
				continue
			case *ast.ParenExpr:
				e = x.X
				continue
			case *ast.Ident:
				if v, ok := uses[x].(*types.Var); ok && whole != nil && v.Parent() == whole.Scope() {
					at = append(at, files.Position(x.Pos()))
				}
			}
			return
		}
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, l := range n.Lhs {
					changed(l)
				}
			case *ast.IncDecStmt:
				changed(n.X)
			}
			return true
		})
	}
	return at
}

// nobody imports nothing.
type nobody struct{}

func (nobody) Import(string) (*types.Package, error) { return nil, fs.ErrNotExist }

// A warning is silenced where it stands, and the rule goes on to be believed.
func TestNothingIsSilenced(t *testing.T) {
	files, all := sources(t)
	for _, s := range all {
		for _, group := range s.ast.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//nolint") || strings.Contains(c.Text, "#nosec") || strings.HasPrefix(c.Text, "//lint:") {
					t.Errorf("%s: fix the warning, or remove the rule in .golangci.yml", files.Position(c.Pos()))
				}
			}
		}
	}
}

// The language starts to do things: then it can no longer be read, or tested, as a table.
func TestTheLanguageDoesNothing(t *testing.T) {
	files, all := sources(t)
	for _, s := range all {
		if s.test || s.pkg != "pos" {
			continue
		}
		for _, i := range s.imports() {
			first, _, _ := strings.Cut(i, "/")
			if slices.Contains([]string{"os", "net", "io", "sync", "syscall", "runtime", "database", "crypto"}, first) {
				t.Errorf("%s imports %s: the language does no I/O and shares nothing", s.path, i)
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a goroutine in the language", files.Position(n.Pos()))
			case *ast.SelectorExpr:
				of, ok := n.X.(*ast.Ident)
				if ok && of.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}, n.Sel.Name) {
					t.Errorf("%s: time.%s in the language: now is an argument", files.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
}

// A file has become two ideas, a package hides behind an empty name, or something stands in the hall.
func TestShape(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		name := strings.TrimSuffix(s.ast.Name.Name, "_test")
		if slices.Contains(noNames, name) || slices.Contains(noNames, path.Base(s.pkg)) {
			t.Errorf("%s: package %s: a package is a noun of the trade or a boundary to the world", s.path, name)
		}
	}
	err := walk(func(at string, d fs.DirEntry) error {
		if !slices.Contains([]string{".go", ".js", ".mjs", ".sh"}, path.Ext(at)) || strings.Contains(at, "vendor") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(house, at))
		if lines := strings.Count(string(text), "\n"); lines >= tooLong {
			t.Errorf("%s has %d lines: a file stays under %d", at, lines, tooLong)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	hall, err := os.ReadDir(house)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range hall {
		if !slices.Contains(rooms, d.Name()) {
			t.Errorf("%s stands at the top of the tree, which is fixed: %q", d.Name(), rooms)
		}
	}
}
