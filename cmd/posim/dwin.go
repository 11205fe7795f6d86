package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"strings"
	"sync"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// dwin is a customer display with a DGUS II panel, whose project is the one that the profile dwin-dgus2 describes. It
// takes frames apart byte by byte, refuses what is no frame, keeps its variables, and draws the QR as pixels.
type dwin struct {
	mu      sync.Mutex
	pending []byte
	memory  [1 << 16]uint16
	page    int
	wrong   int // bytes and frames that it could not use
}

// The project: page 0 is where the panel starts.
const (
	dwinTextPage = 1
	dwinPayPage  = 2
	dwinQR       = 0x4000
	dwinMostQR   = 458 // bytes
)

// dwinLines are the variables of the lines, on both pages.
var dwinLines = []int{0x1000, 0x1100, 0x1200, 0x1300}

// power is what happens when the panel gets power: it shows its first page, has forgotten its variables, and says nothing.
func (d *dwin) power() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.page, d.pending = 0, nil
	clear(d.memory[:])
	return nil
}

// hear takes bytes from the register and answers each frame.
func (d *dwin) hear(b []byte) (answers []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range b {
		if len(d.pending) == 0 && c == 0 {
			continue // nothing between two frames
		}
		d.pending = append(d.pending, c)
		switch p := d.pending; {
		case p[0] != 0x5a, len(p) > 1 && p[1] != 0xa5, len(p) > 2 && p[2] < 4:
			d.wrong, d.pending = d.wrong+1, nil
		case len(p) >= 3 && len(p) == 3+int(p[2]):
			answers = append(answers, d.obey(p[3:])...)
			d.pending = nil
		}
	}
	return answers
}

// obey carries out one frame's command.
func (d *dwin) obey(body []byte) []byte {
	at := int(binary.BigEndian.Uint16(body[1:]))
	switch data := body[3:]; {
	case body[0] == 0x82 && at == 0x0084 && len(data) == 4 && data[0] == 0x5a && data[1] == 1:
		d.page = int(binary.BigEndian.Uint16(data[2:]))
	case body[0] == 0x82 && len(data)%2 == 0 && at+len(data)/2 <= len(d.memory):
		for i := 0; i < len(data); i += 2 {
			d.memory[at+i/2] = binary.BigEndian.Uint16(data[i:])
		}
	case body[0] == 0x83 && at == 0x0014 && len(data) == 1 && data[0] == 1:
		return []byte{0x5a, 0xa5, 6, 0x83, 0x00, 0x14, 1, byte(d.page >> 8), byte(d.page)}
	default:
		d.wrong++
		return nil
	}
	return []byte{0x5a, 0xa5, 3, 0x82, 'O', 'K'}
}

// text is what a variable holds, up to its end.
func (d *dwin) text(at, most int) string {
	var b []byte
	for len(b) < most {
		word := d.memory[at+len(b)/2]
		b = append(b, byte(word>>8), byte(word))
		if word == 0 || word == 0xffff || word&0xff == 0 {
			break
		}
	}
	end := bytes.IndexByte(b, 0)
	if end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// shows says in one line what a shopper sees; a QR only as one.
func (d *dwin) shows() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var parts []string
	if d.page == dwinTextPage || d.page == dwinPayPage {
		for _, at := range dwinLines {
			line, err := simplifiedchinese.GBK.NewDecoder().String(d.text(at, 80))
			if err != nil {
				line = "?"
			}
			if line != "" {
				parts = append(parts, line)
			}
		}
	}
	if d.page == dwinPayPage && d.text(dwinQR, dwinMostQR) != "" {
		parts = append(parts, "[QR]")
	}
	if d.wrong > 0 {
		parts = append(parts, fmt.Sprintf("(%d frames refused)", d.wrong))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " | ")
}

// picture is the glass.
func (d *dwin) picture() (image.Image, error) {
	d.mu.Lock()
	text := ""
	if d.page == dwinPayPage {
		text = d.text(dwinQR, dwinMostQR)
	}
	d.mu.Unlock()
	return drawn(text)
}
