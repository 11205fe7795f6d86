package display

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// published is the cases that were composed from the makers' documents.
type published struct {
	Encode []struct {
		ID, Device, Op string
		Input          map[string]any
		Expect         string `json:"expect_hex"`
	}
	Responses []struct{ ID, Device, Hex string }
}

func cases(t *testing.T) (p published) {
	t.Helper()
	text, err := os.ReadFile("testdata/displays.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every command of the makers' documents is one that a driver writes, byte for byte.
func TestPublishedCommands(t *testing.T) {
	mertech := TemplateSettings{MostQR: 458, Clear: "02 F0 03 'CLS' 03", Show: map[string]string{"qr": "02 F2 02 {len16} ( {qr} ) 02 F2 03"}}
	bonrix := TemplateSettings{MostQR: 200, Strip: []string{"**"}, Clear: "'WelcomeScreen**' 0A", Show: map[string]string{"qr": "'DisplayQRCodeScreen**' {qr} '**' {amount} '**' {line1} 0A"}}
	seen := 0
	for _, c := range cases(t).Encode {
		in := func(key string) string { s, _ := c.Input[key].(string); return s }
		var got []byte
		whole := false // the case is all that is written, not a part of it
		switch c.Device + " " + c.Op {
		case "nextion show_qr", "nextion page":
			if c.ID == "nextion-qr-escapes" {
				if nextion(t).Draws(in("text")) == nil { // older firmware would draw something else
					t.Errorf("%s is drawn", c.ID)
				}
				seen++
				continue
			}
			got = nextion(t).Encode(Page{QR: in("text") + "x"[:1-min(1, len(in("text")))]})
		case "nextion init":
			got, whole = nextion(t).Open, true
		case "dwin show_qr":
			got = speaks(t, DWIN, panel(func(d *DWINSettings) { d.QR = 0x5000 })).Encode(Page{QR: in("text")})
		case "dwin page":
			got = speaks(t, DWIN, panel(func(d *DWINSettings) { d.PayPage = 2 })).Encode(Page{QR: "x"})
		case "dwin raw_crc":
			got, whole = DWINSettings{CRC: true}.frame(dwinWrite, 0x000c, unhex(t, in("data"))), true
		case "dwin brightness": // a template can say it; the driver leaves the light to the panel
			box := speaks(t, Template, Settings{Template: &TemplateSettings{Open: "5A A5 {len8} ( 82 00 82 64 )", Clear: "00"}})
			got, whole = box.Open, true
		case "mertech show_qr":
			got, whole = speaks(t, Template, Settings{Template: &mertech}).Encode(Page{Kind: "qr", QR: in("text")}), true
		case "mertech clear":
			got, whole = speaks(t, Template, Settings{Template: &mertech}).Encode(Page{Kind: "paid"}), true
		case "bonrix show_qr":
			got, whole = speaks(t, Template, Settings{Template: &bonrix}).Encode(Page{Kind: "qr", QR: in("text"), Amount: in("amount"), Lines: []string{in("payee")}}), true
		case "cd5220 lines":
			got, whole = speaks(t, CD5220, Settings{}).Encode(Page{Amount: in("l1"), Hints: []string{in("l2")}}), true
		case "epson-dmd lines":
			got, whole = speaks(t, Epson, Settings{}).Encode(Page{Amount: in("l1"), Hints: []string{in("l2")}}), true
		default:
			t.Errorf("%s: nobody writes %s %s", c.ID, c.Device, c.Op)
		}
		seen++
		if want := unhex(t, c.Expect); !bytes.Contains(got, want) || (whole && len(got) != len(want)) {
			t.Errorf("%s: %x, want %x", c.ID, got, want)
		}
	}
	if seen < 12 {
		t.Errorf("%d cases", seen)
	}
}

// Every answer of the makers' documents is understood, however it is cut.
func TestPublishedAnswers(t *testing.T) {
	want := map[string][]Heard{
		"nextion-bad-variable": {{Fault: "no such variable"}}, "nextion-overflow": {{Fault: "its serial buffer ran over"}}, "nextion-startup-ready": {{Redraw: true}},
		"nextion-ok": nil, "nextion-touch": nil, "dwin-write-ack": nil, "dwin-read-page": nil, "dwin-garbage-then-ack": nil,
	}
	seen := 0
	for _, c := range cases(t).Responses {
		expect, known := want[c.ID]
		if !known {
			t.Errorf("%s: no driver listens to %s", c.ID, c.Device)
		}
		seen++
		d := nextion(t)
		if c.Device == "dwin" {
			d = speaks(t, DWIN, panel(nil))
		}
		said := unhex(t, c.Hex)
		for cut := range len(said) + 1 {
			listen := d.Listen()
			if got := append(listen(said[:cut]), listen(said[cut:])...); len(got)+len(expect) > 0 && !reflect.DeepEqual(got, expect) {
				t.Errorf("%s, cut at %d: %v, want %v", c.ID, cut, got, expect)
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d answers", seen)
	}
}
