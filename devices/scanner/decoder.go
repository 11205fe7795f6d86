package scanner

import (
	"bytes"
	"time"
)

// Config is how a site's scanners end and wrap their codes. The zero value of a field is its default.
type Config struct {
	Terminators    []byte        // CR and LF
	Prefix, Suffix []byte        // programmed into the scanner; taken off
	Idle           time.Duration // silence that ends a line: 200 ms
	IdleFlush      bool          // silence makes a code instead of dropping it
	MaxLen         int           // bytes: 4296, the longest alphanumeric QR
	Dedupe         time.Duration // the same bytes within this time are one scan; 0 takes every one
	Framed         bool          // STX code ETX instead of terminators
	Bare           bool          // only silence ends a line; CR and LF at its end are taken off
	Replies        string        // how answers to settings look, which come on the same line
	Setup          []Bytes       // the settings that may be answered
}

const (
	stx, etx = 0x02, 0x03
	ack, nak = 0x06, 0x15
	enq      = 0x05 // an answer to a setting that the scanner does not know
)

// Decoder splits a stream into lines: bytes until a terminator. What it reads does not depend on how the
// stream is cut, because CR and LF end a line alike and an empty line is none.
type Decoder struct {
	c       Config
	end     finish
	line    []byte
	bad     Rejection // why the rest of this line is swallowed
	inside  bool      // framed: STX was seen
	reply   bool      // this line is an answer to a setting
	torn    bool      // something before this line, or of it, was lost
	touched time.Time // the last byte of an unfinished line
	tearing time.Time // a line that begins before may be the rest of one that was dropped
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
	return &Decoder{c: c, end: finish{prefix: c.Prefix, suffix: c.Suffix, dedupe: c.Dedupe}}
}

// Feed takes bytes that were read at one instant.
func (d *Decoder) Feed(b []byte, at time.Time) []Event {
	events := d.Idle(at)
	for _, c := range b {
		events = append(events, d.byte(c, at)...)
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
	if d.c.IdleFlush && d.bad == "" && !d.reply {
		return d.finish(end, false)
	}
	why := d.bad
	if why == "" {
		why = Unterminated
	}
	d.tearing = d.touched.Add(tail)
	d.reset()
	return []Event{{Rejected: why, At: end}}
}

// Deadline is when Idle wants to be called, or zero.
func (d *Decoder) Deadline() time.Time {
	if len(d.line) == 0 && d.bad == "" && !d.inside && !d.reply {
		return time.Time{}
	}
	return d.touched.Add(d.c.Idle)
}

// lose drops what there is of a line; what comes up to its end may be the rest of it.
func (d *Decoder) lose(why Rejection, at time.Time) []Event {
	d.reset()
	d.torn = true
	return []Event{{Rejected: why, At: at}}
}

func (d *Decoder) byte(c byte, at time.Time) []Event {
	if events, taken := d.replied(c, at); taken {
		return events
	}
	switch {
	case d.c.Framed && c == stx:
		d.reset()
		d.inside, d.touched = true, at
		return nil
	case d.c.Framed && !d.inside:
		return nil
	case d.c.Framed && c == etx, !d.c.Framed && !d.c.Bare && bytes.IndexByte(d.c.Terminators, c) >= 0:
		return d.finish(at, true)
	case len(d.line) == 0 && d.bad == "" && (c == 0x00 || c == 0xff):
		return nil // a break, or the noise of switching on
	}
	if len(d.line) == 0 && d.bad == "" && at.Before(d.tearing) {
		d.torn = true
	}
	d.touched = at
	switch {
	case d.bad != "": // the rest of a bad line is swallowed up to its end
	case !data(c) && (!d.c.Bare || c != '\r' && c != '\n'):
		d.bad, d.line = ControlChar, nil
	case len(d.line) >= d.c.MaxLen:
		d.bad, d.line = Oversize, nil
	default:
		d.line = append(d.line, c)
	}
	return nil
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
func (d *Decoder) finish(at time.Time, terminated bool) []Event {
	line, bad, torn := d.line, d.bad, d.torn
	if d.c.Bare {
		if line = trimEnd(line); bytes.ContainsAny(line, "\r\n") { // two codes without a pause
			bad = ControlChar
		}
	}
	d.reset()
	if len(line) == 0 && bad == "" {
		d.torn = torn // the second half of CR LF ends no line
		return nil
	}
	d.tearing = time.Time{}
	if bad != "" {
		return []Event{{Rejected: bad, At: at}}
	}
	e, ok := d.end.line(line, terminated, at)
	if !ok {
		return nil
	}
	if torn {
		e = d.end.torn(e)
	}
	return []Event{e}
}

func (d *Decoder) reset() { d.line, d.bad, d.inside, d.reply, d.torn = nil, "", false, false, false }
