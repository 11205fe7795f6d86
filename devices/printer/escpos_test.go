package printer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"posd/pos"
	"posd/pos/words"
)

func number(n int) *int { return &n }

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The commands and answers of the makers' documents, byte for byte.
func TestPublished(t *testing.T) {
	text, err := os.ReadFile("testdata/escpos.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Encode []struct {
			ID    string
			Input struct {
				Text, EC string
				Size     int
			}
			Expect string `json:"expect_hex"`
		}
		Responses []struct{ ID, Hex string }
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Encode {
		want := unhex(t, c.Expect)
		p := &pen{chinese: "gbk"}
		if c.Input.Size > 0 {
			native(p, c.Input.Text, c.Input.Size, c.Input.EC[0])
		} else {
			p.WriteString(reset)
			p.text(c.Input.Text)
			p.WriteByte('\n')
			p.mode(false)
			p.Write(cuts["feed"])
		}
		if !bytes.Equal(p.Bytes(), want) {
			t.Errorf("%s: %x, want %x", c.ID, p.Bytes(), want)
		}
	}
	want := map[string]struct {
		question byte
		state    State
	}{
		"escpos-online": {1, State{Known: true}}, "escpos-offline": {1, State{Known: true, Offline: true}}, "escpos-paper-ok": {4, State{Known: true}},
		"escpos-paper-low": {4, State{Known: true, Paper: PaperLow}}, "escpos-paper-out": {4, State{Known: true, Paper: PaperOut}},
	}
	for _, c := range all.Responses {
		w, known := want[c.ID]
		got, ok := State{}.Learn(w.question, unhex(t, c.Hex)[0])
		if !known || !ok || got != w.state {
			t.Errorf("%s: %+v, want %+v", c.ID, got, w.state)
		}
	}
	if len(all.Encode) < 3 || len(all.Responses) != len(want) {
		t.Errorf("%d commands, %d answers", len(all.Encode), len(all.Responses))
	}
}

// Noise is no answer, and no answer is nothing known: a printer that says nothing is not broken.
func TestState(t *testing.T) {
	for b := range 256 {
		if s, ok := (State{}).Learn(4, byte(b)); ok != (b&0x93 == 0x12) || s.Known != ok {
			t.Errorf("%02x: %+v, %v", b, s, ok)
		}
	}
	if (State{Offline: true, Cover: true}).Stops() != "" {
		t.Error("nothing is known, and it stops")
	}
	for want, s := range map[string]State{"cover": {Known: true, Cover: true, Paper: PaperOut}, "paper": {Known: true, Paper: PaperOut, Offline: true},
		"error": {Known: true, Error: true}, "offline": {Known: true, Offline: true}, "": {Known: true, Paper: PaperLow}} {
		if s.Stops() != want {
			t.Errorf("%+v stops for %q", s, s.Stops())
		}
	}
}

// A line is broken between words and between Chinese characters; an amount stays at the right edge.
func TestLayout(t *testing.T) {
	for name, c := range map[string]struct {
		line pos.SlipLine
		want string
	}{
		"short":               {pos.SlipLine{Text: "Total", Right: "12.00"}, "Total          12.00"},
		"exactly":             {pos.SlipLine{Text: strings.Repeat("a", 20)}, "aaaaaaaaaaaaaaaaaaaa"},
		"between words":       {pos.SlipLine{Text: "a handbag of calf leather", Right: "9.00"}, "a handbag of calf|leather         9.00"},
		"amount does not fit": {pos.SlipLine{Text: "a handbag of calf", Right: "9.00"}, "a handbag of calf|                9.00"},
		"a long word":         {pos.SlipLine{Text: strings.Repeat("w", 45)}, "wwwwwwwwwwwwwwwwwwww|wwwwwwwwwwwwwwwwwwww|wwwww"},
		"Chinese":             {pos.SlipLine{Text: "请在手机上确认付款谢谢惠顾"}, "请在手机上确认付款谢|谢惠顾"},
		"mixed":               {pos.SlipLine{Text: "请在手机上确认付款 WeChat Pay"}, "请在手机上确认付款|WeChat Pay"},
		"Latin in Chinese":    {pos.SlipLine{Text: "请在手机上确认付Alipay"}, "请在手机上确认付|Alipay"},
		"a rule":              {pos.SlipLine{Rule: true}, "--------------------"},
		"nothing":             {pos.SlipLine{}, ""},
		"only an amount":      {pos.SlipLine{Right: "9.00"}, "                9.00"},
		"two long sides":      {pos.SlipLine{Text: "Reference", Right: "2026-11-24 19:00:00 +08"}, "Reference| 2026-11-24 19:00:00|                 +08"},
	} {
		if got := strings.Join(Layout(c.line, 20), "|"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A printer is told to change its letters only where it must, and money is never printed as rubbish.
func TestLetters(t *testing.T) {
	for name, c := range map[string]struct {
		s     Settings
		text  string
		want  string
		lacks bool
	}{
		"Chinese and accents": {Settings{Encoding: "cp858", Table: number(0x13), Chinese: "gbk"}, "é 付 é", "\x1c.\x1bt\x13\x82 \x1c&\xb8\xb6 \x1c.\x82\n", false},
		"yuan":                {Settings{Chinese: "gb18030"}, "¥12", "\x1c.\x1c&\xa3\xa412\n\x1c.", false},
		"yuan in a code page": {Settings{Encoding: "cp858", Table: number(19)}, "¥12", "\x1bt\x13\xbe12\n", false},
		"yuan in ASCII":       {Settings{}, "¥12", "CNY 12\n", false},
		"French in ASCII":     {Settings{}, "Reçu à l’œil\u00a0: 1\u202f234,50 €", "Recu a l'oeil : 1 234,50 EUR\n", false},
		"Chinese in ASCII":    {Settings{}, "付款 ok", "?? ok\n", true},
		"beyond GBK":          {Settings{Chinese: "gbk"}, "\U00020000", "\x1c.?\n", true},
		"beyond GBK, with it": {Settings{Chinese: "gb18030"}, "\U00020000", "\x1c.\x1c&\x95\x32\x82\x36\n\x1c.", false},
		"a command in a name": {Settings{}, "a\x1b@\x1dV\x00b", "a @ V b\n", false},
	} {
		d, err := ESCPOS(c.s)
		if err != nil {
			t.Fatal(err)
		}
		b, lacks := d.Encode(pos.Slip{Lines: []pos.SlipLine{{Text: c.text}}})
		if want := reset + c.want + string(cuts["feed"]); string(b) != want || lacks.Letters != c.lacks {
			t.Errorf("%s: %q, want %q; %+v", name, b, want, lacks)
		}
	}
}

// A QR that the paper is too narrow for is left out and said, because the printer would say nothing.
func TestQROnPaper(t *testing.T) {
	for name, c := range map[string]struct {
		s    Settings
		text string
		size byte // of a module; 0 when it is left out
	}{
		"a short one":         {Settings{}, "https://pay", 6},
		"a long one":          {Settings{}, strings.Repeat("a", 900), 4},
		"narrow paper":        {Settings{Width: 58}, strings.Repeat("a", 458), 4},
		"too long for it":     {Settings{Width: 58}, strings.Repeat("a", 1500), 0},
		"a printer without":   {Settings{QR: "none"}, "https://pay", 0},
		"more than any holds": {Settings{}, strings.Repeat("a", 5000), 0},
	} {
		d, err := ESCPOS(c.s)
		if err != nil {
			t.Fatal(err)
		}
		b, lacks := d.Encode(pos.Slip{Lines: []pos.SlipLine{{QR: c.text}}})
		i := bytes.Index(b, []byte("\x1d(k\x03\x001C"))
		if lacks.QR != (c.size == 0) || (i >= 0) != (c.size > 0) || (i >= 0 && b[i+7] != c.size) {
			t.Errorf("%s: %+v, %d", name, lacks, b[max(0, i)+7])
		}
	}
}

// A profile that cannot work is refused when it is read; a picture over a slow line is refused with how long it takes.
func TestRefused(t *testing.T) {
	for what, s := range map[string]Settings{
		"paper of a plotter": {Width: 210}, "columns of a stamp": {Columns: 3}, "dots by the seven": {Dots: 577}, "an odd code page": {Encoding: "morse", Table: number(1)},
		"a page without its number": {Encoding: "cp858"}, "a number without its page": {Table: number(3)}, "a number of no byte": {Encoding: "cp858", Table: number(256)},
		"Chinese of another kind": {Chinese: "big5"}, "a QR by hand": {QR: "pencil"}, "scissors": {Cut: "scissors"},
	} {
		if _, err := ESCPOS(s); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if err := (Settings{QR: "raster"}).Slow(9600); err == nil || !strings.Contains(err.Error(), " s at 9600 baud") {
		t.Errorf("a picture at 9600 baud: %v", err)
	}
	if (Settings{QR: "raster"}).Slow(115200) != nil || (Settings{}).Slow(9600) != nil {
		t.Error("a fast line, or a QR that the printer draws, is refused")
	}
}

// Whatever stands on a slip, no letter of it becomes a command, and no line is wider than the paper.
func FuzzSlip(f *testing.F) {
	f.Add("小票 Reçu", "129.50 USD", "https://pay", true, uint8(0))
	f.Add("\x1b@\x1dV\x00", "\x10\x04\x01", "\xff", false, uint8(3))
	f.Fuzz(func(t *testing.T, text, right, qr string, large bool, kind uint8) {
		s := []Settings{{}, {Chinese: "gb18030", Encoding: "cp858", Table: number(0x13)}, {Width: 58, Chinese: "gbk"}, {Encoding: "windows-1252", Table: number(16), Width: 58}}[kind%4]
		whole, err := s.whole()
		if err != nil {
			t.Fatal(err)
		}
		line := pos.SlipLine{Text: text, Right: right, Large: large}
		columns := whole.Columns
		if large {
			columns /= 2
		}
		for _, l := range Layout(line, columns) {
			if n := words.Columns(l); n > columns {
				t.Errorf("%d columns on paper of %d: %q", n, columns, l)
			}
		}
		d, _ := ESCPOS(s)
		with, _ := d.Encode(pos.Slip{Lines: []pos.SlipLine{line}})
		// Commands begin with these; those of one line are known.
		count := func(b []byte) (n int) {
			for _, c := range b {
				if slices.Contains([]byte{0x10, 0x1b, 0x1c, 0x1d, 0x00}, c) {
					n++
				}
			}
			return n
		}
		allowed := count([]byte(reset+string(cuts["feed"]))) + 4 + 4 + 2*len([]rune(text+right)) // at most two changes of letters for each
		if got := count(with); got > allowed {
			t.Errorf("%d bytes that begin commands, at most %d: %q", got, allowed, with)
		}
		if strings.ContainsAny(text, "\x10\x1b") && s.Chinese == "" && s.Encoding == "" {
			if got, want := count(with), count([]byte(reset+string(cuts["feed"]))); !large && got != want {
				t.Errorf("a command in a name: %q", with)
			}
		}
		d.Encode(pos.Slip{Lines: []pos.SlipLine{{QR: qr}}})
	})
}

// Every code page has every letter of French where a profile names it, so that a name is not mangled in silence.
func TestFrench(t *testing.T) {
	for name, page := range pages {
		for _, r := range "àâçéèêëîïôùû" {
			if _, ok := page.EncodeRune(r); !ok && page != charmap.CodePage437 && near[r] == "" {
				t.Errorf("%s lacks %c", name, r)
			}
		}
	}
}
