package devices

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"posd/devices/display"
	"posd/devices/line"
	"posd/devices/supervise"
	"posd/pos"
)

// aDisplay is a display of each kind, with what its profile would say.
func aDisplay(driver, port string) Config {
	c := Config{Name: driver, Role: pos.RoleDisplay, Driver: driver, Port: port, Baud: 115200}
	switch driver {
	case "dwin":
		c.Display.DWIN = &display.DWINSettings{TextPage: 1, PayPage: 2, QR: 0x4000, Lines: []int{0x1000, 0x1100, 0x1200, 0x1300}, LineBytes: 80}
	case "template":
		c.Display.Template = &display.TemplateSettings{MostQR: 200, Clear: "0C", Open: "0A", Show: map[string]string{"qr": "02 F2 {len16} ( {qr} ) 03", "text": "'T' {line1} '|' {amount} 0A"}}
	}
	return c
}

// whole is everything that a display is told when its line was opened.
func whole(t *testing.T, b *bench, c Config, p pos.Prompt) []byte {
	t.Helper()
	speak, err := displayDialect(c)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := b.desk.page(c, speak, p, &supervise.Tally{})
	return append(bytes.Clone(speak.Open), page...)
}

// Displays of every kind are unplugged at every byte of a page, and plugged in again: each is ready within two seconds
// and is told the whole page, and nothing is left behind.
func TestDisplayReplug(t *testing.T) {
	var users sync.WaitGroup
	var mu sync.Mutex
	var slowest time.Duration
	held := stalls(t)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	t.Run("all", func(t *testing.T) {
		kinds := Drivers()[pos.RoleDisplay]
		for n, driver := range kinds {
			s := newSocket(t)
			s.pull()
			c := aDisplay(driver, s.path)
			var got []byte // since it was plugged in
			cut := -1      // pulled after so many
			reached := make(chan bool, 1)
			want := 0
			s.each = func(b byte) bool {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, b)
				if (cut >= 0 && len(got) > cut) || (cut < 0 && len(got) == want) {
					reached <- true
					return cut < 0
				}
				return true
			}
			expect := func(n, at int) {
				mu.Lock()
				defer mu.Unlock()
				got, want, cut = nil, n, at
			}
			seen := func() []byte {
				mu.Lock()
				defer mu.Unlock()
				return bytes.Clone(got)
			}
			b := &bench{}
			users.Go(func() {
				for i := n; i < *replugs; i += len(kinds) {
					p := payWith(fmt.Sprintf("https://pay.example/?q=U%06d", i))
					if b.desk == nil {
						b = atWork(t, c)
						b.desk.Show(p)
						all := whole(t, b, c, p)
						expect(len(all), -1)
						s.plug()
						wait(t, reached, "page")
						b.becomes(driver, pos.DeviceReady)
					}
					speak, _ := displayDialect(c)
					page, _ := b.desk.page(c, speak, p, &supervise.Tally{})
					at := (i / len(kinds)) % len(page)
					expect(0, at)
					b.desk.Show(p)
					wait(t, reached, "half a page")
					s.pull()
					if half := seen(); !bytes.Equal(half, page[:at+1]) {
						t.Errorf("%s was told %q, want %q", driver, half, page[:at+1])
					}
					all := whole(t, b, c, p)
					expect(len(all), -1)
					back, late := time.Now(), held()
					s.plug()
					wait(t, reached, "page after it came back")
					mu.Lock()
					slowest = max(slowest, time.Since(back)-(held()-late))
					mu.Unlock()
					if told := seen(); !bytes.HasPrefix(told, all) {
						t.Errorf("%s, unplugged at byte %d, is told %q, want %q", driver, at, told, all)
					}
					for len(b.told) > 0 {
						<-b.told
					}
				}
			})
		}
		users.Wait()
	})
	if slowest > 2*time.Second {
		t.Errorf("one had its page only %s after it came back, the machine's own delays not counted", slowest)
	}
	if now := runtime.NumGoroutine(); now > goroutines+*replugs/4 { // some may still be on their way out
		t.Errorf("%d goroutines, %d before", now, goroutines)
	}
	if now := openFiles(t); now > files {
		t.Errorf("%d files are open, %d before", now, files)
	}
	t.Logf("%d times; the slowest had its page after %s", *replugs, slowest.Round(time.Millisecond))
}

// What a display says late, twice, cut or as noise changes nothing of what it is told next, and a megabyte of it stops
// nobody.
func TestDisplayTalksNonsense(t *testing.T) {
	noise := strings.Repeat("\x5a\xa5\x03\x82OK\x01\xff\xff\xff noise \x00\xff", 1<<16)
	for _, driver := range Drivers()[pos.RoleDisplay] {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			s := newSocket(t)
			c := aDisplay(driver, s.path)
			b := atWork(t, c)
			b.becomes(driver, pos.DeviceReady)
			for i, said := range []string{"\x01" + end + "\x01" + end, "\x5a\xa5\x03\x82OK\x5a\xa5\x03\x82", "OK", "\x00\xff\x5a", noise} {
				s.say(said)
				p := payWith(fmt.Sprintf("https://pay.example/?q=N%d", i))
				b.desk.Show(p)
				speak, err := displayDialect(c)
				if err != nil {
					t.Fatal(err)
				}
				page, _ := b.desk.page(c, speak, p, &supervise.Tally{})
				s.told(string(page))
			}
			if d := b.desk.Standing()[0]; d.State != pos.DeviceReady || d.Counters.Reopened != 0 {
				t.Errorf("%+v", d)
			}
		})
	}
}

// A display that takes no bytes is given up in time, a person is told, and it is told the latest prompt when it comes back.
func TestDisplayTakesNothing(t *testing.T) {
	t.Parallel()
	s := newSocket(t)
	s.pull()
	s.each = func(byte) bool { return false } // reads one byte, and never again
	s.plug()
	b := atWork(t, aDisplay("nextion", s.path))
	b.becomes("nextion", pos.DeviceReady)
	late := time.After(patience)
	for i := 0; ; i++ {
		b.desk.Show(payWith(fmt.Sprintf("https://pay.example/?q=%s%d", strings.Repeat("x", 200), i)))
		select {
		case d := <-b.told:
			if d.State == pos.DeviceReady {
				continue
			}
			if !strings.Contains(d.LastError, line.ErrStuck.Error()) {
				t.Errorf("it says %q", d.LastError)
			}
		case <-time.After(5 * time.Millisecond): // a page is 300 bytes, and the line holds some thousand
			continue
		case <-late:
			t.Fatal("nobody noticed")
		}
		break
	}
	s.pull()
	s.each = nil
	s.plug()
	b.desk.Show(pos.Prompt{Kind: pos.PromptPaid})
	s.told(`t0.txt="paid"`)
}

// A display comes back under another number, as a cable in another socket does; its twin beside it is not taken for it.
func TestTwoEqualDisplays(t *testing.T) {
	left, right := newSocket(t), newSocket(t)
	first, second := aDisplay("cd5220", left.path), aDisplay("cd5220", right.path)
	first.Name, second.Name = "left", "right"
	b := atWork(t, first, second)
	left.told("\x1bQB")
	right.told("\x1bQB")
	left.pull()
	b.becomes("left", pos.DeviceOpening)
	b.desk.Show(pos.Prompt{Kind: pos.PromptPaid, Amount: pos.Amount{Minor: 1200, Currency: "CNY"}})
	right.told("\x1bQA12.00 CNY")
	before, err := os.Readlink(right.path)
	if err != nil {
		t.Fatal(err)
	}
	left.plug()
	if now, err := os.Readlink(left.path); err != nil || now == before {
		t.Errorf("both are at %s, %v", now, err)
	}
	left.told("\x1b@\x1b_\x00\x0c\x1bQA12.00 CNY")
}

// A DWIN panel that was restarted with its cable in is noticed within a few seconds, and told everything again.
func TestPanelThatSaysNothing(t *testing.T) {
	t.Parallel()
	s := newSocket(t)
	c := aDisplay("dwin", s.path)
	b := atWork(t, c)
	b.becomes("dwin", pos.DeviceReady)
	p := payWith("https://pay.example/?q=U1")
	b.desk.Show(p)
	all := string(whole(t, b, c, p))
	s.told("\x5a\xa5\x04\x83\x00\x14\x01") // which page?
	s.say("\x5a\xa5\x06\x83\x00\x14\x01\x00\x00")
	s.told(all)
	if d := b.desk.Standing()[0]; d.LastError != "" || d.Counters.Rejected != 0 {
		t.Errorf("%+v", d)
	}
}

// A box without words says so once, not at every prompt; a display on a line that is too slow is refused with the reason.
func TestDisplayThatCannot(t *testing.T) {
	s := newSocket(t)
	c := Config{Name: "box", Role: pos.RoleDisplay, Driver: "template", Port: s.path, Baud: 115200,
		Display: display.Settings{Template: &display.TemplateSettings{MostQR: 200, Clear: "0C", Show: map[string]string{"qr": "'Q' {qr} 0D", "paid": "'tick'"}}}}
	b := atWork(t, c)
	b.becomes("box", pos.DeviceReady)
	for range 3 {
		b.desk.Show(pos.Prompt{Kind: pos.PromptConfirm})
		s.told("\f")
		b.desk.Show(pos.Prompt{Kind: pos.PromptPaid})
		s.told("tick")
	}
	if tr := wait(t, b.troubles, "trouble"); tr.Code != pos.TroubleDisplayRefuses || !tr.Passing {
		t.Errorf("%+v", tr)
	}
	if len(b.troubles) > 0 {
		t.Error("it was said again")
	}
	if d := b.desk.Standing()[0]; d.LastError != display.ErrNoWords.Error() {
		t.Errorf("it says %q", d.LastError)
	}
	slow := Config{Role: pos.RoleDisplay, Driver: "nextion", Baud: 4800}
	if err := Fits(slow); err == nil || !strings.Contains(err.Error(), "more than 1s") || !strings.Contains(err.Error(), "4800 baud") {
		t.Errorf("%v", err)
	}
	for _, driver := range Drivers()[pos.RoleDisplay] {
		fast := aDisplay(driver, "")
		if err := Fits(fast); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
	}
}
