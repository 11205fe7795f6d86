package devices

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"posd/devices/ports"
	"posd/devices/profiles"
	"posd/devices/scanner"
	"posd/devices/supervise"
	"posd/pos"
)

// A technician tries the scanner: what it reads is named and masked, and goes to no sale; the next code does.
func TestTryAScanner(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
	for _, c := range []struct {
		name, says string
		within     time.Duration
		want       string
	}{
		{"a payment code", "]C0134567890123456789\r", time.Minute, "true read map[aim:]C0 code:****6789 family:wechat n:18]"},
		{"a price tag", "6901234567892\r\n", time.Minute, "true read map[aim: code:****7892 family:product n:13]"},
		{"nothing", "", 50 * time.Millisecond, "false silent map[]"},
		{"bytes without an end, which are no code", "13456", 500 * time.Millisecond, "false garbled map[n:5]"},
	} {
		b.desk.scanWithin = c.within
		came := make(chan string, 1)
		go func() {
			trial, err := b.desk.Test(t.Context(), "scanner", pos.Slip{})
			if err != nil {
				came <- err.Error()
				return
			}
			came <- fmt.Sprintf("%v %s %v", trial.OK, trial.What, trial.Args)
		}()
		b.tries("scanner")
		if c.says != "" {
			s.say(c.says)
		}
		if got := wait(t, came, c.name); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if len(b.scans) != 0 {
		t.Error("a trial's code went to the till")
	}
	s.say("\r134567890123456780\r")
	if scan := wait(t, b.scans, "scan"); scan.Code.Reveal() != "134567890123456780" {
		t.Error("the next code is another one")
	}
}

// tries waits until somebody tries a scanner.
func (b *bench) tries(name string) {
	b.t.Helper()
	for late := time.Now().Add(patience); ; runtime.Gosched() {
		b.desk.mu.Lock()
		_, trying := b.desk.trials[name]
		b.desk.mu.Unlock()
		if trying {
			return
		}
		if time.Now().After(late) {
			b.t.Fatal("nobody tries " + name)
		}
	}
}

// Two try the same scanner at once: the second is told to wait. A device that is not there is named as that.
func TestOneTrialAtATime(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600},
		Config{Name: "gone", Role: pos.RoleScanner, Driver: "line", Port: filepath.Join(t.TempDir(), "none"), Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
	first := make(chan error, 1)
	go func() {
		_, err := b.desk.Test(t.Context(), "scanner", pos.Slip{})
		first <- err
	}()
	b.tries("scanner")
	if _, err := b.desk.Test(t.Context(), "scanner", pos.Slip{}); pos.ProblemOf(err) != pos.ScannerBusy {
		t.Errorf("the second: %v", err)
	}
	s.say("6901234567892\r")
	if err := wait(t, first, "the first"); err != nil {
		t.Error(err)
	}
	for b.desk.Standing()[1].LastError == "" { // it was tried long ago
		runtime.Gosched()
	}
	if trial, err := b.desk.Test(t.Context(), "gone", pos.Slip{}); err != nil || trial.OK || trial.What != "not_ready" || !strings.Contains(trial.Args["why"], "cable") {
		t.Errorf("%+v %v", trial, err)
	}
}

// A trial begins in the instant in which the scanner's line opens: the scanner is told to look for a code all the same,
// and nothing else that was meant for one that is gone.
func TestATrialAsTheLineOpens(t *testing.T) {
	ours, theirs := net.Pipe()
	d := bareDesk(func(pos.Scan) {})
	one := &scan{d: d, c: Config{Name: "scanner"}, words: make(chan scanner.Word, mostWords)}
	d.scans, d.trials = []*scan{one}, map[string]chan pos.Scan{"scanner": make(chan pos.Scan, 1)}
	d.tell("scanner", scanner.Bad)
	d.tell("scanner", scanner.Trigger)
	done := make(chan error, 1)
	go func() {
		done <- one.use(t.Context(), ours, scanner.NewLine(scanner.Settings{Trigger: scanner.Bytes("on;"), Bad: scanner.Bytes("bad;")}), &supervise.Tally{})
	}()
	b := make([]byte, 64)
	if err := theirs.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := theirs.Read(b); err != nil || string(b[:n]) != "on;" {
		t.Errorf("it is told %q, %v", b[:n], err)
	}
	_ = theirs.Close()
	if err := <-done; err == nil {
		t.Error("no error at the end")
	}
}

// A shopper is asked for a code: a trial that runs ends, one that begins is refused, and the code is the sale's.
func TestASaleHasTheScannerFirst(t *testing.T) {
	for _, kind := range []pos.PromptKind{pos.PromptScan, pos.PromptWrongCode, pos.PromptHolding} {
		t.Run(string(kind), func(t *testing.T) {
			s := newSocket(t)
			b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600,
				Scanner: scanner.Settings{Trigger: scanner.Bytes("look."), Stop: scanner.Bytes("stop.")}})
			b.becomes("scanner", pos.DeviceReady)
			s.say("6901234567892\r")
			wait(t, b.scans, "scan") // it listens from here on
			first := make(chan error, 1)
			go func() {
				_, err := b.desk.Test(t.Context(), "scanner", pos.Slip{})
				first <- err
			}()
			b.tries("scanner")
			b.desk.Show(pos.Prompt{Kind: kind})
			s.say("134567890123456780\r")
			if scan := wait(t, b.scans, "scan"); scan.Code.Reveal() != "134567890123456780" {
				t.Error("the sale gets another code")
			}
			if err := wait(t, first, "the trial"); pos.ProblemOf(err) != pos.ScannerBusy {
				t.Errorf("the trial ends with %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if _, err := b.desk.Test(ctx, "scanner", pos.Slip{}); pos.ProblemOf(err) != pos.ScannerBusy {
				t.Errorf("a trial that begins: %v", err)
			}
			b.desk.Show(pos.Prompt{Kind: pos.PromptIdle})
			if got := s.told("stop."); strings.Count(got, "look.") != 2 {
				t.Errorf("it is told %q: it stops before the sale is done", got)
			}
		})
	}
}

// A trial that is over takes nothing from the one after it.
func TestATrialEndsItselfAlone(t *testing.T) {
	b := atWork(t)
	next := make(chan pos.Scan, 1)
	b.desk.mu.Lock()
	b.desk.trials["scanner"] = next
	b.desk.mu.Unlock()
	b.desk.tried("scanner", make(chan pos.Scan, 1))
	b.desk.scanned(pos.Scan{Device: "scanner"})
	if len(next) != 1 {
		t.Error("the next trial's code went elsewhere")
	}
}

// A technician tries the display: it alone shows a QR of ours, and then what belongs there; a prompt that comes
// meanwhile is shown at once and stays.
func TestTryADisplay(t *testing.T) {
	one, other := newSocket(t), newSocket(t)
	b := atWork(t, Config{Name: "display", Role: pos.RoleDisplay, Driver: "nextion", Port: one.path, Baud: 9600},
		Config{Name: "other", Role: pos.RoleDisplay, Driver: "text", Port: other.path, Baud: 9600})
	b.becomes("display", pos.DeviceReady)
	one.told(lastLine)
	b.desk.testShown = time.Hour
	trial, err := b.desk.Test(t.Context(), "display", pos.Slip{})
	if err != nil || !trial.OK || trial.What != "shown" {
		t.Fatal(trial, err)
	}
	if got := one.told(lastLine); !strings.Contains(got, `qr0.txt="`+trial.Args["text"]+`"`) {
		t.Errorf("tried, it is told %q", got)
	}
	b.desk.testShown = time.Millisecond
	if _, err := b.desk.Test(t.Context(), "display", pos.Slip{}); err != nil {
		t.Fatal(err)
	}
	one.told(`t0.txt="idle"`) // after it
	one.told(lastLine)
	b.desk.testShown = time.Hour
	if _, err := b.desk.Test(t.Context(), "display", pos.Slip{}); err != nil {
		t.Fatal(err)
	}
	one.told(lastLine)
	b.desk.Show(pos.Prompt{Kind: pos.PromptPaid, Amount: pos.Amount{Minor: 100, Currency: "USD"}})
	if got := one.told(lastLine); !strings.Contains(got, `t0.txt="paid"`) {
		t.Errorf("a prompt in between: %q", got)
	}
	other.shows("\fpaid")
	select {
	case b := <-other.heard:
		t.Errorf("the other one shows %q", b)
	default:
	}
}

// usbSocket is a USB socket of a machine of the test's own: what is plugged in gets the next number.
type usbSocket struct {
	*socket
	roots ports.Roots
	n     int
}

func newUSBSocket(t *testing.T) *usbSocket {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	u := &usbSocket{socket: &socket{t: t, heard: make(chan []byte, 1024)}, roots: ports.Roots{Sys: filepath.Join(top, "sys"), Dev: filepath.Join(top, "dev")}}
	u.mkdir(u.roots.Dev)
	t.Cleanup(u.unplug)
	return u
}

func (u *usbSocket) mkdir(dir string) {
	u.t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		u.t.Fatal(err)
	}
}

// attach plugs a scanner in: the kernel's tables first, then its node.
func (u *usbSocket) attach(serial string) {
	u.t.Helper()
	name := fmt.Sprintf("ttyACM%d", u.n)
	u.n++
	device := filepath.Join(u.roots.Sys, "devices/usb1/1-1")
	face := filepath.Join(device, "1-1:1.0")
	u.mkdir(filepath.Join(face, "tty", name))
	u.mkdir(filepath.Join(u.roots.Sys, "class/tty"))
	for path, text := range map[string]string{device + "/idVendor": "0c2e", device + "/idProduct": "0b6a", device + "/serial": serial, face + "/bInterfaceNumber": "00"} {
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			u.t.Fatal(err)
		}
	}
	at := filepath.Join(face, "tty", name)
	if err := errors.Join(os.Symlink(face, filepath.Join(at, "device")), os.Symlink(at, filepath.Join(u.roots.Sys, "class/tty", name))); err != nil {
		u.t.Fatal(err)
	}
	u.path = filepath.Join(u.roots.Dev, name)
	u.plug()
}

func (u *usbSocket) unplug() {
	u.pull()
	if err := os.RemoveAll(u.roots.Sys); err != nil {
		u.t.Error(err)
	}
}

// A scanner that is named by what it is comes and goes, each time under another number: it is opened when its node is
// there.
func TestAScannerComesAndGoes(t *testing.T) {
	u := newUSBSocket(t)
	b := atWorkIn(t, u.roots, scanners(), Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: "usb:0c2e:0b6a:42", Baud: 9600})
	b.becomes("scanner", pos.DeviceAbsent)
	for round := range 5 {
		u.attach("42")
		b.becomes("scanner", pos.DeviceReady)
		found := b.desk.Discover()
		if len(found) != 1 || found[0].Device != "scanner" || found[0].Node != u.path {
			t.Errorf("round %d: %+v", round, found)
		}
		u.say(fmt.Sprintf("13456789012345678%d\r", round))
		if scan := wait(t, b.scans, "scan"); !strings.HasSuffix(scan.Code.Reveal(), fmt.Sprint(round)) {
			t.Errorf("round %d: another code", round)
		}
		u.unplug()
		b.becomes("scanner", pos.DeviceOpening)
	}
	u.attach("43") // another scanner of the same make is not this one
	b.becomes("scanner", pos.DeviceLost)
}

// What is plugged in is matched to products that would be found at such a port: the same scanner set to HID, or set
// to type, is another one.
func TestRecognised(t *testing.T) {
	known, _, err := profiles.Open(os.DirFS("../configs/profiles"), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	u := newUSBSocket(t)
	u.attach("42")
	for _, c := range []struct{ vendor, product, profile string }{
		{"0c2e", "0b6a", "honeywell-1900"}, {"1eab", "8206", "newland-hr52"}, {"05e0", "1701", "zebra-ds6708"}, {"1eab", "8210", ""}, {"046d", "c077", ""},
	} {
		device := filepath.Join(u.roots.Sys, "devices/usb1/1-1")
		if err := errors.Join(os.WriteFile(device+"/idVendor", []byte(c.vendor), 0o600), os.WriteFile(device+"/idProduct", []byte(c.product), 0o600)); err != nil {
			t.Fatal(err)
		}
		found := Discover(u.roots, known, []Config{{Name: "left", Port: "usb:ffff:0000"}, {Name: "scanner", Port: u.path}})
		if len(found) != 1 || found[0].Device != "scanner" {
			t.Fatalf("%+v", found)
		}
		best := ""
		for _, m := range found[0].Matches {
			p, ok := known.Find(m.Profile)
			if !ok || p.Role != m.Role || p.Driver != m.Driver || m.Driver == "evdev" || m.Driver == "hidpos" {
				t.Errorf("%s:%s on a serial line: %+v", c.vendor, c.product, m)
			}
			if best == "" {
				best = m.Profile
			}
		}
		if best != c.profile {
			t.Errorf("%s:%s is %q, want %q", c.vendor, c.product, best, c.profile)
		}
	}
}
