// Package scanner turns a scanner's bytes into whole codes, and what the counter wants of the scanner into
// its bytes. Each dialect is pure: bytes and their times in, codes, rejections and answers out. It never
// opens a line, waits, retries on its own or logs, and it never repairs: half a code from before the cable
// was pushed back in is dropped.
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
	ControlChar  Rejection = "control-char"         // noise: a wrong speed, a broken cable, a key without a character
	Unterminated Rejection = "unterminated"         // half a code, then silence
	Oversize     Rejection = "oversize"             // longer than any code
	Duplicate    Rejection = "duplicate-suppressed" // the same code still in view

	BadLength   Rejection = "bad-length"   // hidpos, dechdr: a length that cannot be
	Incomplete  Rejection = "incomplete"   // a code in parts whose last part never came
	ShortReport Rejection = "short-report" // hidpos: part of a report, then silence
	SynDropped  Rejection = "syn-dropped"  // evdev: the kernel lost keys

	Checksum   Rejection = "checksum"           // ssi: asked for again
	Resync     Rejection = "resync"             // ssi: a byte that begins no packet
	Retransmit Rejection = "retransmit-ignored" // ssi: our acknowledgement was lost, the code was not
	NoAnswer   Rejection = "no-answer"          // ssi: a command that the scanner never acknowledged
	Refused    Rejection = "setting-refused"    // the scanner does not take a setting of its profile
)

// Noise reports whether a rejection is a sign of a broken line, and not of a scanner at its work.
func (r Rejection) Noise() bool {
	switch r {
	case "", Duplicate, Resync, Retransmit, NoAnswer, Refused:
		return false
	}
	return true
}

// Event is a whole code, a rejection, or something else that the scanner said.
type Event struct {
	Code       pos.Code // without AIM identifier and terminators
	AIM        string   // "]C0", or empty
	Symbology  string   // "code128", or empty
	Text       bool     // the code is valid UTF-8
	Terminated bool     // false: ended by silence
	Torn       bool     // what came before it was lost, and its beginning may be too
	At         time.Time
	Rejected   Rejection // set: no code
	Said       string    // no code either: "ack", "event-20"; a setting with Refused. Never scanned text
}

// Whole reports whether the code is certainly all of what was scanned.
func (e Event) Whole() bool { return e.Terminated && !e.Torn }

// Identifier is the AIM identifier, also where a scanner names the symbology in its own way.
func (e Event) Identifier() string {
	if e.AIM != "" {
		return e.AIM
	}
	return identifiers[e.Symbology]
}

// Word is what the counter tells a scanner.
type Word uint8

// The words. A scanner that has no command for one leaves it out.
const (
	Setup   Word = iota + 1 // the line was just opened: settings that last until the power goes
	Trigger                 // look for a code now
	Stop                    // look no longer
	Good                    // the code was taken
	Bad                     // the code was not taken
)

const (
	silence = 200 * time.Millisecond // a line that pauses longer has ended
	longest = 4296                   // bytes: the longest alphanumeric QR
	tail    = time.Second            // what follows a half code so soon may be its other half, and no cashier is so quick
)

// finish makes events of whole lines, for every dialect alike.
type finish struct {
	prefix, suffix []byte
	dedupe         time.Duration
	before         []byte    // the code that a repeat is compared with
	seen           time.Time // when it was last in view
}

// line ends a line that may begin with its AIM identifier. An empty one is nothing.
func (f *finish) line(line []byte, terminated bool, at time.Time) (Event, bool) {
	line = bytes.TrimPrefix(line, f.prefix)
	line = bytes.TrimSuffix(line, f.suffix)
	aim := ""
	if len(line) > 3 && isAIM(line[:3]) {
		aim, line = string(line[:3]), line[3:]
	}
	return f.code(line, aim, "", terminated, at)
}

// code makes an event of a code whose identifier is known. named is the symbology where it is not.
func (f *finish) code(code []byte, aim, named string, terminated bool, at time.Time) (Event, bool) {
	if len(code) == 0 {
		return Event{}, false
	}
	if f.dedupe > 0 && bytes.Equal(code, f.before) && at.Sub(f.seen) < f.dedupe {
		f.seen = at // a code left in view is one scan
		return Event{Rejected: Duplicate, At: at}, true
	}
	f.before, f.seen = bytes.Clone(code), at
	if aim != "" {
		named = symbology(aim, len(code))
	}
	return Event{Code: pos.NewCode(string(code)), AIM: aim, Symbology: named, Text: utf8.Valid(code), Terminated: terminated, At: at}, true
}

// torn marks an event whose beginning may be lost. A repeat is not compared with it: the same code read again
// may be the whole of it.
func (f *finish) torn(e Event) Event {
	if e.Rejected == "" {
		e.Torn, f.before = true, nil
	}
	return e
}

// trimEnd takes off the terminator that a scanner sends although its packets have an end of their own.
func trimEnd(b []byte) []byte { return bytes.TrimRight(b, "\r\n") }

func isAIM(b []byte) bool {
	return len(b) == 3 && b[0] == ']' && letter(b[1]) && (letter(b[2]) || digit(b[2]))
}

func letter(c byte) bool { return (c|0x20) >= 'a' && (c|0x20) <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// symbology names an AIM identifier (ISO/IEC 15424). Under ]E0 the length tells the three apart, because
// many scanners send 12 or 8 digits where the standard wants 13.
func symbology(aim string, length int) string {
	if aim != "]E0" {
		return symbologies[aim]
	}
	switch length {
	case 12:
		return "upca"
	case 8:
		return "upce"
	}
	return "ean13"
}

var symbologies = map[string]string{"]E4": "ean8", "]C0": "code128", "]C1": "gs1-128", "]Q0": "qr", "]Q1": "qr", "]Q2": "qr", "]Q3": "gs1-qr",
	"]d1": "datamatrix", "]d2": "gs1-datamatrix", "]L0": "pdf417", "]A0": "code39", "]I0": "itf", "]I1": "itf", "]e0": "databar", "]z0": "aztec"}

// identifiers are the AIM identifiers of symbologies that a scanner names in its own way, where one says the
// same: a GS1 label must not pass for a payment code.
var identifiers = map[string]string{"ean13": "]E0", "upca": "]E0", "upce": "]E0", "ean8": "]E4", "code128": "]C0", "gs1-128": "]C1", "qr": "]Q1",
	"datamatrix": "]d1", "pdf417": "]L0", "code39": "]A0", "itf": "]I0", "databar": "]e0", "aztec": "]z0", "codabar": "]F0", "code93": "]G0", "msi": "]M0", "isbt": "]C4"}
