package display

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// DWINSettings is what a profile says about a panel's project. Page 0 is where a panel starts; it is never used, so
// that a restart is noticed.
type DWINSettings struct {
	TextPage  int    `toml:"text_page"`
	PayPage   int    `toml:"pay_page"`
	QR        int    `toml:"qr"`         // the variable of the QR
	MostQR    int    `toml:"most_qr"`    // bytes: 458
	Lines     []int  `toml:"lines"`      // the variables of up to four lines, on both pages
	LineBytes int    `toml:"line_bytes"` // that each holds, its end not counted
	Encoding  string `toml:"encoding"`   // of its texts: gbk
	CRC       bool   `toml:"crc"`        // it wants a check sum on every frame
}

// DGUS II (DWIN DGUS specification, p. 12): 5A A5, length from the command on, command, address, data.
const (
	dwinWrite, dwinRead = 0x82, 0x83
	dwinPage            = 0x0084 // write: which page is shown
	dwinPageNow         = 0x0014 // read: which page is shown
	dwinFrame           = 240    // bytes of data in one frame
	dwinMostQR          = 458    // more is no QR of 73 modules (TGUS manual of the QR control)
)

// DWIN is the dialect of DGUS II panels. A QR is written while the page of words is shown, its tail first, and shown
// when all of it is there: no shopper can scan half of one.
func DWIN(s Settings) (Dialect, error) {
	if s.DWIN == nil {
		return Dialect{}, errors.New("a DWIN panel needs a profile with a table [display.dwin]: its pages and variables")
	}
	own := *s.DWIN
	if own.MostQR == 0 {
		own.MostQR = dwinMostQR
	}
	letters, err := alphabetOf(own.Encoding, "gbk")
	if err == nil {
		err = own.check()
	}
	if err != nil {
		return Dialect{}, err
	}
	check := draws(own.MostQR, "")
	return Dialect{
		// Zeros end what a pulled cable left half said: a text becomes shorter, and no page is ever shown by them.
		Open:   append(make([]byte, dwinFrame+5), own.frame(dwinWrite, own.QR, ended(nil))...),
		MostQR: own.MostQR,
		Draws:  check,
		Encode: func(p Page) []byte { return own.encode(p, letters, check) },
		Omits:  omitsNothing,
		Ask:    own.frame(dwinRead, dwinPageNow, []byte{1}),
		Listen: dwinListen,
	}, s.only("dwin")
}

func (d DWINSettings) check() error {
	switch {
	case d.TextPage < 1 || d.TextPage > 255 || d.PayPage < 1 || d.PayPage > 255 || d.TextPage == d.PayPage:
		return errors.New("text_page and pay_page are two numbers from 1 to 255; page 0 is where the panel starts")
	case d.MostQR < 1 || d.MostQR > dwinMostQR:
		return fmt.Errorf("most_qr is 1 to %d bytes", dwinMostQR)
	case len(d.Lines) < 1 || len(d.Lines) > 4:
		return errors.New("lines are the variables of one to four lines")
	case d.LineBytes < 20 || d.LineBytes > maxBytes:
		return fmt.Errorf("line_bytes is 20 to %d", maxBytes)
	}
	// What is written to one variable must not run into the next.
	type span struct{ from, to int }
	spans := []span{{d.QR, d.QR + (d.MostQR+1)/2 + 1}}
	for _, l := range d.Lines {
		spans = append(spans, span{l, l + (d.LineBytes+1)/2 + 1})
	}
	slices.SortStableFunc(spans, func(a, b span) int { return a.from - b.from })
	for i, s := range spans {
		switch {
		case s.from < 0x1000 || s.to > 0xffff:
			return errors.New("variables lie from 0x1000 on, below 0xffff")
		case i > 0 && s.from < spans[i-1].to:
			return fmt.Errorf("the variable 0x%04x begins inside the one before it, which needs %d words", s.from, spans[i-1].to-spans[i-1].from)
		}
	}
	return nil
}

func (d DWINSettings) encode(p Page, letters alphabet, check func(string) error) []byte {
	b := d.frame(dwinWrite, dwinPage, []byte{0x5a, 0x01, 0x00, byte(d.TextPage)})
	for i, at := range d.Lines {
		var line []byte
		if i < len(p.Lines) {
			line, _ = letters.write(p.Lines[i], "", d.LineBytes)
		}
		b = append(b, d.frame(dwinWrite, at, ended(line))...)
	}
	if p.QR == "" || check(p.QR) != nil {
		return append(b, d.frame(dwinWrite, d.QR, ended(nil))...) // one that is given up cannot be shown again
	}
	text := ended([]byte(p.QR))
	for from := (len(text) - 1) / dwinFrame * dwinFrame; from >= 0; from -= dwinFrame {
		b = append(b, d.frame(dwinWrite, d.QR+from/2, text[from:min(from+dwinFrame, len(text))])...)
	}
	return append(b, d.frame(dwinWrite, dwinPage, []byte{0x5a, 0x01, 0x00, byte(d.PayPage)})...)
}

// ended fills a text up to whole words, and ends it.
func ended(text []byte) []byte {
	out := slices.Clone(text)
	if len(out)%2 == 1 {
		out = append(out, 0)
	}
	return append(out, 0, 0)
}

func (d DWINSettings) frame(command byte, address int, data []byte) []byte {
	return dwinFramed(append(binary.BigEndian.AppendUint16([]byte{command}, uint16(address)), data...), d.CRC)
}

// dwinFramed puts the head before a command, and the check sum behind it where it is wanted.
func dwinFramed(body []byte, crc bool) []byte {
	if crc {
		body = binary.LittleEndian.AppendUint16(body, crc16(body))
	}
	return append([]byte{0x5a, 0xa5, byte(len(body))}, body...)
}

// crc16 is CRC-16/MODBUS.
func crc16(b []byte) uint16 {
	sum := uint16(0xffff)
	for _, c := range b {
		sum ^= uint16(c)
		for range 8 {
			low := sum & 1
			if sum >>= 1; low == 1 {
				sum ^= 0xa001
			}
		}
	}
	return sum
}

// dwinListen reads what a panel answers: that a write was taken, or what it was asked for. Noise before a frame is
// skipped.
func dwinListen() Listener {
	var got []byte
	return func(b []byte) (heard []Heard) {
		for _, c := range b {
			got = append(got, c)
			for len(got) > 0 && !dwinBegins(got) {
				got = got[1:]
			}
			if len(got) < 3 || len(got) < 3+int(got[2]) {
				continue
			}
			// A read: command, address, words, data. A panel that shows its first page was restarted.
			body := got[3:]
			if len(body) >= 6 && body[0] == dwinRead && binary.BigEndian.Uint16(body[1:]) == dwinPageNow && body[4] == 0 && body[5] == 0 {
				heard = append(heard, Heard{Redraw: true})
			}
			got = nil
		}
		return heard
	}
}

// dwinBegins reports whether bytes may be the begin of a frame.
func dwinBegins(b []byte) bool {
	return b[0] == 0x5a && (len(b) < 2 || b[1] == 0xa5) && (len(b) < 3 || b[2] >= 3)
}
