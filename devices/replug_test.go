package devices

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posd/devices/scanner"
	"posd/pos"
)

var replugs = flag.Int("replugs", 64, "how often scanners are unplugged in the middle of a code, and displays in the middle of a page")

// plugged is a scanner that can be unplugged.
type plugged interface {
	plug()
	pull()
	say(string)
}

// Scanners of every kind are unplugged at every byte of a scan, and plugged in again; every other time the rest of the
// scan comes when they are back, out of an adapter that kept it. Half a code is never seen, each is ready within two
// seconds, and nothing is left behind.
func TestReplug(t *testing.T) {
	type one struct {
		plugged
		name string
		as   func(string) string
	}
	var all []one
	var list []Config
	drivers := scanners()
	add := func(p plugged, driver, port string, as func(string) string) {
		name := fmt.Sprintf("%s-%d", driver, len(all))
		all = append(all, one{p, name, as})
		list = append(list, Config{Name: name, Role: pos.RoleScanner, Driver: driver, Port: port, Baud: 9600})
	}
	outlets := map[string]*outlet{}
	plug := func(ctx context.Context, c Config) (opened, dialect, error) {
		return outlets[c.Port].driver(ctx, c)
	}
	drivers["hidpos"], drivers["evdev"] = plug, plug
	for i := range 4 {
		s, z := newSocket(t), newSocket(t)
		add(s, "line", s.path, asLine)
		add(z, "ssi", z.path, asSSI)
		h, k := newOutlet(t, honeywellLike), newOutlet(t, "")
		outlets[fmt.Sprintf("hid%d", i)], outlets[fmt.Sprintf("keys%d", i)] = h, k
		add(h, "hidpos", fmt.Sprintf("hid%d", i), asReports)
		add(k, "evdev", fmt.Sprintf("keys%d", i), asKeys)
	}
	scans, ready := map[string]chan pos.Scan{}, map[string]chan time.Time{}
	for _, c := range list {
		scans[c.Name], ready[c.Name] = make(chan pos.Scan, 16), make(chan time.Time, 16)
	}
	d, err := newDesk(Options{Devices: list, Log: slog.New(slog.DiscardHandler), Scanned: func(s pos.Scan) { scans[s.Device] <- s },
		Tell: func(v pos.Device) {
			if v.State == pos.DeviceReady {
				select {
				case ready[v.Name] <- time.Now():
				default: // its error changed
				}
			}
		}, Trouble: func(pos.Trouble) {}, Clear: func(pos.TroubleCode, string) {}}, drivers)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	for _, c := range all {
		<-ready[c.name]
	}
	held := stalls(t)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	var users sync.WaitGroup
	var slowest time.Duration
	var mu sync.Mutex
	for n, c := range all {
		users.Go(func() {
			for i := n; i < *replugs; i += len(all) {
				half, whole := c.as(fmt.Sprintf("13%016d", 2*i)), fmt.Sprintf("13%016d", 2*i+1)
				round := i / len(all)
				cut := (round/2 + len(half)/2) % len(half)
				c.say(half[:cut])
				c.pull()
				for len(ready[c.name]) > 0 {
					<-ready[c.name]
				}
				back, late := time.Now(), held()
				c.plug()
				if round%2 == 1 {
					c.say(half[cut:])
				}
				select {
				case at := <-ready[c.name]:
					if round%2 == 0 { // else it had not finished speaking
						mu.Lock()
						slowest = max(slowest, at.Sub(back)-(held()-late))
						mu.Unlock()
					}
				case <-time.After(patience):
					t.Errorf("%s did not come back", c.name)
					return
				}
				if s := shown(t, scans[c.name], func() { c.say(c.as(whole)) }); s.Code.Reveal() != whole || !s.Whole {
					t.Errorf("%s, unplugged at byte %d: %q came out, not %q", c.name, cut, s.Code.Reveal(), whole)
				}
			}
		})
	}
	users.Wait()
	for name, more := range scans {
		for len(more) > 0 {
			if code := (<-more).Code.Reveal(); (code[len(code)-1]-'0')%2 == 0 { // of the halves; the others were shown again
				t.Errorf("%s: %q came out after all", name, code)
			}
		}
	}
	if slowest > 2*time.Second {
		t.Errorf("one was ready only %s after it came back, the machine's own delays not counted", slowest)
	}
	if now := runtime.NumGoroutine(); now > goroutines+len(all)/2 {
		t.Errorf("%d goroutines, %d before", now, goroutines)
	}
	if now := openFiles(t); now > files {
		t.Errorf("%d files are open, %d before", now, files)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	t.Logf("%d times; the slowest was ready after %s", *replugs, slowest.Round(time.Millisecond))
}

// stalls adds up how long this machine kept the test from running: what is measured is late by as much as that grew
// meanwhile.
func stalls(t *testing.T) (held func() time.Duration) {
	const beat = 20 * time.Millisecond
	var late atomic.Int64
	tick := time.NewTicker(beat)
	done := make(chan bool)
	go func() {
		for last := time.Now(); ; {
			select {
			case <-done:
				return
			case <-tick.C:
				now := time.Now()
				late.Add(max(0, int64(now.Sub(last)-beat)))
				last = now
			}
		}
	}()
	t.Cleanup(func() {
		tick.Stop()
		close(done)
	})
	return func() time.Duration { return time.Duration(late.Load()) }
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A scanner in HID POS mode is woken, read, and told what became of its code, in whole reports.
func TestReports(t *testing.T) {
	o := newOutlet(t, honeywellLike)
	drivers := scanners()
	drivers["hidpos"] = o.driver
	b := atWorkWith(t, drivers, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "hidpos", Port: "hid", Scanner: scanner.Settings{
		Bad: scanner.Bytes{0xfd, 3, 0x16, 7, 0x0d}, Trigger: scanner.Bytes{0xfd, 3, 0x16, 0x54, 0x0d}}})
	b.becomes("scanner", pos.DeviceReady)
	if got := shown(t, b.scans, func() { o.say(asReports("134567890123456789")) }); got.Code.Reveal() != "134567890123456789" || got.AIM != "]C0" || !got.Whole {
		t.Errorf("%+v", got)
	}
	b.desk.Feel("scanner", false)
	if got := o.hears(); got != "\xfd\x03\x16\x07\x0d\x00\x00\x00" {
		t.Errorf("it feels %x", got)
	}
	b.desk.Show(pos.Prompt{Kind: pos.PromptScan})
	if got := o.hears(); got != "\xfd\x03\x16\x54\x0d\x00\x00\x00" {
		t.Errorf("it is told %x", got)
	}
}

// A keyboard in place of a scanner is refused by name.
func TestWrongMode(t *testing.T) {
	o := newOutlet(t, "05010906a101050719e029e71500250175019508810295017508810395067508150025650507190029658100c0")
	drivers := scanners()
	drivers["hidpos"] = o.driver
	b := atWorkWith(t, drivers, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "hidpos", Port: "hid"})
	if d := b.becomes("scanner", pos.DeviceAbsent); !strings.Contains(d.LastError, "HID POS mode") {
		t.Errorf("%q", d.LastError)
	}
}

// A scanner that cannot be woken says so, and is read all the same.
func TestAsleep(t *testing.T) {
	o := newOutlet(t, honeywellLike)
	drivers := scanners()
	drivers["hidpos"] = o.driver
	b := atWorkWith(t, drivers, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "hidpos", Port: "hid", Scanner: scanner.Settings{Feature: scanner.Bytes{0xfe, 1}}})
	for !strings.Contains(b.becomes("scanner", pos.DeviceReady).LastError, "feature report") {
	}
	if got := shown(t, b.scans, func() { o.say(asReports("134567890123456789")) }); got.Code.Reveal() != "134567890123456789" {
		t.Errorf("%d bytes", len(got.Code.Reveal()))
	}
}

// Half typed, then silence; a grabbed keyboard that types a code.
func TestTyping(t *testing.T) {
	o := newOutlet(t, "")
	drivers := scanners()
	drivers["evdev"] = o.driver
	b := atWorkWith(t, drivers, Config{Name: "scanner", Role: pos.RoleScanner, Driver: "evdev", Port: "keys"})
	b.becomes("scanner", pos.DeviceReady)
	o.say(asKeys("134567")[:24*6])
	for b.desk.Standing()[0].Counters.Rejected == 0 {
		runtime.Gosched()
	}
	if got := shown(t, b.scans, func() { o.say(asKeys("134567890123456789")) }); got.Code.Reveal() != "134567890123456789" || !got.Whole {
		t.Errorf("%d bytes", len(got.Code.Reveal()))
	}
}
