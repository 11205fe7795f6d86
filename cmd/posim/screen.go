package main

import (
	"errors"
	"image"
	"strings"
	"sync"
)

// glass is a customer display as a shopper and a cable know it.
type glass interface {
	power() (greeting []byte) // what it says when it gets power
	hear(b []byte) (answers []byte)
	shows() string
	picture() (image.Image, error)
}

// glasses is every customer display there is, by the driver or product that it is for.
func glasses() map[string]func() glass {
	return map[string]func() glass{
		"text":    func() glass { return &screen{} },
		"nextion": func() glass { return newPanel() },
		"dwin":    func() glass { return &dwin{} },
		"cd5220":  func() glass { return &pole{set: "cd5220"} },
		"epson":   func() glass { return &pole{set: "epson"} },
		"bonrix":  func() glass { return &box{} },
	}
}

// screen is the customer display: one that shows plain text, as far as the register can tell. A form
// feed clears it, lines end CR LF. It keeps what it was told to show, so that a test or a person can
// look at it.
type screen struct {
	mu   sync.Mutex
	text []byte
}

var errTextOnly = errors.New("this display shows text only; start posim with --display nextion or dwin")

// mostShown bounds what the display remembers, in bytes.
const mostShown = 4096

// power is what happens when the display gets power: it shows nothing, and says nothing.
func (s *screen) power() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = nil
	return nil
}

func (s *screen) picture() (image.Image, error) {
	return nil, errTextOnly
}

// hear takes bytes from the register. This display answers nothing.
func (s *screen) hear(b []byte) (answers []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range b {
		if c == '\f' {
			s.text = s.text[:0]
			continue
		}
		if len(s.text) < mostShown {
			s.text = append(s.text, c)
		}
	}
	return nil
}

// shows says in one line what a shopper sees.
func (s *screen) shows() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.FieldsFunc(string(s.text), func(r rune) bool { return r == '\r' || r == '\n' })
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.Join(lines, " | ")
}
