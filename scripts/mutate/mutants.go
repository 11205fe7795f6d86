package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mutant is one small error. It is known by its file, its kind and its line.
type mutant struct {
	file, kind, line string
	at               token.Position
}

// mutants are all small errors of a package, and its files with all of them written in.
type mutants struct {
	list  []mutant
	files map[string]string // what stands instead of each file
}

// chooser is compiled into the package. Mutant 0 is none of them.
const chooser = `package %s

import (
	"os"
	"strconv"
)

var mutant, _ = strconv.Atoi(os.Getenv("MUTANT"))

type mutable interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

func mutated[T mutable](n int, right, wrong string, x, y T) T {
	if mutant == n {
		right = wrong
	}
	switch right {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	}
	return x %% y
}
`

// find reads a package and writes every error into it.
func find(dir string) (*mutants, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "./"+dir).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	w := writer{fset: token.NewFileSet(), found: &mutants{files: map[string]string{}},
		info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	named, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var names []string
	var files []*ast.File
	for _, name := range named {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(w.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		names, files = append(names, name), append(files, f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no Go files", dir)
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	if w.pkg, err = (&types.Config{Importer: importer.ForCompiler(w.fset, "gc", open)}).Check(dir, w.fset, files, w.info); err != nil {
		return nil, err
	}
	for i, f := range files {
		src, err := os.ReadFile(names[i])
		if err != nil {
			return nil, err
		}
		w.src, w.file = string(src), w.fset.File(f.Pos())
		w.found.files[names[i]] = w.src[:w.at(f.Name.Pos())] + w.inside(f, f.Name.Pos(), f.FileEnd)
	}
	w.found.files[filepath.Join(dir, "mutant_chooser.go")] = fmt.Sprintf(chooser, w.pkg.Name())
	return w.found, nil
}

// writer writes errors into one file after the other.
type writer struct {
	fset  *token.FileSet
	info  *types.Info
	pkg   *types.Package
	found *mutants

	src  string
	file *token.File
}

func (w *writer) at(p token.Pos) int { return w.file.Offset(p) }

// inside is the text from one place to another with what is in n written anew; n itself is not.
func (w *writer) inside(n ast.Node, from, to token.Pos) string {
	var out strings.Builder
	ast.Inspect(n, func(c ast.Node) bool {
		if c == nil || c == n {
			return c == n
		}
		text, anew := w.anew(c)
		if anew {
			out.WriteString(w.src[w.at(from):w.at(c.Pos())] + text)
			from = c.End()
		}
		return !anew
	})
	return out.String() + w.src[w.at(from):w.at(to)]
}

// text is a node with what is in it, and itself, written anew.
func (w *writer) text(n ast.Node) string {
	if text, anew := w.anew(n); anew {
		return text
	}
	return w.inside(n, n.Pos(), n.End())
}

// add counts one more error.
func (w *writer) add(kind string, at token.Pos) int {
	p := w.fset.Position(at)
	line := strings.Split(w.src, "\n")[p.Line-1]
	w.found.list = append(w.found.list, mutant{p.Filename, kind, strings.TrimSpace(line), p})
	return len(w.found.list)
}

var (
	arithmetic = map[token.Token]string{token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*", token.REM: "*"}
	negation   = map[token.Token]string{token.EQL: "!=", token.NEQ: "==", token.LSS: ">=", token.LEQ: ">", token.GTR: "<=", token.GEQ: "<"}
	boundary   = map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}
)

// anew writes a place where an error can be put with all of its errors in, and the choice between them.
func (w *writer) anew(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.ArrayType:
		return w.src[w.at(n.Pos()):w.at(n.End())], n.Len != nil // a length is a constant
	case *ast.GenDecl: // what chooses is no constant
		if n.Tok != token.CONST {
			return "", false
		}
		before := len(w.found.list)
		text := w.src[w.at(n.Pos()):w.at(n.End())]
		if strings.Contains(text, "iota") { // names, not figures
			return text, true
		}
		text = w.inside(n, n.Pos(), n.End())
		if len(w.found.list) > before {
			text = "var" + strings.TrimPrefix(text, "const")
		}
		return text, true
	case *ast.IncDecStmt:
		right, wrong := "+", "-"
		if n.Tok == token.DEC {
			right, wrong = wrong, right
		}
		x := w.text(n.X)
		return fmt.Sprintf("%s = mutated(%d, %q, %q, %s, 1)", x, w.add("INCREMENT_DECREMENT", n.TokPos), right, wrong, x), true
	case *ast.UnaryExpr:
		t, ok := w.integer(n)
		if n.Op != token.SUB || !ok {
			return "", false
		}
		return fmt.Sprintf(`mutated[%s](%d, "-", "+", 0, %s)`, t, w.add("INVERT_NEGATIVES", n.OpPos), w.text(n.X)), true
	case *ast.BinaryExpr:
		return w.binary(n)
	}
	return "", false
}

func (w *writer) binary(n *ast.BinaryExpr) (string, bool) {
	if wrong, ok := arithmetic[n.Op]; ok {
		t, ok := w.integer(n)
		if !ok {
			return "", false
		}
		i := w.add("ARITHMETIC_BASE", n.OpPos)
		return fmt.Sprintf("mutated[%s](%d, %q, %q, %s, %s)", t, i, n.Op, wrong, w.text(n.X), w.text(n.Y)), true
	}
	if negation[n.Op] == "" {
		return "", false
	}
	wrongs := [][2]string{{"CONDITIONALS_NEGATION", negation[n.Op]}}
	if boundary[n.Op] != "" {
		wrongs = append(wrongs, [2]string{"CONDITIONALS_BOUNDARY", boundary[n.Op]})
	}
	x, y := w.text(n.X), w.text(n.Y)
	right, wrong := "", ""
	for _, k := range wrongs {
		i := w.add(k[0], n.OpPos)
		right += fmt.Sprintf("mutant != %d && ", i)
		wrong += fmt.Sprintf(" || mutant == %d && (%s) %s (%s)", i, x, k[1], y)
	}
	return fmt.Sprintf("(%s(%s) %s (%s)%s)", right, x, n.Op, y, wrong), true
}

// integer names the type of an expression, if it is one of whole numbers.
func (w *writer) integer(e ast.Expr) (string, bool) {
	t := types.Default(w.info.TypeOf(e))
	basic, ok := t.Underlying().(*types.Basic)
	if !ok || basic.Info()&types.IsInteger == 0 {
		return "", false
	}
	return types.TypeString(t, func(p *types.Package) string {
		if p == w.pkg {
			return ""
		}
		return p.Name()
	}), true
}
