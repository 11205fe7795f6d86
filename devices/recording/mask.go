package recording

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Pause ends a burst: what came before it is masked together and may be written.
const Pause = 500 * time.Millisecond

// mostHeld bounds a burst that has no pause.
const mostHeld = 64 << 10

// Masker holds bytes back until a burst is whole, because a code may come in pieces, and then makes zeros of
// the digits of codes.
type Masker struct {
	driver string
	held   []Chunk
	size   int
}

// NewMasker makes one for what a driver reads.
func NewMasker(driver string) *Masker { return &Masker{driver: driver} }

// Add takes a chunk and gives those that are ready.
func (m *Masker) Add(c Chunk) (ready []Chunk) {
	if len(m.held) > 0 && (c.At-m.held[len(m.held)-1].At >= Pause || m.size+len(c.B) > mostHeld) {
		ready = m.Flush()
	}
	m.held = append(m.held, Chunk{c.At, bytes.Clone(c.B)})
	m.size += len(c.B)
	return ready
}

// Due is when Flush should be called if nothing more comes; ok is false when nothing is held.
func (m *Masker) Due() (at time.Duration, ok bool) {
	if len(m.held) == 0 {
		return 0, false
	}
	return m.held[len(m.held)-1].At + Pause, true
}

// Flush gives everything that is held, masked.
func (m *Masker) Flush() []Chunk {
	chunks := m.held
	m.held, m.size = nil, 0
	var whole []byte
	for _, c := range chunks {
		whole = append(whole, c.B...)
	}
	switch m.driver {
	case "evdev":
		maskKeys(whole)
	case "ssi":
		maskPackets(whole)
	case "hidpos":
		rest := whole
		for _, c := range chunks { // each is a report; its id and its length are no digits
			maskText(rest[min(2, len(c.B)):len(c.B)])
			rest = rest[len(c.B):]
		}
	default:
		maskText(whole)
	}
	for i := range chunks {
		n := copy(chunks[i].B, whole)
		whole = whole[n:]
	}
	return chunks
}

// What stays of a code's digits: enough to know the wallet and to find the sale, too little to pay.
const (
	keepFirst = 2
	keepLast  = 4
	longCode  = 12 // digits; of a shorter one, which may be a piece, the last ones do not stay
	fewDigits = 5  // so many or fewer stay as they are
)

// maskText makes zeros of digits, line by line.
func maskText(b []byte) {
	var digits []int
	secret := false // inside a code that is not digits
	end := func(ended bool) {
		for _, i := range hidden(digits, ended) {
			b[i] = '0'
		}
		digits, secret = digits[:0], false
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\r' || c == '\n':
			end(true)
		case secret && (c|0x20) >= 'a' && (c|0x20) <= 'z':
			b[i] = 'A'
		case c >= '0' && c <= '9':
			digits = append(digits, i)
		case c == ']' && i+2 < len(b): // an AIM identifier: its digit is none of the code's
			i += 2
		case bytes.HasPrefix(b[i:], []byte("MSGGET")): // Honeywell's header: a length of four digits
			i += len("MSGGET") + 3
		case bytes.HasPrefix(b[i:], []byte(emvShopper)): // an EMVCo payment code in base64
			secret = true
			i += len(emvShopper) - 1
		}
	}
	end(false)
}

const emvShopper = "hQVDUFY"

// hidden are those of a code's digits that do not stay. One without an end may be a piece of a longer one.
func hidden(digits []int, ended bool) []int {
	switch n := len(digits); {
	case n <= keepFirst, ended && n <= fewDigits:
		return nil
	case n < longCode:
		return digits[keepFirst:]
	default:
		return digits[keepFirst : n-keepLast]
	}
}

// maskPackets masks the data of Zebra's packets and seals them again, so that they can be replayed. What is
// no packet is masked as text.
func maskPackets(b []byte) {
	loose := 0 // bytes before b that are no packet
	for at := 0; at < len(b); {
		n := int(b[at])
		if n < 4 || len(b) < at+n+2 || sum(b[at:at+n]) != binary.BigEndian.Uint16(b[at+n:]) {
			at++
			continue
		}
		maskText(b[loose:at])
		maskText(b[at+4 : at+n])
		binary.BigEndian.PutUint16(b[at+n:], sum(b[at:at+n]))
		at += n + 2
		loose = at
	}
	maskText(b[min(loose, len(b)):])
}

func sum(p []byte) uint16 {
	var s uint16
	for _, c := range p {
		s -= uint16(c)
	}
	return s
}

// An input event of a 64-bit kernel: two times of eight bytes, a type, a code and a value.
const (
	eventSize = 24
	eventKey  = 1
	eventMisc = 4 // carries the key once more, as the keyboard numbers it
)

// maskKeys types zeros in place of digits.
func maskKeys(b []byte) {
	var presses []int // offsets of records
	pressed := map[uint16][]int{}
	isDigit := func(code uint16) bool {
		return (code >= 2 && code <= 11) || (code >= 71 && code <= 73) || (code >= 75 && code <= 77) || (code >= 79 && code <= 82)
	}
	var releases [][2]int // a release, and the press it belongs to
	end := func(ended bool) {
		zero := map[int]bool{}
		for _, at := range hidden(presses, ended) {
			zero[at] = true
		}
		for at := range zero {
			binary.LittleEndian.PutUint16(b[at+18:], 11)
		}
		for _, r := range releases {
			if zero[r[1]] {
				binary.LittleEndian.PutUint16(b[r[0]+18:], 11)
			}
		}
		presses, releases = nil, nil
	}
	for at := 0; at+eventSize <= len(b); at += eventSize {
		kind, code, value := binary.LittleEndian.Uint16(b[at+16:]), binary.LittleEndian.Uint16(b[at+18:]), binary.LittleEndian.Uint32(b[at+20:])
		switch {
		case kind == eventMisc:
			binary.LittleEndian.PutUint32(b[at+20:], 0)
		case kind != eventKey:
		case (code == 28 || code == 96) && value == 1:
			end(true)
		case isDigit(code) && value == 1:
			presses = append(presses, at)
			pressed[code] = append(pressed[code], at)
		case isDigit(code) && len(pressed[code]) > 0:
			last := pressed[code][len(pressed[code])-1]
			releases = append(releases, [2]int{at, last})
		}
	}
	end(false)
}
