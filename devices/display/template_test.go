package display

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"posd/pos"
)

// A box is told what its table says: fields in their places, lengths and sums over what they cover.
func TestTemplate(t *testing.T) {
	box := TemplateSettings{
		Strip: []string{"**"}, MostQR: 60, FieldBytes: 12, Open: "'HELLO' 0D", Clear: "1B 'C'",
		Show: map[string]string{
			"qr":   "02 {len16} [ ( {qr} ) {amount} ] {crc16le} 03",
			"paid": "[ ( 'OK' {amount} ) ] {len8} {xor} {sum}",
			"text": "'T' {line1} '|' {line2} '|' {hint} 0A",
		},
	}
	for name, c := range map[string]struct {
		page Page
		want string
	}{
		"a QR":               {Page{Kind: pos.PromptQR, QR: "abc", Amount: "12.00 CNY"}, "\x02\x00\x03abc12.00 CNY" + string(binary.LittleEndian.AppendUint16(nil, crc16([]byte("abc12.00 CNY")))) + "\x03"},
		"sums":               {Page{Kind: pos.PromptPaid, Amount: "1"}, "OK1\x03\x35\xcb"},
		"words":              {Page{Kind: pos.PromptScan, Lines: []string{"请出示", "Show**your*** code"}, Hints: []string{"出示", "Show"}}, "T???|Showyour* co|Show\n"},
		"a command inside":   {Page{Kind: pos.PromptScan, Lines: []string{"a\n\x1bCb"}}, "Ta  Cb||a  Cb\n"},
		"a QR it cannot do":  {Page{Kind: pos.PromptQR, QR: "a**b", Lines: []string{"elsewhere"}}, "Telsewhere||elsewhere\n"},
		"a QR that is none":  {Page{Kind: pos.PromptQR, Lines: []string{"elsewhere"}}, "Telsewhere||elsewhere\n"},
		"stars out of stars": {Page{Kind: pos.PromptScan, Lines: []string{"a*****b"}}, "Ta*b||a*b\n"},
	} {
		d := speaks(t, Template, Settings{Template: &box})
		got := string(d.Encode(c.page))
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if string(d.Open) != "HELLO\r" || d.Omits(c.page) != nil {
			t.Errorf("%s: opened with %q", name, d.Open)
		}
	}
	dark := TemplateSettings{MostQR: 60, Clear: "0C", ClearFirst: true, Show: map[string]string{"qr": "{qr} 0D", "paid": "'tick'"}}
	d := speaks(t, Template, Settings{Template: &dark})
	for kind, c := range map[pos.PromptKind]struct {
		want  string
		shown bool
	}{pos.PromptQR: {"\fabc\r", true}, pos.PromptPaid: {"\ftick", true}, pos.PromptIdle: {"\f\f", true}, pos.PromptConfirm: {"\f\f", false}} {
		page := Page{Kind: kind, QR: "abc"}
		if got := string(d.Encode(page)); got != c.want || (d.Omits(page) == nil) != c.shown {
			t.Errorf("%s without words: %q, %v", kind, got, d.Omits(page))
		}
	}
}

// What a box says is understood, however it is cut, and the rest is nothing.
func TestTemplateListens(t *testing.T) {
	box := TemplateSettings{Clear: "0C", Answers: []TemplateAnswer{{Bytes: "06"}, {Bytes: "15", Fault: "refused"}, {Bytes: "52 45 41 44 59", Restarted: true}, {Bytes: "02 15", Fault: "another"}}}
	d := speaks(t, Template, Settings{Template: &box})
	for said, want := range map[string][]Heard{
		"\x06": nil, "xx\x15": {{Fault: "refused"}}, "REREADY\x06\x15": {{Redraw: true}, {Fault: "refused"}}, "\x02\x15": {{Fault: "another"}}, "READ": nil,
	} {
		for cut := range len(said) + 1 {
			listen := d.Listen()
			got := append(listen([]byte(said[:cut])), listen([]byte(said[cut:]))...)
			if len(got) != len(want) || (len(want) > 0 && (got[0] != want[0] || got[len(got)-1] != want[len(want)-1])) {
				t.Errorf("%q, cut at %d: %v, want %v", said, cut, got, want)
			}
		}
	}
}

// A table that cannot work is refused when it is read, with the reason.
func TestTemplateRefuses(t *testing.T) {
	for why, s := range map[string]TemplateSettings{
		"is no prompt":                {Clear: "00", Show: map[string]string{"cheer": "00"}},
		"neither a byte":              {Clear: "0G"},
		"second quote":                {Clear: "'abc"},
		"is no field":                 {Clear: "00", Show: map[string]string{"text": "{price}"}},
		"do not match":                {Clear: "00", Show: map[string]string{"text": ") {line1} ( {len8}"}},
		"stands here twice":           {Clear: "00", Show: map[string]string{"text": "( ( {line1} ) {len8}"}},
		"counted or summed":           {Clear: "00", Show: map[string]string{"text": "{len8} {line1}"}},
		"show.qr only":                {Clear: "00", MostQR: 9, Show: map[string]string{"qr": "{qr}", "text": "{qr}"}},
		"needs the field {qr}":        {Clear: "00", MostQR: 9, Show: map[string]string{"qr": "00"}},
		"most_qr":                     {Clear: "00", Show: map[string]string{"qr": "{qr}"}},
		"must come off":               {MostQR: 9, Show: map[string]string{"qr": "{qr}"}},
		"clear_first needs":           {ClearFirst: true, Show: map[string]string{"text": "{line1}"}},
		"not bytes in hex":            {Clear: "00", Answers: []TemplateAnswer{{Bytes: "ACK"}}},
		"more than its length counts": {Clear: "00", MostQR: 300, Show: map[string]string{"qr": "{len8} ( {qr} )"}},
		"is not known":                {Clear: "00", Encoding: "morse"},
		"strip has no empty":          {Clear: "00", Strip: []string{""}},
		"bytes, more than":            {Clear: "00", MostQR: 9000, Show: map[string]string{"qr": "{qr}"}},
	} {
		if _, err := Template(Settings{Template: &s}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q, want %q", err, why)
		}
	}
}

// Whatever a profile says, it is refused or its messages are bounded and keep a field apart from the frame around it.
func FuzzTemplate(f *testing.F) {
	f.Add("02 F2 {len16} ( {qr} ) 02 F2 03", "'A**' {line1} '**' 0A", "upi://pay?pa=a@b", "x**y")
	f.Add("[ {qr} ] {xor}", "{line1} 0A", "\x00", "\n")
	f.Fuzz(func(t *testing.T, qrMessage, textMessage, qr, line string) {
		s := TemplateSettings{MostQR: 100, Strip: []string{"**", "|"}, Clear: "0C", Show: map[string]string{"qr": qrMessage, "text": textMessage}}
		d, err := Template(Settings{Template: &s})
		if err != nil {
			return
		}
		page := Page{Kind: pos.PromptQR, QR: qr, Lines: []string{line, line, line, line}}
		got := d.Encode(page)
		if len(got) > d.Longest() {
			t.Errorf("%d bytes, and the longest page is %d", len(got), d.Longest())
		}
		if d.Draws(qr) == nil && qr != "" && !bytes.Contains(got, []byte(qr)) {
			t.Errorf("the QR %q is not in %q", qr, got)
		}
		if m, err := parseMessage("{line1}"); err == nil {
			b, _ := newBox(s)
			if field := m.write(b, page); bytes.Contains(field, []byte("**")) || bytes.ContainsFunc(field, func(r rune) bool { return r < ' ' || r == '|' }) {
				t.Errorf("the field %q", field)
			}
		}
	})
}
