package scanner

import (
	"bytes"
	"fmt"
	"time"
)

// nextReport is how long the next report of a long code may take. One firmware marks a last report of
// exactly 56 bytes as not the last and sends nothing more: that code is not sold.
const nextReport = 100 * time.Millisecond

// HIDPOS is the dialect of scanners in HID POS mode: reports whose layout the device describes.
type HIDPOS struct {
	commands
	d       described
	com     *Decoder // layout symbol-com: the reports carry a serial line
	end     finish
	buf     []byte // of one report
	part    []byte // of a code in several reports
	aim     string // of part
	wide    bool   // part was too long; the rest of it is swallowed
	pending bool
	torn    bool      // part may be the rest of a code whose beginning was dropped
	tearing time.Time // a code that begins before is so
	touched time.Time
}

// NewHIDPOS makes a scanner from its report descriptor, or from the layout that its profile names.
func NewHIDPOS(s Settings, descriptor []byte) (*HIDPOS, error) {
	h := &HIDPOS{commands: commands{Settings: s}, end: finish{prefix: s.Prefix, suffix: s.Suffix, dedupe: s.Dedupe}}
	switch s.Layout {
	case "":
		d, err := describe(descriptor)
		if err != nil {
			return nil, err
		}
		h.d = d
	case layoutSymbolCOM: // a length and up to 63 bytes of a line; it ends by silence where no terminator is set
		h.d = described{in: map[int]int{0: 64}}
		c := Config{Terminators: s.Terminator, Prefix: s.Prefix, Suffix: s.Suffix, Dedupe: s.Dedupe}
		if len(s.Terminator) == 0 {
			c.Idle, c.IdleFlush, c.Bare = nextReport, true, true
		}
		h.com = NewDecoder(c)
	default:
		d, ok := named(s.Layout)
		if !ok {
			return nil, fmt.Errorf("there is no layout %q", s.Layout)
		}
		h.d = d
	}
	return h, nil
}

// Feed takes bytes that were read at one instant: a report, or a part of one.
func (h *HIDPOS) Feed(b []byte, at time.Time) ([]Event, []byte) {
	events, write := h.Idle(at)
	for len(b) > 0 {
		if len(h.buf) == 0 {
			h.buf = append(h.buf, b[0])
			b = b[1:]
		}
		want := h.length(h.buf[0])
		n := min(len(b), want-len(h.buf))
		h.buf, b = append(h.buf, b[:n]...), b[n:]
		h.touched = at
		if len(h.buf) == want {
			events = append(events, h.report(h.buf, at)...)
			h.buf = h.buf[:0]
		}
	}
	return events, write
}

// length is how long a report is that begins with a byte. One with an unknown id is as long as the longest.
func (h *HIDPOS) length(first byte) int {
	id := 0
	if h.d.numbered {
		id = int(first)
	}
	if n, ok := h.d.in[id]; ok {
		return n
	}
	most := 1
	for _, n := range h.d.in {
		most = max(most, n)
	}
	return most
}

func (h *HIDPOS) report(r []byte, at time.Time) []Event {
	if h.com != nil {
		if int(r[0]) > len(r)-1 {
			return append(h.com.lose(BadLength, at), h.com.Idle(at)...)
		}
		return h.com.Feed(r[1:1+int(r[0])], at)
	}
	id := 0
	if h.d.numbered {
		id = int(r[0])
	}
	l, ok := h.d.codes[id]
	if !ok {
		if _, known := h.d.in[id]; known {
			return nil // a button, a battery
		}
		return []Event{{Rejected: Rejection(fmt.Sprintf("report-id-%02x", id)), At: at}}
	}
	n := l.size
	if l.count >= 0 {
		if n = int(r[l.count]); n > l.size {
			h.lose(at)
			return []Event{{Rejected: BadLength, At: at}}
		}
	}
	code := r[l.data : l.data+n]
	if l.count < 0 {
		code = bytes.TrimRight(code, "\x00")
	}
	aim := ""
	if l.aim[0] >= 0 && l.aim[1] >= 0 && l.aim[2] >= 0 {
		if a := []byte{r[l.aim[0]], r[l.aim[1]], r[l.aim[2]]}; isAIM(a) {
			aim = string(a)
		}
	}
	more := l.more >= 0 && r[l.more/8]>>(l.more%8)&1 == 1
	return h.code(code, aim, more, at)
}

// code joins the parts of a code.
func (h *HIDPOS) code(code []byte, aim string, more bool, at time.Time) (events []Event) {
	if aim == "]Z6" || aim == "]X0" { // Honeywell's answer to a command, never a code
		return []Event{{Said: "answer " + aim[1:], At: at}}
	}
	if h.pending && aim != h.aim {
		h.drop()
		events = []Event{{Rejected: Incomplete, At: at}}
	}
	if !h.pending {
		h.torn = at.Before(h.tearing)
	}
	if len(h.part)+len(code) > longest {
		h.part, h.wide = nil, true
	}
	if !h.wide {
		h.part = append(h.part, code...)
	}
	h.pending, h.aim = true, aim
	if more {
		return events
	}
	whole, wide, torn := trimEnd(h.part), h.wide, h.torn
	h.drop()
	h.tearing = time.Time{}
	if wide {
		return append(events, Event{Rejected: Oversize, At: at})
	}
	var e Event
	var ok bool
	if aim == "" {
		e, ok = h.bare(whole, at)
	} else {
		e, ok = h.end.code(bytes.TrimSuffix(bytes.TrimPrefix(whole, h.end.prefix), h.end.suffix), aim, "", true, at)
	}
	if ok {
		if torn {
			e = h.end.torn(e)
		}
		events = append(events, e)
	}
	return events
}

// bare ends a code whose report carries no identifier. It may stand before the code, but for Microscan's,
// whose own is another.
func (h *HIDPOS) bare(whole []byte, at time.Time) (Event, bool) {
	if h.Layout == layoutMicroscan {
		return h.end.code(whole, "", "", true, at)
	}
	return h.end.line(whole, true, at)
}

func (h *HIDPOS) drop() { h.part, h.aim, h.wide, h.pending, h.torn = nil, "", false, false, false }

// lose drops a code in the middle; what follows soon may be the rest of it.
func (h *HIDPOS) lose(at time.Time) {
	h.drop()
	h.tearing = at.Add(tail)
}

// Idle takes the time: part of a report or of a code that is never continued is dropped.
func (h *HIDPOS) Idle(at time.Time) (events []Event, write []byte) {
	write = h.padded(h.idle(at))
	if h.com != nil {
		events = h.com.Idle(at)
	}
	if end := h.partial(); !end.IsZero() && !at.Before(end) {
		why := Incomplete
		if len(h.buf) > 0 {
			why = ShortReport
		}
		h.buf = h.buf[:0]
		h.lose(h.touched)
		events = append(events, Event{Rejected: why, At: end})
	}
	return events, write
}

func (h *HIDPOS) partial() time.Time {
	if len(h.buf) == 0 && !h.pending {
		return time.Time{}
	}
	return h.touched.Add(nextReport)
}

// Deadline is when Idle wants to be called, or zero.
func (h *HIDPOS) Deadline() time.Time {
	end := sooner(h.partial(), h.deadline())
	if h.com != nil {
		end = sooner(end, h.com.Deadline())
	}
	return end
}

// Say is the output report for a word.
func (h *HIDPOS) Say(w Word, at time.Time) []byte { return h.padded(h.say(w, at)) }

// padded fills a command up to the report that it is. One for a report that the device lacks is left out:
// writing it would end the line.
func (h *HIDPOS) padded(command []byte) []byte {
	if len(command) == 0 {
		return nil
	}
	n := 64
	if h.Layout == "" {
		id := 0
		if h.d.numbered {
			id = int(command[0])
		}
		if n = h.d.out[id]; !h.d.numbered && n > 0 {
			n++ // hidraw wants a zero where there is no id; the profile writes it
		}
	}
	if len(command) > n {
		return nil
	}
	return append(command, make([]byte, n-len(command))...)
}
