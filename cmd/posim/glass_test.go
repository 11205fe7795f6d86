package main

import (
	"errors"
	"image"
	"slices"
	"strings"
	"testing"

	"posd/configs"
	"posd/devices/display"
	"posd/devices/profiles"
	"posd/pos"
)

// shipped is the display dialect of a shipped profile.
func shipped(t *testing.T, name string) display.Dialect {
	t.Helper()
	set, _, err := profiles.Open(configs.Profiles(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	p, ok := set.Find(name)
	if !ok {
		t.Fatalf("no profile %s", name)
	}
	made := map[string]func(display.Settings) (display.Dialect, error){"nextion": display.Nextion, "dwin": display.DWIN, "template": display.Template, "cd5220": display.CD5220, "epson": display.Epson}[p.Driver]
	d, err := made(p.Display)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// pages of a sale, in their order.
func pages(qr string) []display.Page {
	return []display.Page{
		{Kind: pos.PromptIdle, Lines: []string{"欢迎光临", "Welcome"}, Hints: []string{"欢迎光临", "Welcome"}},
		{Kind: pos.PromptQR, Lines: []string{"扫码支付 ¥12.00", "请用支付宝或微信扫一扫"}, Hints: []string{"请扫收银机屏幕", "See cashier screen"}, Amount: "12.00 CNY", QR: qr},
		{Kind: pos.PromptChecking, Lines: []string{"正在确认付款结果"}, Hints: []string{"请勿重复付款", "Do not pay again"}, Amount: "12.00 CNY"},
		{Kind: pos.PromptPaid, Lines: []string{"支付成功：¥12.00"}, Hints: []string{"谢谢", "Paid. Thank you"}, Amount: "12.00 CNY"},
	}
}

// A product set up by its profile shows every page of a sale, however the bytes are cut; its QR is read off its
// pixels and is gone with the first page after it.
func TestProfilesOnGlass(t *testing.T) {
	const text = "https://pay.example/qr?q=U1234"
	for name, c := range map[string]struct {
		glass func() glass
		want  []string
		qr    bool
	}{
		"dwin-dgus2":       {glasses()["dwin"], []string{"欢迎光临 | Welcome", "扫码支付 ￥12.00 | 请用支付宝或微信扫一扫 | [QR]", "正在确认付款结果", "支付成功：￥12.00"}, true},
		"bonrix-dqr":       {glasses()["bonrix"], []string{"????", "12.00 CNY | See cashier screen | [QR]", "12.00 CNY | Do not pay again", "Paid. Thank you | 12.00 CNY"}, true},
		"nextion-35":       {glasses()["nextion"], []string{"欢迎光临 | Welcome", "扫码支付 ¥12.00 | 请用支付宝或微信扫一扫 | [QR]", "正在确认付款结果", "支付成功：¥12.00"}, true},
		"partner-cd5220":   {glasses()["cd5220"], []string{"Welcome", "12.00 CNY | See cashier screen", "12.00 CNY | Do not pay again", "12.00 CNY | Paid. Thank you"}, false},
		"epson-dm-d110":    {glasses()["epson"], []string{"Welcome", "12.00 CNY | See cashier screen", "12.00 CNY | Do not pay again", "12.00 CNY | Paid. Thank you"}, false},
		"posx-xp8200":      {glasses()["epson"], []string{"Welcome", "12.00 CNY | See cashier screen", "12.00 CNY | Do not pay again", "12.00 CNY | Paid. Thank you"}, false},
		"bixolon-bcd-1100": {glasses()["epson"], []string{"Welcome", "12.00 CNY | See cashier screen", "12.00 CNY | Do not pay again", "12.00 CNY | Paid. Thank you"}, false},
	} {
		d := shipped(t, name)
		for _, size := range []int{1, 7, 100000} {
			g := c.glass()
			hear := func(b []byte) {
				for piece := range slices.Chunk(b, size) {
					g.hear(piece)
				}
			}
			g.power()
			hear(d.Open)
			for i, page := range pages(text) {
				hear(d.Encode(page))
				if g.shows() != c.want[i] {
					t.Errorf("%s, %d bytes at a time: it shows %s, want %s", name, size, g.shows(), c.want[i])
				}
				picture, err := g.picture()
				if !c.qr {
					if err == nil {
						t.Errorf("%s has a picture", name)
					}
					continue
				}
				got, err := scanned(picture, err)
				if want := page.QR; got != want || (want == "" && !errors.Is(err, errNoQR)) {
					t.Errorf("%s, page %s: the phone reads %q, %v", name, page.Kind, got, err)
				}
			}
		}
	}
}

func scanned(picture image.Image, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return read(picture)
}

// While a DWIN panel is written to, byte by byte, a shopper can scan the old QR, the new one or none: never a third.
func TestNoHalfQR(t *testing.T) {
	d, g := shipped(t, "dwin-dgus2"), &dwin{}
	long := func(c string) string { return "https://pay.example/" + strings.Repeat(c, 430) }
	g.hear(d.Open)
	g.hear(d.Encode(display.Page{Kind: pos.PromptQR, QR: long("a")}))
	for i, c := range d.Encode(display.Page{Kind: pos.PromptQR, QR: long("b")}) {
		g.hear([]byte{c})
		if g.page != dwinPayPage {
			continue
		}
		if text := g.text(dwinQR, dwinMostQR); text != long("a") && text != long("b") {
			t.Fatalf("after byte %d a shopper scans %d bytes of two QRs", i, len(text))
		}
	}
	picture, err := g.picture()
	if got, err := scanned(picture, err); got != long("b") || err != nil {
		t.Errorf("at the end %q, %v", got, err)
	}
}

// A panel refuses what is no frame, answers what it is asked, and shows nothing of ours after a restart.
func TestDWIN(t *testing.T) {
	g := &dwin{}
	for said, want := range map[string]string{
		"\x5a\xa5\x04\x83\x00\x14\x01": "\x5a\xa5\x06\x83\x00\x14\x01\x00\x00", "\x5a\xa5\x05\x82\x50\x00Hi": "\x5a\xa5\x03\x82OK",
		"hello": "", "\x5a\xa5\x02\x82\x00": "", "\x5a\xa5\x04\x82\x50\x00H": "", "\x5a\xa5\x05\x99\x50\x00Hi": "",
	} {
		if got := string(g.hear([]byte(said))); got != want {
			t.Errorf("%q is answered with %q, want %q", said, got, want)
		}
	}
	if g.wrong == 0 || !strings.Contains(g.shows(), "refused") {
		t.Errorf("it shows %s", g.shows())
	}
	d := shipped(t, "dwin-dgus2")
	g.hear(d.Encode(pages("https://pay")[1]))
	g.power()
	if !strings.HasPrefix(g.shows(), "(") {
		t.Errorf("after a restart it shows %s", g.shows())
	}
	listen := d.Listen()
	if heard := listen(g.hear(d.Ask)); len(heard) != 1 || !heard[0].Redraw {
		t.Errorf("asked after a restart: %v", heard)
	}
}

// A pole that is set to another command set shows the letters of the commands: a technician sees it at once.
func TestPoleOfTheOtherSet(t *testing.T) {
	g := &pole{set: "epson"}
	g.hear(shipped(t, "partner-cd5220").Encode(pages("")[3]))
	if !strings.Contains(g.shows(), "QBPaid. Thank you") {
		t.Errorf("it shows %s", g.shows())
	}
}

// The cable of a display that keeps its power is pulled after any byte of a page: told the next page from the begin, it
// shows that page, and never a QR that nobody sent.
func TestHalfAPage(t *testing.T) {
	const text = "https://pay.example/qr?q=U1234"
	for name, made := range map[string]func() glass{"dwin-dgus2": glasses()["dwin"], "bonrix-dqr": glasses()["bonrix"], "nextion-35": glasses()["nextion"],
		"partner-cd5220": glasses()["cd5220"], "epson-dm-d110": glasses()["epson"]} {
		d := shipped(t, name)
		before := d.Encode(pages(text)[0])
		half := d.Encode(pages(text)[1])
		next := pages(text)[2]
		clean := made()
		clean.hear(d.Open)
		clean.hear(d.Encode(next))
		for cut := range half {
			g := made()
			g.hear(d.Open)
			g.hear(before)
			g.hear(half[:cut])
			if picture, err := g.picture(); err == nil && (cut == 0 || cut%7 == 0) {
				if got, err := read(picture); err == nil && got != text {
					t.Fatalf("%s, cut at %d: a shopper scans %q", name, cut, got)
				}
			}
			g.hear(d.Open)
			g.hear(d.Encode(next))
			got, _, _ := strings.Cut(g.shows(), " | (") // what was cut is refused
			got, _, _ = strings.Cut(got, " (")
			if got != clean.shows() {
				t.Fatalf("%s, cut at %d of %d: it shows %s, want %s", name, cut, len(half), g.shows(), clean.shows())
			}
		}
	}
}
