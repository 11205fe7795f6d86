package main

import (
	"fmt"
	"image"
	"strings"
	"sync"
)

// pole is a customer display of two lines of 20 letters. It knows one command set; told the other one, it shows the
// letters of the commands, as a real one does.
type pole struct {
	set string // cd5220 or epson

	mu      sync.Mutex
	glass   [2][20]byte
	at      int // the cursor: 0 to 39
	command []byte
	lines   bool // cd5220: it was given a line, and takes only lines until it is cleared
}

func (p *pole) power() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.command = nil
	return nil
}

func (p *pole) clear() { p.glass, p.at, p.lines = [2][20]byte{}, 0, false }

func (p *pole) picture() (image.Image, error) { return nil, errTextOnly }

// hear takes bytes from the register. This display answers nothing.
func (p *pole) hear(b []byte) (answers []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range b {
		p.byte(c)
	}
	return nil
}

func (p *pole) byte(c byte) {
	if len(p.command) > 0 {
		p.command = append(p.command, c)
		p.obey()
		return
	}
	switch {
	case c == 0x0c:
		p.clear()
	case c == 0x1b || c == 0x1f:
		p.command = []byte{c}
	case c >= ' ' && !p.lines:
		p.put(c)
	}
}

func (p *pole) put(c byte) {
	p.glass[p.at/20][p.at%20] = c
	p.at = (p.at + 1) % 40
}

// obey carries out a command as soon as it is whole. One of another set ends after two bytes, and the rest are letters.
func (p *pole) obey() {
	c := p.command
	if len(c) < 2 {
		return
	}
	long := 3
	switch key := string(c[:2]); {
	case key == "\x1b@":
		long = 2
	case key == "\x1b=" || key == "\x1b_" || key == "\x1bc" || key == "\x1bt" || key == "\x1fC" || key == "\x1fX":
	case key == "\x1f$" && p.set == "epson":
		long = 4
	case key == "\x1bQ" && p.set == "cd5220":
		long = 3 + 20 + 1
		if c[len(c)-1] == '\r' {
			long = len(c)
		}
	default:
		p.command = nil
		for _, c := range c[1:] {
			p.put(c)
		}
		return
	}
	if len(c) < long {
		return
	}
	p.command = nil
	switch key := string(c[:2]); {
	case key == "\x1b@":
		p.clear()
	case key == "\x1f$":
		if x, y := int(c[2]), int(c[3]); x >= 1 && x <= 20 && y >= 1 && y <= 2 {
			p.at = (y-1)*20 + x - 1
		}
	case key == "\x1bQ" && (c[2] == 'A' || c[2] == 'B'):
		p.lines = true
		p.glass[c[2]-'A'] = [20]byte{}
		copy(p.glass[c[2]-'A'][:], strings.TrimRight(string(c[3:]), "\r"))
	}
}

// shows says in one line what a shopper sees.
func (p *pole) shows() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []string
	for _, line := range p.glass {
		var b strings.Builder
		for _, c := range line {
			switch {
			case c == 0:
				b.WriteByte(' ')
			case c < 0x7f:
				b.WriteByte(c)
			default: // which letter it is depends on a table that is not looked into here
				fmt.Fprintf(&b, "<%02x>", c)
			}
		}
		if text := strings.TrimSpace(b.String()); text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " | ")
}
