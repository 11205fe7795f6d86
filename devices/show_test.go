package devices

import (
	"strings"
	"testing"
	"time"

	"posd/pos"
)

const end = "\xff\xff\xff" // of a panel's instructions and answers

// told is what the display is told from now until it was told a text; the rest is left for the next call.
func (s *socket) told(want string) string {
	s.t.Helper()
	late := time.After(patience)
	for !strings.Contains(s.rest, want) {
		select {
		case b := <-s.heard:
			s.rest += string(b)
		case <-late:
			s.t.Fatalf("the display was told %q, not %q", s.rest, want)
		}
	}
	i := strings.Index(s.rest, want) + len(want)
	said := s.rest[:i]
	s.rest = s.rest[i:]
	return said
}

func payWith(qr string) pos.Prompt {
	return pos.Prompt{Kind: pos.PromptQR, QR: qr, Amount: pos.Amount{Minor: 12950, Currency: "USD"}}
}

const lastLine = `t3.txt=""` + end // the end of every page

// A panel is told a QR, and when it is given up the first bytes take it off. A panel that lost its power with
// the cable in says so, and is set up and told the same again.
func TestPanel(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "display", Role: pos.RoleDisplay, Driver: "nextion", Port: s.path, Baud: 9600})
	b.becomes("display", pos.DeviceReady)
	if got := s.told(lastLine); !strings.HasPrefix(got, end+"bkcmd=3"+end+"page text"+end+`t0.txt="idle"`) {
		t.Errorf("it begins with %q", got)
	}
	b.desk.Show(payWith("https://pay.example/?q=U1"))
	paying := s.told(lastLine)
	if !strings.HasPrefix(paying, "page pay"+end+`qr0.txt="https://pay.example/?q=U1"`+end+`t0.txt="qr"`+end) {
		t.Errorf("a QR is told as %q", paying)
	}
	s.say("\x00\x00\x00" + end + "\x88" + end)
	if got := s.told(lastLine); got != end+"bkcmd=3"+end+paying {
		t.Errorf("a restarted panel is told %q", got)
	}
	b.desk.Show(pos.Prompt{Kind: pos.PromptChecking})
	if got := s.told(lastLine); !strings.HasPrefix(got, "page text"+end) || strings.Contains(got, "pay.example") {
		t.Errorf("given up, it is told %q", got)
	}
	if d := b.desk.Standing()[0]; d.LastError != "" || d.Counters.Rejected != 0 {
		t.Errorf("%+v", d)
	}
}

// A QR that a panel would draw wrong is not drawn: its lines say so, and a person is told without the text.
func TestQRThatDoesNotFit(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "display", Role: pos.RoleDisplay, Driver: "nextion", Port: s.path, Baud: 9600})
	b.becomes("display", pos.DeviceReady)
	s.told(lastLine)
	for _, qr := range []string{strings.Repeat("a", 256), `a"b`, "a" + end + "b", "é"} {
		b.desk.Show(payWith(qr))
		if got := s.told(lastLine); !strings.HasPrefix(got, "page text"+end+`t0.txt="qr elsewhere"`) || strings.Contains(got, "qr0") {
			t.Errorf("%q is told as %q", qr, got)
		}
		if tr := wait(t, b.troubles, "trouble"); tr.Code != pos.TroubleDisplayRefuses || tr.About != "display" || !tr.Passing {
			t.Errorf("%+v", tr)
		}
		if d := b.desk.Standing()[0]; d.State != pos.DeviceReady || d.LastError == "" || strings.Contains(d.LastError, qr) {
			t.Errorf("%+v", d)
		}
	}
}

// A panel that refuses a page is told it once more, for a letter may have been lost; refused again, a person is
// told why, and the panel is left alone until the next prompt.
func TestPanelRefuses(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "display", Role: pos.RoleDisplay, Driver: "nextion", Port: s.path, Baud: 9600})
	b.becomes("display", pos.DeviceReady)
	s.told(lastLine)
	s.say("\x1a" + end)
	if got := s.told(lastLine); !strings.HasPrefix(got, "page text"+end) {
		t.Errorf("it is told %q once more", got)
	}
	s.say("\x1a" + end)
	if tr := wait(t, b.troubles, "trouble"); tr.Code != pos.TroubleDisplayRefuses {
		t.Errorf("%+v", tr)
	}
	if d := b.becomes("display", pos.DeviceReady); d.LastError != "the display refuses: no such variable" || d.Counters.Rejected != 2 {
		t.Errorf("%+v", d)
	}
	b.desk.Show(pos.Prompt{Kind: pos.PromptPaid})
	if got := s.told(lastLine); !strings.HasPrefix(got, `page text`+end+`t0.txt="paid"`) {
		t.Errorf("refused twice, it is told %q", got)
	}
}

// A display that has no QR says where one is; it was chosen so, and nobody is troubled.
func TestQRElsewhere(t *testing.T) {
	s := newSocket(t)
	b := atWork(t, Config{Name: "display", Role: pos.RoleDisplay, Driver: "text", Port: s.path, Baud: 9600})
	b.becomes("display", pos.DeviceReady)
	b.desk.Show(payWith("https://pay.example/?q=U1"))
	if got := s.told("129.50 USD\r\n"); !strings.Contains(got, "\fqr elsewhere\r\n") || strings.Contains(got, "pay.example") {
		t.Errorf("it is told %q", got)
	}
	select {
	case tr := <-b.troubles:
		t.Errorf("%+v", tr)
	default:
	}
}
