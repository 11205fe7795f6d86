package display

import (
	"bytes"
	"strings"
	"testing"
)

// number is a table's number in a profile.
func number(n int) *int { return &n }

// A pole of two lines shows the amount and what to do, in the first language that its letters can write.
func TestPole(t *testing.T) {
	hints := []string{"请出示付款码", "Présentez le code", "Show payment code"}
	for name, c := range map[string]struct {
		make func(Settings) (Dialect, error)
		own  PoleSettings
		page Page
		want string
	}{
		"ASCII":             {CD5220, PoleSettings{}, Page{Amount: "129.50 USD", Hints: hints}, "\f\x1bQA129.50 USD          \r\x1bQBPresentez le code   \r"},
		"French letters":    {Epson, PoleSettings{Encoding: "cp858", Table: number(19)}, Page{Amount: "129.50 CAD", Hints: hints}, "\f\x1f$\x01\x01129.50 CAD          \x1f$\x01\x02Pr\x82sentez le code   "},
		"Chinese letters":   {CD5220, PoleSettings{Encoding: "gbk"}, Page{Amount: "12.00 CNY", Hints: hints}, "\f\x1bQA12.00 CNY           \r\x1bQB\xc7\xeb\xb3\xf6\xca\xbe\xb8\xb6\xbf\xee\xc2\xeb        \r"},
		"no amount":         {Epson, PoleSettings{Columns: 16}, Page{Hints: []string{"Welcome"}}, "\f\x1f$\x01\x01Welcome         \x1f$\x01\x02                "},
		"too long a hint":   {Epson, PoleSettings{Columns: 16}, Page{Hints: []string{"Keep your code open", "Keep it open"}}, "\f\x1f$\x01\x01Keep it open    \x1f$\x01\x02                "},
		"nothing that fits": {Epson, PoleSettings{Columns: 16}, Page{Hints: []string{"Keep your code open"}}, "\f\x1f$\x01\x01Keep your code o\x1f$\x01\x02                "},
		"a command inside":  {CD5220, PoleSettings{}, Page{Amount: "1\r\x1b@2", Hints: []string{"a\fb"}}, "\f\x1bQA1  @2               \r\x1bQBa b                 \r"},
		"behind a printer":  {Epson, PoleSettings{Select: true}, Page{Hints: []string{"Welcome"}}, "\x1b=\x02\f\x1f$\x01\x01Welcome             \x1f$\x01\x02                    \x1b=\x01"},
	} {
		d := speaks(t, c.make, Settings{Pole: &c.own})
		c.page.QR = "https://pay"
		if got := string(d.Encode(c.page)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if d.Draws("x") == nil || d.MostQR != 0 {
			t.Errorf("%s: a QR on a pole", name)
		}
	}
	for want, d := range map[string]Dialect{
		"\r\r\x1b@\x1bc\x13\x1b_\x00":          speaks(t, CD5220, Settings{Pole: &PoleSettings{Table: number(0x13)}}),
		"\x1b=\x02\r\r\x1b@\x1fC\x00\x1b=\x01": speaks(t, Epson, Settings{Pole: &PoleSettings{Select: true}}),
	} {
		if string(d.Open) != want {
			t.Errorf("opened with %q, want %q", d.Open, want)
		}
	}
	for what, s := range map[string]Settings{"columns of a poster": {Pole: &PoleSettings{Columns: 200}}, "an odd alphabet": {Pole: &PoleSettings{Encoding: "morse"}},
		"a table of no byte": {Pole: &PoleSettings{Table: number(256)}}, "another driver's settings": panel(nil)} {
		if _, err := Epson(s); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

// Whatever is to be shown, a pole is told two lines of its own width, without a command in them.
func FuzzPole(f *testing.F) {
	f.Add("129.50 USD", "请出示付款码", uint8(1))
	f.Add("\x1b@", "\r\x0c", uint8(0))
	names := []string{"ascii", "cp437", "cp850", "cp858", "cp863", "windows-1252", "gbk"}
	f.Fuzz(func(t *testing.T, amount, hint string, n uint8) {
		s := Settings{Pole: &PoleSettings{Encoding: names[int(n)%len(names)]}}
		got := speaks(t, CD5220, s).Encode(Page{Amount: amount + " USD", Hints: []string{hint}})
		if len(got) != 1+2*(3+20+1) || got[0] != '\f' {
			t.Fatalf("%q", got)
		}
		for i, head := range []string{"\x1bQA", "\x1bQB"} {
			line := got[1+24*i : 1+24*(i+1)]
			if !strings.HasPrefix(string(line), head) || line[23] != '\r' || bytes.ContainsFunc(line[3:23], func(r rune) bool { return r < ' ' }) {
				t.Errorf("%q", line)
			}
		}
	})
}
