package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Limits of the tests: how long a command may build, come up, answer and go away.
const (
	buildWithin = 8 * time.Minute
	startWithin = 60 * time.Second
	stopWithin  = 30 * time.Second
	soon        = 30 * time.Second
)

// bin is where the built commands go. TestMain makes and removes it.
var bin string

// built makes the real commands once for all tests, with the race detector.
var built = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), buildWithin)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-race", "-o", bin+string(filepath.Separator), "./cmd/posd", "./cmd/posctl", "./cmd/posim")
	build.Dir = house
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
})

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "posd-built-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bin = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// command is the path of a built command.
func command(t *testing.T, name string) string {
	t.Helper()
	if err := built(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(bin, name)
}

// process is a command of ours that runs beside the test, with all it said on standard error.
type process struct {
	cmd    *exec.Cmd
	stderr *said
	done   chan struct{} // closed when it has ended
	err    error         // how it ended; read it after done
}

// launch starts a command and sees to it that nothing of it outlives the test.
func launch(t *testing.T, name string, stdin io.Reader, stdout io.Writer, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(command(t, name), args...), stderr: &said{}, done: make(chan struct{})}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, stdout, p.stderr
	p.cmd.Env = environment()
	p.cmd.WaitDelay = stopWithin
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill(t)
		if strings.Contains(p.stderr.String(), "DATA RACE") {
			t.Errorf("%s has a data race:\n%s", name, p.stderr.String())
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", name, tail(p.stderr.String(), 60))
		}
	})
	return p
}

// environment is ours without anything that could configure a register. What crashes says all it knows, and what was
// built with the race detector does not wait a second for more races before it ends.
func environment() []string {
	var clean []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "POSD_") && !strings.HasPrefix(e, "NOTIFY_SOCKET=") && !strings.HasPrefix(e, "CREDENTIALS_DIRECTORY=") {
			clean = append(clean, e)
		}
	}
	return append(clean, "GOTRACEBACK=all", "GORACE=halt_on_error=0 atexit_sleep_ms=10")
}

// kill is kill -9: the process learns nothing and writes nothing more.
func (p *process) kill(t *testing.T) {
	t.Helper()
	select {
	case <-p.done:
		return
	default:
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("kill: %v", err)
	}
	p.wait(t)
}

func (p *process) wait(t *testing.T) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		t.Errorf("%s does not end within %v", p.cmd.Path, stopWithin)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-p.done
	}
}

// said collects what a process says, for reading while it runs.
type said struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

func tail(text string, lines int) string {
	all := strings.Split(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// ran is what a command that has ended left behind.
type ran struct {
	code           int
	stdout, stderr string
}

// run runs a command to its end.
func run(t *testing.T, stdin, name string, args ...string) ran {
	t.Helper()
	var out said
	p := launch(t, name, strings.NewReader(stdin), &out, args...)
	select {
	case <-p.done:
	case <-time.After(startWithin):
		t.Fatalf("%s %s does not end", name, strings.Join(args, " "))
	}
	return ran{p.cmd.ProcessState.ExitCode(), out.String(), p.stderr.String()}
}

// eventually asks until the answer is yes, because another process must move first.
func eventually(t *testing.T, within time.Duration, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	end := time.After(within)
	for !yes() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("after %v it is not so that %s", within, what)
		}
	}
}
