package devices

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"posd/devices/ports"
	"posd/pos"
)

// patience is how long a test waits for what must come on the busiest machine. How soon things are done is held where
// time is a bubble's, in supervise.
const patience = time.Minute

// socket is where a device is plugged in: a path that stays, whatever is behind it.
type socket struct {
	t            *testing.T
	path         string
	master, tty  *os.File
	heard        chan []byte
	rest         string // heard, and not yet looked at
	listenerDone chan struct{}
	each         func(byte) bool // instead of heard: takes each byte alone, until it wants no more
}

func newSocket(t *testing.T) *socket {
	s := &socket{t: t, path: filepath.Join(t.TempDir(), "by-id"), heard: make(chan []byte, 1024)}
	s.plug()
	t.Cleanup(s.pull)
	return s
}

// plug puts a new device behind the path. Its master is moved to a descriptor that Close wakes.
func (s *socket) plug() {
	s.t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		s.t.Fatal(err)
	}
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err = errors.Join(err, master.Close(), unix.SetNonblock(fd, true)); err != nil {
		s.t.Fatal(err)
	}
	raw, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	if err := errors.Join(unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, raw), os.Symlink(tty.Name(), s.path)); err != nil {
		s.t.Fatal(err)
	}
	s.master, s.tty = os.NewFile(uintptr(fd), "master"), tty
	done := make(chan struct{})
	s.listenerDone = done
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		if s.each != nil {
			b = b[:1]
		}
		for {
			n, err := s.master.Read(b)
			if err != nil || (s.each != nil && !s.each(b[0])) {
				return
			}
			if s.each != nil {
				continue
			}
			select {
			case s.heard <- bytes.Clone(b[:n]):
			default: // nobody listens to this device
			}
		}
	}()
}

func (s *socket) pull() {
	if s.master == nil {
		return
	}
	_ = os.Remove(s.path)
	_, _ = s.master.Close(), s.tty.Close()
	<-s.listenerDone
	s.master = nil
}

func (s *socket) say(text string) {
	s.t.Helper()
	if _, err := s.master.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// shows waits until the display was told a text.
func (s *socket) shows(want string) {
	s.t.Helper()
	late := time.After(patience)
	var all []byte
	for !strings.Contains(string(all), want) {
		select {
		case b := <-s.heard:
			all = append(all, b...)
		case <-late:
			s.t.Fatalf("the display shows %q, not %q", all, want)
		}
	}
}

// bench is a desk at work, with everything it says.
type bench struct {
	t        *testing.T
	desk     *Desk
	scans    chan pos.Scan
	told     chan pos.Device
	troubles chan pos.Trouble
	cleared  chan pos.TroubleCode
}

func atWork(t *testing.T, list ...Config) *bench {
	t.Helper()
	return atWorkWith(t, scanners(), list...)
}

func atWorkWith(t *testing.T, drivers map[string]scannerDriver, list ...Config) *bench {
	t.Helper()
	return atWorkIn(t, ports.Roots{}, drivers, list...)
}

func atWorkIn(t *testing.T, roots ports.Roots, drivers map[string]scannerDriver, list ...Config) *bench {
	t.Helper()
	b := &bench{t: t, scans: make(chan pos.Scan, 64), told: make(chan pos.Device, 1024), troubles: make(chan pos.Trouble, 64), cleared: make(chan pos.TroubleCode, 64)}
	d, err := newDesk(Options{Devices: list, Roots: roots, Log: slog.New(slog.DiscardHandler), Scanned: func(s pos.Scan) { b.scans <- s }, Tell: func(d pos.Device) { b.told <- d },
		Trouble: func(t pos.Trouble) { b.troubles <- t }, Clear: func(c pos.TroubleCode, _ string) { b.cleared <- c },
		Say: func(id string) []string {
			return map[string][]string{"slip.copy": {"a copy"}, "slip.letters": {"letters are missing"}}[id]
		},
		Text: func(p pos.Prompt) []string {
			if p.Kind == pos.PromptQR && p.QR == "" {
				return []string{"qr elsewhere", p.Amount.String()}
			}
			return []string{string(p.Kind), p.Amount.String()}
		}}, drivers)
	if err != nil {
		t.Fatal(err)
	}
	b.desk = d
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) becomes(name string, want pos.DeviceState) pos.Device {
	b.t.Helper()
	late := time.After(patience)
	for {
		select {
		case d := <-b.told:
			if d.Name == name && d.State == want {
				return d
			}
		case <-late:
			b.t.Fatalf("%s never became %s: %+v", name, want, b.desk.Standing())
		}
	}
}

// shown is what a scanner reads that a shopper holds a code to until it was read whole. One whose parts come late, or that
// comes right behind half of another, is not whole.
func shown(t *testing.T, scans chan pos.Scan, say func()) pos.Scan {
	t.Helper()
	for late := time.Now().Add(patience); ; {
		say()
		if got := wait(t, scans, "scan"); got.Whole || time.Now().After(late) {
			return got
		}
	}
}

func wait[T any](t *testing.T, from chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// A code is left in view, and is one scan, with its symbology.
func TestOneScan(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
	s.say("]C0134567890123456789\r\n]C0134567890123456789\r\n4006381333931\r")
	first, second := wait(t, b.scans, "scan"), wait(t, b.scans, "second code")
	if first.Code.Reveal() != "134567890123456789" || first.AIM != "]C0" || first.Device != "scanner" || !first.Whole || first.At.IsZero() {
		t.Errorf("%+v", first)
	}
	if second.Code.Reveal() != "4006381333931" {
		t.Errorf("the code in view was scanned again: %v", second.Code)
	}
	if d := b.desk.Standing()[0]; d.Counters.Good != 2 || d.Counters.BytesIn == 0 {
		t.Errorf("%+v", d.Counters)
	}
}

// The cable is pulled in the middle of a code and pushed back in: no half code, and ready again by itself.
func TestPulledInTheMiddleOfACode(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
	s.say("134567890")
	s.pull()
	b.becomes("scanner", pos.DeviceLost)
	if tr := wait(t, b.troubles, "trouble"); tr.Code != pos.TroubleScanner || tr.About != "scanner" {
		t.Errorf("%+v", tr)
	}
	s.plug()
	b.becomes("scanner", pos.DeviceReady)
	if c := wait(t, b.cleared, "all-clear"); c != pos.TroubleScanner {
		t.Errorf("cleared %s", c)
	}
	s.say("123456789\r")
	if got := wait(t, b.scans, "scan"); got.Code.Reveal() != "123456789" {
		t.Errorf("half a code was kept: %d bytes", len(got.Code.Reveal()))
	}
	if got := b.desk.Standing()[0].Counters.Reopened; got != 1 {
		t.Errorf("reopened %d times", got)
	}
}

// A line at the wrong speed brings rubbish: after three in a row a person is told, and a good code ends it.
func TestGarbled(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
	for range 3 {
		s.say("\x07\x13rubbish\x7f\r")
	}
	if tr := wait(t, b.troubles, "trouble"); tr.Code != pos.TroubleGarbled {
		t.Errorf("%+v", tr)
	}
	s.say("134567890123456789\r")
	if c := wait(t, b.cleared, "all-clear"); c != pos.TroubleGarbled {
		t.Errorf("cleared %s", c)
	}
	if got := b.desk.Standing()[0].Counters.Rejected; got != 3 {
		t.Errorf("%d rejected", got)
	}
}

// The display shows the latest prompt, and again after it came back under another number.
func TestDisplay(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "display", Role: pos.RoleDisplay, Driver: "text", Port: s.path, Baud: 9600})
	b.becomes("display", pos.DeviceReady)
	s.shows("\fidle")
	for i := range 100 {
		b.desk.Show(pos.Prompt{Kind: pos.PromptScan, Amount: pos.Amount{Minor: int64(i), Currency: "USD"}})
	}
	b.desk.Show(pos.Prompt{Kind: pos.PromptPaid, Amount: pos.Amount{Minor: 12950, Currency: "USD"}})
	s.shows("\fpaid\r\n129.50 USD\r\n")
	s.pull()
	b.becomes("display", pos.DeviceLost)
	s.plug()
	s.shows("\fpaid\r\n129.50 USD\r\n")
}

// A device that nobody can drive is refused, with those that are known; an unknown name is not found.
func TestUnknownDevices(t *testing.T) {
	for _, c := range []Config{{Name: "x", Role: pos.RoleScanner, Driver: "telepathy", Port: "/dev/null", Baud: 9600}, {Name: "x", Role: pos.RoleScanner, Driver: "text", Port: "/dev/null", Baud: 9600}, {Name: "x", Role: "cat", Driver: "line", Port: "/dev/null", Baud: 9600}} {
		if _, err := New(Options{Devices: []Config{c}, Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "known are") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
	if _, err := b.desk.Test(t.Context(), "teapot", pos.Slip{}); pos.ProblemOf(err) != pos.NotFound {
		t.Errorf("%v", err)
	}
}
