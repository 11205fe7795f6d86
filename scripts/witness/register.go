package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/creack/pty"
)

const startWithin = 60 * time.Second

// process is a program that says where it listens and what it does, a line each.
type process struct {
	cmd   *exec.Cmd
	lines chan string
}

func launch(name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), lines: make(chan string, 4096)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		s := bufio.NewScanner(out)
		for s.Scan() {
			p.lines <- s.Text()
		}
	}()
	return p, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// says waits for a line that begins with a word, and gives back the rest.
func (p *process) says(word string) (string, error) { return p.saysWithin(word, startWithin) }

func (p *process) saysWithin(word string, within time.Duration) (string, error) {
	late := time.After(within)
	for {
		select {
		case line, more := <-p.lines:
			if !more {
				return "", errors.New(p.cmd.Path + " ended")
			}
			if rest, ok := strings.CutPrefix(line, word+" "); ok || line == word {
				return rest, nil
			}
		case <-late:
			return "", fmt.Errorf("%s does not say %q", p.cmd.Path, word)
		}
	}
}

// register is a built posd with a folder of its own.
type register struct {
	cmd          *exec.Cmd
	dir, base    string
	token        string
	config, data string
	log          said
}

// said is what a daemon wrote so far.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// newRegister writes a configuration; scanner may be empty.
func (b *bench) newRegister(name, acquirer, caFile, scanner string) (*register, error) {
	dir := filepath.Join(b.dir, name)
	r := &register{dir: dir, config: filepath.Join(dir, "posd.toml"), data: filepath.Join(dir, "data")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	listen := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	r.base = "http://" + listen
	secret := filepath.Join(dir, "acquirer.token")
	device := ""
	if scanner != "" {
		device = fmt.Sprintf("\n[[device]]\nname = \"scanner\"\nrole = \"scanner\"\ndriver = \"line\"\nport = %q\n", scanner)
	}
	text := fmt.Sprintf("store = \"NYC5AV\"\nregister = \"NYC5AV-03\"\ntimezone = \"America/New_York\"\ncurrency = \"USD\"\ndata = %q\nlisten = %q\n[acquirer]\nurl = %q\ntoken_file = %q\nca_file = %q\n%s",
		r.data, listen, acquirer, secret, caFile, device)
	return r, errors.Join(os.WriteFile(secret, []byte("0A1B2C3D\n"), 0o600), os.WriteFile(r.config, []byte(text), 0o600))
}

// counter is a register with a scanner, which is not started yet, and an acquirer for it.
func (b *bench) counter(name string) (r *register, bank *process, scan func(string) (time.Time, error), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	caFile := filepath.Join(b.dir, name+"-ca.pem")
	if bank, err = launch(self, "peer", caFile); err != nil {
		return nil, nil, nil, err
	}
	defer func() {
		if err != nil {
			bank.stop()
		}
	}()
	at, err := bank.says("listening")
	if err != nil {
		return nil, nil, nil, err
	}
	scan, port, err := b.scanner()
	if err != nil {
		return nil, nil, nil, err
	}
	r, err = b.newRegister(name, "https://"+at+"/posp/rest/", caFile, port)
	return r, bank, scan, err
}

// start starts the daemon and returns how long it took until it took sales.
func (r *register) start(posd string) (time.Duration, error) {
	r.cmd = exec.Command(posd, "serve", "--config", r.config)
	r.cmd.Stderr = &r.log
	began := time.Now()
	if err := r.cmd.Start(); err != nil {
		return 0, err
	}
	for time.Since(began) < startWithin {
		answer, err := http.Get(r.base + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				took := time.Since(began)
				token, err := os.ReadFile(filepath.Join(r.data, "tokens", "manager"))
				r.token = strings.TrimSpace(string(token))
				return took, errors.Join(err, r.plugged())
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("posd is not ready: %s", r.log.String())
}

// plugged waits until every device is in use: what a scanner sends before that is lost.
func (r *register) plugged() error {
	for end := time.Now().Add(startWithin); time.Now().Before(end); time.Sleep(time.Millisecond) {
		devices, err := r.reads("/v1/devices")
		if err != nil || strings.Count(devices, `"state":`) == strings.Count(devices, `"state":"ready"`) {
			return err
		}
	}
	return errors.New("a device is not ready")
}

func (r *register) stop() {
	_ = r.cmd.Process.Signal(os.Interrupt)
	_ = r.cmd.Wait()
}

func (r *register) call(method, path, key string, body any, into any) error {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, r.base+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// reads is a page of the local API as text.
func (r *register) reads(path string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, r.base+path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	return string(text), err
}

// listen follows an event stream and says when each line that is wanted came in.
func listen(ctx context.Context, address, token string, wanted func(line string) bool) (<-chan time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, answer.Status)
	}
	heard := make(chan time.Time, 64)
	go func() {
		defer answer.Body.Close()
		lines := bufio.NewReaderSize(answer.Body, 1<<20)
		for {
			line, err := lines.ReadString('\n')
			at := time.Now()
			if err != nil {
				return
			}
			if wanted(line) {
				heard <- at
			}
		}
	}()
	return heard, nil
}

// scanner is a serial cable's far end. It stays plugged in until the program ends.
func (b *bench) scanner() (write func(string) (time.Time, error), path string, err error) {
	master, tty, err := pty.Open()
	if err != nil {
		return nil, "", err
	}
	b.cables = append(b.cables, master, tty) // collected as rubbish they would be pulled
	if err := raw(int(tty.Fd())); err != nil {
		return nil, "", err
	}
	return func(text string) (time.Time, error) {
		at := time.Now()
		_, err := master.WriteString(text)
		return at, err
	}, tty.Name(), nil
}

// paidTimes reads when a payment's first byte came to the acquirer, and when its answer had left.
func paidTimes(p *process) (first, answered time.Time, err error) {
	rest, err := p.says("paid")
	if err != nil {
		return first, answered, err
	}
	a, b, _ := strings.Cut(rest, " ")
	x, errA := strconv.ParseInt(a, 10, 64)
	y, errB := strconv.ParseInt(b, 10, 64)
	return time.Unix(0, x), time.Unix(0, y), errors.Join(errA, errB)
}
