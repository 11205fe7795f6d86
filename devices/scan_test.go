package devices

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"posd/devices/line"
	"posd/devices/scanner"
	"posd/devices/supervise"
	"posd/pos"
)

// bareDesk is a desk without devices, with what it is told about scans.
func bareDesk(found func(pos.Scan)) *Desk {
	return &Desk{o: Options{Scanned: found, Trouble: func(pos.Trouble) {}, Clear: func(pos.TroubleCode, string) {}, Log: slog.New(slog.DiscardHandler)}}
}

// reading reads a line with a dialect until it ends.
func reading(d *Desk, l io.ReadWriteCloser, s scanner.Settings) chan error {
	done := make(chan error, 1)
	one := &scan{d: d, c: Config{Name: "scanner", Scanner: s}, words: make(chan scanner.Word, mostWords)}
	d.scans = append(d.scans, one)
	go func() { done <- one.use(context.Background(), l, scanner.NewLine(s), &supervise.Tally{}) }()
	return done
}

// The cable is pulled in the middle of a code: nothing of it is ever seen, and reading ends.
func TestHalfACodeIsNeverEmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var codes []string
		done := reading(bareDesk(func(s pos.Scan) { codes = append(codes, s.Code.Reveal()) }), ours, scanner.Settings{})
		for _, s := range []string{"4006381333931\r", "13456789"} {
			if _, err := theirs.Write([]byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		_ = theirs.Close()
		if err := <-done; err == nil {
			t.Error("reading ended without an error")
		}
		if len(codes) != 1 || codes[0] != "4006381333931" {
			t.Errorf("%q", codes)
		}
	})
}

// Silence ends a half code while the line stays open, and the next code is read whole.
func TestSilenceEndsAHalfCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		codes := make(chan pos.Scan, 8)
		done := reading(bareDesk(func(s pos.Scan) { codes <- s }), ours, scanner.Settings{})
		send := func(s string) {
			if _, err := theirs.Write([]byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		send("69012")
		time.Sleep(300 * time.Millisecond)
		send("34567892\r") // its other half, after a long pause: not whole
		if got := <-codes; got.Whole {
			t.Errorf("half a code is whole: %d bytes", len(got.Code.Reveal()))
		}
		send("69012")
		time.Sleep(time.Second)
		send("6901234567892\r")
		if got := <-codes; got.Code.Reveal() != "6901234567892" || !got.Whole {
			t.Errorf("%d bytes, whole %v", len(got.Code.Reveal()), got.Whole)
		}
		_ = theirs.Close()
		if err := <-done; err == nil {
			t.Error("no error at the end")
		}
	})
}

// The till is slow to take a code, and the next one comes in two pieces meanwhile: it was never torn.
func TestABusyTillTearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		codes := make(chan pos.Scan, 8)
		done := reading(bareDesk(func(s pos.Scan) { time.Sleep(time.Second); codes <- s }), ours, scanner.Settings{})
		for range 20 {
			for _, s := range []string{"6901234567892\r", "40063", "81333931\r"} {
				if _, err := theirs.Write([]byte(s)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			if <-codes; !(<-codes).Whole {
				t.Fatal("the register tore a code")
			}
		}
		_ = theirs.Close()
		if err := <-done; err == nil {
			t.Error("no error at the end")
		}
	})
}

// A scanner that waits to hear whether its code was taken is answered in every case: taken, refused, in view
// again, unreadable, and when the till says nothing in time. It is answered once.
func TestVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		scans := make(chan pos.Scan, 1)
		d := bareDesk(func(s pos.Scan) { scans <- s })
		done := reading(d, ours, scanner.Settings{Ack: true, Good: scanner.Bytes("yes;"), Bad: scanner.Bytes("no;"), Trigger: scanner.Bytes("on;"), Dedupe: sameScan})
		heard := make(chan string, 8)
		go func() {
			b := make([]byte, 64)
			for {
				n, err := theirs.Read(b)
				if err != nil {
					close(heard)
					return
				}
				heard <- string(b[:n])
			}
		}()
		for _, c := range []struct {
			name, code string
			scanned    bool
			feel       []bool
			wait       time.Duration
			want       string
		}{
			{"taken", "134567890123456789\r", true, []bool{true}, 0, "yes;"},
			{"in view again", "134567890123456789\r", false, nil, 0, "yes;"},
			{"refused", "4006381333931\r", true, []bool{false, true}, 0, "no;"},
			{"in view again, still refused", "4006381333931\r", false, nil, 0, "no;"},
			{"unreadable", "\x07\r", false, nil, 0, "no;"},
			{"a till that is busy", "6901234567892\r", true, nil, verdictAfter, "no;"},
			{"and says yes too late", "", false, []bool{true}, 0, ""},
		} {
			began := time.Now()
			if _, err := theirs.Write([]byte(c.code)); err != nil {
				t.Fatal(err)
			}
			if c.scanned {
				<-scans
			}
			for _, taken := range c.feel {
				d.Feel("another", !taken)
				d.Feel("scanner", taken)
			}
			if c.want != "" {
				if got := <-heard; got != c.want || time.Since(began) != c.wait {
					t.Errorf("%s: heard %q after %s", c.name, got, time.Since(began))
				}
			}
			synctest.Wait()
			if len(heard) > 0 {
				t.Errorf("%s: then it heard %q", c.name, <-heard)
			}
		}
		// What else it is to do is said after the verdict.
		if _, err := theirs.Write([]byte("281234567890123456\r")); err != nil {
			t.Fatal(err)
		}
		<-scans
		d.tell("scanner", scanner.Trigger)
		synctest.Wait()
		d.Feel("scanner", false)
		if got := <-heard; got != "no;on;" {
			t.Errorf("then it heard %q", got)
		}
		_ = theirs.Close()
		if err := <-done; err == nil {
			t.Error("no error at the end")
		}
	})
}

// While the shopper is asked for a code the scanner looks for one, again after a wrong code and after its
// cable was out, and stops when the sale went on. One that takes no commands is told nothing.
func TestLooking(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600, Scanner: scanner.Settings{
		Setup: []scanner.Bytes{scanner.Bytes("setup;")}, Trigger: scanner.Bytes("on;"), Stop: scanner.Bytes("off;"), Bad: scanner.Bytes("bad;")}})
	b.becomes("scanner", pos.DeviceReady)
	b.desk.Show(pos.Prompt{Kind: pos.PromptIdle})
	b.desk.Show(pos.Prompt{Kind: pos.PromptScan})
	s.told("setup;")
	if got := s.told("on;"); strings.Contains(got, "off;") {
		t.Errorf("an idle scanner is told %q", got)
	}
	b.desk.Feel("scanner", false)
	s.told("bad;")
	b.desk.Show(pos.Prompt{Kind: pos.PromptWrongCode})
	s.told("on;")
	s.pull()
	b.becomes("scanner", pos.DeviceLost)
	b.desk.Feel("scanner", false) // nobody is there to feel it, and nobody feels it later
	s.plug()
	if got := s.told("on;"); strings.Contains(got, "bad;") || !strings.HasPrefix(got, "setup;") {
		t.Errorf("after the cable came back it is told %q", got)
	}
	b.desk.Show(pos.Prompt{Kind: pos.PromptSending})
	s.told("off;")
	b.desk.Show(pos.Prompt{Kind: pos.PromptPaid})
	b.desk.Feel("scanner", false)
	if got := s.told("bad;"); strings.Contains(got, "off;") {
		t.Errorf("a scanner that rests is told %q", got)
	}
}

// A setting that the scanner refuses is its last error, in words; a scanner whose identifiers have gone was
// programmed by somebody.
func TestSettingsLost(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600,
		Scanner: scanner.Settings{AIM: true, Replies: "honeywell", Setup: []scanner.Bytes{scanner.Bytes("\x16M\rPAPHHC!")}}})
	b.becomes("scanner", pos.DeviceReady)
	s.told("PAPHHC!")
	says := func(want string) {
		t.Helper()
		for {
			if d := b.becomes("scanner", pos.DeviceReady); strings.Contains(d.LastError, want) {
				return
			}
		}
	}
	s.say("PAPHHC\x05!")
	says("PAPHHC is unknown")
	s.say("]C0134567890123456789\r")
	wait(t, b.scans, "scan")
	s.say("4006381333931\r")
	wait(t, b.scans, "scan without an identifier")
	says("identifiers")
}

// Faults of the line, each of which a boutique has met: what is scanned afterwards is whole, and nothing but
// whole codes ever comes.
func TestFaultsOfTheLine(t *testing.T) {
	noise := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(7, 7))
	for i := range noise {
		if noise[i] = byte(r.Uint32()); (noise[i] >= ' ' && noise[i] != 0x7f) || noise[i] == 0x0d || noise[i] == 0x0a {
			noise[i] = 0x07
		}
	}
	const a, z = "134567890123456789", "4006381333931"
	for _, c := range []struct {
		name  string
		parts []string // a pause between
		pause time.Duration
		want  []string
	}{
		{"two codes glued", []string{a + "\r\n" + z + "\r\n"}, 0, []string{a, z}},
		{"CR and LF apart", []string{a + "\r", "\n" + z + "\r", "\n"}, 30 * time.Millisecond, []string{a, z}},
		{"half a code, then silence", []string{a[:9], z + "\r"}, 1100 * time.Millisecond, []string{z}},
		{"a break and the noise of switching on", []string{"\x00\xff\x00" + a + "\r\x00" + z + "\r"}, 0, []string{a, z}},
		{"the wrong speed", []string{"\x07\x1b\x7f\x02\r" + z + "\r"}, 0, []string{z}},
		{"a megabyte of noise", []string{string(noise), "\r" + z + "\r"}, 1100 * time.Millisecond, []string{z}},
		{"a book instead of a code", []string{strings.Repeat("x", 9000), "\r" + z + "\r"}, 0, []string{z}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSocket(t)
			b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600})
			b.becomes("scanner", pos.DeviceReady)
			for i, p := range c.parts {
				if i > 0 && c.pause > 0 {
					<-time.After(c.pause)
				}
				s.say(p)
			}
			for _, want := range c.want {
				got := wait(t, b.scans, "scan")
				for !got.Whole { // it came too soon behind what was lost, and is shown again
					s.say(c.parts[len(c.parts)-1])
					got = wait(t, b.scans, "scan")
				}
				if got.Code.Reveal() != want {
					t.Errorf("%d bytes instead of a code", len(got.Code.Reveal()))
				}
			}
			for len(b.scans) > 0 {
				if got := <-b.scans; got.Whole && !slices.Contains(c.want, got.Code.Reveal()) {
					t.Error("something else was scanned too")
				}
			}
		})
	}
}

// The port appears, its rights a second later: that is no fault, and the scanner is ready.
func TestRightsComeLate(t *testing.T) {
	s := newSocket(t)
	begin, late := time.Now(), time.Second
	drivers := scanners()
	plain := drivers["line"]
	drivers["line"] = func(ctx context.Context, c Config) (opened, dialect, error) {
		if time.Since(begin) < late {
			return nil, nil, line.ErrRights
		}
		return plain(ctx, c)
	}
	b := atWorkWith(t, drivers, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: s.path, Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
}

// Two scanners of a kind are two scanners: each is known by its name, and one that goes leaves the other.
func TestTwoEqualScanners(t *testing.T) {
	left, right := newSocket(t), newSocket(t)
	b := atWork(t, Config{Name: "left", Role: pos.RoleScanner, Driver: "line", Port: left.path, Baud: 9600},
		Config{Name: "right", Role: pos.RoleScanner, Driver: "line", Port: right.path, Baud: 9600})
	b.becomes("left", pos.DeviceReady)
	for b.desk.Standing()[1].State != pos.DeviceReady {
		b.becomes("right", pos.DeviceReady)
	}
	left.say("4006381333931\r")
	if got := wait(t, b.scans, "scan"); got.Device != "left" {
		t.Errorf("the scan is %s's", got.Device)
	}
	left.say("13456")
	left.pull()
	right.say("4006381333931\r") // the same code on another scanner is another scan
	if got := wait(t, b.scans, "scan"); got.Device != "right" || got.Code.Reveal() != "4006381333931" {
		t.Errorf("the scan is %s's", got.Device)
	}
}

// A Zebra scanner is set up, waited for, felt and read, whatever of it is lost on the way.
func TestZebra(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "ssi", Port: s.path, Baud: 9600})
	b.becomes("scanner", pos.DeviceReady)
	const ack = "\x04\xd0\x00\x00\xff\x2c"
	for _, param := range []string{"\xee\x01", "\x9f\x01", "\xec\x00"} {
		s.told(param)
		s.say(ack)
	}
	qr := "\x16\xf3\x00\x00\x03134567890123456789" // type 3: Code 128
	qr = string([]byte{byte(4 + 1 + 18)}) + qr[1:]
	sum := 0
	for i := range len(qr) {
		sum += int(qr[i])
	}
	s.say(qr + string([]byte{byte(-sum >> 8), byte(-sum)}))
	s.told("\x04\xd0\x04\x00\xff\x28")
	got := wait(t, b.scans, "scan")
	if got.Code.Reveal() != "134567890123456789" || got.AIM != "]C0" || !got.Whole {
		t.Errorf("%+v", got)
	}
	b.desk.Feel("scanner", false)
	s.told("\x05\xe6\x04\x00\x05\xff\x0c")
	s.say(ack)
	b.desk.Show(pos.Prompt{Kind: pos.PromptScan})
	s.told("\x04\xe4\x04\x00\xff\x14")
	if d := b.desk.Standing()[0]; d.LastError != "" || d.Counters.Rejected != 0 {
		t.Errorf("%+v", d)
	}
}

// A device that speaks no HID POS says so by name, and a command it never acknowledges is its last error.
func TestNoScannerAtAll(t *testing.T) {
	if err := Fits(Config{Role: pos.RoleScanner, Driver: "evdev", Scanner: scanner.Settings{Trigger: scanner.Bytes{1}}}); err == nil || !strings.Contains(err.Error(), "takes no trigger") {
		t.Errorf("%v", err)
	}
	ctx := t.Context()
	for _, open := range []scannerDriver{hidpos, evdev} {
		l, _, err := open(ctx, Config{Port: "/dev/null"})
		if err == nil {
			t.Error(l.Close(), "a hole was opened as a scanner")
		}
		if !errors.Is(err, line.ErrNoHID) && !errors.Is(err, line.ErrNoKeys) {
			t.Errorf("%v", err)
		}
		if _, _, err := open(ctx, Config{Port: t.TempDir() + "/none"}); !errors.Is(err, line.ErrAbsent) {
			t.Errorf("%v", err)
		}
	}
	var said bytes.Buffer
	fmt.Fprint(&said, scanner.ErrNotHIDPOS)
	if !strings.Contains(said.String(), "evdev") {
		t.Errorf("%s", said.String())
	}
}
