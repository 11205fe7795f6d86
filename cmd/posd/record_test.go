package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// plug makes a serial line behind a path that stays; what is written to the master, the scanner says.
func plug(t *testing.T, path string) *os.File {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = master.Close(), tty.Close() })
	raw, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	if err := errors.Join(unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, raw), os.Symlink(tty.Name(), path)); err != nil {
		t.Fatal(err)
	}
	return master
}

// spoken is what a running command says so far.
type spoken struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *spoken) await(t *testing.T, want string) {
	t.Helper()
	s.awaitBehind(t, "", want)
}

// awaitBehind is await for what is said behind what was said before, on the busiest machine.
func (s *spoken) awaitBehind(t *testing.T, said, want string) {
	t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !strings.Contains(strings.TrimPrefix(s.String(), said), want) {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it never said %q: %s", want, s)
		}
	}
}

// withDevice is a sound configuration with a device more.
func withDevice(t *testing.T, name, role, driver, port string) string {
	t.Helper()
	file, _ := sound(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, 0o600, strings.Replace(string(text), `"127.0.0.1:17080"`, `"127.0.0.1:1"`, 1)+
		fmt.Sprintf("\n[[device]]\nname = %q\nrole = %q\ndriver = %q\nport = %q\n", name, role, driver, port))
	return file
}

// A scanner reads strangely at a store. The technician records it and sends the file; at the desk it is replayed,
// and says what the register read there. No payment code is in it.
func TestRecordAndReplay(t *testing.T) {
	dir := t.TempDir()
	port, out := filepath.Join(dir, "by-id"), filepath.Join(dir, "scanner.rec")
	scanner := plug(t, port)
	config := withDevice(t, "scanner", "scanner", "line", port)
	ctx, cancel := context.WithCancel(t.Context())
	var says spoken
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"record", "scanner", "--config", config, "--out", out}, &says, &says)
	}()
	says.await(t, "scanner is ready")
	for _, said := range []string{"]C0134567890123456789\r", "\x01\x02noise\r", "6901234567892\r\n"} {
		if _, err := scanner.WriteString(said); err != nil {
			t.Fatal(err)
		}
	}
	says.await(t, "product ****7892") // the last
	says.await(t, "wechat ****6789")
	cancel()
	if got := <-code; got != 0 {
		t.Errorf("exit %d: %s", got, &says)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"3435363738393031", "345678901"} {
		if strings.Contains(string(text)+says.String(), secret) {
			t.Errorf("%s is in\n%s\n%s", secret, text, &says)
		}
	}
	for _, fact := range []string{"# driver: line", "# port: " + port, "# register: NYC5AV-03", "# baud: 9600"} {
		if !strings.Contains(string(text), fact) {
			t.Errorf("%s is not in\n%s", fact, text)
		}
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	replayed := posd(t, "replay", out)
	for _, want := range []string{"wechat ****6789, 18 characters ]C0", "product ****7892, 13 characters", "rejected control-char"} {
		if !strings.Contains(gaps.ReplaceAllString(replayed.out, " "), want) {
			t.Errorf("the replay lacks %q:\n%s", want, replayed.out+replayed.errout)
		}
	}
	if got := posd(t, "record", "scanner", "--config", config, "--out", out); got.code != exitCannotCreate {
		t.Errorf("over another recording: %+v", got)
	}
	if got := posd(t, "record", "teapot", "--config", config); got.code != exitUsage || !strings.Contains(got.errout, "configured are: scanner") {
		t.Errorf("another device: %+v", got)
	}
	if got := posd(t, "replay", config); got.code != exitBroken || !strings.Contains(got.errout, "not a recording") {
		t.Errorf("no recording: %+v", got)
	}
}

// Bytes that somebody else kept are taken as they are.
func TestRecordAFile(t *testing.T) {
	dir := t.TempDir()
	raw, out := filepath.Join(dir, "bytes"), filepath.Join(dir, "out.rec")
	write(t, raw, 0o600, "289012345678901234\r\n")
	config := withDevice(t, "scanner", "scanner", "line", "/dev/null")
	if got := posd(t, "record", "scanner", "--config", config, "--port", raw, "--out", out); got.code != 0 || !strings.Contains(got.errout, "20 bytes") {
		t.Fatalf("%+v", got)
	}
	got := posd(t, "replay", out, "--json")
	if !strings.Contains(got.out, `"alipay ****1234, 18 characters"`) {
		t.Errorf("%+v", got)
	}
}
