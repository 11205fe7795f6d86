// Package scanner turns a scanner's bytes into whole codes. Each dialect is pure: bytes and their times
// in, codes and rejections out. It never opens a line, waits, retries or logs, and it never repairs: half
// a code from before the cable was pushed back in is dropped.
package scanner

import (
	"bytes"
	"time"
	"unicode/utf8"

	"posd/pos"
)

// Rejection says why bytes were not taken for a code.
type Rejection string

// The rejections, as the counters name them.
const (
	ControlChar  Rejection = "control-char"         // noise: a wrong speed, a broken cable
	Unterminated Rejection = "unterminated"         // half a code, then silence
	Oversize     Rejection = "oversize"             // longer than any code
	Duplicate    Rejection = "duplicate-suppressed" // the same code still in view
)

// Event is a whole code or a rejection.
type Event struct {
	Code       pos.Code // without AIM identifier and terminators
	AIM        string   // "]C0", or empty
	Symbology  string   // "code128", or empty
	Text       bool     // the code is valid UTF-8
	Terminated bool     // false: ended by silence
	At         time.Time
	Rejected   Rejection // set: no code
}

// Config is how a site's scanners end and wrap their codes. The zero value of a field is its default.
type Config struct {
	Terminators    []byte        // CR and LF
	Prefix, Suffix []byte        // programmed into the scanner; taken off
	Idle           time.Duration // silence that ends a line: 200 ms
	IdleFlush      bool          // silence makes a code instead of dropping it
	MaxLen         int           // bytes: 4296, the longest alphanumeric QR
	Dedupe         time.Duration // the same bytes within this time are one scan; 0 takes every one
	Framed         bool          // STX code ETX instead of terminators
}

const (
	stx, etx = 0x02, 0x03
	longest  = 4296
	silence  = 200 * time.Millisecond
)

// Decoder is the line dialect: bytes until a terminator. What it reads does not depend on how the
// stream is cut, because CR and LF end a line alike and an empty line is none.
type Decoder struct {
	c       Config
	line    []byte
	bad     Rejection // why the rest of this line is swallowed
	inside  bool      // framed: STX was seen
	touched time.Time // the last byte of an unfinished line
	before  []byte    // the code that a repeat is compared with
	seen    time.Time // when it was last in view
}

// NewDecoder makes a decoder for one line, open from now on.
func NewDecoder(c Config) *Decoder {
	if len(c.Terminators) == 0 {
		c.Terminators = []byte{'\r', '\n'}
	}
	if c.Idle == 0 {
		c.Idle = silence
	}
	if c.MaxLen == 0 {
		c.MaxLen = longest
	}
	return &Decoder{c: c}
}

// Feed takes bytes that were read at one instant.
func (d *Decoder) Feed(b []byte, at time.Time) []Event {
	events := d.Idle(at)
	for _, c := range b {
		if e, ok := d.byte(c, at); ok {
			events = append(events, e)
		}
	}
	return events
}

// Idle takes the time: a line that has been silent too long is dropped, or flushed where the scanner
// sends no terminator.
func (d *Decoder) Idle(at time.Time) []Event {
	end := d.Deadline()
	if end.IsZero() || at.Before(end) {
		return nil
	}
	if d.c.IdleFlush && d.bad == "" {
		if e, ok := d.finish(end, false); ok {
			return []Event{e}
		}
		return nil
	}
	why := d.bad
	if why == "" {
		why = Unterminated
	}
	d.reset()
	return []Event{{Rejected: why, At: end}}
}

// Deadline is when Idle wants to be called, or zero.
func (d *Decoder) Deadline() time.Time {
	if len(d.line) == 0 && d.bad == "" && !d.inside {
		return time.Time{}
	}
	return d.touched.Add(d.c.Idle)
}

func (d *Decoder) byte(c byte, at time.Time) (Event, bool) {
	switch {
	case d.c.Framed && c == stx:
		d.reset()
		d.inside, d.touched = true, at
		return Event{}, false
	case d.c.Framed && !d.inside:
		return Event{}, false
	case d.c.Framed && c == etx, !d.c.Framed && bytes.IndexByte(d.c.Terminators, c) >= 0:
		return d.finish(at, true)
	case len(d.line) == 0 && d.bad == "" && (c == 0x00 || c == 0xff):
		return Event{}, false // a break, or the noise of switching on
	}
	d.touched = at
	switch {
	case d.bad != "": // the rest of a bad line is swallowed up to its end
	case !data(c):
		d.bad, d.line = ControlChar, nil
	case len(d.line) >= d.c.MaxLen:
		d.bad, d.line = Oversize, nil
	default:
		d.line = append(d.line, c)
	}
	return Event{}, false
}

// data reports whether a byte may stand in a code: GS1 separators may, other control bytes may not.
func data(c byte) bool {
	switch c {
	case 0x09, 0x1c, 0x1d, 0x1e, 0x04:
		return true
	}
	return c >= 0x20 && c != 0x7f
}

// finish ends the line. An empty one is nothing.
func (d *Decoder) finish(at time.Time, terminated bool) (Event, bool) {
	line, bad := d.line, d.bad
	d.reset()
	switch {
	case bad != "":
		return Event{Rejected: bad, At: at}, true
	case len(line) == 0:
		return Event{}, false
	}
	line = bytes.TrimPrefix(line, d.c.Prefix)
	line = bytes.TrimSuffix(line, d.c.Suffix)
	aim := ""
	if len(line) > 3 && line[0] == ']' && letter(line[1]) && (letter(line[2]) || digit(line[2])) {
		aim, line = string(line[:3]), line[3:]
	}
	if len(line) == 0 {
		return Event{}, false
	}
	if d.c.Dedupe > 0 && bytes.Equal(line, d.before) && at.Sub(d.seen) < d.c.Dedupe {
		d.seen = at // a code left in view is one scan
		return Event{Rejected: Duplicate, At: at}, true
	}
	d.before, d.seen = line, at
	return Event{Code: pos.NewCode(string(line)), AIM: aim, Symbology: symbology(aim, len(line)), Text: utf8.Valid(line), Terminated: terminated, At: at}, true
}

func (d *Decoder) reset() { d.line, d.bad, d.inside = nil, "", false }

func letter(c byte) bool { return (c|0x20) >= 'a' && (c|0x20) <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// symbology names an AIM identifier (ISO/IEC 15424). Under ]E0 the length tells the three apart, because
// many scanners send 12 or 8 digits where the standard wants 13.
func symbology(aim string, length int) string {
	switch aim {
	case "":
		return ""
	case "]E0":
		switch length {
		case 12:
			return "upca"
		case 8:
			return "upce"
		}
		return "ean13"
	}
	return map[string]string{"]E4": "ean8", "]C0": "code128", "]C1": "gs1-128", "]Q0": "qr", "]Q1": "qr", "]Q2": "qr", "]Q3": "gs1-qr",
		"]d1": "datamatrix", "]d2": "gs1-datamatrix", "]L0": "pdf417", "]A0": "code39", "]I0": "itf", "]I1": "itf", "]e0": "databar", "]z0": "aztec"}[aim]
}
