package main

import (
	"bytes"
	"fmt"
	"image"
	"strings"
	"sync"
)

// box is a customer display of the Bonrix kind: each line of text is a screen, its fields parted by **. It is what
// the profile bonrix-dqr describes.
type box struct {
	mu      sync.Mutex
	pending []byte
	screen  string
	fields  []string
	wrong   int // lines that it did not understand
}

// boxScreens is every screen, and how many fields it has.
var boxScreens = map[string]int{
	"WelcomeScreen": 1, "DisplayTotalScreen": 4, "DisplayQRCodeScreen": 3,
	"DisplaySuccessQRCodeScreen": 3, "DisplayFailQRCodeScreen": 3, "DisplayCancelQRCodeScreen": 3,
}

func (b *box) power() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending, b.screen, b.fields = nil, "", nil
	return nil
}

// hear takes bytes from the register. This display answers nothing.
func (b *box) hear(said []byte) (answers []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = append(b.pending, said...)
	for {
		line, rest, whole := bytes.Cut(b.pending, []byte("\n"))
		if !whole {
			break
		}
		if b.pending = rest; len(line) == 0 {
			continue // the end of a line that was cut
		}
		fields := strings.Split(string(line), "**")
		if n, known := boxScreens[fields[0]]; !known || len(fields) != 1+n {
			b.wrong++
			continue
		}
		b.screen, b.fields = fields[0], fields[1:]
	}
	if len(b.pending) > mostPending {
		b.pending, b.wrong = nil, b.wrong+1
	}
	return nil
}

// qr is the text of the QR on the glass, or nothing.
func (b *box) qr() string {
	if b.screen == "DisplayQRCodeScreen" {
		return b.fields[0]
	}
	return ""
}

// shows says in one line what a shopper sees; a QR only as one.
func (b *box) shows() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var parts []string
	for i, f := range b.fields {
		if f != "" && (i > 0 || b.qr() == "") {
			parts = append(parts, f)
		}
	}
	if b.qr() != "" {
		parts = append(parts, "[QR]")
	}
	if b.wrong > 0 {
		parts = append(parts, fmt.Sprintf("(%d lines refused)", b.wrong))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " | ")
}

func (b *box) picture() (image.Image, error) {
	b.mu.Lock()
	text := b.qr()
	b.mu.Unlock()
	return drawn(text)
}
