package devices

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"posd/devices/printer"
	"posd/pos"
)

// tray is the printer's end of a line: it answers how it stands, and keeps what was printed.
type tray struct {
	s *socket

	mu    sync.Mutex
	line  *os.File // the printer's end, while the cable is in
	paper []byte
	state map[byte]byte // answers that are not "all is well"
	mute  bool
	stop  int // the cable is pulled when so many bytes are on the paper; 0 for never
	pull  chan struct{}
	cut   bool // what is still on the way never arrives
}

func newTray(s *socket) *tray {
	y := &tray{s: s, line: s.master, state: map[byte]byte{}}
	go func() { // ends with the test's socket
		for b := range s.heard {
			y.hears(b)
		}
	}()
	return y
}

func (y *tray) hears(b []byte) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for len(b) > 0 && !y.cut {
		if len(b) >= 3 && b[0] == 0x10 && b[1] == 0x04 {
			if !y.mute {
				answer := y.state[b[2]]
				if answer == 0 {
					answer = 0x12
				}
				_, _ = y.line.Write([]byte{answer})
			}
			b = b[3:]
			continue
		}
		y.paper = append(y.paper, b[0])
		b = b[1:]
		if len(y.paper) == y.stop {
			y.stop, y.cut = 0, true
			close(y.pull)
		}
	}
}

func (y *tray) set(question, answer byte, mute bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.state = map[byte]byte{question: answer}
	y.mute = mute
}

// printed is how many slips are on the paper, by a text that stands once on each.
func (y *tray) printed(text string) int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return bytes.Count(y.paper, []byte(text))
}

// prints waits until a slip is on the paper.
func (y *tray) prints(t *testing.T, text string) {
	t.Helper()
	for late := time.Now().Add(patience); y.printed(text) == 0; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatalf("%q is never printed", text)
		}
	}
}

func slipOf(about string) pos.Slip {
	return pos.Slip{Kind: pos.SlipPaid, About: about, Lines: []pos.SlipLine{{Text: "slip " + about, Center: true}, {Text: "Total", Right: "12.00 USD"}, {Text: strings.Repeat("thank you ", 200)}}}
}

func printing(t *testing.T, settings printer.Settings) (*bench, *socket, *tray) {
	t.Helper()
	s := newSocket(t)
	y := newTray(s)
	b := atWork(t, Config{Name: "printer", Role: pos.RolePrinter, Driver: "escpos", Port: s.path, Baud: 115200, Printer: settings})
	b.becomes("printer", pos.DeviceReady)
	return b, s, y
}

// A slip is printed once; printed again by a person, it says that it is a copy.
func TestPrint(t *testing.T) {
	b, _, y := printing(t, printer.Settings{})
	for i, copies := range []bool{false, true, true} {
		got := b.desk.Print(t.Context(), slipOf("S1"))
		if !got.OK || got.What != pos.SlipPrinted || got.Copy != copies {
			t.Errorf("%d: %+v", i, got)
		}
		if y.printed("slip S1") != i+1 || y.printed("a copy") != i {
			t.Errorf("%d slips, %d say that they are copies", y.printed("slip S1"), y.printed("a copy"))
		}
	}
	if c := b.desk.Standing()[0].Counters; c.Good != 3 || c.Rejected != 0 {
		t.Errorf("%+v", c)
	}
}

// Chinese on a printer without any is sent as pictures, unless its profile says that it takes none: then the slip says so.
func TestPrintChinese(t *testing.T) {
	for chinese, lacks := range map[string]int{"": 0, "none": 1} {
		b, _, y := printing(t, printer.Settings{Chinese: chinese})
		got := b.desk.Print(t.Context(), pos.Slip{Kind: pos.SlipPaid, About: "S2", Lines: []pos.SlipLine{{Text: "付款 S2"}}})
		if !got.OK || len(got.Lacks) != lacks || y.printed("letters are missing") != lacks || y.printed("\x1b*\x21") != 2*(1-lacks) || y.printed("?? S2") != lacks {
			t.Errorf("%q: %+v", chinese, got)
		}
	}
}

// A slip that was begun before the register was started again is a copy; where that cannot be known it is printed all the
// same.
func TestCopyAfterARestart(t *testing.T) {
	kept := map[string]bool{}
	full := errors.New("the disk is full")
	begins := func(_ context.Context, s pos.Slip) (again bool, err error) {
		if s.About == "S2" {
			return false, full
		}
		key := fmt.Sprint(s.Kind, s.About, string(s.Said()))
		again, kept[key] = kept[key], true
		return again, nil
	}
	for restarts := range 2 {
		b, _, y := printing(t, printer.Settings{})
		b.desk.o.Begins = begins
		for i, about := range []string{"S1", "S2"} {
			got := b.desk.Print(t.Context(), slipOf(about))
			if want := restarts == 1 && i == 0; !got.OK || got.Copy != want || y.printed("a copy") != restarts {
				t.Errorf("%s, after %d restarts: %+v", about, restarts, got)
			}
		}
	}
}

// A technician tries a printer: the slip comes out of that one, is never a copy, and what the printer says of itself is
// told; one that says nothing of itself is told to be looked at.
func TestTryAPrinter(t *testing.T) {
	b, _, y := printing(t, printer.Settings{Chinese: "none"})
	slip := pos.Slip{Kind: pos.SlipTest, About: "NYC5AV-03", Lines: []pos.SlipLine{{Text: "a test 测试"}}}
	for i := range 2 {
		got, err := b.desk.Test(t.Context(), "printer", slip)
		if err != nil || !got.OK || got.What != "printed" || got.Args["letters"] == "" || got.Args["qr"]+got.Args["silent"] != "" || y.printed("a test") != i+1 || y.printed("a copy") != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	y.set(4, 0x72, false)
	if got, err := b.desk.Test(t.Context(), "printer", slip); err != nil || got.OK || got.What != "paper" || got.Args["why"] == "" || y.printed("a test") != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	b, _, y = printing(t, printer.Settings{Silent: true})
	if got, err := b.desk.Test(t.Context(), "printer", slip); err != nil || !got.OK || got.Args["silent"] == "" {
		t.Errorf("%+v, %v", got, err)
	}
	y.prints(t, "a test") // it does not say when
}

// Of a slip that is asked for twice at once one is the original; what says something else is no copy of it.
func TestPrintCopies(t *testing.T) {
	b, _, y := printing(t, printer.Settings{})
	said := make(chan pos.Printed, 2)
	for range 2 {
		go func() { said <- b.desk.Print(t.Context(), slipOf("S1")) }()
	}
	if one, other := wait(t, said, "slip"), wait(t, said, "slip"); !one.OK || !other.OK || one.Copy == other.Copy || y.printed("a copy") != 1 {
		t.Errorf("%+v %+v, %d say that they are copies", one, other, y.printed("a copy"))
	}
	for i, text := range []string{"X 2026-07-30", "Z 2026-07-30", "Z 2026-07-30"} {
		got := b.desk.Print(t.Context(), pos.Slip{Kind: pos.SlipDay, About: "2026-07-30", Lines: []pos.SlipLine{{Text: text}}})
		if !got.OK || got.Copy != (i == 2) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// Without paper, with an open cover or switched off nothing is sent, a person is told, and it prints as soon as that is
// mended.
func TestPrinterStops(t *testing.T) {
	b, _, y := printing(t, printer.Settings{})
	for i, c := range []struct {
		question, answer byte
		mute             bool
		want             pos.PrintedAs
	}{{4, 0x72, false, pos.SlipPaper}, {2, 0x16, false, pos.SlipCover}, {1, 0x1a, false, pos.SlipOffline}, {3, 0x1a, false, pos.SlipError}, {1, 0x12, true, pos.SlipNotReady}} {
		y.set(c.question, c.answer, c.mute)
		about := fmt.Sprint("T", i)
		if got := b.desk.Print(t.Context(), slipOf(about)); got.OK || got.What != c.want || got.Why == "" || y.printed("slip") != i {
			t.Errorf("%s: %+v, %d slips", c.want, got, y.printed("slip"))
		}
		if tr := wait(t, b.troubles, "trouble"); tr.Code != pos.TroublePaper || tr.About != "printer" {
			t.Errorf("%+v", tr)
		}
		y.set(4, 0x1e, false) // paper near its end is paper
		if got := b.desk.Print(t.Context(), slipOf(about)); !got.OK || got.Copy {
			t.Errorf("mended: %+v", got)
		}
		if code := wait(t, b.cleared, "all-clear"); code != pos.TroublePaper {
			t.Errorf("cleared %s", code)
		}
		if got := b.desk.Standing()[0].LastError; got != "" {
			t.Errorf("mended, it says %q", got)
		}
	}
}

// A printer that never says anything may be one that cannot: it prints.
func TestSilentPrinter(t *testing.T) {
	s := newSocket(t)
	y := newTray(s)
	y.set(1, 0x12, true)
	b := atWork(t, Config{Name: "printer", Role: pos.RolePrinter, Driver: "escpos", Port: s.path, Baud: 115200})
	b.becomes("printer", pos.DeviceReady)
	if got := b.desk.Print(t.Context(), slipOf("S1")); !got.OK {
		t.Errorf("%+v", got)
	}
	y.prints(t, "slip S1") // it does not say when
}

// The cable is pulled at any byte of a slip: it is told that nobody knows, and when the printer is back the slip is not
// printed again by itself; a person may.
func TestPrinterPulled(t *testing.T) {
	b, s, y := printing(t, printer.Settings{})
	for i, at := range []int{1, 40, 700, 2000} {
		about := fmt.Sprint("P", i)
		y.mu.Lock()
		y.stop, y.pull = len(y.paper)+at, make(chan struct{})
		pull, pulled := y.pull, make(chan struct{})
		y.mu.Unlock()
		go func() {
			<-pull
			s.pull()
			close(pulled)
		}()
		got := b.desk.Print(t.Context(), slipOf(about))
		if got.OK || (got.What != pos.SlipUncertain && got.What != pos.SlipNotReady) {
			t.Errorf("pulled after %d bytes: %+v", at, got)
		}
		b.becomes("printer", pos.DeviceOpening)
		begun := y.printed("slip " + about)
		<-pulled
		s.plug()
		y.mu.Lock()
		y.line, y.cut = s.master, false
		y.mu.Unlock()
		b.becomes("printer", pos.DeviceReady)
		if y.printed("slip "+about) != begun {
			t.Errorf("printed again by itself after byte %d", at)
		}
		if again := b.desk.Print(t.Context(), slipOf(about)); !again.OK || again.Copy != (got.What == pos.SlipUncertain) {
			t.Errorf("printed by a person after byte %d: %+v", at, again)
		}
	}
	if got := b.desk.Print(t.Context(), slipOf("last")); !got.OK {
		t.Errorf("%+v", got)
	}
}

// A register without a printer says so, and so does one whose printer is not there.
func TestNoPrinter(t *testing.T) {
	b := atWork(t)
	if got := b.desk.Print(t.Context(), slipOf("S1")); got.OK || got.What != pos.SlipNoPrinter {
		t.Errorf("%+v", got)
	}
	b = atWork(t, Config{Name: "printer", Role: pos.RolePrinter, Driver: "escpos", Port: t.TempDir() + "/none", Baud: 9600})
	b.becomes("printer", pos.DeviceAbsent)
	begun := time.Now()
	if got := b.desk.Print(t.Context(), slipOf("S1")); got.OK || got.What != pos.SlipNotReady || got.Why == "" || time.Since(begun) >= takenWithin {
		t.Errorf("%+v", got)
	}
}
