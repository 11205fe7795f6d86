package recording

import (
	"bytes"
	"encoding/binary"
	"strconv"
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
		rest, mask := whole, masking{parts: true}
		for _, c := range chunks { // each is a report; its id and its length are no digits
			mask.text(rest[min(2, len(c.B)):len(c.B)])
			rest = rest[len(c.B):]
		}
	default:
		new(masking).text(whole)
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

// masking is what the parts of a burst share.
type masking struct {
	parts   bool // a code may go on in the next text: once secret, all that follows in the burst is
	secret  bool // inside a code that is not digits
	matched int  // bytes of such a code's beginning
}

// text makes zeros of digits, line by line.
func (m *masking) text(b []byte) {
	var digits []int
	end := func(ended bool) {
		for _, i := range hidden(digits, ended) {
			b[i] = '0'
		}
		digits = digits[:0]
	}
	for i := 0; i < len(b); i++ {
		c := b[i]
		digit := c >= '0' && c <= '9'
		switch {
		case c == ']' && i+2 < len(b): // an AIM identifier: its digit is none of the code's
			i += 2
			continue
		case c == '\r' || c == '\n':
			end(true)
			m.secret = m.secret && m.parts
		case m.secret && digit:
			b[i] = '0'
		case m.secret && (c|0x20) >= 'a' && (c|0x20) <= 'z':
			b[i] = 'A'
		case digit:
			digits = append(digits, i)
		case bytes.HasPrefix(b[i:], []byte("MSGGET")): // Honeywell's header: a length of four digits
			i += len("MSGGET") + 3
		}
		m.begin(c)
	}
	end(false)
}

// begin looks for the beginning of an EMVCo payment code in base64. What fills up a report does not part it.
func (m *masking) begin(c byte) {
	switch c {
	case 0:
	case emvShopper[m.matched]:
		m.matched++
	case emvShopper[0]:
		m.matched = 1
	default:
		m.matched = 0
	}
	if m.matched == len(emvShopper) {
		m.secret, m.matched = true, 0
	}
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
	mask := masking{parts: true}
	loose := 0 // bytes before b that are no packet
	for at := 0; at < len(b); {
		n := int(b[at])
		if n < 4 || len(b) < at+n+2 || sum(b[at:at+n]) != binary.BigEndian.Uint16(b[at+n:]) {
			at++
			continue
		}
		mask.text(b[loose:at])
		mask.text(b[at+4 : at+n])
		binary.BigEndian.PutUint16(b[at+n:], sum(b[at:at+n]))
		at += n + 2
		loose = at
	}
	mask.text(b[min(loose, len(b)):])
}

func sum(p []byte) uint16 {
	var s uint16
	for _, c := range p {
		s -= uint16(c)
	}
	return s
}

// An input event: a time of two longs, a type, a code and a value.
const (
	eventSize = 8 + 2*strconv.IntSize/8
	eventKey  = 1
	eventMisc = 4 // carries the key once more, as the keyboard numbers it
	keyZero   = 11
	keyA      = 30
)

func isDigitKey(code uint16) bool {
	return (code >= 2 && code <= 11) || (code >= 71 && code <= 73) || (code >= 75 && code <= 77) || (code >= 79 && code <= 82)
}

// isLetterKey is true of each key that says a letter or a sign in some layout.
func isLetterKey(code uint16) bool {
	return code == 12 || code == 13 || (code >= 16 && code <= 27) || (code >= 30 && code <= 41) || (code >= 43 && code <= 53) || code == 86
}

// maskKeys types zeros in place of digits. In a line of more than a few letters, which may be a payment code in any
// layout, one letter stands for all of them.
func maskKeys(b []byte) {
	var digits, letters []int // offsets of presses
	pressed, put := map[uint16]int{}, map[int]uint16{}
	var releases [][2]int // a release, and the press it belongs to
	typed := func(at int, key uint16) {
		put[at] = key
		binary.LittleEndian.PutUint16(b[at+eventSize-6:], key)
	}
	end := func(ended bool) {
		gone := hidden(digits, ended)
		if n := len(letters); n > fewDigits || !ended && n > keepFirst {
			gone = digits
			for _, at := range letters[keepFirst:] {
				typed(at, keyA)
			}
		}
		for _, at := range gone {
			typed(at, keyZero)
		}
		for _, r := range releases {
			if key, ok := put[r[1]]; ok {
				typed(r[0], key)
			}
		}
		digits, letters, releases = nil, nil, nil
	}
	for at := 0; at+eventSize <= len(b); at += eventSize {
		tail := b[at+eventSize-8:]
		kind, code, value := binary.LittleEndian.Uint16(tail), binary.LittleEndian.Uint16(tail[2:]), binary.LittleEndian.Uint32(tail[4:])
		switch {
		case kind == eventMisc:
			binary.LittleEndian.PutUint32(tail[4:], 0)
		case kind != eventKey:
		case (code == 28 || code == 96) && value == 1:
			end(true)
		case isDigitKey(code) && value == 1:
			digits, pressed[code] = append(digits, at), at
		case isLetterKey(code) && value == 1:
			letters, pressed[code] = append(letters, at), at
		default:
			if press, ok := pressed[code]; ok {
				releases = append(releases, [2]int{at, press})
			}
		}
	}
	end(false)
}
