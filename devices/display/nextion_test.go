package display

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var errTooLong = errors.New("a QR of more than 255 bytes does not fit the display")

func nextion(t testing.TB) Dialect { return speaks(t, Nextion, Settings{}) }

// speaks is the dialect of a display with these settings.
func speaks(t testing.TB, of func(Settings) (Dialect, error), s Settings) Dialect {
	t.Helper()
	d, err := of(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The bytes of the vendor's instruction set, for payments as public projects use them.
func TestNextionEncodes(t *testing.T) {
	blank := []string{"page text", `t0.txt=""`, `t1.txt=""`, `t2.txt=""`, `t3.txt=""`}
	for name, c := range map[string]struct {
		page Page
		want []string
		err  error
	}{
		"a QR": {Page{Lines: []string{"¥", "129.50"}, QR: "weixin://wxpay/bizpayurl?pr=AbCdEfG12"},
			[]string{"page pay", `qr0.txt="weixin://wxpay/bizpayurl?pr=AbCdEfG12"`, `t0.txt="¥"`, `t1.txt="129.50"`, `t2.txt=""`, `t3.txt=""`}, nil},
		"no QR":               {Page{Lines: []string{"PAID"}}, []string{"page text", `t0.txt="PAID"`, `t1.txt=""`, `t2.txt=""`, `t3.txt=""`}, nil},
		"a quote in a name":   {Page{Lines: []string{`A"B\C`}}, []string{"page text", `t0.txt="A'B/C"`, `t1.txt=""`, `t2.txt=""`, `t3.txt=""`}, nil},
		"a quote in a QR":     {Page{Lines: []string{"x"}, QR: `a"b`}, []string{"page text", `t0.txt="x"`, `t1.txt=""`, `t2.txt=""`, `t3.txt=""`}, errLetter},
		"a backslash in a QR": {Page{QR: `a\b`}, blank, errLetter},
		"a command in a QR":   {Page{QR: "a\xff\xff\xffb"}, blank, errLetter},
		"a QR too long":       {Page{QR: strings.Repeat("a", 256)}, blank, errTooLong},
		"more lines than fit": {Page{Lines: []string{"1", "2", "3", "4", "5"}}, []string{"page text", `t0.txt="1"`, `t1.txt="2"`, `t2.txt="3"`, `t3.txt="4"`}, nil},
	} {
		got := nextion(t).Encode(c.page)
		if want := strings.Join(c.want, "\xff\xff\xff") + "\xff\xff\xff"; string(got) != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
		if err := nextion(t).Draws(c.page.QR); fmt.Sprint(err) != fmt.Sprint(c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
	}
	// nextion-qr, nextion-page and nextion-flush-and-level of the published fixtures.
	const page, qr = "7061676520706179ffffff", "7172302e7478743d2277656978696e3a2f2f77787061792f62697a70617975726c3f70723d41624364456647313222ffffff"
	if got := hex.EncodeToString(nextion(t).Encode(Page{QR: "weixin://wxpay/bizpayurl?pr=AbCdEfG12"})); !strings.HasPrefix(got, page+qr) {
		t.Errorf("%s does not begin with %s", got, page+qr)
	}
	if got := hex.EncodeToString(nextion(t).Open); got != "ffffff626b636d643d33ffffff" {
		t.Errorf("it opens with %s", got)
	}
}

// At the slowest usual speed a QR is on the glass before a shopper wonders, and off it before one can scan;
// the longest page there is does not keep the next prompt waiting for two seconds.
func TestNextionTime(t *testing.T) {
	first := func(b []byte, n int) int {
		return len(bytes.Join(bytes.SplitAfterN(b, []byte(nextionEnd), n+1)[:n], nil))
	}
	wide := strings.Repeat("验", maxLine/2)
	for name, c := range map[string]struct {
		bytes int
		most  time.Duration
	}{
		"a QR is off":      {first(nextion(t).Encode(Page{Lines: []string{"PAID"}}), 1), 15 * time.Millisecond},
		"a QR is on":       {first(nextion(t).Encode(Page{Lines: []string{"PAY"}, QR: "weixin://wxpay/bizpayurl?pr=AbCdEfG12"}), 2), 80 * time.Millisecond},
		"the longest page": {len(nextion(t).Encode(Page{Lines: []string{wide, wide, wide, wide}, QR: strings.Repeat("a", nextionLong)})), mostWait},
	} {
		if took := OnWire(c.bytes, 9600); took > c.most {
			t.Errorf("%s after %v, more than %v", name, took, c.most)
		}
	}
}

// What a panel says, however it is cut.
func TestNextionListens(t *testing.T) {
	for name, c := range map[string]struct {
		said string
		want []Heard
	}{
		"accepted":         {"01ffffff", nil},
		"no such variable": {"1affffff", []Heard{{Fault: "no such variable"}}},
		"ran over":         {"24ffffff", []Heard{{Fault: "its serial buffer ran over"}}},
		"powered up":       {"000000ffffff88ffffff", []Heard{{Redraw: true}}},
		"touched":          {"65000201ffffff01ffffff", nil},
		"a number of FF":   {"71ffffffffffffff88ffffff", []Heard{{Redraw: true}}},
		"a refusal":        {"00ffffff", []Heard{{Fault: "invalid instruction"}}},
	} {
		said, err := hex.DecodeString(c.said)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range len(said) + 1 {
			listen := nextion(t).Listen()
			got := append(listen(said[:cut]), listen(said[cut:])...)
			if len(got) != len(c.want) || (len(got) > 0 && got[0] != c.want[0]) {
				t.Errorf("%s, cut at %d: %v, want %v", name, cut, got, c.want)
			}
		}
	}
	listen := nextion(t).Listen()
	listen(bytes.Repeat([]byte{'x'}, 10*mostAnswer))
	if got := listen([]byte("\xff\xff\xff\x88\xff\xff\xff")); len(got) != 1 || !got[0].Redraw {
		t.Errorf("after noise: %v", got)
	}
}

// Whatever is to be shown, the panel is told exactly the instructions that are meant: nothing in a line or a
// QR becomes one of its own.
func FuzzNextion(f *testing.F) {
	f.Add("PAID", "https://pay?q=1")
	f.Add("a\"\xff\xff\xffpage x", "\\r")
	f.Fuzz(func(t *testing.T, line, qr string) {
		got := nextion(t).Encode(Page{Lines: []string{line, line}, QR: qr})
		parts := bytes.Split(got, []byte(nextionEnd))
		want := 6 // a page, four lines, and nothing behind the last end
		if qr != "" && nextion(t).Draws(qr) == nil {
			want++
			if string(parts[1]) != `qr0.txt="`+qr+`"` {
				t.Errorf("the QR is told as %q", parts[1])
			}
		}
		if len(parts) != want || len(parts[len(parts)-1]) != 0 {
			t.Fatalf("%q is %d instructions", got, len(parts)-1)
		}
		for _, p := range parts[1 : len(parts)-1] {
			body := p[bytes.IndexByte(p, '"')+1 : len(p)-1]
			if bytes.ContainsAny(body, `"\`) || p[len(p)-1] != '"' {
				t.Errorf("%q leaves its quotes", p)
			}
		}
	})
}
