// Command mutate puts small errors into the code of packages, one at a time, and runs their tests: which error does
// no test notice?
//
// All errors of a package are compiled into one test binary, and the environment says which of them is in; building
// one for each would take most of the time. The quick tests go first, and those that hang are ended by the processor
// time they used, which a busy machine does not change.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	files := flag.String("files", "", "a regular expression for the names of files")
	slow := flag.String("slow", "^Test(BooksAgree|Drain|Many|ALateClose|Deferred|TheSameTwo|QuestionsGo|LateMoneyAfterEvery|RefundLapses|WhatPeople)", "tests that come last")
	score := flag.Float64("score", 95, "of 100 must be killed")
	explained := flag.String("explained", "scripts/mutants.md", "why some may live")
	flag.Parse()
	only, err := regexp.Compile(*files)
	if err == nil {
		var known []byte
		known, err = os.ReadFile(*explained)
		for _, dir := range flag.Args() {
			if err == nil {
				h := hunt{dir: filepath.Clean(dir), slow: *slow, only: only, known: string(known), takes: map[string]time.Duration{}}
				err = h.run(*score)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// hunt goes through one package.
type hunt struct {
	dir, slow, known string
	only             *regexp.Regexp
	work, binary     string
	takes            map[string]time.Duration // the tests with nothing changed: processor time
	killers          []string                 // tests that noticed an error, the last one first
}

func (h *hunt) run(score float64) (err error) {
	if h.work, err = os.MkdirTemp("", "posd-mutate-"); err != nil {
		return err
	}
	defer os.RemoveAll(h.work)
	found, err := find(h.dir)
	if err != nil {
		return err
	}
	if err := h.build(found); err != nil {
		return err
	}
	if alive, said := h.lives(0); !alive {
		return fmt.Errorf("the tests fail with no error in:\n%s", said)
	}
	began, tried, lived, unexplained, file := time.Now(), 0, 0, 0, ""
	for i, m := range found.list {
		if !h.only.MatchString(filepath.Base(m.file)) {
			continue
		}
		if m.file != file && file != "" { // how far it is
			fmt.Fprintf(os.Stderr, "%s is done: %d of %d lived so far, after %s\n", file, lived, tried, time.Since(began).Round(time.Second))
		}
		file = m.file
		tried++
		if alive, _ := h.lives(i + 1); !alive {
			continue
		}
		lived++
		name := fmt.Sprintf("- `%s` %s `%s`", m.file, m.kind, m.line)
		if !strings.Contains(h.known, name) {
			unexplained++
			fmt.Printf("%s (at %s)\n", name, m.at)
		}
	}
	if tried == 0 {
		return fmt.Errorf("%s: no place for an error", h.dir)
	}
	killed := 100 * float64(tried-lived) / float64(tried)
	fmt.Printf("%s: %d of %d killed, %.1f %%, in %s; %d survivors unexplained\n", h.dir, tried-lived, tried, killed, time.Since(began).Round(time.Second), unexplained)
	if killed < score || unexplained > 0 {
		return fmt.Errorf("%s: too many live", h.dir)
	}
	return nil
}

// build compiles the tests of the package once, with all errors in it.
func (h *hunt) build(found *mutants) error {
	replace := map[string]string{}
	for name, text := range found.files {
		at, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		replace[at] = filepath.Join(h.work, filepath.Base(name))
		if err := os.WriteFile(replace[at], []byte(text), 0o600); err != nil {
			return err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	at := filepath.Join(h.work, "overlay.json")
	if err := os.WriteFile(at, overlay, 0o600); err != nil {
		return err
	}
	h.binary = filepath.Join(h.work, "package.test")
	if said, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", at, "-o", h.binary, "./"+h.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("with all errors in %s does not compile: %w\n%s", h.dir, err, said)
	}
	return nil
}

// lives reports whether all tests pass with an error in; what killed others goes first.
func (h *hunt) lives(i int) (bool, string) {
	groups := []string{"-test.skip=" + h.slow, "-test.run=" + h.slow}
	if i > 0 && len(h.killers) > 0 {
		groups = slices.Insert(groups, 0, "-test.run=^("+strings.Join(h.killers[:min(len(h.killers), 12)], "|")+")$")
	}
	for _, which := range groups {
		limit := "unlimited"
		if i > 0 { // those that hang use more than twice what they use without an error, and a second
			limit = fmt.Sprint(int(2*cmp.Or(h.takes[which], time.Second)/time.Second) + 2)
		}
		run := exec.Command("sh", "-c", `ulimit -t "$1"; shift; exec "$@"`, "sh", limit, h.binary, "-test.short", "-test.failfast", "-test.v", which)
		tmp := filepath.Join(h.work, "tmp")
		run.Dir, run.Env = h.dir, append(os.Environ(), fmt.Sprint("MUTANT=", i), "TMPDIR="+tmp)
		err := os.Mkdir(tmp, 0o700)
		var said []byte
		if err == nil {
			said, err = run.CombinedOutput()
		}
		_ = os.RemoveAll(tmp)
		if err != nil {
			h.killed(said)
			return false, err.Error() + "\n" + string(said)
		}
		if i == 0 {
			h.takes[which] = run.ProcessState.UserTime() + run.ProcessState.SystemTime()
		}
	}
	return true, ""
}

var ran = regexp.MustCompile(`(?m)^=== RUN   (Test\w+)$`)

// killed brings the last test that ran to the front.
func (h *hunt) killed(said []byte) {
	tests := ran.FindAllSubmatch(said, -1)
	if len(tests) == 0 {
		return
	}
	last := string(tests[len(tests)-1][1])
	h.killers = slices.DeleteFunc(h.killers, func(name string) bool { return name == last })
	h.killers = slices.Insert(h.killers, 0, last)
}
