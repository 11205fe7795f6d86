package main

import (
	"errors"
	"image"
	"image/draw"
	"path/filepath"
	"strings"
	"testing"

	"posd/devices/display"
)

const end = "\xff\xff\xff"

// The panel obeys its instruction set however the bytes are cut, refuses the rest, and its QR is read off
// its pixels.
func TestPanel(t *testing.T) {
	said := end + "bkcmd=3" + end + "page pay" + end + `qr0.txt="https://pay.example/qr?q=U1234"` + end + `t0.txt="¥ 129.50"` + end
	for cut := range len(said) + 1 {
		p := newPanel()
		answers := string(p.hear([]byte(said[:cut]))) + string(p.hear([]byte(said[cut:])))
		if answers != strings.Repeat("\x01"+end, 4) || p.shows() != "¥ 129.50 | [QR]" {
			t.Fatalf("cut at %d: %q, shows %s", cut, answers, p.shows())
		}
	}
	p := newPanel()
	p.hear([]byte(said))
	file := filepath.Join(t.TempDir(), "glass.png")
	b := &boutique{screen: p}
	if _, err := picture(t.Context(), b, []string{file}); err != nil {
		t.Fatal(err)
	}
	if text, err := readFile(file); err != nil || text != "https://pay.example/qr?q=U1234" {
		t.Errorf("the phone read %q, %v", text, err)
	}
	for refused, code := range map[string]string{"dim=": "\x00", "page none": "\x03", `qr0.txt="x"`: "\x1a", `t9.txt="x"`: "\x1a", `t0.txt="a"b"`: "\x00"} {
		p := newPanel()
		if got := string(p.hear([]byte(refused + end))); got != code+end {
			t.Errorf("%q is answered with %q", refused, got)
		}
	}
	p.hear([]byte("page text" + end))
	if glass, err := p.picture(); err != nil {
		t.Error(err)
	} else if _, err := read(glass); err == nil {
		t.Error("a QR is still on the glass")
	}
	if got := string(p.hear([]byte(strings.Repeat("x", 5000)))); got != "\x24"+end {
		t.Errorf("an instruction without an end: %q", got)
	}
}

// Whatever QR the driver agrees to draw, a phone reads the same text off the glass; the next prompt takes it off
// with its first bytes; and no line is ever an instruction that the panel refuses.
func TestDriverToGlass(t *testing.T) {
	speak, err := display.Nextion(display.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	p := newPanel()
	p.hear(speak.Open)
	for n := 1; n <= 255; n += 23 {
		text := ("https://pay.example/?q=" + strings.Repeat("Az09-._~", 40))[:n]
		if err := speak.Draws(text); err != nil {
			t.Fatal(err)
		}
		p.hear(speak.Encode(display.Page{Lines: []string{`C"est\` + end + "ici", "请扫码"}, QR: text}))
		glass, err := p.picture()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(glass); got != text || err != nil {
			t.Errorf("%d bytes are read as %q, %v", n, got, err)
		}
		off := speak.Encode(display.Page{Lines: []string{"PAID"}})
		p.hear(off[:strings.Index(string(off), end)+len(end)])
		if glass, err = p.picture(); err != nil {
			t.Fatal(err)
		}
		if _, err := read(glass); !errors.Is(err, errNoQR) {
			t.Errorf("after the first instruction a phone reads: %v", err)
		}
		p.hear(off[strings.Index(string(off), end)+len(end):])
	}
	if p.wrong != 0 || p.shows() != "PAID" {
		t.Errorf("%d refused, it shows %s", p.wrong, p.shows())
	}
}

// A panel that is given power while its cable is in says that it is ready.
func TestPanelPower(t *testing.T) {
	b, err := open(t.Context(), "127.0.0.1:0", t.TempDir(), "nextion", "line")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	const greeting = "\x00\x00\x00" + end + "\x88" + end
	line := connect(t, b.places.Display)
	if got := reads(t, line, len(greeting)); got != greeting {
		t.Errorf("plugged in, it says %q", got)
	}
	if _, err := line.WriteString(`t0.txt="Pay"` + end); err != nil {
		t.Fatal(err)
	}
	says(t, b, "until Pay 5s")
	says(t, b, "power")
	if got := reads(t, line, len(greeting)); got != greeting || says(t, b, "display").Say != "nothing" {
		t.Errorf("given power, it says %q and shows %s", got, b.screen.shows())
	}
	says(t, b, "pull display")
	if r := b.carryOut(t.Context(), "power"); r.OK {
		t.Error("a panel without its cable was heard")
	}
	if r := b.carryOut(t.Context(), "shopper scans"); r.OK || r.Say != errNoQR.Error() {
		t.Errorf("%+v", r)
	}
}

// The phone reads a QR whose dark modules its finder takes for a corner, on the glass and on a larger page beside
// something dark; a picture too small for a QR is none.
func TestPhoneLooksAgain(t *testing.T) {
	for _, text := range []string{
		"https://uat.citconpay.com/qr?q=U280001040894",
		"https://uat.citconpay.com/qr?q=U280001820032",
		"https://uat.citconpay.com/qr?q=1c48ea5d07d5fd60",
		"https://uat.citconpay.com/qr?q=f384699dec8208c4",
	} {
		glass, err := drawn(text)
		if err != nil {
			t.Fatal(err)
		}
		page := image.NewGray(image.Rect(0, 0, 800, 600))
		draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(page, glass.Bounds().Add(image.Pt(160, 140)), glass, image.Point{}, draw.Src)
		draw.Draw(page, image.Rect(20, 20, 60, 36), image.Black, image.Point{}, draw.Src)
		for name, picture := range map[string]image.Image{"glass": glass, "page": page} {
			if got, err := read(picture); err != nil || got != text {
				t.Errorf("%s: %s is read as %q, %v", name, text, got, err)
			}
		}
	}
	for side := range 9 {
		if got, err := read(image.NewGray(image.Rect(0, 0, side, side))); err == nil {
			t.Errorf("%d pixels wide, it is read as %q", side, got)
		}
	}
}
