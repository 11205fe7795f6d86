package main

import (
	"path/filepath"
	"strings"
	"testing"
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
