package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// printer is a slip printer that speaks ESC/POS: it takes its commands apart byte by byte, answers how it stands,
// refuses what it does not know, and keeps what stands on the paper.
type printer struct {
	mu       sync.Mutex
	pending  []byte
	line     []byte // letters that no line feed has put on the paper yet
	spans    []span // of the line
	style    style
	page     *charmap.Charmap
	chinese  bool
	stored   string // the text of the QR that is stored
	module   int    // of that QR, in dots
	paper    []printed
	noPaper  bool
	lowPaper bool
	open     bool // its cover
	mute     bool // it is switched off with its cable in: it neither prints nor answers
	wrong    int  // commands that it did not know
}

// style is how letters are printed.
type style struct{ center, bold, large bool }

type span struct {
	text string
	dots []byte // or a letter that came as a picture, in columns of three bytes; its text is a box
	style
}

// printed is one line of paper, a QR in dots, or a cut.
type printed struct {
	spans []span
	qr    [][]bool
	cut   bool
}

// The code pages of this printer, by their numbers.
var printerPages = map[byte]*charmap.Charmap{0x00: charmap.CodePage437, 0x02: charmap.CodePage850, 0x10: charmap.Windows1252, 0x13: charmap.CodePage858}

// mostPaper bounds what the printer remembers, in lines.
const mostPaper = 5000

func newPrinter() *printer { return &printer{page: charmap.CodePage437} }

// hear takes bytes from the register and answers what is asked for. Without paper it takes no more than a little.
func (p *printer) hear(b []byte) (answers []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute {
		return nil
	}
	p.pending = append(p.pending, b...)
	for len(p.pending) > 0 {
		n, answer := p.command(p.pending)
		if n == 0 {
			break
		}
		p.pending = p.pending[n:]
		answers = append(answers, answer...)
	}
	return answers
}

// lengths are the commands of a fixed length.
var printerLengths = map[string]int{"\x1b@": 2, "\x1c&": 2, "\x1c.": 2, "\x1bt": 3, "\x1ba": 3, "\x1bE": 3, "\x1d!": 3, "\x1bd": 3, "\x10\x04": 3}

// command carries out what stands at the begin of b, and says how many bytes that was; none while it is not whole.
func (p *printer) command(b []byte) (n int, answer []byte) {
	switch c := b[0]; {
	case c == '\n':
		p.feed()
		return 1, nil
	case c != 0x10 && c != 0x1b && c != 0x1c && c != 0x1d:
		return p.letter(b), nil
	case len(b) < 2:
		return 0, nil
	}
	switch head := string(b[:2]); head {
	case "\x1d(":
		return p.native(b), nil
	case "\x1dv":
		return p.raster(b), nil
	case "\x1dV":
		return p.knife(b), nil
	case "\x1b*":
		return p.columns(b), nil
	default:
		n := printerLengths[head]
		if n == 0 {
			p.wrong++
			return 1, nil
		}
		if len(b) < n {
			return 0, nil
		}
		return n, p.obey(head, b[n-1])
	}
}

func (p *printer) obey(head string, arg byte) (answer []byte) {
	switch head {
	case "\x1b@":
		p.style, p.chinese, p.page, p.line, p.spans = style{}, false, charmap.CodePage437, nil, nil
	case "\x1c&", "\x1c.":
		p.letters()
		p.chinese = head == "\x1c&"
	case "\x1bt":
		p.letters()
		if p.page = printerPages[arg]; p.page == nil {
			p.wrong, p.page = p.wrong+1, charmap.CodePage437
		}
	case "\x1ba", "\x1bE", "\x1d!":
		p.letters()
		switch head {
		case "\x1ba":
			p.style.center = arg == 1
		case "\x1bE":
			p.style.bold = arg&1 == 1
		case "\x1d!":
			p.style.large = arg == 0x11
		}
	case "\x1bd":
		for range arg {
			p.feed()
		}
	case "\x10\x04":
		return []byte{p.status(arg)}
	}
	return nil
}

// status is the answer to DLE EOT.
func (p *printer) status(n byte) byte {
	s := byte(0x12)
	switch {
	case n == 1 && (p.noPaper || p.open):
		s |= 0x08
	case n == 2 && p.open:
		s |= 0x04
	case n == 2 && p.noPaper:
		s |= 0x20
	case n == 4 && p.noPaper:
		s |= 0x60
	case n == 4 && p.lowPaper:
		s |= 0x0c
	}
	return s
}

// letter takes one letter; in Chinese mode one of two or four bytes.
func (p *printer) letter(b []byte) int {
	n := 1
	if p.chinese && b[0] >= 0x81 {
		switch {
		case len(b) < 2:
			return 0
		case b[1] >= '0' && b[1] <= '9':
			n = 4
		default:
			n = 2
		}
	}
	if len(b) < n {
		return 0
	}
	p.line = append(p.line, b[:n]...)
	return n
}

// letters ends a span of one style.
func (p *printer) letters() {
	if len(p.line) == 0 {
		return
	}
	var text string
	if p.chinese {
		text, _ = simplifiedchinese.GB18030.NewDecoder().String(string(p.line))
	} else {
		text, _ = p.page.NewDecoder().String(string(p.line))
	}
	p.spans, p.line = append(p.spans, span{text: text, style: p.style}), nil
}

func (p *printer) feed() {
	p.letters()
	p.put(printed{spans: p.spans})
	p.spans = nil
}

func (p *printer) put(what printed) {
	if p.noPaper || p.open {
		return // it would stop here; nothing comes out
	}
	p.paper = append(p.paper, what)
	p.paper = p.paper[max(0, len(p.paper)-mostPaper):]
}

// native is a command of the QR: GS ( k, length, 49, function, data.
func (p *printer) native(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	n := 5 + int(binary.LittleEndian.Uint16(b[3:]))
	if len(b) < n {
		return 0
	}
	data := b[5:n]
	if b[2] != 'k' || len(data) < 3 || data[0] != '1' {
		p.wrong++
		return n
	}
	switch data[1] {
	case 'A', 'E':
	case 'C':
		p.module = int(data[2])
	case 'P':
		p.stored = string(data[3:])
	case 'Q':
		if dots := dotsOf(p.stored, p.module); len(dots) > 0 && len(dots) <= paperDots && len(p.line) == 0 && len(p.spans) == 0 {
			p.put(printed{qr: dots})
		} else {
			p.wrong++ // a real one prints nothing, and does not say so
		}
	default:
		p.wrong++
	}
	return n
}

// raster is a picture: GS v 0 m, width in bytes, height, bits. Bands of one picture are put together.
func (p *printer) raster(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	wide, high := int(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:]))
	if b[2] != '0' || wide*8 > paperDots {
		p.wrong++
		return 3
	}
	n := 8 + wide*high
	if len(b) < n {
		return 0
	}
	dots := make([][]bool, high)
	for y := range dots {
		dots[y] = make([]bool, wide*8)
		for x := range dots[y] {
			dots[y][x] = b[8+y*wide+x/8]&(0x80>>(x%8)) != 0
		}
	}
	if last := len(p.paper) - 1; last >= 0 && len(p.paper[last].qr) > 0 && len(p.paper[last].qr[0]) == wide*8 {
		p.paper[last].qr = append(p.paper[last].qr, dots...)
	} else {
		p.put(printed{qr: dots})
	}
	return n
}

// columns is a picture among the letters of a line: ESC * 33, how many columns, three bytes each. One as wide as a
// Chinese letter is one.
func (p *printer) columns(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	n := 5 + 3*int(binary.LittleEndian.Uint16(b[3:]))
	if b[2] != 33 || n != 5+3*2*cellWide {
		p.wrong++
		return 3
	}
	if len(b) < n {
		return 0
	}
	p.letters()
	p.spans = append(p.spans, span{text: "口", dots: bytes.Clone(b[5:n]), style: p.style})
	return n
}

// knife is a cut: with a feed before it, or without.
func (p *printer) knife(b []byte) int {
	switch {
	case len(b) < 3:
		return 0
	case b[2] == 0x41 || b[2] == 0x42:
		if len(b) < 4 {
			return 0
		}
		p.put(printed{cut: true})
		return 4
	}
	p.put(printed{cut: true})
	return 3
}

// text is what stands on the paper since the power came, as a person would read it out.
func (p *printer) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, row := range p.paper {
		switch {
		case row.cut:
			b.WriteString("- - - - - - - -\n")
		case row.qr != nil:
			b.WriteString("[QR]\n")
		default:
			for _, s := range row.spans {
				b.WriteString(s.text)
			}
			b.WriteByte('\n')
		}
	}
	if p.wrong > 0 {
		fmt.Fprintf(&b, "(%d commands refused)\n", p.wrong)
	}
	return b.String()
}

// qrs reads every QR on the paper off its dots.
func (p *printer) qrs() (texts []string) {
	p.mu.Lock()
	rows := append([]printed(nil), p.paper...)
	p.mu.Unlock()
	for _, row := range rows {
		if row.qr == nil {
			continue
		}
		text, err := read(dotPicture(row.qr))
		if err != nil {
			text = err.Error()
		}
		texts = append(texts, text)
	}
	return texts
}

// tear takes the paper away.
func (p *printer) tear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paper = nil
}

// set changes what is wrong with the printer.
func (p *printer) set(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	change := map[string]func(){
		"paper": func() { p.noPaper, p.lowPaper = false, false }, "low": func() { p.lowPaper = true }, "empty": func() { p.noPaper = true },
		"open": func() { p.open = true }, "closed": func() { p.open = false },
		"off": func() { p.mute, p.pending = true, nil }, "on": func() { p.mute = false },
	}[what]
	if change != nil {
		change()
	}
	return change != nil
}

// refused reports how many commands were not understood.
func (p *printer) refused() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrong + bytes.Count(p.pending, []byte{0x1b})
}
