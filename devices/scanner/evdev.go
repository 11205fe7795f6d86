package scanner

import (
	"encoding/binary"
	"strconv"
	"time"
)

// Linux input events: type, code and value at the end of each, after a time of two longs
// (linux/input.h). 24 bytes where a long has 64 bits, else 16.
const (
	evSyn, evKey             = 0, 1
	synDropped               = 3
	keyUp, keyDown           = 0, 1
	keyCtrlL, keyCtrlR       = 29, 97
	keyShiftL, keyShiftR     = 42, 54
	keyAltL, keyAltR         = 56, 100
	keyCaps, keyNum, keyRoll = 58, 69, 70
)

// Keys is the dialect of scanners that type: key events of a keyboard that is grabbed, turned into the
// bytes that the scanner meant, by the layout that it types for.
type Keys struct {
	lines  *Decoder
	layout map[uint16]key
	size   int // bytes of an event
	buf    []byte
	down   map[uint16]bool // the modifiers that are held
	caps   bool
	number string // typed on the keypad while Alt is held
}

// NewKeys makes a keyboard scanner that has just been grabbed.
func NewKeys(s Settings) *Keys {
	size := 24
	if strconv.IntSize == 32 {
		size = 16
	}
	layout := layouts[s.Keys]
	if layout == nil {
		layout = layouts["us"]
	}
	return &Keys{lines: NewDecoder(Config{Terminators: s.Terminator, Prefix: s.Prefix, Suffix: s.Suffix, Dedupe: s.Dedupe}),
		layout: layout, size: size, down: map[uint16]bool{}}
}

// Feed takes events that were read at one instant; the last may be cut.
func (k *Keys) Feed(b []byte, at time.Time) ([]Event, []byte) {
	events := k.lines.Idle(at)
	for len(b) > 0 {
		n := min(len(b), k.size-len(k.buf))
		k.buf, b = append(k.buf, b[:n]...), b[n:]
		if len(k.buf) < k.size {
			break
		}
		tail := k.buf[k.size-8:]
		events = append(events, k.event(binary.LittleEndian.Uint16(tail), binary.LittleEndian.Uint16(tail[2:]), int32(binary.LittleEndian.Uint32(tail[4:])), at)...)
		k.buf = k.buf[:0]
	}
	return events, nil
}

// Idle takes the time.
func (k *Keys) Idle(at time.Time) ([]Event, []byte) { return k.lines.Idle(at), nil }

// Deadline is when Idle wants to be called, or zero.
func (k *Keys) Deadline() time.Time { return k.lines.Deadline() }

// Say says nothing: a keyboard takes no commands.
func (k *Keys) Say(Word, time.Time) []byte { return nil }

func (k *Keys) event(kind, code uint16, value int32, at time.Time) []Event {
	switch {
	case kind == evSyn && code == synDropped:
		clear(k.down) // what is held now is unknown
		k.number = ""
		return k.lines.lose(SynDropped, at)
	case kind != evKey:
		return nil
	}
	switch code {
	case keyShiftL, keyShiftR, keyCtrlL, keyCtrlR, keyAltL, keyAltR:
		held := k.alt()
		k.down[code] = value != keyUp
		if held && !k.alt() && k.number != "" {
			return k.typed(at)
		}
		return nil
	case keyCaps:
		if value == keyDown {
			k.caps = !k.caps
		}
		return nil
	case keyNum, keyRoll:
		return nil
	}
	if value != keyDown { // released, or repeating: no scanner means a letter twice
		return nil
	}
	if d, ok := keypad[code]; ok && k.down[keyAltL] && digit(d) {
		if k.number += string(d); len(k.number) > 5 {
			k.number = ""
			return k.lines.Feed([]byte{0x7f}, at)
		}
		return nil
	}
	return k.lines.Feed(k.bytes(code), at)
}

func (k *Keys) alt() bool   { return k.down[keyAltL] || k.down[keyAltR] }
func (k *Keys) shift() bool { return k.down[keyShiftL] || k.down[keyShiftR] }
func (k *Keys) ctrl() bool  { return k.down[keyCtrlL] || k.down[keyCtrlR] }

// typed is the character whose number was typed on the keypad under Alt, as some makers send control
// characters and whatever the layout lacks.
func (k *Keys) typed(at time.Time) []Event {
	n, err := strconv.Atoi(k.number)
	k.number = ""
	switch {
	case err != nil || n == 0 || n > 0x10ffff:
		return k.lines.Feed([]byte{0x7f}, at)
	case n < 0x80:
		return k.lines.Feed([]byte{byte(n)}, at)
	}
	return k.lines.Feed([]byte(string(rune(n))), at)
}

// bytes is what a key means with the modifiers that are held. A key without a character is noise, which
// 7F is to every line.
func (k *Keys) bytes(code uint16) []byte {
	if c, ok := keypad[code]; ok {
		return []byte{c}
	}
	spelled, ok := k.layout[code]
	if !ok {
		return []byte{0x7f}
	}
	c := spelled.plain
	switch {
	case k.down[keyAltR] && spelled.third != 0:
		c = spelled.third
	case k.shift() != (k.caps && isLetter(spelled.plain)):
		c = spelled.shifted
	}
	if k.ctrl() && !k.down[keyAltR] { // Ctrl+] is 1D, the separator of GS1
		if up := c &^ 0x20; c < 0x80 && up >= 0x40 && up < 0x60 {
			return []byte{byte(up & 0x1f)}
		}
		return []byte{0x7f}
	}
	if c == 0 {
		return []byte{0x7f}
	}
	return []byte(string(c))
}

func isLetter(r rune) bool { return r < 0x80 && letter(byte(r)) }
