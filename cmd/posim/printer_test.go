package main

import (
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"posd/configs"
	printing "posd/devices/printer"
	"posd/devices/profiles"
	"posd/pos"
)

var slipPicture = flag.String("slip-picture", "", "write the slip of the test to this PNG, to be looked at")

// aSlip has everything that a slip can have.
func aSlip() pos.Slip {
	return pos.Slip{Kind: pos.SlipPaid, About: "S1", Lines: []pos.SlipLine{
		{Text: "MAISON", Center: true, Large: true, Bold: true},
		{Text: "5th Avenue, New York", Center: true},
		{Rule: true},
		{Text: "小票 / Reçu", Right: "T-1042"},
		{Text: "应付 Total", Right: "129.50 USD", Bold: true},
		{Text: "A handbag of a name that is much longer than any paper of this world is wide", Right: "120.00 USD"},
		{Text: "PAID 已付款", Center: true, Large: true},
		{Rule: true},
		{QR: "https://pay.example/slip?s=S1"},
		{Text: "Thank you · Merci · 谢谢惠顾", Center: true},
	}}
}

func table(n int) *int { return &n }

// A slip is printed as it was meant, however its bytes are cut; its QR is read off the dots; nothing is a command that the
// printer does not know.
func TestSlipOnPaper(t *testing.T) {
	for name, s := range map[string]printing.Settings{
		"a printer with Chinese":         {Encoding: "cp858", Table: table(0x13), Chinese: "gb18030"},
		"one that only knows pictures":   {Encoding: "windows-1252", Table: table(0x10), Chinese: "gbk", QR: "raster", Cut: "full"},
		"narrow paper":                   {Width: 58, Encoding: "cp858", Table: table(0x13), Chinese: "gbk", Cut: "partial"},
		"one without Chinese or accents": {Cut: "none"},
	} {
		d, err := printing.ESCPOS(s)
		if err != nil {
			t.Fatal(err)
		}
		b, lacks := d.Encode(aSlip())
		var first string
		for _, size := range []int{1, 3, 64, len(b)} {
			p := newPrinter()
			for piece := range slices.Chunk(b, size) {
				p.hear(piece)
			}
			text := p.text()
			if first == "" {
				first = text
			}
			if text != first || p.refused() > 0 || len(p.pending) > 0 {
				t.Errorf("%s, %d bytes at a time:\n%s", name, size, text)
			}
			if got := p.qrs(); !reflect.DeepEqual(got, []string{"https://pay.example/slip?s=S1"}) {
				t.Errorf("%s: the phone reads %q", name, got)
			}
			if *slipPicture != "" && size == 64 && name == "a printer with Chinese" {
				picture, err := p.picture()
				if err != nil {
					t.Fatal(err)
				}
				f, err := os.Create(*slipPicture)
				if err != nil {
					t.Fatal(err)
				}
				if err := png.Encode(f, picture); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		whole := !strings.Contains(name, "without")
		if lacks.Letters == whole || lacks.QR || strings.Contains(first, "谢谢惠顾") != whole || strings.Contains(first, "Reçu") != whole {
			t.Errorf("%s: %+v\n%s", name, lacks, first)
		}
		for line := range strings.Lines(first) {
			columns := map[bool]int{true: 32, false: 48}[s.Width == 58]
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > columns {
				t.Errorf("%s: a line of %d letters: %q", name, n, line)
			}
		}
	}
}

// What stands on paper of 80 mm, to the letter.
func TestSlipText(t *testing.T) {
	d, err := printing.ESCPOS(printing.Settings{Encoding: "cp858", Table: table(0x13), Chinese: "gb18030"})
	if err != nil {
		t.Fatal(err)
	}
	p := newPrinter()
	b, _ := d.Encode(aSlip())
	p.hear(b)
	want, err := os.ReadFile(filepath.Join("testdata", "slip.want"))
	if err != nil || p.text() != string(want) {
		t.Errorf("%v\n%s", err, p.text())
	}
}

// The printer says how it stands, and prints nothing without paper.
func TestPrinterStands(t *testing.T) {
	p := newPrinter()
	ask := func() (s printing.State) {
		for _, n := range printing.Questions() {
			s, _ = s.Learn(n, p.hear(printing.Question(n))[0])
		}
		return s
	}
	for _, c := range []struct{ what, stops string }{{"paper", ""}, {"low", ""}, {"empty", "paper"}, {"paper", ""}, {"open", "cover"}, {"closed", ""}} {
		if !p.set(c.what) {
			t.Fatal(c.what)
		}
		if got := ask(); got.Stops() != c.stops || !got.Known || (c.what == "low") != (got.Paper == printing.PaperLow) {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
	p.set("empty")
	p.hear([]byte("hello\n"))
	if p.text() != "" {
		t.Errorf("without paper it prints %q", p.text())
	}
	p.set("off")
	if got := p.hear(printing.Question(1)); got != nil {
		t.Errorf("switched off, it answers %x", got)
	}
}

// Every shipped printer is told nothing that it does not know, and every shipped display has a page for every prompt.
func TestEveryProfile(t *testing.T) {
	set, _, err := profiles.Open(configs.Profiles(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	printers, displays := 0, 0
	for _, profile := range set.All() {
		switch profile.Role {
		case pos.RolePrinter:
			printers++
			settings := profile.Printer.Draws(profile.Baud)
			d, err := printing.ESCPOS(settings)
			if err != nil {
				t.Fatal(err)
			}
			p := newPrinter()
			b, lacks := d.Encode(aSlip())
			p.hear(b)
			if p.refused() > 0 || len(p.pending) > 0 || !strings.Contains(p.text(), "129.50 USD") || lacks.Letters != (settings.Chinese == "") {
				t.Errorf("%s: %+v\n%s", profile.Name, lacks, p.text())
			}
			if read := len(p.qrs()) == 1; read == lacks.QR {
				t.Errorf("%s: a QR was read: %v, %+v", profile.Name, read, lacks)
			}
		case pos.RoleDisplay:
			displays++
			d := shipped(t, profile.Name)
			for _, page := range pages("https://pay.example/qr?q=U1234") {
				if len(d.Encode(page)) == 0 {
					t.Errorf("%s shows nothing for %s", profile.Name, page.Kind)
				}
			}
		}
	}
	if printers < 10 || displays < 10 {
		t.Errorf("%d printers, %d displays", printers, displays)
	}
}
