package printer

import (
	"encoding/binary"
	"fmt"
	"strings"

	"posd/pos"
	"posd/pos/qr"
	"posd/pos/words"
)

// The commands of ESC/POS that a slip needs (Epson's command reference; SPRT manuals for Chinese).
const (
	reset      = "\x1b@"
	center     = "\x1ba\x01"
	left       = "\x1ba\x00"
	bold       = "\x1bE\x01"
	light      = "\x1bE\x00"
	large      = "\x1d!\x11"
	small      = "\x1d!\x00"
	codePage   = "\x1bt"
	feedFour   = "\x1bd\x04"
	rasterHead = "\x1dv0\x00"
	band       = 240 // rows of a picture at a time, for printers with little memory
	mostLines  = 1000
)

// cuts are the ways to cut, by a profile's word.
var cuts = map[string][]byte{"feed": {0x1d, 'V', 0x42, 0x00}, "partial": []byte(feedFour + "\x1dV\x01"), "full": []byte(feedFour + "\x1dV\x00")}

// Sizes of a QR on paper, in dots a module: smaller ones are not read off thermal paper, larger ones waste it.
const (
	leastModule, mostModule, goodModule = 3, 8, 6
)

// Dialect is how one kind of printer is spoken to.
type Dialect struct {
	Encode func(pos.Slip) (bytes []byte, lacks Lacks)
	Silent bool // it answers no question about its state
}

// Lacks is what of a slip this printer cannot print.
type Lacks struct {
	Letters bool // some are question marks on the paper
	QR      bool // left out
}

// ESCPOS is the dialect of nearly all slip printers.
func ESCPOS(s Settings) (Dialect, error) {
	own, err := s.whole()
	if err != nil {
		return Dialect{}, err
	}
	return Dialect{Silent: own.Silent, Encode: func(slip pos.Slip) ([]byte, Lacks) { return own.encode(slip) }}, nil
}

// Draws lets a printer whose profile says nothing of Chinese have it as pictures, where its line is fast enough.
func (s Settings) Draws(baud int) Settings {
	if s.Chinese == "" && baud >= rasterBaud {
		s.Chinese = "raster"
	}
	return s
}

// Slow says why a printer is too slow at a speed to be any use.
func (s Settings) Slow(baud int) error {
	if s.Chinese == "raster" && baud < rasterBaud {
		return fmt.Errorf("pictures of Chinese letters need %d baud or more, not %d; leave chinese out, and such letters are question marks", rasterBaud, baud)
	}
	if s.QR == "raster" && baud < rasterBaud {
		dots := s.Dots
		if dots == 0 {
			dots = map[int]int{0: 576, 80: 576, 58: 384}[s.Width]
		}
		side := dots * 2 / 5 // of a payment QR with its border
		took := float64(side*(side+7)/8*10) / float64(max(baud, 1))
		return fmt.Errorf("a QR as a picture takes %.1f s at %d baud; set the printer to %d or more, or use qr = \"native\" or \"none\"", took, baud, rasterBaud)
	}
	return nil
}

// encode is a slip as the printer's bytes, from a reset to the cut.
func (s Settings) encode(slip pos.Slip) ([]byte, Lacks) {
	p, lacks := &pen{}, Lacks{}
	switch s.Chinese {
	case "raster":
		p.drawn = drawn(slip)
	case "gbk", "gb18030":
		p.chinese, p.inside = s.Chinese, true // Chinese models begin in Chinese mode
	}
	p.WriteString(reset)
	p.mode(false)
	if s.Encoding != "" {
		p.page = pages[s.Encoding]
		p.WriteString(codePage)
		p.WriteByte(byte(*s.Table))
	}
	for _, line := range slip.Lines[:min(len(slip.Lines), mostLines)] {
		if line.QR != "" {
			if !s.qr(p, line.QR) {
				lacks.QR = true
			}
			continue
		}
		s.line(p, line)
	}
	p.mode(false)
	if s.Cut == "none" {
		p.WriteString(feedFour)
	} else {
		p.Write(cuts[s.Cut])
	}
	lacks.Letters = p.lacks
	return p.Bytes(), lacks
}

// line writes one line of a slip on as many lines of paper as it takes.
func (s Settings) line(p *pen, line pos.SlipLine) {
	columns := s.Columns
	on, off := "", ""
	if line.Large && !strings.ContainsFunc(line.Text+line.Right, func(r rune) bool { return p.drawn[r] != nil }) { // a picture does not grow
		on, off, columns = large, small, columns/2
	}
	if line.Bold {
		on, off = on+bold, light+off
	}
	if line.Center {
		on, off = on+center, off+left
	}
	p.WriteString(on)
	for _, text := range Layout(line, columns) {
		p.text(text)
		p.WriteByte('\n')
	}
	p.WriteString(off)
}

// Layout is one line of a slip as lines of so many columns.
func Layout(line pos.SlipLine, columns int) []string {
	if line.Rule {
		return []string{strings.Repeat("-", columns)}
	}
	lines := wrap(line.Text, columns)
	if line.Right == "" {
		return lines
	}
	last := &lines[len(lines)-1]
	if gap := columns - words.Columns(*last) - words.Columns(line.Right); gap >= 1 || *last == "" && gap >= 0 {
		*last += strings.Repeat(" ", gap) + line.Right
		return lines
	}
	for _, right := range wrap(line.Right, columns) {
		lines = append(lines, strings.Repeat(" ", columns-words.Columns(right))+right)
	}
	return lines
}

// wrap breaks a text between words, or beside any Chinese character; a word longer than a line is broken too.
func wrap(text string, columns int) (lines []string) {
	var line []rune
	wide, cut, next := 0, 0, 0 // where the line may be cut, and where the next one begins
	end := func(cutAt, from int) {
		lines = append(lines, strings.TrimRight(string(line[:cutAt]), " "))
		line = append([]rune(nil), line[from:]...)
		wide, cut, next = words.Columns(string(line)), 0, 0
	}
	for _, r := range text {
		n := words.Wide(r)
		if wide+n > columns && len(line) > 0 {
			switch {
			case r == ' ':
				end(len(line), len(line))
				continue
			case n == 1 && cut > 0:
				end(cut, next)
			default:
				end(len(line), len(line))
			}
		}
		if r == ' ' {
			cut, next = len(line), len(line)+1
		}
		line, wide = append(line, r), wide+n
		if n == 2 {
			cut, next = len(line), len(line)
		}
	}
	return append(lines, strings.TrimRight(string(line), " "))
}

// qr writes a QR in the middle of the paper, as large as is good for a phone. Wider than the paper it would not be
// printed, and the printer would not say so.
func (s Settings) qr(p *pen, text string) bool {
	matrix, err := qr.Matrix(text) // with its border of four modules
	if err != nil || s.QR == "none" {
		return false
	}
	module := min(goodModule, s.Dots/len(matrix))
	if module < leastModule {
		return false
	}
	p.mode(false)
	p.WriteString(center)
	if s.QR == "native" {
		native(p, text, module, 'M')
	} else {
		raster(p, matrix, module)
	}
	p.WriteString("\n" + left)
	return true
}

// native is the printer's own QR: model 2, size, level, the text, print. module is 1 to 8, level L, M, Q or H.
func native(p *pen, text string, module int, level byte) {
	say := func(function byte, data string) {
		p.WriteString("\x1d(k")
		p.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(data)+2)))
		p.WriteByte('1')
		p.WriteByte(function)
		p.WriteString(data)
	}
	say('A', "2\x00")
	say('C', string(rune(min(module, mostModule))))
	say('E', string(rune('0'+strings.IndexByte("LMQH", level))))
	say('P', "0"+text)
	say('Q', "0")
}

// raster is a QR as a picture, in bands.
func raster(p *pen, matrix [][]bool, module int) {
	side := len(matrix) * module
	row := (side + 7) / 8
	for from := 0; from < side; from += band {
		high := min(band, side-from)
		p.WriteString(rasterHead)
		p.Write(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(row)), uint16(high)))
		for y := from; y < from+high; y++ {
			bits := make([]byte, row)
			for x := range side {
				if matrix[y/module][x/module] {
					bits[x/8] |= 0x80 >> (x % 8)
				}
			}
			p.Write(bits)
		}
	}
}
