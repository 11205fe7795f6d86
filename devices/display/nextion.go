package display

import (
	"bytes"
	"fmt"
)

// NextionSettings is what a profile says about a panel.
type NextionSettings struct {
	Encoding string `toml:"encoding"` // of the fonts in its project: utf-8, or gbk as TJC panels come
}

// The names in the panel's project: two pages, four lines on each, and on one the QR. The project is made
// with UTF-8 fonts and txt_maxl of at least 256 for the QR.
const (
	nextionText = "text"
	nextionPay  = "pay"
	nextionQR   = "qr0"
	nextionMax  = 4   // lines: t0 to t3
	nextionLong = 255 // bytes that the QR component takes
)

// nextionEnd ends every instruction and every answer (nextion.ca/nis, rule 1).
const nextionEnd = "\xff\xff\xff"

// nextionBut is what may not stand inside quotes, and the byte that ends an instruction.
const nextionBut = "\"\\\xff"

// Nextion is the dialect of Nextion and TJC panels, whose QR component draws a text. Instructions are
// ASCII and end FF FF FF. A page without a QR comes first and in one instruction, so that a QR that is
// given up is off the glass before anything else is done: 13 ms after the first byte at 9600 baud.
func Nextion(s Settings) (Dialect, error) {
	own := NextionSettings{}
	if s.Nextion != nil {
		own = *s.Nextion
	}
	letters, err := alphabetOf(own.Encoding, "utf-8")
	if err != nil {
		return Dialect{}, err
	}
	// Older firmware knows no escape but \r, so that a quote or a backslash would end or change a text.
	check := draws(nextionLong, nextionBut)
	return Dialect{
		Open:   []byte(nextionEnd + "bkcmd=3" + nextionEnd), // end what a crash left half said; answer every instruction
		MostQR: nextionLong,
		Draws:  check,
		Encode: func(p Page) []byte { return nextionEncode(p, letters, check) },
		Omits:  omitsNothing,
		Listen: nextionListen,
	}, s.only("nextion")
}

func nextionEncode(p Page, letters alphabet, check func(string) error) []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+nextionEnd, args...) }
	page := nextionText
	if p.QR != "" && check(p.QR) == nil {
		page = nextionPay
	}
	say("page %s", page)
	if page == nextionPay {
		say(`%s.txt="%s"`, nextionQR, p.QR)
	}
	for i := range nextionMax {
		var line []byte
		if i < len(p.Lines) { // what a panel cannot escape is replaced: a wrong letter is better than a command
			line, _ = letters.write(p.Lines[i], nextionBut, maxBytes)
		}
		say(`t%d.txt="%s"`, i, line)
	}
	return b.Bytes()
}

// nextionLengths is how many bytes follow the code of an answer that may itself hold FF.
var nextionLengths = map[byte]int{0x65: 3, 0x66: 1, 0x67: 5, 0x68: 5, 0x71: 4}

// nextionFaults are the answers that refuse an instruction (nextion.ca/nis).
var nextionFaults = map[byte]string{
	0x00: "invalid instruction", 0x02: "no such component", 0x03: "no such page", 0x04: "no such picture", 0x05: "no such font",
	0x11: "baud rate refused", 0x1a: "no such variable", 0x1b: "operation refused", 0x1c: "assignment failed", 0x1e: "wrong number of parameters",
	0x20: "bad escape", 0x23: "name too long", 0x24: "its serial buffer ran over",
}

// mostAnswer bounds an answer whose end does not come.
const mostAnswer = 512

// nextionListen reads answers. After power-up a panel says 00 00 00 FF FF FF and then 88 FF FF FF.
func nextionListen() Listener {
	var answer []byte
	return func(b []byte) (heard []Heard) {
		for _, c := range b {
			answer = append(answer, c)
			if n := nextionLengths[answer[0]]; len(answer) < 1+n+len(nextionEnd) && n > 0 {
				continue
			}
			if !bytes.HasSuffix(answer, []byte(nextionEnd)) {
				if len(answer) > mostAnswer {
					answer = nil
				}
				continue
			}
			said := answer[:len(answer)-len(nextionEnd)]
			switch {
			case len(said) == 1 && said[0] == 0x88:
				heard = append(heard, Heard{Redraw: true})
			case len(said) == 1 && nextionFaults[said[0]] != "":
				heard = append(heard, Heard{Fault: nextionFaults[said[0]]})
			}
			answer = nil
		}
		return heard
	}
}
