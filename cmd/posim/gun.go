package main

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"
)

// gun is a scanner: what it sends for a code, and what it makes of what it is told.
type gun interface {
	code(text string) ([]byte, error)
	hear(b []byte) []byte // from the register; its answer
	felt() string         // what a person noticed of it last
	deaf() error          // it misses the register's next answer
}

// errWaits is a scanner that reads nothing until it has heard what became of its last code.
var errWaits = errors.New("it waits to hear about the last code")

// guns is every scanner there is.
func guns() map[string]func(say func([]byte) error) gun {
	return map[string]func(func([]byte) error) gun{
		"line": func(func([]byte) error) gun { return plain{} },
		"ack":  func(func([]byte) error) gun { return &waiting{} },
		"ssi":  func(say func([]byte) error) gun { return &zebra{say: say} },

		"hidpos": func(func([]byte) error) gun { return &reports{} },
		"evdev":  func(func([]byte) error) gun { return typing{} },
	}
}

// plain ends each code with a CR and takes no commands.
type plain struct{}

func (plain) code(text string) ([]byte, error) { return []byte(text + "\r"), nil }
func (plain) hear([]byte) []byte               { return nil }
func (plain) felt() string                     { return "nothing" }
func (plain) deaf() error                      { return errors.New("it hears nothing anyway") }

// waiting is a Honeywell scanner with Host ACK: after each code it reads nothing until it is told what became
// of it, or ten seconds have passed.
type waiting struct {
	mu    sync.Mutex
	buf   []byte
	until time.Time // it waits
	last  string
}

const hostAckWait = 10 * time.Second

func (w *waiting) code(text string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Now().Before(w.until) {
		return nil, errWaits
	}
	w.until, w.last = time.Now().Add(hostAckWait), "it waits"
	return []byte(text + "\r"), nil
}

func (w *waiting) hear(b []byte) (answer []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = append(w.buf, b...)
	for len(w.buf) > 0 {
		if menu, ok := bytes.CutPrefix(w.buf, []byte("\x16M\r")); ok {
			end := bytes.IndexAny(menu, "!.")
			if end < 0 {
				if len(menu) > 1<<10 {
					w.buf = nil
				}
				return answer
			}
			answer = append(append(append(answer, menu[:end]...), 0x06), menu[end])
			w.buf = menu[end+1:]
			continue
		}
		n, part := 1, false
		for command, what := range map[string]string{"\x1b7": "a good tone", "\x1b8": "an error tone", "\x16T\r": "it looks for a code", "\x16U\r": "it rests", "\x16\x07\r": "a beep"} {
			switch {
			case bytes.HasPrefix(w.buf, []byte(command)):
				n, w.last = len(command), what
				if command[0] == 0x1b {
					w.until = time.Time{}
				}
			case bytes.HasPrefix([]byte(command), w.buf):
				part = true
			}
		}
		if n == 1 && (part || bytes.HasPrefix([]byte("\x16M\r"), w.buf)) {
			return answer // the rest of it comes
		}
		w.buf = w.buf[n:]
	}
	return answer
}

func (w *waiting) felt() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.until.IsZero() && !time.Now().Before(w.until) {
		return "an error tone"
	}
	if w.last == "" {
		return "nothing"
	}
	return w.last
}

func (w *waiting) deaf() error { return errors.New("only ssi sends a code again") }

// zebra is a scanner that speaks in SSI packets: it sends a code again, twice, until it is acknowledged, and
// acknowledges every command whose sum is right.
type zebra struct {
	say func([]byte) error

	mu     sync.Mutex
	buf    []byte
	parts  [][]byte // of a code: the first has left
	tries  int
	timer  *time.Timer
	missed int // answers of the register that it will not hear
	last   string
}

const (
	ssiTries   = 3
	ssiWait    = 2 * time.Second
	ssiLongest = 250 // bytes of a code in one packet
)

func seal(p ...byte) []byte {
	sum := 0
	for _, c := range p {
		sum -= int(c)
	}
	return append(p, byte(sum>>8), byte(sum))
}

func (z *zebra) code(text string) ([]byte, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if len(z.parts) > 0 {
		return nil, errWaits
	}
	kind := byte(0x03) // Code 128
	if len(text) > 40 {
		kind = 0x1c // QR
	}
	for rest := []byte(text); len(rest) > 0; {
		n := min(len(rest), ssiLongest)
		more := byte(0)
		if n < len(rest) {
			more = 1 << 1
		}
		z.parts = append(z.parts, append([]byte{byte(5 + n), 0xf3, 0, more, kind}, rest[:n]...))
		rest = rest[n:]
	}
	z.tries = 1
	z.timer = time.AfterFunc(ssiWait, z.again)
	return seal(bytes.Clone(z.parts[0])...), nil
}

// again sends a part that nobody acknowledged, or gives the code up with a long low tone.
func (z *zebra) again() {
	z.mu.Lock()
	p := z.repeated()
	z.mu.Unlock()
	if p != nil && z.say(p) != nil {
		z.mu.Lock()
		z.parts = nil // the cable is out
		z.mu.Unlock()
	}
}

func (z *zebra) repeated() []byte {
	if len(z.parts) == 0 {
		return nil
	}
	if z.tries >= ssiTries {
		z.parts, z.last = nil, "a transmit error"
		return nil
	}
	z.tries++
	z.timer.Reset(ssiWait)
	p := bytes.Clone(z.parts[0])
	p[3] |= 1
	return seal(p...)
}

func (z *zebra) hear(b []byte) (answer []byte) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.buf = append(z.buf, b...)
	for len(z.buf) > 0 {
		n := int(z.buf[0])
		if n < 4 { // the zero that wakes it
			z.buf = z.buf[1:]
			continue
		}
		if len(z.buf) < n+2 {
			return answer
		}
		p, sum := z.buf[:n], z.buf[n:n+2]
		z.buf = z.buf[n+2:]
		if !bytes.Equal(seal(bytes.Clone(p)...)[n:], sum) {
			answer = append(answer, seal(5, 0xd1, 0, 0, 1)...)
			continue
		}
		answer = append(answer, z.told(p)...)
	}
	return answer
}

func (z *zebra) told(p []byte) []byte {
	switch p[1] {
	case 0xd0, 0xd1:
		if z.missed > 0 {
			z.missed--
			return nil
		}
		if len(z.parts) == 0 {
			return nil
		}
		if p[1] == 0xd1 {
			return z.repeated()
		}
		z.parts = z.parts[1:]
		z.timer.Stop()
		if len(z.parts) == 0 {
			return nil
		}
		z.tries = 1
		z.timer.Reset(ssiWait)
		return seal(bytes.Clone(z.parts[0])...)
	case 0xe4:
		z.last = "it looks for a code"
	case 0xe5:
		z.last = "it rests"
	case 0xe6:
		z.last = "a high tone"
		if len(p) > 4 && p[4] >= 5 {
			z.last = "a low tone"
		}
	case 0xc6:
		if len(p) >= 7 {
			z.last = fmt.Sprintf("parameter %X set", p[5:])
		}
	}
	return seal(4, 0xd0, 0, 0)
}

func (z *zebra) felt() string {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.last == "" {
		return "nothing"
	}
	return z.last
}

func (z *zebra) deaf() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.missed++
	return nil
}
