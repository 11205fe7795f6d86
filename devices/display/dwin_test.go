package display

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"posd/pos"
)

// panel is a project for a DWIN panel, changed as a test likes.
func panel(change func(*DWINSettings)) Settings {
	d := DWINSettings{TextPage: 1, PayPage: 3, QR: 0x4000, Lines: []int{0x1000, 0x1100, 0x1200, 0x1300}, LineBytes: 80, Encoding: "gbk"}
	if change != nil {
		change(&d)
	}
	return Settings{DWIN: &d}
}

// frames takes the writes of a panel's bytes apart, or fails.
func frames(t *testing.T, b []byte, crc bool) (at []int, data [][]byte) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < 3 || b[0] != 0x5a || b[1] != 0xa5 || len(b) < 3+int(b[2]) || b[3] != dwinWrite {
			t.Fatalf("no frame: %x", b)
		}
		body := b[3 : 3+int(b[2])]
		if crc {
			sum := binary.LittleEndian.Uint16(body[len(body)-2:])
			if body = body[:len(body)-2]; crc16(body) != sum {
				t.Fatalf("check sum %x of %x", sum, body)
			}
		}
		at, data = append(at, int(binary.BigEndian.Uint16(body[1:]))), append(data, body[3:])
		b = b[3+int(b[2]):]
	}
	return at, data
}

// A QR is written behind the page of words, its tail first, and shown last; the first bytes of any page take it off.
func TestDWINWritesBehindThePage(t *testing.T) {
	for _, crc := range []bool{false, true} {
		d := speaks(t, DWIN, panel(func(d *DWINSettings) { d.CRC = crc }))
		text := strings.Repeat("0123456789abcdef", 28) + "0123456789" // 458 bytes
		at, data := frames(t, d.Encode(Page{Kind: pos.PromptQR, Lines: []string{"扫码支付 ¥12.00", "é", "", ""}, QR: text}), crc)
		if want := []int{0x0084, 0x1000, 0x1100, 0x1200, 0x1300, 0x4000 + 120, 0x4000, 0x0084}; !slices.Equal(at, want) {
			t.Fatalf("written to %x, want %x", at, want)
		}
		if data[0][3] != 1 || data[7][3] != 3 {
			t.Errorf("pages %x, then %x", data[0], data[7])
		}
		if got := append(slices.Clone(data[6]), data[5]...); string(got) != text+"\x00\x00" {
			t.Errorf("the QR in memory is %q", got)
		}
		if want := "\xc9\xa8\xc2\xeb\xd6\xa7\xb8\xb6 \xa3\xa412.00\x00\x00"; string(data[1]) != want {
			t.Errorf("a line is %x, want %x", data[1], want)
		}
		at, data = frames(t, d.Encode(Page{Kind: pos.PromptPaid, Lines: []string{"PAID"}}), crc)
		if at[0] != 0x0084 || data[0][3] != 1 || at[len(at)-1] != 0x4000 || !bytes.Equal(data[len(data)-1], []byte{0, 0}) {
			t.Errorf("given up: %x %x", at, data)
		}
	}
	d := speaks(t, DWIN, panel(nil))
	if d.Draws(strings.Repeat("a", 458)) != nil || d.Draws(strings.Repeat("a", 459)) == nil || d.Draws("a\x00b") == nil {
		t.Error("what it draws")
	}
}

// A panel that was restarted shows its first page, says so when it is asked, and is told everything again.
func TestDWINRestarted(t *testing.T) {
	d := speaks(t, DWIN, panel(nil))
	if want := unhex(t, "5aa504830014"+"01"); !bytes.Equal(d.Ask, want) {
		t.Errorf("asked with %x, want %x", d.Ask, want)
	}
	for said, restarted := range map[string]bool{"5aa50683001401" + "0000": true, "5aa50683001401" + "0001": false, "5aa50683001501" + "0000": false, "5aa503824f4b": false} {
		listen := d.Listen()
		got := append(listen(unhex(t, "5aa5ff5a")[:1]), listen(unhex(t, said))...)
		if (len(got) == 1 && got[0].Redraw) != restarted {
			t.Errorf("%s: %v", said, got)
		}
	}
}

// A project that would write one text into another is refused when it is read, not when a shopper stands there.
func TestDWINRefuses(t *testing.T) {
	for what, change := range map[string]func(*DWINSettings){
		"the page where it starts": func(d *DWINSettings) { d.TextPage = 0 },
		"one page for both":        func(d *DWINSettings) { d.PayPage = d.TextPage },
		"a QR too long":            func(d *DWINSettings) { d.MostQR = 459 },
		"no lines":                 func(d *DWINSettings) { d.Lines = nil },
		"lines that overlap":       func(d *DWINSettings) { d.Lines = []int{0x1000, 0x1020} },
		"a line inside the QR":     func(d *DWINSettings) { d.Lines = []int{0x4010} },
		"the system's variables":   func(d *DWINSettings) { d.QR = 0x0082 },
		"memory that ends":         func(d *DWINSettings) { d.QR = 0xfff0 },
		"an alphabet of no panel":  func(d *DWINSettings) { d.Encoding = "big5" },
	} {
		if _, err := DWIN(panel(change)); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if _, err := DWIN(Settings{}); err == nil {
		t.Error("a panel without a project is taken")
	}
}

// Whatever is to be shown, the panel is told whole frames with a right sum, each inside its own variable.
func FuzzDWIN(f *testing.F) {
	f.Add("扫码支付", "https://pay?q=1", true)
	f.Add("\x5a\xa5\x03\x82", strings.Repeat("a", 458), false)
	f.Fuzz(func(t *testing.T, line, qr string, crc bool) {
		d := speaks(t, DWIN, panel(func(d *DWINSettings) { d.CRC = crc }))
		at, data := frames(t, d.Encode(Page{Kind: pos.PromptQR, Lines: []string{line, line, line, line, line}, QR: qr}), crc)
		drawn := qr != "" && d.Draws(qr) == nil
		for i, a := range at {
			most := 0
			switch {
			case a == 0x0084:
				most = 4
			case a >= 0x1000 && a <= 0x1300 && a%0x100 == 0:
				most = 80 + 2
			case a == 0x4000, a == 0x4000+120 && drawn:
				most = dwinFrame
			}
			if len(data[i]) > most || len(data[i])%2 != 0 || (a != 0x0084 && a < 0x4000 && !bytes.HasSuffix(data[i], []byte{0, 0})) {
				t.Errorf("%x: %x", a, data[i])
			}
		}
		if shown := data[len(data)-1][len(data[len(data)-1])-1] == 3; shown != drawn {
			t.Errorf("the page of the QR is shown: %v, want %v", shown, drawn)
		}
	})
}
